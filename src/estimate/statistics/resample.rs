//! Bootstrap replicates, by drawing observations or by drawing counts.

use std::sync::LazyLock;

use super::Values;
use super::bootstrap::{Plan, Statistic};
use super::distribution::ln_binomial_density;
use super::random::SplitMix64;
use super::values::real;

/// Replicates of a slice: each draws n indices in order from one generator.
pub(super) fn index_replicates(sample: &[f64], plan: &Plan) -> Vec<f64> {
    let mut random = SplitMix64::new(plan.seed);
    match plan.statistic {
        Statistic::Mean => (0..plan.replicates).map(|_| drawn_mean(sample, &mut random)).collect(),
        Statistic::Median => {
            let mut drawn = sample.to_vec();
            (0..plan.replicates).map(|_| drawn_median(sample, &mut drawn, &mut random)).collect()
        }
    }
}

fn drawn_mean(sample: &[f64], random: &mut SplitMix64) -> f64 {
    let n = sample.len();
    let sum: f64 = (0..n).map(|_| sample[random.index(n)]).sum();
    sum / real(n as u64)
}

fn drawn_median(sample: &[f64], drawn: &mut [f64], random: &mut SplitMix64) -> f64 {
    let n = sample.len();
    drawn.fill_with(|| sample[random.index(n)]);
    let (below, middle, _) = drawn.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return *middle;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    0.5 * (lower + *middle)
}

/// Draws the counts of a resample value by value, each binomial given those before.
pub(super) struct Multinomial<'a> {
    tally: &'a Values,
    /// Share of each value among itself and those after it.
    conditional: Vec<Chance>,
}

impl<'a> Multinomial<'a> {
    pub(super) fn new(tally: &'a Values) -> Self {
        let mut left = tally.n();
        let shares = tally.distinct().iter().map(|w| {
            let share = real(w.count) / real(left);
            left -= w.count;
            Chance::new(share)
        });
        Self { tally, conditional: shares.collect() }
    }

    /// Value by value over all replicates, not replicate by replicate: draws that do not wait for each other overlap.
    pub(super) fn replicates(&self, plan: &Plan) -> Vec<f64> {
        let mut random = SplitMix64::new(plan.seed);
        let n = self.tally.n();
        let parts = Parts::of(plan.statistic, n);
        let mut left = vec![n; plan.replicates];
        let mut counts = vec![0; plan.replicates];
        let mut sums = vec![0.0; plan.replicates];
        for (w, chance) in self.tally.distinct().iter().zip(&self.conditional) {
            chance.successes(&left, &mut counts, &mut random);
            for ((left, sum), count) in left.iter_mut().zip(&mut sums).zip(&counts) {
                *sum += w.value * real(parts.among(n - *left, *count));
                *left -= count;
            }
        }
        sums.into_iter().map(|sum| sum / real(parts.total())).collect()
    }
}

/// The equal parts a statistic is the mean of: all observations, or the two in the middle.
enum Parts {
    All(u64),
    Middle([u64; 2]),
}

impl Parts {
    fn of(statistic: Statistic, n: u64) -> Self {
        match statistic {
            Statistic::Mean => Self::All(n),
            Statistic::Median => Self::Middle([(n - 1) / 2, n / 2]),
        }
    }

    fn total(&self) -> u64 {
        match self {
            Self::All(n) => *n,
            Self::Middle(_) => 2,
        }
    }

    /// How many are among the `count` observations that follow the lowest `below`.
    fn among(&self, below: u64, count: u64) -> u64 {
        match self {
            Self::All(_) => count,
            Self::Middle(ranks) => ranks.iter().map(|rank| u64::from((below..below + count).contains(rank))).sum(),
        }
    }
}

/// The chance of a success, with what every binomial draw from it needs: thousands
/// of draws differ in the number of trials only.
struct Chance {
    /// Of the rarer outcome, at most a half.
    p: f64,
    /// Whether the rarer outcome is failure.
    mirrored: bool,
    /// p / (1 - p).
    odds: f64,
    /// ln(p / (1 - p)).
    ln_odds: f64,
    /// ln(1 - p).
    ln_q: f64,
    /// sqrt(p (1 - p)).
    spread: f64,
}

impl Chance {
    fn new(p: f64) -> Self {
        let mirrored = p > 0.5;
        let p = if mirrored { 1.0 - p } else { p }.max(0.0);
        let odds = p / (1.0 - p);
        Self { p, mirrored, odds, ln_odds: odds.ln(), ln_q: (-p).ln_1p(), spread: (p * (1.0 - p)).sqrt() }
    }

