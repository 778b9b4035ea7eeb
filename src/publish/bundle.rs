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

/// Writes everything there is to see of `released` into `folder`.
///
/// # Errors
/// A file that cannot be written.
pub fn write(folder: &Path, released: &Released, context: &Context<'_>, snapshot: &SnapshotManifest) -> Result<(), PublishError> {
    let draft = Draft::begin(folder)?;
    let charts = chart::charts(released, context);
    let mut outputs = Vec::new();
    for (name, content) in files(released, context, &charts) {
        draft.write(&name, &content)?;
        outputs.push(FileDigest::of(&name, &content));
    }
    draft.write_parquet("results.parquet", released)?;
    let manifest = manifest::json(context, snapshot, outputs);
    draft.write("manifest.json", &manifest)?;
    draft.publish()
}

/// Every file but Parquet and the manifest, in the order of the manifest.
fn files(released: &Released, context: &Context<'_>, charts: &[Chart]) -> Vec<(String, Vec<u8>)> {
    let mut csv = Vec::new();
    results::write_csv(released, &mut csv).expect("memory can be written to");
    let mut files = vec![
        ("report.html".to_owned(), html(released, context, charts).into_bytes()),
        ("results.csv".to_owned(), csv),
    ];
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

    fn write_parquet(&self, name: &str, released: &Released) -> Result<(), PublishError> {
        let batch = results::record_batch(released);
        let mut writer = TableWriter::create(&self.draft.join(name), batch.schema())?;
        writer.write(&batch)?;
        Ok(writer.finish()?)
    }

    /// Puts the draft in its place. A folder cannot replace a full one, so the
    /// old report steps aside first.
    fn publish(self) -> Result<(), PublishError> {
        let old = self.draft.with_extension("old");
        remove(&old)?;
        let rename = |from: &Path, to: &Path| {
            fs::rename(from, to).map_err(|source| PublishError::Unwritable { path: to.to_owned(), source })
        };
        if self.place.exists() {
            rename(&self.place, &old)?;
        }
        rename(&self.draft, &self.place)?;
        remove(&old)
    }
}

fn remove(folder: &Path) -> Result<(), PublishError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(PublishError::Unwritable { path: folder.to_owned(), source })
        }
        _ => Ok(()),
    }
}
