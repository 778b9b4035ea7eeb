//! Do conditions differ at all? One test over all conditions for each declared
//! rate, with the strength of the difference and the p-values adjusted for being
//! a screen (Benjamini–Hochberg). Conditions are not ranked.

use super::contrast::{SMALLEST_EXPECTED, is_lost};
use super::pooled::{POPULATIONS, count, families};
use super::{Inputs, SCREEN};
use crate::estimate::result::{CellKey, Derivation, Estimand, Estimate, Finding, Output, Statistic, Test};
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
            let (mine, others) = rest.split_at(2 * length);
            rest = others;
            let (imputed, observed) = mine.split_at(length);
            let followed = imputed.iter().zip(observed).filter_map(|(&cell, &seen)| Some((cell?, seen)));
            let followed = followed.filter(|(cell, seen)| !is_lost(cell, *seen)).map(|(cell, _)| cell);
            finding(&followed.collect::<Vec<&Estimate>>())
        };
        adjusted(lengths.iter().map(of_measure).collect())
    };
    Derivation {
        inputs: screen.iter().flat_map(|cells| keys(cells)).collect(),
        outputs: screen.iter().map(|cells| output(cells[0])).collect(),
        compute: Box::new(compute),
    }
}

/// The cells, and those that tell with them how many were seen: a condition of which
/// too few were takes no part.
fn keys(cells: &[&Estimate]) -> Vec<CellKey> {
    let reported = cells.iter().map(|cell| cell.key.clone());
    let other = |estimand| if estimand == Estimand::Oc { Estimand::Nri } else { Estimand::Oc };
    reported.clone().chain(reported.map(|key| CellKey { estimand: other(key.estimand), ..key })).collect()
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
    let over = format!("over the {conditions} conditions shown and seen again");
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

#[cfg(test)]
mod tests {
    use super::{keys, plan};
    use crate::estimate::result::{CellKey, Estimand, Estimate, Maturity, Population};

    fn cell(condition: &str, estimand: Estimand, (events, of): (u64, u64)) -> Estimate {
        let key = CellKey {
            measure_order: 0,
            measure_id: "response_30".to_owned(),
            measure_version: 1,
            population: Population::RollingYear,
            period_start: None,
            period_end: None,
            site: "all".to_owned(),
            condition_order: 1,
            condition: condition.to_owned(),
            stratum_name: "all".to_owned(),
            stratum_order: 0,
            stratum_level: "all".to_owned(),
            horizon_day: 84,
            horizon: "12w".to_owned(),
            estimand,
        };
        Estimate::new(key, of, Some(events), Vec::new(), Maturity::Mature)
    }

    /// 60 of 100, 50 of 100 and 40 of 100: chi-squared 8, p 0.0183 (scipy 1.17.1).
    #[test]
    fn a_condition_that_lost_too_many_takes_no_part() {
        let conditions = [("crps_1", (60, 100)), ("migraine", (50, 100)), ("fibromyalgia", (40, 100))];
        let imputed = conditions.map(|(condition, count)| cell(condition, Estimand::Nri, count));
        let planned = plan(&[&imputed.each_ref()]);
        assert_eq!(planned.inputs, keys(&imputed.each_ref()));
        let screened = |seen: [u64; 3]| {
            let observed = [0, 1, 2].map(|at| cell(conditions[at].0, Estimand::Oc, (conditions[at].1.0, seen[at])));
            let shown: Vec<Option<&Estimate>> = imputed.iter().chain(&observed).map(Some).collect();
            (planned.compute)(&shown).remove(0)
        };
        let all = screened([100, 90, 60]);
        let test = all.statistics[0].test.as_ref().expect("three conditions");
        assert!((test.p_value - 0.018_315_638_888_734_18).abs() < 1e-12, "{}", test.p_value);
        assert_eq!((all.n, screened([100, 90, 59]).n, screened([100, 59, 59]).n), (300, 200, 100));
        assert!(screened([100, 59, 59]).statistics[0].value.is_err(), "one condition differs from none");
    }
}
