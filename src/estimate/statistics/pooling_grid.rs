//! The posterior of a beta prior's mean and strength, as weights on a grid.
//!
//! Trapezoid sums in t = ln(M/n0) and logit of the mean: for smooth functions that vanish
//! at both ends they converge faster than any power of the step (Trefethen and Weideman
//! 2014, doi:10.1137/130932132), so steps of three quarters of a standard deviation lose nothing.

use super::beta_binomial::ln_likelihood;
use super::distribution::beta::{Beta, UnitPoint};
use super::distribution::{Residual, Tails, solve_in_logs};
use super::proportion_difference::Count;
use super::values::real;

/// Nodes this far below the peak, in ln weight, are left out: they move a posterior mean
/// by less than 1e-6, and a rate is printed to 1e-3.
const NEGLIGIBLE: f64 = 15.0;

/// Walks stop here even if the weights have not vanished.
const MOST_NODES: usize = 400;

struct Node {
    mean: f64,
    strength: f64,
    weight: f64,
}

/// Weighted nodes of mean and strength; the weights sum to one.
pub(super) struct Grid {
    nodes: Vec<Node>,
}

/// One group's rate: a mixture of beta distributions over the grid.
pub(super) struct Posterior {
    parts: Vec<Part>,
    /// The posterior mean.
    pub(super) mean: f64,
    /// A beta distribution with the same two moments, from which searches start.
    alike: Option<Beta>,
}

struct Part {
    weight: f64,
    beta: Beta,
}

impl Grid {
    /// The grid for groups that all have observations.
    pub(super) fn of(groups: &[Count]) -> Self {
        let k = real(groups.len() as u64);
        let harmonic = k / groups.iter().map(|g| 1.0 / real(g.of)).sum::<f64>();
        // sqrt(2/k) is the least that ln M can vary when k groups show it.
        let step = 0.75 * (2.0 / k).sqrt().min(1.0);
        let rows = walk(0.0, step, |t| Row::of(groups, harmonic, t), |row| row.ln_weight);
        let peak = rows.iter().map(|row| row.ln_weight).fold(f64::NEG_INFINITY, f64::max);
        let mut nodes: Vec<Node> = rows.into_iter().flat_map(|row| row.nodes(peak)).collect();
        nodes.retain(|node| node.weight > (-NEGLIGIBLE).exp());
        let sum: f64 = nodes.iter().map(|node| node.weight).sum();
        for node in &mut nodes {
            node.weight /= sum;
        }
        Self { nodes }
    }

    /// Mixes the beta posteriors of one group over the grid.
    pub(super) fn posterior(&self, group: Count) -> Posterior {
        let (x, n) = (real(group.events), real(group.of));
        let part = |node: &Node| {
            let a = node.mean * node.strength + x;
            let b = (1.0 - node.mean) * node.strength + n - x;
            Some(Part { weight: node.weight, beta: Beta::new(a, b).ok()? })
        };
        let parts: Vec<Part> = self.nodes.iter().filter_map(part).collect();
        let mean: f64 = parts.iter().map(|part| part.weight * part.beta.mean()).sum();
        let alike = beta_of_moments(mean, variance(&parts, mean));
        Posterior { parts, mean, alike }
    }
}

/// Variance of a mixture about its mean: within the parts and between them.
fn variance(parts: &[Part], mean: f64) -> f64 {
    let of_part = |part: &Part| part.weight * (part.beta.variance() + (part.beta.mean() - mean).powi(2));
    parts.iter().map(of_part).sum()
}

fn beta_of_moments(mean: f64, variance: f64) -> Option<Beta> {
    let strength = mean * (1.0 - mean) / variance - 1.0;
    Beta::new(mean * strength, (1.0 - mean) * strength).ok()
}

impl Posterior {
    /// The rate with probability `tail` below it.
    pub(super) fn lower_limit(&self, tail: f64) -> f64 {
        let start = self.alike.and_then(|beta| beta.point_below(tail).ok());
        self.solve(start, |point| {
            let lower = self.tails(point).lower;
            Residual { excess: (lower / tail).ln(), slope: self.density(point) / lower }
        })
    }

    /// The rate with probability `tail` above it.
    pub(super) fn upper_limit(&self, tail: f64) -> f64 {
        let start = self.alike.and_then(|beta| beta.point_above(tail).ok());
        self.solve(start, |point| {
            let upper = self.tails(point).upper;
            Residual { excess: (tail / upper).ln(), slope: self.density(point) / upper }
        })
    }

