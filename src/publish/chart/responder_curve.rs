//! Share of patients whose pain fell by at least so much, for every so much
//! (Farrar 2006): no threshold is privileged.

use super::scale::Scale;
use super::scene::{Anchor, Mark, Scene};
use super::text::{Weight, width};
use super::theme::{Ink, LABEL, NARROW, POINT, SMALL};
use super::{Drawing, ids};
use crate::estimate::result::Estimand;
use crate::publish::report::select::{self, Query};
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

/// One threshold.
#[derive(Clone, Debug)]
struct Step {
    reduction: f64,
    share: Option<f64>,
    interval: Option<(f64, f64)>,
    words: String,
}

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let rows = rows(released, context);
    let first = *rows.first()?;
    let steps: Vec<Step> = rows.iter().filter_map(|row| step(row)).collect();
    let hidden = rows.iter().filter(|row| row.value.is_none()).count();
    Some(Drawing {
        title: title(&steps),
        subtitle: subtitle(first, context),
        method: format!("Patients without a score count as no reduction at every threshold. {}", gaps(hidden))
            .trim()
            .to_owned(),
        alt: steps
            .iter()
            .map(|step| format!("At least {:.0} percent less pain: {}.", step.reduction, step.words))
            .collect::<Vec<_>>()
            .join(" "),
        rows: ids(rows.iter().copied()),
        plot: Box::new(move |width| scene(&steps, width)),
    })
}

/// The curve of the headline cohort, else of whichever cohort has one.
fn rows<'a>(released: &'a Released, context: &Context<'_>) -> Vec<&'a ResultRow> {
    let curve = |row: &&ResultRow| {
        row.measure_id == "responder_curve"
            && row.stratum_name == "reduction_at_least_pct"
            && row.condition == select::ALL
            && row.site == select::ALL
    };
    let preferred = Query {
        stratum: "reduction_at_least_pct",
        estimand: Estimand::Nri,
        ..Query::rate("responder_curve", select::headline(released), context)
    };
    let rows: Vec<&ResultRow> = preferred.rows(released).collect();
    if !rows.is_empty() {
        return rows;
    }
    let first = released.rows().iter().find(curve).map(|row| row.population);
    released.rows().iter().filter(curve).filter(|row| Some(row.population) == first).collect()
}

fn step(row: &ResultRow) -> Option<Step> {
    Some(Step {
        reduction: row.stratum_level.parse().ok()?,
        share: row.value,
        interval: row.ci_low.zip(row.ci_high),
        words: words::number_or_reason(row),
    })
}

fn at(steps: &[Step], reduction: i32) -> Option<&Step> {
    steps.iter().find(|step| step.reduction as i32 == reduction && step.share.is_some())
}

fn title(steps: &[Step]) -> String {
    match (at(steps, 30), at(steps, 50)) {
        (Some(moderate), Some(large)) => {
            format!("{} had at least 30\u{A0}% less pain, {} at least 50\u{A0}%", moderate.words, large.words)
        }
        (Some(moderate), None) => format!("{} had at least 30\u{A0}% less pain", moderate.words),
        _ => "The share of patients with less pain cannot be shown".to_owned(),
    }
}

fn subtitle(row: &ResultRow, context: &Context<'_>) -> String {
    format!("Patients by how much less pain they had at {} · {}", context.horizon(), super::cohort(row))
}

fn gaps(hidden: usize) -> String {
    if hidden == 0 { String::new() } else { format!("{} hidden: see the table.", words::plural(hidden, "threshold")) }
}

struct Plot {
    left: f64,
    right: f64,
    top: f64,
    foot: f64,
    share: Scale,
}

impl Plot {
    fn x(&self, reduction: f64) -> f64 {
        self.left + reduction / 100.0 * (self.right - self.left)
    }

    fn y(&self, share: f64) -> f64 {
        self.share.place(share, self.foot, self.top)
    }
}

