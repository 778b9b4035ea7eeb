//! An estimate with its confidence limits, and the check on confidence levels.

use super::Undefined;
use super::distribution::normal;

/// An estimate between its two confidence limits, all in the unit of the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IntervalEstimate {
    /// The point estimate.
    pub estimate: f64,
    /// The lower confidence limit.
    pub low: f64,
    /// The upper confidence limit.
    pub high: f64,
}

/// The share of the error that lies beyond each limit, (1 - level) / 2.
///
/// The subtraction is exact in binary for levels of at least one half (Sterbenz), so
/// 0.95 gives the tail that R and `mpmath` get from the same double.
pub(super) fn tail_area(level: f64) -> Result<f64, Undefined> {
    let inside = level > 0.0 && level < 1.0;
    if inside { Ok((1.0 - level) / 2.0) } else { Err(Undefined::LevelOutsideRange) }
}

/// The normal deviate that leaves [`tail_area`] above it.
pub(super) fn normal_deviate(level: f64) -> Result<f64, Undefined> {
    Ok(-normal::quantile(tail_area(level)?)?)
}
