//! Lines between counts that an estimate states of itself (`Relations`): sums
//! over other cells and people within people.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::network::{Atom, Draft};
use super::survey::{CellAtoms, divide};
use crate::estimate::result::{CellKey, Count, Estimate};

/// Draws the lines, and lets every cell that rests on others follow them.
pub(super) fn draw(draft: &mut Draft, estimates: &[Estimate], cells: &mut [CellAtoms], complementary: bool) {
    let numbers: BTreeMap<&CellKey, usize> =
        estimates.iter().enumerate().map(|(number, estimate)| (&estimate.key, number)).collect();
    let find = |keys: &[CellKey]| keys.iter().filter_map(|key| numbers.get(key).copied()).collect::<Vec<usize>>();
    for (number, estimate) in estimates.iter().enumerate() {
        let relations = &estimate.relations;
        for other in find(&relations.rests_on) {
            let follows: Vec<Atom> = counts(&cells[other]).chain(cells[other].outcome.iter().copied()).collect();
            cells[number].outcome.extend(follows);
            cells[number].few_scores |= cells[other].few_scores;
        }
        if complementary {
            sum(draft, number, &find(&relations.sum_of), cells);
            for inner in find(&relations.contains) {
                within(draft, number, inner, cells);
            }
            for outer in find(&relations.part_of) {
                within(draft, outer, number, cells);
            }
            for same in &relations.same_people {
                let atoms = |list: &[(CellKey, Count)]| -> Option<Vec<Atom>> {
                    list.iter().map(|(key, count)| atom(&cells[*numbers.get(key)?], *count)).collect()
                };
                if let Some((left, right)) = atoms(&same.left).zip(atoms(&same.right)) {
                    both_add_up(draft, left, right);
                }
            }
        }
    }
}

/// Denominator, and numerator and complement where they are protected, in the
/// same order for every cell.
fn counts(cell: &CellAtoms) -> impl Iterator<Item = Atom> + '_ {
    std::iter::once(cell.n).chain(cell.counts.iter().copied())
}

/// The atom of a count; `None` where it is not protected.
fn atom(cell: &CellAtoms, count: Count) -> Option<Atom> {
    match count {
        Count::People => Some(cell.n),
        Count::With => cell.counts.first().copied(),
        Count::Without => cell.counts.get(1).copied(),
    }
}

/// Two lists over the same people: one count is divided by the others, two lists
/// meet in a sum that nobody prints and that follows from either. Lists that do
/// not meet, because a pack defines a measure otherwise, say nothing.
fn both_add_up(draft: &mut Draft, left: Vec<Atom>, right: Vec<Atom>) {
    match (left.as_slice(), right.as_slice()) {
        (&[whole], _) => divide(draft, whole, right),
        (_, &[whole]) => divide(draft, whole, left),
        _ => {
            let sum = |atoms: &[Atom]| atoms.iter().map(|&atom| draft.value(atom)).sum::<u64>();
            let people = sum(&left);
            if people > 0 && people == sum(&right) {
                let both = draft.derived(people, 0);
                draft.summing(both, left);
                draft.summing(both, right);
            }
        }
    }
}

/// Each count of the whole is the sum of that count over the parts.
fn sum(draft: &mut Draft, whole: usize, parts: &[usize], cells: &[CellAtoms]) {
    if parts.is_empty() {
        return;
    }
    for (position, total) in counts(&cells[whole]).enumerate() {
        let parts: Vec<Atom> = parts.iter().filter_map(|&part| counts(&cells[part]).nth(position)).collect();
        divide(draft, total, parts);
    }
}

/// Each count of the outer cell is that of the inner one and a rest, which is
/// nobody's row and yet a count.
fn within(draft: &mut Draft, outer: usize, inner: usize, cells: &[CellAtoms]) {
    for (outer, inner) in counts(&cells[outer]).zip(counts(&cells[inner])) {
        let (whole, part) = (draft.value(outer), draft.value(inner));
        match whole.cmp(&part) {
            Ordering::Less => {}
            Ordering::Equal => draft.same(outer, inner),
            Ordering::Greater => {
                let rest = draft.derived(whole - part, 0);
                draft.defining(outer, vec![inner], rest);
            }
        }
    }
}
