//! A forest: one line a group, its number, its interval, on one scale.

use super::cohort;
use super::scale::Scale;
use super::scene::{Anchor, Mark, Scene};
use super::text::{Weight, fit, width, wrap, wrap_to};
use super::theme::{INTERVAL, Ink, LABEL, NARROW, POINT, SMALL};
use crate::publish::disclosure::is_uninterpretable;
use crate::publish::report::select::ByCondition;
use crate::publish::report::{Context, words};
use crate::publish::results::ResultRow;

/// One line of a forest.
#[derive(Clone, Debug)]
pub(super) struct Line {
    id: String,
    label: String,
    size: String,
    number: Option<Number>,
    /// The number in words, or why there is none.
    words: String,
    /// The line all others are read against.
    overall: bool,
    /// A second number, drawn below the first and never instead of it.
    second: Option<Number>,
    /// A stretch of the scale behind the number.
    band: Option<(f64, f64)>,
    /// Rows that are drawn with the number: id, value where it is drawn, and
    /// how far below the number.
    beside: Vec<(String, Option<f64>, f64)>,
}

#[derive(Clone, Copy, Debug)]
struct Number {
    value: f64,
    interval: Option<(f64, f64)>,
}

impl Line {
    /// One line; the one `overall` is what all others are read against.
    pub(super) fn new(label: &str, row: &ResultRow, overall: bool) -> Self {
        let number = row.value.map(|value| Number { value, interval: row.ci_low.zip(row.ci_high) });
        Self {
            id: row.result_id.clone(),
            label: label.to_owned(),
            size: words::size(row).unwrap_or_default(),
            number,
            words: words::compact(row).unwrap_or_else(|| words::reason(row)) + mark(row),
            overall,
            second: None,
            band: None,
            beside: Vec::new(),
        }
    }

    /// With a stretch of the scale behind the number, between two rows.
    pub(super) fn with_band(mut self, rows: [Option<&ResultRow>; 2]) -> Self {
        let [one, other] = rows.map(|row| row.and_then(|row| row.value));
        self.band = one.zip(other).filter(|_| self.number.is_some());
        for row in rows.into_iter().flatten() {
            self.beside.push((row.result_id.clone(), row.value.filter(|_| self.band.is_some()), 0.0));
        }
        self
    }

    /// With two rows as the ends of its line, and other words.
    pub(super) fn with_ends(mut self, rows: [Option<&ResultRow>; 2], words: String) -> Self {
        let [one, other] = rows.map(|row| row.and_then(|row| row.value));
        let ends = one.zip(other);
        if let Some(number) = &mut self.number {
            number.interval = ends;
            self.words = words;
        }
        let shown = ends.is_some() && self.number.is_some();
        for row in rows.into_iter().flatten() {
            self.beside.push((row.result_id.clone(), row.value.filter(|_| shown), 0.0));
        }
        self
    }

    /// With the number of another row below its own, where both are shown.
    pub(super) fn with_second(mut self, row: Option<&ResultRow>) -> Self {
        let second = row.and_then(|row| Some((row.value?, row.ci_low.zip(row.ci_high))));
        self.second = second.filter(|_| self.number.is_some()).map(|(value, interval)| Number { value, interval });
        let value = self.second.map(|second| second.value);
        self.beside.extend(row.map(|row| (row.result_id.clone(), value, SECOND)));
        self
    }

    /// All patients first, then the groups in the order given.
    pub(super) fn all(overall: Option<&ResultRow>, groups: &[ByCondition<'_>]) -> Vec<Self> {
        let first = overall.map(|row| Self::new("All patients", row, true));
        first.into_iter().chain(groups.iter().map(|group| Self::new(group.label, group.row, false))).collect()
    }

    /// The interval, where one is shown.
    pub(super) fn interval(&self) -> Option<(f64, f64)> {
        self.number.and_then(|number| number.interval)
    }

    /// The number in words; empty where there is none.
    fn number_words(&self) -> &str {
        if self.number.is_some() { &self.words } else { "" }
    }

    fn weight(&self) -> Weight {
        if self.overall { Weight::Bold } else { Weight::Regular }
    }
}

/// Stands behind a number that too few of those due gave; the footnote says so.
fn mark(row: &ResultRow) -> &'static str {
    if is_uninterpretable(row) { "†" } else { "" }
}

