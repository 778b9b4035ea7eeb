//! `relief explain RESULT_ID`: where a number of a report comes from.
//!
//! Everything is read from the report folder, so that only what was released
//! can be said.

use std::path::PathBuf;

use relief::estimate::analysis::reliability::RELIABILITY;
use relief::model::horizon::HORIZONS;
use relief::protocol::{FactorSet, Measure, Protocol};
use relief::publish::formula;
use relief::publish::written::{Table, WrittenReport};

use super::{Failure, say};

/// Hidden neighbours listed before “and more”.
const LISTED: usize = 12;
/// How the ids of what the program counts of opioid doses begin.
const OF_DOSES: [&str; 2] = ["opioid_", "mme_"];

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The number's id, as in results.csv and in report.html
    result_id: String,
    /// Folder of the report, or the pipeline that made it
    #[arg(long, default_value = "pipelines/quarterly.toml")]
    report: PathBuf,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let folder = if arguments.report.is_dir() {
        arguments.report.clone()
    } else {
        let protocol = Protocol::read(&arguments.report)?;
        protocol.reports.join(&protocol.id)
    };
    let report = WrittenReport::read(&folder)?;
    let protocol = Protocol::read_kept(&report.definitions()?, &folder)
        .map_err(|error| Failure::kept(&report.manifest.version, error))?;
    let known = report.results.by_id();
    let Some(row) = known.get(arguments.result_id.as_str()) else {
        return Err(unknown(&arguments.result_id, &report.results));
    };
    let result = Row { table: &report.results, cells: row };
    let explanation = Explanation {
        report: &report,
        protocol: &protocol,
        result,
        measure: protocol.measures.iter().find(|measure| measure.id == result.get("measure_id")),
    };
    say(&if arguments.json { explanation.json().to_string() } else { explanation.text() });
    Ok(())
}

/// The id that shares the most parts with what was typed.
fn unknown(typed: &str, results: &Table) -> Failure {
    let shared = |id: &str| id.split('/').zip(typed.split('/')).filter(|(one, other)| one == other).count();
    let ids = results.rows.iter().map(|row| results.cell(row, "result_id"));
    // The first of the best: the order of the results is the order of the report.
    let near = ids.fold(("", 0), |best, id| if shared(id) > best.1 { (id, shared(id)) } else { best });
    let hint = if near.1 == 0 {
        "ids are in the first column of results.csv".to_owned()
    } else {
        format!("did you mean `{}`?", near.0)
    };
    Failure::usage(format!("the report has no result `{typed}`\nhint: {hint}"))
}

/// A row of the results.
#[derive(Clone, Copy)]
struct Row<'a> {
    table: &'a Table,
    cells: &'a [String],
}

impl<'a> Row<'a> {
    fn get(&self, column: &str) -> &'a str {
        self.table.cell(self.cells, column)
    }

    /// The cell, or why it is empty.
    fn shown(&self, column: &str) -> String {
        match self.get(column) {
            "" if self.get("reason").is_empty() => "not defined".to_owned(),
            "" => format!("not shown ({})", self.get("reason")),
            cell => cell.to_owned(),
        }
    }

    /// Whom the number is about, without the columns that take everybody.
    fn place(&self) -> Vec<String> {
        let all = |column: &str, every: &str| match self.get(column) {
            "all" => every.to_owned(),
            level => format!("{column} {level}"),
        };
        let stratum = match (self.get("stratum_name"), self.get("stratum_level")) {
            ("all", _) => None,
            (name, level) => Some(format!("{name} = {level}")),
        };
        let horizon = match self.get("horizon") {
            "all" => "at no one horizon".to_owned(),
            horizon => format!("at {horizon}"),
        };
        let margins = [all("site", "all sites"), all("condition", "all conditions")];
        margins.into_iter().chain(stratum).chain([horizon]).collect()
    }

    fn hidden(&self) -> bool {
        matches!(self.get("suppression"), "primary" | "complementary")
    }

    /// Whether both say the same in every column but those named.
    fn like(&self, other: &Self, but: &[&str]) -> bool {
        KEY.iter().all(|column| but.contains(column) || self.get(column) == other.get(column))
    }
}

