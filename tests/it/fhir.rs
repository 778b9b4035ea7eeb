//! FHIR sources: every rule by a record that triggers it, third-party exports
//! against the counts their README gives, names that go nowhere, and arbitrary
//! bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use relief::ingest::{self, IngestError, Ingested, Mode};
use relief::protocol::Protocol;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ingest::text_of;
use crate::workdir::repository;

/// A folder with a pipeline over `export`.
struct Server {
    folder: TempDir,
    path: PathBuf,
    more: &'static str,
}

impl Server {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = Self { path: folder.path().join("export"), folder, more: "" };
        fs::create_dir(&server.path).expect("a folder");
        files.iter().for_each(|(name, text)| server.write(name, text.as_bytes()));
        server
    }

    /// One over a folder that is there.
    fn over(path: PathBuf) -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), path, more: "" }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    fn protocol(&self) -> Protocol {
        let text = format!(
            "id = \"f\"\ntitle = \"F\"\nclinic = \"F\"\n[privacy]\nbasis = \"limited-data-set\"\n[store]\nfolder = \"store\"\n\
             [reports]\nfolder = \"reports\"\n[ingest]\nmax_reject_share = 1.0\n[[source]]\nname = \"ehr\"\nkind = \"fhir\"\n\
             path = \"{}\"\n{}",
            self.path.display(),
            self.more
        );
        let path = self.folder.path().join("pipeline.toml");
        fs::write(&path, text).expect("the folder is ours");
        Protocol::read(&path).expect("the pipeline is valid")
    }

    fn run(&self) -> Result<Ingested, IngestError> {
        ingest::run(&self.protocol(), Mode::Write, &mut |_| ())
    }

    fn ingest(&self) -> Ingested {
        self.run().expect("the export can be ingested")
    }

    fn rows(&self, table: &str) -> Vec<String> {
        let path = self.folder.path().join(format!("store/snapshots/000001/{table}.parquet"));
        text_of(&path, &["patient_key", "source_id", "source_row"])
    }
}

/// How often each rule fired, by rule and column.
fn findings(ingested: &Ingested) -> BTreeMap<(String, String), u64> {
    let mut times = BTreeMap::new();
    for finding in &ingested.findings {
        *times.entry((finding.rule.clone(), finding.column.clone())).or_default() += finding.count;
    }
    times
}

/// read, with rows, rejected, passed over, of all files together.
fn records(ingested: &Ingested) -> [u64; 4] {
    let counts = ingested.records.iter().map(|file| file.counts);
    counts.fold([0; 4], |[read, rows, rejected, passed], counts| {
        assert!(counts.conserved());
        [read + counts.read, rows + counts.with_rows, rejected + counts.rejected, passed + counts.passed_over]
    })
}

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p1","gender":"female","birthDate":"1970-05-01"}"#;

fn pain(id: &str, score: &Value) -> Value {
    json!({"resourceType": "Observation", "id": id, "status": "final", "valueInteger": score,
        "code": {"coding": [{"system": "http://loinc.org", "code": "72514-3"}]},
        "subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2026-03-01T10:00:00Z"})
}

