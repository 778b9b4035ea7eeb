//! MedicationRequest → prescriptions, unless the dispensing is there as well.

use serde::Deserialize;

use super::code::Medicine;
use super::datatype::{CodeableConcept, Quantity, Reference};
use super::date::day;
use super::kind::{Context, Event, Found, in_force};
use super::medication;
use super::prescription::row;
use super::resource::Resource;
use super::supply::{Dosage, Stated};
use super::survey::Medication;
use crate::model::reject::{CODE_NOT_FOLLOWED, Rule, STATUS_NOT_IN_FORCE, TOLD_ELSEWHERE};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_field_names, reason = "the names are FHIR's")]
struct Request {
    status: Option<String>,
    intent: Option<String>,
    do_not_perform: bool,
    subject: Option<Reference>,
    authored_on: Option<String>,
    dosage_instruction: Vec<Dosage>,
    dispense_request: DispenseRequest,
    reason_code: Vec<CodeableConcept>,
    reason_reference: Vec<Reference>,
    #[serde(flatten)]
    medication: Medication,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DispenseRequest {
    quantity: Option<Quantity>,
    expected_supply_duration: Option<Quantity>,
}

/// Orders that were given out or are.
const IN_FORCE: [&str; 3] = ["active", "completed", "stopped"];
/// Proposals and plans are no orders.
const ORDERS: [&str; 5] = ["order", "original-order", "reflex-order", "filler-order", "instance-order"];

/// One row an order: repeats may never be fetched, so they do not multiply it.
pub(super) fn read(resource: &Resource, context: Context<'_>) -> Result<Vec<Found>, &'static Rule> {
    let request: Request = resource.read()?;
    let medicine = medication::drug(resource, &request.medication, context).medicine;
    if medicine == Medicine::NotFollowed {
        return Found::PassedOver(&CODE_NOT_FOLLOWED).alone();
    }
    let ordered = in_force(request.intent.as_deref(), &ORDERS)? && !request.do_not_perform;
    if !in_force(request.status.as_deref(), &IN_FORCE)? || !ordered {
        return Found::PassedOver(&STATUS_NOT_IN_FORCE).alone();
    }
    if resource.id().is_some_and(|id| context.survey.is_dispensed(id)) {
        return Found::PassedOver(&TOLD_ELSEWHERE).alone();
    }
    let event = Event::new("prescriptions", context, request.subject.as_ref(), day(request.authored_on.as_deref()));
    let stated = Stated {
        quantity: request.dispense_request.quantity.as_ref(),
        duration: request.dispense_request.expected_supply_duration.as_ref(),
        dosages: &request.dosage_instruction,
    };
    let referred = || context.survey.indication(&request.reason_reference).map(str::to_owned);
    let indication = context.codes.indication(&request.reason_code).or_else(referred);
    row(event, resource.id(), medicine, stated, indication, context.codes).alone()
}
