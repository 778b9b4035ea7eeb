//! Response by quarter of treatment, the immature ones marked.

use super::forest::stacked;
use super::scale::Scale;
use super::scene::{Anchor, Mark, Scene};
use super::text::{Weight, wrap};
use super::theme::{INTERVAL, Ink, NARROW, POINT, SMALL};
use super::{Drawing, ids};
use crate::estimate::result::{Maturity, Population};
use crate::model::calendar::Period;
use crate::publish::report::select::{self, Query};
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

/// One quarter as drawn.
#[derive(Clone, Debug)]
struct Quarter {
    year: i32,
    number_in_year: u32,
    number: Option<(f64, f64, f64)>,
    words: String,
    mature: bool,
    hidden: bool,
}

impl Quarter {
    /// What stands where there is no number: the reason, or one word where
    /// the column is too narrow for it. The table has the whole of it.
    fn gap(&self, room: f64) -> &str {
        let lines = wrap(&self.words, room, 11.0, Weight::Regular);
        match (lines.len() <= 3 && lines.join(" ") == self.words, self.hidden) {
            (true, _) => &self.words,
            (false, true) => "hidden",
            (false, false) => "none",
        }
    }
}

/// Quarters a phone has room for.
const ON_A_PHONE: usize = 8;

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let query = Query::rate(context.response(), Population::QuarterSeries, context);
    let mut rows: Vec<&ResultRow> = query.rows(released).filter(|row| row.period_start.is_some()).collect();
    rows.sort_by_key(|row| row.period_start);
    if rows.len() < 2 {
        return None;
    }
    let quarters: Vec<Quarter> = rows.iter().filter_map(|row| quarter(row)).collect();
    let alt = quarters.iter().map(|quarter| {
        format!(
            "{} Q{}: {}{}.",
            quarter.year,
            quarter.number_in_year,
            quarter.words,
            if quarter.mature { "" } else { " (immature)" }
        )
    });
    Some(Drawing {
        title: title(&rows),
        subtitle: format!("{}, at {} · by quarter in which treatment began", context.title(context.response()), context.horizon()),
        method: "Patients without a score count as no response. Wilson intervals. Hatched: some follow-up windows are still open, so the rate will change.".to_owned(),
        alt: alt.collect::<Vec<_>>().join(" "),
        rows: ids(rows.iter().copied()),
        plot: Box::new(move |width| scene(&quarters, width)),
    })
}

fn quarter(row: &ResultRow) -> Option<Quarter> {
    let Period::Quarter(year, quarter) = Period::quarter_of(row.period_start?) else {
        return None;
    };
    let words = words::compact(row).unwrap_or_else(|| words::reason(row));
    Some(Quarter {
        year,
        number_in_year: quarter,
        number: select::estimate(row),
        words,
        mature: row.maturity == Maturity::Mature,
        hidden: row.suppression.hides(),
    })
}

fn title(rows: &[&ResultRow]) -> String {
    select::trend(rows)
        .map_or_else(|| "Not enough quarters to speak of a trend".to_owned(), |trend| words::trend(&trend))
}

struct Plot {
    left: f64,
    step: f64,
    top: f64,
    foot: f64,
    share: Scale,
}

impl Plot {
    fn x(&self, index: usize) -> f64 {
        self.left + (index as f64 + 0.5) * self.step
    }

    fn y(&self, share: f64) -> f64 {
        self.share.place(share, self.foot, self.top)
    }
}

fn scene(quarters: &[Quarter], width: f64) -> Scene {
    let shown = if width <= NARROW { &quarters[quarters.len().saturating_sub(ON_A_PHONE)..] } else { quarters };
    let height = 320.0;
    let step = ((width - 46.0) / shown.len() as f64).min(90.0);
    let plot = Plot { left: 46.0, step, top: 24.0, foot: height - 46.0, share: Scale::share() };
    let mut scene = Scene::new(width, height);
    axes(&mut scene, &plot, width);
    for (index, quarter) in shown.iter().enumerate() {
        if !quarter.mature {
            hatch(&mut scene, &plot, index);
        }
    }
    line(&mut scene, &plot, shown);
    let before = quarters.len() - shown.len();
    for (index, quarter) in shown.iter().enumerate() {
        point(&mut scene, &plot, quarter, index);
        if let Some((value, ..)) = quarter.number {
            scene.value((plot.x(index), plot.y(value)), before + index);
        }
        names(&mut scene, &plot, shown, index);
    }
    scene
}

fn axes(scene: &mut Scene, plot: &Plot, width: f64) {
    for (value, text) in &plot.share.ticks {
        let y = plot.y(*value);
        scene.line((plot.left, y), (width, y), Ink::Hairline, 1.0);
        scene.text((plot.left - 8.0, y + 4.0), Anchor::End, SMALL, Ink::Grey, text.clone());
    }
}

/// Slanted lines over one column, cut at its edges.
fn hatch(scene: &mut Scene, plot: &Plot, index: usize) {
    let (from, to) = (plot.x(index) - plot.step / 2.0, plot.x(index) + plot.step / 2.0);
    let height = plot.foot - plot.top;
    let mut start = from - height;
    while start < to {
        let enter = (from - start).max(0.0);
        let leave = (to - start).min(height);
        if leave > enter {
            scene.line((start + enter, plot.foot - enter), (start + leave, plot.foot - leave), Ink::Hatch, 1.0);
        }
        start += 8.0;
    }
}

/// Joins neighboring mature quarters; a hidden quarter interrupts the line.
fn line(scene: &mut Scene, plot: &Plot, quarters: &[Quarter]) {
    for (index, pair) in quarters.windows(2).enumerate() {
        let [before, after] = pair else { continue };
        if let (Some((from, ..)), Some((to, ..)), true) = (before.number, after.number, before.mature && after.mature) {
            scene.line((plot.x(index), plot.y(from)), (plot.x(index + 1), plot.y(to)), Ink::Band, 2.0);
        }
    }
}

fn point(scene: &mut Scene, plot: &Plot, quarter: &Quarter, index: usize) {
    let x = plot.x(index);
    let Some((value, low, high)) = quarter.number else {
        return stacked(scene, quarter.gap(plot.step - 4.0), (x, plot.foot - 6.0), plot.step - 4.0);
    };
    scene.line((x, plot.y(low)), (x, plot.y(high)), Ink::Accent, INTERVAL);
    let inside = if quarter.mature { Ink::Accent } else { Ink::Paper };
    scene.marks.push(Mark::Dot { at: (x, plot.y(value)), radius: POINT, ink: Ink::Accent, inside });
}

/// The quarter below its column, and the year where it begins.
fn names(scene: &mut Scene, plot: &Plot, quarters: &[Quarter], index: usize) {
    let quarter = &quarters[index];
    scene.text(
        (plot.x(index), plot.foot + 18.0),
        Anchor::Middle,
        SMALL,
        Ink::Grey,
        format!("Q{}", quarter.number_in_year),
    );
    let year_starts = index == 0 || quarters[index - 1].year != quarter.year;
    if year_starts {
        let x = plot.x(index) - plot.step / 2.0 + 4.0;
        scene.text((x, plot.foot + 36.0), Anchor::Start, SMALL, Ink::Grey, quarter.year.to_string());
        scene.line((x - 4.0, plot.foot + 6.0), (x - 4.0, plot.foot + 40.0), Ink::Hairline, 1.0);
    }
}
