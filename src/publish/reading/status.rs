//! How many are not yet due: with pain before treatment, whose window has not closed.
//!
//! They stand in no cohort that is judged, and are neither seen nor lost. Their number
//! is the difference of two steps of the flow, and follows from the table as it is
//! released.

use super::{beside, hidden_beside};
use crate::model::horizon::HORIZONS;
use crate::protocol::Protocol;
use crate::publish::disclosure::Released;
use crate::publish::results::{ResultRow, Suppression};

/// The statistic, beside the step of the flow that counts those due.
pub const NOT_YET_DUE: &str = "not_yet_due";
/// The step everyone who will be due is counted at.
const ABOVE_ZERO: &str = "baseline_above_zero";

/// One row for each horizon.
pub(super) fn rows(released: &Released, _protocol: &Protocol) -> Vec<ResultRow> {
    let Some(all) = step(released, ABOVE_ZERO) else { return Vec::new() };
    let horizons = HORIZONS.iter().filter_map(|horizon| Some(row(all, step(released, &of_due(horizon.id))?, released)));
    horizons.collect()
}

/// The step of the flow that counts those due at a horizon.
fn of_due(horizon: &str) -> String {
    format!("due_{horizon}")
}

fn step<'r>(released: &'r Released, id: &str) -> Option<&'r ResultRow> {
    released.of_measure("attrition").find(|row| row.statistic == "count" && row.stratum_level == id)
}

fn row(all: &ResultRow, due: &ResultRow, released: &Released) -> ResultRow {
    let threshold = released.profile().threshold;
    // Two rounded counts may cross.
    match all.value.zip(due.value).map(|(all, due)| (all - due).max(0.0)) {
        Some(count) if count > 0.0 && count < threshold as f64 => ResultRow {
            suppression: Suppression::Primary,
            reason: Some(format!("fewer than {threshold}")),
            ..beside(due, NOT_YET_DUE)
        },
        Some(count) => ResultRow { value: Some(count), ..beside(due, NOT_YET_DUE) },
        None => hidden_beside(due, NOT_YET_DUE),
    }
}

/// The row of one horizon.
pub fn not_yet_due<'r>(released: &'r Released, horizon: &str) -> Option<&'r ResultRow> {
    let level = of_due(horizon);
    released.rows().iter().find(|row| row.statistic == NOT_YET_DUE && row.stratum_level == level)
}
