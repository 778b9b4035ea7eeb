//! What became of those due at the primary horizon: seen, or why not.
//!
//! A death is never "lost to follow-up" (definitions, measures.md §2), and
//! neither is a patient who said why they would not come back.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use super::episode::{Episode, Outcome};
use super::history::{PatientHistory, Reason};
use crate::model::calendar::Period;

/// Id and label of every status, in report order. Each patient due has one.
pub const STATUSES: [(&str, &str); 7] = [
    ("seen", "Seen"),
    ("died", "Died"),
    ("withdrew", "Withdrew from treatment or follow-up"),
    ("moved", "Moved away"),
    ("left_otherwise", "Left for another reason"),
    ("lost", "Lost, nobody said why"),
    ("not_recorded", "Lost, and their source records no reasons"),
];

/// Position of the first status that only a source with departures can tell.
pub const FIRST_TOLD: usize = 1;
/// Position of the last one.
pub const LAST_TOLD: usize = 5;

/// Why the patient had left by `day`; a death before anything else.
pub fn left_by(history: &PatientHistory<'_>, day: i32) -> Option<Reason> {
    let mut reasons = history.departures.iter().filter(|departure| departure.day <= day).map(|one| one.reason);
    if reasons.clone().any(|reason| reason == Reason::Died) { Some(Reason::Died) } else { reasons.next() }
}

/// Counts by period and status (position).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statuses {
    /// The counts.
    pub cells: BTreeMap<(Option<Period>, usize), u64>,
    /// Periods with someone whose source delivered departures, be it none.
    pub told: BTreeSet<Option<Period>>,
}

impl AddAssign for Statuses {
    fn add_assign(&mut self, other: Self) {
        for (key, count) in other.cells {
            *self.cells.entry(key).or_default() += count;
        }
        self.told.extend(other.told);
    }
}

impl Statuses {
    /// Counts a first series at the primary horizon: the denominator of the pain
    /// response. `told`: whether the patient's source delivered departures.
    pub fn count(&mut self, episode: &Episode, outcome: &Outcome, told: bool) {
        if outcome.due && episode.pain.is_some_and(|pain| pain.score_x10 > 0) {
            *self.cells.entry((episode.period, status(outcome, told))).or_default() += 1;
            if told {
                self.told.insert(episode.period);
            }
        }
    }
}

fn status(outcome: &Outcome, told: bool) -> usize {
    match (outcome.scores.pain, outcome.left) {
        (None, None) if !told => 6,
        (Some(_), _) => 0,
        (None, Some(Reason::Died)) => 1,
        (None, Some(Reason::Withdrew)) => 2,
        (None, Some(Reason::Moved)) => 3,
        (None, Some(Reason::Other)) => 4,
        (None, None) => 5,
    }
}
