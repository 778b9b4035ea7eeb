//! The quarantine's way back: staff fill in its last column, and exactly those
//! rows are read again with what they wrote.

use std::fmt::Write as _;
use std::path::Path;

use calamine::{Data, Reader, Xlsx};
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use crate::workdir::Workdir;

const ASSESSMENTS: &str = "patient_id,date,instrument,score\n\
    qx7k2m9p,2026-01-04,pain_nrs,11\n\
    qx7k2m9p,2026-03-30,pain_nrs,4\n\
    wv3n8r5t,2026-02-01,pain_nrs,seven\n\
    wv3n8r5t,2026-02-30,phq9,12\n\
    nobody12,2026-02-03,phq9,12\n";

/// The small clinic with four bad rows.
fn clinic() -> Workdir {
    let workdir = Workdir::with_clinic();
    workdir.write("records/assessments.csv", ASSESSMENTS);
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    workdir
}

fn name_corrections(workdir: &Workdir, file: &str) {
    workdir.replace("pipeline.toml", "path = \"records\"", &format!("path = \"records\"\ncorrections = \"{file}\""));
}

/// The quarantine with corrections by line, as staff would save it.
fn corrected(workdir: &Workdir, corrections: &[(&str, &str)]) -> String {
    let quarantine = workdir.read("store/snapshots/000001/quarantine/main.csv");
    let mut lines = quarantine.lines();
    let mut text = format!("{}\n", lines.next().expect("a header"));
    for line in lines {
        let number = line.split(',').nth(1).expect("a line number");
        let value = corrections.iter().find(|(of, _)| *of == number).map_or("", |(_, value)| value);
        writeln!(text, "{line}{value}").expect("into memory");
    }
    text
}

fn assessments(answer: &Value) -> [u64; 3] {
    ["read", "accepted", "quarantined"].map(|count| answer["tables"]["assessments"][count].as_u64().expect("a count"))
}

#[test]
fn corrected_rows_are_recovered_and_counted() {
    let workdir = clinic();
    workdir.write("mended.csv", corrected(&workdir, &[("2", "10"), ("4", "7"), ("6", "qx7k2m9p")]));
    name_corrections(&workdir, "mended.csv");
    let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(assessments(&answer), [5, 4, 1]);
    let made = json!([{"source": "main", "file": "mended.csv", "rows": 3, "recovered": 3,
        "quarantined": 0, "not_needed": 0, "unmatched": 0}]);
    assert_eq!(answer["corrections"], made);
    // What nobody corrected is listed again, by the same line.
    let quarantine = workdir.read("store/snapshots/000002/quarantine/main.csv");
    assert_eq!(quarantine.lines().count(), 2);
    assert!(quarantine.contains("assessments.csv,5,date,date-invalid"), "{quarantine}");
    let said = workdir.relief(&["check", "pipeline.toml"]).exits(0);
    assert!(said.out.contains("corrections of main: 3 of 3 rows recovered"), "{}", said.out);
}

#[test]
fn a_corrected_clinic_is_the_clinic_that_was_right_from_the_start() {
    let mended = clinic();
    mended.write("mended.csv", corrected(&mended, &[("2", "10"), ("4", "7"), ("5", "2026-02-28"), ("6", "qx7k2m9p")]));
    name_corrections(&mended, "mended.csv");
    let right = clinic();
    let text = ASSESSMENTS.replace(",11\n", ",10\n").replace("seven", "7").replace("2026-02-30", "2026-02-28");
    right.write("records/assessments.csv", text.replace("nobody12", "qx7k2m9p"));
    let results = [mended, right].map(|workdir| {
        workdir.relief(&["run", "pipeline.toml"]).exits(0);
        workdir.read("reports/small/results.csv")
    });
    assert!(results[0] == results[1], "the results differ");
}

