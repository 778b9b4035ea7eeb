//! Counts and the sums between them: everything an attacker can add and subtract.
//!
//! A count is an *atom*. A *line* says that one atom is the sum of others. Some
//! atoms are never printed (those without the outcome, those missing, those
//! between two thresholds) but follow from printed ones: they are *derived*, and
//! a line that defines one says so.

use std::collections::BTreeSet;

/// Position of a count in the network.
pub(super) type Atom = usize;

/// `total` is the sum of `parts`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) total: Atom,
    pub(super) parts: Vec<Atom>,
    /// The unprinted atom that is known once all others on the line are.
    pub(super) derives: Option<Atom>,
}

impl Line {
    /// Every atom on the line, the parts first.
    pub(super) fn atoms(&self) -> impl Iterator<Item = Atom> + '_ {
        self.parts.iter().copied().chain([self.total])
    }

    /// The line as an equation: parts less total is nothing.
    pub(super) fn signed(&self) -> impl Iterator<Item = (Atom, i64)> + '_ {
        let parts = self.parts.iter().map(|&part| (part, 1));
        parts.chain([(self.total, -1)])
    }
}

/// A network being drawn.
#[derive(Debug, Default)]
pub(super) struct Draft {
    values: Vec<u64>,
    printed: Vec<bool>,
    ranks: Vec<u8>,
    parents: Vec<Atom>,
    lines: Vec<Line>,
    carriers: Vec<(Atom, Atom)>,
    unprinted: Vec<Atom>,
    present: Vec<Atom>,
}

impl Draft {
    /// Adds a count that is printed. Of two counts that could be hidden, the
    /// one of lower `rank` is.
    pub(super) fn printed(&mut self, value: u64, rank: u8) -> Atom {
        self.add(value, true, rank)
    }

    /// Adds a count that is not printed and may follow from those that are.
    pub(super) fn derived(&mut self, value: u64, rank: u8) -> Atom {
        self.add(value, false, rank)
    }

    fn add(&mut self, value: u64, printed: bool, rank: u8) -> Atom {
        let atom = self.values.len();
        self.values.push(value);
        self.printed.push(printed);
        self.ranks.push(rank);
        self.parents.push(atom);
        atom
    }

    /// The number of people behind an atom.
    pub(super) fn value(&self, atom: Atom) -> u64 {
        self.values[atom]
    }

    /// Says that two atoms count the same people, so that they are shown or
    /// hidden together.
    pub(super) fn same(&mut self, one: Atom, other: Atom) {
        assert_eq!(self.values[one], self.values[other], "the same people have one number");
        let (one, other) = (self.root(one), self.root(other));
        let (keep, drop) = (one.min(other), one.max(other));
        self.parents[drop] = keep;
        self.printed[keep] |= self.printed[drop];
        self.ranks[keep] = self.ranks[keep].max(self.ranks[drop]);
    }

    /// The first of the atoms that count the same people, so far.
    pub(super) fn root(&self, mut atom: Atom) -> Atom {
        while self.parents[atom] != atom {
            atom = self.parents[atom];
        }
        atom
    }

    /// Says that `total` is the sum of `parts`.
    pub(super) fn sum(&mut self, total: Atom, parts: Vec<Atom>) {
        self.line(Line { total, parts, derives: None });
    }

    /// Says that `total` is `parts` and a derived `rest`, in this order.
    pub(super) fn defining(&mut self, total: Atom, mut parts: Vec<Atom>, rest: Atom) {
        parts.push(rest);
        self.line(Line { total, parts, derives: Some(rest) });
    }

    /// Says that a derived `total` is the sum of `parts`.
    pub(super) fn summing(&mut self, total: Atom, parts: Vec<Atom>) {
        self.line(Line { total, parts, derives: Some(total) });
    }

    fn line(&mut self, line: Line) {
        let sum: u64 = line.parts.iter().map(|&part| self.values[part]).sum();
        assert_eq!(sum, self.values[line.total], "a line holds for the true counts");
        self.lines.push(line);
    }

    /// Says that `count` is printed only in rows that also print `base`; it may
    /// have several such bases.
    pub(super) fn carried(&mut self, count: Atom, base: Atom) {
        self.carriers.push((count, base));
    }

    /// Says that a count is in no row after all, whatever its size.
    pub(super) fn unprinted(&mut self, count: Atom) {
        self.unprinted.push(count);
    }

    /// Says that a count has a row only because it is not zero: everybody knows
    /// that of it, shown or hidden.
    pub(super) fn present(&mut self, count: Atom) {
        assert!(self.values[count] > 0, "nobody is nobody");
        self.present.push(count);
    }

