//! The report folder: made beside its place and put there in one step, so that
//! nobody opens half a report and a failed run leaves the last one as it was.

use std::fs;
use std::path::{Path, PathBuf};

use crate::publish::PublishError;
use crate::publish::disclosure::Released;
use crate::publish::manifest::{FileDigest, MANIFEST};
use crate::publish::results;
use crate::store::{Packing, TableWriter};

/// A report folder being made.
pub(super) struct Draft {
    place: PathBuf,
    draft: PathBuf,
}

impl Draft {
    pub(super) fn begin(place: &Path) -> Result<Self, PublishError> {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let draft = place.with_file_name(format!(".{name}.draft"));
        check_place(place)?;
        remove(&draft)?;
        create(&draft)?;
        Ok(Self { place: place.to_owned(), draft })
    }

    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), PublishError> {
        let path = self.draft.join(name);
        create(path.parent().unwrap_or(&self.draft))?;
        fs::write(&path, content).map_err(|source| PublishError::Unwritable { path, source })
    }

    /// Writes a file that the manifest lists.
    pub(super) fn keep(&self, name: &str, content: &[u8]) -> Result<FileDigest, PublishError> {
        self.write(name, content)?;
        Ok(FileDigest::of(name, content))
    }

    /// Writes the results table.
    pub(super) fn keep_parquet(&self, name: &str, released: &Released) -> Result<FileDigest, PublishError> {
        let path = self.draft.join(name);
        let batch = results::record_batch(released);
        let mut writer = TableWriter::create(&path, batch.schema(), Packing::Zstd)?;
        writer.write(&batch)?;
        writer.finish()?;
        let content = fs::read(&path).map_err(|source| PublishError::Unwritable { path, source })?;
        Ok(FileDigest::of(name, &content))
    }

    /// Puts the draft in its place. A folder cannot replace a full one, so the
    /// old report steps aside first, and comes back if the new one cannot take
    /// its place.
    pub(super) fn publish(self) -> Result<(), PublishError> {
        let old = self.draft.with_extension("old");
        remove(&old)?;
        if self.place.exists() {
            rename(&self.place, &old)?;
        }
        if let Err(error) = rename(&self.draft, &self.place) {
            if old.exists() {
                rename(&old, &self.place)?;
            }
            return Err(error);
        }
        remove(&old)
    }

    pub(super) fn discard(&self) {
        // The report that failed is the news; a draft that stays is not.
        let _ = fs::remove_dir_all(&self.draft);
    }
}

fn create(folder: &Path) -> Result<(), PublishError> {
    fs::create_dir_all(folder).map_err(|source| PublishError::Unwritable { path: folder.to_owned(), source })
}

fn rename(from: &Path, to: &Path) -> Result<(), PublishError> {
    fs::rename(from, to).map_err(|source| PublishError::Unwritable { path: to.to_owned(), source })
}

/// Only a report may be replaced by a report: `--out` and a pipeline's id can
/// name any folder.
fn check_place(place: &Path) -> Result<(), PublishError> {
    let is_report = || {
        let manifest = fs::read_to_string(place.join(MANIFEST)).unwrap_or_default();
        manifest.contains(concat!("\"program\": \"", env!("CARGO_PKG_NAME"), "\""))
    };
    let is_empty = || fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_none());
    if !place.exists() || is_empty() || is_report() {
        return Ok(());
    }
    Err(PublishError::NotAReport { path: place.to_owned() })
}

fn remove(folder: &Path) -> Result<(), PublishError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(PublishError::Unwritable { path: folder.to_owned(), source })
        }
        _ => Ok(()),
    }
}
