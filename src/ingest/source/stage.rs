//! Takes what an adapter says and keeps it until the fast path reads it.
//!
//! Rows wait as canonical CSV in a file without a name, a stream a table and
//! original file; only counts are kept in memory. What the ledger and the
//! quarantine say later is about the original files and their lines.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::error::IngestError;
use super::super::gate::{Fate, GateReport, Role, judge_header, shown_columns};
use super::super::layout::Layout;
use super::super::staged::{HIDDEN_COLUMNS, Piece, Rejection, Spool, Staged};
use super::original::Original;
use super::sink::{At, Cells, FileId, Sink};
use super::{OtherFile, SourceFiles, TableFile};
use crate::model::reject::{MISSING_TABLE, RecordCounts, Rule, UNMAPPED_COLUMN};
use crate::model::table::{INPUT_TABLES, InputTable};
use crate::protocol::{Basis, MedicationFeed, SourceEntry};
use crate::store::CalendarKind;

/// Bytes of a stream that wait in memory.
const STREAM: usize = 1 << 16;
/// Bytes of all streams that wait in memory.
const STREAMS: usize = 1 << 24;
/// Bytes of a cell: every canonical value is far shorter, and a longer one is
/// still too long when it is cut here.
const LONGEST_CELL: usize = 4096;

/// One source being staged.
pub(super) struct Stage<'a> {
    source: &'a SourceEntry,
    basis: Basis,
    gate: GateReport,
    /// Whether the format has columns, which the gate must see.
    has_columns: bool,
    files: Vec<File>,
    /// By table, then file: the order they are read in.
    streams: BTreeMap<(usize, FileId), Stream>,
    waiting: usize,
    spool: Spool,
    rejections: BTreeMap<(&'static str, String), usize>,
    rejected_for: Vec<Rejection>,
}

struct File {
    name: String,
    original: Original,
    headers_shown: bool,
    last: Option<(u32, Said)>,
    said: RecordCounts,
    stated: Option<u64>,
    remarks: BTreeMap<(&'static str, String), (&'static Rule, u64)>,
}

/// What was said of a record; the greater word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    PassedOver,
    Rejected,
    Rows,
}

/// Rows of one table of one file.
#[derive(Default)]
struct Stream {
    text: Vec<u8>,
    pieces: Vec<Piece>,
    /// Columns of the table some row named, by position in `header_names`.
    named: u32,
    calendar: Option<CalendarKind>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(source: &'a SourceEntry, basis: Basis, has_columns: bool) -> Result<Self, IngestError> {
        let spool = Spool::new().map_err(|error| no_room(&error))?;
        Ok(Self {
            source,
            basis,
            gate: GateReport::default(),
            has_columns,
            files: Vec::new(),
            streams: BTreeMap::new(),
            waiting: 0,
            spool,
            rejections: BTreeMap::new(),
            rejected_for: Vec::new(),
        })
    }

    /// The files of the source as the fast path reads them.
    ///
    /// # Panics
    /// When a record went missing in the adapter: that is a bug.
    pub(super) fn finish(mut self) -> Result<SourceFiles, IngestError> {
        self.flush_all()?;
        let mut others: Vec<OtherFile> = self.files.iter_mut().map(File::finish).collect::<Result<_, _>>()?;
        let rejections: Arc<[Rejection]> = std::mem::take(&mut self.rejected_for).into();
        let spool = self.spool.finish();
        let mut tables = Vec::new();
        for ((table, file), stream) in self.streams {
            let table = &INPUT_TABLES[table];
            let sha256 = others[file.0].sha256.clone();
            let staged = Staged {
                spool: Arc::clone(&spool),
                pieces: stream.pieces,
                sha256,
                rejections: Arc::clone(&rejections),
            };
            let named = |column: &str| {
                table.header_names().zip(0..).any(|(name, at)| name == column && stream.named & (1 << at) != 0)
            };
            let layout = Layout::staged(table, named, stream.calendar);
            let (name, path) = (self.files[file.0].name.clone(), self.files[file.0].original.path().to_owned());
            tables.push(TableFile { table, path, name, staged: Some((staged, layout)) });
        }
        others.extend(missing_tables(self.source, &tables)?);
        Ok(SourceFiles { tables, others, gate: self.gate })
    }

    fn announce(&mut self, name: &str, shown: String) -> FileId {
        let path = self.path(name);
        self.files.push(File {
            name: shown,
            original: Original::new(path),
            headers_shown: false,
            last: None,
            said: RecordCounts::default(),
            stated: None,
            remarks: BTreeMap::new(),
        });
        FileId(self.files.len() - 1)
    }

