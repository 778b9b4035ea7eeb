//! What the measures ask of a row of the analysis set, each question once:
//! measures share denominators, and changes share their scores.

use polars::prelude::{DataType, Expr, lit};

use super::expression::{Compiled, Outcome};

/// Names of the answers' columns, before the question's number.
pub(super) const CONDITION: &str = "condition";
/// The score before.
pub(super) const BEFORE: &str = "before";
/// The score after.
pub(super) const AFTER: &str = "after";

/// All questions of all measures.
#[derive(Debug, Default)]
pub(super) struct Questions {
    pub(super) conditions: Vec<Expr>,
    pub(super) pairs: Vec<PairQuestion>,
    /// What each measure asked.
    pub(super) measures: Vec<Asked>,
}

/// Two scores of the rows a condition holds for.
#[derive(Debug, PartialEq)]
pub(super) struct PairQuestion {
    /// Position of the condition.
    pub(super) among: usize,
    before: Expr,
    after: Expr,
}

/// Positions of a measure's questions.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) eligible: usize,
    pub(super) observed: usize,
    pub(super) outcome: Counted,
    /// The outcome of the missing, where the last score stands in.
    pub(super) carried: Option<Counted>,
}

/// Position of a question.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counted {
    /// Among the conditions.
    Condition(usize),
    /// Among the pairs.
    Pairs(usize),
}

impl Questions {
    /// Collects the questions of every measure.
    pub(super) fn of(measures: &[Compiled]) -> Self {
        let mut all = Self::default();
        for measure in measures {
            let asked = all.asked(measure);
            all.measures.push(asked);
        }
        all
    }

    /// A condition that is unknown does not hold; observed implies eligible, and
    /// outcome observed.
    fn asked(&mut self, measure: &Compiled) -> Asked {
        let eligible = holds(&measure.eligible);
        let observed = eligible.clone().and(holds(&measure.observed));
        let (observed, outcome) = match &measure.outcome {
            Outcome::Condition(outcome) => {
                let outcome = self.condition(observed.clone().and(holds(outcome)));
                (observed, Counted::Condition(outcome))
            }
            Outcome::Pair { baseline, follow_up } => {
                let observed = observed.and(known(baseline)).and(known(follow_up));
                let outcome = self.pair(observed.clone(), baseline, follow_up);
                (observed, outcome)
            }
        };
        let missing = eligible.clone().and(observed.clone().not());
        let carried = measure.last.as_ref().map(|last| match &measure.outcome {
            Outcome::Condition(_) => Counted::Condition(self.condition(missing.and(holds(last)))),
            Outcome::Pair { baseline, .. } => self.pair(missing.and(known(baseline)).and(known(last)), baseline, last),
        });
        Asked { eligible: self.condition(eligible), observed: self.condition(observed), outcome, carried }
    }

    fn condition(&mut self, wanted: Expr) -> usize {
        position(&mut self.conditions, wanted)
    }

    fn pair(&mut self, among: Expr, before: &Expr, after: &Expr) -> Counted {
        let among = self.condition(among);
        let score = |score: &Expr| score.clone().cast(DataType::Int32);
        Counted::Pairs(position(&mut self.pairs, PairQuestion { among, before: score(before), after: score(after) }))
    }

    /// The expressions to evaluate, by name.
    pub(super) fn wanted(&self) -> Vec<Expr> {
        let conditions = self.conditions.iter().enumerate();
        let conditions = conditions.map(|(at, question)| question.clone().alias(name(CONDITION, at)));
        let pairs = self.pairs.iter().enumerate().flat_map(|(at, pair)| {
            [pair.before.clone().alias(name(BEFORE, at)), pair.after.clone().alias(name(AFTER, at))]
        });
        conditions.chain(pairs).collect()
    }
}

/// The column of an answer.
pub(super) fn name(what: &str, at: usize) -> String {
    format!("{what}{at}")
}

fn holds(expression: &Expr) -> Expr {
    expression.clone().fill_null(lit(false))
}

fn known(score: &Expr) -> Expr {
    score.clone().is_not_null()
}

/// Where `wanted` is in `list`, which gets it if it is new.
fn position<T: PartialEq>(list: &mut Vec<T>, wanted: T) -> usize {
    list.iter().position(|known| *known == wanted).unwrap_or_else(|| {
        list.push(wanted);
        list.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Questions;
    use crate::estimate::expression::compile;
    use crate::protocol::Protocol;

    #[test]
    fn measures_that_ask_the_same_share_the_answer() {
        let pipeline = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/quarterly.toml");
        let measures = Protocol::read(&pipeline).expect("it is sound").measures;
        let compiled: Vec<_> = measures.iter().map(|measure| compile(measure).expect("it is sound")).collect();
        let questions = Questions::of(&compiled);
        assert_eq!(questions.measures.len(), measures.len());
        let pains = measures.iter().zip(&questions.measures).filter(|(measure, _)| measure.section == "pain");
        let mut denominators: Vec<usize> = pains.map(|(_, asked)| asked.eligible).collect();
        denominators.dedup();
        assert_eq!(denominators.len(), 1, "pain measures have one denominator");
    }
}
