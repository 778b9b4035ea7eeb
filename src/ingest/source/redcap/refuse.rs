//! What the data dictionary itself says must not leave the clinic.

use std::collections::HashSet;

use super::dictionary::{Dictionary, Field, Kind};
use super::project::{Column, column};
use crate::ingest::error::IngestError;
use crate::ingest::gate::{
    ColumnFate, Detector, GateReport, MAPPED_PROSE, MARKED_IDENTIFIER, SURVEY_IDENTIFIER, VALIDATED_IDENTIFIER,
};
use crate::protocol::{RedcapMapping, SourceEntry};

/// Text validations that only identifying numbers have.
const IDENTIFYING: [&str; 6] = ["email", "phone", "ssn", "mrn", "vmrn", "zipcode"];

/// Refuses an export that holds a field the project says identifies people.
pub(super) fn check(
    source: &SourceEntry,
    file: &str,
    header: &[String],
    dictionary: &Dictionary,
    mapping: &RedcapMapping,
) -> Result<(), IngestError> {
    let mut seen = HashSet::new();
    let exported = header.iter().filter_map(|name| field_of(dictionary, name)).filter(|field| seen.insert(&field.name));
    let marked = exported.filter_map(|field| Some((field.name.as_str(), detector(field)?)));
    let invited = header.iter().filter(|name| *name == "redcap_survey_identifier");
    let invited = invited.map(|name| (name.as_str(), &SURVEY_IDENTIFIER));
    let mapped = mapping.tables.iter().flat_map(|table| &table.columns).filter_map(|(_, name)| dictionary.find(name));
    let prose = mapped.filter(|field| matches!(field.kind, Kind::Prose | Kind::File));
    let prose = prose.map(|field| (field.name.as_str(), &MAPPED_PROSE));
    let refused = marked.chain(invited).chain(prose);
    let columns = refused.map(|(column, detector)| ColumnFate::refused(&source.name, file, column, detector)).collect();
    GateReport { columns }.check()
}

fn detector(field: &Field) -> Option<&'static Detector> {
    let validated = is_identifying(&field.validation).then_some(&VALIDATED_IDENTIFIER);
    if field.identifier { Some(&MARKED_IDENTIFIER) } else { validated }
}

/// The column names the gate is shown: those whose content could be read. A
/// file's or a note's is not, and the status of a form is REDCap's own.
pub(super) fn shown<'a>(header: &'a [String], dictionary: &Dictionary) -> Vec<&'a str> {
    let own = |name: &str| name.starts_with("redcap_") || matches!(column(dictionary, name), Some(Column::Status(_)));
    let readable = |name: &str| {
        field_of(dictionary, name).is_none_or(|field| !matches!(field.kind, Kind::Prose | Kind::File | Kind::Shown))
    };
    header.iter().map(String::as_str).filter(|name| !own(name) && readable(name)).collect()
}

fn field_of<'d>(dictionary: &'d Dictionary, name: &str) -> Option<&'d Field> {
    match column(dictionary, name)? {
        Column::Field(field) | Column::Tick(field, _) => dictionary.find(field),
        Column::Status(_) => None,
    }
}

fn is_identifying(validation: &str) -> bool {
    let of = |kind: &str| validation == kind || validation.strip_prefix(kind).is_some_and(|rest| rest.starts_with('_'));
    IDENTIFYING.iter().any(|kind| of(kind)) || of("postalcode")
}
