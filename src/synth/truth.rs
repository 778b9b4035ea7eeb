//! The planted truth: what the synthetic patients' outcomes are drawn from.
//!
//! All probabilities are per mille. `truth.md` and `truth.json`, written beside the data, are
//! printed from these tables, so the description cannot drift from the draws.

/// How a pain condition behaves and how clinics write it down.
#[derive(Debug)]
pub(super) struct Condition {
    /// Pack code.
    pub(super) code: &'static str,
    /// Share of patients who have it as their first diagnosis.
    pub(super) share: u32,
    /// Chance that pain is down by at least 30 % twelve weeks after day 0, seen or not.
    pub(super) response: u32,
    /// ICD-10-CM codes clinics use for it; none for the two that have no code.
    pub(super) icd: &'static [&'static str],
    /// Names clinics use for it.
    pub(super) aliases: &'static [&'static str],
}

const fn condition(
    code: &'static str,
    share: u32,
    response: u32,
    icd: &'static [&'static str],
    aliases: &'static [&'static str],
) -> Condition {
    Condition { code, share, response, icd, aliases }
}

/// Every condition of the pack, in its order. Shares add up to 1000.
///
/// CRPS has the strongest evidence for ketamine and is planted highest; the unspecified bucket is
/// planted lowest, so that a report which mixes them up is caught.
#[rustfmt::skip]
pub(super) const CONDITIONS: &[Condition] = &[
    condition("crps_1", 140, 740, &["G90.511", "G90.522", "G90.50"], &["crps type i", "rsd"]),
    condition("crps_2", 40, 720, &["G56.41", "G57.72"], &["causalgia", "CRPS II"]),
    condition("crps_unspecified", 30, 700, &[], &["crps", "Complex Regional Pain Syndrome"]),
    condition("fibromyalgia", 150, 610, &["M79.7"], &["fms", "Fibrositis"]),
    condition("migraine", 90, 640, &["G43.709", "G43.719"], &["chronic migraine"]),
    condition("headache_other", 25, 590, &["G44.229", "R51.9"], &["cluster headache", "ndph"]),
    condition("neuropathy", 90, 620, &["E11.42", "G62.9", "G60.3"], &["small fiber neuropathy"]),
    condition("neuropathic_pain", 90, 630, &["M79.2", "B02.29", "G89.0"], &["phn", "nerve pain"]),
    condition("cancer_pain", 20, 580, &["G89.3"], &["cancer pain"]),
    condition("rheumatoid_arthritis", 25, 560, &["M05.79", "M06.9"], &["RA"]),
    condition("lupus", 20, 560, &["M32.9"], &["sle"]),
    condition("lyme_chronic", 25, 540, &["A69.20"], &["chronic lyme", "ptlds"]),
    condition("back_pain", 110, 580, &["M54.50", "M54.16", "M96.1", "M54.5"], &["fbss", "low back pain"]),
    condition("neck_pain", 40, 590, &["M54.2", "M54.12", "M50.20"], &["cervicalgia"]),
    condition("trigeminal_neuralgia", 20, 660, &["G50.0"], &["tic douloureux"]),
    condition("phantom_limb", 15, 680, &["G54.6"], &["phantom limb pain", "plp"]),
    condition("chronic_pancreatitis", 15, 550, &["K86.1"], &["chronic pancreatitis"]),
    condition("gastroparesis", 10, 520, &["K31.84"], &["delayed gastric emptying"]),
    condition("cyclic_vomiting", 10, 570, &["R11.15", "G43.A0"], &["cvs"]),
    condition("chronic_pain_nos", 25, 450, &["G89.29", "G89.4"], &["chronic pain syndrome"]),
    condition("other", 10, 500, &[], &[]),
];

/// A time at which patients are asked about their pain again.
#[derive(Debug)]
pub(super) struct Horizon {
    pub(super) name: &'static str,
    /// Day aimed at, counted from day 0.
    pub(super) target: i32,
    /// First and last day a visit takes place; both lie inside the measure's window.
    pub(super) visit: [i32; 2],
    /// Last day of the measure's window, after which a patient is due.
    pub(super) due: i32,
    /// The chance of response is the condition's times this: relief fades.
    pub(super) relief: u32,
    /// Chance that someone who responds at twelve weeks is still in care.
    pub(super) kept_responder: u32,
    /// The same for someone who does not: missing data depend on the outcome.
    pub(super) kept_other: u32,
}

