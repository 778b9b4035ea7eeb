//! Changes of scores: means, medians, Hodges–Lehmann.

use std::sync::LazyLock;

use super::clinic::{Truth, between};
use super::shares::{held, off};
use super::{Answer, Expectation};
use crate::estimate::LEVEL;
use crate::estimate::change::statistics;
use crate::estimate::result::Estimand;
use crate::estimate::statistics::Values;
use crate::estimate::statistics::median::order_statistic_interval;
use crate::estimate::statistics::random::SplitMix64;
use crate::protocol::{Measure, built_in_measure};

pub(super) const EXPECTED: &[Expectation] = &[
    Expectation {
        id: "mean_bias",
        what: "Mean pain change less the planted mean of those seen, points",
        value: 0.0,
        below: 0.0,
        above: 0.0,
        source: "unbiased by construction",
    },
    Expectation {
        id: "mean_coverage",
        what: "Its t interval holds the planted mean",
        value: 0.95,
        below: 0.006,
        above: 0.006,
        source: "nominal; scores are discrete and skewed, from 20 patients on",
    },
    Expectation {
        id: "hodges_lehmann_coverage",
        what: "Interval of the Hodges–Lehmann shift holds the planted pseudomedian",
        value: 0.95,
        below: 0.01,
        above: 0.05,
        source: "at least nominal: ties of whole points make it wider (Hollander, Wolfe, Chicken 2014, ISBN 978-0470387375)",
    },
    Expectation {
        id: "median_coverage",
        what: "Order-statistic interval of the median holds the planted median",
        value: 0.95,
        below: 0.0,
        above: 0.05,
        source: "at least nominal for any distribution: Thompson 1936, doi:10.1214/aoms/1177732502",
    },
];

/// The measure as it ships.
static PAIN: LazyLock<Measure> =
    LazyLock::new(|| built_in_measure("pain_delta").expect("the core pack measures the change of pain"));

pub(super) fn run(random: &mut SplitMix64) -> Vec<Vec<Answer>> {
    let truth = Truth::draw(random);
    let clinic = truth.clinic(between(30, 120, random), random);
    let found = statistics(&clinic, &PAIN, Estimand::Oc);
    let named = |name: &str| found.iter().find(|statistic| statistic.name == name);
    let changes = clinic.pairs.iter().map(|pair| (i64::from(pair.follow_up - pair.baseline), pair.count));
    vec![
        off(named("mean"), truth.mean_seen()),
        held(named("mean"), truth.mean_seen()),
        held(named("hodges_lehmann"), pseudomedian(&truth.changes_seen())),
        median(truth, changes),
    ]
}

fn median(truth: Truth, changes: impl Iterator<Item = (i64, u64)>) -> Vec<Answer> {
    let planted = lower_half(truth.changes_seen().into_iter().map(|(change, share)| (f64::from(change), share)));
    let sample = Values::from_scaled(changes, 10).ok();
    let found = sample.and_then(|sample| order_statistic_interval(&sample, LEVEL).ok());
    let holds = found.map(|found| found.interval.low <= planted && planted <= found.interval.high);
    holds.map(Answer::Share).into_iter().collect()
}

/// The median of the mean of two draws.
fn pseudomedian(changes: &[(i32, f64)]) -> f64 {
    let mut means: Vec<(f64, f64)> = Vec::new();
    for (one, share) in changes {
        means.extend(changes.iter().map(|(other, with)| (f64::from(one + other) / 2.0, share * with)));
    }
    means.sort_by(|a, b| a.0.total_cmp(&b.0));
    lower_half(means.into_iter())
}

/// The smallest value with at least half of the probability at or below it.
fn lower_half(sorted: impl Iterator<Item = (f64, f64)>) -> f64 {
    let mut below = 0.0;
    let mut last = 0.0;
    for (value, share) in sorted {
        below += share;
        last = value;
        if below >= 0.5 {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::pseudomedian;

    #[test]
    fn the_pseudomedian_of_two_equal_values_lies_between_them() {
        assert!((pseudomedian(&[(-2, 0.5), (0, 0.5)]) + 1.0).abs() < 1e-12);
        assert!((pseudomedian(&[(-3, 0.9), (0, 0.1)]) + 3.0).abs() < 1e-12);
    }
}
