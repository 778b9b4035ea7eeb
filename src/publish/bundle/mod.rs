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

use super::PublishError;
use super::chart::{self, Chart};
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
    let mut outputs = documents(draft, released, context)?;
    let package = data_package::json(context, &outputs);
    outputs.push(draft.keep("datapackage.json", &package)?);
    let metadata = crate_metadata::json(context, snapshot, &outputs);
    outputs.push(draft.keep("ro-crate-metadata.json", &metadata)?);
    draft.write(MANIFEST, &manifest::json(released, context, snapshot, outputs))
}

/// Everything but the descriptions of the folder, in the order of the manifest.
/// The PDF takes as long as all the rest together, so it is set beside it.
fn documents(draft: &Draft, released: &Released, context: &Context<'_>) -> Result<Vec<FileDigest>, PublishError> {
    let charts = &chart::charts(released, context);
    let (document, outputs) = thread::scope(|scope| {
        let set = thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, move || pdf(released, context, charts))
            .expect("the machine has a thread to give");
        let outputs = beside_the_pdf(draft, released, context, charts);
        (set.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), outputs)
    });
    let mut outputs = outputs?;
    outputs.insert(1, draft.keep("report.pdf", &document)?);
    Ok(outputs)
}

fn beside_the_pdf(
    draft: &Draft,
    released: &Released,
    context: &Context<'_>,
    charts: &[Chart],
) -> Result<Vec<FileDigest>, PublishError> {
    let mut outputs = vec![
        draft.keep("report.html", html(released, context, charts).as_bytes())?,
        draft.keep("report.xlsx", &xlsx(released, context))?,
    ];
    for chart in charts {
        outputs.push(draft.keep(&format!("charts/{}.svg", chart.id), chart.svg.as_bytes())?);
        outputs.push(draft.keep(&format!("charts/{}.png", chart.id), &chart.png())?);
    }
    outputs.push(draft.keep_parquet("results.parquet", released)?);
    for (name, content) in notes(released, context) {
        outputs.push(draft.keep(&name, &content)?);
    }
    Ok(outputs)
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
