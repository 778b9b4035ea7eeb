//! AdverseEvent → adverse events: coded terms only.

use serde::Deserialize;

use super::datatype::{CodeableConcept, Reference};
use super::date::first_day;
use super::kind::{Context, Event, Found, in_force};
use super::resource::Resource;
use crate::model::reject::{FREE_TEXT, Rule, STATUS_NOT_IN_FORCE};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AdverseEvent {
    actuality: Option<String>,
    event: CodeableConcept,
    subject: Option<Reference>,
    date: Option<String>,
    detected: Option<String>,
    recorded_date: Option<String>,
    seriousness: CodeableConcept,
    severity: CodeableConcept,
}

pub(super) fn read(resource: &Resource, context: Context<'_>) -> Result<Vec<Found>, &'static Rule> {
    let event: AdverseEvent = resource.read()?;
    if !in_force(event.actuality.as_deref(), &["actual"])? {
        return Found::PassedOver(&STATUS_NOT_IN_FORCE).alone();
    }
    let at = event.date.as_deref().or(event.detected.as_deref());
    let row = Event::new(
        "adverse_events",
        context,
        event.subject.as_ref(),
        first_day([at, event.recorded_date.as_deref()], None),
    );
    let Some(term) = event.term(context) else { return row.breaks(&FREE_TEXT, "event").alone() };
    let mut severities = event.severity.coding.iter().filter_map(|coding| coding.code.as_deref());
    let grade = severities.find_map(|code| context.codes.mapping.grade(code));
    row.with("term", term)
        .with_some("grade", grade.map(|grade| grade.to_string()))
        .with_some("serious", event.serious().map(|serious| if serious { "yes" } else { "no" }.to_owned()))
        .found()
        .alone()
}

impl AdverseEvent {
    /// The mapping's term, else the code itself: `snomed_422587007`.
    fn term(&self, context: Context<'_>) -> Option<String> {
        let tokens = context.codes.tokens(&self.event);
        let mapped = tokens.iter().find_map(|token| context.codes.mapping.adverse_event(token)).map(str::to_owned);
        mapped.or_else(|| {
            tokens.iter().find(|token| context.codes.mapping.is_named(token)).map(|token| token.replace('|', "_"))
        })
    }

    /// `Non-serious`, `Serious`, and in R4 one code for each serious outcome.
    fn serious(&self) -> Option<bool> {
        let mut codes = self.seriousness.coding.iter().filter_map(|coding| coding.code.as_deref());
        codes.find_map(|code| match code.to_ascii_lowercase() {
            code if code == "non-serious" => Some(false),
            code if code.starts_with("serious") => Some(true),
            _ => None,
        })
    }
}
