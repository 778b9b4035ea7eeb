//! Whether two columns hold numbers of one range: then one leads to the other.
//!
//! A patient code that is a number of the size record numbers have, and whose range
//! another column of the source shares, is the key to whatever list that column came
//! from (privacy.md §4), whatever the basis and whoever assigned it.

use super::shares::is_day;
use super::{Detector, PSEUDONYM};

pub(super) static SHARED_RANGE: Detector = Detector {
    id: "patient-code-shared-range",
    what: "patient codes that share their range of numbers with another column",
    why: "numbers of six to ten digits that also stand in another column are how record numbers look, and lead back to the list they came from (45 CFR 164.514(b)(2)(i)(H) and (R))",
    hint: PSEUDONYM,
};

/// Digits of a record number.
const DIGITS: std::ops::RangeInclusive<usize> = 6..=10;
/// Letters that may stand before it.
const LONGEST_PREFIX: usize = 4;
/// Different numbers from which a range is judged.
const ENOUGH: u32 = 20;
/// Hundredths of a column that must be such numbers.
const MOST: u64 = 90;
/// Hundredths of both ranges together that must be in each.
const SHARED: u64 = 80;

/// The numbers of a column: how many, and how far apart. The same size for any
/// number of rows.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::ingest) struct Numbers {
    cells: u64,
    /// Cells that are such numbers.
    long: u64,
    low: u64,
    high: u64,
    /// A bit for each number by its remainder: as many numbers differ at least.
    seen: [u64; 4],
}

impl Numbers {
    /// Looks at a cell that is not empty.
    #[inline]
    pub(in crate::ingest) fn look(&mut self, cell: &[u8]) {
        self.cells += 1;
        let Some(number) = number(cell) else { return };
        let mut seen = [0; 4];
        // A prime, so that numbers in steps do not share their remainders.
        let bit = usize::try_from(number % 251).expect("below 251");
        seen[bit / 64] |= 1 << (bit % 64);
        self.merge(Self { cells: 0, long: 1, low: number, high: number, seen });
    }

    /// Adds another part of the column.
    pub(in crate::ingest) fn merge(&mut self, other: Self) {
        self.cells += other.cells;
        if other.long == 0 {
            return;
        }
        self.low = if self.long == 0 { other.low } else { self.low.min(other.low) };
        self.high = self.high.max(other.high);
        self.long += other.long;
        self.seen.iter_mut().zip(other.seen).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// How many of the column's cells share the range of the patient codes.
    pub(in crate::ingest) fn shared_with(&self, codes: &Self) -> Option<u64> {
        let both = self.is_of_numbers() && codes.is_of_numbers();
        let all = self.high.max(codes.high) - self.low.min(codes.low) + 1;
        let shared = (self.high.min(codes.high) + 1).saturating_sub(self.low.max(codes.low));
        (both && shared * 100 >= all * SHARED).then_some(self.long)
    }

    fn is_of_numbers(&self) -> bool {
        let differ: u32 = self.seen.iter().map(|word| word.count_ones()).sum();
        differ >= ENOUGH && self.long * 100 >= self.cells * MOST
    }
}

/// The number a cell ends in, where it is as long as a record number and no day.
#[inline]
fn number(cell: &[u8]) -> Option<u64> {
    let digits = cell.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let prefix = cell.len() - digits;
    if !DIGITS.contains(&digits) || prefix > LONGEST_PREFIX {
        return None;
    }
    let number: u64 = str::from_utf8(&cell[prefix..]).ok()?.parse().ok()?;
    let part = |divisor: u64, of: u64| u32::try_from(number / divisor % of).unwrap_or_default();
    let day = digits == 8 && is_day(i32::try_from(number / 10_000).ok()?, part(100, 100), part(1, 100));
    (!day).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    fn of(cells: impl IntoIterator<Item = String>) -> Numbers {
        let mut parts = [Numbers::default(); 2];
        for (at, cell) in cells.into_iter().enumerate() {
            parts[at % 2].look(cell.as_bytes());
        }
        let [mut whole, rest] = parts;
        whole.merge(rest);
        whole
    }

    fn drawn(from: u64, step: u64) -> impl Iterator<Item = String> {
        (0..60).map(move |at| (from + (at * step * 7_919) % (60 * step)).to_string())
    }

    #[test]
    fn a_range_is_shared_by_columns_of_like_numbers() {
        let codes = of(drawn(40_100_000, 311));
        assert_eq!(of(drawn(40_100_100, 311)).shared_with(&codes), Some(60), "other numbers of the same list");
        assert_eq!(of(drawn(40_100_000, 311).map(|cell| format!("MRN{cell}"))).shared_with(&codes), Some(60));
        assert_eq!(codes.shared_with(&codes), Some(60), "the codes themselves");
    }

    #[test]
    fn other_columns_share_nothing() {
        let codes = of(drawn(40_100_000, 311));
        for (other, why) in [
            (of(drawn(90_100_000, 311)), "another range"),
            (of(drawn(40_100_000, 31_100)), "a far wider one"),
            (of((0..60).map(|day| (day * 7).to_string())), "days"),
            (of((1..=28).flat_map(|day| [1, 2].map(|month| format!("2026{month:02}{day:02}")))), "dates"),
            (of(drawn(40_100_000, 311).take(19)), "too few to tell"),
            (of((0..60).map(|_| "40105000".to_owned())), "one number over and over"),
            (
                of(drawn(40_100_000, 311)
                    .enumerate()
                    .map(|(at, cell)| if at % 5 == 0 { "x".to_owned() } else { cell })),
                "words",
            ),
            (Numbers::default(), "an empty column"),
        ] {
            assert_eq!(other.shared_with(&codes), None, "{why}");
        }
        let opaque = of((0..60).map(|at| format!("QX{at:03}LMPKZ")));
        assert_eq!(of(drawn(40_100_000, 311)).shared_with(&opaque), None, "codes that are no numbers");
        assert_eq!(Numbers::default().shared_with(&Numbers::default()), None);
    }
}
