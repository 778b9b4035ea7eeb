//! How long relief lasts.
//!
//! Relief begins with the first score after induction that is at least 30 %
//! below the baseline, and is lost with the first later score that is not: pain
//! is back within 30 % of where it was. Scores are seen at visits only, so the
//! loss lies between the last visit still better and the visit recorded here;
//! both are kept. Another infusion after relief began is kept beside it: it may
//! be rescue or routine, and records do not say which.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::baseline::Baseline;
use super::history::{PatientHistory, Window};
use super::series::Series;
use crate::model::calendar::Period;
use crate::model::pain::{Change, ScoreX10};

/// Less pain than this, in per cent of the baseline, is relief (IMMPACT:
/// moderate improvement, doi:10.1016/j.jpain.2007.09.005).
const RELIEF_PERCENT: i32 = 30;

/// The relief of one series, in days from the first score that showed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relief {
    /// Day of that score, counted from day 0.
    pub begins: i32,
    /// To the score that showed the loss, or else to the last score.
    pub days: i32,
    /// Whether relief was lost.
    pub lost: bool,
    /// To the last score that still showed it.
    pub least_days: i32,
    /// To the next infusion, where there is one.
    pub retreated: Option<i32>,
}

/// The relief after `series`; `None` when no score showed any. Scores from the
/// next series on (`until`) belong to that one; those of an infusion day to
/// none, and of several on one day the last recorded counts.
pub fn relief(history: &PatientHistory<'_>, baseline: Baseline, series: &Series, until: Option<i32>) -> Option<Relief> {
    let window = Window { first: series.induction_end + 1, last: until.map_or(i32::MAX, |day| day - 1) };
    let mut found: Option<Relief> = None;
    let mut start = 0;
    let mut scores = history
        .assessments_in(window)
        .iter()
        .filter(|assessment| assessment.scale == baseline.scale && !history.infused_on(assessment.day))
        .peekable();
    while let Some(score) = scores.next() {
        if scores.peek().is_some_and(|next| next.day == score.day) {
            continue;
        }
        let change = Change { baseline: ScoreX10(baseline.score_x10), follow_up: ScoreX10(score.score_x10) };
        let better = change.falls_by_percent(RELIEF_PERCENT);
        match &mut found {
            None if better => {
                start = score.day;
                found = Some(Relief {
                    begins: start - series.index_day,
                    days: 0,
                    lost: false,
                    least_days: 0,
                    retreated: next_infusion(history, start).map(|day| day - start),
                });
            }
            None => {}
            Some(relief) => {
                relief.days = score.day - start;
                relief.lost = !better;
                if relief.lost {
                    break;
                }
                relief.least_days = relief.days;
            }
        }
    }
    found
}

fn next_infusion(history: &PatientHistory<'_>, day: i32) -> Option<i32> {
    let next = history.infusions.partition_point(|infusion| infusion.day <= day);
    history.infusions.get(next).map(|infusion| infusion.day)
}

/// What ended the relief of how many, by the day since it began. Days are few, so
/// the tally costs the same for a hundred patients and for a million.
pub type ByDay<const WAYS: usize> = BTreeMap<i32, [u64; WAYS]>;

/// Relief in first series; counts of two groups add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReliefCounts {
    /// Patients with relief.
    pub patients: u64,
    /// Lost, or last seen well, whatever was infused in between.
    pub lost: ByDay<2>,
    /// Lost, or last seen well, with losses dated the day after the last score that
    /// was still better.
    pub soonest: ByDay<2>,
    /// Lost first, infused again first, or neither.
    pub first: ByDay<3>,
}

/// Counts by quarter, or the period the site gave, and condition (position).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durability {
    /// The counts.
    pub cells: BTreeMap<(Option<Period>, usize), ReliefCounts>,
}

impl ReliefCounts {
    /// Counts the relief of several patients. What happens on one day counts as the
    /// loss. Nobody is followed beyond their last score: infusions are on record for
    /// longer, and with losses that could no longer be seen beside infusions that
    /// could, infusions would come first too often.
    fn of(reliefs: &[Relief]) -> Self {
        let way = |relief: &Relief| usize::from(!relief.lost);
        let soonest = |relief: &Relief| if relief.lost { relief.least_days + 1 } else { relief.days };
        let first = |relief: &Relief| match relief.retreated {
            Some(day) if day < relief.days || (day == relief.days && !relief.lost) => (day, 1),
            _ => (relief.days, if relief.lost { 0 } else { 2 }),
        };
        Self {
            patients: reliefs.len() as u64,
            lost: by_day(reliefs.iter().map(|relief| (relief.days, way(relief)))),
            soonest: by_day(reliefs.iter().map(|relief| (soonest(relief), way(relief)))),
            first: by_day(reliefs.iter().map(first)),
        }
    }
}

/// Sorted and counted at once: a look-up a patient would cost several times as much.
fn by_day<const WAYS: usize>(seen: impl Iterator<Item = (i32, usize)>) -> ByDay<WAYS> {
    let mut seen: Vec<(i32, usize)> = seen.collect();
    seen.sort_unstable();
    let of_day = |of_day: &[(i32, usize)]| {
        let mut counts = [0; WAYS];
        for (_, way) in of_day {
            counts[*way] += 1;
        }
        (of_day[0].0, counts)
    };
    seen.chunk_by(|a, b| a.0 == b.0).map(of_day).collect()
}

/// The relief of first series, waiting to be counted.
#[derive(Debug, Default)]
pub struct Reliefs(Vec<((Option<Period>, usize), Relief)>);

impl Reliefs {
    /// Adds a first series with relief, by when it began and its condition's position.
    pub fn add(&mut self, period: Option<Period>, condition: usize, relief: Relief) {
        let quarter = |period: Period| match period {
            Period::Month(..) => Period::quarter_of(period.first_day()),
            other => other,
        };
        self.0.push(((period.map(quarter), condition), relief));
    }

    /// Counts those that wait.
    pub fn count(&mut self) -> Durability {
        let mut waiting = std::mem::take(&mut self.0);
        waiting.sort_unstable_by_key(|(cell, _)| *cell);
        let of_cell = |reliefs: &[((Option<Period>, usize), Relief)]| {
            let (cell, _) = reliefs[0];
            (cell, ReliefCounts::of(&reliefs.iter().map(|(_, relief)| *relief).collect::<Vec<_>>()))
        };
        Durability { cells: waiting.chunk_by(|a, b| a.0 == b.0).map(of_cell).collect() }
    }
}

fn merge<const WAYS: usize>(mine: &mut ByDay<WAYS>, theirs: &ByDay<WAYS>) {
    for (&day, counts) in theirs {
        mine.entry(day).or_insert([0; WAYS]).iter_mut().zip(counts).for_each(|(mine, theirs)| *mine += theirs);
    }
}

impl AddAssign<&Self> for ReliefCounts {
    fn add_assign(&mut self, other: &Self) {
        self.patients += other.patients;
        merge(&mut self.lost, &other.lost);
        merge(&mut self.soonest, &other.soonest);
        merge(&mut self.first, &other.first);
    }
}

impl AddAssign for Durability {
    fn add_assign(&mut self, other: Self) {
        for (key, counts) in other.cells {
            *self.cells.entry(key).or_default() += &counts;
        }
    }
}
