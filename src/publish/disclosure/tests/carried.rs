//! Every way to count the lost of a questionnaire, side by side: response and
//! remission under observed cases, NRI, LOCF, best and worst, to date and of the
//! year within it, and an attacker who adds and subtracts.

use proptest::prelude::*;

use super::cohort::{implying, in_period, key, rate, strict};
use super::combination::Span;
use crate::estimate::result::{CellKey, Estimand, Estimate, Population};
use crate::model::attrition::Attrition;
use crate::publish::disclosure::{Released, release};

/// Patients by period, before the year and in it, each by outcome: seen in remission,
/// seen with a response only, seen without; lost and by their last score the same.
type People = [u64; 12];

/// Outcomes of one period.
const OUTCOMES: usize = 6;

/// A measure and who has its outcome.
const MEASURES: [(&str, [bool; 3]); 2] =
    [("phq9_response", [true, true, false]), ("phq9_remission", [true, false, false])];

const ESTIMANDS: [Estimand; 5] = [Estimand::Oc, Estimand::Nri, Estimand::Locf, Estimand::Best, Estimand::Worst];

/// Cohorts and their first quarter.
const COHORTS: [(Population, &str); 2] = [(Population::ToDate, "2024Q1"), (Population::RollingYear, "2025Q1")];

/// Whether a position of `People` is in a cohort.
fn holds(cohort: usize, position: usize) -> bool {
    cohort == 0 || position >= OUTCOMES
}

/// Who counts in the numerator (or else the denominator) of a row.
fn counted(cohort: usize, measure: usize, estimand: Estimand, numerator: bool) -> Vec<i64> {
    let of = |position: usize| {
        let (lost, level) = (position % OUTCOMES >= 3, position % 3);
        let within = holds(cohort, position) && !(lost && estimand == Estimand::Oc);
        let has = match (lost, estimand) {
            (false, _) | (true, Estimand::Locf) => MEASURES[measure].1[level],
            (true, Estimand::Best) => true,
            (true, _) => false,
        };
        i64::from(within && (has || !numerator))
    };
    (0..2 * OUTCOMES).map(of).collect()
}

fn sum(people: &People, positions: &[i64]) -> u64 {
    people.iter().zip(positions).filter(|(_, counts)| **counts == 1).map(|(count, _)| count).sum()
}

fn key_of(cohort: usize, measure: usize, estimand: Estimand) -> CellKey {
    let (population, first) = COHORTS[cohort];
    let at = CellKey { measure_order: measure, estimand, ..key(MEASURES[measure].0) };
    in_period(at, population, first, "2025Q4")
}

/// Every row of the results: cohort, measure and estimand.
fn rows() -> impl Iterator<Item = (usize, usize, Estimand)> {
    (0..2).flat_map(|cohort| (0..2).flat_map(move |measure| ESTIMANDS.map(|estimand| (cohort, measure, estimand))))
}

fn released(people: &People) -> Released {
    let estimate = |(cohort, measure, estimand)| -> Estimate {
        let count = |numerator| sum(people, &counted(cohort, measure, estimand, numerator));
        let estimate = rate(key_of(cohort, measure, estimand), count(true), count(false));
        if measure == 1 { implying(MEASURES[0].0, estimate) } else { estimate }
    };
    release(rows().map(estimate).collect(), &[], &Attrition::default(), &strict(11))
}

/// Every sum and difference of what is printed.
fn known(released: &Released) -> Span {
    let mut known = Span::default();
    for (cohort, measure, estimand) in rows() {
        let key = key_of(cohort, measure, estimand);
        let row = released.rows().iter().find(|row| {
            row.population == key.population && row.measure_id == key.measure_id && row.estimand == key.estimand
        });
        let row = row.expect("a hidden number keeps its row");
        for (shown, numerator) in [(row.n, false), (row.numerator, true)] {
            if shown.is_some() {
                known.add(counted(cohort, measure, estimand, numerator));
            }
        }
    }
    known
}

/// The people of any outcomes, seen, lost or either, of one period or of both: nobody
/// may know that they are few. (Some outcomes of those seen with others of the lost
/// are people who have nothing in common.)
fn secrets() -> impl Iterator<Item = Vec<i64>> {
    let seen_or_lost = |levels: usize| [levels, levels << 3, levels | levels << 3];
    (1..1 << 3).flat_map(seen_or_lost).flat_map(|outcomes: usize| {
        [[true, false], [false, true], [true, true]].map(|periods| {
            let chosen = |position: usize| periods[position / OUTCOMES] && outcomes >> (position % OUTCOMES) & 1 == 1;
            (0..2 * OUTCOMES).map(|position| i64::from(chosen(position))).collect()
        })
    })
}

fn given_away(people: &People) -> Option<(u64, Vec<i64>)> {
    let known = known(&released(people));
    let few = |secret: &Vec<i64>| (1..11).contains(&sum(people, secret));
    secrets().filter(few).find(|secret| known.holds(secret.clone())).map(|secret| (sum(people, &secret), secret))
}

/// 3 of the lost had a response by their last score and no remission: 23 responded less the 20 in
/// remission, both of them LOCF less NRI.
#[test]
fn few_between_two_outcomes_of_the_lost_are_few_too() {
    let people = [40, 30, 50, 20, 3, 40, 40, 30, 50, 20, 30, 40];
    assert_eq!(given_away(&people), None);
}

/// With large numbers everywhere nothing needs to be hidden.
#[test]
fn many_of_each_are_shown() {
    let released = released(&[40, 30, 50, 20, 30, 40, 40, 30, 50, 20, 30, 40]);
    assert!(released.rows().iter().all(|row| !row.suppression.hides()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_few_follow_from_the_ways_to_count_the_lost(
        people in prop::array::uniform12(prop_oneof![1 => 0..13_u64, 1 => Just(0), 4 => 11..60_u64])
    ) {
        prop_assert_eq!(given_away(&people), None, "of {:?}", people);
    }
}
