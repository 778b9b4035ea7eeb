//! How long relief lasts: Kaplan–Meier on days, read off at the reporting weeks,
//! with those at risk below. Drawn as steps, as the estimate is one: a share
//! stands until the next week read off.

use super::scale::Scale;
use super::scene::{Anchor, At, Mark, Scene};
use super::text::{Weight, fit};
use super::theme::{Ink, LABEL, NARROW, SMALL};
use super::{Drawing, cohort, ids};
use crate::publish::report::durability::{SOONEST, Step, median, steps};
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

/// One curve as drawn.
#[derive(Clone, Debug)]
struct Line {
    /// Weeks and share; a hidden point is passed over.
    points: Vec<(f64, f64)>,
    /// Weeks and interval.
    band: Vec<(f64, f64, f64)>,
    /// Weeks and those at risk, or why not.
    at_risk: Vec<(f64, String)>,
    /// Weeks, share and position of the row among the chart's.
    values: Vec<(f64, f64, usize)>,
    /// Weeks and position of the row of those at risk, where they are shown.
    counted: Vec<(f64, usize)>,
}

impl Line {
    /// `rows` are the chart's.
    fn of(steps: &[Step<'_>], rows: &[String]) -> Self {
        let position = |row: &ResultRow| rows.iter().position(|id| *id == row.result_id);
        let value = |step: &Step<'_>| Some((step.weeks, step.survival.value?, position(step.survival)?));
        let counted = |step: &Step<'_>| {
            let row = step.at_risk.filter(|row| row.value.is_some())?;
            Some((step.weeks, position(row)?))
        };
        let share = |step: &Step<'_>| Some((step.weeks, step.survival.value?));
        let band = |step: &Step<'_>| Some((step.weeks, step.survival.ci_low?, step.survival.ci_high?));
        let count = |step: &Step<'_>| {
            let row = step.at_risk?;
            Some((step.weeks, words::bare(row).unwrap_or_else(|| "hidden".to_owned())))
        };
        Self {
            points: steps.iter().filter_map(share).collect(),
            band: steps.iter().filter_map(band).collect(),
            at_risk: steps.iter().filter_map(count).collect(),
            values: steps.iter().filter_map(value).collect(),
            counted: steps.iter().filter_map(counted).collect(),
        }
    }
}

pub(super) fn draw(released: &Released, _context: &Context<'_>) -> Option<Drawing> {
    let relief = steps(released, "relief_curve");
    let first = relief.first()?;
    let untreated = steps(released, "relief_first_curve");
    let middle = median(released, "relief_curve");
    let each = relief.iter().flat_map(|step| [Some(step.survival), step.at_risk]).flatten();
    let rows = ids(each.chain(untreated.iter().map(|step| step.survival)));
    let lines = [&relief, &untreated].map(|steps| Line::of(steps, &rows));
    let last = relief.last().map_or(52.0, |step| step.weeks);
    let why = words::reason(first.survival);
    Some(Drawing {
        title: title(median(released, SOONEST), middle, relief.iter().any(|step| step.survival.value.is_some())),
        subtitle: format!("Share whose pain was still at least 30\u{A0}% lower, weeks since it first was · {}", cohort(first.survival)),
        method: "Kaplan–Meier on days, read off at the weeks marked and drawn as steps: a drop stands at the week before which it came. Log-log intervals (Greenwood). Losses are dated by the visit that showed them, true times are shorter; how much at most is in the table. Whoever is no longer seen is not counted on.".to_owned(),
        alt: described(&relief),
        rows,
        plot: Box::new(move |width| {
            let mut scene = scene(&lines, last, width);
            if lines[0].points.is_empty() {
                nothing(&mut scene, &why, width);
            }
            scene
        }),
    })
}

/// Losses lie between two visits, and so does the median.
fn title(soonest: Option<&ResultRow>, latest: Option<&ResultRow>, shown: bool) -> String {
    let soonest = soonest.and_then(words::bare);
    match (soonest, latest.and_then(words::bare)) {
        (Some(soonest), Some(weeks)) if soonest != weeks => {
            format!("An estimated half of those with relief had lost it after between {soonest} and {weeks} weeks")
        }
        (_, Some(weeks)) => format!("An estimated half of those with relief had lost it by {weeks} weeks"),
        (_, None) if shown => "Half of those with relief had not lost it by the last week shown".to_owned(),
        (_, None) => "How long relief lasts cannot be shown".to_owned(),
    }
}

fn described(steps: &[Step<'_>]) -> String {
    let one = |step: &Step<'_>| {
        let number = words::compact(step.survival).unwrap_or_else(|| words::reason(step.survival));
        format!("At {:.0} weeks: {number}.", step.weeks)
    };
    steps.iter().map(one).collect::<Vec<_>>().join(" ")
}