/// Lines that trigger a rule, where, and whether it sets a row aside.
pub(crate) const FIXTURES: &[(&str, &str, &str, bool)] = &[
    ("json-invalid", r#"{"resourceType":"Observation","#, "Observation", true),
    ("record-shape", r#"{"resourceType":"Observation","code":"72514-3"}"#, "Observation.Observation", true),
    ("record-too-long", "LONG", "Observation", true),
    (
        "date-partial",
        r#"{"resourceType":"Observation","status":"final","code":PAIN,"subject":P1,"effectiveDateTime":"2026-03","valueInteger":7}"#,
        "Observation.date",
        true,
    ),
    (
        "value-not-exact",
        r#"{"resourceType":"Observation","status":"final","code":PAIN,"subject":P1,"effectiveDateTime":"2026-03-01","valueQuantity":{"value":7,"comparator":">"}}"#,
        "Observation.value",
        true,
    ),
    (
        "score-scale-unknown",
        r#"{"resourceType":"Observation","status":"final","code":VAS,"subject":P1,"effectiveDateTime":"2026-03-01","valueInteger":7}"#,
        "Observation.value",
        true,
    ),
    (
        "score-incomplete",
        r#"{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"http://loinc.org/q/44249-1","subject":P1,"authored":"2026-03-01"}"#,
        "QuestionnaireResponse.value",
        true,
    ),
    ("kind-not-followed", r#"{"resourceType":"Encounter"}"#, "Encounter", false),
    ("not-a-resource", r#"{"exportId":"e"}"#, "", false),
    ("code-not-followed", r#"{"resourceType":"Observation","code":{"text":"mood"}}"#, "Observation", false),
    ("status-not-in-force", r#"{"resourceType":"Observation","status":"cancelled","code":PAIN}"#, "Observation", false),
    (
        "value-absent",
        r#"{"resourceType":"Observation","status":"final","code":PAIN,"subject":P1,"effectiveDateTime":"2026-03-01","dataAbsentReason":{"text":"asleep"}}"#,
        "Observation",
        false,
    ),
    (
        "told-elsewhere",
        r#"{"resourceType":"Procedure","status":"completed","code":{"text":"Ketamine infusion"},"subject":P1,"performedDateTime":"2026-04-01"}"#,
        "Procedure",
        false,
    ),
    (
        "before-1990",
        r#"{"resourceType":"Observation","status":"final","code":PAIN,"subject":P1,"effectiveDateTime":"1985-03-01","valueInteger":7}"#,
        "Observation",
        false,
    ),
    (
        "identifying-element",
        r#"{"resourceType":"Patient","id":"p2","name":[{"family":"Medhurst"}]}"#,
        "Patient.name",
        false,
    ),
    (
        "record-repeated",
        r#"{"resourceType":"Patient","id":"p1","gender":"female","birthDate":"1970-05-01"}"#,
        "Patient",
        false,
    ),
    (
        "record-superseded",
        r#"{"resourceType":"Patient","id":"p1","gender":"male","birthDate":"1970-05-01","meta":{"versionId":"3"}}"#,
        "Patient",
        false,
    ),
    (
        "dose-unit-unknown",
        r#"{"resourceType":"MedicationAdministration","status":"completed","medicationCodeableConcept":{"text":"ketamine"},"subject":P1,"effectiveDateTime":"2026-03-02","dosage":{"dose":{"value":1,"unit":"vial"}}}"#,
        "MedicationAdministration.dosage.dose",
        false,
    ),
];

#[test]
fn each_rule_fires_on_its_fixture() {
    for (rule, line, column, set_aside) in FIXTURES {
        let loinc = |code: &str| format!(r#"{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}}"#);
        let line = line
            .replace("P1", r#"{"reference":"Patient/p1"}"#)
            .replace("PAIN", &loinc("72514-3"))
            .replace("VAS", &loinc("38214-3"))
            .replace("LONG", &format!(r#"{{"resourceType":"{}"}}"#, "x".repeat(16 << 20)));
        let infusion = r#"{"resourceType":"MedicationAdministration","status":"completed","medicationCodeableConcept":{"text":"ketamine"},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2026-04-01"}"#;
        let server = Server::new(&[
            ("Patient.000.ndjson", PATIENT),
            ("MedicationAdministration.000.ndjson", infusion),
            // The name states the kind of a line nothing can be read of.
            ("Observation.000.ndjson", &format!("{line}\n")),
        ]);
        let ingested = server.ingest();
        let found = findings(&ingested);
        assert_eq!(found.get(&((*rule).to_owned(), (*column).to_owned())), Some(&1), "{rule}: {found:?}");
        assert_eq!(ingested.rows().quarantined, u64::from(*set_aside), "{rule}");
        assert_eq!(records(&ingested)[0], 3, "{rule}");
    }
}

#[test]
fn the_version_that_counts_does_not_depend_on_the_order_of_files() {
    let versions = |score: u32, version: &str, updated: &str| {
        let mut observation = pain("o1", &json!(score));
        observation["meta"] = json!({"versionId": version, "lastUpdated": updated});
        observation.to_string()
    };
    let lines = [
        versions(9, "9", "2026-03-01T00:00:00Z"),
        versions(3, "10", "2026-03-01T00:00:00Z"),
        versions(5, "10", "2026-03-02T00:00:00Z"),
        versions(5, "10", "2026-03-02T00:00:00Z"),
    ];
    let mut withdrawn: Value = serde_json::from_str(&versions(8, "11", "2026-03-03T00:00:00Z")).expect("JSON");
    withdrawn["status"] = json!("entered-in-error");
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        let [a, b, c, d] = order.map(|at| lines[at].as_str());
        let server = Server::new(&[
            ("Patient.000.ndjson", PATIENT),
            ("Observation.000.ndjson", &format!("{a}\n{b}\n")),
            ("Observation.001.ndjson", &format!("{c}\n\n{d}")),
        ]);
        let found = findings(&server.ingest());
        assert_eq!(server.rows("assessments"), ["20513,pain_nrs,,50"], "{order:?}");
        assert_eq!(found[&("record-repeated".to_owned(), "Observation".to_owned())], 1);
        assert_eq!(found[&("record-superseded".to_owned(), "Observation".to_owned())], 2);
        // The newest version says that there was no score.
        server.write("Observation.002.ndjson", withdrawn.to_string().as_bytes());
        let ingested = server.ingest();
        assert_eq!(
            (
                ingested.rows().accepted,
                findings(&ingested)[&("status-not-in-force".to_owned(), "Observation".to_owned())]
            ),
            (1, 1)
        );
    }
}

#[test]
fn references_inside_a_bundle_are_resolved() {
    let id = "0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0";
    let address = |uuid: &str| format!("urn:uuid:{uuid}");
    let mut observation = pain("o1", &json!(7));
    observation["subject"] = json!({"reference": address(id)});
    let mut order = json!({"resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order",
        "authoredOn": "2026-03-01", "medicationReference": {"reference": address("11111111-aaaa-4bbb-8ccc-222222222222")},
        "dispenseRequest": {"quantity": {"value": 60}, "expectedSupplyDuration": {"value": 30, "code": "d"}}});
    order["subject"] = observation["subject"].clone();
    // The patient comes last, and her id differs from her address.
    let bundle = json!({"entry": [
        {"fullUrl": address("2"), "resource": observation}, {"resource": order}, {"response": {"status": "204"}},
        {"fullUrl": address("11111111-aaaa-4bbb-8ccc-222222222222"),
            "resource": {"resourceType": "Medication", "code": {"text": "Oxycodone 5 MG Oral Tablet"}}},
        {"resource": {"resourceType": "Bundle", "type": "searchset", "entry": [
            {"fullUrl": address(id), "resource": {"resourceType": "Patient", "id": "p1", "gender": "male"}}]}},
        {"resource": "nothing"}], "type": "transaction", "resourceType": "Bundle"});
    for text in [bundle.to_string(), serde_json::to_string_pretty(&bundle).expect("JSON")] {
        let server = Server::new(&[("bundle.json", &text)]);
        let ingested = server.ingest();
        assert_eq!(records(&ingested), [6, 3, 0, 3]);
        assert_eq!(server.rows("assessments"), ["20513,pain_nrs,,70"]);
        assert_eq!(server.rows("prescriptions"), ["20513,30,oxycodone,5.0,mg,60.0,,,#"]);
    }
}

#[test]
fn names_go_nowhere_and_may_stop_the_source() {
    let patient = r#"{"resourceType":"Patient","id":"p1","gender":"female","name":[{"family":"Medhurst46"}],
        "address":[{"city":"Emporia"}],"extension":[{"valueString":"Harold254"}]}"#;
    let mut observation = pain("o1", &json!(11));
    observation["note"] = json!([{"text": "Cummerata161 says"}]);
    let (one, two) = (patient.replace('\n', ""), observation.to_string());
    let mut server = Server::new(&[("Sumiko254_Medhurst46.ndjson", &format!("{one}\n{two}\n"))]);
    let ingested = server.ingest();
    assert_eq!(findings(&ingested)[&("identifying-element".to_owned(), "Patient.address".to_owned())], 1);
    assert_eq!(ingested.rows().quarantined, 1);
    for path in crate::workdir::files(&server.folder.path().join("store")) {
        let bytes = fs::read(server.folder.path().join("store").join(&path)).expect("a file");
        for name in ["Medhurst", "Emporia", "Harold", "Cummerata", "Sumiko"] {
            assert!(!bytes.windows(name.len()).any(|window| window == name.as_bytes()), "{name} in {}", path.display());
        }
    }
    let pack = fs::read_to_string(repository().join("pipelines/packs/source-fhir.toml")).expect("the pack");
    let strict = pack.replace("identifying_elements = \"drop\"", "identifying_elements = \"refuse\"");
    fs::write(server.folder.path().join("strict.toml"), strict).expect("a pack");
    server.more = "mapping = \"strict.toml\"\n";
    let error = server.run().expect_err("the source is refused");
    assert_eq!(error.exit_code(), 5);
    assert!(error.to_string().contains("`Patient.name`") && !error.to_string().contains("Medhurst"), "{error}");
}

#[test]
fn a_folder_without_records_and_a_damaged_document_say_so() {
    let refused = |server: &Server| {
        let error = server.run().expect_err("nothing can be read");
        (error.exit_code(), error.to_string())
    };
    let (code, text) = refused(&Server::new(&[("notes.txt", "x")]));
    assert!(code == 7 && text.contains("no FHIR file"), "{text}");
    let (code, text) =
        refused(&Server::new(&[("bundle.json", "{\"resourceType\":\"Bundle\",\n\"entry\":[{\"resource\":{")]));
    assert!(code == 7 && text.contains("line 2") && text.contains("export"), "{text}");
    let (code, _) = refused(&Server::new(&[("Patient.000.ndjson.gz", "no gzip")]));
    assert_eq!(code, 7);
    let (code, _) = refused(&Server::over(PathBuf::from("/nonexistent/export")));
    assert_eq!(code, 7);
}

#[test]
fn compressed_files_lists_and_marks_are_read() {
    let gzip = |text: &str| {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(text.as_bytes()).expect("memory");
        writer.finish().expect("memory")
    };
    let server = Server::new(&[]);
    server.write("Patient.000.ndjson.gz", &gzip(&format!("\u{feff}{PATIENT}\r\n")));
    server.write("deep/er/list.json", format!("\u{feff}[{}, 5]", pain("o1", &json!(7))).as_bytes());
    server.write("deep/single.json", pain("o2", &json!(6)).to_string().as_bytes());
    server.write("two.json", format!("{}\n{}", pain("o3", &json!(5)), pain("o4", &json!(4))).as_bytes());
    let ingested = server.ingest();
    assert_eq!(records(&ingested), [6, 5, 1, 0]);
    assert_eq!(server.rows("assessments").len(), 4);
}

fn third_party(name: &str) -> Option<PathBuf> {
    let folder = repository().join("../shared/real-data").join(name);
    if !folder.is_dir() {
        crate::say("skipped: no third-party data beside the project");
        return None;
    }
    Some(folder)
}

/// Counts of its README: 13 patients, 555 conditions, 1745 orders, 1215
/// encounters, 2056 procedures; low back pain 2, neck pain 2; one opioid order.
#[test]
fn the_smart_bulk_export_is_accounted_for_line_by_line() {
    let Some(folder) = third_party("fhir-smart-bulk") else { return };
    let server = Server::over(folder);
    let ingested = server.ingest();
    let read = |name: &str| {
        let file = ingested.records.iter().find(|file| file.file == format!("{name}.000.ndjson")).expect("the file");
        file.counts.read
    };
    let kinds = ["Patient", "Condition", "MedicationRequest", "Encounter", "Procedure"];
    assert_eq!(kinds.map(read), [13, 555, 1745, 1215, 2056]);
    assert_eq!(records(&ingested)[0], 13 + 555 + 1745 + 1215 + 2056);
    let mut conditions = server.rows("diagnoses");
    conditions.sort_unstable();
    assert_eq!(conditions, ["back_pain,,", "back_pain,,", "neck_pain,,", "neck_pain,,"]);
    // Meperidine, and diazepam: both from before 1990, and neither says for how many days.
    let counts = ingested.tables["prescriptions"];
    assert_eq!((counts.read, counts.quarantined), (2, 2));
    // Only the opioid's could make a dose unknown, and none of today: its day is known.
    let withheld = server.rows("prescriptions_withheld");
    assert!(
        withheld.len() == 1
            && withheld.iter().all(|day| day.trim_end_matches(',').parse::<i32>().is_ok_and(|day| day < 7_305)),
        "{withheld:?}"
    );
    let found = findings(&ingested);
    let times = |rule: &str, column: &str| found.get(&(rule.to_owned(), column.to_owned())).copied();
    assert_eq!(times("code-not-followed", "MedicationRequest"), Some(1743));
    assert_eq!(times("code-not-followed", "Condition"), Some(551));
    assert_eq!(times("kind-not-followed", "Encounter"), Some(1215));
    assert_eq!(times("identifying-element", "Patient.name"), Some(13));
    // Of 92 medication reconciliations 33 are from before 1990.
    assert_eq!((server.rows("medication_reviews").len(), times("before-1990", "Procedure")), (59, Some(33)));
    assert_eq!(times("unread-file", ""), Some(3));
}

#[test]
fn every_example_of_hl7_is_read_or_set_aside_with_a_reason() {
    let Some(folder) = third_party("fhir-hl7-examples") else { return };
    let server = Server::over(folder.clone());
    let ingested = server.ingest();
    let files = crate::workdir::files(&folder).len() as u64;
    // All but the read-me hold one record each.
    let [read, with_rows, rejected, passed_over] = records(&ingested);
    assert_eq!((read, with_rows + rejected + passed_over), (files - 1, files - 1));
    let kinds = fs::read_dir(&folder).expect("a folder").flatten().filter(|entry| entry.path().is_dir());
    for kind in kinds.map(|entry| entry.path()) {
        assert_eq!(records(&Server::over(kind.clone()).ingest())[0], files_in(&kind), "{}", kind.display());
    }
    assert_eq!(ingested.tables["patients"].accepted, 22);
    assert_eq!(server.rows("adverse_events"), ["17195,other,1,false"]);
    // One example died on a day, another on nobody knows which.
    assert_eq!(server.rows("departures"), ["16480,died"]);
    let counts = ingested.tables["departures"];
    assert_eq!((counts.accepted, counts.quarantined), (1, 1));
    let mut prescribed = server.rows("prescriptions");
    prescribed.sort_unstable();
    // Alprazolam 0.25 mg and a fentanyl patch; four opioids name no strength,
    // and one order names a medication nobody holds.
    assert_eq!(prescribed, ["16450,10,alprazolam,0.25,mg,30.0,,,#", "16450,14,fentanyl_td,25.0,mcg/h,6.0,,,#"]);
    assert_eq!(ingested.tables["prescriptions"].quarantined, 5);
}

fn files_in(folder: &Path) -> u64 {
    crate::workdir::files(folder).len() as u64
}

/// JSON that is nearly FHIR.
fn nearly_fhir() -> impl Strategy<Value = Vec<u8>> {
    let name = select(vec![
        "resourceType",
        "id",
        "status",
        "code",
        "coding",
        "system",
        "subject",
        "reference",
        "effectiveDateTime",
        "entry",
        "resource",
        "contained",
        "item",
        "answer",
        "component",
        "valueQuantity",
        "value",
        "dosage",
        "meta",
        "fullUrl",
    ]);
    let leaf = prop_oneof![
        select(vec![
            json!("Patient"),
            json!("Observation"),
            json!("Bundle"),
            json!("MedicationRequest"),
            json!("Procedure"),
            json!("QuestionnaireResponse"),
            json!("http://loinc.org"),
            json!("72514-3"),
            json!("Patient/p1"),
            json!("p1"),
            json!("final"),
            json!("2026-03-01"),
            json!("2026"),
            json!(7),
            json!(-1e300),
            json!(null),
            json!(true),
            json!("é\u{0}"),
        ]),
        any::<i64>().prop_map(|number| json!(number)),
    ];
    let tree = leaf.prop_recursive(6, 48, 6, move |inner| {
        let list = proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array);
        let pairs = proptest::collection::vec((name.clone(), inner), 0..6);
        let object = pairs
            .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()));
        prop_oneof![list, object]
    });
    let lines = proptest::collection::vec(tree, 0..8);
    prop_oneof![
        4 => lines.prop_map(|lines| lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect::<String>().into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 0..400),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_read_set_aside_or_refused(bytes in nearly_fhir(), cut in 0_usize..400) {
        let server = Server::new(&[("Patient.000.ndjson", PATIENT)]);
        let cut = &bytes[..bytes.len().min(cut)];
        for name in ["Observation.000.ndjson", "lines.ndjson", "document.json"] {
            for bytes in [&bytes[..], cut] {
                server.write(name, bytes);
                // A damaged document and a name that looks like a telephone number are errors; both say where.
                match server.run() {
                    Ok(ingested) => {
                        let rows = ingested.rows();
                        assert_eq!(rows.read, rows.accepted + rows.quarantined + rows.duplicates);
                        if name.ends_with("ndjson") {
                            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
                            assert_eq!(records(&ingested)[0], lines as u64 + 1);
                        }
                    }
                    Err(error) => assert!(matches!(error.exit_code(), 5 | 7), "{error}"),
                }
                fs::remove_file(server.path.join(name)).expect("the file was there");
            }
        }
    }
}
