//! The counts of all threads, added up row group by row group.
//!
//! There are millions of pairs of scores. They lie in one sorted block a
//! question, which the tallies then share: a list for every cell would take
//! several times the memory, most of it holes between lists that grew.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;

use super::cells_of_rows::Cell;
use super::questions::{Asked, Counted, Questions};
use super::tally::{CellPair, Pairs, Tallies, Tally, add_equals};

/// Pairs that wait before they are added to the others: adding them walks
/// through all there are, so it is not done for every row group.
const WAITING_PAIRS: usize = 1 << 19;

/// Where the counts of a thread's cell belong: once or twice.
#[derive(Clone, Copy)]
pub(super) struct Slots([Option<NonZeroU32>; 2]);

impl Slots {
    pub(super) fn each(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().flatten().map(|after| after.get() as usize - 1)
    }
}

/// The counts of all threads.
pub(super) struct Total<'q> {
    questions: &'q Questions,
    /// Position of the split by the period as recorded, if there is one.
    by_period: Option<usize>,
    /// Where a cell's counts are.
    slots: BTreeMap<Cell, NonZeroU32>,
    /// By slot, and within it by question: fewer people than four billion.
    conditions: Vec<u32>,
    /// By question.
    pairs: Vec<PairTotal>,
}

impl<'q> Total<'q> {
    pub(super) fn new(questions: &'q Questions, by_period: Option<usize>) -> Self {
        let pairs = questions.pairs.iter().map(|_| PairTotal::default()).collect();
        Self { questions, by_period, slots: BTreeMap::new(), conditions: Vec::new(), pairs }
    }

    /// Finds a place for every cell a thread knows; `slots` are those found before.
    pub(super) fn place(&mut self, known: &[Cell], slots: &mut Vec<Slots>) {
        for cell in &known[slots.len()..] {
            let places = cell.counted_in(self.by_period).map(|cell| cell.map(|cell| self.slot(cell)));
            slots.push(Slots(places));
        }
    }

    /// The slot of a cell, counted from 1.
    fn slot(&mut self, cell: Cell) -> NonZeroU32 {
        let next = u32::try_from(self.slots.len() + 1).ok().and_then(NonZeroU32::new);
        *self.slots.entry(cell).or_insert(next.expect("fewer cells than people"))
    }

    /// Adds a thread's counts, by question and the thread's own cell numbers.
    pub(super) fn add(&mut self, conditions: &[Vec<u32>], slots: &[Slots]) {
        let questions = self.questions.conditions.len();
        self.conditions.resize(self.slots.len() * questions, 0);
        for (question, counts) in conditions.iter().enumerate() {
            for (slots, &count) in slots.iter().zip(counts) {
                slots.each().for_each(|slot| self.conditions[slot * questions + question] += count);
            }
        }
    }

    /// Adds a row group's pairs to those of a question.
    pub(super) fn add_pairs(&mut self, question: usize, pairs: &[CellPair]) {
        self.pairs[question].waiting.extend_from_slice(pairs);
        if self.pairs.iter().map(|pairs| pairs.waiting.len()).sum::<usize>() >= WAITING_PAIRS {
            self.pairs.iter_mut().for_each(PairTotal::settle);
        }
    }

    /// What was counted. `any_condition` is the position of that split, if there is
    /// one: everyone counted under a condition has it.
    pub(super) fn finish(mut self, sites: &[String], any_condition: Option<usize>) -> Tallies {
        self.pairs.iter_mut().for_each(PairTotal::settle);
        let pairs = self.pairs.into_iter().map(|pairs| pairs.by_slot(self.slots.len())).collect::<Vec<_>>();
        let mut tallies = Tallies { sites: sites.to_vec(), ..Tallies::default() };
        let of_slot = self.questions.conditions.len();
        for (cell, slot) in self.slots {
            let slot = slot.get() as usize - 1;
            let counts = &self.conditions[slot * of_slot..(slot + 1) * of_slot];
            if counts.iter().all(|count| *count == 0) {
                continue;
            }
            let pairs = |question: usize| pairs[question][slot].clone();
            let counted = self.questions.measures.iter().map(|asked| tally(asked, counts, pairs)).collect();
            match cell {
                Cell::Fine(cell) => _ = tallies.cells.insert(cell, counted),
                Cell::Split(cell) => _ = tallies.splits.insert(cell, counted),
            }
        }
        if let Some(split) = any_condition {
            tallies.add_conditions_counted_under(split);
        }
        tallies
    }
}

