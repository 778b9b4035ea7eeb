//! Hiding, attacked: after every line is covered, two attackers try all lines
//! together, and whatever they learn costs another count, until they learn
//! nothing that must not be known.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::closure::Closure;
use super::interval::{Range, binds, narrow};
use super::linear::{Giveaway, giveaways};
use super::network::{Area, Atom, Line, Network};

/// For every atom, whether it is hidden.
///
/// # Panics
/// When a small count could still be worked out: nothing may then be released.
pub(super) fn hide(network: &Network, threshold: u64) -> Vec<bool> {
    let mut audit = Audit::of(Closure::new(network, threshold));
    while audit.improves() {}
    assert!(audit.passes(), "a small count could be worked out from the table");
    audit.closure.hidden
}

/// What is known of the hidden counts, while more are being hidden.
struct Audit<'a> {
    closure: Closure<'a>,
    ranges: Vec<Range>,
    /// Hidden since the ranges of their area were found wide enough.
    unmeasured: BTreeSet<Atom>,
    /// Hidden since the equations of their area were found to have many solutions.
    unsolved: BTreeSet<Atom>,
    /// How often equations gave something away.
    attempts: usize,
}

/// After so many attempts twice as many counts are hidden at a time: in a large
/// crossed table one at a time would take hundreds.
const ATTEMPTS: usize = 4;

/// So many giveaways of an area are mended at a time, at first.
const GIVEAWAYS: usize = 16;

impl<'a> Audit<'a> {
    fn of(closure: Closure<'a>) -> Self {
        let ranges = closure.network.values.iter().map(|&value| Range::exactly(value)).collect();
        Self { closure, ranges, unmeasured: BTreeSet::new(), unsolved: BTreeSet::new(), attempts: 0 }
    }

    /// Hides something more where an attacker learns something; `false` when
    /// none does. Ranges come first: they are found in a fraction of the time.
    fn improves(&mut self) -> bool {
        let fresh = std::mem::take(&mut self.closure.fresh);
        self.unmeasured.extend(&fresh);
        self.unsolved.extend(&fresh);
        let victims = self.against_ranges();
        let victims = if victims.is_empty() { self.against_equations() } else { victims };
        for &victim in &victims {
            self.closure.hide(victim);
        }
        self.closure.settle();
        !victims.is_empty()
    }

    /// Both attackers once more on everything.
    fn passes(&mut self) -> bool {
        self.unmeasured = self.hidden();
        self.unsolved = self.hidden();
        !self.improves()
    }

    fn hidden(&self) -> BTreeSet<Atom> {
        self.closure.network.atoms().filter(|&atom| self.closure.hidden[atom]).collect()
    }

    fn against_ranges(&mut self) -> Vec<Atom> {
        let network = self.closure.network;
        let areas = network.areas(&self.unmeasured, &self.closure.hidden);
        for area in &areas {
            area.atoms.iter().for_each(|&atom| self.ranges[atom] = Range::at_least(network.least(atom)));
            narrow(network, &area.lines, &mut self.ranges);
        }
        let victims: Vec<Atom> = areas.iter().flat_map(|area| self.widening(area)).collect();
        if victims.is_empty() {
            self.unmeasured.clear();
        }
        victims
    }

    /// One more count for each small one that can be told to within less than
    /// the threshold; but one in a neighbourhood, as one is often enough for all.
    fn widening(&self, area: &Area) -> Vec<Atom> {
        let least = i64::try_from(self.closure.threshold).expect("a threshold is a small number");
        let told = |&&atom: &&Atom| self.closure.protects(atom) && self.ranges[atom].width() < least;
        let mut touched: BTreeSet<usize> = BTreeSet::new();
        let mut victims = Vec::new();
        for &atom in area.atoms.iter().filter(told) {
            let lines = self.closure.network.lines_of(atom);
            if lines.iter().any(|line| touched.contains(line)) {
                continue;
            }
            let victim = self.nearest_shown(atom).expect("a count is told from one that is shown");
            touched.extend(lines);
            touched.extend(self.closure.network.lines_of(victim));
            victims.push(victim);
        }
        victims
    }

    /// The shown count to hide so that less is told of `atom`.
    fn nearest_shown(&self, atom: Atom) -> Option<Atom> {
        self.shown_around(atom, binds).or_else(|| self.shown_around(atom, |_, _, _| true))
    }

    /// The cheapest shown count on the lines that bind `atom`, else on those that
    /// bind the counts on those, and so on outwards; or one a ring further out,
    /// if that is of lower rank: a variant close by rather than a headline on the
    /// very line.
    fn shown_around(&self, atom: Atom, binds: impl Fn(&Line, Atom, &[Range]) -> bool) -> Option<Atom> {
        let rank = |atom: Atom| self.closure.network.ranks[atom];
        let mut seen = BTreeSet::from([atom]);
        let mut ring = vec![atom];
        let mut nearest: Option<Atom> = None;
        while !ring.is_empty() {
            let around = self.neighbours(&ring, &binds);
            let shown = around.iter().filter(|(atom, _)| !self.closure.hidden[*atom]);
            let cheapest = shown.min_by_key(|&&(atom, is_total)| self.cost(atom, is_total)).map(|&(atom, _)| atom);
            match (nearest, cheapest) {
                (Some(near), Some(far)) if rank(far) < rank(near) => return Some(far),
                (Some(near), _) => return Some(near),
                (None, found) => nearest = found,
            }
            ring = around.into_iter().map(|(atom, _)| atom).filter(|&atom| seen.insert(atom)).collect();
        }
        nearest
    }

    /// The counts on the lines that bind one of `ring`, and whether each is a total.
    fn neighbours(&self, ring: &[Atom], binds: impl Fn(&Line, Atom, &[Range]) -> bool) -> Vec<(Atom, bool)> {
        let network = self.closure.network;
        let mut around = Vec::new();
        for &atom in ring {
            let lines = network.lines_of(atom).iter().map(|&line| &network.lines[line]);
            for line in lines.filter(|line| binds(line, atom, &self.ranges)) {
                around.extend(line.atoms().map(|atom| (atom, atom == line.total)));
            }
        }
        around
    }

    /// What is missed least comes first.
    fn cost(&self, atom: Atom, is_total: bool) -> (u8, bool, bool, u64, Reverse<Atom>) {
        let value = self.closure.network.values[atom];
        (self.closure.network.ranks[atom], value == 0, is_total, value, Reverse(atom))
    }

    fn against_equations(&mut self) -> Vec<Atom> {
        let network = self.closure.network;
        let areas = network.areas(&self.unsolved, &self.closure.hidden);
        let many = self.at_a_time() * GIVEAWAYS;
        self.unsolved.clear();
        let mut victims = Vec::new();
        for area in areas {
            let found = giveaways(network, &area, |atom| self.closure.protects(atom), many);
            if !found.is_empty() {
                self.unsolved.extend(&area.atoms);
                victims.extend(found.iter().flat_map(|giveaway| self.missing_links(giveaway)));
            }
        }
        self.attempts += 1;
        victims
    }

    /// Of the shown counts a hidden one is computed from, what is missed least.
    fn missing_links(&self, giveaway: &Giveaway) -> Vec<Atom> {
        let mut links = giveaway.from.clone();
        if links.is_empty() {
            // The equations were cut short; what is near is as good a guess.
            links.extend(self.nearest_shown(giveaway.atom));
        }
        links.sort_by_key(|&atom| self.cost(atom, false));
        links.truncate(self.at_a_time());
        links
    }

    fn at_a_time(&self) -> usize {
        1 << (self.attempts / ATTEMPTS).min(16)
    }
}