const TOP: f64 = 44.0;
const PLOT: f64 = 240.0;
const LEFT: f64 = 44.0;

fn scene(lines: &[Line; 2], last: f64, width: f64) -> Scene {
    let foot = TOP + PLOT;
    let mut scene = Scene::new(width, foot + 74.0);
    let right = width - 24.0;
    let x = |weeks: f64| LEFT + weeks / last.max(1.0) * (right - LEFT);
    let shares = Scale::share();
    for (value, text) in &shares.ticks {
        let y = shares.place(*value, foot, TOP);
        scene.line((LEFT, y), (right, y), Ink::Hairline, 1.0);
        scene.text((LEFT - 6.0, y + 4.0), Anchor::End, SMALL, Ink::Grey, text.clone());
    }
    key(&mut scene);
    band(&mut scene, &lines[0], x, |share| shares.place(share, foot, TOP));
    for (line, (ink, weight)) in lines.iter().zip([(Ink::Accent, 2.5), (Ink::Rule, 1.5)]) {
        let at = |&(weeks, share): &(f64, f64)| (x(weeks), shares.place(share, foot, TOP));
        let points: Vec<At> = line.points.iter().map(at).collect();
        scene.marks.extend(points.iter().map(|&at| Mark::Dot { at, radius: weight, ink, inside: ink }));
        if points.len() > 1 {
            scene.marks.push(Mark::Path { points: stairs(points), ink, width: weight });
        }
        for &(weeks, share, row) in &line.values {
            scene.value((x(weeks), shares.place(share, foot, TOP)), row);
        }
    }
    table(&mut scene, &lines[0], x, foot, width);
    for &(weeks, row) in &lines[0].counted {
        scene.value((x(weeks), foot + 56.0), row);
    }
    scene
}

/// The corners of a step function through the points: level until the next one.
fn stairs(points: impl IntoIterator<Item = At>) -> Vec<At> {
    let mut corners: Vec<At> = Vec::new();
    for (x, y) in points {
        corners.extend(corners.last().map(|&(_, before)| (x, before)));
        corners.push((x, y));
    }
    corners
}

/// Said in the plot where no point can be shown: an empty plot is not a flat line.
fn nothing(scene: &mut Scene, why: &str, width: f64) {
    let text = fit(&format!("Not shown: {why}"), width - LEFT - 32.0, LABEL, Weight::Regular);
    scene.text((LEFT + 8.0, TOP + PLOT / 2.0 + 4.0), Anchor::Start, LABEL, Ink::Grey, text);
}

/// What the lines are, above the plot.
fn key(scene: &mut Scene) {
    for (y, ink, weight, text) in
        [(10.0, Ink::Accent, 2.5, "Still better"), (28.0, Ink::Rule, 1.5, "… and without another infusion")]
    {
        scene.line((LEFT, y), (LEFT + 22.0, y), ink, weight);
        scene.text((LEFT + 30.0, y + 4.5), Anchor::Start, LABEL, Ink::Text, text);
    }
}

fn band(scene: &mut Scene, line: &Line, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) {
    let high = line.band.iter().map(|&(weeks, _, high)| (x(weeks), y(high)));
    let low = line.band.iter().map(|&(weeks, low, _)| (x(weeks), y(low)));
    let points: Vec<At> = stairs(high).into_iter().chain(stairs(low).into_iter().rev()).collect();
    if line.band.len() > 1 {
        scene.marks.push(Mark::Shape { points, ink: Ink::Band });
    }
}

/// Weeks and those at risk, as many as there is room for.
fn table(scene: &mut Scene, line: &Line, x: impl Fn(f64) -> f64, foot: f64, width: f64) {
    let room = if width <= NARROW { 52.0 } else { 46.0 };
    scene.text(
        (0.0, foot + 40.0),
        Anchor::Start,
        SMALL,
        Ink::Grey,
        "Weeks since relief began; below, patients still at risk",
    );
    let mut free = f64::NEG_INFINITY;
    for (weeks, count) in &line.at_risk {
        if x(*weeks) - free < room {
            continue;
        }
        free = x(*weeks);
        scene.text((free, foot + 18.0), Anchor::Middle, SMALL, Ink::Grey, format!("{weeks:.0}"));
        scene.text((free, foot + 60.0), Anchor::Middle, SMALL, Ink::Text, count.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::stairs;

    #[test]
    fn a_share_stands_until_the_next_week() {
        assert_eq!(
            stairs([(0.0, 1.0), (4.0, 0.8), (8.0, 0.5)]),
            [(0.0, 1.0), (4.0, 1.0), (4.0, 0.8), (8.0, 0.8), (8.0, 0.5)]
        );
        assert_eq!(stairs([(0.0, 1.0)]), [(0.0, 1.0)]);
        assert!(stairs([]).is_empty());
    }
}
