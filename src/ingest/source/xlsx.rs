//! Workbooks: a sheet a canonical table, or any sheets with a mapping.
//!
//! A sheet is read cell by cell as it streams out of the file, so one stray
//! cell at the far end of a sheet costs a row and not a sheet. Merged cells
//! have a value in the first cell only, hidden rows and sheets are read like
//! others, and a formula is the value it had when the workbook was saved.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use calamine::{DataRef, ExcelDateTime, ExcelDateTimeType, Reader, Xlsx, XlsxError};

use super::super::error::IngestError;
use super::mapped::{ForeignCell, Mapper};
use super::sink::{At, Sink};
use super::{identity, unpacked};
use crate::model::reject::{UNMAPPED_COLUMN, UNREAD_FILE};
use crate::model::table::{INPUT_TABLES, InputTable};
use crate::protocol::nearest;
use crate::protocol::{ColumnsMapping, MappedTable, Mapping, Protocol, SourceEntry};

type Book = Xlsx<BufReader<File>>;

/// Reads every sheet that is a table or that the mapping names.
pub(super) fn stage(source: &SourceEntry, _protocol: &Protocol, sink: &mut dyn Sink) -> Result<(), IngestError> {
    let path = &source.path;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut book = open(path)?;
    let sheets = book.sheet_names();
    let mut reading = Reading { path, name: &name, book: &mut book, sink };
    if let Mapping::Columns(mapping) = &source.mapping {
        return reading.mapped(&sheets, mapping);
    }
    reading.canonical(&sheets)
}

/// Hands over the rows of the first sheet as text, with their numbers.
pub(super) fn first_sheet(
    path: &Path,
    take: &mut dyn FnMut(u32, Vec<String>) -> Result<(), IngestError>,
) -> Result<(), IngestError> {
    let mut book = open(path)?;
    let Some(sheet) = book.sheet_names().into_iter().next() else { return Ok(()) };
    let mut rows = Rows::new(path, &mut book, &sheet)?;
    while let Some(row) = rows.next()? {
        take(row.line, row.texts())?;
    }
    Ok(())
}

fn open(path: &Path) -> Result<Book, IngestError> {
    let file = File::open(path).map_err(|error| IngestError::unreadable(path, &error))?;
    if path.is_dir() {
        return Err(unreadable(
            path,
            "it is a folder",
            "name the workbook itself; several workbooks are several sources",
        ));
    }
    unpacked::check(path)?;
    Xlsx::new(BufReader::new(file)).map_err(|error| damaged(path, &error))
}

/// A workbook being read.
struct Reading<'r> {
    path: &'r Path,
    name: &'r str,
    book: &'r mut Book,
    sink: &'r mut dyn Sink,
}

