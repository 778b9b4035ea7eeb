//! Pain scores repeated before treatment: how far two scores of one patient agree
//! says how much of a high score is chance.
//!
//! They are counted as sums by the number of scores, which is all an analysis of
//! variance needs, so that the counts of two groups of patients add up.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::baseline::Baseline;
use super::episode::{Episode, Outcome};
use super::history::{PatientHistory, Window};
use crate::model::calendar::Period;

/// A patient's scores before treatment, added up, in tenths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scores {
    /// How many days have one.
    pub number: u32,
    /// Their sum.
    pub total: u64,
    /// The sum of their squares.
    pub squares: u64,
}

/// Patients with the same number of scores, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many they are.
    pub patients: u64,
    /// The sum of all scores.
    pub total: u64,
    /// The sum of the squares of each patient's total.
    pub squares_of_totals: u64,
    /// The sum of the squares of all scores.
    pub squares: u64,
}

/// Patients with two scores or more, by period and number of scores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repeats {
    /// The sums.
    pub cells: BTreeMap<(Option<Period>, u32), Sums>,
}

/// The scores of the baseline's scale in the `days` before the series: the last
/// recorded of a day. None of day 0, which may follow the infusion.
pub fn before(history: &PatientHistory<'_>, baseline: Baseline, index_day: i32, days: i32) -> Scores {
    let window = Window { first: index_day - days, last: index_day - 1 };
    let of_scale = history.assessments_in(window).iter().filter(|assessment| assessment.scale == baseline.scale);
    let mut scores = of_scale.peekable();
    let mut found = Scores::default();
    while let Some(score) = scores.next() {
        if scores.peek().is_some_and(|next| next.day == score.day) {
            continue;
        }
        let tenths = u64::from(score.score_x10.unsigned_abs());
        found.number += 1;
        found.total += tenths;
        found.squares += tenths * tenths;
    }
    found
}

impl Repeats {
    /// Counts a first series at the primary horizon: some of the denominator of
    /// the pain response.
    pub fn count(&mut self, history: &PatientHistory<'_>, episode: &Episode, outcome: &Outcome, days: i32) {
        let Some(baseline) = episode.pain.filter(|pain| outcome.due && pain.score_x10 > 0) else { return };
        let scores = before(history, baseline, episode.series.index_day, days);
        if scores.number >= 2 {
            *self.cells.entry((episode.period, scores.number)).or_default() += Sums {
                patients: 1,
                total: scores.total,
                squares_of_totals: scores.total * scores.total,
                squares: scores.squares,
            };
        }
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.patients += other.patients;
        self.total += other.total;
        self.squares_of_totals += other.squares_of_totals;
        self.squares += other.squares;
    }
}

impl AddAssign for Repeats {
    fn add_assign(&mut self, other: Self) {
        for (key, sums) in other.cells {
            *self.cells.entry(key).or_default() += sums;
        }
    }
}
