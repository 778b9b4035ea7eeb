//! Those seen stand for those like them who were lost: inverse-probability-of-follow-up
//! weights with one weight a stratum.
//!
//! With the probability of follow-up estimated by the share seen of each stratum (the
//! saturated model), weighting by its inverse is the same as the mean of the strata weighted by
//! all their patients: sum N_s m_s / sum N_s. It assumes that within a stratum those lost
//! would have fared as those seen did.

use super::distribution::student_t::StudentT;
use super::interval::{normal_deviate, tail_area};
use super::values::real;
use super::{IntervalEstimate, Undefined};

/// A stratum is merged with another until at least so many of it were seen: the inverse of
/// a share of a handful is mostly noise.
pub const FEWEST_SEEN: u64 = 10;

/// One stratum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stratum {
    /// Patients, seen or lost.
    pub eligible: u64,
    /// Of those, seen.
    pub observed: u64,
    /// Mean of those seen.
    pub mean: f64,
    /// Their variance: p(1-p) for a proportion, with n - 1 for scores.
    pub variance: f64,
}

/// Mean over all strata with its variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standardized {
    /// sum w_s m_s, w_s = N_s/N.
    pub estimate: f64,
    /// sum w_s^2 v_s/n_s + (1/N) sum w_s (m_s - m)^2: of the means within, and of the
    /// strata a patient comes from.
    pub variance: f64,
    /// Patients seen in all strata.
    pub observed: u64,
    /// Strata.
    pub strata: u64,
}

/// The weighted mean.
///
/// Sources: Horvitz and Thompson (1952), doi:10.1080/01621459.1952.10483446; variance of
/// the saturated estimator: Hirano, Imbens and Ridder (2003),
/// doi:10.1111/1468-0262.00442. A stratum with patients and nobody seen, or no patients at
/// all, is [`Undefined::NoObservations`]: merge first.
pub fn standardize(strata: &[Stratum]) -> Result<Standardized, Undefined> {
    let used: Vec<Stratum> = strata.iter().copied().filter(|stratum| stratum.eligible > 0).collect();
    let total: u64 = used.iter().map(|stratum| stratum.eligible).sum();
    if total == 0 || used.iter().any(|stratum| stratum.observed == 0) {
        return Err(Undefined::NoObservations);
    }
    let weight = |stratum: &Stratum| real(stratum.eligible) / real(total);
    let estimate: f64 = used.iter().map(|stratum| weight(stratum) * stratum.mean).sum();
    let within = used.iter().map(|s| weight(s) * weight(s) * s.variance / real(s.observed)).sum::<f64>();
    let between = used.iter().map(|s| weight(s) * (s.mean - estimate) * (s.mean - estimate)).sum::<f64>();
    Ok(Standardized {
        estimate,
        variance: within + between / real(total),
        observed: used.iter().map(|stratum| stratum.observed).sum(),
        strata: used.len() as u64,
    })
}

impl Standardized {
    /// Wilson's interval at the effective number of patients p(1-p)/variance.
    ///
    /// With one stratum it is Wilson's interval of those seen. At 0 or 1, where the variance
    /// says nothing, the patients seen are counted. Source: Franco, Little, Louis and
    /// Slud (2019), doi:10.1093/jssam/smy019.
    pub fn rate_interval(&self, level: f64) -> Result<IntervalEstimate, Undefined> {
        let z = normal_deviate(level)?;
        let p = self.estimate.clamp(0.0, 1.0);
        let spread = p * (1.0 - p);
        let n = if self.variance > 0.0 && spread > 0.0 { spread / self.variance } else { real(self.observed) };
        let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let reach = z / (1.0 + z * z / n) * (spread / n + z * z / (4.0 * n * n)).sqrt();
        let low = if p <= 0.0 { 0.0 } else { (centre - reach).max(0.0) };
        let high = if p >= 1.0 { 1.0 } else { (centre + reach).min(1.0) };
        Ok(IntervalEstimate { estimate: p, low, high })
    }

    /// The t interval of a mean, on as many degrees of freedom as patients seen less strata.
    ///
    /// With one stratum it is the t interval of those seen.
    pub fn mean_interval(&self, level: f64) -> Result<IntervalEstimate, Undefined> {
        let tail = tail_area(level)?;
        let df = self.observed.checked_sub(self.strata).filter(|&df| df > 0).ok_or(Undefined::TooFewObservations)?;
        if self.variance <= 0.0 {
            return Err(Undefined::ZeroVariance);
        }
        let reach = -StudentT::new(real(df))?.quantile(tail)? * self.variance.sqrt();
        Ok(IntervalEstimate { estimate: self.estimate, low: self.estimate - reach, high: self.estimate + reach })
    }
}

