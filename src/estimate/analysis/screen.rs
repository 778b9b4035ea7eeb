//! Do conditions differ at all? One test over all conditions for each declared
//! rate, with the strength of the difference and the p-values adjusted for being
//! a screen (Benjamini–Hochberg). Conditions are not ranked.

use super::contrast::SMALLEST_EXPECTED;
use super::pooled::{POPULATIONS, count, families};
use super::{Inputs, SCREEN};
use crate::estimate::result::{CellKey, Derivation, Estimate, Finding, Output, Statistic, Test};
use crate::estimate::statistics::contingency::{Table, pearson};
use crate::estimate::statistics::fisher::{FisherMethod, r_by_c};
use crate::estimate::statistics::multiplicity::benjamini_hochberg;
use crate::estimate::statistics::{Undefined, contingency};

const STATISTICS: &[(&str, &str)] = &[("cramers_v", "1")];

/// Draws of the Monte-Carlo test, where the exact one would take too long.
const DRAWS: u32 = 20_000;
/// The same draws in every run.
const SEED: u64 = 20_260_930;

pub(super) fn derivations(inputs: &Inputs<'_>, estimates: &[Estimate]) -> Vec<Derivation> {
    let all = families(inputs, estimates);
    let of = |population| all.iter().filter(move |(of, ..)| *of == population);
    let screens =
        POPULATIONS.into_iter().map(|population| of(population).map(|(_, _, cells)| cells.as_slice()).collect());
    screens.filter(|screen: &Vec<&[&Estimate]>| !screen.is_empty()).map(|screen| plan(&screen)).collect()
}

/// One screen: every measure of a population.
fn plan(screen: &[&[&Estimate]]) -> Derivation {
    let lengths: Vec<usize> = screen.iter().map(|cells| cells.len()).collect();
    let compute = move |shown: &[Option<&Estimate>]| {
        let mut rest = shown;
        let of_measure = |&length: &usize| {
            let (mine, others) = rest.split_at(length);
            rest = others;
            finding(&mine.iter().copied().flatten().collect::<Vec<&Estimate>>())
        };
        adjusted(lengths.iter().map(of_measure).collect())
    };
    Derivation {
        inputs: screen.iter().flat_map(|cells| cells.iter().map(|cell| cell.key.clone())).collect(),
        outputs: screen.iter().map(|cells| output(cells[0])).collect(),
        compute: Box::new(compute),
    }
}

/// Nothing is needed: the screen is over the conditions that are shown.
fn output(cell: &Estimate) -> Output {
    let (name, level) = SCREEN;
    let key = CellKey {
        condition: super::ALL.to_owned(),
        condition_order: 0,
        stratum_name: name.to_owned(),
        stratum_level: level.to_owned(),
        ..cell.key.clone()
    };
    Output { key, needs: Vec::new(), statistics: STATISTICS, maturity: cell.maturity }
}

fn finding(shown: &[&Estimate]) -> Finding {
    let (name, unit) = STATISTICS[0];
    let rows: Vec<Vec<u64>> =
        shown.iter().map(|cell| count(cell)).map(|count| vec![count.events, count.of - count.events]).collect();
    let tested = Table::new(&rows).and_then(|table| Ok((pearson(&table)?, test(&table, shown.len())?)));
    let value = tested.as_ref().map(|(chi, _)| chi.cramers_v).map_err(ToString::to_string);
    let statistic = Statistic::new(name, unit, value).with_test(tested.ok().map(|(_, test)| test));
    Finding { n: shown.iter().map(|cell| cell.n).sum(), numerator: None, statistics: vec![statistic] }
}

fn test(table: &contingency::Table, conditions: usize) -> Result<Test, Undefined> {
    let chi = pearson(table)?;
    let over = format!("over the {conditions} conditions shown");
    let test = |p_value, method: String| Test { p_value, method, adjusted: None };
    if chi.smallest_expected >= SMALLEST_EXPECTED {
        return Ok(test(chi.p, format!("p: Pearson’s chi-squared {over}")));
    }
    let fisher = r_by_c(table, DRAWS, SEED)?;
    let how = match fisher.method {
        FisherMethod::Exact => "exact".to_owned(),
        FisherMethod::MonteCarlo { replicates } => format!("{replicates} seeded draws"),
    };
    Ok(test(fisher.p_two_sided, format!("p: Fisher–Freeman–Halton test, {how}, {over}")))
}

fn adjusted(mut findings: Vec<Finding>) -> Vec<Finding> {
    let p_value = |finding: &Finding| finding.statistics[0].test.as_ref().map(|test| test.p_value);
    let p_values: Vec<Option<f64>> = findings.iter().map(p_value).collect();
    let all = benjamini_hochberg(&p_values).unwrap_or_else(|_| vec![None; p_values.len()]);
    for (finding, p_adjusted) in findings.iter_mut().zip(all) {
        if let Some((test, p_adjusted)) = finding.statistics[0].test.as_mut().zip(p_adjusted) {
            test.adjusted = Some((p_adjusted, "benjamini_hochberg"));
        }
    }
    findings
}
