//! The first sheet: the report in some fifteen lines of words, each with its
//! number as a number.

use super::columns::{plain, shown, why};
use super::sheet::Sheet;
use crate::estimate::analysis::CONTRAST;
use crate::estimate::analysis::safety::{KIND, PATIENTS};
use crate::estimate::result::{Estimand, Population};
use crate::publish::chart::claims;
use crate::publish::reading::claim::{self, RATE, Verdict};
use crate::publish::report::select::{self, Query};
use crate::publish::report::{self, Context, words};
use crate::publish::results::{Released, ResultRow};

/// Name of the sheet.
pub(super) const NAME: &str = "One page";

/// Claims that are listed; the report holds the others.
const CLAIMS: usize = 3;

/// One line: what the number is, and its row.
struct Line<'a> {
    text: String,
    row: &'a ResultRow,
    /// What follows from it, where something does.
    said: String,
}

/// Writes the sheet.
pub(super) fn write(sheet: &mut Sheet<'_>, released: &Released, context: &Context<'_>) {
    let lines = lines(released, context);
    let mut at = 0;
    for line in &lines {
        at += 1;
        let row = line.row;
        sheet.text((at, 0), &plain(&line.text));
        sheet.number((at, 1), row.value, shown(row));
        sheet.number((at, 2), row.value.and(row.ci_low), shown(row));
        sheet.number((at, 3), row.value.and(row.ci_high), shown(row));
        sheet.number((at, 4), row.n.map(|n| n as f64), super::sheet::Shown::Count);
        sheet.text((at, 5), &plain(&line.said));
        sheet.text((at, 6), &why(row));
        sheet.text((at, 7), &row.result_id);
    }
    for caution in report::cautions_as_text(released, context) {
        at += 1;
        sheet.text((at, 0), &plain(&format!("Read this first: {caution}")));
    }
    sheet.headings(&HEADINGS, at);
    sheet.wrapped(0);
}

const HEADINGS: [(&str, u16); 8] = [
    ("In one line", 76),
    ("Number", 11),
    ("Likely from", 11),
    ("to", 11),
    ("Patients", 10),
    ("What it says", 34),
    ("Why there is no number", 26),
    ("result_id", 70),
];

fn lines<'a>(released: &'a Released, context: &Context<'a>) -> Vec<Line<'a>> {
    let mut all = headline(released, context);
    all.extend(opioids(released, context));
    all.extend(others(released, context));
    all.extend(claimed(released, context));
    all
}

/// `when treatment began`, for the end of a line.
fn cohort(row: &ResultRow) -> String {
    format!(" ({})", words::cohort(row))
}

fn line<'a>(row: Option<&'a ResultRow>, text: &str) -> Option<Line<'a>> {
    row.map(|row| Line { text: format!("{text}{}", cohort(row)), row, said: String::new() })
}

/// Response and pain change: now, among those seen, before, and the difference.
fn headline<'a>(released: &'a Released, context: &Context<'a>) -> Vec<Line<'a>> {
    let at = context.horizon();
    let rate = Query::rate(context.response(), select::headline(released), context);
    let mean = Query::mean(context.change(), rate.population, context);
    let what = context.title(context.response());
    let change = context.title(context.change());
    let carried = Query { estimand: Estimand::Bocf, ..mean };
    [
        line(rate.find(released), &format!("{what}, at {at}; patients without a score count as not better")),
        line(Query { estimand: Estimand::Oc, ..rate }.find(released), "The same, only patients with a score"),
        compared(Query { stratum: CONTRAST.0, statistic: "rate_difference", ..rate }.find(released)),
        line(
            Query { population: Population::RollingYear, ..rate }.find(released),
            "The same over the four newest mature quarters",
        ),
        line(mean.find(released), &format!("{change}, at {at}: the average of patients with a score")),
        line(carried.find(released), "The same, patients without a score count as unchanged"),
        compared(Query { stratum: CONTRAST.0, statistic: "mean_difference", ..mean }.find(released)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A difference to the quarter before, and whether it is clear.
fn compared(row: Option<&ResultRow>) -> Option<Line<'_>> {
    let row = row?;
    let said = match select::contrasted(row) {
        select::Change::Higher => "higher than the quarter before",
        select::Change::Lower => "lower than the quarter before",
        select::Change::NotClear => "no clear change",
        select::Change::TooEarly | select::Change::Unknown => "no comparison",
    };
    let text = "Its difference from the quarter before (newest less earlier)".to_owned();
    Some(Line { text, row, said: said.to_owned() })
}

fn opioids<'a>(released: &'a Released, context: &Context<'a>) -> Vec<Line<'a>> {
    let rate = Query::rate(context.opioids(), select::headline(released), context);
    let text = format!("{}, at {}, where the dose is known", context.title(context.opioids()), context.horizon());
    [
        line(Query { estimand: Estimand::Oc, ..rate }.find(released), &text),
        line(
            Query { estimand: Estimand::Nri, ..rate }.find(released),
            "The same, patients with an unknown dose count as not reduced",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How many were seen, and how many had a serious event.
fn others<'a>(released: &'a Released, context: &Context<'a>) -> Vec<Line<'a>> {
    let seen = Query { estimand: Estimand::Oc, ..Query::rate(select::RETENTION, select::headline(released), context) };
    let serious = Query { stratum: KIND, ..Query::to_date(PATIENTS, "rate") };
    let serious = serious.rows(released).find(|row| row.stratum_level == "serious");
    [
        line(seen.find(released), &format!("Patients due who have a pain score at {}", context.horizon())),
        line(serious, "Patients treated with a serious adverse event on record"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What is said elsewhere, and what was counted.
fn claimed<'a>(released: &'a Released, context: &Context<'a>) -> Vec<Line<'a>> {
    let claims = context.protocol.claims.iter().take(CLAIMS).filter_map(|said| {
        let row = claim::found(said, RATE, released)?;
        let text = format!("Claim “{}”: what was counted{}", said.text, cohort(row));
        let verdict = claims::verdict(Verdict::of(row).unwrap_or(Verdict::Unknown));
        Some(Line { text, row, said: verdict.to_owned() })
    });
    claims.collect()
}
