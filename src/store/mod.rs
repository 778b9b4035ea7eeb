//! Snapshots: folders of plain Parquet, written once, found through a pointer.
//!
//! ```text
//! store/secret                    key of the patient numbers, readable by its owner alone
//! store/lock                      held while a snapshot is written
//! store/current                   number of the current snapshot, replaced atomically
//! store/snapshots/000001/         one Parquet file per table, manifest.json, quarantine/
//! store/snapshots/.draft/         a snapshot being written; the next writer removes it
//! store/derived/000001-<id>/      analysis set of a pipeline, and the lock of whoever writes it
//! store/rejected/                 quarantine of the last input with too many bad rows
//! ```
//!
//! Nothing else in the program writes Parquet.

mod derived;
mod draft;
mod durable;
mod error;
mod manifest;
mod parquet_input;
mod schema;
mod secret;
mod site_code;
mod table_writer;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

pub use derived::DerivedFolder;
pub use draft::{Draft, StoreWriter};
pub use error::StoreError;
pub use manifest::{CalendarKind, FileSummary, Manifest, SiteSummary, SourceSummary};
pub(crate) use parquet_input::ParquetInput;
pub(crate) use schema::SCHEMA_VERSION;
pub use schema::schema_of;
pub use secret::Secret;
pub(crate) use table_writer::ROW_GROUP_ROWS;
pub use table_writer::{Encoder, Packing, RowGroup, TableWriter};

use crate::model::table::TableId;

const CURRENT: &str = "current";
const SNAPSHOTS: &str = "snapshots";
const MANIFEST: &str = "manifest.json";
const SECRET: &str = "secret";

/// A store, for reading. It need not exist yet.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// An immutable snapshot.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Its number, counted from 1.
    pub number: u32,
    /// SHA-256 of everything that decides its content but the secret.
    pub digest: String,
    /// Its folder.
    pub folder: PathBuf,
    /// What it holds and where it came from.
    pub manifest: Manifest,
}

impl Snapshot {
    /// The Parquet file of a table.
    pub fn table_path(&self, table: TableId) -> PathBuf {
        self.folder.join(format!("{}.parquet", table.name()))
    }

    /// The first table it has no file of: an older version did not write it.
    pub fn missing_table(&self) -> Option<TableId> {
        TableId::ALL.into_iter().find(|table| !self.table_path(*table).exists())
    }

    fn read(folder: PathBuf) -> Result<Self, StoreError> {
        let manifest = Manifest::read(&folder.join(MANIFEST))?;
        Ok(Self { number: manifest.number, digest: manifest.digest.clone(), folder, manifest })
    }
}

impl Store {
    /// The store in `folder`, which may not exist yet.
    pub fn open(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every snapshot whose manifest makes sense, oldest first, and the numbers of the others.
    ///
    /// # Errors
    /// A folder or manifest that cannot be read.
    pub fn snapshots(&self) -> Result<(Vec<Snapshot>, Vec<u32>), StoreError> {
        let (mut whole, mut damaged) = (Vec::new(), Vec::new());
        for number in self.numbers()? {
            match self.snapshot(number) {
                Ok(snapshot) => whole.push(snapshot),
                Err(error) if error.is_damage() => damaged.push(number),
                Err(error) => return Err(error),
            }
        }
        Ok((whole, damaged))
    }

    /// The snapshot `number`.
    ///
    /// # Errors
    /// No such snapshot, or a manifest that cannot be read.
    pub fn snapshot(&self, number: u32) -> Result<Snapshot, StoreError> {
        let folder = self.snapshot_folder(number);
        if !folder.is_dir() {
            return Err(StoreError::NoSnapshot { folder: self.folder.clone(), number });
        }
        Snapshot::read(folder)
    }

    /// The snapshot the pointer names; `None` before the first ingest.
    ///
    /// # Errors
    /// A pointer that cannot be read or names no snapshot.
    pub fn current(&self) -> Result<Option<Snapshot>, StoreError> {
        self.current_number()?.map(|number| self.snapshot(number)).transpose()
    }

    /// The number the pointer names, whatever has become of that snapshot.
    ///
    /// # Errors
    /// A pointer that cannot be read.
    pub fn current_number(&self) -> Result<Option<u32>, StoreError> {
        let path = self.folder.join(CURRENT);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).map_err(|error| StoreError::unreadable(&path, error))?;
        let number = text.trim().parse();
        number.map(Some).map_err(|_| StoreError::Damaged { path, what: "is not a snapshot number" })
    }

    /// Takes the store for writing, and cleans up after a writer that was killed.
    ///
    /// # Errors
    /// Another process is writing, or the folder cannot be written.
    pub fn lock(&self) -> Result<StoreWriter, StoreError> {
        StoreWriter::lock(self.clone())
    }

    /// What to call sites that may not be named, in their order.
    ///
    /// # Errors
    /// A secret that cannot be read, and two sites that share a code.
    pub fn site_codes(&self, sites: &[String]) -> Result<Vec<String>, StoreError> {
        let secret = Secret::load(&self.folder.join(SECRET), !self.numbers()?.is_empty())?;
        let codes: Vec<String> = sites.iter().map(|site| site_code::code(secret, site)).collect();
        let distinct: BTreeSet<&String> = codes.iter().collect();
        if distinct.len() < codes.len() {
            return Err(StoreError::SameCode { folder: self.folder.clone() });
        }
        Ok(codes)
    }

    fn snapshot_folder(&self, number: u32) -> PathBuf {
        self.folder.join(SNAPSHOTS).join(format!("{number:06}"))
    }

    /// Numbers of the snapshot folders, ascending.
    fn numbers(&self) -> Result<Vec<u32>, StoreError> {
        let folder = self.folder.join(SNAPSHOTS);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&folder).map_err(|error| StoreError::unreadable(&folder, error))?;
        let mut numbers = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| StoreError::unreadable(&folder, error))?;
            numbers.extend(entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn point_at(&self, number: u32) -> Result<(), StoreError> {
        durable::replace(&self.folder.join(CURRENT), format!("{number:06}\n").as_bytes())
    }

    fn lock_file(&self) -> Result<File, StoreError> {
        let path = self.folder.join("lock");
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| StoreError::unwritable(&path, error))
    }
}
