//! Tallies: how many rows of a cell have which outcome.
//!
//! Scores are discrete, so a tally says everything the rows do, costs the same
//! for a hundred patients and for a million, and two tallies add up.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::{AddAssign, Range};
use std::sync::Arc;

use crate::derive::durability::Durability;
use crate::derive::opioid_counts::OpioidCounts;
use crate::derive::repeats::Repeats;
use crate::derive::safety::Safety;
use crate::derive::status::Statuses;
use crate::derive::strata::Strata;
use crate::model::calendar::Period;

/// The finest cell counted. Sites and conditions by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FineCell {
    /// Quarter, or the period the site gave; `None` where nobody said.
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

/// Position of the split by the period as recorded, month or other, and site.
pub const BY_PERIOD: usize = 2;

/// A cell of a further split, over all conditions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SplitCell {
    /// Position among the splits counted.
    pub split: usize,
    /// Level within it: a whole number for each of its expressions.
    pub level: Vec<i32>,
    /// Quarter, or the period the site gave, and of `BY_PERIOD` the month; `None`
    /// where nobody said.
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
    /// Eligible and not observed: the score before and the last one seen, or the one
    /// before again where the measure has no last.
    pub carried_pairs: Pairs,
}

/// Pairs of scores as stored, and how many patients have each: part of a sorted
/// block that the cells of a count share. Most tallies have none.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    block: Option<Arc<Vec<CellPair>>>,
    /// First pair and the one after the last: there are hundreds of thousands of these.
    part: [u32; 2],
}

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

/// A pair of scores of a cell, by whatever number the block knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellPair {
    pub(super) cell: u32,
    pub(super) baseline: i32,
    pub(super) follow_up: i32,
    /// Fewer people than four billion: there are millions of these.
    pub(super) count: u32,
}

impl CellPair {
    /// One number to sort by, in the order of cell, score before and score after.
    pub(super) fn place(&self) -> u128 {
        let ordered = |score: i32| u128::from(score.cast_unsigned() ^ (1 << 31));
        u128::from(self.cell) << 64 | ordered(self.baseline) << 32 | ordered(self.follow_up)
    }

    fn scores(&self) -> (i32, i32) {
        (self.baseline, self.follow_up)
    }

    fn pair(&self) -> Pair {
        Pair { baseline: self.baseline, follow_up: self.follow_up, count: u64::from(self.count) }
    }
}

/// Makes one of equal pairs that follow each other.
pub(super) fn add_equals(pairs: &mut Vec<CellPair>) {
    pairs.dedup_by(|next, kept| {
        let same = next.place() == kept.place();
        kept.count += if same { next.count } else { 0 };
        same
    });
}

impl Pairs {
    /// Pairs in any order.
    pub fn new(pairs: impl IntoIterator<Item = Pair>) -> Self {
        let stored = |pair: Pair| CellPair {
            cell: 0,
            baseline: pair.baseline,
            follow_up: pair.follow_up,
            count: u32::try_from(pair.count).expect("fewer people than four billion"),
        };
        let mut pairs: Vec<CellPair> = pairs.into_iter().map(stored).collect();
        pairs.sort_by_key(CellPair::place);
        add_equals(&mut pairs);
        let part = 0..pairs.len();
        Self::part(&Arc::new(pairs), part)
    }

    /// Part of a block whose pairs are sorted and distinct.
    pub(super) fn part(block: &Arc<Vec<CellPair>>, part: Range<usize>) -> Self {
        let place = |at: usize| u32::try_from(at).expect("a block has fewer than four billion pairs");
        Self { block: (!part.is_empty()).then(|| Arc::clone(block)), part: [place(part.start), place(part.end)] }
    }

    fn stored(&self) -> &[CellPair] {
        let [first, end] = self.part.map(|at| at as usize);
        self.block.as_ref().map_or(&[], |block| &block[first..end])
    }

    /// The pairs, in order of scores, each once.
    pub fn iter(&self) -> impl Iterator<Item = Pair> + '_ {
        self.stored().iter().map(CellPair::pair)
    }
}

impl PartialEq for Pairs {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Pairs {}

impl AddAssign<&Self> for Pairs {
    fn add_assign(&mut self, other: &Self) {
        if self.block.is_none() {
            *self = other.clone();
        } else if other.block.is_some() {
            let pairs = merged(self.stored(), other.stored());
            let part = 0..pairs.len();
            *self = Self::part(&Arc::new(pairs), part);
        }
    }
}

/// The pairs of two cells as those of one, the counts of equal pairs added.
fn merged(mine: &[CellPair], theirs: &[CellPair]) -> Vec<CellPair> {
    let mut merged = Vec::with_capacity(mine.len() + theirs.len());
    let (mut mine, mut theirs) = (mine.iter().peekable(), theirs.iter().peekable());
    loop {
        let next = match (mine.peek(), theirs.peek()) {
            (Some(a), Some(b)) => a.scores().cmp(&b.scores()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        let pair = match next {
            Ordering::Less => mine.next().copied(),
            Ordering::Greater => theirs.next().copied(),
            Ordering::Equal => mine.next().zip(theirs.next()).map(|(a, b)| CellPair { count: a.count + b.count, ..*a }),
        };
        merged.extend(pair.map(|pair| CellPair { cell: 0, ..pair }));
    }
    // Most pairs of one are the other's too, and there are many such blocks.
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
    /// Pain scores repeated before treatment, counted at the same time.
    pub repeats: Repeats,
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

    /// Adds the fine cells to those of `split`, by condition.
    pub(super) fn add_conditions_counted_under(&mut self, split: usize) {
        for (cell, tallies) in &self.cells {
            let level = vec![i32::try_from(cell.condition).expect("a pack has few conditions")];
            let coarse = SplitCell { split, level, period: cell.period, horizon: cell.horizon };
            add_to(&mut self.splits, coarse, tallies.clone());
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

fn add_to<Cell: Ord>(cells: &mut BTreeMap<Cell, Vec<Tally>>, cell: Cell, tallies: Vec<Tally>) {
    match cells.entry(cell) {
        Entry::Vacant(vacant) => _ = vacant.insert(tallies),
        Entry::Occupied(mut mine) => {
            mine.get_mut().iter_mut().zip(&tallies).for_each(|(mine, theirs)| *mine += theirs);
        }
    }
}