#[test]
fn only_rows_that_were_set_aside_are_changed() {
    let workdir = clinic();
    let header = "file,line,column,rule,problem,fix,correction\n";
    let lines = [
        "assessments.csv,3,score,,,,9",         // accepted as it is
        "assessments.csv,2,score,,,,12",        // still off the scale
        "assessments.csv,4,mood,,,,7",          // no such column
        "assessments.csv,99,score,,,,7",        // no such line
        "elsewhere.csv,2,score,,,,7",           // no such file
        "assessments.csv,5,date,,,,2026-02-27", // two that differ
        "assessments.csv,5,date,,,,2026-02-28",
    ];
    workdir.write("mended.csv", format!("{header}{}\n", lines.join("\n")));
    name_corrections(&workdir, "mended.csv");
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(assessments(&answer), [5, 1, 4]);
    let made = json!([{"source": "main", "file": "mended.csv", "rows": 6, "recovered": 0,
        "quarantined": 1, "not_needed": 1, "unmatched": 4}]);
    assert_eq!(answer["corrections"], made);
    for (rule, count) in [("correction-unmatched", 4), ("correction-not-needed", 1)] {
        let finding = json!({"rule": rule, "source": "main", "file": "mended.csv", "column": "", "count": count});
        assert!(answer["findings"].as_array().expect("findings").contains(&finding), "{answer}");
    }
}

#[test]
fn a_contradiction_is_settled_by_a_correction() {
    let workdir = Workdir::with_clinic();
    workdir.write(
        "records/patients.csv",
        "patient_id,sex,birth_year\nqx7k2m9p,F,1970\nwv3n8r5t,M,1981\nqx7k2m9p,M,1970\n",
    );
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    let quarantine = workdir.read("store/snapshots/000001/quarantine/main.csv");
    assert!(quarantine.contains("patients.csv,4,patient_id,patient-conflict"), "{quarantine}");
    let text = "file,line,column,rule,correction\npatients.csv,4,sex,patient-conflict,F\n";
    workdir.write("mended.csv", text);
    name_corrections(&workdir, "mended.csv");
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(answer["tables"]["patients"], json!({"read": 3, "accepted": 2, "quarantined": 0, "duplicates": 1}));
    assert_eq!(answer["corrections"][0]["recovered"], 1);
    workdir.replace("mended.csv", "conflict,F", "conflict,X");
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(answer["tables"]["patients"]["quarantined"], 1);
}

#[test]
fn a_withheld_prescription_is_given_back() {
    let workdir = Workdir::with_clinic();
    let header = "patient_id,start_date,days_supply,drug,strength,unit,quantity\n";
    workdir.write("records/prescriptions.csv", format!("{header}qx7k2m9p,2026-01-01,,oxycodone,10,mg,60\n"));
    workdir.replace("pipeline.toml", "max_reject_share = 0.5", "max_reject_share = 1.0");
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    workdir.write("mended.csv", corrected(&workdir, &[("2", "30")]));
    name_corrections(&workdir, "mended.csv");
    let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(answer["tables"]["prescriptions"]["accepted"], 1);
    assert!(!workdir.path("store/snapshots/000002/quarantine/main.csv").exists());
}

/// Cells of the first sheet.
fn cells(path: &Path) -> Vec<Vec<String>> {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("the workbook"));
    let mut book: Xlsx<_> = Xlsx::new(file).expect("a workbook");
    let range = book.worksheet_range_at(0).expect("a sheet").expect("readable");
    range.rows().map(|row| row.iter().map(Data::to_string).collect()).collect()
}

#[test]
fn the_quarantine_is_a_workbook_too_and_comes_back_as_one() {
    let workdir = clinic();
    let folder = workdir.path("store/snapshots/000001/quarantine");
    let sheet = cells(&folder.join("main.xlsx"));
    let csv = workdir.read("store/snapshots/000001/quarantine/main.csv");
    assert_eq!(sheet.len(), csv.lines().count());
    assert_eq!(sheet[0], ["file", "line", "column", "rule", "problem", "fix", "correction"]);
    assert_eq!(sheet[1][..4], ["assessments.csv", "2", "score", "score-out-of-range"]);
    let text = sheet.concat().concat();
    assert!(!text.contains("seven") && !text.contains("nobody12"), "{text}");

    let mut book = Workbook::new();
    let page = book.add_worksheet();
    for (row, cells) in sheet.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            page.write_string(row as u32, column as u16, cell).expect("a cell");
        }
    }
    page.write_number(1, 6, 10.0).expect("a cell");
    book.save(workdir.path("mended.xlsx")).expect("a workbook");
    name_corrections(&workdir, "mended.xlsx");
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!((assessments(&answer), answer["corrections"][0]["recovered"].as_u64()), ([5, 2, 3], Some(1)));
}