    fn path(&self, name: &str) -> PathBuf {
        if self.source.path.is_dir() { self.source.path.join(name) } else { self.source.path.with_file_name(name) }
    }

    fn write(
        &mut self,
        at: At,
        table: &'static InputTable,
        cells: Cells<'_>,
        rejection: Option<usize>,
    ) -> Result<(), IngestError> {
        let file = &self.files[at.file.0];
        assert!(
            file.headers_shown || !self.has_columns,
            "the columns of {} were not shown to the privacy gate",
            file.name
        );
        let number = INPUT_TABLES.iter().position(|known| known.name == table.name).expect("tables are these");
        let stream = self.streams.entry((number, at.file)).or_insert_with(|| Stream::new(table));
        let before = stream.text.len();
        let same_calendar = stream.push(table, cells, at.line, rejection);
        self.waiting += stream.text.len() - before;
        if !same_calendar {
            let path = file.original.path().to_owned();
            return Err(IngestError::MixedCalendar { study_day: path.clone(), dated: path });
        }
        if stream.text.len() >= STREAM {
            self.waiting -= stream.flush(&mut self.spool)?;
        }
        if self.waiting >= STREAMS { self.flush_all() } else { Ok(()) }
    }

    fn flush_all(&mut self) -> Result<(), IngestError> {
        for stream in self.streams.values_mut() {
            stream.flush(&mut self.spool)?;
        }
        self.waiting = 0;
        Ok(())
    }

    /// Of the columns shown, one the adapter does not read.
    fn leave_unread(&mut self, file: FileId, column: &str) {
        let name = &self.files[file.0].name;
        let shown = self.gate.columns.iter_mut().filter(|shown| shown.file == *name && shown.column == column);
        shown.for_each(|shown| shown.fate = Fate::NotRead);
    }

    fn rejection(&mut self, rule: &'static Rule, column: &str) -> usize {
        let next = self.rejected_for.len();
        let number = *self.rejections.entry((rule.id, column.to_owned())).or_insert(next);
        if number == next {
            self.rejected_for.push(Rejection { rule, column: column.to_owned() });
        }
        number
    }
}

impl Sink for Stage<'_> {
    fn file_as(&mut self, name: &str, shown: &str) -> FileId {
        self.announce(name, shown.to_owned())
    }

    fn sheet(&mut self, name: &str, sheet: &str) -> FileId {
        self.announce(name, format!("{name}, sheet {sheet}"))
    }

    fn headers(&mut self, file: FileId, names: &[&str]) -> Result<(), IngestError> {
        let file = &mut self.files[file.0];
        file.headers_shown = true;
        self.gate.columns.extend(shown_columns(&self.source.name, &file.name, names, self.basis));
        self.gate.check()
    }

    fn prescribed(&mut self, file: FileId, names: &[String], role: &dyn Fn(&str) -> Role) -> Result<(), IngestError> {
        let file = &mut self.files[file.0];
        file.headers_shown = true;
        let judged = judge_header(&self.source.name, &file.name, names, self.basis, |at| role(names[at].trim()));
        self.gate.columns.extend(judged);
        self.gate.check()
    }

    fn row(&mut self, at: At, table: &'static InputTable, cells: Cells<'_>) -> Result<(), IngestError> {
        self.files[at.file.0].say(at.line, Said::Rows);
        self.write(at, table, cells, None)
    }

    fn reject_row(
        &mut self,
        at: At,
        table: &'static InputTable,
        rule: &'static Rule,
        column: &str,
        cells: Cells<'_>,
    ) -> Result<(), IngestError> {
        let number = self.rejection(rule, column);
        self.files[at.file.0].say(at.line, Said::Rejected);
        self.write(at, table, cells, Some(number))
    }

    fn pass_over(&mut self, at: At, rule: &'static Rule, column: &str) {
        self.files[at.file.0].say(at.line, Said::PassedOver);
        self.remark(at.file, rule, column, 1);
    }

    fn remark(&mut self, file: FileId, rule: &'static Rule, column: &str, times: u64) {
        if rule.id == UNMAPPED_COLUMN.id {
            self.leave_unread(file, column);
        }
        let remarks = &mut self.files[file.0].remarks;
        match remarks.get_mut(&(rule.id, column.to_owned())) {
            Some((_, known)) => *known += times,
            None => drop(remarks.insert((rule.id, column.to_owned()), (rule, times))),
        }
    }

    fn records(&mut self, file: FileId, read: u64) {
        self.files[file.0].stated = Some(read);
    }
}

