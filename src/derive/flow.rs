//! Counting who remains, from the first input row to every denominator.

use std::ops::AddAssign;

use super::episode::{Episode, Outcome};
use crate::model::attrition::Attrition;
use crate::model::horizon::HORIZONS;

/// Who a pain step of the flow counts, over the analysis set: a headline that
/// counted others could not be what the flow ends in.
pub const PAIN_FLOW: &str = "first_series AND due AND baseline_pain_x10 > 0";
/// Who an opioid step counts.
pub const OPIOID_FLOW: &str =
    "first_series AND due AND opioid_in_scope AND opioid_user AND NOT buprenorphine_follow_up";

/// Counts at one horizon, first series only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtHorizon {
    /// Baseline above 0 and window closed.
    pub due: u64,
    /// Opioid users in scope whose window has closed.
    pub opioid_due: u64,
    /// Of those, not switched to buprenorphine.
    pub opioid_eligible: u64,
}

/// Counts of one run; those of two groups of patients add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Patients in the snapshot.
    pub patients: u64,
    /// With at least one infusion.
    pub treated: u64,
    /// Treatment series.
    pub series: u64,
    /// First series with a baseline pain score.
    pub with_baseline: u64,
    /// Of those, above 0.
    pub above_zero: u64,
    /// First series with opioid use in scope.
    pub opioid_users: u64,
    /// At each horizon.
    pub at: [AtHorizon; HORIZONS.len()],
}

/// The last steps at one horizon: what the results to date are divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Denominator of the pain response: due, and begun in a mature quarter.
    pub mature: u64,
    /// Of those, with a pain score.
    pub observed: u64,
    /// Denominator of the opioid reduction.
    pub opioid_mature: u64,
    /// Of those, with a known dose.
    pub opioid_observed: u64,
}

impl AddAssign for Flow {
    fn add_assign(&mut self, other: Self) {
        self.patients += other.patients;
        self.treated += other.treated;
        self.series += other.series;
        self.with_baseline += other.with_baseline;
        self.above_zero += other.above_zero;
        self.opioid_users += other.opioid_users;
        for (mine, theirs) in self.at.iter_mut().zip(other.at) {
            mine.due += theirs.due;
            mine.opioid_due += theirs.opioid_due;
            mine.opioid_eligible += theirs.opioid_eligible;
        }
    }
}

impl Flow {
    /// Adds one series, whose patient is counted elsewhere.
    pub fn count(&mut self, episode: &Episode, outcomes: &[Outcome; HORIZONS.len()]) {
        self.series += 1;
        if episode.number > 1 {
            return;
        }
        self.treated += 1;
        let baseline = episode.pain.map(|baseline| baseline.score_x10);
        let above_zero = baseline.is_some_and(|score| score > 0);
        let user = episode.opioid_in_scope && episode.opioid_user;
        self.with_baseline += u64::from(baseline.is_some());
        self.above_zero += u64::from(above_zero);
        self.opioid_users += u64::from(user);
        for (counts, outcome) in self.at.iter_mut().zip(outcomes) {
            counts.add(above_zero && outcome.due, user && outcome.due, outcome);
        }
    }

    /// The flow as a table: from the rows read and accepted to the denominators
    /// and the observed cases of everything mature, at each horizon.
    pub fn attrition(&self, rows_read: u64, rows_accepted: u64, ends: &[End; HORIZONS.len()]) -> Attrition {
        let mut flow = Attrition::default();
        flow.start("rows_read", "Rows read from every file", "rows", rows_read);
        flow.keep("rows_accepted", "Rows accepted", rows_accepted);
        flow.start("patients", "Patients", "patients", self.patients);
        flow.keep("treated", "Patients with an infusion", self.treated);
        flow.start("series", "Treatment series", "series", self.series);
        flow.keep("first_series", "First series of a patient", self.treated);
        flow.keep("with_baseline", "With a pain score before treatment", self.with_baseline);
        flow.keep("baseline_above_zero", "With pain above 0 before treatment", self.above_zero);
        for ((steps, at), end) in PAIN_STEPS.iter().zip(self.at).zip(ends) {
            flow.start(steps[0].0, steps[0].1, "series", at.due);
            flow.keep(steps[1].0, steps[1].1, end.mature);
            flow.keep(steps[2].0, steps[2].1, end.observed);
        }
        flow.start("opioid_users", "First series with opioid use before treatment", "series", self.opioid_users);
        for ((steps, at), end) in OPIOID_STEPS.iter().zip(&self.at[1..]).zip(&ends[1..]) {
            flow.start(steps[0].0, steps[0].1, "series", at.opioid_due);
            flow.keep(steps[1].0, steps[1].1, at.opioid_eligible);
            flow.keep(steps[2].0, steps[2].1, end.opioid_mature);
            flow.keep(steps[3].0, steps[3].1, end.opioid_observed);
        }
        flow
    }
}

impl AtHorizon {
    fn add(&mut self, due: bool, opioid_due: bool, outcome: &Outcome) {
        let switched = outcome.opioid == Some(super::opioid_dose::Dose::Buprenorphine);
        self.due += u64::from(due);
        self.opioid_due += u64::from(opioid_due);
        self.opioid_eligible += u64::from(opioid_due && !switched);
    }
}

/// Id and label.
type Named = (&'static str, &'static str);

const PAIN_STEPS: [[Named; 3]; HORIZONS.len()] = [
    [
        ("due_2w", "Due at 2 weeks"),
        ("mature_2w", "Of those, begun in a mature quarter"),
        ("observed_2w", "Of those, with a pain score at 2 weeks"),
    ],
    [
        ("due_4w", "Due at 4 weeks"),
        ("mature_4w", "Of those, begun in a mature quarter"),
        ("observed_4w", "Of those, with a pain score at 4 weeks"),
    ],
    [
        ("due_12w", "Due at 12 weeks"),
        ("mature_12w", "Of those, begun in a mature quarter"),
        ("observed_12w", "Of those, with a pain score at 12 weeks"),
    ],
    [
        ("due_24w", "Due at 24 weeks"),
        ("mature_24w", "Of those, begun in a mature quarter"),
        ("observed_24w", "Of those, with a pain score at 24 weeks"),
    ],
];

/// Two weeks has none: its window would reach back into the baseline.
const OPIOID_STEPS: [[Named; 4]; 3] = [
    [
        ("opioid_due_4w", "Opioid users due at 4 weeks"),
        ("opioid_not_switched_4w", "Not switched to buprenorphine by 4 weeks"),
        ("opioid_mature_4w", "Of those, begun in a mature quarter"),
        ("opioid_observed_4w", "Of those, with a known dose at 4 weeks"),
    ],
    [
        ("opioid_due_12w", "Opioid users due at 12 weeks"),
        ("opioid_not_switched_12w", "Not switched to buprenorphine by 12 weeks"),
        ("opioid_mature_12w", "Of those, begun in a mature quarter"),
        ("opioid_observed_12w", "Of those, with a known dose at 12 weeks"),
    ],
    [
        ("opioid_due_24w", "Opioid users due at 24 weeks"),
        ("opioid_not_switched_24w", "Not switched to buprenorphine by 24 weeks"),
        ("opioid_mature_24w", "Of those, begun in a mature quarter"),
        ("opioid_observed_24w", "Of those, with a known dose at 24 weeks"),
    ],
];
