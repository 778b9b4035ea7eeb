//! A measure's SQL → a checked expression over the analysis set.
//!
//! Checked when the pack is loaded, so that a typing slip is an error with a
//! file and line instead of a wrong number: every column must exist, the type
//! must be right, and the expression must look at one row at a time. Counting
//! is not the pack's work: Polars SQL counts in 32 bits and sums in an order
//! that depends on threads.

use polars::frame::DataFrame;
use polars::prelude::{
    Column as PolarsColumn, DataType, Expr, IntoLazy, NamedFrom, PolarsError, Series as PolarsSeries,
};
use polars::sql::sql_expr;

use crate::derive::analysis_set::{COLUMNS, Column, Kind};
use crate::derive::flow::{OPIOID_FLOW, PAIN_FLOW};
use crate::protocol::{Expression, Measure, ProtocolError, Role};

/// A measure whose expressions have been checked.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Whose expressions these are.
    pub id: String,
    /// Measures whose outcome everyone with this one's has.
    pub implies: Vec<String>,
    /// Measures whose denominator everyone in this one's is in.
    pub among: Vec<String>,
    /// Who is in the denominator.
    pub eligible: Expr,
    /// Of those, whose outcome is known.
    pub observed: Expr,
    /// What is counted of them.
    pub outcome: Outcome,
    /// The same with the last score seen, where one can be carried forward: a
    /// condition for a condition, the score after for a pair.
    pub last: Option<Expr>,
    /// Who the flow counts that ends in this measure, as written and checked.
    pub flow: Option<(&'static str, Expr)>,
}

/// What is counted of the observed.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Whether a condition holds.
    Condition(Expr),
    /// The scores before and after.
    Pair {
        /// Before, as stored.
        baseline: Expr,
        /// After, as stored.
        follow_up: Expr,
    },
}

/// Checks every expression of `measure`.
///
/// # Errors
/// An expression that is not SQL, names a column the analysis set does not
/// have, mixes types, aggregates, or is not of the type its key asks for.
pub fn compile(measure: &Measure) -> Result<Compiled, ProtocolError> {
    let of = format!("measure `{}`", measure.id);
    let condition = |key: &str, expression: &Expression| check(&of, key, expression, Wanted::Condition);
    let score = |key: &str, expression: &Expression| check(&of, key, expression, Wanted::WholeNumber);
    let outcome = match (&measure.outcome, &measure.baseline, &measure.follow_up) {
        (Some(outcome), _, _) => Outcome::Condition(condition("outcome", outcome)?),
        (None, Some(baseline), Some(follow_up)) => {
            Outcome::Pair { baseline: score("baseline", baseline)?, follow_up: score("follow_up", follow_up)? }
        }
        _ => unreachable!("the pack was refused without an outcome or a pair of scores"),
    };
    let last = measure.last.as_ref().map(|last| match outcome {
        Outcome::Condition(_) => condition("last", last),
        Outcome::Pair { .. } => score("last", last),
    });
    Ok(Compiled {
        id: measure.id.clone(),
        implies: measure.implies.clone(),
        among: measure.among.clone(),
        last: last.transpose()?,
        eligible: condition("eligible", &measure.eligible)?,
        observed: condition("observed", &measure.observed)?,
        outcome,
        flow: flow(measure.role),
    })
}

fn flow(role: Option<Role>) -> Option<(&'static str, Expr)> {
    let sql = match role? {
        Role::Headline => PAIN_FLOW,
        Role::OpioidHeadline => OPIOID_FLOW,
        Role::ChangeHeadline | Role::ResponderCurve => return None,
    };
    let written = Expression { sql: sql.to_owned(), file: "the flow of patients".to_owned(), line: 1 };
    Some((sql, check("the flow", "eligible", &written, Wanted::Condition).expect("relief's own expression is sound")))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Condition,
    WholeNumber,
}

impl Wanted {
    fn fits(self, kind: &DataType) -> bool {
        match self {
            Self::Condition => *kind == DataType::Boolean,
            Self::WholeNumber => matches!(kind, DataType::Int32 | DataType::Int64),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Condition => "a condition (true or false)",
            Self::WholeNumber => "a whole number",
        }
    }
}

