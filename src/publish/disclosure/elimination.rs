//! Sparse equations solved exactly: which unknowns they determine, and of which
//! equations each of those is a combination.
//!
//! Gaussian elimination modulo the Mersenne prime 2⁶¹ − 1: nothing is rounded,
//! and nothing depends on the order of additions. Pivots are chosen so that little
//! fills in (Markowitz 1957, doi:10.1287/mnsc.3.3.255): first any unknown that one
//! equation alone holds, then the least frequent unknown of the shortest
//! equation. In tables of counts nearly every pivot is of the first kind or
//! stands in an equation of two.
//!
//! An unknown is determined exactly when every solution of the equations with
//! nothing on the right has zero there. One solution drawn at random tells: where
//! it is not zero, the unknown is free; where it is zero, it is determined, but
//! for one chance in 10¹⁸ to be taken for determined although it is not. (Modulo
//! a prime an unknown could also pass for free that is determined over whole
//! numbers: if the prime divided a minor of a matrix of ones.)

use std::collections::{BTreeMap, BTreeSet};

/// Modulo which everything is computed.
const PRIME: u64 = (1 << 61) - 1;

/// An unknown and its coefficient.
type Term = (u32, u64);

/// An equation that computes one unknown from those of later pivots and free ones.
struct Pivot {
    column: u32,
    /// The equation it began as.
    row: usize,
    /// Its terms without the pivot's, which is scaled to one; by column.
    rest: Vec<Term>,
    /// One over the pivot's coefficient before it was scaled.
    scale: u64,
    /// How much of earlier pivots was subtracted from the equation before.
    subtracted: Vec<(usize, u64)>,
}

/// The equations in echelon form.
pub(super) struct Echelon {
    pivots: Vec<Pivot>,
    /// The pivot of each unknown, if it is not free.
    pivot_of: Vec<Option<usize>>,
}

impl Echelon {
    /// Eliminates; no column may appear twice in a row, nor with coefficient zero.
    pub(super) fn of(rows: &[Vec<(u32, i64)>], columns: usize) -> Self {
        let mut working = Working::of(rows, columns);
        while let Some((row, column)) = working.next() {
            working.eliminate(row, column);
        }
        let mut pivot_of = vec![None; columns];
        for (number, pivot) in working.pivots.iter().enumerate() {
            pivot_of[pivot.column as usize] = Some(number);
        }
        Self { pivots: working.pivots, pivot_of }
    }

    /// Whether each unknown is determined.
    pub(super) fn determined(&self) -> Vec<bool> {
        let mut solution: Vec<u64> = (0..self.pivot_of.len()).map(irregular).collect();
        for pivot in self.pivots.iter().rev() {
            let rest = pivot.rest.iter().map(|&(column, times)| multiply(times, solution[column as usize]));
            solution[pivot.column as usize] = negative(rest.fold(0, plus));
        }
        solution.into_iter().map(|value| value == 0).collect()
    }

    /// The equations a determined unknown is a combination of, each with its
    /// weight modulo the prime.
    pub(super) fn combination(&self, column: usize) -> BTreeMap<usize, u64> {
        let mut of_pivots = self.as_pivots(column);
        let mut weights = BTreeMap::new();
        while let Some((number, weight)) = of_pivots.pop_last() {
            let pivot = &self.pivots[number];
            let weight = multiply(weight, pivot.scale);
            if weight == 0 {
                continue;
            }
            weights.insert(pivot.row, weight);
            for &(earlier, times) in &pivot.subtracted {
                subtract(of_pivots.entry(earlier).or_default(), times, weight);
            }
        }
        weights
    }

    /// A determined unknown as a combination of pivots: free unknowns cancel.
    fn as_pivots(&self, column: usize) -> BTreeMap<usize, u64> {
        let mut left: BTreeMap<usize, u64> = self.pivot_of[column].map(|number| (number, 1)).into_iter().collect();
        let mut of_pivots = BTreeMap::new();
        while let Some((number, weight)) = left.pop_first() {
            if weight == 0 {
                continue;
            }
            of_pivots.insert(number, weight);
            for &(column, times) in &self.pivots[number].rest {
                if let Some(later) = self.pivot_of[column as usize] {
                    subtract(left.entry(later).or_default(), times, weight);
                }
            }
        }
        of_pivots
    }
}

/// The equations while they are being eliminated.
struct Working {
    pivots: Vec<Pivot>,
    /// By column; empty when it has had its turn.
    rows: Vec<Vec<Term>>,
    subtracted: Vec<Vec<(usize, u64)>>,
    /// The rows a column was ever in.
    holders: Vec<Vec<usize>>,
    /// In how many rows it is.
    counts: Vec<usize>,
    /// Columns that came to be in one row only.
    single: Vec<u32>,
    /// Rows by how many columns they have left.
    shortest: BTreeSet<(usize, usize)>,
}

