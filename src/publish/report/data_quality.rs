//! How good the data are: what became of the rows, which rules fired, and for
//! whom the outcomes are there.

use super::sections::{Material, figures};
use super::select::{self, Query};
use super::{Context, element};
use crate::derive::strata::{BASELINE_DAY, BASELINE_PAIN, BELOW_4, DAY_0};
use crate::estimate::analysis::completeness::{ANXIETY, DEPRESSION, OPIOIDS, PAIN};
use crate::estimate::analysis::data_quality::{
    ACCEPTED, BY_RULE, DUPLICATES, QUARANTINED, ROWS, RULE, SOURCE_TABLE, TABLE,
};
use crate::estimate::analysis::strata::RESPONSE;
use crate::estimate::result::{Estimand, Population};
use crate::model::horizon::HORIZONS;
use crate::model::reject::{Outcome, Rule};
use crate::publish::chart::svg::escape;
use crate::publish::results::{Released, ResultRow};

fn of<'q>(measure: &'q str, stratum: &'q str) -> Query<'q> {
    Query { stratum, ..Query::to_date(measure, "count") }
}

fn find<'a>(released: &'a Released, measure: &str, stratum: &str, level: &str) -> Option<&'a ResultRow> {
    of(measure, stratum).rows(released).find(|row| row.stratum_level == level)
}

/// The section.
pub(super) fn section(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let rest = super::actions::list(material)
        + &rows(released)
        + &rules(released)
        + &figures(material, &["completeness"])
        + &completeness(released, context)
        + &baselines(released, context)
        + &calendar(context);
    element::section("data", "How good are the data?", &answer(released), &rest)
}

fn answer(released: &Released) -> String {
    let all = |measure| find(released, measure, TABLE, select::ALL);
    let (Some(read), Some(kept)) = (all(ROWS), all(ACCEPTED)) else {
        return "What became of the rows is not known for this run.".to_owned();
    };
    let part = |measure| share(all(measure), read);
    format!(
        "Of {} rows read, {} could be used; {} were set aside because something in them cannot be trusted, and {} were second copies.",
        element::number(read),
        element::share_of(kept, read),
        part(QUARANTINED),
        part(DUPLICATES)
    )
}

/// A count and its share of the rows read; empty where there is no such row.
fn share(part: Option<&ResultRow>, read: &ResultRow) -> String {
    part.map_or_else(String::new, |row| element::share_of(row, read))
}

/// By source and table.
fn rows(released: &Released) -> String {
    let by_source = of(ROWS, SOURCE_TABLE).rows(released).next().is_some();
    let stratum = if by_source { SOURCE_TABLE } else { TABLE };
    let found: Vec<&ResultRow> = of(ROWS, stratum).rows(released).collect();
    let cells = |read: &&ResultRow| {
        let level = read.stratum_level.as_str();
        let (source, table) = level.split_once('/').unwrap_or(("all", level));
        let fate = |measure| share(find(released, measure, stratum, level), read);
        vec![
            escape(source),
            escape(&table.replace('_', " ")),
            element::number(read),
            fate(ACCEPTED),
            fate(QUARANTINED),
            fate(DUPLICATES),
        ]
    };
    let rows: Vec<Vec<String>> = found.iter().map(cells).collect();
    let columns = [
        element::words_column("Source"),
        element::words_column("Table"),
        element::number_column("Rows read"),
        element::number_column("Used"),
        element::number_column("Set aside"),
        element::number_column("Second copies"),
    ];
    element::folded("What became of the rows, by source and table", &columns, &rows)
}

