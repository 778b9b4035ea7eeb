//! Student's t distribution, through the beta distribution.

use super::super::Undefined;
use super::beta::{Beta, UnitPoint};

/// A t distribution with positive, finite degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StudentT {
    df: f64,
    beta: Beta,
}

impl StudentT {
    /// Degrees of freedom, positive and finite.
    pub fn new(df: f64) -> Result<Self, Undefined> {
        Ok(Self { df, beta: Beta::new(0.5 * df, 0.5)? })
    }

    /// P(|T| > |t|) = I_{df/(df+t^2)}(df/2, 1/2) (Abramowitz and Stegun 26.7.1).
    ///
    /// ```
    /// use relief::estimate::statistics::distribution::student_t::StudentT;
    /// // Student's sleep data, R t.test(extra ~ group, paired = TRUE): t = -4.0621, df = 9.
    /// let p = StudentT::new(9.0)?.two_sided(-4.062_127_683_382_037);
    /// assert!((p - 0.002_832_89).abs() < 5e-9);
    /// # Ok::<(), relief::estimate::statistics::Undefined>(())
    /// ```
    pub fn two_sided(&self, t: f64) -> f64 {
        let ratio = (t / self.df.sqrt()).abs();
        let square = ratio * ratio;
        if !square.is_finite() {
            return 0.0;
        }
        let x = 1.0 / (1.0 + square);
        self.beta.tails_at(UnitPoint { x, complement: square * x }).lower
    }

    /// P(T > t).
    pub fn upper_tail(&self, t: f64) -> f64 {
        let half = 0.5 * self.two_sided(t);
        if t >= 0.0 { half } else { 1.0 - half }
    }

    /// The t with P(T <= t) = p, for 0 < p < 1.
    ///
    /// ```
    /// use relief::estimate::statistics::distribution::student_t::StudentT;
    /// let t = StudentT::new(29.0)?.quantile(0.975)?; // R qt(0.975, 29)
    /// assert!((t - 2.045_229_642_132_704).abs() < 1e-14);
    /// # Ok::<(), relief::estimate::statistics::Undefined>(())
    /// ```
    pub fn quantile(&self, p: f64) -> Result<f64, Undefined> {
        if !(p > 0.0 && p < 1.0) {
            return Err(Undefined::ProbabilityOutsideRange);
        }
        // Near one half the distance from it is exact and its complement is not.
        let point = if p > 0.25 && p < 0.75 {
            self.beta.point_above((2.0 * (p - 0.5)).abs())?
        } else {
            self.beta.point_below(2.0 * p.min(1.0 - p))?
        };
        let t = (self.df.sqrt() * (point.complement / point.x).sqrt()).min(f64::MAX);
        Ok(if p < 0.5 { -t } else { t })
    }
}
