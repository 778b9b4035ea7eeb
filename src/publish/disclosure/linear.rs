//! The attacker who solves equations: which hidden counts the lines determine,
//! whatever combination of them it takes.
//!
//! A rule that looks at one line at a time, and ranges, miss some of these: two
//! blocks of a table that share one hidden cell fix that cell, although every
//! row and column has two hidden. A count is determined exactly when no change
//! of the hidden counts that all lines allow touches it. So an irregular change
//! is projected on the allowed ones (least squares by conjugate gradients, CGLS:
//! Björck 1996, ISBN 978-0-89871-360-2, §7.4); counts it hardly touches are
//! looked at again one by one. The work of a step is the number of places on the
//! lines; elimination would fill in.

use std::collections::BTreeMap;

use rayon::iter::{IntoParallelRefIterator, ParallelExtend, ParallelIterator};

use super::network::{Area, Atom, Network};

/// Steps after which a projection is taken as it is.
const STEPS: usize = 4_000;
/// Squared relative residuals at which a projection is good enough to find
/// suspects, and to convict them.
const SUSPECT: f64 = 1e-14;
const CONVICT: f64 = 1e-22;
/// A change smaller than this makes a suspect; one below `UNTOUCHED` convicts.
const HARDLY_TOUCHED: f64 = 1e-3;
const UNTOUCHED: f64 = 1e-6;

/// A hidden count that the lines determine.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Giveaway {
    pub(super) atom: Atom,
    /// The shown counts it can be computed from.
    pub(super) from: Vec<Atom>,
}

/// How many suspects are looked at side by side.
const BENCH: usize = 16;

/// Wanted atoms of an area that the lines determine: none only when there are none; else at least so `many`, if
/// there are.
///
/// What gives one count away mostly gives its neighbours away as well, so a few at a time are quicker than all.
pub(super) fn giveaways(network: &Network, area: &Area, wanted: impl Fn(Atom) -> bool, many: usize) -> Vec<Giveaway> {
    let system = System::of(network, area);
    let irregular = (0..area.atoms.len()).map(irregular).collect();
    let change = system.project(irregular, SUSPECT);
    // A projection that was cut short clears nobody.
    let limit = if change.converged { HARDLY_TOUCHED } else { f64::INFINITY };
    let suspects = (0..area.atoms.len()).filter(|&column| change.rest[column].abs() < limit);
    let suspects: Vec<usize> = suspects.filter(|&column| wanted(area.atoms[column])).collect();
    let mut found = Vec::new();
    for some in suspects.chunks(BENCH) {
        found.par_extend(some.par_iter().filter_map(|&column| system.convict(column)));
        if found.len() >= many {
            break;
        }
    }
    found
}

/// What is left of a change after the lines had their way with it.
struct Projection {
    rest: Vec<f64>,
    /// How much of each line was taken away.
    multipliers: Vec<f64>,
    converged: bool,
}

/// The lines of an area as equations in its hidden counts. Each is divided by
/// the root of its length, which evens out long and short ones and halves the
/// steps.
struct System<'a> {
    network: &'a Network,
    area: &'a Area,
    rows: Vec<Row>,
    /// Columns of all rows, one row after the other: a step reads them in order.
    columns: Vec<(u32, f64)>,
}

/// Where a row's columns end (they begin where those of the row before do), and
/// how many there are.
struct Row {
    end: usize,
    length: usize,
}

impl<'a> System<'a> {
    fn of(network: &'a Network, area: &'a Area) -> Self {
        let number = |column: usize| u32::try_from(column).expect("fewer counts than people");
        let columns: BTreeMap<Atom, u32> =
            area.atoms.iter().enumerate().map(|(column, &atom)| (atom, number(column))).collect();
        let mut system = Self { network, area, rows: Vec::new(), columns: Vec::new() };
        for &line in &area.lines {
            let start = system.columns.len();
            let hidden = network.lines[line].signed().filter_map(|(atom, sign)| Some((*columns.get(&atom)?, sign)));
            system.columns.extend(hidden);
            let length = system.columns.len() - start;
            system.columns[start..].iter_mut().for_each(|(_, sign)| *sign /= (length as f64).sqrt());
            system.rows.push(Row { end: system.columns.len(), length });
        }
        system
    }

