//! The levels of a further split, in words.

use super::Context;
use crate::derive::opioid_counts::BANDS;
use crate::estimate::analysis::durability;
use crate::estimate::analysis::factor_sets::{FACTOR_SET, FLIP_SPLIT};
use crate::estimate::analysis::opioid_doses::{BAND, BEFORE};
use crate::estimate::analysis::safety::{self, KIND, SERIOUS_TERM};
use crate::publish::results::ResultRow;

/// What the level of a row's split is called.
pub(super) fn name(row: &ResultRow, context: &Context<'_>) -> String {
    match row.stratum_name.as_str() {
        "reduction_at_least_pct" => format!("At least {}\u{A0}%", row.stratum_level),
        durability::WEEKS => format!("{}\u{A0}weeks: {}", row.stratum_level, row.statistic.replace('_', " ")),
        KIND | SERIOUS_TERM => safety::label(&context.protocol.adverse_events, &row.stratum_level).to_owned(),
        BAND => format!("{}, {}", band(&row.stratum_level), if row.measure_id == BEFORE { "before" } else { "after" }),
        FACTOR_SET => set(&row.stratum_level, context),
        split if split.starts_with(FLIP_SPLIT) => {
            format!("{}: {}", set(&split[FLIP_SPLIT.len()..], context), row.stratum_level.replace('_', " "))
        }
        _ => row.stratum_level.clone(),
    }
}

fn band(level: &str) -> &str {
    BANDS.iter().find(|(id, _)| *id == level).map_or(level, |(_, label)| label)
}

/// The name of a set of factors.
fn set(id: &str, context: &Context<'_>) -> String {
    let protocol = context.protocol;
    let known = std::iter::once(&protocol.factors).chain(&protocol.compare_factors).find(|set| set.id == id);
    known.map_or_else(|| id.to_owned(), |set| set.title.clone())
}
