//! Which rows of a row group something holds for, one bit a row.

/// A set of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mask(Vec<u64>);

impl Mask {
    /// All of `rows` rows.
    pub(super) fn all(rows: usize) -> Self {
        let rest = rows % 64;
        let mut words = vec![u64::MAX; rows / 64];
        words.extend((rest > 0).then_some((1 << rest) - 1));
        Self(words)
    }

    /// Those whose bit is set, the lowest of the first word first.
    pub(super) fn of_words(words: impl IntoIterator<Item = u64>) -> Self {
        Self(words.into_iter().collect())
    }

    /// Keeps those that are in `other` too.
    pub(super) fn keep(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine &= theirs);
    }

    /// Drops those that are in `other`.
    pub(super) fn drop(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine &= !theirs);
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Their numbers, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, &word)| {
            let more = |left: &u64| Some(left & left.wrapping_sub(1)).filter(|left| *left != 0);
            let some = Some(word).filter(|word| *word != 0);
            std::iter::successors(some, more).map(move |left| at * 64 + left.trailing_zeros() as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Mask;

    #[test]
    fn rows_are_kept_dropped_and_counted() {
        for rows in [0, 1, 63, 64, 65, 200] {
            assert!(Mask::all(rows).rows().eq(0..rows), "{rows} rows");
            assert_eq!(Mask::all(rows).count(), rows as u64);
        }
        let odd = Mask::of_words([0xAAAA_AAAA_AAAA_AAAA, 0b10]);
        let mut kept = Mask::all(66);
        kept.keep(&odd);
        assert!(kept.rows().eq((0..66).filter(|row| row % 2 == 1)));
        let mut rest = Mask::all(66);
        rest.drop(&odd);
        assert!(rest.rows().eq((0..66).filter(|row| row % 2 == 0)));
        assert_eq!([kept.count(), rest.count()], [33, 33]);
    }
}
