//! What an adapter of a foreign format may say about a record it read.
//!
//! An adapter reads a clinic's files as they are and says, for every record of
//! every file, exactly one of: these are canonical rows (`row`, any number of
//! them), this cannot be used (`reject`), this is about something else
//! (`pass_over`). Nothing it has not mapped leaves it; the rules about ranges,
//! codes, days and people are applied later, to all formats alike.
//!
//! What is said of one record is said without speaking of another of the same
//! file in between. When a file has been read, `records` says how many records
//! it held, and a record nothing was said about is a bug that stops the run.

use crate::ingest::error::IngestError;
use crate::ingest::gate::{Role, Unread};
use crate::ingest::layout::Layout;
use crate::ingest::staged::Names;
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

/// Cells of a canonical row: columns by name, each as a canonical CSV would
/// write it. Columns not named are empty.
pub(in crate::ingest) type Cells<'a> = &'a [(&'static str, &'a str)];

/// What staff wrote beside a quarantined record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ingest) struct Correction {
    /// Which one it is.
    pub number: usize,
    /// Columns, by the name the quarantine gives them, and what they should say.
    pub cells: Vec<(String, String)>,
    /// Whether it is made before the row is looked at: the row contradicts
    /// another one, which only shows when all are read.
    pub at_once: bool,
}

impl Correction {
    /// With the words of the original put as canonical ones.
    pub(super) fn meaning(self, names: &Names, put: impl Fn(&'static str, &str) -> String) -> Self {
        let called = |column: &str| names.iter().find(|(_, called)| called.eq_ignore_ascii_case(column));
        let mean = |(column, text): (String, String)| {
            let text = called(&column).map_or_else(|| text.clone(), |(name, _)| put(name, &text));
            (column, text)
        };
        Self { cells: self.cells.into_iter().map(mean).collect(), ..self }
    }

    /// The cells of a row of `table` as corrected, where every column named is
    /// one of its. A column the record lacked may be given.
    pub(super) fn applied<'a>(
        &'a self,
        table: &'static InputTable,
        names: Option<&Names>,
        cells: Cells<'a>,
    ) -> Option<Vec<(&'static str, &'a str)>> {
        if self.cells.is_empty() {
            return None;
        }
        let mut corrected = cells.to_vec();
        for (column, value) in &self.cells {
            let name = canonical(table, names, column)?;
            match corrected.iter_mut().find(|(known, _)| *known == name) {
                Some(cell) => cell.1 = value,
                None if Layout::calendar_of(table, name).is_some() && dated(table, cells) => return None,
                None => corrected.push((name, value)),
            }
        }
        Some(corrected)
    }
}

/// The canonical column staff mean: by the original's name, by ours, or by the
/// FHIR element findings name, as `Observation.date`.
fn canonical(table: &'static InputTable, names: Option<&Names>, column: &str) -> Option<&'static str> {
    let own = |wanted: &str| table.header_names().find(|known| *known == wanted);
    let mut called = names.into_iter().flatten().filter(|(_, called)| called.eq_ignore_ascii_case(column));
    let element = || match column.rsplit_once('.')?.1 {
        "value" => own("score"),
        "subject" => own("patient_id"),
        element => own(element),
    };
    called.find_map(|(name, _)| own(name)).or_else(|| own(column)).or_else(element)
}

/// Whether a row says when.
fn dated(table: &InputTable, cells: Cells<'_>) -> bool {
    cells.iter().any(|(name, _)| Layout::calendar_of(table, name).is_some())
}

/// A canonical row of a format whose columns have names of their own.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct CorrectedRow<'a> {
    /// What the columns are called in the original, from `Sink::names`.
    pub names: Option<usize>,
    /// The row as it is.
    pub cells: Cells<'a>,
    /// The row as corrected: taken if it is no row as it is.
    pub correction: Option<(&'a Correction, Cells<'a>)>,
}

