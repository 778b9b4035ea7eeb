//! Standardised effect sizes of a change in the same patients.
//!
//! The sign is that of follow-up minus baseline: on a pain scale improvement is negative,
//! and presentation flips it once. d_av with J is the default; d_z is the standardised
//! response mean and is labelled so, because a correlation above one half inflates it
//! against a between-group d. All sizes are in standard deviations.

use super::distribution::stirling_error;
use super::mean::{mean, standard_deviation};
use super::values::real;
use super::{Undefined, Values};

/// Every effect size of one paired sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EffectSizes {
    /// mean(d) / sd(d), also called the standardised response mean.
    pub d_z: Result<f64, Undefined>,
    /// mean(d) / sqrt((s1^2 + s2^2) / 2), after Cumming.
    pub d_av_cumming: Result<f64, Undefined>,
    /// mean(d) / ((s1 + s2) / 2), after Lakens.
    pub d_av_lakens: Result<f64, Undefined>,
    /// mean(d) / s of the baseline, after Glass.
    pub glass_baseline: Result<f64, Undefined>,
    /// Hedges' exact J for n - 1 degrees of freedom.
    pub hedges_j: Result<f64, Undefined>,
}

impl EffectSizes {
    /// J times d_z.
    pub fn g_z(&self) -> Result<f64, Undefined> {
        Ok(self.d_z? * self.hedges_j?)
    }

    /// J times d_av after Cumming: the effect size to print.
    pub fn g_av_cumming(&self) -> Result<f64, Undefined> {
        Ok(self.d_av_cumming? * self.hedges_j?)
    }
}

/// Effect sizes from the three tallies of one paired sample.
///
/// Sources: Cumming (2012), doi:10.4324/9780203807002; Lakens (2013),
/// doi:10.3389/fpsyg.2013.00863; Glass (1976), doi:10.3102/0013189X005010003. A standard
/// deviation of zero makes the sizes that divide by it [`Undefined::ZeroVariance`]; tallies
/// of different n are [`Undefined::UnequalLengths`].
///
/// ```
/// use relief::estimate::statistics::{Values, effect_size::effect_sizes};
/// // Student's sleep data: mean difference 1.58, sd 1.23, d_z 1.2846 (R: mean(d) / sd(d)).
/// let (one, two) = ([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
///                   [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]);
/// let change = Values::differences(&two, &one)?;
/// let sizes = effect_sizes(&change, &Values::from_slice(&one)?, &Values::from_slice(&two)?)?;
/// assert!((sizes.d_z? - 1.284_558).abs() < 5e-7);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn effect_sizes(differences: &Values, baseline: &Values, follow_up: &Values) -> Result<EffectSizes, Undefined> {
    let n = differences.n();
    if baseline.n() != n || follow_up.n() != n {
        return Err(Undefined::UnequalLengths);
    }
    let change = mean(differences)?;
    let (s1, s2) = (standard_deviation(baseline)?, standard_deviation(follow_up)?);
    Ok(EffectSizes {
        d_z: standardised(change, standard_deviation(differences)?),
        d_av_cumming: standardised(change, (0.5 * (s1 * s1 + s2 * s2)).sqrt()),
        d_av_lakens: standardised(change, 0.5 * (s1 + s2)),
        glass_baseline: standardised(change, s1),
        hedges_j: hedges_j(n - 1),
    })
}

fn standardised(change: f64, sd: f64) -> Result<f64, Undefined> {
    if sd <= 0.0 {
        return Err(Undefined::ZeroVariance);
    }
    let size = change / sd;
    if size.is_finite() { Ok(size) } else { Err(Undefined::ValueOutsideRange) }
}

/// Hedges' exact small-sample correction for `m` degrees of freedom.
///
/// Formula: G(m/2) / (sqrt(m/2) G((m-1)/2)). Source: Hedges (1981),
/// doi:10.3102/10769986006002107. Fewer than two degrees of freedom (n < 3) is undefined.
/// The gammas are taken apart by Stirling's formula, since their ratio is near one and
/// their difference of logarithms would cancel at large m.
///
/// ```
/// use relief::estimate::statistics::effect_size::hedges_j;
/// assert!((hedges_j(10)? - 0.9227).abs() < 5e-5); // Hedges 1981, table 1
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn hedges_j(m: u64) -> Result<f64, Undefined> {
    if m < 2 {
        return Err(Undefined::TooFewObservations);
    }
    // With Gamma(u) = sqrt(2 pi / u) (u/e)^u e^error, and b = a - 1/2:
    // ln J = a ln a - b ln b - 1/2 - ln(a/b)/2 - ln(a)/2 + errors.
    let a = 0.5 * real(m);
    let b = a - 0.5;
    let powers = (b - 0.5) * (0.5 / b).ln_1p() - 0.5;
    Ok((powers + stirling_error(a) - stirling_error(b)).exp())
}

/// The usual approximation 1 - 3/(4m - 1), for comparison with other software.
///
/// ```
/// use relief::estimate::statistics::effect_size::hedges_j_approximate;
/// assert!((hedges_j_approximate(10)? - (1.0 - 3.0 / 39.0)).abs() < 1e-15);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn hedges_j_approximate(m: u64) -> Result<f64, Undefined> {
    match m {
        0 => Err(Undefined::TooFewObservations),
        _ => Ok(1.0 - 3.0 / (4.0 * real(m) - 1.0)),
    }
}