    /// A binomial draw for each number of trials: inversion for a small mean, else transformed rejection.
    ///
    /// Most draws of the latter are accepted at once. The others are finished in a second round, so that the
    /// first has no branch that cannot be foreseen.
    fn successes(&self, trials: &[u64], counts: &mut [u64], random: &mut SplitMix64) {
        let mut unfinished = vec![(0, 0.0); trials.len() + 1];
        let mut many = 0;
        for (at, (&n, count)) in trials.iter().zip(counts.iter_mut()).enumerate() {
            if real(n) * self.p < 10.0 {
                *count = self.inverted(n, random);
                continue;
            }
            let hat = Hat::over(n, self);
            let v = random.unit();
            *count = hat.at_once(v);
            unfinished[many] = (at, v);
            many += usize::from(v > hat.at_once_up_to());
        }
        for &(at, v) in &unfinished[..many] {
            counts[at] = self.rejected(trials[at], v, random);
        }
        if self.mirrored {
            trials.iter().zip(counts).for_each(|(n, count)| *count = n - *count);
        }
    }

    /// Walks up from zero successes; about n p steps.
    fn inverted(&self, n: u64, random: &mut SplitMix64) -> u64 {
        // n p is below ten, so this is above e^-14.
        let mut probability = (real(n) * self.ln_q).exp();
        let mut left = random.unit();
        let mut count = 0;
        while left > probability && count < n {
            left -= probability;
            probability *= self.odds * real(n - count) / real(count + 1);
            count += 1;
            if probability < 1e-300 {
                break;
            }
        }
        count
    }

    /// Goes on from a first `v` that was not accepted at once.
    fn rejected(&self, n: u64, first: f64, random: &mut SplitMix64) -> u64 {
        let hat = Hat::over(n, self);
        let mut v = first;
        while v > hat.at_once_up_to() {
            let u = if v >= hat.quick {
                random.unit() - 0.5
            } else {
                let edge = v / hat.quick - 0.93;
                v = random.unit() * hat.quick;
                0.5_f64.copysign(edge) - edge
            };
            if let Some(k) = hat.candidate(u)
                && self.accepts(real(k), hat.trials, v * hat.height(u))
            {
                return k;
            }
            v = random.unit();
        }
        hat.at_once(v)
    }

    /// Whether `v` is at most the density at `k` over that at the mode.
    fn accepts(&self, k: f64, n: f64, v: f64) -> bool {
        let v = v.ln();
        if n <= MOST_TABLED {
            return v <= self.tabled_ln_ratio(k, n);
        }
        match Squeeze::of(k, n, self.p) {
            Squeeze { above, .. } if v < above => true,
            Squeeze { below, .. } if v > below => false,
            _ => v <= ln_ratio_to_mode(k, n, self.p),
        }
    }

    /// As [`ln_ratio_to_mode`], from tabled factorials; for `n` up to [`MOST_TABLED`].
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts between 0 and the table's end")]
    fn tabled_ln_ratio(&self, k: f64, n: f64) -> f64 {
        let ln_factorial = |count: f64| LN_FACTORIALS[count as usize];
        let mode = mode(n, self.p);
        let ways = ln_factorial(mode) + ln_factorial(n - mode) - ln_factorial(k) - ln_factorial(n - k);
        ways + (k - mode) * self.ln_odds
    }
}

/// The curve above a binomial density from which candidates are drawn, for n p of at least ten.
///
/// Source: Hormann's BTRD (1993), doi:10.1080/00949659308811496, whose letters these are.
struct Hat {
    trials: f64,
    a: f64,
    b: f64,
    centre: f64,
    alpha: f64,
    /// v_r, below which a candidate lies under the density's body.
    quick: f64,
}

impl Hat {
    fn over(n: u64, chance: &Chance) -> Self {
        let trials = real(n);
        let sd = trials.sqrt() * chance.spread;
        let b = 1.15 + 2.53 * sd;
        let a = -0.0873 + 0.0248 * b + 0.01 * chance.p;
        let (centre, alpha) = (trials * chance.p + 0.5, (2.83 + 5.1 / b) * sd);
        Self { trials, a, b, centre, alpha, quick: 0.92 - 4.2 / b }
    }

    /// Up to this `v` its candidate needs no look at the density.
    fn at_once_up_to(&self) -> f64 {
        0.86 * self.quick
    }

    /// The candidate of a `v` accepted at once; of a larger one it is no draw.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and n where it is used")]
    fn at_once(&self, v: f64) -> u64 {
        self.at(v / self.quick - 0.43) as u64
    }

    /// A candidate between 0 and n.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "looked at before")]
    fn candidate(&self, u: f64) -> Option<u64> {
        let k = self.at(u);
        (k >= 0.0 && k < self.trials + 1.0).then_some(k as u64)
    }

    fn at(&self, u: f64) -> f64 {
        (2.0 * self.a / (0.5 - u.abs()) + self.b) * u + self.centre
    }

    /// What turns a uniform number into one to compare with the density over that at the mode.
    fn height(&self, u: f64) -> f64 {
        let us = 0.5 - u.abs();
        self.alpha / (self.a / (us * us) + self.b)
    }
}

/// Up to so many trials four factorials from a table are quicker than a squeeze.
const MOST_TABLED: f64 = 4095.0;

/// ln k!, as the sum of logarithms.
static LN_FACTORIALS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let sums = (1..4096_u32).scan(0.0, |sum: &mut f64, k| {
        *sum += f64::from(k).ln();
        Some(*sum)
    });
    std::iter::once(0.0).chain(sums).collect()
});

