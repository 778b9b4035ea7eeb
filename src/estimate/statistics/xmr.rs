//! The XmR chart: is a series stable, and if not, which points say so?
//!
//! Rules as in NHS England's Making Data Count, read from `NHSRplotthedots` (050b07d).

use super::Undefined;
use super::signals::{Band, Signals, signals};

/// Below this many points the limits are provisional: say so on the chart.
pub const WARN_BELOW: usize = 13;

/// Whether moving ranges that are themselves outliers widen the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screening {
    /// Drop, once, moving ranges of at least 3.267 times their mean: the default.
    DropOutlyingRanges,
    /// Keep every moving range.
    KeepAll,
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

/// An XmR chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Xmr {
    /// The centre line.
    pub mean: f64,
    /// The limits; a single point has none.
    pub limits: Result<ProcessLimits, Undefined>,
    /// Which points break which rule.
    pub signals: Signals,
}

impl Xmr {
    /// Whether there are too few points for the limits to be more than provisional.
    pub fn is_short(&self) -> bool {
        self.signals.outside.len() < WARN_BELOW
    }
}

/// XmR chart of a series in time order.
///
/// Formula: limits mean +- 2.66 mean moving range, after one pass that drops ranges of at
/// least 3.267 times their mean; the rules are those of [`signals`]. Source:
/// Wheeler and Chambers (1992), "Understanding Statistical Process Control", ISBN
/// 978-0945320135 (no DOI); Provost and Murray (2011), ISBN 978-0470258590. No points is
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
    // Rounding may put a flat series a hair off its mean; its band has no width and judges nothing.
    let band = limits.as_ref().ok().map(|limits| limits.band(mean));
    let points: Vec<Option<f64>> = series.iter().copied().map(Some).collect();
    Ok(Xmr { mean, signals: signals(&points, &vec![band; series.len()]), limits })
}

impl ProcessLimits {
    /// The limits as the rules take them.
    pub fn band(&self, mean: f64) -> Band {
        Band { centre: mean, low: self.lower, high: self.upper, near_low: self.near_lower, near_high: self.near_upper }
    }
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
