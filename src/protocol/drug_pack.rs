//! Drugs a prescription may name, and the MME factors of one published set.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::ProtocolError;
use super::pack::PackText;
use crate::model::opioid::Factor;

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

    /// The drug with this code.
    pub fn find(&self, code: &str) -> Option<&Drug> {
        self.drugs.iter().find(|drug| drug.code == code)
    }

    /// The drug a text names: a pack code, an alias or an RxNorm ingredient.
    pub fn resolve(&self, text: &str) -> Option<&Drug> {
        self.words.get(&text.trim().to_lowercase()).map(|&index| &self.drugs[index])
    }
}

/// One published set of MME factors.
#[derive(Clone, Debug)]
pub struct FactorSet {
    /// Pack id.
    pub id: String,
    /// Pack version.
    pub version: u32,
    /// As printed.
    pub title: String,
    /// Where it comes from.
    pub citation: String,
    factors: BTreeMap<String, Factor>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedFactors {
    id: String,
    version: u32,
    title: String,
    citation: String,
    factor: BTreeMap<String, toml::Spanned<String>>,
}

impl FactorSet {
    pub(super) fn parse(pack: &PackText, drugs: &DrugPack) -> Result<Self, ProtocolError> {
        let typed: TypedFactors = pack.parse()?;
        let mut factors = BTreeMap::new();
        for (code, written) in typed.factor {
            let at = |message: String| ProtocolError::at(&pack.file, &pack.text, written.span(), message);
            if drugs.find(&code).is_none() {
                return Err(at(format!("`{code}` is not a drug of the pack `{}`", drugs.id)));
            }
            let factor = ten_thousandths(written.get_ref())
                .ok_or_else(|| at(format!("the factor of `{code}` is not a decimal with at most four places")))?;
            factors.insert(code, factor);
        }
        Ok(Self { id: typed.id, version: typed.version, title: typed.title, citation: typed.citation, factors })
    }

    /// The factor of a drug, by code.
    pub fn factor(&self, drug: &str) -> Option<Factor> {
        self.factors.get(drug).copied()
    }
}

/// A factor is written as text so that no parser rounds it.
fn ten_thousandths(text: &str) -> Option<Factor> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<4}");
    let plain = fraction.len() <= 4 && !whole.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok().map(Factor) } else { None }
}

#[cfg(test)]
mod tests {
    use super::{Factor, ten_thousandths};

    #[test]
    fn factors_are_read_without_rounding() {
        assert_eq!(ten_thousandths("4.7"), Some(Factor(47_000)));
        assert_eq!(ten_thousandths("0.039"), Some(Factor(390)));
        assert_eq!(ten_thousandths("11"), Some(Factor(110_000)));
        for wrong in ["", ".5", "1.23456", "-1", "1e3", "1,5"] {
            assert_eq!(ten_thousandths(wrong), None, "{wrong}");
        }
    }
}
