//! Where records come from. An adapter finds files of canonical tables; a new
//! kind of source is one file here and one line in `find_files`.

mod csv;

use std::path::PathBuf;

use super::error::IngestError;
use crate::model::table::InputTable;
use crate::protocol::SourceEntry;

/// The files of a source.
#[derive(Debug)]
pub(super) struct SourceFiles {
    /// In table order.
    pub tables: Vec<TableFile>,
    /// Names of files that are no table.
    pub unread: Vec<String>,
}

/// A file that holds a table.
#[derive(Debug)]
pub(super) struct TableFile {
    /// Which table.
    pub table: &'static InputTable,
    /// Where it is.
    pub path: PathBuf,
}

/// Finds the files of a source.
pub(super) fn find_files(source: &SourceEntry) -> Result<SourceFiles, IngestError> {
    // Loading the pipeline has checked the kind.
    match source.kind.as_str() {
        "csv" => csv::find_files(source),
        kind => unreachable!("a pipeline with the source kind `{kind}` does not load"),
    }
}
