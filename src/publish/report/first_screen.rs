//! The first screen: three answers, what to know before believing them, and
//! for whom they hold.

use super::cautions::cautions;
use super::select::{self, ALL, Change, Query};
use super::{Context, element, words};
use crate::estimate::analysis::CONTRAST;
use crate::estimate::result::{Estimand, Population};
use crate::publish::chart::scale::Scale;
use crate::publish::chart::scene::{Anchor, Mark, Scene};
use crate::publish::chart::svg;
use crate::publish::chart::theme::{Ink, SMALL};
use crate::publish::results::{Released, ResultRow};

/// One answer: its row, the same number a quarter earlier, and its words.
struct Answer<'a> {
    heading: &'static str,
    row: Option<&'a ResultRow>,
    before: Option<&'a ResultRow>,
    /// The difference to the quarter before, where it was declared beforehand.
    contrast: Option<&'a ResultRow>,
    scale: Scale,
    sentence: String,
    base: String,
    /// What a higher and a lower number than before mean.
    higher: Meaning,
    lower: Meaning,
}

/// What a change means, in words that fit before “than in 2026 Q1”.
#[derive(Clone, Copy)]
struct Meaning {
    words: &'static str,
    class: &'static str,
}

const MORE: Meaning = Meaning { words: "Higher", class: "better" };
const FEWER: Meaning = Meaning { words: "Lower", class: "worse" };

/// The section with the three answers.
pub(super) fn answers(released: &Released, context: &Context<'_>) -> String {
    let response = pain_response(released, context);
    let verdict = verdict(&response, context);
    let cards: String = [response, opioid_reduction(released, context), pain_change(released, context)]
        .iter()
        .map(|answer| card(answer, context))
        .collect();
    element::section(
        "answers",
        "Are our patients getting better?",
        &verdict,
        &format!("<div class=\"answers\">\n{cards}</div>\n"),
    )
}

/// The page in one sentence.
fn verdict(response: &Answer<'_>, context: &Context<'_>) -> String {
    let Some(row) = response.row else {
        return "Not known yet: no patient has reached the primary horizon.".to_owned();
    };
    if row.value.is_none() {
        return "Not shown: the headline is hidden or undefined, and nothing can be concluded from it.".to_owned();
    }
    let since = match (response.change(row), response.before) {
        (Change::NotClear, Some(before)) => format!("; no clear change since {}", earlier(before)),
        (Change::Higher, Some(before)) => format!("; more than in {}", earlier(before)),
        (Change::Lower, Some(before)) => format!("; fewer than in {}", earlier(before)),
        _ => String::new(),
    };
    format!(
        "{} had meaningful pain relief at {}{since}. What treatment itself added is not known.",
        element::number(row),
        context.horizon()
    )
}

fn pain_response<'a>(released: &'a Released, context: &Context<'_>) -> Answer<'a> {
    let query = Query::rate("response_30", select::headline(released), context);
    let row = query.find(released);
    let retention = Query { measure: "retention", estimand: Estimand::Oc, ..query }.find(released);
    let seen = Query { estimand: Estimand::Oc, ..query }.find(released).filter(|row| row.value.is_some());
    let among_seen =
        seen.map_or_else(String::new, |row| format!(" Among those with a score: {}.", element::number(row)));
    let horizon = context.horizon();
    Answer {
        heading: "Pain response",
        row,
        before: before(query, released, context),
        contrast: contrast(query, released),
        higher: MORE,
        lower: FEWER,
        scale: Scale::share(),
        sentence: row.map_or_else(String::new, |row| {
            sentence(row, &format!("had at least 30\u{A0}% less pain at {horizon}"), "rate")
        }),
        base: retention.map_or_else(String::new, |row| {
            format!(
                "{} patients have a score at {horizon} ({}); the others count as no response.{among_seen}",
                element::of(row),
                element::number(row)
            )
        }),
    }
}

