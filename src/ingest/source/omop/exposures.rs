//! Drug exposures → opioid prescriptions, sedatives and ketamine infusions.
//!
//! Only an opioid nobody can compute is set aside as a prescription, because
//! that makes its patient's dose unknown. A drug that is certainly no opioid is
//! passed over; one that might be is set aside.

use super::super::sink::{At, Sink};
use super::cdm;
use super::drug_name::{Drug, Strength, has_words};
use super::records::{Clinical, pass_over_unknown, table};
use super::table::{Record, Wanted};
use super::vocabulary::Vocabulary;
use crate::ingest::error::IngestError;
use crate::model::calendar::Day;
use crate::model::reject::{DRUG_NOT_COMPUTABLE, KETAMINE_NOT_INFUSED, OPIOID_BY_INJECTION, QUANTITY_NOT_RECORDED};
use crate::protocol::Ingredient;

pub(super) static DRUG_EXPOSURE: Clinical = Clinical {
    name: "drug_exposure",
    wanted: Wanted {
        columns: &[
            "drug_exposure_id",
            "person_id",
            "drug_concept_id",
            "drug_exposure_start_date",
            "drug_exposure_start_datetime",
            "drug_exposure_end_datetime",
            "quantity",
            "days_supply",
            "route_concept_id",
            "route_source_value",
            "drug_source_value",
            "drug_source_concept_id",
            "dose_unit_source_value",
        ],
        required: 3,
        prescribed: cdm::DRUG_EXPOSURE,
        becomes: Some("prescriptions"),
        names: &[
            ("patient_id", "person_id"),
            ("start_date", "drug_exposure_start_date"),
            ("date", "drug_exposure_start_date"),
            ("drug", "drug_concept_id"),
            ("unit", "dose_unit_source_value"),
            ("row_id", "drug_exposure_id"),
        ],
    },
    take: exposure,
};

fn exposure(vocabulary: &Vocabulary<'_>, record: &Record<'_>, at: At, sink: &mut dyn Sink) -> Result<(), IngestError> {
    let concepts = [record.concept("drug_concept_id"), record.concept("drug_source_concept_id")];
    let code = record.get("drug_source_value");
    if vocabulary.infusions.find(concepts, code).is_some() {
        return ketamine(vocabulary, record, None, at, sink);
    }
    match vocabulary.drug(concepts, code) {
        Some(Drug::Ketamine { strength }) => ketamine(vocabulary, record, strength.as_ref(), at, sink),
        Some(Drug::Injection { ingredient, strength }) => {
            let drug = &vocabulary.mapping.ingredients[ingredient].drug;
            injection(record, drug, strength.as_ref(), (at, "drug_concept_id"), sink)
        }
        Some(Drug::Listed { ingredient, strength }) => {
            let Ingredient { drug, opioid, .. } = &vocabulary.mapping.ingredients[ingredient];
            if *opioid && is_infused(vocabulary, record) {
                return injection(record, drug, strength.as_ref(), (at, "route_concept_id"), sink);
            }
            prescription(record, (drug, ""), *opioid, strength.as_ref(), at, sink)
        }
        None if vocabulary.is_no_opioid(concepts, code) => {
            pass_over_unknown(concepts[0], at, "drug_concept_id", sink);
            Ok(())
        }
        // Its patient's dose is unknown, because it might be an opioid.
        None => prescription(record, ("", ""), true, None, at, sink),
    }
}

