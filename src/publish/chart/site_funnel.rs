//! Sites as a funnel: how far from all sites together each lies, for its size.
//!
//! The point of a site and its verdict come from rows; the funnel between them
//! is the same formula at every size, about the overall rate as released.

use super::scale::Scale;
use super::scene::{Anchor, Mark, Scene};
use super::text::{Weight, fit, width as measure};
use super::theme::{INTERVAL, Ink, SMALL};
use super::{Drawing, cohort, ids};
use crate::publish::reading::site::{self, SIGNAL, Signal, TAIL_95, TAIL_998, TAU_SQUARED};
use crate::publish::report::{Context, words};
use crate::publish::results::{Axis, Query, Released, ResultRow};

/// One site as drawn.
#[derive(Clone, Debug)]
struct Site {
    code: String,
    /// Patients and rate; `None` where they are not shown.
    place: Option<(u64, f64)>,
    signal: Option<Signal>,
}

/// A funnel before it has a width.
struct Funnel {
    target: Option<f64>,
    tau_squared: f64,
    sites: Vec<Site>,
    largest: u64,
}

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let [(measure, estimand), ..] = site::compared(context.protocol);
    let query = site::query(measure, estimand, released, context.protocol);
    let rows: Vec<&ResultRow> = released.along(query, Axis::Site).collect();
    let overall = released.find(query)?;
    if rows.len() < 2 {
        return None;
    }
    let sites: Vec<Site> = rows.iter().map(|row| of_row(row, query, released)).collect();
    let shown = sites.iter().filter_map(|site| site.place);
    let tau = released.find(Query { statistic: TAU_SQUARED, ..query }).and_then(|row| row.value).unwrap_or(0.0);
    let funnel = Funnel {
        target: overall.value,
        tau_squared: tau,
        largest: shown.clone().map(|(of, _)| of).max().unwrap_or(0),
        sites,
    };
    Some(Drawing {
        title: title(&funnel),
        subtitle: format!("{}, at {} · {}", context.title(measure), context.horizon(), cohort(overall)),
        method: format!(
            "Limits about the overall rate: {} (Spiegelhalter 2005), dotted 95\u{A0}%, dashed 99.8\u{A0}%; a site is outside by its exact tail. Sites stand in the order of their codes and are not ranked; nothing is adjusted for whom they treat.",
            if tau > 0.0 { "normal, with the variance between sites" } else { "exact binomial, interpolated" }
        ),
        alt: alt(&funnel, &rows),
        rows: ids(rows.iter().copied()),
        plot: Box::new(move |width| funnel.scene(width)),
    })
}

fn of_row(row: &ResultRow, query: Query<'_>, released: &Released) -> Site {
    let signal = released.find(Query { site: &row.site, statistic: SIGNAL, ..query });
    Site { code: row.site.clone(), place: row.denominator.zip(row.value), signal: signal.and_then(Signal::of) }
}

fn title(funnel: &Funnel) -> String {
    let judged = funnel.sites.iter().filter_map(|site| site.signal);
    let outside = judged.clone().filter(|signal| *signal != Signal::Inside).count();
    let (judged, hidden) = (judged.count(), funnel.sites.iter().filter(|site| site.place.is_none()).count());
    let rest = if hidden > 0 { format!("; {} not shown", words::plural(hidden, "site")) } else { String::new() };
    match (judged, outside) {
        (0, _) => "No site can be compared: too few patients are shown".to_owned(),
        (_, 0) => format!("No site differs from the others by more than chance explains{rest}"),
        (_, 1) => format!("1 of {} lies outside its 95\u{A0}% limits{rest}", words::plural(judged, "site")),
        _ => format!("{outside} of {} lie outside their 95\u{A0}% limits{rest}", words::plural(judged, "site")),
    }
}

fn alt(funnel: &Funnel, rows: &[&ResultRow]) -> String {
    let each = funnel.sites.iter().zip(rows).map(|(site, row)| {
        let number = words::compact(row).unwrap_or_else(|| words::reason(row));
        let verdict = site.signal.map_or("not judged", Signal::words);
        format!("{}: {number}, {verdict}.", site.code)
    });
    each.collect::<Vec<_>>().join(" ")
}