/// Checks an expression that gives a whole number, such as a covariate.
///
/// # Errors
/// As `compile`.
pub fn compile_number(of: &str, key: &str, written: &Expression) -> Result<Expr, ProtocolError> {
    check(of, key, written, Wanted::WholeNumber)
}

fn check(of: &str, key: &str, written: &Expression, wanted: Wanted) -> Result<Expr, ProtocolError> {
    let refuse =
        |message: String| ProtocolError::on_line(&written.file, written.line, format!("`{key}` of {of} {message}"));
    let expression = sql_expr(&written.sql).map_err(|error| refuse(format!("is not SQL: {}", first_line(&error))))?;
    check_columns(&expression).map_err(|unknown| {
        let near = nearest_column(&unknown);
        refuse(format!("names the unknown column `{unknown}`")).hint(near)
    })?;
    check_nodes(&expression).map_err(|what| {
        refuse(format!("uses {what}")).hint("an expression looks at one row; counting and averaging is relief's work")
    })?;
    check_literals(&expression).map_err(|large| {
        refuse(format!("has the number {large}")).hint(format!("{LARGEST} is the largest there is"))
    })?;
    let expression = widened(expression);
    let kind = type_of(&expression)
        .map_err(|error| refuse(format!("does not fit the columns' types: {}", first_line(&error))))?;
    if !wanted.fits(&kind) {
        return Err(refuse(format!("is {} where {} is needed", kind_words(&kind), wanted.words())));
    }
    if !is_row_wise(&expression) {
        return Err(refuse("depends on other rows".to_owned()).hint("an expression looks at one row at a time"));
    }
    Ok(expression)
}

/// The largest whole number a pack may write: times any score or day it is far
/// from what 64 bits hold.
const LARGEST: u64 = 1_000_000_000;

fn check_literals(expression: &Expr) -> Result<(), i64> {
    let large = expression.into_iter().find_map(|node| match node {
        Expr::Literal(value) => value.extract_i64().ok().filter(|value| value.unsigned_abs() > LARGEST),
        _ => None,
    });
    large.map_or(Ok(()), Err)
}

/// The same with whole numbers of 64 bits: in the columns' 32 Polars wraps
/// around without a word.
fn widened(expression: Expr) -> Expr {
    expression.map_expr(|node| if is_narrow(&node) { node.cast(DataType::Int64) } else { node })
}

fn is_narrow(node: &Expr) -> bool {
    match node {
        Expr::Column(name) => COLUMNS.iter().any(|column| column.name == name.as_str() && column.kind == Kind::Int32),
        Expr::Literal(value) => value.extract_i64().is_ok(),
        Expr::Cast { dtype, .. } => {
            dtype.as_literal().is_some_and(|kind| kind.is_integer() && *kind != DataType::Int64)
        }
        _ => false,
    }
}

/// Polars explains itself over several lines with its own advice; the first
/// says what is wrong.
fn first_line(error: &PolarsError) -> String {
    let text = error.to_string();
    let end = text.find('\n').unwrap_or(text.len());
    text[..end].trim_end_matches([':', ' ', '.']).to_owned()
}

fn check_columns(expression: &Expr) -> Result<(), String> {
    let known = |name: &str| COLUMNS.iter().any(|column| column.name == name);
    let unknown = expression.into_iter().find_map(|node| match node {
        Expr::Column(name) if !known(name) => Some(name.to_string()),
        _ => None,
    });
    unknown.map_or(Ok(()), Err)
}

fn nearest_column(typed: &str) -> String {
    match crate::protocol::nearest(typed, COLUMNS.iter().map(|column| column.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "the analysis set's columns are listed in `analysis-set.md` of `relief init`".to_owned(),
    }
}

fn check_nodes(expression: &Expr) -> Result<(), &'static str> {
    let refused = expression.into_iter().find_map(|node| match node {
        Expr::Column(_)
        | Expr::Literal(_)
        | Expr::Alias(..)
        | Expr::BinaryExpr { .. }
        | Expr::Cast { .. }
        | Expr::Ternary { .. }
        | Expr::Function { .. } => None,
        Expr::Agg(_) | Expr::Len => Some("an aggregate"),
        Expr::Over { .. } => Some("a window function"),
        _ => Some("more than comparisons and arithmetic on one row"),
    });
    refused.map_or(Ok(()), Err)
}

