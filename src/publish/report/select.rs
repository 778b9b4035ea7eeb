//! Finding the row a chart or sentence is about.

use crate::estimate::analysis::reported;
use crate::estimate::result::{Estimand, Maturity, Population};
use crate::model::calendar::Period;
use crate::protocol::MeasureKind;
use crate::publish::report::Context;
use crate::publish::results::{Released, ResultRow};

/// Level of a margin.
pub const ALL: &str = "all";

/// The share seen again: there wherever the headline is, whichever measure that is.
pub const RETENTION: &str = "retention";

/// What a number is about. Everything not named is a margin.
#[derive(Clone, Copy, Debug)]
pub struct Query<'q> {
    /// Measure id.
    pub measure: &'q str,
    /// Statistic.
    pub statistic: &'q str,
    /// Estimand.
    pub estimand: Estimand,
    /// Population.
    pub population: Population,
    /// Horizon id.
    pub horizon: &'q str,
    /// Site code.
    pub site: &'q str,
    /// Condition code.
    pub condition: &'q str,
    /// Name of a further split.
    pub stratum: &'q str,
}

impl<'q> Query<'q> {
    /// The rate of a proportion at the primary horizon, counted as it is reported.
    pub fn rate(measure: &'q str, population: Population, context: &Context<'_>) -> Self {
        let known = context.protocol.measures.iter().find(|known| known.id == measure);
        let proportion = known.filter(|known| known.kind == MeasureKind::Proportion);
        Self {
            measure,
            statistic: "rate",
            estimand: proportion.map_or(Estimand::Nri, reported),
            population,
            horizon: context.protocol.study.primary_horizon.id,
            site: ALL,
            condition: ALL,
            stratum: ALL,
        }
    }

    /// A number among observed cases of everyone to date, at no one horizon.
    pub fn to_date(measure: &'q str, statistic: &'q str) -> Self {
        Self {
            measure,
            statistic,
            estimand: Estimand::Oc,
            population: Population::ToDate,
            horizon: ALL,
            site: ALL,
            condition: ALL,
            stratum: ALL,
        }
    }

    /// The mean of a change at the primary horizon, among observed cases.
    pub fn mean(measure: &'q str, population: Population, context: &Context<'_>) -> Self {
        Self { statistic: "mean", estimand: Estimand::Oc, ..Self::rate(measure, population, context) }
    }

    /// All rows that answer, in report order.
    pub fn rows<'r>(self, released: &'r Released) -> impl Iterator<Item = &'r ResultRow> + use<'r, 'q> {
        released.of_measure(self.measure).filter(move |row| self.fits(row))
    }

    /// The row that answers, when there is one.
    pub fn find(self, released: &Released) -> Option<&ResultRow> {
        self.rows(released).next()
    }

    /// Rows of the trend are told apart by their first day.
    pub fn find_in(self, released: &Released, period: Period) -> Option<&ResultRow> {
        self.rows(released).find(|row| row.period_start == Some(period.first_day()))
    }

    fn fits(&self, row: &ResultRow) -> bool {
        row.statistic == self.statistic
            && row.estimand == self.estimand
            && row.population == self.population
            && row.horizon == self.horizon
            && row.site == self.site
            && row.condition == self.condition
            && row.stratum_name == self.stratum
    }
}

/// Which cohort the headline is about: the newest mature quarter, or every
/// mature series where the input has no calendar.
pub fn headline(released: &Released) -> Population {
    let has = |population: Population| released.of_measure(RETENTION).any(|row| row.population == population);
    if !has(Population::Quarter) && has(Population::ToDate) { Population::ToDate } else { Population::Quarter }
}

/// Whether the results know quarters at all: study days under safe harbor, or
/// without index periods, do not.
pub fn has_quarters(released: &Released) -> bool {
    released.rows().iter().any(|row| row.population == Population::QuarterSeries)
}

/// Which cohort the tables by condition are about: four quarters, because one
/// is nearly always too small to be split by condition.
pub fn by_condition(released: &Released) -> Population {
    let has = |population: Population| {
        released.of_measure(RETENTION).any(|row| row.population == population && row.condition != ALL)
    };
    if !has(Population::RollingYear) && has(Population::ToDate) { Population::ToDate } else { Population::RollingYear }
}

/// One condition and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct ByCondition<'a> {
    /// Label as printed.
    pub label: &'a str,
    /// Code.
    pub code: &'a str,
    /// The row of the query for this condition.
    pub row: &'a ResultRow,
}

/// The query for every condition that has a row, in the order of the pack and
/// never by result; conditions of no pack follow in row order.
pub fn conditions<'a>(query: Query<'_>, released: &'a Released, context: &Context<'a>) -> Vec<ByCondition<'a>> {
    let rows: Vec<&ResultRow> = released
        .of_measure(query.measure)
        .filter(|row| row.condition != ALL && Query { condition: &row.condition, ..query }.fits(row))
        .collect();
    let pack = context.protocol.conditions.conditions();
    let known = pack.iter().filter_map(|condition| {
        let row = rows.iter().find(|row| row.condition == condition.code)?;
        Some(ByCondition { label: &condition.label, code: &condition.code, row })
    });
    let other = rows.iter().filter(|row| context.protocol.conditions.find(&row.condition).is_none());
    known.chain(other.map(|row| ByCondition { label: &row.condition, code: &row.condition, row })).collect()
}

