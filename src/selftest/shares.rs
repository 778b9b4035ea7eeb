//! Rates, differences of rates and claims.

use super::clinic::{Truth, between};
use super::{Answer, Expectation};
use crate::estimate::LEVEL;
use crate::estimate::proportion::Ratio;
use crate::estimate::result::{Estimand, Statistic};
use crate::estimate::statistics::proportion::wilson;
use crate::estimate::statistics::proportion_difference::{Count, newcombe};
use crate::estimate::statistics::random::SplitMix64;
use crate::protocol::{Direction, Side};
use crate::publish::reading::claim::Verdict;

pub(super) const EXPECTED: &[Expectation] = &[
    Expectation {
        id: "nri_rate_bias",
        what: "Response rate, missing = no, less the planted chance of responding and being seen",
        value: 0.0,
        below: 0.0,
        above: 0.0,
        source: "unbiased by construction",
    },
    Expectation {
        id: "nri_rate_coverage",
        what: "Its Wilson interval holds the planted chance",
        value: 0.9503,
        below: 0.0,
        above: 0.0,
        source: "mean exact coverage over the same clinics, SciPy 1.17.1 binom and statsmodels 0.15.0; nominal 0.95",
    },
    Expectation {
        id: "oc_rate_bias",
        what: "Response rate, observed only, less the planted rate among those seen",
        value: 0.0,
        below: 0.001,
        above: 0.001,
        source: "unbiased for those seen; it is no estimate of all",
    },
    Expectation {
        id: "newcombe_coverage",
        what: "Newcombe interval of two sites' difference holds the planted difference",
        value: 0.95,
        below: 0.005,
        above: 0.01,
        source: "nominal; Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I, method 10: mean coverage 0.952",
    },
    Expectation {
        id: "claim_false_support",
        what: "A claim of “more than 70 %” is supported where exactly 70 % is true",
        value: 0.0230,
        below: 0.0,
        above: 0.0,
        source: "exact over 50 to 400 patients, SciPy 1.17.1 binom and statsmodels 0.15.0; nominal at most 0.025",
    },
];

pub(super) fn run(random: &mut SplitMix64) -> Vec<Vec<Answer>> {
    let truth = Truth::draw(random);
    let clinic = truth.clinic(between(30, 150, random), random);
    let rate = |estimand| Ratio::of(&clinic, estimand, Direction::Higher).map(|ratio| ratio.rate("share"));
    let planted = truth.responds_and_is_seen();
    let nri = rate(Estimand::Nri);
    let seen = rate(Estimand::Oc);
    vec![
        off(nri.as_ref(), planted),
        held(nri.as_ref(), planted),
        off(seen.as_ref(), planted / truth.is_seen()),
        difference(random),
        false_support(random),
    ]
}

/// How far an estimate is from the truth.
pub(super) fn off(found: Option<&Statistic>, truth: f64) -> Vec<Answer> {
    let value = found.and_then(|found| found.value.as_ref().ok().copied());
    value.map(|value| Answer::Value(value - truth)).into_iter().collect()
}

/// Whether an interval holds the truth.
pub(super) fn held(found: Option<&Statistic>, truth: f64) -> Vec<Answer> {
    let interval = found.and_then(|found| found.interval.as_ref());
    interval.map(|interval| Answer::held([interval.low, interval.high], truth)).into_iter().collect()
}

fn difference(random: &mut SplitMix64) -> Vec<Answer> {
    let mut site = || {
        let truth = Truth::draw(random);
        let tally = truth.clinic(between(30, 150, random), random);
        (truth.responds_and_is_seen(), Count { events: tally.outcome, of: tally.eligible })
    };
    let ((one, first), (other, second)) = (site(), site());
    let found = newcombe(first, second, LEVEL).ok();
    let truth = one - other;
    found.map(|found| Answer::held([found.low, found.high], truth)).into_iter().collect()
}

/// The claimed share, and the truth that it only just is not.
const CLAIMED: f64 = 0.70;

fn false_support(random: &mut SplitMix64) -> Vec<Answer> {
    let of = between(50, 400, random);
    let events = (0..of).filter(|_| random.unit() < CLAIMED).count() as u64;
    let interval = wilson(events, of, LEVEL).ok();
    let verdict = interval.map(|found| Verdict::judge([(found.low, found.high); 2], CLAIMED, Side::MoreThan));
    verdict.map(|verdict| Answer::Share(verdict == Verdict::Supports)).into_iter().collect()
}