    /// The finished network; atoms keep their numbers through `Network::atom`.
    pub(super) fn finish(self) -> Network {
        let size = self.values.len();
        let roots: Vec<Atom> = (0..size).map(|atom| self.root(atom)).collect();
        let mut network = Network {
            lines: canonical(&self.lines, &roots, &self.printed),
            values: self.values,
            ranks: self.ranks,
            lines_of: vec![Vec::new(); size],
            definitions: vec![Vec::new(); size],
            bases: vec![Vec::new(); size],
            carried: vec![Vec::new(); size],
            unprinted: self.unprinted.into_iter().map(|atom| roots[atom]).collect(),
            present: self.present.into_iter().map(|atom| roots[atom]).collect(),
            roots,
        };
        network.index_lines();
        for (count, base) in self.carriers {
            let (count, base) = (network.roots[count], network.roots[base]);
            network.bases[count].push(base);
            network.carried[base].push(count);
        }
        network
    }
}

/// The lines over the roots, each once, in the order they were drawn. A derived
/// atom that turned out to be printed is no longer derived.
fn canonical(lines: &[Line], roots: &[Atom], printed: &[bool]) -> Vec<Line> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for line in lines {
        let derives = line.derives.map(|atom| roots[atom]).filter(|&atom| !printed[atom]);
        let parts: Vec<Atom> = line.parts.iter().map(|&part| roots[part]).collect();
        let line = Line { total: roots[line.total], parts, derives };
        let trivial = line.parts == [line.total];
        if !trivial && seen.insert((line.total, line.parts.clone())) {
            kept.push(line);
        }
    }
    kept
}

/// Hidden atoms that hang together, in order, and all lines they are on. What is
/// learnt in one area says nothing of another.
#[derive(Clone, Debug)]
pub(super) struct Area {
    pub(super) atoms: Vec<Atom>,
    pub(super) lines: Vec<usize>,
}

/// Counts and lines, ready to be examined.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) values: Vec<u64>,
    pub(super) ranks: Vec<u8>,
    pub(super) lines: Vec<Line>,
    roots: Vec<Atom>,
    lines_of: Vec<Vec<usize>>,
    definitions: Vec<Vec<usize>>,
    bases: Vec<Vec<Atom>>,
    carried: Vec<Vec<Atom>>,
    /// In no row, whatever their size.
    pub(super) unprinted: Vec<Atom>,
    /// In a row because they are not zero.
    present: BTreeSet<Atom>,
}

impl Network {
    fn index_lines(&mut self) {
        for (number, line) in self.lines.iter().enumerate() {
            for atom in line.atoms() {
                if self.lines_of[atom].last() != Some(&number) {
                    self.lines_of[atom].push(number);
                }
            }
            if let Some(derived) = line.derives {
                self.definitions[derived].push(number);
            }
        }
    }

    /// The atom that stands for all atoms that count the same people.
    pub(super) fn atom(&self, drafted: Atom) -> Atom {
        self.roots[drafted]
    }

    /// The least an atom can be, as everybody knows.
    pub(super) fn least(&self, atom: Atom) -> i64 {
        i64::from(self.present.contains(&atom))
    }

    /// Every atom once.
    pub(super) fn atoms(&self) -> impl Iterator<Item = Atom> + '_ {
        self.roots.iter().enumerate().filter(|&(atom, &root)| atom == root).map(|(atom, _)| atom)
    }

    /// The hidden atoms that lines join to one of `seeds`, by area.
    pub(super) fn areas(&self, seeds: &BTreeSet<Atom>, hidden: &[bool]) -> Vec<Area> {
        let mut seen = BTreeSet::new();
        let mut areas = Vec::new();
        for &seed in seeds.iter().filter(|&&seed| hidden[seed]) {
            if seen.insert(seed) {
                areas.push(self.area(seed, hidden, &mut seen));
            }
        }
        areas
    }

    fn area(&self, first: Atom, hidden: &[bool], seen: &mut BTreeSet<Atom>) -> Area {
        let mut atoms = vec![first];
        let mut lines = BTreeSet::new();
        let mut next = 0;
        while let Some(&atom) = atoms.get(next) {
            for &line in self.lines_of(atom) {
                if lines.insert(line) {
                    atoms.extend(self.lines[line].atoms().filter(|&atom| hidden[atom] && seen.insert(atom)));
                }
            }
            next += 1;
        }
        atoms.sort_unstable();
        Area { atoms, lines: lines.into_iter().collect() }
    }

    /// The lines an atom is on.
    pub(super) fn lines_of(&self, atom: Atom) -> &[usize] {
        &self.lines_of[atom]
    }

    /// The lines that give a derived atom away.
    pub(super) fn definitions(&self, atom: Atom) -> &[usize] {
        &self.definitions[atom]
    }

    /// The counts one of which must be printed for this one to be.
    pub(super) fn bases(&self, count: Atom) -> &[Atom] {
        &self.bases[count]
    }

    /// The counts printed beside this one.
    pub(super) fn carried(&self, base: Atom) -> &[Atom] {
        &self.carried[base]
    }
}