const LEFT: f64 = 46.0;
const TOP: f64 = 16.0;
const FOOT: f64 = 284.0;
const HEIGHT: f64 = 330.0;

/// Where things stand at one width.
struct Frame {
    width: f64,
    most: f64,
    share: Scale,
}

impl Frame {
    fn x(&self, of: f64) -> f64 {
        LEFT + (of / self.most).min(1.0) * (self.width - LEFT - 8.0)
    }

    fn y(&self, rate: f64) -> f64 {
        self.share.place(rate, FOOT, TOP)
    }
}

impl Funnel {
    fn scene(&self, width: f64) -> Scene {
        let frame = Frame { width, most: round_up(self.largest), share: Scale::share() };
        let mut scene = Scene::new(width, HEIGHT);
        grid(&mut scene, &frame);
        if let Some(target) = self.target {
            scene.line((LEFT, frame.y(target)), (width, frame.y(target)), Ink::Rule, INTERVAL);
            for (tail, dotted) in [(TAIL_95, true), (TAIL_998, false)] {
                self.limits(&mut scene, &frame, (target, tail), dotted);
            }
        }
        let unnamed = self.points(&mut scene, &frame);
        self.unknown(&mut scene, &frame, unnamed);
        scene
    }

    /// Both limits, at sizes that lie closer where they bend more.
    fn limits(&self, scene: &mut Scene, frame: &Frame, (target, tail): (f64, f64), dotted: bool) {
        let size = |step: i32| (frame.most * (f64::from(step) / 80.0).powi(2)).round().max(1.0) as u64;
        let mut sizes: Vec<u64> = (1..=80).map(size).collect();
        sizes.dedup();
        let found: Vec<(f64, f64, f64)> = sizes
            .iter()
            .filter_map(|&of| {
                let limits = site::limits(target, of, tail, self.tau_squared).ok()?;
                Some((frame.x(of as f64), frame.y(limits.low), frame.y(limits.high)))
            })
            .collect();
        let each = found.windows(2).enumerate().filter(|(at, _)| dotted || at % 2 == 0);
        for (_, pair) in each {
            let [(from, low, high), (to, next_low, next_high)] = pair else { continue };
            for (start, end) in [(low, next_low), (high, next_high)] {
                if dotted {
                    scene.dashes((*from, *start), (*to, *end), Ink::Grey);
                } else {
                    scene.line((*from, *start), (*to, *end), Ink::Grey, 1.0);
                }
            }
        }
    }

    /// A triangle is a site outside its limits, pointing the way it lies. Names
    /// come first, so that none covers a point; those outside choose before others.
    /// How many there was no room to name.
    fn points(&self, scene: &mut Scene, frame: &Frame) -> usize {
        let placed = || self.sites.iter().filter_map(|site| Some((site, site.place?)));
        let at = |(of, rate): (u64, f64)| (frame.x(of as f64), frame.y(rate));
        let mut taken: Vec<Taken> = placed().map(|(_, place)| Taken::by_point(at(place))).collect();
        let mut unnamed = 0;
        for outside in [true, false] {
            for (site, place) in placed().filter(|(site, _)| site.is_outside() == outside) {
                unnamed += usize::from(!name(scene, frame, &site.code, at(place), &mut taken));
            }
        }
        for (index, site) in self.sites.iter().enumerate() {
            let Some((of, rate)) = site.place else { continue };
            let at = at((of, rate));
            scene.value(at, index);
            if site.is_outside() {
                let up = self.target.is_some_and(|target| rate > target);
                let tip = if up { -6.0 } else { 6.0 };
                let corners = vec![(at.0, at.1 + tip), (at.0 - 6.0, at.1 - tip * 0.7), (at.0 + 6.0, at.1 - tip * 0.7)];
                scene.marks.push(Mark::Shape { points: corners, ink: if up { Ink::Accent } else { Ink::Concern } });
            } else {
                scene.marks.push(Mark::Dot { at, radius: 4.0, ink: Ink::Accent, inside: Ink::Paper });
            }
        }
        unnamed
    }

