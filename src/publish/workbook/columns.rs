//! What the sheets show of a row.

use super::sheet::{Sheet, Shown};
use crate::estimate::result::{Estimand, Population};
use crate::model::calendar::Day;
use crate::model::horizon::Horizon;
use crate::publish::report::{Context, flow, select, words};
use crate::publish::results::ResultRow;

/// A column of a sheet.
pub(super) struct Column {
    heading: &'static str,
    /// In characters.
    width: u16,
    read: Read,
}

enum Read {
    Words(fn(&ResultRow, &Context<'_>) -> String),
    Value(fn(&ResultRow) -> Option<f64>),
    Count(fn(&ResultRow) -> Option<u64>),
    Date(fn(&ResultRow) -> Option<Day>),
}

const fn column(heading: &'static str, width: u16, read: Read) -> Column {
    Column { heading, width, read }
}

const NUMBER: Column = column("Number", 11, Read::Value(|row| row.value));
const UNIT: Column = column("Unit", 12, Read::Words(|row, _| row.unit.clone()));
const HIDDEN: Column = column("Hidden", 15, Read::Words(|row, _| hidden(row)));
const REASON: Column = column("Why there is no number", 34, Read::Words(|row, _| why(row)));
const RESULT_ID: Column = column("result_id", 70, Read::Words(|row, _| row.result_id.clone()));

/// Columns of a table of results.
pub(super) const RESULTS: &[Column] = &[
    column("Measure", 44, Read::Words(measure)),
    column("Condition", 30, Read::Words(condition)),
    column("Site", 14, Read::Words(|row, _| margin(&row.site))),
    column("Group", 30, Read::Words(|row, _| group(row))),
    column("Cohort", 14, Read::Words(|row, _| cohort(row.population).to_owned())),
    column("Treatment begun from", 12, Read::Date(|row| row.period_start)),
    column("to", 12, Read::Date(|row| row.period_end)),
    column("Follow-up", 11, Read::Words(|row, _| horizon(row))),
    column("Patients without an outcome", 30, Read::Words(|row, _| missing(row.estimand).to_owned())),
    column("Statistic", 16, Read::Words(|row, _| row.statistic.replace('_', " "))),
    NUMBER,
    UNIT,
    column("Interval from", 11, Read::Value(|row| row.ci_low)),
    column("Interval to", 11, Read::Value(|row| row.ci_high)),
    column("Patients (n)", 11, Read::Count(|row| row.n)),
    column("With the outcome", 11, Read::Count(|row| row.numerator)),
    column("Out of", 11, Read::Count(|row| row.denominator)),
    HIDDEN,
    REASON,
    column("Maturity", 11, Read::Words(|row, _| row.maturity.id().to_owned())),
    RESULT_ID,
];

/// Columns of the flow of patients.
pub(super) const FLOW: &[Column] = &[
    column("Step", 60, Read::Words(|row, _| flow::label(row))),
    column(
        "Counted",
        14,
        Read::Words(|row, _| if row.statistic == "removed" { "left out" } else { "remaining" }.to_owned()),
    ),
    NUMBER,
    UNIT,
    HIDDEN,
    REASON,
    RESULT_ID,
];

/// Writes the rows below the headings.
pub(super) fn write<'r>(
    sheet: &mut Sheet<'_>,
    columns: &[Column],
    rows: impl Iterator<Item = &'r ResultRow>,
    context: &Context<'_>,
) {
    let mut line = 0;
    for row in rows {
        line += 1;
        for (index, column) in (0_u16..).zip(columns) {
            let at = (line, index);
            match column.read {
                Read::Words(read) => sheet.text(at, &read(row, context)),
                Read::Value(read) => sheet.number(at, read(row), shown(row)),
                Read::Count(read) => sheet.number(at, read(row).map(|count| count as f64), Shown::Count),
                Read::Date(read) => sheet.day(at, read(row)),
            }
        }
    }
    let headings: Vec<(&str, u16)> = columns.iter().map(|column| (column.heading, column.width)).collect();
    sheet.headings(&headings, line);
}

pub(super) fn shown(row: &ResultRow) -> Shown {
    match row.unit.as_str() {
        "share" => Shown::Percent,
        "rows" | "patients" | "series" => Shown::Count,
        _ => Shown::Decimal,
    }
}

fn measure(row: &ResultRow, context: &Context<'_>) -> String {
    match row.measure_id.as_str() {
        "retention" => "With a score at follow-up".to_owned(),
        id => plain(&context.title(id)),
    }
}

fn condition(row: &ResultRow, context: &Context<'_>) -> String {
    let known = context.protocol.conditions.find(&row.condition);
    known.map_or_else(|| margin(&row.condition), |condition| condition.label.clone())
}

/// Text without the spaces that hold a line together in print.
pub(super) fn plain(text: &str) -> String {
    text.replace(words::NBSP, " ")
}

fn margin(level: &str) -> String {
    if level == select::ALL { "All".to_owned() } else { level.to_owned() }
}

fn group(row: &ResultRow) -> String {
    if row.stratum_name == select::ALL {
        return "All".to_owned();
    }
    format!("{}: {}", row.stratum_name.replace('_', " "), row.stratum_level)
}

fn cohort(population: Population) -> &'static str {
    match population {
        Population::Quarter => "Newest mature quarter",
        Population::RollingYear => "Four newest mature quarters",
        Population::ToDate => "All mature",
        Population::QuarterSeries => "One quarter",
        Population::Month => "One month",
    }
}

fn horizon(row: &ResultRow) -> String {
    Horizon::find(&row.horizon).map_or_else(|| margin(&row.horizon), |horizon| horizon.label.to_owned())
}

/// How patients without an outcome are counted.
fn missing(estimand: Estimand) -> &'static str {
    match estimand {
        Estimand::Nri => "count as no response (NRI)",
        Estimand::Oc => "left out (OC)",
        Estimand::Bocf => "count as unchanged (BOCF)",
        Estimand::Locf => "last score stands in (LOCF)",
        Estimand::Best => "count as success (best)",
        Estimand::Ipw => "those seen stand for the lost like them (IPW)",
        Estimand::Worst => "count as failure (worst)",
    }
}

fn hidden(row: &ResultRow) -> String {
    if row.suppression.hides() { row.suppression.id().to_owned() } else { String::new() }
}

pub(super) fn why(row: &ResultRow) -> String {
    if row.value.is_none() { plain(&words::reason(row)) } else { String::new() }
}
