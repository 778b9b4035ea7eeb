//! `relief ingest PIPELINE`: files → a new snapshot and a quarantine.

use std::collections::BTreeMap;

use relief::ingest::gate::GateReport;
use relief::ingest::{IngestError, Ingested, Mode};
use relief::model::calendar::Day;
use relief::protocol::Protocol;
use relief::store::{CalendarKind, SiteSummary};

use super::progress::Progress;
use super::{Failure, PipelineArguments, say};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let protocol = Protocol::read(&arguments.pipeline.pipeline)?;
    let ingested = ingest(&protocol, Mode::Write)?;
    if arguments.pipeline.json {
        say(&json(&protocol, &ingested).to_string());
    } else {
        say(&table(&protocol, &ingested));
    }
    Ok(())
}

/// Ingests with a progress bar.
pub(super) fn ingest(protocol: &Protocol, mode: Mode) -> Result<Ingested, Failure> {
    Ok(try_ingest(protocol, mode)?)
}

/// The same, for who wants to look at the error.
pub(super) fn try_ingest(protocol: &Protocol, mode: Mode) -> Result<Ingested, IngestError> {
    let bar = Progress::bytes("reading");
    let ingested = relief::ingest::run(protocol, mode, &mut |progress| bar.set_of(progress.done, progress.total));
    bar.finish();
    ingested
}

/// The documented object: `tables`, `patients`, `records`, `findings`, `data_cuts`,
/// `snapshot`, `gate`.
pub(super) fn json(protocol: &Protocol, ingested: &Ingested) -> serde_json::Value {
    let findings: Vec<_> = ingested
        .findings
        .iter()
        .map(|finding| {
            serde_json::json!({
                "rule": finding.rule, "source": finding.source, "file": finding.file,
                "column": finding.column, "count": finding.count,
            })
        })
        .collect();
    let records: Vec<_> = ingested
        .records
        .iter()
        .map(|file| {
            let counts = file.counts;
            serde_json::json!({
                "source": file.source, "file": file.file, "read": counts.read,
                "with_rows": counts.with_rows, "rejected": counts.rejected, "passed_over": counts.passed_over,
            })
        })
        .collect();
    let corrections: Vec<_> = ingested
        .corrections
        .iter()
        .map(|made| {
            serde_json::json!({
                "source": made.source, "file": made.file, "rows": made.rows, "recovered": made.recovered,
                "quarantined": made.quarantined, "not_needed": made.not_needed, "unmatched": made.unmatched,
            })
        })
        .collect();
    serde_json::json!({
        "tables": ingested.tables,
        "patients": ingested.patients,
        "records": records,
        "corrections": corrections,
        "findings": findings,
        "data_cuts": data_cuts(protocol, ingested),
        "snapshot": ingested.snapshot.as_ref().map(|snapshot| snapshot.number),
        "gate": gate_json(&ingested.gate),
    })
}

/// Every column and what becomes of it.
pub(super) fn gate_json(gate: &GateReport) -> Vec<serde_json::Value> {
    let columns = gate.columns.iter().map(|column| {
        serde_json::json!({
            "source": column.source, "file": column.file, "column": column.column,
            "fate": column.fate.words(), "rule": column.rule, "count": column.count,
        })
    });
    columns.collect()
}

/// The day each site's records are taken to reach, which decides who is due; none
/// where they count study days and nobody has said.
fn data_cuts(protocol: &Protocol, ingested: &Ingested) -> BTreeMap<String, Option<String>> {
    let dated = ingested.calendar == CalendarKind::Dated;
    let cut = |site: &SiteSummary| protocol.study.data_cut.or_else(|| site.last_day.filter(|_| dated).map(Day));
    ingested.sites.iter().map(|site| (site.site.clone(), cut(site).map(|day| day.to_string()))).collect()
}

/// The same in words.
fn data_cut_line(protocol: &Protocol, ingested: &Ingested) -> String {
    if let Some(day) = protocol.study.data_cut {
        return format!("data cut: {day}, as the pipeline states; later days are set aside");
    }
    let state = "state `data_cut` under `[study]`";
    if ingested.calendar == CalendarKind::StudyDay {
        return format!("data cut: none, and study days do not tell it; {state}, without it no report is made");
    }
    let days = data_cuts(protocol, ingested).into_iter().filter_map(|(site, day)| Some(format!("{site} {}", day?)));
    let days = days.collect::<Vec<_>>().join(", ");
    format!("data cut: the last day of each site's records ({days}); {state} to be sure who is due")
}

/// The same for a person.
pub(super) fn table(protocol: &Protocol, ingested: &Ingested) -> String {
    let mut lines =
        vec![format!("{:<22}{:>12}{:>12}{:>12}{:>12}", "table", "read", "accepted", "quarantined", "duplicates")];
    for (name, counts) in &ingested.tables {
        lines.push(format!(
            "{name:<22}{:>12}{:>12}{:>12}{:>12}",
            counts.read, counts.accepted, counts.quarantined, counts.duplicates
        ));
    }
    lines.push(format!("{} patients", ingested.patients));
    lines.push(data_cut_line(protocol, ingested));
    lines.extend(ingested.corrections.iter().map(|made| {
        format!(
            "corrections of {}: {} of {} rows recovered, {} still quarantined, {} not needed, {} unmatched",
            made.source, made.recovered, made.rows, made.quarantined, made.not_needed, made.unmatched
        )
    }));
    lines.extend(findings(ingested));
    lines.extend(ingested.quarantine.iter().map(|folder| format!("quarantine: {}", folder.display())));
    lines.extend(ingested.replaced.map(|number| {
        format!(
            "snapshot {number} does not hold what was read into it: it is damaged, or of an older version, and left where it is"
        )
    }));
    lines.extend(ingested.snapshot.iter().map(|snapshot| {
        let unchanged = if ingested.unchanged { " (input unchanged, nothing written)" } else { "" };
        format!("snapshot {}{unchanged}", snapshot.number)
    }));
    lines.join("\n")
}

fn findings(ingested: &Ingested) -> Vec<String> {
    if ingested.findings.is_empty() {
        return vec!["no findings".to_owned()];
    }
    let heading = ["rule", "source", "file", "column", "count"].map(str::to_owned);
    let cells = ingested.findings.iter().map(|finding| {
        let count = finding.count.to_string();
        [&finding.rule, &finding.source, &finding.file, &finding.column, &count].map(ToString::to_string)
    });
    let rows: Vec<[String; 5]> = std::iter::once(heading).chain(cells).collect();
    let by_number = |file: &str| ["file ", "unread file "].iter().any(|start| file.starts_with(start));
    let numbered = ingested.findings.iter().any(|finding| by_number(&finding.file));
    let note = numbered.then(|| super::FILES_BY_NUMBER.to_owned());
    [String::new()].into_iter().chain(super::aligned(&rows)).chain(note).collect()
}
