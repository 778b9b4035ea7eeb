//! Doses before and after by band, and who counts as a responder under each set
//! of MME factors, among patients on opioids before treatment.
//!
//! Counted while the analysis set is written: a set of factors more costs nothing
//! for those who take no opioid, and needs no column.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::episode::{Episode, Outcome};
use super::factor_sets::FactorSets;
use super::history::{PatientHistory, Window};
use super::opioid_dose::{self, Dose};
use crate::model::calendar::Period;
use crate::model::horizon::Horizon;
use crate::model::opioid::Mme;

/// Bands of the average daily dose: id and label.
pub const BANDS: [(&str, &str); 5] = [
    ("none", "No opioid"),
    ("below_50", "Above 0, below 50\u{A0}MME"),
    ("50_to_90", "50 to below 90\u{A0}MME"),
    ("90_more", "90\u{A0}MME or more"),
    ("unknown", "Not computable"),
];

/// What a set of factors says of a patient: ids, in this order.
pub const STATUSES: [&str; 3] = ["responder", "non_responder", "not_computable"];
/// At least 50 % less.
pub const RESPONDER: usize = 0;
/// Both doses known, and not that.
pub const NON_RESPONDER: usize = 1;
/// A dose is unknown.
pub const NOT_COMPUTABLE: usize = 2;

/// Hundredths of a per cent from which a reduction counts.
const HALF: i64 = 5_000;
const THIRTY: i64 = 3_000;

/// What one set of factors says of the patients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetCounts {
    /// Both doses known.
    pub computable: u64,
    /// At least 50 % less.
    pub half: u64,
    /// At least 30 % less.
    pub thirty: u64,
    /// None any more, and no buprenorphine since day 0.
    pub stopped: u64,
    /// Status at 50 % under the pipeline's set (first) and under this one.
    pub joint: [[u64; 3]; 3],
}

/// Counts of patients on opioids before treatment whose dose is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub patients: u64,
    /// By band before treatment.
    pub before: [u64; BANDS.len()],
    /// By band at the horizon.
    pub after: [u64; BANDS.len()],
    /// By band before treatment, of those whose dose at the horizon is known too.
    pub before_known: [u64; BANDS.len()],
    /// Under the pipeline's set, then under every compared one.
    pub sets: Vec<SetCounts>,
}

/// Counts by period, at the primary horizon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpioidCounts {
    /// The counts.
    pub cells: BTreeMap<Option<Period>, Counts>,
}

/// Both doses of a patient under one set.
#[derive(Clone, Copy, Debug)]
struct Pair {
    before: Dose,
    after: Dose,
    /// Buprenorphine since day 0, so that nobody stopped by switching.
    switched: bool,
}

impl Pair {
    /// Hundredths of a per cent less; `None` where either dose is unknown, or
    /// nothing was there to reduce.
    fn reduction(self) -> Option<i64> {
        self.before.known()?.reduction_x100(self.after.known()?)
    }

    fn status(self) -> usize {
        self.reduction().map_or(NOT_COMPUTABLE, |less| if less >= HALF { RESPONDER } else { NON_RESPONDER })
    }

    fn counts(self, primary: usize) -> SetCounts {
        let reduction = self.reduction();
        let at_least = |wanted: i64| u64::from(reduction.is_some_and(|less| less >= wanted));
        let zero = reduction.is_some() && self.after.known().is_some_and(Mme::is_zero);
        let mut joint = [[0; 3]; 3];
        joint[primary][self.status()] = 1;
        SetCounts {
            computable: u64::from(reduction.is_some()),
            half: at_least(HALF),
            thirty: at_least(THIRTY),
            stopped: u64::from(zero && !self.switched),
            joint,
        }
    }
}

/// The band of an average over the window.
fn band(dose: Dose) -> usize {
    let Some(total) = dose.known() else { return 4 };
    let at_least = |mme: i64| total.at_least(mme * i64::from(opioid_dose::WINDOW_DAYS));
    match () {
        () if total.is_zero() => 0,
        () if at_least(90) => 3,
        () => usize::from(at_least(50)) + 1,
    }
}

impl OpioidCounts {
    /// Counts a first series at the primary horizon, if the measures of opioid
    /// reduction count it: the same patients under every set.
    pub fn count(
        &mut self,
        history: &PatientHistory<'_>,
        episode: &Episode,
        outcome: &Outcome,
        (horizon, sets): (&Horizon, &FactorSets),
    ) {
        let counted = outcome.due && episode.opioid_in_scope && episode.opioid_user;
        let Some(after) = outcome.opioid.filter(|dose| counted && *dose != Dose::Buprenorphine) else { return };
        let pair = Pair { before: episode.opioid, after, switched: outcome.buprenorphine_since_start };
        let counts = self.cells.entry(episode.period).or_default();
        counts.patients += 1;
        counts.before[band(pair.before)] += 1;
        counts.after[band(pair.after)] += 1;
        counts.before_known[band(pair.before)] += u64::from(pair.after.known().is_some());
        counts.sets.resize(sets.len() + 1, SetCounts::default());
        let primary = pair.status();
        counts.sets[0] += pair.counts(primary);
        for set in 0..sets.len() {
            let pair = under(sets, set, history, episode.series.index_day, horizon, pair);
            counts.sets[set + 1] += pair.counts(primary);
        }
    }
}

fn under(
    sets: &FactorSets,
    set: usize,
    history: &PatientHistory<'_>,
    index_day: i32,
    horizon: &Horizon,
    pair: Pair,
) -> Pair {
    let window = opioid_dose::baseline_window(index_day);
    let review = Window { first: window.first, last: index_day };
    let follow_up = opioid_dose::follow_up_window(index_day, horizon).expect("a dose at the horizon has a window");
    Pair {
        before: sets.dose(set, history, window, review),
        after: sets.dose(set, history, follow_up, opioid_dose::follow_up_review(index_day, horizon)),
        ..pair
    }
}

impl AddAssign for SetCounts {
    fn add_assign(&mut self, other: Self) {
        self.computable += other.computable;
        self.half += other.half;
        self.thirty += other.thirty;
        self.stopped += other.stopped;
        for (mine, theirs) in self.joint.iter_mut().flatten().zip(other.joint.iter().flatten()) {
            *mine += theirs;
        }
    }
}

impl AddAssign<&Self> for Counts {
    fn add_assign(&mut self, other: &Self) {
        self.patients += other.patients;
        for band in 0..BANDS.len() {
            self.before[band] += other.before[band];
            self.after[band] += other.after[band];
            self.before_known[band] += other.before_known[band];
        }
        self.sets.resize(self.sets.len().max(other.sets.len()), SetCounts::default());
        self.sets.iter_mut().zip(&other.sets).for_each(|(mine, theirs)| *mine += *theirs);
    }
}

impl AddAssign for OpioidCounts {
    fn add_assign(&mut self, other: Self) {
        for (period, counts) in &other.cells {
            *self.cells.entry(*period).or_default() += counts;
        }
    }
}
