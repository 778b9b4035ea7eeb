//! `manifest.json`: what the report was made from and what it consists of.
//!
//! No clock, no host name, no path of a machine: the same inputs give the same
//! manifest, and a changed byte anywhere shows as a changed digest.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::report::Context;
use super::results::{Released, ResultRow};
use crate::estimate::analysis::data_quality::{ACCEPTED, ROWS, TABLE};
use crate::protocol::FactorSet;
use crate::store::Manifest as SnapshotManifest;

/// Its file name.
pub const MANIFEST: &str = "manifest.json";

/// The manifest, in the order it is read.
#[derive(Debug, Serialize)]
pub struct Manifest<'a> {
    program: &'static str,
    version: &'static str,
    pipeline: &'a str,
    privacy_basis: &'static str,
    disclosure_profile: String,
    snapshot: &'a str,
    data_cut: Option<String>,
    primary_horizon: &'static str,
    mme_factors: String,
    compared_mme_factors: Vec<String>,
    measures: Vec<String>,
    definitions: Vec<FileDigest>,
    inputs: Vec<Input<'a>>,
    rows: BTreeMap<&'a str, Rows>,
    outputs: Vec<FileDigest>,
}

/// A file that was read.
#[derive(Debug, Serialize)]
struct Input<'a> {
    source: &'a str,
    file: &'a str,
    sha256: &'a str,
}

/// Rows of a table; `None` where a number of people could be read from it.
#[derive(Debug, Serialize)]
struct Rows {
    read: Option<u64>,
    accepted: Option<u64>,
}

impl Rows {
    /// What the results show of a table: counts of rows can be counts of people
    /// (one row a patient, one a withdrawal), and what is hidden there must not
    /// follow from here. The store's own manifest, which stays at the clinic,
    /// has all.
    fn of(table: &str, released: &Released) -> Self {
        let shown = |measure: &str| {
            let about =
                |row: &&ResultRow| row.measure_id == measure && row.stratum_name == TABLE && row.stratum_level == table;
            released.rows().iter().find(about).and_then(|row| row.value.and(row.n))
        };
        Self { read: shown(ROWS), accepted: shown(ACCEPTED) }
    }
}

/// A file and its content's digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// Path within the report folder.
    pub file: String,
    /// Its size.
    pub bytes: usize,
    /// Its digest, hexadecimal.
    pub sha256: String,
}

impl FileDigest {
    /// Digest of `content` under the name `file`.
    pub fn of(file: &str, content: &[u8]) -> Self {
        Self { file: file.to_owned(), bytes: content.len(), sha256: hexadecimal(&Sha256::digest(content)) }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("text can be written to");
        text
    })
}

/// The manifest's text.
pub fn json(
    released: &Released,
    context: &Context<'_>,
    snapshot: &SnapshotManifest,
    outputs: Vec<FileDigest>,
) -> Vec<u8> {
    let protocol = context.protocol;
    let manifest = Manifest {
        program: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        pipeline: &protocol.id,
        privacy_basis: protocol.basis.id(),
        disclosure_profile: format!("{}@{}", protocol.disclosure.id, protocol.disclosure.version),
        snapshot: &context.snapshot,
        data_cut: context.data_cut.map(|day| day.to_string()),
        primary_horizon: protocol.study.primary_horizon.id,
        mme_factors: protocol.factors.versioned(),
        compared_mme_factors: protocol.compare_factors.iter().map(FactorSet::versioned).collect(),
        measures: protocol
            .measures
            .iter()
            .map(|measure| format!("{}@{} ({})", measure.id, measure.version, measure.pack))
            .collect(),
        definitions: protocol.texts.iter().map(|(file, text)| FileDigest::of(file, text.as_bytes())).collect(),
        inputs: snapshot
            .files
            .iter()
            .map(|file| Input { source: &file.source, file: &file.file, sha256: &file.sha256 })
            .collect(),
        rows: snapshot.tables.keys().map(|table| (table.as_str(), Rows::of(table, released))).collect(),
        outputs,
    };
    let mut text = serde_json::to_vec_pretty(&manifest).expect("a manifest has only text keys");
    text.push(b'\n');
    text
}
