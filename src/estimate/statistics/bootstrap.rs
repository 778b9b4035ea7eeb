//! The BCa bootstrap: a supplement to the t interval, deterministic from its seed.
//!
//! A median of a rating scale has a degenerate jackknife: use Hodges-Lehmann there. The
//! seed comes from the report and cell, so that the result depends on neither thread nor
//! order.

use super::distribution::normal;
use super::interval::tail_area;
use super::resample::{Multinomial, index_replicates};
use super::values::real;
use super::{IntervalEstimate, Undefined, Values, mean, median};

/// Up to this many observations a tally is resampled one by one, as a slice is; beyond it
/// by one multinomial draw per replicate, whose cost does not grow with n.
pub const INDEX_DRAWS_UP_TO: u64 = 512;

/// Fewer replicates than this do not have the quantiles of an interval.
pub const FEWEST_REPLICATES: usize = 40;

/// More replicates than this only repeat themselves.
const MOST_REPLICATES: usize = 1_000_000;

/// The statistic that is resampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The arithmetic mean.
    Mean,
    /// The median.
    Median,
}

impl Statistic {
    fn of(self, sample: &Values) -> Result<f64, Undefined> {
        match self {
            Self::Mean => mean::mean(sample),
            Self::Median => median::median(sample),
        }
    }
}

/// How to resample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// The statistic.
    pub statistic: Statistic,
    /// Number of replicates, 1999 or more for a report.
    pub replicates: usize,
    /// Seed of [`super::random::SplitMix64`].
    pub seed: u64,
    /// Confidence level.
    pub level: f64,
}

/// A BCa interval with what it was made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bca {
    /// Estimate and limits, in the unit of the data.
    pub interval: IntervalEstimate,
    /// Bias correction.
    pub z0: f64,
    /// Acceleration, from the jackknife.
    pub acceleration: f64,
    /// The quantile of the replicates that is the lower limit.
    pub lower_share: f64,
    /// The quantile of the replicates that is the upper limit.
    pub upper_share: f64,
}

/// BCa interval of a slice, drawing indices in the order of the slice.
///
/// Formula: z0 is the normal deviate of the share of replicates below the estimate, ties by
/// half; a = sum (tbar - t_(i))^3 / (6 (sum (tbar - t_(i))^2)^1.5) over leave-one-out values;
/// share = Phi(z0 + (z0 + z)/(1 - a(z0 + z))); limit = type-7 quantile of the replicates.
/// Source: Efron (1987), doi:10.1080/01621459.1987.10478410. SciPy does the same; R's
/// `boot.ci` interpolates otherwise and ignores ties. A jackknife without variance or
/// replicates on one side of the estimate are undefined, and so are fewer than 40 replicates.
///
/// ```
/// use relief::estimate::statistics::bootstrap::{Plan, Statistic, bca};
/// let d = [-3.0, 0.0, 1.0, -5.0, -1.0, 0.0, -2.0, -5.0, 0.0, -4.0];
/// let plan = Plan { statistic: Statistic::Mean, replicates: 1999, seed: 20_240_607, level: 0.95 };
/// let ci = bca(&d, &plan)?.interval; // golden/boot.bca/000: -3.3 to -0.7
/// assert!((ci.low + 3.3).abs() < 1e-9 && (ci.high + 0.7).abs() < 1e-9);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn bca(sample: &[f64], plan: &Plan) -> Result<Bca, Undefined> {
    let tally = checked(Values::from_slice(sample)?, plan)?;
    interval(&tally, plan, index_replicates(sample, plan))
}

/// BCa interval of a tally: as [`bca`] on the ascending sample up to
/// [`INDEX_DRAWS_UP_TO`] observations, else from multinomial draws of the counts.
///
/// A multinomial draw has exactly the distribution of the tally of n index draws, but takes
/// other random numbers, so large tallies agree with slices in distribution and not in digits.
///
/// ```
/// use relief::estimate::statistics::Values;
/// use relief::estimate::statistics::bootstrap::{Plan, Statistic, bca_tally};
/// let million = Values::from_scaled((0..=100).map(|tenths| (tenths, 10_000)), 10)?;
/// let plan = Plan { statistic: Statistic::Mean, replicates: 1999, seed: 1, level: 0.95 };
/// let ci = bca_tally(&million, &plan)?.interval; // mean 5, se 0.0029
/// assert!((ci.high - ci.low - 2.0 * 1.96 * 0.0029).abs() < 1e-3);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn bca_tally(sample: &Values, plan: &Plan) -> Result<Bca, Undefined> {
    if sample.n() <= INDEX_DRAWS_UP_TO {
        return bca(&sample.expanded(), plan);
    }
    let tally = checked(sample.clone(), plan)?;
    let replicates = Multinomial::new(&tally).replicates(plan);
    interval(&tally, plan, replicates)
}

/// The first replicates of a slice, to check a port before its interval.
pub fn first_replicates(sample: &[f64], plan: &Plan, count: usize) -> Result<Vec<f64>, Undefined> {
    let few = Plan { replicates: count.min(MOST_REPLICATES), ..*plan };
    if sample.is_empty() {
        return Err(Undefined::NoObservations);
    }
    Values::from_slice(sample)?;
    Ok(index_replicates(sample, &few))
}

