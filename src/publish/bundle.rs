//! Released results → the report folder.
//!
//! The folder is made beside its place and put there in one step, so that
//! nobody opens half a report and a failed run leaves the last one as it was.

use std::fs;
use std::path::{Path, PathBuf};

use super::PublishError;
use super::chart::{self, Chart};
use super::disclosure::Released;
use super::manifest::{self, FileDigest};
use super::report::{Context, html};
use super::results;
use crate::store::{Manifest as SnapshotManifest, TableWriter};

const MANIFEST: &str = "manifest.json";

/// Writes everything there is to see of `released` into `folder`.
///
/// # Errors
/// A file that cannot be written.
pub fn write(
    folder: &Path,
    released: &Released,
    context: &Context<'_>,
    snapshot: &SnapshotManifest,
) -> Result<(), PublishError> {
    check_place(folder)?;
    let draft = Draft::begin(folder)?;
    match fill(&draft, released, context, snapshot) {
        Ok(()) => draft.publish(),
        Err(error) => {
            draft.discard();
            Err(error)
        }
    }
}

fn fill(
    draft: &Draft,
    released: &Released,
    context: &Context<'_>,
    snapshot: &SnapshotManifest,
) -> Result<(), PublishError> {
    let charts = chart::charts(released, context);
    let mut outputs = Vec::new();
    for (name, content) in files(released, context, &charts) {
        draft.write(&name, &content)?;
        outputs.push(FileDigest::of(&name, &content));
    }
    let parquet = draft.write_parquet("results.parquet", released)?;
    outputs.push(FileDigest::of("results.parquet", &parquet));
    draft.write(MANIFEST, &manifest::json(context, snapshot, outputs))
}

/// Every file but Parquet and the manifest, in the order of the manifest.
fn files(released: &Released, context: &Context<'_>, charts: &[Chart]) -> Vec<(String, Vec<u8>)> {
    let mut csv = Vec::new();
    results::write_csv(released, &mut csv).expect("memory can be written to");
    let mut files =
        vec![("report.html".to_owned(), html(released, context, charts).into_bytes()), ("results.csv".to_owned(), csv)];
    for chart in charts {
        files.push((format!("charts/{}.svg", chart.id), chart.svg.clone().into_bytes()));
        files.push((format!("charts/{}.png", chart.id), chart.png()));
    }
    files
}

/// A report folder being made.
struct Draft {
    place: PathBuf,
    draft: PathBuf,
}

impl Draft {
    fn begin(place: &Path) -> Result<Self, PublishError> {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let draft = place.with_file_name(format!(".{name}.draft"));
        remove(&draft)?;
        let charts = draft.join("charts");
        fs::create_dir_all(&charts).map_err(|source| PublishError::Unwritable { path: charts, source })?;
        Ok(Self { place: place.to_owned(), draft })
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<(), PublishError> {
        let path = self.draft.join(name);
        fs::write(&path, content).map_err(|source| PublishError::Unwritable { path, source })
    }

    /// Writes the results table and gives its bytes back.
    fn write_parquet(&self, name: &str, released: &Released) -> Result<Vec<u8>, PublishError> {
        let path = self.draft.join(name);
        let batch = results::record_batch(released);
        let mut writer = TableWriter::create(&path, batch.schema())?;
        writer.write(&batch)?;
        writer.finish()?;
        fs::read(&path).map_err(|source| PublishError::Unwritable { path, source })
    }

    /// Puts the draft in its place. A folder cannot replace a full one, so the
    /// old report steps aside first, and comes back if the new one cannot take
    /// its place.
    fn publish(self) -> Result<(), PublishError> {
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

    fn discard(&self) {
        // The report that failed is the news; a draft that stays is not.
        let _ = fs::remove_dir_all(&self.draft);
    }
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
