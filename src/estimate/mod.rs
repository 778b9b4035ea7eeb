//! Analysis set → tallies → estimates.
//!
//! Measures are expressions (`expression`), evaluated chunk by chunk (`scan`)
//! into counts per cell (`tally`); `cohort` adds tallies up to the cells of the
//! results, each of `analysis` asks them one question, and `proportion`,
//! `change` and `curve` turn a tally into statistics. No estimate reads a row.

pub mod analysis;
pub mod cells;
mod cells_of_rows;
pub mod change;
pub mod cohort;
pub mod curve;
pub mod expression;
mod mask;
pub mod period;
pub mod proportion;
mod questions;
pub mod result;
pub mod scan;
pub mod statistics;
pub mod tally;
mod total;

/// Confidence level of every interval.
pub const LEVEL: f64 = 0.95;
