//! FHIR R4: bulk NDJSON, bundles and single resources → canonical rows.
//!
//! ```text
//! files      which files there are, and what findings may call them
//! json       a file → its resources, one at a time
//! resource   what is held of a resource: never a name
//! survey     on a first way through: ids that come twice, medications, which
//!            events two records tell
//! kind       a resource → rows, by one file for each kind of resource
//! code       what codes and product names mean, by the mapping and the packs
//! ```
//!
//! No FHIR crate is used: `fhir-sdk` has no R4, `fhirbolt` (R4, last released in
//! 2023) and `fhir` model every element of every resource, a million lines to
//! compile, refuse a resource for one odd element in a part nobody reads, and
//! hold names and addresses in memory. Nine kinds and some hundred elements are
//! read here, by serde.

mod administration;
mod adverse_event;
mod code;
mod condition;
mod datatype;
mod date;
mod dispense;
mod files;
mod json;
mod kind;
mod lenient;
mod medication;
mod observation;
mod patient;
mod prescription;
mod procedure;
mod product;
mod questionnaire;
mod request;
mod resource;
mod score;
mod supply;
mod survey;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

use super::sink::{At, FileId, Sink};
use crate::ingest::error::IngestError;
use crate::ingest::gate::{ColumnFate, Detector, GateReport};
use crate::model::reject::{
    IDENTIFYING_ELEMENT, KIND_NOT_FOLLOWED, NOT_A_RESOURCE, RECORD_REPEATED, RECORD_SUPERSEDED, Rule, UNREAD_FILE,
};
use crate::model::table::InputTable;
use crate::protocol::{IdentifyingElements, Mapping, Protocol, SourceEntry};
use code::Codes;
use files::{FhirFile, Format, known_type};
use json::Record;
use kind::{Context, Found, Kind};
use resource::Resource;
use survey::{Ordinal, Standing, Survey};

/// Reads every file of the source.
pub(super) fn stage(source: &SourceEntry, protocol: &Protocol, sink: &mut dyn Sink) -> Result<(), IngestError> {
    let Mapping::Fhir(mapping) = &source.mapping else { unreachable!("a FHIR source has a mapping") };
    let codes = Codes { mapping, conditions: &protocol.conditions, drugs: &protocol.drugs };
    let files = files::find(&source.path)?;
    check_number(source, &files)?;
    let survey = Survey::of(&files, codes)?;
    for (number, file) in files.iter().enumerate() {
        let id = sink.file_as(&file.below, &file.shown);
        if file.format == Format::Unread {
            sink.remark(id, &UNREAD_FILE, "", 1);
        }
        let mut reader = Reader {
            source,
            context: Context { codes, survey: &survey },
            file,
            id,
            sink,
            identifying: BTreeMap::new(),
        };
        let mut ordinal = (number, 0);
        let read = json::each(file, &mut |record| {
            ordinal.1 += 1;
            reader.say(record, ordinal)
        })?;
        reader.finish(read);
    }
    Ok(())
}

/// Files of one source: each may give a file of every table, and there are 16
/// bits to number those.
const MOST_FILES: usize = 6_000;

fn check_number(source: &SourceEntry, files: &[FhirFile]) -> Result<(), IngestError> {
    let (what, hint) = if files.iter().all(|file| file.format == Format::Unread) {
        let hint = "name a folder with `.ndjson` or `.json` files, plain or compressed, or one such file";
        ("there is no FHIR file".to_owned(), hint)
    } else if files.len() > MOST_FILES {
        let hint = "put the resources into fewer files, one a line (`.ndjson`), as bulk exports do";
        (format!("there are more than {MOST_FILES} files"), hint)
    } else {
        return Ok(());
    };
    Err(IngestError::UnreadableInput { path: source.path.clone(), line: None, what, hint })
}

