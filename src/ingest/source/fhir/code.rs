//! Looks a record's codes up in the mapping and in the pipeline's packs.

use super::datatype::{CodeableConcept, Coding};
use super::product::{self, Dose};
use crate::protocol::{ConditionPack, DrugClass, DrugPack, FhirMapping};

/// Everything a code can be looked up in.
#[derive(Clone, Copy)]
pub(super) struct Codes<'a> {
    /// The source's mapping.
    pub mapping: &'a FhirMapping,
    /// The pipeline's conditions.
    pub conditions: &'a ConditionPack,
    /// The pipeline's drugs.
    pub drugs: &'a DrugPack,
}

/// What a medication is to the opioid measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Medicine {
    /// A drug prescriptions are kept of.
    Followed(Dose),
    /// A drug that is neither an opioid nor its company.
    NotFollowed,
    /// Nobody can say; it might be an opioid.
    Unknown,
}

/// A diagnosis as the condition pack knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Diagnosis {
    pub condition: String,
    /// The ICD-10-CM code it was written as.
    pub icd: Option<String>,
}

impl Codes<'_> {
    /// The codes of a concept as the mapping writes them.
    pub(super) fn tokens(&self, concept: &CodeableConcept) -> Vec<String> {
        concept.coding.iter().filter_map(|coding| self.token(coding)).collect()
    }

    fn token(&self, coding: &Coding) -> Option<String> {
        Some(self.mapping.token(coding.system.as_deref()?, coding.code.as_deref()?))
    }

    /// The instruments whose score the concept holds.
    pub(super) fn scored(&self, concept: &CodeableConcept) -> Vec<usize> {
        let tokens = self.tokens(concept);
        tokens
            .iter()
            .map(|token| self.mapping.scored(token))
            .find(|found| !found.is_empty())
            .unwrap_or_default()
            .to_vec()
    }

    /// The instrument a panel asks.
    pub(super) fn panel(&self, concept: &CodeableConcept) -> Option<usize> {
        self.tokens(concept).iter().find_map(|token| self.mapping.questionnaire(token))
    }

    /// The condition a diagnosis is counted under: by ICD-10-CM code, by a code
    /// of the mapping, by name; `None` when the pack has no such condition.
    pub(super) fn condition(&self, concept: &CodeableConcept) -> Option<Diagnosis> {
        let tokens = self.tokens(concept);
        let icd = tokens.iter().find_map(|token| token.strip_prefix("icd10cm|"));
        let by_icd = || Some(self.conditions.resolve(icd?)?.code.clone());
        let by_code = || tokens.iter().find_map(|token| self.mapping.condition(token)).map(str::to_owned);
        let by_name = || concept.names().find_map(|name| self.condition_named(name));
        let condition = by_icd().or_else(by_code).or_else(by_name)?;
        Some(Diagnosis { condition, icd: icd.map(str::to_owned) })
    }

    /// `Fibromyalgia (disorder)` → `fibromyalgia`. A bare "pain" is a symptom,
    /// and two letters are an abbreviation of many things.
    fn condition_named(&self, name: &str) -> Option<String> {
        let lower = name.to_lowercase();
        let plain =
            lower.rsplit_once(" (").filter(|(_, tag)| tag.ends_with(')')).map_or(lower.as_str(), |(before, _)| before);
        let found = [plain.trim(), plain.trim().strip_prefix("chronic ").unwrap_or_default()]
            .into_iter()
            .filter(|words| words.len() > 2 && *words != "pain")
            .find_map(|words| self.conditions.resolve(words))?;
        Some(found.code.clone())
    }

    /// What a medication is. `words` are names beside its codes.
    pub(super) fn medicine(&self, concept: &CodeableConcept, words: Option<&str>) -> Medicine {
        let tokens = self.tokens(concept);
        if let Some(product) = tokens.iter().find_map(|token| self.mapping.product(token)) {
            return self.followed(Dose::of(product));
        }
        let mut doses: Vec<Dose> =
            concept.names().chain(words).filter_map(|name| product::read(name, self.mapping, self.drugs)).collect();
        // The name that says it is injected says more than one that does not, and
        // the name that states a strength more than the one without.
        doses.sort_by_key(|dose| (!dose.injected, dose.strength.is_none()));
        if let Some(dose) = doses.into_iter().next() {
            return self.followed(dose);
        }
        let mut ingredient = tokens.iter().filter_map(|token| token.strip_prefix("rxnorm|"));
        if let Some(drug) = ingredient.find_map(|code| self.drugs.resolve(code)) {
            return self.followed(Dose { drug: drug.code.clone(), ..Dose::default() });
        }
        // A code with its name is a known drug that is not of ours.
        let is_known =
            |coding: &Coding| self.token(coding).is_some() && (coding.display.is_some() || concept.text.is_some());
        if concept.coding.iter().any(is_known) { Medicine::NotFollowed } else { Medicine::Unknown }
    }

    fn followed(&self, dose: Dose) -> Medicine {
        match self.class(&dose) {
            Some(DrugClass::Other) => Medicine::NotFollowed,
            Some(DrugClass::Benzodiazepine | DrugClass::ZDrug) if dose.injected => Medicine::NotFollowed,
            _ => Medicine::Followed(dose),
        }
    }

    fn class(&self, dose: &Dose) -> Option<DrugClass> {
        self.drugs.find(&dose.drug).map(|drug| drug.class)
    }

    /// Whether it is a depot of buprenorphine, however long it was given out for:
    /// a switch, and no part of a procedure.
    pub(super) fn is_depot(&self, dose: &Dose) -> bool {
        dose.injected && self.class(dose) == Some(DrugClass::Buprenorphine)
    }

    /// Whether a medication is ketamine.
    pub(super) fn is_ketamine(&self, concept: &CodeableConcept, words: Option<&str>) -> bool {
        let ketamine = &self.mapping.ketamine;
        self.tokens(concept).iter().any(|token| ketamine.codes.contains(token))
            || concept.names().chain(words).any(|name| has_any(name, &ketamine.words))
    }

    /// Whether a procedure is an infusion of ketamine: by code, or by a name
    /// that says both.
    pub(super) fn is_ketamine_infusion(&self, concept: &CodeableConcept) -> bool {
        let ketamine = &self.mapping.ketamine;
        let named = |name: &str| has_any(name, &ketamine.words) && name.to_lowercase().contains("infus");
        self.tokens(concept).iter().any(|token| ketamine.procedures.contains(token)) || concept.names().any(named)
    }

    /// What a prescription is for, where that changes its meaning.
    pub(super) fn indication(&self, concepts: &[CodeableConcept]) -> Option<String> {
        let tokens = concepts.iter().flat_map(|concept| self.tokens(concept));
        tokens.into_iter().find_map(|token| match token.strip_prefix("icd10cm|") {
            Some(icd) if icd.to_ascii_uppercase().starts_with("F11") => Some(icd.to_owned()),
            _ => self.mapping.indication(&token).map(str::to_owned),
        })
    }
}

fn has_any(name: &str, words: &[String]) -> bool {
    let lower = name.to_lowercase();
    words.iter().any(|word| product::has_word(&lower, word))
}
