//! Before a row is read: which files there are, what their columns are, and
//! whether any of it must not be here.

use std::borrow::Cow;
use std::path::PathBuf;

use super::blocks::Blocks;
use super::error::IngestError;
use super::events::Reject;
use super::identifiers::{self, Detector};
use super::layout::{Layout, refused_column};
use super::record::Record;
use super::source::{OtherFile, TableFile, find_files};
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
    /// What days are counted from, in every file.
    pub calendar: CalendarKind,
    /// Bytes to be read, as stored.
    pub bytes: u64,
}

impl Plan {
    /// Looks at every folder and header.
    pub(super) fn make(protocol: &Protocol) -> Result<Self, IngestError> {
        let (mut files, mut others) = (Vec::new(), Vec::new());
        for (index, source) in protocol.sources.iter().enumerate() {
            let found = find_files(source, protocol)?;
            for file in found.tables {
                files.push(read_header(index, source, file, protocol)?);
            }
            others.extend(found.others.into_iter().map(|file| (index, file)));
        }
        let calendar = calendar(&files, protocol)?;
        // Files that do not say count as the others do.
        for file in files.iter_mut().filter(|file| !file.layout.has_days) {
            file.layout.day = file.layout.day.map(|(cell, _)| (cell, calendar));
        }
        let bytes = files.iter().map(PlannedFile::bytes).sum();
        Ok(Self { files, others, calendar, bytes })
    }

    /// The files of a table with their positions.
    pub(super) fn of_table(&self, name: &str) -> impl Iterator<Item = (usize, &PlannedFile)> {
        self.files.iter().enumerate().filter(move |(_, file)| file.layout.table.name == name)
    }
}

impl PlannedFile {
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

fn read_header(
    index: usize,
    source: &SourceEntry,
    mut file: TableFile,
    protocol: &Protocol,
) -> Result<PlannedFile, IngestError> {
    if let Some(staged) = file.staged.take() {
        return staged_file(index, source, file, staged, protocol);
    }
    let header = Blocks::open(&file.path, None)?.header()?;
    // The gate comes first: a refused file is refused whatever else is wrong with it.
    if let Some(refused) = refused_column(file.table, &header, protocol.basis.allows_dates()) {
        return Err(refused_error(source, &file.name, refused.detector, &refused.column));
    }
    let layout = Layout::read(file.table, &header, &file.path)?;
    Ok(PlannedFile { source: index, path: file.path, name: file.name, layout, staged: None })
}

/// The gate has seen the columns an original has; here it sees what its adapter
/// made of them.
fn staged_file(
    source: usize,
    entry: &SourceEntry,
    file: TableFile,
    (staged, layout): (Staged, Layout),
    protocol: &Protocol,
) -> Result<PlannedFile, IngestError> {
    let dated = layout.day.filter(|(_, kind)| layout.has_days && *kind == CalendarKind::Dated);
    if let Some((cell, _)) = dated.filter(|_| !protocol.basis.allows_dates()) {
        return Err(refused_error(entry, &file.name, identifiers::date_column(), cell.name));
    }
    Ok(PlannedFile { source, path: file.path, name: file.name, layout, staged: Some(staged) })
}

/// The error that stops a source.
pub(super) fn refused_error(source: &SourceEntry, file: &str, detector: &Detector, column: &str) -> IngestError {
    IngestError::Refused {
        source_name: source.name.clone(),
        file: file.to_owned(),
        column: column.to_owned(),
        rule: detector.id,
        what: detector.what,
        hint: detector.hint,
    }
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
