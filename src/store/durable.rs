//! Files that are whole or not there, even after a power cut.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::StoreError;

/// Replaces the file at `path`: a reader sees the old content or the new.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = |error| StoreError::unwritable(path, error);
    // Mode 0600 from the start: the same function writes the secret.
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder).map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    sync_folder(folder)
}

/// How temporary files begin, so that the next writer can remove them.
pub(super) const TEMPORARY: &str = ".part-";

/// Makes renames in `folder` survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    // Windows cannot open a folder as a file, and orders renames itself.
    if cfg!(unix) {
        let opened = File::open(folder).map_err(|error| StoreError::unwritable(folder, error))?;
        opened.sync_all().map_err(|error| StoreError::unwritable(folder, error))?;
    }
    Ok(())
}

/// Creates `folder`, for its owner alone where the system knows how.
pub(super) fn create_private(folder: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| StoreError::unwritable(folder, error))
}

/// Removes a folder and what is in it, if it is there.
pub(super) fn remove_folder(folder: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::unwritable(folder, error)),
        _ => Ok(()),
    }
}
