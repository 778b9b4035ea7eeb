//! Response by exposure, adjuncts and comorbidity.
//!
//! Each split divides its margin, so that disclosure control knows that levels
//! add up. Nothing is compared: a difference between groups nobody was assigned
//! to says who was in them, not what was done.

use super::Inputs;
use super::measures::ratio;
use super::opioid_doses::of_pack;
use crate::derive::strata::{ResponseCounts, STRATA};
use crate::estimate::cohort::Place;
use crate::estimate::proportion::Ratio;
use crate::estimate::result::{CellKey, Estimand, Estimate, Maturity, Population, Relations};

/// Response of at least 30 % by group.
pub const RESPONSE: &str = "response_by_stratum";

/// Every level of every split, and the margin they divide.
pub(super) fn estimates(inputs: &Inputs<'_>) -> Vec<Estimate> {
    let horizon = inputs.protocol.study.primary_horizon;
    let wanted = |population| matches!(population, Population::RollingYear | Population::ToDate);
    let mut all = Vec::new();
    for cohort in inputs.cohorts().iter().filter(|cohort| wanted(cohort.population)) {
        let place = Place { cohort, maturity: Maturity::Mature, site: None, condition: None, horizon };
        let sum = |stratum: usize, level: Option<usize>| {
            let mut total = ResponseCounts::default();
            for (&period, groups) in &inputs.tallies.strata.periods {
                let levels = groups[stratum].iter().enumerate();
                let wanted = levels.filter(|(at, _)| level.is_none_or(|level| level == *at));
                if cohort.holds(period, inputs.quarters) {
                    wanted.for_each(|(_, counts)| total += *counts);
                }
            }
            total
        };
        let mut add = |name: &str, (order, level): (usize, &str), counts: ResponseCounts| {
            for (estimand, denominator) in [(Estimand::Nri, counts.eligible), (Estimand::Oc, counts.observed)] {
                let key = CellKey {
                    stratum_name: name.to_owned(),
                    stratum_order: order,
                    stratum_level: level.to_owned(),
                    ..inputs.built_in_key(&place, RESPONSE, 1, estimand)
                };
                let counted = Ratio { numerator: counts.responders, denominator };
                // The margin is the measure of the pack once more.
                let measure = (name == super::ALL).then(|| of_pack(inputs, &place, "response_30", estimand)).flatten();
                let relations = Relations { part_of: measure.into_iter().collect(), ..Relations::default() };
                all.push(ratio(key, counted, "share", Maturity::Mature).related(relations));
            }
        };
        add(super::ALL, (0, super::ALL), sum(0, None));
        for (position, stratum) in STRATA.iter().enumerate() {
            for (order, (level, _)) in stratum.levels.iter().enumerate() {
                // Splits keep their order in the results.
                add(stratum.id, (position * 10 + order, level), sum(position, Some(order)));
            }
        }
    }
    all
}
