//! Where what is derived from a snapshot lies, one writer at a time.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::durable::{create_private, remove_folder};
use super::{Store, StoreError};

/// A folder beside the snapshots that no other process writes to meanwhile.
#[derive(Debug)]
pub struct DerivedFolder {
    folder: PathBuf,
    /// The system releases the lock when the file is closed, also by `kill -9`.
    _lock: File,
}

const DERIVED: &str = "derived";

impl Store {
    /// Removes what was derived from snapshot `number`, whatever its name.
    pub(super) fn remove_derived(&self, number: u32) -> Result<(), StoreError> {
        let folder = self.folder().join(DERIVED);
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(|error| StoreError::unreadable(&folder, error))?,
        };
        let start = format!("{number:06}-");
        let of_snapshot = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(&start));
        of_snapshot.map(|entry| entry.path()).try_for_each(|path| remove_folder(&path))
    }

    /// The folder for what `name` derives from snapshot `number`.
    ///
    /// # Errors
    /// It cannot be written, or another process is writing to it.
    pub fn derived(&self, number: u32, name: &str) -> Result<DerivedFolder, StoreError> {
        let folder = self.folder().join(DERIVED).join(format!("{number:06}-{name}"));
        create_private(&folder)?;
        let path = folder.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|error| StoreError::unwritable(&path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(DerivedFolder { folder, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy { folder }),
            Err(TryLockError::Error(error)) => Err(StoreError::unwritable(&path, error)),
        }
    }
}

impl DerivedFolder {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

#[cfg(test)]
mod tests {
    use crate::store::{Store, StoreError};

    #[test]
    fn a_second_run_of_one_pipeline_is_told_to_wait() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(folder.path());
        let first = store.derived(1, "quarterly").expect("nobody else writes");
        assert!(matches!(store.derived(1, "quarterly"), Err(StoreError::Busy { .. })));
        assert!(store.derived(1, "research").is_ok() && store.derived(2, "quarterly").is_ok());
        drop(first);
        assert!(store.derived(1, "quarterly").is_ok());
    }
}