/// A forest before it has a width.
#[derive(Clone, Debug)]
pub(super) struct Forest {
    pub(super) lines: Vec<Line>,
    pub(super) scale: Scale,
    /// What the numbers are, above their column.
    pub(super) heading: &'static str,
    /// What a line is about, above the labels.
    pub(super) subject: &'static str,
}

impl Forest {
    /// Forests one below the other, each with its own scale; rows count on.
    pub(super) fn stacked(forests: &[Self], width: f64) -> Scene {
        let mut scene = Scene::new(width, 0.0);
        let mut row = 0;
        for forest in forests {
            scene.add_below(forest.among(forests, width), row, BETWEEN);
            row += forest.rows().len();
        }
        scene
    }
}

/// Where the columns of a forest stand.
struct Columns {
    label: f64,
    size: f64,
    from: f64,
    to: f64,
}

impl Columns {
    /// Wide enough for the lines of every forest that stands in them.
    fn of(forests: &[Forest], width: f64) -> Self {
        let lines = || forests.iter().flat_map(|forest| &forest.lines);
        let widest = |texts: &mut dyn Iterator<Item = f64>, least: f64| texts.fold(least, f64::max);
        let label = widest(&mut lines().map(|line| self::width(&line.label, LABEL, line.weight())), 60.0).min(270.0);
        let size = widest(&mut lines().map(|line| measure(&line.size)), 26.0);
        let heading = widest(&mut forests.iter().map(|forest| measure(forest.heading)), 0.0);
        let words = widest(&mut lines().map(|line| measure(line.number_words())), heading);
        let size = label + 16.0 + size;
        Self { label, size, from: size + 20.0, to: width - words - 20.0 }
    }
}

const ROW: f64 = 26.0;
/// With more lines than `FEW`, so that two long forests fit on a sheet of paper.
const DENSE_ROW: f64 = 21.0;
const FEW: usize = 12;
const TALL_ROW: f64 = 46.0;
const HEAD: f64 = 24.0;
const AXIS: f64 = 26.0;
/// From one line of a label to the next.
const LABEL_LINE: f64 = 16.0;
/// Between two forests.
const BETWEEN: f64 = 14.0;
/// How far a second number stands below the first.
const SECOND: f64 = 6.0;

impl Forest {
    /// The rows drawn: the lines, then what is drawn with them.
    pub(super) fn rows(&self) -> Vec<String> {
        let lines = self.lines.iter().map(|line| &line.id);
        let beside = self.lines.iter().flat_map(|line| line.beside.iter().map(|(id, ..)| id));
        lines.chain(beside).cloned().collect()
    }

    /// The plot at a width.
    pub(super) fn scene(&self, width: f64) -> Scene {
        self.among(std::slice::from_ref(self), width)
    }

    /// The plot with the columns of all forests it stands among.
    fn among(&self, all: &[Self], width: f64) -> Scene {
        if width <= NARROW { self.narrow(width) } else { self.wide(width, &Columns::of(all, width)) }
    }

    fn wide(&self, width: f64, columns: &Columns) -> Scene {
        let row = if self.lines.len() > FEW { DENSE_ROW } else { ROW };
        let labels = self.labels(|_| columns.label);
        let foot = HEAD + labels.iter().map(|label| row + below_first(label)).sum::<f64>();
        let mut scene = Scene::new(width, foot + AXIS);
        self.grid(&mut scene, columns, HEAD, foot);
        self.head(&mut scene, columns);
        let mut top = HEAD;
        for (index, (line, text)) in self.lines.iter().zip(&labels).enumerate() {
            let height = row + below_first(text);
            let middle = top + height / 2.0;
            label(&mut scene, line, text, middle + 4.5 - below_first(text) / 2.0);
            scene.text((columns.size, middle + 4.5), Anchor::End, LABEL, Ink::Text, line.size.clone());
            self.draw(&mut scene, line, (columns.from, columns.to), middle);
            self.value(&mut scene, index, (columns.from, columns.to), middle);
            scene.text((width, middle + 4.5), Anchor::End, LABEL, Ink::Text, line.number_words());
            top += height;
        }
        scene
    }

