//! Every way to count the lost, side by side: last observation carried forward,
//! best and worst case, and inverse-probability-of-follow-up weights. Overall
//! only, for the cohorts a reader judges.

use std::collections::BTreeMap;

use super::Inputs;
use super::measures::{ratio, stated};
use crate::estimate::LEVEL;
use crate::estimate::change;
use crate::estimate::cohort::Place;
use crate::estimate::proportion::Ratio;
use crate::estimate::result::{ConfidenceInterval, Estimand, Estimate, Population, Relations, Statistic};
use crate::estimate::statistics::standardization::{self, Stratum};
use crate::estimate::statistics::{IntervalEstimate, Undefined, mean};
use crate::estimate::tally::{FOLLOW_UP_STRATA, Tally};
use crate::protocol::{Measure, MeasureKind};

/// The cohorts with all estimands.
pub(super) const POPULATIONS: [Population; 3] = [Population::Quarter, Population::RollingYear, Population::ToDate];

/// Tallies of all measures by stratum.
type Strata = BTreeMap<Vec<i32>, Vec<Tally>>;

pub(super) fn estimates(inputs: &Inputs<'_>) -> Vec<Estimate> {
    let mut all = Vec::new();
    for cohort in inputs.cohorts().iter().filter(|cohort| POPULATIONS.contains(&cohort.population)) {
        let cube = inputs.cube(cohort);
        let overall = inputs.places(cohort, &cube).into_iter();
        for (horizon, place) in overall.filter(|(_, place)| place.site.is_none() && place.condition.is_none()) {
            let tallies = cube.tallies(None, None, horizon);
            let strata = inputs.by_level(FOLLOW_UP_STRATA, cohort, horizon);
            for (order, (measure, tally)) in inputs.protocol.measures.iter().zip(&tallies).enumerate() {
                all.extend(filled_in(inputs, &place, measure, tally));
                all.push(weighted(inputs, &place, (order, measure), tally, &strata));
            }
        }
    }
    all
}

/// The estimands that put something in the place of a missing outcome.
fn filled_in(inputs: &Inputs<'_>, place: &Place<'_>, measure: &Measure, tally: &Tally) -> Vec<Estimate> {
    let carried = measure.last.is_some().then_some(Estimand::Locf);
    let bounds = [Estimand::Best, Estimand::Worst].into_iter();
    let proportion = measure.kind == MeasureKind::Proportion;
    let estimands = carried.into_iter().chain(bounds.filter(|_| proportion || measure.range.is_some()));
    let estimate = |estimand| {
        let key = inputs.key(place, measure, estimand);
        let counted = Ratio::of(tally, estimand, measure.better).filter(|_| proportion);
        let estimate = if let Some(counted) = counted {
            ratio(key, counted, &measure.unit, place.maturity)
        } else {
            let statistics = change::statistics(tally, measure, estimand);
            Estimate::new(key, tally.eligible, None, statistics, place.maturity)
        };
        estimate.related(stated(measure))
    };
    estimands.map(estimate).collect()
}

/// The weighted rate or mean. It is computed from strata that are no row of the
/// results, so it is hidden wherever what it weighs is.
fn weighted(
    inputs: &Inputs<'_>,
    place: &Place<'_>,
    (order, measure): (usize, &Measure),
    tally: &Tally,
    strata: &Strata,
) -> Estimate {
    let key = |estimand| inputs.key(place, measure, estimand);
    let proportion = measure.kind == MeasureKind::Proportion;
    let statistic =
        if proportion { weighted_rate(order, measure, strata) } else { weighted_mean(order, measure, strata) };
    let imputed = if proportion { Estimand::Nri } else { Estimand::Bocf };
    let rests_on = vec![key(Estimand::Oc), key(imputed)];
    Estimate::new(key(Estimand::Ipw), tally.eligible, None, vec![statistic], place.maturity)
        .related(Relations { rests_on, ..stated(measure) })
}

fn weighted_rate(order: usize, measure: &Measure, strata: &Strata) -> Statistic {
    let stratum = |tally: &Tally| {
        let share = if tally.observed == 0 { 0.0 } else { tally.outcome as f64 / tally.observed as f64 };
        Ok(Stratum { eligible: tally.eligible, observed: tally.observed, mean: share, variance: share * (1.0 - share) })
    };
    let found = standardized(order, strata, stratum).and_then(|all| all.rate_interval(LEVEL));
    statistic("rate", measure, found.map(|ends| (ends.estimate, Some(ends))), "wilson_effective_n")
}

fn weighted_mean(order: usize, measure: &Measure, strata: &Strata) -> Statistic {
    let stratum = |tally: &Tally| {
        let changes = change::changes(tally.pairs.iter(), measure)?;
        let sd = mean::standard_deviation(&changes)?;
        Ok(Stratum {
            eligible: tally.eligible,
            observed: tally.observed,
            mean: mean::mean(&changes)?,
            variance: sd * sd,
        })
    };
    let found = standardized(order, strata, stratum);
    let found = found.map(|all| (all.estimate, all.mean_interval(LEVEL).ok()));
    statistic("mean", measure, found, "t_weighted")
}

/// Merges the strata of one measure until enough were seen of each.
fn standardized(
    order: usize,
    strata: &Strata,
    stratum: impl Fn(&Tally) -> Result<Stratum, Undefined>,
) -> Result<standardization::Standardized, Undefined> {
    let counted: Vec<(&Vec<i32>, &Tally)> = strata
        .iter()
        .map(|(level, tallies)| (level, &tallies[order]))
        .filter(|(_, tally)| tally.eligible > 0)
        .collect();
    let seen: Vec<(Vec<i32>, u64)> = counted.iter().map(|(level, tally)| ((*level).clone(), tally.observed)).collect();
    let merged = standardization::merge(&seen).into_iter().map(|members| {
        let mut sum = Tally::default();
        for member in members {
            sum += counted[member].1;
        }
        stratum(&sum)
    });
    standardization::standardize(&merged.collect::<Result<Vec<_>, _>>()?)
}

fn statistic(
    name: &'static str,
    measure: &Measure,
    found: Result<(f64, Option<IntervalEstimate>), Undefined>,
    method: &'static str,
) -> Statistic {
    let interval = found.ok().and_then(|(_, ends)| ends);
    let interval = interval.map(|ends| ConfidenceInterval { low: ends.low, high: ends.high, level: LEVEL, method });
    let value = found.map(|(value, _)| value).map_err(|why| why.to_string());
    Statistic::new(name, &measure.unit, value).with_interval(interval)
}
