//! Control charts of processes that do not change: how often do they signal?
//!
//! The limits of a report rest on twelve periods and are therefore off, most of
//! all those of a mean, whose spread is estimated too: of 24 periods without
//! any change, about one chart in three of a mean and one in five of a share
//! shows at least one signal. A signal is a question, not a finding.

use super::clinic::between;
use super::{Answer, Expectation};
use crate::estimate::statistics::control_chart::{individuals, proportions};
use crate::estimate::statistics::proportion_difference::Count;
use crate::estimate::statistics::random::SplitMix64;
use crate::estimate::statistics::signals::{Band, Rule, Signals, signals};

/// Periods of a chart.
const PERIODS: usize = 24;

const fn known(id: &'static str, what: &'static str, value: f64, source: &'static str) -> Expectation {
    Expectation { id, what, value, below: 0.0, above: 0.0, source }
}

const EXACT: &str = "exact for 24 independent normal values and known limits, by recursion (Python); outside: 1 − (1 − 0.0027)^24, average run length 370 (Champ and Woodall 1987, doi:10.1080/00401706.1987.10488266)";
const SIMULATED: &str = "2,000,000 charts in NumPy with a second implementation of limits and rules, seed 20260901";

pub(super) const EXPECTED: &[Expectation] = &[
    known("outside_known_limits", "A chart of 24 has a point outside known limits", 0.062_823, EXACT),
    known("shift_known_limits", "… seven on one side", 0.143_752, EXACT),
    known("trend_known_limits", "… seven rising or falling", 0.006_289, EXACT),
    known("two_of_three_known_limits", "… two of three near a limit", 0.023_853, EXACT),
    known("any_mean", "A chart of 24 means with limits from 12 has any signal", 0.327_49, SIMULATED),
    known("outside_mean", "… a point outside", 0.190_05, SIMULATED),
    known("any_share", "A chart of 24 shares with limits from 12 has any signal", 0.196_84, SIMULATED),
    known("outside_share", "… a point outside", 0.041_19, SIMULATED),
];

pub(super) fn run(random: &mut SplitMix64) -> Vec<Vec<Answer>> {
    let series: Vec<Option<f64>> = (0..PERIODS).map(|_| Some(normal(random))).collect();
    let band = Band { centre: 0.0, low: -3.0, high: 3.0, near_low: -2.0, near_high: 2.0 };
    let with_known = signals(&series, &[Some(band); PERIODS]);
    let mean = individuals(&series).ok().map(|chart| chart.signals);
    let group = |random: &mut SplitMix64| {
        let of = between(30, 150, random);
        Some(Count { events: (0..of).filter(|_| random.unit() < 0.5).count() as u64, of })
    };
    let groups: Vec<Option<Count>> = (0..PERIODS).map(|_| group(random)).collect();
    let share = proportions(&groups).ok().map(|chart| chart.signals);
    let mut answers: Vec<Vec<Answer>> = Rule::ALL.iter().map(|rule| vec![any(&with_known, &[*rule])]).collect();
    for chart in [mean, share] {
        let of = |rules: &[Rule]| chart.iter().map(|signals| any(signals, rules)).collect();
        answers.extend([of(&Rule::ALL), of(&[Rule::Outside])]);
    }
    answers
}

fn any(signals: &Signals, rules: &[Rule]) -> Answer {
    Answer::Share(rules.iter().any(|rule| signals.marks(*rule).contains(&true)))
}

/// Box and Muller 1958, doi:10.1214/aoms/1177706645.
fn normal(random: &mut SplitMix64) -> f64 {
    let radius = (-2.0 * (1.0 - random.unit()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.unit()).cos()
}
