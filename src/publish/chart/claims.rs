//! Claims against intervals: what was said, and what the data say of it.

use super::scale::Scale;
use super::scene::{Anchor, Mark, Scene};
use super::text::{Weight, fit, width as measure, wrap, wrap_to};
use super::theme::{INTERVAL, Ink, LABEL, POINT, SMALL};
use super::{Drawing, ids};
use crate::publish::reading::claim::{self, CLAIMED, RATE, Verdict};
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

/// One claim as drawn.
#[derive(Clone, Debug)]
struct Line {
    text: String,
    claimed: Option<f64>,
    number: Option<(f64, f64, f64)>,
    words: String,
    verdict: Verdict,
    /// Positions of the rows among the chart's: of the share claimed, where one
    /// was, and of the share found.
    rows: [Option<usize>; 2],
}

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let claims = &context.protocol.claims;
    let rows: Vec<(usize, &ResultRow)> =
        claims.iter().enumerate().filter_map(|(at, claim)| Some((at, claim::found(claim, RATE, released)?))).collect();
    if rows.is_empty() {
        return None;
    }
    let drawn = rows.iter().flat_map(|&(at, row)| [claim::found(&claims[at], CLAIMED, released), Some(row)]).flatten();
    let drawn = ids(drawn);
    let position = |row: &ResultRow| drawn.iter().position(|id| *id == row.result_id).filter(|_| row.value.is_some());
    let lines: Vec<Line> = rows
        .iter()
        .map(|&(at, row)| {
            let claimed = claim::found(&claims[at], CLAIMED, released).and_then(position);
            Line { rows: [claimed, position(row)], ..line(&claims[at].text, claims[at].share, row) }
        })
        .collect();
    Some(Drawing {
        title: title(&lines),
        subtitle: "Share of patients with its 95\u{A0}% interval; the tick is the share claimed".to_owned(),
        method: "Wilson intervals; missing outcomes count against the claim. Supported only when the whole interval is beyond the tick. There was no control group: no verdict says that treatment was the reason.".to_owned(),
        alt: lines.iter().map(alt).collect::<Vec<_>>().join(" "),
        rows: drawn,
        plot: Box::new(move |width| scene(&lines, width)),
    })
}

fn line(text: &str, claimed: Option<f64>, row: &ResultRow) -> Line {
    Line {
        text: words::tied(text),
        claimed,
        number: row.value.and_then(|value| Some((value, row.ci_low?, row.ci_high?))),
        words: words::compact(row).unwrap_or_else(|| words::reason(row)),
        verdict: Verdict::of(row).unwrap_or(Verdict::Unknown),
        rows: [None; 2],
    }
}

/// A verdict where it stands alone.
pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Supports => "supported",
        Verdict::Contradicts => "contradicted",
        Verdict::Neither => "not supported",
        Verdict::NamesNoNumber => "neither: it names no number",
        Verdict::NotInterpretable => "not interpretable: fewer than 60\u{A0}% seen",
        Verdict::Unknown => "cannot be checked",
    }
}

fn title(lines: &[Line]) -> String {
    let supported = lines.iter().filter(|line| line.verdict == Verdict::Supports).count();
    let contradicted = lines.iter().filter(|line| line.verdict == Verdict::Contradicts).count();
    let numberless = lines.iter().filter(|line| line.verdict == Verdict::NamesNoNumber).count();
    if supported + contradicted == 0 && numberless > 0 && numberless < lines.len() {
        let none = words::plural(lines.len() - numberless, "claim");
        return format!(
            "The data do not support {none}; {numberless} more {} no number",
            if numberless == 1 { "names" } else { "name" }
        );
    }
    if supported + contradicted == 0 {
        return format!("The data support none of {}", words::plural(lines.len(), "claim"));
    }
    format!(
        "Of {}, the data support {} and contradict {}",
        words::plural(lines.len(), "claim"),
        if supported == 0 { "none".to_owned() } else { supported.to_string() },
        if contradicted == 0 { "none".to_owned() } else { contradicted.to_string() }
    )
}

fn alt(line: &Line) -> String {
    format!("“{}”: {}; {}.", line.text, line.words, verdict(line.verdict))
}

const BAR: f64 = 58.0;
const TEXT_LINE: f64 = 18.0;
const AXIS: f64 = 24.0;
const MOST_LINES: usize = 3;

fn scene(lines: &[Line], width: f64) -> Scene {
    let texts: Vec<Vec<String>> = lines.iter().map(|line| said(&line.text, width)).collect();
    let height = texts.iter().map(|text| text.len() as f64 * TEXT_LINE + BAR).sum::<f64>() + AXIS;
    let mut scene = Scene::new(width, height);
    let share = Scale::share();
    let place = |value: f64| share.place(value, 8.0, width - 8.0);
    let mut top = 0.0;
    for (line, text) in lines.iter().zip(texts) {
        for (at, part) in text.iter().enumerate() {
            scene.bold((0.0, top + 14.0 + at as f64 * TEXT_LINE), Anchor::Start, LABEL, part.clone());
        }
        let middle = top + text.len() as f64 * TEXT_LINE + 14.0;
        scene.line((place(0.0), middle), (place(1.0), middle), Ink::Hairline, 2.0);
        bar(&mut scene, line, middle, place);
        let values = [line.claimed, line.number.map(|(value, ..)| value)];
        for (value, row) in values.into_iter().zip(line.rows) {
            if let Some((value, row)) = value.zip(row) {
                scene.value((place(value), middle), row);
            }
        }
        below(&mut scene, line, middle + 22.0, width);
        top = middle + BAR - 14.0;
    }
    for (value, text) in &share.ticks {
        let x = place(*value);
        let anchor = super::forest::anchor_inside(x, measure(text, SMALL, Weight::Regular), width);
        scene.text((x, height - 6.0), anchor, SMALL, Ink::Grey, text.clone());
    }
    scene
}

/// The sentence in quotation marks, cut after three lines.
fn said(text: &str, width: f64) -> Vec<String> {
    let mut lines = wrap(&format!("“{text}”"), width * 0.96, LABEL, Weight::Bold);
    if lines.len() > MOST_LINES {
        let rest = lines.split_off(MOST_LINES - 1).join(" ");
        lines.push(fit(&rest, width * 0.96, LABEL, Weight::Bold));
    }
    lines
}

fn bar(scene: &mut Scene, line: &Line, middle: f64, place: impl Fn(f64) -> f64) {
    if let Some(claimed) = line.claimed {
        scene.line((place(claimed), middle - 9.0), (place(claimed), middle + 9.0), Ink::Text, 2.0);
    }
    if let Some((value, low, high)) = line.number {
        scene.line((place(low), middle), (place(high), middle), Ink::Accent, INTERVAL * 2.0);
        let at = (place(value), middle);
        scene.marks.push(Mark::Dot { at, radius: POINT + 1.0, ink: Ink::Accent, inside: Ink::Accent });
    }
}

/// Number and verdict below the bar, always in the same place.
fn below(scene: &mut Scene, line: &Line, down: f64, width: f64) {
    let claimed = line
        .claimed
        .map_or_else(String::new, |claimed| format!(" · claimed {}\u{A0}%", (claimed * 1000.0).round() / 10.0));
    let text = format!("{}{claimed} · {}", line.words, verdict(line.verdict));
    for (at, text) in wrap_to(2, &text, width, SMALL, Weight::Regular).into_iter().enumerate() {
        scene.text((0.0, down + at as f64 * 15.0), Anchor::Start, SMALL, Ink::Grey, text);
    }
}
