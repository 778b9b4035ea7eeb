//! The gamma distribution with unit scale, and chi-squared, which is twice a gamma.
//!
//! Series and continued fraction 6.5.29 and 6.5.31 of Abramowitz and Stegun with
//! Loader's Poisson prefactor. `statrs` is right in the measured range but its loops
//! have no cap and its prefactor cancels for large shapes, so only the method is shared.
//! Above 1e8 Temme's uniform expansion (DLMF 8.12.3, doi:10.1137/0510071).

use super::super::Undefined;
use super::kernel::{deviance, ln_poisson_density};
use super::root::{Residual, solve_in_logs};
use super::{Tails, normal};

const LARGE_SHAPE: f64 = 1e8;

/// A gamma distribution with a positive, finite shape and unit scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gamma {
    shape: f64,
}

impl Gamma {
    /// A shape that is positive and at most 1e300.
    pub fn new(shape: f64) -> Result<Self, Undefined> {
        if shape > 0.0 && shape <= 1e300 { Ok(Self { shape }) } else { Err(Undefined::ParameterOutsideRange) }
    }

    /// P(X <= x) and P(X > x).
    ///
    /// ```
    /// use relief::estimate::statistics::distribution::gamma::Gamma;
    /// let tails = Gamma::new(1.0)?.tails(2.0); // exponential
    /// assert!((tails.upper - (-2.0_f64).exp()).abs() < 1e-15);
    /// # Ok::<(), relief::estimate::statistics::Undefined>(())
    /// ```
    pub fn tails(self, x: f64) -> Tails {
        if x <= 0.0 {
            return Tails::from_lower(0.0);
        }
        if self.shape > LARGE_SHAPE {
            return uniform_expansion(self.shape, x);
        }
        let density = ln_poisson_density(self.shape, x).exp();
        if x < self.shape + 1.0 {
            return Tails::from_lower(density * series(self.shape, x));
        }
        Tails::from_lower(density * self.shape * fraction(self.shape, x)).swapped()
    }

    /// The x with P(X <= x) = p, for 0 <= p < 1.
    ///
    /// ```
    /// use relief::estimate::statistics::distribution::gamma::Gamma;
    /// let x = Gamma::new(3.0)?.quantile(0.025)?; // R qgamma(0.025, 3)
    /// assert!((x - 0.618_672_122_895_601_3).abs() < 1e-14);
    /// # Ok::<(), relief::estimate::statistics::Undefined>(())
    /// ```
    pub fn quantile(self, p: f64) -> Result<f64, Undefined> {
        self.solve(Tails { lower: p, upper: 1.0 - p })
    }

    /// The x with P(X > x) = q, for 0 < q <= 1.
    pub fn upper_quantile(self, q: f64) -> Result<f64, Undefined> {
        self.solve(Tails { lower: 1.0 - q, upper: q })
    }

    fn solve(self, target: Tails) -> Result<f64, Undefined> {
        if !(0.0..=1.0).contains(&target.lower) || target.upper <= 0.0 {
            return Err(Undefined::ProbabilityOutsideRange);
        }
        let tiny = f64::MIN_POSITIVE;
        if target.lower <= 0.0 || self.excess(tiny, target) >= 0.0 {
            return Ok(0.0);
        }
        Ok(solve_in_logs((tiny, 1e305), self.shape, |x| Residual {
            excess: self.excess(x, target),
            slope: self.slope(x, target),
        }))
    }

    fn excess(self, x: f64, target: Tails) -> f64 {
        let tails = self.tails(x);
        if target.lower <= target.upper { (tails.lower / target.lower).ln() } else { (target.upper / tails.upper).ln() }
    }

    /// x f(x) over the tail that is being matched.
    fn slope(self, x: f64, target: Tails) -> f64 {
        let tails = self.tails(x);
        let tail = if target.lower <= target.upper { tails.lower } else { tails.upper };
        self.shape * ln_poisson_density(self.shape, x).exp() / tail
    }
}

/// P(X > x) for chi-squared with `df` degrees of freedom: the upper tail of half of x.
///
/// ```
/// use relief::estimate::statistics::distribution::gamma;
/// let p = gamma::chi_squared_upper_tail(3.84, 1)?;
/// assert!((p - 0.050_043_521_248_705_1).abs() < 1e-14); // R pchisq(3.84, 1, lower = FALSE)
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn chi_squared_upper_tail(x: f64, df: u64) -> Result<f64, Undefined> {
    Ok(Gamma::new(0.5 * super::super::values::real(df))?.tails(0.5 * x).upper)
}

/// P(X > x) for the gamma of shape one half, on which the normal tail rests.
pub(super) fn upper_tail_of_half(x: f64) -> f64 {
    Gamma { shape: 0.5 }.tails(x).upper
}

/// 1 + x/(a+1) + x^2/((a+1)(a+2)) + ..., for x below a + 1.
fn series(a: f64, x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut k = a;
    for _ in 0..400_000 {
        k += 1.0;
        term *= x / k;
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}

/// 1/(x+1-a - 1(1-a)/(x+3-a - ...)) by modified Lentz, for x above a + 1.
fn fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let mut c = 1e300;
    let mut d = 1.0 / b;
    let mut value = d;
    let mut i = 0.0;
    for _ in 0..400_000 {
        i += 1.0;
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / nonzero(an * d + b);
        c = nonzero(b + an / c);
        value *= d * c;
        if (d * c - 1.0).abs() < 3e-16 {
            break;
        }
    }
    value
}

fn nonzero(value: f64) -> f64 {
    if value.abs() < 1e-300 { 1e-300 } else { value }
}

/// DLMF 8.12.3 and 8.12.4 to their first term, for a large shape.
fn uniform_expansion(a: f64, x: f64) -> Tails {
    let half_square = deviance(a, x, a - x);
    let mu = (x - a) / a;
    let eta = (2.0 * half_square / a).sqrt().copysign(mu);
    let c0 = if eta.abs() < 1e-5 { -1.0 / 3.0 } else { 1.0 / mu - 1.0 / eta };
    let correction = c0 * (-half_square).exp() / (2.0 * std::f64::consts::PI * a).sqrt();
    let z = (2.0 * half_square).sqrt().copysign(mu);
    let upper = normal::upper_tail(z) + correction;
    let lower = normal::upper_tail(-z) - correction;
    Tails { lower: lower.clamp(0.0, 1.0), upper: upper.clamp(0.0, 1.0) }
}