fn opioid_reduction<'a>(released: &'a Released, context: &Context<'_>) -> Answer<'a> {
    let query = Query::rate("opioid_reduction_50", select::headline(released), context);
    let row = query.find(released);
    let observed = Query { estimand: Estimand::Oc, ..query }.find(released);
    let horizon = context.horizon();
    Answer {
        heading: "Opioid reduction",
        row,
        before: before(query, released, context),
        contrast: contrast(query, released),
        higher: MORE,
        lower: FEWER,
        scale: Scale::share(),
        sentence: row.map_or_else(String::new, |row| {
            sentence(
                row,
                &format!("on opioids before treatment took at most half their daily dose at {horizon}"),
                "rate",
            )
        }),
        base: row.zip(observed).map_or_else(String::new, |(row, observed)| {
            format!(
                "The dose at {horizon} is known for {} of {}; the others count as not reduced.",
                element::size(observed),
                element::size(row)
            )
        }),
    }
}

fn pain_change<'a>(released: &'a Released, context: &Context<'_>) -> Answer<'a> {
    let query = Query::mean("pain_delta", select::headline(released), context);
    let row = query.find(released);
    let carried = Query { estimand: Estimand::Bocf, ..query }.find(released);
    let horizon = context.horizon();
    let below = "below zero is less pain";
    Answer {
        heading: "Pain change",
        row,
        before: before(query, released, context),
        contrast: contrast(query, released),
        higher: Meaning { words: "Pain fell less", class: "worse" },
        lower: Meaning { words: "Pain fell more", class: "better" },
        scale: Scale::points(-10, 2),
        sentence: row.filter(|row| row.value.is_some()).map_or_else(String::new, |row| {
            let likely = row.ci_low.map_or_else(String::new, |_| {
                format!(" Among them the mean is likely between {}.", element::between(row))
            });
            format!(
                "on the 0–10 scale at {horizon}, the mean change of {} patients with both scores; {below}.{likely}",
                element::size(row)
            )
        }),
        base: carried.filter(|row| row.value.is_some()).map_or_else(String::new, |row| {
            format!("{} when patients without a score count as unchanged.", element::number(row))
        }),
    }
}

fn sentence(row: &ResultRow, what: &str, estimate: &str) -> String {
    if row.value.is_none() {
        return String::new();
    }
    let likely = row.ci_low.map_or_else(String::new, |_| {
        format!(" So counted, the {estimate} is likely between {}.", element::between(row))
    });
    format!("of {} patients {what}.{likely}", element::size(row))
}

/// The same number in the quarter before; there is none without a calendar.
fn before<'a>(query: Query<'_>, released: &'a Released, context: &Context<'_>) -> Option<&'a ResultRow> {
    let quarter = context.quarter?;
    Query { population: Population::QuarterSeries, ..query }.find_in(released, quarter.previous())
}

/// The difference to the quarter before, where it was declared beforehand.
fn contrast<'a>(query: Query<'_>, released: &'a Released) -> Option<&'a ResultRow> {
    let statistic = if query.statistic == "mean" { "mean_difference" } else { "rate_difference" };
    Query { stratum: CONTRAST.0, statistic, ..query }.find(released)
}

fn card(answer: &Answer<'_>, context: &Context<'_>) -> String {
    let Some(row) = answer.row else {
        return format!(
            "<article class=\"card\"><h3>{}</h3><p class=\"big unknown\">Not known</p><p>{}</p></article>\n",
            answer.heading,
            absent(answer.heading, context)
        );
    };
    if row.value.is_none() {
        return format!(
            "<article class=\"card\"><h3>{}</h3><p class=\"big unknown\">Not shown</p><p>This number is not shown: {}. Nothing can be concluded from it.</p></article>\n",
            answer.heading,
            element::number(row)
        );
    }
    format!(
        "<article class=\"card\"><h3>{}</h3>\n<p class=\"big\">{}</p>\n{}<p>{}</p>\n{}<p class=\"small\">{}</p></article>\n",
        answer.heading,
        element::number(row),
        bar(row, answer.before, &answer.scale),
        answer.sentence,
        trend(row, answer),
        answer.base
    )
}

