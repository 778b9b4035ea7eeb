//! Statistics: pure functions from tallies and counts to estimates, or to the reason why not.
//!
//! Imports nothing from the rest of the crate. Samples are [`Values`] (value and count),
//! so a slice and its tally give the same bits; counts are `u64`; a statistic that does
//! not exist is `Err(`[`Undefined`]`)` and never NaN, infinity or zero. Formulas, sources
//! and defaults: one file per concept, checked against `tests/reference/golden`.
#![allow(
    clippy::many_single_char_names,
    clippy::similar_names,
    clippy::doc_markdown,
    reason = "formulas keep the letters of the papers they come from, in code and in prose"
)]
#![allow(
    clippy::missing_errors_doc,
    reason = "every doc says when its statistic is undefined; `Undefined` lists the reasons once"
)]

pub mod aalen_johansen;
mod beta_binomial;
pub mod bootstrap;
pub mod claim;
pub mod clustered_rate;
pub mod contingency;
pub mod control_chart;
pub mod distribution;
pub mod effect_size;
pub mod fisher;
pub mod funnel;
pub mod hodges_lehmann;
mod interval;
pub mod kaplan_meier;
pub mod kruskal_wallis;
pub mod lifetimes;
pub mod log_rank;
pub mod mcnemar;
pub mod mean;
pub mod mean_difference;
pub mod median;
pub mod multiplicity;
pub mod p_chart;
pub mod partial_pooling;
mod pooling_grid;
pub mod proportion;
pub mod proportion_difference;
pub mod quantile;
pub mod random;
pub mod rate;
pub mod reliability;
mod resample;
pub mod signals;
pub mod signed_rank;
pub mod standardization;
pub mod tipping_point;
mod undefined;
mod values;
pub mod xmr;

pub use interval::IntervalEstimate;
pub use undefined::Undefined;
pub use values::{Values, Weighted};
