//! Tallies → the cells of the results, and each cell → an `Estimate`.
//!
//! Which cells exist (README, "Populations"): the newest mature quarter by
//! site; the rolling year by condition, overall and by site; everything to
//! date by condition and by site; the trend by quarter and by month.

use super::change;
use super::curve;
use super::period::{Quarters, months, quarter};
use super::proportion::Ratio;
use super::result::{CellKey, Estimand, Estimate, Maturity, Population};
use super::tally::{FineCell, Tallies, Tally};
use crate::model::calendar::{Day, Period};
use crate::model::horizon::{HORIZONS, Horizon};
use crate::protocol::{Measure, MeasureKind, Protocol};

/// The margin of site, condition and stratum.
const ALL: &str = "all";
/// The measure whose follow-up is reported as retention, and whose population
/// the responder curve describes.
const HEADLINE: &str = "response_30";
/// The opioid measure the flow of patients ends at.
const OPIOID_HEADLINE: &str = "opioid_reduction_50";

/// Everything computed, not yet released.
#[derive(Debug)]
pub struct Estimates {
    /// One estimate per cell.
    pub estimates: Vec<Estimate>,
    /// Quarters of the data.
    pub quarters: Quarters,
    /// Where the flow of patients ends, at each horizon.
    pub to_date: [ToDate; HORIZONS.len()],
}

/// Computes every estimate of the results.
///
/// `is_closed` says whether a window that ends so many days after day 0 had
/// closed at the data cut for every series of a period at a site.
pub fn estimate(tallies: &Tallies, protocol: &Protocol, is_closed: impl Fn(Period, i32, usize) -> bool) -> Estimates {
    let counted = |(_, tallies): &(&FineCell, &Vec<Tally>)| tallies.iter().any(|tally| tally.eligible > 0);
    let cells: Vec<&FineCell> = tallies.cells.iter().filter(counted).map(|(cell, _)| cell).collect();
    let primary = protocol.study.primary_horizon.last;
    let quarters = Quarters::of(cells.iter().copied(), |period, site| is_closed(period, primary, site));
    let mut builder = Builder { tallies, protocol, quarters: &quarters, is_closed: &is_closed, estimates: Vec::new() };
    for cohort in cohorts(&cells, &quarters) {
        builder.cohort(&cohort);
    }
    let mut estimates = builder.estimates;
    estimates.sort_by(|a, b| a.key.cmp(&b.key));
    Estimates { to_date: to_date(tallies, protocol, &quarters), estimates, quarters }
}

/// The headline measures' tallies to date, at each horizon: where the flow of
/// patients ends.
fn to_date(tallies: &Tallies, protocol: &Protocol, quarters: &Quarters) -> [ToDate; HORIZONS.len()] {
    let sum = |id: &str, horizon: usize| {
        let measure = protocol.measures.iter().position(|measure| measure.id == id);
        let wanted = |cell: &FineCell| cell.horizon == horizon && quarters.holds_to_date(cell.period);
        measure.map(|measure| tallies.sum(measure, wanted)).unwrap_or_default()
    };
    std::array::from_fn(|horizon| ToDate { pain: sum(HEADLINE, horizon), opioids: sum(OPIOID_HEADLINE, horizon) })
}

/// The headline measures' tallies of everything mature, at one horizon.
#[derive(Clone, Debug)]
pub struct ToDate {
    /// Of `response_30`.
    pub pain: Tally,
    /// Of `opioid_reduction_50`.
    pub opioids: Tally,
}

/// A group of series by when they began.
#[derive(Clone, Debug)]
struct Cohort {
    population: Population,
    periods: Periods,
    split: Split,
}

#[derive(Clone, Debug)]
enum Periods {
    /// Series of these quarters.
    Quarters(Vec<Period>),
    /// Series of this month.
    Month(Period),
    /// Series of every mature quarter.
    ToDate,
}

/// How far a cohort is split up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Split {
    /// Overall only, at the primary horizon.
    Overall,
    /// Overall at every horizon, and by site at the primary one.
    SitesAtPrimary,
    /// Overall and by site.
    Sites,
    /// By condition and by site, not crossed.
    ConditionsAndSites,
    /// By condition within site.
    ConditionsBySite,
}

impl Split {
    /// Whether the cell (site, condition) at a horizon is part of the results;
    /// `None` is the margin.
    fn holds(self, site: Option<usize>, condition: Option<usize>, primary: bool) -> bool {
        match self {
            Self::Overall => site.is_none() && condition.is_none() && primary,
            Self::SitesAtPrimary => condition.is_none() && (site.is_none() || primary),
            Self::Sites => condition.is_none(),
            Self::ConditionsAndSites => site.is_none() || condition.is_none(),
            Self::ConditionsBySite => true,
        }
    }
}

