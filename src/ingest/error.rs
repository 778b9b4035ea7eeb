//! Why nothing was ingested. No message holds a cell's value.

use std::io;
use std::path::{Path, PathBuf};

use super::gate::GateReport;
use crate::store::StoreError;

/// An ingest that ended without a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The privacy gate refused a source.
    #[error("{}", gate.complaint())]
    Refused {
        /// Every column and what becomes of it, the refused ones among them.
        gate: GateReport,
    },
    /// More bad rows than the pipeline allows.
    #[error(
        "too many rejects: {quarantined} of {read} rows ({}) are set aside, more than the {} that `max_reject_share = {limit}` allows\nhint: {}",
        percent(*quarantined as f64 / *read as f64),
        percent(*limit),
        rejects_hint(quarantine.as_deref())
    )]
    TooManyRejects {
        /// Rows quarantined.
        quarantined: u64,
        /// Rows read.
        read: u64,
        /// `max_reject_share` of the pipeline.
        limit: f64,
        /// Where the quarantine files are, when they were written.
        quarantine: Option<PathBuf>,
    },
    /// A file that cannot be read.
    #[error("cannot read `{}`{}: {what}\nhint: {hint}", path.display(), at_line(*line))]
    UnreadableInput {
        /// The file.
        path: PathBuf,
        /// Where in it.
        line: Option<u64>,
        /// What is wrong.
        what: String,
        /// What to do.
        hint: &'static str,
    },
    /// A required file is not there.
    #[error("source `{source_name}` has no `{table}.csv` in `{}`\nhint: {hint}", folder.display())]
    MissingFile {
        /// Source name.
        source_name: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// Table name.
        table: &'static str,
        /// What to do.
        hint: String,
    },
    /// A required column is not there.
    #[error("`{}` has no column `{column}`\nhint: {hint}", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// Column name.
        column: String,
        /// What to do.
        hint: String,
    },
    /// Dates in one file, study days in another.
    #[error("`{}` has study days and `{}` has dates\nhint: a store is one or the other; export all files of all sources the same way", study_day.display(), dated.display())]
    MixedCalendar {
        /// A file with study days.
        study_day: PathBuf,
        /// A file with dates.
        dated: PathBuf,
    },
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IngestError {
    /// Exit code of the program.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { .. } => 5,
            Self::TooManyRejects { .. } => 6,
            Self::UnreadableInput { .. }
            | Self::MissingFile { .. }
            | Self::MissingColumn { .. }
            | Self::MixedCalendar { .. } => 7,
            Self::Store(error) => error.exit_code(),
        }
    }

    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        let (what, hint) = match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                ("the compressed file is cut short or damaged".to_owned(), "copy or export the file again")
            }
            _ => (error.to_string(), "check that the file is there and may be read"),
        };
        Self::UnreadableInput { path: path.to_owned(), line: None, what, hint }
    }

    /// A file without even a header: an export that failed, not a table without rows.
    pub(super) fn empty(path: &Path) -> Self {
        Self::UnreadableInput {
            path: path.to_owned(),
            line: None,
            what: "the file is empty: it has not even a header".to_owned(),
            hint: "export it again; a table without rows has its header line, and one the clinic does not keep needs no file",
        }
    }

    pub(super) fn at_line(path: &Path, line: u32, what: &str, hint: &'static str) -> Self {
        Self::UnreadableInput { path: path.to_owned(), line: Some(u64::from(line)), what: what.to_owned(), hint }
    }
}

fn at_line(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(" line {line}"))
}

/// A share in per cent, with as many decimals as tell it from none and from all.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    let places = (0..6).find(|&places| {
        let shown: f64 = format!("{percent:.places$}").parse().unwrap_or(percent);
        (shown - percent).abs() <= percent.min(100.0 - percent) / 20.0
    });
    format!("{percent:.*} %", places.unwrap_or(6))
}

fn rejects_hint(quarantine: Option<&Path>) -> String {
    let look = quarantine.map_or_else(
        || "the findings above say which rules fired and where".to_owned(),
        |folder| format!("`{}` lists every row by line and rule", folder.display()),
    );
    format!("{look}; correct the export, or raise `max_reject_share` knowingly; no snapshot was made")
}
