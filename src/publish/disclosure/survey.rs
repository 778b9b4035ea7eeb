//! Estimates and the flow of patients → one network of counts, and where each
//! printed number stands in it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::census::{Census, Columns, HIGHEST_RANK, Kind, Quantity};
use super::flow::{self, StepAtoms};
use super::nesting::{Nesting, nestings, of_filled_in, same_people};
use super::network::{Atom, Draft, Network};
use super::partition::partitions;
use super::place::{Division, divisions};
use super::relations;
use crate::estimate::analysis::ALL;
use crate::estimate::result::{CellKey, Estimand, Estimate};
use crate::model::attrition::Attrition;
use crate::protocol::DisclosureProfile;

/// The counts one estimate rests on.
#[derive(Clone, Debug, Default)]
pub(super) struct CellAtoms {
    pub(super) n: Atom,
    /// Numerator and complement, where they must not be small either.
    pub(super) counts: Vec<Atom>,
    /// Further counts the statistics follow.
    pub(super) outcome: Vec<Atom>,
    /// Scores of so few that mean, median and spread together come close to
    /// saying how many responded.
    pub(super) few_scores: bool,
}

impl CellAtoms {
    fn resolved(self, network: &Network) -> Self {
        let resolve = |atoms: Vec<Atom>| atoms.into_iter().map(|atom| network.atom(atom)).collect();
        Self { n: network.atom(self.n), counts: resolve(self.counts), outcome: resolve(self.outcome), ..self }
    }
}

/// The network of a release.
pub(super) struct Survey {
    pub(super) network: Network,
    /// By estimate.
    pub(super) cells: Vec<CellAtoms>,
    /// By step.
    pub(super) steps: Vec<StepAtoms>,
}

impl Survey {
    /// Draws the network; estimates must be in the order of their keys.
    pub(super) fn of(estimates: &[Estimate], attrition: &Attrition, profile: &DisclosureProfile) -> Self {
        let mut drawing = Drawing::of(Census::of(estimates), profile);
        if profile.complementary {
            drawing.draw_nestings();
            drawing.draw_partitions();
            drawing.draw_divisions();
        }
        let mut cells = drawing.cells();
        if profile.protect_numerator {
            follow_scores(estimates, &mut cells, profile.threshold);
        }
        let mut draft = drawing.draft;
        relations::draw(&mut draft, estimates, &mut cells, profile.complementary);
        let steps = flow::draw(&mut draft, attrition, estimates, &cells, profile.complementary);
        if profile.complementary {
            withhold(&mut draft, estimates, &cells, &steps);
        }
        let network = draft.finish();
        let cells = cells.into_iter().map(|cell| cell.resolved(&network)).collect();
        let steps = steps.into_iter().map(|step| step.resolved(&network)).collect();
        Self { network, cells, steps }
    }
}

/// Adds what the outer quantity of each nesting has more than the inner one.
fn add_differences(census: &mut Census, nested: &mut Vec<(Nesting, usize)>, nestings: Vec<Nesting>) {
    for nesting in nestings {
        if let Some(rest) = nesting.difference(&census.quantities) {
            nested.push((nesting, census.quantities.len()));
            census.quantities.push(rest);
        }
    }
}

struct Drawing<'a> {
    census: Census<'a>,
    nestings: Vec<(Nesting, usize)>,
    same: Vec<usize>,
    draft: Draft,
    atoms: BTreeMap<(usize, usize), Atom>,
    protect_outcome: bool,
}

impl<'a> Drawing<'a> {
    fn of(mut census: Census<'a>, profile: &DisclosureProfile) -> Self {
        let mut nested = Vec::new();
        let first = nestings(&census);
        add_differences(&mut census, &mut nested, first);
        let second = of_filled_in(&census, &nested);
        add_differences(&mut census, &mut nested, second);
        let same = same_people(&census.quantities);
        let mut drawing = Self {
            census,
            nestings: nested,
            same,
            draft: Draft::default(),
            atoms: BTreeMap::new(),
            protect_outcome: profile.protect_numerator,
        };
        drawing.draw_counts();
        drawing.draw_complements();
        drawing
    }

    /// Whether small counts of this kind are hidden at all.
    fn protects(&self, kind: Kind) -> bool {
        self.protect_outcome || kind == Kind::Denominator
    }

