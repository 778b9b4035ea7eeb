//! `relief diff OLD NEW`: why numbers changed between two reports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use relief::protocol::{Measure, Protocol};
use relief::publish::comparison::{ChangedRow, Comparison};
use relief::publish::written::{WrittenManifest, WrittenReport};

use super::{Failure, say};

/// Changed results listed before “and more”.
const LISTED: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder of the earlier report
    old: PathBuf,
    /// Folder of the later one
    new: PathBuf,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let old = WrittenReport::read(&arguments.old)?;
    let new = WrittenReport::read(&arguments.new)?;
    let causes = Causes::between(&old, &new)?;
    let rows = Comparison::of(&old.results, &new.results);
    say(&if arguments.json { json(&rows, &causes).to_string() } else { text(&rows, &causes) });
    Ok(())
}

/// What the two runs did not have in common.
struct Causes {
    /// Causes that may touch every number, in words.
    all: Vec<String>,
    /// Measures whose definition changed, and how.
    measures: BTreeMap<String, String>,
}

impl Causes {
    fn between(old: &WrittenReport, new: &WrittenReport) -> Result<Self, Failure> {
        let [before, after] = [&old.manifest, &new.manifest];
        let mut all = Vec::new();
        if before.snapshot != after.snapshot {
            all.push(data(before, after));
        }
        let mut differs = |what: &str, before: &str, after: &str| {
            if before != after {
                all.push(format!("{what}: {before} → {after}"));
            }
        };
        let cut = |manifest: &WrittenManifest| manifest.data_cut.clone().unwrap_or_else(|| "last day seen".to_owned());
        differs("data cut", &cut(before), &cut(after));
        differs("program", &before.version, &after.version);
        differs("disclosure profile", &before.disclosure_profile, &after.disclosure_profile);
        differs("MME factors", &before.mme_factors, &after.mme_factors);
        let compared = |manifest: &WrittenManifest| match manifest.compared_mme_factors.as_slice() {
            [] => "none".to_owned(),
            sets => sets.join(", "),
        };
        differs("MME factors compared", &compared(before), &compared(after));
        differs("primary horizon", &before.primary_horizon, &after.primary_horizon);
        all.extend(definitions(before, after));
        let [before, after] = [measures(old)?, measures(new)?];
        Ok(Self { all, measures: changed_measures(&before, &after) })
    }

    /// Why a result may have changed.
    fn of(&self, row: &ChangedRow) -> Vec<&str> {
        let own = self.measures.get(&row.measure_id).map(String::as_str);
        own.into_iter().chain(self.all.iter().map(String::as_str)).collect()
    }
}

/// The snapshot, and which input files are new, gone or other.
fn data(before: &WrittenManifest, after: &WrittenManifest) -> String {
    let name = |manifest: &WrittenManifest| -> BTreeMap<(String, String), String> {
        let inputs = manifest.inputs.iter();
        inputs.map(|input| ((input.source.clone(), input.file.clone()), input.sha256.clone())).collect()
    };
    let [old, new] = [name(before), name(after)];
    let other = old.iter().filter(|(key, digest)| new.get(key).is_some_and(|new| new != *digest)).count();
    let gone = old.keys().filter(|key| !new.contains_key(key)).count();
    let added = new.keys().filter(|key| !old.contains_key(key)).count();
    let short = |digest: &str| digest.get(..12).unwrap_or(digest).to_owned();
    if other + gone + added == 0 {
        return format!(
            "reading: the same files, read under other definitions or by another program (snapshot {} → {})",
            short(&before.snapshot),
            short(&after.snapshot)
        );
    }
    format!(
        "data: snapshot {} → {} ({other} files changed, {added} added, {gone} gone)",
        short(&before.snapshot),
        short(&after.snapshot)
    )
}

/// Pipeline and packs whose text changed. Packs of measures are told measure by
/// measure as well.
fn definitions(before: &WrittenManifest, after: &WrittenManifest) -> Vec<String> {
    let mut changed = Vec::new();
    for definition in &after.definitions {
        match before.definitions.iter().find(|known| known.file == definition.file) {
            Some(known) if known.sha256 == definition.sha256 => {}
            Some(_) => changed.push(format!("definitions: the text of {} changed", definition.file)),
            None => changed.push(format!("definitions: {} is new", definition.file)),
        }
    }
    let gone = before.definitions.iter().filter(|known| !after.definitions.iter().any(|new| new.file == known.file));
    changed.extend(gone.map(|known| format!("definitions: {} is gone", known.file)));
    changed
}

