//! MedicationDispense → prescriptions: what was handed over.

use serde::Deserialize;

use super::code::Medicine;
use super::datatype::{Quantity, Reference};
use super::date::first_day;
use super::kind::{Context, Event, Found, in_force};
use super::medication;
use super::prescription::row;
use super::resource::Resource;
use super::supply::{Dosage, Stated};
use super::survey::{Medication, Survey};
use crate::model::reject::{CODE_NOT_FOLLOWED, Rule, STATUS_NOT_IN_FORCE};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Dispense {
    status: Option<String>,
    subject: Option<Reference>,
    when_handed_over: Option<String>,
    when_prepared: Option<String>,
    quantity: Option<Quantity>,
    days_supply: Option<Quantity>,
    dosage_instruction: Vec<Dosage>,
    authorizing_prescription: Vec<Reference>,
    #[serde(flatten)]
    medication: Medication,
}

const IN_FORCE: [&str; 1] = ["completed"];

pub(super) fn read(resource: &Resource, context: Context<'_>) -> Result<Vec<Found>, &'static Rule> {
    let dispense: Dispense = resource.read()?;
    let medicine = medication::drug(resource, &dispense.medication, context).medicine;
    if medicine == Medicine::NotFollowed {
        return Found::PassedOver(&CODE_NOT_FOLLOWED).alone();
    }
    if !in_force(dispense.status.as_deref(), &IN_FORCE)? {
        return Found::PassedOver(&STATUS_NOT_IN_FORCE).alone();
    }
    let at = first_day([dispense.when_handed_over.as_deref(), dispense.when_prepared.as_deref()], None);
    let event = Event::new("prescriptions", context, dispense.subject.as_ref(), at);
    let stated = Stated {
        quantity: dispense.quantity.as_ref(),
        duration: dispense.days_supply.as_ref(),
        dosages: &dispense.dosage_instruction,
    };
    row(event, resource.id(), medicine, stated, None, context.codes).alone()
}

/// Notes on which orders something was handed over.
pub(super) fn survey(resource: &Resource, survey: &mut Survey) {
    let Ok(dispense) = resource.read::<Dispense>() else { return };
    if in_force(dispense.status.as_deref(), &IN_FORCE) == Ok(true) {
        survey.add_dispensed(&dispense.authorizing_prescription);
    }
}
