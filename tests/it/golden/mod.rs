//! Expected values, from the golden files, against what the library gives.
//!
//! Reads every `*.json` in `tests/reference/golden`, or in the directory that
//! `RELIEF_GOLDEN_DIR` names, and dispatches each case on its `stat`. A case of a stat
//! that no [`Kind`] knows is named and not failed. To add one, add a line to [`KINDS`].
#![expect(clippy::print_stdout, reason = "a test that reports how many cases ran")]

mod case;
mod compare;
mod paired;
mod proportions;
mod rules;
mod series;
mod special_functions;
mod tables;

use std::collections::BTreeMap;

use case::{Case, Golden};
use compare::Tolerance;
use serde_json::Value;

/// How the cases of one `stat` are computed and compared.
struct Kind {
    stat: &'static str,
    /// The library's answer, shaped as the case's `expected`; null where undefined.
    actual: fn(&Case, &Golden) -> Value,
    tolerance: Tolerance,
}

const fn kind(stat: &'static str, tolerance: Tolerance, actual: fn(&Case, &Golden) -> Value) -> Kind {
    Kind { stat, actual, tolerance }
}

/// Order is report order. Statistics first, then the sections of `golden_rules.json`: the
/// section is the stat, and the arguments are the whole case.
const KINDS: &[Kind] = &[
    kind("prop_ci.wilson", Tolerance::Closed, proportions::wilson),
    kind("prop_ci.wilson_cc", Tolerance::Closed, proportions::wilson_continuity),
    kind("prop_ci.clopper_pearson", Tolerance::Tail, proportions::clopper_pearson),
    kind("prop_ci.jeffreys", Tolerance::Tail, proportions::jeffreys),
    kind("prop_diff.newcombe", Tolerance::Closed, proportions::newcombe),
    kind("binom_test", Tolerance::Tail, proportions::binom_test),
    kind("rate.garwood", Tolerance::Tail, proportions::garwood),
    kind("eb.beta_binomial", Tolerance::Likelihood, proportions::beta_binomial),
    kind("reliability.icc1", Tolerance::Tail, paired::icc),
    kind("paired.t", Tolerance::Tail, paired::t),
    kind("paired.signed_rank", Tolerance::Tail, paired::signed_rank),
    kind("paired.hodges_lehmann", Tolerance::Closed, paired::hodges_lehmann),
    kind("paired.hl_ci_exact", Tolerance::Tail, paired::hodges_lehmann_exact),
    kind("paired.effect_size", Tolerance::Closed, paired::effect_size),
    kind("boot.bca", Tolerance::Tail, paired::bca),
    kind("mcnemar", Tolerance::Tail, tables::mcnemar),
    kind("table.chi2_fisher", Tolerance::Tail, tables::chi2_fisher),
    kind("kruskal", Tolerance::Tail, tables::kruskal),
    kind("multiplicity", Tolerance::Closed, tables::multiplicity),
    kind("km", Tolerance::Tail, series::kaplan_meier),
    kind("logrank", Tolerance::Tail, series::log_rank),
    kind("spc.xmr", Tolerance::Closed, series::xmr),
    kind("spc.p_laney", Tolerance::Closed, series::p_laney),
    kind("funnel.binomial", Tolerance::Tail, series::funnel),
    kind("special_function", Tolerance::SpecialFunction, special_functions::value),
    kind("mme", Tolerance::Closed, rules::mme),
    kind("responder", Tolerance::Closed, rules::responder),
    kind("estimands", Tolerance::Closed, rules::estimands),
    kind("suppression", Tolerance::Exact, rules::suppression),
    kind("rounding", Tolerance::Exact, rules::suppression),
];

#[test]
fn golden_values_are_met() {
    let golden = Golden::read();
    let mut ran: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unknown: BTreeMap<&str, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in &golden.cases {
        match KINDS.iter().find(|kind| kind.stat == case.stat) {
            Some(kind) => {
                *ran.entry(kind.stat).or_default() += 1;
                let actual = (kind.actual)(case, &golden);
                let differences = compare::differences(&case.expected, &actual, kind.tolerance);
                failures.extend(differences.into_iter().map(|d| format!("{}: {d}", case.id)));
            }
            None => *unknown.entry(&case.stat).or_default() += 1,
        }
    }
    for kind in KINDS {
        println!("{:6} {}", ran.get(kind.stat).copied().unwrap_or(0), kind.stat);
    }
    for (stat, cases) in &unknown {
        println!("{cases:6} {stat}: not implemented");
    }
    println!("{} cases ran, {} failed comparisons", ran.values().sum::<usize>(), failures.len());
    assert!(!ran.is_empty(), "no golden case was found in {}", golden.folder.display());
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
