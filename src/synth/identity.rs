//! Patient codes that look random, never repeat and say nothing about order.

/// RFC 4648 base32. Letters dominate, so no code is taken for a telephone or record number.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HALF_BITS: u64 = 30;
const HALF: u64 = (1 << HALF_BITS) - 1;
/// Indices with this bit set belong to nobody; no plan has 2^59 patients.
const NOBODY: u64 = 1 << 59;

/// The twelve-character code of patient `index`.
///
/// A Feistel network keyed by the seed permutes the 60-bit numbers. Codes are therefore unique by
/// construction, which drawing them at random would not be without remembering every one.
pub(super) fn patient_code(seed: u64, index: u64) -> String {
    let (mut left, mut right) = (index >> HALF_BITS & HALF, index & HALF);
    for round in 0..6 {
        (left, right) = (right, left ^ scramble(right, seed, round));
    }
    base32(left << HALF_BITS | right)
}

/// A code of the same form that no patient has.
pub(super) fn stranger_code(seed: u64, index: u64) -> String {
    patient_code(seed, NOBODY | index)
}

/// The `SplitMix64` finaliser over half a code, the seed and the round.
fn scramble(half: u64, seed: u64, round: u64) -> u64 {
    let mut z = (half | round << HALF_BITS).wrapping_add(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_add(seed.rotate_left(32)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ z >> 31) & HALF
}

fn base32(bits: u64) -> String {
    (0..12)
        .map(|place| usize::try_from(bits >> (55 - 5 * place) & 31).expect("five bits"))
        .map(|digit| char::from(ALPHABET[digit]))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{patient_code, stranger_code};

    #[test]
    fn codes_are_unique_and_strangers_are_not_among_them() {
        let codes: BTreeSet<String> = (0..20_000).map(|i| patient_code(7, i)).collect();
        assert_eq!(codes.len(), 20_000);
        assert!((0..1000).all(|i| !codes.contains(&stranger_code(7, i))));
    }

    #[test]
    fn neighbours_and_seeds_share_no_prefix() {
        let [a, b, c] = [(1, 0), (1, 1), (2, 0)].map(|(seed, index)| patient_code(seed, index));
        assert!(a[..4] != b[..4] && a[..4] != c[..4] && a.len() == 12);
    }
}
