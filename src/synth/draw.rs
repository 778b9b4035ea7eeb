//! One stream of random draws, the same on every machine.
//!
//! `rand`'s own distributions may change between releases, and `ln`, `exp` and `sin` come from the
//! platform's libm. A committed sample must survive both, so every draw here is integer arithmetic
//! on the raw words of `ChaCha8`.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream is for. Different uses of one seed must never share draws.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// A patient's life; the index is the patient's.
    Life,
    /// A clinic's clerical errors; the index is the clinic's.
    Defects,
    /// Why a patient left; the index is the patient's.
    Departures,
    /// Whether an opioid is changed for another; the index is the patient's.
    Rotations,
}

/// An endless supply of draws belonging to one seed, purpose and index.
#[derive(Debug)]
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of `index` under `seed`; no two indices overlap.
    pub(super) fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..].copy_from_slice(match purpose {
            Purpose::Life => b"relief synth: a life v1 ",
            Purpose::Defects => b"relief synth: defects v1",
            Purpose::Departures => b"relief synth: departs v1",
            Purpose::Rotations => b"relief synth: rotates v1",
        });
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(index);
        Self(rng)
    }

    /// All 32 bits of a draw.
    pub(super) fn word(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A number in `0..bound`.
    ///
    /// Multiply and shift; its bias is below `bound / 2^32`, far under anything a test can see,
    /// and unlike rejection it always uses exactly one word.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        let product = u64::from(self.word()) * u64::from(bound);
        u32::try_from(product >> 32).expect("the upper half of a 64-bit product has 32 bits")
    }

    /// A number in `low..=high`.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        let width = u32::try_from(high - low + 1).expect("callers give low <= high");
        low + i32::try_from(self.below(width)).expect("callers give ranges of a few thousand")
    }

    /// True `per_mille` times in a thousand.
    pub(super) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille
    }

    /// Any element, all equally likely.
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let last = i32::try_from(from.len()).expect("tables are short") - 1;
        let index = self.between(0, last);
        from[usize::try_from(index).expect("between 0 and last")]
    }

    /// An element in proportion to its weight.
    pub(super) fn weighted<'a, T>(&mut self, from: &'a [T], weight: fn(&T) -> u32) -> &'a T {
        let mut left = self.below(from.iter().map(weight).sum());
        for item in from {
            if left < weight(item) {
                return item;
            }
            left -= weight(item);
        }
        unreachable!("the draw is below the sum of the weights")
    }
}

#[cfg(test)]
mod tests {
    use super::{Purpose, Stream};

    #[test]
    fn draws_are_pinned() {
        // If this fails after an upgrade, every committed sample changes with it.
        let mut life = Stream::new(1, Purpose::Life, 0);
        let mut defects = Stream::new(1, Purpose::Defects, 0);
        assert_eq!([life.word(), life.word(), defects.word()], [3_755_272_615, 2_405_135_582, 2_458_296_726]);
    }
}
