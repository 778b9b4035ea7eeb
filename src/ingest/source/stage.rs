//! Takes what an adapter says and keeps it until the fast path reads it.
//!
//! Rows wait as canonical CSV in a file without a name, a stream a table and
//! original file; only counts are kept in memory. What the ledger and the
//! quarantine say later is about the original files and their lines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::error::IngestError;
use super::super::gate::{Fate, GateReport, Glimpse, Numbers, Role, Unread, judge_header, shown_columns};
use super::super::layout::Layout;
use super::super::staged::{Names, Rejection, Spool, Staged};
use super::corrections::Corrections;
use super::original::Original;
use super::sink::{At, Cells, CorrectedRow, Correction, FileId, Sink};
use super::stream::{Marks, Stream, no_room};
use super::{Adapter, OtherFile, SourceCorrections, SourceFiles, TableFile};
use crate::model::reject::{
    CORRECTION_INCOMPLETE, CORRECTION_UNMATCHED, MISSING_TABLE, RecordCounts, Rule, UNMAPPED_COLUMN,
};
use crate::model::table::{INPUT_TABLES, InputTable, TableId};
use crate::protocol::{Basis, MedicationFeed, SourceEntry, ZipPack};

/// Bytes of a stream that wait in memory.
const STREAM: usize = 1 << 16;
/// Bytes of all streams that wait in memory.
const STREAMS: usize = 1 << 24;
/// One source being staged.
pub(super) struct Stage<'a> {
    source: &'a SourceEntry,
    basis: Basis,
    zip3: &'a ZipPack,
    /// Of the patient codes.
    codes: Numbers,
    gate: GateReport,
    /// Says what the gate must see of the format.
    adapter: &'static Adapter,
    files: Vec<File>,
    /// By table, then file: the order they are read in.
    streams: BTreeMap<(usize, FileId), Stream>,
    waiting: usize,
    spool: Spool,
    rejections: BTreeMap<(&'static str, String), usize>,
    rejected_for: Vec<Rejection>,
    names: Vec<Names>,
    corrections: Corrections,
    /// The file they came from.
    corrected_by: Option<FileId>,
}

struct File {
    name: String,
    original: Original,
    headers_shown: bool,
    /// What its columns are called, if one thing throughout.
    names: Option<usize>,
    /// Columns nobody reads, and what was seen in them.
    unread: Vec<Unread>,
    glimpse: Glimpse,
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

impl<'a> Stage<'a> {
    pub(super) fn new(
        source: &'a SourceEntry,
        (basis, zip3): (Basis, &'a ZipPack),
        adapter: &'static Adapter,
    ) -> Result<Self, IngestError> {
        let spool = Spool::new().map_err(|error| no_room(&error))?;
        Ok(Self {
            source,
            basis,
            zip3,
            codes: Numbers::default(),
            gate: GateReport::default(),
            adapter,
            files: Vec::new(),
            streams: BTreeMap::new(),
            waiting: 0,
            spool,
            rejections: BTreeMap::new(),
            rejected_for: Vec::new(),
            names: Vec::new(),
            corrections: Corrections::default(),
            corrected_by: None,
        })
    }

    /// Reads the corrections staff made.
    pub(super) fn correct(&mut self, path: &Path) -> Result<(), IngestError> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let file = self.announce(path.to_owned(), name);
        self.corrected_by = Some(file);
        let mut header = |names: &[String]| self.headers(file, &names.iter().map(String::as_str).collect::<Vec<_>>());
        self.corrections = Corrections::read(path, &mut header)?;
        self.records(file, 0);
        Ok(())
    }

