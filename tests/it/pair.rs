//! The same twelve people as canonical CSV and as FHIR must give the same rows.
//!
//! Both folders of `sample-data/pair` are written by this file: a visit, a
//! prescription or a score is stated once, and told in both formats. No person
//! in them exists.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::ingest::text_of;
use crate::workdir::{Workdir, repository};

const PIPELINE: &str = r#"
id = "pair"
title = "Pair"
clinic = "Pair"
[privacy]
basis = "limited-data-set"
[store]
folder = "store"
[reports]
folder = "reports"
[study]
data_cut = "2026-09-30"
[[source]]
name = "clinic"
kind = "csv"
path = "sample-data/pair/csv"
"#;

const TABLES: [&str; 8] = [
    "patients",
    "diagnoses",
    "infusions",
    "assessments",
    "prescriptions",
    "medication_reviews",
    "adverse_events",
    "therapy_sessions",
];

const HEADERS: [(&str, &str); 8] = [
    ("patients", "patient_id,sex,birth_year"),
    ("diagnoses", "patient_id,condition,source_code"),
    ("infusions", "patient_id,date,dose_mg_per_kg,dose_mg,duration_min"),
    ("assessments", "patient_id,date,instrument,score"),
    ("prescriptions", "patient_id,start_date,days_supply,drug,strength,unit,quantity,indication,row_id"),
    ("medication_reviews", "patient_id,date,complete"),
    ("adverse_events", "patient_id,date,term,grade,serious"),
    ("therapy_sessions", "patient_id,date,kind"),
];

#[test]
fn the_same_people_in_both_formats_give_the_same_rows() {
    let workdir = Workdir::with_sample();
    workdir.write("pair.toml", PIPELINE);
    let csv = workdir.relief(&["ingest", "pair.toml", "--json"]).exits(0).json();
    workdir.write("pair.toml", PIPELINE.replace("\"csv\"", "\"fhir\"").replace("pair/csv", "pair/fhir"));
    // The same store, so that the same people have the same numbers.
    let fhir = workdir.relief(&["ingest", "pair.toml", "--json"]).exits(0).json();
    assert_eq!((&csv["patients"], &csv["snapshot"], &fhir["snapshot"]), (&json!(12), &json!(1), &json!(2)));
    for table in TABLES {
        assert_eq!(csv["tables"][table], fhir["tables"][table], "{table}");
        let text = |snapshot: u32| {
            let path = workdir.path(&format!("store/snapshots/00000{snapshot}/{table}.parquet"));
            let mut lines = text_of(&path, &["source_id", "source_row"]);
            lines.sort_unstable();
            lines
        };
        let (csv, fhir) = (text(1), text(2));
        assert!(!csv.is_empty(), "{table}");
        assert_eq!(csv, fhir, "{table}");
    }
}

#[test]
fn the_pair_is_what_this_file_writes() {
    let mut chart = Chart::default();
    (0..12).for_each(|number| person(number, &mut chart));
    let files = chart.files();
    let written = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("pair");
    let committed = repository().join("sample-data/pair");
    let mut changed = Vec::new();
    for (name, text) in &files {
        let path = written.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        let known = std::fs::read_to_string(committed.join(name)).unwrap_or_default();
        changed.extend((known != *text).then_some(name));
    }
    assert!(changed.is_empty(), "copy {} over sample-data/pair: {changed:?}", written.display());
    let bytes: usize = files.values().map(String::len).sum();
    assert!(bytes <= 100_000, "{bytes} bytes");
    assert_eq!(crate::workdir::files(&committed).len(), files.len());
}

/// What happened, in both formats.
#[derive(Default)]
struct Chart {
    csv: BTreeMap<&'static str, String>,
    /// By file; a file named `.json` is a bundle.
    fhir: BTreeMap<String, Vec<Value>>,
    /// Resources written so far; makes ids.
    count: u32,
    /// Whether the person's records go into a bundle of her own.
    bundled: Option<usize>,
}