    /// One atom for each quantity at each of its places. A difference of zero is
    /// none: it makes two counts the same people instead (`draw_nestings`).
    fn draw_counts(&mut self) {
        let printed = merged(&self.census.quantities, &self.same);
        let eligible = self.eligible();
        for (number, quantity) in self.census.quantities.iter().enumerate() {
            if self.same[number] != number || !self.protects(quantity.kind) {
                continue;
            }
            let (is_printed, rank) = printed[number];
            let counted = |count: u64| count > 0 || quantity.kind != Kind::Difference;
            for (&place, &count) in quantity.cells.iter().filter(|&(_, &count)| counted(count)) {
                // A margin is missed more than any part of it; in one place, the
                // headline more than its variants.
                let rank = (HIGHEST_RANK + 1) * self.census.places[place].margins() + rank;
                let draft = &mut self.draft;
                let atom = if is_printed { draft.printed(count, rank) } else { draft.derived(count, rank) };
                // A condition nobody has is in no row: that there is one tells of somebody.
                if eligible.contains(&number) && self.census.places[place].condition != ALL && count > 0 {
                    draft.present(atom);
                }
                self.atoms.insert((number, place), atom);
            }
        }
    }

    /// The denominators of everyone eligible, seen or not.
    fn eligible(&self) -> BTreeSet<usize> {
        let series = self.census.series.iter().filter(|(series, _)| series.estimand != Estimand::Oc);
        series.map(|(_, columns)| self.same[columns.n]).collect()
    }

    fn atom(&self, quantity: usize, place: usize) -> Option<Atom> {
        self.atoms.get(&(self.same[quantity], place)).copied()
    }

    /// Denominator = numerator + complement; a numerator is printed only beside
    /// a denominator.
    fn draw_complements(&mut self) {
        for at in 0..self.census.seats.len() {
            let (columns, place) = self.census.seats[at];
            let Some((n, with)) = self.atom(columns.n, place).zip(self.atom(columns.with, place)) else {
                continue;
            };
            self.draft.carried(with, n);
            if let Some(without) = self.atom(columns.without, place) {
                self.draft.defining(n, vec![with], without);
            }
        }
    }

    /// Outer = inner + difference. Where the difference is zero both are the
    /// same people, and where the inner one is a difference of zero, which is no
    /// count, the other two are.
    fn draw_nestings(&mut self) {
        for (nesting, rest) in std::mem::take(&mut self.nestings) {
            for (place, more) in self.census.quantities[rest].cells.clone() {
                let [outer, inner] = [nesting.outer, nesting.inner].map(|quantity| self.atom(quantity, place));
                match (outer, inner, self.atom(rest, place)) {
                    (Some(outer), Some(inner), _) if more == 0 => self.draft.same(outer, inner),
                    (Some(outer), Some(inner), Some(rest)) => self.draft.defining(outer, vec![inner], rest),
                    (Some(outer), None, Some(rest)) if self.draft.value(outer) == more => self.draft.same(outer, rest),
                    _ => {}
                }
            }
        }
    }

    /// Whole = parts and a rest, for measures that divide each other's people.
    fn draw_partitions(&mut self) {
        for (whole, parts) in partitions(&self.census) {
            for place in self.census.quantities[whole].cells.keys().copied().collect::<Vec<usize>>() {
                let atoms: Option<Vec<Atom>> = parts.iter().map(|&part| self.atom(part, place)).collect();
                if let Some((whole, parts)) = self.atom(whole, place).zip(atoms) {
                    divide(&mut self.draft, whole, parts);
                }
            }
        }
    }

    /// Margins and times, for every quantity; denominators first, so that
    /// numerators need not be hidden for themselves where their row is gone.
    fn draw_divisions(&mut self) {
        let mut order: Vec<usize> = (0..self.same.len()).filter(|&number| self.same[number] == number).collect();
        order.sort_by_key(|&number| self.census.quantities[number].kind);
        for number in order {
            let places: Vec<usize> = self.census.quantities[number].cells.keys().copied().collect();
            for division in divisions(&self.census.places, &places) {
                self.draw_division(number, &division);
            }
        }
    }

    fn draw_division(&mut self, quantity: usize, division: &Division) {
        let parts = division.parts.iter().filter_map(|&place| self.atom(quantity, place)).collect();
        if let Some(total) = self.atom(quantity, division.total) {
            divide(&mut self.draft, total, parts);
        }
    }

