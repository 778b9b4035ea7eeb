//! Before a row is read: which files there are, what their columns are, and
//! whether any of it must not be here.

use std::path::{Path, PathBuf};

use super::blocks::Blocks;
use super::error::IngestError;
use super::identifiers::Detector;
use super::layout::{Layout, refused_column};
use super::source::{TableFile, find_files};
use crate::protocol::{Protocol, SourceEntry};
use crate::store::CalendarKind;

/// A file to be read.
#[derive(Debug)]
pub(super) struct PlannedFile {
    /// Position of its source in the pipeline; `source_id` of its rows.
    pub source: usize,
    /// Where it is.
    pub path: PathBuf,
    /// Where its columns are.
    pub layout: Layout,
}

/// A file in a source's folder that is no table.
#[derive(Debug)]
pub(super) struct UnreadFile {
    /// Source name.
    pub source: String,
    /// File name.
    pub name: String,
}

/// All files of all sources, in source and table order.
#[derive(Debug)]
pub(super) struct Plan {
    /// Files to be read; rows refer to them by position.
    pub files: Vec<PlannedFile>,
    /// Files left alone.
    pub unread: Vec<UnreadFile>,
    /// What days are counted from, in every file.
    pub calendar: CalendarKind,
    /// Bytes to be read, as stored.
    pub bytes: u64,
}

impl Plan {
    /// Looks at every folder and header.
    pub(super) fn make(protocol: &Protocol) -> Result<Self, IngestError> {
        let (mut files, mut unread) = (Vec::new(), Vec::new());
        for (index, source) in protocol.sources.iter().enumerate() {
            let found = find_files(source)?;
            for file in found.tables {
                files.push(read_header(index, source, file, protocol)?);
            }
            unread.extend(found.unread.into_iter().map(|name| UnreadFile { source: source.name.clone(), name }));
        }
        let bytes = files.iter().map(|file| std::fs::metadata(&file.path).map_or(0, |metadata| metadata.len())).sum();
        assert!(u16::try_from(files.len()).is_ok(), "a pipeline has fewer than 65536 files");
        Ok(Self { calendar: calendar(&files, protocol)?, files, unread, bytes })
    }

    /// The files of a table with their positions.
    pub(super) fn of_table(&self, name: &str) -> impl Iterator<Item = (usize, &PlannedFile)> {
        self.files.iter().enumerate().filter(move |(_, file)| file.layout.table.name == name)
    }
}

fn read_header(
    index: usize,
    source: &SourceEntry,
    file: TableFile,
    protocol: &Protocol,
) -> Result<PlannedFile, IngestError> {
    let header = Blocks::open(&file.path)?.header()?;
    // The gate comes first: a refused file is refused whatever else is wrong with it.
    if let Some(refused) = refused_column(file.table, &header, protocol.basis.allows_dates()) {
        return Err(refused_error(source, &file.path, refused.detector, &refused.column));
    }
    let layout = Layout::read(file.table, &header, &file.path)?;
    Ok(PlannedFile { source: index, path: file.path, layout })
}

/// The error that stops a source.
pub(super) fn refused_error(source: &SourceEntry, path: &Path, detector: &Detector, column: &str) -> IngestError {
    IngestError::Refused {
        source_name: source.name.clone(),
        file: file_name(path),
        column: column.to_owned(),
        rule: detector.id,
        what: detector.what,
        hint: detector.hint,
    }
}

/// The name of a file without its folder.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn calendar(files: &[PlannedFile], protocol: &Protocol) -> Result<CalendarKind, IngestError> {
    let first = |kind| files.iter().find(|file| file.layout.day.is_some_and(|(_, found)| found == kind));
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
