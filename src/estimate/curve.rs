//! Tally of pain pairs → cumulative responder function.
//!
//! For each threshold: the share of the eligible whose pain fell by at least
//! so much. A missing score counts as no response at every threshold, so the
//! curve never rises (Farrar 2006, doi:10.1016/j.jpainsymman.2005.10.018).

use super::proportion::Ratio;
use super::tally::{Pair, Tally};

/// Per cent less pain than before.
pub const THRESHOLDS: [i64; 11] = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100];

/// The share that fell by at least `threshold` per cent, decided in whole numbers.
pub fn at_least(tally: &Tally, threshold: i64) -> Ratio {
    let falls = |pair: &Pair| {
        let (before, after) = (i64::from(pair.baseline), i64::from(pair.follow_up));
        100 * (before - after) >= threshold * before
    };
    let numerator = tally.pairs.iter().filter(falls).map(|pair| pair.count).sum();
    Ratio { numerator, denominator: tally.eligible }
}

#[cfg(test)]
mod tests {
    use super::{Pair, THRESHOLDS, Tally, at_least};
    use crate::estimate::tally::Pairs;

    #[test]
    fn the_curve_never_rises_and_ignores_those_who_worsened() {
        let mut tally = Tally { eligible: 10, observed: 6, ..Tally::default() };
        let pair = |baseline, follow_up, count| Pair { baseline, follow_up, count };
        tally.pairs = Pairs::new([pair(50, 60, 3), pair(70, 49, 2), pair(80, 0, 1)]);
        let curve: Vec<u64> = THRESHOLDS.iter().map(|&threshold| at_least(&tally, threshold).numerator).collect();
        assert_eq!(curve, [3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(at_least(&tally, 0).denominator, 10);
    }
}
