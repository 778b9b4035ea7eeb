//! What follows from several cells, and cells that say how they hang together.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::cohort::{by_site_and_condition, key, place, rate, strict};
use super::combination::Span;
use super::laws::table;
use crate::estimate::result::{
    CellKey, Derivation, Estimand, Estimate, Finding, Maturity, Output, Relations, Statistic,
};
use crate::model::attrition::Attrition;
use crate::protocol::{DisclosureProfile, Rounding};
use crate::publish::disclosure::{Released, release};
use crate::publish::results::{ResultRow, Suppression, result_id};

const NAMES: &[(&str, &str)] = &[("sum", "patients")];

/// The sum of what is shown, for each cell beside it, noting what was shown.
fn sums(cells: &[CellKey], seen: &Arc<Mutex<Vec<bool>>>) -> Derivation {
    let seen = Arc::clone(seen);
    let compute = move |shown: &[Option<&Estimate>]| {
        *seen.lock().expect("nobody panics while noting") = shown.iter().map(Option::is_some).collect();
        let sum: u64 = shown.iter().flatten().map(|cell| cell.n).sum();
        let finding =
            || Finding { n: sum, numerator: None, statistics: vec![Statistic::new("sum", "patients", Ok(sum as f64))] };
        shown.iter().map(|_| finding()).collect()
    };
    let output = |(at, key): (usize, &CellKey)| Output {
        key: key.clone(),
        needs: vec![at],
        statistics: NAMES,
        maturity: Maturity::Mature,
    };
    Derivation {
        inputs: cells.to_vec(),
        outputs: cells.iter().enumerate().map(output).collect(),
        compute: Box::new(compute),
    }
}

fn released(estimates: Vec<Estimate>, derivations: &[Derivation], profile: &DisclosureProfile) -> Released {
    release(estimates, derivations, &Attrition::default(), profile)
}

fn row<'r>(table: &'r Released, key: &CellKey, statistic: &str) -> &'r ResultRow {
    table.by_id(&result_id(key, statistic)).expect("a hidden number keeps its row")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_derivation_sees_shown_cells_only_and_is_hidden_with_what_it_needs(cells in table(40)) {
        let estimates = by_site_and_condition(&cells);
        let rates = |estimate: &&Estimate| estimate.key.measure_id == "response_30" && estimate.key.estimand == Estimand::Nri;
        let keys: Vec<CellKey> = estimates.iter().filter(rates).map(|estimate| estimate.key.clone()).collect();
        let seen = Arc::default();
        let table = released(estimates, &[sums(&keys, &seen)], &strict(11));
        let seen = seen.lock().expect("nobody panics while noting").clone();
        for (key, seen) in keys.iter().zip(seen) {
            let (input, output) = (row(&table, key, "rate"), row(&table, key, "sum"));
            prop_assert_eq!(seen, !input.suppression.hides());
            prop_assert_eq!(output.value.is_some(), seen);
            prop_assert!(seen || (output.n.is_none() && output.suppression == Suppression::Complementary));
        }
    }
}

#[test]
fn nothing_is_derived_from_rounded_counts() {
    let cell = rate(key("response_30"), 30, 60);
    let keys = [cell.key.clone()];
    let rounded = DisclosureProfile { rounding: Rounding::Midpoint6, ..strict(11) };
    let seen = Arc::default();
    let table = released(vec![cell], &[sums(&keys, &seen)], &rounded);
    assert_eq!(*seen.lock().expect("nobody panics while noting"), [false]);
    assert!(row(&table, &keys[0], "rate").value.is_some() && row(&table, &keys[0], "sum").value.is_none());
}

#[test]
fn what_rests_on_a_hidden_cell_is_hidden() {
    let weighted = |observed: u64| {
        let [imputed, seen, weights] =
            [Estimand::Nri, Estimand::Oc, Estimand::Ipw].map(|estimand| CellKey { estimand, ..key("response_30") });
        let statistics = vec![Statistic::new("rate", "share", Ok(0.123_456))];
        let rests_on = vec![imputed.clone(), seen.clone()];
        let cells = vec![
            rate(imputed, 30, 64),
            rate(seen, 30, observed),
            Estimate::new(weights.clone(), 64, None, statistics, Maturity::Mature)
                .related(Relations { rests_on, ..Relations::default() }),
        ];
        row(&released(cells, &[], &strict(11)), &weights, "rate").value
    };
    assert_eq!(weighted(60), None, "four are missing");
    assert_eq!(weighted(45), Some(0.123), "strata are smaller than any cell: three decimals");
}

