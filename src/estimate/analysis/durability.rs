//! How long relief lasts: counts at reporting weeks, and curves from days.
//!
//! Two definitions stand side by side. Relief is *lost* when pain is back within
//! 30 % of the baseline, whatever was infused in between: Kaplan–Meier, the last
//! score seen censors. What came *first*, the loss or another infusion, is the
//! stricter question; the infusion competes with the loss, because whoever is
//! treated again was not left to lose it: Aalen–Johansen.
//!
//! Losses are seen at visits weeks apart, so each lies in an interval, and the curve
//! between two: one dates losses by the visit that showed them, `soonest` by the day
//! after the last score that was still better. No assumption of when within the
//! interval relief ends is needed for either.
//!
//! Curves are product-limit estimates on days, read off at the reporting weeks. A
//! point is hidden where a count beside it is. It says a little more than the
//! counts, namely how those last seen lie among the losses, so it is released in
//! whole per cents where small numerators are protected
//! (`publish::disclosure::row`).

use super::{ALL, Inputs};
use crate::derive::durability::{ByDay, ReliefCounts};
use crate::estimate::LEVEL;
use crate::estimate::cohort::Place;
use crate::estimate::result::{
    CellKey, ConfidenceInterval, Derivation, Estimand, Estimate, Finding, Maturity, Output, Population, Relations,
    Statistic,
};
use crate::estimate::statistics::Undefined;
use crate::estimate::statistics::aalen_johansen::{Competing, Incidence, aalen_johansen};
use crate::estimate::statistics::kaplan_meier::{Curve, Step, kaplan_meier};
use crate::estimate::statistics::lifetimes::{Lifetimes, TimePoint};

/// Whose relief is lost by the visit that showed it.
const LOST: &str = "relief_lost";
/// Whose relief may have been.
const SOONEST_LOST: &str = "relief_soonest_lost";
/// Name of the split: at most so many weeks since relief began.
pub const WEEKS: &str = "weeks_since_relief";
/// The weeks a curve is read off at. Visits are weeks apart; a curve that steps
/// down on the day of each loss would be a list of patients.
const REPORTED: [i32; 9] = [0, 4, 8, 12, 16, 20, 24, 36, 52];
/// A curve over fewer at risk says nothing (definitions, statistics.md §8).
const FEWEST_AT_RISK: u64 = 10;

/// Whose relief ended on one day since it began, by the ways of the definition.
#[derive(Clone, Debug)]
struct Day {
    day: i32,
    ways: Vec<u64>,
}

fn days<const WAYS: usize>(by_day: &ByDay<WAYS>) -> Vec<Day> {
    by_day.iter().map(|(&day, ways)| Day { day, ways: ways.to_vec() }).collect()
}

/// One definition of the end of relief.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// The curve.
    pub curve: &'static str,
    /// Whose relief had ended, or who was last seen well, by a step.
    ended: &'static str,
    /// The ways it ended, by a step; the last is "last seen well".
    ways: &'static [&'static str],
    /// Whether it is split by condition.
    split: bool,
    days: fn(&ReliefCounts) -> Vec<Day>,
    statistics: &'static [(&'static str, &'static str)],
    /// Why nothing is said with fewer than [`FEWEST_AT_RISK`] left; which ones, because
    /// curves stand side by side.
    too_few: &'static str,
}

/// The definitions, in report order.
pub const DEFINITIONS: [Definition; 3] = [
    Definition {
        curve: "relief_curve",
        ended: "relief_ended",
        ways: &[LOST, "relief_last_seen"],
        split: true,
        days: |counts| days(&counts.lost),
        statistics: &[("survival", "share"), ("at_risk", "patients"), ("incidence_lost", "share")],
        too_few: "fewer than 10 are still at risk",
    },
    Definition {
        curve: "relief_soonest_curve",
        ended: "relief_soonest_ended",
        ways: &[SOONEST_LOST, "relief_last_seen"],
        split: false,
        days: |counts| days(&counts.soonest),
        statistics: &[("survival", "share"), ("at_risk", "patients"), ("incidence_lost", "share")],
        too_few: "fewer than 10 are still at risk with losses dated at the earliest",
    },
    Definition {
        curve: "relief_first_curve",
        ended: "relief_first_ended",
        ways: &["relief_first_lost", "relief_first_retreated", "relief_first_last_seen"],
        split: false,
        days: |counts| days(&counts.first),
        statistics: &[
            ("survival", "share"),
            ("at_risk", "patients"),
            ("incidence_lost", "share"),
            ("incidence_retreated", "share"),
        ],
        too_few: "fewer than 10 are still at risk without another infusion",
    },
];

