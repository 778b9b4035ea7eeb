//! Places: where a count stands (period, site, condition, split), and which
//! places add up to which.

use std::collections::BTreeMap;

use crate::estimate::result::{CellKey, Population};
use crate::model::calendar::Day;

/// What the margin of every axis is called.
pub(super) const ALL: &str = "all";

/// When a cohort began. The quarter of the headline and the same quarter of the
/// trend are one period: they count the same people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) days: Option<(Day, Day)>,
    /// Tells spans apart that dates do not: those without, and two cohorts of the
    /// same dates that are not the same people.
    pub(super) population: Option<Population>,
}

impl Span {
    fn of(key: &CellKey) -> Self {
        let days = key.period_start.zip(key.period_end);
        Self { days, population: days.is_none().then_some(key.population) }
    }

    /// Whether every series of `inner` is one of ours, and not the other way round.
    fn strictly_contains(&self, inner: &Self) -> bool {
        match (self.days, inner.days) {
            (Some(outer), Some(within)) if outer == within => self.reach() > inner.reach(),
            (Some(outer), Some(inner)) => outer.0 <= inner.0 && inner.1 <= outer.1,
            (None, Some(_)) => self.reach() > 1,
            (None, None) => self.reach() > inner.reach(),
            (Some(_), None) => false,
        }
    }

    fn reach(&self) -> u8 {
        match self.population {
            Some(Population::ToDate) => 3,
            Some(Population::RollingYear) => 2,
            Some(Population::Quarter) => 1,
            Some(Population::QuarterSeries | Population::Month) | None => 0,
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (self.days, other.days) {
            (Some(one), Some(other)) => one.0 <= other.1 && other.0 <= one.1,
            _ => true,
        }
    }
}

/// Where a count stands. The levels of a cumulative split (see `census`) are no
/// places but quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place<'a> {
    pub(super) span: Span,
    pub(super) site: &'a str,
    pub(super) condition: &'a str,
    pub(super) stratum: (&'a str, &'a str),
}

impl<'a> Place<'a> {
    /// Over how many axes the place is a margin.
    pub(super) fn margins(&self) -> u8 {
        let axes = [self.site, self.condition, self.stratum.0];
        axes.into_iter().map(|axis| u8::from(axis == ALL)).sum()
    }

    pub(super) fn of(key: &'a CellKey) -> Self {
        Self {
            span: Span::of(key),
            site: &key.site,
            condition: &key.condition,
            stratum: (&key.stratum_name, &key.stratum_level),
        }
    }
}

/// `total` is divided into `parts`; both are numbers of places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Division {
    pub(super) total: usize,
    pub(super) parts: Vec<usize>,
}

/// How the given places divide each other: by site, condition and split, then
/// by time.
pub(super) fn divisions(places: &[Place], present: &[usize]) -> Vec<Division> {
    let find: BTreeMap<Place, usize> = present.iter().map(|&number| (places[number], number)).collect();
    let mut all =
        by_margin(places, present, &find, |place| (place.site != ALL).then_some(Place { site: ALL, ..place }));
    all.extend(by_margin(places, present, &find, |place| {
        (place.condition != ALL).then_some(Place { condition: ALL, ..place })
    }));
    all.extend(by_split(places, present, &find));
    all.extend(by_time(places, present));
    all
}

fn by_margin<'a>(
    places: &[Place<'a>],
    present: &[usize],
    find: &BTreeMap<Place<'a>, usize>,
    margin: impl Fn(Place<'a>) -> Option<Place<'a>>,
) -> Vec<Division> {
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &number in present {
        if let Some(&total) = margin(places[number]).and_then(|total| find.get(&total)) {
            parts.entry(total).or_default().push(number);
        }
    }
    parts.into_iter().map(|(total, parts)| Division { total, parts }).collect()
}

/// Each named split divides its margin once.
fn by_split<'a>(places: &[Place<'a>], present: &[usize], find: &BTreeMap<Place<'a>, usize>) -> Vec<Division> {
    let mut names: Vec<&str> = present.iter().map(|&number| places[number].stratum.0).collect();
    names.sort_unstable();
    names.dedup();
    let whole = |place: Place<'a>| Place { stratum: (ALL, ALL), ..place };
    let split =
        |name: &&str| by_margin(places, present, find, |place| (place.stratum.0 == *name).then(|| whole(place)));
    names.iter().filter(|name| **name != ALL).flat_map(split).collect()
}

fn by_time(places: &[Place], present: &[usize]) -> Vec<Division> {
    let mut alike: BTreeMap<[&str; 4], Vec<usize>> = BTreeMap::new();
    for &number in present {
        let Place { site, condition, stratum, .. } = places[number];
        alike.entry([site, condition, stratum.0, stratum.1]).or_default().push(number);
    }
    let spans = |number: &usize| places[*number].span;
    alike.values().flat_map(|numbers| numbers.iter().flat_map(move |&total| within(total, numbers, spans))).collect()
}

/// The largest spans within that of `total`. Where they overlap, each divides
/// the total by itself.
fn within(total: usize, numbers: &[usize], span: impl Fn(&usize) -> Span) -> Vec<Division> {
    let outer = span(&total);
    let inside: Vec<usize> = numbers.iter().copied().filter(|number| outer.strictly_contains(&span(number))).collect();
    let largest = |number: &usize| !inside.iter().any(|other| span(other).strictly_contains(&span(number)));
    let parts: Vec<usize> = inside.iter().copied().filter(largest).collect();
    let overlap =
        parts.iter().enumerate().any(|(at, one)| parts[..at].iter().any(|other| span(one).overlaps(&span(other))));
    if overlap {
        return parts.into_iter().map(|part| Division { total, parts: vec![part] }).collect();
    }
    if parts.is_empty() { Vec::new() } else { vec![Division { total, parts }] }
}