    /// The columns of each row with their weights.
    fn weighted(&self) -> impl Iterator<Item = &[(u32, f64)]> {
        let mut start = 0;
        self.rows.iter().map(move |row| {
            let columns = &self.columns[start..row.end];
            start = row.end;
            columns
        })
    }

    /// The part of a change that every line allows.
    fn project(&self, change: Vec<f64>, exact: f64) -> Projection {
        let mut rest = change;
        let mut multipliers = vec![0.0; self.rows.len()];
        let mut errors = self.errors(&rest);
        let mut direction = errors.clone();
        let first = square(&errors);
        let mut now = first;
        for _ in 0..STEPS {
            if now <= exact * first {
                break;
            }
            let step = self.spread(&direction);
            let length = now / square(&step);
            add(&mut rest, -length, &step);
            add(&mut multipliers, length, &direction);
            errors = self.errors(&rest);
            let next = square(&errors);
            for (ahead, error) in direction.iter_mut().zip(&errors) {
                *ahead = error + next / now * *ahead;
            }
            now = next;
        }
        Projection { rest, multipliers, converged: now <= exact * first }
    }

    /// By how much a change breaks each line.
    fn errors(&self, change: &[f64]) -> Vec<f64> {
        let error = |row: &[(u32, f64)]| row.iter().map(|&(column, sign)| sign * change[column as usize]).sum();
        self.weighted().map(error).collect()
    }

    /// The transpose of `errors`.
    fn spread(&self, weights: &[f64]) -> Vec<f64> {
        let mut spread = vec![0.0; self.area.atoms.len()];
        for (row, weight) in self.weighted().zip(weights) {
            for &(column, sign) in row {
                spread[column as usize] += sign * weight;
            }
        }
        spread
    }

    /// Projects a change of one count alone: if nothing is left, the lines that
    /// took it away compute it.
    fn convict(&self, column: usize) -> Option<Giveaway> {
        let mut alone = vec![0.0; self.area.atoms.len()];
        alone[column] = 1.0;
        let Projection { rest, multipliers, converged } = self.project(alone, CONVICT);
        let limit = if converged { UNTOUCHED } else { HARDLY_TOUCHED };
        (rest[column] < limit).then(|| Giveaway { atom: self.area.atoms[column], from: self.shown(&multipliers) })
    }

    /// The shown counts that remain when lines are added up.
    fn shown(&self, multipliers: &[f64]) -> Vec<Atom> {
        let mut weights: BTreeMap<Atom, f64> = BTreeMap::new();
        for ((row, &line), multiplier) in self.rows.iter().zip(&self.area.lines).zip(multipliers) {
            let length = (row.length as f64).sqrt();
            for (atom, sign) in self.network.lines[line].signed() {
                *weights.entry(atom).or_default() += sign / length * multiplier;
            }
        }
        let shown = |atom: &Atom| self.area.atoms.binary_search(atom).is_err();
        weights
            .into_iter()
            .filter(|(atom, weight)| shown(atom) && weight.abs() > UNTOUCHED)
            .map(|(atom, _)| atom)
            .collect()
    }
}

fn square(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum()
}

fn add(to: &mut [f64], times: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(x, y)| *x += times * y);
}

/// A number between 1 and 2 that follows no pattern of the table and is the same
/// in every run: the finaliser of SplitMix64.
fn irregular(number: usize) -> f64 {
    let mut bits = (number as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^= bits >> 31;
    1.0 + (bits >> 11) as f64 / (1_u64 << 53) as f64
}
