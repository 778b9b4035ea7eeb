//! The F distribution, through the beta distribution.

use super::super::Undefined;
use super::beta::Beta;

/// The f with P(F > f) = `tail` for degrees of freedom above and below the line.
///
/// X = df1 F / (df1 F + df2) has the beta distribution with shapes df1/2 and df2/2
/// (Abramowitz and Stegun 26.6.2).
///
/// ```
/// use relief::estimate::statistics::distribution::fisher_f;
/// let f = fisher_f::upper_quantile(0.025, [5.0, 18.0])?; // R qf(0.975, 5, 18)
/// assert!((f / 3.381_967_805_875_242_9 - 1.0).abs() < 1e-12);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn upper_quantile(tail: f64, [above, below]: [f64; 2]) -> Result<f64, Undefined> {
    if !(tail > 0.0 && tail < 1.0) {
        return Err(Undefined::ProbabilityOutsideRange);
    }
    let point = Beta::new(0.5 * above, 0.5 * below)?.point_above(tail)?;
    Ok(below * point.x / (above * point.complement))
}
