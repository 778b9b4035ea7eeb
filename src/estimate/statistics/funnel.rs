//! Funnel limits: how far from a target would a site of this size stray by chance?
//!
//! Sites are never ranked. The limits say whether one differs, not which is best.

use super::Undefined;
use super::bootstrap::quantile_type_7;
use super::distribution::binomial::Binomial;
use super::distribution::normal;
use super::proportion::check;
use super::proportion_difference::Count;
use super::values::real;

/// Overdispersion is not estimated from fewer sites.
pub const FEWEST_SITES: usize = 10;

/// Limits of a proportion for one site size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FunnelLimits {
    /// Lower limit, below 0 at tiny n.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

/// Exact binomial limits, interpolated so that they do not jump with n.
///
/// Formula: r = smallest with F(r) >= a, al = (F(r) - a) / (F(r) - F(r-1)), limit
/// (r - al) / n, at a = `tail` and 1 - `tail`: 0.025 for 95% and 0.001 for 99.8% limits.
/// Source: Spiegelhalter (2005), doi:10.1002/sim.1970. Not clamped. n = 0, a target of 0 or
/// 1, and a tail outside (0, 1/2) are undefined.
///
/// ```
/// use relief::estimate::statistics::funnel::exact_limits;
/// let limits = exact_limits(0.7, 100, 0.025)?; // between 60/100 and 61/100
/// assert!((limits.low - 0.603_088).abs() < 5e-7);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn exact_limits(target: f64, n: u64, tail: f64) -> Result<FunnelLimits, Undefined> {
    check_target(target, n, tail)?;
    let null = Binomial::new(n, target)?;
    let low = null.quantile(tail)?;
    let low_share = (null.at_most(low) - tail) / null.density(low);
    // The upper quantile is searched in the upper tail, which 1 - cdf would lose.
    let high = upper_quantile(&null, n, tail);
    let high_share = (tail - null.at_least(high + 1)) / null.density(high);
    let limit = |rank: u64, share: f64| (real(rank) - share.clamp(0.0, 1.0)) / real(n);
    Ok(FunnelLimits { low: limit(low, low_share), high: limit(high, high_share) })
}

/// The smallest k with P(X > k) <= tail.
fn upper_quantile(null: &Binomial, n: u64, tail: f64) -> u64 {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if null.at_least(middle + 1) <= tail {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// Normal limits target +- z sqrt(target (1-target) / n), clamped to [0, 1], for comparison.
///
/// Source: Spiegelhalter (2005), doi:10.1002/sim.1970. Undefined as for [`exact_limits`].
///
/// ```
/// use relief::estimate::statistics::funnel::normal_limits;
/// assert!((normal_limits(0.7, 100, 0.025)?.low - 0.610_183).abs() < 5e-7);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn normal_limits(target: f64, n: u64, tail: f64) -> Result<FunnelLimits, Undefined> {
    check_target(target, n, tail)?;
    overdispersed_limits(target, n, tail, 0.0)
}

fn check_target(target: f64, n: u64, tail: f64) -> Result<(), Undefined> {
    if n == 0 {
        return Err(Undefined::NoObservations);
    }
    let inside = |p: f64, most: f64| p > 0.0 && p < most;
    if inside(target, 1.0) && inside(tail, 0.5) { Ok(()) } else { Err(Undefined::ProbabilityOutsideRange) }
}

/// How much sites vary beyond chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overdispersion {
    /// Mean squared winsorised z: 1 when only chance varies.
    pub phi: f64,
    /// Variance between sites, on the scale of the proportion squared.
    pub tau_squared: f64,
}

/// Additive overdispersion of sites about a target, from z-scores winsorised at 10%.
///
/// Formula: z_i = (p_i - p0)/s_i, s_i^2 = p0 q0/n_i, pulled in to their 10% and 90%
/// quantiles (type 7); phi = mean z^2; tau^2 = max(0, (k phi - (k-1)) / (sum w - sum
/// w^2/sum w)), w = 1/s^2. Source: Spiegelhalter (2005), doi:10.1136/qshc.2005.013755. Fewer
/// than ten sites is [`Undefined::TooFewGroups`].
///
/// ```
/// use relief::estimate::statistics::{funnel::overdispersion, proportion_difference::Count};
/// let on_target = [Count { events: 70, of: 100 }; 12];
/// assert_eq!(overdispersion(&on_target, 0.7)?.tau_squared, 0.0);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn overdispersion(sites: &[Count], target: f64) -> Result<Overdispersion, Undefined> {
    check_target(target, 1, 0.025)?;
    if sites.len() < FEWEST_SITES {
        return Err(Undefined::TooFewGroups);
    }
    sites.iter().try_for_each(|site| check(site.events, site.of))?;
    let weight = |site: &Count| real(site.of) / (target * (1.0 - target));
    let z = |site: &Count| (real(site.events) / real(site.of) - target) * weight(site).sqrt();
    let squares: f64 = winsorised(sites.iter().map(z).collect()).iter().map(|z| z * z).sum();
    let sum: f64 = sites.iter().map(weight).sum();
    let shares: f64 = sites.iter().map(|site| weight(site) * (weight(site) / sum)).sum();
    let k = real(sites.len() as u64);
    let excess = (squares - (k - 1.0)).max(0.0);
    Ok(Overdispersion { phi: squares / k, tau_squared: excess / (sum - shares) })
}

/// Values beyond the 10% and 90% quantiles moved to them, in ascending order.
fn winsorised(mut values: Vec<f64>) -> Vec<f64> {
    let low = quantile_type_7(&mut values, 0.1);
    let high = quantile_type_7(&mut values, 0.9);
    values.sort_by(f64::total_cmp);
    values.into_iter().map(|z| z.clamp(low, high)).collect()
}

/// Limits that allow for variation between sites, target +- z sqrt(p0 q0/n + tau^2), clamped.
///
/// Source: Spiegelhalter (2005), doi:10.1136/qshc.2005.013755. A negative or infinite tau^2
/// is [`Undefined::ParameterOutsideRange`].
///
/// ```
/// use relief::estimate::statistics::funnel::overdispersed_limits;
/// let limits = overdispersed_limits(0.5, 100, 0.025, 0.01)?; // 0.5 - 1.96 sqrt(0.0125)
/// assert!((limits.low - 0.280_869).abs() < 5e-7);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn overdispersed_limits(target: f64, n: u64, tail: f64, tau_squared: f64) -> Result<FunnelLimits, Undefined> {
    check_target(target, n, tail)?;
    if !(tau_squared >= 0.0 && tau_squared.is_finite()) {
        return Err(Undefined::ParameterOutsideRange);
    }
    let variance = target * (1.0 - target) / real(n) + tau_squared;
    let reach = -normal::quantile(tail)? * variance.sqrt();
    Ok(FunnelLimits { low: (target - reach).max(0.0), high: (target + reach).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overdispersion_equals_numpy() {
        // numpy 2.4: np.quantile and np.clip on z, then the formula of the doc comment.
        let events = [70, 55, 90, 40, 66, 81, 72, 60, 95, 50, 77, 64];
        let of = [100, 90, 110, 80, 95, 100, 120, 85, 115, 90, 100, 105];
        let sites: Vec<Count> = events.into_iter().zip(of).map(|(events, of)| Count { events, of }).collect();
        let found = overdispersion(&sites, 0.7).expect("twelve sites");
        assert!((found.phi / 4.399_428_238_042_495 - 1.0).abs() < 1e-12);
        assert!((found.tau_squared / 0.008_055_615_426_333_85 - 1.0).abs() < 1e-12);
    }
}
