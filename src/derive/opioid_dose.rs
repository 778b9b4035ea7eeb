//! Average daily opioid dose before treatment and at a horizon.
//!
//! Fixed 30-day windows (definition 3): baseline is days −30..−1, follow-up
//! the 30 days that end at the target. A dose that cannot be known is missing
//! with its reason, never 0 (definitions, mme_method.md).

use super::history::{Medication, PatientHistory, Prescription, Window, Withheld};
use crate::model::horizon::Horizon;
use crate::model::opioid::{Dispensing, Mme};

/// Length of both windows in days.
pub const WINDOW_DAYS: i32 = 30;
/// Fewer days with an opioid than this is not opioid use (product decision).
const USER_DAYS: i32 = 14;
/// How long before a window a quarantined prescription may still reach into it
/// where nobody can read for how long it was: the longest supply of an opioid that
/// is dispensed at once.
const LONGEST_SUPPLY: i32 = 90;

/// Why a dose is missing, or that it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dose {
    /// MME-days over the window.
    Known(Mme),
    /// Nobody confirmed the medication list.
    NotReviewed,
    /// An opioid without a factor was active.
    Unconvertible,
    /// Buprenorphine was active.
    Buprenorphine,
    /// An opioid agonist for opioid use disorder was active: a switch to
    /// treatment of a disorder is no reduction of a dose for pain.
    OudTreatment,
    /// A prescription that may have been active is in quarantine.
    Withheld,
}

impl Dose {
    /// The total, where it is known.
    pub fn known(self) -> Option<Mme> {
        if let Self::Known(total) = self { Some(total) } else { None }
    }

    /// Stable id in the analysis set.
    pub fn id(self) -> &'static str {
        match self {
            Self::Known(_) => "known",
            Self::NotReviewed => "not_reviewed",
            Self::Unconvertible => "unconvertible",
            Self::Buprenorphine => "buprenorphine",
            Self::OudTreatment => "oud_treatment",
            Self::Withheld => "withheld",
        }
    }
}

/// Days −30..−1 of a series.
pub fn baseline_window(index_day: i32) -> Window {
    Window { first: index_day - WINDOW_DAYS, last: index_day - 1 }
}

/// The 30 days that end at the horizon's target; `None` at two weeks, where
/// they would reach back into the baseline.
pub fn follow_up_window(index_day: i32, horizon: &Horizon) -> Option<Window> {
    let last = index_day + horizon.target;
    (horizon.target >= WINDOW_DAYS - 2).then_some(Window { first: last - WINDOW_DAYS + 1, last })
}

/// The dose over `window`, confirmed by a review within `review`.
///
/// What is known to be active outranks what was not confirmed: a switch to
/// buprenorphine is a fact with or without a review.
pub fn dose(history: &PatientHistory<'_>, window: Window, review: Window) -> Dose {
    let mut total = Mme::default();
    let mut active = Active::default();
    for prescription in history.prescriptions {
        let days = prescription.dispensing.days_within(window.first, window.last);
        match prescription.medication {
            Medication::Opioid => total += prescription.dispensing.daily.over(days),
            other if days > 0 => active.note(other),
            _ => {}
        }
    }
    active.dose(total, history, window, review)
}

/// What besides opioids with a factor was active in a window.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Active {
    buprenorphine: bool,
    oud_treatment: bool,
    pub(super) unconvertible: bool,
}

impl Active {
    pub(super) fn note(&mut self, medication: Medication) {
        match medication {
            Medication::Buprenorphine => self.buprenorphine = true,
            Medication::OudTreatment => self.oud_treatment = true,
            Medication::Unconvertible => self.unconvertible = true,
            Medication::Opioid | Medication::Benzodiazepine => {}
        }
    }

    /// The dose, unless something active makes it unknown.
    pub(super) fn dose(self, total: Mme, history: &PatientHistory<'_>, window: Window, review: Window) -> Dose {
        if self.buprenorphine {
            Dose::Buprenorphine
        } else if self.oud_treatment {
            Dose::OudTreatment
        } else if self.unconvertible {
            Dose::Unconvertible
        } else if withheld_near(history, window) {
            Dose::Withheld
        } else if is_reviewed(history, review) {
            Dose::Known(total)
        } else {
            Dose::NotReviewed
        }
    }
}

