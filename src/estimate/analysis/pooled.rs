//! Rates of conditions drawn towards each other, the more the smaller the
//! condition: beside the raw rate, never instead of it.

use super::{ALL, Inputs};
use crate::estimate::LEVEL;
use crate::estimate::result::{
    CellKey, ConfidenceInterval, Derivation, Estimate, Finding, Output, Population, Statistic,
};
use crate::estimate::statistics::partial_pooling::partial_pooling;
use crate::estimate::statistics::proportion_difference::Count;
use crate::protocol::{Measure, MeasureKind};

/// The populations that are split by condition.
pub(super) const POPULATIONS: [Population; 2] = [Population::RollingYear, Population::ToDate];

const STATISTICS: &[(&str, &str)] = &[("rate_pooled", "share")];

pub(super) fn derivations(inputs: &Inputs<'_>, estimates: &[Estimate]) -> Vec<Derivation> {
    families(inputs, estimates).into_iter().map(|(_, _, cells)| pool(&cells)).collect()
}

/// The cells by condition of every declared rate at the primary horizon, for
/// each population.
pub(super) fn families<'a>(
    inputs: &Inputs<'a>,
    estimates: &'a [Estimate],
) -> Vec<(Population, &'a Measure, Vec<&'a Estimate>)> {
    let declared = |measure: &&Measure| measure.declared && measure.kind == MeasureKind::Proportion;
    let measures: Vec<&Measure> = inputs.protocol.measures.iter().filter(declared).collect();
    let primary = inputs.protocol.study.primary_horizon.id;
    let mut all = Vec::new();
    for population in POPULATIONS {
        for measure in &measures {
            let of_family = |key: &CellKey| {
                key.measure_id == measure.id
                    && key.population == population
                    && key.horizon == primary
                    && key.estimand == super::reported(measure)
                    && key.condition != ALL
                    && (key.site.as_str(), key.stratum_name.as_str()) == (ALL, ALL)
            };
            let cells: Vec<&Estimate> = estimates.iter().filter(|estimate| of_family(&estimate.key)).collect();
            if !cells.is_empty() {
                all.push((population, *measure, cells));
            }
        }
    }
    all
}

fn pool(cells: &[&Estimate]) -> Derivation {
    let output = |(number, cell): (usize, &&Estimate)| Output {
        key: cell.key.clone(),
        needs: vec![number],
        statistics: STATISTICS,
        maturity: cell.maturity,
    };
    Derivation {
        inputs: cells.iter().map(|cell| cell.key.clone()).collect(),
        outputs: cells.iter().enumerate().map(output).collect(),
        compute: Box::new(find),
    }
}

/// Draws the shown rates towards each other; a hidden one takes no part.
fn find(shown: &[Option<&Estimate>]) -> Vec<Finding> {
    let groups: Vec<Count> = shown.iter().map(|cell| cell.map_or(Count { events: 0, of: 0 }, count)).collect();
    let pooled = partial_pooling(&groups, LEVEL);
    let finding = |(number, group): (usize, &Count)| {
        let shrunk = pooled.as_ref().map(|pooled| pooled.groups[number].shrunk);
        let interval = shrunk.as_ref().ok().map(|shrunk| ConfidenceInterval {
            low: shrunk.low,
            high: shrunk.high,
            level: LEVEL,
            method: "beta_binomial_posterior",
        });
        let (name, unit) = STATISTICS[0];
        let value = shrunk.map(|shrunk| shrunk.estimate).map_err(ToString::to_string);
        Finding {
            n: group.of,
            numerator: None,
            statistics: vec![Statistic::new(name, unit, value).with_interval(interval)],
        }
    };
    groups.iter().enumerate().map(finding).collect()
}

pub(super) fn count(estimate: &Estimate) -> Count {
    Count { events: estimate.numerator.unwrap_or_default(), of: estimate.n }
}