impl Chart {
    fn row(&mut self, table: &'static str, row: &str) {
        writeln!(self.csv.entry(table).or_default(), "{row}").expect("text");
    }

    fn id(&mut self) -> String {
        self.count += 1;
        code(u64::from(self.count) + 1000)
    }

    fn resource(&mut self, resource: Value) {
        let kind = resource["resourceType"].as_str().expect("a type");
        let file = match self.bundled {
            Some(number) => format!("fhir/bundle-{number}.json"),
            None => format!("fhir/{kind}.000.ndjson"),
        };
        self.fhir.entry(file).or_default().push(resource);
    }

    fn files(&self) -> BTreeMap<String, String> {
        let csv = HEADERS.iter().map(|(table, header)| {
            (format!("csv/{table}.csv"), format!("{header}\n{}", self.csv.get(table).map_or("", String::as_str)))
        });
        let fhir = self.fhir.iter().map(|(file, resources)| (file.clone(), document(file, resources)));
        csv.chain(fhir).collect()
    }
}

fn document(file: &str, resources: &[Value]) -> String {
    if file.ends_with(".ndjson") {
        return resources.iter().flat_map(|resource| [resource.to_string(), "\n".to_owned()]).collect();
    }
    let entries: Vec<String> = resources
        .iter()
        .map(|resource| {
            let address = format!("urn:uuid:{}", resource["id"].as_str().expect("an id"));
            format!("  {}", json!({"fullUrl": address, "resource": resource}))
        })
        .collect();
    format!("{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[\n{}\n]}}\n", entries.join(",\n"))
}

/// Eight letters and digits that count nothing.
fn code(number: u64) -> String {
    const LETTERS: &[u8] = b"bcdfghjkmnpqrstvwxz2345679";
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(LETTERS[(state >> 33) as usize % LETTERS.len()])
    };
    (0..8).map(|_| next()).collect()
}

fn date(number: usize, day: i32) -> String {
    let start = 20_454 + 9 * i32::try_from(number).expect("twelve people");
    relief::model::calendar::Day(start + day).to_string()
}

fn coded(system: &str, code: &str, display: &str) -> Value {
    json!({"coding": [{"system": system, "code": code, "display": display}]})
}

const SNOMED: &str = "http://snomed.info/sct";
const LOINC: &str = "http://loinc.org";
const ICD: &str = "http://hl7.org/fhir/sid/icd-10-cm";
const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";

/// Condition, ICD-10-CM code; then the code a server writes.
const CONDITIONS: [(&str, &str, &str, &str, &str); 6] = [
    ("crps_1", "G90.511", ICD, "G90.511", "Complex regional pain syndrome I of right upper limb"),
    ("fibromyalgia", "", SNOMED, "203082005", "Fibromyalgia (disorder)"),
    ("back_pain", "M54.16", ICD, "M54.16", "Radiculopathy, lumbar region"),
    ("neck_pain", "", SNOMED, "1121000119107", "Chronic neck pain (finding)"),
    ("migraine", "", SNOMED, "37796009", "Migraine (disorder)"),
    ("neuropathy", "E11.42", ICD, "E11.42", "Type 2 diabetes mellitus with diabetic polyneuropathy"),
];

fn person(number: usize, chart: &mut Chart) {
    let patient = code(number as u64 + 1);
    chart.bundled = (number % 4 == 3).then_some(number);
    let subject = match chart.bundled {
        Some(_) => json!({"reference": format!("urn:uuid:{patient}")}),
        None => json!({"reference": format!("Patient/{patient}"), "display": "Not a name"}),
    };
    demographics(number, &patient, chart);
    let (condition, icd, system, code, display) = CONDITIONS[number % CONDITIONS.len()];
    chart.row("diagnoses", &format!("{patient},{condition},{icd}"));
    let id = chart.id();
    chart.resource(json!({"resourceType": "Condition", "id": id, "subject": subject,
        "clinicalStatus": {"coding": [{"code": "active"}]}, "code": coded(system, code, display)}));
    let person = Person { number, patient, subject };
    person.infusions(chart);
    person.pain(chart);
    person.mood(chart);
    person.opioids(chart);
    person.others(chart);
    person.noise(chart);
}

