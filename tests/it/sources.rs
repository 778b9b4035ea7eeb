//! Foreign formats: the same rows as canonical CSV, findings about the original
//! files and lines, and no record without a place.

use proptest::prelude::{any, prop, proptest};
use serde_json::{Value, json};

use crate::workdir::Workdir;

const MAPPING: &str = r#"
id = "east"
version = 1
dates = "month-first"

[[table]]
table = "patients"
from = "people.csv"
columns = { patient_id = "Code", sex = "Gender" }
values.sex = { Woman = "F", Man = "M" }

[[table]]
table = "diagnoses"
from = "people.csv"
columns = { patient_id = "Code", condition = "Pain condition" }

[[table]]
table = "infusions"
from = "visits.csv"
columns = { patient_id = "Code", date = "Visit", dose_mg_per_kg = "Dose" }
only = { Kind = ["infusion"] }

[[table]]
table = "assessments"
from = "visits.csv"
columns = { patient_id = "Code", date = "Visit", score = "Pain now" }
constants = { instrument = "pain_nrs" }
filled = ["score"]

[[table]]
table = "assessments"
from = "visits.csv"
columns = { patient_id = "Code", date = "Visit", score = "PHQ" }
constants = { instrument = "phq9" }
filled = ["score"]
"#;

const PEOPLE: &str = "Code,Gender,Pain condition\nqx7k2m9p,Woman,crps_1\nwv3n8r5t,Man,M79.7\n,,\n";

/// Line 3 is about something else, line 5 has one field too many, line 6 has a
/// score off the scale.
const VISITS: &str = "Code,Kind,Visit,Dose,Pain now,PHQ,Mood\n\
    qx7k2m9p,infusion,1/5/2026,0.5,8,14,fair\n\
    qx7k2m9p,telephone,1/6/2026,,,,\n\
    wv3n8r5t,infusion,2/2/2026,0.6,7,,\"fair, mostly\"\n\
    wv3n8r5t,infusion,2/4/2026,0.6,7,,fair,extra\n\
    wv3n8r5t,review,2/9/2026,,11,,\n";

fn clinic() -> Workdir {
    let workdir = Workdir::with_clinic();
    for table in ["patients", "diagnoses", "infusions", "assessments"] {
        workdir.remove(&format!("records/{table}.csv"));
    }
    workdir.replace("pipeline.toml", "path = \"records\"", "path = \"records\"\nmapping = \"east.toml\"");
    workdir.write("east.toml", MAPPING);
    workdir.write("records/people.csv", PEOPLE);
    workdir.write("records/visits.csv", VISITS);
    workdir
}

fn counts(answer: &Value, table: &str) -> [u64; 4] {
    ["read", "accepted", "quarantined", "duplicates"]
        .map(|count| answer["tables"][table][count].as_u64().expect("a count"))
}

#[test]
fn a_mapping_makes_canonical_rows_of_a_clinics_own_columns() {
    let workdir = clinic();
    let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(answer["patients"], 2);
    assert_eq!(counts(&answer, "patients"), [2, 2, 0, 0]);
    assert_eq!(counts(&answer, "diagnoses"), [2, 2, 0, 0]);
    // The row with a field too many is set aside once, in the first table it may have been of.
    assert_eq!(counts(&answer, "infusions"), [3, 2, 1, 0]);
    assert_eq!(counts(&answer, "assessments"), [4, 3, 1, 0]);
    let records = json!([
        {"source": "main", "file": "people.csv", "read": 2, "with_rows": 2, "rejected": 0, "passed_over": 0},
        {"source": "main", "file": "visits.csv", "read": 5, "with_rows": 3, "rejected": 1, "passed_over": 1},
    ]);
    assert_eq!(answer["records"], records);
    let quarantine = workdir.read("store/snapshots/000001/quarantine/main.csv");
    let lines: Vec<String> =
        quarantine.lines().skip(1).map(|line| line.split(',').take(4).collect::<Vec<_>>().join(",")).collect();
    assert_eq!(lines, ["visits.csv,5,,field-count", "visits.csv,6,Pain now,score-out-of-range"]);
}

