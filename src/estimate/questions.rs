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

/// Whether a row denies what a pack says.
pub(super) const DENIED: &str = "denied";

/// All questions of all measures.
#[derive(Debug, Default)]
pub(super) struct Questions {
    pub(super) conditions: Vec<Expr>,
    pub(super) pairs: Vec<PairQuestion>,
    /// What no row may answer yes to.
    pub(super) contradictions: Vec<Contradiction>,
    /// What each measure asked.
    pub(super) measures: Vec<Asked>,
}

/// What a measure says and a row may deny.
#[derive(Debug)]
pub(super) struct Contradiction {
    /// Holds for the rows that deny it.
    pub(super) denied: Expr,
    /// What was said.
    pub(super) said: String,
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
        all.contradictions = measures.iter().filter_map(unknown_outcome).collect();
        all.contradictions.extend(measures.iter().filter_map(outside_flow));
        all.contradictions.extend(all.broken_nestings(measures));
        all
    }

    /// What `implies` and `among` say: disclosure control subtracts one count
    /// from the other because of it.
    fn broken_nestings(&self, measures: &[Compiled]) -> Vec<Contradiction> {
        let position = |id: &String| measures.iter().position(|measure| measure.id == *id);
        let outside =
            |inner: usize, outer: usize| self.conditions[inner].clone().and(self.conditions[outer].clone().not());
        let mut all = Vec::new();
        for (measure, asked) in measures.iter().zip(&self.measures) {
            for other in measure.among.iter().filter_map(position) {
                let said = format!(
                    "measure `{}` is `among` `{}`, which does not count some of its patients",
                    measure.id, measures[other].id
                );
                all.push(Contradiction { denied: outside(asked.eligible, self.measures[other].eligible), said });
            }
            for other in measure.implies.iter().filter_map(position) {
                let said = format!(
                    "measure `{}` `implies` `{}`, which some with its outcome do not have",
                    measure.id, measures[other].id
                );
                if let (Counted::Condition(inner), Counted::Condition(outer)) =
                    (asked.outcome, self.measures[other].outcome)
                {
                    all.push(Contradiction { denied: outside(inner, outer), said });
                }
            }
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
        let carried = match (&measure.outcome, &measure.last) {
            (Outcome::Condition(_), last) => {
                last.as_ref().map(|last| Counted::Condition(self.condition(missing.and(holds(last)))))
            }
            // Without a last score the one before stands in, so that the ends of the
            // scale can be put in the place of the missing (`best`, `worst`).
            (Outcome::Pair { baseline, .. }, last) => {
                let last = last.as_ref().unwrap_or(baseline);
                Some(self.pair(missing.and(known(baseline)).and(known(last)), baseline, last))
            }
        };
        Asked { eligible: self.condition(eligible), observed: self.condition(observed), outcome, carried }
    }

    fn condition(&mut self, wanted: Expr) -> usize {
        position(&mut self.conditions, wanted)
    }

    fn pair(&mut self, among: Expr, before: &Expr, after: &Expr) -> Counted {
        let among = self.condition(among);
        Counted::Pairs(position(&mut self.pairs, PairQuestion { among, before: score(before), after: score(after) }))
    }

    /// The expressions to evaluate, by name.
    pub(super) fn wanted(&self) -> Vec<Expr> {
        let conditions = self.conditions.iter().enumerate();
        let conditions = conditions.map(|(at, question)| question.clone().alias(name(CONDITION, at)));
        let pairs = self.pairs.iter().enumerate().flat_map(|(at, pair)| {
            [pair.before.clone().alias(name(BEFORE, at)), pair.after.clone().alias(name(AFTER, at))]
        });
        let denials = self.contradictions.iter().enumerate();
        let denials = denials.map(|(at, said)| said.denied.clone().alias(name(DENIED, at)));
        conditions.chain(pairs).chain(denials).collect()
    }
}

/// The column of an answer.
pub(super) fn name(what: &str, at: usize) -> String {
    format!("{what}{at}")
}

/// An outcome that is unknown would count as none, in the denominator of the observed too.
fn unknown_outcome(measure: &Compiled) -> Option<Contradiction> {
    let Outcome::Condition(outcome) = &measure.outcome else { return None };
    let said = format!("`outcome` of measure `{}` is unknown (NULL) where `observed` says it is known", measure.id);
    let observed = holds(&measure.eligible).and(holds(&measure.observed));
    Some(Contradiction { denied: observed.and(outcome.clone().is_null()), said })
}

/// The flow of patients ends in the measure, the statuses of follow-up are those
/// of its patients: somebody they do not count would be in no step.
fn outside_flow(measure: &Compiled) -> Option<Contradiction> {
    let (written, flow) = measure.flow.as_ref()?;
    let said = format!(
        "measure `{}` has a `role` in which the flow of patients ends, and counts some whom the flow does not (`{written}`)",
        measure.id
    );
    Some(Contradiction { denied: holds(&measure.eligible).and(holds(flow).not()), said })
}

fn holds(expression: &Expr) -> Expr {
    expression.clone().fill_null(lit(false))
}

/// A score as it is tallied; one too large for that is unknown.
fn score(written: &Expr) -> Expr {
    written.clone().cast(DataType::Int32)
}

fn known(written: &Expr) -> Expr {
    score(written).is_not_null()
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