/// An opioid that is injected: for a day, or for nobody says how long, it was
/// given then and there; for longer, a patient lives on it.
fn injection(
    record: &Record<'_>,
    drug: &str,
    strength: Option<&Strength>,
    (at, column): (At, &'static str),
    sink: &mut dyn Sink,
) -> Result<(), IngestError> {
    if record.whole("days_supply").parse::<f64>().is_ok_and(|days| days > 1.0) {
        return prescription(record, (drug, "injection"), true, strength, at, sink);
    }
    sink.pass_over(at, &OPIOID_BY_INJECTION, column);
    Ok(())
}

fn prescription(
    record: &Record<'_>,
    (drug, route): (&str, &str),
    is_opioid: bool,
    strength: Option<&Strength>,
    at: At,
    sink: &mut dyn Sink,
) -> Result<(), IngestError> {
    let (quantity, days) = (record.get("quantity"), record.whole("days_supply"));
    let positive = |text: &str| text.parse::<f64>().is_ok_and(|value| value > 0.0);
    if !is_opioid && (strength.is_none() || !positive(quantity) || !positive(days)) {
        sink.pass_over(at, &DRUG_NOT_COMPUTABLE, "quantity");
        return Ok(());
    }
    let date = record.date("drug_exposure_start_date", "drug_exposure_start_datetime");
    let cells = [
        ("patient_id", record.whole("person_id")),
        ("start_date", date.as_str()),
        ("days_supply", days),
        ("drug", if drug.is_empty() { UNKNOWN } else { drug }),
        ("strength", strength.map_or("", |strength| strength.value.as_str())),
        ("unit", strength.map_or("", |strength| strength.unit)),
        ("quantity", quantity),
        ("route", route),
        ("row_id", record.whole("drug_exposure_id")),
    ];
    if !positive(quantity) {
        return sink.reject_row(at, table("prescriptions"), &QUANTITY_NOT_RECORDED, "quantity", &cells);
    }
    sink.row(at, table("prescriptions"), &cells)
}

/// In no drug pack, so the row is set aside as of an unknown drug.
const UNKNOWN: &str = "not_in_vocabulary";

fn is_infused(vocabulary: &Vocabulary<'_>, record: &Record<'_>) -> bool {
    let infusion = &vocabulary.mapping.infusion;
    let word = record.get("route_source_value").to_lowercase();
    infusion.routes.contains(&record.concept("route_concept_id"))
        || infusion.route_words.iter().any(|known| has_words(&word, known))
}

fn ketamine(
    vocabulary: &Vocabulary<'_>,
    record: &Record<'_>,
    strength: Option<&Strength>,
    at: At,
    sink: &mut dyn Sink,
) -> Result<(), IngestError> {
    let has_route =
        record.concept("route_concept_id") != 0 || record.get("route_source_value").chars().any(char::is_alphabetic);
    if has_route && !is_infused(vocabulary, record) {
        sink.pass_over(at, &KETAMINE_NOT_INFUSED, "route_concept_id");
        return Ok(());
    }
    let date = record.date("drug_exposure_start_date", "drug_exposure_start_datetime");
    let duration = minutes(record.get("drug_exposure_start_datetime"), record.get("drug_exposure_end_datetime"));
    let duration = duration.map_or_else(String::new, |minutes| minutes.to_string());
    let dose = dose(record, strength);
    let mut cells = vec![
        ("patient_id", record.whole("person_id")),
        ("date", date.as_str()),
        ("duration_min", duration.as_str()),
        ("row_id", record.whole("drug_exposure_id")),
    ];
    if let Some((column, amount)) = &dose {
        cells.push((column, amount));
    }
    sink.row(at, table("infusions"), &cells)
}

/// The dose, only where its unit is stated: a bare quantity may be millilitres,
/// vials or milligrams.
fn dose(record: &Record<'_>, strength: Option<&Strength>) -> Option<(&'static str, String)> {
    let written = record.get("quantity");
    let quantity: f64 = written.parse().ok().filter(|quantity| *quantity > 0.0)?;
    match record.get("dose_unit_source_value").to_lowercase().as_str() {
        "mg" | "milligram" | "milligrams" => Some(("dose_mg", written.to_owned())),
        "mg/kg" => Some(("dose_mg_per_kg", written.to_owned())),
        "ml" => {
            let strength = strength.filter(|strength| strength.per_ml && strength.unit == "mg")?;
            let of_one: f64 = strength.value.parse().ok()?;
            Some(("dose_mg", (quantity * of_one).to_string()))
        }
        _ => None,
    }
}

/// Minutes between two time stamps; `None` when either has no time of day, or
/// they are no length an infusion has.
fn minutes(start: &str, end: &str) -> Option<i64> {
    let (start, end) = (stamp(start)?, stamp(end)?);
    (1..=24 * 60).contains(&(end - start)).then_some(end - start)
}

fn stamp(text: &str) -> Option<i64> {
    let (day, time) = text.split_once([' ', 'T'])?;
    let day = Day::parse_iso(day.as_bytes())?;
    let mut parts = time.split(':').map(|part| part.get(..2).unwrap_or(part).parse::<i64>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    Some(i64::from(day.0) * 24 * 60 + hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::minutes;

    #[test]
    fn a_duration_needs_two_times_of_one_day() {
        for (start, end, expected) in [
            ("2026-01-05 09:00:00", "2026-01-05 09:40:00", Some(40)),
            ("2026-01-05T23:30:00", "2026-01-06T00:30:00", Some(60)),
            ("2026-01-05 00:00:00", "2026-01-05 00:00:00", None),
            ("2026-01-05 00:00:00", "2026-02-05 00:00:00", None),
            ("2026-01-05", "2026-01-05 10:00:00", None),
            ("", "x", None),
        ] {
            assert_eq!(minutes(start, end), expected, "{start} {end}");
        }
    }
}
