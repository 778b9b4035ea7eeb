//! The rows of one table of one original file, on their way to the spool.

use super::super::error::IngestError;
use super::super::layout::Layout;
use super::super::staged::{HIDDEN_COLUMNS, Piece, Spool};
use super::sink::Cells;
use crate::model::table::InputTable;
use crate::store::CalendarKind;

/// Bytes of a cell: every canonical value is far shorter, and a longer one is
/// still too long when it is cut here.
const LONGEST_CELL: usize = 4096;

/// Rows of one table of one file.
#[derive(Default)]
pub(super) struct Stream {
    /// What is not in the spool yet.
    pub text: Vec<u8>,
    /// Where the rest is.
    pub pieces: Vec<Piece>,
    /// How days are counted, once a row has said so.
    pub calendar: Option<CalendarKind>,
    /// How many rows there are.
    pub rows: u64,
    /// Columns of the table some row named, by position in `header_names`.
    named: u32,
}

/// What a row says besides its cells, each by number.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    /// What the adapter has against it.
    pub rejection: Option<usize>,
    /// What its columns are called in the original.
    pub names: Option<usize>,
    /// Which correction was made to it.
    pub correction: Option<usize>,
}

impl Stream {
    pub(super) fn new(table: &'static InputTable) -> Self {
        let mut stream = Self::default();
        // Every file begins with a header, and so does this one.
        let columns = Layout::staged_columns(table).count() + HIDDEN_COLUMNS;
        stream.text.resize(columns - 1, b',');
        stream.text.push(b'\n');
        stream
    }

    /// Whether a row named the column.
    pub(super) fn names(&self, table: &'static InputTable, column: &str) -> bool {
        table.header_names().zip(0..).any(|(name, at)| name == column && self.named & (1 << at) != 0)
    }

    /// Adds a row, and the row as corrected; returns whether its day is counted
    /// as the other rows' are.
    pub(super) fn push(
        &mut self,
        table: &'static InputTable,
        line: u32,
        marks: Marks,
        cells: Cells<'_>,
        corrected: Option<Cells<'_>>,
    ) -> bool {
        let mut same_calendar = true;
        for (name, _) in cells.iter().chain(corrected.unwrap_or_default()) {
            let at = table.header_names().position(|known| known == *name);
            let at = at.unwrap_or_else(|| panic!("the table {} has no column {name}", table.name));
            self.named |= 1 << at;
            if let Some(kind) = Layout::calendar_of(table, name) {
                same_calendar &= self.calendar.is_none_or(|known| known == kind);
                self.calendar = Some(kind);
            }
        }
        self.push_once(table, line, marks, cells);
        if let Some(cells) = corrected {
            self.text.push(b',');
            self.push_once(table, line, Marks { rejection: None, ..marks }, cells);
        }
        self.text.push(b'\n');
        self.rows += 1;
        same_calendar
    }

    fn push_once(&mut self, table: &'static InputTable, line: u32, marks: Marks, cells: Cells<'_>) {
        for column in Layout::staged_columns(table) {
            let is_day = |name: &str| table.day.is_some_and(|day| day.dated == column && day.study_day == name);
            let cell = cells.iter().find(|(name, _)| *name == column || is_day(name));
            push_cell(&mut self.text, cell.map_or("", |(_, text)| text));
            self.text.push(b',');
        }
        let number = |number: Option<usize>| number.map(|number| number.to_string()).unwrap_or_default();
        let hidden = [line.to_string(), number(marks.rejection), number(marks.names), number(marks.correction)];
        self.text.extend_from_slice(hidden.join(",").as_bytes());
    }

    /// Moves what waits to the spool; returns how many bytes that were.
    pub(super) fn flush(&mut self, spool: &mut Spool) -> Result<usize, IngestError> {
        let length = self.text.len();
        if length > 0 {
            self.pieces.push(spool.write(&self.text).map_err(|error| no_room(&error))?);
            self.text.clear();
        }
        Ok(length)
    }
}

/// A cell as RFC 4180 writes it.
fn push_cell(text: &mut Vec<u8>, cell: &str) {
    let cell = &cell[..cell.floor_char_boundary(LONGEST_CELL)];
    if !cell.contains([',', '"', '\n', '\r']) {
        text.extend_from_slice(cell.as_bytes());
        return;
    }
    text.push(b'"');
    text.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
    text.push(b'"');
}

/// The error when the spool cannot be written.
pub(super) fn no_room(error: &std::io::Error) -> IngestError {
    IngestError::UnreadableInput {
        path: std::env::temp_dir(),
        line: None,
        what: format!("a temporary file cannot be written ({error})"),
        hint: "make room, or set TMPDIR to a folder that has some",
    }
}
