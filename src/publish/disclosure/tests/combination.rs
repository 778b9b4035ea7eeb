//! The attacker who knows how every number came about: each printed number is a
//! sum over people by month, site, condition and outcome. No small count may be
//! a combination of printed ones, whichever rows they come from.

use proptest::prelude::*;

use super::cohort::{People, in_period, of_people, place, strict};
use crate::estimate::result::{CellKey, Estimand, Estimate, Population};
use crate::model::attrition::Attrition;
use crate::publish::disclosure::{Released, release};
use crate::publish::results::ResultRow;

const MONTHS: usize = 15;
const SITES: usize = 2;
const CONDITIONS: usize = 2;
const CELLS: usize = MONTHS * SITES * CONDITIONS;
const PRIME: i64 = 2_147_483_647;

/// People by month, site and condition.
type Cohort = Vec<People>;

/// A cell of the report as sets of people: months, site and condition, 0 = all.
#[derive(Clone, Copy, Debug)]
struct Cell {
    population: Population,
    months: (usize, usize),
    site: usize,
    condition: usize,
}

impl Cell {
    fn holds(&self, base: usize) -> bool {
        let (month, site, condition) = (base / (SITES * CONDITIONS), base / CONDITIONS % SITES, base % CONDITIONS);
        (self.months.0..self.months.1).contains(&month)
            && (self.site == 0 || self.site == site + 1)
            && (self.condition == 0 || self.condition == condition + 1)
    }

    fn people(&self, cohort: &Cohort) -> People {
        let bases = cohort.iter().enumerate().filter(|(base, _)| self.holds(*base));
        bases.fold(People::default(), |sum, (_, people)| sum.plus(*people))
    }

    fn key(&self) -> CellKey {
        let name = |month: usize| format!("{}-{:02}", 2024 + month / 12, month % 12 + 1);
        in_period(place(self.site, self.condition), self.population, &name(self.months.0), &name(self.months.1 - 1))
    }

    /// Which people count, with the outcomes (half, third, less, missing) chosen.
    fn functional(&self, outcomes: [i64; 4]) -> Vec<i64> {
        let of = |base: usize| if self.holds(base) { outcomes } else { [0; 4] };
        (0..CELLS).flat_map(of).collect()
    }
}

/// The cells of a quarterly report.
fn report() -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut add = |population, months, site, condition| cells.push(Cell { population, months, site, condition });
    for month in 0..MONTHS {
        add(Population::Month, (month, month + 1), 0, 0);
    }
    for site in 0..=SITES {
        for quarter in 0..MONTHS / 3 {
            add(Population::QuarterSeries, (quarter * 3, quarter * 3 + 3), site, 0);
        }
        add(Population::Quarter, (MONTHS - 3, MONTHS), site, 0);
        for condition in 0..=CONDITIONS {
            add(Population::RollingYear, (MONTHS - 12, MONTHS), site, condition);
            add(Population::ToDate, (0, MONTHS), site, condition);
        }
    }
    cells
}

/// What is printed of a cell, as functionals of the base cells.
fn printed(table: &Released, cell: &Cell) -> Vec<Vec<i64>> {
    let key = cell.key();
    let same = |row: &&ResultRow| {
        row.population == key.population
            && row.period_start == key.period_start
            && row.site == key.site
            && row.condition == key.condition
    };
    let mut known = Vec::new();
    for row in table.rows().iter().filter(same) {
        let observed = [1, 1, 1, i64::from(row.estimand != Estimand::Oc)];
        known.extend(row.n.map(|_| cell.functional(observed)));
        let with = [1, i64::from(row.measure_id != "response_50"), 0, 0];
        known.extend(row.numerator.map(|_| cell.functional(with)));
    }
    known
}

/// Sets of outcomes whose size must not be known while it is small: eligible,
/// observed, with 30 and 50 % less pain, without either (of the eligible and of
/// the observed), missing and between the thresholds.
const SECRETS: [[i64; 4]; 10] = [
    [1, 1, 1, 1],
    [1, 1, 1, 0],
    [1, 1, 0, 0],
    [1, 0, 0, 0],
    [0, 0, 1, 1],
    [0, 1, 1, 1],
    [0, 0, 1, 0],
    [0, 1, 1, 0],
    [0, 0, 0, 1],
    [0, 1, 0, 0],
];

/// Vectors in echelon form modulo a prime.
#[derive(Default)]
pub(super) struct Span {
    rows: Vec<(usize, Vec<i64>)>,
}

impl Span {
    fn reduce(&self, mut vector: Vec<i64>) -> Vec<i64> {
        for (pivot, row) in &self.rows {
            let times = vector[*pivot];
            if times != 0 {
                vector.iter_mut().zip(row).for_each(|(x, y)| *x = (*x - times * y).rem_euclid(PRIME));
            }
        }
        vector
    }

    pub(super) fn add(&mut self, vector: Vec<i64>) {
        let mut vector = self.reduce(vector);
        if let Some(pivot) = vector.iter().position(|x| *x != 0) {
            let inverse = inverse(vector[pivot]);
            for x in &mut vector {
                *x = *x * inverse % PRIME;
            }
            self.rows.push((pivot, vector));
        }
    }

    pub(super) fn holds(&self, vector: Vec<i64>) -> bool {
        self.reduce(vector).iter().all(|x| *x == 0)
    }
}

/// By Fermat's little theorem.
fn inverse(of: i64) -> i64 {
    let (mut result, mut base, mut exponent) = (1, of, PRIME - 2);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = result * base % PRIME;
        }
        base = base * base % PRIME;
        exponent /= 2;
    }
    result
}

fn count(people: People, outcomes: [i64; 4]) -> u64 {
    let groups = [people.half, people.third, people.less, people.missing];
    groups.into_iter().zip(outcomes).filter(|(_, chosen)| *chosen == 1).map(|(count, _)| count).sum()
}

fn cohort() -> impl Strategy<Value = Cohort> {
    (1..12_u64).prop_flat_map(|most| {
        let people = (0..=most, 0..=most, 0..=most, 0..=most).prop_map(|(half, third, less, missing)| People {
            half,
            third,
            less,
            missing,
        });
        prop::collection::vec(people, CELLS)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_small_count_is_a_combination_of_printed_numbers(cohort in cohort()) {
        let cells = report();
        let estimates: Vec<Estimate> = cells.iter().flat_map(|cell| of_people(&cell.key(), cell.people(&cohort))).collect();
        let table = release(estimates, &[], &Attrition::default(), &strict(11));
        let mut known = Span::default();
        cells.iter().flat_map(|cell| printed(&table, cell)).for_each(|functional| known.add(functional));
        for cell in &cells {
            for outcomes in SECRETS {
                let secret = count(cell.people(&cohort), outcomes);
                let small = (1..11).contains(&secret);
                prop_assert!(!small || !known.holds(cell.functional(outcomes)), "{secret} in {cell:?} by {outcomes:?}");
            }
        }
        prop_assert!(table.rows().iter().any(|row| row.value.is_some()), "something is left to read");
    }
}
