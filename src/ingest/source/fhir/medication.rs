//! Which medication a record is about: a concept, a contained resource, one of
//! the source's own, or only a name.

use serde::Deserialize;

use super::code::{Codes, Medicine};
use super::datatype::{CodeableConcept, Quantity, Ratio};
use super::kind::Context;
use super::resource::Resource;
use super::survey::{Drug, Medication};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Product {
    code: CodeableConcept,
    ingredient: Vec<Ingredient>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Ingredient {
    item_codeable_concept: CodeableConcept,
    strength: Option<Ratio>,
}

/// The drug of a record.
pub(super) fn drug(resource: &Resource, medication: &Medication, context: Context<'_>) -> Drug {
    let codes = context.codes;
    let reference = medication.medication_reference.as_ref();
    let words = reference.and_then(|reference| reference.display.as_deref());
    if let Some(concept) = &medication.medication_codeable_concept {
        return of_concept(concept, None, codes);
    }
    if let Some(contained) = reference.and_then(|reference| resource.contained(reference)) {
        return of_resource(contained, words, codes);
    }
    match reference.and_then(|reference| context.survey.medication(reference)) {
        Some(drug) => drug.clone(),
        None => of_concept(&CodeableConcept::default(), words, codes),
    }
}

/// The drug of a Medication resource; `words` is what a reference calls it.
pub(super) fn of_resource(resource: &Resource, words: Option<&str>, codes: Codes<'_>) -> Drug {
    let product: Product = resource.read().unwrap_or_default();
    let mut drug = of_concept(&product.code, words, codes);
    let parts: Vec<Drug> = product.ingredient.iter().map(|ingredient| ingredient.drug(codes)).collect();
    drug.is_ketamine |= parts.iter().any(|part| part.is_ketamine);
    if drug.medicine == Medicine::Unknown {
        let of_ours = parts.iter().find(|part| matches!(part.medicine, Medicine::Followed(_)));
        let known = !parts.is_empty() && parts.iter().all(|part| part.medicine != Medicine::Unknown);
        drug.medicine = match of_ours {
            Some(part) => part.medicine.clone(),
            None if known => Medicine::NotFollowed,
            None => Medicine::Unknown,
        };
    }
    drug
}

fn of_concept(concept: &CodeableConcept, words: Option<&str>, codes: Codes<'_>) -> Drug {
    Drug { medicine: codes.medicine(concept, words), is_ketamine: codes.is_ketamine(concept, words) }
}

impl Ingredient {
    fn drug(&self, codes: Codes<'_>) -> Drug {
        let mut drug = of_concept(&self.item_codeable_concept, None, codes);
        if let (Medicine::Followed(dose), Some(strength)) = (&mut drug.medicine, &self.strength)
            && dose.strength.is_none()
            && let Some((number, unit)) = strength.of_one()
        {
            (dose.strength, dose.unit) = (Some(number), unit);
        }
        drug
    }
}

impl Ratio {
    /// So much in one tablet.
    fn of_one(&self) -> Option<(String, &'static str)> {
        let one = self.denominator.as_ref().is_none_or(|per| per.exact().as_deref() == Some("1") && per.unit() != "mL");
        let over = self.numerator.as_ref().filter(|_| one)?;
        let unit = match Quantity::unit(over) {
            "mg" => "mg",
            "ug" | "mcg" => "mcg",
            _ => return None,
        };
        Some((over.exact()?, unit))
    }
}
