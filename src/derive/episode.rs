//! One patient's history → one episode per series: every fact, each from its
//! own function.

use super::baseline::{self, Baseline};
use super::durability::Relief;
use super::follow_up::{FollowUp, Scores};
use super::history::{Medication, PatientHistory, QUESTIONNAIRES, Reason, Therapy, Window};
use super::opioid_dose::{self, Dose};
use super::series::Series;
use super::{adjunct, condition, durability, follow_up, status};
use crate::model::calendar::{Day, Period};
use crate::model::horizon::{HORIZONS, Horizon};
use crate::protocol::{COMORBIDITIES, Protocol};

/// Facts of one series that no horizon changes.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and a column of the analysis set")]
pub struct Episode {
    /// Position in the patient's life, 1 = first.
    pub number: i32,
    /// The infusions.
    pub series: Series,
    /// Period the series is attributed to: the month of day 0, or what the site gave.
    pub period: Option<Period>,
    /// Condition the patient is counted under, by pack position.
    pub condition: usize,
    /// Pain before treatment.
    pub pain: Option<Baseline>,
    /// Questionnaires before treatment, in tenths.
    pub questionnaires: [Option<i32>; QUESTIONNAIRES.len()],
    /// Comorbidities somebody diagnosed, by pack position.
    pub comorbidities: [bool; COMORBIDITIES.len()],
    /// Psychotherapy by the landmark.
    pub psychotherapy: bool,
    /// Pain reprogramming by the landmark.
    pub pain_reprogramming: bool,
    /// How long relief lasted, where there was any.
    pub relief: Option<Relief>,
    /// Opioid dose before treatment.
    pub opioid: Dose,
    /// Whether opioid outcomes are in scope: no cancer pain, no opioid use
    /// disorder treatment.
    pub opioid_in_scope: bool,
    /// Whether the patient used opioids before treatment.
    pub opioid_user: bool,
    /// Opioid and benzodiazepine on one day before treatment.
    pub benzodiazepine: bool,
}

/// Facts of one series at one horizon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and a column of the analysis set")]
pub struct Outcome {
    /// Whether the data cut has reached the end of the window.
    pub due: bool,
    /// Pain and questionnaires at the horizon, in tenths.
    pub scores: Scores,
    /// The last ones after day 0 and up to the end of the window, in tenths.
    pub last: Scores,
    /// Boosters before the window opens.
    pub boosters: i32,
    /// Opioid dose at the horizon; `None` at two weeks.
    pub opioid: Option<Dose>,
    /// Whether the medication list at the horizon is known to be complete.
    pub reviewed: bool,
    /// Whether buprenorphine was active on any day from day 0 to the target.
    pub buprenorphine_since_start: bool,
    /// Opioid and benzodiazepine on one day before the horizon.
    pub benzodiazepine: bool,
    /// Why the patient had left by the end of the window, where somebody said.
    pub left: Option<Reason>,
}

/// How far the records reach, which decides who is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataCut {
    /// Dated input: the last day of observation.
    Dated(i32),
    /// Study-day input: the calendar data cut the pipeline states.
    StudyDay(Day),
}

impl DataCut {
    /// Whether a window that ends `last_offset` days after day 0 has closed for
    /// every series begun in `period`.
    pub fn closes(self, period: Period, last_offset: i32) -> bool {
        match self {
            Self::Dated(cut) => cut >= period.last_day().0 + last_offset,
            Self::StudyDay(cut) => cut.0 >= period.last_day().0 + last_offset,
        }
    }

    /// Whether a series has been observed to the end of the window. With study
    /// days a calendar cut can only be held against the end of the period the
    /// site gave, so nobody is called due who might not be; without a period
    /// nobody knows when the patient's follow-up ended. The last day seen would
    /// not do: whoever stays away would never be due.
    fn reaches(self, series: &Series, period: Option<Period>, horizon: &Horizon) -> bool {
        match (self, period) {
            (Self::Dated(cut), _) => cut >= series.index_day + horizon.last,
            (Self::StudyDay(cut), Some(period)) => cut.0 >= period.last_day().0 + series.index_day + horizon.last,
            (Self::StudyDay(_), None) => false,
        }
    }
}

/// Working memory of one worker, reused from patient to patient.
#[derive(Debug, Default)]
pub struct Scratch {
    series: Vec<Series>,
    conditions: Vec<usize>,
}