/// What a number is about.
const KEY: [&str; 11] = [
    "measure_id",
    "population",
    "site",
    "condition",
    "stratum_name",
    "stratum_level",
    "period_start",
    "period_end",
    "horizon",
    "statistic",
    "estimand",
];

struct Explanation<'a> {
    report: &'a WrittenReport,
    protocol: &'a Protocol,
    result: Row<'a>,
    /// `None` for the flow and what the program counts by itself.
    measure: Option<&'a Measure>,
}

impl Explanation<'_> {
    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let table = &self.report.results;
        table.rows.iter().map(move |cells| Row { table, cells })
    }

    fn text(&self) -> String {
        let mut lines = vec![self.result.get("result_id").to_owned()];
        lines.extend(self.measure.map(|measure| measure.title.clone()));
        lines.extend(block("The number", self.number()));
        lines.extend(block("Who is counted, step by step", self.steps()));
        lines.extend(block("Then, for this number", self.cell()));
        lines.extend(block("Beside it", self.beside()));
        lines.extend(block("How it is defined", self.definition()));
        lines.extend(block("Made from", self.source()));
        lines.extend(block("Hidden nearby", self.hidden()));
        lines.join("\n")
    }

    fn json(&self) -> serde_json::Value {
        let cells: serde_json::Map<String, serde_json::Value> =
            self.report.results.columns.iter().map(|column| (column.clone(), self.result.get(column).into())).collect();
        serde_json::json!({
            "result": cells,
            "number": self.number(),
            "steps": self.steps(),
            "cell": self.cell(),
            "beside": self.beside(),
            "definition": self.definition(),
            "source": self.source(),
            "hidden": self.hidden(),
        })
    }

    fn number(&self) -> Vec<String> {
        let row = self.result;
        if row.hidden() {
            return self.why_hidden();
        }
        let mut lines = vec![format!("value {} ({})", row.shown("value"), row.get("unit"))];
        if row.get("value").is_empty() {
            return lines;
        }
        lines.extend(self.formula());
        lines.extend(self.test());
        if !row.get("ci_low").is_empty() {
            let (low, high, level, method) =
                (row.get("ci_low"), row.get("ci_high"), row.get("ci_level"), row.get("ci_method"));
            lines.push(format!("interval {low} to {high} (level {level}, {method})"));
        }
        if row.get("suppression") == "rounded" {
            lines.push("recomputed from rounded counts".to_owned());
        }
        if row.get("maturity") == "immature" {
            lines.push("immature: follow-up windows were open at the data cut".to_owned());
        }
        lines
            .extend(Some(row.get("message")).filter(|message| !message.is_empty()).map(|text| format!("note: {text}")));
        lines
    }

    /// Why a number is hidden, without telling more than its reason: whether it is
    /// small itself or covers a smaller one is not said, because that narrows it down.
    fn why_hidden(&self) -> Vec<String> {
        let row = self.result;
        let reason = row.get("reason");
        let why = if reason.starts_with("fewer than") {
            format!("it rests on {reason} patients, and so small a number could point to a person")
        } else {
            "it is small itself, or a small number could be worked out from it and others that are shown; \
             saying which of the two would give something away"
                .to_owned()
        };
        vec![
            format!("hidden by the disclosure profile {}: {why}", self.report.manifest.disclosure_profile),
            "hidden is not zero and not missing: the number exists and is not in this report".to_owned(),
            "what stands below was released; for a larger group, leave the condition or the site out".to_owned(),
        ]
    }

    /// The formula with its numbers; statistics of scores are computed from
    /// tallies that are not part of a report.
    fn formula(&self) -> Option<String> {
        let columns = ["statistic", "numerator", "denominator", "n"];
        let cells = columns.map(|column| (column, self.result.get(column))).into_iter().collect();
        formula::formula(&cells).map(|clause| format!("= {clause}"))
    }

    /// The p-value, where something was tested.
    fn test(&self) -> Option<String> {
        let row = self.result;
        let p = Some(row.get("p_value")).filter(|p| !p.is_empty())?;
        let adjusted = match (row.get("p_adjusted"), row.get("adjust_method")) {
            ("", _) => String::new(),
            (adjusted, method) => format!(", adjusted {adjusted} ({method})"),
        };
        Some(format!("p {p}{adjusted}"))
    }

    /// Other statistics of the same patients: what a limit is held against, what a
    /// mean hides. For a difference, the two quarters it is between.
    fn beside(&self) -> Vec<String> {
        let row = self.result;
        let is_other =
            |other: &Row<'_>| row.like(other, &["statistic"]) && other.get("statistic") != row.get("statistic");
        let others = self
            .rows()
            .filter(is_other)
            .map(|other| format!("{} {} ({})", other.get("statistic"), other.shown("value"), other.get("result_id")));
        others.take(LISTED).chain(self.compared()).collect()
    }

    fn compared(&self) -> Vec<String> {
        let row = self.result;
        let Some(statistic) = row.get("statistic").strip_suffix("_difference") else { return Vec::new() };
        let is_compared = |other: &Row<'_>| {
            let like = ["measure_id", "site", "condition", "horizon", "estimand"];
            like.iter().all(|column| row.get(column) == other.get(column))
                && other.get("population") == "quarter_series"
                && other.get("stratum_name") == "all"
                && other.get("statistic") == statistic
                && other.get("period_start") <= row.get("period_start")
        };
        // Dates as ISO 8601 are in order as text.
        let mut quarters: Vec<Row<'_>> = self.rows().filter(is_compared).collect();
        quarters.sort_by_key(|quarter| quarter.get("period_start"));
        let newest = quarters.iter().rev().take(2);
        newest.map(|quarter| format!("{statistic} {} ({})", quarter.shown("value"), quarter.get("result_id"))).collect()
    }

    /// Whether a step of the flow leads to this number: each horizon branches
    /// off, and doses of opioids have a branch of their own.
    fn leads_here(&self, step: &str) -> bool {
        let id = self.result.get("measure_id");
        let opioids = self.measure.is_some_and(|measure| measure.section == "opioids")
            || OF_DOSES.iter().any(|start| id.starts_with(start));
        let branch =
            HORIZONS.iter().find(|horizon| step.strip_suffix(horizon.id).is_some_and(|rest| rest.ends_with('_')));
        let flow = self.measure.is_none() && id == "attrition";
        // Scores before treatment are of everyone, followed up or not.
        let before = id == RELIABILITY;
        flow || (branch.is_none_or(|horizon| horizon.id == self.result.get("horizon") && !before)
            && (branch.is_none() || step.contains("opioid") == opioids)
            && (opioids || !step.contains("opioid")))
    }

    /// The flow, in the order it was counted.
    fn steps(&self) -> Vec<String> {
        let steps = self.rows().filter(|row| {
            row.get("measure_id") == "attrition"
                && row.get("statistic") == "count"
                && self.leads_here(row.get("stratum_level"))
        });
        steps
            .map(|step| {
                let removed = self.rows().find(|row| {
                    row.get("measure_id") == "attrition"
                        && row.get("statistic") == "removed"
                        && row.get("stratum_level") == step.get("stratum_level")
                });
                let out = removed
                    .filter(|row| row.get("value") != "0")
                    .map(|row| format!(", {} left out", row.shown("value")));
                format!(
                    "{} {}: {}{}",
                    step.shown("value"),
                    step.get("unit"),
                    step.get("message"),
                    out.unwrap_or_default()
                )
            })
            .collect()
    }

    /// The cohort, and the counts of the cell under every way of counting.
    fn cell(&self) -> Vec<String> {
        let row = self.result;
        if row.get("measure_id") == "attrition" {
            return vec!["a step of the flow above".to_owned()];
        }
        let period = match (row.get("period_start"), row.get("period_end")) {
            ("", _) => "at any time".to_owned(),
            (first, last) => format!("{first} to {last}"),
        };
        let mut lines =
            vec![format!("population {}: series begun {period}; {}", row.get("population"), row.place().join(", "))];
        let whom = if row.get("statistic").contains("infusion") { "infusions" } else { "patients" };
        for other in self.rows().filter(|other| row.like(other, &["estimand"])) {
            let this = if other.get("estimand") == row.get("estimand") { " ← this number" } else { "" };
            if other.hidden() {
                lines.push(format!("{}: hidden{this}", other.get("estimand")));
                continue;
            }
            let counts = match (other.get("numerator"), other.get("denominator")) {
                ("", "") => format!("{} {whom}", other.shown("n")),
                ("", of) => format!("{of} {whom}"),
                _ if row.get("statistic").starts_with("events_per") => {
                    format!("{} events, {} {whom}", other.shown("numerator"), other.shown("denominator"))
                }
                _ => format!("{} of {} {whom}", other.shown("numerator"), other.shown("denominator")),
            };
            lines.push(format!("{}: {counts}, value {}{this}", other.get("estimand"), other.shown("value")));
        }
        lines
    }

    fn definition(&self) -> Vec<String> {
        let Some(measure) = self.measure else {
            let id = self.result.get("measure_id");
            let mut lines = vec![format!("{id} is counted by the program itself, not by a pack; methods.md says how")];
            if OF_DOSES.iter().any(|start| id.starts_with(start)) {
                lines.extend(self.factors());
            }
            return lines;
        };
        let mut lines = vec![
            format!("measure {} version {} ({})", measure.id, measure.version, measure.pack),
            format!("among: {}", measure.eligible.sql),
            format!("outcome known: {}", measure.observed.sql),
        ];
        let parts = [("counted when", &measure.outcome), ("before", &measure.baseline), ("after", &measure.follow_up)];
        for (name, part) in parts {
            lines.extend(part.as_ref().map(|expression| format!("{name}: {}", expression.sql)));
        }
        lines.push(format!("without an outcome: {}", missing(self.result.get("estimand"))));
        lines.push(format!("source: {}", measure.citation));
        if measure.section == "opioids" {
            lines.extend(self.factors());
        }
        lines
    }

    /// The set doses are measured by, and those the same patients are counted under.
    fn factors(&self) -> impl Iterator<Item = String> {
        let line =
            |what: &str, set: &FactorSet| format!("{what}: {} ({}; {})", set.versioned(), set.title, set.citation);
        let compared = self.protocol.compare_factors.iter().map(move |set| line("compared with", set));
        std::iter::once(line("MME factors", &self.protocol.factors)).chain(compared)
    }

    fn source(&self) -> Vec<String> {
        let manifest = &self.report.manifest;
        vec![
            format!("snapshot {}", manifest.snapshot),
            format!("data cut {}", manifest.data_cut.as_deref().unwrap_or("the last day seen at each site")),
            format!("pipeline {}, relief {}", manifest.pipeline, manifest.version),
            format!("disclosure profile {}", manifest.disclosure_profile),
        ]
    }

    /// Neighbours along one axis at a time that are hidden, with their reasons.
    fn hidden(&self) -> Vec<String> {
        let axes: [(&str, &[&str]); 4] = [
            ("site", &["site"]),
            ("condition", &["condition"]),
            ("group", &["stratum_name", "stratum_level"]),
            ("estimand", &["estimand"]),
        ];
        let mut lines = Vec::new();
        for (axis, columns) in axes {
            let near: Vec<Row<'_>> = self
                .rows()
                .filter(|row| self.result.like(row, columns) && row.get("result_id") != self.result.get("result_id"))
                .collect();
            let hidden: Vec<&Row<'_>> = near.iter().filter(|row| row.hidden()).collect();
            if near.is_empty() {
                continue;
            }
            lines.push(format!("by {axis}: {} of {} other results are hidden", hidden.len(), near.len()));
            lines.extend(
                hidden.iter().take(LISTED).map(|row| {
                    format!("  {} ({}: {})", row.get("result_id"), row.get("suppression"), row.get("reason"))
                }),
            );
            if hidden.len() > LISTED {
                lines.push(format!("  and {} more", hidden.len() - LISTED));
            }
        }
        lines
    }
}

/// What becomes of somebody whose outcome is not known.
fn missing(estimand: &str) -> &str {
    match estimand {
        "NRI" => "counted as not having it (NRI)",
        "OC" => "left out (OC, observed cases)",
        "BOCF" => "counted as unchanged (BOCF)",
        "LOCF" => "the last score counts (LOCF)",
        "IPW" => "those seen stand for them by weights (IPW)",
        "best" => "counted as the best outcome",
        "worst" => "counted as the worst outcome",
        other => other,
    }
}

/// A heading and what stands below it; nothing when that is nothing.
fn block(heading: &str, lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() {
        return Vec::new();
    }
    let lines = lines.into_iter().map(|line| format!("  {line}"));
    [String::new(), heading.to_owned()].into_iter().chain(lines).collect()
}