impl Reading<'_> {
    /// Reads the sheets named after tables.
    fn canonical(&mut self, sheets: &[String]) -> Result<(), IngestError> {
        self.refuse_misspelt(sheets)?;
        let mut read: Vec<&InputTable> = Vec::new();
        for (at, sheet) in sheets.iter().enumerate() {
            let Some(table) = InputTable::find(&plain(sheet)) else {
                // The name of a sheet nobody has mapped may be a patient's.
                let file = self.sink.sheet(self.name, &format!("number {}", at + 1));
                self.sink.remark(file, &UNREAD_FILE, "", 1);
                self.sink.records(file, 0);
                continue;
            };
            if read.iter().any(|earlier| earlier.name == table.name) {
                let what = format!("two sheets are the table {}", table.name);
                return Err(IngestError::UnreadableInput {
                    path: self.path.to_owned(),
                    line: None,
                    what,
                    hint: "keep one of them, or give the source a mapping",
                });
            }
            read.push(table);
            self.sheet(sheet, &Tables::Canonical(table))?;
        }
        if read.is_empty() {
            return Err(unreadable(
                self.path,
                "no sheet is named after a table",
                "name the sheets patients, diagnoses, infusions, assessments, or give the source a `mapping`",
            ));
        }
        Ok(())
    }

    /// A table nobody finds because of its sheet's spelling would look as if nothing
    /// had happened. A name so near to a table's is nobody's, and may be repeated.
    fn refuse_misspelt(&self, sheets: &[String]) -> Result<(), IngestError> {
        let names: Vec<String> = sheets.iter().map(|sheet| plain(sheet)).collect();
        let others = || names.iter().map(String::as_str).filter(|name| InputTable::find(name).is_none());
        let mut absent =
            INPUT_TABLES.iter().filter(|table| table.required && !names.iter().any(|name| name == table.name));
        let meant = absent.find_map(|table| Some((table.name, nearest(table.name, others())?)));
        meant.map_or(Ok(()), |(table, near)| {
            Err(unreadable(
                self.path,
                &format!("it has no sheet `{table}`, but a sheet `{near}`"),
                "name the sheets patients, diagnoses, infusions, assessments, or give the source a `mapping`",
            ))
        })
    }

    /// Reads the sheets a mapping names.
    fn mapped(&mut self, sheets: &[String], mapping: &ColumnsMapping) -> Result<(), IngestError> {
        for from in mapping.files() {
            let Some(sheet) = sheets.iter().find(|sheet| sheet.trim() == from.trim()) else {
                let near = nearest(from, sheets.iter().map(String::as_str));
                let meant = near.map_or_else(String::new, |near| format!("; is it `{near}` now?"));
                return Err(IngestError::UnreadableInput {
                    path: self.path.to_owned(),
                    line: None,
                    what: format!("it has no sheet `{from}`, which the mapping names{meant}"),
                    hint: "correct the mapping or the workbook",
                });
            };
            self.sheet(sheet, &Tables::Mapped(mapping.tables.iter().filter(|table| table.from == from).collect()))?;
        }
        Ok(())
    }

    fn sheet(&mut self, sheet: &str, tables: &Tables<'_>) -> Result<(), IngestError> {
        let file = self.sink.sheet(self.name, sheet);
        let mut rows = Rows::new(self.path, self.book, sheet)?;
        let mut read = 0;
        // A sheet without any cell is a table without rows.
        let header = rows.next()?.map(SheetRow::texts).unwrap_or_default();
        let named = header.iter().filter(|name| !name.is_empty()).map(String::as_str).collect::<Vec<_>>();
        self.sink.headers(file, &named)?;
        let identity;
        let tables: Vec<&MappedTable> = match tables {
            Tables::Mapped(tables) => tables.clone(),
            Tables::Canonical(table) => {
                identity = identity::mapping(table, &header, self.path, file, self.sink)?;
                vec![&identity]
            }
        };
        if header.is_empty() {
            self.sink.records(file, 0);
            return Ok(());
        }
        let mapper = Mapper::new(self.path, &header, tables, file, self.sink)?;
        let mut nameless = 0;
        while let Some(row) = rows.next()? {
            nameless += u64::from(row.cells.iter().skip(header.len()).any(|cell| !cell.text.is_empty()));
            mapper.row(At { file, line: row.line }, &row.cells, None, self.sink)?;
            read += 1;
        }
        if nameless > 0 {
            self.sink.remark(file, &UNMAPPED_COLUMN, "cells beyond the header", nameless);
        }
        self.sink.records(file, read);
        Ok(())
    }
}

/// What a sheet holds.
enum Tables<'m> {
    Canonical(&'static InputTable),
    Mapped(Vec<&'m MappedTable>),
}

/// A row with at least one value.
struct SheetRow {
    /// As the spreadsheet numbers it.
    line: u32,
    cells: Vec<ForeignCell>,
}

impl SheetRow {
    fn texts(self) -> Vec<String> {
        self.cells.into_iter().map(|cell| cell.text).collect()
    }
}

/// The rows of a sheet that are not empty.
struct Rows<'b> {
    path: &'b Path,
    cells: calamine::XlsxCellReader<'b, BufReader<File>>,
    epoch_1904: bool,
    /// The first cell of the next row.
    ahead: Option<(u32, usize, ForeignCell)>,
}

impl<'b> Rows<'b> {
    fn new(path: &'b Path, book: &'b mut Book, sheet: &str) -> Result<Self, IngestError> {
        let epoch_1904 = book.has_1904_epoch();
        let cells = book.worksheet_cells_reader(sheet).map_err(|error| damaged(path, &error))?;
        let mut rows = Self { path, cells, epoch_1904, ahead: None };
        rows.ahead = rows.cell()?;
        Ok(rows)
    }

    fn next(&mut self) -> Result<Option<SheetRow>, IngestError> {
        let Some((line, at, cell)) = self.ahead.take() else { return Ok(None) };
        let mut row = SheetRow { line, cells: Vec::new() };
        row.put(at, cell);
        while let Some((line, at, cell)) = self.cell()? {
            if line != row.line {
                if line < row.line {
                    return Err(unreadable(self.path, "the rows of a sheet are out of order", REPAIR));
                }
                self.ahead = Some((line, at, cell));
                break;
            }
            row.put(at, cell);
        }
        Ok(Some(row))
    }

    /// The next cell with a value: row from 1, column from 0.
    fn cell(&mut self) -> Result<Option<(u32, usize, ForeignCell)>, IngestError> {
        loop {
            let Some(cell) = self.cells.next_cell().map_err(|error| damaged(self.path, &error))? else {
                return Ok(None);
            };
            let (row, column) = cell.get_position();
            let value = foreign(cell.get_value(), self.epoch_1904);
            if row >= ROWS || column >= COLUMNS {
                return Err(unreadable(self.path, "a cell is beyond the last row or column of a sheet", REPAIR));
            }
            if !value.text.is_empty() {
                return Ok(Some((row + 1, column as usize, value)));
            }
        }
    }
}

