//! What a snapshot holds and where it came from. No clock, no secret, no path:
//! the same input gives the same manifest on any machine.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::model::reject::{Counts, Finding};

/// What a day is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalendarKind {
    /// Days since 1970-01-01.
    Dated,
    /// Days since the patient's first infusion.
    StudyDay,
}

impl CalendarKind {
    /// In words, as errors name it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Dated => "dated",
            Self::StudyDay => "study-day",
        }
    }
}

/// Everything about a snapshot but its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Snapshot number.
    pub number: u32,
    /// SHA-256 over the inputs, what ingest made of them and the schema version.
    pub digest: String,
    /// SHA-256 of how the inputs were read: basis, packs, data cut, sources.
    pub reading: String,
    /// Program and version that wrote it.
    pub program: String,
    /// Basis of de-identification.
    pub basis: String,
    /// What a day is counted from.
    pub calendar: CalendarKind,
    /// Patients accepted.
    pub patients: u64,
    /// Sources; `source_id` is the position.
    pub sources: Vec<SourceSummary>,
    /// Sites in order of name.
    pub sites: Vec<SiteSummary>,
    /// Counts by table.
    pub tables: BTreeMap<String, Counts>,
    /// Counts by file, in source and table order.
    pub files: Vec<FileSummary>,
    /// What rules found, in order of rule.
    pub findings: Vec<Finding>,
}

/// Where rows came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSummary {
    /// Name in the pipeline.
    pub name: String,
    /// Site of its patients unless the files name one.
    pub site: String,
    /// `complete` or `reviewed`: whether no prescription means no opioid.
    pub medications: String,
    /// Reasons for leaving the source tells; what it does not tell is not known not
    /// to have happened.
    #[serde(default)]
    pub departures: Vec<String>,
}

/// A clinic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteSummary {
    /// Site code.
    pub site: String,
    /// Patients accepted.
    pub patients: u64,
    /// Last day seen in any table; the data cut where the pipeline names none.
    pub last_day: Option<i32>,
}

/// A file read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSummary {
    /// Source name.
    pub source: String,
    /// File name.
    pub file: String,
    /// Table it is.
    pub table: String,
    /// SHA-256 of its bytes as stored, compressed or not.
    pub sha256: String,
    /// Its rows.
    pub counts: Counts,
}

impl Manifest {
    pub(super) fn read(path: &Path) -> Result<Self, StoreError> {
        let damaged = || StoreError::DamagedManifest { path: path.to_owned() };
        let text = fs::read(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => damaged(),
            _ => StoreError::unreadable(path, error),
        })?;
        serde_json::from_slice(&text).map_err(|_| damaged())
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("a manifest has only text keys");
        text.push(b'\n');
        text
    }
}
