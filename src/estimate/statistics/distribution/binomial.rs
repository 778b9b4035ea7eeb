//! The binomial distribution through the beta distribution.

use super::super::Undefined;
use super::super::values::real;
use super::beta::Beta;
use super::kernel::ln_binomial_density;

/// The number of successes in `n` trials of probability `p`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Binomial {
    n: u64,
    p: f64,
}

impl Binomial {
    /// `p` between 0 and 1, both allowed.
    pub fn new(n: u64, p: f64) -> Result<Self, Undefined> {
        if (0.0..=1.0).contains(&p) { Ok(Self { n, p: p + 0.0 }) } else { Err(Undefined::ProbabilityOutsideRange) }
    }

    /// P(X >= k) = I_p(k, n-k+1) (Abramowitz and Stegun 26.5.24), computed as an upper
    /// tail so that 1e-43 survives.
    ///
    /// ```
    /// use relief::estimate::statistics::distribution::binomial::Binomial;
    /// let p = Binomial::new(30, 0.7)?.at_least(25); // R binom.test(25, 30, .7, "greater")
    /// assert!((p - 0.076_594_752_007_550_68).abs() < 1e-14);
    /// # Ok::<(), relief::estimate::statistics::Undefined>(())
    /// ```
    pub fn at_least(&self, k: u64) -> f64 {
        if k == 0 {
            return 1.0;
        }
        if k > self.n {
            return 0.0;
        }
        self.tail_shape(k).tails(self.p).lower
    }

    /// P(X <= k).
    pub fn at_most(&self, k: u64) -> f64 {
        if k >= self.n { 1.0 } else { self.tail_shape(k + 1).tails(self.p).upper }
    }

    /// P(X = k).
    pub fn density(&self, k: u64) -> f64 {
        if k > self.n {
            return 0.0;
        }
        ln_binomial_density(real(k), real(self.n), self.p, 1.0 - self.p).exp()
    }

    /// The smallest k with P(X <= k) >= probability, by bisection.
    pub fn quantile(&self, probability: f64) -> Result<u64, Undefined> {
        if !(0.0..=1.0).contains(&probability) {
            return Err(Undefined::ProbabilityOutsideRange);
        }
        let (mut low, mut high) = (0, self.n);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.at_most(middle) >= probability {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }

    /// The beta distribution of the k-th of n uniform order statistics, 1 <= k <= n.
    fn tail_shape(&self, k: u64) -> Beta {
        let others = real(self.n - k) + 1.0;
        Beta::new(real(k), others).expect("both shapes are at least one")
    }
}