impl Working {
    fn of(rows: &[Vec<(u32, i64)>], columns: usize) -> Self {
        let modular = |row: &Vec<(u32, i64)>| {
            let mut row: Vec<Term> = row.iter().map(|&(column, sign)| (column, residue(sign))).collect();
            row.sort_unstable();
            row
        };
        let mut working = Self {
            pivots: Vec::new(),
            rows: rows.iter().map(modular).collect(),
            subtracted: vec![Vec::new(); rows.len()],
            holders: vec![Vec::new(); columns],
            counts: vec![0; columns],
            single: Vec::new(),
            shortest: BTreeSet::new(),
        };
        for number in 0..rows.len() {
            for at in 0..working.rows[number].len() {
                working.enters(working.rows[number][at].0, number);
            }
            working.measure(number);
        }
        let alone = (0..columns).filter(|&column| working.counts[column] == 1);
        working.single = alone.map(|column| u32::try_from(column).expect("columns are numbered so")).collect();
        working
    }

    /// The pivot that disturbs least.
    fn next(&mut self) -> Option<(usize, u32)> {
        while let Some(column) = self.single.pop() {
            let holders = &self.holders[column as usize];
            let row = holders.iter().copied().find(|&row| self.coefficient(row, column).is_some());
            if let Some(row) = row.filter(|_| self.counts[column as usize] == 1) {
                return Some((row, column));
            }
        }
        let &(_, row) = self.shortest.first()?;
        let rarest = self.rows[row].iter().map(|&(column, _)| (self.counts[column as usize], column)).min();
        rarest.map(|(_, column)| (row, column))
    }

    /// Solves `row` for `column` and takes it out of every other row.
    fn eliminate(&mut self, row: usize, column: u32) {
        self.shortest.remove(&(self.rows[row].len(), row));
        let mut rest = std::mem::take(&mut self.rows[row]);
        for &(column, _) in &rest {
            self.leaves(column);
        }
        let at = rest.binary_search_by_key(&column, |&(column, _)| column).expect("the pivot is in its row");
        let scale = inverse(rest.remove(at).1);
        for (_, times) in &mut rest {
            *times = multiply(*times, scale);
        }
        let mut others = std::mem::take(&mut self.holders[column as usize]);
        others.sort_unstable();
        others.dedup();
        for other in others {
            if let Some(times) = self.coefficient(other, column) {
                self.subtract(other, column, times, &rest);
            }
        }
        let subtracted = std::mem::take(&mut self.subtracted[row]);
        self.pivots.push(Pivot { column, row, rest, scale, subtracted });
    }

    fn coefficient(&self, row: usize, column: u32) -> Option<u64> {
        let terms = &self.rows[row];
        terms.binary_search_by_key(&column, |&(column, _)| column).ok().map(|at| terms[at].1)
    }

    /// Takes the pivot being eliminated away from a row, so that its column goes.
    fn subtract(&mut self, row: usize, column: u32, times: u64, rest: &[Term]) {
        let before = std::mem::take(&mut self.rows[row]);
        self.shortest.remove(&(before.len(), row));
        self.subtracted[row].push((self.pivots.len(), times));
        let mut after = Vec::with_capacity(before.len() + rest.len());
        let mut kept = before.into_iter().peekable();
        for &(other, more) in rest {
            after.extend(std::iter::from_fn(|| kept.next_if(|&(kept, _)| kept < other)));
            let mut value = kept.next_if(|&(kept, _)| kept == other);
            let fills = value.is_none();
            subtract(&mut value.get_or_insert((other, 0)).1, more, times);
            match value {
                Some((_, 0)) => self.leaves(other),
                Some(term) => after.push(term),
                None => {}
            }
            if fills {
                self.enters(other, row);
            }
        }
        after.extend(kept);
        after.retain(|&(kept, _)| kept != column);
        self.leaves(column);
        self.rows[row] = after;
        self.measure(row);
    }

    fn enters(&mut self, column: u32, row: usize) {
        self.holders[column as usize].push(row);
        self.counts[column as usize] += 1;
    }

    fn leaves(&mut self, column: u32) {
        self.counts[column as usize] -= 1;
        if self.counts[column as usize] == 1 {
            self.single.push(column);
        }
    }

    fn measure(&mut self, row: usize) {
        if !self.rows[row].is_empty() {
            self.shortest.insert((self.rows[row].len(), row));
        }
    }
}

fn residue(number: i64) -> u64 {
    let size = number.unsigned_abs() % PRIME;
    if number < 0 { negative(size) } else { size }
}

fn negative(number: u64) -> u64 {
    if number == 0 { 0 } else { PRIME - number }
}

fn plus(one: u64, other: u64) -> u64 {
    let sum = one + other;
    if sum >= PRIME { sum - PRIME } else { sum }
}

fn multiply(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    let [low, high] = [product & u128::from(PRIME), product >> 61];
    plus(u64::try_from(low).expect("61 bits"), u64::try_from(high).expect("61 bits"))
}

/// `from` less `one` times `other`.
fn subtract(from: &mut u64, one: u64, other: u64) {
    *from = plus(*from, negative(multiply(one, other)));
}

/// Adds a whole number of times something to a sum modulo the prime.
pub(super) fn add(to: &mut u64, what: u64, times: i64) {
    *to = plus(*to, multiply(what, residue(times)));
}

/// By Fermat's little theorem.
fn inverse(of: u64) -> u64 {
    let (mut result, mut base, mut exponent) = (1, of, PRIME - 2);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = multiply(result, base);
        }
        base = multiply(base, base);
        exponent /= 2;
    }
    result
}

/// A number that follows no pattern of the table and is the same in every run:
/// the finaliser of SplitMix64.
fn irregular(number: usize) -> u64 {
    let mut bits = (number as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (bits ^ (bits >> 31)) % PRIME
}
