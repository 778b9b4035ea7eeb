//! What the unit tests of the adapter share: the shipped mapping and packs, and
//! a resource read as one of a source.

use std::sync::LazyLock;

use super::code::Codes;
use super::kind::{Context, Found, find};
use super::resource::Resource;
use super::survey::Survey;
use crate::protocol::{DrugPack, FhirMapping, Mapping, Protocol};

static PROTOCOL: LazyLock<Protocol> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pipeline.toml");
    std::fs::write(&path, PIPELINE).expect("a pipeline");
    Protocol::read(&path).expect("the pipeline is right")
});

const PIPELINE: &str = r#"
id = "fhir"
title = "FHIR"
clinic = "FHIR"
[privacy]
basis = "limited-data-set"
[store]
folder = "store"
[reports]
folder = "reports"
[[source]]
name = "server"
kind = "fhir"
path = "export"
"#;

pub(super) fn mapping() -> &'static FhirMapping {
    match &PROTOCOL.sources[0].mapping {
        Mapping::Fhir(mapping) => mapping,
        other => panic!("{other:?}"),
    }
}

pub(super) fn drugs() -> &'static DrugPack {
    &PROTOCOL.drugs
}

/// What a resource is, alone in its source, as one word a fact.
fn said(resource: &serde_json::Value) -> Vec<String> {
    let resource: Resource = serde_json::from_value(resource.clone()).expect("a resource");
    let codes = Codes { mapping: mapping(), conditions: &PROTOCOL.conditions, drugs: drugs() };
    let survey = Survey::default();
    let kind = find(resource.kind().expect("a type")).expect("a kind of ours");
    kind.read(&resource, Context { codes, survey: &survey }).into_iter().map(say).collect()
}

fn say(found: Found) -> String {
    let words = |row: Vec<(&'static str, String)>| {
        let mut words: Vec<String> = row.into_iter().map(|(name, text)| format!("{name}={text}")).collect();
        words.sort_unstable();
        words.join(" ")
    };
    match found {
        Found::Row(table, row) => format!("{table}: {}", words(row)),
        Found::Reject { table, rule, known, .. } => format!("{table} {}: {}", rule.id, words(known)),
        Found::PassedOver(rule) => rule.id.to_owned(),
        Found::Tells(table) => format!("would tell {table}"),
        Found::Remark(rule, column) => format!("{} {column}", rule.id),
    }
}

/// Resources by what they are expected to be.
#[track_caller]
fn check(resource: &serde_json::Value, expected: &[&str]) {
    assert_eq!(said(resource), expected, "{resource}");
}

mod assessments {
    use serde_json::{Value, json};

    use super::check;

    fn pain(with: &Value) -> Value {
        let mut resource = json!({
            "resourceType": "Observation", "id": "o1", "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "72514-3"}]},
            "subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2026-03-01T23:10:00-05:00"});
        for (name, value) in with.as_object().expect("elements") {
            resource[name] = value.clone();
        }
        resource
    }

    #[test]
    fn every_form_of_a_score_is_read() {
        let seven = "assessments: date=2026-03-01 instrument=pain_nrs patient_id=p1 score=7";
        for value in [
            json!({"valueQuantity": {"value": 7, "unit": "{score}"}}),
            json!({"valueInteger": 7}),
            json!({"valueString": " 7 "}),
            json!({"valueCodeableConcept": {"coding": [{"system": "http://loinc.org", "code": "LA10139-6"}]}}),
            json!({"valueCodeableConcept": {"coding": [{"code": "x", "extension": [
                {"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": 7}]}]}}),
        ] {
            check(&pain(&value), &[seven]);
        }
    }

