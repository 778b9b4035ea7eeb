//! Daily opioid doses before treatment and at the horizon: the share of patients
//! in each band, one bar for each time. Never patients.

use super::scale::Scale;
use super::scene::{Anchor, Scene};
use super::text::{Weight, fit, width};
use super::theme::{Ink, LABEL, NARROW, SMALL};
use super::{Drawing, ids};
use crate::derive::opioid_counts::BANDS;
use crate::estimate::analysis::opioid_doses::{AFTER, BAND, BEFORE};
use crate::estimate::result::Estimand;
use crate::publish::report::select::{self, Query};
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

/// The band of doses nobody knows.
const UNKNOWN: &str = BANDS[4].0;

/// One bar.
#[derive(Clone, Debug)]
struct Bar {
    share: Option<f64>,
    words: String,
    after: bool,
}

/// The bars of every band, before and after.
#[derive(Clone, Debug)]
struct Bars {
    bands: Vec<(&'static str, [Bar; 2])>,
}

const BAR: f64 = 13.0;
const STEP: f64 = 18.0;
/// Room for the number at the end of a bar.
const NUMBER: f64 = 190.0;

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let population = select::by_condition(released);
    let find = |id: &'static str, level: &str| {
        let estimand = if level == UNKNOWN { Estimand::Nri } else { Estimand::Oc };
        let query = Query { stratum: BAND, estimand, ..Query::rate(id, population, context) };
        query.rows(released).find(|row| row.stratum_level == level)
    };
    let pairs: Vec<(&'static str, [&ResultRow; 2])> =
        BANDS.iter().filter_map(|(level, label)| Some((*label, [find(BEFORE, level)?, find(AFTER, level)?]))).collect();
    let (_, [first, _]) = *pairs.first()?;
    let bands = pairs.iter().map(|(label, [before, after])| (*label, [bar(before, false), bar(after, true)])).collect();
    let bars = Bars { bands };
    let one = |(label, [before, after]): &(&str, [&ResultRow; 2])| {
        let number = |row: &ResultRow| words::compact(row).unwrap_or_else(|| words::reason(row));
        format!("{label}: {} before, {} at {}.", number(before), number(after), context.horizon())
    };
    Some(Drawing {
        title: title(&pairs, context),
        subtitle: format!(
            "Patients on opioids before treatment by average daily dose, {} · {}",
            context.protocol.factors.title,
            super::cohort(first)
        ),
        method: format!(
            "Grey: the 30 days before treatment; blue: the 30 days before {}. Bands are of patients whose dose is known at both times, the last bar of everyone with a known dose above 0 before. Not computable afterwards: no list confirmed, an opioid without a factor, or a prescription set aside; what these patients were prescribed is not known. Wilson intervals.",
            context.horizon()
        ),
        alt: pairs.iter().map(one).collect::<Vec<_>>().join(" "),
        rows: ids(pairs.iter().flat_map(|(_, rows)| *rows)),
        plot: Box::new(move |width| bars.scene(width)),
    })
}

fn bar(row: &ResultRow, after: bool) -> Bar {
    let when = if after { "after" } else { "before" };
    // Everyone had a known dose above 0 before: an interval around none would pretend to be an estimate.
    let ruled_out = !after && row.value == Some(0.0) && ["none", "unknown"].contains(&row.stratum_level.as_str());
    let number = if ruled_out { Some("none".to_owned()) } else { words::compact(row) };
    let words = number.map_or_else(|| words::reason(row), |number| format!("{when} {number}"));
    Bar { share: row.value, words, after }
}

/// What moved at the upper end, and how much is not known.
fn title(pairs: &[(&str, [&ResultRow; 2])], context: &Context<'_>) -> String {
    let last = pairs.last().and_then(|(_, [_, after])| words::number(after));
    let most = pairs.iter().rev().nth(1).map(|(_, rows)| rows.map(words::number));
    match (most, last) {
        (Some([Some(before), Some(after)]), Some(unknown)) => format!(
            "Of those with both doses known {before} were prescribed 90\u{A0}MME/day or more before, {after} at {}; for {unknown} of all the dose is then unknown",
            context.horizon()
        ),
        _ => "How the doses changed cannot be shown in full".to_owned(),
    }
}

impl Bars {
    fn scene(&self, wide: f64) -> Scene {
        let narrow = wide <= NARROW;
        let widest = self.bands.iter().map(|(label, _)| width(label, LABEL, Weight::Regular)).fold(0.0, f64::max);
        let from = if narrow { 0.0 } else { widest + 16.0 };
        let head = if narrow { 22.0 } else { 4.0 };
        let band = head + 2.0 * STEP + 10.0;
        let foot = band * self.bands.len() as f64;
        let mut scene = Scene::new(wide, foot + 4.0);
        let to = wide - NUMBER;
        scene.line((from, 0.0), (from, foot), Ink::Rule, 1.0);
        for (index, (label, bars)) in self.bands.iter().enumerate() {
            let top = index as f64 * band;
            let down = if narrow { top + 16.0 } else { top + head + STEP + 4.0 };
            let room = if narrow { wide } else { widest };
            if narrow {
                scene.rect((0.0, top), (wide, top + head), Ink::Paper);
            }
            scene.text((0.0, down), Anchor::Start, LABEL, Ink::Text, fit(label, room, LABEL, Weight::Regular));
            for (time, bar) in bars.iter().enumerate() {
                bar.draw(&mut scene, (from, to), top + head + time as f64 * STEP, 2 * index + time);
            }
        }
        scene
    }
}

impl Bar {
    fn draw(&self, scene: &mut Scene, (from, to): (f64, f64), top: f64, row: usize) {
        let Some(share) = self.share else {
            let words = fit(&self.words, scene.width - from - 8.0, SMALL, Weight::Regular);
            return scene.text((from + 6.0, top + 11.0), Anchor::Start, SMALL, Ink::Grey, words);
        };
        let end = Scale::share().place(share, from, to);
        scene.rect((from, top), (end, top + BAR), if self.after { Ink::Accent } else { Ink::Rule });
        let words = fit(&self.words, scene.width - end - 6.0, SMALL, Weight::Regular);
        scene.text((end + 6.0, top + 11.0), Anchor::Start, SMALL, Ink::Text, words);
        scene.value((end, top + BAR / 2.0), row);
    }
}
