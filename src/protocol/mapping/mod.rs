//! What a clinic's own files mean: mappings of foreign formats, as data.
//!
//! A source kind is one line in `SOURCE_KINDS`; its mapping, if it has one, is
//! one file here and one variant of `Mapping`. How the files are read is the
//! adapter's business, in `ingest::source`, which lists the same kinds.

mod columns;
mod fhir;
mod omop;
mod redcap;

pub use columns::{CellSource, ColumnsMapping, DateForm, MappedTable};
pub use fhir::{DrugWords, FhirMapping, IdentifyingElements, InstrumentCodes, KetamineCodes, Product};
pub use omop::{Infusion, Ingredient, Meaning, OmopMapping};
pub use redcap::{RedcapMapping, RedcapTable};

use super::error::ProtocolError;
use super::pack::PackText;
use crate::model::vocabulary::DEPARTURES;

/// What a source's files mean.
#[derive(Clone, Debug, PartialEq)]
pub enum Mapping {
    /// They are canonical: tables and columns by their own names.
    None,
    /// Columns have names of the clinic's own.
    Columns(ColumnsMapping),
    /// Fields of a REDCap project.
    Redcap(RedcapMapping),
    /// Concepts of an OMOP database.
    Omop(Box<OmopMapping>),
    /// They are FHIR resources; what their codes mean.
    Fhir(Box<FhirMapping>),
}

impl Mapping {
    /// Reasons for leaving that files of this mapping can tell, where they hold
    /// departures at all.
    pub fn departures(&self) -> Vec<&str> {
        let constants = match self {
            Self::None => None,
            Self::Columns(mapping) => mapping.departures(),
            Self::Redcap(mapping) => mapping.departures(),
            // A death is all these formats have a place for.
            Self::Omop(_) | Self::Fhir(_) => Some(vec!["died"]),
        };
        constants.unwrap_or_else(|| DEPARTURES.to_vec())
    }
}

/// JSON Schemas of mappings, by file name: what editors check a mapping against.
pub const MAPPING_SCHEMAS: &[(&str, &str)] = &[
    ("columns.schema.json", include_str!("../../../pipelines/schema/columns.schema.json")),
    ("redcap.schema.json", include_str!("../../../pipelines/schema/redcap.schema.json")),
    ("omop.schema.json", include_str!("../../../pipelines/schema/omop.schema.json")),
    ("fhir.schema.json", include_str!("../../../pipelines/schema/fhir.schema.json")),
];

/// A format records come in.
#[derive(Debug)]
pub struct SourceKind {
    /// `kind` in a pipeline.
    pub id: &'static str,
    /// The pack used when a source names no mapping.
    pub(super) default_mapping: Option<&'static str>,
    /// Reads a mapping pack of this kind.
    pub(super) parse_mapping: fn(&PackText) -> Result<Mapping, ProtocolError>,
}

/// Every kind, in the order documentation lists them in.
pub static SOURCE_KINDS: &[SourceKind] = &[
    SourceKind { id: "csv", default_mapping: None, parse_mapping: |pack| columns::parse(pack).map(Mapping::Columns) },
    SourceKind { id: "xlsx", default_mapping: None, parse_mapping: |pack| columns::parse(pack).map(Mapping::Columns) },
    SourceKind {
        id: "redcap",
        default_mapping: None,
        parse_mapping: |pack| RedcapMapping::parse(pack).map(Mapping::Redcap),
    },
    SourceKind {
        id: "omop",
        default_mapping: Some("source-omop.toml"),
        parse_mapping: |pack| OmopMapping::parse(pack).map(Box::new).map(Mapping::Omop),
    },
    SourceKind {
        id: "fhir",
        default_mapping: Some("source-fhir.toml"),
        parse_mapping: |pack| FhirMapping::parse(pack).map(|mapping| Mapping::Fhir(Box::new(mapping))),
    },
];

impl SourceKind {
    /// The kind a pipeline names.
    pub fn find(id: &str) -> Option<&'static Self> {
        SOURCE_KINDS.iter().find(|kind| kind.id == id)
    }
}

impl PartialEq for SourceKind {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