    /// Searches the odds.
    fn solve(&self, start: Option<UnitPoint>, residual: impl Fn(UnitPoint) -> Residual) -> f64 {
        let start = start.unwrap_or(UnitPoint { x: self.mean, complement: 1.0 - self.mean });
        let point = |odds: f64| UnitPoint { x: odds / (1.0 + odds), complement: 1.0 / (1.0 + odds) };
        let odds = solve_in_logs((1e-15, 1e15), start.x / start.complement, |odds| residual(point(odds)));
        point(odds).x
    }

    fn tails(&self, point: UnitPoint) -> Tails {
        let mut mixed = Tails { lower: 0.0, upper: 0.0 };
        for part in &self.parts {
            let tails = part.beta.tails_at(point);
            mixed.lower += part.weight * tails.lower;
            mixed.upper += part.weight * tails.upper;
        }
        mixed
    }

    /// The density on the scale of ln odds.
    fn density(&self, point: UnitPoint) -> f64 {
        self.parts.iter().map(|part| part.weight * part.beta.density_of_log_odds(point)).sum()
    }
}

/// The nodes of one strength.
struct Row {
    strength: f64,
    cells: Vec<Cell>,
    /// ln of the integral over the mean, with the prior of the strength.
    ln_weight: f64,
}

struct Cell {
    mean: f64,
    ln_weight: f64,
}

impl Row {
    fn of(groups: &[Count], harmonic: f64, t: f64) -> Self {
        let strength = harmonic * t.exp();
        let guess = Guess::of(groups, strength);
        let cells = walk(guess.logit, 0.5 * guess.sd, |logit| Cell::of(groups, strength, logit), |cell| cell.ln_weight);
        let peak = cells.iter().map(|cell| cell.ln_weight).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = cells.iter().map(|cell| (cell.ln_weight - peak).exp()).sum();
        // Uniform shrinkage: density of t is s (1-s) with s = n0/(n0 + M).
        let prior = -(1.0 + t.exp()).ln() - (1.0 + (-t).exp()).ln();
        let cells =
            cells.into_iter().map(|cell| Cell { ln_weight: cell.ln_weight + guess.sd.ln() + prior, ..cell }).collect();
        Self { strength, cells, ln_weight: peak + sum.ln() + guess.sd.ln() + prior }
    }

    fn nodes(self, peak: f64) -> impl Iterator<Item = Node> {
        let strength = self.strength;
        self.cells.into_iter().map(move |cell| Node {
            mean: cell.mean,
            strength,
            weight: (cell.ln_weight - peak).exp(),
        })
    }
}

impl Cell {
    fn of(groups: &[Count], strength: f64, logit: f64) -> Self {
        let mean = 1.0 / (1.0 + (-logit).exp());
        // The uniform prior on the mean is mean (1 - mean) on its logit.
        let jacobian = -(1.0 + (-logit).exp()).ln() - (1.0 + logit.exp()).ln();
        Self { mean, ln_weight: ln_likelihood(groups, mean, 1.0 / strength) + jacobian }
    }
}

/// Roughly where the mean lies given a strength, and how precisely it is known.
struct Guess {
    logit: f64,
    sd: f64,
}

impl Guess {
    fn of(groups: &[Count], strength: f64) -> Self {
        // A group of n patients is worth n (M+1) / (M+n) of them.
        let worth = |g: &Count| real(g.of) * ((strength + 1.0) / (strength + real(g.of)));
        let events = |g: &Count| worth(g) * (real(g.events) / real(g.of));
        let all: f64 = groups.iter().map(worth).sum::<f64>() + 1.0;
        let mean = (groups.iter().map(events).sum::<f64>() + 0.5) / all;
        Self { logit: (mean / (1.0 - mean)).ln(), sd: (all * mean * (1.0 - mean)).sqrt().recip().min(1.0) }
    }
}

/// Equally spaced nodes from `start` both ways, as far as their weights count.
fn walk<T>(start: f64, step: f64, node: impl Fn(f64) -> T, ln_weight: impl Fn(&T) -> f64) -> Vec<T> {
    let first = node(start);
    let mut peak = ln_weight(&first);
    let mut nodes = vec![first];
    for direction in [1.0, -1.0] {
        let mut previous = ln_weight(&nodes[0]);
        let mut at = start;
        for _ in 0..MOST_NODES {
            at += direction * step;
            let next = node(at);
            let weight = ln_weight(&next);
            let rising = weight > previous;
            if !weight.is_finite() || (!rising && weight < peak - NEGLIGIBLE) {
                break;
            }
            peak = peak.max(weight);
            previous = weight;
            nodes.push(next);
        }
    }
    nodes
}
