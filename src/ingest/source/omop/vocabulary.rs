//! What concepts mean: the mapping's lists, and what the database's own CONCEPT
//! and DRUG_STRENGTH tables add to them.
//!
//! Only concepts that mean something are kept, so a full vocabulary of millions
//! costs little.

use std::collections::HashMap;

use super::super::sink::Sink;
use super::drug_name::{Drug, Strength, has_words, understand};
use super::folder::Folder;
use super::table::{Record, Wanted, read};
use crate::ingest::error::IngestError;
use crate::model::reject::REFERENCE_RECORD;
use crate::protocol::{ConditionPack, Meaning, OmopMapping};

const CONCEPT: Wanted = Wanted {
    columns: &["concept_id", "concept_name", "domain_id", "concept_class_id", "concept_code", "vocabulary_id"],
    required: 2,
    prescribed: &[],
    becomes: None,
    names: &[],
};
const DRUG_STRENGTH: Wanted = Wanted {
    columns: &[
        "drug_concept_id",
        "ingredient_concept_id",
        "amount_value",
        "amount_unit_concept_id",
        "numerator_value",
        "numerator_unit_concept_id",
        "denominator_value",
        "denominator_unit_concept_id",
    ],
    required: 2,
    prescribed: &[],
    becomes: None,
    names: &[],
};

/// Units of OMOP's vocabulary (UCUM): milligram, microgram, gram, hour, millilitre.
const MILLIGRAM: u64 = 8576;
const MICROGRAM: u64 = 9655;
const HOUR: u64 = 8505;
const MILLILITRE: u64 = 8587;

/// Things by concept id and by source code.
#[derive(Debug, Default)]
pub(super) struct Index {
    concepts: HashMap<u64, usize>,
    codes: HashMap<String, usize>,
}

impl Index {
    fn new<'m>(entries: impl Iterator<Item = (&'m [u64], &'m [String])>) -> Self {
        let mut index = Self::default();
        for (at, (concepts, codes)) in entries.enumerate() {
            for &concept in concepts {
                index.concepts.entry(concept).or_insert(at);
            }
            for code in codes {
                index.codes.entry(code.to_lowercase()).or_insert(at);
            }
        }
        index
    }

    fn of(meanings: &[Meaning]) -> Self {
        Self::new(meanings.iter().map(|meaning| (meaning.concepts.as_slice(), meaning.codes.as_slice())))
    }

    /// What the standard concept, the source concept or the source code means.
    pub(super) fn find(&self, concepts: [u64; 2], code: &str) -> Option<usize> {
        let by_concept = concepts.iter().find_map(|concept| self.concepts.get(concept));
        by_concept.or_else(|| self.codes.get(&bare(code))).copied()
    }
}

/// `LOINC:72514-3` → `72514-3`.
fn bare(code: &str) -> String {
    code.rsplit(':').next().unwrap_or(code).trim().to_lowercase()
}

/// The meaning of a database's concepts.
#[derive(Debug)]
pub(super) struct Vocabulary<'m> {
    pub mapping: &'m OmopMapping,
    /// Knows ICD-10-CM codes.
    pub pack: &'m ConditionPack,
    pub sexes: Index,
    pub scores: Index,
    pub conditions: Index,
    pub therapies: Index,
    pub infusions: Index,
    drugs: HashMap<u64, Drug>,
    drug_codes: HashMap<String, Drug>,
    /// Ingredients of the mapping by their concept.
    ingredients: HashMap<u64, Vec<usize>>,
    /// Drugs CONCEPT lists, sorted: what is there and means nothing is no opioid.
    listed: Vec<u32>,
}

impl<'m> Vocabulary<'m> {
    /// The mapping's lists, then the database's own tables.
    pub(super) fn read(
        mapping: &'m OmopMapping,
        pack: &'m ConditionPack,
        folder: &Folder,
        sink: &mut dyn Sink,
    ) -> Result<Self, IngestError> {
        let mut vocabulary = Self::of_mapping(mapping, pack);
        read(folder.of("concept"), &CONCEPT, sink, &mut |record, at, sink| {
            sink.pass_over(at, &REFERENCE_RECORD, "");
            vocabulary.add_concept(record);
            Ok(())
        })?;
        vocabulary.listed.sort_unstable();
        read(folder.of("drug_strength"), &DRUG_STRENGTH, sink, &mut |record, at, sink| {
            sink.pass_over(at, &REFERENCE_RECORD, "");
            vocabulary.add_strength(record);
            Ok(())
        })?;
        Ok(vocabulary)
    }

    fn of_mapping(mapping: &'m OmopMapping, pack: &'m ConditionPack) -> Self {
        let mut vocabulary = Self {
            mapping,
            pack,
            sexes: Index::of(&mapping.sexes),
            scores: Index::new(mapping.scores.iter().map(|score| (score.concepts.as_slice(), score.codes.as_slice()))),
            conditions: Index::of(&mapping.conditions),
            therapies: Index::of(&mapping.therapies),
            infusions: Index::new(std::iter::once((
                mapping.infusion.concepts.as_slice(),
                mapping.infusion.codes.as_slice(),
            ))),
            drugs: HashMap::new(),
            drug_codes: HashMap::new(),
            ingredients: HashMap::new(),
            listed: Vec::new(),
        };
        for (at, ingredient) in mapping.ingredients.iter().enumerate() {
            if let Some(concept) = ingredient.concept {
                vocabulary.ingredients.entry(concept).or_default().push(at);
            }
        }
        for product in &mapping.products {
            if let Some(drug) = understand(&product.name, mapping) {
                vocabulary.drug_codes.insert(product.code.clone(), drug.clone());
                vocabulary.drugs.insert(product.concept, drug);
            }
        }
        vocabulary
    }

