//! The beta distribution: both tails, and quantiles from either.
//!
//! Continued fraction 26.5.8 of Abramowitz and Stegun evaluated by the modified Lentz
//! method (Thompson and Barnett 1986, doi:10.1016/0021-9991(86)90046-X), with Loader's
//! prefactor; above 1e8 in both shapes Temme's uniform expansion (DLMF 8.18.9,
//! doi:10.1137/0513049), so that the cost is bounded for every input.

use super::super::Undefined;
use super::kernel::{deviance, ln_interior_density};
use super::root::{Residual, solve_in_logs};
use super::{Tails, normal};

/// Shapes above this use the uniform expansion. Against `mpmath` at (2e8, 3e8) its relative
/// error is 5e-14 near the mean and 2e-11 five standard deviations out.
const LARGE_SHAPE: f64 = 1e8;

/// A beta distribution with two positive, finite shapes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beta {
    a: f64,
    b: f64,
}

/// A point of the unit interval and its complement, each accurate on its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnitPoint {
    /// The point.
    pub x: f64,
    /// 1 - x, without the cancellation.
    pub complement: f64,
}

impl Beta {
    /// Shapes `a` and `b`, both positive and finite (up to 1e300).
    pub fn new(a: f64, b: f64) -> Result<Self, Undefined> {
        let good = |shape: f64| shape > 0.0 && shape <= 1e300;
        if good(a) && good(b) { Ok(Self { a, b }) } else { Err(Undefined::ParameterOutsideRange) }
    }

    /// P(X <= x) and P(X > x); x outside the unit interval gives 0 and 1.
    ///
    /// ```
    /// use relief::estimate::statistics::distribution::beta::Beta;
    /// let tails = Beta::new(2.0, 200.0)?.tails(0.01);
    /// assert!((tails.lower - 0.598_060_975_426_114_1).abs() < 1e-14); // R pbeta(0.01, 2, 200)
    /// # Ok::<(), relief::estimate::statistics::Undefined>(())
    /// ```
    pub fn tails(&self, x: f64) -> Tails {
        self.tails_at(UnitPoint { x, complement: 1.0 - x })
    }

    /// The same at a point whose complement is known better than 1 - x.
    pub fn tails_at(&self, point: UnitPoint) -> Tails {
        let UnitPoint { x, complement: y } = point;
        if x <= 0.0 {
            return Tails::from_lower(0.0);
        }
        if y <= 0.0 {
            return Tails::from_lower(1.0);
        }
        if self.a.min(self.b) > LARGE_SHAPE {
            return uniform_expansion(self.a, self.b, x, y);
        }
        if x > (self.a + 1.0) / (self.a + self.b + 2.0) {
            return Tails::from_lower(fraction_tail(self.b, self.a, y, x)).swapped();
        }
        Tails::from_lower(fraction_tail(self.a, self.b, x, y))
    }

    /// The x with P(X <= x) = p. p outside [0, 1] is undefined.
    ///
    /// Accurate to 1e-12 relative where the root is at most one half; 0 where the root is
    /// below the smallest normal double.
    ///
    /// ```
    /// use relief::estimate::statistics::distribution::beta::Beta;
    /// let x = Beta::new(10.0, 9_999_991.0)?.quantile(0.025)?; // R qbeta(0.025, 10, 9999991)
    /// assert!((x / 4.795_389_704_270_114e-7 - 1.0).abs() < 1e-12);
    /// # Ok::<(), relief::estimate::statistics::Undefined>(())
    /// ```
    pub fn quantile(&self, p: f64) -> Result<f64, Undefined> {
        Ok(self.point_below(p)?.x)
    }

    /// The x with P(X > x) = q, for tails too small to be written as 1 - p.
    pub fn upper_quantile(&self, q: f64) -> Result<f64, Undefined> {
        Ok(self.point_above(q)?.x)
    }

    /// The point with probability `p` below it, with its complement.
    pub fn point_below(&self, p: f64) -> Result<UnitPoint, Undefined> {
        if (0.0..=1.0).contains(&p) {
            Ok(self.solve(Tails { lower: p, upper: 1.0 - p }))
        } else {
            Err(Undefined::ProbabilityOutsideRange)
        }
    }

    /// The point with probability `q` above it, with its complement.
    pub fn point_above(&self, q: f64) -> Result<UnitPoint, Undefined> {
        let mirrored = Self { a: self.b, b: self.a }.point_below(q)?;
        Ok(UnitPoint { x: mirrored.complement, complement: mirrored.x })
    }

