//! Snapshot → analysis set: plain Rust over one patient's history at a time.
//!
//! `reader` streams the sorted tables, `episode` chains the facts, each from
//! its own file, and `analysis_set` writes one row per series × horizon.

pub mod adjunct;
pub mod analysis_set;
pub mod baseline;
mod column;
pub mod condition;
pub mod durability;
pub mod episode;
pub mod factor_sets;
pub mod flow;
pub mod follow_up;
pub mod history;
pub mod medication;
pub mod opioid_counts;
pub mod opioid_dose;
mod reader;
pub mod repeats;
pub mod safety;
pub mod series;
pub mod status;
pub mod strata;
mod tables;
mod worker;

use std::path::{Path, PathBuf};

pub use worker::{Derived, data_cuts, run};

/// Why the analysis set could not be derived.
#[derive(Debug, thiserror::Error)]
pub enum DeriveError {
    /// A snapshot table cannot be read.
    #[error("cannot read the snapshot table `{}` ({problem})\nhint: the store is damaged; run `relief ingest` to write a new snapshot", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        problem: String,
    },
    /// A snapshot without something this version reads.
    #[error("the snapshot table `{}` has no {what}: the snapshot was written by an older version of relief, or part of it was removed\nhint: `relief run` without `--snapshot`, or `relief ingest`, reads the files again into a new snapshot; the old one stays as it is", path.display())]
    OlderSnapshot {
        /// The file.
        path: PathBuf,
        /// What it lacks.
        what: String,
    },
    /// Study days, and no date that says who is due.
    #[error(
        "the records count study days and the pipeline names no `data_cut`, so nobody can tell who is due\nhint: say `data_cut = \"2026-09-30\"` under `[study]` (the day the export was made), and give every patient an `index_period`"
    )]
    NoDataCut,
    /// The analysis set cannot be written.
    #[error("cannot write the analysis set: {0}")]
    Write(#[from] crate::store::StoreError),
}

impl DeriveError {
    /// Exit code of the program.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::NoDataCut) { 3 } else { 8 }
    }

    fn table(path: &Path, problem: String) -> Self {
        Self::Table { path: path.to_owned(), problem }
    }
}