impl Definition {
    /// Whether the way is counted here; those last seen well are the same people
    /// however losses are dated.
    fn counts(&self, way: &str) -> bool {
        self.ended == DEFINITIONS[0].ended || !DEFINITIONS[0].ways.contains(&way)
    }
}

const MEDIAN: &[(&str, &str)] = &[("median", "weeks"), ("median_low", "weeks"), ("median_high", "weeks")];

/// Weeks since relief began at which the curves are read off, from 0.
pub fn weeks() -> impl Iterator<Item = i32> {
    REPORTED.into_iter()
}

/// Whether numbers of this id are computed from days, of which no row tells.
pub fn is_of_days(measure_id: &str) -> bool {
    DEFINITIONS.iter().any(|definition| definition.curve == measure_id)
}

/// The counts of every curve.
pub(super) fn estimates(inputs: &Inputs<'_>) -> Vec<Estimate> {
    let mut all = Vec::new();
    for_each_curve(inputs, |keys, definition, place| {
        let counts = sum(inputs, place);
        if counts.patients > 0 || place.condition.is_none() {
            all.extend(of_curve(&keys, definition, &counts));
        }
    });
    all
}

/// The curves, computed from the counts that may be shown.
pub(super) fn derivations(inputs: &Inputs<'_>, estimates: &[Estimate]) -> Vec<Derivation> {
    let mut all = Vec::new();
    for_each_curve(inputs, |keys, definition, place| {
        let first = keys.at(definition.ended, 0);
        if estimates.binary_search_by(|estimate| estimate.key.cmp(&first)).is_ok() {
            all.push(derivation(&keys, definition, &Curves::of(&sum(inputs, place), definition)));
        }
    });
    all
}

fn for_each_curve(inputs: &Inputs<'_>, mut visit: impl FnMut(Keys, &'static Definition, &Place<'_>)) {
    let horizon = inputs.protocol.study.primary_horizon;
    for cohort in inputs.cohorts().iter().filter(|cohort| cohort.population == Population::ToDate) {
        for definition in &DEFINITIONS {
            let conditions = if definition.split { inputs.protocol.conditions.conditions().len() } else { 0 };
            for condition in std::iter::once(None).chain((0..conditions).map(Some)) {
                let place = Place { cohort, maturity: Maturity::Mature, site: None, condition, horizon };
                visit(Keys::of(inputs, &place, definition), definition, &place);
            }
        }
    }
}

fn sum(inputs: &Inputs<'_>, place: &Place<'_>) -> ReliefCounts {
    let mut total = ReliefCounts::default();
    for (&(period, condition), counts) in &inputs.tallies.durability.cells {
        if place.cohort.holds(period, inputs.quarters) && place.condition.is_none_or(|wanted| wanted == condition) {
            total += counts;
        }
    }
    total
}

/// Keys of one curve.
struct Keys {
    /// Every id of the definition with its key at no level.
    bare: Vec<CellKey>,
}

impl Keys {
    fn of(inputs: &Inputs<'_>, place: &Place<'_>, definition: &Definition) -> Self {
        let ids = definition.ways.iter().copied().chain([definition.ended, definition.curve, LOST]);
        let key =
            |id| CellKey { horizon_day: 0, horizon: ALL.to_owned(), ..inputs.built_in_key(place, id, 1, Estimand::Oc) };
        Self { bare: ids.map(key).collect() }
    }

    fn at(&self, id: &str, step: usize) -> CellKey {
        let bare = self.bare.iter().find(|key| key.measure_id == id).expect("an id of the definition");
        let weeks = weeks().nth(step).expect("a step");
        CellKey {
            stratum_name: WEEKS.to_owned(),
            stratum_order: step,
            stratum_level: weeks.to_string(),
            ..bare.clone()
        }
    }

    fn whole(&self, id: &str) -> CellKey {
        self.bare.iter().find(|key| key.measure_id == id).expect("an id of the definition").clone()
    }
}