fn tally(asked: &Asked, counts: &[u32], pairs: impl Fn(usize) -> Pairs) -> Tally {
    let count = |of: Option<Counted>| match of {
        Some(Counted::Condition(at)) => u64::from(counts[at]),
        _ => 0,
    };
    let pairs = |of: Option<Counted>| match of {
        Some(Counted::Pairs(at)) => pairs(at),
        _ => Pairs::default(),
    };
    Tally {
        eligible: u64::from(counts[asked.eligible]),
        observed: u64::from(counts[asked.observed]),
        outcome: count(Some(asked.outcome)),
        pairs: pairs(Some(asked.outcome)),
        carried: count(asked.carried),
        carried_pairs: pairs(asked.carried),
    }
}

/// The pairs of a question, of all cells.
#[derive(Default)]
struct PairTotal {
    /// Each once, in order.
    all: Vec<CellPair>,
    waiting: Vec<CellPair>,
}

impl PairTotal {
    /// Adds the pairs that wait: to their equals, and what is new in its place,
    /// from the end, so that nothing is copied twice.
    fn settle(&mut self) {
        let mut new = std::mem::take(&mut self.waiting);
        // Each row group's are sorted, which a stable sort makes use of.
        new.sort_by_key(CellPair::place);
        add_equals(&mut new);
        let mut at = 0;
        new.retain(|pair| {
            while self.all.get(at).is_some_and(|known| known.place() < pair.place()) {
                at += 1;
            }
            let known = self.all.get_mut(at).filter(|known| known.place() == pair.place());
            known.map(|known| known.count += pair.count).is_none()
        });
        let mut old = self.all.len();
        self.all.reserve_exact(new.len());
        self.all.extend_from_slice(&new);
        for to in (0..self.all.len()).rev() {
            let Some(&last) = new.last() else { break };
            let moved = old.checked_sub(1).map(|old| self.all[old]).filter(|moved| moved.place() > last.place());
            self.all[to] = moved.unwrap_or(last);
            if moved.is_some() {
                old -= 1;
            } else {
                new.pop();
            }
        }
    }

    fn by_slot(self, slots: usize) -> Vec<Pairs> {
        let all = Arc::new(self.all);
        let mut by_slot = vec![Pairs::default(); slots];
        let mut start = 0;
        for of_slot in all.chunk_by(|a, b| a.cell == b.cell) {
            let end = start + of_slot.len();
            by_slot[of_slot[0].cell as usize] = Pairs::part(&all, Range { start, end });
            start = end;
        }
        by_slot
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{CellPair, PairTotal, Pairs};

    #[test]
    fn pairs_added_in_lots_are_those_added_at_once() {
        let score = |number: u32, kinds: u32| i32::try_from(number % kinds).expect("small") * 10 - 20;
        let drawn: Vec<CellPair> = (0..500)
            .map(|n| CellPair { cell: n * 7 % 11, baseline: score(n * 13, 5), follow_up: score(n * 29, 7), count: 1 })
            .collect();
        let mut expected: BTreeMap<(u32, i32, i32), u32> = BTreeMap::new();
        for pair in &drawn {
            *expected.entry((pair.cell, pair.baseline, pair.follow_up)).or_default() += pair.count;
        }
        for lot in [1, 3, 64, 500] {
            let mut total = PairTotal::default();
            for lot in drawn.chunks(lot) {
                total.waiting.extend_from_slice(lot);
                total.settle();
            }
            let found = total.all.iter().map(|pair| ((pair.cell, pair.baseline, pair.follow_up), pair.count));
            assert!(found.eq(expected.clone()), "in lots of {lot}");
            let by_slot = total.by_slot(12);
            assert_eq!(by_slot.iter().flat_map(Pairs::iter).map(|pair| pair.count).sum::<u64>(), 500);
            assert!(by_slot[11].iter().next().is_none());
        }
    }
}
