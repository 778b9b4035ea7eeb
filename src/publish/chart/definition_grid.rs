//! The specification curve: the response rate under every definition, from the
//! lowest to the highest, with what each definition is below it. Simonsohn 2020,
//! doi:10.1038/s41562-020-0912-z.

use super::scale::Scale;
use super::scene::{Anchor, Mark, Scene};
use super::text::{Weight, fit, width};
use super::theme::{Ink, LABEL, NARROW, POINT, SMALL};
use super::{Drawing, cohort, ids};
use crate::model::horizon::HORIZONS;
use crate::publish::disclosure::is_uninterpretable;
use crate::publish::report::grid::{Specification, specifications};
use crate::publish::report::missing::ESTIMANDS;
use crate::publish::report::{Context, words};
use crate::publish::results::Released;

const UNREADABLE: &str = " The range in the title leaves out definitions that are not interpretable.";

/// One definition that can be shown.
#[derive(Clone, Debug)]
struct Point {
    value: f64,
    interval: Option<(f64, f64)>,
    declared: bool,
    /// Which rows of the matrix are marked.
    marks: Vec<usize>,
    /// Position of the row among the chart's.
    row: usize,
}

/// The curve and the matrix below it.
#[derive(Clone, Debug)]
struct Curve {
    points: Vec<Point>,
    rows: Vec<String>,
    /// Said where nothing can be shown.
    words: String,
}

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let all = specifications(released, context);
    let first = all.first()?;
    let curve = Curve::of(&all);
    let hidden = all.len() - curve.points.len();
    let hidden = if hidden == 0 { String::new() } else { format!(" {} hidden.", words::plural(hidden, "definition")) };
    Some(Drawing {
        title: title(&curve, &all),
        subtitle: format!("Response rate by definition · {}", cohort(first.row)),
        method: format!(
            "Each column is one definition; the filled one is declared in the pipeline. Wilson intervals.{hidden}{}",
            if all.iter().any(|one| is_uninterpretable(one.row)) { UNREADABLE } else { "" }
        ),
        alt: described(&all, context),
        rows: ids(all.iter().map(|one| one.row)),
        plot: Box::new(move |width| curve.scene(width)),
    })
}

