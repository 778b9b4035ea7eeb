//! A control chart laid out: points, limits, shading, marks.

use super::scale::Scale;
use super::scene::{Anchor, Mark, Scene};
use super::text::{Weight, width};
use super::theme::{INTERVAL, Ink, NARROW, SMALL};
use crate::model::calendar::Period;

/// One period as drawn.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) period: Period,
    pub(super) value: Option<f64>,
    pub(super) hidden: bool,
    pub(super) mature: bool,
    /// Lower limit, center, upper limit.
    pub(super) band: Option<(f64, f64, f64)>,
    pub(super) marking: Option<Marking>,
    pub(super) rules: Vec<&'static str>,
}

/// How a point that stands out is drawn: its shape says where it went, its
/// color what that means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marking {
    pub(super) up: bool,
    pub(super) concern: bool,
}

/// A chart before it has a width.
pub(super) struct Plot<'a> {
    pub(super) points: &'a [Point],
    pub(super) scale: &'a Scale,
    pub(super) target: Option<f64>,
}

/// Periods a phone has room for.
const ON_A_PHONE: usize = 13;
const LEFT: f64 = 46.0;
const TOP: f64 = 24.0;
const HEIGHT: f64 = 320.0;
const FOOT: f64 = HEIGHT - 46.0;
const RADIUS: f64 = 3.0;

/// Where things stand at one width.
struct Frame<'a> {
    points: &'a [Point],
    /// Points that are left out on the left.
    before: usize,
    scale: &'a Scale,
    width: f64,
    step: f64,
}

impl Plot<'_> {
    /// The plot at a width; a phone shows the newest periods only.
    pub(super) fn scene(&self, width: f64) -> Scene {
        let fits = if width <= NARROW { ON_A_PHONE } else { self.points.len() };
        let before = self.points.len().saturating_sub(fits);
        let points = &self.points[before..];
        let step = ((width - LEFT) / points.len() as f64).min(60.0);
        let frame = Frame { points, before, scale: self.scale, width, step };
        let mut scene = Scene::new(width, HEIGHT);
        frame.grid(&mut scene);
        frame.shading(&mut scene);
        frame.limits(&mut scene);
        if let Some(target) = self.target {
            frame.target(&mut scene, target);
        }
        frame.course(&mut scene);
        frame.names(&mut scene);
        scene
    }
}

