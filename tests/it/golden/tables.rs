//! Tables of counts, several groups, many p-values.

use relief::estimate::statistics::contingency::{self, Pearson, Table};
use relief::estimate::statistics::{
    Undefined, Values, fisher, kruskal_wallis, mcnemar as paired_table, multiplicity as many,
};
use serde_json::{Value, json};

use super::case::{Case, Golden, number, numbers};
use super::compare::or_null;

pub(super) fn mcnemar(case: &Case, _: &Golden) -> Value {
    let Some((b, c)) = case.count("b").zip(case.count("c")) else { return Value::Null };
    paired_table::mcnemar(b, c).map_or(Value::Null, |test| {
        json!({
            "p_exact": test.p_exact,
            "p_mid": test.p_mid,
            "chi2": or_null(test.plain.map(|t| t.chi_squared)),
            "p_chi2": or_null(test.plain.map(|t| t.p)),
            "chi2_cc": or_null(test.corrected.map(|t| t.chi_squared)),
            "p_chi2_cc": or_null(test.corrected.map(|t| t.p)),
        })
    })
}

pub(super) fn chi2_fisher(case: &Case, _: &Golden) -> Value {
    let rows: Vec<Vec<u64>> = rows_of(case);
    let table = Table::new(&rows);
    let shape = used_shape(&rows);
    let exact = table.clone().and_then(|t| fisher::two_by_two(&t));
    json!({
        "pearson": chi_squared(table.clone().and_then(|t| contingency::pearson(&t))),
        "yates": chi_squared(table.and_then(|t| contingency::yates(&t))),
        "rows_used": shape.0,
        "cols_used": shape.1,
        "fisher": exact.map_or(Value::Null, |test| json!({
            "p_two": test.p_two_sided, "p_less": test.p_less, "p_greater": test.p_greater,
        })),
    })
}

fn rows_of(case: &Case) -> Vec<Vec<u64>> {
    let rows = case.args.get("table").and_then(Value::as_array);
    let row = |row: &Value| row.as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<u64>>>();
    rows.into_iter().flatten().filter_map(row).collect()
}

/// Rows and columns that are not all zero, also where the table has no test.
fn used_shape(rows: &[Vec<u64>]) -> (usize, usize) {
    let used = |row: &&Vec<u64>| row.iter().any(|&count| count > 0);
    let width = rows.first().map_or(0, Vec::len);
    let columns = (0..width).filter(|&j| rows.iter().any(|row| row.get(j).is_some_and(|&c| c > 0)));
    (rows.iter().filter(used).count(), columns.count())
}

fn chi_squared(result: Result<Pearson, Undefined>) -> Value {
    result.map_or(Value::Null, |test| {
        json!({
            "chi2": test.chi_squared, "df": test.df, "p": test.p,
            "min_expected": test.smallest_expected, "cramers_v": test.cramers_v,
        })
    })
}

pub(super) fn kruskal(case: &Case, _: &Golden) -> Value {
    let groups = case.args.get("groups").and_then(Value::as_array);
    let groups = groups.into_iter().flatten().filter_map(numbers);
    let tallies: Result<Vec<Values>, _> = groups.map(|group| Values::from_slice(&group)).collect();
    tallies.and_then(|tallies| kruskal_wallis::kruskal_wallis(&tallies)).map_or(
        Value::Null,
        |test| json!({ "H": test.h, "df": test.df, "p": test.p, "epsilon2": test.epsilon_squared }),
    )
}

pub(super) fn multiplicity(case: &Case, _: &Golden) -> Value {
    let p: Vec<Option<f64>> = match case.args.get("p").and_then(Value::as_array) {
        Some(list) => list.iter().map(number).collect(),
        None => return Value::Null,
    };
    json!({ "holm": many::holm(&p).ok(), "bh": many::benjamini_hochberg(&p).ok() })
}
