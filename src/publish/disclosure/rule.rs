//! The rule on bare numbers: one margin line, one table, one rate. These go
//! through the same network and audit as a release does.

use super::audit;
use super::closure::is_small;
use super::network::{Atom, Draft};

/// One margin line after suppression; `None` is hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressedLine {
    /// The parts.
    pub show: Vec<Option<u64>>,
    /// Their total.
    pub total: Option<u64>,
}

/// A table after suppression; `None` is hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressedTable {
    /// The cells by row.
    pub show: Vec<Vec<Option<u64>>>,
    /// Totals of the rows.
    pub row_totals: Vec<Option<u64>>,
    /// Totals of the columns.
    pub col_totals: Vec<Option<u64>>,
}

/// What may be shown of `x` out of `n`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateRule {
    /// Whether the denominator may be shown.
    pub show_n: bool,
    /// Whether the rate and its numerator may be shown.
    pub show_rate: bool,
    /// Why, in words that name the rule and not the numbers.
    pub reason: String,
}

/// Hides the small counts of one line with its total, and what gives them back.
/// ```
/// use relief::publish::disclosure::suppress_line;
/// let line = suppress_line(&[50, 30, 5], 11);
/// assert_eq!(line.show, [Some(50), None, None]);
/// assert_eq!(line.total, Some(85));
/// ```
pub fn suppress_line(counts: &[u64], threshold: u64) -> SuppressedLine {
    let mut draft = Draft::default();
    let total = draft.printed(counts.iter().sum(), 0);
    let parts = printed(&mut draft, counts);
    draft.sum(total, parts.clone());
    let sight = Sight::of(draft, threshold);
    SuppressedLine { show: sight.see_all(&parts), total: sight.see(total) }
}

/// Hides the small cells and margins of a table, and what gives them back.
///
/// The grand total counts as known: either margin, where complete, gives it away.
///
/// # Panics
/// When the rows differ in length.
pub fn suppress_table(table: &[Vec<u64>], threshold: u64) -> SuppressedTable {
    let width = table.first().map_or(0, Vec::len);
    assert!(table.iter().all(|row| row.len() == width), "a table has rows of one length");
    let column = |j: usize| table.iter().map(move |row| row[j]);
    let mut draft = Draft::default();
    let cells: Vec<Vec<Atom>> = table.iter().map(|row| printed(&mut draft, row)).collect();
    let rows = printed(&mut draft, &table.iter().map(|row| row.iter().sum()).collect::<Vec<u64>>());
    let cols = printed(&mut draft, &(0..width).map(|j| column(j).sum()).collect::<Vec<u64>>());
    let grand = draft.printed(table.iter().flatten().sum(), 0);
    for (row, &total) in cells.iter().zip(&rows) {
        draft.sum(total, row.clone());
    }
    for (j, &total) in cols.iter().enumerate() {
        draft.sum(total, cells.iter().map(|row| row[j]).collect());
    }
    draft.sum(grand, rows.clone());
    draft.sum(grand, cols.clone());
    let sight = Sight::of(draft, threshold);
    SuppressedTable {
        show: cells.iter().map(|row| sight.see_all(row)).collect(),
        row_totals: sight.see_all(&rows),
        col_totals: sight.see_all(&cols),
    }
}

/// Decides on the rate `x` of `n`: denominator, numerator and complement must
/// not be small.
///
/// # Panics
/// When `x` exceeds `n`.
/// ```
/// use relief::publish::disclosure::rate_rule;
/// let rule = rate_rule(12, 22, 11);
/// assert!(rule.show_n && !rule.show_rate, "10 of 22 without the outcome are few");
/// ```
pub fn rate_rule(x: u64, n: u64, threshold: u64) -> RateRule {
    assert!(x <= n, "a numerator is part of its denominator");
    let mut draft = Draft::default();
    let [base, with, without] = [draft.printed(n, 0), draft.printed(x, 0), draft.derived(n - x, 0)];
    draft.defining(base, vec![with], without);
    draft.carried(with, base);
    let sight = Sight::of(draft, threshold);
    let show_n = sight.see(base).is_some();
    let show_rate = n > 0 && [base, with, without].into_iter().all(|atom| sight.see(atom).is_some());
    RateRule { show_n, show_rate, reason: rate_reason(x, n, threshold) }
}

fn rate_reason(x: u64, n: u64, threshold: u64) -> String {
    if n == 0 {
        "no denominator".to_owned()
    } else if is_small(n, threshold) {
        format!("n<{threshold}")
    } else if is_small(x, threshold) || is_small(n - x, threshold) {
        format!("numerator or complement 1..{}", threshold - 1)
    } else if x == 0 || x == n {
        "ok; homogeneous group - attribute-disclosure warning".to_owned()
    } else {
        "ok".to_owned()
    }
}

fn printed(draft: &mut Draft, counts: &[u64]) -> Vec<Atom> {
    counts.iter().map(|&count| draft.printed(count, 0)).collect()
}

/// What can be seen of a network.
struct Sight {
    counts: Vec<Option<u64>>,
}

impl Sight {
    fn of(draft: Draft, threshold: u64) -> Self {
        let network = draft.finish();
        let hidden = audit::hide(&network, threshold);
        let see = |(&count, hidden): (&u64, bool)| (!hidden).then_some(count);
        Self { counts: network.values.iter().zip(hidden).map(see).collect() }
    }

    fn see(&self, atom: Atom) -> Option<u64> {
        self.counts[atom]
    }

    fn see_all(&self, atoms: &[Atom]) -> Vec<Option<u64>> {
        atoms.iter().map(|&atom| self.see(atom)).collect()
    }
}
