//! `relief verify REPORT_DIR`: the report made again from its snapshot, and
//! compared row by row and byte by byte.

use std::path::{Path, PathBuf};

use relief::estimate::scan::splits;
use relief::protocol::Protocol;
use relief::publish::comparison::Comparison;
use relief::publish::written::WrittenReport;
use relief::store::{Snapshot, Store};

use super::{Failure, run, say};

/// Differences listed before “and more”.
const LISTED: usize = 10;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder of a report
    report: PathBuf,
    /// Pipeline file that names the store; by default the one of the report's name beside or above the report
    #[arg(long)]
    pipeline: Option<PathBuf>,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    // A changed result is a difference like another: it is shown.
    let report = WrittenReport::read_as_is(&arguments.report)?;
    let texts = report.definitions()?;
    let pipeline = pipeline(arguments, &texts[0].0)?;
    let protocol = Protocol::read_kept(&texts, pipeline.parent().unwrap_or(Path::new(".")))
        .map_err(|error| Failure::kept(&report.manifest.version, error))?;
    let counted = (run::compile(&protocol)?, splits(&protocol)?);
    let snapshot = snapshot(&protocol, &report.manifest.snapshot)?;
    let store = Store::open(&protocol.store);
    let place = store.derived(snapshot.number, &format!("{}-verify", protocol.id))?;
    let made = tempfile::tempdir().map_err(|error| Failure::unwritable(&std::env::temp_dir(), &error))?;
    let folder = made.path().join(&protocol.id);
    let outcome = run::make(&protocol, &counted, &snapshot, place.path(), &folder);
    // Rows of patients do not stay behind.
    let _ = std::fs::remove_file(place.path().join("analysis_set.parquet"));
    outcome?;
    let again = WrittenReport::read(&folder)?;
    let found = Found {
        rows: Comparison::of(&report.results, &again.results),
        files: differing_files(&report.folder, &folder)?,
        program: report.manifest.version.clone(),
    };
    answer(arguments, &found)
}

/// What a second run found.
struct Found {
    rows: Comparison,
    /// File and what is wrong with it.
    files: Vec<(String, &'static str)>,
    /// Version the report was made with.
    program: String,
}

/// The pipeline gives the folder paths are relative to; its text is the kept one.
fn pipeline(arguments: &Arguments, file: &str) -> Result<PathBuf, Failure> {
    if let Some(named) = &arguments.pipeline {
        return Ok(named.clone());
    }
    let report = arguments.report.canonicalize().unwrap_or_else(|_| arguments.report.clone());
    let here = std::env::current_dir().unwrap_or_default();
    // Above the report first: every pipeline `init` writes has the same name.
    let places = report.ancestors().skip(1).chain([here.as_path()]);
    let candidates = places.flat_map(|place| [place.join(file), place.join("pipelines").join(file)]);
    candidates.into_iter().find(|candidate| candidate.is_file()).ok_or_else(|| {
        Failure::usage(format!(
            "no `{file}` beside or above the report\nhint: name the pipeline with `--pipeline`; it says where the store is"
        ))
    })
}

fn snapshot(protocol: &Protocol, digest: &str) -> Result<Snapshot, Failure> {
    let snapshots = Store::open(&protocol.store).snapshots()?.0;
    // The newest: one of an older version may lack a table.
    let found = snapshots.into_iter().rev().find(|snapshot| snapshot.digest == digest);
    found.ok_or_else(|| Failure::snapshot_gone(digest, &protocol.store))
}

/// Files that are not the same in both folders, in order of name.
fn differing_files(report: &Path, again: &Path) -> Result<Vec<(String, &'static str)>, Failure> {
    let mut differing = Vec::new();
    let [old, new] = [files(report)?, files(again)?];
    for name in old.iter().filter(|name| !new.contains(name)) {
        differing.push((name.clone(), "is no part of the report"));
    }
    for name in &new {
        let [before, after] = [report, again].map(|folder| std::fs::read(folder.join(name)).ok());
        if before.is_none() {
            differing.push((name.clone(), "is missing"));
        } else if before != after {
            differing.push((name.clone(), "has other bytes"));
        }
    }
    differing.sort();
    Ok(differing)
}

/// Files below a folder, by name with forward slashes.
fn files(folder: &Path) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let unreadable = |error: std::io::Error| Failure::usage(format!("cannot read `{}` ({error})", next.display()));
        for entry in std::fs::read_dir(&next).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(name) = path.strip_prefix(folder) {
                found.push(name.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn answer(arguments: &Arguments, found: &Found) -> Result<(), Failure> {
    let equal = found.rows.is_equal() && found.files.is_empty();
    if arguments.json {
        say(&json(found, equal).to_string());
    } else if equal {
        say(&format!("equal: {} results, row for row, and every file byte for byte", found.rows.equal));
    }
    if equal { Ok(()) } else { Err(Failure::mismatch(message(found))) }
}

fn json(found: &Found, equal: bool) -> serde_json::Value {
    let changed: Vec<_> = found.rows.changed.iter().map(super::diff::row_json).collect();
    let files: Vec<_> =
        found.files.iter().map(|(file, what)| serde_json::json!({ "file": file, "difference": what })).collect();
    serde_json::json!({
        "equal": equal,
        "results_equal": found.rows.is_equal(),
        "equal_rows": found.rows.equal,
        "changed": changed,
        "removed": found.rows.removed,
        "added": found.rows.added,
        "files": files,
    })
}

fn message(found: &Found) -> String {
    let rows = &found.rows;
    let mut lines = vec![format!(
        "the report is not what its snapshot and definitions give: {} results differ, {} are missing now, {} are new; {} files differ",
        rows.changed.len(),
        rows.removed.len(),
        rows.added.len(),
        found.files.len()
    )];
    lines.extend(rows.changed.iter().take(LISTED).map(super::diff::row_line));
    let only = |ids: &[String], what: &str| {
        ids.iter().take(LISTED).map(|id| format!("  {id}: only in {what}")).collect::<Vec<_>>()
    };
    lines.extend(only(&rows.removed, "the report"));
    lines.extend(only(&rows.added, "the second run"));
    lines.extend(found.files.iter().take(LISTED).map(|(file, what)| format!("  {file} {what}")));
    let listed = [rows.changed.len(), rows.removed.len(), rows.added.len(), found.files.len()];
    let more: usize = listed.iter().map(|count| count.saturating_sub(LISTED)).sum();
    if more > 0 {
        lines.push(format!("  and {more} more; `--json` lists all"));
    }
    if found.program != env!("CARGO_PKG_VERSION") {
        lines.push(format!(
            "hint: the report was made by relief {}, and this is {}",
            found.program,
            env!("CARGO_PKG_VERSION")
        ));
    }
    lines.join("\n")
}
