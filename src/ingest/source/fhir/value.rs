//! `value[x]`: what an observation, a component or an answer says.

use serde::Deserialize;
use serde_json::{Number, Value};

use super::datatype::{CodeableConcept, Coding, Quantity, decimal};
use crate::model::reject::{MISSING_VALUE, Rule, SCORE_SCALE_UNKNOWN, VALUE_ABSENT, VALUE_NOT_EXACT};
use crate::protocol::{FhirMapping, InstrumentCodes};

/// The forms a score can come in; every other form is in `other`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Given {
    pub value_quantity: Option<Quantity>,
    pub value_integer: Option<Number>,
    pub value_decimal: Option<Number>,
    pub value_string: Option<String>,
    pub value_codeable_concept: Option<CodeableConcept>,
    pub value_coding: Option<Coding>,
    pub value_range: Option<Value>,
    pub value_ratio: Option<Value>,
    pub data_absent_reason: Option<CodeableConcept>,
}

/// Extensions that carry the points of an answer.
const POINTS: [&str; 3] = [
    "http://hl7.org/fhir/StructureDefinition/ordinalValue",
    "http://hl7.org/fhir/StructureDefinition/itemWeight",
    "http://hl7.org/fhir/StructureDefinition/iso21090-CO-value",
];

impl Given {
    /// Whether anything is said.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The score as written on the form. `Err` names the rule a missing or
    /// inexact one breaks; a text is handed on, admission reads numbers.
    pub(super) fn score(&self, mapping: &FhirMapping) -> Result<String, &'static Rule> {
        if let Some(quantity) = &self.value_quantity {
            return quantity.exact().ok_or(if quantity.value.is_some() { &VALUE_NOT_EXACT } else { &MISSING_VALUE });
        }
        if let Some(number) = self.value_integer.as_ref().or(self.value_decimal.as_ref()) {
            return Ok(decimal(number));
        }
        if let Some(text) = self.value_string.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            return Ok(text.to_owned());
        }
        if let Some(concept) = &self.value_codeable_concept {
            return concept.coding.iter().find_map(|coding| points(coding, mapping)).ok_or(&VALUE_NOT_EXACT);
        }
        if let Some(coding) = &self.value_coding {
            return points(coding, mapping).ok_or(&VALUE_NOT_EXACT);
        }
        match (&self.value_range, &self.value_ratio, &self.data_absent_reason) {
            (None, None, Some(_)) => Err(&VALUE_ABSENT),
            (None, None, None) => Err(&MISSING_VALUE),
            _ => Err(&VALUE_NOT_EXACT),
        }
    }

    /// Of instruments that share a code, the one the unit fits.
    pub(super) fn instrument<'a>(
        &self,
        mapping: &'a FhirMapping,
        candidates: &[usize],
    ) -> Result<&'a InstrumentCodes, &'static Rule> {
        let unit = self.value_quantity.as_ref().map_or("", Quantity::unit);
        let mut all = candidates.iter().map(|&at| &mapping.instruments[at]);
        let fits = |entry: &&InstrumentCodes| entry.units.is_empty() || entry.units.iter().any(|known| known == unit);
        all.find(fits).ok_or(&SCORE_SCALE_UNKNOWN)
    }
}

/// The points of a coded answer: its own, or the mapping's.
pub(super) fn points(coding: &Coding, mapping: &FhirMapping) -> Option<String> {
    let own =
        coding.extension.iter().find(|extension| extension.url.as_deref().is_some_and(|url| POINTS.contains(&url)));
    if let Some(number) = own.and_then(|own| own.value_decimal.as_ref().or(own.value_integer.as_ref())) {
        return Some(decimal(number));
    }
    let token = mapping.token(coding.system.as_deref()?, coding.code.as_deref()?);
    mapping.answer(&token).map(|points| points.to_string())
}
