//! Quantities within quantities: whose difference is a count of people too.

use std::collections::BTreeMap;

use super::census::{Census, Columns, Kind, Quantity, Series};
use super::place::ALL;
use crate::estimate::analysis::safety::ASKED;
use crate::estimate::result::Estimand;
use crate::model::horizon::HORIZONS;

/// `inner` counts some of the people that `outer` counts. Both are numbers of
/// quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nesting {
    pub(super) outer: usize,
    pub(super) inner: usize,
    /// Whether the numbers must bear it out at every place, or it is drawn at
    /// those where they do.
    everywhere: bool,
}

impl Nesting {
    fn of(outer: usize, inner: usize) -> Self {
        Self { outer, inner, everywhere: true }
    }

    /// What `outer` has more than `inner` at each place they share; `None` where
    /// the numbers do not bear it out.
    pub(super) fn difference(&self, quantities: &[Quantity]) -> Option<Quantity> {
        let [outer, inner] = [self.outer, self.inner].map(|number| &quantities[number].cells);
        let shared = outer.iter().filter_map(|(place, &most)| Some((*place, most.checked_sub(*inner.get(place)?))));
        let more: Vec<(usize, Option<u64>)> = shared.collect();
        if self.everywhere && more.iter().any(|(_, more)| more.is_none()) {
            return None;
        }
        let cells: BTreeMap<usize, u64> = more.into_iter().filter_map(|(place, more)| Some((place, more?))).collect();
        (!cells.is_empty()).then_some(Quantity { kind: Kind::Difference, printed: false, rank: 0, cells })
    }
}

/// Every nesting there is reason to expect. Denominators come first.
pub(super) fn nestings(census: &Census) -> Vec<Nesting> {
    let mut all = Vec::new();
    for (&series, &columns) in &census.series {
        all.extend(of_estimands(census, series, columns));
        all.extend(of_measures(census, series, columns));
        all.extend(of_horizons(census, series, columns));
        all.extend(of_everyone(census, series, columns));
    }
    all.extend(of_thresholds(census));
    all.sort_by_key(|nesting| census.quantities[nesting.outer].kind);
    all
}

/// Observed within eligible: their difference is the missing. Who responds is
/// the same under either, except where a missing outcome is filled in.
fn of_estimands(census: &Census, series: Series, columns: Columns) -> Vec<Nesting> {
    let other = |estimand| census.series.get(&Series { estimand, ..series }).copied();
    let mut all = Vec::new();
    if let Some(observed) = other(Estimand::Oc).filter(|_| series.estimand != Estimand::Oc) {
        all.push(Nesting::of(columns.n, observed.n));
        all.push(Nesting::of(columns.with, observed.with));
        all.push(Nesting::of(columns.without, observed.without));
    }
    if let Some(headline) = other(Estimand::Nri).filter(|_| series.estimand != Estimand::Nri) {
        all.push(Nesting::of(columns.with, headline.with));
    }
    all
}

/// What the packs say of their measures: an outcome that implies another, a
/// denominator within another (who switched to another drug is their difference).
fn of_measures(census: &Census, series: Series, columns: Columns) -> Vec<Nesting> {
    let Some(stated) = census.stated.get(series.measure) else { return Vec::new() };
    let find = |measure: &String| census.series.get(&Series { measure, ..series }).copied();
    let implied = stated.implies.iter().filter_map(find);
    let implied = implied.map(|outer| Nesting::of(outer.with, columns.with));
    let among = stated.among.iter().filter_map(find);
    implied.chain(among.map(|outer| Nesting::of(outer.n, columns.n))).collect()
}

