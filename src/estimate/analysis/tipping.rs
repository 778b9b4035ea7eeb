//! How badly the lost would have to do: the tipping point of every rate that
//! names a reference, and of every mean change.

use super::Inputs;
use super::estimands::POPULATIONS;
use crate::estimate::LEVEL;
use crate::estimate::result::{CellKey, Derivation, Estimand, Estimate, Finding, Output, Statistic};
use crate::estimate::statistics::Undefined;
use crate::estimate::statistics::tipping_point::{Followed, Seen, mean_of_lost, share_of_lost};
use crate::protocol::{Measure, MeasureKind};

const OF_RATE: &[(&str, &str)] = &[("tipping_point", "share")];
const OF_POINTS: &[(&str, &str)] = &[("tipping_point", "points")];
const OF_PERCENT: &[(&str, &str)] = &[("tipping_point", "percent")];

pub(super) fn derivations(inputs: &Inputs<'_>, estimates: &[Estimate]) -> Vec<Derivation> {
    let observed = |estimate: &&Estimate| {
        let key = &estimate.key;
        key.estimand == Estimand::Oc && POPULATIONS.contains(&key.population) && key.is_margin()
    };
    let measure = |id: &str| inputs.protocol.measures.iter().find(|measure| measure.id == id);
    let planned = |estimate: &Estimate| plan(measure(&estimate.key.measure_id)?, estimate);
    estimates.iter().filter(observed).filter_map(planned).collect()
}

fn plan(measure: &Measure, observed: &Estimate) -> Option<Derivation> {
    let proportion = measure.kind == MeasureKind::Proportion;
    let estimand = if proportion { Estimand::Nri } else { Estimand::Bocf };
    let everyone = CellKey { estimand, ..observed.key.clone() };
    let reference = measure.reference;
    if proportion && reference.is_none() {
        return None;
    }
    let statistics = match (proportion, measure.kind) {
        (true, _) => OF_RATE,
        (false, MeasureKind::PercentChange) => OF_PERCENT,
        (false, _) => OF_POINTS,
    };
    let unit = statistics[0].1;
    let compute = move |shown: &[Option<&Estimate>]| {
        let [Some(observed), Some(everyone)] = shown else { return vec![nothing(unit)] };
        let value = match reference {
            Some(reference) => of_rate(observed, everyone, reference),
            None => of_mean(observed, everyone),
        };
        let value = value.map_err(|why| why.to_string());
        vec![Finding { n: everyone.n, numerator: None, statistics: vec![Statistic::new("tipping_point", unit, value)] }]
    };
    let output = Output { key: everyone.clone(), needs: vec![0, 1], statistics, maturity: observed.maturity };
    Some(Derivation { inputs: vec![observed.key.clone(), everyone], outputs: vec![output], compute: Box::new(compute) })
}

fn nothing(unit: &str) -> Finding {
    let why = Err(Undefined::NoObservations.to_string());
    Finding { n: 0, numerator: None, statistics: vec![Statistic::new("tipping_point", unit, why)] }
}

fn of_rate(observed: &Estimate, everyone: &Estimate, reference: f64) -> Result<f64, Undefined> {
    let events = everyone.numerator.ok_or(Undefined::NoObservations)?;
    share_of_lost(Followed { events, observed: observed.n, eligible: everyone.n }, reference, LEVEL)
}

fn of_mean(observed: &Estimate, everyone: &Estimate) -> Result<f64, Undefined> {
    let mean = observed.value_of("mean").ok_or(Undefined::TooFewObservations)?;
    let sd = observed.value_of("sd").ok_or(Undefined::TooFewObservations)?;
    mean_of_lost(Seen { observed: observed.n, eligible: everyone.n, mean, sd }, LEVEL)
}
