//! Cohorts: which series a population holds, how far it is split up, and the
//! tallies of each of its places.
//!
//! Which cells exist (README, "Populations"): the newest mature quarter by
//! site; the rolling year by condition, overall and by site; everything to
//! date by condition and by site; the trend by quarter and by month.

use std::collections::BTreeMap;

use super::period::{Began, Quarters, months, quarter};
use super::result::{Maturity, Population};
use super::tally::{BY_PERIOD, Tallies, Tally};
use crate::model::calendar::{Day, Period};
use crate::model::horizon::Horizon;

/// Where and when series began that count.
pub fn counted(tallies: &Tallies) -> impl Iterator<Item = Began> {
    let counts = |tallies: &[Tally]| tallies.iter().any(|tally| tally.eligible > 0);
    by_period(tallies).filter(move |(_, tallies)| counts(tallies)).map(|(began, _)| began)
}

fn by_period(tallies: &Tallies) -> impl Iterator<Item = (Began, &[Tally])> {
    let cells = tallies.splits.iter().filter(|(cell, _)| cell.split == BY_PERIOD);
    cells.map(|(cell, tallies)| {
        let site = usize::try_from(cell.level[0]).expect("a site's position");
        (Began { period: cell.period, site, horizon: cell.horizon }, tallies.as_slice())
    })
}

/// A group of series by when they began.
#[derive(Clone, Debug)]
pub struct Cohort {
    /// Which population of the results it is.
    pub population: Population,
    /// When its series began.
    pub periods: Periods,
    /// How far it is split up.
    pub split: Split,
}

/// When the series of a cohort began.
#[derive(Clone, Debug)]
pub enum Periods {
    /// Series of these quarters.
    Quarters(Vec<Period>),
    /// Series of this month.
    Month(Period),
    /// Series of every mature quarter.
    ToDate,
}

/// How far a cohort is split up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
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
    pub fn holds(self, site: Option<usize>, condition: Option<usize>, primary: bool) -> bool {
        match self {
            Self::Overall => site.is_none() && condition.is_none() && primary,
            Self::SitesAtPrimary => condition.is_none() && (site.is_none() || primary),
            Self::Sites => condition.is_none(),
            Self::ConditionsAndSites => site.is_none() || condition.is_none(),
            Self::ConditionsBySite => true,
        }
    }
}

/// Every cohort of the results, in their order. `began`: the series that count.
pub fn cohorts(began: &[Began], quarters: &Quarters) -> Vec<Cohort> {
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
    let months = months(began.iter().filter_map(|began| began.period)).into_iter();
    cohorts.extend(months.map(|month| cohort(Population::Month, Periods::Month(month), Split::Overall)));
    cohorts
}

impl Cohort {
    /// Whether series of a period belong to the cohort.
    pub fn holds(&self, period: Option<Period>, quarters: &Quarters) -> bool {
        match &self.periods {
            Periods::ToDate => quarters.holds_to_date(period),
            Periods::Month(month) => period == Some(*month),
            Periods::Quarters(wanted) => period.and_then(quarter).is_some_and(|quarter| wanted.contains(&quarter)),
        }
    }

    /// First day of its period.
    pub fn first_day(&self, quarters: &Quarters) -> Option<Day> {
        match &self.periods {
            Periods::ToDate => quarters.all.first().map(|period| period.first_day()),
            Periods::Month(month) => Some(month.first_day()),
            Periods::Quarters(periods) => periods.first().map(|period| period.first_day()),
        }
    }

    /// Last day of its period.
    pub fn last_day(&self, quarters: &Quarters) -> Option<Day> {
        match &self.periods {
            Periods::ToDate => quarters.newest_mature.map(Period::last_day),
            Periods::Month(month) => Some(month.last_day()),
            Periods::Quarters(periods) => periods.last().map(|period| period.last_day()),
        }
    }
}

/// Where one cell stands: cohort, site, condition and horizon.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The cohort.
    pub cohort: &'a Cohort,
    /// Whether the window of the horizon had closed for everyone.
    pub maturity: Maturity,
    /// Position of the site; `None` is the margin.
    pub site: Option<usize>,
    /// Position of the condition; `None` is the margin.
    pub condition: Option<usize>,
    /// The horizon.
    pub horizon: Horizon,
}

/// One cohort's tallies by site, condition and horizon, with their margins.
#[derive(Debug)]
pub struct Cube {
    sites: usize,
    conditions: usize,
    measures: usize,
    cells: BTreeMap<(Option<usize>, Option<usize>, usize), Vec<Tally>>,
}

impl Cube {
    /// Adds up the cells of a cohort, which hold tallies of so many measures, for the
    /// places it is split into at any horizon.
    pub fn of(tallies: &Tallies, conditions: usize, measures: usize, cohort: &Cohort, quarters: &Quarters) -> Self {
        let mut cube = Self { sites: tallies.sites.len(), conditions, measures, cells: BTreeMap::new() };
        let of_quarters = tallies.cells.iter().filter(|(cell, _)| cohort.holds(cell.period, quarters));
        for (cell, tallies) in of_quarters {
            for site in [None, Some(cell.site)] {
                for condition in [None, Some(cell.condition)] {
                    if cohort.split.holds(site, condition, true) {
                        cube.add((site, condition, cell.horizon), tallies);
                    }
                }
            }
        }
        // No fine cell is of a month: months are not split by condition.
        if matches!(cohort.periods, Periods::Month(_)) {
            let of_month = by_period(tallies).filter(|(began, _)| cohort.holds(began.period, quarters));
            of_month.for_each(|(began, tallies)| cube.add((None, None, began.horizon), tallies));
        }
        cube
    }

    fn add(&mut self, key: (Option<usize>, Option<usize>, usize), tallies: &[Tally]) {
        let measures = self.measures;
        let mine = self.cells.entry(key).or_insert_with(|| vec![Tally::default(); measures]);
        mine.iter_mut().zip(tallies).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// One tally per measure at a place, `None` being the margin; zeros where nobody is.
    pub fn tallies(&self, site: Option<usize>, condition: Option<usize>, horizon: usize) -> Vec<Tally> {
        let empty = || vec![Tally::default(); self.measures];
        self.cells.get(&(site, condition, horizon)).cloned().unwrap_or_else(empty)
    }

    /// Every combination of site and condition, each with its margin first.
    pub fn margins(&self) -> Vec<(Option<usize>, Option<usize>)> {
        let with_margin = |count: usize| std::iter::once(None).chain((0..count).map(Some));
        with_margin(self.sites)
            .flat_map(|site| with_margin(self.conditions).map(move |condition| (site, condition)))
            .collect()
    }
}