fn type_of(expression: &Expr) -> Result<DataType, PolarsError> {
    let mut frame = probe(1).lazy().select([expression.clone().alias("value")]);
    let schema = frame.collect_schema()?;
    Ok(schema.get("value").cloned().unwrap_or(DataType::Null))
}

fn kind_words(kind: &DataType) -> String {
    match kind {
        DataType::Boolean => "a condition (true or false)".to_owned(),
        DataType::String => "text".to_owned(),
        other if other.is_integer() => "a whole number".to_owned(),
        other if other.is_float() => "a fractional number".to_owned(),
        other => format!("of type {other}"),
    }
}

/// Whether the value of a row is the same alone as among others: functions
/// such as a running sum pass every other check.
fn is_row_wise(expression: &Expr) -> bool {
    let evaluate = |frame: DataFrame| {
        let value = frame.lazy().with_columns([expression.clone().alias("value")]).collect().ok()?;
        value.column("value").ok().cloned()
    };
    let frame = probe(PROBE_ROWS);
    let Some(together) = evaluate(frame.clone()) else { return false };
    (0..PROBE_ROWS).all(|row| {
        let offset = i64::try_from(row).expect("a handful of rows");
        let alone = evaluate(frame.slice(offset, 1));
        alone.is_some_and(|alone| alone.get(0).ok() == together.get(row).ok())
    })
}

/// Enough rows for values that differ, repeat and are missing.
const PROBE_ROWS: usize = 6;

fn probe(rows: usize) -> DataFrame {
    let columns: Vec<PolarsColumn> = COLUMNS.iter().map(|column| probe_column(column, rows)).collect();
    DataFrame::new(rows, columns).expect("probe columns have one length")
}

