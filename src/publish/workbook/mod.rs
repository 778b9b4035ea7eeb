//! `report.xlsx`: released rows as tables a spreadsheet can sort, one table a
//! sheet.
//!
//! Numbers are numbers and stay empty where they are hidden, with the reason in
//! a column of its own. Text is never a formula: every cell of text is stored
//! as text, and what begins like a formula carries the quote mark besides, so
//! that it stays text when somebody edits the cell. The same rows give the same
//! bytes: the workbook bears the data cut as its date, not today's.

mod columns;
mod one_page;
mod read_me;
mod sheet;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};

use super::report::Context;
use super::report::select;
use super::results::{Released, ResultRow};
use crate::estimate::result::Population;
use crate::model::calendar::Day;
use columns::{Column, FLOW, RESULTS};
use sheet::Sheet;

/// A sheet of result rows.
struct Table {
    name: &'static str,
    about: &'static str,
    columns: &'static [Column],
    belongs: fn(&ResultRow, &Scope) -> bool,
}

/// What the sheets choose their rows by.
struct Scope {
    headline: Population,
    by_condition: Population,
    primary: &'static str,
}

/// Order is the order of the sheets, after the page of words and the README.
const TABLES: &[Table] = &[
    Table {
        name: "Headline",
        about: "Everybody, all horizons: the cohort the first page is about",
        columns: RESULTS,
        belongs: |row, scope| row.population == scope.headline && everybody(row) && !is_flow(row),
    },
    Table {
        name: "By condition",
        about: "The four newest mature quarters by condition, at the primary horizon",
        columns: RESULTS,
        belongs: |row, scope| {
            row.population == scope.by_condition
                && row.condition != select::ALL
                && row.site == select::ALL
                && row.horizon == scope.primary
        },
    },
    Table {
        name: "By site",
        about: "The headline cohort by site, at the primary horizon",
        columns: RESULTS,
        belongs: |row, scope| {
            row.population == scope.headline
                && row.site != select::ALL
                && row.condition == select::ALL
                && row.horizon == scope.primary
        },
    },
    Table {
        name: "Splits",
        about: "The headline cohort by other groups, and the cumulative responder curve",
        columns: RESULTS,
        belongs: |row, scope| row.population == scope.headline && row.stratum_name != select::ALL && !is_flow(row),
    },
    Table {
        name: "Over time",
        about: "Every quarter and month by when treatment began, at the primary horizon; immature ones are marked",
        columns: RESULTS,
        belongs: |row, scope| {
            matches!(row.population, Population::QuarterSeries | Population::Month)
                && everybody(row)
                && row.horizon == scope.primary
        },
    },
    Table {
        name: "Who is counted",
        about: "From the first row read to every denominator",
        columns: FLOW,
        belongs: |row, _| is_flow(row),
    },
];

fn everybody(row: &ResultRow) -> bool {
    [&row.site, &row.condition, &row.stratum_name].into_iter().all(|level| level == select::ALL)
}

fn is_flow(row: &ResultRow) -> bool {
    row.measure_id == "attrition"
}

/// Writes the workbook.
pub fn xlsx(released: &Released, context: &Context<'_>) -> Vec<u8> {
    let scope = Scope {
        headline: select::headline(released),
        by_condition: select::by_condition(released),
        primary: context.protocol.study.primary_horizon.id,
    };
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(context));
    one_page::write(&mut Sheet::add(&mut workbook, one_page::NAME), released, context);
    read_me::write(&mut Sheet::add(&mut workbook, "README"), released, context);
    for table in TABLES {
        let rows = released.rows().iter().filter(|row| (table.belongs)(row, &scope));
        columns::write(&mut Sheet::add(&mut workbook, table.name), table.columns, rows, context);
    }
    workbook.save_to_buffer().expect("every name, size and text was fitted to the format's limits")
}

/// The data cut is the workbook's date; without one, a day that says nothing.
fn properties(context: &Context<'_>) -> DocProperties {
    DocProperties::new()
        .set_title(sheet::fitted(&format!("{}: {}", context.protocol.clinic, context.protocol.title)))
        .set_comment(sheet::fitted(&format!("Snapshot {}", context.snapshot)))
        .set_creation_datetime(&date(context.data_cut.unwrap_or(Day(10_957))))
}

/// A day as the format counts them; the format begins with 1900.
fn date(day: Day) -> ExcelDateTime {
    let civil = day.civil();
    let part = |number: u32| u8::try_from(number).expect("a month or a day of one");
    u16::try_from(civil.year)
        .ok()
        .and_then(|year| ExcelDateTime::from_ymd(year, part(civil.month), part(civil.day)).ok())
        .unwrap_or_else(|| ExcelDateTime::from_ymd(1900, 1, 1).expect("the first day of the format"))
}

#[cfg(test)]
mod tests;
