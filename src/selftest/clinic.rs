//! A clinic's tallies, drawn from a truth that is written here.

use crate::estimate::statistics::random::SplitMix64;
use crate::estimate::tally::{Pair, Pairs, Tally};

/// Chance that a responder, and someone else, is seen at the horizon: the
/// synthetic clinics plant the same, so missing data depend on the outcome.
pub(super) const KEPT: [f64; 2] = [0.88, 0.68];

/// Change of pain in points, and how often among responders and among others.
const CHANGES: [(i32, [f64; 2]); 10] = [
    (-7, [0.06, 0.0]),
    (-6, [0.12, 0.0]),
    (-5, [0.20, 0.0]),
    (-4, [0.24, 0.0]),
    (-3, [0.22, 0.0]),
    (-2, [0.16, 0.12]),
    (-1, [0.0, 0.26]),
    (0, [0.0, 0.38]),
    (1, [0.0, 0.16]),
    (2, [0.0, 0.08]),
];

/// Tenths of a point to the point.
const SCALE: i32 = 10;
/// High enough for every fall, low enough for every rise.
const BASELINES: [i32; 2] = [70, 80];

/// What is true of a clinic's patients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Truth {
    /// Chance of response.
    pub(super) response: f64,
}

impl Truth {
    /// Between 35 % and 75 %.
    pub(super) fn draw(random: &mut SplitMix64) -> Self {
        Self { response: 0.35 + 0.40 * random.unit() }
    }

    fn shares(self) -> [f64; 2] {
        [self.response, 1.0 - self.response]
    }

    /// Chance of being a responder who is seen: what non-responder imputation estimates.
    pub(super) fn responds_and_is_seen(self) -> f64 {
        self.response * KEPT[0]
    }

    /// Chance of being seen.
    pub(super) fn is_seen(self) -> f64 {
        self.shares().iter().zip(KEPT).map(|(share, kept)| share * kept).sum()
    }

    /// Each change and its share among those seen.
    pub(super) fn changes_seen(self) -> Vec<(i32, f64)> {
        let of = |odds: [f64; 2]| -> f64 {
            let both = self.shares().into_iter().zip(KEPT).zip(odds);
            both.map(|((share, kept), odds)| share * kept * odds).sum::<f64>() / self.is_seen()
        };
        CHANGES.iter().map(|&(change, odds)| (change, of(odds))).collect()
    }

    /// Mean change of those seen.
    pub(super) fn mean_seen(self) -> f64 {
        self.changes_seen().iter().map(|&(change, share)| f64::from(change) * share).sum()
    }

    /// Draws `n` patients: the tally of response and that of the change.
    pub(super) fn clinic(self, n: u64, random: &mut SplitMix64) -> Tally {
        let mut tally = Tally { eligible: n, ..Tally::default() };
        let mut pairs: std::collections::BTreeMap<(i32, i32), u64> = std::collections::BTreeMap::new();
        for _ in 0..n {
            let responds = random.unit() < self.response;
            let group = usize::from(!responds);
            let (change, baseline) = (change(group, random), BASELINES[random.index(BASELINES.len())]);
            if random.unit() < KEPT[group] {
                tally.observed += 1;
                tally.outcome += u64::from(responds);
                *pairs.entry((baseline, baseline + change * SCALE)).or_default() += 1;
            }
        }
        let sorted = pairs.into_iter().map(|((baseline, follow_up), count)| Pair { baseline, follow_up, count });
        tally.pairs = Pairs::new(sorted);
        tally
    }
}

fn change(group: usize, random: &mut SplitMix64) -> i32 {
    let mut left = random.unit();
    for (change, odds) in CHANGES {
        left -= odds[group];
        if left < 0.0 {
            return change;
        }
    }
    // Rounding may leave a hair of the last odds.
    if group == 0 { -2 } else { 2 }
}

/// A whole number from `low` to `high`.
pub(super) fn between(low: u64, high: u64, random: &mut SplitMix64) -> u64 {
    low + random.index(usize::try_from(high - low + 1).expect("a small number")) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_are_complete_and_scores_stay_on_the_scale() {
        for group in 0..2 {
            assert!((CHANGES.iter().map(|(_, odds)| odds[group]).sum::<f64>() - 1.0).abs() < 1e-12);
        }
        let scores = BASELINES.iter().flat_map(|baseline| CHANGES.map(|(change, _)| baseline + change * SCALE));
        assert!(scores.into_iter().all(|score| (0..=100).contains(&score)));
        let truth = Truth { response: 0.5 };
        assert!((truth.changes_seen().iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((truth.is_seen() - 0.78).abs() < 1e-12 && (truth.responds_and_is_seen() - 0.44).abs() < 1e-12);
    }

    #[test]
    fn a_clinic_of_nobody_and_of_one_is_a_tally() {
        let truth = Truth { response: 0.5 };
        assert_eq!(truth.clinic(0, &mut SplitMix64::new(1)), Tally::default());
        let one = truth.clinic(1, &mut SplitMix64::new(1));
        assert!(one.eligible == 1 && one.observed <= 1 && one.outcome <= one.observed);
    }
}
