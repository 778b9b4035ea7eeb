//! Procedure → infusions, medication reviews, therapy sessions.

use serde::Deserialize;

use super::datatype::{CodeableConcept, Period, Reference};
use super::date::{first_day, minutes};
use super::kind::{Context, Event, Found, in_force};
use super::resource::Resource;
use crate::model::reject::{CODE_NOT_FOLLOWED, Rule, STATUS_NOT_IN_FORCE, TOLD_ELSEWHERE};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Procedure {
    status: Option<String>,
    code: CodeableConcept,
    subject: Option<Reference>,
    performed_date_time: Option<String>,
    performed_period: Option<Period>,
}

const IN_FORCE: [&str; 1] = ["completed"];

/// What a procedure is to us.
enum Meaning<'a> {
    Review,
    Therapy(&'a str),
    Infusion,
}

pub(super) fn read(resource: &Resource, context: Context<'_>) -> Result<Vec<Found>, &'static Rule> {
    let procedure: Procedure = resource.read()?;
    let tokens = context.codes.tokens(&procedure.code);
    let Some(meaning) = meaning(&procedure, &tokens, context) else {
        return Found::PassedOver(&CODE_NOT_FOLLOWED).alone();
    };
    if !in_force(procedure.status.as_deref(), &IN_FORCE)? {
        return Found::PassedOver(&STATUS_NOT_IN_FORCE).alone();
    }
    let at = first_day([procedure.performed_date_time.as_deref(), None], procedure.performed_period.as_ref());
    let event = |table| Event::new(table, context, procedure.subject.as_ref(), at);
    match meaning {
        Meaning::Review => event("medication_reviews").with("complete", "yes").found().alone(),
        Meaning::Therapy(kind) => event("therapy_sessions").with("kind", kind).found().alone(),
        Meaning::Infusion => {
            let duration = procedure.performed_period.as_ref().and_then(minutes);
            let event = event("infusions").with_some("duration_min", duration.map(|minutes| minutes.to_string()));
            if event.is_told(context) { Found::PassedOver(&TOLD_ELSEWHERE).alone() } else { event.found().alone() }
        }
    }
}

fn meaning<'a>(procedure: &Procedure, tokens: &[String], context: Context<'a>) -> Option<Meaning<'a>> {
    let mapping = context.codes.mapping;
    if tokens.iter().any(|token| mapping.is_medication_review(token)) {
        return Some(Meaning::Review);
    }
    if let Some(kind) = tokens.iter().find_map(|token| mapping.therapy(token)) {
        return Some(Meaning::Therapy(kind));
    }
    context.codes.is_ketamine_infusion(&procedure.code).then_some(Meaning::Infusion)
}

impl Event {
    /// Whether an administration tells of the same infusion, with its dose.
    fn is_told(&self, context: Context<'_>) -> bool {
        match &self.cells[..] {
            [("patient_id", patient), ("date", day), ..] => context.survey.is_infused(patient, day),
            _ => false,
        }
    }
}
