//! Before a row is read: which files there are, what their columns are, and
//! whether any of it must not be here.

use std::borrow::Cow;
use std::path::PathBuf;

use super::blocks::Blocks;
use super::error::IngestError;
use super::gate::{ColumnFate, GateReport, date_column, judge_header};
use super::layout::{Cell, Layout, role};
use super::record::Record;
use super::rejects::Reject;
use super::source::{OtherFile, SourceCorrections, TableFile, find_files};
use super::staged::Staged;
use crate::protocol::{Protocol, SourceEntry};
use crate::store::CalendarKind;

/// A file to be read.
#[derive(Debug)]
pub(super) struct PlannedFile {
    /// Position of its source in the pipeline; `source_id` of its rows.
    pub source: usize,
    /// Where it is, or the original its rows were staged from.
    pub path: PathBuf,
    /// What findings call it.
    pub name: String,
    /// Where its columns are.
    pub layout: Layout,
    /// Its rows, when an adapter has read them.
    pub staged: Option<Staged>,
}

/// All files of all sources, in source and table order.
#[derive(Debug)]
pub(super) struct Plan {
    /// Files to be read; rows refer to them by position.
    pub files: Vec<PlannedFile>,
    /// What there is to say of files as a whole, with the position of their source.
    pub others: Vec<(usize, OtherFile)>,
    /// What staff corrected, by the position of the file in `others`.
    pub corrections: Vec<SourceCorrections>,
    /// Every column, what becomes of it and why.
    pub gate: GateReport,
    /// What days are counted from, in every file.
    pub calendar: CalendarKind,
    /// Bytes to be read, as stored.
    pub bytes: u64,
}

impl Plan {
    /// Looks at every folder and header.
    pub(super) fn make(protocol: &Protocol) -> Result<Self, IngestError> {
        let (mut headers, mut others, mut gate) = (Vec::new(), Vec::new(), GateReport::default());
        let mut corrections = Vec::new();
        for (index, source) in protocol.sources.iter().enumerate() {
            let found = find_files(source, protocol)?;
            for file in found.tables {
                let (header, fates) = judged(&file, source, protocol)?;
                gate.columns.extend(fates);
                headers.push((index, file, header));
            }
            gate.columns.extend(found.gate.columns);
            corrections
                .extend(found.corrections.map(|made| SourceCorrections { other: made.other + others.len(), ..made }));
            others.extend(found.others.into_iter().map(|file| (index, file)));
        }
        // The gate comes first: a refused file is refused whatever else is wrong with it.
        gate.check()?;
        let mut files: Vec<PlannedFile> = headers.into_iter().map(planned).collect::<Result<_, _>>()?;
        let calendar = calendar(&files, protocol)?;
        // Files that do not say count as the others do.
        for file in files.iter_mut().filter(|file| !file.layout.has_days) {
            file.layout.day = file.layout.day.map(|(cell, _)| (cell, calendar));
        }
        let bytes = files.iter().map(PlannedFile::bytes).sum();
        Ok(Self { files, others, corrections, gate, calendar, bytes })
    }

    /// The files of a table with their positions.
    pub(super) fn of_table(&self, name: &str) -> impl Iterator<Item = (usize, &PlannedFile)> {
        self.files.iter().enumerate().filter(move |(_, file)| file.layout.table.name == name)
    }
}

impl PlannedFile {
    /// What staff know a column by.
    pub(super) fn called(&self, record: &Record<'_>, column: &'static str) -> Cow<'static, str> {
        let names = self.staged.as_ref().zip(record.names()).map(|(staged, number)| &staged.names[number]);
        let name = names.and_then(|names| names.iter().find(|(canonical, _)| *canonical == column));
        name.map_or(Cow::Borrowed(column), |(_, name)| Cow::Owned(name.clone()))
    }

    /// What an adapter has against a record.
    pub(super) fn rejected(&self, record: &Record<'_>) -> Option<Reject> {
        let rejection = &self.staged.as_ref()?.rejections[record.rejection()?];
        Some(Reject { line: record.line(), rule: rejection.rule, column: Cow::Owned(rejection.column.clone()) })
    }

    /// Bytes to be read.
    fn bytes(&self) -> u64 {
        let stored = || std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len());
        self.staged.as_ref().map_or_else(stored, Staged::length)
    }
}

/// A file with its header, which is empty where an adapter has read the file.
type Headed = (usize, TableFile, Vec<String>);

/// Shows the gate the columns of a canonical file, or what an adapter made of
/// those it has shown already.
fn judged(file: &TableFile, source: &SourceEntry, protocol: &Protocol) -> Result<Shown, IngestError> {
    let Some((_, layout)) = &file.staged else {
        let header = Blocks::open(&file.path, None)?.header()?;
        if header.is_empty() {
            return Err(IngestError::empty(&file.path));
        }
        let role = |at: usize| role(file.table, &header[at]);
        let fates = judge_header(&source.name, &file.name, &header, protocol.basis, role);
        return Ok((header, fates));
    };
    let dated = layout.day.filter(|(_, kind)| layout.has_days && *kind == CalendarKind::Dated);
    let dated = dated.filter(|_| !protocol.basis.allows_dates());
    let fate =
        |(cell, _): (Cell, CalendarKind)| ColumnFate::refused(&source.name, &file.name, cell.name, date_column());
    Ok((Vec::new(), dated.map(fate).into_iter().collect()))
}

/// A header and what becomes of its columns.
type Shown = (Vec<String>, Vec<ColumnFate>);

fn planned((source, mut file, header): Headed) -> Result<PlannedFile, IngestError> {
    let (staged, layout) = match file.staged.take() {
        Some((staged, layout)) => (Some(staged), layout),
        None => (None, Layout::read(file.table, &header, &file.path)?),
    };
    Ok(PlannedFile { source, path: file.path, name: file.name, layout, staged })
}

fn calendar(files: &[PlannedFile], protocol: &Protocol) -> Result<CalendarKind, IngestError> {
    let first = |kind| {
        files.iter().find(|file| file.layout.has_days && file.layout.day.is_some_and(|(_, found)| found == kind))
    };
    match (first(CalendarKind::Dated), first(CalendarKind::StudyDay)) {
        (Some(dated), Some(study_day)) => {
            Err(IngestError::MixedCalendar { study_day: study_day.path.clone(), dated: dated.path.clone() })
        }
        (Some(_), None) => Ok(CalendarKind::Dated),
        // Only files without any line: nothing will be written that says otherwise.
        (None, None) if protocol.basis.allows_dates() => Ok(CalendarKind::Dated),
        (None, _) => Ok(CalendarKind::StudyDay),
    }
}
