//! The attacker who solves equations: which hidden counts the lines determine,
//! whatever combination of them it takes.
//!
//! A rule that looks at one line at a time, and ranges, miss some of these: two
//! blocks of a table that share one hidden cell fix that cell, although every
//! row and column has two hidden. So the lines are solved exactly (`elimination`),
//! one area at a time: in a report of tens of thousands of counts that takes
//! milliseconds, on one thread, whatever the table looks like.

use std::collections::BTreeMap;

use super::elimination::{Echelon, add};
use super::network::{Area, Atom, Network};

/// A hidden count that the lines determine.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Giveaway {
    pub(super) atom: Atom,
    /// The shown counts it can be computed from.
    pub(super) from: Vec<Atom>,
}

/// Wanted atoms of an area that the lines determine, the first so `many` of them.
pub(super) fn giveaways(network: &Network, area: &Area, wanted: impl Fn(Atom) -> bool, many: usize) -> Vec<Giveaway> {
    let rows: Vec<Vec<(u32, i64)>> = area.lines.iter().map(|&line| equation(network, area, line)).collect();
    let echelon = Echelon::of(&rows, area.atoms.len());
    let determined = echelon.determined().into_iter().enumerate().filter(|&(_, determined)| determined);
    let columns = determined.map(|(column, _)| column).filter(|&column| wanted(area.atoms[column]));
    let giveaway = |column: usize| {
        let weights = echelon.combination(column);
        Giveaway { atom: area.atoms[column], from: shown(network, area, &weights) }
    };
    columns.take(many).map(giveaway).collect()
}

/// A line as an equation in the hidden counts of its area.
fn equation(network: &Network, area: &Area, line: usize) -> Vec<(u32, i64)> {
    let mut signs: BTreeMap<u32, i64> = BTreeMap::new();
    for (atom, sign) in network.lines[line].signed() {
        if let Ok(column) = area.atoms.binary_search(&atom) {
            *signs.entry(u32::try_from(column).expect("fewer counts than people")).or_default() += sign;
        }
    }
    signs.into_iter().filter(|&(_, sign)| sign != 0).collect()
}

/// The shown counts that remain when lines are added up with these weights.
fn shown(network: &Network, area: &Area, weights: &BTreeMap<usize, u64>) -> Vec<Atom> {
    let mut sums: BTreeMap<Atom, u64> = BTreeMap::new();
    for (&row, &weight) in weights {
        for (atom, sign) in network.lines[area.lines[row]].signed() {
            add(sums.entry(atom).or_default(), weight, sign);
        }
    }
    let is_shown = |atom: &Atom| area.atoms.binary_search(atom).is_err();
    sums.into_iter().filter(|(atom, sum)| is_shown(atom) && *sum != 0).map(|(atom, _)| atom).collect()
}
