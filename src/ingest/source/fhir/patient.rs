//! Patient → patients: sex and year of birth, under the server's id.

use serde::Deserialize;

use super::kind::{Context, Found};
use super::resource::Resource;
use crate::model::reject::Rule;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Patient {
    gender: Option<String>,
    birth_date: Option<String>,
}

pub(super) fn read(resource: &Resource, _context: Context<'_>) -> Result<Vec<Found>, &'static Rule> {
    let patient: Patient = resource.read()?;
    let mut cells = vec![("patient_id", resource.id().unwrap_or_default().to_owned())];
    cells.extend(patient.gender.map(|gender| ("sex", gender)));
    // Of a date of birth the year is taken, however exact the date is.
    let year = |date: String| date.split('-').next().unwrap_or_default().to_owned();
    cells.extend(patient.birth_date.map(|date| ("birth_year", year(date))));
    Found::Row("patients", cells).alone()
}
