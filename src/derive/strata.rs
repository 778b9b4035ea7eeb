//! Response by exposure, adjuncts and comorbidity: groups to look at, never
//! causes. Nobody was assigned to them.
//!
//! Every group is formed by what was known before the outcome was: the induction
//! course, sessions up to day 14, boosters before the window opens, diagnoses and
//! scores before treatment. Levels of one split divide its people.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::episode::{Episode, Outcome};
use crate::model::calendar::Period;
use crate::model::pain::{Change, ScoreX10};

/// One way to split patients up.
#[derive(Clone, Copy, Debug)]
pub struct Stratum {
    /// Stable id.
    pub id: &'static str,
    /// What the groups are told apart by.
    pub label: &'static str,
    /// Id and label of every level.
    pub levels: &'static [(&'static str, &'static str)],
    /// The position of a patient's level.
    level: fn(&Episode, &Outcome) -> usize,
}

const YES_NO: &[(&str, &str)] = &[("no", "No"), ("yes", "Yes")];
const CASE: &[(&str, &str)] = &[("no", "No"), ("yes", "Yes"), (NOT_ASKED, "Not asked")];

/// Positions of PHQ-9, GAD-7 and PCL-5 among the questionnaires, with the score
/// in tenths from which somebody is a case (pack `measures-mind-body`).
const CASES: [(usize, i32); 3] = [(0, 100), (1, 100), (2, 310)];

/// Whether somebody was depressed, and its level where nobody asked.
pub const DEPRESSION: &str = "depression";
/// See [`DEPRESSION`].
pub const NOT_ASKED: &str = "unknown";
/// How much pain there was, and its level below what trials ask for.
pub const BASELINE_PAIN: &str = "baseline_pain";
/// See [`BASELINE_PAIN`].
pub const BELOW_4: &str = "below_4";
/// Pain in tenths that trials ask for at least; here nobody is left out for
/// less, and how many there are is told (definitions, measures.md §1).
const TRIAL_BASELINE: i32 = 40;
/// When the score before treatment was taken, and its level on the day of the
/// first infusion, maybe after it.
pub const BASELINE_DAY: &str = "baseline_day";
/// See [`BASELINE_DAY`].
pub const DAY_0: &str = "day_0";

/// Every split, in report order.
pub const STRATA: [Stratum; 11] = [
    Stratum {
        id: "induction_infusions",
        label: "Infusions of the induction course",
        levels: &[("1_2", "1 or 2"), ("3_4", "3 or 4"), ("5_more", "5 or more")],
        level: |episode, _| band(episode.series.induction_infusions, [3, 5]),
    },
    Stratum {
        id: "induction_dose",
        label: "Average dose per infusion",
        levels: &[
            ("below_0_5", "Below 0.5\u{A0}mg/kg"),
            ("0_5_to_1", "0.5 to below 1\u{A0}mg/kg"),
            ("1_more", "1\u{A0}mg/kg or more"),
            ("unknown", "Not recorded"),
        ],
        level: |episode, _| episode.series.dose_x1000().map_or(3, |dose| band(dose, [500, 1_000])),
    },
    Stratum {
        id: "induction_minutes",
        label: "Average length of an infusion",
        levels: &[
            ("below_60", "Below 60\u{A0}min"),
            ("60_to_120", "60 to below 120\u{A0}min"),
            ("120_more", "120\u{A0}min or more"),
            ("unknown", "Not recorded"),
        ],
        level: |episode, _| episode.series.minutes_x10().map_or(3, |minutes| band(minutes, [600, 1_200])),
    },
    Stratum {
        id: "boosters_before",
        label: "Boosters before the window opened",
        levels: &[("0", "None"), ("1", "1"), ("2_more", "2 or more")],
        level: |_, outcome| band(outcome.boosters, [1, 2]),
    },
    Stratum {
        id: "psychotherapy_by_day_14",
        label: "Psychotherapy by day 14",
        levels: YES_NO,
        level: |episode, _| usize::from(episode.psychotherapy),
    },
    Stratum {
        id: "pain_reprogramming_by_day_14",
        label: "Pain reprogramming by day 14",
        levels: YES_NO,
        level: |episode, _| usize::from(episode.pain_reprogramming),
    },
    Stratum {
        id: DEPRESSION,
        label: "Depression before treatment",
        levels: CASE,
        level: |episode, _| case(episode, 0),
    },
    Stratum { id: "anxiety", label: "Anxiety before treatment", levels: CASE, level: |episode, _| case(episode, 1) },
    Stratum {
        id: "ptsd",
        label: "Post-traumatic stress before treatment",
        levels: CASE,
        level: |episode, _| case(episode, 2),
    },
    Stratum {
        id: BASELINE_PAIN,
        label: "Pain before treatment",
        levels: &[(BELOW_4, "Above 0, below 4"), ("4_more", "4 or more")],
        level: |episode, _| usize::from(episode.pain.is_some_and(|pain| pain.score_x10 >= TRIAL_BASELINE)),
    },
    Stratum {
        id: BASELINE_DAY,
        label: "Score before treatment from",
        levels: &[("earlier", "Days before day 0"), (DAY_0, "Day 0 itself")],
        level: |episode, _| usize::from(episode.pain.is_some_and(|pain| pain.same_day)),
    },
];

