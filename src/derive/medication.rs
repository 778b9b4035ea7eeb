//! What a prescription means: which medication it is, and how many MME a day.

use super::history::{Medication, Prescription};
use crate::model::opioid::{Dispensing, Factor, Mme, patches_worn};
use crate::model::vocabulary::{OUD_WORDS, PARENTERAL_ROUTES, is_outpatient_route};
use crate::protocol::{DrugClass, Protocol};

/// In place of a drug's position: injected or given nobody knows how, so that no
/// set of factors lists it.
pub const INJECTED: u16 = u16::MAX;
/// Injected or infused on so many days, an opioid is part of a procedure.
const PROCEDURE_DAYS: i32 = 1;

/// What a drug means under the pipeline's factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// Position in the pack.
    drug: u16,
    class: DrugClass,
    factor: Option<Factor>,
    patch: bool,
}

/// How and for what a drug was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// By a route outside outpatient doses.
    pub parenteral: bool,
    /// By a route somebody wrote and nobody understands: it may be an injection.
    pub route_unknown: bool,
    /// For opioid use disorder, not for pain.
    pub for_oud: bool,
}

impl Meaning {
    /// The meaning of a pack code.
    pub fn of(code: &str, protocol: &Protocol) -> Option<Self> {
        let position = protocol.drugs.position(code)?;
        let drug = &protocol.drugs.drugs()[position];
        let factor = protocol.factors.factor(code).filter(|_| drug.class == DrugClass::Opioid);
        let position = u16::try_from(position).expect("a pack has fewer than 65 536 drugs");
        Some(Self { drug: position, class: drug.class, factor, patch: drug.patch })
    }

    /// One prescription for so many days; `None` for one no opioid measure looks
    /// at. Strength and quantity in thousandths.
    pub fn prescription(self, given: Given, start: i32, days: i32, amount: [i64; 2]) -> Option<Prescription> {
        if given.parenteral || self.class == DrugClass::ParenteralOpioid {
            let medication = self.parenteral(given.for_oud, days)?;
            let dispensing = Dispensing { start, days, daily: Mme::default() };
            return Some(Prescription { medication, drug: INJECTED, dispensing });
        }
        let medication = self.medication(given.for_oud)?;
        if given.route_unknown && matches!(medication, Medication::Opioid | Medication::Unconvertible) {
            let dispensing = Dispensing { start, days, daily: Mme::default() };
            return Some(Prescription { medication: Medication::Unconvertible, drug: INJECTED, dispensing });
        }
        let daily = match medication {
            Medication::Opioid | Medication::Unconvertible => self.daily(amount, days),
            _ => Mme::default(),
        };
        Some(Prescription { medication, drug: self.drug, dispensing: Dispensing { start, days, daily } })
    }

    /// What is injected or infused. On one day it is part of a procedure, outside
    /// outpatient doses; for longer it is an opioid the patient lives on, to which
    /// no oral factor applies: the dose is unknown then, and never 0. A depot of
    /// buprenorphine is a switch like any other.
    fn parenteral(self, for_oud: bool, days: i32) -> Option<Medication> {
        match self.class {
            DrugClass::Opioid | DrugClass::Buprenorphine if for_oud => Some(Medication::OudTreatment),
            _ if days <= PROCEDURE_DAYS => None,
            DrugClass::Buprenorphine => Some(Medication::Buprenorphine),
            DrugClass::Opioid | DrugClass::ParenteralOpioid => Some(Medication::Unconvertible),
            DrugClass::Benzodiazepine | DrugClass::ZDrug | DrugClass::Other => None,
        }
    }

    /// Which medication it is; `None` for one no opioid measure looks at.
    /// `for_oud`: prescribed for opioid use disorder, not for pain.
    fn medication(self, for_oud: bool) -> Option<Medication> {
        match self.class {
            DrugClass::Opioid | DrugClass::Buprenorphine if for_oud => Some(Medication::OudTreatment),
            DrugClass::Opioid if self.factor.is_some() => Some(Medication::Opioid),
            DrugClass::Opioid => Some(Medication::Unconvertible),
            DrugClass::Buprenorphine => Some(Medication::Buprenorphine),
            DrugClass::Benzodiazepine => Some(Medication::Benzodiazepine),
            DrugClass::ParenteralOpioid | DrugClass::ZDrug | DrugClass::Other => None,
        }
    }

    /// MME on each day supplied, or the amount where there is no factor.
    fn daily(self, [strength_x1000, quantity_x1000]: [i64; 2], days: i32) -> Mme {
        let factor = self.factor.unwrap_or(Factor::LEAST);
        if self.patch {
            Mme::per_day_of_patches(strength_x1000, patches_worn(quantity_x1000, days), factor)
        } else {
            Mme::per_day(strength_x1000, quantity_x1000, factor, days)
        }
    }
}

/// Whether a route lies outside outpatient MME.
pub fn is_parenteral(route: &str) -> bool {
    PARENTERAL_ROUTES.contains(&route)
}

/// Whether no factor is known to hold for a route. A row without one is of an
/// outpatient; a word that is in no list may stand for an injection.
pub fn is_route_unknown(route: &str) -> bool {
    !is_parenteral(route) && !is_outpatient_route(route)
}

/// Whether an indication is opioid use disorder: in words, or ICD-10-CM F11.
pub fn is_for_oud(indication: &str) -> bool {
    let indication = indication.to_ascii_lowercase();
    OUD_WORDS.contains(&indication.as_str()) || indication.starts_with("f11")
}

#[cfg(test)]
mod tests {
    use super::{Given, Meaning, is_for_oud, is_parenteral, is_route_unknown};
    use crate::derive::history::Medication;
    use crate::model::opioid::Factor;
    use crate::protocol::DrugClass;

    #[test]
    fn an_oral_factor_holds_only_for_routes_known_to_be_outpatient() {
        for route in
            ["intravenous", "intra_venous", "intramuscular", "subcutaneous", "sq", "sc", "infusion", "epidural"]
        {
            assert!(is_parenteral(route), "{route}");
        }
        for route in ["other", "unknown", "implant"] {
            assert!(is_route_unknown(route), "{route}");
        }
        assert!(
            ["oral", "transdermal", "po"].into_iter().all(|route| !is_parenteral(route) && !is_route_unknown(route))
        );
    }

    #[test]
    fn an_opioid_by_a_route_nobody_understands_has_no_dose() {
        let meant = |class, given| {
            let meaning = Meaning { drug: 0, class, factor: Some(Factor(1_000)), patch: false };
            meaning.prescription(given, 0, 1, [10_000, 60_000]).map(|found| found.medication)
        };
        let unknown = Given { route_unknown: true, ..Given::default() };
        assert_eq!(meant(DrugClass::Opioid, Given::default()), Some(Medication::Opioid));
        assert_eq!(meant(DrugClass::Opioid, unknown), Some(Medication::Unconvertible));
        assert_eq!(meant(DrugClass::Benzodiazepine, unknown), Some(Medication::Benzodiazepine));
        assert_eq!(meant(DrugClass::Buprenorphine, unknown), Some(Medication::Buprenorphine));
    }

    #[test]
    fn opioid_use_disorder_is_known_in_every_spelling_admission_writes() {
        for spelling in ["oud", "OUD", "opioid_use_disorder", "opioid_dependence", "F11", "f1120", "F11.20"] {
            assert!(is_for_oud(spelling), "{spelling}");
        }
        assert!(!is_for_oud("pain") && !is_for_oud("M54.5") && !is_for_oud(""));
    }
}