/// For each reporting week the people whose relief had ended by then, that day
/// included, and by which way.
fn of_curve(keys: &Keys, definition: &Definition, counts: &ReliefCounts) -> Vec<Estimate> {
    let days = (definition.days)(counts);
    let mut all = Vec::new();
    for (step, week) in weeks().enumerate() {
        let so_far = by_then(&days, week, definition.ways.len());
        let cell = |id: &str, count: u64| {
            let statistic = Statistic::new("count", "patients", Ok(count as f64));
            Estimate::new(keys.at(id, step), counts.patients, Some(count), vec![statistic], Maturity::Mature)
        };
        for (id, &count) in definition.ways.iter().zip(&so_far).filter(|(id, _)| definition.counts(id)) {
            // Whoever has lost it by the later date has by the sooner one.
            let contains = if *id == SOONEST_LOST { vec![keys.at(LOST, step)] } else { Vec::new() };
            all.push(cell(id, count).related(Relations { contains, ..Relations::default() }));
        }
        let sum_of = definition.ways.iter().map(|id| keys.at(id, step)).collect();
        let ended = cell(definition.ended, so_far.iter().sum());
        all.push(ended.related(Relations { sum_of, ..Relations::default() }));
    }
    all
}

fn by_then(days: &[Day], week: i32, ways: usize) -> Vec<u64> {
    let mut so_far = vec![0_u64; ways];
    for day in days.iter().take_while(|day| day.day <= 7 * week) {
        so_far.iter_mut().zip(&day.ways).for_each(|(sum, more)| *sum += more);
    }
    so_far
}

/// Needs at each reporting week the counts of that week: everyone whose relief had
/// ended, and every way but the last, which is the rest. The median needs those of
/// the weeks around it.
fn derivation(keys: &Keys, definition: &'static Definition, curves: &Curves) -> Derivation {
    let events = &definition.ways[..definition.ways.len() - 1];
    let stride = 1 + events.len();
    let of_step = |step: usize| {
        std::iter::once(&definition.ended).chain(events).map(move |id| keys.at(id, step)).collect::<Vec<_>>()
    };
    let needs = |step: usize| step * stride..(step + 1) * stride;
    let output = |step: usize| Output {
        key: keys.at(definition.curve, step),
        needs: needs(step).collect(),
        statistics: definition.statistics,
        maturity: Maturity::Mature,
    };
    let median = Output {
        key: keys.whole(definition.curve),
        needs: curves.steps_around_median().flat_map(needs).collect(),
        statistics: MEDIAN,
        maturity: Maturity::Mature,
    };
    let mut findings: Vec<Finding> = (0..REPORTED.len())
        .map(|step| Finding { n: curves.n, numerator: None, statistics: curves.at_step(step, definition) })
        .collect();
    findings.push(Finding { n: curves.n, numerator: None, statistics: median_weeks(&curves.survival, definition) });
    Derivation {
        inputs: (0..REPORTED.len()).flat_map(of_step).collect(),
        outputs: (0..REPORTED.len()).map(output).chain([median]).collect(),
        compute: Box::new(move |_| findings.clone()),
    }
}

/// The curves of one definition over all days.
struct Curves {
    n: u64,
    days: Vec<Day>,
    survival: Result<Curve, Undefined>,
    incidence: Vec<Incidence>,
}

impl Curves {
    fn of(counts: &ReliefCounts, definition: &Definition) -> Self {
        let days = (definition.days)(counts);
        let competing: Vec<Competing> = days
            .iter()
            .map(|day| {
                let (&censored, events) = day.ways.split_last().expect("a definition has ways");
                Competing { time: f64::from(day.day), events: events.to_vec(), censored }
            })
            .collect();
        let any = |point: &Competing| TimePoint {
            time: point.time,
            events: point.events.iter().sum(),
            censored: point.censored,
        };
        let survival = Lifetimes::from_tally(competing.iter().map(any)).and_then(|sample| kaplan_meier(&sample, LEVEL));
        let incidence = aalen_johansen(&competing).unwrap_or_default();
        Self { n: counts.patients, days, survival, incidence }
    }

