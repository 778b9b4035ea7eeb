//! Two proportions: independent groups, and the same patients twice.
//!
//! Both are Newcombe's square-and-add intervals from Wilson limits: no test of their own,
//! no pooling, and limits that stay within -1 and 1. Differences run from -1 to 1.

use super::proportion::wilson;
use super::values::real;
use super::{IntervalEstimate, Undefined};

/// Events out of a total, for one of two groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Patients with the event.
    pub events: u64,
    /// Patients observed.
    pub of: u64,
}

/// Newcombe's hybrid score interval for p1 - p2 of independent groups.
///
/// Formula (method 10): with Wilson limits l, u and d = p1 - p2, from
/// d - sqrt((p1-l1)^2 + (u2-p2)^2) to d + sqrt((u1-p1)^2 + (p2-l2)^2).
/// Source: Newcombe (1998),
/// doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
/// Either group empty is undefined. For pre and post on the same patients use
/// [`newcombe_paired`].
///
/// ```
/// use relief::estimate::statistics::proportion_difference::{Count, newcombe};
/// let (a, b) = (Count { events: 56, of: 70 }, Count { events: 48, of: 80 });
/// let ci = newcombe(a, b, 0.95)?; // Newcombe 1998, table II (a): 0.0524 to 0.3339
/// assert!((ci.low - 0.0524).abs() < 5e-5 && (ci.high - 0.3339).abs() < 5e-5);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn newcombe(first: Count, second: Count, level: f64) -> Result<IntervalEstimate, Undefined> {
    let one = wilson(first.events, first.of, level)?;
    let two = wilson(second.events, second.of, level)?;
    Ok(square_and_add(one, two, difference(first, second), 0.0))
}

/// The four cells of one yes-or-no outcome seen twice in the same patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairedCounts {
    /// Yes on both occasions.
    pub both: u64,
    /// Yes on the first occasion only.
    pub first_only: u64,
    /// Yes on the second occasion only.
    pub second_only: u64,
    /// Yes on neither.
    pub neither: u64,
}

/// Newcombe's interval for p1 - p2 of paired proportions.
///
/// Formula (method 10 of the paired paper): square-and-add with the cross term
/// -2 phi (p1-l1)(u2-p2), where phi is the correlation of the table with its numerator
/// moved towards zero by n/2 when positive, and 0 when a margin is empty.
/// Source: Newcombe (1998c),
/// doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C.
/// An empty table is undefined; all in one cell gives phi = 0.
///
/// ```
/// use relief::estimate::statistics::proportion_difference::{PairedCounts, newcombe_paired};
/// // Airway hyper-responsiveness before and after transplantation, 21 children (Bentur 2009).
/// // Fagerland, Lydersen, Laake (2014), doi:10.1002/sim.6148: -0.507 to -0.026.
/// let table = PairedCounts { both: 1, first_only: 1, second_only: 7, neither: 12 };
/// let ci = newcombe_paired(table, 0.95)?;
/// assert!((ci.low + 0.507).abs() < 5e-4 && (ci.high + 0.026).abs() < 5e-4);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn newcombe_paired(table: PairedCounts, level: f64) -> Result<IntervalEstimate, Undefined> {
    let PairedCounts { both, first_only, second_only, neither } = table;
    let of = [both, first_only, second_only, neither]
        .iter()
        .try_fold(0_u64, |sum, &cell| sum.checked_add(cell))
        .ok_or(Undefined::ValueOutsideRange)?;
    let one = wilson(both + first_only, of, level)?;
    let two = wilson(both + second_only, of, level)?;
    let d = (real(first_only) - real(second_only)) / real(of);
    Ok(square_and_add(one, two, d, corrected_phi(table)))
}

/// p1 - p2 over a common denominator, so that 142/200 - 120/200 is 0.11 to the last bit.
fn difference(first: Count, second: Count) -> f64 {
    let cross = cross_difference(first.events, second.of, second.events, first.of);
    cross / real(first.of) / real(second.of)
}

/// a b - c d without losing it to rounding.
#[expect(clippy::cast_precision_loss, reason = "the difference is rounded once, at the end")]
fn cross_difference(a: u64, b: u64, c: u64, d: u64) -> f64 {
    let (left, right) = (u128::from(a) * u128::from(b), u128::from(c) * u128::from(d));
    if left >= right { (left - right) as f64 } else { -((right - left) as f64) }
}

fn square_and_add(one: IntervalEstimate, two: IntervalEstimate, d: f64, phi: f64) -> IntervalEstimate {
    let down = distance(one.estimate - one.low, two.high - two.estimate, phi);
    let up = distance(one.high - one.estimate, two.estimate - two.low, phi);
    IntervalEstimate { estimate: d, low: (d - down).max(-1.0), high: (d + up).min(1.0) }
}

/// sqrt(a^2 - 2 phi a b + b^2), which rounding could otherwise make negative.
fn distance(a: f64, b: f64, phi: f64) -> f64 {
    (a * a - 2.0 * phi * a * b + b * b).max(0.0).sqrt()
}

fn corrected_phi(t: PairedCounts) -> f64 {
    let [a, b, c, d] = [t.both, t.first_only, t.second_only, t.neither].map(real);
    let n = a + b + c + d;
    let margins = ((a + b) / n) * ((c + d) / n) * ((a + c) / n) * ((b + d) / n);
    if margins <= 0.0 {
        return 0.0;
    }
    let cross = cross_difference(t.both, t.neither, t.first_only, t.second_only);
    let moved = if cross > 0.0 { (cross - 0.5 * n).max(0.0) } else { cross };
    moved / n / n / margins.sqrt()
}
