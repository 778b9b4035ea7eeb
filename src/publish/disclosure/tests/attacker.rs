//! Attackers with more patience than the audit: one tries every population that
//! fits the released table, one eliminates exactly.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::cohort::{People, by_site_and_condition, strict};
use crate::estimate::result::Estimand;
use crate::model::attrition::Attrition;
use crate::publish::disclosure::closure::Closure;
use crate::publish::disclosure::linear::giveaways;
use crate::publish::disclosure::network::{Draft, Network};
use crate::publish::disclosure::{Released, audit, release};

const THRESHOLD: u64 = 3;
/// The attacker looks at no larger cell: enough to find two fitting ones.
const MOST: u64 = 9;

/// What is printed of one site: eligible, observed, and with 30 and 50 % less pain.
fn printed(table: &Released, site: &str) -> [Option<u64>; 4] {
    let row = |measure: &str, estimand| {
        let mut rows = table.rows().iter();
        rows.find(|row| {
            row.site == site && row.condition == "all" && row.measure_id == measure && row.estimand == estimand
        })
        .expect("made for every cell")
    };
    let [third, half] = ["response_30", "response_50"]
        .map(|measure| row(measure, Estimand::Nri).numerator.or(row(measure, Estimand::Oc).numerator));
    [row("response_30", Estimand::Nri).n, row("response_30", Estimand::Oc).n, third, half]
}

fn facts(people: People) -> [u64; 4] {
    [people.all(), people.observed(), people.half + people.third, people.half]
}

/// Everything that must not be known of a cell while it is small.
fn secrets(people: People) -> [u64; 8] {
    let third = people.half + people.third;
    let [all, observed] = [people.all(), people.observed()];
    [all, observed, third, people.half, all - third, observed - third, people.missing, people.third]
}

fn fits(people: People, printed: [Option<u64>; 4]) -> bool {
    facts(people).into_iter().zip(printed).all(|(fact, printed)| printed.is_none_or(|printed| printed == fact))
}

fn every_cell() -> Vec<People> {
    let mut all = Vec::new();
    for half in 0..=MOST {
        for third in 0..=MOST - half {
            for less in 0..=MOST - half - third {
                all.extend((0..=MOST - half - third - less).map(|missing| People { half, third, less, missing }));
            }
        }
    }
    all
}

fn small_people() -> impl Strategy<Value = People> {
    (0..4_u64, 0..4_u64, 0..4_u64, 0..4_u64)
        .prop_map(|(half, third, less, missing)| People { half, third, less, missing })
        .prop_filter("within reach of the attacker", |people| people.all() < MOST)
}

/// The values each secret takes over all worlds that fit.
fn possible(table: &Released, cells: &[People]) -> Vec<[BTreeSet<u64>; 8]> {
    let of = |site: &str| cells.iter().copied().filter(|cell| fits(*cell, printed(table, site))).collect::<Vec<_>>();
    let (first, second, both) = (of("site1"), of("site2"), printed(table, "all"));
    let mut values: Vec<[BTreeSet<u64>; 8]> = vec![Default::default(); 3];
    for &one in &first {
        for &other in second.iter().filter(|other| fits(one.plus(**other), both)) {
            for (seen, people) in values.iter_mut().zip([one, other, one.plus(other)]) {
                for (seen, secret) in seen.iter_mut().zip(secrets(people)) {
                    seen.insert(secret);
                }
            }
        }
    }
    values
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trying_every_population_pins_no_small_count(one in small_people(), other in small_people()) {
        let estimates = by_site_and_condition(&[vec![one], vec![other]]);
        let table = release(estimates, &[], &Attrition::default(), &strict(THRESHOLD));
        let possible = possible(&table, &every_cell());
        for (people, values) in [one, other, one.plus(other)].into_iter().zip(possible) {
            for (secret, values) in secrets(people).into_iter().zip(values) {
                prop_assert!(values.contains(&secret), "the true population fits");
                prop_assert!(!(1..THRESHOLD).contains(&secret) || values.len() > 1, "{secret} of {people:?}");
            }
        }
    }
}

/// A table as a network: cells by row, then row and column totals.
fn network(table: &[Vec<u64>]) -> Network {
    let mut draft = Draft::default();
    let width = table[0].len();
    let cells: Vec<Vec<usize>> =
        table.iter().map(|row| row.iter().map(|&count| draft.printed(count, 0)).collect()).collect();
    for (row, atoms) in table.iter().zip(&cells) {
        let total = draft.printed(row.iter().sum(), 0);
        draft.sum(total, atoms.clone());
    }
    for j in 0..width {
        let total = draft.printed(table.iter().map(|row| row[j]).sum(), 0);
        draft.sum(total, cells.iter().map(|row| row[j]).collect());
    }
    draft.finish()
}

