//! The suppression rule on bare numbers: golden cases, and attackers on tables.

use std::collections::BTreeSet;

use proptest::prelude::*;
use relief::publish::disclosure::{midpoint6, nearest5, rate_rule, suppress_line, suppress_table};
use serde_json::{Value, json};

/// The golden cases are under the rule of CMS.
const THRESHOLD: u64 = 11;

/// What the product says to a case of `suppression` or `rounding`; `None` for a
/// case of no known kind.
pub(crate) fn answer(case: &Value) -> Option<Value> {
    if let Some(counts) = case.get("counts") {
        return Some(line(&counts_of(counts)?));
    }
    if let Some(table) = case.get("table").and_then(Value::as_array) {
        let rows: Option<Vec<Vec<u64>>> = table.iter().map(counts_of).collect();
        return Some(suppressed_table(&rows?));
    }
    let n = case["n"].as_u64()?;
    Some(match case["x"].as_u64() {
        Some(x) => rate(x, n),
        None => json!({"n": n, "round5": nearest5(n), "midpoint6": midpoint6(n)}),
    })
}

fn counts_of(counts: &Value) -> Option<Vec<u64>> {
    counts.as_array()?.iter().map(Value::as_u64).collect()
}

fn line(counts: &[u64]) -> Value {
    let line = suppress_line(counts, THRESHOLD);
    json!({"show": line.show, "total": line.total})
}

fn suppressed_table(table: &[Vec<u64>]) -> Value {
    let table = suppress_table(table, THRESHOLD);
    json!({"show": table.show, "row_totals": table.row_totals, "col_totals": table.col_totals})
}

fn rate(x: u64, n: u64) -> Value {
    let rule = rate_rule(x, n, THRESHOLD);
    json!({"show_n": rule.show_n, "show_rate": rule.show_rate, "reason": rule.reason})
}

#[test]
fn a_rate_without_denominator_is_zero_people_and_no_rate() {
    let rule = rate_rule(0, 0, THRESHOLD);
    assert!(rule.show_n && !rule.show_rate);
}

#[test]
fn totals_of_rows_are_a_line_as_well() {
    let table = suppress_table(&[vec![5, 4], vec![40, 50], vec![60, 70]], THRESHOLD);
    assert_eq!(table.row_totals, [None, None, Some(130)], "the column totals give the grand total");
}

/// All ways to fill the hidden cells of a table so that every shown total holds.
fn fillings(show: &[Vec<Option<u64>>], rows: &[Option<u64>], cols: &[Option<u64>], most: u64) -> Vec<Vec<Vec<u64>>> {
    let mut partial: Vec<Vec<Vec<u64>>> = vec![Vec::new()];
    for (shown, total) in show.iter().zip(rows) {
        let ways = row_fillings(shown, *total, most);
        let extend = |table: &Vec<Vec<u64>>| {
            ways.iter().map(|row| [table.clone(), vec![row.clone()]].concat()).collect::<Vec<_>>()
        };
        partial = partial.iter().flat_map(extend).filter(|table| columns_fit(table, cols, show.len())).collect();
    }
    partial
}

fn row_fillings(shown: &[Option<u64>], total: Option<u64>, most: u64) -> Vec<Vec<u64>> {
    let mut partial: Vec<Vec<u64>> = vec![Vec::new()];
    for cell in shown {
        let values: Vec<u64> = cell.map_or_else(|| (0..=most).collect(), |count| vec![count]);
        let extend =
            |row: &Vec<u64>| values.iter().map(|&value| [row.clone(), vec![value]].concat()).collect::<Vec<_>>();
        partial = partial.iter().flat_map(extend).collect();
    }
    partial.retain(|row| total.is_none_or(|total| row.iter().sum::<u64>() == total));
    partial
}

fn columns_fit(table: &[Vec<u64>], cols: &[Option<u64>], rows: usize) -> bool {
    cols.iter().enumerate().all(|(j, total)| {
        let sum: u64 = table.iter().map(|row| row[j]).sum();
        total.is_none_or(|total| if table.len() == rows { sum == total } else { sum <= total })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_filling_of_a_small_table_is_the_only_one(
        table in prop::collection::vec(prop::collection::vec(0..7_u64, 3), 2..4),
    ) {
        let threshold = 3;
        let hidden = suppress_table(&table, threshold);
        let ways = fillings(&hidden.show, &hidden.row_totals, &hidden.col_totals, 8);
        prop_assert!(ways.contains(&table));
        for (i, row) in table.iter().enumerate() {
            for (j, cell) in row.iter().enumerate().filter(|(_, cell)| (1..threshold).contains(*cell)) {
                let values: BTreeSet<u64> = ways.iter().map(|way| way[i][j]).collect();
                prop_assert!(values.len() > 1, "{cell} at {i}, {j} of {table:?} in {hidden:?}");
            }
        }
    }

    #[test]
    fn a_line_shows_no_small_count_and_no_small_difference(counts in prop::collection::vec(0..40_u64, 0..9)) {
        let line = suppress_line(&counts, THRESHOLD);
        let small = |count: u64| (1..THRESHOLD).contains(&count);
        prop_assert!(line.show.iter().chain([&line.total]).flatten().all(|&count| !small(count)));
        if let Some(total) = line.total {
            let hidden = line.show.iter().filter(|shown| shown.is_none()).count();
            prop_assert!(!small(total - line.show.iter().flatten().sum::<u64>()));
            prop_assert!(hidden != 1);
        } else {
            prop_assert!(small(counts.iter().sum()));
        }
    }

    #[test]
    fn zero_is_not_hidden_by_a_line(counts in prop::collection::vec(prop_oneof![Just(0_u64), 0..40_u64], 1..9)) {
        let line = suppress_line(&counts, THRESHOLD);
        for (shown, &count) in line.show.iter().zip(&counts).filter(|(_, count)| **count == 0) {
            prop_assert_eq!(*shown, Some(count));
        }
    }

    #[test]
    fn the_order_of_a_line_decides_only_between_equals(mut counts in prop::collection::vec(0..40_u64, 1..9)) {
        let hidden = |counts: &[u64]| {
            let line = suppress_line(counts, THRESHOLD);
            let mut hidden: Vec<u64> = counts.iter().zip(&line.show).filter(|(_, shown)| shown.is_none()).map(|(count, _)| *count).collect();
            hidden.sort_unstable();
            (hidden, line.total)
        };
        let before = hidden(&counts);
        counts.reverse();
        prop_assert_eq!(before, hidden(&counts));
    }

    #[test]
    fn a_rate_never_shows_a_small_group((n, x) in (0..60_u64).prop_flat_map(|n| (Just(n), 0..=n))) {
        let rule = rate_rule(x, n, THRESHOLD);
        let small = |count: u64| (1..THRESHOLD).contains(&count);
        prop_assert_eq!(rule.show_n, !small(n));
        prop_assert_eq!(rule.show_rate, n > 0 && ![x, n - x, n].into_iter().any(small));
    }
}
