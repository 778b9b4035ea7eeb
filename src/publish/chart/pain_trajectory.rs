//! Mean change in pain at each horizon: how fast it falls, and whether it lasts.

use super::scale::Scale;
use super::scene::{Anchor, Mark, Scene};
use super::theme::{INTERVAL, Ink, LABEL, NARROW, POINT, SMALL};
use super::{Drawing, ids};
use crate::estimate::result::{Estimand, Maturity};
use crate::model::horizon::HORIZONS;
use crate::publish::report::select::{self, Query};
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

/// One horizon.
#[derive(Clone, Debug)]
struct Point {
    day: i32,
    label: &'static str,
    /// Among patients with a score, with its interval.
    observed: Option<(f64, (f64, f64))>,
    /// With no change for everyone who is missing.
    carried: Option<f64>,
    mature: bool,
    number: String,
    words: String,
    size: String,
    /// Position of the row among the chart's; the carried one follows it.
    row: usize,
}

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let query = cohort(released, context);
    let at = |estimand: Estimand, horizon: &'static str| Query { estimand, horizon, ..query }.find(released);
    let pairs: Vec<_> = HORIZONS
        .iter()
        .filter_map(|horizon| Some((horizon, at(Estimand::Oc, horizon.id)?, at(Estimand::Bocf, horizon.id))))
        .collect();
    let mut row = 0;
    let points: Vec<Point> = pairs
        .iter()
        .map(|(horizon, observed, carried)| {
            let first = row;
            row += 1 + usize::from(carried.is_some());
            Point { row: first, ..point(horizon.target, horizon.label, observed, *carried) }
        })
        .collect();
    let first = pairs.first()?.1;
    Some(Drawing {
        title: title(&points),
        subtitle: format!("Mean change in pain since before treatment, points · {}", words::cohort(first)),
        method: "Filled: patients with both scores, t intervals; each horizon has its own patients. Hollow: no change counted for everyone without a score. A dash: not shown.".to_owned(),
        alt: points.iter().map(|point| format!("{}: {}, n {}.", point.label, point.words, point.size)).collect::<Vec<_>>().join(" "),
        rows: ids(pairs.iter().flat_map(|(_, observed, carried)| std::iter::once(*observed).chain(*carried))),
        plot: Box::new(move |width| scene(&points, width)),
    })
}

/// The larger cohort where it has a course, else the headline's.
fn cohort<'a>(released: &Released, context: &Context<'a>) -> Query<'a> {
    let query = |population| Query::mean(context.change(), population, context);
    let horizons = |query: Query<'_>| {
        HORIZONS.iter().filter(|horizon| Query { horizon: horizon.id, ..query }.find(released).is_some()).count()
    };
    let year = query(select::by_condition(released));
    if horizons(year) > 1 { year } else { query(select::headline(released)) }
}

fn point(day: i32, label: &'static str, observed: &ResultRow, carried: Option<&ResultRow>) -> Point {
    Point {
        day,
        label,
        observed: observed.value.zip(observed.ci_low.zip(observed.ci_high)),
        carried: carried.and_then(|row| row.value),
        mature: observed.maturity == Maturity::Mature,
        number: words::bare(observed).unwrap_or_default(),
        words: words::number_or_reason(observed),
        size: words::size(observed).unwrap_or_else(|| "hidden".to_owned()),
        row: 0,
    }
}

/// Compares the lowest point with the last one: relief that fades is the finding. Points whose windows are
/// open are not judged.
fn title(points: &[Point]) -> String {
    let shown: Vec<&Point> = points.iter().filter(|point| point.mature && point.observed.is_some()).collect();
    let Some(last) = shown.last() else { return "The course of pain cannot be shown".to_owned() };
    let low = |point: &Point| point.observed.map_or(0.0, |(value, _)| value);
    let best = shown.iter().copied().min_by(|a, b| low(a).total_cmp(&low(b))).unwrap_or(last);
    let apart = best.observed.zip(last.observed).is_some_and(|((_, (_, high)), (_, (low, _)))| high < low);
    if apart {
        return format!(
            "Pain was lowest at {} ({}) and higher again at {} ({})",
            best.label, best.words, last.label, last.words
        );
    }
    match last.observed {
        Some((_, (_, high))) if high < 0.0 => format!("Pain was still lower at {}: {}", last.label, last.words),
        _ => format!("No clear change in pain at {}", last.label),
    }
}

struct Plot {
    left: f64,
    right: f64,
    top: f64,
    foot: f64,
    points: Scale,
}

