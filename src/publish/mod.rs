//! Estimates → what may be shown → results, charts, report.
//!
//! `disclosure` is the boundary: everything after it takes `&Released`.

pub mod bundle;
pub mod chart;
pub mod comparison;
pub mod disclosure;
pub mod formula;
pub mod manifest;
mod places;
pub mod reading;
pub mod report;
pub mod restated;
pub mod results;
pub mod workbook;
pub mod written;

use std::path::PathBuf;

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A file or folder cannot be written.
    #[error("cannot write `{}` ({source})\nhint: check that the folder exists, is writable and has room", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of a report cannot be read.
    #[error("cannot read `{}` ({what})\nhint: name the folder of a report, where `manifest.json` and `results.csv` are", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The report folder holds something else.
    #[error("`{}` is not a report of relief, so it is not replaced\nhint: choose another folder with `--out`, or another pipeline id", path.display())]
    NotAReport {
        /// The folder.
        path: PathBuf,
    },
    /// The results table cannot be written as Parquet.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}
