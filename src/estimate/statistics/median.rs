//! The median and its distribution-free interval.

use super::distribution::binomial::Binomial;
use super::interval::tail_area;
use super::values::real;
use super::{IntervalEstimate, Undefined, Values};

/// The median: the middle value, or the mean of the two middle values.
///
/// No observations is undefined. The result is in the unit of the data.
///
/// ```
/// use relief::estimate::statistics::{Values, median};
/// let sample = Values::from_slice(&[7.0, 3.0, 5.0, 4.0])?;
/// assert!((median::median(&sample)? - 4.5).abs() < 1e-15); // R median(c(7, 3, 5, 4))
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn median(sample: &Values) -> Result<f64, Undefined> {
    match sample.n() {
        0 => Err(Undefined::NoObservations),
        n => Ok(0.5 * (sample.order_statistic((n - 1) / 2) + sample.order_statistic(n / 2))),
    }
}

/// A median between two order statistics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MedianInterval {
    /// Median and limits.
    pub interval: IntervalEstimate,
    /// The limits are the k-th smallest and the k-th largest observation.
    pub k: u64,
    /// The confidence the limits really have, 1 - 2 P(X < k), at least the level.
    pub achieved_level: f64,
}

/// Median with the interval between the k-th smallest and k-th largest observation.
///
/// Formula: k is the largest with 2 P(X <= k-1) <= 1 - level for X ~ Binomial(n, 1/2).
/// Source: Thompson (1936), doi:10.1214/aoms/1177732502. Below six observations no 95%
/// interval exists: [`Undefined::TooFewObservations`].
///
/// ```
/// use relief::estimate::statistics::{Values, median};
/// let sample = Values::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])?;
/// let ci = median::order_statistic_interval(&sample, 0.95)?; // 2nd and 9th, 97.9%
/// assert_eq!((ci.k, ci.interval.low, ci.interval.high), (2, 2.0, 9.0));
/// assert!((ci.achieved_level - 0.978_515_625).abs() < 1e-12); // 1 - 22/1024
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn order_statistic_interval(sample: &Values, level: f64) -> Result<MedianInterval, Undefined> {
    let tail = tail_area(level)?;
    let estimate = median(sample)?;
    let n = sample.n();
    let fair = Binomial::new(n, 0.5)?;
    let k = largest_rank(&fair, n, tail).ok_or(Undefined::TooFewObservations)?;
    let interval =
        IntervalEstimate { estimate, low: sample.order_statistic(k - 1), high: sample.order_statistic(n - k) };
    Ok(MedianInterval { interval, k, achieved_level: 1.0 - 2.0 * fair.at_most(k - 1) })
}

/// The largest k >= 1 with P(X <= k-1) <= tail.
///
/// A relative slack of 1e-12 keeps an exact tie, such as 1/32 at level 15/16, a tie.
fn largest_rank(fair: &Binomial, n: u64, tail: f64) -> Option<u64> {
    let allowed = |k: u64| fair.at_most(k - 1) <= tail * (1.0 + 1e-12);
    let (mut low, mut high) = (0, n.div_ceil(2) + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if allowed(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low > 0 && real(low) <= real(n) / 2.0 + 0.5).then_some(low)
}
