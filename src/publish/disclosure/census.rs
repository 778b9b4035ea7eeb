//! Estimates → quantities at places: what is counted, apart from where.
//!
//! A *series* is one column of the report: measure, horizon, estimand and, for a
//! cumulative split such as a responder curve, the threshold. It has three
//! *quantities*: its denominators, its numerators and what is left of the
//! denominators (*complements*).

use std::collections::{BTreeMap, BTreeSet};

use super::place::{ALL, Place};
use crate::estimate::result::{CellKey, Estimand, Estimate, Relations};

/// Of two counts in one place the one of lower rank is hidden.
pub(super) const HIGHEST_RANK: u8 = 2 * HIGHEST_IMPORTANCE + 1;

/// What of a headline is missed most.
const HIGHEST_IMPORTANCE: u8 = 4;

/// Measures whose numerator is the number observed and whose complement is
/// therefore the number missing, by how their ids begin.
const RETENTION: [&str; 2] = ["retention", "completeness_"];

/// One column of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Series<'a> {
    pub(super) measure: &'a str,
    pub(super) horizon: &'a str,
    /// Name, position and level of a cumulative split.
    pub(super) level: Option<(&'a str, usize, &'a str)>,
    pub(super) estimand: Estimand,
}

/// Only quantities of one kind may turn out to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Denominator,
    Numerator,
    Complement,
    Difference,
}

/// A number for each of some places.
#[derive(Clone, Debug)]
pub(super) struct Quantity {
    pub(super) kind: Kind,
    /// Whether rows print it.
    pub(super) printed: bool,
    /// From 0 for variants to `HIGHEST_RANK` for the headline.
    pub(super) rank: u8,
    pub(super) cells: BTreeMap<usize, u64>,
}

/// Where the quantities of a series are in `Census::quantities`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    pub(super) n: usize,
    pub(super) with: usize,
    pub(super) without: usize,
}

/// All estimates, taken apart.
pub(super) struct Census<'a> {
    pub(super) places: Vec<Place<'a>>,
    pub(super) series: BTreeMap<Series<'a>, Columns>,
    pub(super) quantities: Vec<Quantity>,
    /// Columns and place of each estimate.
    pub(super) seats: Vec<(Columns, usize)>,
    /// What measures say of each other, by measure.
    pub(super) stated: BTreeMap<&'a str, &'a Relations>,
    /// The horizons beside the primary one.
    beside: BTreeSet<&'a str>,
}

impl<'a> Census<'a> {
    /// Takes estimates apart, which must be in the order of their keys.
    pub(super) fn of(estimates: &'a [Estimate]) -> Self {
        let cumulative = cumulative_splits(estimates);
        let mut census = Self {
            places: Vec::new(),
            series: BTreeMap::new(),
            quantities: Vec::new(),
            seats: Vec::new(),
            stated: stated(estimates),
            beside: beside_primary(estimates),
        };
        let mut numbers: BTreeMap<Place<'a>, usize> = BTreeMap::new();
        for estimate in estimates {
            let (series, mut place) = address(&estimate.key, &cumulative);
            let columns = census.columns(series);
            if census.disagrees(columns, numbers.get(&place), estimate) {
                // Two cohorts of the same dates are not the same people.
                place.span.population = Some(estimate.key.population);
            }
            let number = *numbers.entry(place).or_insert_with(|| {
                census.places.push(place);
                census.places.len() - 1
            });
            census.seat(columns, number, estimate);
        }
        census
    }

    fn columns(&mut self, series: Series<'a>) -> Columns {
        if let Some(&columns) = self.series.get(&series) {
            return columns;
        }
        let retention = RETENTION.iter().any(|measure| series.measure.starts_with(measure));
        let [with, without] =
            if retention { [Kind::Denominator, Kind::Difference] } else { [Kind::Numerator, Kind::Complement] };
        let importance = self.stated.get(series.measure).map_or(0, |stated| stated.importance);
        // Of two horizons the primary one is missed more.
        let primary = u8::from(!self.beside.contains(series.horizon));
        let [denominators, numerators] = ranks(&series, importance).map(|rank| 2 * rank + primary);
        let columns = Columns {
            n: self.quantity(Kind::Denominator, true, denominators),
            with: self.quantity(with, true, numerators),
            without: self.quantity(without, false, 0),
        };
        self.series.insert(series, columns);
        columns
    }

    fn quantity(&mut self, kind: Kind, printed: bool, rank: u8) -> usize {
        self.quantities.push(Quantity { kind, printed, rank, cells: BTreeMap::new() });
        self.quantities.len() - 1
    }

