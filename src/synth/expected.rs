//! What the planted probabilities lead one to expect at twelve weeks.
//!
//! Only the four operations of IEEE arithmetic are used, in a fixed order, so the figures printed
//! into `truth.json` are the same everywhere.

use super::clinic::Clinic;
use super::truth::{CONDITIONS, Condition, FATES, Fate, FateOdds, HORIZONS, MISSED_VISIT, PRIMARY};

/// Expected rates, 0 to 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// True response, seen or not.
    pub(super) response: f64,
    /// Share observed.
    pub(super) observed: f64,
    /// Response with the missing counted as non-responders.
    pub(super) nri: f64,
    /// Response among the observed.
    pub(super) oc: f64,
}

/// Expected pain response of one condition over `clinics`.
pub(super) fn of_condition(condition: &Condition, clinics: &[Clinic]) -> Expected {
    let response = per_mille(condition.response);
    let [kept_responder, kept_other] = kept(clinics);
    let nri = response * kept_responder;
    let observed = nri + (1.0 - response) * kept_other;
    Expected { response, observed, nri, oc: nri / observed }
}

/// Expected pain response of all patients.
pub(super) fn overall(clinics: &[Clinic]) -> Expected {
    let mut sum = Expected { response: 0.0, observed: 0.0, nri: 0.0, oc: 0.0 };
    for condition in CONDITIONS {
        let (share, one) = (per_mille(condition.share), of_condition(condition, clinics));
        sum.response += share * one.response;
        sum.observed += share * one.observed;
        sum.nri += share * one.nri;
    }
    Expected { oc: sum.nri / sum.observed, ..sum }
}

/// Expected share of the observed opioid users outside buprenorphine switches whose fate is one
/// of `fates`. Users are as likely to respond as anyone.
pub(super) fn opioid_share(fates: &[Fate], clinics: &[Clinic]) -> f64 {
    let all = overall(clinics);
    let [responder, other] = [all.nri, all.observed - all.nri];
    let weight = |odds: &FateOdds| responder * per_mille(odds.responder) + other * per_mille(odds.other);
    let total = |keep: &dyn Fn(Fate) -> bool| -> f64 { FATES.iter().filter(|odds| keep(odds.fate)).map(weight).sum() };
    total(&|fate| fates.contains(&fate)) / total(&|fate| fate != Fate::Switched)
}

/// Chance of being seen at twelve weeks for responders and for others, averaged over clinics.
fn kept(clinics: &[Clinic]) -> [f64; 2] {
    let horizon = &HORIZONS[PRIMARY];
    let weights: u32 = clinics.iter().map(|clinic| clinic.weight).sum();
    let present = 1.0 - per_mille(MISSED_VISIT);
    [horizon.kept_responder, horizon.kept_other].map(|kept| {
        // The generator's own integer products, so that rounding is the same.
        let sum: u32 = clinics.iter().map(|c| c.weight * (kept * c.follow_up / 1000)).sum();
        f64::from(sum) / f64::from(weights) / 1000.0 * present
    })
}

fn per_mille(value: u32) -> f64 {
    f64::from(value) / 1000.0
}
