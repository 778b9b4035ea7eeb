//! The attacker who solves equations: which hidden counts the lines determine,
//! whatever combination of them it takes.
//!
//! A rule that looks at one line at a time, and ranges, miss some of these: two
//! blocks of a table that share one hidden cell fix that cell, although every
//! row and column has two hidden. A count is determined exactly when every
//! change of the hidden counts that all lines allow leaves it alone. So one
//! fixed, irregular change is projected on the allowed ones (least squares by
//! conjugate gradients, CGLS: Björck 1996, ISBN 978-0-89871-360-2, §7.4), and
//! the counts it leaves alone are the determined ones. The work of a step is the
//! number of places on the lines; elimination would fill in.

use super::network::{Atom, Line, Network};

/// Steps after which the projection is taken as it is.
const STEPS: usize = 2_000;
/// Squared relative residual at which the projection is exact enough.
const EXACT: f64 = 1e-24;
/// A change smaller than this is none, when the projection converged.
const NONE: f64 = 1e-7;
/// The same when it did not: then more is taken for determined than is.
const DOUBTFUL: f64 = 1e-3;

/// For every atom, whether it is hidden and yet determined.
pub(super) fn determined(network: &Network, hidden: &[bool]) -> Vec<bool> {
    let lines: Vec<&Line> = network.lines.iter().filter(|line| line.atoms().any(|atom| hidden[atom])).collect();
    let system = System { lines, hidden };
    let change = system.allowed_change(hidden.len());
    let limit = if change.converged { NONE } else { DOUBTFUL };
    let still = |atom: Atom| hidden[atom] && change.size[atom].abs() < limit;
    (0..hidden.len()).map(still).collect()
}

struct Change {
    size: Vec<f64>,
    converged: bool,
}

/// The lines as equations in the hidden counts.
struct System<'a> {
    lines: Vec<&'a Line>,
    hidden: &'a [bool],
}

impl System<'_> {
    /// An irregular change made to satisfy every line.
    fn allowed_change(&self, atoms: usize) -> Change {
        let mut size: Vec<f64> = (0..atoms).map(|atom| if self.hidden[atom] { irregular(atom) } else { 0.0 }).collect();
        let mut errors = self.errors(&size);
        let mut direction = errors.clone();
        let first = square(&errors);
        let mut now = first;
        for _ in 0..STEPS {
            if now <= EXACT * first {
                break;
            }
            let step = self.spread(&direction, atoms);
            let length = now / square(&step);
            subtract(&mut size, length, &step);
            errors = self.errors(&size);
            let next = square(&errors);
            for (ahead, error) in direction.iter_mut().zip(&errors) {
                *ahead = error + next / now * *ahead;
            }
            now = next;
        }
        eprintln!("cg end residual {:e} of {:e} lines {}", now, first, self.lines.len()); Change { size, converged: now <= EXACT * first }
    }

    /// By how much a change breaks each line.
    fn errors(&self, change: &[f64]) -> Vec<f64> {
        let error = |line: &&Line| line.parts.iter().map(|&part| change[part]).sum::<f64>() - change[line.total];
        self.lines.iter().map(error).collect()
    }

    /// The transpose of `errors`, on the hidden counts.
    fn spread(&self, weights: &[f64], atoms: usize) -> Vec<f64> {
        let mut spread = vec![0.0; atoms];
        for (line, weight) in self.lines.iter().zip(weights) {
            line.parts.iter().for_each(|&part| spread[part] += weight);
            spread[line.total] -= weight;
        }
        for (amount, &hidden) in spread.iter_mut().zip(self.hidden) {
            *amount = if hidden { *amount } else { 0.0 };
        }
        spread
    }
}

fn square(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum()
}

fn subtract(from: &mut [f64], times: f64, what: &[f64]) {
    from.iter_mut().zip(what).for_each(|(x, y)| *x -= times * y);
}

/// A number between 1 and 2 that follows no pattern of the table, and is the
/// same in every run: the fractional part of multiples of the golden ratio,
/// scrambled by the finaliser of SplitMix64.
fn irregular(atom: Atom) -> f64 {
    let mut bits = (atom as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^= bits >> 31;
    1.0 + (bits >> 11) as f64 / (1_u64 << 53) as f64
}