/// Bounds on [`ln_ratio_to_mode`] from a normal density, which save most evaluations of it.
///
/// Source: Kachitvichyanukul and Schmeiser (1988), doi:10.1145/42372.42381, step 5.2.
struct Squeeze {
    above: f64,
    below: f64,
}

impl Squeeze {
    fn of(k: f64, n: f64, p: f64) -> Self {
        let variance = n * p * (1.0 - p);
        let steps = (k - mode(n, p)).abs();
        if steps >= variance / 2.0 - 1.0 {
            return Self { above: f64::NEG_INFINITY, below: f64::INFINITY };
        }
        let slack = steps / variance * ((steps * (steps / 3.0 + 0.625) + 1.0 / 6.0) / variance + 0.5);
        let normal = -steps * steps / (2.0 * variance);
        Self { above: normal - slack, below: normal + slack }
    }
}

/// Truncated, which for a positive number is its floor without a call.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and n")]
fn mode(n: f64, p: f64) -> f64 {
    real(((n + 1.0) * p) as u64)
}

/// ln of the binomial density at k over that at the mode.
fn ln_ratio_to_mode(k: f64, n: f64, p: f64) -> f64 {
    ln_binomial_density(k, n, p, 1.0 - p) - ln_binomial_density(mode(n, p), n, p, 1.0 - p)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and variance of many draws, within five standard errors of n p and n p q.
    #[track_caller]
    fn check(n: u64, p: f64) {
        let mut counts = vec![0; 40_000];
        Chance::new(p).successes(&vec![n; 40_000], &mut counts, &mut SplitMix64::new(20_240_607));
        let gaps: Vec<f64> = counts.into_iter().map(|count| real(count) - real(n) * p).collect();
        let size = real(gaps.len() as u64);
        let variance = real(n) * p * (1.0 - p);
        let mean: f64 = gaps.iter().sum::<f64>() / size;
        let square: f64 = gaps.iter().map(|gap| gap * gap).sum::<f64>() / size;
        assert!(mean.abs() < 5.0 * (variance / size).sqrt(), "{n} {p} mean {mean}");
        let excess = 1.0 + 1.0 / variance; // kurtosis - 1, at least
        assert!((square / variance - 1.0).abs() < 5.0 * ((1.0 + excess) / size).sqrt(), "{n} {p} {square}");
    }

    #[test]
    fn tabled_factorials_give_the_ratio_of_densities() {
        for (n, p) in [(40.0, 0.3), (700.0, 0.02), (MOST_TABLED, 0.5)] {
            let chance = Chance::new(p);
            for k in [-20.0, -3.0, 0.0, 1.0, 17.0].map(|steps| (mode(n, p) + steps).max(0.0)) {
                let gap = chance.tabled_ln_ratio(k, n) - ln_ratio_to_mode(k, n, p);
                assert!(gap.abs() < 1e-9, "{n} {p} {k}: {gap}");
            }
        }
    }

    #[test]
    fn the_parts_of_a_median_are_its_two_middle_ranks() {
        let even = Parts::of(Statistic::Median, 4); // ranks 1 and 2
        assert_eq!([even.among(0, 1), even.among(0, 2), even.among(1, 2), even.among(3, 1)], [0, 1, 2, 0]);
        assert_eq!(Parts::of(Statistic::Median, 5).among(2, 1), 2);
        assert_eq!(Parts::of(Statistic::Mean, 5).among(2, 3), 3);
    }

    #[test]
    fn sure_impossible_and_untried_successes() {
        let draw = |p: f64, n: u64| {
            let mut counts = [7];
            Chance::new(p).successes(&[n], &mut counts, &mut SplitMix64::new(1));
            counts[0]
        };
        assert_eq!([draw(0.0, 9), draw(1.0, 9), draw(1.0, 90_000), draw(0.4, 0)], [0, 9, 90_000, 0]);
    }

    /// Shares of each count, within five standard errors of the density; n p above and below ten.
    #[test]
    fn binomial_draws_have_their_distribution() {
        for (n, p) in [(30, 0.2), (60, 0.3), (5_000, 0.004), (5_000, 0.9)] {
            let mut counts = vec![0; 200_000];
            Chance::new(p).successes(&vec![n; 200_000], &mut counts, &mut SplitMix64::new(3));
            let mut tally = std::collections::BTreeMap::new();
            for count in counts {
                *tally.entry(count).or_insert(0) += 1;
            }
            for k in 0..=n {
                let density = ln_binomial_density(real(k), real(n), p, 1.0 - p).exp();
                let share = real(tally.get(&k).copied().unwrap_or(0)) / 200_000.0;
                let slack = 5.0 * (density / 200_000.0).sqrt() + 1e-5;
                assert!((share - density).abs() < slack, "{n} {p} {k}: {share} {density}");
            }
        }
    }

    #[test]
    fn binomial_draws_have_their_moments() {
        for p in [0.001, 0.05, 0.3, 0.5, 0.8, 0.999] {
            for n in [1, 40, 700, 20_000, 1_000_000] {
                check(n, p);
            }
        }
    }
}
