//! Rates of small groups drawn towards their common rate, beside the raw counts.
//!
//! Conditions with five patients have raw rates of 0% or 100% that mean little. Default:
//! a beta prior whose mean and strength are integrated out on a deterministic grid. The
//! maximum likelihood strength is given too, but it is often infinite, which claims that
//! conditions do not differ at all. Fewer than three groups are not shrunk.

use super::beta_binomial::{ln_likelihood, slope_in_mean, slope_in_overdispersion};
use super::distribution::beta::Beta;
use super::interval::tail_area;
use super::proportion_difference::Count;
use super::values::real;
use super::{IntervalEstimate, Undefined};

/// Fewer groups than this do not say how much groups vary.
pub const FEWEST_GROUPS: usize = 3;

/// How firmly a prior holds groups to its mean, in patients' worth of evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strength {
    /// A beta prior with this sum of shapes.
    Finite(f64),
    /// Complete pooling: every group has the common rate.
    Infinite,
}

/// A beta prior by its mean and strength.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// The common rate.
    pub mean: f64,
    /// How firmly it holds.
    pub strength: Strength,
}

impl Prior {
    /// Posterior mean of a group: (M mean + x) / (M + n), the mean under complete pooling.
    pub fn posterior_mean(&self, group: Count) -> f64 {
        match self.strength {
            Strength::Finite(m) if m + real(group.of) > 0.0 => {
                (m * self.mean + real(group.events)) / (m + real(group.of))
            }
            Strength::Finite(_) | Strength::Infinite => self.mean,
        }
    }

    /// Equal-tailed posterior interval of a group, Beta(mean M + x, (1 - mean) M + n - x).
    ///
    /// Complete pooling has no posterior of its own: [`Undefined::ZeroVariance`].
    pub fn posterior(&self, group: Count, level: f64) -> Result<IntervalEstimate, Undefined> {
        let Strength::Finite(m) = self.strength else {
            return Err(Undefined::ZeroVariance);
        };
        let a = self.mean * m + real(group.events);
        let b = (1.0 - self.mean) * m + real(group.of - group.events);
        beta_interval(self.posterior_mean(group), a, b, level)
    }
}

fn beta_interval(estimate: f64, a: f64, b: f64, level: f64) -> Result<IntervalEstimate, Undefined> {
    let tail = tail_area(level)?;
    let beta = Beta::new(a, b)?;
    Ok(IntervalEstimate { estimate, low: beta.quantile(tail)?, high: beta.upper_quantile(tail)? })
}

/// The common rate, all events over all observations.
pub fn pooled_rate(groups: &[Count]) -> Result<f64, Undefined> {
    if groups.iter().any(|group| group.events > group.of || group.of > 1 << 53) {
        return Err(Undefined::EventsExceedTotal);
    }
    let of: f64 = groups.iter().map(|group| real(group.of)).sum();
    let events: f64 = groups.iter().map(|group| real(group.events)).sum();
    if of > 0.0 { Ok(events / of) } else { Err(Undefined::NoObservations) }
}

/// A prior from the first two moments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Intra-group correlation as estimated; negative when groups vary less than chance.
    pub rho: f64,
    /// The prior at rho clamped to [0, 1), M = (1 - rho)/rho.
    pub prior: Prior,
}

/// Method of moments.
///
/// Formula: rho = (S - (k-1) p q) / ((N - sum n^2/N - (k-1)) p q), S = sum n_i (p_i - p)^2.
/// Source: Kleinman (1973), doi:10.1080/01621459.1973.10481332. One group, or groups of one
/// patient each, is [`Undefined::TooFewGroups`]; one outcome only is undefined.
///
/// ```
/// use relief::estimate::statistics::{partial_pooling::moments, proportion_difference::Count};
/// // S = 20 (0.1^2 + 0.1^2) = 0.4, p q = 0.25, rho = (0.4 - 0.25) / (19 * 0.25).
/// let groups = [Count { events: 8, of: 20 }, Count { events: 12, of: 20 }];
/// assert!((moments(&groups)?.rho - 0.15 / 4.75).abs() < 1e-12);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn moments(groups: &[Count]) -> Result<Moments, Undefined> {
    let used = observed(groups);
    let p = pooled_rate(&used)?;
    let pq = p * (1.0 - p);
    if pq <= 0.0 {
        return Err(Undefined::OneOutcomeOnly);
    }
    let n: f64 = used.iter().map(|g| real(g.of)).sum();
    let shares: f64 = used.iter().map(|g| real(g.of) * (real(g.of) / n)).sum();
    let between: f64 = used.iter().map(|g| real(g.of) * (real(g.events) / real(g.of) - p).powi(2)).sum();
    let spare = real(used.len() as u64) - 1.0;
    let weight = n - shares - spare;
    if weight <= 0.0 {
        return Err(Undefined::TooFewGroups);
    }
    let rho = (between - spare * pq) / (weight * pq);
    let strength = match rho {
        r if r <= 0.0 => Strength::Infinite,
        r => Strength::Finite((1.0 - r).max(0.0) / r),
    };
    Ok(Moments { rho, prior: Prior { mean: p, strength } })
}