/// Whether the row's number can be shown with an interval.
pub fn estimate(row: &ResultRow) -> Option<(f64, f64, f64)> {
    Some((row.value?, row.ci_low?, row.ci_high?))
}

/// How a number stands to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There is nothing to compare, or one of the two is hidden.
    Unknown,
    /// The newer cohort's windows are open.
    TooEarly,
    /// The interval of the difference holds zero or, of a difference declared
    /// beforehand, chance among all of those explains it.
    NotClear,
    /// Above, and neither is so.
    Higher,
    /// Below, and neither is so.
    Lower,
}

/// The newest mature quarter and how many earlier ones its interval leaves.
#[derive(Clone, Copy, Debug)]
pub struct Trend<'a> {
    /// The newest mature quarter that is shown.
    pub newest: &'a ResultRow,
    /// Earlier mature quarters that are shown.
    pub earlier: usize,
    /// Of those, how many it lies clearly above.
    pub above: usize,
    /// And below.
    pub below: usize,
}

/// Compares the newest mature quarter with every earlier one. Comparing only
/// the first and the last would hide what happened between.
pub fn trend<'a>(rows: &[&'a ResultRow]) -> Option<Trend<'a>> {
    let mut shown: Vec<&ResultRow> =
        rows.iter().copied().filter(|row| row.maturity == Maturity::Mature && estimate(row).is_some()).collect();
    shown.sort_by_key(|row| row.period_start);
    let (newest, earlier) = shown.split_last()?;
    let count = |wanted: Change| earlier.iter().filter(|row| change(newest, Some(row)) == wanted).count();
    (!earlier.is_empty()).then(|| Trend {
        newest,
        earlier: earlier.len(),
        above: count(Change::Higher),
        below: count(Change::Lower),
    })
}

/// Below an adjusted p-value of this something is said to differ.
pub const SIGNIFICANT: f64 = 0.05;

/// Reads a difference declared beforehand: it is one of several that were looked
/// at, so its p-value, adjusted for that (Holm: definitions, statistics.md §6), has
/// to say so as well as its interval, which is printed beside it and is not adjusted.
pub fn contrasted(contrast: &ResultRow) -> Change {
    let Some((value, low, high)) = estimate(contrast) else { return Change::Unknown };
    debug_assert!(low <= value && value <= high);
    if contrast.p_adjusted.is_some_and(|p| p < SIGNIFICANT) { read(low, high) } else { Change::NotClear }
}

/// A difference whose interval holds zero is no clear change.
fn read(low: f64, high: f64) -> Change {
    match (low > 0.0, high < 0.0) {
        (true, _) => Change::Higher,
        (_, true) => Change::Lower,
        _ => Change::NotClear,
    }
}

/// The interval of a difference from the two intervals: square and add. Of two
/// Wilson intervals it is Newcombe's (1998, method 10); of two t intervals it
/// stands for Welch's (Zou and Donner 2008, doi:10.1002/sim.3095).
fn difference((new, new_low, new_high): (f64, f64, f64), (old, old_low, old_high): (f64, f64, f64)) -> (f64, f64) {
    let apart = new - old;
    (apart - (new - new_low).hypot(old_high - old), apart + (new_high - new).hypot(old - old_low))
}

/// Compares two cohorts by the interval of their difference.
pub fn change(now: &ResultRow, before: Option<&ResultRow>) -> Change {
    if now.maturity == Maturity::Immature {
        return Change::TooEarly;
    }
    let both = estimate(now).zip(before.and_then(estimate));
    let Some((new, old)) = both else {
        return Change::Unknown;
    };
    let (low, high) = difference(new, old);
    read(low, high)
}

#[cfg(test)]
mod tests {
    use super::{Change, contrasted, difference, read};
    use crate::publish::report::fixture::{change, rate};
    use crate::publish::results::ResultRow;

    /// Newcombe 1998, Statistics in Medicine 17:873, table II (a), method 10: 56 of 70 less 48 of 80.
    #[test]
    fn the_difference_of_two_wilson_intervals_is_newcombe_s() {
        let [one, other] = [rate(56, 70), rate(48, 80)].map(|row| super::estimate(&row).expect("it is shown"));
        let (low, high) = difference(one, other);
        assert!((low - 0.0524).abs() < 5e-5 && (high - 0.3339).abs() < 5e-5, "{low} {high}");
        assert_eq!(
            (read(low, high), super::change(&rate(56, 70), Some(&rate(48, 80)))),
            (Change::Higher, Change::Higher)
        );
        assert_eq!(super::change(&rate(48, 80), Some(&rate(56, 70))), Change::Lower);
        assert_eq!(super::change(&rate(48, 80), Some(&rate(48, 80))), Change::NotClear);
        assert_eq!(super::change(&rate(0, 9), Some(&rate(9, 9))), Change::Lower, "none and all have intervals too");
    }

    #[test]
    fn a_declared_difference_is_read_by_its_interval_and_its_adjusted_p() {
        let read = |low, high, p_adjusted| {
            contrasted(&ResultRow { p_adjusted, ..change(f64::midpoint(low, high), low, high) })
        };
        let clear = Some(0.049);
        assert_eq!(
            [read(-0.9, -0.1, clear), read(-0.9, 0.03, clear), read(0.0, 0.4, clear), read(0.1, 0.4, clear)],
            [Change::Lower, Change::NotClear, Change::NotClear, Change::Higher]
        );
        assert_eq!([read(0.1, 0.4, Some(0.05)), read(0.1, 0.4, None)], [Change::NotClear; 2]);
    }
}
