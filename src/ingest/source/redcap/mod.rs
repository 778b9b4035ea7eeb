//! REDCap: a flat CSV export beside the project's data dictionary.
//!
//! ```text
//! project     which file is what, by its header
//! dictionary  forms, fields, and which of them identify people
//! refuse      an export with such a field is not read
//! columns     where the export holds what the mapping asks for
//! rows        one row → canonical rows, form by form
//! value       one cell → a value, or why there is none
//! ```
//!
//! A row of an export holds one event of one record: all forms that do not
//! repeat, or one instance of one that does. Of every form a row says anything
//! on, rows are made or the reason why not is counted; without a mapping that
//! count, by event and form, is what there is to be mapped.

mod columns;
mod dictionary;
mod project;
mod refuse;
mod rows;
mod value;

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::delimited::Delimited;
use super::sink::{At, Sink};
use crate::ingest::error::IngestError;
use crate::ingest::gate::{Unread, printable, printable_file};
use crate::model::reject::{NO_DICTIONARY, REFERENCE_RECORD};
use crate::model::reject::{UNMAPPED_COLUMN, UNREAD_FILE};
use crate::protocol::{Mapping, Protocol, RedcapMapping, SourceEntry};
use columns::Columns;
use dictionary::Dictionary;
use project::{Project, ProjectFile, Role};
use rows::Rows;
use value::Values;

/// Reads a project.
pub(super) fn stage(source: &SourceEntry, _protocol: &Protocol, sink: &mut dyn Sink) -> Result<(), IngestError> {
    let unmapped = RedcapMapping::unmapped();
    let mapping = if let Mapping::Redcap(mapping) = &source.mapping { mapping } else { &unmapped };
    let project = Project::find(source)?;
    let dictionaries = read_dictionaries(source, mapping, &project, sink)?;
    let mut days = mapping.events.clone();
    for file in project.files.iter().filter(|file| matches!(file.role, Role::Events | Role::Structure)) {
        let scheduled = project::event_days(file)?;
        // A folder named as a whole is one project; one export of a folder has
        // neighbours it knows nothing of.
        if source.path.is_dir() || !scheduled.is_empty() {
            say_reference(&file.name, &lines_of(file)?, sink);
        }
        if mapping.events.is_empty() {
            days.extend(scheduled);
        }
    }
    let mut held = Held::default();
    for file in project.of(Role::Export) {
        read_export(source, mapping, &dictionaries, &days, file, &mut held, sink)?;
    }
    for (at, name) in project.unread.iter().enumerate() {
        let file = sink.file_as(name, &printable_file(name, at));
        sink.remark(file, &UNREAD_FILE, "", 1);
        sink.records(file, 0);
    }
    held.check(source, mapping)
}

fn read_dictionaries(
    source: &SourceEntry,
    mapping: &RedcapMapping,
    project: &Project,
    sink: &mut dyn Sink,
) -> Result<Vec<(String, Dictionary)>, IngestError> {
    let (mut dictionaries, mut lines_of) = (Vec::new(), Vec::new());
    for file in project.of(Role::Dictionary) {
        let (dictionary, lines) = Dictionary::read(&file.path)?;
        dictionaries.push((file.name.clone(), dictionary));
        lines_of.push(lines);
    }
    let fitting = |export: &ProjectFile| {
        let header = lower_case(&export.header);
        project::fitting(&dictionaries, &header, mapping.dictionary.as_deref()).map(|(name, _)| name.clone())
    };
    let used: Vec<String> = project.of(Role::Export).filter_map(fitting).collect();
    for ((name, _), lines) in dictionaries.iter().zip(&lines_of) {
        if source.path.is_dir() || used.contains(name) {
            say_reference(name, lines, sink);
        }
    }
    Ok(dictionaries)
}

fn lower_case(header: &[String]) -> Vec<String> {
    header.iter().map(|name| name.to_lowercase()).collect()
}

/// Records that are about the project, not about people.
fn say_reference(name: &str, lines: &[u32], sink: &mut dyn Sink) {
    let file = sink.file(name);
    for &line in lines {
        sink.pass_over(At { file, line }, &REFERENCE_RECORD, "");
    }
    sink.records(file, lines.len() as u64);
}

