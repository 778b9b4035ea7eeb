//! Two small tables cut from the results, for whoever does not want all of them.

use std::borrow::Cow;

use crate::estimate::result::Estimand;
use crate::publish::report::{flow, select};
use crate::publish::results::{Released, ResultRow, quoted};

/// Order of the columns of the grid: the headline first, then from the kindest
/// assumption to the harshest.
const ESTIMANDS: [Estimand; 7] =
    [Estimand::Nri, Estimand::Oc, Estimand::Ipw, Estimand::Best, Estimand::Locf, Estimand::Bocf, Estimand::Worst];

/// Columns of `attrition.csv`.
pub(super) const ATTRITION: [&str; 7] = ["step", "label", "unit", "remaining", "removed", "hidden", "result_id"];

/// `attrition.csv`: from the first row read to every denominator.
pub(super) fn attrition(released: &Released) -> Vec<u8> {
    let rows = |statistic: &'static str| released.of_measure("attrition").filter(move |row| row.statistic == statistic);
    let mut lines = vec![ATTRITION.map(str::to_owned).to_vec()];
    for remaining in rows("count") {
        let removed = rows("removed").find(|row| row.stratum_level == remaining.stratum_level);
        lines.push(vec![
            remaining.stratum_level.clone(),
            flow::label(remaining),
            remaining.unit.clone(),
            number(remaining.value),
            number(removed.and_then(|row| row.value)),
            hidden(&[("remaining", Some(remaining)), ("removed", removed)]),
            remaining.result_id.clone(),
        ]);
    }
    csv(&lines)
}

/// What says which cell a line of `sensitivity.csv` is about.
pub(super) const CELL: [&str; 10] = [
    "measure_id",
    "population",
    "period_start",
    "period_end",
    "site",
    "condition",
    "horizon",
    "statistic",
    "unit",
    "hidden",
];

/// The columns of numbers of `sensitivity.csv`.
pub(super) fn estimand_columns() -> Vec<String> {
    ESTIMANDS
        .iter()
        .flat_map(|estimand| {
            let id = estimand.id().to_lowercase();
            [id.clone(), format!("{id}_ci_low"), format!("{id}_ci_high")]
        })
        .collect()
}

/// `sensitivity.csv`: one cell a line, the ways of counting the missing side by
/// side. Only rows that exist: nothing is computed here.
pub(super) fn sensitivity(released: &Released) -> Vec<u8> {
    let mut lines = vec![CELL.iter().map(|name| (*name).to_owned()).chain(estimand_columns()).collect()];
    let rows: Vec<&ResultRow> = released.rows().iter().filter(|row| is_sensitive(row)).collect();
    for cell in rows.chunk_by(|one, other| same_measure(one, other)) {
        let mut seen: Vec<&ResultRow> = Vec::new();
        for row in cell {
            if !seen.iter().any(|known| same_cell(known, row)) {
                seen.push(row);
                lines.push(line(row, cell));
            }
        }
    }
    csv(&lines)
}

/// Rates and means of a cohort; splits and trends have one estimand or two, and
/// are in the results.
fn is_sensitive(row: &ResultRow) -> bool {
    matches!(row.statistic.as_str(), "rate" | "mean")
        && row.stratum_name == select::ALL
        && !matches!(row.measure_id.as_str(), "retention" | "attrition")
}

fn same_measure(one: &ResultRow, other: &ResultRow) -> bool {
    one.measure_id == other.measure_id && one.population == other.population && one.condition == other.condition
}

fn same_cell(one: &ResultRow, other: &ResultRow) -> bool {
    same_measure(one, other)
        && one.period_start == other.period_start
        && one.site == other.site
        && one.horizon == other.horizon
        && one.statistic == other.statistic
}

fn line(row: &ResultRow, among: &[&ResultRow]) -> Vec<String> {
    let day = |day: Option<crate::model::calendar::Day>| day.map_or_else(String::new, |day| day.to_string());
    let found = ESTIMANDS.map(|estimand| {
        (estimand.id(), among.iter().copied().find(|known| known.estimand == estimand && same_cell(known, row)))
    });
    let mut cells = vec![
        row.measure_id.clone(),
        row.population.id().to_owned(),
        day(row.period_start),
        day(row.period_end),
        row.site.clone(),
        row.condition.clone(),
        row.horizon.clone(),
        row.statistic.clone(),
        row.unit.clone(),
        hidden(&found),
    ];
    for (_, row) in found {
        cells.extend(
            [row.and_then(|row| row.value), row.and_then(|row| row.ci_low), row.and_then(|row| row.ci_high)]
                .map(number),
        );
    }
    cells
}

/// Names of the hidden among `rows`, joined by spaces.
fn hidden(rows: &[(&str, Option<&ResultRow>)]) -> String {
    let hidden = rows.iter().filter(|(_, row)| row.is_some_and(|row| row.suppression.hides()));
    hidden.map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn csv(lines: &[Vec<String>]) -> Vec<u8> {
    let line = |cells: &Vec<String>| cells.iter().map(|cell| quoted(cell)).collect::<Vec<Cow<'_, str>>>().join(",");
    lines.iter().map(|cells| line(cells) + "\n").collect::<String>().into_bytes()
}