impl File {
    fn say(&mut self, line: u32, said: Said) {
        match &mut self.last {
            Some((last, before)) if *last == line => *before = said.max(*before),
            _ => {
                self.close_record();
                self.last = Some((line, said));
            }
        }
    }

    fn close_record(&mut self) {
        let Some((_, said)) = self.last.take() else { return };
        self.said.read += 1;
        match said {
            Said::Rows => self.said.with_rows += 1,
            Said::Rejected => self.said.rejected += 1,
            Said::PassedOver => self.said.passed_over += 1,
        }
    }

    fn finish(&mut self) -> Result<OtherFile, IngestError> {
        self.close_record();
        let stated = self.stated.expect("an adapter says how many records a file held");
        assert_eq!(self.said.read, stated, "records of {} went missing", self.name);
        Ok(OtherFile {
            name: self.name.clone(),
            sha256: self.original.sha256()?,
            records: Some(self.said),
            remarks: std::mem::take(&mut self.remarks)
                .into_iter()
                .map(|((_, column), (rule, times))| (rule, column, times))
                .collect(),
        })
    }
}

impl Stream {
    fn new(table: &'static InputTable) -> Self {
        let mut stream = Self::default();
        // Every file begins with a header, and so does this one.
        let columns = Layout::staged_columns(table).count() + HIDDEN_COLUMNS;
        stream.text.resize(columns - 1, b',');
        stream.text.push(b'\n');
        stream
    }

    /// Adds a row; returns whether its day is counted as the other rows' are.
    fn push(&mut self, table: &'static InputTable, cells: Cells<'_>, line: u32, rejection: Option<usize>) -> bool {
        let mut same_calendar = true;
        for (name, _) in cells {
            let at = table.header_names().position(|known| known == *name);
            let at = at.unwrap_or_else(|| panic!("the table {} has no column {name}", table.name));
            self.named |= 1 << at;
            if let Some(kind) = Layout::calendar_of(table, name) {
                same_calendar &= self.calendar.is_none_or(|known| known == kind);
                self.calendar = Some(kind);
            }
        }
        for column in Layout::staged_columns(table) {
            let is_day = |name: &str| table.day.is_some_and(|day| day.dated == column && day.study_day == name);
            let cell = cells.iter().find(|(name, _)| *name == column || is_day(name));
            push_cell(&mut self.text, cell.map_or("", |(_, text)| text));
            self.text.push(b',');
        }
        let rejection = rejection.map(|number| number.to_string()).unwrap_or_default();
        self.text.extend_from_slice(format!("{line},{rejection}\n").as_bytes());
        same_calendar
    }

    /// Moves what waits to the spool; returns how many bytes that were.
    fn flush(&mut self, spool: &mut Spool) -> Result<usize, IngestError> {
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

/// A table a source says nothing of is empty, which the run says.
fn missing_tables(source: &SourceEntry, tables: &[TableFile]) -> Result<Option<OtherFile>, IngestError> {
    let missing = |table: &&InputTable| !tables.iter().any(|file| file.table.name == table.name);
    let is_prescriptions = |table: &&InputTable| table.name == "prescriptions";
    if source.medications == MedicationFeed::Complete
        && INPUT_TABLES.iter().filter(is_prescriptions).any(|table| missing(&table))
    {
        return Err(IngestError::MissingFile {
            source_name: source.name.clone(),
            folder: source.path.clone(),
            table: "prescriptions",
            hint: "the pipeline says `medications = \"complete\"` and nobody has a prescription; say \"reviewed\", or map them"
                .to_owned(),
        });
    }
    let remarks: Vec<_> = INPUT_TABLES
        .iter()
        .filter(|table| table.required)
        .filter(missing)
        .map(|table| (&MISSING_TABLE, table.name.to_owned(), 1))
        .collect();
    let other = OtherFile { name: String::new(), sha256: String::new(), records: None, remarks };
    Ok((!other.remarks.is_empty()).then_some(other))
}

fn no_room(error: &std::io::Error) -> IngestError {
    IngestError::UnreadableInput {
        path: std::env::temp_dir(),
        line: None,
        what: format!("a temporary file cannot be written ({error})"),
        hint: "make room, or set TMPDIR to a folder that has some",
    }
}
