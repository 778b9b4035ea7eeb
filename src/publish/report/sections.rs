//! The sections after the first screen: each opens with its question and
//! answers it in its first sentence.

use super::cautions::NOT_INTERPRETABLE;
use super::proportions::proportions;
use super::select::{self, Query};
use super::{Context, element, words};
use crate::estimate::analysis::benzodiazepines::CHANGE;
use crate::estimate::result::{Estimand, Maturity, Population};
use crate::model::calendar::Period;
use crate::model::horizon::HORIZONS;
use crate::publish::chart::Chart;
use crate::publish::chart::svg::escape;
use crate::publish::reading::claim;
use crate::publish::results::{Released, ResultRow};

/// Everything a section is written from.
#[derive(Clone, Copy)]
pub(super) struct Material<'a> {
    pub(super) released: &'a Released,
    pub(super) context: &'a Context<'a>,
    pub(super) charts: &'a [Chart],
}

/// Who is counted.
pub(super) fn counted(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let query = Query { estimand: Estimand::Oc, ..Query::rate("retention", select::headline(released), context) };
    let answer = match query.find(released).filter(|row| row.value.is_some()) {
        Some(row) => format!(
            "{} patients due have a pain score at {} ({}); we lost sight of {}. Every step from the first row read is below, with what it left out.",
            element::of(row),
            context.horizon(),
            words::cohort(row),
            element::complement(row)
        ),
        None => "How many we lost sight of cannot be said for this cohort; every step that can be shown is below."
            .to_owned(),
    };
    element::section(
        "counted",
        "Who is counted, and how many did we lose sight of?",
        &answer,
        &figures(material, &["attrition_flow"]),
    )
}

/// Response by condition.
pub(super) fn response(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let query = Query::rate(context.response(), select::by_condition(released), context);
    let row = query.find(released);
    let newest = Query { population: Population::Quarter, ..query }.find(released).filter(|row| row.value.is_some());
    let newest = newest.map_or_else(String::new, |row| {
        format!(" In the newest of these quarters alone it was {}.", element::number(row))
    });
    let answer = match row.filter(|row| row.value.is_some()) {
        Some(row) => format!(
            "{} of {} patients ({}) {} at {}; likely between {}.{newest}",
            element::number(row),
            element::size(row),
            words::cohort(row),
            escape(&context.phrase(context.response())),
            context.horizon(),
            element::between(row)
        ),
        None => unknown(row),
    };
    element::section(
        "response",
        "Who responds?",
        &answer,
        &figures(material, &["response_by_condition", "responder_curve"]),
    )
}

/// Pain change at every horizon.
pub(super) fn pain(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let population = select::headline(released);
    let row = Query::mean(context.change(), population, context).find(released);
    let answer = match row.filter(|row| row.value.is_some()) {
        Some(row) => format!(
            "The mean change was {} at {} among {} patients with both scores; it is likely between {}.{}",
            element::number(row),
            context.horizon(),
            element::size(row),
            element::between(row),
            lasting(material, population)
        ),
        None => unknown(row),
    };
    let rest = horizons(material, population)
        + &figures(material, &["pain_trajectory", "pain_by_condition", "pain_distribution"])
        + &proportions(material, "pain", "Pain measures");
    element::section("pain", "How much does pain change, and how long does it last?", &answer, &rest)
}

/// The change at the last horizon, which is what “lasting” means here.
fn lasting(material: Material<'_>, population: Population) -> String {
    let Material { released, context, .. } = material;
    let [.., last] = HORIZONS;
    let row = Query { horizon: last.id, ..Query::mean(context.change(), population, context) }.find(released);
    match row {
        Some(_) if last == context.protocol.study.primary_horizon => String::new(),
        Some(row) if row.value.is_some() => format!(
            " At {} it was {} among {} patients: those still followed, not all who began{}.",
            last.label,
            element::number(row),
            element::size(row),
            too_few(seen_at(last.id, population, material))
        ),
        Some(row) => format!(" At {} it is not shown ({}).", last.label, element::number(row)),
        None => format!(" At {} nothing is known yet.", last.label),
    }
}

/// How many of those due were seen at a horizon.
fn seen_at<'r>(horizon: &str, population: Population, material: Material<'r>) -> Option<&'r ResultRow> {
    let Material { released, context, .. } = material;
    Query { horizon, estimand: Estimand::Oc, ..Query::rate("retention", population, context) }.find(released)
}

/// `; not interpretable: only 55 % were seen`, where it is so.
fn too_few(retention: Option<&ResultRow>) -> String {
    low(retention).map_or_else(String::new, |row| format!("; {}", not_interpretable(row)))
}

/// The same below the name of a horizon; a filter names the horizon alone.
fn unreadable(retention: Option<&ResultRow>) -> String {
    low(retention).map_or_else(String::new, |row| format!(" <small>{}</small>", not_interpretable(row)))
}

fn low(retention: Option<&ResultRow>) -> Option<&ResultRow> {
    retention.filter(|row| row.value.is_some_and(|share| share < NOT_INTERPRETABLE))
}

fn not_interpretable(row: &ResultRow) -> String {
    format!("not interpretable: only {} were seen", element::number(row))
}