    #[test]
    fn what_is_no_number_is_set_aside_or_counted() {
        let known = "date=2026-03-01 instrument=pain_nrs patient_id=p1 score=";
        for (value, expected) in [
            (
                json!({"valueQuantity": {"value": 7, "comparator": ">"}}),
                format!("assessments value-not-exact: {known}"),
            ),
            (json!({"valueRange": {"low": {"value": 5}}}), format!("assessments value-not-exact: {known}")),
            (json!({"valueCodeableConcept": {"text": "bad"}}), format!("assessments value-not-exact: {known}")),
            (json!({}), format!("assessments missing-value: {known}")),
            (json!({"dataAbsentReason": {"coding": [{"code": "asked-declined"}]}}), "value-absent".to_owned()),
            (json!({"valueInteger": 7, "status": "entered-in-error"}), "status-not-in-force".to_owned()),
            (json!({"valueInteger": 7, "effectiveDateTime": "1984-03-01"}), "before-1990".to_owned()),
            (json!({"valueInteger": 7, "code": {"text": "mood"}}), "code-not-followed".to_owned()),
            (
                json!({"valueInteger": 7, "effectiveDateTime": "2026-03"}),
                "assessments date-partial: instrument=pain_nrs patient_id=p1 score=7".to_owned(),
            ),
            (
                json!({"valueInteger": 7, "subject": {"reference": "Group/g1"}}),
                "assessments missing-value: date=2026-03-01 instrument=pain_nrs score=7".to_owned(),
            ),
            (json!({"valueInteger": 7, "status": null}), "assessments missing-value: ".to_owned()),
            (json!({"valueInteger": "seven"}), "assessments record-shape: ".to_owned()),
        ] {
            check(&pain(&value), &[&expected]);
        }
    }

    #[test]
    fn a_visual_analogue_score_must_say_its_scale() {
        let vas = |quantity: Value| {
            pain(
                &json!({"valueQuantity": quantity, "code": {"coding": [{"system": "http://loinc.org", "code": "38214-3"}]}}),
            )
        };
        check(
            &vas(json!({"value": 70, "code": "mm"})),
            &["assessments: date=2026-03-01 instrument=pain_vas_mm patient_id=p1 score=70"],
        );
        check(
            &vas(json!({"value": 7, "unit": "{score}"})),
            &["assessments score-scale-unknown: date=2026-03-01 patient_id=p1"],
        );
    }