#[test]
fn rows_of_a_clinics_own_columns_are_corrected_in_its_own_words() {
    let workdir = Workdir::with_clinic();
    workdir
        .write("records/scores.csv", "Code,When,Woman?,Pain now\nqx7k2m9p,1/4/2026,yes,11\nwv3n8r5t,2/31/2026,no,5\n");
    workdir.write(
        "own.toml",
        "id = \"own\"\nversion = 1\ndates = \"month-first\"\n\
         [[table]]\ntable = \"patients\"\nfrom = \"scores.csv\"\ncolumns = { patient_id = \"Code\", sex = \"Woman?\" }\n\
         values.sex = { yes = \"F\", no = \"M\" }\n\
         [[table]]\ntable = \"assessments\"\nfrom = \"scores.csv\"\n\
         columns = { patient_id = \"Code\", date = \"When\", score = \"Pain now\" }\nconstants = { instrument = \"pain_nrs\" }\n",
    );
    workdir.replace("pipeline.toml", "path = \"records\"", "path = \"records\"\nmapping = \"own.toml\"");
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    let quarantine = workdir.read("store/snapshots/000001/quarantine/main.csv");
    assert!(quarantine.contains("scores.csv,2,Pain now,score-out-of-range"), "{quarantine}");
    assert!(quarantine.contains("scores.csv,3,When,date-invalid"), "{quarantine}");
    workdir.write("mended.csv", corrected(&workdir, &[("2", "10"), ("3", "2/28/2026")]));
    name_corrections(&workdir, "mended.csv");
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(assessments(&answer), [2, 2, 0]);
    assert_eq!(answer["corrections"][0]["recovered"], 2);
}

#[test]
fn a_file_that_is_no_quarantine_is_an_error() {
    let workdir = clinic();
    workdir.write("mended.csv", "file,line,correction\n");
    name_corrections(&workdir, "mended.csv");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("`column`");
    workdir.write("mended.csv", "file,line,column,correction\nassessments.csv,two,score,7\n");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("no line number");
    workdir.remove("mended.csv");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("mended.csv");
}

/// A source of a foreign format, ingested, with corrections by line and column,
/// ingested again: what came of them, and the tables before and after.
fn round_trip(workdir: &Workdir, kind: &str, corrections: &[(&str, &str, &str)]) -> (Value, Value) {
    for file in ["patients", "diagnoses", "infusions", "assessments"] {
        workdir.remove(&format!("records/{file}.csv"));
    }
    workdir.replace("pipeline.toml", "kind = \"csv\"", &format!("kind = \"{kind}\""));
    workdir.replace("pipeline.toml", "max_reject_share = 0.5", "max_reject_share = 1.0");
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    let quarantine = workdir.read("store/snapshots/000001/quarantine/main.csv");
    let mut used = 0;
    let mut text = String::new();
    for (number, line) in quarantine.lines().enumerate() {
        let place: Vec<&str> = line.split(',').collect();
        let correction = corrections.iter().find(|(file, of, _)| number > 0 && place[0] == *file && place[1] == *of);
        used += usize::from(correction.is_some());
        writeln!(text, "{line}{}", correction.map_or("", |(_, _, value)| *value)).expect("into memory");
    }
    assert!(used >= corrections.len(), "{quarantine}");
    workdir.write("mended.csv", text);
    name_corrections(workdir, "mended.csv");
    let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    (answer["tables"].clone(), answer["corrections"][0].clone())
}

fn made(rows: u64, recovered: u64, unmatched: u64) -> Value {
    json!({"source": "main", "file": "mended.csv", "rows": rows, "recovered": recovered,
        "quarantined": rows - recovered - unmatched, "not_needed": 0, "unmatched": unmatched})
}

fn quarantined(workdir: &Workdir, snapshot: u32) -> Vec<String> {
    let text = workdir.read(&format!("store/snapshots/{snapshot:06}/quarantine/main.csv"));
    text.lines().skip(1).map(|line| line.split(',').take(4).collect::<Vec<_>>().join(",")).collect()
}

