//! The scores after treatment, at every horizon.
//!
//! *At* a horizon: the score closest to the target day within the window; of two
//! equally close, the later; of several on one day, the last recorded. The *last*
//! one stands in where there is none (last observation carried forward): of all
//! after day 0 and up to the end of the window. Scores of an infusion day never
//! count: they show the infusion, not the outcome. At two weeks no score up to
//! the end of induction is the one at the horizon either, though it may be the last.

use super::history::{Assessment, PatientHistory, QUESTIONNAIRES, Scale, Window};
use super::series::Series;
use crate::model::horizon::{HORIZONS, Horizon};

/// A score in tenths, where there is one, in two bytes: there are eighty of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenths(i16);

impl Tenths {
    const NONE: Self = Self(i16::MIN);

    fn of(score_x10: i32) -> Self {
        Self(i16::try_from(score_x10).expect("admission bounds every score"))
    }

    /// The score.
    pub fn known(self) -> Option<i32> {
        (self != Self::NONE).then_some(i32::from(self.0))
    }
}

impl Default for Tenths {
    fn default() -> Self {
        Self::NONE
    }
}

/// One score of every scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scores {
    /// Pain, on the scale of the baseline.
    pub pain: Tenths,
    /// Every questionnaire.
    pub questionnaires: [Tenths; QUESTIONNAIRES.len()],
}

/// What the scores after day 0 say at one horizon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FollowUp {
    /// Those at the horizon, where the window holds them.
    pub scores: Scores,
    /// The last ones up to the end of the window.
    pub last: Scores,
}

/// Place of pain among the assessments of all scales; questionnaires come first.
const PAIN: usize = QUESTIONNAIRES.len();

/// One assessment of every scale.
type OfScales<'a> = [Option<&'a Assessment>; PAIN + 1];

/// The scores of a series at every horizon; `pain` is the scale of the baseline.
///
/// One pass for all scales and all horizons: windows follow each other, so what
/// was seen up to the end of one is not looked at for the next, and the last
/// scores are taken along.
pub fn at_horizons(history: &PatientHistory<'_>, pain: Option<Scale>, series: &Series) -> [FollowUp; HORIZONS.len()] {
    let until = |horizon: &Horizon| series.index_day + horizon.last;
    let first = series.index_day + 1;
    let mut rest = history.assessments_in(Window { first, last: HORIZONS.last().map_or(first, until) });
    let mut last: OfScales<'_> = [None; PAIN + 1];
    HORIZONS.map(|horizon| {
        let ended = rest.partition_point(|assessment| assessment.day <= until(&horizon));
        let (seen, later) = rest.split_at(ended);
        rest = later;
        let (window, target) = (window(series, &horizon), series.index_day + horizon.target);
        let mut nearest: OfScales<'_> = [None; PAIN + 1];
        for candidate in seen {
            let of_pain = (pain == Some(candidate.scale)).then_some(PAIN);
            let Some(scale) = candidate.scale.questionnaire().or(of_pain) else { continue };
            if history.infused_on(candidate.day) {
                continue;
            }
            last[scale] = Some(candidate);
            // `<=` lets a later row replace an equally close one.
            let nearer = |best: &Assessment| (candidate.day - target).abs() <= (best.day - target).abs();
            if window.holds(candidate.day) && nearest[scale].is_none_or(nearer) {
                nearest[scale] = Some(candidate);
            }
        }
        FollowUp { scores: scores(&nearest), last: scores(&last) }
    })
}

fn scores(found: &OfScales<'_>) -> Scores {
    let score = |scale: usize| found[scale].map_or(Tenths::NONE, |assessment| Tenths::of(assessment.score_x10));
    Scores { pain: score(PAIN), questionnaires: std::array::from_fn(score) }
}

fn window(series: &Series, horizon: &Horizon) -> Window {
    let first = series.index_day + horizon.first;
    let on_treatment = if horizon.id == "2w" { series.induction_end + 1 } else { first };
    Window { first: first.max(on_treatment), last: series.index_day + horizon.last }
}
