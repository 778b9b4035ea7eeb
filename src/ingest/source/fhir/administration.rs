//! MedicationAdministration → infusions: ketamine given by a route that makes
//! it one.

use serde::Deserialize;

use super::datatype::{CodeableConcept, Period, Quantity, Reference};
use super::date::{first_day, minutes};
use super::kind::{Context, Event, Found, in_force};
use super::medication;
use super::resource::Resource;
use super::survey::{Medication, Survey};
use crate::ingest::number::Decimal;
use crate::model::reject::{CODE_NOT_FOLLOWED, DOSE_UNIT_UNKNOWN, Rule, STATUS_NOT_IN_FORCE};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Administration {
    status: Option<String>,
    subject: Option<Reference>,
    effective_date_time: Option<String>,
    effective_period: Option<Period>,
    dosage: Dosage,
    #[serde(flatten)]
    medication: Medication,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Dosage {
    route: CodeableConcept,
    dose: Option<Quantity>,
}

/// An infusion stopped early was begun.
const IN_FORCE: [&str; 3] = ["completed", "in-progress", "stopped"];

pub(super) fn read(resource: &Resource, context: Context<'_>) -> Result<Vec<Found>, &'static Rule> {
    let given: Administration = resource.read()?;
    if !medication::drug(resource, &given.medication, context).is_ketamine || !given.is_infused(context) {
        return Found::PassedOver(&CODE_NOT_FOLLOWED).alone();
    }
    if !in_force(given.status.as_deref(), &IN_FORCE)? {
        return Found::PassedOver(&STATUS_NOT_IN_FORCE).alone();
    }
    let event = Event::new("infusions", context, given.subject.as_ref(), given.day());
    let duration = given.effective_period.as_ref().and_then(minutes);
    let event = event.with_some("duration_min", duration.map(|minutes| minutes.to_string()));
    Ok(match given.dosage.dose.as_ref().map(amount) {
        None => vec![event.found()],
        Some(Some((column, number))) => vec![event.with(column, number).found()],
        Some(None) => vec![event.found(), Found::Remark(&DOSE_UNIT_UNKNOWN, "dosage.dose")],
    })
}

/// Notes whose infusions the source tells by administrations, and when.
pub(super) fn survey(resource: &Resource, context: Context<'_>) -> Option<(String, String)> {
    let given: Administration = resource.read().ok()?;
    let counts = in_force(given.status.as_deref(), &IN_FORCE) == Ok(true)
        && medication::drug(resource, &given.medication, context).is_ketamine
        && given.is_infused(context);
    let patient = Survey::id_of(context.survey, "Patient", given.subject.as_ref()?)?;
    counts.then(|| Some((patient.to_owned(), given.day().ok()?.to_owned()))).flatten()
}

impl Administration {
    fn day(&self) -> Result<&str, &'static Rule> {
        first_day([self.effective_date_time.as_deref(), None], self.effective_period.as_ref())
    }

    /// Lozenges and sprays are ketamine and no infusions. Where no route is
    /// stated, it is one: that is what the clinic does.
    fn is_infused(&self, context: Context<'_>) -> bool {
        let route = &self.dosage.route;
        let tokens = context.codes.tokens(route);
        let by_name =
            || route.names().any(|name| matches!(name.to_lowercase().as_str(), "iv" | "intravenous" | "infusion"));
        let unstated = tokens.is_empty() && route.names().next().is_none();
        unstated || tokens.iter().any(|token| context.codes.mapping.ketamine.routes.contains(token)) || by_name()
    }
}

/// The column and number of a dose.
fn amount(dose: &Quantity) -> Option<(&'static str, String)> {
    let number = dose.exact()?;
    match dose.unit() {
        "mg" => Some(("dose_mg", number)),
        "mg/kg" => Some(("dose_mg_per_kg", number)),
        "g" => Some(("dose_mg", scaled(&number, 3)?)),
        "ug" | "mcg" => Some(("dose_mg", thousandth(&number)?)),
        _ => None,
    }
}

fn scaled(number: &str, places: u32) -> Option<String> {
    Decimal::parse(number.as_bytes())?.scaled(places).map(|whole| whole.to_string())
}

fn thousandth(number: &str) -> Option<String> {
    let whole = Decimal::parse(number.as_bytes())?.scaled(0).filter(|whole| *whole >= 0)?;
    Some(super::product::from_thousandths(whole))
}
