//! Writing a snapshot: all of it, or nothing that anybody can see.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::durable::{TEMPORARY, create_private, remove_folder, sync_folder};
use super::{
    MANIFEST, Manifest, Packing, SNAPSHOTS, Secret, Snapshot, Store, StoreError, TableWriter, durable, schema_of,
};
use crate::model::table::TableId;

const DRAFT: &str = ".draft";
const REJECTED: &str = "rejected";

/// The store held for writing. Dropping it lets the next writer in.
#[derive(Debug)]
pub struct StoreWriter {
    store: Store,
    secret: Secret,
    /// The system releases the lock when the file is closed, also by `kill -9`.
    _lock: File,
}

impl StoreWriter {
    pub(super) fn lock(store: Store) -> Result<Self, StoreError> {
        create_private(&store.folder.join(SNAPSHOTS))?;
        let lock = store.lock_file()?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Busy { folder: store.folder }),
            Err(TryLockError::Error(error)) => return Err(StoreError::unwritable(&store.folder.join("lock"), error)),
        }
        recover(&store)?;
        let secret = Secret::load(&store.folder.join(super::SECRET), !store.numbers()?.is_empty())?;
        Ok(Self { store, secret, _lock: lock })
    }

    /// The store, for reading.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The key of the patient numbers.
    pub fn secret(&self) -> Secret {
        self.secret
    }

    /// Begins a snapshot.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn draft(&self) -> Result<Draft<'_>, StoreError> {
        let folder = self.store.folder.join(SNAPSHOTS).join(DRAFT);
        remove_folder(&folder)?;
        create_private(&folder)?;
        Ok(Draft { writer: self, folder })
    }

    /// Removes all but the newest `keep` snapshots, with what was derived from
    /// them; never the current one. Returns the numbers removed.
    ///
    /// # Errors
    /// A folder cannot be removed.
    pub fn prune(&self, keep: usize) -> Result<Vec<u32>, StoreError> {
        let current = self.store.current_number()?;
        let numbers = self.store.numbers()?;
        let old = &numbers[..numbers.len().saturating_sub(keep)];
        let removed: Vec<u32> = old.iter().copied().filter(|&number| Some(number) != current).collect();
        for &number in &removed {
            remove_folder(&self.store.snapshot_folder(number))?;
            self.store.remove_derived(number)?;
        }
        Ok(removed)
    }
}

/// Removes what a killed writer left, and points at a snapshot it had finished:
/// a folder gets its number only once it is complete.
fn recover(store: &Store) -> Result<(), StoreError> {
    remove_folder(&store.folder.join(SNAPSHOTS).join(DRAFT))?;
    let entries = fs::read_dir(&store.folder).map_err(|error| StoreError::unreadable(&store.folder, error))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            fs::remove_file(entry.path()).map_err(|error| StoreError::unwritable(&entry.path(), error))?;
        }
    }
    let numbers = store.numbers()?;
    let (newest, current) = (numbers.last().copied(), store.current_number()?);
    // Its manifest is not asked for: one that is damaged is written anew.
    if let Some(number) = current.filter(|number| !numbers.contains(number)) {
        return Err(StoreError::NoSnapshot { folder: store.folder.clone(), number });
    }
    match newest {
        Some(number) if current.is_none_or(|current| current < number) => store.point_at(number),
        _ => Ok(()),
    }
}

/// A snapshot being written. Dropping it removes every trace.
#[derive(Debug)]
pub struct Draft<'a> {
    writer: &'a StoreWriter,
    folder: PathBuf,
}

impl Draft<'_> {
    /// Begins a table.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn table(&self, table: TableId) -> Result<TableWriter, StoreError> {
        TableWriter::create(&self.folder.join(format!("{}.parquet", table.name())), schema_of(table), Packing::Zstd)
    }

    /// The folder of the quarantine files, created when first asked for.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn quarantine(&self) -> Result<PathBuf, StoreError> {
        self.subfolder("quarantine")
    }

    /// Its folder; a file without a name may be kept there meanwhile.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether a snapshot still holds, byte for byte, what was written to the draft:
    /// the same input gives the same bytes, so one that differs is damaged.
    pub fn is_still(&self, snapshot: &Snapshot) -> bool {
        holds_same(&self.folder, &snapshot.folder).unwrap_or(false)
    }

    fn subfolder(&self, name: &str) -> Result<PathBuf, StoreError> {
        let folder = self.folder.join(name);
        create_private(&folder)?;
        Ok(folder)
    }

    /// Numbers the snapshot, moves it into place and points at it.
    ///
    /// # Errors
    /// The store cannot be written; the current snapshot is then the old one.
    pub fn publish(self, mut manifest: Manifest) -> Result<Snapshot, StoreError> {
        let store = &self.writer.store;
        manifest.number = store.numbers()?.last().map_or(1, |last| last + 1);
        durable::replace(&self.folder.join(MANIFEST), &manifest.to_json())?;
        sync_tree(&self.folder)?;
        let folder = store.snapshot_folder(manifest.number);
        fs::rename(&self.folder, &folder).map_err(|error| StoreError::unwritable(&folder, error))?;
        sync_folder(&store.folder.join(SNAPSHOTS))?;
        store.point_at(manifest.number)?;
        Ok(Snapshot { number: manifest.number, digest: manifest.digest.clone(), folder, manifest })
    }

    /// Gives the snapshot up but keeps its quarantine, which holds no values,
    /// so that staff can see what to mend. Returns where it is.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn reject(self) -> Result<PathBuf, StoreError> {
        let rejected = self.writer.store.folder.join(REJECTED);
        remove_folder(&rejected)?;
        let quarantine = self.quarantine()?;
        fs::rename(&quarantine, &rejected).map_err(|error| StoreError::unwritable(&rejected, error))?;
        Ok(rejected)
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // After `publish` there is nothing here; otherwise the next writer tries again.
        let _ = remove_folder(&self.folder);
    }
}

/// Whether every file below one folder is, with the same bytes, below the other.
fn holds_same(ours: &Path, theirs: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(ours)? {
        let (one, other) = (entry?.path(), theirs);
        let other = other.join(one.file_name().unwrap_or_default());
        let same = if one.is_dir() { holds_same(&one, &other)? } else { same_bytes(&one, &other)? };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

fn same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let mut left = one.metadata()?.len();
    if other.metadata()?.len() != left {
        return Ok(false);
    }
    let mut blocks = [vec![0; 1 << 16], vec![0; 1 << 16]];
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(1 << 16);
        one.read_exact(&mut blocks[0][..length])?;
        other.read_exact(&mut blocks[1][..length])?;
        if blocks[0][..length] != blocks[1][..length] {
            return Ok(false);
        }
        left -= length as u64;
    }
    Ok(true)
}

/// Makes the files of a finished draft survive a power cut.
fn sync_tree(folder: &Path) -> Result<(), StoreError> {
    let entries = fs::read_dir(folder).map_err(|error| StoreError::unreadable(folder, error))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            sync_tree(&path)?;
        } else {
            File::open(&path).and_then(|file| file.sync_all()).map_err(|error| StoreError::unwritable(&path, error))?;
        }
    }
    sync_folder(folder)
}