/// Calls `visit` with every episode of a patient and its outcome at each
/// horizon, in time order. `conditions` are all of the patient's, by pack position.
pub fn episodes(
    history: &PatientHistory<'_>,
    cut: DataCut,
    protocol: &Protocol,
    scratch: &mut Scratch,
    mut visit: impl FnMut(&Episode, &[usize], &[Outcome; HORIZONS.len()]),
) {
    super::series::split(history.infusions, &protocol.study, &mut scratch.series);
    let primary = condition::of(history.diagnoses, &protocol.conditions, &mut scratch.conditions);
    let conditions = protocol.conditions.conditions();
    let in_scope = scratch.conditions.iter().all(|&index| conditions[index].opioid_outcomes);
    for (number, (at, series)) in (1..).zip(scratch.series.iter().enumerate()) {
        let mut episode = of_series(history, series, protocol);
        let until = scratch.series.get(at + 1).map(|next| next.index_day);
        episode.relief = episode.pain.and_then(|pain| durability::relief(history, pain, series, until));
        episode.number = number;
        episode.period = period(history, series, cut);
        episode.condition = primary;
        episode.opioid_in_scope &= in_scope;
        let scale = episode.pain.map(|baseline| baseline.scale);
        let follow_ups = follow_up::at_horizons(history, scale, series);
        let outcomes = std::array::from_fn(|at| outcome(history, &episode, cut, (&HORIZONS[at], follow_ups[at])));
        visit(&episode, &scratch.conditions, &outcomes);
    }
}

/// The month of day 0; with study days, what the site gave for the first
/// series and nothing for later ones, whose period nobody stated.
fn period(history: &PatientHistory<'_>, series: &Series, cut: DataCut) -> Option<Period> {
    match cut {
        DataCut::Dated(_) => Some(Period::month_of(Day(series.index_day))),
        DataCut::StudyDay(_) => history.index_period.filter(|_| series.index_day == 0).and_then(Period::parse),
    }
}

fn of_series(history: &PatientHistory<'_>, series: &Series, protocol: &Protocol) -> Episode {
    let day = series.index_day;
    let days = protocol.study.baseline_days;
    let window = opioid_dose::baseline_window(day);
    let review = Window { first: window.first, last: day };
    let opioid = opioid_dose::dose(history, window, review);
    Episode {
        number: 0,
        series: *series,
        period: None,
        condition: 0,
        pain: baseline::pain(history, day, days),
        questionnaires: baseline::questionnaires(history, day, days),
        comorbidities: comorbidities(history),
        psychotherapy: adjunct::by_landmark(history, Therapy::Psychotherapy, day),
        pain_reprogramming: adjunct::by_landmark(history, Therapy::PainReprogramming, day),
        relief: None,
        opioid,
        opioid_in_scope: !opioid_dose::is_active(history, Medication::OudTreatment, window),
        opioid_user: opioid_dose::is_user(history, opioid, window),
        benzodiazepine: opioid_dose::benzodiazepine_with_opioid(history, window),
    }
}

fn comorbidities(history: &PatientHistory<'_>) -> [bool; COMORBIDITIES.len()] {
    let mask = history.diagnoses.iter().fold(0, |mask, diagnosis| mask | diagnosis.comorbidities);
    std::array::from_fn(|position| mask >> position & 1 == 1)
}

fn outcome(
    history: &PatientHistory<'_>,
    episode: &Episode,
    cut: DataCut,
    (horizon, FollowUp { scores, last }): (&Horizon, FollowUp),
) -> Outcome {
    let series = &episode.series;
    let window = opioid_dose::follow_up_window(series.index_day, horizon);
    let review = opioid_dose::follow_up_review(series.index_day, horizon);
    let so_far = Window { first: series.index_day, last: series.index_day + horizon.target };
    Outcome {
        due: cut.reaches(series, episode.period, horizon),
        scores,
        last,
        boosters: adjunct::boosters_before(history.infusions, series, horizon),
        opioid: window.map(|window| opioid_dose::dose(history, window, review)),
        reviewed: opioid_dose::is_reviewed(history, review),
        buprenorphine_since_start: opioid_dose::is_active(history, Medication::Buprenorphine, so_far),
        benzodiazepine: window.is_some_and(|window| opioid_dose::benzodiazepine_with_opioid(history, window)),
        left: status::left_by(history, series.index_day + horizon.last),
    }
}
