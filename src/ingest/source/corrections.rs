//! What staff wrote beside quarantined rows: the quarantine file of the source
//! with its last column filled in, as CSV or workbook.
//!
//! Lines without a correction say nothing. All corrections of one record are
//! made together; a record that is accepted as it is keeps its values.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::error::IngestError;
use super::sink::Correction;
use super::{columns, xlsx};
use crate::model::reject::{PATIENT_CONFLICT, ROW_ID_CONFLICT};

/// The corrections of a source.
#[derive(Debug, Default)]
pub(super) struct Corrections {
    groups: Vec<Group>,
    by_place: BTreeMap<(String, u32), usize>,
}

/// The corrections of one record.
#[derive(Debug, Default)]
struct Group {
    cells: Vec<(String, String)>,
    /// The row contradicts another, which only shows when all are read.
    at_once: bool,
    /// One cell is corrected in two ways.
    contradictory: bool,
    found: Found,
}

/// What a correction was found to be of; the greater word counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    #[default]
    Nothing,
    /// A record no row can be made of, however its cell is mended.
    NoRow,
    Row,
}

impl Corrections {
    /// Reads a quarantine file with corrections. `header` is shown every column
    /// name before a value is read.
    pub(super) fn read(
        path: &Path,
        header: &mut dyn FnMut(&[String]) -> Result<(), IngestError>,
    ) -> Result<Self, IngestError> {
        let mut corrections = Self::default();
        let mut columns: Option<Columns> = None;
        let mut take = |line: u32, cells: Vec<String>| match &columns {
            None => {
                header(&cells)?;
                columns = Some(Columns::find(path, &cells)?);
                Ok(())
            }
            Some(columns) => corrections.add(path, line, columns, &cells),
        };
        let workbook = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xlsx"));
        if workbook {
            xlsx::first_sheet(path, &mut take)?;
        } else {
            columns::rows(path, &mut take)?;
        }
        Ok(corrections)
    }

    fn add(&mut self, path: &Path, line: u32, columns: &Columns, cells: &[String]) -> Result<(), IngestError> {
        let text = |at: usize| cells.get(at).map_or("", |cell| cell.trim());
        if text(columns.correction).is_empty() {
            return Ok(());
        }
        let Ok(of_line) = text(columns.line).parse::<u32>() else {
            let hint = "leave the columns file, line and column as the quarantine has them";
            return Err(IngestError::at_line(path, line, "the column `line` holds no line number", hint));
        };
        let next = self.groups.len();
        let place = (text(columns.file).to_owned(), of_line);
        let number = *self.by_place.entry(place).or_insert(next);
        if number == next {
            self.groups.push(Group::default());
        }
        let group = &mut self.groups[number];
        let (column, value) = (text(columns.column).to_owned(), text(columns.correction).to_owned());
        let rule = columns.rule.map_or("", text);
        group.at_once |= [PATIENT_CONFLICT.id, ROW_ID_CONFLICT.id].contains(&rule);
        let before = group.cells.iter().find(|(known, _)| *known == column);
        group.contradictory |= before.is_some_and(|(_, known)| *known != value);
        group.cells.push((column, value));
        Ok(())
    }

    /// How many records are corrected.
    pub(super) fn len(&self) -> u64 {
        self.groups.len() as u64
    }

    /// How many corrections no row was found for.
    pub(super) fn unmatched(&self) -> u64 {
        self.groups.iter().filter(|group| group.found != Found::Row).count() as u64
    }

    /// The corrections of a record, unless they contradict each other.
    pub(super) fn of(&self, file: &str, line: u32) -> Option<Correction> {
        if self.groups.is_empty() {
            return None;
        }
        let number = *self.by_place.get(&(file.to_owned(), line))?;
        let group = &self.groups[number];
        let usable = !group.contradictory;
        usable.then(|| Correction { number, cells: group.cells.clone(), at_once: group.at_once })
    }

    /// Notes that a record was found and no row can be made of it.
    pub(super) fn hopeless(&mut self, number: usize) {
        self.note(number, Found::NoRow);
    }

    /// How many corrections are of records no row can be made of.
    pub(super) fn hopeless_ones(&self) -> u64 {
        self.groups.iter().filter(|group| group.found == Found::NoRow).count() as u64
    }

    /// Notes that a row was found for a correction.
    pub(super) fn found(&mut self, number: usize) {
        self.note(number, Found::Row);
    }

    fn note(&mut self, number: usize, found: Found) {
        let group = &mut self.groups[number];
        group.found = found.max(group.found);
    }
}

/// Where the columns of a quarantine file are.
struct Columns {
    file: usize,
    line: usize,
    column: usize,
    rule: Option<usize>,
    correction: usize,
}

impl Columns {
    fn find(path: &Path, header: &[String]) -> Result<Self, IngestError> {
        let at = |name: &str| header.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
        let must = |name: &str| {
            at(name).ok_or_else(|| IngestError::MissingColumn {
                path: path.to_owned(),
                column: name.to_owned(),
                hint: "corrections are the quarantine file of the source with its last column filled in".to_owned(),
            })
        };
        Ok(Self {
            file: must("file")?,
            line: must("line")?,
            column: must("column")?,
            rule: at("rule"),
            correction: must("correction")?,
        })
    }
}
