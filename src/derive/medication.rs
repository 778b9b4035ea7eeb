//! What a prescription means: which medication it is, and how many MME a day.

use super::history::Medication;
use crate::model::opioid::{Factor, Mme, patches_worn};
use crate::protocol::{DrugClass, Protocol};

/// Routes outside outpatient MME (definitions, mme_method.md).
const PARENTERAL_ROUTES: [&str; 6] = ["iv", "im", "sc", "iv_im", "injection", "parenteral"];

/// Opioid use disorder as admission writes words: lower case, joined by `_`.
const OUD_WORDS: [&str; 4] = ["oud", "opioid_use_disorder", "opioid_dependence", "opioid_addiction"];

/// What a drug means under the pipeline's factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    class: DrugClass,
    factor: Option<Factor>,
    patch: bool,
}

impl Meaning {
    /// The meaning of a pack code.
    pub fn of(code: &str, protocol: &Protocol) -> Option<Self> {
        let drug = protocol.drugs.find(code)?;
        Some(Self { class: drug.class, factor: protocol.factors.factor(code), patch: drug.patch })
    }

    /// Which medication it is; `None` for one no opioid measure looks at.
    /// `for_oud`: prescribed for opioid use disorder, not for pain.
    pub fn medication(self, for_oud: bool) -> Option<Medication> {
        match self.class {
            DrugClass::Opioid | DrugClass::Buprenorphine if for_oud => Some(Medication::OudTreatment),
            DrugClass::Opioid if self.factor.is_some() => Some(Medication::Opioid),
            DrugClass::Opioid => Some(Medication::Unconvertible),
            DrugClass::Buprenorphine => Some(Medication::Buprenorphine),
            DrugClass::Benzodiazepine => Some(Medication::Benzodiazepine),
            DrugClass::ParenteralOpioid | DrugClass::ZDrug | DrugClass::Other => None,
        }
    }

    /// MME on each day supplied; nothing without a factor. Strength and
    /// quantity in thousandths, `days` at least 1.
    pub fn daily(self, strength_x1000: i64, quantity_x1000: i64, days: i32) -> Mme {
        match self.factor {
            None => Mme::default(),
            Some(factor) if self.patch => {
                Mme::per_day_of_patches(strength_x1000, patches_worn(quantity_x1000, days), factor)
            }
            Some(factor) => Mme::per_day(strength_x1000, quantity_x1000, factor, days),
        }
    }
}

/// Whether a route lies outside outpatient MME.
pub fn is_parenteral(route: &str) -> bool {
    PARENTERAL_ROUTES.contains(&route)
}

/// Whether an indication is opioid use disorder: in words, or ICD-10-CM F11.
pub fn is_for_oud(indication: &str) -> bool {
    let indication = indication.to_ascii_lowercase();
    OUD_WORDS.contains(&indication.as_str()) || indication.starts_with("f11")
}

#[cfg(test)]
mod tests {
    use super::is_for_oud;

    #[test]
    fn opioid_use_disorder_is_known_in_every_spelling_admission_writes() {
        for spelling in ["oud", "OUD", "opioid_use_disorder", "opioid_dependence", "F11", "f1120", "F11.20"] {
            assert!(is_for_oud(spelling), "{spelling}");
        }
        assert!(!is_for_oud("pain") && !is_for_oud("M54.5") && !is_for_oud(""));
    }
}