    fn cells(&self) -> Vec<CellAtoms> {
        let cell = |&(columns, place): &(Columns, usize)| CellAtoms {
            n: self.atom(columns.n, place).expect("denominators are always drawn"),
            counts: [columns.with, columns.without].iter().filter_map(|&column| self.atom(column, place)).collect(),
            ..CellAtoms::default()
        };
        self.census.seats.iter().map(cell).collect()
    }
}

/// Cells off the primary horizon are not printed; where another cell counts the
/// same people, it still may be.
fn withhold(draft: &mut Draft, estimates: &[Estimate], cells: &[CellAtoms], steps: &[StepAtoms]) {
    let (off, on): (Vec<_>, Vec<_>) =
        estimates.iter().zip(cells).partition(|(estimate, _)| estimate.relations.off_primary);
    let atoms = |cell: &CellAtoms| std::iter::once(cell.n).chain(cell.counts.first().copied()).collect::<Vec<Atom>>();
    let in_cells = on.iter().flat_map(|(_, cell)| atoms(cell));
    let in_flow = steps.iter().flat_map(|step| std::iter::once(step.remaining).chain(step.removed));
    let printed: BTreeSet<Atom> = in_cells.chain(in_flow).map(|atom| draft.root(atom)).collect();
    for atom in off.iter().flat_map(|(_, cell)| atoms(cell)) {
        if !printed.contains(&draft.root(atom)) {
            draft.unprinted(atom);
        }
    }
}

/// Statistics of scores say more than their number of patients.
///
/// With no change filled in for the missing, sum and sum of squares are those
/// of the observed, and n is at least the one squared over the other: such a
/// cell is hidden where its observed cases are. And whole scores of a dozen
/// patients can often be worked out from mean, median and spread.
fn follow_scores(estimates: &[Estimate], cells: &mut [CellAtoms], threshold: u64) {
    let observed: BTreeMap<CellKey, Atom> = estimates
        .iter()
        .zip(cells.iter())
        .filter(|(estimate, _)| estimate.key.estimand == Estimand::Oc)
        .map(|(estimate, cell)| (estimate.key.clone(), cell.n))
        .collect();
    let of_scores = |estimate: &Estimate| estimate.numerator.is_none() && !says_only_n(estimate);
    for (estimate, cell) in estimates.iter().zip(cells).filter(|(estimate, _)| of_scores(estimate)) {
        cell.few_scores = (1..2 * threshold).contains(&estimate.n);
        let key = CellKey { estimand: Estimand::Oc, ..estimate.key.clone() };
        cell.outcome.extend(observed.get(&key).filter(|_| estimate.key.estimand != Estimand::Oc));
    }
}

/// Whether the only statistic is the number itself.
fn says_only_n(estimate: &Estimate) -> bool {
    estimate.statistics.iter().all(|statistic| statistic.name == "count")
}

/// Whether a quantity is printed and its rank, over all that count the same people.
fn merged(quantities: &[Quantity], same: &[usize]) -> Vec<(bool, u8)> {
    let mut merged = vec![(false, 0); quantities.len()];
    for (quantity, &as_other) in quantities.iter().zip(same) {
        let (printed, rank): &mut (bool, u8) = &mut merged[as_other];
        *printed |= quantity.printed;
        *rank = (*rank).max(quantity.rank);
    }
    merged
}

/// Parts that do not exhaust the total leave a rest, which is nobody's row and
/// yet a count. Parts that exceed it overlap (a patient under two conditions);
/// each then leaves its own rest.
pub(super) fn divide(draft: &mut Draft, total: Atom, parts: Vec<Atom>) {
    let whole = draft.value(total);
    let sum: u64 = parts.iter().map(|&part| draft.value(part)).sum();
    match (sum.cmp(&whole), parts.as_slice()) {
        (Ordering::Equal, &[part]) => draft.same(total, part),
        (Ordering::Equal, _) => draft.sum(total, parts),
        (Ordering::Less, &[_, ..]) => {
            let rest = draft.derived(whole - sum, 0);
            draft.defining(total, parts, rest);
        }
        (Ordering::Greater, &[_, _, ..]) => parts.into_iter().for_each(|part| divide(draft, total, vec![part])),
        (Ordering::Less | Ordering::Greater, _) => {}
    }
}
