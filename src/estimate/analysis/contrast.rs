//! The contrasts declared beforehand: the newest mature quarter against the one
//! before, for every declared measure, at the primary horizon, with p-values
//! adjusted for being several (Holm).

use super::{CONTRAST, Inputs, NOT_INTERPRETABLE, beside, reported, too_few_seen};
use crate::estimate::LEVEL;
use crate::estimate::result::{
    CellKey, ConfidenceInterval, Derivation, Estimand, Estimate, Finding, Maturity, Output, Population, Statistic, Test,
};
use crate::estimate::statistics::contingency::{Table, pearson};
use crate::estimate::statistics::mean_difference::{Summary, welch};
use crate::estimate::statistics::multiplicity::holm;
use crate::estimate::statistics::proportion_difference::{Count, newcombe};
use crate::estimate::statistics::{IntervalEstimate, Undefined, fisher};
use crate::protocol::{Measure, MeasureKind};

/// A chi-squared test needs at least this expected in every cell.
pub(super) const SMALLEST_EXPECTED: f64 = 5.0;

const OF_RATES: &[(&str, &str)] = &[("rate_difference", "share")];
const OF_POINTS: &[(&str, &str)] = &[("mean_difference", "points")];
const OF_PERCENT: &[(&str, &str)] = &[("mean_difference", "percent")];

/// Inputs of one contrast: the number compared, now and before, and the number
/// that tells how many were lost, now and before.
const INPUTS: usize = 4;

pub(super) fn derivations(inputs: &Inputs<'_>, estimates: &[Estimate]) -> Vec<Derivation> {
    let declared = inputs.protocol.measures.iter().filter(|measure| measure.declared);
    let contrasts: Vec<(&Measure, [CellKey; INPUTS])> =
        declared.filter_map(|measure| Some((measure, keys(inputs, measure, estimates)?))).collect();
    if contrasts.is_empty() {
        return Vec::new();
    }
    let outputs = contrasts.iter().enumerate().map(|(number, (measure, keys))| output(number, measure, &keys[0]));
    let outputs: Vec<Output> = outputs.collect();
    let names: Vec<(&'static str, &'static str)> = outputs.iter().map(|output| output.statistics[0]).collect();
    let compute = move |shown: &[Option<&Estimate>]| {
        let differences = shown.chunks(INPUTS).zip(&names).map(|(four, (_, unit))| difference(four, unit));
        adjusted(differences.collect())
    };
    let inputs = contrasts.into_iter().flat_map(|(_, keys)| keys).collect();
    vec![Derivation { inputs, outputs, compute: Box::new(compute) }]
}

fn keys(inputs: &Inputs<'_>, measure: &Measure, estimates: &[Estimate]) -> Option<[CellKey; INPUTS]> {
    let before = inputs.quarters.newest_mature?.previous();
    let (compared, followed) = (reported(measure), beside(measure));
    let of_measure = |key: &CellKey| {
        key.measure_id == measure.id && key.horizon == inputs.protocol.study.primary_horizon.id && key.is_margin()
    };
    let find = |estimand: Estimand, population: Population| {
        let in_time = |key: &CellKey| population == Population::Quarter || key.period_start == Some(before.first_day());
        let fits = |key: &&CellKey| {
            of_measure(key) && key.estimand == estimand && key.population == population && in_time(key)
        };
        estimates.iter().map(|estimate| &estimate.key).find(fits).cloned()
    };
    let both = |estimand| Some([find(estimand, Population::Quarter)?, find(estimand, Population::QuarterSeries)?]);
    let ([now, then], [seen_now, seen_then]) = (both(compared)?, both(followed)?);
    Some([now, then, seen_now, seen_then])
}

fn output(number: usize, measure: &Measure, now: &CellKey) -> Output {
    let (name, level) = CONTRAST;
    let key = CellKey { stratum_name: name.to_owned(), stratum_level: level.to_owned(), ..now.clone() };
    let statistics = match measure.kind {
        MeasureKind::Proportion => OF_RATES,
        MeasureKind::Change => OF_POINTS,
        MeasureKind::PercentChange => OF_PERCENT,
    };
    Output { key, needs: vec![number * INPUTS, number * INPUTS + 1], statistics, maturity: Maturity::Mature }
}

