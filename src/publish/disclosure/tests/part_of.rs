//! Denominators within denominators: of horizons, of everyone treated, of the
//! steps of the flow and of measures that divide each other's people.

use proptest::prelude::*;

use super::cohort::{in_period, key, rate, strict};
use super::combination::Span;
use crate::estimate::analysis::safety::ASKED;
use crate::estimate::result::{CellKey, Estimand, Estimate, Population, Relations};
use crate::model::attrition::Attrition;
use crate::model::horizon::HORIZONS;
use crate::publish::disclosure::{Released, release};

fn at(measure: &str, horizon: &str, site: &str) -> CellKey {
    let key = in_period(key(measure), Population::ToDate, "2024Q1", "2025Q4");
    CellKey { horizon: horizon.to_owned(), site: site.to_owned(), ..key }
}

fn off_primary(estimate: Estimate) -> Estimate {
    estimate.related(Relations { off_primary: true, ..Relations::default() })
}

/// Everyone treated, and half of them without any outcome.
fn treated(site: &str, n: u64) -> Estimate {
    rate(CellKey { estimand: Estimand::Oc, ..at(ASKED, "all", site) }, n / 2, n)
}

/// The denominators shown, by measure, site and horizon.
fn shown(table: &Released) -> Vec<(String, u64)> {
    let rows = table.rows().iter().filter(|row| row.measure_id != "attrition");
    rows.filter_map(|row| Some((format!("{} {} {}", row.measure_id, row.site, row.horizon), row.n?))).collect()
}

fn released(estimates: Vec<Estimate>) -> Vec<(String, u64)> {
    shown(&release(estimates, &[], &Attrition::default(), &strict(11)))
}

fn named(all: &[(&str, u64)]) -> Vec<(String, u64)> {
    all.iter().map(|&(name, n)| (name.to_owned(), n)).collect()
}

#[test]
fn few_between_two_horizons_hide_the_other_one_and_leave_the_primary() {
    let of = |weeks: &str, n| rate(at("response_30", weeks, "all"), 40, n);
    let site = |weeks: &str| off_primary(rate(at("response_30", weeks, "site1"), 0, 0));
    let table = |later| released(vec![of("4w", 100), of("12w", 96), of("24w", later), site("4w"), site("24w")]);
    assert_eq!(table(60), named(&[("response_30 all 12w", 96), ("response_30 all 24w", 60)]));
    assert_eq!(table(90), named(&[("response_30 all 12w", 96)]));
}

#[test]
fn few_between_horizons_that_are_not_neighbours_are_few_too() {
    let of = |weeks: &str, n| rate(at("response_30", weeks, "all"), 40, n);
    let shown = released(vec![of("2w", 100), of("4w", 95), of("12w", 91)]);
    assert_eq!(shown.len(), 1, "{shown:?}");
}

#[test]
fn few_without_a_baseline_hide_how_many_were_treated() {
    let response = |n| rate(at("response_30", "12w", "all"), 40, n);
    assert_eq!(released(vec![treated("all", 100), response(95)]), named(&[("response_30 all 12w", 95)]));
    assert_eq!(released(vec![treated("all", 100), response(80)]).len(), 2);
    assert_eq!(released(vec![treated("all", 100), response(100)]).len(), 2);
}

#[test]
fn a_part_that_is_not_printed_at_another_horizon_costs_nothing_at_the_primary_one() {
    let cells = vec![
        rate(at("response_30", "12w", "all"), 60, 120),
        rate(at("response_30", "12w", "site1"), 30, 60),
        rate(at("response_30", "12w", "site2"), 30, 60),
        off_primary(rate(at("response_30", "24w", "site1"), 20, 55)),
        off_primary(rate(at("response_30", "24w", "site2"), 20, 56)),
    ];
    let expected = [("response_30 all 12w", 120), ("response_30 site1 12w", 60), ("response_30 site2 12w", 60)];
    assert_eq!(released(cells), named(&expected));
}

#[test]
fn the_rest_of_a_partition_is_protected() {
    let cell = |measure: &str, estimand, with, of| rate(CellKey { estimand, ..at(measure, "12w", "all") }, with, of);
    let known = |unconvertible, observed| {
        let cells = vec![
            cell("opioid_reduction_50", Estimand::Nri, 40, 100),
            cell("opioid_reduction_50", Estimand::Oc, 40, observed),
            cell("opioid_to_unconvertible", Estimand::Nri, unconvertible, 100),
        ];
        let table = release(cells, &[], &Attrition::default(), &strict(11));
        table.rows().iter().map(|row| row.numerator).collect::<Vec<_>>()
    };
    assert_eq!(known(15, 70), [Some(40), Some(40), Some(15)], "15 have no confirmed list");
    let hidden = known(27, 70);
    assert!(hidden[1].is_none() || hidden[2].is_none(), "three have no confirmed list: {hidden:?}");
}