fn absent(heading: &str, context: &Context<'_>) -> String {
    if context.quarter.is_none() {
        return format!("Nobody whose follow-up to {} was due can be counted here.", context.horizon());
    }
    match heading {
        "Opioid reduction" => {
            "No patient of this quarter was on opioids before treatment with a follow-up due.".to_owned()
        }
        _ => "No patient of this quarter has both a score before treatment and a follow-up due.".to_owned(),
    }
}

/// Number and interval on a fixed scale, with a tick for the quarter before.
fn bar(row: &ResultRow, before: Option<&ResultRow>, scale: &Scale) -> String {
    let (from, to, middle) = (8.0, 312.0, 26.0);
    let place = |value: f64| scale.place(value, from, to);
    let mut scene = Scene::new(320.0, 52.0);
    scene.line((from, middle), (to, middle), Ink::Hairline, 2.0);
    ends(&mut scene, scale, (from, to, middle));
    if let Some((value, quarter)) = before.and_then(|row| Some((row.value?, words::quarter_of(row)?))) {
        let x = place(value);
        scene.line((x, middle - 9.0), (x, middle + 9.0), Ink::Grey, 2.0);
        scene.text((x.clamp(from + 30.0, to - 30.0), 12.0), Anchor::Middle, SMALL, Ink::Grey, quarter);
    }
    if let Some((low, high)) = row.ci_low.zip(row.ci_high) {
        scene.line((place(low), middle), (place(high), middle), Ink::Accent, 4.0);
    }
    if let Some(value) = row.value {
        scene.marks.push(Mark::Dot { at: (place(value), middle), radius: 5.5, ink: Ink::Accent, inside: Ink::Accent });
    }
    svg::write_silent(&scene).replacen("<svg ", "<svg class=\"bar\" ", 1)
}

fn ends(scene: &mut Scene, scale: &Scale, (from, to, middle): (f64, f64, f64)) {
    let ends = [scale.ticks.first(), scale.ticks.iter().find(|(value, _)| *value == 0.0), scale.ticks.last()];
    let mut written: Vec<f64> = Vec::new();
    for (value, text) in ends.into_iter().flatten() {
        if written.contains(value) {
            continue;
        }
        written.push(*value);
        let x = scale.place(*value, from, to);
        scene.line((x, middle - 4.0), (x, middle + 4.0), Ink::Rule, 1.0);
        let anchor = if x < from + 1.0 {
            Anchor::Start
        } else if x > to - 1.0 {
            Anchor::End
        } else {
            Anchor::Middle
        };
        let edge = match anchor {
            Anchor::Start => 0.0,
            Anchor::End => scene.width,
            Anchor::Middle => x,
        };
        scene.text((edge, 48.0), anchor, SMALL, Ink::Grey, text.clone());
    }
}

/// What became of the number since the quarter before, never by color alone.
fn trend(row: &ResultRow, answer: &Answer<'_>) -> String {
    let by = answer.contrast.filter(|contrast| contrast.value.is_some());
    let likely = by.map_or_else(String::new, |contrast| format!("; {}", difference(contrast)));
    let changed = |meaning: Meaning, before: &ResultRow| {
        let distance = if by.is_some() { String::new() } else { format!(", by {}", element::distance(row, before)) };
        format!("{} than in {}{distance}{likely}", meaning.words, earlier(before))
    };
    let (symbol, class, words) = match (answer.change(row), answer.before) {
        (Change::TooEarly, _) => ("○", "unclear", "Too early to judge: follow-up windows are still open".to_owned()),
        (Change::NotClear, Some(before)) => {
            ("●", "unclear", format!("No clear change since {}{likely}", earlier(before)))
        }
        (Change::Higher, Some(before)) => ("▲", answer.higher.class, changed(answer.higher, before)),
        (Change::Lower, Some(before)) => ("▼", answer.lower.class, changed(answer.lower, before)),
        (Change::Unknown, Some(_)) if answer.contrast.is_some_and(|contrast| contrast.value.is_none()) => {
            let why = answer.contrast.map_or_else(String::new, element::number);
            ("○", "unclear", format!("No comparison with the quarter before ({why})"))
        }
        (_, Some(before)) if before.value.is_none() => {
            ("○", "unclear", format!("No comparison: the quarter before is not shown ({})", element::number(before)))
        }
        _ => ("○", "unclear", "No earlier quarter to compare with".to_owned()),
    };
    format!("<p class=\"trend {class}\"><span aria-hidden=\"true\">{symbol}</span> {words}</p>\n")
}

