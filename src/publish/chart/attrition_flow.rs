//! Who is counted: from the first row read to every denominator.

use super::Drawing;
use super::scene::{Anchor, Scene};
use super::text::{Weight, fit, width};
use super::theme::{Ink, LABEL, NARROW, SMALL};
use crate::publish::report::{Context, flow, words};
use crate::publish::results::Released;

/// One step as drawn.
#[derive(Clone, Debug)]
struct Bar {
    label: String,
    unit: String,
    remaining: Option<f64>,
    words: String,
    removed: String,
    /// Whether it starts a new unit.
    first: bool,
    /// Positions of the rows among the chart's, where they are shown.
    rows: [Option<usize>; 2],
}

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let steps = flow::steps(released, context);
    if steps.is_empty() {
        return None;
    }
    let mut row = 0;
    let bars: Vec<Bar> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let bar = bar(step, index.checked_sub(1).map(|before| &steps[before]));
            let [remaining, removed] = [Some(step.remaining), step.removed].map(|row| row.and_then(|row| row.value));
            let rows = [remaining.map(|_| row), removed.map(|_| row + 1)];
            row += 1 + usize::from(step.removed.is_some());
            Bar { rows, ..bar }
        })
        .collect();
    let alt = steps
        .iter()
        .map(|step| format!("{}: {}.", step.label(), words::number_or_reason(step.remaining)))
        .collect::<Vec<_>>()
        .join(" ");
    Some(Drawing {
        title: flow::finding(&steps, context),
        subtitle: "What remains after each step, and what the step left out · all records read".to_owned(),
        method: "A bar is a share of the first bar of its unit.".to_owned(),
        alt,
        rows: steps
            .iter()
            .flat_map(|step| std::iter::once(step.remaining).chain(step.removed))
            .map(|row| row.result_id.clone())
            .collect(),
        plot: Box::new(move |width| scene(&bars, width)),
    })
}

fn bar(step: &flow::Step<'_>, before: Option<&flow::Step<'_>>) -> Bar {
    let removed = step.removed.filter(|row| row.value != Some(0.0));
    let removed =
        removed.map_or_else(String::new, |row| words::number(row).map_or_else(hidden, |count| format!("−{count}")));
    let first = before.is_none_or(|before| before.remaining.unit != step.remaining.unit);
    Bar {
        label: step.label(),
        unit: step.remaining.unit.clone(),
        remaining: step.remaining.value,
        words: words::number(step.remaining).unwrap_or_else(hidden),
        removed: if first { String::new() } else { removed },
        first,
        rows: [None; 2],
    }
}

/// A count of a step is missing only where it may not be said; the table of the chart says why.
fn hidden() -> String {
    "hidden".to_owned()
}

const ROW: f64 = 26.0;
const TALL_ROW: f64 = 44.0;
const UNIT: f64 = 30.0;

fn scene(bars: &[Bar], width: f64) -> Scene {
    let row = if width <= NARROW { TALL_ROW } else { ROW };
    let units = bars.iter().filter(|bar| bar.first).count();
    let mut scene = Scene::new(width, units as f64 * UNIT + bars.len() as f64 * row);
    let (mut top, mut whole) = (0.0, None);
    for bar in bars {
        if bar.first {
            whole = bar.remaining;
            scene.bold((0.0, top + UNIT - 9.0), Anchor::Start, SMALL, words::at_start(&bar.unit));
            scene.line((0.0, top + UNIT - 2.0), (width, top + UNIT - 2.0), Ink::Hairline, 1.0);
            top += UNIT;
        }
        step(&mut scene, bar, bar.remaining.zip(whole).map(|(part, whole)| part / whole.max(1.0)), top);
        top += row;
    }
    scene
}

fn step(scene: &mut Scene, bar: &Bar, share: Option<f64>, top: f64) {
    let room = scene.width;
    let removed_room = 84.0_f64.max(width(&bar.removed, SMALL, Weight::Regular));
    if room <= NARROW {
        scene.text(
            (0.0, top + 17.0),
            Anchor::Start,
            LABEL,
            Ink::Text,
            fit(&bar.label, room - 100.0, LABEL, Weight::Regular),
        );
        counts(scene, bar, (room, room), top + 17.0, top + 36.0);
        bar_of(scene, share, (0.0, room - removed_room - 10.0), top + 31.0);
        values(scene, bar, [(room - 16.0, top + 13.0), (room - 16.0, top + 32.0)]);
    } else {
        let label = 300.0;
        scene.text((0.0, top + 17.0), Anchor::Start, LABEL, Ink::Text, fit(&bar.label, label, LABEL, Weight::Regular));
        counts(scene, bar, (label + 100.0, room), top + 17.0, top + 17.0);
        bar_of(scene, share, (label + 116.0, room - removed_room - 10.0), top + 13.0);
        values(scene, bar, [(label + 84.0, top + 13.0), (room - 16.0, top + 13.0)]);
    }
}

/// Where the two counts of a step are written.
fn values(scene: &mut Scene, bar: &Bar, places: [(f64, f64); 2]) {
    for (row, place) in bar.rows.into_iter().zip(places) {
        if let Some(row) = row {
            scene.value(place, row);
        }
    }
}

fn counts(scene: &mut Scene, bar: &Bar, (count, removed): (f64, f64), baseline: f64, removed_baseline: f64) {
    let ink = if bar.remaining.is_some() { Ink::Text } else { Ink::Grey };
    let words = fit(&bar.words, 96.0, LABEL, Weight::Regular);
    scene.text((count, baseline), Anchor::End, LABEL, ink, words);
    scene.text((removed, removed_baseline), Anchor::End, SMALL, Ink::Grey, bar.removed.clone());
}

fn bar_of(scene: &mut Scene, share: Option<f64>, (from, to): (f64, f64), middle: f64) {
    if let Some(share) = share {
        scene.rect((from, middle - 4.0), (from + (to - from) * share.clamp(0.0, 1.0), middle + 4.0), Ink::Accent);
    }
}
