//! Proportions, claims, rates and partial pooling.

use relief::estimate::statistics::partial_pooling::{
    MaximumLikelihood, Strength, maximum_likelihood, moments, pooled_rate,
};
use relief::estimate::statistics::proportion_difference::Count;
use relief::estimate::statistics::{IntervalEstimate, Undefined, claim, proportion, proportion_difference, rate};
use serde_json::{Value, json};

use super::case::{Case, Golden};
use super::compare::or_null;

fn interval(result: Result<IntervalEstimate, Undefined>) -> Value {
    result.map_or(Value::Null, |ci| json!({ "est": ci.estimate, "lo": ci.low, "hi": ci.high }))
}

type OneProportion = fn(u64, u64, f64) -> Result<IntervalEstimate, Undefined>;

fn one_proportion(case: &Case, method: OneProportion) -> Value {
    let Some((x, n)) = case.count("x").zip(case.count("n")) else { return Value::Null };
    interval(method(x, n, case.level()))
}

pub(super) fn wilson(case: &Case, _: &Golden) -> Value {
    one_proportion(case, proportion::wilson)
}

pub(super) fn wilson_continuity(case: &Case, _: &Golden) -> Value {
    one_proportion(case, proportion::wilson_continuity)
}

pub(super) fn clopper_pearson(case: &Case, _: &Golden) -> Value {
    one_proportion(case, proportion::clopper_pearson)
}

pub(super) fn jeffreys(case: &Case, _: &Golden) -> Value {
    let Some((x, n)) = case.count("x").zip(case.count("n")) else { return Value::Null };
    proportion::jeffreys(x, n, case.level()).map_or(Value::Null, |j| {
        json!({
            "est": j.shown.estimate, "lo": j.shown.low, "hi": j.shown.high,
            "lo_raw": j.raw_low, "hi_raw": j.raw_high,
        })
    })
}

pub(super) fn newcombe(case: &Case, _: &Golden) -> Value {
    let group = |x: &str, n: &str| Some(Count { events: case.count(x)?, of: case.count(n)? });
    let groups = group("x1", "n1").zip(group("x2", "n2"));
    groups.map_or(Value::Null, |(one, two)| interval(proportion_difference::newcombe(one, two, case.level())))
}

pub(super) fn binom_test(case: &Case, _: &Golden) -> Value {
    let counts = case.count("x").zip(case.count("n"));
    let Some(((x, n), p0)) = counts.zip(case.number("p0")) else { return Value::Null };
    claim::exact_binomial(x, n, p0)
        .map_or(Value::Null, |test| json!({ "p_greater": test.p_greater, "p_less": test.p_less }))
}

pub(super) fn garwood(case: &Case, _: &Golden) -> Value {
    let Some(events) = case.count("events") else { return Value::Null };
    let exposure = case.number("exposure").unwrap_or(0.0);
    interval(rate::garwood(events, exposure, case.number("per").unwrap_or(1.0), case.level()))
}

pub(super) fn beta_binomial(case: &Case, _: &Golden) -> Value {
    let groups = groups(case);
    let Ok(fit) = maximum_likelihood(&groups) else { return Value::Null };
    let by_moments = moments(&groups);
    let shrunk = |mean: &dyn Fn(Count) -> f64| -> Vec<f64> { groups.iter().map(|&g| mean(g)).collect() };
    let limits = |pick: fn(IntervalEstimate) -> f64| -> Vec<Value> {
        let level = case.level();
        groups.iter().map(|&g| or_null(fit.prior.posterior(g, level).map(pick))).collect()
    };
    json!({
        "pooled": or_null(pooled_rate(&groups)),
        "k": groups.iter().filter(|g| g.of > 0).count(),
        "rho_mom": or_null(by_moments.map(|m| m.rho)),
        "score_at_g0": or_null(fit.score_at_pooling),
        "degenerate": fit.prior.strength == Strength::Infinite,
        "mle_mu": fit.prior.mean,
        "mle_M": strength(&fit),
        "nll": fit.negative_ln_likelihood,
        "nll_complete_pooling": fit.negative_ln_likelihood_pooled,
        "post_mean": shrunk(&|g| fit.prior.posterior_mean(g)),
        "post_lo": limits(|ci| ci.low),
        "post_hi": limits(|ci| ci.high),
        "post_mean_mom": by_moments.map_or(Value::Null, |m| json!(shrunk(&|g| m.prior.posterior_mean(g)))),
    })
}

fn groups(case: &Case) -> Vec<Count> {
    let (x, n) = (case.counts("x").unwrap_or_default(), case.counts("n").unwrap_or_default());
    x.into_iter().zip(n).map(|(events, of)| Count { events, of }).collect()
}

fn strength(fit: &MaximumLikelihood) -> Value {
    match fit.prior.strength {
        Strength::Finite(m) => json!(m),
        Strength::Infinite => Value::Null,
    }
}
