//! Two means of independent groups, from their summaries.

use super::distribution::student_t::StudentT;
use super::interval::tail_area;
use super::values::real;
use super::{IntervalEstimate, Undefined};

/// What is known of one group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Observations.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, with n - 1.
    pub sd: f64,
}

/// A difference of means with its interval and test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    /// First less second.
    pub interval: IntervalEstimate,
    /// Welch-Satterthwaite degrees of freedom.
    pub df: f64,
    /// P(|T| >= |t|).
    pub p_two_sided: f64,
}

/// Welch's t: the spreads of the two groups need not be equal.
///
/// Formula: t = (m1 - m2)/sqrt(v1 + v2) with v = s^2/n, on
/// (v1 + v2)^2/(v1^2/(n1-1) + v2^2/(n2-1)) degrees of freedom. Source: Welch (1947),
/// doi:10.1093/biomet/34.1-2.28. A group of fewer than two is
/// [`Undefined::TooFewObservations`]; no spread at all is [`Undefined::ZeroVariance`].
///
/// ```
/// use relief::estimate::statistics::mean_difference::{Summary, welch};
/// // scipy 1.17 ttest_ind_from_stats(-2.4, 2.1, 60, -1.6, 2.6, 45, equal_var=False)
/// let one = Summary { n: 60, mean: -2.4, sd: 2.1 };
/// let two = Summary { n: 45, mean: -1.6, sd: 2.6 };
/// let found = welch(one, two, 0.95)?;
/// assert!((found.p_two_sided - 0.094_529_057_638).abs() < 1e-11 && (found.df - 82.806_143_566).abs() < 1e-8);
/// assert!((found.interval.low + 1.740_796_298).abs() < 1e-8 && (found.interval.high - 0.140_796_298).abs() < 1e-8);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn welch(first: Summary, second: Summary, level: f64) -> Result<MeanDifference, Undefined> {
    let tail = tail_area(level)?;
    if first.n < 2 || second.n < 2 {
        return Err(Undefined::TooFewObservations);
    }
    let [v1, v2] = [first, second].map(|group| group.sd * group.sd / real(group.n));
    let variance = v1 + v2;
    if variance <= 0.0 {
        return Err(Undefined::ZeroVariance);
    }
    let df = variance * variance / (v1 * v1 / real(first.n - 1) + v2 * v2 / real(second.n - 1));
    let distribution = StudentT::new(df)?;
    let estimate = first.mean - second.mean;
    let reach = -distribution.quantile(tail)? * variance.sqrt();
    let interval = IntervalEstimate { estimate, low: estimate - reach, high: estimate + reach };
    if !(interval.low.is_finite() && interval.high.is_finite()) {
        return Err(Undefined::ValueOutsideRange);
    }
    Ok(MeanDifference { interval, df, p_two_sided: distribution.two_sided(estimate / variance.sqrt()) })
}
