//! Kaplan-Meier survival with Greenwood's variance and log-log limits.

use super::Undefined;
use super::interval::normal_deviate;
use super::lifetimes::{Lifetimes, TimePoint};
use super::values::real;

/// Survival that rounding left a hair above one half counts as one half.
const HALF: f64 = 0.5 + 1e-12;

/// Confidence limits of a survival probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurvivalLimits {
    /// Standard error of the survival, by Greenwood.
    pub se: f64,
    /// Lower limit, exp(-exp(ln(-ln S) + z sqrt V / |ln S|)).
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

/// The curve just after one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The time.
    pub time: f64,
    /// Patients at risk just before it: print this under the curve.
    pub at_risk: u64,
    /// Events at this time.
    pub events: u64,
    /// Patients censored at this time, after the events.
    pub censored: u64,
    /// The share still without the event.
    pub survival: f64,
    /// Its limits; [`Undefined::SurvivalZero`] once nobody is left.
    pub limits: Result<SurvivalLimits, Undefined>,
}

/// A Kaplan-Meier curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// One step for every distinct time, censoring times too.
    pub steps: Vec<Step>,
    /// The smallest time at which survival is at most one half.
    pub median: Result<f64, Undefined>,
    /// The smallest time at which the lower limit is at most one half.
    pub median_low: Result<f64, Undefined>,
    /// The smallest time at which the upper limit is at most one half.
    pub median_high: Result<f64, Undefined>,
}

/// Kaplan-Meier curve with log-log limits and the median with its interval.
///
/// Formula: S = prod(1 - d/n); V = sum d/(n(n-d)); limits S^exp(+-z sqrt V/|ln S|). Events
/// come before censorings at the same time. Where S is 1 the limits are [1, 1] (lifelines;
/// R prints NA). Median limits after Brookmeyer and Crowley (1982), doi:10.2307/2530286.
/// Sources: Kaplan and Meier (1958), doi:10.1080/01621459.1958.10501452; Kalbfleisch and
/// Prentice (2002), doi:10.1002/9781118032985. No patients is undefined.
///
/// ```
/// use relief::estimate::statistics::{kaplan_meier::kaplan_meier, lifetimes::Lifetimes};
/// // 6-MP arm of Freireich (1963): S(6) = 0.857, S(23) = 0.448, median 23 weeks.
/// let events = [6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0];
/// let censored = [6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0];
/// let times: Vec<f64> = events.iter().chain(&censored).copied().collect();
/// let flags: Vec<bool> = (0..21).map(|i| i < 9).collect();
/// let curve = kaplan_meier(&Lifetimes::from_slices(&times, &flags)?, 0.95)?;
/// assert!((curve.steps[0].survival - 0.857).abs() < 5e-4);
/// assert_eq!(curve.median, Ok(23.0));
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn kaplan_meier(sample: &Lifetimes, level: f64) -> Result<Curve, Undefined> {
    let z = normal_deviate(level)?;
    if sample.n() == 0 {
        return Err(Undefined::NoObservations);
    }
    let mut at_risk = sample.n();
    let mut survival = 1.0;
    let mut variance = 0.0;
    let mut steps = Vec::with_capacity(sample.points().len());
    for &TimePoint { time, events, censored } in sample.points() {
        let left = at_risk - events;
        if events > 0 {
            survival *= real(left) / real(at_risk);
            variance += real(events) / real(at_risk) / real(left.max(1));
        }
        let limits = limits(survival, variance, z);
        steps.push(Step { time, at_risk, events, censored, survival, limits });
        at_risk = left - censored;
    }
    let first = |reached: fn(&Step) -> bool| {
        steps.iter().find(|step| reached(step)).map(|step| step.time).ok_or(Undefined::NotReached)
    };
    Ok(Curve {
        median: first(|step| step.survival <= HALF),
        median_low: first(|step| step.limits.map_or(step.survival, |l| l.low) <= HALF),
        median_high: first(|step| step.limits.is_ok_and(|l| l.high <= HALF)),
        steps,
    })
}

fn limits(survival: f64, variance: f64, z: f64) -> Result<SurvivalLimits, Undefined> {
    if survival <= 0.0 {
        return Err(Undefined::SurvivalZero);
    }
    if survival >= 1.0 {
        return Ok(SurvivalLimits { se: 0.0, low: 1.0, high: 1.0 });
    }
    let root = variance.sqrt();
    let power = (z * root / survival.ln().abs()).exp();
    Ok(SurvivalLimits { se: survival * root, low: survival.powf(power), high: survival.powf(1.0 / power) })
}