/// A prior by maximum likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaximumLikelihood {
    /// The prior; complete pooling when the likelihood is highest there.
    pub prior: Prior,
    /// Slope of ln L in 1/M at complete pooling (Tarone): not positive means pool.
    pub score_at_pooling: Result<f64, Undefined>,
    /// Negative ln L at the prior, without binomial coefficients.
    pub negative_ln_likelihood: f64,
    /// The same at complete pooling.
    pub negative_ln_likelihood_pooled: f64,
}

/// Maximum likelihood prior, with the boundary of complete pooling tested first.
///
/// Score at 1/M = 0: sum x(x-1)/(2p) + (n-x)(n-x-1)/(2q) - n(n-1)/2. Sources: Griffiths
/// (1973), doi:10.2307/2529131; Tarone (1979), doi:10.1093/biomet/66.3.585. One outcome
/// only, or one group, is complete pooling; no observations is undefined.
///
/// ```
/// use relief::estimate::statistics::proportion_difference::Count;
/// use relief::estimate::statistics::partial_pooling::{Strength, maximum_likelihood};
/// let alike = [Count { events: 7, of: 10 }, Count { events: 12, of: 15 }];
/// assert_eq!(maximum_likelihood(&alike)?.prior.strength, Strength::Infinite);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn maximum_likelihood(groups: &[Count]) -> Result<MaximumLikelihood, Undefined> {
    let used = observed(groups);
    let p = pooled_rate(&used)?;
    let score = score_at_pooling(&used, p);
    let pooled = if p > 0.0 && p < 1.0 { -ln_likelihood(&used, p, 0.0) } else { 0.0 };
    let g = match score {
        Ok(score) if score > 0.0 && used.len() > 1 => best_overdispersion(&used),
        _ => 0.0,
    };
    let mean = if g > 0.0 { best_mean(&used, g) } else { p };
    let strength = if g > 0.0 { Strength::Finite(1.0 / g) } else { Strength::Infinite };
    Ok(MaximumLikelihood {
        prior: Prior { mean, strength },
        score_at_pooling: score,
        negative_ln_likelihood: if g > 0.0 { -ln_likelihood(&used, mean, g) } else { pooled },
        negative_ln_likelihood_pooled: pooled,
    })
}

fn score_at_pooling(groups: &[Count], p: f64) -> Result<f64, Undefined> {
    if p <= 0.0 || p >= 1.0 {
        return Err(Undefined::OneOutcomeOnly);
    }
    let pairs = |count: f64| 0.5 * count * (count - 1.0);
    let of_group = |group: &Count| {
        let (x, n) = (real(group.events), real(group.of));
        pairs(x) / p + pairs(n - x) / (1.0 - p) - pairs(n)
    };
    Ok(groups.iter().map(of_group).sum())
}

/// The root of the profile slope in ln g: bisection, so that it always ends.
///
/// Groups that are all or nothing push g to its largest value, where the posterior is the
/// raw rate.
fn best_overdispersion(groups: &[Count]) -> f64 {
    bisect(-23.0, 23.0, |ln_g| {
        let g = ln_g.exp();
        slope_in_overdispersion(groups, best_mean(groups, g), g)
    })
    .exp()
}

/// The mean that is most likely given `g`; ln L is concave in it.
fn best_mean(groups: &[Count], g: f64) -> f64 {
    let logistic = |t: f64| 1.0 / (1.0 + (-t).exp());
    logistic(bisect(-36.0, 36.0, |t| slope_in_mean(groups, logistic(t), g)))
}

