//! Patients asked more than once before treatment: the reliability of a score.

use super::clinic::between;
use super::{Answer, Expectation};
use crate::estimate::LEVEL;
use crate::estimate::change::regression;
use crate::estimate::statistics::distribution::normal;
use crate::estimate::statistics::random::SplitMix64;
use crate::estimate::statistics::reliability::{Repeated, icc};

pub(super) const EXPECTED: &[Expectation] = &[
    Expectation {
        id: "reliability_bias",
        what: "ICC(1) of repeated scores before treatment less the planted reliability",
        value: 0.0,
        below: 0.008,
        above: 0.002,
        source: "known to be low by about 1/n: Donner 1986, doi:10.2307/1403259",
    },
    Expectation {
        id: "reliability_coverage",
        what: "Its F interval holds the planted reliability",
        value: 0.95,
        below: 0.01,
        above: 0.01,
        source: "nominal for normal scores and equal numbers; here two to four each, in tenths",
    },
    Expectation {
        id: "regression_coverage",
        what: "The band over that interval alone, before assumptions widen it, holds the fall that patients chosen for high scores have by themselves",
        value: 0.95,
        below: 0.01,
        above: 0.01,
        source: "the band of a known usual level holds it where the interval holds the reliability; expected fall: Barnett 2005, doi:10.1093/ije/dyh299",
    },
];

/// Mean and standard deviation of true pain, in tenths: far from both ends of the scale.
const USUAL: f64 = 50.0;
const SPREAD: f64 = 8.0;
/// Mean before treatment of those chosen for high scores, in tenths.
const BEFORE: f64 = 62.0;

pub(super) fn run(random: &mut SplitMix64) -> Vec<Vec<Answer>> {
    let planted = 0.4 + 0.4 * random.unit();
    let error = SPREAD * ((1.0 - planted) / planted).sqrt();
    let patients = between(103, 250, random);
    let groups: Vec<Repeated> = (0..patients).map(|_| patient(error, random)).collect();
    let Ok(found) = icc(&groups, LEVEL) else { return vec![Vec::new(); EXPECTED.len()] };
    let Ok(ends) = found.interval else { return vec![Vec::new(); EXPECTED.len()] };
    let [least, most] = regression(BEFORE, [ends.low, ends.high], [USUAL; 2]);
    let truth = -(1.0 - planted) * (BEFORE - USUAL);
    vec![
        vec![Answer::Value(found.icc - planted)],
        vec![Answer::held([ends.low, ends.high], planted)],
        vec![Answer::held([most, least], truth)],
    ]
}

/// One patient's scores, added up.
fn patient(error: f64, random: &mut SplitMix64) -> Repeated {
    let state = USUAL + SPREAD * deviate(random);
    let number = between(2, 4, random);
    let scores: Vec<u64> = (0..number).map(|_| tenths(state + error * deviate(random))).collect();
    let total = scores.iter().sum::<u64>();
    Repeated {
        scores: number,
        subjects: 1,
        total,
        squares_of_totals: total * total,
        squares: scores.iter().map(|score| score * score).sum(),
    }
}

fn deviate(random: &mut SplitMix64) -> f64 {
    // Half a step up: 0 has no finite quantile.
    normal::quantile(random.unit() + 2.0_f64.powi(-54)).expect("strictly between 0 and 1")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
fn tenths(score: f64) -> u64 {
    score.round().clamp(0.0, 100.0) as u64
}
