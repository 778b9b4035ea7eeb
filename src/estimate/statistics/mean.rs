//! The mean of a sample, its spread, and the t interval and test.
//!
//! Default for a mean change with n of at least 20; below that show Hodges-Lehmann too.
//! All results are in the unit of the data.

use super::distribution::student_t::StudentT;
use super::interval::tail_area;
use super::values::real;
use super::{IntervalEstimate, Undefined, Values};

/// The arithmetic mean; the second pass removes what rounding left in the first.
///
/// No observations is undefined.
///
/// ```
/// use relief::estimate::statistics::{Values, mean};
/// let sleep = Values::from_slice(&[1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])?;
/// assert!((mean::mean(&sleep)? - 1.58).abs() < 1e-15); // Student (1908), doi:10.1093/biomet/6.1.1
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn mean(sample: &Values) -> Result<f64, Undefined> {
    if sample.n() == 0 {
        return Err(Undefined::NoObservations);
    }
    let n = real(sample.n());
    let first = weighted_sum(sample, |value| value) / n;
    Ok(first + weighted_sum(sample, |value| value - first) / n)
}

/// The standard deviation with n - 1, by two passes; 0 when all values are equal.
///
/// Formula: sqrt(sum (x - mean)^2 / (n - 1)), the corrected two-pass form of Chan, Golub,
/// LeVeque (1983), doi:10.1080/00031305.1983.10483115. Fewer than two observations is
/// undefined.
///
/// ```
/// use relief::estimate::statistics::{Values, mean};
/// let sleep = Values::from_slice(&[1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])?;
/// assert!((mean::standard_deviation(&sleep)? - 1.229_995).abs() < 5e-7); // R sd()
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn standard_deviation(sample: &Values) -> Result<f64, Undefined> {
    let centre = mean(sample)?;
    match sample.n() {
        1 => Err(Undefined::OneObservation),
        _ if sample.distinct().len() == 1 => Ok(0.0),
        n => Ok((squares_about(sample, centre) / (real(n) - 1.0)).sqrt()),
    }
}

/// A t interval for a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanInterval {
    /// Mean and limits.
    pub interval: IntervalEstimate,
    /// Standard deviation of the observations.
    pub sd: f64,
    /// Standard error of the mean, sd / sqrt(n).
    pub se: f64,
    /// Degrees of freedom, n - 1.
    pub df: u64,
}

/// Mean with its t interval, mean +- t(n-1) s / sqrt(n).
///
/// Source: Student (1908), doi:10.1093/biomet/6.1.1. n < 2 and all values equal are
/// undefined: R says "data are essentially constant" where others print infinity.
///
/// ```
/// use relief::estimate::statistics::{Values, mean};
/// let extra = Values::from_slice(&[1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])?;
/// let ci = mean::t_interval(&extra, 0.95)?.interval; // R t.test on sleep: 0.7001 to 2.4599
/// assert!((ci.low - 0.700_114).abs() < 5e-7 && (ci.high - 2.459_886).abs() < 5e-7);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn t_interval(sample: &Values, level: f64) -> Result<MeanInterval, Undefined> {
    let tail = tail_area(level)?;
    let spread = standard_error(sample)?;
    let estimate = mean(sample)?;
    let reach = -StudentT::new(real(spread.df))?.quantile(tail)? * spread.se;
    let interval = IntervalEstimate { estimate, low: estimate - reach, high: estimate + reach };
    if !(interval.low.is_finite() && interval.high.is_finite()) {
        return Err(Undefined::ValueOutsideRange);
    }
    Ok(MeanInterval { interval, sd: spread.sd, se: spread.se, df: spread.df })
}

/// A one-sample t test against zero, which on paired differences is the paired t test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TTest {
    /// mean / se.
    pub t: f64,
    /// Degrees of freedom, n - 1.
    pub df: u64,
    /// P(|T| >= |t|).
    pub p_two_sided: f64,
}

/// Paired t test: give it the differences.
///
/// Formula: t = mean / (s / sqrt(n)), p = I_{df/(df+t^2)}(df/2, 1/2). Source: Student
/// (1908), doi:10.1093/biomet/6.1.1. Undefined as for [`t_interval`].
///
/// ```
/// use relief::estimate::statistics::{Values, mean};
/// let extra = Values::from_slice(&[1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])?;
/// let test = mean::paired_t(&extra)?; // R: t = 4.0621, df = 9, p-value = 0.002833
/// assert!((test.t - 4.0621).abs() < 5e-5 && (test.p_two_sided - 0.002_833).abs() < 5e-7);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn paired_t(differences: &Values) -> Result<TTest, Undefined> {
    let spread = standard_error(differences)?;
    let t = mean(differences)? / spread.se;
    if !t.is_finite() {
        return Err(Undefined::ValueOutsideRange);
    }
    let p_two_sided = StudentT::new(real(spread.df))?.two_sided(t);
    Ok(TTest { t, df: spread.df, p_two_sided })
}

struct Spread {
    sd: f64,
    se: f64,
    df: u64,
}

fn standard_error(sample: &Values) -> Result<Spread, Undefined> {
    let sd = standard_deviation(sample)?;
    if sd <= 0.0 {
        return Err(Undefined::ZeroVariance);
    }
    Ok(Spread { sd, se: sd / real(sample.n()).sqrt(), df: sample.n() - 1 })
}

/// Sum of squared deviations, less the square of what the mean left over.
fn squares_about(sample: &Values, centre: f64) -> f64 {
    let left_over = weighted_sum(sample, |value| value - centre);
    let squares = weighted_sum(sample, |value| (value - centre) * (value - centre));
    (squares - left_over * left_over / real(sample.n())).max(0.0)
}

/// Sum of count times f(value), with Neumaier's compensation (doi:10.1002/zamm.19740540106).
pub(super) fn weighted_sum(sample: &Values, f: impl Fn(f64) -> f64) -> f64 {
    let mut sum = 0.0_f64;
    let mut lost = 0.0;
    for w in sample.distinct() {
        let term = f(w.value) * real(w.count);
        let next = sum + term;
        lost += if sum.abs() >= term.abs() { sum - next + term } else { term - next + sum };
        sum = next;
    }
    sum + lost
}
