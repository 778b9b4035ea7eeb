//! The second sheet: what the others hold and how to read them.

use super::TABLES;
use super::sheet::Sheet;
use crate::publish::report::Context;
use crate::publish::results::Released;

/// Writes the sheet: a heading or term in the first column, its text beside it.
pub(super) fn write(sheet: &mut Sheet<'_>, released: &Released, context: &Context<'_>) {
    sheet.width(0, 26);
    sheet.width(1, 110);
    let protocol = context.protocol;
    sheet.title((0, 0), &protocol.clinic);
    sheet.title((0, 1), &protocol.title);
    let profile = released.profile();
    let cut = context.data_cut.map_or_else(|| "the last day seen at each site".to_owned(), |day| day.to_string());
    let facts = [
        ("For", if profile.banner.is_empty() { profile.title.as_str() } else { profile.banner.as_str() }),
        ("Data to", &cut),
        ("Snapshot", &context.snapshot),
        ("Program", concat!("relief ", env!("CARGO_PKG_VERSION"))),
    ];
    let mut line = 1;
    for (term, text) in facts {
        line = entry(sheet, line, term, text);
    }
    line += 1;
    sheet.title((line, 0), "Sheet");
    line += 1;
    line = entry(sheet, line, super::one_page::NAME, "The report in some fifteen lines, with its numbers as numbers");
    for table in TABLES {
        line = entry(sheet, line, table.name, table.about);
    }
    line += 1;
    sheet.title((line, 0), "How to read them");
    line += 1;
    for (term, text) in READING {
        line = entry(sheet, line, term, text);
    }
}

const READING: [(&str, &str); 7] = [
    (
        "One row",
        "One number. The result_id names it here, in report.html and in results.csv, where every row of the run is.",
    ),
    (
        "Number",
        "Shares are stored from 0 to 1 and shown as percentages; changes are follow-up minus before, so below zero is less pain.",
    ),
    ("Empty", "A number that is hidden or undefined is an empty cell, never 0; the column beside it says why."),
    (
        "Hidden",
        "primary: too few patients. complementary: it would give a hidden number away; profiles for use within a clinic hide none of these, so that a hidden number may follow from others: such a file is not for release.",
    ),
    (
        "Interval",
        "95 %: built so that 95 in 100 of its kind hold the truth. It says nothing of patients lost to follow-up.",
    ),
    ("Maturity", "immature: follow-up windows were still open at the data cut. Such a row is shown and never judged."),
    (
        "No control group",
        "Patients are compared with themselves before treatment; no number here shows what treatment added.",
    ),
];

fn entry(sheet: &mut Sheet<'_>, line: u32, term: &str, text: &str) -> u32 {
    sheet.text((line, 0), term);
    sheet.text((line, 1), text);
    line + 1
}
