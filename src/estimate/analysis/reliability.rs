//! How far two scores of one patient before treatment agree, and what scores chosen
//! for being high would change by themselves if that is their reliability.
//!
//! One number for everyone to date: how reliable a score is does not depend on the
//! quarter, and few patients are asked twice. The band of a mean change follows from
//! it and from the mean before, both of them shown; where too few were asked twice, or
//! either is hidden, the assumptions of the pack remain (`change::statistics`).

use super::estimands::POPULATIONS;
use super::{ALL, Inputs};
use crate::estimate::LEVEL;
use crate::estimate::change::regression;
use crate::estimate::cohort::Place;
use crate::estimate::result::{
    CellKey, ConfidenceInterval, Derivation, Estimand, Estimate, Finding, Maturity, Output, Population, Relations,
    Statistic,
};
use crate::estimate::statistics::Undefined;
use crate::estimate::statistics::reliability::{Repeated, icc};
use crate::protocol::{Measure, Regression, Role};

/// The intraclass correlation of scores before treatment.
pub const RELIABILITY: &str = "pain_reliability";

/// The name of its statistic.
pub const ICC: &str = "icc_1";

/// From so many patients asked twice their reliability widens the band: a hundred
/// or more is called excellent for a study of reliability (COSMIN: Terwee 2012,
/// doi:10.1007/s11136-011-9960-1), and 103 is where rounding to 5 and to the middle
/// of 6 begin a new step, so that having a band says no more than the rounded number.
pub const FEWEST: u64 = 103;

/// The least and the most a mean is expected to change by itself.
pub const BAND: [&str; 2] = ["expected_regression_measured_least", "expected_regression_measured_most"];

const OF_POINTS: &[(&str, &str)] = &[(BAND[0], "points"), (BAND[1], "points")];

/// Tenths of a point to the point, as pain is stored.
const TENTHS: f64 = 10.0;

/// The reliability of everyone to date.
pub(super) fn estimates(inputs: &Inputs<'_>) -> Vec<Estimate> {
    let horizon = inputs.protocol.study.primary_horizon;
    let mut all = Vec::new();
    for cohort in inputs.cohorts().iter().filter(|cohort| cohort.population == Population::ToDate) {
        let place = Place { cohort, maturity: Maturity::Mature, site: None, condition: None, horizon };
        let cells = inputs.tallies.repeats.cells.iter();
        let held = cells.filter(|((period, _), _)| cohort.holds(*period, inputs.quarters));
        let groups: Vec<Repeated> = held
            .map(|((_, scores), sums)| Repeated {
                scores: u64::from(*scores),
                subjects: sums.patients,
                total: sums.total,
                squares_of_totals: sums.squares_of_totals,
                squares: sums.squares,
            })
            .collect();
        let patients = groups.iter().map(|group| group.subjects).sum();
        let headline = inputs.protocol.measures.iter().find(|measure| measure.role == Some(Role::Headline));
        let part_of = headline.map(|measure| inputs.key(&place, measure, Estimand::Nri)).into_iter().collect();
        let key = inputs.built_in_key(&place, RELIABILITY, 1, Estimand::Oc);
        let estimate = Estimate::new(key, patients, None, statistics(&groups), Maturity::Mature);
        all.push(estimate.related(Relations { part_of, importance: -1, ..Relations::default() }));
    }
    all
}

/// The correlation, and the standard deviation of a patient's scores.
fn statistics(groups: &[Repeated]) -> Vec<Statistic> {
    let found = icc(groups, LEVEL);
    let why = |found: Result<f64, Undefined>| found.map_err(|why| why.to_string());
    let interval = found.as_ref().ok().and_then(|found| found.interval.ok());
    let interval =
        interval.map(|ends| ConfidenceInterval { low: ends.low, high: ends.high, level: LEVEL, method: "icc_f" });
    vec![
        Statistic::new(ICC, "1", why(found.map(|found| found.icc))).with_interval(interval),
        Statistic::new("within_sd", "points", why(found.map(|found| found.within.sqrt() / TENTHS))),
    ]
}

/// The band of every mean change that names a usual level.
pub(super) fn derivations(inputs: &Inputs<'_>, estimates: &[Estimate]) -> Vec<Derivation> {
    let Some(reliability) = estimates.iter().find(|estimate| estimate.key.measure_id == RELIABILITY) else {
        return Vec::new();
    };
    let of = |key: &CellKey| inputs.protocol.measures.iter().find(|measure| measure.id == key.measure_id);
    let planned = |estimate: &Estimate| {
        let key = &estimate.key;
        let wanted = key.estimand == Estimand::Oc && key.stratum_name == ALL && POPULATIONS.contains(&key.population);
        let assumed = of(key).filter(|measure| wanted && measure.unit == "points").and_then(regression_of)?;
        Some(plan(assumed, estimate, &reliability.key))
    };
    estimates.iter().filter_map(planned).collect()
}