/// Which hidden atoms the lines determine, by sparse elimination.
fn determined(network: &Network, hidden: &[bool]) -> Vec<bool> {
    let areas = network.areas(&network.atoms().collect(), hidden);
    let found: Vec<usize> =
        areas.iter().flat_map(|area| giveaways(network, area, |_| true, usize::MAX)).map(|found| found.atom).collect();
    (0..hidden.len()).map(|atom| found.contains(&atom)).collect()
}

/// Which hidden atoms the lines determine, by dense elimination modulo another prime.
fn eliminated(network: &Network, hidden: &[bool]) -> Vec<bool> {
    const PRIME: i128 = 2_147_483_647;
    let unknown: Vec<usize> = (0..hidden.len()).filter(|&atom| hidden[atom]).collect();
    let mut rows: Vec<Vec<i128>> = Vec::new();
    for line in &network.lines {
        let mut row = vec![0; hidden.len()];
        line.parts.iter().for_each(|&part| row[part] += 1);
        row[line.total] -= 1;
        rows.push(unknown.iter().map(|&atom| i128::rem_euclid(row[atom], PRIME)).collect());
    }
    let mut rank = 0;
    for column in 0..unknown.len() {
        let Some(pivot) = (rank..rows.len()).find(|&row| rows[row][column] != 0) else { continue };
        rows.swap(rank, pivot);
        let inverse = power(rows[rank][column], PRIME - 2, PRIME);
        rows[rank].iter_mut().for_each(|x| *x = *x * inverse % PRIME);
        let leading = rows[rank].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(at, _)| *at != rank) {
            let times = row[column];
            row.iter_mut().zip(&leading).for_each(|(x, y)| *x = i128::rem_euclid(*x - times * y, PRIME));
        }
        rank += 1;
    }
    let alone = rows.iter().filter(|row| row.iter().filter(|x| **x != 0).count() == 1);
    let pinned: Vec<usize> = alone.filter_map(|row| Some(unknown[row.iter().position(|x| *x != 0)?])).collect();
    (0..hidden.len()).map(|atom| pinned.contains(&atom)).collect()
}

fn power(base: i128, exponent: i128, modulus: i128) -> i128 {
    let (mut result, mut base, mut exponent) = (1, base, exponent);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = result * base % modulus;
        }
        base = base * base % modulus;
        exponent /= 2;
    }
    result
}

#[test]
fn a_cell_that_joins_two_blocks_is_found_and_protected() {
    let table = [[20, 30, 5, 60], [40, 50, 70, 80], [90, 99, 21, 31], [91, 98, 41, 51]];
    let network = network(&table.map(Vec::from));
    let mut hidden = vec![false; network.values.len()];
    for atom in [0, 1, 4, 5, 2, 10, 11, 14, 15] {
        hidden[atom] = true;
    }
    assert_eq!(determined(&network, &hidden), eliminated(&network, &hidden));
    assert!(determined(&network, &hidden)[2], "every line has two hidden, and yet the corner follows");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sparse_and_dense_elimination_agree(
        table in prop::collection::vec(prop::collection::vec(0..50_u64, 5), 5),
        hidden in prop::collection::vec(prop::bool::weighted(0.45), 35),
    ) {
        let network = network(&table);
        prop_assert_eq!(determined(&network, &hidden), eliminated(&network, &hidden));
    }

    #[test]
    fn elimination_pins_no_small_count(table in (2..6_usize, 2..6_usize).prop_flat_map(|(rows, columns)| {
        prop::collection::vec(prop::collection::vec(prop_oneof![0..12_u64, 0..80_u64], columns), rows)
    })) {
        let network = network(&table);
        let hidden = audit::hide(&network, 11);
        let pinned = eliminated(&network, &hidden);
        for atom in network.atoms() {
            let small = (1..11).contains(&network.values[atom]);
            prop_assert!(!small || (hidden[atom] && !pinned[atom]));
        }
    }

    #[test]
    fn what_is_hidden_needs_no_more_hiding(table in prop::collection::vec(prop::collection::vec(0..60_u64, 4), 4)) {
        let network = network(&table);
        let hidden = audit::hide(&network, 11);
        let mut again = Closure::new(&network, 11);
        (0..hidden.len()).filter(|&atom| hidden[atom]).for_each(|atom| again.hide(atom));
        again.settle();
        prop_assert_eq!(again.hidden, hidden);
    }
}
