//! `relief snapshots [PIPELINE]`: what the store holds.

use std::path::PathBuf;

use relief::protocol::Protocol;
use relief::store::{Snapshot, Store};

use super::{Failure, say};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Pipeline file whose store to list
    #[arg(default_value = "pipelines/quarterly.toml")]
    pipeline: PathBuf,
    /// Remove all but the newest N snapshots and what was derived from them, such
    /// as records of patients who have withdrawn since; the current one stays
    #[arg(long, value_name = "N")]
    keep: Option<usize>,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let protocol = Protocol::read(&arguments.pipeline)?;
    let store = Store::open(&protocol.store);
    if let Some(keep) = arguments.keep {
        let removed = store.lock()?.prune(keep)?;
        tracing::debug!(?removed, "snapshots removed");
    }
    let (snapshots, damaged) = store.snapshots()?;
    let current = store.current_number()?;
    if arguments.json {
        say(&json(&snapshots, &damaged, current).to_string());
    } else if snapshots.is_empty() && damaged.is_empty() {
        say("no snapshots yet; `relief ingest` writes the first");
    } else {
        for snapshot in &snapshots {
            say(&line(snapshot, current));
        }
        for number in damaged {
            say(&format!(
                "{number:>6}  damaged: its manifest.json cannot be read; `relief ingest` writes a new snapshot"
            ));
        }
    }
    Ok(())
}

fn json(snapshots: &[Snapshot], damaged: &[u32], current: Option<u32>) -> serde_json::Value {
    let listed: Vec<_> = snapshots
        .iter()
        .map(|snapshot| {
            serde_json::json!({
                "snapshot": snapshot.number,
                "digest": snapshot.digest,
                "current": Some(snapshot.number) == current,
                "patients": snapshot.manifest.patients,
                "tables": snapshot.manifest.tables,
            })
        })
        .collect();
    serde_json::json!({ "snapshots": listed, "damaged": damaged })
}

fn line(snapshot: &Snapshot, current: Option<u32>) -> String {
    let mark = if Some(snapshot.number) == current { "current" } else { "" };
    format!("{:>6}  {}  {:>10} patients  {mark}", snapshot.number, &snapshot.digest[..12], snapshot.manifest.patients)
}