/// Says of the records of one file what they are.
struct Reader<'a> {
    source: &'a SourceEntry,
    context: Context<'a>,
    file: &'a FhirFile,
    id: FileId,
    sink: &'a mut dyn Sink,
    /// How often an element that identifies people was there.
    identifying: BTreeMap<(&'static str, &'static str), u64>,
}

impl Reader<'_> {
    fn say(&mut self, record: Record, ordinal: Ordinal) -> Result<(), IngestError> {
        let at = At { file: self.id, line: record.line };
        let resource = match record.resource {
            Ok(resource) => survey::named(resource, record.full_url.as_deref()),
            Err(rule) => return self.unreadable(at, rule),
        };
        let Some(name) = resource.kind() else {
            self.sink.pass_over(at, &NOT_A_RESOURCE, "");
            return Ok(());
        };
        let Some(kind) = kind::find(name) else {
            self.sink.pass_over(at, &KIND_NOT_FOLLOWED, known_type(name).unwrap_or_default());
            return Ok(());
        };
        self.look_for_identifiers(kind, &resource)?;
        match self.context.survey.standing(kind.name, &resource, ordinal) {
            Standing::Counts => {
                kind.read(&resource, self.context).into_iter().try_for_each(|found| self.found(at, kind, found))
            }
            Standing::Repeated => {
                self.sink.pass_over(at, &RECORD_REPEATED, kind.name);
                Ok(())
            }
            Standing::Superseded => {
                self.sink.pass_over(at, &RECORD_SUPERSEDED, kind.name);
                Ok(())
            }
        }
    }

    /// A record nothing can be read of is one of the table its file is about;
    /// where that is unknown it may have been anybody's.
    fn unreadable(&mut self, at: At, rule: &'static Rule) -> Result<(), IngestError> {
        match self.file.kind.map(|name| (name, kind::find(name))) {
            Some((name, None)) => {
                self.sink.pass_over(at, &KIND_NOT_FOLLOWED, name);
                Ok(())
            }
            Some((_, Some(kind))) => self.sink.reject(at, table(kind.table), rule, kind.name),
            None => self.sink.reject(at, table("patients"), rule, ""),
        }
    }

    fn found(&mut self, at: At, kind: &Kind, found: Found) -> Result<(), IngestError> {
        match found {
            Found::Row(name, row) => {
                let row: Vec<(&'static str, &str)> = row.iter().map(|(name, text)| (*name, text.as_str())).collect();
                self.sink.row(at, table(name), &row)
            }
            Found::Reject { table: name, rule, column, known } => {
                let row: Vec<(&'static str, &str)> = known.iter().map(|(name, text)| (*name, text.as_str())).collect();
                self.sink.reject_row(at, table(name), rule, &format!("{}.{column}", kind.name), &row)
            }
            Found::PassedOver(rule) => {
                self.sink.pass_over(at, rule, kind.name);
                Ok(())
            }
            Found::Tells(name) => {
                self.sink.may_hold(at.file, table(name));
                Ok(())
            }
            Found::Remark(rule, column) => {
                self.sink.remark(at.file, rule, &format!("{}.{column}", kind.name), 1);
                Ok(())
            }
        }
    }

    /// Names and addresses are never read; that they are in the file is said,
    /// or refused where the mapping says that none may be. A limited data set
    /// and an expert's determination are about what is kept, which holds none;
    /// under safe harbor a FHIR source is refused for its dates already.
    fn look_for_identifiers(&mut self, kind: &Kind, resource: &Resource) -> Result<(), IngestError> {
        if kind.name != "Patient" {
            return Ok(());
        }
        for element in resource.identifying() {
            if self.context.codes.mapping.identifying_elements == IdentifyingElements::Refuse {
                refused(self.source, self.file, element)?;
            }
            *self.identifying.entry((kind.name, element)).or_default() += 1;
        }
        Ok(())
    }

    fn finish(self, read: u64) {
        for ((kind, element), times) in self.identifying {
            self.sink.remark(self.id, &IDENTIFYING_ELEMENT, &format!("{kind}.{element}"), times);
        }
        self.sink.records(self.id, read);
    }
}

/// What the gate says of an element, by the detector of columns that hold the same.
fn refused(source: &SourceEntry, file: &FhirFile, element: &str) -> Result<(), IngestError> {
    let detector = match element {
        "address" => "column-geography",
        "identifier" => "column-record-number",
        "telecom" => "column-phone",
        "photo" => "column-biometric",
        "text" | "note" => "column-free-text",
        _ => "column-name",
    };
    let detector = Detector::find(detector).expect("the gate lists it");
    let fate = ColumnFate::refused(&source.name, &file.shown, &format!("Patient.{element}"), detector);
    GateReport { columns: vec![fate] }.check()
}

fn table(name: &str) -> &'static InputTable {
    InputTable::find(name).expect("kinds name tables")
}

