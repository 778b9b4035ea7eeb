//! What can be wrong with a store.

use std::io;
use std::path::{Path, PathBuf};

/// A store that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder that cannot be read.
    #[error("cannot read `{}` ({source})", path.display())]
    Unreadable {
        /// What was read.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file or folder that cannot be written.
    #[error("cannot write `{}` ({source})\nhint: check that the disk has room and the folder may be written", path.display())]
    Unwritable {
        /// What was written.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A Parquet file that cannot be written.
    #[error("cannot write the table `{}` ({source})", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: parquet::errors::ParquetError,
    },
    /// A snapshot whose manifest is gone or makes no sense; its tables may be whole.
    #[error("`{}` is missing or not a manifest this version reads, so nothing says what the snapshot holds\nhint: `relief ingest` reads the files again and writes a new snapshot; the damaged one is left where it is", path.display())]
    DamagedManifest {
        /// The manifest.
        path: PathBuf,
    },
    /// A file that is there and makes no sense.
    #[error("`{}` {what}\nhint: restore it from a backup, or ingest into a new store folder", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// No snapshot of that number.
    #[error("no snapshot {number} in `{}`\nhint: `relief snapshots` lists them", folder.display())]
    NoSnapshot {
        /// The store.
        folder: PathBuf,
        /// The number asked for.
        number: u32,
    },
    /// Another process holds the lock.
    #[error("another process is writing to the store `{}`\nhint: wait until it has finished", folder.display())]
    Busy {
        /// The store.
        folder: PathBuf,
    },
    /// Two sites that would be one in a report.
    #[error("two sites of the store `{}` get the same code, and their numbers must not be mixed up\nhint: name one of the two otherwise in the records; with a hundred sites it happens once in a million", folder.display())]
    SameCode {
        /// The store.
        folder: PathBuf,
    },
    /// Dated and study-day records in one store.
    #[error("the store `{}` holds {held} records and the input has {offered}\nhint: use another store folder; days of the two kinds cannot be compared", folder.display())]
    OtherCalendar {
        /// The store.
        folder: PathBuf,
        /// Kind in the store.
        held: &'static str,
        /// Kind in the input.
        offered: &'static str,
    },
}

impl StoreError {
    /// Exit code of the program.
    pub fn exit_code(&self) -> u8 {
        8
    }

    /// Whether a snapshot is damaged, so that reading the files again mends it.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::DamagedManifest { .. })
    }

    pub(crate) fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), source }
    }

    pub(crate) fn unwritable(path: &Path, source: io::Error) -> Self {
        Self::Unwritable { path: path.to_owned(), source }
    }

    pub(super) fn table(path: &Path, source: parquet::errors::ParquetError) -> Self {
        Self::Table { path: path.to_owned(), source }
    }
}