fn lines_of(file: &ProjectFile) -> Result<Vec<u32>, IngestError> {
    let (mut input, _) = Delimited::open(&file.path)?;
    let mut lines = Vec::new();
    while let Some(record) = input.next()? {
        lines.push(record.line);
    }
    Ok(lines)
}

fn read_export(
    source: &SourceEntry,
    mapping: &RedcapMapping,
    dictionaries: &[(String, Dictionary)],
    days: &BTreeMap<String, i32>,
    export: &ProjectFile,
    held: &mut Held,
    sink: &mut dyn Sink,
) -> Result<(), IngestError> {
    let header = lower_case(&export.header);
    let fitting = project::fitting(dictionaries, &header, mapping.dictionary.as_deref());
    if let (None, Some(wanted)) = (fitting, &mapping.dictionary) {
        return Err(no_such_dictionary(export, wanted));
    }
    let inferred = Dictionary::inferred(&header);
    let dictionary = fitting.map_or(&inferred, |(_, dictionary)| dictionary);
    refuse::check(source, &export.name, &header, dictionary, mapping)?;
    let file = sink.file(&export.name);
    sink.headers(file, &refuse::shown(&header, dictionary))?;
    if fitting.is_none() {
        sink.remark(file, &NO_DICTIONARY, "", 1);
    }
    let columns = Columns::find(dictionary, mapping, &header, &export.path)?;
    for &index in &columns.unmapped {
        sink.remark(file, &UNMAPPED_COLUMN, &printable(&header[index], index), 1);
    }
    let unread: Vec<usize> = columns.unmapped.clone();
    let named = |&at: &usize| Unread { position: at, name: printable(&header[at], at) };
    sink.unread(file, unread.iter().map(named).collect());
    let record = columns.record;
    let names = columns.tables.iter().map(|table| sink.names(table.names(&dictionary.fields))).collect();
    let rows = Rows {
        dictionary,
        columns,
        values: Values::new(mapping),
        days: days.clone(),
        site: &source.site,
        width: header.len(),
        names,
    };
    let (mut input, _) = Delimited::open(&export.path)?;
    let mut read = 0;
    while let Some(fields) = input.next()? {
        read += 1;
        held.add(record.map_or("", |index| fields.get(index)));
        unread.iter().enumerate().for_each(|(column, &at)| sink.aside(file, column, fields.get(at)));
        rows.read(fields, At { file, line: fields.line }, sink)?;
    }
    sink.records(file, read);
    Ok(())
}

/// How much all exports hold, to be compared with what was declared.
#[derive(Default)]
struct Held {
    rows: u64,
    records: HashSet<u64>,
}

impl Held {
    fn add(&mut self, record: &str) {
        let mut hasher = DefaultHasher::new();
        record.hash(&mut hasher);
        self.rows += 1;
        self.records.insert(hasher.finish());
    }

    fn check(&self, source: &SourceEntry, mapping: &RedcapMapping) -> Result<(), IngestError> {
        let declared = [(mapping.records, self.records.len() as u64, "records"), (mapping.rows, self.rows, "rows")];
        let short = declared.into_iter().find(|(declared, held, _)| declared.is_some_and(|declared| *held < declared));
        let Some((Some(declared), held, what)) = short else { return Ok(()) };
        Err(IngestError::UnreadableInput {
            path: source.path.clone(),
            line: None,
            what: format!("the export holds {held} {what} and the mapping declares {declared}"),
            hint: "the export was cut short or filtered: export all records, or correct the number in `[project]`",
        })
    }
}

fn no_such_dictionary(export: &ProjectFile, wanted: &str) -> IngestError {
    IngestError::UnreadableInput {
        path: export.path.with_file_name(wanted),
        line: None,
        what: "the mapping names this data dictionary, and no such file has a dictionary's header".to_owned(),
        hint: "download it from Project Setup, Data Dictionary, and put it beside the export",
    }
}