/// Below the first edge, below the second, or above.
fn band(value: i32, edges: [i32; 2]) -> usize {
    edges.iter().filter(|&&edge| value >= edge).count()
}

/// Diagnosed, or a score at the threshold; without either somebody who was not
/// asked is not known to be free of it.
fn case(episode: &Episode, which: usize) -> usize {
    let (questionnaire, threshold) = CASES[which];
    match episode.questionnaires[questionnaire] {
        _ if episode.comorbidities[which] => 1,
        Some(score) => usize::from(score >= threshold),
        None => 2,
    }
}

/// Response counts of one group at the primary horizon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponseCounts {
    /// Due, with pain above 0 before treatment.
    pub eligible: u64,
    /// Of those, with a score at the horizon.
    pub observed: u64,
    /// Of those, at least 30 % lower.
    pub responders: u64,
}

impl AddAssign for ResponseCounts {
    fn add_assign(&mut self, other: Self) {
        self.eligible += other.eligible;
        self.observed += other.observed;
        self.responders += other.responders;
    }
}

/// Levels of the split that has most.
const MOST_LEVELS: usize = 4;

/// Counts by split and level (positions).
pub type Groups = [[ResponseCounts; MOST_LEVELS]; STRATA.len()];

/// Counts by when the series began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strata {
    /// The counts.
    pub periods: BTreeMap<Option<Period>, Groups>,
}

impl AddAssign for Strata {
    fn add_assign(&mut self, other: Self) {
        for (period, groups) in other.periods {
            let mine = self.periods.entry(period).or_default().as_flattened_mut();
            mine.iter_mut().zip(groups.as_flattened()).for_each(|(mine, theirs)| *mine += *theirs);
        }
    }
}

impl Strata {
    /// Counts a first series at the primary horizon.
    pub fn count(&mut self, episode: &Episode, outcome: &Outcome) {
        let Some(baseline) = episode.pain.map(|pain| pain.score_x10).filter(|&score| score > 0 && outcome.due) else {
            return;
        };
        let follow_up = outcome.scores.pain.known();
        let change = follow_up.map(|score| Change { baseline: ScoreX10(baseline), follow_up: ScoreX10(score) });
        let counts = ResponseCounts {
            eligible: 1,
            observed: u64::from(change.is_some()),
            responders: u64::from(change.is_some_and(|change| change.falls_by_percent(30))),
        };
        let groups = self.periods.entry(episode.period).or_default();
        for (levels, stratum) in groups.iter_mut().zip(&STRATA) {
            levels[(stratum.level)(episode, outcome)] += counts;
        }
    }
}
