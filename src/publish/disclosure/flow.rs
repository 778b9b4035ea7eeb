//! The flow of patients: which of its steps are parts of others, and which are
//! counts the table tells again.

use std::collections::BTreeMap;

use super::network::{Atom, Draft, Network};
use super::place::ALL;
use super::survey::{CellAtoms, divide};
use crate::estimate::analysis::data_quality::{ACCEPTED, ROWS, TABLE};
use crate::estimate::result::{CellKey, Estimand, Estimate, Population};
use crate::model::attrition::{Attrition, Step};

/// Steps that begin a branch: those due at each horizon are among those of the
/// step before the branches, and those due later among those due earlier.
const BRANCHES: [(&str, &str); 2] = [("baseline_above_zero", "due_"), ("opioid_users", "opioid_due_")];

/// The measure whose denominators are the opioid users due, switched or not.
const USERS: &str = "opioid_to_buprenorphine";

/// The counts of one step of the flow.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepAtoms {
    pub(super) remaining: Atom,
    /// None where the unit changes.
    pub(super) removed: Option<Atom>,
}

impl StepAtoms {
    pub(super) fn resolved(self, network: &Network) -> Self {
        let removed = self.removed.map(|atom| network.atom(atom));
        Self { remaining: network.atom(self.remaining), removed }
    }
}

/// The denominators of everyone to date, by their number: the flow ends in them.
fn everyone(estimates: &[Estimate], cells: &[CellAtoms]) -> BTreeMap<u64, Atom> {
    let everyone = estimates.iter().zip(cells).filter(|(estimate, _)| is_everyone(&estimate.key));
    everyone.map(|(estimate, cell)| (estimate.n, cell.n)).collect()
}

fn is_everyone(key: &CellKey) -> bool {
    key.population == Population::ToDate
        && [&key.site, &key.condition, &key.stratum_name].iter().all(|axis| *axis == ALL)
}

/// Counts the flow of patients tells again, by their number.
struct Known {
    /// People and series.
    people: BTreeMap<u64, Atom>,
    /// Rows read and accepted.
    rows: BTreeMap<u64, Atom>,
}

impl Known {
    /// The rows of the patients tables are the patients.
    fn of(draft: &mut Draft, estimates: &[Estimate], cells: &[CellAtoms]) -> Self {
        let mut known = Self { people: everyone(estimates, cells), rows: BTreeMap::new() };
        for (estimate, cell) in estimates.iter().zip(cells) {
            let key = &estimate.key;
            match (key.measure_id.as_str(), key.stratum_name.as_str(), key.stratum_level.as_str()) {
                (ROWS | ACCEPTED, TABLE, ALL) => _ = known.rows.insert(estimate.n, cell.n),
                (ACCEPTED, TABLE, "patients") => {
                    let people = *known.people.entry(estimate.n).or_insert(cell.n);
                    draft.same(people, cell.n);
                }
                _ => {}
            }
        }
        known
    }
}

/// Draws the flow; one pair of counts for each step.
pub(super) fn draw(
    draft: &mut Draft,
    attrition: &Attrition,
    estimates: &[Estimate],
    cells: &[CellAtoms],
    complementary: bool,
) -> Vec<StepAtoms> {
    let known = Known::of(draft, estimates, cells);
    let drawn = draw_steps(draft, attrition, known, complementary);
    if complementary {
        draw_branches(draft, attrition, &drawn);
        draw_users(draft, attrition, &drawn, estimates, cells);
    }
    drawn
}

/// Before = after + removed, within one unit. Steps over people that leave the
/// same number, or as many as a denominator of everyone counts, are taken for
/// the same people: patients treated are first series, and a flow that branches
/// tells a number twice.
fn draw_steps(draft: &mut Draft, attrition: &Attrition, mut known: Known, complementary: bool) -> Vec<StepAtoms> {
    let mut drawn: Vec<StepAtoms> = Vec::new();
    let mut before: Option<&Step> = None;
    for step in attrition.steps() {
        let known = if step.unit == "rows" { &mut known.rows } else { &mut known.people };
        let remaining = *known.entry(step.remaining).or_insert_with(|| draft.printed(step.remaining, 0));
        let continued = before.filter(|before| continues(before, step)).map(|_| draft.printed(step.removed, 0));
        if let Some((removed, last)) = continued.zip(drawn.last()).filter(|_| complementary) {
            draft.sum(last.remaining, vec![remaining, removed]);
        }
        drawn.push(StepAtoms { remaining, removed: continued });
        before = Some(step);
    }
    drawn
}

/// Those due at a horizon, among those at every earlier one and before the branch:
/// every two, because two differences of some people can be few together.
fn draw_branches(draft: &mut Draft, attrition: &Attrition, drawn: &[StepAtoms]) {
    let steps = attrition.steps();
    for (root, due) in BRANCHES {
        let on_it = |&at: &usize| steps[at].id == root || steps[at].id.starts_with(due);
        let chain: Vec<Atom> = (0..steps.len()).filter(on_it).map(|at| drawn[at].remaining).collect();
        for (at, &outer) in chain.iter().enumerate() {
            for &inner in &chain[at + 1..] {
                divide(draft, outer, vec![inner]);
            }
        }
    }
}

/// The opioid users a measure counts to date are among those due.
fn draw_users(
    draft: &mut Draft,
    attrition: &Attrition,
    drawn: &[StepAtoms],
    estimates: &[Estimate],
    cells: &[CellAtoms],
) {
    let due: BTreeMap<&str, Atom> = attrition
        .steps()
        .iter()
        .zip(drawn)
        .filter_map(|(step, atoms)| Some((step.id.strip_prefix("opioid_due_")?, atoms.remaining)))
        .collect();
    for (estimate, cell) in estimates.iter().zip(cells) {
        let key = &estimate.key;
        let counted = key.measure_id == USERS && key.estimand == Estimand::Nri && is_everyone(key);
        if let Some(&due) = due.get(key.horizon.as_str()).filter(|_| counted) {
            divide(draft, due, vec![cell.n]);
        }
    }
}

/// Whether a step takes away from the one before, rather than counting a new unit.
pub(super) fn continues(before: &Step, step: &Step) -> bool {
    before.unit == step.unit && before.remaining == step.remaining + step.removed
}