fn demographics(number: usize, patient: &str, chart: &mut Chart) {
    let (sex, gender) = [("F", "female"), ("M", "male"), ("X", "other"), ("U", "unknown")][number % 4];
    let year = 1948 + 4 * number;
    chart.row("patients", &format!("{patient},{sex},{year}"));
    // Names are there as in every export, and are read by nobody.
    chart.resource(json!({"resourceType": "Patient", "id": patient, "gender": gender,
        "birthDate": format!("{year}-0{}-17", number % 9 + 1), "name": [{"family": format!("Testperson{number}")}],
        "address": [{"city": "Nowhere"}], "telecom": [{"system": "phone", "value": "555-0100"}]}));
}

struct Person {
    number: usize,
    patient: String,
    subject: Value,
}

impl Person {
    fn date(&self, day: i32) -> String {
        date(self.number, day)
    }

    fn row(&self, chart: &mut Chart, table: &'static str, day: i32, rest: &str) {
        chart.row(table, &format!("{},{},{rest}", self.patient, self.date(day)));
    }

    /// Four infusions: by body weight, in milligrams, or as a procedure without a dose.
    fn infusions(&self, chart: &mut Chart) {
        for day in [0, 3, 7, 10] {
            let (start, end) =
                (format!("{}T09:00:00-05:00", self.date(day)), format!("{}T09:40:00-05:00", self.date(day)));
            let (id, period) = (chart.id(), json!({"start": start, "end": end}));
            if self.number % 6 == 5 {
                self.row(chart, "infusions", day, ",,40");
                chart.resource(
                    json!({"resourceType": "Procedure", "id": id, "status": "completed", "subject": self.subject,
                    "code": {"text": "Ketamine infusion"}, "performedPeriod": period}),
                );
                continue;
            }
            let by_weight = self.number.is_multiple_of(2);
            self.row(chart, "infusions", day, if by_weight { "0.5,,40" } else { ",42.5,40" });
            let (value, unit) = if by_weight { (0.5, "mg/kg") } else { (42.5, "mg") };
            chart.resource(json!({"resourceType": "MedicationAdministration", "id": id, "status": "completed",
                "subject": self.subject, "effectivePeriod": period,
                "medicationCodeableConcept": coded(RXNORM, "6130", "Ketamine"),
                "dosage": {"route": coded(SNOMED, "47625008", "Intravenous route"), "dose": {"value": value, "unit": unit}}}));
        }
    }

    /// Pain before and at the horizons, in every form a server writes.
    fn pain(&self, chart: &mut Chart) {
        const ANSWERS: [&str; 11] = [
            "LA6111-4",
            "LA6112-2",
            "LA6113-0",
            "LA6114-8",
            "LA6115-5",
            "LA10137-0",
            "LA10138-8",
            "LA10139-6",
            "LA10140-4",
            "LA10141-2",
            "LA13942-0",
        ];
        for (at, day) in [-2, 14, 28, 84].into_iter().enumerate() {
            let score = (9 + self.number - at * (self.number % 3 + 1)) % 11;
            self.row(chart, "assessments", day, &format!("pain_nrs,{score}"));
            let mut observation = self.observation(chart, "72514-3", day);
            let (name, value) = match (at + self.number) % 4 {
                0 => ("valueQuantity", json!({"value": score as f64, "unit": "{score}"})),
                1 => ("valueInteger", json!(score)),
                2 => ("valueString", json!(score.to_string())),
                _ => ("valueCodeableConcept", coded(LOINC, ANSWERS[score], &score.to_string())),
            };
            observation[name] = value;
            chart.resource(observation);
        }
    }