/// By rule, out-of-range values and all others.
fn rules(released: &Released) -> String {
    let all = find(released, ROWS, TABLE, select::ALL);
    let cells = |row: &ResultRow| {
        let rule = Rule::find(&row.stratum_level)?;
        let happens = match rule.outcome {
            Outcome::Quarantined => "set aside",
            Outcome::Dropped => "left out",
            Outcome::Remarked => "kept",
        };
        Some(vec![
            format!("<code>{}</code>", escape(rule.id)),
            escape(rule.title),
            happens.to_owned(),
            all.map_or_else(|| element::number(row), |all| element::share_of(row, all)),
            escape(rule.fix),
        ])
    };
    let rows: Vec<Vec<String>> = of(RULE, BY_RULE).rows(released).filter_map(cells).collect();
    if rows.is_empty() {
        return "<p>No rule about rows fired.</p>\n".to_owned();
    }
    let columns = [
        element::words_column("Rule"),
        element::words_column("What is wrong"),
        element::words_column("The row is"),
        element::number_column("Rows, of all read"),
        element::words_column("What to do"),
    ];
    element::table("Rows by rule", &columns, &rows)
}

/// For whom the outcomes are there, at every horizon.
fn completeness(released: &Released, context: &Context<'_>) -> String {
    let kinds = [(PAIN, "Pain score"), (OPIOIDS, "Opioid dose"), (DEPRESSION, "PHQ-9"), (ANXIETY, "GAD-7")];
    let row = |(measure, label): (&str, &str)| {
        let at = |horizon| {
            let query = Query { estimand: Estimand::Oc, horizon, ..Query::rate(measure, Population::ToDate, context) };
            element::cell(query.find(released), element::counted)
        };
        std::iter::once(label.to_owned()).chain(HORIZONS.iter().map(|horizon| at(horizon.id))).collect()
    };
    let rows: Vec<Vec<String>> = kinds.into_iter().map(row).collect();
    let headings = HORIZONS.iter().map(|horizon| element::number_column(horizon.label));
    let columns: Vec<_> = std::iter::once(element::words_column("Observed, of those due")).chain(headings).collect();
    element::table("For how many of those due the outcome is there, everything to date", &columns, &rows)
}

/// How many were let in whom a trial would not have, and whose score before
/// treatment may be one after it.
fn baselines(released: &Released, context: &Context<'_>) -> String {
    let overall = Query::rate(RESPONSE, Population::ToDate, context);
    let of = |stratum, level: &str| {
        Query { stratum, ..overall }.rows(released).find(|row| row.stratum_level == level).map(element::size)
    };
    let found = (overall.find(released).map(element::size), of(BASELINE_PAIN, BELOW_4), of(BASELINE_DAY, DAY_0));
    let (Some(due), Some(low), Some(same_day)) = found else { return String::new() };
    format!(
        "<p>Of {due} patients due at {}, everything to date, {low} had pain below 4 before treatment, too little for most trials; they are counted like everyone. For {same_day} the score before treatment is from day 0 itself and may have been taken after the infusion.</p>\n",
        context.horizon()
    )
}

/// Which calendar the run may show, where it is not every one.
fn calendar(context: &Context<'_>) -> String {
    if context.protocol.basis.allows_dates() {
        return String::new();
    }
    "<p class=\"note\">The records were de-identified under safe harbor, which allows no date finer than a year: there is no trend by month or quarter in this report, and charts over calendar time are left out.</p>\n".to_owned()
}

#[cfg(test)]
mod tests {
    use super::section;
    use crate::publish::report::fixture::Clinic;
    use crate::publish::report::sections::Material;

    #[test]
    fn every_percentage_of_rows_stands_beside_its_count() {
        let clinic = Clinic::new(3);
        let protocol = clinic.protocol();
        let (context, released) = (clinic.context(&protocol), clinic.released(&protocol));
        let html = section(Material { released: &released, context: &context, charts: &[] });
        assert!(html.contains("How good are the data?") && html.contains("score-out-of-range"), "{html}");
        for (at, _) in html.match_indices("\u{A0}%)") {
            let before = &html[..at];
            let open = before.rfind('(').expect("a percentage stands in brackets");
            let count = before[..open].trim_end();
            assert!(count.ends_with(|letter: char| letter.is_ascii_digit()), "{}", &html[open.saturating_sub(40)..at]);
        }
    }
}
