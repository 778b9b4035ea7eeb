//! Event rates per exposure where one patient may have many events.

use super::interval::normal_deviate;
use super::values::real;
use super::{IntervalEstimate, Undefined};

/// Sums over patients, from which a rate and its spread between patients follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClusterSums {
    /// Patients with exposure.
    pub patients: u64,
    /// Sum of events, e.
    pub events: u64,
    /// Sum of exposure in whole units, m.
    pub exposure: u64,
    /// Sum of e^2.
    pub events_squared: u64,
    /// Sum of m^2.
    pub exposure_squared: u64,
    /// Sum of e m.
    pub products: u64,
}

/// Rate of events per `per` units of exposure, with an interval that lets events of one
/// patient go together.
///
/// Formula: R = sum e / sum m; V = k/(k-1) sum (e - R m)^2 / (sum e)^2, k patients; limits
/// R exp(+-z sqrt V). The sandwich variance of a Poisson regression with only an intercept
/// and offset ln m, clustered by patient: Liang and Zeger (1986),
/// doi:10.1093/biomet/73.1.13. No event is [`Undefined::NoObservations`], one patient
/// [`Undefined::OneObservation`], no exposure [`Undefined::NoExposure`].
///
/// ```
/// use relief::estimate::statistics::clustered_rate::{ClusterSums, clustered_rate};
/// // statsmodels 0.15.0, GLM Poisson, cov_type="cluster", on ten patients.
/// let sums = ClusterSums {
///     patients: 10,
///     events: 14,
///     exposure: 45,
///     events_squared: 64,
///     exposure_squared: 247,
///     products: 101,
/// };
/// let ci = clustered_rate(&sums, 100.0, 0.95)?;
/// assert!((ci.low - 14.861_721_4).abs() < 5e-7 && (ci.high - 65.127_128_1).abs() < 5e-7);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn clustered_rate(sums: &ClusterSums, per: f64, level: f64) -> Result<IntervalEstimate, Undefined> {
    let z = normal_deviate(level)?;
    match sums {
        ClusterSums { exposure: 0, .. } => return Err(Undefined::NoExposure),
        ClusterSums { events: 0, .. } => return Err(Undefined::NoObservations),
        ClusterSums { patients: 0 | 1, .. } => return Err(Undefined::OneObservation),
        _ => {}
    }
    let (events, exposure, patients) = (real(sums.events), real(sums.exposure), real(sums.patients));
    let rate = events / exposure;
    let residuals =
        real(sums.events_squared) - 2.0 * rate * real(sums.products) + rate * rate * real(sums.exposure_squared);
    // Rounding may leave a hair below zero where every patient has the same rate.
    let error = (patients / (patients - 1.0) * residuals.max(0.0)).sqrt() / events;
    let factor = (z * error).exp();
    Ok(IntervalEstimate { estimate: rate * per, low: rate * per / factor, high: rate * per * factor })
}