impl Survey {
    /// Goes through the source, as often as it takes: ids and medications, then
    /// which of several versions counts, then what refers to them.
    fn of(files: &[FhirFile], codes: Codes<'_>) -> Result<Self, IngestError> {
        let mut survey = Self::default();
        let mut refers = false;
        each(files, |name| name == "Medication" || kind::find(name).is_some(), &mut |resource, address, _| {
            let Some(name) = resource.kind() else { return };
            refers |= REFERRING.contains(&name);
            survey.note_record(name, resource, address, codes);
        })?;
        if survey.settle_names() {
            each(files, |name| kind::find(name).is_some(), &mut |resource, _, ordinal| {
                if let Some(name) = resource.kind() {
                    survey.weigh(name, resource, ordinal);
                }
            })?;
        }
        if refers {
            each(files, |name| REFERRING.contains(&name), &mut |resource, _, ordinal| {
                survey.note_event(resource, ordinal, codes);
            })?;
        }
        Ok(survey)
    }

    fn note_record(&mut self, name: &str, resource: &Resource, address: Option<&str>, codes: Codes<'_>) {
        let Some(id) = resource.id() else { return };
        if let Some(address) = address.filter(|address| *address != id) {
            self.alias(name, address, id);
        }
        match name {
            "Medication" => self.add_medication(id, resource, medication::of_resource(resource, None, codes)),
            "Condition" => {
                if let Some(indication) = condition::indication(resource, codes) {
                    self.add_indication(id, indication);
                }
            }
            _ => {}
        }
        if kind::find(name).is_some() {
            self.note(name, id);
        }
    }

    fn note_event(&mut self, resource: &Resource, ordinal: Ordinal, codes: Codes<'_>) {
        let Some(name) = resource.kind().filter(|name| REFERRING.contains(name)) else { return };
        if self.standing(name, resource, ordinal) != Standing::Counts {
            return;
        }
        if name == "MedicationDispense" {
            return dispense::survey(resource, self);
        }
        let infusion = administration::survey(resource, Context { codes, survey: self });
        if let Some((patient, day)) = infusion {
            self.add_infusion(&patient, &day);
        }
    }
}

/// Kinds whose records make another record tell the same event.
const REFERRING: [&str; 2] = ["MedicationDispense", "MedicationAdministration"];

/// Goes through the readable resources of files that may hold the kinds wanted.
fn each(
    files: &[FhirFile],
    wanted: impl Fn(&str) -> bool,
    take: &mut dyn FnMut(&Resource, Option<&str>, Ordinal),
) -> Result<(), IngestError> {
    let wanted = |file: &FhirFile| file.kind.is_none_or(&wanted);
    for (number, file) in files.iter().enumerate().filter(|(_, file)| wanted(file)) {
        let mut ordinal = (number, 0);
        json::each(file, &mut |record| {
            ordinal.1 += 1;
            if let Ok(resource) = record.resource {
                let address = record.full_url.as_deref().and_then(survey::address);
                take(&survey::named(resource, record.full_url.as_deref()), address, ordinal);
            }
            Ok(())
        })?;
    }
    Ok(())
}