    /// On a phone the label stands above its line.
    fn narrow(&self, width: f64) -> Scene {
        let (from, to) = (6.0, width - 6.0);
        let labels = self.labels(|line| width - measure(line.number_words()) - 12.0);
        let foot = labels.iter().map(|label| TALL_ROW + below_first(label)).sum::<f64>();
        let mut scene = Scene::new(width, foot + AXIS);
        self.grid(&mut scene, &Columns { label: width, size: 0.0, from, to }, 0.0, foot);
        let mut top = 0.0;
        for (index, (line, text)) in self.lines.iter().zip(&labels).enumerate() {
            let bottom = top + below_first(text);
            scene.rect((0.0, top), (width, bottom + 23.0), Ink::Paper);
            label(&mut scene, line, text, top + 17.0);
            scene.text((width, top + 17.0), Anchor::End, LABEL, Ink::Text, line.number_words());
            self.draw(&mut scene, line, (from, to), bottom + 33.0);
            self.value(&mut scene, index, (from, to), bottom + 33.0);
            top = bottom + TALL_ROW;
        }
        scene
    }

    /// Every label in as many lines as it needs, two at most.
    fn labels(&self, room: impl Fn(&Line) -> f64) -> Vec<Vec<String>> {
        self.lines.iter().map(|line| wrap_to(2, &line.label, room(line), LABEL, line.weight())).collect()
    }

    fn head(&self, scene: &mut Scene, columns: &Columns) {
        scene.text((0.0, 13.0), Anchor::Start, SMALL, Ink::Grey, self.subject);
        scene.text((columns.size, 13.0), Anchor::End, SMALL, Ink::Grey, "n");
        scene.text((scene.width, 13.0), Anchor::End, SMALL, Ink::Grey, self.heading);
    }

    fn grid(&self, scene: &mut Scene, columns: &Columns, top: f64, foot: f64) {
        for (value, text) in &self.scale.ticks {
            let x = self.scale.place(*value, columns.from, columns.to);
            let zero_of_change = *value == 0.0 && self.scale.low < 0.0;
            let (ink, weight) = if zero_of_change { (Ink::Rule, 1.5) } else { (Ink::Hairline, 1.0) };
            scene.line((x, top), (x, foot), ink, weight);
            let anchor = anchor_inside(x, measure_small(text), scene.width);
            scene.text((x, foot + 17.0), anchor, SMALL, Ink::Grey, text.clone());
        }
        self.reference(scene, columns, top, foot);
    }

    /// The overall number runs through the forest, so that every interval can
    /// be read against it.
    fn reference(&self, scene: &mut Scene, columns: &Columns, top: f64, foot: f64) {
        let overall = self.lines.iter().find(|line| line.overall).and_then(|line| line.number);
        if let Some(number) = overall.filter(|_| self.lines.len() > 1) {
            let x = self.scale.place(number.value, columns.from, columns.to);
            scene.dashes((x, top), (x, foot), Ink::Accent);
        }
    }

    /// In the order of `rows`.
    fn value(&self, scene: &mut Scene, index: usize, (from, to): (f64, f64), middle: f64) {
        if let Some(number) = self.lines[index].number {
            scene.value((self.scale.place(number.value, from, to), middle), index);
        }
        let before: usize = self.lines[..index].iter().map(|line| line.beside.len()).sum();
        for (at, (_, value, below)) in self.lines[index].beside.iter().enumerate() {
            if let Some(value) = value {
                let row = self.lines.len() + before + at;
                scene.value((self.scale.place(*value, from, to), middle + below), row);
            }
        }
    }

    fn draw(&self, scene: &mut Scene, line: &Line, (from, to): (f64, f64), middle: f64) {
        let Some(number) = line.number else {
            return unknown(scene, &line.words, (from, to), middle);
        };
        let place = |value: f64| self.scale.place(value, from, to);
        if let Some((one, other)) = line.band {
            let (left, right) = (place(one.min(other)), place(one.max(other)));
            scene.rect((left, middle - 9.0), (right, middle + 9.0), Ink::Band);
        }
        if let Some(second) = line.second {
            let below = middle + SECOND;
            if let Some((low, high)) = second.interval {
                scene.line((place(low), below), (place(high), below), Ink::Rule, 1.0);
            }
            let at = (place(second.value), below);
            scene.marks.push(Mark::Dot { at, radius: POINT - 1.0, ink: Ink::Rule, inside: Ink::Rule });
        }
        if let Some((low, high)) = number.interval {
            scene.line((place(low), middle), (place(high), middle), Ink::Accent, INTERVAL);
        }
        let inside = if line.overall { Ink::Accent } else { Ink::Paper };
        scene.marks.push(Mark::Dot { at: (place(number.value), middle), radius: POINT, ink: Ink::Accent, inside });
    }
}