    /// The files of the source as the fast path reads them.
    ///
    /// # Panics
    /// When a record went missing in the adapter: that is a bug.
    pub(super) fn finish(mut self) -> Result<SourceFiles, IngestError> {
        self.flush_all()?;
        for file in &self.files {
            // Where ids of many kinds are the database's own, they share ranges by nature.
            let seen = if self.adapter.judged_by_value {
                file.glimpse.judge_values(&file.unread, self.zip3)
            } else {
                let mut seen = file.glimpse.judge(&file.unread, self.zip3);
                seen.merge(file.glimpse.judge_numbers(&file.unread, &self.codes));
                seen
            };
            self.gate.columns.extend(seen.refusals(&self.source.name, &file.name));
        }
        let corrections = self.corrected_by.map(|file| self.settle_corrections(file));
        let mut others: Vec<OtherFile> = self.files.iter_mut().map(File::finish).collect::<Result<_, _>>()?;
        let names: Arc<[Names]> = std::mem::take(&mut self.names).into();
        let rejections: Arc<[Rejection]> = std::mem::take(&mut self.rejected_for).into();
        let spool = self.spool.finish();
        let mut tables = Vec::new();
        let empty = missing_tables(self.source, &self.streams)?;
        for ((table, file), mut named) in self.streams {
            let table = &INPUT_TABLES[table];
            let sha256 = others[file.0].sha256.clone();
            let staged = Staged {
                spool: Arc::clone(&spool),
                pieces: std::mem::take(&mut named.pieces),
                sha256,
                rejections: Arc::clone(&rejections),
                names: Arc::clone(&names),
            };
            let layout = Layout::staged(table, |column| named.names(table, column), named.calendar);
            let (name, path) = (self.files[file.0].name.clone(), self.files[file.0].original.path().to_owned());
            tables.push(TableFile { table, path, name, staged: Some((staged, layout)) });
        }
        others.extend(empty);
        Ok(SourceFiles { tables, others, gate: self.gate, corrections })
    }

    /// The file of corrections among the others, and what came of them so far.
    fn settle_corrections(&mut self, file: FileId) -> SourceCorrections {
        let (rows, unmatched) = (self.corrections.len(), self.corrections.unmatched());
        let hopeless = self.corrections.hopeless_ones();
        for (rule, times) in [(&CORRECTION_UNMATCHED, unmatched - hopeless), (&CORRECTION_INCOMPLETE, hopeless)] {
            if times > 0 {
                self.remark(file, rule, "", times);
            }
        }
        SourceCorrections { other: file.0, rows, unmatched }
    }

