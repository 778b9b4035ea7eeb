//! What became of those due: seen, died, withdrew, moved, lost.
//!
//! The statuses divide the denominator of the headline, so that disclosure control
//! knows that they add up, and that those seen are its observed cases.

use super::{ALL, Inputs};
use crate::derive::status::{STATUSES, needs_telling};
use crate::estimate::cohort::Place;
use crate::estimate::result::{CellKey, Estimand, Estimate, Maturity, Relations, Statistic};
use crate::protocol::Role;

/// How many have each status.
pub const STATUS: &str = "follow_up_status";
/// Name of the split.
pub const SPLIT: &str = "status";
/// Why there is no number of those who died, withdrew, moved or went unexplained.
pub const NOT_RECORDED: &str = "not recorded";

/// Every status, and the margin they divide, for the cohorts a reader judges.
pub(super) fn estimates(inputs: &Inputs<'_>) -> Vec<Estimate> {
    let horizon = inputs.protocol.study.primary_horizon;
    let mut all = Vec::new();
    for cohort in inputs.cohorts().iter().filter(|cohort| super::estimands::POPULATIONS.contains(&cohort.population)) {
        let place = Place { cohort, maturity: Maturity::Mature, site: None, condition: None, horizon };
        let count = |status: usize| {
            let cells = inputs.tallies.statuses.cells.iter();
            let held = cells.filter(|((period, at), _)| *at == status && cohort.holds(*period, inputs.quarters));
            held.map(|(_, count)| count).sum::<u64>()
        };
        let counts: Vec<u64> = (0..STATUSES.len()).map(count).collect();
        let told = |status: usize| {
            let mut told = inputs.tallies.statuses.told.iter();
            told.any(|(period, at)| *at == status && cohort.holds(*period, inputs.quarters))
        };
        let cell = |(order, level): (usize, &str), count: u64| {
            let key = CellKey {
                stratum_name: if level == ALL { ALL } else { SPLIT }.to_owned(),
                stratum_order: order,
                stratum_level: level.to_owned(),
                ..inputs.built_in_key(&place, STATUS, 1, Estimand::Oc)
            };
            let asks = level != ALL && needs_telling(order);
            // Nobody there would have said so, and 0 would say that nobody died.
            let value =
                if asks && count == 0 && !told(order) { Err(NOT_RECORDED.to_owned()) } else { Ok(count as f64) };
            let statistic = Statistic::new("count", "patients", value);
            Estimate::new(key, count, None, vec![statistic], Maturity::Mature)
        };
        let headline = |estimand| {
            let measure = inputs.protocol.measures.iter().find(|measure| measure.role == Some(Role::Headline));
            measure.map(|measure| inputs.key(&place, measure, estimand)).into_iter().collect::<Vec<_>>()
        };
        let within = |estimand| Relations { part_of: headline(estimand), ..Relations::default() };
        all.push(cell((0, ALL), counts.iter().sum()).related(within(Estimand::Nri)));
        for (order, ((level, _), &count)) in STATUSES.iter().zip(&counts).enumerate() {
            let estimate = cell((order, level), count);
            all.push(if order == 0 { estimate.related(within(Estimand::Oc)) } else { estimate });
        }
    }
    all
}