    #[test]
    fn components_are_rows_and_a_panel_is_none() {
        let mut panel = pain(&json!({"code": {"text": "pain"}}));
        panel["component"] = json!([
            {"code": {"coding": [{"system": "http://loinc.org", "code": "72514-3"}]}, "valueInteger": 4},
            {"code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]}, "valueInteger": 11}]);
        check(
            &panel,
            &[
                "assessments: date=2026-03-01 instrument=pain_nrs patient_id=p1 score=4",
                "assessments: date=2026-03-01 instrument=phq9 patient_id=p1 score=11",
            ],
        );
        let members = pain(&json!({"code": {"coding": [{"system": "http://loinc.org", "code": "44249-1"}]},
            "hasMember": [{"reference": "Observation/o2"}]}));
        check(&members, &["code-not-followed"]);
    }

    const PHQ9: [&str; 9] =
        ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"];

    fn response(items: &[Value]) -> Value {
        json!({"resourceType": "QuestionnaireResponse", "id": "q1", "status": "completed", "authored": "2026-03-01",
               "questionnaire": "http://loinc.org/q/44249-1|2.77", "subject": {"reference": "Patient/p1"}, "item": items})
    }

    fn answered(link: &str, code: &str) -> Value {
        json!({"linkId": link, "answer": [{"valueCoding": {"system": "http://loinc.org", "code": code}}]})
    }

    #[test]
    fn a_questionnaire_is_added_up_only_when_it_is_complete() {
        let several = |link: &&str| answered(&format!("/{link}"), "LA6569-3");
        let nine = "assessments: date=2026-03-01 instrument=phq9 patient_id=p1 score=9";
        let incomplete = "assessments score-incomplete: date=2026-03-01 instrument=phq9 patient_id=p1 score=";
        let all: Vec<Value> = PHQ9.iter().map(several).collect();
        check(&response(&all), &[nine]);
        // The question about everyday life is not scored.
        let mut with_tenth = all.clone();
        with_tenth.push(answered("/69722-7", "LA6572-7"));
        check(&response(&with_tenth), &[nine]);
        check(&response(&all[..8]), &[incomplete]);
        let nested = vec![json!({"linkId": "group", "item": all})];
        check(&response(&nested), &[nine]);
        let mut with_total = all[..2].to_vec();
        with_total.push(json!({"linkId": "/44261-6", "answer": [{"valueDecimal": 14}]}));
        check(&response(&with_total), &["assessments: date=2026-03-01 instrument=phq9 patient_id=p1 score=14"]);
        let numbered: Vec<Value> = (1..=9).map(|at| answered(&format!("{at}"), "LA6571-9")).collect();
        check(&response(&numbered), &["assessments: date=2026-03-01 instrument=phq9 patient_id=p1 score=27"]);
    }
}

mod prescriptions {
    use serde_json::{Value, json};

    use super::check;

    fn order(medication: &Value) -> Value {
        let mut order = json!({
            "resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order",
            "subject": {"reference": "https://example.org/fhir/Patient/p1/_history/2"}, "authoredOn": "2026-03-01",
            "dispenseRequest": {"quantity": {"value": 60, "unit": "TAB"}, "expectedSupplyDuration": {"value": 30, "code": "d"}}});
        for (name, value) in medication.as_object().expect("elements") {
            order[name] = value.clone();
        }
        order
    }

    fn named(name: &str) -> Value {
        json!({"medicationCodeableConcept": {"coding": [
            {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "0", "display": name}]}})
    }

    const OXYCODONE: &str = "prescriptions: days_supply=30 drug=oxycodone patient_id=p1 quantity=60 row_id=m1 start_date=2026-03-01 strength=5 unit=mg";

    #[test]
    fn a_medication_is_found_wherever_it_stands() {
        check(&order(&named("Oxycodone Hydrochloride 5 MG Oral Tablet")), &[OXYCODONE]);
        let contained = json!({"medicationReference": {"reference": "#med"}, "contained": [
            {"resourceType": "Medication", "id": "med", "code": {"text": "oxycodone 5 mg tablet"}}]});
        check(&order(&contained), &[OXYCODONE]);
        let ingredient = json!({"medicationReference": {"reference": "#med"}, "contained": [
            {"resourceType": "Medication", "id": "med", "ingredient": [{
                "itemCodeableConcept": {"text": "Oxycodone"},
                "strength": {"numerator": {"value": 5, "unit": "mg"}, "denominator": {"value": 1, "unit": "TAB"}}}]}]});
        check(&order(&ingredient), &[OXYCODONE]);
        check(
            &order(
                &json!({"medicationReference": {"reference": "Medication/gone", "display": "Oxycodone 5 mg tablet"}}),
            ),
            &[OXYCODONE],
        );
    }

    #[test]
    fn what_nobody_can_name_is_set_aside_and_what_is_no_opioid_passed_over() {
        check(&order(&named("lisinopril 10 MG Oral Tablet")), &["code-not-followed"]);
        check(&order(&named("Ibuprofen 400 MG Oral Tablet")), &["code-not-followed"]);
        check(&order(&named("1 ML midazolam 5 MG/ML Injection")), &["code-not-followed"]);
        let unknown = "prescriptions unknown-drug: patient_id=p1 start_date=2026-03-01";
        check(&order(&json!({"medicationReference": {"reference": "Medication/gone"}})), &[unknown]);
        check(&order(&json!({"medicationCodeableConcept": {"text": "the usual"}})), &[unknown]);
    }

    #[test]
    fn what_is_injected_for_longer_than_a_day_is_a_row_and_a_depot_always() {
        let days = |order: &Value, days: &Value| {
            let mut order = order.clone();
            order["dispenseRequest"]["expectedSupplyDuration"] = days.clone();
            order
        };
        let morphine = order(&named("1 ML morphine sulfate 5 MG/ML Injection"));
        let row = |days: u32, drug: &str, strength: u32| {
            format!(
                "prescriptions: days_supply={days} drug={drug} patient_id=p1 quantity=60 route=injection row_id=m1 \
                 start_date=2026-03-01 strength={strength} unit=mg"
            )
        };
        check(&morphine, &[&row(30, "morphine", 5)]);
        check(&days(&morphine, &json!({"value": 1, "code": "d"})), &["opioid-by-injection"]);
        check(&days(&morphine, &json!(null)), &["opioid-by-injection"]);
        let depot = order(&named("0.5 ML buprenorphine 200 MG/ML Prefilled Syringe [Sublocade]"));
        check(&depot, &[&row(30, "buprenorphine_sl", 200)]);
        check(&days(&depot, &json!({"value": 1, "code": "d"})), &[&row(1, "buprenorphine_sl", 200)]);
    }

    #[test]
    fn an_order_that_is_none_is_passed_over() {
        let mut order = order(&named("Oxycodone Hydrochloride 5 MG Oral Tablet"));
        for (element, value) in
            [("status", json!("cancelled")), ("intent", json!("plan")), ("doNotPerform", json!(true))]
        {
            let before = order[element].clone();
            order[element] = value;
            check(&order, &["status-not-in-force"]);
            order[element] = if before.is_null() { json!(false) } else { before };
        }
    }

    #[test]
    fn a_liquid_is_counted_in_millilitres_and_treatment_of_use_disorder_is_said() {
        let mut liquid = order(&named("Morphine Sulfate 2 MG/ML Oral Solution"));
        liquid["reasonCode"] = json!([{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F11.20"}]}]);
        let row = "prescriptions: days_supply=30 drug=morphine indication=F11.20 patient_id=p1";
        check(&liquid, &[&format!("{row} row_id=m1 start_date=2026-03-01 strength=2 unit=mg")]);
        liquid["dispenseRequest"]["quantity"] = json!({"value": 300, "code": "mL"});
        check(&liquid, &[&format!("{row} quantity=300 row_id=m1 start_date=2026-03-01 strength=2 unit=mg")]);
    }
}

mod other_tables {
    use serde_json::{Value, json};

    use super::check;

    fn infusion(dosage: &Value) -> Value {
        json!({"resourceType": "MedicationAdministration", "id": "a1", "status": "completed",
            "subject": {"reference": "Patient/p1"}, "dosage": dosage,
            "medicationCodeableConcept": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "6130"}]},
            "effectivePeriod": {"start": "2026-03-01T09:00:00-05:00", "end": "2026-03-01T09:40:00-05:00"}})
    }

    #[test]
    fn an_infusion_has_a_dose_a_duration_and_a_route() {
        let vein = json!({"coding": [{"system": "http://snomed.info/sct", "code": "47625008"}]});
        let row = "infusions: date=2026-03-01";
        for (dose, expected) in [
            (json!({"value": 35, "unit": "mg"}), vec![format!("{row} dose_mg=35 duration_min=40 patient_id=p1")]),
            (
                json!({"value": 0.5, "code": "mg/kg"}),
                vec![format!("{row} dose_mg_per_kg=0.5 duration_min=40 patient_id=p1")],
            ),
            (json!({"value": 0.035, "code": "g"}), vec![format!("{row} dose_mg=35 duration_min=40 patient_id=p1")]),
            (
                json!({"value": 1, "unit": "vial"}),
                vec![format!("{row} duration_min=40 patient_id=p1"), "dose-unit-unknown dosage.dose".to_owned()],
            ),
        ] {
            let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
            check(&infusion(&json!({"route": vein, "dose": dose})), &expected);
        }
        let nose = json!({"route": {"coding": [{"system": "http://snomed.info/sct", "code": "46713006"}]}});
        check(&infusion(&nose), &["code-not-followed"]);
        let mut esketamine = infusion(&json!({}));
        esketamine["medicationCodeableConcept"] = json!({"text": "Esketamine 28 MG nasal spray"});
        check(&esketamine, &["code-not-followed"]);
    }

    #[test]
    fn procedures_are_infusions_reviews_and_sessions() {
        let procedure = |code: Value| {
            json!({"resourceType": "Procedure", "status": "completed", "code": code,
                "subject": {"reference": "urn:uuid:p1"}, "performedDateTime": "2026-03-01"})
        };
        let snomed = |code: &str| json!({"coding": [{"system": "http://snomed.info/sct", "code": code}]});
        check(&procedure(json!({"text": "Ketamine infusion therapy"})), &["infusions: date=2026-03-01 patient_id=p1"]);
        check(&procedure(snomed("430193006")), &["medication_reviews: complete=yes date=2026-03-01 patient_id=p1"]);
        check(&procedure(snomed("75516001")), &["therapy_sessions: date=2026-03-01 kind=psychotherapy patient_id=p1"]);
        check(&procedure(snomed("73761001")), &["code-not-followed"]);
    }

    #[test]
    fn diagnoses_are_found_by_any_code_or_name() {
        let condition =
            |code: Value| json!({"resourceType": "Condition", "code": code, "subject": {"reference": "Patient/p1"}});
        for (system, code, display, expected) in [
            (
                "http://snomed.info/sct",
                "278860009",
                "Chronic low back pain (finding)",
                "diagnoses: condition=back_pain patient_id=p1",
            ),
            (
                "http://hl7.org/fhir/sid/icd-10-cm",
                "G90.511",
                "CRPS",
                "diagnoses: condition=crps_1 patient_id=p1 source_code=G90.511",
            ),
            (
                "http://snomed.info/sct",
                "0",
                "Fibromyalgia (disorder)",
                "diagnoses: condition=fibromyalgia patient_id=p1",
            ),
            ("http://snomed.info/sct", "0", "Chronic neck pain", "diagnoses: condition=neck_pain patient_id=p1"),
            ("http://snomed.info/sct", "22253000", "Pain (finding)", "code-not-followed"),
            ("http://snomed.info/sct", "91302008", "Sepsis (disorder)", "code-not-followed"),
            ("http://hl7.org/fhir/sid/icd-10-cm", "J45.909", "Asthma", "code-not-followed"),
        ] {
            check(&condition(json!({"coding": [{"system": system, "code": code, "display": display}]})), &[expected]);
        }
        let mut resolved = condition(json!({"text": "Fibromyalgia"}));
        resolved["clinicalStatus"] = json!({"coding": [{"code": "resolved"}]});
        check(&resolved, &["status-not-in-force"]);
    }

    #[test]
    fn adverse_events_are_coded_terms() {
        let event = |event: Value| {
            json!({"resourceType": "AdverseEvent", "actuality": "actual", "event": event, "date": "2026-03-01T10:00:00Z",
                "subject": {"reference": "Patient/p1"}, "severity": {"coding": [{"code": "mild"}]},
                "seriousness": {"coding": [{"code": "Non-serious"}]}})
        };
        let snomed = |code: &str| json!({"coding": [{"system": "http://snomed.info/sct", "code": code}]});
        let row = "adverse_events: date=2026-03-01 grade=1 patient_id=p1 serious=no";
        check(&event(snomed("422587007")), &[&format!("{row} term=nausea")]);
        check(&event(snomed("304386008")), &[&format!("{row} term=snomed_304386008")]);
        check(&event(json!({"text": "felt odd"})), &["adverse_events free-text: date=2026-03-01 patient_id=p1"]);
    }

    #[test]
    fn of_a_patient_sex_and_year_are_read() {
        let patient = json!({"resourceType": "Patient", "id": "p1", "gender": "other", "birthDate": "1970-05",
            "name": [{"family": "Medhurst"}]});
        check(&patient, &["patients: birth_year=1970 patient_id=p1 sex=other"]);
    }

    /// `deceased[x]`: the death has a day, is known not to have been, or has no
    /// day and then nobody can say at which horizon the patient was gone.
    #[test]
    fn a_death_is_a_departure() {
        let died = "departures: date=2026-05-02 departure=died patient_id=p1";
        let undated = |rule: &str| format!("departures {rule}: departure=died patient_id=p1");
        for (name, value, expected) in [
            ("deceasedDateTime", json!("2026-05-02"), died.to_owned()),
            ("deceasedDateTime", json!("2026-05-02T23:50:00-05:00"), died.to_owned()),
            ("deceasedDateTime", json!("2026-05"), undated("date-partial")),
            ("deceasedDateTime", json!("1989-05-02"), "before-1990".to_owned()),
            ("deceasedBoolean", json!(true), undated("missing-value")),
            ("deceasedBoolean", json!(false), "would tell departures".to_owned()),
        ] {
            let mut patient = json!({"resourceType": "Patient", "id": "p1"});
            patient[name] = value;
            check(&patient, &["patients: patient_id=p1", &expected]);
        }
        check(&json!({"resourceType": "Patient", "id": "p1"}), &["patients: patient_id=p1"]);
    }
}
