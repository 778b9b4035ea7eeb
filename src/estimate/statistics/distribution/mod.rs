//! Tails and quantiles of the distributions that the statistics need.
//!
//! `statrs` 0.19.1 gives the normal quantile and the error function, which it gets right.
//! Its incomplete beta stops after 140 terms of a continued fraction whether or not it
//! has converged, and the inverse never returns for shapes (1, 1e7): both measured, see
//! `special_functions.json`. Crates that were looked at instead: `puruspe` and `special`
//! fail the same rows, `r_mathlib` is C behind bindgen. So beta, gamma and Student t are
//! here, each returning both tails, because 1 - p of a small p is gone.

pub mod beta;
pub mod binomial;
pub mod gamma;
mod kernel;
pub mod normal;
mod root;
pub mod signed_rank;
pub mod student_t;

pub(super) use kernel::{ln_binomial_density, stirling_error};
pub(super) use root::{Residual, solve_in_logs};

/// The probabilities below and above a point, each accurate on its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tails {
    /// P(X <= x).
    pub lower: f64,
    /// P(X > x) (P(X >= x) is the same for a continuous distribution).
    pub upper: f64,
}

impl Tails {
    /// Both tails from the lower one, for where it is the smaller.
    fn from_lower(lower: f64) -> Self {
        let lower = lower.clamp(0.0, 1.0);
        Self { lower, upper: 1.0 - lower }
    }

    fn swapped(self) -> Self {
        Self { lower: self.upper, upper: self.lower }
    }
}