fn title(curve: &Curve, all: &[Specification<'_>]) -> String {
    let declared = all.iter().find(|one| one.declared).and_then(|one| words::number(one.row));
    let mut readable = curve.points.iter().filter(|point| !is_uninterpretable(all[point.row].row));
    let ends = readable.next().map(|first| (first, readable.next_back().unwrap_or(first)));
    let Some((declared, (first, last))) = declared.zip(ends) else {
        return "The response rate as declared cannot be shown".to_owned();
    };
    let percent = |value: f64| format!("{:.0}\u{A0}%", 100.0 * value);
    format!("{declared} as declared; other definitions give {} to {}", percent(first.value), percent(last.value))
}

fn described(all: &[Specification<'_>], context: &Context<'_>) -> String {
    let one = |one: &Specification<'_>| {
        let declared = if one.declared { ", declared" } else { "" };
        let unreadable = if is_uninterpretable(one.row) { " (not interpretable)" } else { "" };
        let number = words::compact(one.row).unwrap_or_else(|| words::reason(one.row));
        let label = context.label(&one.measure.id);
        format!("{label}, {}, {}{declared}: {number}{unreadable}.", one.horizon.label, words::estimand(one.estimand))
    };
    all.iter().map(one).collect::<Vec<_>>().join(" ")
}

impl Curve {
    fn of(all: &[Specification<'_>]) -> Self {
        let mut measures: Vec<&str> = Vec::new();
        for one in all {
            if !measures.contains(&one.measure.label.as_str()) {
                measures.push(&one.measure.label);
            }
        }
        let point = |(row, one): (usize, &Specification<'_>)| {
            let measure = measures.iter().position(|label| *label == one.measure.label)?;
            let horizon = HORIZONS.iter().position(|horizon| *horizon == one.horizon)?;
            let estimand = ESTIMANDS.iter().position(|estimand| *estimand == one.estimand)?;
            Some(Point {
                value: one.row.value?,
                interval: one.row.ci_low.zip(one.row.ci_high),
                declared: one.declared,
                marks: vec![measure, measures.len() + horizon, measures.len() + HORIZONS.len() + estimand],
                row,
            })
        };
        let mut points: Vec<Point> = all.iter().enumerate().filter_map(point).collect();
        points.sort_by(|one, other| one.value.total_cmp(&other.value));
        let names = measures.iter().map(|label| words::tied(label));
        let horizons = HORIZONS.iter().map(|horizon| horizon.label.to_owned());
        let ways = ESTIMANDS.iter().map(|estimand| words::estimand(*estimand).to_owned());
        let words = all.first().map_or_else(String::new, |one| words::reason(one.row));
        Self { points, rows: names.chain(horizons).chain(ways).collect(), words }
    }

    fn scene(&self, wide: f64) -> Scene {
        let narrow = wide <= NARROW;
        let (curve, row) = if narrow { (170.0, 15.0) } else { (220.0, 17.0) };
        let widest = self.rows.iter().map(|text| width(text, SMALL, Weight::Regular)).fold(46.0, f64::max);
        let left = widest.min(if narrow { 165.0 } else { 230.0 }) + 12.0;
        let foot = curve + 14.0 + row * self.rows.len() as f64;
        let mut scene = Scene::new(wide, foot + 6.0);
        let right = wide - 8.0;
        let share = Scale::share();
        for (value, text) in &share.ticks {
            let y = share.place(*value, curve, 12.0);
            scene.line((left, y), (right, y), Ink::Hairline, 1.0);
            scene.text((left - 8.0, y + 4.0), Anchor::End, SMALL, Ink::Grey, text.clone());
        }
        for (number, name) in self.rows.iter().enumerate() {
            let y = curve + 14.0 + (number as f64 + 0.5) * row;
            let name = fit(name, left - 12.0, SMALL, Weight::Regular);
            scene.text((left - 8.0, y + 4.0), Anchor::End, SMALL, Ink::Grey, name);
            scene.line((left, y), (right, y), Ink::Hairline, 0.5);
        }
        if self.points.is_empty() {
            let words = fit(&self.words, right - left - 12.0, LABEL, Weight::Regular);
            scene.text((left + 8.0, 40.0), Anchor::Start, LABEL, Ink::Grey, words);
        }
        let step = (right - left) / self.points.len().max(1) as f64;
        for (number, point) in self.points.iter().enumerate() {
            let x = left + (number as f64 + 0.5) * step;
            point.draw(&mut scene, x, |value| share.place(value, curve, 12.0));
            scene.value((x, share.place(point.value, curve, 12.0)), point.row);
            for &mark in &point.marks {
                let y = curve + 14.0 + (mark as f64 + 0.5) * row;
                point.dot(&mut scene, (x, y), (0.4 * step).clamp(1.0, 2.5));
            }
        }
        scene
    }
}

impl Point {
    fn draw(&self, scene: &mut Scene, x: f64, y: impl Fn(f64) -> f64) {
        if let Some((low, high)) = self.interval {
            let (ink, weight) = if self.declared { (Ink::Accent, 2.0) } else { (Ink::Rule, 1.0) };
            scene.line((x, y(low)), (x, y(high)), ink, weight);
        }
        self.dot(scene, (x, y(self.value)), if self.declared { POINT + 0.5 } else { POINT - 1.0 });
    }

    fn dot(&self, scene: &mut Scene, at: (f64, f64), radius: f64) {
        let ink = if self.declared { Ink::Accent } else { Ink::Rule };
        let inside = if self.declared { Ink::Accent } else { Ink::Paper };
        scene.marks.push(Mark::Dot { at, radius, ink, inside });
    }
}