impl Frame<'_> {
    fn x(&self, at: usize) -> f64 {
        LEFT + (at as f64 + 0.5) * self.step
    }

    fn y(&self, value: f64) -> f64 {
        self.scale.place(value, FOOT, TOP)
    }

    fn grid(&self, scene: &mut Scene) {
        for (value, text) in &self.scale.ticks {
            let y = self.y(*value);
            scene.line((LEFT, y), (self.width, y), Ink::Hairline, 1.0);
            scene.text((LEFT - 8.0, y + 4.0), Anchor::End, SMALL, Ink::Grey, text.clone());
        }
    }

    /// Slanted lines over every period that is not judged yet.
    fn shading(&self, scene: &mut Scene) {
        let open = self.points.iter().enumerate().filter(|(_, point)| !point.mature);
        for (at, _) in open {
            let (from, to) = (self.x(at) - self.step / 2.0, self.x(at) + self.step / 2.0);
            let mut start = from - (FOOT - TOP);
            while start < to {
                let (enter, leave) = ((from - start).max(0.0), (to - start).min(FOOT - TOP));
                if leave > enter {
                    scene.line((start + enter, FOOT - enter), (start + leave, FOOT - leave), Ink::Hatch, 1.0);
                }
                start += 8.0;
            }
        }
    }

    /// Center and limits as steps: a limit belongs to one period and its size.
    fn limits(&self, scene: &mut Scene) {
        for (at, point) in self.points.iter().enumerate() {
            let Some((low, center, high)) = point.band else { continue };
            let (from, to) = (self.x(at) - self.step / 2.0, self.x(at) + self.step / 2.0);
            scene.line((from, self.y(center)), (to, self.y(center)), Ink::Rule, INTERVAL);
            for limit in [low, high] {
                scene.dashes((from, self.y(limit)), (to, self.y(limit)), Ink::Grey);
            }
            let before = at.checked_sub(1).and_then(|before| self.points[before].band);
            if before.is_some_and(|(_, before, _)| (before - center).abs() > 1e-9) {
                scene.line((from, TOP), (from, FOOT), Ink::Rule, 1.0);
            }
        }
    }

    fn target(&self, scene: &mut Scene, target: f64) {
        let y = self.y(target);
        scene.line((LEFT, y), (self.width, y), Ink::Accent, 1.0);
        let (left, down) = self.free_beside(y, width("target", SMALL, Weight::Regular));
        scene.text((left, down), Anchor::Start, SMALL, Ink::Grey, "target");
    }

    /// Where a name as wide as `wide` stands beside a line without a point in it:
    /// at its right or left end, above or below.
    fn free_beside(&self, y: f64, wide: f64) -> (f64, f64) {
        let places = [(self.width - wide, y - 4.0), (self.width - wide, y + 14.0), (LEFT, y - 4.0), (LEFT, y + 14.0)];
        let free = |&&(left, down): &&(f64, f64)| {
            let over = |(at, point): (usize, &Point)| {
                point.value.is_some_and(|value| {
                    let (x, y) = (self.x(at), self.y(value));
                    (left - 6.0..left + wide + 6.0).contains(&x) && (down - 16.0..down + 6.0).contains(&y)
                })
            };
            !self.points.iter().enumerate().any(over)
        };
        places.iter().find(free).copied().unwrap_or(places[0])
    }

    /// Points joined where they are neighbors; a gap stays a gap.
    fn course(&self, scene: &mut Scene) {
        for (at, pair) in self.points.windows(2).enumerate() {
            if let (Some(from), Some(to), true) = (pair[0].value, pair[1].value, pair[0].mature && pair[1].mature) {
                scene.line((self.x(at), self.y(from)), (self.x(at + 1), self.y(to)), Ink::Hatch, INTERVAL);
            }
        }
        for (at, point) in self.points.iter().enumerate() {
            match point.value {
                Some(value) => {
                    self.mark(scene, point, (self.x(at), self.y(value)));
                    scene.value((self.x(at), self.y(value)), self.before + at);
                }
                None if point.hidden => dash(scene, self.x(at)),
                None => {}
            }
        }
    }

    fn mark(&self, scene: &mut Scene, point: &Point, at: (f64, f64)) {
        let Some(marking) = point.marking else {
            let inside = if point.mature { Ink::Grey } else { Ink::Paper };
            scene.marks.push(Mark::Dot { at, radius: RADIUS, ink: Ink::Grey, inside });
            return;
        };
        let ink = if marking.concern { Ink::Concern } else { Ink::Accent };
        let reach = (self.step / 2.0).clamp(4.0, 6.0);
        let tip = if marking.up { -reach } else { reach };
        let corners = vec![(at.0, at.1 + tip), (at.0 - reach, at.1 - tip * 0.7), (at.0 + reach, at.1 - tip * 0.7)];
        scene.marks.push(Mark::Shape { points: corners, ink });
    }

    /// Names below the axis as far as there is room, and the year where it begins.
    fn names(&self, scene: &mut Scene) {
        for (at, point) in self.points.iter().enumerate() {
            let (name, year, first) = match point.period {
                Period::Month(year, month) => (month_name(month), year, month == 1),
                Period::Quarter(year, quarter) => (QUARTERS[quarter as usize % 5], year, quarter == 1),
                Period::Year(year) => ("", year, true),
            };
            let x = self.x(at);
            if self.is_named(point.period) {
                scene.text((x, FOOT + 18.0), Anchor::Middle, SMALL, Ink::Grey, name);
            }
            let room = self.width - (x - self.step / 2.0);
            if (first || at == 0) && room >= 40.0 && (first || !self.year_follows(at)) {
                let left = x - self.step / 2.0 + 4.0;
                scene.text((left, FOOT + 36.0), Anchor::Start, SMALL, Ink::Grey, year.to_string());
                scene.line((left - 4.0, FOOT + 6.0), (left - 4.0, FOOT + 40.0), Ink::Hairline, 1.0);
            }
        }
    }

    /// Whether the next year's name begins where this one's would still be.
    fn year_follows(&self, at: usize) -> bool {
        let ahead = (40.0 / self.step).ceil() as usize;
        let starts = |point: &Point| matches!(point.period, Period::Month(_, 1) | Period::Quarter(_, 1));
        self.points.iter().skip(at + 1).take(ahead).any(starts)
    }

    /// Every third month; every quarter where there is room, else every other.
    fn is_named(&self, period: Period) -> bool {
        match period {
            Period::Month(_, month) => month % 3 == 1,
            Period::Quarter(_, quarter) => self.step >= 20.0 || quarter % 2 == 1,
            Period::Year(_) => true,
        }
    }
}

/// Always at the foot, so that nothing can be read from where it stands.
fn dash(scene: &mut Scene, x: f64) {
    scene.line((x - 3.0, FOOT - 6.0), (x + 3.0, FOOT - 6.0), Ink::Grey, INTERVAL);
}

const QUARTERS: [&str; 5] = ["", "Q1", "Q2", "Q3", "Q4"];

fn month_name(month: u32) -> &'static str {
    match month {
        1 => "Jan",
        4 => "Apr",
        7 => "Jul",
        10 => "Oct",
        _ => "",
    }
}