    /// Who is not named, who is not on the chart, and that it is not zero.
    fn unknown(&self, scene: &mut Scene, frame: &Frame, unnamed: usize) {
        let missing: Vec<&str> =
            self.sites.iter().filter(|site| site.place.is_none()).map(|site| site.code.as_str()).collect();
        let more = (unnamed > 0).then(|| format!("+{unnamed} more, named in the table"));
        let missing = (!missing.is_empty()).then(|| format!("not shown: {}", missing.join(", ")));
        let text = more.into_iter().chain(missing).collect::<Vec<_>>().join("; ");
        if !text.is_empty() {
            let text = fit(&text, frame.width - LEFT, SMALL, Weight::Regular);
            scene.text((LEFT, HEIGHT - 8.0), Anchor::Start, SMALL, Ink::Grey, text);
        }
    }
}

impl Site {
    fn is_outside(&self) -> bool {
        self.signal.is_some_and(|signal| signal != Signal::Inside)
    }
}

/// A place where nothing else may be written: left, right, baseline.
struct Taken {
    left: f64,
    right: f64,
    down: f64,
}

impl Taken {
    fn by_point((x, y): (f64, f64)) -> Self {
        Self { left: x - 4.0, right: x + 4.0, down: y + 4.0 }
    }

    fn leaves(&self, (left, down): (f64, f64), wide: f64) -> bool {
        (self.down - down).abs() >= 13.0 || left > self.right + 4.0 || left + wide < self.left - 4.0
    }
}

/// Writes the code above, below or beside its point; says whether there was room.
fn name(scene: &mut Scene, frame: &Frame, code: &str, at: (f64, f64), taken: &mut Vec<Taken>) -> bool {
    let code = fit(code, 110.0, SMALL, Weight::Regular);
    let wide = measure(&code, SMALL, Weight::Regular);
    let centered = (at.0 - wide / 2.0).clamp(LEFT + 2.0, (frame.width - wide).max(LEFT + 2.0));
    let places =
        [(centered, at.1 - 10.0), (centered, at.1 + 19.0), (at.0 + 9.0, at.1 + 4.0), (at.0 - 9.0 - wide, at.1 + 4.0)];
    let free = |&&(left, down): &&(f64, f64)| {
        let inside = left >= LEFT + 2.0 && left + wide <= frame.width && down > TOP && down < FOOT;
        inside && taken.iter().all(|taken| taken.leaves((left, down), wide))
    };
    let Some(&(left, down)) = places.iter().find(free) else { return false };
    taken.push(Taken { left, right: left + wide, down });
    // The limits stop behind the name: it must be read.
    scene.rect((left - 2.0, down - 11.0), (left + wide + 2.0, down + 3.0), Ink::Paper);
    scene.text((left, down), Anchor::Start, SMALL, Ink::Text, code);
    true
}

fn grid(scene: &mut Scene, frame: &Frame) {
    for (value, text) in &frame.share.ticks {
        let y = frame.y(*value);
        scene.line((LEFT, y), (frame.width, y), Ink::Hairline, 1.0);
        scene.text((LEFT - 8.0, y + 4.0), Anchor::End, SMALL, Ink::Grey, text.clone());
    }
    for (share, anchor) in [(0.0, Anchor::Start), (0.5, Anchor::Middle), (1.0, Anchor::End)] {
        let of = frame.most * share;
        let text = words::count(of as u64);
        let text = if share > 0.9 { format!("{text} patients") } else { text };
        let x = if share > 0.9 { frame.width } else { frame.x(of) };
        scene.text((x, FOOT + 18.0), anchor, SMALL, Ink::Grey, text);
    }
}

/// A round number of patients that holds the largest site.
fn round_up(largest: u64) -> f64 {
    let largest = largest.max(10) as f64;
    let unit = 10_f64.powf(largest.log10().floor());
    let steps = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0].into_iter().map(|step| step * unit);
    steps.into_iter().find(|top| *top >= largest).unwrap_or(largest)
}
