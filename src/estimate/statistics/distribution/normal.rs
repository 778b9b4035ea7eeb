//! The standard normal distribution.

use statrs::distribution::{ContinuousCDF, Normal};

use super::super::Undefined;
use super::gamma;

/// P(Z > z) for a standard normal Z; any finite z.
///
/// Formula: half the upper incomplete gamma Q(1/2, z^2/2) (Abramowitz and Stegun 26.4.19).
/// `statrs::function::erf::erfc` was measured 4e-11 off at z = 1.96 and 7e-11 beyond 8.
///
/// ```
/// use relief::estimate::statistics::distribution::normal;
/// assert!((normal::upper_tail(1.96) - 0.024_997_895_148_220_4).abs() < 1e-15); // R pnorm
/// assert!((normal::upper_tail(20.0) / 2.753_624_118_606_23e-89 - 1.0).abs() < 1e-12);
/// ```
pub fn upper_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - upper_tail(-z);
    }
    // Beyond 40 the tail is below the smallest double, and z^2 may not be finite.
    if z > 40.0 { 0.0 } else { 0.5 * gamma::upper_tail_of_half(0.5 * z * z) }
}

/// The two-sided p-value 2 P(Z > |z|).
pub fn two_sided(z: f64) -> f64 {
    (2.0 * upper_tail(z.abs())).min(1.0)
}

/// The z with P(Z <= z) = p, for 0 < p < 1.
///
/// `statrs` 0.19.1, measured within 2e-16 of `mpmath`. p at or beyond 0 and 1 has no
/// finite quantile and is [`Undefined::ProbabilityOutsideRange`].
///
/// ```
/// use relief::estimate::statistics::distribution::normal;
/// assert!((normal::quantile(0.975)? - 1.959_963_984_540_054).abs() < 1e-15);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn quantile(p: f64) -> Result<f64, Undefined> {
    if p > 0.0 && p < 1.0 { Ok(Normal::standard().inverse_cdf(p)) } else { Err(Undefined::ProbabilityOutsideRange) }
}
