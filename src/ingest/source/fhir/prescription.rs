//! Orders and dispensings → prescriptions.

use super::code::{Codes, Medicine};
use super::kind::{Event, Found};
use super::supply::{Stated, Supply};
use crate::model::reject::{CODE_NOT_FOLLOWED, OPIOID_BY_INJECTION, UNKNOWN_DRUG};

/// The row of a supply. What is missing stays empty and admission sets the row
/// aside, knowing whose it is: a prescription that is only dropped would make
/// the patient's dose too low.
pub(super) fn row(
    event: Event,
    id: Option<&str>,
    medicine: Medicine,
    stated: Stated<'_>,
    indication: Option<String>,
    codes: Codes<'_>,
) -> Found {
    let dose = match medicine {
        Medicine::NotFollowed => return Found::PassedOver(&CODE_NOT_FOLLOWED),
        Medicine::Unknown => return event.breaks(&UNKNOWN_DRUG, "medication"),
        Medicine::Followed(dose) => dose,
    };
    let mut supply = stated.supply(&dose, codes.mapping);
    if dose.injected {
        if is_of_a_procedure(&supply) && !codes.is_depot(&dose) {
            return Found::PassedOver(&OPIOID_BY_INJECTION);
        }
        // In syringes or millilitres: no dose is computed from it.
        supply.quantity = supply.quantity.or_else(|| stated.quantity?.exact());
    }
    event
        .with_some("route", dose.injected.then(|| "injection".to_owned()))
        .with_some("days_supply", supply.days)
        .with_some("quantity", supply.quantity)
        .with("unit", dose.unit)
        .with("drug", dose.drug)
        .with_some("strength", dose.strength)
        .with_some("indication", indication)
        .with_some("row_id", id.map(str::to_owned))
        .found()
}

/// Whether what is injected was for a day, or for nobody says how long: it was
/// given then and there. For longer, a patient lives on it.
fn is_of_a_procedure(supply: &Supply) -> bool {
    supply.days.as_deref().is_none_or(|days| days.parse::<f64>().is_ok_and(|days| days <= 1.0))
}