    fn observation(&self, chart: &mut Chart, loinc: &str, day: i32) -> Value {
        json!({"resourceType": "Observation", "id": chart.id(), "status": "final", "subject": self.subject,
            "code": {"coding": [{"system": LOINC, "code": loinc}]}, "effectiveDateTime": format!("{}T23:30:00-05:00", self.date(day))})
    }

    /// PHQ-9 as a questionnaire, as a total, as a component; GAD-7 as a total.
    fn mood(&self, chart: &mut Chart) {
        const ITEMS: [&str; 9] =
            ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"];
        const POINTS: [&str; 4] = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"];
        let answers: Vec<usize> = (0..9).map(|at| (self.number + at) % 4).collect();
        let total: usize = answers.iter().sum();
        self.row(chart, "assessments", -2, &format!("phq9,{total}"));
        match self.number % 3 {
            0 => {
                let items: Vec<Value> = ITEMS
                    .iter()
                    .zip(&answers)
                    .map(|(item, points)| {
                        let answer = json!({"valueCoding": {"system": LOINC, "code": POINTS[*points]}});
                        json!({"linkId": format!("/{item}"), "answer": [answer]})
                    })
                    .collect();
                let id = chart.id();
                chart.resource(json!({"resourceType": "QuestionnaireResponse", "id": id, "status": "completed",
                    "questionnaire": "http://loinc.org/q/44249-1", "subject": self.subject,
                    "authored": self.date(-2), "item": items}));
            }
            1 => {
                let mut panel = self.observation(chart, "44249-1", -2);
                panel["component"] =
                    json!([{"code": {"coding": [{"system": LOINC, "code": "44261-6"}]}, "valueInteger": total}]);
                chart.resource(panel);
            }
            _ => {
                let mut observation = self.observation(chart, "44261-6", -2);
                observation["valueQuantity"] = json!({"value": total});
                chart.resource(observation);
            }
        }
        self.row(chart, "assessments", 84, &format!("gad7,{}", self.number));
        let mut observation = self.observation(chart, "70274-6", 84);
        observation["valueInteger"] = json!(self.number);
        chart.resource(observation);
    }

    /// Two supplies before and after: dispensed, ordered, on a contained or
    /// referenced medication, as a patch, by dosing.
    fn opioids(&self, chart: &mut Chart) {
        for day in [-28, 60] {
            match self.number % 4 {
                0 => self.oxycodone_dispensed(chart, day),
                1 => self.patches_ordered(chart, day),
                2 => self.hydrocodone_by_dosing(chart, day),
                _ => {}
            }
        }
    }

    fn oxycodone_dispensed(&self, chart: &mut Chart, day: i32) {
        let (order, id) = (chart.id(), chart.id());
        let strength = if day < 0 { "10" } else { "5" };
        self.row(chart, "prescriptions", day, &format!("30,oxycodone,{strength},mg,90,,{id}"));
        let name = format!("Acetaminophen 325 MG / Oxycodone Hydrochloride {strength} MG Oral Tablet");
        chart.resource(
            json!({"resourceType": "MedicationRequest", "id": order, "status": "completed", "intent": "order",
            "subject": self.subject, "authoredOn": self.date(day - 1), "medicationReference": {"reference": "#drug"},
            "contained": [{"resourceType": "Medication", "id": "drug", "code": {"text": name}}]}),
        );
        chart.resource(json!({"resourceType": "MedicationDispense", "id": id, "status": "completed", "subject": self.subject,
            "authorizingPrescription": [{"reference": format!("MedicationRequest/{order}")}],
            "medicationReference": {"reference": "#drug"}, "whenHandedOver": format!("{}T12:00:00-05:00", self.date(day)),
            "contained": [{"resourceType": "Medication", "id": "drug", "code": {"text": name}}],
            "quantity": {"value": 90, "unit": "TAB"}, "daysSupply": {"value": 30, "unit": "days"}}));
    }