#[test]
fn fhir_records_come_back_and_what_cannot_says_why() {
    let workdir = Workdir::with_clinic();
    let pain = |id: &str, value: &str, day: &str| {
        format!(
            r#"{{"resourceType":"Observation","id":"{id}","status":"final","valueInteger":{value},"effectiveDateTime":"{day}","code":{{"coding":[{{"system":"http://loinc.org","code":"72514-3"}}]}},"subject":{{"reference":"Patient/qx7k2m9p"}}}}"#
        )
    };
    let observations = [
        pain("o1", "11", "2026-03-01"),
        pain("o2", "5", "2026-03"),
        pain("o3", "5", "2026-03-02"),
        r#"{"resourceType":"Observation","code":"x"}"#.to_owned(),
        r#"{"resourceType":"Obs"#.to_owned(),
    ];
    let order = r#"{"resourceType":"MedicationRequest","id":"m1","status":"active","intent":"order","authoredOn":"2026-03-01","subject":{"reference":"Patient/qx7k2m9p"},"medicationCodeableConcept":{"text":"Oxycodone 5 MG Oral Tablet"},"dispenseRequest":{"quantity":{"value":60}}}"#;
    workdir.write("records/Patient.000.ndjson", r#"{"resourceType":"Patient","id":"qx7k2m9p","gender":"female"}"#);
    workdir.write("records/Observation.000.ndjson", observations.join("\n"));
    workdir.write("records/MedicationRequest.000.ndjson", order);
    let (tables, corrections) = round_trip(
        &workdir,
        "fhir",
        &[
            ("Observation.000.ndjson", "1", "10"),
            // A day that was only a month; a number of days the order did not state.
            ("Observation.000.ndjson", "2", "2026-03-05"),
            ("MedicationRequest.000.ndjson", "1", "30"),
            // Nothing is known of these two, so no row can be made of them.
            ("Observation.000.ndjson", "4", "7"),
            ("Observation.000.ndjson", "5", "7"),
        ],
    );
    assert_eq!(corrections, made(5, 3, 2));
    assert_eq!(tables["assessments"], json!({"read": 5, "accepted": 3, "quarantined": 2, "duplicates": 0}));
    assert_eq!(tables["prescriptions"]["accepted"], 1);
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    let finding =
        json!({"rule": "correction-incomplete", "source": "main", "file": "mended.csv", "column": "", "count": 2});
    assert!(answer["findings"].as_array().expect("findings").contains(&finding), "{answer}");
    let said = workdir.relief(&["check", "pipeline.toml"]).exits(0);
    assert!(said.out.contains("corrections of main: 3 of 5 rows recovered"), "{}", said.out);
}

#[test]
fn omop_records_are_set_aside_by_their_own_columns_and_come_back() {
    let workdir = Workdir::with_clinic();
    workdir.write("records/PERSON.csv", "person_id,gender_concept_id,year_of_birth\n101,8532,1970\n102,8507,1850\n");
    workdir.write(
        "records/MEASUREMENT.csv",
        "measurement_id,person_id,measurement_concept_id,measurement_date,value_as_number,operator_concept_id\n\
         1,101,43055141,2026-03-01,11,\n2,101,43055141,2026-13-01,4,\n3,999,43055141,2026-03-01,4,\n\
         4,101,43055141,2026-03-02,3,4171754\n",
    );
    workdir.write(
        "records/DRUG_EXPOSURE.csv",
        "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,quantity,days_supply,drug_source_value\n\
         7,101,40232707,2026-03-01,0,30,\n8,101,40232707,2026-04-01,60,,\n",
    );
    let (tables, corrections) = round_trip(
        &workdir,
        "omop",
        &[
            ("PERSON.csv", "3", "1980"),
            ("MEASUREMENT.csv", "2", "10"),
            ("MEASUREMENT.csv", "3", "2026-03-01"),
            ("MEASUREMENT.csv", "4", "101"),
            ("DRUG_EXPOSURE.csv", "2", "60"),
            ("DRUG_EXPOSURE.csv", "3", "0"),
        ],
    );
    let listed = [
        "PERSON.csv,3,year_of_birth,birth-year-implausible",
        "MEASUREMENT.csv,2,value_as_number,score-out-of-range",
        "MEASUREMENT.csv,3,measurement_date,date-invalid",
        "MEASUREMENT.csv,4,person_id,unknown-patient",
        "MEASUREMENT.csv,5,operator_concept_id,not-a-number",
        "DRUG_EXPOSURE.csv,2,quantity,quantity-not-recorded",
        "DRUG_EXPOSURE.csv,3,days_supply,days-supply-invalid",
    ];
    let mut before = quarantined(&workdir, 1);
    before.sort_by_key(|line| listed.iter().position(|known| known == line));
    assert_eq!(before, listed);
    // No days are still no days.
    assert_eq!(corrections, made(6, 5, 0));
    assert_eq!(tables["assessments"], json!({"read": 4, "accepted": 3, "quarantined": 1, "duplicates": 0}));
    assert_eq!([&tables["patients"]["accepted"], &tables["prescriptions"]["accepted"]], [2, 1]);
    assert_eq!(quarantined(&workdir, 2), [listed[4], listed[6]]);
}

#[test]
fn redcap_records_are_corrected_by_field_and_in_raw_values() {
    let workdir = Workdir::with_clinic();
    workdir.write(
        "records/export.csv",
        "record_id,redcap_event_name,sex,year,demographics_complete,visit,nrs,phq9,pain_complete\n\
         q7x,base_arm_1,1,1970,2,2026-01-04,11,30,2\nq7x,week_4_arm_1,,,,2026-02-31,5,9,2\n\
         w3v,base_arm_1,1,1850,2,,,,\n",
    );
    let field = |name: &str, form: &str| format!("{name},{form},,text,L{},\n", ",".repeat(12));
    let head = "\"Variable / Field Name\",\"Form Name\",\"Section Header\",\"Field Type\",\"Field Label\",\
        \"Choices, Calculations, OR Slider Labels\",\"Field Note\",\"Text Validation Type OR Show Slider Number\",\
        \"Text Validation Min\",\"Text Validation Max\",Identifier?,\"Branching Logic (Show field only if...)\",\
        \"Required Field?\",\"Custom Alignment\",\"Question Number (surveys only)\",\"Matrix Group Name\",\
        \"Matrix Ranking?\",\"Field Annotation\"\n";
    let fields = [("record_id", "demographics"), ("sex", "demographics"), ("year", "demographics")];
    let fields = fields.into_iter().chain([("visit", "pain"), ("nrs", "pain"), ("phq9", "pain")]);
    workdir
        .write("records/dictionary.csv", fields.fold(head.to_owned(), |text, (name, form)| text + &field(name, form)));
    let table =
        |table: &str, form: &str, rest: &str| format!("[[table]]\ntable = \"{table}\"\nform = \"{form}\"\n{rest}\n");
    let score = |field: &str, instrument: &str| {
        let columns = format!("columns = {{ date = \"visit\", score = \"{field}\" }}");
        table("assessments", "pain", &format!("{columns}\nconstants = {{ instrument = \"{instrument}\" }}"))
    };
    let patients = "columns = { sex = \"sex\", birth_year = \"year\" }\nvalues.sex = { 0 = \"F\", 1 = \"M\" }";
    let mapping =
        ["id = \"own\"\nversion = 1\ntitle = \"Own\"\n".to_owned(), table("patients", "demographics", patients)];
    workdir.write("own.toml", mapping.concat() + &score("nrs", "pain_nrs") + &score("phq9", "phq9"));
    workdir.replace("pipeline.toml", "path = \"records\"", "path = \"records\"\nmapping = \"own.toml\"");
    let (tables, corrections) = round_trip(&workdir, "redcap", &[("export.csv", "3", "2026-02-28")]);
    let mut listed = quarantined(&workdir, 1);
    listed.sort();
    assert_eq!(
        listed,
        [
            "export.csv,2,nrs,score-out-of-range",
            "export.csv,2,phq9,score-out-of-range",
            "export.csv,3,visit,date-invalid",
            "export.csv,3,visit,date-invalid",
            "export.csv,4,year,birth-year-implausible",
        ]
    );
    // One line of the export gives two rows, and both come back with its day.
    assert_eq!(corrections, made(1, 1, 0));
    assert_eq!(tables["assessments"], json!({"read": 4, "accepted": 2, "quarantined": 2, "duplicates": 0}));
    // Two scores of one line are corrected each by its own field, and the sex in the project's own code.
    let text = "file,line,column,rule,correction\nexport.csv,4,year,,1980\nexport.csv,4,sex,,0\nexport.csv,2,nrs,,10\n\
        export.csv,2,phq9,,3\nexport.csv,3,visit,,2026-02-28\n";
    workdir.write("mended.csv", text);
    let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    // Each row of a line takes of its corrections those of its own fields.
    assert_eq!(answer["corrections"][0], made(3, 3, 0));
    assert_eq!(answer["tables"]["assessments"], json!({"read": 4, "accepted": 4, "quarantined": 0, "duplicates": 0}));
    let patients = workdir.path("store/snapshots/000003/patients.parquet");
    let rows = crate::ingest::text_of(&patients, &["patient_key", "source_id", "source_row"]);
    assert!(rows.iter().any(|row| row.contains(",F,1980")), "{rows:?}");
}