fn probe_column(column: &Column, rows: usize) -> PolarsColumn {
    let present = |row: usize| !column.optional || row % 3 != 2;
    let number = |row: usize| [70_i32, 0, 10, 49, 100, 30][row % PROBE_ROWS];
    let name = column.name.into();
    let filled = (0..rows).map(|row| present(row).then_some(row));
    match column.kind {
        Kind::Int32 => PolarsSeries::new(name, filled.map(|row| row.map(number)).collect::<Vec<_>>()),
        Kind::Int64 => {
            PolarsSeries::new(name, filled.map(|row| row.map(|row| i64::from(number(row)))).collect::<Vec<_>>())
        }
        Kind::Float64 => {
            PolarsSeries::new(name, filled.map(|row| row.map(|row| f64::from(number(row)))).collect::<Vec<_>>())
        }
        Kind::Text => {
            PolarsSeries::new(name, filled.map(|row| row.map(|row| ["12w", "all"][row % 2])).collect::<Vec<_>>())
        }
        Kind::Boolean => PolarsSeries::new(name, filled.map(|row| row.map(|row| row % 2 == 0)).collect::<Vec<_>>()),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use polars::frame::DataFrame;
    use polars::prelude::{IntoLazy, NamedFrom, Series as PolarsSeries};

    use super::{Outcome, compile};
    use crate::model::pain::{Change, ScoreX10};
    use crate::protocol::{Measure, Protocol};

    /// A measure, and when it holds.
    type Rule = (&'static str, fn(Change) -> bool);

    /// The packs' rules and those of `model::pain`, over every pair of scores.
    #[test]
    fn the_pain_measures_of_the_pack_say_what_the_arithmetic_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines/quarterly.toml");
        let protocol = Protocol::read(std::path::Path::new(path)).expect("the shipped pipeline reads");
        let pairs: Vec<(i32, i32)> = (0..=100).flat_map(|before| (0..=100).map(move |after| (before, after))).collect();
        let scores = [
            PolarsSeries::new("baseline_pain_x10".into(), pairs.iter().map(|pair| pair.0).collect::<Vec<_>>()).into(),
            PolarsSeries::new("follow_up_pain_x10".into(), pairs.iter().map(|pair| pair.1).collect::<Vec<_>>()).into(),
        ];
        let frame = DataFrame::new(pairs.len(), scores.to_vec()).expect("columns of one length");
        let rules: [Rule; 4] = [
            ("response_30", |change| change.falls_by_percent(30)),
            ("response_50", |change| change.falls_by_percent(50)),
            ("mcid_2", Change::falls_by_two_points),
            ("worsening_30", |change| change.rises_by_percent(30)),
        ];
        for (id, rule) in rules {
            let measure = protocol.measures.iter().find(|measure| measure.id == id).expect("a shipped measure");
            let Outcome::Condition(outcome) = compile(measure).expect("it compiles").outcome else { panic!("{id}") };
            let found = frame.clone().lazy().select([outcome.alias("found")]).collect().expect("it evaluates");
            let found = found.column("found").and_then(|column| column.bool()).expect("a condition");
            for (&(before, after), holds) in pairs.iter().zip(found.iter()) {
                let change = Change { baseline: ScoreX10(before), follow_up: ScoreX10(after) };
                // A baseline of 0 has no percentage; `eligible` keeps it out of those measures.
                assert!(holds == Some(rule(change)) || (before == 0 && id != "mcid_2"), "{id}: {before} to {after}");
            }
        }
    }

    /// 10^9 × 70 is 70 thousand million, and in 32 bits a negative number.
    #[test]
    fn arithmetic_does_not_wrap_around() {
        let scores: PolarsSeries = PolarsSeries::new("baseline_pain_x10".into(), [70_i32, 0, 100]);
        let frame = DataFrame::new(3, vec![scores.into()]).expect("one column");
        for outcome in [
            "1000000000 * baseline_pain_x10 >= 70",
            "CAST(baseline_pain_x10 AS INT) * 1000000000 >= 70",
            "baseline_pain_x10 * 50000 * 50000 >= 70",
            "50000 * 50000 * baseline_pain_x10 >= 70",
            "CASE WHEN baseline_pain_x10 > 0 THEN 1000000000 ELSE 0 END * 4 >= 70",
        ] {
            let compiled = compile(&Measure::example(outcome)).expect(outcome);
            let Outcome::Condition(found) = compiled.outcome else { panic!("{outcome}") };
            let found = frame.clone().lazy().select([found.alias("found")]).collect().expect("it evaluates");
            let found: Vec<_> =
                found.column("found").and_then(|column| column.bool()).expect("a condition").iter().collect();
            assert_eq!(found, [Some(true), Some(false), Some(true)], "{outcome}");
        }
        for outcome in ["baseline_pain_x10 * 1000000001 > 0", "baseline_pain_x10 > -1000000001"] {
            assert!(refused(outcome).contains("000000001"), "{outcome}");
        }
    }

    fn refused(outcome: &str) -> String {
        let error = compile(&Measure::example(outcome)).expect_err(outcome);
        error.to_string()
    }

    #[test]
    fn a_condition_over_one_row_is_accepted() {
        for outcome in [
            "10 * (baseline_pain_x10 - follow_up_pain_x10) >= 3 * baseline_pain_x10",
            "follow_up_pain_x10 IS NOT NULL AND NOT due",
            "follow_up_pain_x10 BETWEEN 0 AND 30 OR sex = 'F'",
            "CASE WHEN due THEN opioid_user ELSE FALSE END",
        ] {
            assert!(
                compile(&Measure::example(outcome)).is_ok(),
                "{outcome}: {:?}",
                compile(&Measure::example(outcome)).err()
            );
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_line() {
        for (outcome, says) in [
            ("baseline_pian_x10 > 0", "unknown column `baseline_pian_x10`"),
            ("COUNT(*) > 3", "an aggregate"),
            ("SUM(baseline_pain_x10) > 3", "an aggregate"),
            ("baseline_pain_x10 > AVG(baseline_pain_x10)", "an aggregate"),
            ("baseline_pain_x10 + 1", "a whole number where a condition"),
            ("sex", "text where a condition"),
            ("due AND", "is not SQL"),
            ("SUM(baseline_pain_x10) OVER (PARTITION BY site) > 1", "a"),
            ("due > 'x' AND sex + 1 > 2", "types"),
        ] {
            let error = refused(outcome);
            assert!(error.contains(says), "{outcome}: {error}");
            assert!(error.contains("line 7"), "{outcome}: {error}");
        }
    }
}
