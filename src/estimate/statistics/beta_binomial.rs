//! The beta-binomial likelihood in its mean and overdispersion, without log-gammas.
//!
//! ln L(mu, g) = sum over groups of sum_{j<x} ln(mu + jg) + sum_{j<n-x} ln(1-mu + jg) -
//! sum_{j<n} ln(1 + jg), with g = 1/M for prior strength M (Griffiths 1973,
//! doi:10.2307/2529131). A difference of log-beta functions cancels at large M: an
//! optimiser on it once settled on a negative deviance of -24 (measured).

use super::proportion_difference::Count;
use super::values::real;

/// Sums of fewer terms than this are added one by one.
const DIRECT: u64 = 24;

/// ln L of groups at mean `mu` and `g` = 1/M; binomial coefficients left out.
pub(super) fn ln_likelihood(groups: &[Count], mu: f64, g: f64) -> f64 {
    let of_group = |group: &Count| {
        ln_sum(mu, g, group.events) + ln_sum(1.0 - mu, g, group.of - group.events) - ln_sum(1.0, g, group.of)
    };
    groups.iter().map(of_group).sum()
}

/// Derivative of [`ln_likelihood`] with respect to the mean.
pub(super) fn slope_in_mean(groups: &[Count], mu: f64, g: f64) -> f64 {
    let of_group = |group: &Count| inverse_sum(mu, g, group.events) - inverse_sum(1.0 - mu, g, group.of - group.events);
    groups.iter().map(of_group).sum()
}

/// Derivative of [`ln_likelihood`] with respect to `g`.
pub(super) fn slope_in_overdispersion(groups: &[Count], mu: f64, g: f64) -> f64 {
    let of_group = |group: &Count| {
        weighted_inverse_sum(mu, g, group.events) + weighted_inverse_sum(1.0 - mu, g, group.of - group.events)
            - weighted_inverse_sum(1.0, g, group.of)
    };
    groups.iter().map(of_group).sum()
}

/// The first terms of sum_{j<m} f(c + jg), and what remains as a sum from a later start
/// where the Euler-Maclaurin formula is accurate (start at least 12 steps from zero).
struct Split {
    direct: f64,
    start: f64,
    remaining: f64,
    offset: f64,
}

fn split(c: f64, g: f64, m: u64, f: impl Fn(f64, f64) -> f64) -> Split {
    let needed = if c >= 12.0 * g { 0 } else { 12 };
    let first = if m <= DIRECT { m } else { needed };
    let direct = (0..first).map(|j| f(real(j), c + real(j) * g)).sum();
    let offset = real(first);
    Split { direct, start: c + offset * g, remaining: real(m) - offset, offset }
}

/// sum_{j<m} ln(c + jg).
fn ln_sum(c: f64, g: f64, m: u64) -> f64 {
    let Split { direct, start, remaining, .. } = split(c, g, m, |_, value| value.ln());
    if remaining <= 0.0 {
        return direct;
    }
    let growth = remaining * g / start;
    // Integral minus remaining * ln(start), over remaining; tends to growth / 2.
    let bend = if growth < 1e-8 { 0.5 * growth } else { (1.0 + growth) * (growth.ln_1p() / growth) - 1.0 };
    let end = start + remaining * g;
    let ends = -0.5 * growth.ln_1p() + g / 12.0 * (1.0 / end - 1.0 / start)
        - g.powi(3) / 360.0 * (end.powi(-3) - start.powi(-3))
        + g.powi(5) / 1260.0 * (end.powi(-5) - start.powi(-5));
    direct + remaining * start.ln() + remaining * bend + ends
}

/// sum_{j<m} 1 / (c + jg).
fn inverse_sum(c: f64, g: f64, m: u64) -> f64 {
    let Split { direct, start, remaining, .. } = split(c, g, m, |_, value| 1.0 / value);
    direct + inverse_tail(start, g, remaining)
}

fn inverse_tail(start: f64, g: f64, remaining: f64) -> f64 {
    if remaining <= 0.0 {
        return 0.0;
    }
    let growth = remaining * g / start;
    let integral = if growth > 0.0 { remaining / start * (growth.ln_1p() / growth) } else { remaining / start };
    let end = start + remaining * g;
    integral + 0.5 * (1.0 / start - 1.0 / end) + g / 12.0 * (start.powi(-2) - end.powi(-2))
        - g.powi(3) / 120.0 * (start.powi(-4) - end.powi(-4))
        + g.powi(5) / 252.0 * (start.powi(-6) - end.powi(-6))
}

/// sum_{j<m} j / (c + jg).
fn weighted_inverse_sum(c: f64, g: f64, m: u64) -> f64 {
    let Split { direct, start, remaining, offset } = split(c, g, m, |j, value| j / value);
    if remaining <= 0.0 {
        return direct;
    }
    if remaining * g < 1e-4 * start {
        // j / c, with the first two corrections in jg / c; the form below would cancel.
        let (r, e) = (remaining, g / start);
        let first = r * (r - 1.0) / 2.0;
        let second = first * (2.0 * r - 1.0) / 3.0;
        let third = first * first;
        return direct + (first - e * second + e * e * third) / start + offset * inverse_tail(start, g, remaining);
    }
    // j / (start + jg) = (1 - start / (start + jg)) / g.
    let tail = inverse_tail(start, g, remaining);
    direct + (remaining - start * tail) / g + offset * tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(c: f64, g: f64, m: u64) {
        let term = |j: u64| c + real(j) * g;
        let ln: f64 = (0..m).map(|j| term(j).ln()).sum();
        let inverse: f64 = (0..m).map(|j| 1.0 / term(j)).sum();
        let weighted: f64 = (0..m).map(|j| real(j) / term(j)).sum();
        let close = |a: f64, b: f64, tolerance: f64| (a - b).abs() <= tolerance * b.abs().max(1.0);
        assert!(close(ln_sum(c, g, m), ln, 1e-11), "ln {c} {g} {m}");
        assert!(close(inverse_sum(c, g, m), inverse, 1e-11), "inverse {c} {g} {m}");
        assert!(close(weighted_inverse_sum(c, g, m), weighted, 1e-8), "weighted {c} {g} {m}");
    }

    #[test]
    fn long_sums_equal_their_terms() {
        for c in [1.0, 0.7, 0.03, 1e-4] {
            for g in [0.0, 1e-12, 1e-6, 1e-3, 0.1, 3.0, 1e4] {
                for m in [0, 1, 24, 25, 300, 20_000] {
                    check(c, g, m);
                }
            }
        }
    }
}
