//! Benzodiazepines beside opioids, before and after, in the same patients.
//!
//! McNemar's mid-p looks at the patients who changed, and at nothing else. It is
//! computed from their two counts where both may be shown.

use super::{Inputs, too_few_seen};
use crate::estimate::result::{CellKey, Derivation, Estimand, Estimate, Finding, Maturity, Output, Statistic, Test};
use crate::estimate::statistics::Undefined;
use crate::estimate::statistics::mcnemar::mcnemar;
use crate::protocol::BUILT_IN_RESULTS;

/// The change in the share with both.
pub const CHANGE: &str = "benzodiazepine_change";
const ENDED: &str = "benzodiazepine_ended";
const BEGUN: &str = "benzodiazepine_begun";
const STATISTICS: &[(&str, &str)] = &[("difference", "share")];

/// One change for each place with both discordant counts.
pub(super) fn derivations(inputs: &Inputs<'_>, estimates: &[Estimate]) -> Vec<Derivation> {
    let order = BUILT_IN_RESULTS.iter().position(|known| *known == CHANGE).expect("it is listed");
    let measure = |id: &str| inputs.protocol.measures.iter().position(|measure| measure.id == id);
    let (Some(_), Some(begun)) = (measure(ENDED), measure(BEGUN)) else { return Vec::new() };
    let ended = estimates.iter().filter(|one| one.key.measure_id == ENDED && one.key.estimand == Estimand::Oc);
    ended
        .map(|estimate| {
            let key = &estimate.key;
            let other = CellKey {
                measure_order: begun,
                measure_id: BEGUN.to_owned(),
                measure_version: inputs.protocol.measures[begun].version,
                ..key.clone()
            };
            let change = CellKey {
                measure_order: inputs.protocol.measures.len() + order,
                measure_id: CHANGE.to_owned(),
                measure_version: 1,
                ..key.clone()
            };
            let everyone = CellKey { estimand: Estimand::Nri, ..key.clone() };
            let mature = estimate.maturity == Maturity::Mature;
            let output = Output { key: change, needs: vec![0, 1], statistics: STATISTICS, maturity: estimate.maturity };
            Derivation {
                inputs: vec![key.clone(), other, everyone],
                outputs: vec![output],
                compute: Box::new(move |shown| compute(shown, mature)),
            }
        })
        .collect()
}

fn compute(inputs: &[Option<&Estimate>], mature: bool) -> Vec<Finding> {
    let count = |input: usize| inputs[input].and_then(|estimate| estimate.numerator);
    let n = inputs[0].map_or(0, |estimate| estimate.n);
    // Nothing is judged while windows are open, nor where few have both lists.
    let judged = mature && inputs[2].is_some_and(|due| !too_few_seen(n, due.n));
    let change = count(0).zip(count(1)).ok_or(Undefined::NoObservations).and_then(|(ended, begun)| {
        let test = mcnemar(ended, begun)?;
        Ok((ended, begun, test.p_mid))
    });
    let statistic = match change {
        Ok((ended, begun, p_value)) if n > 0 => {
            let test = Test { p_value, method: "McNemar's test, mid-p".to_owned(), adjusted: None };
            let share = (begun as f64 - ended as f64) / n as f64;
            Statistic::new("difference", "share", Ok(share)).with_test(Some(test).filter(|_| judged))
        }
        Ok(_) => Statistic::new("difference", "share", Err(Undefined::NoObservations.to_string())),
        Err(why) => Statistic::new("difference", "share", Err(why.to_string())),
    };
    vec![Finding { n, numerator: None, statistics: vec![statistic] }]
}
