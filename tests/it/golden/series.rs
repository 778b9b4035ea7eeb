//! Time to event, control charts, funnels.

use relief::estimate::statistics::kaplan_meier as survival;
use relief::estimate::statistics::lifetimes::Lifetimes;
use relief::estimate::statistics::p_chart::{ControlLimits, p_chart};
use relief::estimate::statistics::proportion_difference::Count;
use relief::estimate::statistics::xmr::{Screening, xmr as individuals};
use relief::estimate::statistics::{Undefined, funnel as limits, log_rank as mantel};
use serde_json::{Value, json};

use super::case::{Case, Golden, number, numbers};
use super::compare::or_null;

/// `[times, events]` as a sample.
fn lifetimes(times: &Value, events: &Value) -> Option<Lifetimes> {
    let flag = |event: &Value| event.as_bool().or_else(|| Some(number(event)? > 0.5));
    let events: Option<Vec<bool>> = events.as_array()?.iter().map(flag).collect();
    Lifetimes::from_slices(&numbers(times)?, &events?).ok()
}

fn named(set: &Value, golden: &Golden) -> Option<Lifetimes> {
    let set = match set {
        Value::String(name) => golden.km_set(name)?,
        inline => inline,
    };
    match set {
        Value::Array(two) => lifetimes(two.first()?, two.get(1)?),
        _ => lifetimes(set.get("time")?, set.get("event")?),
    }
}

pub(super) fn kaplan_meier(case: &Case, golden: &Golden) -> Value {
    let written = named(&case.args, golden);
    let sample = written.or_else(|| named(case.args.get("dataset")?, golden));
    let curve = sample.and_then(|sample| survival::kaplan_meier(&sample, case.level()).ok());
    let Some(curve) = curve else { return Value::Null };
    let rows: Vec<Value> = curve
        .steps
        .iter()
        .map(|step| {
            json!([
                step.time,
                step.at_risk,
                step.events,
                step.survival,
                or_null(step.limits.map(|l| l.se)),
                or_null(step.limits.map(|l| l.low)),
                or_null(step.limits.map(|l| l.high)),
            ])
        })
        .collect();
    json!({ "rows": rows, "median": or_null(curve.median) })
}

pub(super) fn log_rank(case: &Case, golden: &Golden) -> Value {
    let sample = |name: &str| named(case.args.get(name)?, golden);
    let Some((a, b)) = sample("a").zip(sample("b")) else { return Value::Null };
    mantel::log_rank(&a, &b).map_or(Value::Null, |test| {
        json!({
            "observed_a": test.observed, "expected_a": test.expected, "var": test.variance,
            "chi2": test.chi_squared, "p": test.p,
        })
    })
}

pub(super) fn xmr(case: &Case, _: &Golden) -> Value {
    let screening = match case.args.get("screen_outlying_mr").and_then(Value::as_bool) {
        Some(false) => Screening::KeepAll,
        _ => Screening::DropOutlyingRanges,
    };
    let series = case.numbers("y").unwrap_or_default();
    let Ok(chart) = individuals(&series, screening) else { return Value::Null };
    let limit =
        |pick: fn(&relief::estimate::statistics::xmr::ProcessLimits) -> f64| or_null(chart.limits.as_ref().map(pick));
    let flags: Vec<bool> = (0..series.len()).map(|at| !chart.signals.rules_at(at).is_empty()).collect();
    json!({
        "mean": chart.mean,
        "amr": limit(|l| l.mean_range),
        "lpl": limit(|l| l.lower),
        "upl": limit(|l| l.upper),
        "near_lpl": limit(|l| l.near_lower),
        "near_upl": limit(|l| l.near_upper),
        "outside": chart.signals.outside,
        "shift7": chart.signals.shift,
        "trend7": chart.signals.trend,
        "two_of_three": chart.signals.two_of_three,
        "flags": flags,
    })
}

pub(super) fn p_laney(case: &Case, _: &Golden) -> Value {
    let (x, n) = (case.counts("x").unwrap_or_default(), case.counts("n").unwrap_or_default());
    let groups: Vec<Count> = x.into_iter().zip(n).map(|(events, of)| Count { events, of }).collect();
    let Ok(chart) = p_chart(&groups) else { return Value::Null };
    let low = |limits: &[ControlLimits]| -> Vec<f64> { limits.iter().map(|l| l.low).collect() };
    let high = |limits: &[ControlLimits]| -> Vec<f64> { limits.iter().map(|l| l.high).collect() };
    let laney = chart.laney.as_ref().ok();
    json!({
        "pbar": chart.pbar,
        "lcl": low(&chart.limits),
        "ucl": high(&chart.limits),
        "sigma_z": laney.map(|l| l.sigma_z),
        "z": laney.map(|l| l.z.clone()),
        "lcl_laney": laney.map(|l| low(&l.limits)),
        "ucl_laney": laney.map(|l| high(&l.limits)),
    })
}

pub(super) fn funnel(case: &Case, _: &Golden) -> Value {
    let Some((target, n)) = case.number("target").zip(case.count("n")) else { return Value::Null };
    let at = |tail: f64| limits::exact_limits(target, n, tail);
    let low = |limits: Result<limits::FunnelLimits, Undefined>| or_null(limits.map(|l| l.low));
    let high = |limits: Result<limits::FunnelLimits, Undefined>| or_null(limits.map(|l| l.high));
    let normal = limits::normal_limits(target, n, 0.025);
    json!({
        "lo95": low(at(0.025)), "hi95": high(at(0.025)),
        "lo998": low(at(0.001)), "hi998": high(at(0.001)),
        "normal_lo95": low(normal), "normal_hi95": high(normal),
    })
}