    fn add_concept(&mut self, record: &Record<'_>) {
        let (concept, name) = (record.concept("concept_id"), record.get("concept_name"));
        match record.get("domain_id").to_lowercase().as_str() {
            "drug" => self.add_drug(concept, name, record),
            "condition" => self.add_condition(concept, name),
            "procedure" => self.add_procedure(concept, name),
            _ => {}
        }
    }

    fn add_drug(&mut self, concept: u64, name: &str, record: &Record<'_>) {
        self.listed.extend(u32::try_from(concept));
        let Some(drug) = understand(name, self.mapping) else { return };
        if record.get("concept_class_id").eq_ignore_ascii_case("ingredient") {
            let named = |at: &usize| self.mapping.ingredients[*at].name.eq_ignore_ascii_case(name);
            let same: Vec<usize> = (0..self.mapping.ingredients.len()).filter(named).collect();
            self.ingredients.entry(concept).or_insert(same);
        }
        if record.get("vocabulary_id").to_lowercase().starts_with("rxnorm") {
            self.drug_codes.entry(record.get("concept_code").to_owned()).or_insert_with(|| drug.clone());
        }
        self.drugs.entry(concept).or_insert(drug);
    }

    fn add_condition(&mut self, concept: u64, name: &str) {
        if self.conditions.concepts.contains_key(&concept) {
            return;
        }
        let name = name.to_lowercase();
        if self.mapping.not_conditions.iter().any(|words| has_words(&name, words)) {
            return;
        }
        let meanings = self.mapping.conditions.iter().enumerate();
        let fitting = meanings.flat_map(|(at, meaning)| meaning.names.iter().map(move |words| (at, words)));
        let longest = fitting.filter(|(_, words)| has_words(&name, words)).max_by_key(|(_, words)| words.len());
        if let Some((at, _)) = longest {
            self.conditions.concepts.insert(concept, at);
        }
    }

    fn add_procedure(&mut self, concept: u64, name: &str) {
        let name = name.to_lowercase();
        if self.mapping.infusion.names.iter().any(|words| has_words(&name, words)) {
            self.infusions.concepts.entry(concept).or_insert(0);
        }
    }

    /// DRUG_STRENGTH says what a name did not.
    fn add_strength(&mut self, record: &Record<'_>) {
        let (drug, ingredient) = (record.concept("drug_concept_id"), record.concept("ingredient_concept_id"));
        let Some(rules) = self.ingredients.get(&ingredient) else { return };
        let strength = strength(record);
        let of_patch = strength.as_ref().is_some_and(|strength| strength.unit.ends_with("/h"));
        let fits = |at: &&usize| {
            let forms = &self.mapping.ingredients[**at].forms;
            forms.is_empty() || (of_patch && forms.iter().any(|form| form.contains("transdermal")))
        };
        match self.drugs.get_mut(&drug) {
            Some(Drug::Listed { ingredient, strength: known @ None }) if rules.contains(ingredient) => {
                *known = strength;
            }
            Some(_) => {}
            None => {
                if let Some(&ingredient) = rules.iter().find(fits) {
                    self.drugs.insert(drug, Drug::Listed { ingredient, strength });
                }
            }
        }
    }

    /// What a drug exposure was of, by its concepts, its code, or its name
    /// where the source wrote one.
    pub(super) fn drug(&self, concepts: [u64; 2], code: &str) -> Option<Drug> {
        let known =
            concepts.iter().find_map(|concept| self.drugs.get(concept)).or_else(|| self.drug_codes.get(&bare(code)));
        known.cloned().or_else(|| understand(code, self.mapping))
    }

    /// Whether it is certain that an exposure which means nothing was of no
    /// opioid: its concept is in CONCEPT, or its source wrote a name.
    pub(super) fn is_no_opioid(&self, concepts: [u64; 2], code: &str) -> bool {
        let listed = |concept: &u64| u32::try_from(*concept).is_ok_and(|id| self.listed.binary_search(&id).is_ok());
        let words = code.split(|c: char| !c.is_alphabetic());
        concepts.iter().any(listed) || words.into_iter().any(|word| word.chars().count() >= 4)
    }
}

fn strength(record: &Record<'_>) -> Option<Strength> {
    let amount = record.get("amount_value");
    if !amount.is_empty() {
        let unit = mass(record.concept("amount_unit_concept_id"))?;
        return Some(Strength { value: amount.to_owned(), unit, per_ml: false });
    }
    let numerator: f64 = record.get("numerator_value").parse().ok()?;
    let denominator: f64 = record.get("denominator_value").parse().unwrap_or(1.0);
    let unit = mass(record.concept("numerator_unit_concept_id"))?;
    let (unit, per_ml) = match (record.concept("denominator_unit_concept_id"), unit) {
        (HOUR, "mg") => ("mg/h", false),
        (HOUR, _) => ("mcg/h", false),
        (MILLILITRE, unit) => (unit, true),
        _ => return None,
    };
    let value = numerator / denominator;
    let positive = value.is_finite() && value > 0.0;
    // Strengths have few decimals; more would be an artefact of the division.
    positive.then(|| Strength { value: short(value), unit, per_ml })
}

fn short(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn mass(unit: u64) -> Option<&'static str> {
    match unit {
        MILLIGRAM => Some("mg"),
        MICROGRAM => Some("mcg"),
        _ => None,
    }
}
