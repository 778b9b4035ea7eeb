//! The log-rank test of two time-to-event samples.

use super::Undefined;
use super::distribution::gamma::chi_squared_upper_tail;
use super::lifetimes::Lifetimes;
use super::values::real;

/// A two-sample log-rank test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRank {
    /// Events in the first sample.
    pub observed: f64,
    /// Events the first sample would have had at the pooled hazard.
    pub expected: f64,
    /// Hypergeometric variance of observed - expected.
    pub variance: f64,
    /// (observed - expected)^2 / variance.
    pub chi_squared: f64,
    /// P(chi-squared with one degree of freedom >= statistic).
    pub p: f64,
}

/// Log-rank test. For users of the library: no report uses it, because no comparison
/// between conditions or groups is declared beforehand (ARCHITECTURE, "p-values").
///
/// Formula: U = sum(d1 - d n1/n), V = sum n1 n2 d (n-d) / (n^2 (n-1)), skipping n = 1.
/// Source: Mantel (1966), Cancer Chemotherapy Reports 50:163 (PMID 5910392; no DOI); Peto
/// and Peto (1972), doi:10.2307/2344317. A sample without patients is undefined, and so is
/// a variance of zero (no informative event).
///
/// ```
/// use relief::estimate::statistics::{lifetimes::Lifetimes, log_rank::log_rank};
/// let early = Lifetimes::from_slices(&[1.0, 2.0, 3.0, 4.0, 5.0], &[true; 5])?;
/// let late = Lifetimes::from_slices(&[1.0, 2.0, 3.0], &[false; 3])?;
/// let test = log_rank(&early, &late)?; // R survdiff: expected 4.04, chisq 1.43, p 0.23
/// assert!((test.expected - 4.041_667).abs() < 5e-7 && (test.p - 0.232_439).abs() < 5e-7);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn log_rank(first: &Lifetimes, second: &Lifetimes) -> Result<LogRank, Undefined> {
    if first.n() == 0 || second.n() == 0 {
        return Err(Undefined::NoObservations);
    }
    let mut one = AtRisk::of(first);
    let mut two = AtRisk::of(second);
    let (mut expected, mut variance) = (0.0, 0.0);
    while let Some(time) = one.next_time().into_iter().chain(two.next_time()).reduce(f64::min) {
        let (n1, n2) = (real(one.at_risk), real(two.at_risk));
        let d = real(one.events_at(time) + two.events_at(time));
        let n = n1 + n2;
        expected += d * (n1 / n);
        if n > 1.0 {
            variance += (n1 / n) * (n2 / n) * d * ((n - d) / (n - 1.0));
        }
    }
    if variance <= 0.0 {
        return Err(Undefined::ZeroVariance);
    }
    let observed = real(first.points().iter().map(|p| p.events).sum());
    let chi_squared = (observed - expected) * ((observed - expected) / variance);
    let p = chi_squared_upper_tail(chi_squared, 1)?;
    Ok(LogRank { observed, expected, variance, chi_squared, p })
}

/// One sample walked forward in time.
struct AtRisk<'a> {
    points: &'a [super::lifetimes::TimePoint],
    at_risk: u64,
}

impl<'a> AtRisk<'a> {
    fn of(sample: &'a Lifetimes) -> Self {
        Self { points: sample.points(), at_risk: sample.n() }
    }

    fn next_time(&self) -> Option<f64> {
        self.points.first().map(|point| point.time)
    }

    /// Events at this time; those patients and the censored then leave.
    fn events_at(&mut self, time: f64) -> u64 {
        match self.points {
            [point, rest @ ..] if point.time <= time => {
                self.points = rest;
                self.at_risk -= point.events + point.censored;
                point.events
            }
            _ => 0,
        }
    }
}