fn regression_of(measure: &Measure) -> Option<Regression> {
    measure.regression.clone()
}

fn plan(assumed: Regression, change: &Estimate, reliability: &CellKey) -> Derivation {
    let output =
        Output { key: change.key.clone(), needs: vec![0, 1], statistics: OF_POINTS, maturity: change.maturity };
    let compute = move |shown: &[Option<&Estimate>]| {
        let [Some(change), Some(reliability)] = shown else { return vec![finding(0, &Err("hidden".to_owned()))] };
        vec![finding(change.n, &band(&assumed, change, reliability))]
    };
    Derivation {
        inputs: vec![change.key.clone(), reliability.clone()],
        outputs: vec![output],
        compute: Box::new(compute),
    }
}

fn finding(n: u64, band: &Result<[f64; 2], String>) -> Finding {
    let end =
        |end: usize| Statistic::new(BAND[end], "points", band.as_ref().map(|band| band[end]).map_err(Clone::clone));
    Finding { n, numerator: None, statistics: vec![end(0), end(1)] }
}

/// What the mean would change by itself, over the declared range of the reliability
/// and the interval measured. One below 0 means that chance is all there is, and is
/// taken for 0.
fn band(assumed: &Regression, change: &Estimate, reliability: &Estimate) -> Result<[f64; 2], String> {
    let few = || format!("fewer than {FEWEST} patients have repeated scores before treatment");
    let known = reliability.statistics.iter().find(|statistic| statistic.name == ICC);
    let interval = known.and_then(|icc| icc.interval.as_ref()).filter(|_| reliability.n >= FEWEST).ok_or_else(few)?;
    let before = change.value_of("mean_before").ok_or_else(|| "the mean before treatment is not known".to_owned())?;
    Ok(regression(before, allowed(assumed.reliability, interval), assumed.usual))
}

/// The reliabilities a band allows for: those declared, and those measured beyond
/// them. Scores within a month agree more than scores a horizon apart, and patients
/// chosen for high scores differ less than all: a measurement never narrows the band.
fn allowed([least, most]: [f64; 2], measured: &ConfidenceInterval) -> [f64; 2] {
    [measured.low.min(least), measured.high.max(most)].map(|end| end.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(n: u64, interval: Option<(f64, f64)>) -> Estimate {
        let key = CellKey::to_date((0, RELIABILITY), (ALL, 0, ALL), Estimand::Oc);
        let interval = interval.map(|(low, high)| ConfidenceInterval { low, high, level: LEVEL, method: "icc_f" });
        Estimate::new(key, n, None, vec![Statistic::new(ICC, "1", Ok(0.5)).with_interval(interval)], Maturity::Mature)
    }

    /// By hand, for a mean before of 7: the least is (1 − most reliable) × (7 − 6.4),
    /// the most (1 − least reliable) × (7 − 5).
    #[test]
    fn a_measured_reliability_widens_the_band_and_never_narrows_it() {
        let assumed = Regression { reliability: [0.5, 0.8], usual: [5.0, 6.4], citation: String::new() };
        let key = CellKey::to_date((0, "pain_delta"), (ALL, 0, ALL), Estimand::Oc);
        let before = vec![Statistic::new("mean_before", "points", Ok(7.0))];
        let change = Estimate::new(key, 300, None, before, Maturity::Mature);
        let of = |n, interval| band(&assumed, &change, &measured(n, interval));
        for (interval, [least, most]) in [
            ((0.6, 0.7), [0.12, 1.0]),
            ((0.85, 0.95), [0.03, 1.0]),
            ((0.4, 0.7), [0.12, 1.2]),
            ((0.4, 0.9), [0.06, 1.2]),
            ((-0.3, 0.7), [0.12, 2.0]),
        ] {
            let found = of(103, Some(interval)).expect("enough");
            assert!((found[0] + least).abs() < 1e-12 && (found[1] + most).abs() < 1e-12, "{interval:?}: {found:?}");
        }
        assert!(of(102, Some((0.4, 0.7))).is_err_and(|why| why.contains("103")));
        assert!(of(103, None).is_err());
    }
}
