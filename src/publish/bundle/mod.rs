//! Released results → the report folder: what a director opens, and what a
//! researcher takes away and recomputes.

mod crate_metadata;
mod data_package;
mod dictionary;
mod folder;
mod methods;
mod protocol_files;
mod read_me;
mod tables;

use std::path::Path;
use std::thread;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::PublishError;
use super::chart;
use super::disclosure::Released;
use super::manifest::{self, FileDigest, MANIFEST};
use super::report::{Context, html, pdf};
use super::results;
use super::workbook::xlsx;
use crate::store::Manifest as SnapshotManifest;
use folder::Draft;
pub use protocol_files::stored_name;

/// Setting a document needs a deeper stack than a thread gets by itself.
const STACK: usize = 32 << 20;

/// A file of the folder.
type NamedFile = (String, Vec<u8>);

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
    let mut outputs = Vec::new();
    let mut keep = |name: &str, content: &[u8]| {
        draft.write(name, content)?;
        outputs.push(FileDigest::of(name, content));
        Ok::<(), PublishError>(())
    };
    for (name, content) in documents(released, context) {
        keep(&name, &content)?;
    }
    let parquet = draft.write_parquet("results.parquet", released)?;
    keep("results.parquet", &parquet)?;
    for (name, content) in notes(released, context) {
        keep(&name, &content)?;
    }
    let package = data_package::json(context, &outputs);
    draft.write("datapackage.json", &package)?;
    outputs.push(FileDigest::of("datapackage.json", &package));
    let metadata = crate_metadata::json(context, snapshot, &outputs);
    draft.write("ro-crate-metadata.json", &metadata)?;
    outputs.push(FileDigest::of("ro-crate-metadata.json", &metadata));
    draft.write(MANIFEST, &manifest::json(released, context, snapshot, outputs))
}

/// What people open, made side by side: the PDF takes about as long as all the
/// rest. The order is the manifest's.
fn documents(released: &Released, context: &Context<'_>) -> Vec<NamedFile> {
    let charts = chart::charts(released, context);
    let charts = &charts;
    thread::scope(|scope| {
        let set = thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, move || pdf(released, context, charts))
            .expect("the machine has a thread to give");
        let page = html(released, context, charts).into_bytes();
        let workbook = xlsx(released, context);
        let mut drawn: Vec<NamedFile> = charts
            .par_iter()
            .flat_map_iter(|chart| {
                let svg = (format!("charts/{}.svg", chart.id), chart.svg.clone().into_bytes());
                [svg, (format!("charts/{}.png", chart.id), chart.png())]
            })
            .collect();
        let document = set.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let mut files = vec![
            ("report.html".to_owned(), page),
            ("report.pdf".to_owned(), document),
            ("report.xlsx".to_owned(), workbook),
        ];
        files.append(&mut drawn);
        files
    })
}

/// What goes with the numbers, in the order of the manifest.
fn notes(released: &Released, context: &Context<'_>) -> Vec<NamedFile> {
    let mut csv = Vec::new();
    results::write_csv(released, &mut csv).expect("memory can be written to");
    let mut files = vec![
        ("results.csv".to_owned(), csv),
        ("attrition.csv".to_owned(), tables::attrition(released)),
        ("sensitivity.csv".to_owned(), tables::sensitivity(released)),
        ("methods.md".to_owned(), methods::markdown(released, context)),
        ("references.bib".to_owned(), methods::REFERENCES.as_bytes().to_vec()),
        ("README.md".to_owned(), read_me::markdown(released, context)),
        ("rerun.sh".to_owned(), read_me::RERUN.as_bytes().to_vec()),
    ];
    files.extend(protocol_files::files(context));
    files
}