/// Whether the whole medication list is known to have been seen.
pub fn is_reviewed(history: &PatientHistory<'_>, review: Window) -> bool {
    history.complete_feed || history.reviews.iter().any(|&day| review.holds(day))
}

/// Days on which a review confirms the list at a horizon: from the target on,
/// since a list gone through earlier says nothing of the days after.
pub fn follow_up_review(index_day: i32, horizon: &Horizon) -> Window {
    Window { first: index_day + horizon.target, last: index_day + horizon.last }
}

fn withheld_near(history: &PatientHistory<'_>, window: Window) -> bool {
    history.withheld.iter().any(|withheld| reaches(*withheld, window))
}

/// Whether a quarantined prescription may have been taken on a day of the window.
fn reaches(withheld: Withheld, window: Window) -> bool {
    let lasts = withheld.days.map_or(LONGEST_SUPPLY, |days| days - 1);
    withheld.start.is_none_or(|start| start <= window.last && start + lasts >= window.first)
}

/// Whether the patient used opioids at baseline: a dose above zero, on at
/// least 14 days or as recorded long-term use.
pub fn is_user(history: &PatientHistory<'_>, baseline: Dose, window: Window) -> bool {
    let long_term = || history.diagnoses.iter().any(|diagnosis| diagnosis.long_term_opioid);
    baseline.known().is_some_and(|total| !total.is_zero())
        && (days_covered(history.prescriptions, window) >= USER_DAYS || long_term())
}

/// Days of the window on which at least one opioid was active.
fn days_covered(prescriptions: &[Prescription], window: Window) -> i32 {
    let mut covered: u32 = 0;
    for prescription in prescriptions.iter().filter(|prescription| prescription.medication == Medication::Opioid) {
        covered |= days_mask(&prescription.dispensing, window);
    }
    covered.count_ones().cast_signed()
}

/// One bit a day of a window of at most 32 days.
fn days_mask(dispensing: &Dispensing, window: Window) -> u32 {
    let days = dispensing.days_within(window.first, window.last);
    let skip = (dispensing.start - window.first).clamp(0, WINDOW_DAYS);
    if days == 0 { 0 } else { (u32::MAX >> (32 - days)) << skip }
}

/// Whether a medication of this kind was active on a day of the window.
pub fn is_active(history: &PatientHistory<'_>, medication: Medication, window: Window) -> bool {
    let active = |prescription: &Prescription| prescription.dispensing.days_within(window.first, window.last) > 0;
    history.prescriptions.iter().any(|prescription| prescription.medication == medication && active(prescription))
}

/// Whether a benzodiazepine and an opioid were active on the same day.
pub fn benzodiazepine_with_opioid(history: &PatientHistory<'_>, window: Window) -> bool {
    let mut masks = [0_u32; 2];
    for prescription in history.prescriptions {
        let which = match prescription.medication {
            Medication::Benzodiazepine => 0,
            Medication::Opioid | Medication::Unconvertible | Medication::Buprenorphine => 1,
            Medication::OudTreatment => continue,
        };
        masks[which] |= days_mask(&prescription.dispensing, window);
    }
    masks[0] & masks[1] != 0
}

#[cfg(test)]
mod tests {
    use super::{Withheld, baseline_window, reaches};

    /// The window is days −30 to −1; a supply of 30 from day −60 ends on day −31.
    #[test]
    fn a_quarantined_prescription_reaches_as_far_as_its_supply() {
        for (start, days, expected) in [
            (Some(-60), Some(30), false),
            (Some(-60), Some(31), true),
            (Some(-366), Some(366), true),
            (Some(-1), Some(1), true),
            (Some(0), Some(30), false),
            (Some(-120), None, true),
            (Some(-121), None, false),
            (None, Some(7), true),
            (None, None, true),
        ] {
            assert_eq!(reaches(Withheld { start, days }, baseline_window(0)), expected, "{start:?} {days:?}");
        }
    }
}
