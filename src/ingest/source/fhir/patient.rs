//! Patient → patients: sex and year of birth, under the server's id; and of a
//! patient who died, a departure.

use serde::Deserialize;

use super::date;
use super::kind::{Context, Found, Row};
use super::resource::Resource;
use crate::model::reject::{MISSING_VALUE, Rule};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Patient {
    gender: Option<String>,
    birth_date: Option<String>,
    deceased_boolean: Option<bool>,
    deceased_date_time: Option<String>,
}

pub(super) fn read(resource: &Resource, _context: Context<'_>) -> Result<Vec<Found>, &'static Rule> {
    let patient: Patient = resource.read()?;
    let id = ("patient_id", resource.id().unwrap_or_default().to_owned());
    let departure = patient.departure(id.clone());
    let mut cells = vec![id];
    cells.extend(patient.gender.map(|gender| ("sex", gender)));
    // Of a date of birth the year is taken, however exact the date is.
    let year = |date: String| date.split('-').next().unwrap_or_default().to_owned();
    cells.extend(patient.birth_date.map(|date| ("birth_year", year(date))));
    Ok(std::iter::once(Found::Row("patients", cells)).chain(departure).collect())
}

impl Patient {
    /// The death, dated; one without a day is set aside, because nobody can say
    /// at which horizon the patient could no longer be asked. `false` says that
    /// the server would have told.
    fn departure(&self, whose: (&'static str, String)) -> Option<Found> {
        let died = |known: Row| known.into_iter().chain([("departure", "died".to_owned())]).collect();
        let refused =
            |rule| Found::Reject { table: "departures", rule, column: "deceased", known: died(vec![whose.clone()]) };
        match (self.deceased_date_time.as_deref(), self.deceased_boolean) {
            (Some(written), _) => Some(match date::day(Some(written)) {
                Ok(day) => Found::Row("departures", died(vec![whose, ("date", day.to_owned())])),
                Err(rule) => refused(rule),
            }),
            (None, Some(true)) => Some(refused(&MISSING_VALUE)),
            (None, Some(false)) => Some(Found::Tells("departures")),
            (None, None) => None,
        }
    }
}
