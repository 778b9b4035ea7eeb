//! Which quarters are mature, and which periods a population holds.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::calendar::Period;

/// Where and when series began that count at a horizon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Began {
    /// The period as recorded; `None` where nobody said.
    pub period: Option<Period>,
    /// Position among the sites.
    pub site: usize,
    /// Position among the horizons.
    pub horizon: usize,
}

/// The quarters of the data and how far they are mature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarters {
    /// Every quarter from the first to the last with a series.
    pub all: Vec<Period>,
    /// The newest whose primary window has closed for everyone; `None` when
    /// none has, or when no period is known.
    pub newest_mature: Option<Period>,
}

impl Quarters {
    /// Reads the quarters in which series began that count. A quarter is
    /// mature when `is_closed` says so of each site with a series in it: a
    /// clinic that stopped sending records holds back its own quarters only.
    pub fn of(began: impl Iterator<Item = Began>, is_closed: impl Fn(Period, usize) -> bool) -> Self {
        let mut sites: BTreeMap<Period, BTreeSet<usize>> = BTreeMap::new();
        for began in began {
            if let Some(quarter) = began.period.and_then(quarter) {
                sites.entry(quarter).or_default().insert(began.site);
            }
        }
        let closed = |quarter: Period| sites[&quarter].iter().all(|&site| is_closed(quarter, site));
        let seen: Vec<Period> = sites.keys().copied().collect();
        let newest_mature = seen.iter().rev().copied().find(|&quarter| closed(quarter));
        Self { all: without_gaps(&seen), newest_mature }
    }

    /// The four newest mature quarters, oldest first; fewer when the data
    /// begin later.
    pub fn rolling_year(&self) -> Vec<Period> {
        let mature = self.all.iter().copied().filter(|&quarter| self.is_mature(quarter));
        let newest_first: Vec<Period> = mature.rev().take(4).collect();
        newest_first.into_iter().rev().collect()
    }

    /// Whether a quarter is the newest mature one or older.
    pub fn is_mature(&self, quarter: Period) -> bool {
        self.newest_mature.is_some_and(|newest| quarter <= newest)
    }

    /// Whether a series of `period` counts "to date": its quarter is mature,
    /// or nobody said when it was, and then the due date alone decides.
    pub fn holds_to_date(&self, period: Option<Period>) -> bool {
        match period.map(|period| quarter(period).ok_or(period)) {
            None => true,
            Some(Ok(quarter)) => self.is_mature(quarter),
            Some(Err(year)) => self.newest_mature.is_none_or(|newest| year.last_day() <= newest.last_day()),
        }
    }
}

/// The quarter of a month or quarter; a year has none.
pub fn quarter(period: Period) -> Option<Period> {
    match period {
        Period::Month(..) => Some(Period::quarter_of(period.first_day())),
        Period::Quarter(..) => Some(period),
        Period::Year(_) => None,
    }
}

/// A quarter without a series stays on the axis.
fn without_gaps(seen: &[Period]) -> Vec<Period> {
    let (Some(&first), Some(&last)) = (seen.first(), seen.last()) else { return Vec::new() };
    std::iter::successors(Some(first), |period| Some(period.next())).take_while(|&period| period <= last).collect()
}

/// The months from the first to the last seen, none left out.
pub fn months(periods: impl Iterator<Item = Period>) -> Vec<Period> {
    let mut seen: Vec<Period> = periods.filter(|period| matches!(period, Period::Month(..))).collect();
    seen.sort_unstable();
    seen.dedup();
    without_gaps(&seen)
}
