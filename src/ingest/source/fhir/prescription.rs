//! Orders and dispensings → prescriptions.

use super::code::Medicine;
use super::kind::{Event, Found};
use super::supply::Stated;
use crate::model::reject::{CODE_NOT_FOLLOWED, UNKNOWN_DRUG};
use crate::protocol::FhirMapping;

/// The row of a supply. What is missing stays empty and admission sets the row
/// aside, knowing whose it is: a prescription that is only dropped would make
/// the patient's dose too low.
pub(super) fn row(
    event: Event,
    id: Option<&str>,
    medicine: Medicine,
    stated: Stated<'_>,
    indication: Option<String>,
    mapping: &FhirMapping,
) -> Found {
    let dose = match medicine {
        Medicine::NotFollowed => return Found::PassedOver(&CODE_NOT_FOLLOWED),
        Medicine::Unknown => return event.breaks(&UNKNOWN_DRUG, "medication"),
        Medicine::Followed(dose) => dose,
    };
    let supply = stated.supply(&dose, mapping);
    event
        .with_some("days_supply", supply.days)
        .with_some("quantity", supply.quantity)
        .with("unit", dose.unit)
        .with("drug", dose.drug)
        .with_some("strength", dose.strength)
        .with_some("indication", indication)
        .with_some("row_id", id.map(str::to_owned))
        .found()
}
