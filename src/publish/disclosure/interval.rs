//! The attacker who knows that counts are not negative: what range is left for
//! each hidden count, given all lines together.

use std::collections::BTreeSet;

use super::network::{Atom, Line, Network};

/// Stands for "no upper limit"; sums of it stay far from overflow.
const UNLIMITED: i64 = i64::MAX / 4;

/// How often a line may be used for each time it is first seen. Ranges that
/// shrink one person at a time around a cycle would otherwise be followed for as
/// many steps as there are people; they are found by the linear attacker.
const PATIENCE: usize = 64;

/// The values a count can still take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) low: i64,
    pub(super) high: i64,
}

impl Range {
    /// A count nothing is known of.
    pub(super) const ANY: Self = Self { low: 0, high: UNLIMITED };

    /// A count of which no more is known than that it is not smaller.
    pub(super) fn at_least(low: i64) -> Self {
        Self { low, ..Self::ANY }
    }

    /// A count that is printed.
    pub(super) fn exactly(count: u64) -> Self {
        let count = i64::try_from(count).expect("a count of people fits 63 bits");
        Self { low: count, high: count }
    }

    /// Largest minus smallest value.
    pub(super) fn width(self) -> i64 {
        self.high - self.low
    }

    fn tighten(&mut self, low: i64, high: i64) -> bool {
        let before = *self;
        self.low = self.low.max(low);
        self.high = self.high.min(high);
        assert!(self.low <= self.high, "the true counts satisfy every line");
        *self != before
    }
}

/// Narrows `ranges` by the given lines, and those that follow, until nothing
/// changes.
pub(super) fn narrow(network: &Network, lines: &[usize], ranges: &mut [Range]) {
    let mut waiting: BTreeSet<usize> = lines.iter().copied().collect();
    let mut patience = lines.len() * PATIENCE;
    while let Some(number) = waiting.pop_first() {
        for atom in narrow_line(&network.lines[number], ranges) {
            waiting.extend(network.lines_of(atom));
        }
        patience -= 1;
        if patience == 0 {
            return;
        }
    }
}

/// Narrows the ranges on one line; returns the atoms that changed.
fn narrow_line(line: &Line, ranges: &mut [Range]) -> Vec<Atom> {
    let lowest: i64 = line.parts.iter().map(|&part| ranges[part].low).sum();
    let highest = Highest::of(line.parts.iter().map(|&part| ranges[part]));
    let mut changed = Vec::new();
    if ranges[line.total].tighten(lowest, highest.without(None)) {
        changed.push(line.total);
    }
    let total = ranges[line.total];
    for &part in &line.parts {
        let range = ranges[part];
        let others = highest.without(Some(range));
        let low = if others == UNLIMITED { 0 } else { total.low - others };
        let high = if total.high == UNLIMITED { UNLIMITED } else { total.high - (lowest - range.low) };
        if ranges[part].tighten(low, high) {
            changed.push(part);
        }
    }
    changed
}

/// Whether an end of an atom's range comes from this line; the end at zero comes
/// from none.
pub(super) fn binds(line: &Line, atom: Atom, ranges: &[Range]) -> bool {
    let range = ranges[atom];
    let mut freed = ranges_on(line, ranges);
    freed.iter_mut().filter(|(on, _)| *on == atom).for_each(|(_, range)| *range = Range::ANY);
    let (total, parts) = freed.split_last().map(|(&(_, total), parts)| (total, parts)).expect("a line has a total");
    let lowest: i64 = parts.iter().map(|(_, range)| range.low).sum();
    let highest = Highest::of(parts.iter().map(|&(_, range)| range));
    if atom == line.total {
        return highest.without(None) == range.high || (lowest > 0 && lowest == range.low);
    }
    let others = highest.without(Some(Range::ANY));
    let low = if others == UNLIMITED { 0 } else { total.low - others };
    let high = if total.high == UNLIMITED { UNLIMITED } else { total.high - lowest };
    high == range.high || (low > 0 && low == range.low)
}

/// The ranges of a line's parts and then of its total.
fn ranges_on(line: &Line, ranges: &[Range]) -> Vec<(Atom, Range)> {
    line.atoms().map(|atom| (atom, ranges[atom])).collect()
}

/// The sum of the upper ends of a line's parts.
struct Highest {
    limited: i64,
    unlimited: usize,
}

impl Highest {
    fn of(parts: impl Iterator<Item = Range>) -> Self {
        parts.fold(Self { limited: 0, unlimited: 0 }, |sum, part| match part.high {
            UNLIMITED => Self { unlimited: sum.unlimited + 1, ..sum },
            high => Self { limited: sum.limited + high, ..sum },
        })
    }

    /// The sum over all parts but one.
    fn without(&self, part: Option<Range>) -> i64 {
        match part.map(|range| range.high) {
            Some(UNLIMITED) if self.unlimited == 1 => self.limited,
            Some(high) if self.unlimited == 0 => self.limited - high,
            None if self.unlimited == 0 => self.limited,
            _ => UNLIMITED,
        }
    }
}
