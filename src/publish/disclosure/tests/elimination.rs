//! Equations solved sparsely against equations solved densely, and combinations
//! added up.

use proptest::prelude::*;

use super::combination::Span;
use crate::publish::disclosure::elimination::{Echelon, add};

const COLUMNS: usize = 12;

fn sparse(rows: &[Vec<i64>]) -> Vec<Vec<(u32, i64)>> {
    let sparse = |row: &Vec<i64>| (0..).zip(row.iter().copied()).filter(|&(_, sign)| sign != 0).collect();
    rows.iter().map(sparse).collect()
}

fn unit(column: usize) -> Vec<i64> {
    (0..COLUMNS).map(|at| i64::from(at == column)).collect()
}

#[test]
fn without_equations_nothing_is_determined() {
    assert_eq!(Echelon::of(&[], 2).determined(), [false; 2]);
    assert_eq!(Echelon::of(&[vec![]], 1).determined(), [false]);
}

#[test]
fn one_equation_determines_one_unknown_and_no_two() {
    assert_eq!(Echelon::of(&[vec![(0, 1)]], 2).determined(), [true, false]);
    assert_eq!(Echelon::of(&[vec![(0, 1), (1, -1)]], 2).determined(), [false; 2]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sparse_and_dense_agree_and_combinations_add_up(
        rows in prop::collection::vec(
            prop::collection::vec(prop_oneof![6 => Just(0), 2 => Just(1), 1 => Just(-1), 1 => Just(2)], COLUMNS),
            0..14,
        ),
    ) {
        let echelon = Echelon::of(&sparse(&rows), COLUMNS);
        let mut span = Span::default();
        for row in &rows {
            span.add(row.clone());
        }
        for (column, determined) in echelon.determined().into_iter().enumerate() {
            prop_assert_eq!(determined, span.holds(unit(column)));
            if determined {
                let weights = echelon.combination(column);
                let mut sum = vec![0; COLUMNS];
                for (row, weight) in weights {
                    sum.iter_mut().zip(&rows[row]).for_each(|(sum, &sign)| add(sum, weight, sign));
                }
                let alone: Vec<u64> = (0..COLUMNS).map(|at| u64::from(at == column)).collect();
                prop_assert_eq!(sum, alone);
            }
        }
    }
}
