//! Drugs a prescription may name.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::ProtocolError;
use super::pack::PackText;

/// What a drug means to the opioid measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrugClass {
    /// Counts toward MME when the factor set has a factor, else makes MME missing.
    Opioid,
    /// Partial agonist: no factor, and a switch to it is not a reduction.
    Buprenorphine,
    /// Given by injection: outside outpatient MME.
    ParenteralOpioid,
    /// Co-use is reported.
    Benzodiazepine,
    /// Reported apart from benzodiazepines.
    ZDrug,
    /// Neither.
    Other,
}

/// One drug of the pack.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drug {
    /// Stable id.
    pub code: String,
    /// Name and form.
    pub name: String,
    /// What it means to the opioid measures.
    pub class: DrugClass,
    /// Unit its strength is stated in: `mg`, `mcg` or `mcg/h`.
    pub unit: String,
    /// RxNorm ingredient, where one code carries it.
    #[serde(default)]
    pub rxnorm: Option<String>,
    /// Other spellings, lower case.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Worn, not swallowed: dose follows strength, not quantity.
    #[serde(default)]
    pub patch: bool,
}

/// The drug vocabulary.
#[derive(Clone, Debug)]
pub struct DrugPack {
    /// Pack id.
    pub id: String,
    /// Pack version.
    pub version: u32,
    drugs: Vec<Drug>,
    words: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedDrugs {
    id: String,
    version: u32,
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "citation")]
    _citation: String,
    drug: Vec<Drug>,
}

impl DrugPack {
    pub(super) fn parse(pack: &PackText) -> Result<Self, ProtocolError> {
        let typed: TypedDrugs = pack.parse()?;
        let mut words = BTreeMap::new();
        for (index, drug) in typed.drug.iter().enumerate() {
            let spellings = [&drug.code].into_iter().chain(&drug.rxnorm).chain(&drug.aliases);
            for word in spellings {
                if words.insert(word.to_lowercase(), index).is_some() {
                    return Err(ProtocolError::new(&pack.file, format!("`{word}` names two drugs")));
                }
            }
        }
        Ok(Self { id: typed.id, version: typed.version, drugs: typed.drug, words })
    }

    /// Drugs in pack order.
    pub fn drugs(&self) -> &[Drug] {
        &self.drugs
    }

    /// Position of the drug with this code.
    pub fn position(&self, code: &str) -> Option<usize> {
        self.drugs.iter().position(|drug| drug.code == code)
    }

    /// The drug with this code.
    pub fn find(&self, code: &str) -> Option<&Drug> {
        self.drugs.iter().find(|drug| drug.code == code)
    }

    /// The drug a text names: a pack code, an alias or an RxNorm ingredient.
    pub fn resolve(&self, text: &str) -> Option<&Drug> {
        self.words.get(&text.trim().to_lowercase()).map(|&index| &self.drugs[index])
    }
}