    fn disagrees(&self, columns: Columns, place: Option<&usize>, estimate: &Estimate) -> bool {
        let Some(place) = place else { return false };
        let cell = |quantity: usize| self.quantities[quantity].cells.get(place);
        cell(columns.n).is_some_and(|&n| n != estimate.n || cell(columns.with).copied() != estimate.numerator)
    }

    fn seat(&mut self, columns: Columns, place: usize, estimate: &Estimate) {
        self.quantities[columns.n].cells.insert(place, estimate.n);
        if let Some(numerator) = estimate.numerator {
            self.quantities[columns.with].cells.insert(place, numerator);
            if let Some(without) = estimate.n.checked_sub(numerator) {
                self.quantities[columns.without].cells.insert(place, without);
            }
        }
        self.seats.push((columns, place));
    }
}

/// How much denominators and numerators of a series are missed: the headline's way
/// to count more than observed cases, those more than all other ways and than
/// the steps of a curve. Of two denominators that differ by a few people, that of
/// the measure that is missed more stays.
fn ranks(series: &Series, importance: i8) -> [u8; 2] {
    let of_estimand = match series.estimand {
        _ if series.level.is_some() || importance < 0 => 0,
        Estimand::Nri => 2_u8.saturating_add_signed(importance).min(HIGHEST_IMPORTANCE),
        Estimand::Oc => 1,
        _ => 0,
    };
    let eligible = if series.estimand == Estimand::Oc { 1_u8 } else { 2 }.saturating_add_signed(importance);
    [eligible.min(HIGHEST_IMPORTANCE), of_estimand]
}

/// The horizons that some estimate calls other than the primary one.
fn beside_primary(estimates: &[Estimate]) -> BTreeSet<&str> {
    let beside = estimates.iter().filter(|estimate| estimate.relations.off_primary);
    beside.map(|estimate| estimate.key.horizon.as_str()).collect()
}

/// What the estimates say of their measures; all of one measure say the same.
fn stated(estimates: &[Estimate]) -> BTreeMap<&str, &Relations> {
    let says = |estimate: &&Estimate| {
        let Relations { implies, among, importance, .. } = &estimate.relations;
        !(implies.is_empty() && among.is_empty()) || *importance != 0
    };
    estimates.iter().filter(says).map(|estimate| (estimate.key.measure_id.as_str(), &estimate.relations)).collect()
}

/// The series and place of a cell.
fn address<'a>(key: &'a CellKey, cumulative: &[&str]) -> (Series<'a>, Place<'a>) {
    let mut place = Place::of(key);
    let mut level = None;
    if cumulative.contains(&key.stratum_name.as_str()) {
        level = Some((key.stratum_name.as_str(), key.stratum_order, key.stratum_level.as_str()));
        place.stratum = (ALL, ALL);
    }
    (Series { measure: &key.measure_id, horizon: &key.horizon, level, estimand: key.estimand }, place)
}

/// The splits whose levels are thresholds: each level counts its numerator
/// among the same people, so that the difference of two levels is a count. The
/// levels of any other split divide the people.
///
/// Told from the numbers: every level's denominator is that of the margin, or,
/// where no margin was computed, that of every other level. Unless a level says
/// how it adds up with others: then they exclude each other.
fn cumulative_splits(estimates: &[Estimate]) -> Vec<&str> {
    let margins: BTreeMap<CellKey, u64> = estimates
        .iter()
        .filter(|estimate| estimate.key.stratum_name == ALL)
        .map(|estimate| (margin(&estimate.key), estimate.n))
        .collect();
    let mut first: BTreeMap<(&str, CellKey), u64> = BTreeMap::new();
    let mut splits: BTreeMap<&str, bool> = BTreeMap::new();
    for estimate in estimates.iter().filter(|estimate| estimate.key.stratum_name != ALL) {
        let name = estimate.key.stratum_name.as_str();
        let margin = margin(&estimate.key);
        let expected = margins.get(&margin).copied();
        let expected = expected.unwrap_or_else(|| *first.entry((name, margin)).or_insert(estimate.n));
        let alike = expected == estimate.n && estimate.numerator.is_some();
        *splits.entry(name).or_insert(true) &= alike && estimate.relations.same_people.is_empty();
    }
    splits.into_iter().filter(|&(_, cumulative)| cumulative).map(|(name, _)| name).collect()
}

/// The key of the margin over a cell's split.
fn margin(key: &CellKey) -> CellKey {
    CellKey { stratum_name: ALL.to_owned(), stratum_level: ALL.to_owned(), stratum_order: 0, ..key.clone() }
}
