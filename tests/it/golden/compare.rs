//! Expected against actual, with every difference reported.

use serde_json::Value;

use super::case::number;

/// How close a number must be, relative to the expected one.
#[derive(Clone, Copy)]
pub(super) enum Tolerance {
    /// 1e-12: closed forms.
    Closed,
    /// 1e-9: quantiles and tails.
    Tail,
    /// 1e-6: empirical-Bayes maximum likelihood.
    Likelihood,
    /// 1e-10: special functions.
    SpecialFunction,
    /// Equal in every bit: rules and exact arithmetic of other modules.
    Exact,
}

/// Keys that are closed forms even where the rest of their case is not.
const CLOSED: &[&str] = &[
    "est",
    "mean",
    "sd",
    "median",
    "se",
    "t",
    "z",
    "w_plus",
    "chi2",
    "chi2_cc",
    "cramers_v",
    "min_expected",
    "H",
    "epsilon2",
    "theta",
    "pooled",
    "rho_mom",
    "score_at_g0",
    "post_mean_mom",
    "observed_a",
    "expected_a",
    "var",
];

/// Diagnostics of the program that made the case, which no other program repeats.
const NOT_COMPARED: &[&str] = &["grad_norm", "columns"];

/// Closer to zero than this, a number is zero.
const ZERO: f64 = 1e-14;

impl Tolerance {
    fn relative(self, key: &str) -> f64 {
        match self {
            Self::Exact => 0.0,
            Self::SpecialFunction => 1e-10,
            _ if CLOSED.contains(&key) => 1e-12,
            Self::Closed => 1e-12,
            Self::Tail => 1e-9,
            Self::Likelihood => 1e-6,
        }
    }
}

/// One sentence for every place where actual is not expected.
pub(super) fn differences(expected: &Value, actual: &Value, tolerance: Tolerance) -> Vec<String> {
    let mut found = Vec::new();
    compare("", expected, actual, tolerance, &mut found);
    found
}

/// What is expected not to exist: null, `{"undefined": true}`, or a word for it.
fn is_undefined(expected: &Value) -> bool {
    match expected {
        Value::Null => true,
        Value::Object(fields) => fields.get("undefined") == Some(&Value::Bool(true)) && fields.len() == 1,
        Value::String(word) => ["undefined", "nan", "NaN", "inf", "-inf"].contains(&word.as_str()),
        _ => false,
    }
}

fn compare(path: &str, expected: &Value, actual: &Value, tolerance: Tolerance, found: &mut Vec<String>) {
    let key = path.rsplit('.').next().unwrap_or(path).split('[').next().unwrap_or(path);
    if NOT_COMPARED.contains(&key) {
        return;
    }
    let mut report = || found.push(format!("{path} expected {expected}, got {actual}"));
    match (expected, actual) {
        _ if is_undefined(expected) => {
            if !actual.is_null() && !is_undefined(actual) {
                report();
            }
        }
        (Value::Object(fields), _) => {
            for (name, field) in fields {
                let got = actual.get(name).unwrap_or(&Value::Null);
                compare(&format!("{path}.{name}"), field, got, tolerance, found);
            }
        }
        (Value::Array(items), Value::Array(got)) if items.len() == got.len() => {
            for (at, (item, got)) in items.iter().zip(got).enumerate() {
                compare(&format!("{path}[{at}]"), item, got, tolerance, found);
            }
        }
        (Value::Number(_), _) => match number(expected).zip(number(actual)) {
            Some((wanted, got)) if close(wanted, got, tolerance.relative(key)) => {}
            _ => report(),
        },
        _ if expected == actual => {}
        _ => report(),
    }
}

fn close(wanted: f64, got: f64, relative: f64) -> bool {
    let floor = if wanted.abs() < f64::MIN_POSITIVE { ZERO } else { 0.0 };
    (wanted - got).abs() <= relative * wanted.abs() + floor
}

/// A result as JSON; what is undefined is null, and so is what is not finite, since the
/// library must not give it.
pub(super) fn or_null<E>(result: Result<f64, E>) -> Value {
    result.ok().filter(|value| value.is_finite()).map_or(Value::Null, Value::from)
}
