//! Tails and quantiles of the distributions that the statistics need.
//!
//! `statrs` 0.19.1 gives the normal quantile, which it gets right to 2e-16. Its incomplete
//! beta stops after 140 terms of a continued fraction whether or not that has converged, and
//! the inverse never returns for shapes (1, 1e7): see `special_functions.json`. Of the 70
//! beta rows there `puruspe` 0.4.4 misses or never answers 40 and `special` 0.14.2 19;
//! `r_mathlib` 0.2.0 is C behind bindgen. So beta, gamma and Student t are here, each
//! returning both tails, because 1 - p of a small p is gone.

pub mod beta;
pub mod binomial;
pub mod fisher_f;
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
