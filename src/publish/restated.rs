//! Two releases over the same people: what one who holds both can subtract.
//!
//! Disclosure control sees one table. A cumulative report less the one before is
//! the few who came in between, and the same period told twice is the few whose
//! records were mended or withdrawn (definitions, privacy.md §6 and §7). Which
//! reports were given out nobody but their author knows, so nothing is hidden for
//! it: the report that is about to be replaced is compared, and its author told.

use std::collections::{BTreeMap, BTreeSet};

use super::disclosure::Released;
use super::results::ResultRow;
use super::written::Table;
use crate::estimate::result::Population;

/// Rows of a file are nobody in particular, and every new file has a few more.
const ROWS: &str = "rows";

/// Denominator, numerator and what is left of the denominator.
type Counts = [Option<u64>; 3];

/// The cells, by `result_id` without statistic, of which a count differs between
/// an earlier table and this one by fewer than the threshold. None where the
/// profile does not guard differences.
pub fn few_between(earlier: &Table, released: &Released) -> Vec<String> {
    let profile = released.profile();
    if !profile.complementary {
        return Vec::new();
    }
    let before = counted(earlier);
    let few = |one: Option<u64>, other: Option<u64>| {
        one.zip(other).is_some_and(|(one, other)| (1..profile.threshold).contains(&one.abs_diff(other)))
    };
    let mut cells = BTreeSet::new();
    for row in released.rows().iter().filter(|row| row.unit != ROWS) {
        let cell = cell_id(&row.result_id, row.population == Population::ToDate);
        let Some(known) = before.get(&cell) else { continue };
        if known.iter().zip(counts(row)).any(|(&one, other)| few(one, other)) {
            cells.insert(cell);
        }
    }
    cells.into_iter().collect()
}

/// Whatever the rows of a cell say of its counts.
fn counted(table: &Table) -> BTreeMap<String, Counts> {
    let [id, population, unit, n, numerator, value, statistic] =
        ["result_id", "population", "unit", "n", "numerator", "value", "statistic"].map(|name| table.column(name));
    let text = |row: &[String], at: Option<usize>| at.and_then(|at| row.get(at).cloned()).unwrap_or_default();
    let mut all: BTreeMap<String, Counts> = BTreeMap::new();
    for row in table.rows.iter().filter(|row| text(row, unit) != ROWS) {
        let is_to_date = text(row, population) == Population::ToDate.id();
        let count = |at: Option<usize>| text(row, at).parse().ok();
        let told = if is_of_flow(&text(row, id), &text(row, statistic)) { count(value) } else { None };
        let known = all.entry(cell_id(&text(row, id), is_to_date)).or_default();
        for (known, told) in known.iter_mut().zip(with_rest(count(n).or(told), count(numerator))) {
            *known = known.or(told);
        }
    }
    all
}

fn counts(row: &ResultRow) -> Counts {
    let told = row.value.filter(|_| is_of_flow(&row.result_id, &row.statistic));
    // As the table writes it, so that both sides are read alike.
    with_rest(row.n.or(told.and_then(|value| value.to_string().parse().ok())), row.numerator)
}

fn with_rest(n: Option<u64>, numerator: Option<u64>) -> Counts {
    [n, numerator, n.zip(numerator).and_then(|(n, with)| n.checked_sub(with))]
}

/// Steps of the flow are counts without a denominator.
fn is_of_flow(result_id: &str, statistic: &str) -> bool {
    result_id.starts_with("attrition/") && statistic == "count"
}

/// A result id without its statistic and, for what is to date, without its
/// period: the next report is to a later date and holds the same people.
fn cell_id(result_id: &str, is_to_date: bool) -> String {
    let parts: Vec<&str> = result_id.split('/').collect();
    let last = parts.len().saturating_sub(1);
    let kept = parts[..last].iter().enumerate().filter(|&(at, _)| !(is_to_date && at == 2));
    kept.map(|(_, part)| *part).collect::<Vec<&str>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::few_between;
    use crate::estimate::result::{CellKey, Estimand, Estimate, Maturity, Statistic};
    use crate::model::attrition::Attrition;
    use crate::model::calendar::Period;
    use crate::protocol::{DisclosureProfile, Rounding};
    use crate::publish::disclosure::{Released, release};
    use crate::publish::results::write_csv;
    use crate::publish::written::Table;

    fn profile(complementary: bool) -> DisclosureProfile {
        DisclosureProfile {
            id: "strict".to_owned(),
            version: 1,
            title: String::new(),
            citation: String::new(),
            threshold: 11,
            protect_numerator: true,
            complementary,
            rounding: Rounding::None,
            banner: String::new(),
        }
    }

    /// A rate to date at the end of a quarter, and how many patients there are.
    fn report(quarter: &str, with: u64, of: u64, patients: u64, complementary: bool) -> Released {
        let day = |period: &str| Period::parse(period).expect("tests name periods");
        let key = CellKey {
            period_start: Some(day("2024Q1").first_day()),
            period_end: Some(day(quarter).last_day()),
            ..CellKey::to_date((0, "response_30"), ("all", 0, "all"), Estimand::Nri)
        };
        let rate = Statistic::new("rate", "share", Ok(with as f64 / of as f64));
        let estimate = Estimate::new(key, of, Some(with), vec![rate], Maturity::Mature);
        let mut flow = Attrition::default();
        flow.start("patients", "Patients", "patients", patients);
        release(vec![estimate], &[], &flow, &profile(complementary))
    }

    fn between(first: &Released, second: &Released) -> Vec<String> {
        let mut csv = Vec::new();
        write_csv(first, &mut csv).expect("memory can be written to");
        few_between(&Table::parse(&String::from_utf8(csv).expect("results are text")), second)
    }

    #[test]
    fn the_same_report_again_differs_by_nobody() {
        let first = report("2025Q1", 40, 100, 500, true);
        assert!(between(&first, &first).is_empty());
    }

    #[test]
    fn a_few_more_to_date_are_noticed_whatever_the_last_day() {
        let first = report("2025Q1", 40, 100, 500, true);
        let cell = "response_30/to_date/all/all/all/all/NRI";
        assert_eq!(between(&first, &report("2025Q2", 40, 105, 500, true)), [cell]);
        assert_eq!(between(&first, &report("2025Q2", 43, 150, 500, true)), [cell], "three more responded");
        assert_eq!(between(&first, &report("2025Q2", 95, 160, 500, true)), [cell], "five more did not");
        assert!(between(&first, &report("2025Q2", 60, 150, 500, true)).is_empty());
    }

    #[test]
    fn a_few_patients_who_withdrew_are_noticed_in_the_flow() {
        let first = report("2025Q1", 40, 100, 500, true);
        let second = report("2025Q1", 40, 100, 497, true);
        assert_eq!(between(&first, &second), ["attrition/to_date/all/all/step=patients/all/NRI"]);
    }

    #[test]
    fn a_profile_that_does_not_guard_differences_says_nothing() {
        let first = report("2025Q1", 40, 100, 500, false);
        assert!(between(&first, &report("2025Q1", 40, 105, 497, false)).is_empty());
    }
}