/// Takes what an adapter read.
pub(in crate::ingest) trait Sink {
    /// Announces a file that is about to be read: its path below the source's
    /// folder, or its name when the source is one file. Findings say it.
    fn file(&mut self, name: &str) -> FileId {
        self.file_as(name, name)
    }

    /// As `reject_row`, of a record nothing can be read of.
    ///
    /// # Errors
    /// The record cannot be kept.
    fn reject(
        &mut self,
        at: At,
        table: &'static InputTable,
        rule: &'static Rule,
        column: &str,
    ) -> Result<(), IngestError> {
        self.reject_row(at, table, rule, column, &[])
    }

    /// As `file`, of a file whose name may name a person, as where an export
    /// writes one file a patient: findings and the snapshot say `shown` instead.
    fn file_as(&mut self, name: &str, shown: &str) -> FileId;

    /// Announces a sheet of a workbook, which findings then name beside the file.
    fn sheet(&mut self, name: &str, sheet: &str) -> FileId;

    /// Shows the privacy gate every column name the file has, read or not.
    /// Formats with columns do this before the first row.
    ///
    /// # Errors
    /// A column must not be here.
    fn headers(&mut self, file: FileId, names: &[&str]) -> Result<(), IngestError>;

    /// As `headers`, of a format that prescribes its columns, so that a name says
    /// nothing of what is in it: the adapter says what each is to it.
    ///
    /// # Errors
    /// A column must not be here.
    fn prescribed(&mut self, file: FileId, names: &[String], role: &dyn Fn(&str) -> Role) -> Result<(), IngestError>;

    /// Announces the columns of a file nobody reads, before its first row.
    fn unread(&mut self, file: FileId, columns: Vec<Unread>);

    /// Shows the privacy gate a cell nobody reads, by its column's position
    /// among those announced. It is looked at and not kept.
    fn aside(&mut self, file: FileId, column: usize, text: &str);

    /// A canonical row of `table`.
    ///
    /// # Errors
    /// The row cannot be kept.
    fn row(&mut self, at: At, table: &'static InputTable, cells: Cells<'_>) -> Result<(), IngestError>;

    /// Announces a table the file may hold rows of, should it hold none.
    fn may_hold(&mut self, file: FileId, table: &'static InputTable);

    /// Remembers what canonical columns are called in the original, so that
    /// staff find the cell.
    fn names(&mut self, names: Names) -> usize;

    /// As `names`, of all rows of a file: `row` and `reject_row` use them.
    fn called(&mut self, file: FileId, names: Names);

    /// What staff wrote beside a record. `row` and `reject_row` make corrections
    /// themselves; an adapter whose values are words of the original's asks for
    /// them here and says the row twice, with `corrected_row`.
    fn correction(&self, at: At) -> Option<Correction>;

    /// A canonical row of `table`, as it is and as corrected.
    ///
    /// # Errors
    /// The row cannot be kept.
    fn corrected_row(&mut self, at: At, table: &'static InputTable, row: CorrectedRow<'_>) -> Result<(), IngestError>;

    /// A record that should have been a row of `table` and cannot be: it is
    /// read and quarantined. `column` is the format's own name for the place,
    /// never data.
    ///
    /// Whatever is known of the row goes into `cells`, at least `patient_id`
    /// where there is one: a prescription set aside makes its patient's dose
    /// unknown, and must be known to be that patient's.
    ///
    /// # Errors
    /// The record cannot be kept.
    fn reject_row(
        &mut self,
        at: At,
        table: &'static InputTable,
        rule: &'static Rule,
        column: &str,
        cells: Cells<'_>,
    ) -> Result<(), IngestError>;

    /// A record about something no table holds: counted, not a row. `rule` is a
    /// remark.
    fn pass_over(&mut self, at: At, rule: &'static Rule, column: &str);

    /// Remarks on the file, or on part of a record that gave rows all the same.
    fn remark(&mut self, file: FileId, rule: &'static Rule, column: &str, times: u64);

    /// How many records a file held, once it has been read.
    fn records(&mut self, file: FileId, read: u64);
}
