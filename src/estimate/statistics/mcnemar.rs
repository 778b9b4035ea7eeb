//! McNemar's test: did the same patients change in one direction more than the other?

use super::Undefined;
use super::distribution::binomial::Binomial;
use super::distribution::gamma::chi_squared_upper_tail;
use super::values::real;

/// A chi-squared statistic with its p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquared {
    /// The statistic.
    pub chi_squared: f64,
    /// Degrees of freedom.
    pub df: u64,
    /// P(chi-squared >= statistic).
    pub p: f64,
}

/// The three forms of McNemar's test; `p_mid` is the default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// min(1, 2 P(X <= min(b, c))) for X ~ Binomial(b + c, 1/2).
    pub p_exact: f64,
    /// The exact p less the probability of what was observed; 1 when b = c.
    pub p_mid: f64,
    /// (b - c)^2 / (b + c); undefined when nobody changed.
    pub plain: Result<ChiSquared, Undefined>,
    /// max(0, |b - c| - 1)^2 / (b + c); undefined when nobody changed.
    pub corrected: Result<ChiSquared, Undefined>,
}

/// McNemar's test on the two discordant counts.
///
/// Sources: McNemar (1947), doi:10.1007/BF02295996; mid-p as the default after Fagerland,
/// Lydersen, Laake (2013), doi:10.1186/1471-2288-13-91. Nobody discordant: p = 1 and no
/// chi-squared. The correction is clamped at zero, where statsmodels gives 0.1 for
/// b = c = 5. Counts whose sum overflows are [`Undefined::ValueOutsideRange`].
///
/// ```
/// use relief::estimate::statistics::mcnemar::mcnemar;
/// // Bentur (2009) in Fagerland et al. (2013), table 4: exact 0.0703, mid-p 0.0391.
/// let test = mcnemar(1, 7)?;
/// assert!((test.p_exact - 0.0703).abs() < 5e-5 && (test.p_mid - 0.0391).abs() < 5e-5);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn mcnemar(first_only: u64, second_only: u64) -> Result<McNemar, Undefined> {
    let total = first_only.checked_add(second_only).ok_or(Undefined::ValueOutsideRange)?;
    let (fewer, gap) = (first_only.min(second_only), first_only.abs_diff(second_only));
    let fair = Binomial::new(total, 0.5)?;
    let p_exact = (2.0 * fair.at_most(fewer)).min(1.0);
    let p_mid = if gap == 0 { 1.0 } else { (2.0 * fair.at_most(fewer) - fair.density(fewer)).min(1.0) };
    Ok(McNemar { p_exact, p_mid, plain: one_degree(gap, total), corrected: one_degree(gap.saturating_sub(1), total) })
}

fn one_degree(gap: u64, total: u64) -> Result<ChiSquared, Undefined> {
    if total == 0 {
        return Err(Undefined::NoObservations);
    }
    let chi_squared = real(gap) * (real(gap) / real(total));
    Ok(ChiSquared { chi_squared, df: 1, p: chi_squared_upper_tail(chi_squared, 1)? })
}
