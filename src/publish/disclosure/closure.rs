//! Which counts are hidden: small ones, and as many others as it takes that no
//! line gives a small one back.
//!
//! The rule for a line whose total is printed: either no part is hidden, or at
//! least two are and together they are not small. A total is small only when all
//! its parts are, and is then hidden itself. Where the rule is broken the
//! smallest non-zero part is hidden as well (of equals, the later); a zero part
//! or the total only when nothing else is left. A line whose total is hidden
//! must have a hidden part. Lines are taken in order, again and again, until
//! none is broken; hiding only ever adds, so this ends.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::network::{Atom, Line, Network};

/// Whether a count must not be known: from 1 to `threshold - 1`.
pub(super) fn is_small(count: u64, threshold: u64) -> bool {
    (1..threshold).contains(&count)
}

/// The state of a network while counts are being hidden.
pub(super) struct Closure<'a> {
    pub(super) network: &'a Network,
    pub(super) threshold: u64,
    pub(super) hidden: Vec<bool>,
    /// Hidden since somebody last took them from here.
    pub(super) fresh: Vec<Atom>,
    broken: BTreeSet<usize>,
}

impl<'a> Closure<'a> {
    /// Hides what is small or in no row anyway, then what would give it back.
    pub(super) fn new(network: &'a Network, threshold: u64) -> Self {
        let hidden = vec![false; network.values.len()];
        let mut closure = Self { network, threshold, hidden, fresh: Vec::new(), broken: BTreeSet::new() };
        let small = network.atoms().filter(|&atom| is_small(network.values[atom], threshold));
        for atom in small.chain(network.unprinted.iter().copied()) {
            closure.hide(atom);
        }
        closure.settle();
        closure
    }

    /// Whether the count is hidden and must not be known.
    pub(super) fn protects(&self, atom: Atom) -> bool {
        self.hidden[atom] && is_small(self.network.values[atom], self.threshold)
    }

    /// Hides a count and whatever cannot be known or shown without it.
    pub(super) fn hide(&mut self, atom: Atom) {
        let mut waiting = vec![atom];
        while let Some(atom) = waiting.pop() {
            if std::mem::replace(&mut self.hidden[atom], true) {
                continue;
            }
            self.fresh.push(atom);
            self.broken.extend(self.network.lines_of(atom));
            waiting.extend(self.no_longer_derived(atom));
            waiting.extend(self.no_longer_carried(atom));
        }
    }

    /// Derived counts none of whose definitions is complete any more.
    fn no_longer_derived(&self, atom: Atom) -> Vec<Atom> {
        let lines = self.network.lines_of(atom).iter();
        let derived = lines.filter_map(|&line| self.network.lines[line].derives).filter(|&derived| derived != atom);
        derived.filter(|&derived| !self.is_derivable(derived)).collect()
    }

    fn is_derivable(&self, derived: Atom) -> bool {
        let complete = |line: &Line| line.atoms().all(|atom| atom == derived || !self.hidden[atom]);
        self.network.definitions(derived).iter().any(|&line| complete(&self.network.lines[line]))
    }

    /// Counts no row of which is still printed.
    fn no_longer_carried(&self, atom: Atom) -> Vec<Atom> {
        let alone = |&&count: &&Atom| self.network.bases(count).iter().all(|&base| self.hidden[base]);
        self.network.carried(atom).iter().filter(alone).copied().collect()
    }

    /// Repairs broken lines in order, round and round, until none is left.
    pub(super) fn settle(&mut self) {
        let mut next = 0;
        while let Some(line) = self.broken.range(next..).next().or(self.broken.first()).copied() {
            self.broken.remove(&line);
            while let Some(victim) = self.victim(&self.network.lines[line]) {
                self.hide(victim);
            }
            self.broken.remove(&line);
            next = line + 1;
        }
    }

    /// The count to hide next on a line, if the line gives something away.
    fn victim(&self, line: &Line) -> Option<Atom> {
        let hidden: Vec<Atom> = line.parts.iter().copied().filter(|&part| self.hidden[part]).collect();
        let together: u64 = hidden.iter().map(|&part| self.network.values[part]).sum();
        let covered = if self.hidden[line.total] {
            !hidden.is_empty()
        } else {
            hidden.is_empty() || (hidden.len() >= 2 && together >= self.threshold)
        };
        if covered { None } else { self.cheapest(line) }
    }

    /// Of what is shown on a line, what is missed least.
    fn cheapest(&self, line: &Line) -> Option<Atom> {
        let shown = line.atoms().enumerate().filter(|&(_, atom)| !self.hidden[atom]);
        let cost = |&(position, atom): &(usize, Atom)| {
            let value = self.network.values[atom];
            (self.network.ranks[atom], position == line.parts.len(), value == 0, value, Reverse(position))
        };
        shown.min_by_key(cost).map(|(_, atom)| atom)
    }
}