/// Which strata are taken together so that enough of each were seen; positions in
/// `strata`, which are levels of the covariates and patients seen.
///
/// Covariates are given up from the last to the first. Below each combination of the
/// others, levels with fewer than [`FEWEST_SEEN`] seen are one stratum; if that is still
/// too small, it joins the smallest of the larger ones (the first of equals); if there is
/// none, the combination is one stratum.
///
/// ```
/// use relief::estimate::statistics::standardization::merge;
/// let strata = [(vec![0, 0], 30), (vec![0, 1], 4), (vec![0, 2], 7), (vec![1, 0], 3), (vec![1, 1], 2)];
/// // 4 and 7 are 11 together; 3 and 2 are 5, all of level 1, and join the smallest elsewhere.
/// assert_eq!(merge(&strata), [vec![0], vec![1, 2, 3, 4]]);
/// ```
pub fn merge(strata: &[(Vec<i32>, u64)]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..strata.len()).collect();
    order.sort_by(|&a, &b| strata[a].0.cmp(&strata[b].0));
    let mut merged: Vec<Vec<usize>> = merge_below(strata, &order, 0);
    for group in &mut merged {
        group.sort_unstable();
    }
    merged.sort();
    merged
}

fn merge_below(strata: &[(Vec<i32>, u64)], members: &[usize], depth: usize) -> Vec<Vec<usize>> {
    let same = |a: &usize, b: &usize| strata[*a].0.get(depth) == strata[*b].0.get(depth);
    let deepest = members.iter().all(|&member| strata[member].0.len() <= depth);
    if deepest {
        return if members.is_empty() { Vec::new() } else { vec![members.to_vec()] };
    }
    let below = members.chunk_by(same).flat_map(|level| merge_below(strata, level, depth + 1));
    let seen = |group: &Vec<usize>| group.iter().map(|&member| strata[member].1).sum::<u64>();
    let (mut large, small): (Vec<_>, Vec<_>) = below.partition(|group| seen(group) >= FEWEST_SEEN);
    let rest = small.concat();
    if rest.is_empty() {
        return large;
    }
    let smallest = (0..large.len()).min_by_key(|&position| seen(&large[position]));
    match smallest.filter(|_| seen(&rest) < FEWEST_SEEN) {
        Some(position) => large[position].extend(rest),
        None => large.push(rest),
    }
    large
}

#[cfg(test)]
mod tests {
    use super::{Standardized, Stratum, Undefined, merge, standardize};
    use crate::estimate::statistics::proportion::wilson;

    fn rate(eligible: u64, observed: u64, events: u64) -> Stratum {
        let mean = events as f64 / observed as f64;
        Stratum { eligible, observed, mean, variance: mean * (1.0 - mean) }
    }

    /// Expected: statsmodels 0.15 Logit weights over the strata, the sandwich variance of the
    /// weighted mean with the weights estimated (numpy), `proportion_confint(.., "wilson")` at p(1-p)/variance.
    #[test]
    fn rates_are_weighted_by_everyone_of_the_stratum() {
        let strata = [rate(60, 30, 24), rate(40, 35, 14), rate(100, 80, 40)];
        let found = standardize(&strata).expect("every stratum has someone seen");
        assert!((found.estimate - 0.57).abs() < 1e-15, "{found:?}");
        assert!((found.variance - 0.001_656_035_714_285_714).abs() < 1e-15, "{found:?}");
        let ends = found.rate_interval(0.95).expect("a level");
        assert!((ends.low - 0.489_464_962_446_845).abs() < 1e-12, "{ends:?}");
        assert!((ends.high - 0.646_993_252_067_542).abs() < 1e-12, "{ends:?}");
    }

    #[test]
    fn one_stratum_is_those_seen() {
        let found = standardize(&[rate(50, 40, 10)]).expect("someone seen").rate_interval(0.95).expect("a level");
        let seen = wilson(10, 40, 0.95).expect("fewer events than patients");
        assert!((found.low - seen.low).abs() < 1e-15 && (found.high - seen.high).abs() < 1e-15, "{found:?} {seen:?}");
    }

    #[test]
    fn nobody_seen_is_undefined() {
        assert_eq!(standardize(&[]), Err(Undefined::NoObservations));
        let empty = Stratum { eligible: 5, observed: 0, mean: 0.0, variance: 0.0 };
        assert_eq!(standardize(&[rate(50, 40, 10), empty]), Err(Undefined::NoObservations));
        assert!(merge(&[]).is_empty());
    }

    #[test]
    fn all_or_none_keep_an_interval() {
        let none: Standardized = standardize(&[rate(30, 20, 0), rate(10, 10, 0)]).expect("someone seen");
        let ends = none.rate_interval(0.95).expect("a level");
        assert!(ends.low == 0.0 && ends.high > 0.1 && ends.high < 0.13, "0 of 30: {ends:?}");
    }

    #[test]
    fn what_is_too_small_everywhere_is_one_stratum() {
        let strata = [(vec![0, 0], 3), (vec![0, 1], 4), (vec![1, 0], 1)];
        assert_eq!(merge(&strata), [vec![0, 1, 2]]);
    }
}