fn measures(report: &WrittenReport) -> Result<BTreeMap<String, Measure>, Failure> {
    let protocol = Protocol::read_kept(&report.definitions()?, Path::new("."))
        .map_err(|error| Failure::kept(&report.manifest.version, error))?;
    Ok(protocol.measures.into_iter().map(|measure| (measure.id.clone(), measure)).collect())
}

fn changed_measures(before: &BTreeMap<String, Measure>, after: &BTreeMap<String, Measure>) -> BTreeMap<String, String> {
    let mut changed = BTreeMap::new();
    for (id, new) in after {
        let Some(old) = before.get(id) else { continue };
        let parts = parts(old, new);
        if old.version != new.version || !parts.is_empty() {
            let parts = if parts.is_empty() { "only its version".to_owned() } else { parts.join(", ") };
            changed.insert(id.clone(), format!("measure {id}: version {} → {} ({parts})", old.version, new.version));
        }
    }
    changed
}

/// Which parts of a definition differ.
fn parts(old: &Measure, new: &Measure) -> Vec<&'static str> {
    let sql = |part: &Option<relief::protocol::Expression>| part.as_ref().map(|expression| expression.sql.clone());
    [
        ("who is counted", old.eligible.sql != new.eligible.sql),
        ("whose outcome is known", old.observed.sql != new.observed.sql),
        ("the outcome", sql(&old.outcome) != sql(&new.outcome)),
        ("the score before", sql(&old.baseline) != sql(&new.baseline)),
        ("the score after", sql(&old.follow_up) != sql(&new.follow_up)),
        ("the unit", old.unit != new.unit || old.scale != new.scale),
    ]
    .into_iter()
    .filter_map(|(part, differs)| differs.then_some(part))
    .collect()
}

/// A changed row as `--json` prints it.
pub(super) fn row_json(row: &ChangedRow) -> serde_json::Value {
    let cells: Vec<_> = row
        .cells
        .iter()
        .map(|cell| serde_json::json!({ "column": cell.column, "before": cell.before, "after": cell.after }))
        .collect();
    serde_json::json!({ "result_id": row.result_id, "cells": cells })
}

/// A changed row for a person.
pub(super) fn row_line(row: &ChangedRow) -> String {
    let cells: Vec<String> = row
        .cells
        .iter()
        .map(|cell| format!("{} {} → {}", cell.column, or_empty(&cell.before), or_empty(&cell.after)))
        .collect();
    format!("  {}: {}", row.result_id, cells.join(", "))
}

fn or_empty(cell: &str) -> &str {
    if cell.is_empty() { "(empty)" } else { cell }
}

fn json(rows: &Comparison, causes: &Causes) -> serde_json::Value {
    let changed: Vec<_> = rows
        .changed
        .iter()
        .map(|row| {
            let mut object = row_json(row);
            object["causes"] = serde_json::json!(causes.of(row));
            object
        })
        .collect();
    serde_json::json!({
        "equal_rows": rows.equal,
        "changed": changed,
        "removed": rows.removed,
        "added": rows.added,
        "causes": { "all": causes.all, "measures": causes.measures },
    })
}

fn text(rows: &Comparison, causes: &Causes) -> String {
    let mut lines = vec![format!(
        "{} results changed, {} are only in the new report, {} only in the old; {} are the same",
        rows.changed.len(),
        rows.added.len(),
        rows.removed.len(),
        rows.equal
    )];
    if causes.all.is_empty() && causes.measures.is_empty() {
        lines.push(
            "nothing the numbers depend on is different: same snapshot, definitions, data cut and program".to_owned(),
        );
    }
    lines.extend(causes.all.iter().map(|cause| format!("every number may differ for: {cause}")));
    for (id, cause) in &causes.measures {
        let touched = rows.changed.iter().filter(|row| row.measure_id == *id).count();
        lines.push(format!("{touched} of the changed results for: {cause}"));
    }
    for row in rows.changed.iter().take(LISTED) {
        lines.push(row_line(row));
        lines.extend(causes.of(row).iter().map(|cause| format!("      {cause}")).take(1));
    }
    if rows.changed.len() > LISTED {
        lines.push(format!("  and {} more; `--json` lists all", rows.changed.len() - LISTED));
    }
    lines.join("\n")
}