    /// The first reporting week with the median behind it, and the one before;
    /// where it is not reached, the last.
    fn steps_around_median(&self) -> impl Iterator<Item = usize> + use<> {
        let median = self.survival.as_ref().map_err(|why| *why).and_then(|curve| curve.median);
        let after =
            median.map_or(REPORTED.len(), |day| REPORTED.iter().filter(|&&week| f64::from(7 * week) < day).count());
        let last = REPORTED.len() - 1;
        [after.saturating_sub(1).min(last), after.min(last)].into_iter()
    }

    fn at_step(&self, step: usize, definition: &Definition) -> Vec<Statistic> {
        let unknown = |why: String| -> Vec<Statistic> {
            let names = definition.statistics.iter();
            names.map(|(name, unit)| Statistic::new(name, unit, Err(why.clone()))).collect()
        };
        let curve = match &self.survival {
            Ok(curve) => curve,
            Err(why) => return unknown(why.to_string()),
        };
        let at_risk = self.n - by_then(&self.days, REPORTED[step], definition.ways.len()).iter().sum::<u64>();
        if at_risk < FEWEST_AT_RISK {
            return unknown(definition.too_few.to_owned());
        }
        let time = f64::from(7 * REPORTED[step]);
        let reached = curve.steps.iter().rev().find(|known| known.time <= time);
        let mut all = vec![survival(reached), Statistic::new("at_risk", "patients", Ok(at_risk as f64))];
        let shares = self.incidence.iter().rev().find(|known| known.time <= time);
        let ways = definition.statistics[2..].iter().enumerate();
        all.extend(
            ways.map(|(way, (name, unit))| {
                Statistic::new(name, unit, Ok(shares.map_or(0.0, |known| known.shares[way])))
            }),
        );
        all
    }
}

/// Before anything ended everyone is still better.
fn survival(reached: Option<&Step>) -> Statistic {
    let (value, limits) = reached.map_or((1.0, None), |step| (step.survival, step.limits.ok()));
    let interval = limits.map(|limits| ConfidenceInterval {
        low: limits.low,
        high: limits.high,
        level: LEVEL,
        method: "greenwood_log_log",
    });
    Statistic::new("survival", "share", Ok(value)).with_interval(interval)
}

/// A time that fewer than [`FEWEST_AT_RISK`] outlast is not said, as no point of the
/// curve behind it is.
fn median_weeks(curve: &Result<Curve, Undefined>, definition: &Definition) -> Vec<Statistic> {
    let value = |take: fn(&Curve) -> Result<f64, Undefined>| {
        let curve = curve.as_ref().map_err(ToString::to_string)?;
        let days = take(curve).map_err(|why| why.to_string())?;
        if at_risk_after(curve, days) < FEWEST_AT_RISK { Err(definition.too_few.to_owned()) } else { Ok(days / 7.0) }
    };
    let values = [value(|curve| curve.median), value(|curve| curve.median_low), value(|curve| curve.median_high)];
    MEDIAN.iter().zip(values).map(|((name, unit), value)| Statistic::new(name, unit, value)).collect()
}

/// Those still better and still followed after a day.
fn at_risk_after(curve: &Curve, day: f64) -> u64 {
    let step = curve.steps.iter().rev().find(|step| step.time <= day);
    step.map_or(0, |step| step.at_risk - step.events - step.censored)
}

#[cfg(test)]
mod tests {
    use super::{DEFINITIONS, median_weeks};
    use crate::estimate::LEVEL;
    use crate::estimate::statistics::kaplan_meier::kaplan_meier;
    use crate::estimate::statistics::lifetimes::{Lifetimes, TimePoint};

    /// Half lose relief on day 70, the others are followed to day 100: by hand, the
    /// median is day 70, which 10 outlast, or 9.
    #[test]
    fn a_median_that_fewer_than_ten_outlast_is_not_said() {
        let median = |outlast: u64| {
            let days = [
                TimePoint { time: 70.0, events: 10, censored: 0 },
                TimePoint { time: 100.0, events: 0, censored: outlast },
            ];
            let curve = Lifetimes::from_tally(days).and_then(|sample| kaplan_meier(&sample, LEVEL));
            median_weeks(&curve, &DEFINITIONS[0]).swap_remove(0).value
        };
        assert_eq!(median(10), Ok(10.0));
        assert_eq!(median(9), Err("fewer than 10 are still at risk".to_owned()));
        assert_eq!(median(0), Err("fewer than 10 are still at risk".to_owned()), "everyone lost it at once");
    }
}
