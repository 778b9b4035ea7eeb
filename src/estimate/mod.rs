//! Analysis set → tallies → estimates.
//!
//! Measures are expressions (`expression`), evaluated chunk by chunk (`scan`)
//! into counts per cell (`tally`); `cells` adds tallies up to the cells of the
//! results and `proportion`, `change` and `curve` turn each into statistics.
//! No estimate reads a row.

pub mod cells;
pub mod change;
pub mod curve;
pub mod expression;
pub mod period;
pub mod proportion;
pub mod result;
pub mod scan;
pub mod statistics;
pub mod tally;

/// Confidence level of every interval.
pub const LEVEL: f64 = 0.95;