#[test]
fn a_check_counts_the_same_and_writes_nothing() {
    let workdir = clinic();
    let checked = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert!(!workdir.path("store").exists());
    let ingested = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    for part in ["tables", "records", "findings", "patients"] {
        assert_eq!(checked[part], ingested[part], "{part}");
    }
}

#[test]
fn the_same_person_in_canonical_files_gives_the_same_rows() {
    let (mapped, canonical) = (clinic(), Workdir::with_clinic());
    let good = VISITS.lines().filter(|line| !line.ends_with("extra") && !line.contains(",11,"));
    mapped.write("records/visits.csv", good.collect::<Vec<_>>().join("\n"));
    canonical.write("records/patients.csv", "patient_id,sex\nqx7k2m9p,F\nwv3n8r5t,M\n");
    canonical.write("records/diagnoses.csv", "patient_id,condition\nqx7k2m9p,crps_1\nwv3n8r5t,M79.7\n");
    canonical.write(
        "records/infusions.csv",
        "patient_id,date,dose_mg_per_kg\nqx7k2m9p,2026-01-05,0.5\nwv3n8r5t,2026-02-02,0.6\n",
    );
    canonical.write(
        "records/assessments.csv",
        "patient_id,date,instrument,score\nqx7k2m9p,2026-01-05,pain_nrs,8\nqx7k2m9p,2026-01-05,phq9,14\nwv3n8r5t,2026-02-02,pain_nrs,7\n",
    );
    let results = [mapped, canonical].map(|workdir| {
        workdir.relief(&["run", "pipeline.toml"]).exits(0);
        let text = workdir.read("reports/small/results.csv");
        // How many rows of which table there are is the one thing that differs.
        text.lines().filter(|line| !line.starts_with("data_quality_")).map(str::to_owned).collect::<Vec<_>>()
    });
    let differs = results[0].iter().zip(&results[1]).find(|(one, other)| one != other);
    assert!(differs.is_none() && results[0].len() == results[1].len(), "the results differ: {differs:?}");
}

#[test]
fn a_table_nobody_speaks_of_is_remarked_on() {
    let workdir = clinic();
    let mapping = MAPPING.replace("table = \"diagnoses\"", "table = \"withdrawals\"");
    workdir.write("east.toml", mapping.replace("condition = \"Pain condition\"", "scope = \"Pain condition\""));
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    let missing = json!({"rule": "missing-table", "source": "main", "file": "", "column": "diagnoses", "count": 1});
    assert!(answer["findings"].as_array().expect("findings").contains(&missing), "{answer}");
}

#[test]
fn a_column_that_names_people_refuses_the_file_read_or_not() {
    let workdir = clinic();
    workdir.write("records/people.csv", PEOPLE.replace("Code,", "SSN,Code,").replace("7k2m9p,", "7k2m9p,x,"));
    let answer = workdir.relief(&["ingest", "pipeline.toml"]).exits(5);
    answer.says("column `ssn` of `people.csv`");
    assert!(!workdir.path("store/snapshots").exists());
}

#[test]
fn under_safe_harbor_a_mapped_date_refuses_the_file() {
    let workdir = clinic();
    workdir.replace("pipeline.toml", "limited-data-set", "safe-harbor");
    workdir.relief(&["check", "pipeline.toml"]).exits(5).says("column-date");
}

