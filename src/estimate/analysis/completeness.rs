//! Completeness: of those due at a horizon, for how many the data are there.
//!
//! The denominators are those of the measures: a patient without a score before
//! treatment is missed earlier, in the flow.

use super::Inputs;
use super::measures::ratio;
use crate::estimate::proportion::Ratio;
use crate::estimate::result::{Estimand, Estimate, Population};
use crate::protocol::{Measure, Role};

/// A pain score, by site and horizon.
pub const PAIN: &str = "completeness_pain";
/// A known opioid dose.
pub const OPIOIDS: &str = "completeness_opioids";
/// A PHQ-9 score.
pub const DEPRESSION: &str = "completeness_phq9";
/// A GAD-7 score.
pub const ANXIETY: &str = "completeness_gad7";

/// What is due and observed, with the measure that counts it.
fn id_of(measure: &Measure) -> Option<&'static str> {
    match (measure.role, measure.id.as_str()) {
        (Some(Role::Headline), _) => Some(PAIN),
        (Some(Role::OpioidHeadline), _) => Some(OPIOIDS),
        (_, "phq9_response") => Some(DEPRESSION),
        (_, "gad7_response") => Some(ANXIETY),
        _ => None,
    }
}

/// By site and horizon, for the newest mature quarter and everything to date.
pub(super) fn estimates(inputs: &Inputs<'_>) -> Vec<Estimate> {
    let mut all = Vec::new();
    let wanted = [Population::Quarter, Population::ToDate];
    for cohort in inputs.cohorts().into_iter().filter(|cohort| wanted.contains(&cohort.population)) {
        let cube = inputs.cube(&cohort);
        let places = inputs.places(&cohort, &cube).into_iter().filter(|(_, place)| place.condition.is_none());
        for (horizon, place) in places {
            let tallies = cube.tallies(place.site, place.condition, horizon);
            for (measure, tally) in inputs.protocol.measures.iter().zip(&tallies) {
                let Some(id) = id_of(measure) else { continue };
                let key = inputs.built_in_key(&place, id, 1, Estimand::Oc);
                let observed = Ratio { numerator: tally.observed, denominator: tally.eligible };
                all.push(ratio(key, observed, "share", place.maturity));
            }
        }
    }
    all
}