fn horizons(material: Material<'_>, population: Population) -> String {
    let Material { released, context, .. } = material;
    let rate = |measure, horizon| Query { horizon, ..Query::rate(measure, population, context) };
    let mean = |horizon| Query { horizon, ..Query::mean(context.change(), population, context) };
    let rows: Vec<Vec<String>> = HORIZONS
        .iter()
        .map(|horizon| {
            let id = horizon.id;
            let responder = rate(context.response(), id);
            let primary = if id == context.protocol.study.primary_horizon.id { " (primary)" } else { "" };
            let seen = seen_at(id, population, material);
            vec![
                format!("{}{primary}{}", horizon.label, unreadable(seen)),
                element::cell(seen, element::of),
                element::cell(responder.find(released), element::compact),
                element::cell(Query { estimand: Estimand::Oc, ..responder }.find(released), element::compact),
                element::cell(mean(id).find(released), element::compact),
                element::cell(Query { statistic: "median", ..mean(id) }.find(released), element::number),
                element::cell(Query { estimand: Estimand::Bocf, ..mean(id) }.find(released), element::compact),
            ]
        })
        .collect();
    let label = context.label(context.response());
    let (imputed, observed) = (format!("{label}, missing = no"), format!("{label}, observed only"));
    let columns = [
        element::words_column("Time since first infusion"),
        element::number_column("With a score"),
        element::number_column(&imputed),
        element::number_column(&observed),
        element::number_column("Mean change, observed"),
        element::number_column("Median change"),
        element::number_column("Mean change, missing = 0"),
    ];
    let caption = format!("Pain at every horizon: {}", cohort(released, population, context));
    let note = "<p class=\"note\">Each horizon holds other people: those whose window had closed by then, and of them those who were seen. The rows are not the course of the same patients.</p>\n";
    element::table(&caption, &columns, &rows) + note
}

pub(super) fn cohort(released: &Released, population: Population, context: &Context<'_>) -> String {
    Query::rate(context.response(), population, context)
        .find(released)
        .map_or_else(|| "no patients yet".to_owned(), words::cohort)
}

/// Opioids.
pub(super) fn opioids(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let row = Query::rate(context.opioids(), select::headline(released), context).find(released);
    let answer = match row.filter(|row| row.value.is_some()) {
        Some(row) => format!(
            "{} of {} patients on opioids before treatment{} {} at {}; likely between {}.",
            element::number(row),
            element::size(row),
            super::first_screen::whose_dose(row.estimand),
            escape(&context.phrase(context.opioids())),
            context.horizon(),
            element::between(row)
        ),
        None if row.is_none() => {
            "No patient of this cohort was on opioids before treatment with a follow-up due, so nothing can be said."
                .to_owned()
        }
        None => unknown(row),
    };
    let note = "<p class=\"note\">Doses are compared, not judged: a lower dose is an observation, never advice to taper. Abrupt discontinuation is dangerous (CDC 2022). A switch to buprenorphine is counted on its own row, because it would otherwise look like a complete reduction.</p>\n";
    let rest = proportions(material, "opioids", "Opioid measures")
        + note
        + &figures(material, &["opioid_before_after", "opioid_by_condition", "mme_flip"])
        + &further(material, "benzodiazepines", "Benzodiazepines beside opioids, in the same patients")
        + &benzodiazepines(material);
    element::section("opioids", "Are opioids coming down?", &answer, &rest)
}

/// Depression and anxiety.
pub(super) fn mind(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let row = Query::rate("phq9_response", select::headline(released), context).find(released);
    let answer = match row.filter(|row| row.value.is_some()) {
        Some(row) => format!(
            "{} of {} patients with at least moderate depression before treatment had a PHQ-9 score at least 50\u{A0}% lower at {}; likely between {}.",
            element::number(row),
            element::size(row),
            context.horizon(),
            element::between(row)
        ),
        None => unknown(row),
    };
    element::section(
        "mind",
        "Are depression and anxiety changing too?",
        &answer,
        &(proportions(material, "mind", "Depression and anxiety measures")
            + &figures(material, &["mind_change"])
            + &further(material, "overlap", "Depression, anxiety and post-traumatic stress before treatment")
            + &further(material, "function", "Function and the patient's own impression")),
    )
}

/// A table of a section whose measures are in packs a pipeline may leave out.
fn further(material: Material<'_>, section: &str, title: &str) -> String {
    let has = material.context.protocol.measures.iter().any(|measure| measure.section == section);
    if has { proportions(material, section, title) } else { String::new() }
}

/// Whether the share with both changed, by the patients who did.
fn benzodiazepines(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let population = select::by_condition(released);
    let query = Query { statistic: "difference", estimand: Estimand::Oc, ..Query::rate(CHANGE, population, context) };
    let Some(row) = query.find(released) else { return String::new() };
    format!(
        "<p>Over four quarters, in {} patients with both lists reviewed, the share taking both {}. Given by vein during an infusion, a benzodiazepine does not count.</p>\n{}",
        element::size(row),
        element::moved(row),
        row.p_value.map_or_else(String::new, |p| format!(
            "<p class=\"note\">Whether those who changed did so in one direction: p\u{A0}{} (McNemar, mid-p).</p>\n",
            escape(&words::p_value(p))
        ))
    )
}

