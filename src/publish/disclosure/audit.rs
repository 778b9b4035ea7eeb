//! Hiding, attacked: after every line is covered, two attackers try all lines
//! together, and whatever they learn costs another count, until they learn
//! nothing that must not be known.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::closure::{Closure, is_small};
use super::interval::{Range, narrow};
use super::linear::determined;
use super::network::{Atom, Network};

/// For every atom, whether it is hidden.
///
/// # Panics
/// When a small count could still be worked out: nothing may then be released.
pub(super) fn hide(network: &Network, threshold: u64) -> Vec<bool> {
    let t0=std::time::Instant::now(); let mut closure = Closure::new(network, threshold); eprintln!("closure {:?} atoms {} lines {} hidden {}", t0.elapsed(), network.values.len(), network.lines.len(), closure.hidden.iter().filter(|h| **h).count());
    loop {
        let exposed = exposed(&closure);
        if exposed.is_empty() || !cover(&mut closure, &exposed) {
            assert!(exposed.is_empty(), "a small count could be worked out from the table");
            return closure.hidden;
        }
        closure.settle();
    }
}

/// Small hidden counts an attacker can tell to within less than the threshold.
fn exposed(closure: &Closure) -> Vec<Atom> {
    let t0=std::time::Instant::now(); let ranges = ranges(closure.network, &closure.hidden); let t1=t0.elapsed();
    let determined = determined(closure.network, &closure.hidden); eprintln!("ranges {t1:?} linear {:?} hidden {}", t0.elapsed()-t1, closure.hidden.iter().filter(|h| **h).count());
    let least = i64::try_from(closure.threshold).expect("a threshold is a small number");
    let told = |&atom: &Atom| closure.protects(atom) && (ranges[atom].width() < least || determined[atom]);
    let v: Vec<Atom> = closure.network.atoms().filter(told).collect(); eprintln!("exposed {} of which linear {}", v.len(), v.iter().filter(|a| determined[**a]).count()); v
}

fn ranges(network: &Network, hidden: &[bool]) -> Vec<Range> {
    let known = |(&value, &hidden): (&u64, &bool)| if hidden { Range::ANY } else { Range::exactly(value) };
    let mut ranges: Vec<Range> = network.values.iter().zip(hidden).map(known).collect();
    narrow(network, &mut ranges);
    ranges
}

/// Hides one more count near each exposed one, but only one in a neighbourhood:
/// one is often enough for all. Returns whether anything was left to hide.
fn cover(closure: &mut Closure, exposed: &[Atom]) -> bool {
    let mut touched: BTreeSet<usize> = BTreeSet::new();
    for &atom in exposed {
        let lines = closure.network.lines_of(atom);
        if lines.iter().any(|line| touched.contains(line)) {
            continue;
        }
        if let Some(victim) = nearest_shown(closure, atom) {
            touched.extend(lines);
            touched.extend(closure.network.lines_of(victim));
            closure.hide(victim);
        }
    }
    !touched.is_empty()
}

/// The cheapest shown count near `atom`: a variant close by rather than a
/// headline on the very line.
fn nearest_shown(closure: &Closure, atom: Atom) -> Option<Atom> {
    let variant = |&(shown, _): &(Atom, bool)| closure.network.ranks[shown] == 0;
    shown_around(closure, atom, 2, variant).or_else(|| shown_around(closure, atom, usize::MAX, |_| true))
}

/// The cheapest wanted count on the lines of `atom`, or on the lines of the
/// counts on those, and so on outwards for so many rings.
fn shown_around(
    closure: &Closure,
    atom: Atom,
    rings: usize,
    wanted: impl Fn(&(Atom, bool)) -> bool,
) -> Option<Atom> {
    let mut seen = BTreeSet::from([atom]);
    let mut ring = vec![atom];
    for _ in 0..rings {
        let around = neighbours(closure.network, &ring);
        let shown = around.iter().filter(|&&(atom, _)| !closure.hidden[atom]).filter(|place| wanted(place));
        let cost = |&&(atom, total): &&(Atom, bool)| {
            let value = closure.network.values[atom];
            (closure.network.ranks[atom], value == 0, total, value, Reverse(atom))
        };
        if let Some(&(atom, _)) = shown.min_by_key(cost) {
            return Some(atom);
        }
        ring = around.into_iter().map(|(atom, _)| atom).filter(|&atom| seen.insert(atom)).collect();
        if ring.is_empty() {
            return None;
        }
    }
    None
}

/// The atoms that share a line with `ring`, and whether as its total.
fn neighbours(network: &Network, ring: &[Atom]) -> Vec<(Atom, bool)> {
    let numbers: BTreeSet<usize> = ring.iter().flat_map(|&atom| network.lines_of(atom)).copied().collect();
    let lines = numbers.into_iter().map(|number| &network.lines[number]);
    lines.flat_map(|line| line.atoms().map(|atom| (atom, atom == line.total))).collect()
}

/// For every atom, whether it may be called small (`primary`).
///
/// The word itself says that a count lies from 1 to `threshold - 1`: two cells
/// called small with a total of 20 under threshold 11 are 10 and 10. So the word
/// is withheld where, with it, less than half of the small counts would remain
/// possible; such a count is called complementary like its neighbours.
pub(super) fn called_small(network: &Network, hidden: &[bool], threshold: u64) -> Vec<bool> {
    let largest = Range::exactly(threshold - 1).high;
    let half = largest / 2;
    let small = |atom: Atom| hidden[atom] && is_small(network.values[atom], threshold);
    let mut called: Vec<bool> = (0..hidden.len()).map(small).collect();
    let plain = ranges(network, hidden);
    loop {
        let mut ranges = plain.clone();
        for (range, _) in ranges.iter_mut().zip(&called).filter(|(_, called)| **called) {
            *range = Range { low: range.low.max(1), high: range.high.min(largest) };
        }
        narrow(network, &mut ranges);
        let given_away = |atom: &Atom| called[*atom] && ranges[*atom].width() < half;
        let withheld: Vec<Atom> = (0..called.len()).filter(given_away).collect();
        if withheld.is_empty() {
            return called;
        }
        withheld.into_iter().for_each(|atom| called[atom] = false);
    }
}
