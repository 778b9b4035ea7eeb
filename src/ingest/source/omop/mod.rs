//! OMOP CDM 5.4: a folder with a file, or a folder of parts, for each table.
//!
//! ```text
//! cdm         columns that are there and not read
//! folder      which file is which table
//! table       one table, CSV or Parquet → records as text
//! vocabulary  what concepts mean: the mapping, CONCEPT and DRUG_STRENGTH
//! drug_name   a drug's name in RxNorm's form → ingredient, strength, form
//! records     clinical records → canonical rows, or why there is none
//! exposures   drug exposures → prescriptions and infusions
//! ```
//!
//! Vocabulary tables are read first, then one clinical table after the other,
//! record by record: memory does not grow with them.

mod cdm;
mod drug_name;
mod exposures;
mod folder;
mod records;
mod table;
mod vocabulary;

use super::sink::Sink;
use crate::ingest::error::IngestError;
use crate::ingest::gate::printable_file;
use crate::model::reject::UNREAD_FILE;
use crate::protocol::{Mapping, Protocol, SourceEntry};
use exposures::DRUG_EXPOSURE;
use folder::Folder;
use records::CLINICAL;
use vocabulary::Vocabulary;

/// Tables of the CDM that are not read, so that findings may name them.
const OTHER_TABLES: [&str; 13] = [
    "care_site",
    "cdm_source",
    "condition_era",
    "cost",
    "device_exposure",
    "drug_era",
    "episode",
    "fact_relationship",
    "location",
    "note",
    "provider",
    "specimen",
    "visit_occurrence",
];

/// What findings call a file nobody reads: its table, or only a number, because
/// a file may be named after a person.
fn shown(name: &str, position: usize) -> String {
    let stem = name.to_lowercase();
    let stem = stem.split('.').next().unwrap_or_default();
    if OTHER_TABLES.contains(&stem) { name.to_owned() } else { printable_file(name, position) }
}

/// Reads a database.
pub(super) fn stage(source: &SourceEntry, protocol: &Protocol, sink: &mut dyn Sink) -> Result<(), IngestError> {
    let Mapping::Omop(mapping) = &source.mapping else {
        unreachable!("a source of this kind has the built-in mapping if no other");
    };
    let folder = Folder::find(source)?;
    let vocabulary = Vocabulary::read(mapping, &protocol.conditions, &folder, sink)?;
    for clinical in CLINICAL.iter().chain([&DRUG_EXPOSURE]) {
        table::read(folder.of(clinical.name), &clinical.wanted, sink, &mut |record, at, sink| {
            (clinical.take)(&vocabulary, record, at, sink)
        })?;
    }
    for (at, part) in folder.unread().enumerate() {
        let file = sink.file_as(&part.name, &shown(&part.name, at));
        sink.remark(file, &UNREAD_FILE, "", 1);
        sink.records(file, 0);
    }
    Ok(())
}
