//! Bootstrap replicates, by drawing observations or by drawing counts.

use super::bootstrap::{Plan, Statistic};
use super::distribution::ln_binomial_density;
use super::random::SplitMix64;
use super::values::real;
use super::{Values, Weighted};

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

    pub(super) fn replicates(&self, plan: &Plan) -> Vec<f64> {
        let mut random = SplitMix64::new(plan.seed);
        let mut counts = vec![0; self.conditional.len()];
        (0..plan.replicates)
            .map(|_| {
                self.draw(&mut counts, &mut random);
                match plan.statistic {
                    Statistic::Mean => self.mean(&counts),
                    Statistic::Median => self.median(&counts),
                }
            })
            .collect()
    }

    fn draw(&self, counts: &mut [u64], random: &mut SplitMix64) {
        let mut left = self.tally.n();
        for (count, chance) in counts.iter_mut().zip(&self.conditional) {
            *count = chance.successes(left, random);
            left -= *count;
        }
    }

    fn drawn<'b>(&'b self, counts: &'b [u64]) -> impl Iterator<Item = Weighted> + 'b {
        let values = self.tally.distinct().iter().zip(counts);
        values.map(|(w, &count)| Weighted { value: w.value, count })
    }

    fn mean(&self, counts: &[u64]) -> f64 {
        let sum: f64 = self.drawn(counts).map(|w| w.value * real(w.count)).sum();
        sum / real(self.tally.n())
    }

    fn median(&self, counts: &[u64]) -> f64 {
        let n = self.tally.n();
        0.5 * (self.ranked(counts, (n - 1) / 2) + self.ranked(counts, n / 2))
    }

    fn ranked(&self, counts: &[u64], rank: u64) -> f64 {
        let mut below = 0;
        let reached = self.drawn(counts).find(|w| {
            below += w.count;
            rank < below
        });
        reached.map_or(0.0, |w| w.value)
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
    /// ln(1 - p).
    ln_q: f64,
    /// sqrt(p (1 - p)).
    spread: f64,
}

impl Chance {
    fn new(p: f64) -> Self {
        let mirrored = p > 0.5;
        let p = if mirrored { 1.0 - p } else { p }.max(0.0);
        Self { p, mirrored, odds: p / (1.0 - p), ln_q: (-p).ln_1p(), spread: (p * (1.0 - p)).sqrt() }
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

    /// Hormann's BTRS (1993), doi:10.1080/00949659308811496, for n p of at least ten.
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
        loop {
            let u = random.unit() - 0.5;
            let v = random.unit();
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + centre).floor();
            if us >= 0.07 && v <= v_quick {
                return k as u64;
            }
            if k < 0.0 || k > trials {
                continue;
            }
            let alpha = (2.83 + 5.1 / b) * sd;
            if self.accepts(k, trials, v * alpha / (a / (us * us) + b)) {
                return k as u64;
            }
        }
    }

    /// Whether `v` is at most the density at `k` over that at the mode.
    fn accepts(&self, k: f64, n: f64, v: f64) -> bool {
        let p = self.p;
        if (k - mode(n, p)).abs() <= NEAR_MODE {
            return v <= self.ratio_to_mode(k, n);
        }
        let v = v.ln();
        match Squeeze::of(k, n, p) {
            Squeeze { above, .. } if v < above => true,
            Squeeze { below, .. } if v > below => false,
            _ => v <= ln_ratio_to_mode(k, n, p),
        }
    }

    /// Density at `k` over that at the mode, one step at a time: each is
    /// odds (n + 1 - i) / i. For a `k` near the mode.
    fn ratio_to_mode(&self, k: f64, n: f64) -> f64 {
        let mode = mode(n, self.p);
        let (mut i, last) = (mode.min(k) + 1.0, mode.max(k));
        let mut ratio = 1.0;
        while i <= last {
            ratio *= self.odds * (n + 1.0 - i) / i;
            i += 1.0;
        }
        if k < mode { 1.0 / ratio } else { ratio }
    }
}

/// Up to so many steps from the mode a product is quicker than two densities.
const NEAR_MODE: f64 = 20.0;

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

fn mode(n: f64, p: f64) -> f64 {
    ((n + 1.0) * p).floor()
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
    fn the_product_of_steps_is_the_ratio_of_densities() {
        for (n, p) in [(40.0, 0.3), (700.0, 0.02), (1e6, 0.5)] {
            let chance = Chance::new(p);
            for k in [-20.0, -3.0, 0.0, 1.0, 17.0].map(|steps| (mode(n, p) + steps).max(0.0)) {
                let gap = chance.ratio_to_mode(k, n).ln() - ln_ratio_to_mode(k, n, p);
                assert!(gap.abs() < 1e-9, "{n} {p} {k}: {gap}");
            }
        }
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
