//! The steps of the attrition, from the first row read to every denominator.

use super::{Context, words};
use crate::publish::results::{Released, ResultRow};

/// One step: what remains, and what the step left out.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Step id.
    pub id: &'a str,
    /// Row of the count that remains.
    pub remaining: &'a ResultRow,
    /// Row of the count left out.
    pub removed: Option<&'a ResultRow>,
}

impl<'a> Step<'a> {
    /// What remains, in plain words.
    pub fn label(&self) -> &'a str {
        self.remaining.message.as_deref().unwrap_or(self.id)
    }
}

/// The steps in the order they were taken.
pub fn steps(released: &Released) -> Vec<Step<'_>> {
    let of = |statistic: &'static str| released.rows().iter().filter(move |row| row.measure_id == "attrition" && row.statistic == statistic);
    of("count")
        .map(|remaining| Step {
            id: &remaining.stratum_level,
            remaining,
            removed: of("removed").find(|row| row.stratum_level == remaining.stratum_level),
        })
        .collect()
}

/// The flow in a sentence: who could have a score, and who has one.
pub fn finding(steps: &[Step<'_>], context: &Context<'_>) -> String {
    let horizon = context.protocol.study.primary_horizon.id;
    let count = |id: &str| steps.iter().find(|step| step.id == id).and_then(|step| words::number(step.remaining));
    match (count(&format!("due_{horizon}")), count(&format!("observed_{horizon}"))) {
        (Some(due), Some(observed)) => format!("Of {due} series due at {}, {observed} have a score", context.horizon()),
        _ => "From the first row read to every denominator".to_owned(),
    }
}
