//! `SplitMix64`: the same numbers on every machine and for every thread count.

/// A 64-bit generator with a 64-bit seed.
///
/// Source: Steele, Lea, Flood (2014), doi:10.1145/2660193.2660195. It is not for secrets;
/// it is for resampling that anyone can repeat from the seed in the report.
#[derive(Debug, Clone)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// A generator whose whole stream follows from `seed`.
    ///
    /// ```
    /// use relief::estimate::statistics::random::SplitMix64;
    /// // First output for seed 1234567 of the reference implementation by Vigna.
    /// assert_eq!(SplitMix64::new(1_234_567).next_u64(), 6_457_827_717_110_365_317);
    /// ```
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A multiple of 2^-53 in [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// floor(u n), an index below `n`; `n` up to 2^53.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the product is below n, which is a length"
    )]
    pub fn index(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }
}
