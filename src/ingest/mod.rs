//! Files of clinics → a snapshot: rows that can be trusted, sorted by patient
//! and day, and a list of those that cannot.
//!
//! ```text
//! plan        which files, which columns, may they be here (`gate`)
//! withdrawals who must be left out
//! roster      the patients, numbered in key order
//! events      every other table: `admit` a record or say which rule it breaks,
//!             wait in `buckets`, `sort`, drop `copies`, write
//! quarantine  every row not accepted, by line and rule, never by value
//! ```
//!
//! A bad row is a value; a file that cannot be read or must not be here is an
//! `Err`. Every row read is accepted, quarantined or a second copy, which is
//! asserted before anything is published.

mod admit;
mod blocks;
mod buckets;
mod copies;
mod day;
mod digest;
mod error;
mod events;
pub mod gate;
mod last_days;
mod layout;
mod number;
mod plan;
mod quarantine;
mod quarantine_book;
mod read;
mod record;
mod referential;
mod rejects;
mod roster;
mod row;
mod session;
mod sort;
mod source;
mod staged;
mod withdrawals;
mod withheld;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use digest::reading;
pub use error::IngestError;
pub use read::Progress;

use gate::GateReport;
use session::Session;

use crate::model::reject::{Counts, Finding, RecordCounts};
use crate::protocol::Protocol;
use crate::store::{CalendarKind, Secret, SiteSummary, Snapshot, Store};

/// Whether to write a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only say what would happen.
    Check,
    /// Write a snapshot, unless the current one is of the same input.
    Write,
}

/// What became of the input.
#[derive(Clone, Debug)]
pub struct Ingested {
    /// Counts by table, every table that was read.
    pub tables: BTreeMap<String, Counts>,
    /// Patients accepted.
    pub patients: u64,
    /// Records of files an adapter read, as their clinic wrote them.
    pub records: Vec<FileRecords>,
    /// What came of the corrections staff made, by source.
    pub corrections: Vec<Corrections>,
    /// What the rules found, in order of rule, source, file and column.
    pub findings: Vec<Finding>,
    /// The snapshot that holds the rows; `None` after a check.
    pub snapshot: Option<Snapshot>,
    /// Whether the snapshot was there already.
    pub unchanged: bool,
    /// Number of the snapshot of the same input that no longer held it, and that
    /// this one takes the place of.
    pub replaced: Option<u32>,
    /// Sites with patients, and their last days.
    pub sites: Vec<SiteSummary>,
    /// What a day is counted from.
    pub calendar: CalendarKind,
    /// Folder of the quarantine files, when there are any.
    pub quarantine: Option<PathBuf>,
    /// Every column, what becomes of it and why.
    pub gate: GateReport,
    /// Of the rows quarantined, those that say nothing against the input's rows.
    pub excused_rows: u64,
}

/// The records of an original file of a foreign format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecords {
    /// Source name.
    pub source: String,
    /// File name.
    pub file: String,
    /// What became of them.
    pub counts: RecordCounts,
}

/// What came of the corrections of a source, in records:
/// `rows = recovered + quarantined + not_needed + unmatched`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrections {
    /// Source name.
    pub source: String,
    /// The file they are in.
    pub file: String,
    /// Records corrected.
    pub rows: u64,
    /// Accepted as corrected.
    pub recovered: u64,
    /// Still set aside.
    pub quarantined: u64,
    /// Accepted as they are: the correction was left out.
    pub not_needed: u64,
    /// No such record was found, or not the column, or two corrections differ,
    /// or no row can be made of the record.
    pub unmatched: u64,
}

impl Ingested {
    /// Rows of all tables together.
    pub fn rows(&self) -> Counts {
        self.tables.values().sum()
    }

    /// The error an ingest of the same input would end with, for a check.
    pub fn too_many(&self, protocol: &Protocol) -> Option<IngestError> {
        let rows = self.rows();
        let quarantined = rows.quarantined - self.excused_rows;
        let limit = protocol.ingest.max_reject_share;
        let over = quarantined as f64 > limit * rows.read as f64;
        over.then_some(IngestError::TooManyRejects { quarantined, read: rows.read, limit, quarantine: None })
    }
}

/// Reads every source of the pipeline. `progress` is called now and then.
///
/// # Errors
/// A source is refused, a file cannot be read, too many rows are bad, or the
/// store cannot be written. The store is then as it was before.
pub fn run(protocol: &Protocol, mode: Mode, progress: &mut dyn FnMut(Progress)) -> Result<Ingested, IngestError> {
    match mode {
        Mode::Check => Session::new(protocol, Secret::random())?.run(None, progress),
        Mode::Write => {
            // Headers are looked at before the store is touched.
            let session = Session::new(protocol, Secret::random())?;
            let writer = Store::open(&protocol.store).lock()?;
            session.with_secret(writer.secret()).run(Some(&writer), progress)
        }
    }
}
