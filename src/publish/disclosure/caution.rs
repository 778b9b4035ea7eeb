//! Cautions on shown cells: too few of those due were observed, or the answer
//! depends on the missing.
//!
//! A caution is computed from rows that are shown and from nothing else, so it
//! says no more than they do. Rows of one measure in one place share their
//! denominators: all due under `NRI` (for a change `BOCF`), those observed
//! under `OC`.

use std::collections::BTreeMap;

use crate::estimate::analysis::too_few_seen;
use crate::estimate::result::Estimand;
use crate::publish::results::ResultRow;

/// What is said where fewer than 60 % of those due were observed (definitions,
/// measures.md §2).
const NOT_INTERPRETABLE: &str = "not interpretable: fewer than 60 % of those due have an outcome";
/// What is said where observed cases and all due are more than 20 points apart.
const DEPENDS: &str = "observed cases and missing counted as no response are more than 20 points apart";

/// Whether a shown row may be read at all: too few of those due were observed.
pub fn is_uninterpretable(row: &ResultRow) -> bool {
    row.value.is_some() && row.message.as_deref().is_some_and(|message| message.contains(NOT_INTERPRETABLE))
}

/// A cell without its estimand and statistic: the parts of a result id before them.
fn cell(row: &ResultRow) -> &str {
    let mut ends = row.result_id.rmatch_indices('/').map(|(at, _)| at);
    let end = ends.nth(1).unwrap_or(row.result_id.len());
    &row.result_id[..end]
}

/// What is shown of one cell.
#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    due: Option<u64>,
    observed: Option<u64>,
    imputed: Option<(u64, u64)>,
    seen: Option<(u64, u64)>,
}

impl Shown {
    fn add(&mut self, row: &ResultRow) {
        let counts = row.numerator.zip(row.denominator);
        match (row.estimand, row.statistic.as_str()) {
            (Estimand::Nri, "rate") => (self.due, self.imputed) = (row.n, counts),
            (Estimand::Oc, "rate") => (self.observed, self.seen) = (row.n, counts),
            (Estimand::Bocf, "mean") => self.due = row.n,
            (Estimand::Oc, "mean") => self.observed = row.n,
            _ => {}
        }
    }

    fn is_uninterpretable(self) -> bool {
        self.observed.zip(self.due).is_some_and(|(observed, due)| too_few_seen(observed, due))
    }

    /// The rates differ by more than 1 ÷ 5, in whole numbers.
    fn depends_on_the_missing(self) -> bool {
        let apart = |((with, of), (least, all)): ((u64, u64), (u64, u64))| {
            let [with, of, least, all] = [with, of, least, all].map(i128::from);
            of > 0 && all > 0 && 5 * (with * all - least * of) > of * all
        };
        self.seen.zip(self.imputed).is_some_and(apart)
    }

    fn cautions(self) -> Vec<&'static str> {
        let all = [(self.is_uninterpretable(), NOT_INTERPRETABLE), (self.depends_on_the_missing(), DEPENDS)];
        all.into_iter().filter(|(applies, _)| *applies).map(|(_, words)| words).collect()
    }
}

/// Marks every shown rate and mean of a cell that needs a caution.
pub(super) fn mark(rows: &mut [ResultRow]) {
    let mut shown: BTreeMap<String, Shown> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.value.is_some()) {
        shown.entry(cell(row).to_owned()).or_default().add(row);
    }
    let wanted = |row: &&mut ResultRow| row.value.is_some() && matches!(row.statistic.as_str(), "rate" | "mean");
    for row in rows.iter_mut().filter(wanted) {
        let cautions = shown.get(cell(row)).copied().unwrap_or_default().cautions();
        if row.status != "error" && !cautions.is_empty() {
            row.status = "warning";
            let said = row.message.take().into_iter().chain(cautions.into_iter().map(str::to_owned));
            row.message = Some(said.collect::<Vec<_>>().join("; "));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DEPENDS, NOT_INTERPRETABLE, mark};
    use crate::estimate::result::Estimand;
    use crate::publish::report::fixture::{hidden, rate};
    use crate::publish::results::ResultRow;

    fn pair(responders: u64, observed: u64, due: u64) -> Vec<ResultRow> {
        let row = |estimand: Estimand, of| ResultRow {
            result_id: format!("response_30/quarter/2026Q2/all/all/all/12w/{}/rate", estimand.id()),
            estimand,
            ..rate(responders, of)
        };
        let mut rows = vec![row(Estimand::Nri, due), row(Estimand::Oc, observed)];
        mark(&mut rows);
        rows
    }

    #[test]
    fn a_cell_of_which_too_few_were_observed_says_so() {
        for (observed, due, cautioned) in [(60, 100, false), (59, 100, true), (3, 5, false), (599, 1_000, true)] {
            for row in pair(1, observed, due) {
                let said = row.message.as_deref().is_some_and(|message| message.contains(NOT_INTERPRETABLE));
                assert_eq!((said, row.status == "warning"), (cautioned, cautioned), "{observed} of {due}");
            }
        }
        assert!(pair(0, 0, 0).iter().all(|row| row.status == "ok"));
    }

    #[test]
    fn a_cell_that_depends_on_the_missing_says_so() {
        // 60 of 70 are 85.7 %, 60 of 100 are 60 %; 30 of 75 are 40 %, 30 of 100 are 30 %;
        // 80 of 80 and 80 of 100 are exactly 20 points apart.
        for (responders, observed, due, cautioned) in [(60, 70, 100, true), (30, 75, 100, false), (80, 80, 100, false)]
        {
            for row in pair(responders, observed, due) {
                let said = row.message.as_deref() == Some(DEPENDS);
                assert_eq!(said, cautioned, "{responders} of {observed} of {due}");
            }
        }
    }

    #[test]
    fn a_hidden_cell_says_nothing_and_nothing_is_said_from_it() {
        let mut rows = pair(1, 10, 100);
        let id = rows[1].result_id.clone();
        rows[0] = ResultRow { status: "ok", message: None, ..rows[0].clone() };
        rows[1] = ResultRow { result_id: id, estimand: Estimand::Oc, ..hidden("fewer than 11") };
        mark(&mut rows);
        assert!(rows.iter().all(|row| row.status == "ok" && row.message.is_none()), "{rows:?}");
    }
}
