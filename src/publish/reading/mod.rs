//! What follows from released rows: control limits and their signals, funnel
//! limits of sites, verdicts on claims, who is not yet due.
//!
//! A reading is computed from rows that are already released and from nothing
//! else: anyone could compute it from `results.csv`, so it discloses nothing
//! more. Where it would need a number that is hidden it says so and has none.
//! It stands in the cell of the row it is about, under a statistic of its own.

pub mod claim;
pub mod site;
pub mod status;
pub mod trend;

use super::disclosure::Released;
use super::results::{ResultRow, Suppression};
use crate::protocol::Protocol;

/// A kind of reading. A plain function: it can have seen nothing but its arguments.
pub(super) type Reading = fn(&Released, &Protocol) -> Vec<ResultRow>;

/// Order is the order of `results.csv`.
pub(super) const READINGS: &[Reading] = &[trend::rows, site::rows, claim::rows, status::rows];

/// Adds every reading.
pub fn read(released: Released, protocol: &Protocol) -> Released {
    released.followed_by(READINGS, protocol)
}

/// Why a reading has no number although the count it rests on is known.
pub(super) const RESTS_ON_HIDDEN: &str = "rests on numbers that are not shown";

/// A row in the cell of `base` for another statistic; it says nothing yet.
fn beside(base: &ResultRow, statistic: &str) -> ResultRow {
    let cell = base.result_id.rsplit_once('/').map_or("", |(cell, _)| cell);
    ResultRow {
        result_id: format!("{cell}/{statistic}"),
        statistic: statistic.to_owned(),
        value: None,
        numerator: None,
        denominator: None,
        ci_low: None,
        ci_high: None,
        ci_level: None,
        ci_method: None,
        p_value: None,
        p_adjusted: None,
        adjust_method: None,
        suppression: if base.suppression == Suppression::Rounded { Suppression::Rounded } else { Suppression::None },
        reason: None,
        status: "ok",
        message: None,
        ..base.clone()
    }
}

/// A row that has no number because one it rests on is hidden.
fn hidden_beside(base: &ResultRow, statistic: &str) -> ResultRow {
    ResultRow {
        suppression: Suppression::Complementary,
        reason: Some(RESTS_ON_HIDDEN.to_owned()),
        ..beside(base, statistic)
    }
}

/// A row that has no number for a reason of arithmetic.
fn undefined_beside(base: &ResultRow, statistic: &str, why: impl Into<String>) -> ResultRow {
    ResultRow { reason: Some(why.into()), ..beside(base, statistic) }
}

#[cfg(test)]
mod tests;
