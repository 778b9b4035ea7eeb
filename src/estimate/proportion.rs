//! Tally of a proportion → rate with its Wilson interval.

use super::LEVEL;
use super::result::{ConfidenceInterval, Estimand, Statistic};
use super::statistics::{Undefined, proportion};
use super::tally::Tally;

/// Numerator and denominator under an estimand (definitions, measures.md §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// With the outcome, or counted as if.
    pub numerator: u64,
    /// Counted.
    pub denominator: u64,
}

impl Ratio {
    /// The ratio of a tally under an estimand. LOCF needs another outcome and
    /// has its own measure.
    pub fn of(tally: &Tally, estimand: Estimand) -> Self {
        let missing = tally.eligible - tally.observed;
        match estimand {
            Estimand::Oc => Self { numerator: tally.outcome, denominator: tally.observed },
            Estimand::Best => Self { numerator: tally.outcome + missing, denominator: tally.eligible },
            Estimand::Nri | Estimand::Bocf | Estimand::Worst | Estimand::Locf => {
                Self { numerator: tally.outcome, denominator: tally.eligible }
            }
        }
    }

    /// The rate with its interval (Wilson 1927, doi:10.1080/01621459.1927.10502953).
    pub fn rate(self, unit: &str) -> Statistic {
        let estimate = proportion::wilson(self.numerator, self.denominator, LEVEL);
        Statistic {
            name: "rate",
            value: estimate.map(|estimate| estimate.estimate).map_err(|why: Undefined| why.to_string()),
            unit: unit.to_owned(),
            interval: estimate.ok().map(|estimate| ConfidenceInterval {
                low: estimate.low,
                high: estimate.high,
                level: LEVEL,
                method: "wilson",
            }),
        }
    }
}