const fn horizon(
    (name, target, due): (&'static str, i32, i32),
    visit: [i32; 2],
    relief: u32,
    [kept_responder, kept_other]: [u32; 2],
) -> Horizon {
    Horizon { name, target, visit, due, relief, kept_responder, kept_other }
}

/// The four horizons in order of time.
pub(super) const HORIZONS: [Horizon; 4] = [
    horizon(("2w", 14, 20), [15, 20], 1080, [960, 940]),
    horizon(("4w", 28, 41), [23, 37], 1050, [930, 850]),
    horizon(("12w", 84, 111), [70, 104], 1000, [880, 680]),
    horizon(("24w", 168, 210), [148, 198], 780, [700, 420]),
];

/// Index of twelve weeks, the primary horizon.
pub(super) const PRIMARY: usize = 2;
/// Chance that a patient still in care misses one visit all the same.
pub(super) const MISSED_VISIT: u32 = 40;
/// Share of responders whose pain is at least halved.
pub(super) const DEEP: u32 = 700;
/// Chance that someone without response is at least 30 % worse, where the scale leaves room.
pub(super) const WORSE: u32 = 110;
/// Share with no score in the thirty days before day 0.
pub(super) const NO_BASELINE: u32 = 30;
/// Share with a baseline score of 0, and of 1 to 3.
pub(super) const BASELINE_ZERO: u32 = 10;
pub(super) const BASELINE_LOW: u32 = 50;
/// Share of patients on prescribed opioids when treatment starts.
pub(super) const OPIOID_USER: u32 = 380;
/// Chance that a changed dose is of another drug, where one is planned for (`rotation`).
pub(super) const ROTATED: u32 = 600;
/// Chance that the medication list of a follow-up visit was reviewed completely.
pub(super) const REVIEW_COMPLETE: u32 = 920;
/// Chance that the first series ends before its fifth infusion.
pub(super) const STOPS_EARLY: u32 = 120;
/// Chance of a second series after a gap of more than ninety days.
pub(super) const SECOND_SERIES: u32 = 150;
/// Chance that consent is withdrawn later.
pub(super) const WITHDRAWN: u32 = 6;

/// What becomes of an opioid user's dose; the new dose holds from day 26.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// No opioid at all in the thirty days before day 84.
    Stopped,
    /// Down by at least 50 %.
    Halved,
    /// Down by 30 to 49 %.
    Reduced,
    /// Unchanged.
    Stable,
    /// Up by 25 % or more.
    Raised,
    /// Moved to buprenorphine, which has no MME: not a reduction.
    Switched,
}

/// How often a fate befalls those who respond at twelve weeks, and those who do not.
#[derive(Debug)]
pub(super) struct FateOdds {
    pub(super) fate: Fate,
    pub(super) name: &'static str,
    pub(super) responder: u32,
    pub(super) other: u32,
}

const fn odds(fate: Fate, name: &'static str, responder: u32, other: u32) -> FateOdds {
    FateOdds { fate, name, responder, other }
}

/// Every fate; each column adds up to 1000.
pub(super) const FATES: &[FateOdds] = &[
    odds(Fate::Stopped, "stopped", 140, 40),
    odds(Fate::Halved, "halved", 330, 120),
    odds(Fate::Reduced, "reduced_30_to_49", 120, 80),
    odds(Fate::Stable, "stable", 340, 640),
    odds(Fate::Raised, "raised", 30, 90),
    odds(Fate::Switched, "switched_to_buprenorphine", 40, 30),
];

#[cfg(test)]
mod tests {
    use super::{CONDITIONS, FATES};

    #[test]
    fn shares_are_complete() {
        assert_eq!(CONDITIONS.iter().map(|c| c.share).sum::<u32>(), 1000);
        assert_eq!(FATES.iter().map(|f| f.responder).sum::<u32>(), 1000);
        assert_eq!(FATES.iter().map(|f| f.other).sum::<u32>(), 1000);
    }
}
