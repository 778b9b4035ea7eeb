//! Observation → assessments: scores, alone, in components or as a panel.

use serde::Deserialize;

use super::datatype::{CodeableConcept, Period, Reference};
use super::date::first_day;
use super::kind::{Context, Event, Found, in_force};
use super::resource::Resource;
use super::score::{Answers, row};
use super::value::Given;
use crate::model::reject::{CODE_NOT_FOLLOWED, Rule, STATUS_NOT_IN_FORCE};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Observation {
    status: Option<String>,
    code: CodeableConcept,
    subject: Option<Reference>,
    effective_date_time: Option<String>,
    effective_instant: Option<String>,
    effective_period: Option<Period>,
    has_member: Vec<Reference>,
    component: Vec<Component>,
    #[serde(flatten)]
    given: Given,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Component {
    code: CodeableConcept,
    #[serde(flatten)]
    given: Given,
}

/// Results that stand.
const IN_FORCE: [&str; 4] = ["final", "amended", "corrected", "preliminary"];

pub(super) fn read(resource: &Resource, context: Context<'_>) -> Result<Vec<Found>, &'static Rule> {
    let observation: Observation = resource.read()?;
    let parts = observation.scored(context);
    let panel = context.codes.panel(&observation.code);
    if parts.is_empty() && panel.is_none() {
        return Found::PassedOver(&CODE_NOT_FOLLOWED).alone();
    }
    if !in_force(observation.status.as_deref(), &IN_FORCE)? {
        return Found::PassedOver(&STATUS_NOT_IN_FORCE).alone();
    }
    let event = || observation.event(context);
    let mut found: Vec<Found> =
        parts.iter().map(|(instruments, given)| row(event(), instruments, given, context.codes.mapping)).collect();
    if found.is_empty() {
        found.push(observation.sum(panel, context));
    }
    Ok(found)
}

impl Observation {
    /// The parts that hold a score. A panel without a value of its own is told
    /// by its components, or by its members, which are records themselves.
    fn scored(&self, context: Context<'_>) -> Vec<(Vec<usize>, &Given)> {
        let is_panel = self.given.is_empty() && !(self.component.is_empty() && self.has_member.is_empty());
        let own = std::iter::once((&self.code, &self.given)).filter(|_| !is_panel);
        let components = self.component.iter().map(|component| (&component.code, &component.given));
        own.chain(components)
            .map(|(code, given)| (context.codes.scored(code), given))
            .filter(|(instruments, _)| !instruments.is_empty())
            .collect()
    }

    fn event(&self, context: Context<'_>) -> Event {
        let at = [self.effective_date_time.as_deref(), self.effective_instant.as_deref()];
        Event::new("assessments", context, self.subject.as_ref(), first_day(at, self.effective_period.as_ref()))
    }

    /// A panel whose components are the questions.
    fn sum(&self, panel: Option<usize>, context: Context<'_>) -> Found {
        let Some(panel) = panel.filter(|_| !self.component.is_empty()) else {
            // Its members are records of their own.
            return Found::PassedOver(&CODE_NOT_FOLLOWED);
        };
        let mut answers = Answers::default();
        for component in &self.component {
            for token in context.codes.tokens(&component.code) {
                answers.add(&token, &component.given, context.codes.mapping);
            }
        }
        answers.sum(self.event(context), panel, context.codes.mapping)
    }
}
