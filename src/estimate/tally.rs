//! Tallies: how many rows of a cell have which outcome.
//!
//! Scores are discrete, so a tally says everything the rows do, costs the same
//! for a hundred patients and for a million, and two tallies add up.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::AddAssign;

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

/// What one measure counted in one cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In the denominator.
    pub eligible: u64,
    /// Of those, with a known outcome.
    pub observed: u64,
    /// Of those, with the outcome; 0 for a change.
    pub outcome: u64,
    /// Of the observed: (baseline, follow-up) as stored → how many; empty for
    /// a proportion.
    pub pairs: BTreeMap<(i64, i64), u64>,
}

impl AddAssign<&Self> for Tally {
    fn add_assign(&mut self, other: &Self) {
        self.eligible += other.eligible;
        self.observed += other.observed;
        self.outcome += other.outcome;
        for (pair, count) in &other.pairs {
            *self.pairs.entry(*pair).or_default() += count;
        }
    }
}

/// Every measure's tally in every fine cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    /// Site codes, sorted; `FineCell::site` points here.
    pub sites: Vec<String>,
    /// Cell → one tally per measure, in measure order.
    pub cells: BTreeMap<FineCell, Vec<Tally>>,
}

impl Tallies {
    /// Adds another part's counts.
    pub fn add(&mut self, other: Self) {
        for (cell, tallies) in other.cells {
            match self.cells.entry(cell) {
                Entry::Vacant(vacant) => _ = vacant.insert(tallies),
                Entry::Occupied(mut mine) => mine.get_mut().iter_mut().zip(&tallies).for_each(|(mine, theirs)| *mine += theirs),
            }
        }
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