#[test]
fn what_cannot_be_read_is_said_with_place_and_fix() {
    let workdir = clinic();
    workdir.write("records/visits.csv", VISITS.replace("Visit", "Visited"));
    workdir
        .relief(&["check", "pipeline.toml"])
        .exits(7)
        .says("has no column `Visit`\nhint: the mapping of the source names it; is it `Visited` now?");
    workdir.write("records/visits.csv", VISITS.replace("Mood", "Visit"));
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("the column `Visit` twice");
    workdir.remove("records/visits.csv");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("visits.csv");
    let workdir = clinic();
    workdir.replace("east.toml", "date = \"Visit\", score = \"PHQ\"", "day = \"Visit\", score = \"PHQ\"");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("study days");
    workdir.replace("pipeline.toml", "kind = \"csv\"", "kind = \"csw\"");
    workdir.relief(&["check", "pipeline.toml"]).exits(3).says("unknown source kind `csw`");
    workdir.replace("pipeline.toml", "kind = \"csw\"", "kind = \"csv\"\nmedications = \"complete\"");
    workdir.write("east.toml", MAPPING);
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("prescriptions");
}

#[test]
fn a_changed_mapping_is_a_changed_input() {
    let workdir = clinic();
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    assert!(!workdir.path("store/snapshots/000002").exists());
    workdir.replace("east.toml", "Woman = \"F\"", "Woman = \"X\"");
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    assert!(workdir.path("store/snapshots/000002").exists());
}

#[test]
fn one_code_at_two_sites_is_two_patients_unless_codes_are_shared() {
    let workdir = Workdir::with_clinic();
    let second = "\n[[source]]\nname = \"annex\"\nkind = \"csv\"\npath = \"records\"\n";
    let pipeline = workdir.read("pipeline.toml");
    workdir.write("pipeline.toml", format!("{pipeline}{second}"));
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!((answer["patients"].as_u64(), counts(&answer, "infusions")), (Some(4), [6, 6, 0, 0]));

    workdir.replace("pipeline.toml", "[ingest]\n", "[ingest]\nshared_codes = true\n");
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!((answer["patients"].as_u64(), counts(&answer, "infusions")), (Some(2), [6, 6, 0, 0]));
    assert_eq!(counts(&answer, "patients"), [4, 2, 0, 2]);

    // A patient one source lists may have rows in another.
    workdir.write("annex/patients.csv", "patient_id\n");
    workdir.write("annex/diagnoses.csv", "patient_id,condition\n");
    workdir.write("annex/infusions.csv", "patient_id,date\nqx7k2m9p,2026-02-01\n");
    workdir.write("annex/assessments.csv", "patient_id,date,instrument,score\n");
    workdir.replace(
        "pipeline.toml",
        "name = \"annex\"\nkind = \"csv\"\npath = \"records\"",
        "name = \"annex\"\nkind = \"csv\"\npath = \"annex\"",
    );
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(counts(&answer, "infusions"), [4, 4, 0, 0]);
    workdir.replace("pipeline.toml", "shared_codes = true", "shared_codes = false");
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(counts(&answer, "infusions"), [4, 3, 1, 0]);
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 200, failure_persistence: None, ..Default::default() })]

    /// Whatever bytes a mapped file holds, every record is somewhere.
    #[test]
    fn records_of_a_mapped_file_are_conserved(body in prop::collection::vec(prop::sample::select(vec![
        ",", ",", ",", "\n", "\n", "\r\n", "\"", "\"\"", "qx7k2m9p", "infusion", "1/5/2026", "7", "0.5", " ", "é", "-1", "\u{0}",
    ]), 0..80), raw in prop::collection::vec(any::<u8>(), 0..12)) {
        let workdir = clinic();
        let header = VISITS.lines().next().expect("a header");
        workdir.write("records/visits.csv", [format!("{header}\n{}", body.concat()).as_bytes(), &raw].concat());
        let protocol = relief::protocol::Protocol::read(&workdir.path("pipeline.toml")).expect("a pipeline");
        match relief::ingest::run(&protocol, relief::ingest::Mode::Check, &mut |_| ()) {
            Ok(ingested) => {
                assert!(ingested.tables.values().all(relief::model::reject::Counts::conserved));
                assert!(ingested.records.iter().all(|file| file.counts.conserved()));
            }
            Err(error) => assert!([5, 7].contains(&error.exit_code()), "{error}"),
        }
    }
}
