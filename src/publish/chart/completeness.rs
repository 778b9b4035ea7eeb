//! Who has a pain score: one tile a site and horizon, filled as far as the data
//! are there.

use super::scene::{Anchor, Mark, Scene};
use super::text::{Weight, fit, width};
use super::theme::{Ink, LABEL, NARROW, SMALL};
use super::{Drawing, ids};
use crate::estimate::analysis::NOT_INTERPRETABLE;
use crate::estimate::analysis::completeness::PAIN;
use crate::estimate::result::{Estimand, Maturity, Population};
use crate::model::horizon::HORIZONS;
use crate::publish::report::select::{ALL, Query};
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

/// One site at one horizon.
#[derive(Clone, Debug)]
struct Tile {
    share: Option<f64>,
    percent: String,
    counts: String,
    words: String,
    mature: bool,
}

/// One site, all of them first.
#[derive(Clone, Debug)]
struct Line {
    label: String,
    tiles: Vec<Tile>,
}

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let sites =
        std::iter::once(ALL).chain(context.sites.iter().map(String::as_str).filter(|_| context.sites.len() > 1));
    let rows: Vec<(&str, Vec<&ResultRow>)> = sites
        .map(|site| {
            let at = |horizon: &'static str| {
                let query = Query::rate(PAIN, Population::ToDate, context);
                Query { estimand: Estimand::Oc, horizon, site, ..query }.find(released)
            };
            (site, HORIZONS.iter().filter_map(|horizon| at(horizon.id)).collect::<Vec<_>>())
        })
        .filter(|(_, rows)| rows.len() == HORIZONS.len())
        .collect();
    let lines: Vec<Line> = rows.iter().map(|(site, rows)| line(site, rows)).collect();
    let overall = rows.first()?.1.clone();
    let alt = lines.iter().map(|line| {
        let tiles = line.tiles.iter().zip(HORIZONS).map(|(tile, horizon)| format!("{}: {}", horizon.label, tile.words));
        format!("{}: {}.", line.label, tiles.collect::<Vec<_>>().join(", "))
    });
    Some(Drawing {
        title: title(&overall),
        subtitle: "Patients with a pain score, of those due, by site and time since the first infusion · everything to date".to_owned(),
        method: "A tile is filled as far as the data are there. Hatched, with an exclamation mark: below 60\u{A0}%, where nothing should be compared. Dash: not shown.".to_owned(),
        alt: alt.collect::<Vec<_>>().join(" "),
        rows: ids(rows.iter().flat_map(|(_, rows)| rows.iter().copied())),
        plot: Box::new(move |width| scene(&lines, width)),
    })
}

fn line(site: &str, rows: &[&ResultRow]) -> Line {
    let label = if site == ALL { "All sites".to_owned() } else { site.to_owned() };
    Line { label, tiles: rows.iter().map(|row| tile(row)).collect() }
}

fn tile(row: &ResultRow) -> Tile {
    let counts = words::of(row);
    Tile {
        share: row.value,
        percent: words::number(row).unwrap_or_default(),
        words: match (words::number(row), &counts) {
            (Some(percent), Some(counts)) => format!("{percent} ({counts})"),
            _ => words::reason(row),
        },
        counts: counts.unwrap_or_default(),
        mature: row.maturity == Maturity::Mature,
    }
}

/// Where the data are thinnest.
fn title(overall: &[&ResultRow]) -> String {
    let shown = overall.iter().zip(HORIZONS).filter_map(|(row, horizon)| Some((row, row.value?, horizon)));
    let thinnest = shown.min_by(|(_, one, _), (_, other, _)| one.total_cmp(other));
    thinnest.map_or_else(
        || "For whom a pain score is there cannot be shown".to_owned(),
        |(row, _, horizon)| {
            format!("Pain scores are thinnest at {}: {} of those due", horizon.label, words::number_or_reason(row))
        },
    )
}

const ROW: f64 = 44.0;
/// With the counts on two lines, where a tile is as narrow as on a phone.
const TALL_ROW: f64 = 56.0;
const TOP: f64 = 26.0;
const COUNTS: f64 = 11.0;

