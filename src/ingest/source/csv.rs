//! A folder of canonical CSV: one file per table, named after it, plain or compressed.

use std::fs;
use std::path::Path;

use super::super::error::IngestError;
use super::super::gate::{GateReport, printable_file};
use super::{OtherFile, SourceFiles, TableFile};
use crate::model::reject::UNREAD_FILE;
use crate::model::table::{INPUT_TABLES, InputTable};
use crate::protocol::nearest;
use crate::protocol::{MedicationFeed, SourceEntry};

const EXTENSIONS: [&str; 3] = [".csv", ".csv.gz", ".csv.zst"];

pub(super) fn find_files(source: &SourceEntry) -> Result<SourceFiles, IngestError> {
    let names = file_names(&source.path)?;
    let mut files =
        SourceFiles { tables: Vec::new(), others: Vec::new(), gate: GateReport::default(), corrections: None };
    for table in &INPUT_TABLES {
        let mut found = names.iter().filter(|name| stem(name) == Some(table.name));
        match (found.next(), found.next()) {
            (Some(name), None) => {
                files.tables.push(TableFile { table, path: source.path.join(name), name: name.clone(), staged: None });
            }
            (Some(_), Some(second)) => return Err(twice(&source.path.join(second))),
            (None, _) if is_needed(table, source) => return Err(missing(table, source, &names)),
            (None, _) => {}
        }
    }
    let unread = names.into_iter().filter(|name| stem(name).is_some_and(|stem| InputTable::find(stem).is_none()));
    files.others = unread.enumerate().map(|(at, name)| unread_file(&name, at)).collect();
    Ok(files)
}

fn unread_file(name: &str, at: usize) -> OtherFile {
    let name = printable_file(name, at);
    OtherFile { name, sha256: String::new(), records: None, remarks: vec![(&UNREAD_FILE, String::new(), 1)] }
}

/// A complete feed promises prescriptions: without the file everybody's dose
/// would be zero, and known to be.
fn is_needed(table: &InputTable, source: &SourceEntry) -> bool {
    table.required || (table.name == "prescriptions" && source.medications == MedicationFeed::Complete)
}

fn file_names(folder: &Path) -> Result<Vec<String>, IngestError> {
    let entries = fs::read_dir(folder).map_err(|error| IngestError::unreadable(folder, &error))?;
    let mut names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    Ok(names)
}

/// The name before `.csv`, `.csv.gz` or `.csv.zst`.
fn stem(name: &str) -> Option<&str> {
    EXTENSIONS.iter().find_map(|extension| name.strip_suffix(extension))
}

fn twice(path: &Path) -> IngestError {
    IngestError::UnreadableInput {
        path: path.to_owned(),
        line: None,
        what: "the table is there twice, plain and compressed".to_owned(),
        hint: "keep one of the files",
    }
}

fn missing(table: &'static InputTable, source: &SourceEntry, names: &[String]) -> IngestError {
    let stems = names.iter().filter_map(|name| stem(name));
    let hint = match nearest(table.name, stems) {
        Some(near) if InputTable::find(near).is_none() => format!("rename `{near}.csv` to `{}.csv`", table.name),
        _ if table.required => {
            "every source has patients, diagnoses, infusions and assessments; a file may hold only its header"
                .to_owned()
        }
        _ => "the pipeline says `medications = \"complete\"`; add the file or say \"reviewed\"".to_owned(),
    };
    IngestError::MissingFile { source_name: source.name.clone(), folder: source.path.clone(), table: table.name, hint }
}
