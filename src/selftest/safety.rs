//! Adverse events: as rare as chance alone has it, and in patients who differ.

use super::clinic::between;
use super::{Answer, Expectation};
use crate::estimate::LEVEL;
use crate::estimate::statistics::clustered_rate::{ClusterSums, clustered_rate};
use crate::estimate::statistics::random::SplitMix64;
use crate::estimate::statistics::rate::garwood;
use crate::estimate::statistics::{IntervalEstimate, Undefined};

pub(super) const EXPECTED: &[Expectation] = &[
    Expectation {
        id: "garwood_coverage",
        what: "Garwood interval of events per 100 infusions holds the planted rate, infusions alike",
        value: 0.95,
        below: 0.0,
        above: 0.035,
        source: "exact: at least nominal, above it for few events; Garwood 1936, doi:10.1093/biomet/28.3-4.437",
    },
    Expectation {
        id: "clustered_rate_coverage",
        what: "The interval that keeps a patient's events together holds it where patients differ",
        value: 0.95,
        below: 0.02,
        above: 0.01,
        source: "nominal for many patients, a little less for hundreds: Liang and Zeger 1986, doi:10.1093/biomet/73.1.13",
    },
];

/// Chance of an event after an infusion.
const RARE: f64 = 0.01;
/// The same in most patients and in three of ten.
const MOST: f64 = 0.02;
const SOME: f64 = 0.2;
const SHARE_OF_SOME: f64 = 0.3;

pub(super) fn run(random: &mut SplitMix64) -> Vec<Vec<Answer>> {
    let infusions = between(300, 1500, random);
    let events = (0..infusions).filter(|_| random.unit() < RARE).count() as u64;
    let alike = garwood(events, infusions as f64, 100.0, LEVEL);
    let clustered = clustered_rate(&patients(random), 100.0, LEVEL);
    let rate = (1.0 - SHARE_OF_SOME) * MOST + SHARE_OF_SOME * SOME;
    vec![held(alike, 100.0 * RARE), held(clustered, 100.0 * rate)]
}

fn held(found: Result<IntervalEstimate, Undefined>, truth: f64) -> Vec<Answer> {
    found.ok().map(|found| Answer::held([found.low, found.high], truth)).into_iter().collect()
}

/// Patients with three to six infusions each.
fn patients(random: &mut SplitMix64) -> ClusterSums {
    let mut sums = ClusterSums { patients: between(150, 400, random), ..ClusterSums::default() };
    for _ in 0..sums.patients {
        let chance = if random.unit() < SHARE_OF_SOME { SOME } else { MOST };
        let infusions = between(3, 6, random);
        let events = (0..infusions).filter(|_| random.unit() < chance).count() as u64;
        sums.events += events;
        sums.exposure += infusions;
        sums.events_squared += events * events;
        sums.exposure_squared += infusions * infusions;
        sums.products += events * infusions;
    }
    sums
}
