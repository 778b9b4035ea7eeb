//! What was done beside the infusions, as of a landmark.
//!
//! Whoever is still in care has more sessions and more boosters, so a group
//! formed by what happened before the outcome was seen would have waited to get
//! into it (immortal time). Sessions count up to day 14, boosters up to the day
//! before the window of the horizon opens (definitions, measures.md §6).

use super::history::{Infusion, PatientHistory, Therapy, Window};
use super::series::Series;
use crate::model::horizon::Horizon;

/// Sessions up to this day count.
pub const LANDMARK_DAY: i32 = 14;

/// Whether a session of this kind took place from day 0 to the landmark.
pub fn by_landmark(history: &PatientHistory<'_>, kind: Therapy, index_day: i32) -> bool {
    let window = Window { first: index_day, last: index_day + LANDMARK_DAY };
    history.therapy.iter().any(|session| session.kind == kind && window.holds(session.day))
}

/// Boosters of the series before the window of a horizon opens.
pub fn boosters_before(infusions: &[Infusion], series: &Series, horizon: &Horizon) -> i32 {
    let opens = series.index_day + horizon.first;
    let of_series = infusions.partition_point(|infusion| infusion.day < series.index_day);
    let before = infusions.partition_point(|infusion| infusion.day < opens);
    let given = before.saturating_sub(of_series).min(series.infusions.unsigned_abs() as usize);
    (i32::try_from(given).unwrap_or(i32::MAX) - series.induction_infusions).max(0)
}