impl Plot {
    /// The square root of time: two and four weeks are read apart, as they are
    /// weeks apart, and a half year still fits.
    fn x(&self, day: i32) -> f64 {
        let last = HORIZONS[HORIZONS.len() - 1].target;
        self.left + (f64::from(day) / f64::from(last)).sqrt() * (self.right - self.left)
    }

    fn y(&self, change: f64) -> f64 {
        self.points.place(change, self.foot, self.top)
    }
}

fn scene(points: &[Point], canvas: f64) -> Scene {
    let height = if canvas <= NARROW { 300.0 } else { 330.0 };
    // Room for the numbers below the lowest interval.
    let intervals = points.iter().filter_map(|point| point.observed.map(|(_, (low, high))| (low - 0.7, high)));
    let scale = Scale::points_around(intervals);
    let plot = Plot { left: 34.0, right: canvas - 30.0, top: 14.0, foot: height - 70.0, points: scale };
    let mut scene = Scene::new(canvas, height);
    axes(&mut scene, &plot, points);
    let observed = line(points, |point| point.observed.map(|(value, _)| value));
    for run in observed {
        let points = run.iter().map(|&(day, value)| (plot.x(day), plot.y(value))).collect();
        scene.marks.push(Mark::Path { points, ink: Ink::Accent, width: 2.0 });
    }
    for point in points {
        marks(&mut scene, &plot, point);
    }
    scene
}

/// From day 0, which is no change by definition, through every horizon shown; a
/// line never bridges a hidden one.
fn line(points: &[Point], value: impl Fn(&Point) -> Option<f64>) -> Vec<Vec<(i32, f64)>> {
    let mut runs = vec![vec![(0, 0.0)]];
    for point in points {
        match (value(point), runs.last_mut()) {
            (Some(value), Some(run)) => run.push((point.day, value)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}

fn axes(scene: &mut Scene, plot: &Plot, points: &[Point]) {
    for (value, text) in &plot.points.ticks {
        let y = plot.y(*value);
        let (ink, weight) = if *value == 0.0 { (Ink::Rule, 1.5) } else { (Ink::Hairline, 1.0) };
        scene.line((plot.left, y), (plot.right, y), ink, weight);
        scene.text((plot.left - 8.0, y + 4.0), Anchor::End, SMALL, Ink::Grey, text.clone());
    }
    scene.text((plot.left, plot.foot + 18.0), Anchor::Middle, SMALL, Ink::Grey, "Start");
    for (index, point) in points.iter().enumerate() {
        let x = plot.x(point.day);
        scene.text((x, plot.foot + 18.0), Anchor::Middle, SMALL, Ink::Grey, weeks(point.label));
        let size = if point.mature { point.size.clone() } else { format!("{}\u{A0}*", point.size) };
        // On a phone the first weeks stand too close for two numbers on one line.
        let down = if scene.width <= NARROW && index % 2 == 1 { 48.0 } else { 34.0 };
        scene.text((x, plot.foot + down), Anchor::Middle, SMALL, Ink::Grey, size);
    }
    scene.text((plot.left, plot.foot + 34.0), Anchor::Middle, SMALL, Ink::Grey, "n");
    if points.iter().any(|point| !point.mature) {
        scene.text(
            (scene.width, plot.foot + 64.0),
            Anchor::End,
            SMALL,
            Ink::Grey,
            "* not everyone's window has closed",
        );
    }
}

/// `12 wk`, as there is room for on a phone.
fn weeks(label: &str) -> String {
    label.replace("weeks", "wk").replace(' ', "\u{A0}")
}

fn marks(scene: &mut Scene, plot: &Plot, point: &Point) {
    let x = plot.x(point.day);
    if let Some(carried) = point.carried {
        let at = (x, plot.y(carried));
        scene.marks.push(Mark::Dot { at, radius: POINT, ink: Ink::Grey, inside: Ink::Paper });
        scene.value(at, point.row + 1);
    }
    let Some((value, (low, high))) = point.observed else {
        let y = plot.y(0.0) + 14.0;
        // Always the same place, so that nothing can be read from where it stands.
        scene.text((x, y), Anchor::Middle, SMALL, Ink::Grey, "\u{2013}");
        return;
    };
    scene.line((x, plot.y(low)), (x, plot.y(high)), Ink::Accent, INTERVAL);
    scene.marks.push(Mark::Dot { at: (x, plot.y(value)), radius: POINT + 1.0, ink: Ink::Accent, inside: Ink::Accent });
    scene.value((x, plot.y(value)), point.row);
    // Below, where no hollow point is: carrying the baseline forward only brings a fall nearer to zero.
    scene.bold((x, plot.y(low) + 16.0), Anchor::Middle, LABEL, point.number.clone());
}
