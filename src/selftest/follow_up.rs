//! Who is followed and for how long: relief that is lost, patients who are lost, and
//! patients who change in both directions.

use super::clinic::between;
use super::{Answer, Expectation};
use crate::estimate::LEVEL;
use crate::estimate::statistics::kaplan_meier::kaplan_meier;
use crate::estimate::statistics::lifetimes::Lifetimes;
use crate::estimate::statistics::mcnemar::mcnemar;
use crate::estimate::statistics::random::SplitMix64;
use crate::estimate::statistics::standardization::{Stratum, standardize};

pub(super) const EXPECTED: &[Expectation] = &[
    Expectation {
        id: "survival_coverage",
        what: "Log-log limits of the share still relieved at 12 weeks hold the planted share, losses to follow-up at random",
        value: 0.95,
        below: 0.01,
        above: 0.01,
        source: "nominal for large samples: Kalbfleisch and Prentice 2002, doi:10.1002/9781118032985",
    },
    Expectation {
        id: "ipw_rate_bias",
        what: "Response rate weighted by follow-up less the planted rate of all, follow-up planted to depend on the stratum",
        value: 0.0,
        below: 0.001,
        above: 0.001,
        source: "unbiased where the strata explain who is lost: Hernán and Robins 2020, chapter 12",
    },
    Expectation {
        id: "ipw_rate_coverage",
        what: "Its interval holds the planted rate of all",
        value: 0.95,
        below: 0.01,
        above: 0.015,
        source: "nominal; strata are drawn too, as the variance has it",
    },
    Expectation {
        id: "mcnemar_false_signal",
        what: "McNemar's mid-p is below 0.05 though as many begin as end",
        value: 0.05,
        below: 0.015,
        above: 0.005,
        source: "nominal; Fagerland 2013, doi:10.1186/1471-2288-13-91: close to it, seldom above",
    },
];

pub(super) fn run(random: &mut SplitMix64) -> Vec<Vec<Answer>> {
    let [off, held] = weighted(random);
    vec![survival(random), off, held, false_signal(random)]
}

/// Chance of losing relief in a week, weeks looked at, weeks of the shortest and
/// longest follow-up.
const LOST_A_WEEK: f64 = 0.03;
const WEEKS: i32 = 12;
const FOLLOWED: [u64; 2] = [4, 40];

fn survival(random: &mut SplitMix64) -> Vec<Answer> {
    let patients = between(80, 250, random);
    let (mut times, mut lost) = (Vec::new(), Vec::new());
    for _ in 0..patients {
        let followed = between(FOLLOWED[0], FOLLOWED[1], random);
        let week = (1..=followed).find(|_| random.unit() < LOST_A_WEEK);
        times.push(week.unwrap_or(followed) as f64);
        lost.push(week.is_some());
    }
    let Some(curve) = Lifetimes::from_slices(&times, &lost).and_then(|all| kaplan_meier(&all, LEVEL)).ok() else {
        return Vec::new();
    };
    let truth = (1.0 - LOST_A_WEEK).powi(WEEKS);
    let then = curve.steps.iter().take_while(|step| step.time <= f64::from(WEEKS)).last();
    let limits = then.and_then(|step| step.limits.ok());
    limits.map(|limits| Answer::held([limits.low, limits.high], truth)).into_iter().collect()
}

/// Chance to respond and to be seen again, in two strata of equal size: observed
/// cases alone would be far too good.
const STRATA: [[f64; 2]; 2] = [[0.6, 0.9], [0.3, 0.5]];

fn weighted(random: &mut SplitMix64) -> [Vec<Answer>; 2] {
    let mut counts = [[0_u64; 3]; 2];
    for _ in 0..between(200, 400, random) {
        let stratum = usize::from(random.unit() < 0.5);
        let [responds, is_seen] = STRATA[stratum];
        let (responded, seen) = (random.unit() < responds, random.unit() < is_seen);
        let facts = [true, seen, seen && responded];
        counts[stratum].iter_mut().zip(facts).for_each(|(count, fact)| *count += u64::from(fact));
    }
    let strata = counts.map(|[eligible, observed, responded]| {
        let mean = responded as f64 / observed.max(1) as f64;
        Stratum { eligible, observed, mean, variance: mean * (1.0 - mean) }
    });
    let truth = STRATA.iter().map(|[responds, _]| responds / 2.0).sum::<f64>();
    let found = standardize(&strata).and_then(|all| all.rate_interval(LEVEL)).ok();
    let off = found.map(|found| Answer::Value(found.estimate - truth));
    let held = found.map(|found| Answer::held([found.low, found.high], truth));
    [off.into_iter().collect(), held.into_iter().collect()]
}

/// Chance to change, in either direction.
const CHANGES: f64 = 0.16;

fn false_signal(random: &mut SplitMix64) -> Vec<Answer> {
    let mut changed = [0_u64; 2];
    for _ in 0..between(150, 500, random) {
        let draw = random.unit();
        if draw < CHANGES {
            changed[usize::from(draw < CHANGES / 2.0)] += 1;
        }
    }
    let p = mcnemar(changed[0], changed[1]).ok().map(|test| test.p_mid);
    p.map(|p| Answer::Share(p < 0.05)).into_iter().collect()
}
