//! Two results tables row by row.
//!
//! Numbers are compared as they are written: the shortest text that reads back
//! as the same float. Where either side is hidden, neither number is said.

use std::collections::BTreeSet;

use super::written::Table;

/// A hidden cell, in a difference.
const HIDDEN: &str = "hidden";
/// A shown one beside a hidden one.
const SHOWN: &str = "shown";

/// What is different between two tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Ids only in the first.
    pub removed: Vec<String>,
    /// Ids only in the second.
    pub added: Vec<String>,
    /// Rows of both that differ, in the order of the first.
    pub changed: Vec<ChangedRow>,
    /// Rows of both that do not.
    pub equal: usize,
}

/// A row that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedRow {
    /// Its id.
    pub result_id: String,
    /// The measure it is of.
    pub measure_id: String,
    /// Which cells differ.
    pub cells: Vec<ChangedCell>,
}

/// A cell that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedCell {
    /// Column.
    pub column: String,
    /// In the first table.
    pub before: String,
    /// In the second.
    pub after: String,
}

impl Comparison {
    /// Whether the tables say the same.
    pub fn is_equal(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty() && self.changed.is_empty()
    }

    /// Compares two tables by `result_id`, whatever the order of their rows.
    pub fn of(first: &Table, second: &Table) -> Self {
        let mut comparison = Self::default();
        let known = second.by_id();
        let columns = columns(first, second);
        for row in &first.rows {
            let id = first.cell(row, "result_id");
            let Some(other) = known.get(id) else {
                comparison.removed.push(id.to_owned());
                continue;
            };
            let cells = changed(&columns, (first, row), (second, other));
            if cells.is_empty() {
                comparison.equal += 1;
            } else {
                let measure_id = first.cell(row, "measure_id").to_owned();
                comparison.changed.push(ChangedRow { result_id: id.to_owned(), measure_id, cells });
            }
        }
        let old: BTreeSet<&str> = first.rows.iter().map(|row| first.cell(row, "result_id")).collect();
        let ids = second.rows.iter().map(|row| second.cell(row, "result_id"));
        comparison.added = ids.filter(|id| !old.contains(id)).map(str::to_owned).collect();
        comparison
    }
}

/// Columns of both, those of the first table first.
fn columns(first: &Table, second: &Table) -> Vec<String> {
    let more = second.columns.iter().filter(|column| first.column(column).is_none());
    first.columns.iter().chain(more).cloned().collect()
}

fn changed(columns: &[String], first: (&Table, &[String]), second: (&Table, &[String])) -> Vec<ChangedCell> {
    let hidden = [first, second].map(|(table, row)| hides(table.cell(row, "suppression")));
    let mut cells = Vec::new();
    for column in columns {
        let [before, after] = [first, second].map(|(table, row)| table.cell(row, column));
        if before == after {
            continue;
        }
        let say = |cell: &str, hidden: bool| match (is_number(column), hidden) {
            (true, true) => HIDDEN.to_owned(),
            (true, false) => SHOWN.to_owned(),
            (false, _) => cell.to_owned(),
        };
        let (before, after) = if hidden.contains(&true) {
            (say(before, hidden[0]), say(after, hidden[1]))
        } else {
            (before.to_owned(), after.to_owned())
        };
        cells.push(ChangedCell { column: column.clone(), before, after });
    }
    cells
}

fn hides(suppression: &str) -> bool {
    matches!(suppression, "primary" | "complementary")
}

fn is_number(column: &str) -> bool {
    matches!(column, "value" | "n" | "numerator" | "denominator" | "ci_low" | "ci_high" | "p_value" | "p_adjusted")
}

#[cfg(test)]
mod tests {
    use super::Comparison;
    use crate::publish::written::Table;

    fn table(rows: &str) -> Table {
        Table::parse(&format!("result_id,measure_id,value,n,suppression\n{rows}"))
    }

    #[test]
    fn rows_are_matched_by_id_and_not_by_order() {
        let first = table("a,m,1,5,none\nb,m,2,6,none\nc,m,3,7,none\n");
        let second = table("d,m,9,9,none\nb,m,2.5,6,none\na,m,1,5,none\n");
        let comparison = Comparison::of(&first, &second);
        assert_eq!(
            (comparison.equal, &comparison.removed[..], &comparison.added[..]),
            (1, &["c".to_owned()][..], &["d".to_owned()][..])
        );
        let [row] = &comparison.changed[..] else { panic!("{comparison:?}") };
        assert_eq!(
            (row.result_id.as_str(), row.cells[0].before.as_str(), row.cells[0].after.as_str()),
            ("b", "2", "2.5")
        );
        assert!(Comparison::of(&first, &first).is_equal());
    }

    #[test]
    fn a_number_hidden_on_either_side_is_said_on_neither() {
        let shown = table("a,m,0.25,12,none\n");
        let hidden = table("a,m,,,primary\n");
        for (first, second) in [(&shown, &hidden), (&hidden, &shown)] {
            let said = format!("{:?}", Comparison::of(first, second).changed);
            assert!(!said.contains("0.25") && !said.contains("12"), "{said}");
            assert!(said.contains("hidden") && said.contains("primary"), "{said}");
        }
    }
}
