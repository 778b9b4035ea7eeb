//! Rows of `special_functions.json`.

use relief::estimate::statistics::Undefined;
use relief::estimate::statistics::distribution::beta::Beta;
use relief::estimate::statistics::distribution::binomial::Binomial;
use relief::estimate::statistics::distribution::gamma::{self, Gamma};
use relief::estimate::statistics::distribution::normal;
use relief::estimate::statistics::distribution::student_t::StudentT;
use serde_json::{Value, json};

use super::case::{Case, Golden, numbers};

/// The value of a row's function; a function that is not known says so and fails.
pub(super) fn value(case: &Case, _: &Golden) -> Value {
    let name = case.args.get("fn").and_then(Value::as_str).unwrap_or_default();
    let args = case.args.get("args").and_then(numbers).unwrap_or_default();
    match computed(name, &args) {
        Some(Ok(value)) => json!(value),
        Some(Err(reason)) => json!({ "undefined": true, "why": reason.code() }),
        None => json!(format!("no function {name} of {} arguments", args.len())),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "degrees and counts")]
fn computed(name: &str, args: &[f64]) -> Option<Result<f64, Undefined>> {
    Some(match (name, args) {
        ("beta_ppf", &[p, a, b]) => Beta::new(a, b).and_then(|d| d.quantile(p)),
        ("beta_cdf", &[x, a, b]) => Beta::new(a, b).map(|d| d.tails(x).lower),
        ("beta_sf", &[x, a, b]) => Beta::new(a, b).map(|d| d.tails(x).upper),
        ("t_ppf", &[p, df]) => StudentT::new(df).and_then(|d| d.quantile(p)),
        ("t_sf", &[t, df]) => StudentT::new(df).map(|d| d.upper_tail(t)),
        ("t_cdf", &[t, df]) => StudentT::new(df).map(|d| d.upper_tail(-t)),
        ("gamma_ppf", &[p, shape]) => Gamma::new(shape).and_then(|d| d.quantile(p)),
        ("gamma_cdf", &[x, shape]) => Gamma::new(shape).map(|d| d.tails(x).lower),
        ("gamma_sf", &[x, shape]) => Gamma::new(shape).map(|d| d.tails(x).upper),
        ("chi2_sf", &[x, df]) => gamma::chi_squared_upper_tail(x, df as u64),
        ("chi2_cdf", &[x, df]) => Gamma::new(0.5 * df).map(|d| d.tails(0.5 * x).lower),
        ("norm_ppf", &[p]) => normal::quantile(p),
        ("norm_sf", &[z]) => Ok(normal::upper_tail(z)),
        ("norm_cdf", &[z]) => Ok(normal::upper_tail(-z)),
        ("binom_sf", &[k, p, n]) => Binomial::new(n as u64, p).map(|d| d.at_least(k as u64 + 1)),
        ("binom_cdf", &[k, p, n]) => Binomial::new(n as u64, p).map(|d| d.at_most(k as u64)),
        _ => return None,
    })
}
