//! Scores of questionnaires: one value, or the sum of every answer.

use std::collections::BTreeMap;

use super::kind::{Event, Found};
use super::value::Given;
use crate::ingest::number;
use crate::model::reject::{Outcome, SCORE_INCOMPLETE};
use crate::protocol::{FhirMapping, InstrumentCodes};

/// The row of a value under a code that holds the score itself.
pub(super) fn row(event: Event, instruments: &[usize], given: &Given, mapping: &FhirMapping) -> Found {
    let entry = match given.instrument(mapping, instruments) {
        Ok(entry) => entry,
        Err(rule) => return event.breaks(rule, "value"),
    };
    match given.score(mapping) {
        Ok(score) => scored(event, entry, score),
        Err(rule) if rule.outcome == Outcome::Remarked => Found::PassedOver(rule),
        Err(rule) => scored(event, entry, String::new()).set_aside(rule),
    }
}

fn scored(event: Event, entry: &InstrumentCodes, score: String) -> Found {
    let item = Some(entry.item.clone()).filter(|item| !item.is_empty());
    event.with("instrument", entry.instrument.clone()).with_some("item", item).with("score", score).found()
}

impl Found {
    fn set_aside(self, rule: &'static crate::model::reject::Rule) -> Self {
        match self {
            Self::Row(table, known) => Self::Reject { table, rule, column: "value", known },
            other => other,
        }
    }
}

/// The answers to a questionnaire, by the code of the question.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// `None` where an answer has no points.
    points: BTreeMap<String, Option<i64>>,
    /// Points of questions whose codes nobody knows, as the form numbers them.
    unnamed: Vec<Option<i64>>,
}

impl Answers {
    /// Notes an answer. A question answered twice differently has no points.
    pub(super) fn add(&mut self, question: &str, given: &Given, mapping: &FhirMapping) {
        let points = given.score(mapping).ok().and_then(|text| number::whole(text.as_bytes()));
        let known = self.points.entry(question.to_owned()).or_insert(points);
        if *known != points {
            *known = None;
        }
    }

    /// Notes an answer to a question without a code.
    pub(super) fn add_unnamed(&mut self, given: &Given, mapping: &FhirMapping) {
        self.unnamed.push(given.score(mapping).ok().and_then(|text| number::whole(text.as_bytes())));
    }

    /// The instrument every question of which was asked by its code.
    pub(super) fn recognise(&self, mapping: &FhirMapping) -> Option<usize> {
        mapping
            .instruments
            .iter()
            .position(|entry| !entry.items.is_empty() && entry.items.iter().all(|item| self.points.contains_key(item)))
    }

    /// The row of the sum, when every question has an answer on its scale.
    pub(super) fn sum(&self, event: Event, instrument: usize, mapping: &FhirMapping) -> Found {
        let entry = &mapping.instruments[instrument];
        match self.total(entry) {
            Some(total) => scored(event, entry, total.to_string()),
            None => scored(event, entry, String::new()).set_aside(&SCORE_INCOMPLETE),
        }
    }

    fn total(&self, entry: &InstrumentCodes) -> Option<i64> {
        if entry.items.is_empty() {
            return None;
        }
        let on_scale = |points: Option<i64>| points.filter(|points| (0..=entry.item_max).contains(points));
        let by_code = || entry.items.iter().map(|item| on_scale(*self.points.get(item)?)).sum::<Option<i64>>();
        let by_number = || {
            let all = self.unnamed.len() == entry.items.len();
            all.then(|| self.unnamed.iter().map(|points| on_scale(*points)).sum::<Option<i64>>()).flatten()
        };
        by_code().or_else(by_number)
    }
}
