//! Rates of small groups, drawn towards each other.

use super::clinic::between;
use super::{Answer, Expectation};
use crate::estimate::LEVEL;
use crate::estimate::statistics::partial_pooling::partial_pooling;
use crate::estimate::statistics::proportion_difference::Count;
use crate::estimate::statistics::random::SplitMix64;

/// Conditions of a clinic.
const GROUPS: usize = 8;

pub(super) const EXPECTED: &[Expectation] = &[
    Expectation {
        id: "pooled_coverage",
        what: "Interval of a condition's pooled rate holds its planted rate, over conditions",
        value: 0.95,
        below: 0.02,
        above: 0.02,
        source: "nominal on average over groups, for rates drawn from a beta; the prior on how much they vary is not theirs (Daniels 1999, doi:10.2307/3316117)",
    },
    Expectation {
        id: "pooled_error",
        what: "Squared error of pooled rates less that of raw rates",
        value: 0.0,
        below: 1.0,
        above: -0.002,
        source: "smaller, as shrinkage is for (Efron and Morris 1975, doi:10.1080/01621459.1975.10479864)",
    },
];

pub(super) fn run(random: &mut SplitMix64) -> Vec<Vec<Answer>> {
    let truths: Vec<f64> = (0..GROUPS).map(|_| rate(random)).collect();
    let counts: Vec<Count> = truths
        .iter()
        .map(|truth| {
            let of = between(5, 40, random);
            Count { events: (0..of).filter(|_| random.unit() < *truth).count() as u64, of }
        })
        .collect();
    let Ok(pooled) = partial_pooling(&counts, LEVEL) else { return vec![Vec::new(), Vec::new()] };
    let groups = truths.iter().zip(&pooled.groups);
    let held = groups.clone().map(|(truth, group)| Answer::held([group.shrunk.low, group.shrunk.high], *truth));
    let gained = groups.filter_map(|(truth, group)| {
        let raw = group.raw_rate.ok()?;
        Some(Answer::Value((group.shrunk.estimate - truth).powi(2) - (raw - truth).powi(2)))
    });
    vec![held.collect(), gained.collect()]
}

/// A draw from Beta(10, 10): the tenth of nineteen uniform numbers.
fn rate(random: &mut SplitMix64) -> f64 {
    let mut draws: Vec<f64> = (0..19).map(|_| random.unit()).collect();
    draws.sort_by(f64::total_cmp);
    draws[9]
}
