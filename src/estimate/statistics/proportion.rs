//! One proportion: Wilson, Wilson with continuity correction, Clopper-Pearson, Jeffreys.
//!
//! Wilson is the default: its mean coverage is close to nominal from n = 5 and it never
//! leaves [0, 1] (Brown, Cai, DasGupta 2001, doi:10.1214/ss/1009213286). Wald is not
//! offered. Every function takes `events` out of `of` and a confidence `level` such as
//! 0.95, and gives proportions from 0 to 1. `of` = 0 is [`Undefined::NoObservations`].

use super::distribution::beta::Beta;
use super::interval::{normal_deviate, tail_area};
use super::values::real;
use super::{IntervalEstimate, Undefined};

/// Wilson score interval, the default for one proportion.
///
/// Formula: centre (x + z^2/2)/(n + z^2), half-width z/(n + z^2) sqrt(x(n-x)/n + z^2/4).
/// The limit is exactly 0 when `events` is 0 and exactly 1 when all are events.
/// Source: Wilson (1927), doi:10.1080/01621459.1927.10502953; method 3 of Newcombe
/// (1998), doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E.
///
/// ```
/// use relief::estimate::statistics::proportion::wilson;
/// let ci = wilson(81, 263, 0.95)?; // Newcombe 1998, table I: 0.2553 to 0.3662
/// assert!((ci.low - 0.2553).abs() < 5e-5 && (ci.high - 0.3662).abs() < 5e-5);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn wilson(events: u64, of: u64, level: f64) -> Result<IntervalEstimate, Undefined> {
    let z = normal_deviate(level)?;
    check(events, of)?;
    Ok(IntervalEstimate {
        estimate: real(events) / real(of),
        low: wilson_low(events, of, z),
        high: wilson_high(events, of, z),
    })
}

/// The lower limit in the form that does not cancel: the product of both limits is
/// x^2 / (n (n + z^2)).
fn wilson_low(events: u64, of: u64, z: f64) -> f64 {
    if events == 0 {
        return 0.0;
    }
    let (x, n) = (real(events), real(of));
    x / n * (x / (wilson_centre(x, z) + wilson_reach(x, n, z))).min(1.0)
}

fn wilson_high(events: u64, of: u64, z: f64) -> f64 {
    if events == of {
        return 1.0;
    }
    let (x, n) = (real(events), real(of));
    ((wilson_centre(x, z) + wilson_reach(x, n, z)) / (n + z * z)).min(1.0)
}

fn wilson_centre(x: f64, z: f64) -> f64 {
    x + 0.5 * z * z
}

fn wilson_reach(x: f64, n: f64, z: f64) -> f64 {
    z * (x * ((n - x) / n) + 0.25 * z * z).sqrt()
}

/// Wilson interval with continuity correction; it over-covers and is not the default.
///
/// Formula: method 4 of Newcombe (1998),
/// doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E. R's
/// `prop.test(correct = TRUE)` is something else near x = n/2, where it shrinks the
/// correction. Low is 0 at no events, high is 1 at all events, both clamped to [0, 1].
///
/// ```
/// use relief::estimate::statistics::proportion::wilson_continuity;
/// let ci = wilson_continuity(81, 263, 0.95)?; // Newcombe 1998, table I: 0.2535 to 0.3682
/// assert!((ci.low - 0.2535).abs() < 5e-5 && (ci.high - 0.3682).abs() < 5e-5);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn wilson_continuity(events: u64, of: u64, level: f64) -> Result<IntervalEstimate, Undefined> {
    let z = normal_deviate(level)?;
    check(events, of)?;
    Ok(IntervalEstimate {
        estimate: real(events) / real(of),
        low: continuity_low(events, of, z),
        high: continuity_high(events, of, z),
    })
}

/// The lower root written as product over the upper root, which does not cancel: it is
/// Wilson's quadratic at x - 1/2, with product of roots (x - 1/2)^2 / (n (n + z^2)).
fn continuity_low(events: u64, of: u64, z: f64) -> f64 {
    if events == 0 {
        return 0.0;
    }
    let (x, n) = (real(events) - 0.5, real(of));
    let upper = wilson_centre(x, z) + wilson_reach(x, n, z);
    (x / n * (x / upper)).clamp(0.0, 1.0)
}