/// Now less before.
fn difference(four: &[Option<&Estimate>], unit: &str) -> Finding {
    let [Some(now), Some(before), seen_now, seen_before] = four else {
        return Finding {
            n: 0,
            numerator: None,
            statistics: vec![undefined(unit, Undefined::NoObservations.to_string())],
        };
    };
    let lost = is_lost(now, *seen_now) || is_lost(before, *seen_before);
    let statistic = if now.maturity == Maturity::Immature || before.maturity == Maturity::Immature {
        undefined(unit, "follow-up windows are still open".to_owned())
    } else if lost {
        undefined(unit, format!("fewer than {:.0} % were seen again: not interpretable", 100.0 * NOT_INTERPRETABLE))
    } else if now.numerator.is_some() {
        of_rates(now, before, unit)
    } else {
        of_means(now, before, unit)
    };
    Finding { n: now.n + before.n, numerator: None, statistics: vec![statistic] }
}

fn name(unit: &str) -> &'static str {
    if unit == OF_RATES[0].1 { OF_RATES[0].0 } else { OF_POINTS[0].0 }
}

fn undefined(unit: &str, why: String) -> Statistic {
    Statistic::new(name(unit), unit, Err(why))
}

/// Whether too few of those due were seen. Where that number is hidden, few are
/// missing (or nearly all, and then the numbers compared are hidden too).
pub(super) fn is_lost(compared: &Estimate, other: Option<&Estimate>) -> bool {
    other.is_some_and(|other| too_few_seen(compared.n.min(other.n), compared.n.max(other.n)))
}

fn of_rates(now: &Estimate, before: &Estimate, unit: &str) -> Statistic {
    let count = |estimate: &Estimate| Count { events: estimate.numerator.unwrap_or_default(), of: estimate.n };
    let (one, two) = (count(now), count(before));
    statistic(unit, newcombe(one, two, LEVEL), "newcombe", two_by_two(one, two).ok())
}

/// Pearson's chi-squared without correction, or Fisher's test where a cell is
/// expected to hold fewer than five (statistics.md §6).
fn two_by_two(one: Count, two: Count) -> Result<Test, Undefined> {
    let table = Table::new(&[vec![one.events, one.of - one.events], vec![two.events, two.of - two.events]])?;
    let chi = pearson(&table)?;
    let test = |p_value: f64, method: &str| Test { p_value, method: method.to_owned(), adjusted: None };
    if chi.smallest_expected >= SMALLEST_EXPECTED {
        return Ok(test(chi.p, "p: Pearson’s chi-squared"));
    }
    Ok(test(fisher::two_by_two(&table)?.p_two_sided, "p: Fisher’s exact test"))
}

fn of_means(now: &Estimate, before: &Estimate, unit: &str) -> Statistic {
    let summary = |estimate: &Estimate| {
        let (mean, sd) = (estimate.value_of("mean"), estimate.value_of("sd"));
        let (mean, sd) = mean.zip(sd).ok_or(Undefined::TooFewObservations)?;
        Ok(Summary { n: estimate.n, mean, sd })
    };
    let found = summary(now).and_then(|now| welch(now, summary(before)?, LEVEL));
    let test = found.ok().map(|found| Test {
        p_value: found.p_two_sided,
        method: "p: Welch’s t test".to_owned(),
        adjusted: None,
    });
    statistic(unit, found.map(|found| found.interval), "welch", test)
}

fn statistic(
    unit: &str,
    found: Result<IntervalEstimate, Undefined>,
    method: &'static str,
    test: Option<Test>,
) -> Statistic {
    let interval = found.ok().map(|ends| ConfidenceInterval { low: ends.low, high: ends.high, level: LEVEL, method });
    let value = found.map(|ends| ends.estimate).map_err(|why| why.to_string());
    Statistic::new(name(unit), unit, value).with_interval(interval).with_test(test)
}

/// Holm's adjustment over all contrasts with a p-value.
fn adjusted(mut findings: Vec<Finding>) -> Vec<Finding> {
    let p_value = |finding: &Finding| finding.statistics[0].test.as_ref().map(|test| test.p_value);
    let p_values: Vec<Option<f64>> = findings.iter().map(p_value).collect();
    let all = holm(&p_values).unwrap_or_else(|_| vec![None; p_values.len()]);
    for (finding, p_adjusted) in findings.iter_mut().zip(all) {
        if let Some((test, p_adjusted)) = finding.statistics[0].test.as_mut().zip(p_adjusted) {
            test.adjusted = Some((p_adjusted, "holm"));
        }
    }
    findings
}