fn cohorts(cells: &[&FineCell], quarters: &Quarters) -> Vec<Cohort> {
    let cohort = |population, periods, split| Cohort { population, periods, split };
    let mut cohorts = Vec::new();
    if let Some(newest) = quarters.newest_mature {
        cohorts.push(cohort(Population::Quarter, Periods::Quarters(vec![newest]), Split::Sites));
        let year = Periods::Quarters(quarters.rolling_year());
        cohorts.push(cohort(Population::RollingYear, year, Split::ConditionsBySite));
    }
    cohorts.push(cohort(Population::ToDate, Periods::ToDate, Split::ConditionsAndSites));
    let trend =
        |&quarter: &Period| cohort(Population::QuarterSeries, Periods::Quarters(vec![quarter]), Split::SitesAtPrimary);
    cohorts.extend(quarters.all.iter().map(trend));
    let months = months(cells.iter().copied()).into_iter();
    cohorts.extend(months.map(|month| cohort(Population::Month, Periods::Month(month), Split::Overall)));
    cohorts
}

impl Cohort {
    fn holds(&self, cell: &FineCell, quarters: &Quarters) -> bool {
        match &self.periods {
            Periods::ToDate => quarters.holds_to_date(cell.period),
            Periods::Month(month) => cell.period == Some(*month),
            Periods::Quarters(wanted) => cell.period.and_then(quarter).is_some_and(|quarter| wanted.contains(&quarter)),
        }
    }

    fn first_day(&self, quarters: &Quarters) -> Option<Day> {
        match &self.periods {
            Periods::ToDate => quarters.all.first().map(|period| period.first_day()),
            Periods::Month(month) => Some(month.first_day()),
            Periods::Quarters(periods) => periods.first().map(|period| period.first_day()),
        }
    }

    fn last_day(&self, quarters: &Quarters) -> Option<Day> {
        match &self.periods {
            Periods::ToDate => quarters.newest_mature.map(Period::last_day),
            Periods::Month(month) => Some(month.last_day()),
            Periods::Quarters(periods) => periods.last().map(|period| period.last_day()),
        }
    }
}

struct Builder<'a> {
    tallies: &'a Tallies,
    protocol: &'a Protocol,
    quarters: &'a Quarters,
    is_closed: &'a dyn Fn(Period, i32, usize) -> bool,
    estimates: Vec<Estimate>,
}

/// One cell being filled.
struct Place<'a> {
    cohort: &'a Cohort,
    maturity: Maturity,
    site: Option<usize>,
    condition: Option<usize>,
    horizon: Horizon,
}