/// What a sheet can hold.
const ROWS: u32 = 1 << 20;
const COLUMNS: u32 = 1 << 14;

impl SheetRow {
    fn put(&mut self, at: usize, cell: ForeignCell) {
        if self.cells.len() <= at {
            self.cells.resize(at + 1, ForeignCell::default());
        }
        self.cells[at] = cell;
    }
}

fn foreign(value: &DataRef<'_>, epoch_1904: bool) -> ForeignCell {
    let text = |text: &str| ForeignCell { text: text.trim().to_owned(), date: None };
    match value {
        DataRef::Empty => ForeignCell::default(),
        DataRef::SharedString(written) => text(written),
        DataRef::Bool(yes) => text(if *yes { "true" } else { "false" }),
        DataRef::Int(number) => numeric(*number as f64, epoch_1904),
        DataRef::Float(number) => numeric(*number, epoch_1904),
        DataRef::DateTime(stamp) if stamp.is_datetime() => {
            let date = iso(*stamp);
            ForeignCell { text: date.clone(), date: Some(date) }
        }
        DataRef::DateTime(duration) => numeric(duration.as_f64(), epoch_1904),
        DataRef::String(written) | DataRef::DateTimeIso(written) | DataRef::DurationIso(written) => text(written),
        // `#N/A` and the like: no rule takes it for a value.
        DataRef::Error(error) => text(&error.to_string()),
    }
}

fn numeric(number: f64, epoch_1904: bool) -> ForeignCell {
    let stamp = ExcelDateTime::new(number, ExcelDateTimeType::DateTime, epoch_1904);
    ForeignCell { text: number_text(number), date: number.is_finite().then(|| iso(stamp)) }
}

fn iso(stamp: ExcelDateTime) -> String {
    let (year, month, day, ..) = stamp.to_ymd_hms_milli();
    format!("{year:04}-{month:02}-{day:02}")
}

/// A number as the spreadsheet shows it: 15 digits and no point where it is
/// whole, so that an id or score of 7 is `7` however it is stored.
fn number_text(number: f64) -> String {
    let shown: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    if shown == 0.0 { "0".to_owned() } else { shown.to_string() }
}

const REPAIR: &str = "open it in a spreadsheet program and save it again as .xlsx";

/// A sheet's name as tables are named.
fn plain(sheet: &str) -> String {
    sheet.trim().to_lowercase().replace([' ', '-'], "_")
}

fn unreadable(path: &Path, what: &str, hint: &'static str) -> IngestError {
    IngestError::UnreadableInput { path: path.to_owned(), line: None, what: what.to_owned(), hint }
}

/// The crate's own messages may hold what is in the file, so they are not passed on.
fn damaged(path: &Path, error: &XlsxError) -> IngestError {
    match error {
        XlsxError::Io(error) => IngestError::unreadable(path, error),
        XlsxError::Password => unreadable(path, "the workbook is protected by a password", "save a copy without one"),
        _ => unreadable(path, "it is not an .xlsx workbook, or it is damaged", REPAIR),
    }
}

#[cfg(test)]
mod tests {
    use calamine::{DataRef, ExcelDateTime, ExcelDateTimeType};

    use super::{foreign, number_text};

    #[test]
    fn numbers_are_written_as_a_spreadsheet_shows_them() {
        for (number, text) in [
            (7.0, "7"),
            (6.5, "6.5"),
            (0.1 + 0.2, "0.3"),
            (-0.0, "0"),
            (1e15, "1000000000000000"),
            (123_456_789_012_345.0, "123456789012345"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number_text(number), text);
        }
    }

    #[test]
    fn serials_are_dates_of_the_workbooks_own_epoch() {
        // Computed with Python: date(1899, 12, 30) + timedelta(46234), date(1904, 1, 1) + timedelta(44772).
        for (serial, epoch_1904, date) in
            [(46_234.0, false, "2026-07-31"), (44_772.0, true, "2026-07-31"), (46_234.75, false, "2026-07-31")]
        {
            assert_eq!(foreign(&DataRef::Float(serial), epoch_1904).date.as_deref(), Some(date));
            let stamp = ExcelDateTime::new(serial, ExcelDateTimeType::DateTime, epoch_1904);
            assert_eq!(foreign(&DataRef::DateTime(stamp), epoch_1904).text, date);
        }
        assert_eq!(foreign(&DataRef::Float(f64::INFINITY), false).date, None);
        assert_eq!(foreign(&DataRef::SharedString(" P1\u{a0}"), false).text, "P1");
    }
}
