//! The tables of an OMOP folder: CSV or Parquet, in either case, compressed or
//! in parts.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ingest::error::IngestError;
use crate::protocol::SourceEntry;

/// Tables that are read.
pub(super) const TABLES: [&str; 10] = [
    "concept",
    "drug_strength",
    "person",
    "observation_period",
    "condition_occurrence",
    "drug_exposure",
    "measurement",
    "observation",
    "procedure_occurrence",
    "death",
];

const TEXT: [&str; 9] = [".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz", ".tsv.zst", ".txt", ".txt.gz", ".txt.zst"];
const PARQUET: [&str; 2] = [".parquet", ".pq"];

/// How deep parts may lie: `cdm/person.parquet/part-0.parquet`.
const DEPTH: usize = 3;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Parquet,
}

/// A file that holds a table or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Path below the source's folder.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// How it is written.
    pub format: Format,
    table: Option<&'static str>,
    /// Whether its folder, not the file, is named after the table.
    in_parts: bool,
}

/// The files of a source.
#[derive(Debug)]
pub(super) struct Folder(Vec<Part>);

impl Folder {
    /// Looks at every file below the source's folder.
    pub(super) fn find(source: &SourceEntry) -> Result<Self, IngestError> {
        let mut parts = Vec::new();
        collect(&source.path, "", None, DEPTH, &mut parts)?;
        parts.sort_by(|a, b| a.name.cmp(&b.name));
        let folder = Self(parts);
        for table in TABLES {
            let whole: Vec<&Part> = folder.of(table).collect();
            let formats = whole.iter().any(|part| part.format != whole[0].format);
            if whole.len() > 1 && (formats || whole.iter().any(|part| !part.in_parts)) {
                return Err(twice(whole[1]));
            }
        }
        if folder.of("person").next().is_none() {
            return Err(IngestError::MissingFile {
                source_name: source.name.clone(),
                folder: source.path.clone(),
                table: "person",
                hint: "an OMOP folder has a file for each table, named after it, as CSV or Parquet".to_owned(),
            });
        }
        Ok(folder)
    }

    /// The parts of a table, in order of name.
    pub(super) fn of(&self, table: &str) -> impl Iterator<Item = &Part> {
        self.0.iter().filter(move |part| part.table == Some(table))
    }

    /// Files that are no table this reads.
    pub(super) fn unread(&self) -> impl Iterator<Item = &Part> {
        self.0.iter().filter(|part| part.table.is_none())
    }
}

fn collect(
    folder: &Path,
    below: &str,
    inside: Option<&'static str>,
    depth: usize,
    parts: &mut Vec<Part>,
) -> Result<(), IngestError> {
    let entries = fs::read_dir(folder).map_err(|error| IngestError::unreadable(folder, &error))?;
    for entry in entries.flatten() {
        let (path, Ok(file)) = (entry.path(), entry.file_name().into_string()) else { continue };
        let name = if below.is_empty() { file.clone() } else { format!("{below}/{file}") };
        if path.is_dir() {
            if depth > 1 && !file.starts_with('.') {
                collect(&path, &name, table_of(&file), depth - 1, parts)?;
            }
            continue;
        }
        let format = format_of(&file);
        let own = format.and_then(|_| table_of(&file));
        let table = if format.is_some() { own.or(inside) } else { None };
        let format = format.unwrap_or(Format::Text);
        parts.push(Part { name, path, format, table, in_parts: own.is_none() && inside.is_some() });
    }
    Ok(())
}

fn format_of(file: &str) -> Option<Format> {
    let file = file.to_lowercase();
    let ends = |extensions: &[&str]| extensions.iter().any(|extension| file.ends_with(extension));
    if ends(&TEXT) {
        Some(Format::Text)
    } else if ends(&PARQUET) {
        Some(Format::Parquet)
    } else {
        None
    }
}

/// The table a file or folder is named after: `PERSON.csv.gz`, `cdm.person.parquet`.
fn table_of(file: &str) -> Option<&'static str> {
    let file = file.to_lowercase();
    let extensions = TEXT.iter().chain(&PARQUET);
    let stem = extensions.filter_map(|extension| file.strip_suffix(extension)).min_by_key(|stem| stem.len());
    let stem = stem.unwrap_or(&file);
    let last = stem.rsplit('.').next().unwrap_or(stem);
    TABLES.into_iter().find(|table| *table == last)
}

fn twice(part: &Part) -> IngestError {
    IngestError::UnreadableInput {
        path: part.path.clone(),
        line: None,
        what: "the table is there twice".to_owned(),
        hint: "keep one of the files; parts of one table lie in a folder named after it",
    }
}

#[cfg(test)]
mod tests {
    use super::table_of;

    #[test]
    fn tables_are_named_in_many_ways() {
        for (file, table) in [
            ("PERSON.csv", Some("person")),
            ("person.csv.gz", Some("person")),
            ("cdm.Drug_Exposure.parquet", Some("drug_exposure")),
            ("measurement", Some("measurement")),
            ("VISIT_OCCURRENCE.csv", None),
            ("part-00000.snappy.parquet", None),
        ] {
            assert_eq!(table_of(file), table, "{file}");
        }
    }
}
