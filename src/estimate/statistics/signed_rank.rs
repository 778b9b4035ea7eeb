//! Wilcoxon's signed-rank test, exact with ties and approximate.
//!
//! A check on the paired t, not a replacement. Default: exact conditional p-values with
//! mid-ranks up to 60 non-zero differences, else the normal approximation with the tie
//! corrected variance and no continuity correction; zeros as Pratt, since rating scales
//! have many. Differences are rounded to 1e-9 first, or 0.2 and 9.2 - 9.0 would not tie.

use super::distribution::normal;
use super::distribution::signed_rank::CoinSum;
use super::values::real;
use super::{Undefined, Values};

/// Up to this many non-zero differences the exact distribution is used.
pub const EXACT_UP_TO: u64 = 60;

/// What to do with patients who did not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zeros {
    /// Rank them, then drop their ranks (Pratt 1959): the default.
    Pratt,
    /// Drop them before ranking (Wilcoxon 1945).
    Wilcoxon,
}

/// Exact conditional p-values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExactSignedRank {
    /// The sum of the mid-ranks of the positive differences.
    pub w_plus: f64,
    /// How many differences are not zero.
    pub n_nonzero: u64,
    /// P(W <= w).
    pub p_less: f64,
    /// P(W >= w).
    pub p_greater: f64,
    /// min(1, 2 min(p_less, p_greater)).
    pub p_two_sided: f64,
}

/// The normal approximation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ApproximateSignedRank {
    /// The sum of the mid-ranks of the positive differences.
    pub w_plus: f64,
    /// (W - mu) / sqrt(var), moved towards 0 by 1/2 when corrected.
    pub z: f64,
    /// 2 P(Z > |z|).
    pub p_two_sided: f64,
}

/// Whether the normal approximation is moved by half a rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// As it is: the default.
    None,
    /// |W - mu| is reduced by 1/2.
    Corrected,
}

/// The default p-value with the method that made it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SignedRank {
    /// From the exact distribution.
    Exact(ExactSignedRank),
    /// From the normal approximation.
    Approximate(ApproximateSignedRank),
}

impl SignedRank {
    /// The two-sided p-value, whichever method gave it.
    pub fn p_two_sided(&self) -> f64 {
        match self {
            Self::Exact(exact) => exact.p_two_sided,
            Self::Approximate(approximate) => approximate.p_two_sided,
        }
    }
}

/// The default: exact up to [`EXACT_UP_TO`] non-zero differences, approximate beyond.
///
/// ```
/// use relief::estimate::statistics::{Values, signed_rank::{Zeros, signed_rank}};
/// // Hollander and Wolfe depression data, R ?wilcox.test: V = 5, two-sided p = 0.03906.
/// let pre = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
/// let post = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
/// let test = signed_rank(&Values::differences(&post, &pre)?, Zeros::Pratt)?;
/// assert!((test.p_two_sided() - 0.039_062_5).abs() < 1e-12);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn signed_rank(differences: &Values, zeros: Zeros) -> Result<SignedRank, Undefined> {
    match exact(differences, zeros) {
        Err(Undefined::TooLargeForExact) => {
            approximate(differences, zeros, Continuity::None).map(SignedRank::Approximate)
        }
        result => result.map(SignedRank::Exact),
    }
}

/// Exact p-values given the observed ties, by convolving the doubled mid-ranks.
///
/// Source: Pratt (1959), doi:10.1080/01621459.1959.10501526, for the zeros; Streitberg
/// and Roehmel (1986), Statistical Software Newsletter 12:10, for the algorithm. No
/// differences, or only zeros, is undefined (SciPy says p = 1); more than
/// [`EXACT_UP_TO`] non-zero ones is [`Undefined::TooLargeForExact`].
///
/// ```
/// use relief::estimate::statistics::{Values, signed_rank::{Zeros, exact}};
/// let test = exact(&Values::from_slice(&[-1.0, -3.0, -4.0, 0.0])?, Zeros::Wilcoxon)?;
/// assert!((test.p_less - 0.125).abs() < 1e-15); // 1 of the 8 sign patterns
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn exact(differences: &Values, zeros: Zeros) -> Result<ExactSignedRank, Undefined> {
    let ranks = Ranks::of(differences, zeros)?;
    if ranks.n_nonzero > EXACT_UP_TO {
        return Err(Undefined::TooLargeForExact);
    }
    let offset = ranks.doubled_offset_for_convolution();
    let mut scores = Vec::new();
    let mut observed = 0;
    for tie in &ranks.ties {
        let score = to_usize(tie.doubled_rank + offset);
        scores.extend(std::iter::repeat_n(score, to_usize(tie.positive + tie.negative)));
        observed += score * to_usize(tie.positive);
    }
    let null = CoinSum::new(&scores);
    let (p_less, p_greater) = (null.at_most(observed), null.at_least(observed));
    Ok(ExactSignedRank {
        w_plus: ranks.w_plus(),
        n_nonzero: ranks.n_nonzero,
        p_less,
        p_greater,
        p_two_sided: (2.0 * p_less.min(p_greater)).min(1.0),
    })
}

