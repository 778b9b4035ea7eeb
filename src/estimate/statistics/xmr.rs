//! The XmR chart: is a series stable, and if not, which points say so?
//!
//! Rules as in NHS England's Making Data Count, read from `NHSRplotthedots` (050b07d).

use super::Undefined;

/// Below this many points the limits are provisional: say so on the chart.
pub const WARN_BELOW: usize = 13;

/// A run on one side of the mean, or a trend, needs this many points.
const RUN: usize = 7;

/// Whether moving ranges that are themselves outliers widen the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screening {
    /// Drop, once, moving ranges of at least 3.267 times their mean: the default.
    DropOutlyingRanges,
    /// Keep every moving range.
    KeepAll,
}

/// The rules, by the name a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A point outside the process limits.
    Outside,
    /// Seven consecutive points on one side of the mean.
    Shift,
    /// Seven consecutive points rising, or falling.
    Trend,
    /// Two of three consecutive points near the same limit.
    TwoOfThree,
}

/// The process limits of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProcessLimits {
    /// Mean moving range, after screening.
    pub mean_range: f64,
    /// Lower process limit, mean - 2.66 mean range.
    pub lower: f64,
    /// Upper process limit.
    pub upper: f64,
    /// Two thirds of the way from the mean to the lower limit.
    pub near_lower: f64,
    /// Two thirds of the way from the mean to the upper limit.
    pub near_upper: f64,
}

/// An XmR chart; the flags have one entry per point.
#[derive(Debug, Clone, PartialEq)]
pub struct Xmr {
    /// The centre line.
    pub mean: f64,
    /// The limits; a single point has none.
    pub limits: Result<ProcessLimits, Undefined>,
    /// Points outside the limits.
    pub outside: Vec<bool>,
    /// Points in a run of seven on one side of the mean.
    pub shift: Vec<bool>,
    /// Points in a run of seven rising or falling.
    pub trend: Vec<bool>,
    /// Points near a limit in a two-of-three.
    pub two_of_three: Vec<bool>,
}

impl Xmr {
    /// The rules a point breaks, in the order of [`Rule`].
    pub fn rules_at(&self, point: usize) -> Vec<Rule> {
        let marks = [
            (&self.outside, Rule::Outside),
            (&self.shift, Rule::Shift),
            (&self.trend, Rule::Trend),
            (&self.two_of_three, Rule::TwoOfThree),
        ];
        let broken = |(marked, _): &(&Vec<bool>, Rule)| marked.get(point).copied().unwrap_or(false);
        marks.into_iter().filter(broken).map(|(_, rule)| rule).collect()
    }

    /// Whether there are too few points for the limits to be more than provisional.
    pub fn is_short(&self) -> bool {
        self.outside.len() < WARN_BELOW
    }
}

/// XmR chart of a series in time order.
///
/// Formula: limits mean +- 2.66 mean moving range, after one pass that drops ranges of at
/// least 3.267 times their mean. A point on the mean breaks a shift; an equal neighbour
/// breaks a trend; two-of-three needs all three points on one side and marks those near the
/// limit. Source: Wheeler and Chambers (1992), "Understanding Statistical Process Control",
/// ISBN 978-0945320135 (no DOI); Provost and Murray (2011), ISBN 978-0470258590. No points is
/// undefined; one has a mean only; a flat series has limits at its mean and no flags, where
/// `NHSRplotthedots` gives NaN; values beyond 1e90 are refused.
///
/// ```
/// use relief::estimate::statistics::xmr::{Screening, xmr};
/// let chart = xmr(&[5.0, 6.0, 4.0], Screening::DropOutlyingRanges)?;
/// assert!((chart.limits?.upper - (5.0 + 2.66 * 1.5)).abs() < 1e-12);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn xmr(series: &[f64], screening: Screening) -> Result<Xmr, Undefined> {
    let mean = mean_of(series)?;
    let limits = process_limits(series, mean, screening);
    let side: Vec<i8> = series.iter().map(|&y| sign(y - mean)).collect();
    let none = vec![false; series.len()];
    let (outside, near, shift) = match &limits {
        // Rounding may put a flat series a hair off its mean; it has no sides.
        Ok(l) if l.mean_range > 0.0 => (
            series.iter().map(|&y| y < l.lower || y > l.upper).collect(),
            series.iter().map(|&y| y < l.near_lower || y > l.near_upper).collect(),
            in_run_of(RUN, &side),
        ),
        _ => (none.clone(), none.clone(), none),
    };
    let close: Vec<bool> = near.iter().zip(&outside).map(|(near, outside)| *near && !outside).collect();
    Ok(Xmr { mean, limits, shift, trend: in_trend(series), two_of_three: two_of_three(&close, &side), outside })
}

fn mean_of(series: &[f64]) -> Result<f64, Undefined> {
    if series.iter().any(|y| y.is_nan() || y.abs() > 1e90) {
        return Err(Undefined::ValueOutsideRange);
    }
    average(series).ok_or(Undefined::NoObservations)
}

/// The mean, unless there is nothing to average.
fn average(values: &[f64]) -> Option<f64> {
    let n = super::values::real(values.len() as u64);
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / n)
}

fn process_limits(series: &[f64], mean: f64, screening: Screening) -> Result<ProcessLimits, Undefined> {
    let ranges: Vec<f64> = series.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    let all = average(&ranges).ok_or(Undefined::OneObservation)?;
    let kept: Vec<f64> = match screening {
        Screening::KeepAll => ranges,
        Screening::DropOutlyingRanges => ranges.into_iter().filter(|r| *r < 3.267 * all).collect(),
    };
    // Only a flat series loses every range: at least one is at most the mean.
    let mean_range = average(&kept).unwrap_or(0.0);
    let reach = 2.66 * mean_range;
    let near = 2.0 * (2.66 / 3.0) * mean_range;
    Ok(ProcessLimits {
        mean_range,
        lower: mean - reach,
        upper: mean + reach,
        near_lower: mean - near,
        near_upper: mean + near,
    })
}

fn sign(value: f64) -> i8 {
    i8::from(value > 0.0) - i8::from(value < 0.0)
}

/// Marks the members of every run of at least `length` equal, non-zero signs.
fn in_run_of(length: usize, signs: &[i8]) -> Vec<bool> {
    signs
        .chunk_by(|a, b| a == b)
        .flat_map(|run| {
            let marked = run.len() >= length && run[0] != 0;
            std::iter::repeat_n(marked, run.len())
        })
        .collect()
}

/// Marks every point of a strict trend: six equal steps in a row mark seven points.
fn in_trend(series: &[f64]) -> Vec<bool> {
    let steps: Vec<i8> = series.windows(2).map(|pair| sign(pair[1] - pair[0])).collect();
    let rising = in_run_of(RUN - 1, &steps);
    let marked = |step: usize| rising.get(step).copied().unwrap_or(false);
    (0..series.len()).map(|at| marked(at) || (at > 0 && marked(at - 1))).collect()
}

fn two_of_three(close: &[bool], side: &[i8]) -> Vec<bool> {
    let mut marked = vec![false; close.len()];
    for start in 0..close.len().saturating_sub(2) {
        let three = start..start + 3;
        let near = close[three.clone()].iter().filter(|close| **close).count();
        let same_side = side[three.clone()].iter().sum::<i8>().abs() == 3;
        if near >= 2 && same_side {
            three.filter(|&at| close[at]).for_each(|at| marked[at] = true);
        }
    }
    marked
}