    fn announce(&mut self, path: PathBuf, shown: String) -> FileId {
        self.files.push(File {
            name: shown,
            original: Original::new(path),
            headers_shown: false,
            names: None,
            unread: Vec::new(),
            glimpse: Glimpse::default(),
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
        marks: Marks,
        cells: Cells<'_>,
        corrected: Option<Cells<'_>>,
    ) -> Result<(), IngestError> {
        let file = &self.files[at.file.0];
        assert!(
            file.headers_shown || !self.adapter.has_columns,
            "the columns of {} were not shown to the privacy gate",
            file.name
        );
        let stream = stream_of(&mut self.streams, &mut self.waiting, table, at.file);
        let before = stream.text.len();
        let same_calendar = stream.push(table, at.line, marks, cells, corrected);
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

    /// What columns of a corrected record are called in its file.
    fn called_in(&self, at: At, correction: Option<&Correction>) -> Option<Names> {
        correction.and(self.files[at.file.0].names).map(|number| self.names[number].clone())
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
        self.announce(self.path(name), shown.to_owned())
    }

    fn sheet(&mut self, name: &str, sheet: &str) -> FileId {
        self.announce(self.path(name), format!("{name}, sheet {sheet}"))
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

    fn unread(&mut self, file: FileId, columns: Vec<Unread>) {
        for column in &columns {
            self.leave_unread(file, &column.name);
        }
        self.files[file.0].unread = columns;
    }

    fn aside(&mut self, file: FileId, column: usize, text: &str) {
        let file = &mut self.files[file.0];
        file.glimpse.look_at(&file.unread, column, text.as_bytes(), self.basis);
    }

    fn row(&mut self, at: At, table: &'static InputTable, cells: Cells<'_>) -> Result<(), IngestError> {
        if table.name == TableId::Patients.name() {
            let code = cells.iter().find(|(column, _)| *column == "patient_id").map_or("", |(_, text)| text);
            self.codes.look(code.as_bytes());
        }
        let names = self.files[at.file.0].names;
        let correction = self.correction(at);
        let called = self.called_in(at, correction.as_ref());
        let corrected = correction.as_ref().and_then(|correction| correction.applied(table, called.as_ref(), cells));
        let row = CorrectedRow { names, cells, correction: correction.as_ref().zip(corrected.as_deref()) };
        self.corrected_row(at, table, row)
    }

    fn names(&mut self, names: Names) -> usize {
        let known = self.names.iter().position(|known| *known == names);
        known.unwrap_or_else(|| {
            self.names.push(names);
            self.names.len() - 1
        })
    }

    fn called(&mut self, file: FileId, names: Names) {
        self.files[file.0].names = Some(self.names(names));
    }

    fn correction(&self, at: At) -> Option<Correction> {
        self.corrections.of(&self.files[at.file.0].name, at.line)
    }

    fn corrected_row(&mut self, at: At, table: &'static InputTable, row: CorrectedRow<'_>) -> Result<(), IngestError> {
        self.files[at.file.0].say(at.line, Said::Rows);
        let Some((correction, corrected)) = row.correction else {
            return self.write(at, table, Marks { names: row.names, ..Marks::default() }, row.cells, None);
        };
        self.corrections.found(correction.number);
        let marks = Marks { names: row.names, correction: Some(correction.number), ..Marks::default() };
        if correction.at_once {
            return self.write(at, table, marks, corrected, None);
        }
        self.write(at, table, marks, row.cells, Some(corrected))
    }

    fn may_hold(&mut self, file: FileId, table: &'static InputTable) {
        stream_of(&mut self.streams, &mut self.waiting, table, file);
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
        let marks = Marks { rejection: Some(number), ..Marks::default() };
        let Some(correction) = self.correction(at) else { return self.write(at, table, marks, cells, None) };
        let called = self.called_in(at, Some(&correction));
        let corrected =
            correction.applied(table, called.as_ref(), cells).filter(|corrected| is_row(table, cells, corrected));
        let Some(corrected) = corrected else {
            self.corrections.hopeless(correction.number);
            return self.write(at, table, marks, cells, None);
        };
        self.corrections.found(correction.number);
        let marks = Marks { names: self.files[at.file.0].names, correction: Some(correction.number), ..marks };
        self.write(at, table, marks, cells, Some(&corrected))
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

/// The stream of a table of a file; the header a new one begins with waits as rows do.
fn stream_of<'s>(
    streams: &'s mut BTreeMap<(usize, FileId), Stream>,
    waiting: &mut usize,
    table: &'static InputTable,
    file: FileId,
) -> &'s mut Stream {
    streams.entry((position(table), file)).or_insert_with(|| {
        let stream = Stream::new(table);
        *waiting += stream.text.len();
        stream
    })
}

/// Whether a corrected record can be a row: something of it could be read, and
/// nothing a row must have is missing.
fn is_row(table: &InputTable, known: Cells<'_>, corrected: Cells<'_>) -> bool {
    let filled = |name: &str| corrected.iter().any(|(column, text)| *column == name && !text.is_empty());
    let dated = table.day.is_none_or(|day| table.name == "withdrawals" || filled(day.dated) || filled(day.study_day));
    !known.is_empty() && dated && table.columns.iter().all(|column| !column.required || filled(column.name))
}

fn position(table: &InputTable) -> usize {
    INPUT_TABLES.iter().position(|known| known.name == table.name).expect("tables are these")
}

/// A table a source says nothing of is empty, which the run says.
fn missing_tables(
    source: &SourceEntry,
    streams: &BTreeMap<(usize, FileId), Stream>,
) -> Result<Option<OtherFile>, IngestError> {
    let of = |table: &InputTable| {
        let number = position(table);
        streams.iter().filter(move |((table, _), _)| *table == number).map(|(_, stream)| stream)
    };
    let prescriptions = InputTable::find("prescriptions").expect("there is this table");
    if source.medications == MedicationFeed::Complete && of(prescriptions).next().is_none() {
        return Err(IngestError::MissingFile {
            source_name: source.name.clone(),
            folder: source.path.clone(),
            table: prescriptions.name,
            hint: "the pipeline says `medications = \"complete\"` and nobody has a prescription; say \"reviewed\", or map them"
                .to_owned(),
        });
    }
    let empty = |table: &&InputTable| table.required && of(table).all(|stream| stream.rows == 0);
    let remark = |table: &InputTable| (&MISSING_TABLE, table.name.to_owned(), 1);
    let remarks: Vec<(&'static Rule, String, u64)> = INPUT_TABLES.iter().filter(empty).map(remark).collect();
    let other = OtherFile { name: String::new(), sha256: String::new(), records: None, remarks };
    Ok((!other.remarks.is_empty()).then_some(other))
}