    /// Solves for whichever of x and 1 - x is at most one half.
    fn solve(&self, target: Tails) -> UnitPoint {
        if target.lower <= 0.0 {
            return UnitPoint { x: 0.0, complement: 1.0 };
        }
        if target.upper <= 0.0 {
            return UnitPoint { x: 1.0, complement: 0.0 };
        }
        if excess(self.tails(0.5), target) >= 0.0 {
            let x = self.small_root(target);
            return UnitPoint { x, complement: 1.0 - x };
        }
        let y = Self { a: self.b, b: self.a }.small_root(target.swapped());
        UnitPoint { x: 1.0 - y, complement: y }
    }

    /// The root in (0, 1/2], by Newton on the logarithm of the smaller tail.
    fn small_root(&self, target: Tails) -> f64 {
        let tiny = f64::MIN_POSITIVE;
        if excess(self.tails(tiny), target) >= 0.0 {
            return 0.0;
        }
        solve_in_logs((tiny, 0.5), self.a / (self.a + self.b), |x| {
            let tails = self.tails(x);
            let tail = if target.lower <= target.upper { tails.lower } else { tails.upper };
            Residual { excess: excess(tails, target), slope: self.density_times_x(x) / tail }
        })
    }

    /// The derivative of the tail with respect to ln x.
    fn density_times_x(&self, x: f64) -> f64 {
        let complement = 1.0 - x;
        self.density_of_log_odds(UnitPoint { x, complement }) / complement
    }

    /// The density of ln(x / (1 - x)), which is x^a (1-x)^b / B(a, b).
    pub fn density_of_log_odds(&self, point: UnitPoint) -> f64 {
        let weight = self.a * (self.b / (self.a + self.b));
        weight * ln_interior_density(self.a, self.b, point.x, point.complement).exp()
    }

    /// The mean, a / (a + b).
    pub fn mean(&self) -> f64 {
        self.a / (self.a + self.b)
    }

    /// The variance, ab / ((a + b)^2 (a + b + 1)).
    pub fn variance(&self) -> f64 {
        let sum = self.a + self.b;
        (self.a / sum) * (self.b / sum) / (sum + 1.0)
    }
}

/// ln of how far the tails are past the target, measured on the target's smaller tail.
fn excess(tails: Tails, target: Tails) -> f64 {
    if target.lower <= target.upper { (tails.lower / target.lower).ln() } else { (target.upper / tails.upper).ln() }
}

/// P(X <= x) for x below the mean, where the continued fraction converges quickly.
fn fraction_tail(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let front = ln_interior_density(a, b, x, y).exp() * (b / (a + b));
    if front > 0.0 { front * a / continued_fraction(a, b, x, y) } else { 0.0 }
}

/// b0 + a1/(b1 + a2/(b2 + ...)), the even part of 26.5.8 as Didonato and Morris (1992,
/// doi:10.1145/131766.131776) write it: in a y - b x, which near a corner of the unit
/// square keeps the digits that 1 - (a+b) x / (a+1) loses.
///
/// The number of turns grows with the square root of the smaller shape, which
/// [`LARGE_SHAPE`] bounds; the cap only makes that visible.
fn continued_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let short = a * y - b * x + 1.0;
    let mut value = nonzero(a * short / (a + 1.0));
    let mut c = value;
    let mut d = 0.0;
    let mut m = 0.0;
    for _ in 0..200_000 {
        m += 1.0;
        let turn = a + 2.0 * m;
        let numerator = (a + m - 1.0) / (turn - 1.0) * ((a + b + m - 1.0) / (turn - 1.0) * x) * (m * (b - m) * x);
        let denominator = m + m * (b - m) * x / (turn - 1.0) + (a + m) * (short + m * (1.0 + y)) / (turn + 1.0);
        d = 1.0 / nonzero(denominator + numerator * d);
        c = nonzero(denominator + numerator / c);
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

/// DLMF 8.18.9 to its first term, for two large shapes.
fn uniform_expansion(a: f64, b: f64, x: f64, y: f64) -> Tails {
    let r = a + b;
    let (p, q) = (a / r, b / r);
    let past = x * b - y * a; // r x - a, without the cancellation
    let half_square = deviance(a, r * x, -past) + deviance(b, r * y, past);
    let eta = (2.0 * half_square / r).sqrt().copysign(past);
    let spread = (p * q).sqrt();
    let c0 = if eta.abs() < 1e-5 { (1.0 - 2.0 * p) / (3.0 * spread) } else { 1.0 / eta - spread * r / past };
    let correction = c0 * (-half_square).exp() / (2.0 * std::f64::consts::PI * r).sqrt();
    let z = (2.0 * half_square).sqrt().copysign(eta);
    let lower = normal::upper_tail(-z) + correction;
    let upper = normal::upper_tail(z) - correction;
    Tails { lower: lower.clamp(0.0, 1.0), upper: upper.clamp(0.0, 1.0) }
}