impl Builder<'_> {
    fn cohort(&mut self, cohort: &Cohort) {
        let cube = Cube::of(self.tallies, self.protocol, |cell| cohort.holds(cell, self.quarters));
        for (position, horizon) in HORIZONS.into_iter().enumerate() {
            let primary = horizon == self.protocol.study.primary_horizon;
            let maturity = self.maturity(cohort, position);
            for (site, condition) in cube.margins() {
                if cohort.split.holds(site, condition, primary) {
                    let place = Place { cohort, maturity, site, condition, horizon };
                    self.place(&place, &cube.tallies(site, condition, position));
                }
            }
        }
    }

    /// Whether the window of this horizon had closed for everyone in the cohort:
    /// a quarter mature at 12 weeks may not be at 24.
    fn maturity(&self, cohort: &Cohort, horizon: usize) -> Maturity {
        let last = HORIZONS[horizon].last;
        let members =
            self.tallies.cells.iter().filter(|(cell, _)| cell.horizon == horizon && cohort.holds(cell, self.quarters));
        let mut counted = members.filter(|(_, tallies)| tallies.iter().any(|tally| tally.eligible > 0));
        let closed =
            counted.all(|(cell, _)| cell.period.is_none_or(|period| (self.is_closed)(period, last, cell.site)));
        if closed { Maturity::Mature } else { Maturity::Immature }
    }

    /// Every measure in one place. A condition nobody has is left out: a row
    /// of zeros says no more, and there would be hundreds.
    fn place(&mut self, place: &Place<'_>, tallies: &[Tally]) {
        let measures = &self.protocol.measures;
        for (order, (measure, tally)) in measures.iter().zip(tallies).enumerate() {
            if tally.eligible == 0 && place.condition.is_some() {
                continue;
            }
            if measure.kind == MeasureKind::Proportion {
                self.proportion(place, order, measure, tally);
            } else {
                self.change(place, order, measure, tally);
            }
            if measure.id == HEADLINE {
                self.retention(place, tally);
            }
            if measure.id == "pain_pct_change" {
                self.responder_curve(place, tally);
            }
        }
    }

    fn proportion(&mut self, place: &Place<'_>, order: usize, measure: &Measure, tally: &Tally) {
        for estimand in [Estimand::Nri, Estimand::Oc] {
            let key = self.key(place, (order, &measure.id, measure.version), estimand);
            self.push_ratio(key, Ratio::of(tally, estimand), &measure.unit, place);
        }
    }

    fn push_ratio(&mut self, key: CellKey, ratio: Ratio, unit: &str, place: &Place<'_>) {
        self.estimates.push(Estimate {
            key,
            n: ratio.denominator,
            numerator: Some(ratio.numerator),
            statistics: vec![ratio.rate(unit)],
            maturity: place.maturity,
        });
    }

    fn change(&mut self, place: &Place<'_>, order: usize, measure: &Measure, tally: &Tally) {
        for (estimand, n) in [(Estimand::Oc, tally.observed), (Estimand::Bocf, tally.eligible)] {
            self.estimates.push(Estimate {
                key: self.key(place, (order, &measure.id, measure.version), estimand),
                n,
                numerator: None,
                statistics: change::statistics(tally, measure, estimand),
                maturity: place.maturity,
            });
        }
    }

    /// Observed of eligible: who is missing.
    fn retention(&mut self, place: &Place<'_>, tally: &Tally) {
        let key = self.key(place, (self.protocol.measures.len(), "retention", 1), Estimand::Oc);
        let ratio = Ratio { numerator: tally.observed, denominator: tally.eligible };
        self.push_ratio(key, ratio, "share", place);
    }

    /// The cumulative responder function, overall at the primary horizon.
    fn responder_curve(&mut self, place: &Place<'_>, tally: &Tally) {
        let primary = place.horizon == self.protocol.study.primary_horizon;
        let headline = matches!(place.cohort.population, Population::Quarter | Population::RollingYear);
        if place.site.is_some() || place.condition.is_some() || !primary || !headline {
            return;
        }
        for (order, threshold) in curve::THRESHOLDS.into_iter().enumerate() {
            let key = self.key(place, (self.protocol.measures.len() + 1, "responder_curve", 1), Estimand::Nri);
            let stratum = CellKey {
                stratum_name: "reduction_at_least_pct".to_owned(),
                stratum_order: order,
                stratum_level: threshold.to_string(),
                ..key
            };
            self.push_ratio(stratum, curve::at_least(tally, threshold), "share", place);
        }
    }

    fn key(&self, place: &Place<'_>, (measure_order, id, version): (usize, &str, u32), estimand: Estimand) -> CellKey {
        let conditions = self.protocol.conditions.conditions();
        CellKey {
            measure_order,
            measure_id: id.to_owned(),
            measure_version: version,
            population: place.cohort.population,
            period_start: place.cohort.first_day(self.quarters),
            period_end: place.cohort.last_day(self.quarters),
            site: place.site.map_or(ALL, |site| &self.tallies.sites[site]).to_owned(),
            condition_order: place.condition.map_or(0, |condition| condition + 1),
            condition: place.condition.map_or(ALL, |condition| &conditions[condition].code).to_owned(),
            stratum_name: ALL.to_owned(),
            stratum_order: 0,
            stratum_level: ALL.to_owned(),
            horizon_day: place.horizon.target,
            horizon: place.horizon.id.to_owned(),
            estimand,
        }
    }
}

/// One cohort's tallies by site, condition and horizon, with their margins.
struct Cube {
    sites: usize,
    conditions: usize,
    measures: usize,
    cells: std::collections::BTreeMap<(Option<usize>, Option<usize>, usize), Vec<Tally>>,
}

impl Cube {
    fn of(tallies: &Tallies, protocol: &Protocol, wanted: impl Fn(&FineCell) -> bool) -> Self {
        let mut cube = Self {
            sites: tallies.sites.len(),
            conditions: protocol.conditions.conditions().len(),
            measures: protocol.measures.len(),
            cells: std::collections::BTreeMap::new(),
        };
        for (cell, tallies) in tallies.cells.iter().filter(|(cell, _)| wanted(cell)) {
            for site in [None, Some(cell.site)] {
                for condition in [None, Some(cell.condition)] {
                    cube.add((site, condition, cell.horizon), tallies);
                }
            }
        }
        cube
    }

    fn add(&mut self, key: (Option<usize>, Option<usize>, usize), tallies: &[Tally]) {
        let measures = self.measures;
        let mine = self.cells.entry(key).or_insert_with(|| vec![Tally::default(); measures]);
        mine.iter_mut().zip(tallies).for_each(|(mine, theirs)| *mine += theirs);
    }

    fn tallies(&self, site: Option<usize>, condition: Option<usize>, horizon: usize) -> Vec<Tally> {
        let empty = || vec![Tally::default(); self.measures];
        self.cells.get(&(site, condition, horizon)).cloned().unwrap_or_else(empty)
    }

    /// Every combination of site and condition, each with its margin first.
    fn margins(&self) -> Vec<(Option<usize>, Option<usize>)> {
        let with_margin = |count: usize| std::iter::once(None).chain((0..count).map(Some));
        with_margin(self.sites)
            .flat_map(|site| with_margin(self.conditions).map(move |condition| (site, condition)))
            .collect()
    }
}
