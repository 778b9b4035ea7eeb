//! The score at a horizon.
//!
//! The score closest to the target day within the window; of two equally
//! close, the later; of several on one day, the last recorded. Scores of an
//! infusion day never count, nor at two weeks any score up to the end of
//! induction: they show the infusion, not the outcome.

use super::history::{Assessment, PatientHistory, Scale, Window};
use super::series::Series;
use crate::model::horizon::Horizon;

/// The follow-up score in tenths on `scale`, if the window holds one.
pub fn score(history: &PatientHistory<'_>, scale: Scale, series: &Series, horizon: &Horizon) -> Option<i32> {
    let window = window(series, horizon);
    let target = series.index_day + horizon.target;
    let counts = |assessment: &&Assessment| assessment.scale == scale && !history.infused_on(assessment.day);
    let mut best: Option<&Assessment> = None;
    for candidate in history.assessments_in(window).iter().filter(counts) {
        // `<=` lets a later row replace an equally close one.
        let closer = best.is_none_or(|best| (candidate.day - target).abs() <= (best.day - target).abs());
        if closer {
            best = Some(candidate);
        }
    }
    best.map(|assessment| assessment.score_x10)
}

/// Last observation carried forward: the last score after day 0 and up to the
/// end of the window, infusion days left out.
pub fn last_score(history: &PatientHistory<'_>, scale: Scale, series: &Series, horizon: &Horizon) -> Option<i32> {
    let since = Window { first: series.index_day + 1, last: series.index_day + horizon.last };
    let counts = |assessment: &&Assessment| assessment.scale == scale && !history.infused_on(assessment.day);
    history.assessments_in(since).iter().rfind(counts).map(|assessment| assessment.score_x10)
}

fn window(series: &Series, horizon: &Horizon) -> Window {
    let first = series.index_day + horizon.first;
    let on_treatment = if horizon.id == "2w" { series.induction_end + 1 } else { first };
    Window { first: first.max(on_treatment), last: series.index_day + horizon.last }
}