/// Counts as they fit into a tile: on one line or two.
fn counts(tile: &Tile, wide: f64) -> Vec<&str> {
    if width(&tile.counts, COUNTS, Weight::Regular) <= wide - 4.0 {
        return vec![&tile.counts];
    }
    tile.counts.rsplit_once(' ').map_or_else(|| vec![tile.counts.as_str()], |(part, all)| vec![part, all])
}

fn scene(lines: &[Line], canvas: f64) -> Scene {
    let left = if canvas <= NARROW { 74.0 } else { 150.0 };
    let step = (canvas - left) / HORIZONS.len() as f64;
    let wide = step - 4.0;
    let broken = lines.iter().flat_map(|line| &line.tiles).any(|tile| counts(tile, wide).len() > 1);
    let height = if broken { TALL_ROW } else { ROW };
    let mut scene = Scene::new(canvas, TOP + height * lines.len() as f64 + 22.0);
    for (column, horizon) in HORIZONS.iter().enumerate() {
        let label = horizon.label.replace("weeks", "wk").replace(' ', "\u{A0}");
        scene.text((left + (column as f64 + 0.5) * step, 14.0), Anchor::Middle, SMALL, Ink::Grey, label);
    }
    for (row, line) in lines.iter().enumerate() {
        let top = TOP + row as f64 * height;
        let label = fit(&line.label, left - 10.0, LABEL, Weight::Regular);
        scene.text((0.0, top + height / 2.0 + 3.0), Anchor::Start, LABEL, Ink::Text, label);
        for (column, tile) in line.tiles.iter().enumerate() {
            let corner = (left + column as f64 * step, top);
            draw_tile(&mut scene, tile, corner, (wide, height - 4.0));
            if tile.share.is_some() {
                let middle = (corner.0 + step / 2.0, top + height / 2.0);
                scene.value(middle, row * HORIZONS.len() + column);
            }
        }
    }
    if lines.iter().flat_map(|line| &line.tiles).any(|tile| !tile.mature) {
        scene.text((canvas, scene.height - 4.0), Anchor::End, SMALL, Ink::Grey, "* not everyone's window has closed");
    }
    scene
}

fn draw_tile(scene: &mut Scene, tile: &Tile, (left, top): (f64, f64), (wide, high): (f64, f64)) {
    let (right, foot) = (left + wide, top + high);
    let middle = left + wide / 2.0;
    let Some(share) = tile.share else {
        frame(scene, (left, top), (right, foot));
        scene.text((middle, top + high / 2.0 + 4.0), Anchor::Middle, LABEL, Ink::Grey, "\u{2013}");
        return;
    };
    let low = share < NOT_INTERPRETABLE;
    let until = left + wide * share.clamp(0.0, 1.0);
    if low {
        hatch(scene, (left, top), (until, foot));
    } else {
        scene.rect((left, top), (until, foot), Ink::Band);
    }
    frame(scene, (left, top), (right, foot));
    // Before the number it would be read as a digit of it.
    let mark = if low { "\u{A0}!" } else { "" };
    let open = if tile.mature { "" } else { "\u{A0}*" };
    scene.bold((middle, top + 17.0), Anchor::Middle, LABEL, format!("{}{mark}{open}", tile.percent));
    for (line, text) in counts(tile, wide).into_iter().enumerate() {
        let baseline = top + 33.0 + 13.0 * line as f64;
        scene.text((middle, baseline), Anchor::Middle, COUNTS, Ink::Text, text.to_owned());
    }
}

fn frame(scene: &mut Scene, (left, top): (f64, f64), (right, foot): (f64, f64)) {
    let points = vec![(left, top), (right, top), (right, foot), (left, foot), (left, top)];
    scene.marks.push(Mark::Path { points, ink: Ink::Rule, width: 1.0 });
}

/// Slanted lines, cut at the edges.
fn hatch(scene: &mut Scene, (left, top): (f64, f64), (right, foot): (f64, f64)) {
    let height = foot - top;
    let mut start = left - height;
    while start < right {
        let enter = (left - start).max(0.0);
        let leave = (right - start).min(height);
        if leave > enter {
            scene.line((start + enter, foot - enter), (start + leave, foot - leave), Ink::Hatch, 1.0);
        }
        start += 7.0;
    }
}