/// Where a function that starts positive turns negative, to rounding.
fn bisect(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..54 {
        let middle = 0.5 * (low + high);
        if f(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// One group before and after pooling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shrunk {
    /// The raw counts: always printed beside the shrunken rate.
    pub raw: Count,
    /// The raw rate; undefined for an empty group.
    pub raw_rate: Result<f64, Undefined>,
    /// Posterior mean with its equal-tailed interval.
    pub shrunk: IntervalEstimate,
}

/// All groups of one outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct PartialPooling {
    /// All events over all observations.
    pub pooled: f64,
    /// One entry per group, in the order given.
    pub groups: Vec<Shrunk>,
}

/// The default: posterior rates with the prior integrated out on a grid.
///
/// Prior: uniform on the mean, and n0/(n0 + M)^2 on the strength M, n0 the harmonic mean
/// group size, which is uniform on the shrinkage of a group of that size. Limits are
/// quantiles of the mixture itself: a beta with the same two moments is 0.05 off for a group
/// of one (measured). Source: Daniels (1999), doi:10.2307/3316117. Fewer than three groups
/// with observations, or one outcome only, is undefined: show the raw rates.
///
/// ```
/// use relief::estimate::statistics::proportion_difference::Count;
/// use relief::estimate::statistics::partial_pooling::partial_pooling;
/// let groups = [(2, 20), (18, 20), (5, 40), (30, 40)].map(|(events, of)| Count { events, of });
/// let result = partial_pooling(&groups, 0.95)?;
/// let first = result.groups[0];
/// assert!(first.shrunk.estimate > 0.1 && first.shrunk.estimate < result.pooled);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn partial_pooling(groups: &[Count], level: f64) -> Result<PartialPooling, Undefined> {
    let tail = tail_area(level)?;
    let used = observed(groups);
    let pooled = pooled_rate(&used)?;
    if used.len() < FEWEST_GROUPS {
        return Err(Undefined::TooFewGroups);
    }
    if pooled <= 0.0 || pooled >= 1.0 {
        return Err(Undefined::OneOutcomeOnly);
    }
    let grid = super::pooling_grid::Grid::of(&used);
    let groups = groups.iter().map(|&raw| shrink(raw, &grid, tail)).collect();
    Ok(PartialPooling { pooled, groups })
}

fn shrink(raw: Count, grid: &super::pooling_grid::Grid, tail: f64) -> Shrunk {
    let posterior = grid.posterior(raw);
    let shrunk = IntervalEstimate {
        estimate: posterior.mean,
        low: posterior.lower_limit(tail),
        high: posterior.upper_limit(tail),
    };
    let raw_rate = match raw.of {
        0 => Err(Undefined::NoObservations),
        _ => Ok(real(raw.events) / real(raw.of)),
    };
    Shrunk { raw, raw_rate, shrunk }
}

/// The groups that have observations.
fn observed(groups: &[Count]) -> Vec<Count> {
    groups.iter().copied().filter(|group| group.of > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected: brute-force sums over 3,300 strengths and 2,500 means with numpy 2.4, the
    /// mixture's quantiles with scipy 1.17 `brentq` (to 1e-5, from its largest nodes).
    #[track_caller]
    fn check(groups: &[(u64, u64)], expected: &[[f64; 3]]) {
        let groups: Vec<Count> = groups.iter().map(|&(events, of)| Count { events, of }).collect();
        let result = partial_pooling(&groups, 0.95).expect("three groups that differ");
        for (group, [mean, low, high]) in result.groups.iter().zip(expected) {
            assert!((group.shrunk.estimate - mean).abs() < 1e-6, "{group:?} {mean}");
            assert!((group.shrunk.low - low).abs() < 1e-2 * low, "{group:?} {low}");
            assert!((group.shrunk.high - high).abs() < 1e-2 * high, "{group:?} {high}");
        }
    }

    #[test]
    fn groups_that_differ_keep_most_of_their_rate() {
        check(
            &[(2, 20), (18, 20), (5, 40), (30, 40), (9, 12), (1, 15)],
            &[
                [0.134_205_231_975, 0.026_835, 0.304_380],
                [0.854_797_724_863, 0.677_301, 0.969_629],
                [0.141_878_552_977, 0.053_829, 0.262_149],
                [0.733_846_318_965, 0.591_267, 0.855_610],
                [0.703_228_693_14, 0.446_955, 0.906_833],
                [0.114_786_553_305, 0.011_244, 0.304_452],
            ],
        );
    }

    #[test]
    fn a_group_of_one_is_drawn_in_but_stays_uncertain() {
        let groups = [(0, 1), (40, 60), (38, 50), (1, 1)].map(|(events, of)| Count { events, of });
        let result = partial_pooling(&groups, 0.95).expect("four groups");
        let means = [0.549_233_789_997, 0.669_597_575_195, 0.742_131_246_718, 0.707_915_772_881];
        for (group, mean) in result.groups.iter().zip(means) {
            assert!((group.shrunk.estimate - mean).abs() < 1e-6, "{group:?} {mean}");
        }
    }
}