/// Two conditions of one class, and a third.
fn classes(people: [(u64, u64); 3]) -> Released {
    let of = |numbers: &[usize]| numbers.iter().fold((0, 0), |(with, n), &at| (with + people[at].0, n + people[at].1));
    let level = |order: usize, level: &str, (with, n): (u64, u64), parts: &[usize]| {
        let key = CellKey {
            stratum_name: "pain_class".to_owned(),
            stratum_order: order,
            stratum_level: level.to_owned(),
            ..place(0, 0)
        };
        let sum_of = parts.iter().map(|&part| place(0, part + 1)).collect();
        rate(key, with, n).related(Relations { sum_of, ..Relations::default() })
    };
    let (everyone, two) = (of(&[0, 1, 2]), of(&[0, 1]));
    let mut cells = vec![
        rate(place(0, 0), everyone.0, everyone.1),
        level(0, "two", two, &[0, 1]),
        level(1, "one", people[2], &[2]),
    ];
    cells.extend((0..3).map(|at| rate(place(0, at + 1), people[at].0, people[at].1)));
    released(cells, &[], &strict(11))
}

#[test]
fn a_small_condition_is_not_its_class_less_the_other() {
    let table = classes([(40, 80), (3, 7), (40, 80)]);
    let shown = |condition: &str, level: &str| {
        let fits = |row: &&ResultRow| row.condition == condition && row.stratum_level == level;
        table.rows().iter().find(fits).expect("a row for every cell").n.is_some()
    };
    assert!(!shown("condition2", "all"), "seven patients");
    assert!(!(shown("condition1", "all") && shown("all", "two")), "80 of 87 leave seven");
    assert!(shown("all", "all"));
}

/// Patients by condition counted under, and by a second condition (0 = none).
type Pairs = Vec<[u64; 4]>;

const CONDITIONS: usize = 3;

/// Which patients a cell counts, for each pair.
fn functional(counts: impl Fn(usize, usize) -> bool) -> Vec<i64> {
    let pairs = (0..CONDITIONS).flat_map(|first| (0..=CONDITIONS).map(move |second| (first, second)));
    pairs.map(|(first, second)| i64::from(counts(first, second))).collect()
}

fn sum(people: &Pairs, functional: &[i64]) -> u64 {
    people.iter().flatten().zip(functional).filter(|(_, counts)| **counts == 1).map(|(people, _)| people).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// A condition under either view, and the difference: those who have it beside
    /// the one they are counted under.
    #[test]
    fn views_of_a_condition_give_no_small_count_away(most in 1..60_u64, seed in prop::collection::vec(0..60_u64, 12)) {
        let mut people: Pairs = seed.chunks(4).map(|four| [four[0], four[1], four[2], four[3]].map(|n| n % (most + 1))).collect();
        (0..CONDITIONS).for_each(|first| people[first][first + 1] = 0);
        let counted = |condition: usize| functional(move |first, _| first == condition);
        let any = |condition: usize| functional(move |first, second| first == condition || second == condition + 1);
        let everyone = functional(|_, _| true);
        let half = |n: u64| n / 2;
        let mut cells = vec![(place(0, 0), everyone.clone(), Relations::default())];
        for condition in 0..CONDITIONS {
            let primary = place(0, condition + 1);
            let key = CellKey { stratum_name: "condition_view".to_owned(), stratum_level: "any".to_owned(), ..primary.clone() };
            let relations = Relations { contains: vec![primary.clone()], part_of: vec![place(0, 0)], ..Relations::default() };
            cells.push((primary, counted(condition), Relations::default()));
            cells.push((key, any(condition), relations));
        }
        let estimates = cells.iter().map(|(key, functional, relations)| {
            let n = sum(&people, functional);
            // Denominators alone: numerators are protected in the same way.
            Estimate::new(key.clone(), n, None, vec![Statistic::new("mean", "points", Ok(half(n) as f64))], Maturity::Mature)
                .related(relations.clone())
        });
        let table = released(estimates.collect(), &[], &strict(11));
        let mut known = Span::default();
        for (key, functional, _) in &cells {
            if row(&table, key, "mean").n.is_some() {
                known.add(functional.clone());
            }
        }
        for condition in 0..CONDITIONS {
            let beside = functional(move |first, second| first != condition && second == condition + 1);
            let without = functional(move |first, second| first != condition && second != condition + 1);
            for secret in [counted(condition), any(condition), beside, without] {
                let small = (1..11).contains(&sum(&people, &secret));
                prop_assert!(!small || !known.holds(secret.clone()), "{secret:?} of {people:?}");
            }
        }
    }
}