#[test]
fn a_denominator_is_not_the_complement_of_the_measure_it_is_divided_from() {
    let of = |measure: &str, weeks: &str, with, n| rate(at(measure, weeks, "all"), with, n);
    let cells = vec![
        of("opioid_reduction_50", "12w", 40, 105),
        of("opioid_reduction_50", "24w", 40, 100),
        of("opioid_to_buprenorphine", "12w", 15, 120),
        of("opioid_to_buprenorphine", "24w", 20, 120),
    ];
    let table = release(cells, &[], &Attrition::default(), &strict(11));
    let known = |measure: &str, weeks: &str| {
        let row = table.rows().iter().find(|row| row.measure_id == measure && row.horizon == weeks);
        row.and_then(|row| {
            if measure == "opioid_reduction_50" { row.n } else { row.n.zip(row.numerator).map(|(n, with)| n - with) }
        })
    };
    let after = |weeks: &str| known("opioid_reduction_50", weeks).or(known("opioid_to_buprenorphine", weeks));
    assert!(after("12w").is_none() || after("24w").is_none(), "five switched in between");
}

/// A flow whose branches keep so many of 100, and the steps shown of it.
fn steps(due: [u64; 2], users: u64, due_users: u64) -> Vec<(String, f64)> {
    let mut flow = Attrition::default();
    flow.start("baseline_above_zero", "With pain", "series", 100);
    flow.start("due_4w", "Due at 4 weeks", "series", due[0]);
    flow.start("due_12w", "Due at 12 weeks", "series", due[1]);
    flow.start("opioid_users", "On opioids", "series", users);
    flow.start("opioid_due_12w", "Due at 12 weeks", "series", due_users);
    let table = release(Vec::new(), &[], &flow, &strict(11));
    let counts = table.rows().iter().filter(|row| row.statistic == "count");
    counts.filter_map(|row| Some((row.stratum_level.clone(), row.value?))).collect()
}

#[test]
fn few_not_yet_due_are_not_the_difference_of_two_steps() {
    assert_eq!(steps([89, 78], 60, 49).len(), 5);
    assert_eq!(steps([100, 100], 60, 60).len(), 5);
    let few = steps([95, 80], 60, 57);
    assert_eq!(few.len(), 3, "{few:?}");
    let together = steps([95, 91], 60, 20);
    assert_eq!(together.len(), 3, "five and four are nine: {together:?}");
}

#[test]
fn opioid_users_begun_too_late_are_not_the_difference_of_a_step_and_a_denominator() {
    let table = |due: u64| {
        let mut flow = Attrition::default();
        flow.start("opioid_users", "On opioids", "series", 150);
        flow.start("opioid_due_12w", "Due at 12 weeks", "series", due);
        let to_buprenorphine = rate(at("opioid_to_buprenorphine", "12w", "all"), 20, 100);
        let table = release(vec![to_buprenorphine], &[], &flow, &strict(11));
        table.rows().iter().map(|row| row.n.map(|n| n as f64).or(row.value)).collect::<Vec<_>>()
    };
    assert_eq!(table(120), [Some(150.0), Some(120.0), Some(100.0)]);
    assert_eq!(table(106), [Some(150.0), None, Some(100.0)]);
}

/// People of two sites by the last horizon they are due at; the first are treated
/// and in no denominator.
const STAGES: usize = HORIZONS.len() + 1;

fn due(site: usize, horizon: usize) -> Vec<i64> {
    let holds = |base: usize| (site == 0 || base / STAGES == site - 1) && base % STAGES >= horizon;
    (0..2 * STAGES).map(|base| i64::from(holds(base))).collect()
}

fn count(people: &[u64], functional: &[i64]) -> u64 {
    people.iter().zip(functional).filter(|(_, chosen)| **chosen == 1).map(|(people, _)| people).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_few_between_two_horizons_are_a_combination_of_printed_numbers(
        people in prop::collection::vec(prop_oneof![0..12_u64, 0..60_u64], 2 * STAGES),
    ) {
        let sites = ["all", "site1", "site2"];
        let mut functionals = Vec::new();
        let mut estimates = Vec::new();
        for (site, name) in sites.iter().enumerate() {
            functionals.push((format!("{ASKED} {name} all"), due(site, 0)));
            estimates.push(treated(name, count(&people, &due(site, 0))));
            for (at_horizon, horizon) in HORIZONS.iter().enumerate() {
                let n = count(&people, &due(site, at_horizon + 1));
                functionals.push((format!("response_30 {name} {}", horizon.id), due(site, at_horizon + 1)));
                let estimate = rate(at("response_30", horizon.id, name), n, n);
                estimates.push(if site > 0 && horizon.id != "12w" { off_primary(estimate) } else { estimate });
            }
        }
        let known: Vec<String> = released(estimates).into_iter().map(|(name, _)| name).collect();
        let mut span = Span::default();
        functionals.iter().filter(|(name, _)| known.contains(name)).for_each(|(_, of)| span.add(of.clone()));
        for site in 0..sites.len() {
            for outer in 0..STAGES {
                for inner in outer + 1..STAGES {
                    let between: Vec<i64> =
                        due(site, outer).iter().zip(due(site, inner)).map(|(outer, inner)| outer - inner).collect();
                    let secret = count(&people, &between);
                    prop_assert!(!(1..11).contains(&secret) || !span.holds(between), "{secret} of {people:?}");
                }
            }
        }
    }
}
