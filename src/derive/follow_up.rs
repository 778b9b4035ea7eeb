//! The score at a horizon.
//!
//! The score closest to the target day within the window; of two equally
//! close, the later; of several on one day, the last recorded. Scores of an
//! infusion day never count, nor at two weeks any score up to the end of
//! induction: they show the infusion, not the outcome.

use super::history::{Assessment, PatientHistory, QUESTIONNAIRES, Scale, Window};
use super::series::Series;
use crate::model::horizon::Horizon;

/// The scores at a horizon, in tenths, where the window holds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scores {
    /// Pain, on the scale of the baseline.
    pub pain: Option<i32>,
    /// Every questionnaire.
    pub questionnaires: [Option<i32>; QUESTIONNAIRES.len()],
}

/// The scores at a horizon; `pain` is the scale of the baseline. One pass for
/// all scales: there are many, and most patients have few of them.
pub fn scores(history: &PatientHistory<'_>, pain: Option<Scale>, series: &Series, horizon: &Horizon) -> Scores {
    let target = series.index_day + horizon.target;
    let mut best: [Option<&Assessment>; QUESTIONNAIRES.len() + 1] = [None; QUESTIONNAIRES.len() + 1];
    for candidate in history.assessments_in(window(series, horizon)) {
        let of_pain = (pain == Some(candidate.scale)).then_some(QUESTIONNAIRES.len());
        let Some(slot) = candidate.scale.questionnaire().or(of_pain) else { continue };
        // `<=` lets a later row replace an equally close one.
        let closer = best[slot].is_none_or(|best| (candidate.day - target).abs() <= (best.day - target).abs());
        if closer && !history.infused_on(candidate.day) {
            best[slot] = Some(candidate);
        }
    }
    let score = |slot: usize| best[slot].map(|assessment| assessment.score_x10);
    Scores { pain: score(QUESTIONNAIRES.len()), questionnaires: std::array::from_fn(score) }
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