fn continuity_high(events: u64, of: u64, z: f64) -> f64 {
    if events == of {
        return 1.0;
    }
    let (x, n) = (real(events) + 0.5, real(of));
    ((wilson_centre(x, z) + wilson_reach(x, n, z)) / (n + z * z)).clamp(0.0, 1.0)
}

/// Clopper-Pearson interval, for safety figures and beside the exact binomial test.
///
/// Formula: beta quantiles, `BetaInv(a/2; x, n-x+1)` and `BetaInv(1-a/2; x+1, n-x)`, with
/// closed forms at no events and at all events. Guaranteed coverage, so it is wide.
/// Source: Clopper and Pearson (1934), doi:10.1093/biomet/26.4.404.
///
/// ```
/// use relief::estimate::statistics::proportion::clopper_pearson;
/// let ci = clopper_pearson(81, 263, 0.95)?; // Newcombe 1998, table I: 0.2527 to 0.3676
/// assert!((ci.low - 0.2527).abs() < 5e-5 && (ci.high - 0.3676).abs() < 5e-5);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn clopper_pearson(events: u64, of: u64, level: f64) -> Result<IntervalEstimate, Undefined> {
    let tail = tail_area(level)?;
    check(events, of)?;
    let (x, n) = (real(events), real(of));
    let rest = real(of - events);
    let low = match events {
        0 => 0.0,
        _ if events == of => (tail.ln() / n).exp(),
        _ => Beta::new(x, rest + 1.0)?.quantile(tail)?,
    };
    let high = match events {
        0 => -(tail.ln() / n).exp_m1(),
        _ if events == of => 1.0,
        _ => Beta::new(x + 1.0, rest)?.upper_quantile(tail)?,
    };
    Ok(IntervalEstimate { estimate: x / n, low, high })
}

/// A Jeffreys interval, with the raw tails beside the limits that are shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jeffreys {
    /// The estimate with limits moved to 0 at no events and 1 at all events.
    pub shown: IntervalEstimate,
    /// The lower tail as the posterior gives it (R `qbeta`).
    pub raw_low: f64,
    /// The upper tail as the posterior gives it.
    pub raw_high: f64,
}

/// Jeffreys interval: equal tails of Beta(x + 1/2, n - x + 1/2).
///
/// Source: Brown, Cai, DasGupta (2001), doi:10.1214/ss/1009213286, whose rule moves the
/// limits to 0 and 1 at the ends; that coverage would otherwise fall to zero near them.
///
/// ```
/// use relief::estimate::statistics::proportion::jeffreys;
/// let ci = jeffreys(5, 10, 0.95)?.shown; // R qbeta(c(.025, .975), 5.5, 5.5)
/// assert!((ci.low - 0.2235).abs() < 5e-5 && (ci.high - 0.7765).abs() < 5e-5);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn jeffreys(events: u64, of: u64, level: f64) -> Result<Jeffreys, Undefined> {
    let tail = tail_area(level)?;
    check(events, of)?;
    let posterior = Beta::new(real(events) + 0.5, real(of - events) + 0.5)?;
    let raw_low = posterior.quantile(tail)?;
    let raw_high = posterior.upper_quantile(tail)?;
    let shown = IntervalEstimate {
        estimate: real(events) / real(of),
        low: if events == 0 { 0.0 } else { raw_low },
        high: if events == of { 1.0 } else { raw_high },
    };
    Ok(Jeffreys { shown, raw_low, raw_high })
}

/// Refuses an empty denominator and more events than observations.
pub(super) fn check(events: u64, of: u64) -> Result<(), Undefined> {
    match of {
        0 => Err(Undefined::NoObservations),
        _ if events > of => Err(Undefined::EventsExceedTotal),
        _ => Ok(()),
    }
}
