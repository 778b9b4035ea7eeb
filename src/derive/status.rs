//! What became of those due at the primary horizon: seen, or why not.
//!
//! A death is never "lost to follow-up" (definitions, measures.md §2), and
//! neither is a patient who said why they would not come back.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use super::episode::{Episode, Outcome};
use super::history::{PatientHistory, Reason, Told};
use crate::model::calendar::Period;

/// Those lost whose source does not tell every reason.
pub const REASON_UNKNOWN: &str = "not_recorded";

/// Id and label of every status, in report order. Each patient due has one.
pub const STATUSES: [(&str, &str); 7] = [
    ("seen", "Seen"),
    ("died", "Died"),
    ("withdrew", "Withdrew from treatment or follow-up"),
    ("moved", "Moved away"),
    ("left_otherwise", "Left for another reason"),
    ("lost", "Lost, nobody said why"),
    (REASON_UNKNOWN, "Lost, and their source does not record every reason"),
];

/// Position of the first reason; the others follow as in `Reason`.
const FIRST_REASON: usize = 1;
/// Position of those lost although their source tells every reason.
const LOST: usize = 5;
/// Position of those lost whose source does not.
const NOT_RECORDED: usize = 6;

/// Whether only a source that records departures can tell the status.
pub fn needs_telling(status: usize) -> bool {
    (FIRST_REASON..=LOST).contains(&status)
}

/// Why the patient had left by `day`, whichever of the patient's sources said so:
/// a death before anything else, then what came first; of one day, in the order
/// the reasons are reported in.
pub fn left_by(history: &PatientHistory<'_>, day: i32) -> Option<Reason> {
    let left = history.departures.iter().filter(|departure| departure.day <= day);
    left.min_by_key(|departure| (departure.reason != Reason::Died, departure.day, departure.reason))
        .map(|departure| departure.reason)
}

/// Counts by period and status (position).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statuses {
    /// The counts.
    pub cells: BTreeMap<(Option<Period>, usize), u64>,
    /// Period and status (position), where someone's source would have told it.
    pub told: BTreeSet<(Option<Period>, usize)>,
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
    /// response. `told`: which departures the patient's source tells.
    pub fn count(&mut self, episode: &Episode, outcome: &Outcome, told: Told) {
        if outcome.due && episode.pain.is_some_and(|pain| pain.score_x10 > 0) {
            *self.cells.entry((episode.period, status(outcome, told))).or_default() += 1;
            let reasons = Reason::ALL.into_iter().filter(|reason| told.tells(*reason));
            self.told.extend(reasons.map(|reason| (episode.period, of_reason(reason))));
            if told == Told::ALL {
                self.told.insert((episode.period, LOST));
            }
        }
    }
}

fn of_reason(reason: Reason) -> usize {
    FIRST_REASON + reason as usize
}

fn status(outcome: &Outcome, told: Told) -> usize {
    match (outcome.scores.pain.known(), outcome.left) {
        (Some(_), _) => 0,
        (None, Some(reason)) => of_reason(reason),
        (None, None) if told == Told::ALL => LOST,
        (None, None) => NOT_RECORDED,
    }
}
