//! `manifest.json`: what the report was made from and what it consists of.
//!
//! No clock, no host name, no path of a machine: the same inputs give the same
//! manifest, and a changed byte anywhere shows as a changed digest.

use std::fmt::Write;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::report::Context;
use crate::store::{FileSummary, Manifest as SnapshotManifest};

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
    measures: Vec<String>,
    definitions: Vec<FileDigest>,
    inputs: &'a [FileSummary],
    tables: &'a std::collections::BTreeMap<String, crate::model::reject::Counts>,
    outputs: Vec<FileDigest>,
}

/// A file and its content's digest.
#[derive(Debug, Serialize)]
pub struct FileDigest {
    file: String,
    bytes: usize,
    sha256: String,
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
pub fn json(context: &Context<'_>, snapshot: &SnapshotManifest, outputs: Vec<FileDigest>) -> Vec<u8> {
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
        mme_factors: format!("{}@{}", protocol.factors.id, protocol.factors.version),
        measures: protocol.measures.iter().map(|measure| format!("{}@{} ({})", measure.id, measure.version, measure.pack)).collect(),
        definitions: protocol.texts.iter().map(|(file, text)| FileDigest::of(file, text.as_bytes())).collect(),
        inputs: &snapshot.files,
        tables: &snapshot.tables,
        outputs,
    };
    let mut text = serde_json::to_vec_pretty(&manifest).expect("a manifest has only text keys");
    text.push(b'\n');
    text
}
