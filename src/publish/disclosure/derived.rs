//! What follows from several cells, computed from those that are shown.
//!
//! A difference, a test or a pooled rate is a function of counts. Computed from
//! shown counts alone it tells nothing new, and no hidden count can be worked out
//! of it, whatever the function. Where counts are shown rounded, a function of the
//! true ones would say more than they do and one of the rounded ones something
//! false: nothing is derived.

use std::collections::BTreeMap;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::verdict::{CellVerdict, Verdict};
use crate::estimate::result::{CellKey, Derivation, Estimate, Finding, Output, Statistic};
use crate::protocol::{DisclosureProfile, Rounding};

/// One estimate for each output, with its verdict.
pub(super) fn estimates(
    estimates: &[Estimate],
    verdicts: &[CellVerdict],
    derivations: &[Derivation],
    profile: &DisclosureProfile,
) -> Vec<(Estimate, CellVerdict)> {
    let cells: BTreeMap<&CellKey, (&Estimate, CellVerdict)> =
        estimates.iter().zip(verdicts).map(|(estimate, &verdict)| (&estimate.key, (estimate, verdict))).collect();
    let shown = |key: &CellKey| {
        let (estimate, verdict) = *cells.get(key)?;
        (verdict.statistics == Verdict::Shown && profile.rounding == Rounding::None).then_some(estimate)
    };
    // Side by side one by one, and collected in their order: pooled rates are integrals
    // and exact tests enumerations, which stand next to each other.
    derivations.par_iter().with_max_len(1).flat_map_iter(|derivation| fill(derivation, shown)).collect()
}

fn fill<'e>(derivation: &Derivation, shown: impl Fn(&CellKey) -> Option<&'e Estimate>) -> Vec<(Estimate, CellVerdict)> {
    let inputs: Vec<Option<&Estimate>> = derivation.inputs.iter().map(shown).collect();
    let findings = (derivation.compute)(&inputs);
    assert_eq!(findings.len(), derivation.outputs.len(), "a derivation finds something for each of its outputs");
    let outputs = derivation.outputs.iter().zip(findings);
    outputs.map(|(output, finding)| decide(output, finding, &inputs)).collect()
}

fn decide(output: &Output, finding: Finding, inputs: &[Option<&Estimate>]) -> (Estimate, CellVerdict) {
    let names = finding.statistics.iter().map(|statistic| statistic.name);
    assert!(names.eq(output.statistics.iter().map(|(name, _)| *name)), "a derivation finds what it announced");
    if output.needs.iter().all(|&input| inputs[input].is_some()) && inputs.iter().any(Option::is_some) {
        let verdict = CellVerdict { n: Verdict::Shown, statistics: Verdict::Shown };
        let estimate =
            Estimate::new(output.key.clone(), finding.n, finding.numerator, finding.statistics, output.maturity);
        return (estimate, verdict);
    }
    let hidden = |&(name, unit): &(&'static str, &str)| Statistic::new(name, unit, Err(String::new()));
    let statistics = output.statistics.iter().map(hidden).collect();
    let verdict = CellVerdict { n: Verdict::Covers, statistics: Verdict::Covers };
    (Estimate::new(output.key.clone(), 0, None, statistics, output.maturity), verdict)
}
