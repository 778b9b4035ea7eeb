//! A sample held as its distinct values and how often each occurs.
//!
//! Scores are discrete, so a clinic of a million patients has a few dozen distinct
//! values: every statistic here costs what the values cost, not what the patients cost,
//! and a slice and its tally give the same bits because both become this type first.

use super::Undefined;

/// Values beyond this magnitude are refused, so that cubes of them summed over every
/// possible count stay finite and no formula needs its own overflow check.
const LARGEST: f64 = 1e90;

/// Counts beyond this are refused, because an `f64` no longer tells them apart.
const MOST: u64 = 1 << 53;

/// One distinct value and the number of times it was observed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighted {
    /// The value, in the unit of the data.
    pub value: f64,
    /// How often it was observed; never zero inside [`Values`].
    pub count: u64,
}

/// A sample as a weighted tally: distinct values ascending, each with its count.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values {
    ascending: Vec<Weighted>,
    n: u64,
}

impl Values {
    /// Counts the values of a slice; their order does not matter.
    ///
    /// Edge cases: an empty slice is an empty sample; a value that is not finite, or is
    /// beyond 1e90, is [`Undefined::ValueOutsideRange`].
    ///
    /// ```
    /// use relief::estimate::statistics::Values;
    /// let sample = Values::from_slice(&[7.0, 4.0, 7.0])?;
    /// assert_eq!((sample.n(), sample.distinct().len()), (3, 2));
    /// # Ok::<(), relief::estimate::statistics::Undefined>(())
    /// ```
    pub fn from_slice(values: &[f64]) -> Result<Self, Undefined> {
        Self::from_tally(values.iter().map(|&value| Weighted { value, count: 1 }))
    }

    /// Takes value and count pairs in any order; equal values are added up and zero
    /// counts dropped.
    ///
    /// ```
    /// use relief::estimate::statistics::{Values, Weighted};
    /// let tally = [Weighted { value: 7.0, count: 2 }, Weighted { value: 4.0, count: 1 }];
    /// assert_eq!(Values::from_tally(tally), Values::from_slice(&[7.0, 4.0, 7.0]));
    /// ```
    pub fn from_tally(pairs: impl IntoIterator<Item = Weighted>) -> Result<Self, Undefined> {
        let mut pairs: Vec<Weighted> = pairs.into_iter().collect();
        if pairs.iter().any(|p| p.value.is_nan() || p.value.abs() > LARGEST) {
            return Err(Undefined::ValueOutsideRange);
        }
        pairs.retain(|p| p.count > 0);
        for pair in &mut pairs {
            pair.value += 0.0; // -0 becomes 0, so that they tie.
        }
        pairs.sort_unstable_by(|a, b| a.value.total_cmp(&b.value));
        let ascending = merge_equal(&pairs)?;
        let n = total(&ascending)?;
        Ok(Self { ascending, n })
    }

    /// Takes scores held as integers, such as tenths of a point, with their counts.
    ///
    /// `per_unit` is how many integer steps make one unit: 10 for `score_x10`. Division
    /// gives the double nearest to the decimal that was meant, so 3 tenths ties with 0.3.
    ///
    /// ```
    /// use relief::estimate::statistics::Values;
    /// let sample = Values::from_scaled([(65, 2), (40, 1)], 10)?;
    /// assert_eq!(sample, Values::from_slice(&[6.5, 6.5, 4.0])?);
    /// # Ok::<(), relief::estimate::statistics::Undefined>(())
    /// ```
    #[expect(clippy::cast_precision_loss, reason = "scores are far below 2^53 steps")]
    pub fn from_scaled(pairs: impl IntoIterator<Item = (i64, u64)>, per_unit: u32) -> Result<Self, Undefined> {
        if per_unit == 0 {
            return Err(Undefined::ParameterOutsideRange);
        }
        let unit = f64::from(per_unit);
        Self::from_tally(pairs.into_iter().map(|(steps, count)| Weighted { value: steps as f64 / unit, count }))
    }

    /// Follow-up minus baseline, pair by pair, each rounded to 1e-9.
    ///
    /// Without the rounding 0.2 and 0.19999999999999929 (9.2 - 9.0) would not tie.
    ///
    /// ```
    /// use relief::estimate::statistics::Values;
    /// let change = Values::differences(&[9.0, 6.8], &[9.2, 7.0])?;
    /// assert_eq!(change.distinct().len(), 1);
    /// # Ok::<(), relief::estimate::statistics::Undefined>(())
    /// ```
    pub fn differences(follow_up: &[f64], baseline: &[f64]) -> Result<Self, Undefined> {
        if follow_up.len() != baseline.len() {
            return Err(Undefined::UnequalLengths);
        }
        let changes = follow_up
            .iter()
            .zip(baseline)
            .map(|(after, before)| Weighted { value: round_to_nano(after - before), count: 1 });
        Self::from_tally(changes)
    }

    /// The number of observations.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The distinct values, ascending, with their counts.
    pub fn distinct(&self) -> &[Weighted] {
        &self.ascending
    }

    /// The same sample with every value rounded to 1e-9, so that differences that are
    /// equal in decimals tie.
    pub(super) fn rounded(&self) -> Self {
        let pairs = self.ascending.iter().map(|w| Weighted { value: round_to_nano(w.value), ..*w });
        let pairs: Vec<Weighted> = pairs.collect();
        let ascending = merge_equal(&pairs).expect("rounding does not add observations");
        Self { ascending, n: self.n }
    }

    /// Every observation in ascending order; meant for small samples.
    pub(super) fn expanded(&self) -> Vec<f64> {
        let times = |count| usize::try_from(count).expect("callers bound the sample");
        self.ascending.iter().flat_map(|w| std::iter::repeat_n(w.value, times(w.count))).collect()
    }

    /// The value of the given rank, counted from zero in ascending order.
    pub(super) fn order_statistic(&self, rank: u64) -> f64 {
        let mut below = 0;
        for w in &self.ascending {
            below += w.count;
            if rank < below {
                return w.value;
            }
        }
        self.ascending.last().map_or(0.0, |w| w.value)
    }
}

/// The nearest multiple of 1e-9; large values are already coarser than that.
fn round_to_nano(value: f64) -> f64 {
    if value.abs() > 4e6 { value } else { (value * 1e9).round() / 1e9 + 0.0 }
}

#[expect(clippy::float_cmp, reason = "a tie is an equal value, not a close one")]
fn merge_equal(ascending: &[Weighted]) -> Result<Vec<Weighted>, Undefined> {
    let mut merged: Vec<Weighted> = Vec::with_capacity(ascending.len().min(1024));
    for w in ascending {
        match merged.last_mut() {
            Some(last) if last.value == w.value => {
                last.count = last.count.checked_add(w.count).ok_or(Undefined::ValueOutsideRange)?;
            }
            _ => merged.push(*w),
        }
    }
    Ok(merged)
}

fn total(ascending: &[Weighted]) -> Result<u64, Undefined> {
    let sum = ascending.iter().try_fold(0_u64, |sum, w| sum.checked_add(w.count));
    sum.filter(|&n| n <= MOST).ok_or(Undefined::ValueOutsideRange)
}

/// A count as a real number. Exact to 2^53; beyond that the nearest double is meant.
#[expect(clippy::cast_precision_loss, reason = "counts enter formulas as real numbers")]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}
