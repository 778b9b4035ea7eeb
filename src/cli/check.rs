//! `relief check PIPELINE`: ingest without writing; `--explain RULE`: why a rule
//! is there and what to do.

use relief::ingest::gate::{Detector, Fate, GateReport, detectors};
use relief::ingest::{IngestError, Mode};
use relief::model::reject::{Outcome, RULES, Rule};
use relief::protocol::Protocol;

use super::{Failure, ingest, run, say};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Pipeline file, for example pipelines/quarterly.toml
    #[arg(required_unless_present = "explain")]
    pipeline: Option<std::path::PathBuf>,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
    /// Say why a rule of the privacy gate or about rows is there, and what to do
    #[arg(long, value_name = "RULE", conflicts_with = "pipeline")]
    explain: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(rule) = &arguments.explain {
        say(&explained(rule).ok_or_else(|| unknown(rule))?);
        return Ok(());
    }
    let pipeline = arguments.pipeline.as_deref().ok_or_else(|| Failure::usage("no pipeline is named"))?;
    let protocol = Protocol::read(pipeline)?;
    run::compile(&protocol)?;
    let ingested = match ingest::try_ingest(&protocol, Mode::Check) {
        Ok(ingested) => ingested,
        Err(error) => return Err(refused(error, arguments.json)),
    };
    if arguments.json {
        say(&ingest::json(&protocol, &ingested).to_string());
    } else {
        say(&gate_table(&ingested.gate));
        say(&ingest::table(&protocol, &ingested));
    }
    let sites: Vec<String> = ingested.sites.iter().map(|site| site.site.clone()).collect();
    run::check_own_site(&protocol, &sites)?;
    ingested.too_many(&protocol).map_or(Ok(()), |error| Err(error.into()))
}

/// What the gate says is the answer of a check also where it says no.
fn refused(error: IngestError, json: bool) -> Failure {
    if let IngestError::Refused { gate } = &error {
        say(&if json { serde_json::json!({ "gate": ingest::gate_json(gate) }).to_string() } else { gate_table(gate) });
    }
    error.into()
}

fn gate_table(gate: &GateReport) -> String {
    let cells = gate.columns.iter().map(|column| {
        let count = column.count.to_string();
        [&column.source, &column.file, &column.column, column.fate.words(), column.rule, &count].map(str::to_owned)
    });
    let heading = ["source", "file", "column", "what happens", "rule", "count"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(heading).chain(cells).collect();
    let table = super::aligned(&rows).join("\n") + "\n";
    notes(gate).into_iter().fold(table, |text, note| text + &note + "\n")
}

/// What the table's words mean, where they are used.
fn notes(gate: &GateReport) -> Vec<String> {
    let unread = gate.columns.iter().filter(|column| column.fate == Fate::NotRead).count();
    let numbered = gate.columns.iter().any(|column| column.file.starts_with("file "));
    let mut notes = Vec::new();
    if unread > 0 {
        notes.push(format!(
            "not read: {unread} columns. Nothing in them is stored. Their cells were looked at for identifying values all \
             the same, but for OMOP tables, of which only the columns above that are read are taken out."
        ));
    }
    if numbered {
        notes.push(super::FILES_BY_NUMBER.to_owned());
    }
    notes
}

/// A rule or detector in full.
fn explained(id: &str) -> Option<String> {
    if let Some(Detector { id, what, why, hint }) = Detector::find(id) {
        return Some(format!("{id} (privacy gate)\nfound: {what}\nwhy:   {why}\ndo:    {hint}"));
    }
    let Rule { id, title, why, fix, outcome } = Rule::find(id)?;
    let outcome = match outcome {
        Outcome::Quarantined => "the row is set aside and listed in the quarantine",
        Outcome::Dropped => "the row is a second copy and is left out",
        Outcome::Remarked => "nothing is left out",
    };
    Some(format!("{id} (rows)\nfound: {title}\nwhy:   {why}\ndo:    {fix}\nthen:  {outcome}"))
}

fn unknown(rule: &str) -> Failure {
    let ids: Vec<&str> = detectors().map(|detector| detector.id).chain(RULES.iter().map(|rule| rule.id)).collect();
    Failure::usage(format!("there is no rule `{rule}`\nhint: rules: {}", ids.join(", ")))
}
