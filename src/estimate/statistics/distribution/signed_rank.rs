//! The null distribution of Wilcoxon's signed-rank statistic.

use super::super::values::real;

/// The distribution of the sum of those of the given whole-number scores whose fair coin
/// shows heads.
///
/// Probabilities, not counts: halving at every step keeps each exact to rounding, and
/// nothing overflows at n = 1000. With scores 1..n this is R's `psignrank`.
#[derive(Debug, Clone, PartialEq)]
pub struct CoinSum {
    probability: Vec<f64>,
}

impl CoinSum {
    /// All sums up to the total of the scores. Time and space grow with that total.
    pub fn new(scores: &[usize]) -> Self {
        Self::up_to(scores, scores.iter().sum())
    }

    /// Only the sums up to `largest`, for those who need one tail.
    pub fn up_to(scores: &[usize], largest: usize) -> Self {
        let mut probability = vec![0.0; largest + 1];
        probability[0] = 1.0;
        let mut reached = 0;
        for &score in scores {
            reached = (reached + score).min(largest);
            toss(&mut probability[..=reached], score);
        }
        Self { probability }
    }

    /// P(W <= w).
    pub fn at_most(&self, w: usize) -> f64 {
        self.probability.iter().take(w.saturating_add(1)).sum::<f64>().min(1.0)
    }

    /// P(W >= w), for a distribution that holds all sums.
    pub fn at_least(&self, w: usize) -> f64 {
        self.probability.iter().skip(w).rev().sum::<f64>().min(1.0)
    }

    /// The smallest w with P(W <= w) >= probability.
    pub fn quantile(&self, probability: f64) -> usize {
        let mut below = 0.0;
        self.probability
            .iter()
            .position(|p| {
                below += p;
                below >= probability
            })
            .unwrap_or(self.probability.len() - 1)
    }
}

/// One more coin: each sum keeps half of its probability and hands half to sum + score.
fn toss(probability: &mut [f64], score: usize) {
    if score < probability.len() {
        for sum in (score..probability.len()).rev() {
            probability[sum] = 0.5 * (probability[sum] + probability[sum - score]);
        }
    }
    let kept = score.min(probability.len());
    probability[..kept].iter_mut().for_each(|p| *p *= 0.5);
}

/// Standard deviation of W for n untied ranks, sqrt(n (n+1) (2n+1) / 24).
pub fn standard_deviation(n: u64) -> f64 {
    let n = real(n);
    (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt()
}
