//! A report folder read back: its manifest, its results, and the definitions it
//! was made under.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::PublishError;
use super::bundle::stored_name;
use super::manifest::{FileDigest, MANIFEST};

const RESULTS: &str = "results.csv";

/// A report folder.
#[derive(Clone, Debug)]
pub struct WrittenReport {
    /// Where it is.
    pub folder: PathBuf,
    /// What it says it was made from.
    pub manifest: WrittenManifest,
    /// Its numbers.
    pub results: Table,
}

/// What a manifest says of a run; unknown keys are of a later version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WrittenManifest {
    /// Version of the program.
    pub version: String,
    /// Pipeline id.
    pub pipeline: String,
    /// Profile, with its version.
    pub disclosure_profile: String,
    /// Digest of the snapshot.
    pub snapshot: String,
    /// Data cut.
    pub data_cut: Option<String>,
    /// Primary horizon.
    pub primary_horizon: String,
    /// Factors, with their version.
    pub mme_factors: String,
    /// Further sets the same patients were counted under; reports made before there were any lack it.
    #[serde(default)]
    pub compared_mme_factors: Vec<String>,
    /// Pipeline and packs, in the order they were read.
    pub definitions: Vec<FileDigest>,
    /// Files that were read.
    pub inputs: Vec<WrittenInput>,
    /// Files of the folder.
    pub outputs: Vec<FileDigest>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WrittenInput {
    /// Source.
    pub source: String,
    /// File name.
    pub file: String,
    /// Its digest.
    pub sha256: String,
}

/// A table of text, as CSV holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows in the order of the file.
    pub rows: Vec<Vec<String>>,
}

impl WrittenReport {
    /// Reads the report in `folder`.
    ///
    /// # Errors
    /// A manifest or results table that is missing or is none, and results
    /// that are not those the manifest names.
    pub fn read(folder: &Path) -> Result<Self, PublishError> {
        let report = Self::read_as_is(folder)?;
        let path = folder.join(RESULTS);
        let content = fs::read(&path)
            .map_err(|error| PublishError::Unreadable { path: path.clone(), what: error.to_string() })?;
        let named = report.manifest.outputs.iter().find(|output| output.file == RESULTS);
        if named.is_some_and(|named| named.sha256 == FileDigest::of(RESULTS, &content).sha256) {
            return Ok(report);
        }
        let what = "it was changed after the report was made: its digest is not the one in `manifest.json`";
        Err(PublishError::Unreadable { path, what: what.to_owned() })
    }

    /// The same, with results as they stand: for who compares them.
    ///
    /// # Errors
    /// A manifest or results table that is missing or is none.
    pub fn read_as_is(folder: &Path) -> Result<Self, PublishError> {
        let (path, text) = read(&folder.join(MANIFEST))?;
        let manifest =
            serde_json::from_str(&text).map_err(|_| PublishError::Unreadable { path, what: no_manifest(&text) })?;
        let (path, text) = read(&folder.join(RESULTS))?;
        let results = Table::parse(&text);
        if results.column("result_id").is_none() {
            return Err(PublishError::Unreadable { path, what: "it has no column `result_id`".to_owned() });
        }
        Ok(Self { folder: folder.to_owned(), manifest, results })
    }

    /// The pipeline and packs as used: file name and text, the pipeline first.
    ///
    /// # Errors
    /// A file of `protocol/` that is missing or not the one the manifest names.
    pub fn definitions(&self) -> Result<Vec<(String, String)>, PublishError> {
        let one = |definition: &FileDigest| {
            let (path, text) = read(&self.folder.join(stored_name(&definition.file)))?;
            if FileDigest::of(&definition.file, text.as_bytes()).sha256 == definition.sha256 {
                return Ok((definition.file.clone(), text));
            }
            Err(PublishError::Unreadable { path, what: "it is not the text the manifest names".to_owned() })
        };
        self.manifest.definitions.iter().map(one).collect()
    }
}

/// Why a text is not a manifest this version can read.
fn no_manifest(text: &str) -> String {
    let said: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let version = said.as_ref().and_then(|said| said["version"].as_str());
    match version.filter(|version| *version != env!("CARGO_PKG_VERSION")) {
        Some(version) => format!("it was made by another version of relief, {version}"),
        None => "it is not a manifest of a report".to_owned(),
    }
}

fn read(path: &Path) -> Result<(PathBuf, String), PublishError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok((path.to_owned(), text)),
        Err(error) => Err(PublishError::Unreadable { path: path.to_owned(), what: error.to_string() }),
    }
}

impl Table {
    /// Reads RFC 4180, with LF or CRLF.
    pub fn parse(text: &str) -> Self {
        let mut records = records(text).into_iter();
        Self { columns: records.next().unwrap_or_default(), rows: records.collect() }
    }

    /// Position of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// A cell; empty where there is no such column.
    pub fn cell<'a>(&self, row: &'a [String], column: &str) -> &'a str {
        self.column(column).and_then(|index| row.get(index)).map_or("", String::as_str)
    }

    /// Rows by `result_id`.
    pub fn by_id(&self) -> BTreeMap<&str, &[String]> {
        let rows = self.rows.iter().map(|row| (self.cell(row, "result_id"), row.as_slice()));
        rows.collect()
    }
}

fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut cell = String::new();
    let mut inside = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if inside && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => inside = !inside,
            ',' if !inside => record.push(std::mem::take(&mut cell)),
            '\r' if !inside => {}
            '\n' if !inside => {
                record.push(std::mem::take(&mut cell));
                records.push(std::mem::take(&mut record));
            }
            letter => cell.push(letter),
        }
    }
    if !cell.is_empty() || !record.is_empty() {
        record.push(cell);
        records.push(record);
    }
    records
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn quoted_cells_are_read_back() {
        let table = Table::parse("a,b\n\"1,\"\"x\"\"\n2\",\r\n3,4");
        assert_eq!(table.columns, ["a", "b"]);
        assert_eq!(table.rows, [["1,\"x\"\n2", ""], ["3", "4"]].map(|row| row.map(str::to_owned).to_vec()));
        assert_eq!(Table::parse(""), Table::default());
    }
}
