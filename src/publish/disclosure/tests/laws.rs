//! What holds for every release.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::cohort::{People, by_site_and_condition, strict};
use crate::estimate::result::{Estimand, Estimate};
use crate::model::attrition::Attrition;
use crate::publish::disclosure::{Released, release};
use crate::publish::results::{Axis, ResultRow};

fn people(most: u64) -> impl Strategy<Value = People> {
    let count = move || prop_oneof![2 => 0..=most, 1 => Just(0), 1 => 0..=most.min(12)];
    (count(), count(), count(), count()).prop_map(|(half, third, less, missing)| People { half, third, less, missing })
}

pub(super) fn table(most: u64) -> impl Strategy<Value = Vec<Vec<People>>> {
    (1..5_usize, 1..4_usize).prop_flat_map(move |(sites, conditions)| {
        prop::collection::vec(prop::collection::vec(people(most), conditions), sites)
    })
}

fn released(estimates: Vec<Estimate>) -> Released {
    release(estimates, &[], &Attrition::default(), &strict(11))
}

fn is_small(count: u64) -> bool {
    (1..11).contains(&count)
}

/// Every number of people a row prints.
fn counts(row: &ResultRow) -> [Option<u64>; 3] {
    [row.n, row.numerator, row.denominator.zip(row.numerator).map(|(of, with)| of - with)]
}

/// A margin and its parts along one axis, as printed.
fn margins(table: &Released, axis: Axis) -> Vec<(&ResultRow, Vec<&ResultRow>)> {
    let mut lines: BTreeMap<[&str; 4], (Option<&ResultRow>, Vec<&ResultRow>)> = BTreeMap::new();
    for row in table.rows() {
        let (level, other) = match axis {
            Axis::Site => (&row.site, &row.condition),
            Axis::Condition | Axis::Stratum => (&row.condition, &row.site),
        };
        let line = lines.entry([&row.measure_id, row.estimand.id(), &row.statistic, other]).or_default();
        if level == "all" { line.0 = Some(row) } else { line.1.push(row) }
    }
    lines.into_values().filter_map(|(total, parts)| Some((total?, parts))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_small_number_is_shown(cells in table(60)) {
        for row in released(by_site_and_condition(&cells)).rows() {
            prop_assert!(!counts(row).into_iter().flatten().any(is_small), "{}", row.result_id);
            prop_assert_eq!(row.value.is_none() && row.n != Some(0), row.suppression.hides());
            prop_assert!(!row.suppression.hides() || (row.ci_low.is_none() && row.numerator.is_none()));
        }
    }

    #[test]
    fn no_margin_less_its_shown_parts_is_small(cells in table(60)) {
        let table = released(by_site_and_condition(&cells));
        for axis in [Axis::Site, Axis::Condition] {
            for (total, parts) in margins(&table, axis) {
                for count in 0..3 {
                    let Some(total) = counts(total)[count] else { continue };
                    let shown: Vec<u64> = parts.iter().filter_map(|row| counts(row)[count]).collect();
                    let left = total - shown.iter().sum::<u64>();
                    prop_assert!(!is_small(left));
                    prop_assert!(shown.len() + 1 != parts.len() || parts.len() == 1, "one hidden part follows");
                }
            }
        }
    }

    #[test]
    fn estimands_and_nested_measures_differ_by_no_small_number(cells in table(60)) {
        let table = released(by_site_and_condition(&cells));
        let find = |row: &ResultRow, measure: &str, estimand: Estimand| {
            table.rows().iter().find(|other| {
                other.measure_id == measure && other.estimand == estimand
                    && other.site == row.site && other.condition == row.condition
            })
        };
        for row in table.rows().iter().filter(|row| row.measure_id == "response_30" && row.estimand == Estimand::Nri) {
            let observed = find(row, "response_30", Estimand::Oc).expect("made for every cell");
            let half = find(row, "response_50", Estimand::Nri).expect("made for every cell");
            let missing = row.n.zip(observed.n).map(|(all, observed)| all - observed);
            let between = row.numerator.zip(half.numerator).map(|(third, half)| third - half);
            prop_assert!(!missing.into_iter().chain(between).any(is_small));
        }
    }

    #[test]
    fn the_order_of_estimates_does_not_matter(cells in table(60), seed in any::<u64>()) {
        let estimates = by_site_and_condition(&cells);
        let mut mixed = estimates.clone();
        mixed.sort_by_key(|estimate| {
            let text = format!("{:?}{seed}", estimate.key);
            text.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
        });
        let (one, other) = (released(estimates), released(mixed));
        prop_assert_eq!(one.rows(), other.rows());
    }

    #[test]
    fn counts_of_the_same_people_agree(cells in table(60)) {
        let table = released(by_site_and_condition(&cells));
        let mut seen: BTreeMap<(&str, &str, bool), Option<u64>> = BTreeMap::new();
        for row in table.rows() {
            let cell = (row.site.as_str(), row.condition.as_str(), row.estimand == Estimand::Oc);
            prop_assert_eq!(*seen.entry(cell).or_insert(row.n), row.n, "{}", &row.result_id);
        }
    }
}
