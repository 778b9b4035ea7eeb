//! What the concepts and codes of an OMOP database mean.
//!
//! A concept is named by its standard concept id, by the code its source used
//! (SNOMED, LOINC, RxNorm), or by words of its name in the CONCEPT table. Names
//! reach what nobody listed: all strengths of a drug, all sites of a condition.

use serde::Deserialize;

use super::super::error::ProtocolError;
use super::super::pack::PackText;
use crate::model::instrument::Instrument;

/// The meaning of an OMOP database.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OmopMapping {
    #[serde(rename = "id")]
    _id: String,
    #[serde(rename = "version")]
    _version: u32,
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "citation")]
    _citation: String,
    /// What PERSON says.
    #[serde(default)]
    pub person: Person,
    /// Sexes.
    #[serde(default, rename = "sex")]
    pub sexes: Vec<Meaning>,
    /// Instruments, in MEASUREMENT and OBSERVATION.
    #[serde(default, rename = "score")]
    pub scores: Vec<Score>,
    /// Conditions, in CONDITION_OCCURRENCE.
    #[serde(default, rename = "condition")]
    pub conditions: Vec<Meaning>,
    /// Words in a concept's name that make it somebody else's condition, or none.
    #[serde(default)]
    pub not_conditions: Vec<String>,
    /// Status of a condition → its rank.
    #[serde(default, rename = "rank")]
    pub ranks: Vec<Rank>,
    /// Ingredients, by their word in a drug's name. The first that fits counts.
    #[serde(default, rename = "ingredient")]
    pub ingredients: Vec<Ingredient>,
    /// Products by code, for databases without CONCEPT.
    #[serde(default, rename = "product")]
    pub products: Vec<Product>,
    /// Words of dose forms given by injection.
    #[serde(default)]
    pub injections: Vec<String>,
    /// Ketamine infusions.
    pub infusion: Infusion,
    /// Therapy sessions, in PROCEDURE_OCCURRENCE.
    #[serde(default, rename = "therapy")]
    pub therapies: Vec<Meaning>,
}

impl OmopMapping {
    /// Canonical column and word, of every word the mapping itself writes.
    pub(in crate::protocol) fn constants(&self) -> impl Iterator<Item = (&str, &str)> {
        let items = self.scores.iter().filter_map(|score| Some(("item", score.item.as_deref()?)));
        items.chain(self.therapies.iter().map(|therapy| ("kind", therapy.is.as_str())))
    }
}

/// What PERSON says beyond the standard columns.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Person {
    /// Column that holds the site; the source's own site when not named.
    pub site: Option<SiteColumn>,
}

/// A column of PERSON that can be a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteColumn {
    /// Where the person is cared for.
    CareSiteId,
}

impl SiteColumn {
    /// Its name.
    pub fn column(self) -> &'static str {
        match self {
            Self::CareSiteId => "care_site_id",
        }
    }
}

/// Concepts, codes and names with one meaning.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meaning {
    /// The canonical value.
    pub is: String,
    /// Standard concept ids.
    #[serde(default)]
    pub concepts: Vec<u64>,
    /// Codes of the source vocabulary, as in the `*_source_value` columns.
    #[serde(default)]
    pub codes: Vec<String>,
    /// Words of a concept's name, lower case; the longest that fits wins.
    #[serde(default)]
    pub names: Vec<String>,
}

/// An instrument.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// Instrument id.
    pub instrument: String,
    /// Item of the instrument, when the concept is about one.
    #[serde(default)]
    pub item: Option<String>,
    /// Standard concept ids.
    #[serde(default)]
    pub concepts: Vec<u64>,
    /// LOINC or local codes.
    #[serde(default)]
    pub codes: Vec<String>,
}

/// A condition's status.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rank {
    /// The rank.
    pub rank: u8,
    /// Status concept ids.
    pub concepts: Vec<u64>,
}

/// An ingredient in a drug's name.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingredient {
    /// Its word, lower case.
    pub name: String,
    /// Words of the dose form, one of which must be in the name; any when empty.
    #[serde(default)]
    pub forms: Vec<String>,
    /// The drug of the drug pack.
    pub drug: String,
    /// Whether its absence would make an opioid dose too low.
    pub opioid: bool,
    /// Its own concept id, for databases with DRUG_STRENGTH and without CONCEPT.
    #[serde(default)]
    pub concept: Option<u64>,
}

/// A product known by its code.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// RxNorm code.
    pub code: String,
    /// Standard concept id.
    pub concept: u64,
    /// Its name in RxNorm, which is read as a concept's name is.
    pub name: String,
}

/// How ketamine infusions are told.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Infusion {
    /// Words of a drug's or procedure's name, lower case.
    pub names: Vec<String>,
    /// Standard concept ids of drugs and procedures.
    #[serde(default)]
    pub concepts: Vec<u64>,
    /// Codes of drugs and procedures.
    #[serde(default)]
    pub codes: Vec<String>,
    /// Routes that are an infusion: concept ids.
    #[serde(default)]
    pub routes: Vec<u64>,
    /// Routes that are an infusion: words of `route_source_value`, lower case.
    #[serde(default)]
    pub route_words: Vec<String>,
    /// Words of dose forms that are not infused, lower case.
    #[serde(default)]
    pub not_forms: Vec<String>,
}

impl OmopMapping {
    pub(in crate::protocol) fn parse(pack: &PackText) -> Result<Self, ProtocolError> {
        let mapping: Self = pack.parse()?;
        if let Some(score) = mapping.scores.iter().find(|score| Instrument::find(&score.instrument).is_none()) {
            let ids: Vec<&str> = crate::model::instrument::INSTRUMENTS.iter().map(|instrument| instrument.id).collect();
            return Err(ProtocolError::new(&pack.file, format!("unknown instrument `{}`", score.instrument))
                .hint(format!("instruments: {}", ids.join(", "))));
        }
        Ok(mapping)
    }
}
