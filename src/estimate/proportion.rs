//! Tally of a proportion → rate with its Wilson interval.

use super::LEVEL;
use super::result::{ConfidenceInterval, Estimand, Statistic};
use super::statistics::{Undefined, proportion};
use super::tally::Tally;
use crate::protocol::Direction;

/// Numerator and denominator under an estimand (definitions, measures.md §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// With the outcome, or counted as if.
    pub numerator: u64,
    /// Counted.
    pub denominator: u64,
}

impl Ratio {
    /// The ratio of a tally under an estimand; `None` for weighted rates, which
    /// are no ratio of counts. The bounds follow the direction: at worst every
    /// missing patient got worse, which for a measure of harm adds to it.
    pub fn of(tally: &Tally, estimand: Estimand, better: Direction) -> Option<Self> {
        let missing = tally.eligible - tally.observed;
        let filled_in = match estimand {
            Estimand::Oc => return Some(Self { numerator: tally.outcome, denominator: tally.observed }),
            Estimand::Ipw => return None,
            Estimand::Nri | Estimand::Bocf => 0,
            Estimand::Locf => tally.carried,
            Estimand::Best => {
                if better == Direction::Lower {
                    0
                } else {
                    missing
                }
            }
            Estimand::Worst => {
                if better == Direction::Lower {
                    missing
                } else {
                    0
                }
            }
        };
        Some(Self { numerator: tally.outcome + filled_in, denominator: tally.eligible })
    }

    /// The rate with its interval (Wilson 1927, doi:10.1080/01621459.1927.10502953).
    pub fn rate(self, unit: &str) -> Statistic {
        let estimate = proportion::wilson(self.numerator, self.denominator, LEVEL);
        let value = estimate.map(|estimate| estimate.estimate).map_err(|why: Undefined| why.to_string());
        Statistic::new("rate", unit, value).with_interval(estimate.ok().map(|estimate| ConfidenceInterval {
            low: estimate.low,
            high: estimate.high,
            level: LEVEL,
            method: "wilson",
        }))
    }
}
