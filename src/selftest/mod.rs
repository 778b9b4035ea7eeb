//! Clinics whose truth is known, through the statistics of a report: do the
//! intervals hold what they promise, and how often does a trend cry wolf?
//!
//! Every check names its expectation and where that comes from. What is found
//! may differ from it by the Monte Carlo error and, where said, by a little
//! more: discrete scores make some intervals wider than they promise.

mod changes;
mod clinic;
mod course;
mod follow_up;
mod pooling;
mod reliability;
mod safety;
mod shares;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::estimate::statistics::random::SplitMix64;

/// How many clinics, and from which seed.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Clinics to simulate.
    pub clinics: u32,
    /// The same seed gives the same numbers.
    pub seed: u64,
}

/// What a check expects.
#[derive(Clone, Copy, Debug)]
pub struct Expectation {
    /// Names the check in JSON.
    pub id: &'static str,
    /// What is checked, for a reader.
    pub what: &'static str,
    /// The value expected.
    pub value: f64,
    /// How far below it, besides the Monte Carlo error, is still as it should be.
    pub below: f64,
    /// How far above.
    pub above: f64,
    /// Where the expectation comes from.
    pub source: &'static str,
}

/// A check and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// What was expected.
    pub expected: Expectation,
    /// What was found.
    pub found: f64,
    /// Standard error of `found` from the number of cases.
    pub error: f64,
    /// Cases it rests on.
    pub cases: u64,
}

/// Beyond so many standard errors a check fails; by chance, one in a thousand does.
pub const ERRORS: f64 = 3.3;

impl Check {
    /// Whether what was found is as it should be. Without cases nothing is.
    pub fn holds(&self) -> bool {
        let Expectation { value, below, above, .. } = self.expected;
        let reach = ERRORS * self.error;
        self.cases > 0 && self.found >= value - below - reach && self.found <= value + above + reach
    }
}

/// One clinic's answer to one check.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    /// Whether it happened.
    Share(bool),
    /// How far off it was.
    Value(f64),
}

impl Answer {
    /// Whether an interval holds the truth.
    fn held([low, high]: [f64; 2], truth: f64) -> Self {
        Self::Share(low <= truth && truth <= high)
    }
}

/// One kind of simulation: what it expects, and what one clinic answers to each
/// expectation; `None` where the statistic does not exist for it.
struct Simulation {
    expected: &'static [Expectation],
    run: fn(&mut SplitMix64) -> Vec<Vec<Answer>>,
}

/// Order is report order.
const SIMULATIONS: &[Simulation] = &[
    Simulation { expected: shares::EXPECTED, run: shares::run },
    Simulation { expected: changes::EXPECTED, run: changes::run },
    Simulation { expected: pooling::EXPECTED, run: pooling::run },
    Simulation { expected: course::EXPECTED, run: course::run },
    Simulation { expected: reliability::EXPECTED, run: reliability::run },
    Simulation { expected: safety::EXPECTED, run: safety::run },
    Simulation { expected: follow_up::EXPECTED, run: follow_up::run },
];

/// Simulates the clinics and checks what the statistics say of them. On any
/// number of threads the same.
pub fn run(plan: &Plan) -> Vec<Check> {
    SIMULATIONS.iter().enumerate().flat_map(|(number, simulation)| checks(plan, number as u64, simulation)).collect()
}

fn checks(plan: &Plan, number: u64, simulation: &Simulation) -> Vec<Check> {
    let answers: Vec<Vec<Vec<Answer>>> = (0..plan.clinics)
        .into_par_iter()
        .map(|clinic| (simulation.run)(&mut stream(plan.seed, number, u64::from(clinic))))
        .collect();
    let of = |at: usize| answers.iter().flat_map(move |clinic| clinic[at].iter().copied());
    simulation.expected.iter().enumerate().map(|(at, &expected)| check(expected, of(at))).collect()
}

/// A stream of its own for each clinic of each simulation.
fn stream(seed: u64, simulation: u64, clinic: u64) -> SplitMix64 {
    let mut mixed = SplitMix64::new(seed);
    for part in [simulation, clinic] {
        mixed = SplitMix64::new(mixed.next_u64() ^ part.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    }
    mixed
}

fn check(expected: Expectation, answers: impl Iterator<Item = Answer>) -> Check {
    let (mut cases, mut sum, mut squares, mut shares) = (0_u64, 0.0, 0.0, true);
    for answer in answers {
        let value = match answer {
            Answer::Share(happened) => f64::from(u8::from(happened)),
            Answer::Value(value) => {
                shares = false;
                value
            }
        };
        cases += 1;
        sum += value;
        squares += value * value;
    }
    let n = (cases.max(1)) as f64;
    let found = sum / n;
    // The error of a share under the expectation: none found would have none.
    let variance =
        if shares { expected.value * (1.0 - expected.value) } else { (squares / n - found * found).max(0.0) };
    Check { expected, found, error: (variance / n).sqrt(), cases }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Expectation =
        Expectation { id: "half", what: "half", value: 0.5, below: 0.0, above: 0.0, source: "a coin" };

    #[test]
    fn a_check_fails_beyond_its_error_and_without_cases() {
        let coins = |heads: usize, of: usize| check(HALF, (0..of).map(|at| Answer::Share(at < heads)));
        assert!(coins(500, 1_000).holds() && coins(530, 1_000).holds());
        assert!(!coins(560, 1_000).holds() && !coins(440, 1_000).holds());
        assert!(!coins(0, 0).holds());
        let wide = Check { expected: Expectation { above: 0.1, ..HALF }, ..coins(560, 1_000) };
        assert!(wide.holds());
    }

    #[test]
    fn the_error_of_values_is_that_of_their_mean() {
        let found = check(HALF, [0.0, 1.0, 0.0, 1.0].into_iter().map(Answer::Value));
        assert!((found.error - 0.25).abs() < 1e-12 && found.cases == 4);
    }

    #[test]
    fn streams_differ_by_seed_simulation_and_clinic() {
        let first = |seed, simulation, clinic| stream(seed, simulation, clinic).next_u64();
        let all = [first(1, 0, 0), first(2, 0, 0), first(1, 1, 0), first(1, 0, 1)];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one));
        }
        assert_eq!(first(1, 0, 0), all[0]);
    }
}