    fn patches_ordered(&self, chart: &mut Chart, day: i32) {
        let (id, drug) = (chart.id(), chart.id());
        self.row(chart, "prescriptions", day, &format!("30,fentanyl_td,25,mcg/h,10,,{id}"));
        chart.resource(json!({"resourceType": "Medication", "id": drug,
            "code": coded(RXNORM, "245134", "72 HR Fentanyl 0.025 MG/HR Transdermal System")}));
        chart.resource(json!({"resourceType": "MedicationRequest", "id": id, "status": "active", "intent": "order",
            "subject": self.subject, "authoredOn": self.date(day), "medicationReference": {"reference": format!("Medication/{drug}")},
            "dispenseRequest": {"quantity": {"value": 10, "unit": "patch"}, "expectedSupplyDuration": {"value": 30, "code": "d"}}}));
    }

    /// Sixty tablets, one every twelve hours: thirty days.
    fn hydrocodone_by_dosing(&self, chart: &mut Chart, day: i32) {
        let id = chart.id();
        self.row(chart, "prescriptions", day, &format!("30,hydrocodone,7.5,mg,60,F11.20,{id}"));
        chart.resource(json!({"resourceType": "MedicationRequest", "id": id, "status": "stopped", "intent": "order",
            "subject": self.subject, "authoredOn": self.date(day), "reasonCode": [coded(ICD, "F11.20", "Opioid dependence")],
            "medicationCodeableConcept": coded(RXNORM, "857005", "acetaminophen 325 MG / HYDROcodone bitartrate 7.5 MG Oral Tablet"),
            "dispenseRequest": {"quantity": {"value": 60, "unit": "tablet"}},
            "dosageInstruction": [{"timing": {"repeat": {"frequency": 1, "period": 12.0, "periodUnit": "h"}},
                "doseAndRate": [{"doseQuantity": {"value": 1}}]}]}));
    }

    fn others(&self, chart: &mut Chart) {
        for day in [-5, 84] {
            self.row(chart, "medication_reviews", day, "yes");
            self.procedure(chart, day, &coded(SNOMED, "430193006", "Medication Reconciliation (procedure)"));
        }
        if self.number.is_multiple_of(3) {
            self.row(chart, "therapy_sessions", 20, "psychotherapy");
            self.procedure(chart, 20, &coded(SNOMED, "75516001", "Psychotherapy"));
            self.row(chart, "adverse_events", 3, "nausea,1,no");
            let id = chart.id();
            chart.resource(
                json!({"resourceType": "AdverseEvent", "id": id, "actuality": "actual", "subject": self.subject,
                "event": coded(SNOMED, "422587007", "Nausea"), "date": self.date(3),
                "severity": {"coding": [{"code": "mild"}]}, "seriousness": {"coding": [{"code": "Non-serious"}]}}),
            );
        }
    }

    fn procedure(&self, chart: &mut Chart, day: i32, code: &Value) {
        let id = chart.id();
        chart.resource(json!({"resourceType": "Procedure", "id": id, "status": "completed", "subject": self.subject,
            "code": code, "performedDateTime": self.date(day)}));
    }

    /// Records that must give no row: another drug, a withdrawn score, an older
    /// version of one.
    fn noise(&self, chart: &mut Chart) {
        if !self.number.is_multiple_of(5) {
            return;
        }
        let mut withdrawn = self.observation(chart, "72514-3", 30);
        (withdrawn["status"], withdrawn["valueInteger"]) = (json!("entered-in-error"), json!(10));
        let mut newer = self.observation(chart, "8867-4", 30);
        (newer["meta"], newer["valueInteger"]) = (json!({"versionId": "2"}), json!(80));
        let mut older = newer.clone();
        (older["meta"], older["code"]) = (json!({"versionId": "1"}), withdrawn["code"].clone());
        for resource in [withdrawn, older, newer] {
            chart.resource(resource);
        }
        let id = chart.id();
        chart.resource(json!({"resourceType": "MedicationRequest", "id": id, "status": "active", "intent": "order",
            "subject": self.subject, "authoredOn": self.date(0),
            "medicationCodeableConcept": coded(RXNORM, "314076", "lisinopril 10 MG Oral Tablet")}));
    }
}
