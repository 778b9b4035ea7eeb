//! The levels of a further split, in words.

use super::Context;
use crate::estimate::analysis::durability;
use crate::estimate::analysis::safety::{self, KIND};
use crate::publish::results::ResultRow;

/// What the level of a row's split is called.
pub(super) fn name(row: &ResultRow, context: &Context<'_>) -> String {
    match row.stratum_name.as_str() {
        "reduction_at_least_pct" => format!("At least {}\u{A0}%", row.stratum_level),
        durability::WEEKS => format!("{}\u{A0}weeks: {}", row.stratum_level, row.statistic.replace('_', " ")),
        KIND => safety::label(&context.protocol.adverse_events, &row.stratum_level).to_owned(),
        _ => row.stratum_level.clone(),
    }
}
