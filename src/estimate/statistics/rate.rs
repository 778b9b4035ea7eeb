//! Event rates per exposure, with Garwood's exact Poisson interval.

use super::distribution::gamma::Gamma;
use super::interval::tail_area;
use super::values::real;
use super::{IntervalEstimate, Undefined};

/// Rate of events with its exact interval, in events per `per` units of exposure.
///
/// Formula: from `GammaInv(a/2; x)` to `GammaInv(1-a/2; x+1)`, over exposure; at no events
/// 0 to -ln(a/2). Source: Garwood (1936), doi:10.1093/biomet/28.3-4.437. Exposure that is
/// not positive is [`Undefined::NoExposure`].
///
/// ```
/// use relief::estimate::statistics::rate::garwood;
/// let ci = garwood(0, 100.0, 100.0, 0.95)?; // the two-sided rule of 3.7
/// assert!((ci.high - 3.688_879).abs() < 5e-7);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn garwood(events: u64, exposure: f64, per: f64, level: f64) -> Result<IntervalEstimate, Undefined> {
    let tail = tail_area(level)?;
    if exposure.is_nan() || exposure <= 0.0 {
        return Err(Undefined::NoExposure);
    }
    let x = real(events);
    let unit = per / exposure;
    let low = if events == 0 { 0.0 } else { Gamma::new(x)?.quantile(tail)? };
    let high = if events == 0 { -tail.ln() } else { Gamma::new(x + 1.0)?.upper_quantile(tail)? };
    let ci = IntervalEstimate { estimate: x * unit, low: low * unit, high: high * unit };
    let usable = per > 0.0 && unit > 0.0 && ci.high.is_finite();
    if usable { Ok(ci) } else { Err(Undefined::ValueOutsideRange) }
}
