//! What an adapter of a foreign format may say about a record it read.
//!
//! An adapter reads a clinic's files as they are and says, for every record of
//! every file, exactly one of: these are canonical rows (`row`, any number of
//! them), this cannot be used (`reject`), this is about something else
//! (`pass_over`). Nothing it has not mapped leaves it; the rules about ranges,
//! codes, days and people are applied later, to all formats alike.

use crate::ingest::error::IngestError;
use crate::model::reject::Rule;
use crate::model::table::InputTable;

/// A file of the source, by the order it was announced in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ingest) struct FileId(pub(in crate::ingest) usize);

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ingest) struct At {
    /// The file.
    pub file: FileId,
    /// Physical line, spreadsheet row or array position its record starts on, from 1.
    pub line: u32,
}

/// Takes what an adapter read.
pub(in crate::ingest) trait Sink {
    /// Announces a file that is about to be read; the name is said in findings.
    fn file(&mut self, name: &str) -> FileId;

    /// A canonical row: columns of `table` by name, each as a canonical CSV
    /// would write it. Columns not named are empty.
    ///
    /// # Errors
    /// The row cannot be kept.
    fn row(&mut self, at: At, table: &'static InputTable, cells: &[(&'static str, &str)]) -> Result<(), IngestError>;

    /// A record that should have been a row of `table` and cannot be: it is
    /// read and quarantined. `column` is the format's own name for the place,
    /// never data.
    ///
    /// # Errors
    /// The record cannot be kept.
    fn reject(
        &mut self,
        at: At,
        table: &'static InputTable,
        rule: &'static Rule,
        column: &str,
    ) -> Result<(), IngestError>;

    /// A record about something no table holds: counted, not a row. `rule` is a
    /// remark.
    fn pass_over(&mut self, at: At, rule: &'static Rule, column: &str);
}
