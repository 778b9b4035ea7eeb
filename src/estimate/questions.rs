//! What the measures ask of a row of the analysis set, each question once:
//! measures share denominators, and changes share their scores.

use polars::frame::DataFrame;
use polars::prelude::{BooleanChunked, DataType, Expr, Int32Chunked, IntoLazy, PolarsError, lit};

use super::expression::{Compiled, Outcome};
use super::mask::Mask;

/// All questions of all measures.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// What Polars is asked of a row: true or false, never unknown.
    facts: Vec<Expr>,
    /// Scores, as they are tallied.
    scores: Vec<Expr>,
    /// What is counted, each after those it is made of.
    pub(super) conditions: Vec<Condition>,
    pub(super) pairs: Vec<PairQuestion>,
    /// What no row may answer yes to.
    pub(super) contradictions: Vec<Contradiction>,
    /// What each measure asked.
    pub(super) measures: Vec<Asked>,
}

/// Holds where all of its terms do.
type Condition = Vec<Term>;

/// Part of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// The fact at this position holds.
    Fact(usize),
    /// The condition at this position holds.
    Is(usize),
    /// It does not.
    IsNot(usize),
}

/// What a measure says and a row may deny.
#[derive(Debug)]
pub(super) struct Contradiction {
    /// Holds for the rows that deny it.
    pub(super) denied: Condition,
    /// What was said.
    pub(super) said: String,
}

/// Two scores of the rows a condition holds for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PairQuestion {
    /// Position of the condition.
    pub(super) among: usize,
    /// Positions of the scores before and after.
    pub(super) scores: [usize; 2],
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

/// What the rows of a row group say.
pub(super) struct Answers {
    /// By condition.
    pub(super) conditions: Vec<Mask>,
    /// Rows that deny what a pack says, by contradiction.
    pub(super) denied: Vec<u64>,
    /// By score: as Polars has them.
    scores: Vec<Int32Chunked>,
}

impl Answers {
    /// A score by row; where it is unknown, whatever stands there: the conditions of
    /// its pairs hold for no such row.
    pub(super) fn score(&self, at: usize) -> &[i32] {
        self.scores[at].downcast_as_array().values()
    }
}

impl Questions {
    /// Collects the questions of every measure.
    pub(super) fn of(measures: &[Compiled]) -> Self {
        let mut all = Self::default();
        for measure in measures {
            let asked = all.asked(measure);
            all.measures.push(asked);
        }
        for (at, measure) in measures.iter().enumerate() {
            all.unknown_outcome(at, measure);
            all.outside_flow(at, measure);
        }
        all.broken_nestings(measures);
        all
    }

    /// A condition that is unknown does not hold; observed implies eligible, and
    /// outcome observed.
    fn asked(&mut self, measure: &Compiled) -> Asked {
        let eligible = self.holds(&measure.eligible);
        let eligible = self.condition(vec![eligible]);
        let mut seen = vec![Term::Is(eligible), self.holds(&measure.observed)];
        if let Outcome::Pair { baseline, follow_up } = &measure.outcome {
            seen.extend([self.known(baseline), self.known(follow_up)]);
        }
        let observed = self.condition(seen);
        let mut missing = vec![Term::Is(eligible), Term::IsNot(observed)];
        let (outcome, carried) = match (&measure.outcome, &measure.last) {
            (Outcome::Condition(outcome), last) => {
                let outcome = self.holds(outcome);
                let outcome = Counted::Condition(self.condition(vec![Term::Is(observed), outcome]));
                missing.extend(last.as_ref().map(|last| self.holds(last)));
                (outcome, last.as_ref().map(|_| Counted::Condition(self.condition(missing))))
            }
            // Without a last score the one before stands in, so that the ends of the
            // scale can be put in the place of the missing (`best`, `worst`).
            (Outcome::Pair { baseline, follow_up }, last) => {
                let last = last.as_ref().unwrap_or(baseline);
                missing.extend([self.known(baseline), self.known(last)]);
                let missing = self.condition(missing);
                (self.pair(observed, baseline, follow_up), Some(self.pair(missing, baseline, last)))
            }
        };
        Asked { eligible, observed, outcome, carried }
    }

    /// What `implies` and `among` say: disclosure control subtracts one count
    /// from the other because of it.
    fn broken_nestings(&mut self, measures: &[Compiled]) {
        let position = |id: &String| measures.iter().position(|measure| measure.id == *id);
        let outside = |inner: usize, outer: usize| vec![Term::Is(inner), Term::IsNot(outer)];
        for (measure, asked) in measures.iter().zip(&self.measures) {
            for other in measure.among.iter().filter_map(position) {
                let said = format!(
                    "measure `{}` is `among` `{}`, which does not count some of its patients",
                    measure.id, measures[other].id
                );
                let denied = outside(asked.eligible, self.measures[other].eligible);
                self.contradictions.push(Contradiction { denied, said });
            }
            for other in measure.implies.iter().filter_map(position) {
                let said = format!(
                    "measure `{}` `implies` `{}`, which some with its outcome do not have",
                    measure.id, measures[other].id
                );
                if let (Counted::Condition(inner), Counted::Condition(outer)) =
                    (asked.outcome, self.measures[other].outcome)
                {
                    self.contradictions.push(Contradiction { denied: outside(inner, outer), said });
                }
            }
        }
    }

