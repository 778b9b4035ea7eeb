//! The first screen: three answers, what to know before believing them, and
//! for whom they hold.

use super::cautions::cautions;
use super::select::{self, Change, Query};
use super::{Context, element, words};
use crate::estimate::analysis::CONTRAST;
use crate::estimate::result::{Estimand, Population};
use crate::protocol::Side;
use crate::publish::chart::scale::Scale;
use crate::publish::chart::scene::{Anchor, Mark, Scene};
use crate::publish::chart::svg;
use crate::publish::chart::theme::{Ink, SMALL};
use crate::publish::reading::claim::{self, CLAIMED, RATE, Verdict};
use crate::publish::results::{Released, ResultRow};

/// One answer: its row, the same number a quarter earlier, and its words.
struct Answer<'a> {
    heading: &'static str,
    row: Option<&'a ResultRow>,
    before: Option<&'a ResultRow>,
    /// The difference to the quarter before, where it was declared beforehand.
    contrast: Option<&'a ResultRow>,
    /// What is said of it elsewhere, and what the data say of that.
    claim: Option<Claimed<'a>>,
    scale: Scale,
    sentence: String,
    base: String,
    /// What a higher and a lower number than before mean.
    higher: Meaning,
    lower: Meaning,
}

/// A claim about the headline: its share and the verdict.
#[derive(Clone, Copy)]
struct Claimed<'a> {
    side: Side,
    share: &'a ResultRow,
    verdict: Verdict,
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

/// What became of the three answers since the quarter before; `None` where there
/// is no quarter before.
pub(super) fn since(released: &Released, context: &Context<'_>) -> Option<String> {
    let answers =
        [pain_response(released, context), opioid_reduction(released, context), pain_change(released, context)];
    let quarter = answers.iter().find_map(|answer| words::quarter_of(answer.before?))?;
    let (mut clear, mut unclear, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for answer in &answers {
        let name = words::inside_sentence(answer.heading);
        let said = |meaning: Meaning| {
            format!("{}: {} than in {quarter}.", answer.heading, words::inside_sentence(meaning.words))
        };
        match answer.row.map_or(Change::Unknown, |row| answer.change(row)) {
            Change::Higher => clear.push(said(answer.higher)),
            Change::Lower => clear.push(said(answer.lower)),
            Change::NotClear => unclear.push(name),
            Change::TooEarly | Change::Unknown => unknown.push(name),
        }
    }
    let of = |words: &str, names: &[String]| (!names.is_empty()).then(|| format!("{words} {}.", listed(names)));
    clear.extend(of(&format!("No clear change since {quarter} in"), &unclear));
    clear.extend(of("No comparison for", &unknown));
    Some(clear.join(" "))
}

/// `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
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
        (Change::NotClear, Some(before)) => format!(", not clearly different from {}", earlier(before)),
        (Change::Higher, Some(before)) => format!(", more than in {}", earlier(before)),
        (Change::Lower, Some(before)) => format!(", fewer than in {}", earlier(before)),
        _ => String::new(),
    };
    format!(
        "{} of our patients had meaningful pain relief at {}{since}. How much is due to treatment is not known.{}",
        element::whole(row),
        context.horizon(),
        response.claim.map_or_else(String::new, Claimed::sentence)
    )
}

impl Claimed<'_> {
    fn sentence(self) -> String {
        let side = if self.side == Side::MoreThan { "more" } else { "less" };
        let verdict = match self.verdict {
            Verdict::Supports => "is supported",
            Verdict::Contradicts => "is contradicted",
            Verdict::Neither => "is not supported",
            Verdict::NotInterpretable | Verdict::NamesNoNumber | Verdict::Unknown => "cannot be judged",
        };
        format!(" Our claim of {side} than {} {verdict}.", element::whole(self.share))
    }
}

/// The first claim that names a share of the headline at the primary horizon.
fn claim<'a>(released: &'a Released, context: &Context<'_>) -> Option<Claimed<'a>> {
    let (response, primary) = (context.response(), context.protocol.study.primary_horizon);
    let mut of_headline = context.protocol.claims.iter().filter(|c| c.measure == response && c.horizon == primary);
    of_headline.find_map(|said| {
        let share = claim::found(said, CLAIMED, released).filter(|row| row.value.is_some())?;
        let verdict = claim::found(said, RATE, released).and_then(Verdict::of)?;
        Some(Claimed { side: said.direction, share, verdict })
    })
}

fn pain_response<'a>(released: &'a Released, context: &Context<'_>) -> Answer<'a> {
    let query = Query::rate(context.response(), select::headline(released), context);
    let row = query.find(released);
    let retention = Query { measure: "retention", estimand: Estimand::Oc, ..query }.find(released);
    let seen = Query { estimand: Estimand::Oc, ..query }.find(released).filter(|row| row.value.is_some());
    let among_seen =
        seen.map_or_else(String::new, |row| format!(" Among those with a score it is {}.", element::whole(row)));
    let horizon = context.horizon();
    Answer {
        heading: "Pain response",
        row,
        claim: claim(released, context),
        before: before(query, released, context),
        contrast: contrast(query, released),
        higher: MORE,
        lower: FEWER,
        scale: Scale::share(),
        sentence: row.map_or_else(String::new, |row| {
            sentence(row, &format!("{} at {horizon}", svg::escape(&context.phrase(context.response()))))
        }),
        base: retention.map_or_else(String::new, |row| {
            format!(
                "{} patients have a pain score at {horizon}. The others count as not better.{among_seen}",
                element::of(row)
            )
        }),
    }
}