/// Why a section has no headline number.
fn unknown(row: Option<&ResultRow>) -> String {
    row.map_or_else(
        || "No patient has reached this point yet, so nothing can be said.".to_owned(),
        |row| format!("The number is not shown ({}), so nothing can be said.", element::number(row)),
    )
}

/// The figures with these ids, those that were drawn.
pub(super) fn figures(material: Material<'_>, ids: &[&str]) -> String {
    let chosen = ids.iter().filter_map(|id| material.charts.iter().find(|chart| chart.id == *id));
    chosen.map(|chart| figure(chart, material)).collect()
}

fn figure(chart: &Chart, material: Material<'_>) -> String {
    format!(
        "<figure id=\"figure-{id}\" class=\"chart\">\n<figcaption><h3>{title}</h3><p>{subtitle}</p></figcaption>\n<div class=\"wide\">{wide}</div><div class=\"narrow\">{narrow}</div>\n<p class=\"foot\">{foot}</p>\n<details><summary>The numbers of this chart</summary>\n{table}</details>\n</figure>\n",
        id = chart.id,
        title = escape(&chart.title),
        subtitle = escape(&chart.subtitle),
        wide = chart.wide,
        narrow = chart.narrow,
        foot = escape(&chart.footnote),
        table = data_table(chart, material)
    )
}

fn data_table(chart: &Chart, Material { released, context, .. }: Material<'_>) -> String {
    let drawn = chart.rows.iter().filter_map(|id| released.by_id(id));
    let cells: Vec<Vec<String>> = drawn
        .map(|row| {
            vec![
                escape(&named(chart, row, context)),
                if row.n.is_some() || row.suppression.hides() { element::size(row) } else { String::new() },
                element::compact(row),
                format!("<code>{}</code>", escape(&row.result_id)),
            ]
        })
        .collect();
    let columns = [
        element::words_column("Row"),
        element::number_column("n"),
        element::number_column("Number (95\u{A0}% interval)"),
        element::words_column("result_id in results.csv"),
    ];
    element::table(&format!("Numbers of the chart: {}", chart.title), &columns, &cells)
}

/// What a row is called in the table of a chart.
fn named(chart: &Chart, row: &ResultRow, context: &Context<'_>) -> String {
    match (chart.id, row.statistic.as_str()) {
        ("definition_grid", _) => super::grid::name(row, context),
        ("estimands", _) => words::estimand(row.estimand).to_owned(),
        (_, "quantile_10") => format!("{}, a tenth at or below", name(row, context)),
        (_, "quantile_25") => format!("{}, a quarter at or below", name(row, context)),
        (_, "quantile_75") => format!("{}, three quarters at or below", name(row, context)),
        (_, "quantile_90") => format!("{}, nine tenths at or below", name(row, context)),
        ("mind_change", _) => context.label(&row.measure_id),
        (_, "rate_pooled") => format!("{}, pooled", name(row, context)),
        (_, "expected_regression_measured_least") => {
            format!("{}, expected by itself, widened by measured reliability, least", name(row, context))
        }
        (_, "expected_regression_measured_most") => {
            format!("{}, expected by itself, widened by measured reliability, most", name(row, context))
        }
        (_, "expected_regression_least") => format!("{}, expected by itself, mildest assumption", name(row, context)),
        (_, "expected_regression_most") => format!("{}, expected by itself, strongest assumption", name(row, context)),
        _ => name(row, context),
    }
}

/// What tells a row from the other rows of its chart.
fn name(row: &ResultRow, context: &Context<'_>) -> String {
    if row.measure_id == "attrition" {
        let label = super::flow::label(row);
        return match row.statistic.as_str() {
            "removed" => format!("{label}: left out"),
            "not_yet_due" => format!("{label}: not yet due"),
            _ => label,
        };
    }
    if row.stratum_name == claim::SPLIT {
        let claim = context.protocol.claims.iter().find(|claim| claim.id == row.stratum_level);
        return claim.map_or_else(|| row.stratum_level.clone(), |claim| words::tied(&claim.text));
    }
    if row.stratum_name != select::ALL {
        return super::level::name(row, context);
    }
    if row.population == Population::Month {
        let immature = if row.maturity == Maturity::Immature { " (immature)" } else { "" };
        let month = row.period_start.map_or_else(String::new, |day| words::period(Period::month_of(day)));
        return format!("{month}{immature}");
    }
    if row.population == Population::QuarterSeries {
        let immature = if row.maturity == Maturity::Immature { " (immature)" } else { "" };
        return format!("{}{immature}", words::quarter_of(row).unwrap_or_default());
    }
    if row.condition == select::ALL && row.site != select::ALL {
        return row.site.clone();
    }
    if row.condition == select::ALL {
        return "All patients".to_owned();
    }
    context
        .protocol
        .conditions
        .find(&row.condition)
        .map_or_else(|| row.condition.clone(), |condition| condition.label.clone())
}
