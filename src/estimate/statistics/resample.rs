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
        let mut sums = vec![0.0; plan.replicates];
        for (w, chance) in self.tally.distinct().iter().zip(&self.conditional) {
            for (left, sum) in left.iter_mut().zip(&mut sums) {
                let count = chance.successes(*left, &mut random);
                *sum += w.value * real(parts.among(n - *left, count));
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

    /// A binomial draw: inversion for a small mean, else transformed rejection.
    fn successes(&self, n: u64, random: &mut SplitMix64) -> u64 {
        let rarer = if n == 0 || self.p == 0.0 {
            0
        } else if real(n) * self.p < 10.0 {
            self.inverted(n, random)
        } else {
            self.rejected(n, random)
        };
        if self.mirrored { n - rarer } else { rarer }
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

    /// Hormann's BTRD (1993), doi:10.1080/00949659308811496, for n p of at least ten.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a candidate is accepted only between 0 and n"
    )]
    fn rejected(&self, n: u64, random: &mut SplitMix64) -> u64 {
        let trials = real(n);
        let sd = trials.sqrt() * self.spread;
        let b = 1.15 + 2.53 * sd;
        let a = -0.0873 + 0.0248 * b + 0.01 * self.p;
        let centre = trials * self.p + 0.5;
        let v_quick = 0.92 - 4.2 / b;
        let candidate = |u: f64| (2.0 * a / (0.5 - u.abs()) + b) * u + centre;
        loop {
            let mut v = random.unit();
            if v <= 0.86 * v_quick {
                return candidate(v / v_quick - 0.43) as u64;
            }
            let u = if v >= v_quick {
                random.unit() - 0.5
            } else {
                let edge = v / v_quick - 0.93;
                v = random.unit() * v_quick;
                0.5_f64.copysign(edge) - edge
            };
            let k = candidate(u);
            if k < 0.0 || k >= trials + 1.0 {
                continue;
            }
            let (k, us) = (real(k as u64), 0.5 - u.abs());
            let alpha = (2.83 + 5.1 / b) * sd;
            if self.accepts(k, trials, v * alpha / (a / (us * us) + b)) {
                return k as u64;
            }
        }
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
        let mut random = SplitMix64::new(20_240_607);
        let chance = Chance::new(p);
        let draws = 40_000;
        let gaps = (0..draws).map(|_| real(chance.successes(n, &mut random)) - real(n) * p);
        let gaps: Vec<f64> = gaps.collect();
        let size = f64::from(draws);
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
    fn a_sure_and_an_impossible_success_draw_nothing() {
        let mut random = SplitMix64::new(1);
        assert_eq!([0.0, 1.0].map(|p| Chance::new(p).successes(9, &mut random)), [0, 9]);
        assert_eq!(Chance::new(0.4).successes(0, &mut random), 0);
        assert_eq!(random.next_u64(), SplitMix64::new(1).next_u64());
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