fn checked(tally: Values, plan: &Plan) -> Result<Values, Undefined> {
    tail_area(plan.level)?;
    match tally.n() {
        0 => Err(Undefined::NoObservations),
        1 => Err(Undefined::OneObservation),
        _ if tally.distinct().len() == 1 => Err(Undefined::ZeroVariance),
        _ if plan.replicates < FEWEST_REPLICATES => Err(Undefined::TooFewReplicates),
        _ if plan.replicates > MOST_REPLICATES => Err(Undefined::ParameterOutsideRange),
        _ => Ok(tally),
    }
}

fn interval(tally: &Values, plan: &Plan, mut replicates: Vec<f64>) -> Result<Bca, Undefined> {
    let estimate = plan.statistic.of(tally)?;
    let z0 = bias_correction(&replicates, estimate)?;
    let acceleration = acceleration(tally, plan.statistic)?;
    let z = normal::quantile(tail_area(plan.level)?)?;
    let lower_share = adjusted_share(z0, acceleration, z)?;
    let upper_share = adjusted_share(z0, acceleration, -z)?;
    let interval = IntervalEstimate {
        estimate,
        low: quantile_type_7(&mut replicates, lower_share),
        high: quantile_type_7(&mut replicates, upper_share),
    };
    Ok(Bca { interval, z0, acceleration, lower_share, upper_share })
}

/// Replicates within rounding of the estimate are ties: sums of decimals in another order
/// differ in the last bit, and a tie that is missed moves z0.
fn bias_correction(replicates: &[f64], estimate: f64) -> Result<f64, Undefined> {
    let widest = replicates.iter().fold(estimate.abs(), |widest, t| widest.max(t.abs()));
    let slack = 1e-12 * widest;
    let count = |holds: &dyn Fn(f64) -> bool| replicates.iter().filter(|t| holds(**t)).count() as u64;
    let below = count(&|t| t < estimate - slack);
    let ties = count(&|t| (t - estimate).abs() <= slack);
    let total = replicates.len() as u64;
    if ties == total {
        return Err(Undefined::DegenerateBootstrap);
    }
    let share = (real(below) + real(ties) / 2.0) / real(total);
    normal::quantile(share).map_err(|_| Undefined::DegenerateBootstrap)
}

fn adjusted_share(z0: f64, a: f64, z: f64) -> Result<f64, Undefined> {
    let moved = z0 + (z0 + z) / (1.0 - a * (z0 + z));
    // Past the pole of the transformation the share would come back on the wrong side.
    if moved.is_finite() && a * (z0 + z) < 1.0 {
        Ok(normal::upper_tail(-moved))
    } else {
        Err(Undefined::DegenerateBootstrap)
    }
}

/// Acceleration from leaving out each distinct value once, weighted by its count.
fn acceleration(tally: &Values, statistic: Statistic) -> Result<f64, Undefined> {
    let jackknife = Values::from_tally(
        tally
            .distinct()
            .iter()
            .map(|w| super::Weighted { value: without_one(tally, w.value, statistic), count: w.count }),
    )?;
    let centre = mean::mean(&jackknife)?;
    // Rounding in the leave-one-out values must not pass for variance.
    let widest = jackknife.distinct().iter().fold(0.0_f64, |m, w| m.max((w.value - centre).abs()));
    if widest <= 1e-13 * centre.abs() {
        return Err(Undefined::ZeroVariance);
    }
    let sum = |power: i32| mean::weighted_sum(&jackknife, |t| ((centre - t) / widest).powi(power));
    Ok(sum(3) / (6.0 * sum(2).powf(1.5)))
}

/// The statistic with one observation of this value left out.
fn without_one(tally: &Values, value: f64, statistic: Statistic) -> f64 {
    match statistic {
        Statistic::Mean => {
            let centre = mean::mean(tally).unwrap_or(0.0);
            // Only differences between these matter, so they are kept relative to the mean.
            (centre - value) / (real(tally.n()) - 1.0)
        }
        Statistic::Median => {
            let n = tally.n() - 1;
            let rank = |rank: u64| {
                let left_out = tally.order_statistic(rank) >= value;
                tally.order_statistic(if left_out { rank + 1 } else { rank })
            };
            0.5 * (rank((n - 1) / 2) + rank(n / 2))
        }
    }
}

/// Quantile by linear interpolation at (n-1) share of the ascending values (R's type 7).
///
/// Two quantiles cost less by selection than the sorting of all.
///
/// Source: Hyndman and Fan (1996), doi:10.1080/00031305.1996.10473566.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length is an index")]
pub(super) fn quantile_type_7(values: &mut [f64], share: f64) -> f64 {
    let last = values.len() - 1;
    let position = real(last as u64) * share.clamp(0.0, 1.0);
    let (_, below, rest) = values.select_nth_unstable_by((position.floor() as usize).min(last), f64::total_cmp);
    let above = rest.iter().copied().min_by(f64::total_cmp).unwrap_or(*below);
    *below + (position - position.floor()) * (above - *below)
}
