//! How far two scores of one patient agree: the intraclass correlation of a one-way
//! analysis of variance, ICC(1).
//!
//! Shrout and Fleiss (1979), doi:10.1037/0033-2909.86.2.420. Where patients differ in
//! their number of scores, k is k0 = (N - sum k^2 / N) / (n - 1): Donner (1986),
//! doi:10.2307/1403259. The interval is exact for normal scores and equal numbers.

use super::distribution::fisher_f::upper_quantile;
use super::interval::tail_area;
use super::values::real;
use super::{IntervalEstimate, Undefined};

/// Subjects with the same number of scores, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated {
    /// Scores of each, two or more.
    pub scores: u64,
    /// How many subjects.
    pub subjects: u64,
    /// The sum of all scores.
    pub total: u64,
    /// The sum of the squares of each subject's total.
    pub squares_of_totals: u64,
    /// The sum of the squares of all scores.
    pub squares: u64,
}

/// The analysis of variance and what follows from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reliability {
    /// Subjects.
    pub subjects: u64,
    /// Mean square between subjects.
    pub between: f64,
    /// Mean square within subjects, in squared units of the scores.
    pub within: f64,
    /// Scores of each subject, on an average that allows for unequal numbers.
    pub scores: f64,
    /// ICC(1): below 0 where subjects agree with themselves less than with others.
    pub icc: f64,
    /// Its limits; undefined where nothing varies within subjects.
    pub interval: Result<IntervalEstimate, Undefined>,
}

/// ICC(1) = (MSB - MSW) / (MSB + (k0 - 1) MSW) and its F-based interval.
///
/// Nobody, one subject and scores that are all the same are undefined, and so is a group
/// of single scores.
///
/// ```
/// use relief::estimate::statistics::reliability::{Repeated, icc};
/// // Shrout and Fleiss 1979, table 2: six targets, four judges; ICC(1,1) = 0.17.
/// let rated = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]];
/// let totals = rated.map(|scores| scores.iter().sum::<u64>());
/// let group = Repeated {
///     scores: 4,
///     subjects: 6,
///     total: totals.iter().sum(),
///     squares_of_totals: totals.iter().map(|total| total * total).sum(),
///     squares: rated.iter().flatten().map(|score| score * score).sum(),
/// };
/// let found = icc(&[group], 0.95)?;
/// let interval = found.interval?; // R: anova(aov(score ~ target)), qf
/// assert!((found.icc - 0.166).abs() < 5e-4);
/// assert!((interval.low + 0.133).abs() < 5e-4 && (interval.high - 0.723).abs() < 5e-4);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn icc(groups: &[Repeated], level: f64) -> Result<Reliability, Undefined> {
    let tail = tail_area(level)?;
    let count = |of: fn(&Repeated) -> u64| real(groups.iter().map(of).sum::<u64>());
    let subjects = groups.iter().map(|group| group.subjects).sum::<u64>();
    match subjects {
        0 => return Err(Undefined::NoObservations),
        1 => return Err(Undefined::OneObservation),
        _ if groups.iter().any(|group| group.subjects > 0 && group.scores < 2) => {
            return Err(Undefined::TooFewObservations);
        }
        _ => {}
    }
    let (n, all) = (real(subjects), count(|group| group.scores * group.subjects));
    let scores = (all - count(|group| group.scores * group.scores * group.subjects) / all) / (n - 1.0);
    let of_totals: f64 = groups.iter().map(|group| real(group.squares_of_totals) / real(group.scores)).sum();
    let total = count(|group| group.total);
    let (above, below) = (n - 1.0, all - n);
    let within = groups.iter().map(squares_within).sum::<f64>() / below;
    let between = ((of_totals - total * total / all) / above).max(0.0);
    let spread = between + (scores - 1.0) * within;
    // Equal scores leave a hair of rounding.
    if spread <= 1e-12 * of_totals / all {
        return Err(Undefined::ZeroVariance);
    }
    let icc = (between - within) / spread;
    let interval = limits(between / within, scores, [above, below], tail).map(|(low, high)| IntervalEstimate {
        estimate: icc,
        low,
        high,
    });
    Ok(Reliability { subjects, between, within, scores, icc, interval })
}

/// Sum of squares within the subjects of a group, from whole numbers: exactly 0 where
/// nobody's scores differ.
#[expect(clippy::cast_precision_loss, reason = "rounded once")]
fn squares_within(group: &Repeated) -> f64 {
    let within = u128::from(group.scores) * u128::from(group.squares);
    within.saturating_sub(u128::from(group.squares_of_totals)) as f64 / real(group.scores)
}

fn limits(f: f64, scores: f64, [above, below]: [f64; 2], tail: f64) -> Result<(f64, f64), Undefined> {
    if !f.is_finite() {
        return Err(Undefined::ZeroVariance);
    }
    let low = f / upper_quantile(tail, [above, below])?;
    let high = f * upper_quantile(tail, [below, above])?;
    let correlation = |f: f64| (f - 1.0) / (f + scores - 1.0);
    Ok((correlation(low), correlation(high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(subjects: &[&[u64]]) -> Vec<Repeated> {
        let one = |scores: &&[u64]| {
            let total = scores.iter().sum::<u64>();
            Repeated {
                scores: scores.len() as u64,
                subjects: 1,
                total,
                squares_of_totals: total * total,
                squares: scores.iter().map(|score| score * score).sum(),
            }
        };
        subjects.iter().map(one).collect()
    }

    #[test]
    fn nobody_one_subject_and_equal_scores_have_no_reliability() {
        let undefined = |subjects: &[&[u64]]| icc(&groups(subjects), 0.95).expect_err("undefined");
        assert_eq!(undefined(&[]), Undefined::NoObservations);
        assert_eq!(undefined(&[&[70, 80]]), Undefined::OneObservation);
        assert_eq!(undefined(&[&[70, 70], &[70, 70]]), Undefined::ZeroVariance);
        assert_eq!(undefined(&[&[70, 70], &[70]]), Undefined::TooFewObservations);
        assert_eq!(icc(&groups(&[&[70, 80], &[60, 50]]), 1.0).err(), Some(Undefined::LevelOutsideRange));
    }

    #[test]
    fn perfect_agreement_is_one_without_an_interval_and_perfect_disagreement_negative() {
        let perfect = icc(&groups(&[&[70, 70], &[50, 50], &[90, 90]]), 0.95).expect("they vary between");
        assert!((perfect.icc - 1.0).abs() < 1e-12 && perfect.interval == Err(Undefined::ZeroVariance));
        // Two of two scores: -1 is the least there is, -1 / (k - 1).
        let none = icc(&groups(&[&[50, 90], &[90, 50]]), 0.95).expect("they vary within");
        assert!((none.icc + 1.0).abs() < 1e-12, "{none:?}");
    }

    /// The order and the split into groups do not matter.
    #[test]
    fn groups_of_one_and_groups_together_say_the_same() {
        let single = groups(&[&[70, 80], &[60, 50], &[90, 90]]);
        let mut together = single[0];
        for other in &single[1..] {
            together.subjects += other.subjects;
            together.total += other.total;
            together.squares_of_totals += other.squares_of_totals;
            together.squares += other.squares;
        }
        let (one, other) = (icc(&single, 0.95).expect("three"), icc(&[together], 0.95).expect("three"));
        assert!((one.icc - other.icc).abs() < 1e-14 && one.subjects == 3);
    }
}