fn scene(steps: &[Step], width: f64) -> Scene {
    let height = if width <= NARROW { 270.0 } else { 320.0 };
    let plot = Plot { left: 46.0, right: width - 18.0, top: 12.0, foot: height - 44.0, share: Scale::share() };
    let mut scene = Scene::new(width, height);
    band(&mut scene, &plot, steps);
    axes(&mut scene, &plot, width);
    for run in runs(steps) {
        let points = run.iter().filter_map(|step| Some((plot.x(step.reduction), plot.y(step.share?)))).collect();
        scene.marks.push(Mark::Path { points, ink: Ink::Accent, width: 2.0 });
    }
    marked(&mut scene, &plot, steps);
    for (index, step) in steps.iter().enumerate() {
        if let Some(share) = step.share {
            scene.value((plot.x(step.reduction), plot.y(share)), index);
        }
    }
    if steps.iter().all(|step| step.share.is_none()) {
        let words = steps.first().map(|step| step.words.clone()).unwrap_or_default();
        scene.text((plot.left + 8.0, plot.top + 20.0), Anchor::Start, LABEL, Ink::Grey, words);
    }
    scene
}

/// Stretches of thresholds that are all shown: a line never bridges a hidden one.
fn runs(steps: &[Step]) -> impl Iterator<Item = &[Step]> {
    steps.split(|step| step.share.is_none()).filter(|run| !run.is_empty())
}

fn band(scene: &mut Scene, plot: &Plot, steps: &[Step]) {
    for run in runs(steps) {
        let upper = run.iter().filter_map(|step| Some((plot.x(step.reduction), plot.y(step.interval?.1))));
        let lower = run.iter().rev().filter_map(|step| Some((plot.x(step.reduction), plot.y(step.interval?.0))));
        let points: Vec<_> = upper.chain(lower).collect();
        if points.len() > 2 {
            scene.marks.push(Mark::Shape { points, ink: Ink::Band });
        }
    }
}

fn axes(scene: &mut Scene, plot: &Plot, width: f64) {
    for (value, text) in &plot.share.ticks {
        let y = plot.y(*value);
        scene.line((plot.left, y), (plot.right, y), Ink::Hairline, 1.0);
        scene.text((plot.left - 8.0, y + 4.0), Anchor::End, SMALL, Ink::Grey, text.clone());
    }
    let every = if width <= NARROW { 2 } else { 1 };
    for tenth in (0..=10).filter(|tenth| tenth % every == 0) {
        let text = format!("{}\u{A0}%", tenth * 10);
        scene.text((plot.x(f64::from(tenth) * 10.0), plot.foot + 18.0), Anchor::Middle, SMALL, Ink::Grey, text);
    }
    scene.text((plot.left, plot.foot + 38.0), Anchor::Start, SMALL, Ink::Grey, "Reduction in pain of at least …");
}

/// The two thresholds with a name in the literature carry their number.
fn marked(scene: &mut Scene, plot: &Plot, steps: &[Step]) {
    for reduction in [30, 50] {
        let Some(step) = at(steps, reduction) else { continue };
        let (x, y) = (plot.x(step.reduction), plot.y(step.share.unwrap_or_default()));
        scene.dashes((x, plot.foot), (x, y), Ink::Rule);
        scene.marks.push(Mark::Dot { at: (x, y), radius: POINT + 1.0, ink: Ink::Accent, inside: Ink::Accent });
        let text = format!("{} at ≥\u{A0}{reduction}\u{A0}%", step.words);
        // Above the band, which only falls to the right, so that the two never cross.
        let above = step.interval.map_or(y, |(_, high)| plot.y(high));
        let room = width(&text, LABEL, Weight::Bold);
        scene.rect((x + 3.0, above - 21.0), (x + 9.0 + room, above - 3.0), Ink::Paper);
        scene.bold((x + 6.0, above - 8.0), Anchor::Start, LABEL, text);
    }
}