/// `the difference is likely between −6 and 10 percentage points, adjusted p = 0.4 (Holm)`.
fn difference(contrast: &ResultRow) -> String {
    format!("the difference is likely between {}, {}", element::between(contrast), element::test(contrast))
}

impl Answer<'_> {
    /// How the number stands to that of the quarter before: by the difference
    /// declared beforehand, where there is one; else by the intervals.
    fn change(&self, row: &ResultRow) -> Change {
        let Some(contrast) = self.contrast else { return select::change(row, self.before) };
        select::contrasted(contrast)
    }
}

fn earlier(before: &ResultRow) -> String {
    format!("{} ({})", words::quarter_of(before).unwrap_or_default(), element::number(before))
}

/// At most three cautions, chosen by rule.
pub(super) fn read_this_first(released: &Released, context: &Context<'_>) -> String {
    let items: String = cautions(released, context).iter().map(|caution| format!("<li>{caution}</li>\n")).collect();
    format!(
        "<section id=\"cautions\" class=\"cautions\" aria-labelledby=\"cautions-h\">\n<h2 id=\"cautions-h\">Read this first</h2>\n<ul>\n{items}</ul>\n</section>\n"
    )
}

/// The table by condition, in the order of the pack.
pub(super) fn by_condition(released: &Released, context: &Context<'_>) -> String {
    let population = select::by_condition(released);
    let query = Query::rate("response_30", population, context);
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
    let columns = [
        element::words_column("Condition"),
        element::number_column("n"),
        element::words_column("At least 30\u{A0}% less pain (0 to 100\u{A0}%)"),
        element::number_column("Pain change, points"),
        element::number_column("Opioid dose at least halved"),
    ];
    let caption = format!("By condition, at {}: {}", context.horizon(), words::cohort(any));
    let table =
        element::table(&caption, &columns, &rows).replacen("class=\"scroll\"", "class=\"scroll conditions\"", 1);
    element::section(
        "conditions",
        "For whom, and where do we not know?",
        &answer_by_condition(groups.iter().map(|group| group.row), population),
        &table,
    )
}

fn answer_by_condition<'a>(rows: impl Iterator<Item = &'a ResultRow>, population: Population) -> String {
    let (mut shown, mut hidden) = (0, 0);
    for row in rows {
        if row.value.is_some() { shown += 1 } else { hidden += 1 }
    }
    let unknown = if hidden == 0 {
        "None is hidden.".to_owned()
    } else {
        format!("{} cannot be shown, and there we do not know.", words::plural(hidden, "condition"))
    };
    let shown = if shown == 0 {
        "No condition can be shown.".to_owned()
    } else {
        format!("{} can be shown.", words::plural(shown, "condition"))
    };
    let cohort = if population == Population::ToDate {
        "everyone whose follow-up was due, whenever treatment began"
    } else {
        "the four newest mature quarters, because one quarter is nearly always too small"
    };
    format!("{shown} {unknown} Each row covers {cohort}; conditions stand in clinical order, not by result.")
}

fn condition_row(
    label: &str,
    code: &str,
    population: Population,
    released: &Released,
    context: &Context<'_>,
) -> Vec<String> {
    let response = Query { condition: code, ..Query::rate("response_30", population, context) }.find(released);
    let change = Query { condition: code, ..Query::mean("pain_delta", population, context) }.find(released);
    let opioids = Query { condition: code, ..Query::rate("opioid_reduction_50", population, context) }.find(released);
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