    /// An outcome that is unknown would count as none, in the denominator of the observed too.
    fn unknown_outcome(&mut self, at: usize, measure: &Compiled) {
        let Outcome::Condition(outcome) = &measure.outcome else { return };
        let said = format!("`outcome` of measure `{}` is unknown (NULL) where `observed` says it is known", measure.id);
        let unknown = self.fact(outcome.clone().is_null());
        self.contradictions.push(Contradiction { denied: vec![Term::Is(self.measures[at].observed), unknown], said });
    }

    /// The flow of patients ends in the measure, the statuses of follow-up are those
    /// of its patients: somebody they do not count would be in no step.
    fn outside_flow(&mut self, at: usize, measure: &Compiled) {
        let Some((written, flow)) = measure.flow.as_ref() else { return };
        let said = format!(
            "measure `{}` has a `role` in which the flow of patients ends, and counts some whom the flow does not (`{written}`)",
            measure.id
        );
        let outside = self.fact(flow.clone().fill_null(lit(false)).not());
        self.contradictions.push(Contradiction { denied: vec![Term::Is(self.measures[at].eligible), outside], said });
    }

    fn holds(&mut self, written: &Expr) -> Term {
        self.fact(written.clone().fill_null(lit(false)))
    }

    fn known(&mut self, written: &Expr) -> Term {
        self.fact(score(written).is_not_null())
    }

    fn fact(&mut self, wanted: Expr) -> Term {
        Term::Fact(position(&mut self.facts, wanted))
    }

    fn condition(&mut self, wanted: Condition) -> usize {
        position(&mut self.conditions, wanted)
    }

    fn pair(&mut self, among: usize, before: &Expr, after: &Expr) -> Counted {
        let scores = [before, after].map(|written| position(&mut self.scores, score(written)));
        Counted::Pairs(position(&mut self.pairs, PairQuestion { among, scores }))
    }

    /// Asks the rows of `frame`. Polars answers each fact once; what is made of them
    /// is worked out a word of 64 rows at a time.
    pub(super) fn answers(&self, frame: DataFrame) -> Result<Answers, PolarsError> {
        let rows = frame.height();
        let asked = self.facts.iter().chain(&self.scores).enumerate();
        let asked: Vec<Expr> = asked.map(|(at, expression)| expression.clone().alias(at.to_string())).collect();
        // Nothing to be gained for one row group: planning costs more than it saves.
        let answers = frame.lazy().select(asked).without_optimizations().collect()?;
        let (facts, scores) = answers.columns().split_at(self.facts.len());
        let facts = facts.iter().map(|column| Ok(mask(column.bool()?))).collect::<Result<Vec<_>, PolarsError>>()?;
        let scores = scores.iter().map(|column| Ok(column.i32()?.rechunk().into_owned()));
        let scores = scores.collect::<Result<_, PolarsError>>()?;
        let mut conditions: Vec<Mask> = Vec::with_capacity(self.conditions.len());
        for condition in &self.conditions {
            conditions.push(all_of(condition, rows, &facts, &conditions));
        }
        let denied = self.contradictions.iter();
        let denied = denied.map(|said| all_of(&said.denied, rows, &facts, &conditions).count()).collect();
        Ok(Answers { conditions, denied, scores })
    }
}

/// The rows all terms hold for.
fn all_of(terms: &[Term], rows: usize, facts: &[Mask], conditions: &[Mask]) -> Mask {
    let mut all = Mask::all(rows);
    for term in terms {
        match *term {
            Term::Fact(at) => all.keep(&facts[at]),
            Term::Is(at) => all.keep(&conditions[at]),
            Term::IsNot(at) => all.drop(&conditions[at]),
        }
    }
    all
}

fn mask(fact: &BooleanChunked) -> Mask {
    debug_assert_eq!(fact.null_count(), 0, "unknown conditions were made false");
    let fact = fact.rechunk();
    let mut words = fact.downcast_as_array().values().chunks::<u64>();
    let mut all: Vec<u64> = words.by_ref().collect();
    all.push(words.remainder());
    Mask::of_words(all)
}

/// A score as it is tallied; one too large for that is unknown.
fn score(written: &Expr) -> Expr {
    written.clone().cast(DataType::Int32)
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