fn opioid_reduction<'a>(released: &'a Released, context: &Context<'_>) -> Answer<'a> {
    let query = Query::rate(context.opioids(), select::headline(released), context);
    let row = query.find(released);
    let horizon = context.horizon();
    Answer {
        heading: "Opioid reduction",
        row,
        claim: None,
        before: before(query, released, context),
        contrast: contrast(query, released),
        higher: MORE,
        lower: FEWER,
        scale: Scale::share(),
        sentence: row.map_or_else(String::new, |row| {
            sentence(
                row,
                &format!(
                    "on opioids before treatment{} {} at {horizon}",
                    whose_dose(query.estimand),
                    svg::escape(&context.phrase(context.opioids()))
                ),
            )
        }),
        base: known_doses(query, released, horizon),
    }
}

/// Who is counted, after “patients on opioids before treatment”.
pub(super) fn whose_dose(estimand: Estimand) -> &'static str {
    if estimand == Estimand::Oc { " whose later dose is known" } else { "" }
}

/// How many doses are known, and the rate in the other way of counting.
fn known_doses(query: Query<'_>, released: &Released, horizon: &str) -> String {
    let find = |estimand| Query { estimand, ..query }.find(released);
    let (Some(all), Some(known)) = (find(Estimand::Nri), find(Estimand::Oc)) else { return String::new() };
    let of = format!("The dose at {horizon} is known for {} of {}", element::size(known), element::size(all));
    match (query.estimand, all.value, known.value) {
        (Estimand::Oc, Some(_), _) => {
            format!("{of}; the others are not counted. If they count as not reduced, it is {}.", element::whole(all))
        }
        (Estimand::Oc, None, _) => format!("{of}; the others are not counted."),
        (_, _, Some(_)) => format!(
            "{of}. The others count as not reduced. Among those whose dose is known it is {}.",
            element::whole(known)
        ),
        _ => format!("{of}. The others count as not reduced."),
    }
}

fn pain_change<'a>(released: &'a Released, context: &Context<'_>) -> Answer<'a> {
    let query = Query::mean(context.change(), select::headline(released), context);
    let row = query.find(released);
    let carried = Query { estimand: Estimand::Bocf, ..query }.find(released);
    let horizon = context.horizon();
    Answer {
        heading: "Pain change",
        row,
        claim: None,
        before: before(query, released, context),
        contrast: contrast(query, released),
        higher: Meaning { words: "Pain fell less", class: "worse" },
        lower: Meaning { words: "Pain fell more", class: "better" },
        scale: Scale::points(-10, 2),
        sentence: row.filter(|row| row.value.is_some()).map_or_else(String::new, |row| {
            let likely = row.ci_low.map_or_else(String::new, |_| {
                format!(" Likely between {}.", element::between(row))
            });
            format!(
                "on the 0–10 pain scale at {horizon}: the average change of the {} patients with a score. Below zero is less pain.{likely}",
                element::size(row)
            )
        }),
        base: carried.filter(|row| row.value.is_some()).map_or_else(String::new, |row| {
            format!("If patients without a score count as unchanged, it is {}.", element::number(row))
        }),
    }
}

fn sentence(row: &ResultRow, what: &str) -> String {
    if row.value.is_none() {
        return String::new();
    }
    let likely = row.ci_low.map_or_else(String::new, |_| format!(" Likely between {}.", element::whole_between(row)));
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
        "<article class=\"card\"><h3>{}</h3>\n<p class=\"big\">{}</p>\n{}<p>{}</p>\n{}<p class=\"small\">{}{}</p></article>\n",
        answer.heading,
        element::whole(row),
        bar(row, answer),
        answer.sentence,
        trend(row, answer),
        answer.contrast.filter(|row| row.value.is_some()).map_or_else(String::new, |row| element::span(row) + " "),
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

/// Number and interval on a fixed scale, with a tick for the quarter before and
/// one for what is claimed.
fn bar(row: &ResultRow, Answer { before, claim, scale, .. }: &Answer<'_>) -> String {
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
    if let Some(share) = claim.and_then(|claim| claim.share.value) {
        let x = place(share);
        scene.line((x, middle - 9.0), (x, middle + 9.0), Ink::Text, 2.0);
        let text = format!("claim {:.0}\u{A0}%", 100.0 * share);
        scene.text((x.clamp(from + 76.0, to - 96.0), 48.0), Anchor::Middle, SMALL, Ink::Text, text);
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
    let changed = |meaning: Meaning, before: &ResultRow| {
        let distance = if by.is_some() { String::new() } else { format!(", by {}", element::distance(row, before)) };
        format!("{} than in {}{distance}", meaning.words, earlier(before))
    };
    let (symbol, class, words) = match (answer.change(row), answer.before) {
        (Change::TooEarly, _) => ("○", "unclear", "Too early to judge: follow-up windows are still open".to_owned()),
        (Change::NotClear, Some(before)) => ("●", "unclear", format!("No clear change since {}", earlier(before))),
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

impl Answer<'_> {
    /// How the number stands to that of the quarter before: by the difference
    /// declared beforehand, where there is one; else by the intervals.
    fn change(&self, row: &ResultRow) -> Change {
        let Some(contrast) = self.contrast else { return select::change(row, self.before) };
        select::contrasted(contrast)
    }
}

fn earlier(before: &ResultRow) -> String {
    format!("{} ({})", words::quarter_of(before).unwrap_or_default(), element::whole(before))
}

/// At most three cautions, chosen by rule.
pub(super) fn read_this_first(released: &Released, context: &Context<'_>) -> String {
    let items: String = cautions(released, context).iter().map(|caution| format!("<li>{caution}</li>\n")).collect();
    format!(
        "<section id=\"cautions\" class=\"cautions\" aria-labelledby=\"cautions-h\">\n<h2 id=\"cautions-h\">Read this first</h2>\n<ul>\n{items}</ul>\n</section>\n"
    )
}
