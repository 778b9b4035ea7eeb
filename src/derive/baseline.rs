//! The score before treatment.
//!
//! The last score in the 30 days before the first infusion. Only where there
//! is none does a score of day 0 itself stand in, flagged: nobody recorded
//! whether it was taken before or after the infusion, and the first of several
//! is the likeliest to be before.

use super::history::{Assessment, PGIC, PatientHistory, QUESTIONNAIRES, Scale, Window};

/// A baseline score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The scale; follow-up scores count only on the same one.
    pub scale: Scale,
    /// Score in tenths.
    pub score_x10: i32,
    /// Whether it was taken on the day of the first infusion.
    pub same_day: bool,
}

/// The baseline on `scale` of the series that began on `index_day`.
pub fn on_scale(history: &PatientHistory<'_>, scale: Scale, index_day: i32, days: i32) -> Option<Baseline> {
    let of_scale = |assessment: &&Assessment| assessment.scale == scale;
    let before = Window { first: index_day - days, last: index_day - 1 };
    let earlier = history.assessments_in(before).iter().rfind(of_scale);
    let on_day = Window { first: index_day, last: index_day };
    let found = earlier.or_else(|| history.assessments_in(on_day).iter().find(of_scale))?;
    Some(Baseline { scale, score_x10: found.score_x10, same_day: found.day == index_day })
}

/// The baseline of every questionnaire, in tenths, by the same rule; in one
/// pass, since there are many. PGIC asks for change and has none.
pub fn questionnaires(history: &PatientHistory<'_>, index_day: i32, days: i32) -> [Option<i32>; QUESTIONNAIRES.len()] {
    let mut earlier = [None; QUESTIONNAIRES.len()];
    let mut same_day = [None; QUESTIONNAIRES.len()];
    for assessment in history.assessments_in(Window { first: index_day - days, last: index_day }) {
        match assessment.scale.questionnaire() {
            None | Some(PGIC) => {}
            Some(which) if assessment.day < index_day => earlier[which] = Some(assessment.score_x10),
            Some(which) => same_day[which] = same_day[which].or(Some(assessment.score_x10)),
        }
    }
    std::array::from_fn(|which| earlier[which].or(same_day[which]))
}

/// The pain baseline: on the most preferred pain scale that has one.
pub fn pain(history: &PatientHistory<'_>, index_day: i32, days: i32) -> Option<Baseline> {
    let window = Window { first: index_day - days, last: index_day };
    let is_pain = |scale: &Scale| matches!(scale, Scale::Pain(_));
    let scale = history.assessments_in(window).iter().map(|assessment| assessment.scale).filter(is_pain).min()?;
    on_scale(history, scale, index_day, days)
}