/// A hidden number is grey words at the left end of its line, always the same
/// place, so that nothing can be read from where they stand.
fn unknown(scene: &mut Scene, words: &str, (from, to): (f64, f64), middle: f64) {
    let words = fit(words, to - from - 8.0, SMALL, Weight::Regular);
    scene.rect((from + 1.0, middle - 8.0), (from + 11.0 + measure_small(&words), middle + 8.0), Ink::Paper);
    scene.text((from + 6.0, middle + 4.0), Anchor::Start, SMALL, Ink::Grey, words);
}

/// How far the last line of a label stands below its first.
fn below_first(label: &[String]) -> f64 {
    label.len().saturating_sub(1) as f64 * LABEL_LINE
}

fn label(scene: &mut Scene, line: &Line, text: &[String], first: f64) {
    for (at, text) in text.iter().enumerate() {
        let at = (0.0, first + at as f64 * LABEL_LINE);
        if line.overall {
            scene.bold(at, Anchor::Start, LABEL, text.clone());
        } else {
            scene.text(at, Anchor::Start, LABEL, Ink::Text, text.clone());
        }
    }
}

/// The anchor that keeps a centered text on the canvas.
pub(super) fn anchor_inside(x: f64, width: f64, room: f64) -> Anchor {
    if x - width / 2.0 < 0.0 {
        Anchor::Start
    } else if x + width / 2.0 > room {
        Anchor::End
    } else {
        Anchor::Middle
    }
}

fn measure(text: &str) -> f64 {
    width(text, LABEL, Weight::Regular)
}

fn measure_small(text: &str) -> f64 {
    width(text, SMALL, Weight::Regular)
}

/// How many of the groups are shown, and how many of those have an interval
/// that leaves the overall number out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) shown: usize,
    pub(super) apart: usize,
    pub(super) hidden: usize,
}

/// Compares every group with the overall number.
pub(super) fn spread(overall: Option<&ResultRow>, groups: &[ByCondition<'_>]) -> Spread {
    let shown = groups.iter().filter(|group| group.row.value.is_some());
    let apart = shown.clone().filter(|group| {
        let both = overall.and_then(|row| row.value).zip(group.row.ci_low.zip(group.row.ci_high));
        both.is_some_and(|(value, (low, high))| value < low || value > high)
    });
    let (shown, apart) = (shown.count(), apart.count());
    Spread { shown, apart, hidden: groups.len() - shown }
}

/// One sentence a group, for someone who does not see the chart.
pub(super) fn described(overall: Option<&ResultRow>, groups: &[ByCondition<'_>]) -> String {
    let first =
        overall.map(|row| format!("All patients: {}.", words::compact(row).unwrap_or_else(|| words::reason(row))));
    let rest = groups.iter().map(|group| {
        format!("{}: {}.", group.label, words::compact(group.row).unwrap_or_else(|| words::reason(group.row)))
    });
    first.into_iter().chain(rest).collect::<Vec<_>>().join(" ")
}

/// Words stacked in a column, for places too narrow for one line.
pub(super) fn stacked(scene: &mut Scene, text: &str, (x, foot): (f64, f64), room: f64) {
    let lines = wrap(text, room, 11.0, Weight::Regular);
    for (index, line) in lines.iter().rev().enumerate() {
        scene.text((x, foot - index as f64 * 13.0), Anchor::Middle, 11.0, Ink::Grey, line.clone());
    }
}

/// `At least 30 % less pain …, at 12 weeks · treatment begun Jul 2025 – Jun 2026 · n = 1,289`.
pub(super) fn subtitle(measure: &str, row: &ResultRow, context: &Context<'_>) -> String {
    format!("{}, at {} · {}", context.title(measure), context.horizon(), cohort(row))
}
