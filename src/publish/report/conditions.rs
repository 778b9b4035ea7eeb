//! For whom the answers hold: the table by condition, in clinical order.

use super::select::{self, ALL, Query};
use super::{Context, element, words};
use crate::estimate::result::Population;
use crate::publish::chart::scale::Scale;
use crate::publish::chart::scene::{Mark, Scene};
use crate::publish::chart::svg;
use crate::publish::chart::theme::Ink;
use crate::publish::results::{Released, ResultRow};

/// The table by condition, in the order of the pack.
pub(super) fn by_condition(released: &Released, context: &Context<'_>) -> String {
    let population = select::by_condition(released);
    let query = Query::rate(context.response(), population, context);
    let groups = select::conditions(query, released, context);
    let Some(any) = query.find(released).or(groups.first().map(|group| group.row)) else {
        return element::section(
            "conditions",
            "For whom, and where do we not know?",
            "No condition has patients with a follow-up due yet.",
            "",
        );
    };
    let all = condition_row("All patients", ALL, population, released, context);
    let rest = groups.iter().map(|group| condition_row(group.label, group.code, population, released, context));
    let rows: Vec<Vec<String>> = std::iter::once(all).chain(rest).collect();
    let labels = [context.response(), context.change(), context.opioids()].map(|id| context.label(id));
    let scaled = format!("{} (0 to 100\u{A0}%)", labels[0]);
    let columns = [
        element::words_column("Condition"),
        element::number_column("n"),
        element::words_column(&scaled),
        element::number_column(&labels[1]),
        element::number_column(&labels[2]),
    ];
    let caption = format!("By condition, at {}: {}", context.horizon(), words::cohort(any));
    let table =
        element::table(&caption, &columns, &rows).replacen("class=\"scroll\"", "class=\"scroll conditions\"", 1);
    let table = table + if rows.iter().any(|row| row[4].contains(">not counted<")) { NOT_COUNTED } else { "" };
    element::section(
        "conditions",
        "For whom, and where do we not know?",
        &answer_by_condition(query, released, context),
        &table,
    )
}

const NOT_COUNTED: &str = "<p class=\"note\">Not counted: cancer pain is left out of the opioid measures, as CDC 2022 leaves it out; elsewhere nobody with the condition was on opioids.</p>\n";

fn answer_by_condition(query: Query<'_>, released: &Released, context: &Context<'_>) -> String {
    let hidden = |query: Query<'_>| {
        let rows = select::conditions(query, released, context);
        (rows.iter().filter(|group| group.row.suppression.hides()).count(), rows.len())
    };
    let (unseen, all) = hidden(query);
    let pain = match (all - unseen, unseen) {
        (0, _) => "No condition has a pain result that can be shown.".to_owned(),
        (_, 0) => format!("All {} have a pain result.", words::plural(all, "condition")),
        (shown, _) => format!(
            "{shown} of {} have a pain result; that of {} is hidden, and there we do not know.",
            words::plural(all, "condition"),
            words::plural(unseen, "condition")
        ),
    };
    let opioids = match hidden(Query { measure: context.opioids(), ..query }) {
        (0, _) => String::new(),
        (unseen, _) => format!(" The opioid result of {} is hidden.", words::plural(unseen, "condition")),
    };
    let cohort = if query.population == Population::ToDate {
        "everyone whose follow-up was due, whenever treatment began"
    } else {
        "the four newest mature quarters, because one quarter is nearly always too small"
    };
    format!("{pain}{opioids} Each row covers {cohort}; conditions stand in clinical order, not by result.")
}

fn condition_row(
    label: &str,
    code: &str,
    population: Population,
    released: &Released,
    context: &Context<'_>,
) -> Vec<String> {
    let response = Query { condition: code, ..Query::rate(context.response(), population, context) }.find(released);
    let change = Query { condition: code, ..Query::mean(context.change(), population, context) }.find(released);
    let opioids = Query { condition: code, ..Query::rate(context.opioids(), population, context) }.find(released);
    vec![
        svg::escape(label),
        element::cell(response, element::size),
        format!("{}{}", element::cell(response, element::compact), response.map_or_else(String::new, inline_interval)),
        element::cell(change, element::compact_of),
        element::cell(opioids, element::compact_of),
    ]
}

/// One line of a forest inside a table cell; nothing where nothing is shown.
fn inline_interval(row: &ResultRow) -> String {
    let Some((value, low, high)) = select::estimate(row) else {
        return String::new();
    };
    let scale = Scale::share();
    let place = |value: f64| scale.place(value, 4.0, 176.0);
    let mut scene = Scene::new(180.0, 14.0);
    for tick in [0.0, 0.5, 1.0] {
        scene.line((place(tick), 1.0), (place(tick), 13.0), Ink::Hairline, 1.0);
    }
    scene.line((place(low), 7.0), (place(high), 7.0), Ink::Accent, 1.5);
    scene.marks.push(Mark::Dot { at: (place(value), 7.0), radius: 3.0, ink: Ink::Accent, inside: Ink::Accent });
    svg::write_silent(&scene).replacen("<svg ", "<svg class=\"mini\" ", 1)
}
