//! Quantiles of a sample.

use super::values::real;
use super::{Undefined, Values};

/// The value below which `percent` per cent of the sample lie: Hyndman and Fan's
/// type 7 (doi:10.1080/00031305.1996.10473566), the default of R and `NumPy`.
///
/// Formula: with h = (n - 1) percent / 100, the value at rank floor(h), moved by
/// the fraction of h towards the next. Which ranks is decided on whole numbers.
/// No observations is undefined.
///
/// ```
/// use relief::estimate::statistics::{Values, quantile};
/// let sample = Values::from_slice(&[7.0, 3.0, 5.0, 4.0])?;
/// assert!((quantile::quantile(&sample, 25)? - 3.75).abs() < 1e-15); // R quantile(c(7, 3, 5, 4), 0.25)
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn quantile(sample: &Values, percent: u32) -> Result<f64, Undefined> {
    let n = sample.n();
    if n == 0 {
        return Err(Undefined::NoObservations);
    }
    if percent > 100 {
        return Err(Undefined::ProbabilityOutsideRange);
    }
    let hundredths = u128::from(n - 1) * u128::from(percent);
    let rank = u64::try_from(hundredths / 100).map_err(|_| Undefined::ValueOutsideRange)?;
    let fraction = u64::try_from(hundredths % 100).map_err(|_| Undefined::ValueOutsideRange)?;
    let low = sample.order_statistic(rank);
    if fraction == 0 {
        return Ok(low);
    }
    Ok(low + real(fraction) / 100.0 * (sample.order_statistic(rank + 1) - low))
}

#[cfg(test)]
mod tests {
    use super::quantile;
    use crate::estimate::statistics::{Undefined, Values};

    fn sample(values: &[f64]) -> Values {
        Values::from_slice(values).expect("finite values")
    }

    /// Expected values: R 4 `quantile(x, p, type = 7)`.
    #[test]
    fn quantiles_are_those_of_r() {
        let scores = sample(&[-8.0, -5.5, -5.0, -4.0, -4.0, -3.5, -2.0, -1.0, 0.0, 0.0, 0.5, 2.0]);
        for (percent, expected) in [(0, -8.0), (10, -5.45), (25, -4.25), (50, -2.75), (75, 0.0), (90, 0.45), (100, 2.0)]
        {
            let found = quantile(&scores, percent).expect("there are scores");
            assert!((found - expected).abs() < 1e-12, "{percent}: {found}");
        }
    }

    #[test]
    fn nobody_has_no_quantile_and_one_has_only_itself() {
        assert_eq!(quantile(&sample(&[]), 25), Err(Undefined::NoObservations));
        assert_eq!(quantile(&sample(&[-3.0]), 25), Ok(-3.0));
        assert_eq!(quantile(&sample(&[-3.0, 1.0]), 101), Err(Undefined::ProbabilityOutsideRange));
    }
}
