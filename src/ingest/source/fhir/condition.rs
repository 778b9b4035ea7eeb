//! Condition → diagnoses: the conditions of the pack a patient has.

use serde::Deserialize;

use super::datatype::{CodeableConcept, Reference};
use super::kind::{Context, Found};
use super::resource::Resource;
use crate::model::reject::{CODE_NOT_FOLLOWED, MISSING_VALUE, Rule, STATUS_NOT_IN_FORCE};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Condition {
    code: Option<CodeableConcept>,
    clinical_status: CodeableConcept,
    verification_status: CodeableConcept,
    subject: Option<Reference>,
}

/// A diagnosis that is over or never was.
const OVER: [&str; 3] = ["inactive", "remission", "resolved"];
const NEVER: [&str; 3] = ["refuted", "entered-in-error", "differential"];

pub(super) fn read(resource: &Resource, context: Context<'_>) -> Result<Vec<Found>, &'static Rule> {
    let condition: Condition = resource.read()?;
    let Some(diagnosis) = condition.code.as_ref().and_then(|code| context.codes.condition(code)) else {
        return Found::PassedOver(&CODE_NOT_FOLLOWED).alone();
    };
    if condition.clinical_status.says(&OVER) || condition.verification_status.says(&NEVER) {
        return Found::PassedOver(&STATUS_NOT_IN_FORCE).alone();
    }
    let mut cells = vec![("condition", diagnosis.condition)];
    cells.extend(diagnosis.icd.map(|icd| ("source_code", icd)));
    match condition.subject.as_ref().and_then(|subject| context.survey.id_of("Patient", subject)) {
        Some(id) => {
            cells.push(("patient_id", id.to_owned()));
            Found::Row("diagnoses", cells).alone()
        }
        None => Found::Reject { table: "diagnoses", rule: &MISSING_VALUE, column: "subject", known: cells }.alone(),
    }
}

/// The indication a condition is, where it changes what a prescription means.
pub(super) fn indication(resource: &Resource, codes: super::code::Codes<'_>) -> Option<String> {
    let condition: Condition = resource.read().ok()?;
    if condition.verification_status.says(&NEVER) {
        return None;
    }
    codes.indication(&[condition.code?])
}