/// The normal approximation with the variance of the ranks at hand.
///
/// Formula: mu = sum r / 2, var = sum r^2 / 4 over non-zero differences, which corrects
/// for ties and for Pratt's zeros by itself. Source: Pratt (1959),
/// doi:10.1080/01621459.1959.10501526; Cureton (1967), doi:10.1080/01621459.1967.10500917.
/// No differences, or only zeros, is undefined.
///
/// ```
/// use relief::estimate::statistics::{Values, signed_rank::{Continuity, Zeros, approximate}};
/// let all_down = Values::from_slice(&[-2.0; 5])?;
/// let test = approximate(&all_down, Zeros::Pratt, Continuity::None)?;
/// assert!((test.z + 5.0_f64.sqrt()).abs() < 1e-14); // equal ranks: z is sqrt(n)
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn approximate(
    differences: &Values,
    zeros: Zeros,
    continuity: Continuity,
) -> Result<ApproximateSignedRank, Undefined> {
    let ranks = Ranks::of(differences, zeros)?;
    let offset = ranks.doubled_zero_offset;
    let ranked = |tie: &Tie| (real(tie.doubled_rank + offset) / 2.0, real(tie.positive), real(tie.negative));
    // W - mu is half of the signed rank sum; no large number is subtracted.
    let signed: f64 = ranks.ties.iter().map(ranked).map(|(r, up, down)| r * (up - down)).sum();
    let squares: f64 = ranks.ties.iter().map(ranked).map(|(r, up, down)| r * r * (up + down)).sum();
    let gap = match continuity {
        Continuity::None => signed / 2.0,
        Continuity::Corrected => ((signed / 2.0).abs() - 0.5).max(0.0).copysign(signed),
    };
    let z = gap / (squares / 4.0).sqrt() + 0.0;
    Ok(ApproximateSignedRank { w_plus: ranks.w_plus(), z, p_two_sided: normal::two_sided(z) })
}

/// Differences that share an absolute value, and twice their mid-rank among the non-zero.
struct Tie {
    doubled_rank: u64,
    positive: u64,
    negative: u64,
}

/// Mid-ranks of absolute differences, kept as whole numbers by doubling them.
struct Ranks {
    ties: Vec<Tie>,
    n_nonzero: u64,
    doubled_zero_offset: u64,
}

impl Ranks {
    fn of(differences: &Values, zeros: Zeros) -> Result<Self, Undefined> {
        if differences.n() == 0 {
            return Err(Undefined::NoObservations);
        }
        let magnitudes = Magnitude::ascending(&differences.rounded());
        let mut below = 0;
        let mut ties = Vec::with_capacity(magnitudes.len());
        for Magnitude { positive, negative, .. } in magnitudes {
            let doubled_rank = 2 * below + positive + negative + 1;
            below += positive + negative;
            ties.push(Tie { doubled_rank, positive, negative });
        }
        if below == 0 {
            return Err(Undefined::AllDifferencesZero);
        }
        let unchanged = match zeros {
            Zeros::Pratt => differences.n() - below,
            Zeros::Wilcoxon => 0,
        };
        Ok(Self { ties, n_nonzero: below, doubled_zero_offset: 2 * unchanged })
    }

    fn w_plus(&self) -> f64 {
        let rank = |tie: &Tie| real(tie.doubled_rank + self.doubled_zero_offset) / 2.0;
        self.ties.iter().map(|tie| rank(tie) * real(tie.positive)).sum()
    }

    /// Pratt adds the number of zeros to every rank. Once that exceeds the largest rank
    /// sum without it, only its being larger matters to the order of sums, so it is cut
    /// there: a million zeros cost no more than a few thousand.
    fn doubled_offset_for_convolution(&self) -> u64 {
        let sum: u64 = self.ties.iter().map(|t| t.doubled_rank * (t.positive + t.negative)).sum();
        self.doubled_zero_offset.min(sum + 1)
    }
}

struct Magnitude {
    size: f64,
    positive: u64,
    negative: u64,
}

impl Magnitude {
    #[expect(clippy::float_cmp, reason = "a tie is an equal value, not a close one")]
    fn ascending(differences: &Values) -> Vec<Self> {
        let signed = differences.distinct().iter().filter(|w| w.value.abs() > 0.0);
        let mut all: Vec<Self> = signed
            .map(|w| {
                let (positive, negative) = if w.value > 0.0 { (w.count, 0) } else { (0, w.count) };
                Self { size: w.value.abs(), positive, negative }
            })
            .collect();
        all.sort_unstable_by(|a, b| a.size.total_cmp(&b.size));
        all.dedup_by(|next, kept| {
            let tied = next.size == kept.size;
            if tied {
                kept.positive += next.positive;
                kept.negative += next.negative;
            }
            tied
        });
        all
    }
}

fn to_usize(value: u64) -> usize {
    usize::try_from(value).expect("at most 60 ranks, each cut to a few thousand")
}