/// The lost to whom an outcome was given, within those to whom one it implies was:
/// both are differences, of the numerators with and without them, and they have
/// one of their own. `drawn` are the nestings so far and their differences.
pub(super) fn of_filled_in(census: &Census, drawn: &[(Nesting, usize)]) -> Vec<Nesting> {
    let given = |series: Series, columns: Columns| {
        let seen = census.series.get(&Series { estimand: Estimand::Nri, ..series })?;
        let nesting = Nesting::of(columns.with, seen.with);
        drawn.iter().find(|(other, _)| *other == nesting).map(|&(_, difference)| difference)
    };
    let mut all = Vec::new();
    for (&series, &columns) in &census.series {
        let Some(inner) = given(series, columns) else { continue };
        let implied = census.stated.get(series.measure).map_or(&[][..], |stated| &stated.implies);
        let implied = implied.iter().map(|measure| Series { measure, ..series });
        let outer = implied.filter_map(|series| given(series, *census.series.get(&series)?));
        all.extend(outer.map(|outer| Nesting::of(outer, inner)));
    }
    all
}

/// Who is due at a later horizon was due at an earlier one. Every two, not only
/// neighbours: two differences of some people can be few together. (Of opioid
/// users who switched to buprenorphine some switch back: there it holds at most
/// places.)
fn of_horizons(census: &Census, series: Series, columns: Columns) -> Vec<Nesting> {
    let later = HORIZONS.iter().skip_while(|horizon| horizon.id != series.horizon).skip(1);
    let later = later.filter_map(|horizon| census.series.get(&Series { horizon: horizon.id, ..series }));
    let later = later.filter(|_| series.estimand != Estimand::Oc);
    later.map(|later| Nesting { everywhere: false, ..Nesting::of(columns.n, later.n) }).collect()
}

/// Whoever is in a denominator was treated: the denominator of adverse events.
fn of_everyone(census: &Census, series: Series, columns: Columns) -> Option<Nesting> {
    let everyone = Series { measure: ASKED, horizon: ALL, level: None, estimand: Estimand::Oc };
    let treated = census.series.get(&everyone).filter(|_| series != everyone);
    treated.map(|treated| Nesting::of(treated.n, columns.n))
}

/// Adjacent thresholds of a curve, whichever way it runs.
fn of_thresholds(census: &Census) -> Vec<Nesting> {
    let steps = census.series.iter().filter_map(|(series, columns)| Some((series, series.level?, columns)));
    let mut curves: BTreeMap<Series, Vec<(usize, Columns)>> = BTreeMap::new();
    for (series, (name, position, _), &columns) in steps {
        let curve = Series { level: Some((name, 0, "")), ..*series };
        curves.entry(curve).or_default().push((position, columns));
    }
    for levels in curves.values_mut() {
        levels.sort_by_key(|&(position, _)| position);
    }
    let adjacent = |pair: &[(usize, Columns)]| {
        let (one, other) = (pair[0].1.with, pair[1].1.with);
        [Nesting::of(one, other), Nesting::of(other, one)]
    };
    curves.values().flat_map(|levels| levels.windows(2).flat_map(adjacent)).collect()
}

/// For each quantity, the first one that counts the same people: the same kind
/// and the same number at each of its places, not all zero.
///
/// Told from the numbers, because an attacker tells it so too: measures that
/// share their denominators, horizons at which the same people are due, the
/// numerators of all estimands. Equal by accident costs at most some hiding.
pub(super) fn same_people(quantities: &[Quantity]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..quantities.len()).collect();
    order.sort_by_key(|&number| std::cmp::Reverse(quantities[number].cells.len()));
    let mut same: Vec<usize> = (0..quantities.len()).collect();
    let mut kept: Vec<usize> = Vec::new();
    for number in order {
        match kept.iter().find(|&&other| is_within(&quantities[number], &quantities[other])) {
            Some(&other) => same[number] = other,
            None => kept.push(number),
        }
    }
    same
}

fn is_within(inner: &Quantity, outer: &Quantity) -> bool {
    inner.kind == outer.kind
        && inner.cells.values().any(|&count| count > 0)
        && inner.cells.iter().all(|(place, count)| outer.cells.get(place) == Some(count))
}
