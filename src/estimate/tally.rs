//! Tallies: how many rows of a cell have which outcome.
//!
//! Scores are discrete, so a tally says everything the rows do, costs the same
//! for a hundred patients and for a million, and two tallies add up.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::AddAssign;
use std::sync::Arc;

use crate::derive::durability::Durability;
use crate::derive::opioid_counts::OpioidCounts;
use crate::derive::safety::Safety;
use crate::derive::status::Statuses;
use crate::derive::strata::Strata;
use crate::model::calendar::Period;

/// The finest cell counted. Sites and conditions by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FineCell {
    /// Month, or the period the site gave; `None` where nobody said.
    pub period: Option<Period>,
    /// Position among the sites.
    pub site: usize,
    /// Position in the condition pack.
    pub condition: usize,
    /// Position among the horizons.
    pub horizon: usize,
}

/// Position of the split by every condition a patient has.
pub const ANY_CONDITION: usize = 0;
/// Position of the split by baseline covariates.
pub const FOLLOW_UP_STRATA: usize = 1;

/// A cell of a further split, over all sites and conditions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SplitCell {
    /// Position among the splits counted.
    pub split: usize,
    /// Level within it: a whole number for each of its expressions.
    pub level: Vec<i32>,
    /// Quarter, or the period the site gave; `None` where nobody said.
    pub period: Option<Period>,
    /// Position among the horizons.
    pub horizon: usize,
}

/// What one measure counted in one cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In the denominator.
    pub eligible: u64,
    /// Of those, with a known outcome.
    pub observed: u64,
    /// Of those, with the outcome; 0 for a change.
    pub outcome: u64,
    /// Of the observed: the scores before and after; empty for a proportion.
    pub pairs: Pairs,
    /// Eligible and not observed, with the outcome when the last score seen
    /// stands in.
    pub carried: u64,
    /// Eligible and not observed: the score before and the last one seen.
    pub carried_pairs: Pairs,
}

/// Pairs of scores as stored, and how many patients have each.
///
/// Kept sorted in one block: a tree of the same pairs takes three times the
/// memory, and there is one per cell and measure. Shared, because changes of the
/// same scores hold the same pairs; most tallies have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs(Option<Arc<Vec<Pair>>>);

/// One pair of scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Score before, as stored.
    pub baseline: i32,
    /// Score after, as stored.
    pub follow_up: i32,
    /// Patients with this pair.
    pub count: u64,
}

impl Pair {
    fn scores(&self) -> (i32, i32) {
        (self.baseline, self.follow_up)
    }
}

impl Pairs {
    /// Pairs that are sorted by score and distinct.
    pub fn from_sorted(pairs: Vec<Pair>) -> Self {
        debug_assert!(pairs.is_sorted_by(|a, b| a.scores() < b.scores()), "pairs are sorted and distinct");
        Self((!pairs.is_empty()).then(|| Arc::new(pairs)))
    }

    /// The pairs, in order of scores, each once.
    pub fn iter(&self) -> impl Iterator<Item = &Pair> {
        self.0.iter().flat_map(|pairs| pairs.iter())
    }
}

impl AddAssign<&Self> for Pairs {
    fn add_assign(&mut self, other: &Self) {
        self.0 = match (self.0.take(), &other.0) {
            (None, theirs) => theirs.clone(),
            (mine, None) => mine,
            (Some(mine), Some(theirs)) => Some(Arc::new(merged(&mine, theirs))),
        };
    }
}

/// Both lists in one, the counts of equal pairs added.
fn merged(mine: &[Pair], theirs: &[Pair]) -> Vec<Pair> {
    let mut merged = Vec::with_capacity(mine.len() + theirs.len());
    let (mut mine, mut theirs) = (mine.iter().peekable(), theirs.iter().peekable());
    loop {
        let next = match (mine.peek(), theirs.peek()) {
            (Some(a), Some(b)) => a.scores().cmp(&b.scores()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        merged.extend(match next {
            Ordering::Less => mine.next().copied(),
            Ordering::Greater => theirs.next().copied(),
            Ordering::Equal => mine.next().zip(theirs.next()).map(|(a, b)| Pair { count: a.count + b.count, ..*a }),
        });
    }
    merged.shrink_to_fit();
    merged
}

impl AddAssign<&Self> for Tally {
    fn add_assign(&mut self, other: &Self) {
        self.eligible += other.eligible;
        self.observed += other.observed;
        self.outcome += other.outcome;
        self.carried += other.carried;
        self.pairs += &other.pairs;
        self.carried_pairs += &other.carried_pairs;
    }
}

/// Every measure's tally in every fine cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    /// Site codes, sorted; `FineCell::site` points here.
    pub sites: Vec<String>,
    /// Cell → one tally per measure, in measure order.
    pub cells: BTreeMap<FineCell, Vec<Tally>>,
    /// The same for the cells of further splits.
    pub splits: BTreeMap<SplitCell, Vec<Tally>>,
    /// Adverse events, counted while the analysis set was derived.
    pub safety: Safety,
    /// How long relief lasted, counted at the same time.
    pub durability: Durability,
    /// Response by exposure, adjuncts and comorbidity, counted at the same time.
    pub strata: Strata,
    /// What became of those due, counted at the same time.
    pub statuses: Statuses,
    /// Opioid doses by band, and responders under each set of factors, counted at
    /// the same time.
    pub opioids: OpioidCounts,
}

impl Tallies {
    /// Adds another part's counts.
    pub fn add(&mut self, other: Self) {
        other.cells.into_iter().for_each(|(cell, tallies)| add_to(&mut self.cells, cell, tallies));
        other.splits.into_iter().for_each(|(cell, tallies)| add_to(&mut self.splits, cell, tallies));
    }

    /// Adds up one measure over the cells `wanted` accepts.
    pub fn sum(&self, measure: usize, wanted: impl Fn(&FineCell) -> bool) -> Tally {
        let mut total = Tally::default();
        for (cell, tallies) in &self.cells {
            if wanted(cell) {
                total += &tallies[measure];
            }
        }
        total
    }
}

fn add_to<Cell: Ord>(cells: &mut BTreeMap<Cell, Vec<Tally>>, cell: Cell, tallies: Vec<Tally>) {
    match cells.entry(cell) {
        Entry::Vacant(vacant) => _ = vacant.insert(tallies),
        Entry::Occupied(mut mine) => {
            mine.get_mut().iter_mut().zip(&tallies).for_each(|(mine, theirs)| *mine += theirs);
        }
    }
}
