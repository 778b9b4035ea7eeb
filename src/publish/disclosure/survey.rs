//! Estimates and the flow of patients → one network of counts, and where each
//! printed number stands in it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::census::{Census, Columns, HIGHEST_RANK, Kind, Quantity};
use super::nesting::{Nesting, difference, nestings, same_people};
use super::network::{Atom, Draft, Network};
use super::place::{ALL, Division, divisions};
use super::relations;
use crate::estimate::analysis::data_quality::{ACCEPTED, ROWS, TABLE};
use crate::estimate::result::{CellKey, Estimand, Estimate, Population};
use crate::model::attrition::{Attrition, Step};
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

/// The counts of one step of the flow.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepAtoms {
    pub(super) remaining: Atom,
    /// None where the unit changes.
    pub(super) removed: Option<Atom>,
}

impl StepAtoms {
    fn resolved(self, network: &Network) -> Self {
        let removed = self.removed.map(|atom| network.atom(atom));
        Self { remaining: network.atom(self.remaining), removed }
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
            drawing.draw_divisions();
        }
        let mut cells = drawing.cells();
        if profile.protect_numerator {
            follow_scores(estimates, &mut cells, profile.threshold);
        }
        let mut draft = drawing.draft;
        relations::draw(&mut draft, estimates, &mut cells, profile.complementary);
        let known = Known::of(&mut draft, estimates, &cells);
        let steps = draw_flow(&mut draft, attrition, known, profile.complementary);
        let network = draft.finish();
        let cells = cells.into_iter().map(|cell| cell.resolved(&network)).collect();
        let steps = steps.into_iter().map(|step| step.resolved(&network)).collect();
        Self { network, cells, steps }
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
        for nesting in nestings(&census) {
            let [outer, inner] = [nesting.outer, nesting.inner].map(|number| &census.quantities[number]);
            if let Some(rest) = difference(outer, inner) {
                nested.push((nesting, census.quantities.len()));
                census.quantities.push(rest);
            }
        }
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
                self.atoms.insert((number, place), atom);
            }
        }
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
    /// same people.
    fn draw_nestings(&mut self) {
        for (nesting, rest) in std::mem::take(&mut self.nestings) {
            for (place, more) in self.census.quantities[rest].cells.clone() {
                let [outer, inner] = [nesting.outer, nesting.inner].map(|quantity| self.atom(quantity, place));
                let Some((outer, inner)) = outer.zip(inner) else { continue };
                if more == 0 {
                    self.draft.same(outer, inner);
                } else if let Some(rest) = self.atom(rest, place) {
                    self.draft.defining(outer, vec![inner], rest);
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

/// The denominators of everyone to date, by their number: the flow ends in them.
fn everyone(estimates: &[Estimate], cells: &[CellAtoms]) -> BTreeMap<u64, Atom> {
    let everyone = estimates.iter().zip(cells).filter(|(estimate, _)| {
        let key = &estimate.key;
        key.population == Population::ToDate
            && [&key.site, &key.condition, &key.stratum_name].iter().all(|axis| *axis == ALL)
    });
    everyone.map(|(estimate, cell)| (estimate.n, cell.n)).collect()
}

/// Counts the flow of patients tells again, by their number.
struct Known {
    /// People and series.
    people: BTreeMap<u64, Atom>,
    /// Rows read and accepted.
    rows: BTreeMap<u64, Atom>,
}

impl Known {
    /// The rows of the patients tables are the patients.
    fn of(draft: &mut Draft, estimates: &[Estimate], cells: &[CellAtoms]) -> Self {
        let mut known = Self { people: everyone(estimates, cells), rows: BTreeMap::new() };
        for (estimate, cell) in estimates.iter().zip(cells) {
            let key = &estimate.key;
            match (key.measure_id.as_str(), key.stratum_name.as_str(), key.stratum_level.as_str()) {
                (ROWS | ACCEPTED, TABLE, ALL) => _ = known.rows.insert(estimate.n, cell.n),
                (ACCEPTED, TABLE, "patients") => {
                    let people = *known.people.entry(estimate.n).or_insert(cell.n);
                    draft.same(people, cell.n);
                }
                _ => {}
            }
        }
        known
    }
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

/// Before = after + removed, within one unit. Steps over people that leave the
/// same number, or as many as a denominator of everyone counts, are taken for
/// the same people: patients treated are first series, and a flow that branches
/// tells a number twice.
fn draw_flow(draft: &mut Draft, attrition: &Attrition, mut known: Known, complementary: bool) -> Vec<StepAtoms> {
    let mut drawn: Vec<StepAtoms> = Vec::new();
    let mut before: Option<&Step> = None;
    for step in attrition.steps() {
        let known = if step.unit == "rows" { &mut known.rows } else { &mut known.people };
        let remaining = *known.entry(step.remaining).or_insert_with(|| draft.printed(step.remaining, 0));
        let continued = before.filter(|before| continues(before, step)).map(|_| draft.printed(step.removed, 0));
        if let Some((removed, last)) = continued.zip(drawn.last()).filter(|_| complementary) {
            draft.sum(last.remaining, vec![remaining, removed]);
        }
        drawn.push(StepAtoms { remaining, removed: continued });
        before = Some(step);
    }
    drawn
}

/// Whether a step takes away from the one before, rather than counting a new unit.
pub(super) fn continues(before: &Step, step: &Step) -> bool {
    before.unit == step.unit && before.remaining == step.remaining + step.removed
}
