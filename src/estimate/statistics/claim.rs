//! A rate against a claimed rate: the exact one-sided binomial test.

use super::Undefined;
use super::distribution::binomial::Binomial;

/// One-sided p-values of `events` out of `of` against a claimed proportion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClaimTest {
    /// P(X >= x) if the claim is true: small means the rate is higher than claimed.
    pub p_greater: f64,
    /// P(X <= x) if the claim is true: small means the rate is lower than claimed.
    pub p_less: f64,
}

/// Exact binomial test of "more than `claimed`", with the null p <= claimed.
///
/// Formula: P(X >= x) = I_p0(x, n-x+1), computed as that tail and not as 1 - cdf, which
/// is zero from 1e-16 down. Source: Clopper and Pearson (1934),
/// doi:10.1093/biomet/26.4.404. x = 0 gives `p_greater` 1, and so does n = 0; a claim of
/// 0 or 1 is allowed; a claim outside [0, 1] is undefined.
///
/// ```
/// use relief::estimate::statistics::claim::exact_binomial;
/// // R binom.test(25, 30, 0.7, "greater"): p = 0.0766. 83% of 30 does not show "over 70%".
/// let test = exact_binomial(25, 30, 0.7)?;
/// assert!((test.p_greater - 0.0766).abs() < 5e-5);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn exact_binomial(events: u64, of: u64, claimed: f64) -> Result<ClaimTest, Undefined> {
    if events > of {
        return Err(Undefined::EventsExceedTotal);
    }
    let null = Binomial::new(of, claimed)?;
    Ok(ClaimTest { p_greater: null.at_least(events), p_less: null.at_most(events) })
}
