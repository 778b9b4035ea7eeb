//! OMOP: a small database of our own whose every record is known: ketamine,
//! doses that can be computed and doses that cannot, and what nobody mapped.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::util::display::array_value_to_string;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use proptest::prelude::{Strategy, any, prop, proptest};
use relief::ingest::{self, Mode};
use relief::protocol::Protocol;
use serde_json::{Value, json};

use crate::workdir::Workdir;

const TABLES: [(&str, &str); 8] = [
    ("person", "person_id,gender_concept_id,year_of_birth,gender_source_value\n101,8532,1970,F\n202.0,0,1980,male\n"),
    ("observation_period", "observation_period_id,person_id\n1,101\n"),
    (
        "concept",
        "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tconcept_code\n\
         1\toxycodone hydrochloride 10 MG Oral Tablet\tDrug\tRxNorm\tClinical Drug\t1049683\n\
         2\tketamine 50 MG/ML Injectable Solution\tDrug\tRxNorm\tClinical Drug\t1\n\
         3\tmorphine sulfate 5 MG/ML Injection\tDrug\tRxNorm\tClinical Drug\t2\n\
         4\tlorazepam 1 MG Oral Tablet\tDrug\tRxNorm\tClinical Drug\t3\n\
         5\tlisinopril 10 MG Oral Tablet\tDrug\tRxNorm\tClinical Drug\t4\n\
         6\tComplex regional pain syndrome type I of right upper limb\tCondition\tSNOMED\tClinical Finding\t5\n\
         7\tFamily history of migraine\tCondition\tSNOMED\tClinical Finding\t6\n\
         8\tfentanyl Transdermal System\tDrug\tRxNorm\tClinical Drug Form\t7\n",
    ),
    (
        "drug_strength",
        "drug_concept_id,ingredient_concept_id,amount_value,amount_unit_concept_id,numerator_value,\
         numerator_unit_concept_id,denominator_value,denominator_unit_concept_id\n\
         8,1154029,,,0.6,8576,24,8505\n9,1124957,20,8576,,,,\n",
    ),
    (
        "condition_occurrence",
        "condition_occurrence_id,person_id,condition_concept_id,condition_source_value,condition_source_concept_id,\
         condition_status_concept_id\n\
         1,101,6,G90.511,0,32902\n2,101,7,x,0,0\n3,202,0,ICD10CM:M79.7,0,0\n4,202,0,J01.90,0,0\n",
    ),
    (
        "drug_exposure",
        "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_start_datetime,\
         drug_exposure_end_datetime,quantity,days_supply,route_concept_id,route_source_value,drug_source_value,\
         drug_source_concept_id,dose_unit_source_value\n\
         1,101,1,2026-01-01,,,60,30,0,,1049683,0,\n\
         2,101,1,2026-02-01,,,0,30,0,,1049683,0,\n\
         3,101,2,2026-01-05,2026-01-05 09:00:00,2026-01-05 09:40:00,40,0,4171047,IV,,0,mg\n\
         4,101,2,2026-01-08,,,1,0,4132161,oral,,0,\n\
         5,101,3,2026-01-05,,,1,1,0,,,0,\n\
         6,101,4,2026-01-01,,,30,30,0,,,0,\n\
         7,101,4,2026-02-01,,,0,30,0,,,0,\n\
         8,101,5,2026-01-01,,,30,30,0,,,0,\n\
         9,202,0,20260101,,,30,30,0,,99999,0,\n\
         10,202,8,2026-01-01,,,10,30,0,,,0,\n\
         11,202,9,2026-01-01,,,30,30,0,,,0,\n\
         12,202,2,2026-01-06,,,2,0,0,,,0,mL\n",
    ),
    (
        "measurement",
        "measurement_id,person_id,measurement_concept_id,measurement_date,value_as_number,value_source_value,\
         measurement_source_value,operator_concept_id\n\
         1,101,43055141,2026-01-04,7.0,,72514-3,0\n2,101,0,2026-02-04,,4,LOINC:72514-3,4172703\n\
         3,101,43055141,2026-03-04,3,,72514-3,4171756\n4,101,43055141,2026-03-05,11,,72514-3,0\n\
         5,101,0,2026-03-05,11,,local,0\n6,202,3042932,2026-01-04,,,44261-6,0\n",
    ),
    (
        "procedure_occurrence",
        "procedure_occurrence_id,person_id,procedure_concept_id,procedure_date,procedure_source_value\n\
         1,101,0,2026-01-06,90837\n2,101,12,2026-01-06,99213\n",
    ),
];

pub(crate) fn database() -> Workdir {
    let workdir = Workdir::empty();
    for (table, text) in TABLES {
        workdir.write(&format!("omop/{}.csv", table.to_uppercase()), text);
    }
    workdir.write(
        "pipeline.toml",
        "id = \"p\"\ntitle = \"T\"\nclinic = \"C\"\n[privacy]\nbasis = \"limited-data-set\"\n[store]\nfolder = \"store\"\n\
         [reports]\nfolder = \"reports\"\n[ingest]\nmax_reject_share = 1.0\n[[source]]\nname = \"db\"\nkind = \"omop\"\n\
         path = \"omop\"\n",
    );
    workdir
}

fn counts(answer: &Value, table: &str) -> (u64, u64) {
    let count = |name: &str| answer["tables"][table][name].as_u64().unwrap_or(0);
    (count("accepted"), count("quarantined"))
}

/// Findings as rule and column → count.
fn findings(answer: &Value) -> BTreeMap<String, u64> {
    let all = answer["findings"].as_array().expect("a list").iter();
    let name = |finding: &Value| {
        format!("{} {}", finding["rule"].as_str().expect("text"), finding["column"].as_str().expect("text"))
    };
    let mut counts = BTreeMap::new();
    all.for_each(|finding| *counts.entry(name(finding)).or_insert(0) += finding["count"].as_u64().expect("a count"));
    counts
}

#[test]
fn every_record_gives_rows_or_a_reason() {
    let workdir = database();
    let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(counts(&answer, "patients"), (2, 0));
    // CRPS by its name in CONCEPT, fibromyalgia by its ICD-10-CM code.
    assert_eq!(counts(&answer, "diagnoses"), (2, 0));
    // By vein, and by a form that is not swallowed.
    assert_eq!(counts(&answer, "infusions"), (2, 0));
    assert_eq!(counts(&answer, "therapy_sessions"), (1, 0));
    // Oxycodone twice (one by DRUG_STRENGTH alone), a patch by DRUG_STRENGTH, lorazepam; quantity 0 and a drug nobody knows.
    assert_eq!(counts(&answer, "prescriptions"), (4, 2));
    assert_eq!(counts(&answer, "assessments"), (2, 2));
    let findings = findings(&answer);
    for (finding, count) in [
        ("concept-not-mapped condition_concept_id", 1),
        ("concept-zero condition_concept_id", 1),
        ("quantity-not-recorded quantity", 1),
        ("unknown-drug drug_concept_id", 1),
        ("ketamine-not-infused route_concept_id", 1),
        ("opioid-by-injection drug_concept_id", 1),
        ("drug-not-computable quantity", 1),
        ("concept-not-mapped drug_concept_id", 1),
        ("not-a-number operator_concept_id", 1),
        ("score-out-of-range value_as_number", 1),
        ("concept-zero measurement_concept_id", 1),
        ("no-value value_as_number, phq9", 1),
        ("concept-not-mapped procedure_concept_id", 1),
        ("observation-period ", 1),
        ("reference-record ", 10),
    ] {
        assert_eq!(findings.get(finding), Some(&count), "{finding}: {findings:?}");
    }
}

/// A column's values as text, sorted; empty where there is none.
fn texts(workdir: &Workdir, table: &str, name: &str) -> Vec<String> {
    let file = fs::File::open(workdir.path(&format!("store/snapshots/000001/{table}.parquet"))).expect("the table");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("a reader");
    let mut texts = Vec::new();
    for batch in reader {
        let batch = batch.expect("a batch");
        let column = batch.column_by_name(name).expect("the column");
        texts.extend((0..batch.num_rows()).map(|row| array_value_to_string(column, row).expect("printable")));
    }
    texts.sort_unstable();
    texts
}

#[test]
fn an_opioid_injected_for_longer_than_a_day_is_a_row() {
    let workdir = database();
    workdir.replace("omop/DRUG_EXPOSURE.csv", "5,101,3,2026-01-05,,,1,1,0", "5,101,3,2026-01-05,,,1,30,0");
    let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(counts(&answer, "prescriptions"), (5, 2));
    assert!(!findings(&answer).contains_key("opioid-by-injection drug_concept_id"));
    let injected: Vec<String> = texts(&workdir, "prescriptions", "route");
    assert_eq!(injected.iter().filter(|route| *route == "injection").count(), 1);
}

#[test]
fn doses_are_the_pack_s_arithmetic() {
    let workdir = database();
    workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0);
    let text = |table: &str, name: &str| texts(&workdir, table, name);
    assert_eq!(text("prescriptions", "drug"), ["fentanyl_td", "lorazepam", "oxycodone", "oxycodone"]);
    assert_eq!(text("prescriptions", "strength"), ["1.0", "10.0", "20.0", "25.0"]);
    assert_eq!(text("infusions", "dose_mg"), ["100.0", "40.0"]);
    assert_eq!(text("infusions", "duration_min"), ["", "40.0"]);
}

/// What the source of a snapshot tells of departures.
fn told(workdir: &Workdir) -> Value {
    let manifest = workdir.read("store/snapshots/000001/manifest.json");
    serde_json::from_str::<Value>(&manifest).expect("a manifest")["sources"][0]["departures"].clone()
}

#[test]
fn a_death_is_a_departure_and_no_other_departure_is_told() {
    let header = "person_id,death_date,death_datetime,death_type_concept_id,cause_concept_id\n";
    let run = |deaths: Option<&str>| {
        let workdir = database();
        deaths.into_iter().for_each(|rows| workdir.write("omop/DEATH.csv", format!("{header}{rows}")));
        let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
        (counts(&answer, "departures"), told(&workdir), texts(&workdir, "departures", "departure"))
    };
    let deaths = "101,2026-04-01,2026-04-01 08:00:00,32817,0\n202.0,,20260502,32817,0\n202,,,32817,0\n";
    assert_eq!(run(Some(deaths)), ((2, 1), json!(["died"]), vec!["died".to_owned(); 2]));
    assert_eq!(run(Some("")), ((0, 0), json!(["died"]), vec![]), "nobody died, and the table says so");
    assert_eq!(run(None), ((0, 0), json!([]), vec![]));
}

#[test]
fn a_folder_that_is_no_database_says_what_is_missing() {
    let workdir = database();
    workdir.remove("omop/PERSON.csv");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("person");

    let workdir = database();
    workdir.write("omop/person.csv", TABLES[0].1);
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("there twice");

    let workdir = database();
    workdir.replace("omop/MEASUREMENT.csv", "measurement_concept_id", "concept");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("measurement_concept_id");

    let workdir = database();
    workdir.remove("omop/PERSON.csv");
    workdir.write("omop/PERSON.parquet", "not Parquet at all");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("PERSON.parquet");
}

#[test]
fn dates_are_refused_under_safe_harbor() {
    let workdir = database();
    workdir.replace("pipeline.toml", "limited-data-set", "safe-harbor");
    workdir.relief(&["check", "pipeline.toml"]).exits(5);
}

#[test]
fn a_row_of_another_width_is_set_aside() {
    let workdir = database();
    workdir.replace(
        "omop/MEASUREMENT.csv",
        "1,101,43055141,2026-01-04,7.0,,72514-3,0\n",
        "1,101,43055141,2026-01-04,7.0\n",
    );
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(findings(&answer)["field-count "], 1);
    assert_eq!(answer["tables"]["assessments"], json!({"read": 4, "accepted": 1, "quarantined": 3, "duplicates": 0}));
}

/// Bytes that look enough like a table to get far, and bytes that do not.
fn table_bytes() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        ",",
        ",",
        ",",
        ",",
        "\n",
        "\n",
        "\r\n",
        "\"",
        "\"\"",
        "\t",
        "101",
        "202",
        "0",
        "1",
        "43055141",
        "2026-01-04",
        "20260104",
        "7.0",
        "-1",
        "1e9",
        "NULL",
        "IV",
        "mg",
        "72514-3",
        "G90.5",
        "é",
        "\0",
        "ketamine",
    ]);
    let like = prop::collection::vec(words, 0..80).prop_map(|words| words.concat().into_bytes());
    let unlike = prop::collection::vec(any::<u8>(), 0..80);
    proptest::prop_oneof![4 => like, 1 => unlike]
}

fn conserved(workdir: &Workdir) {
    let protocol = Protocol::read(&workdir.path("pipeline.toml")).expect("a pipeline");
    match ingest::run(&protocol, Mode::Check, &mut |_| {}) {
        Ok(ingested) => {
            assert!(ingested.rows().conserved());
            assert!(ingested.records.iter().all(|file| file.counts.conserved()));
        }
        Err(error) => assert!([5, 7].contains(&error.exit_code()), "{error}"),
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn whatever_the_bytes_records_are_conserved_or_the_file_is_named(
        table in 0..TABLES.len(), body in table_bytes(), with_header in any::<bool>(),
    ) {
        let workdir = database();
        let (name, whole) = TABLES[table];
        let header = if with_header { whole.lines().next().expect("a header") } else { "" };
        let path = workdir.path(&format!("omop/{}.csv", name.to_uppercase()));
        fs::write(path, [header.as_bytes(), b"\n", &body].concat()).expect("ours");
        conserved(&workdir);
    }

    #[test]
    fn a_damaged_parquet_file_is_named_and_never_a_panic(
        cut in 0.0_f64..1.2, flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let workdir = database();
        workdir.remove("omop/MEASUREMENT.csv");
        let mut bytes = measurement_as_parquet();
        let length = bytes.len();
        flips.iter().for_each(|(at, byte)| bytes[at.index(length)] = *byte);
        bytes.truncate((bytes.len() as f64 * cut) as usize);
        fs::write(workdir.path("omop/measurement.parquet"), bytes).expect("ours");
        conserved(&workdir);
    }
}

/// The measurements as a program writes them that compresses with Snappy.
fn measurement_as_parquet() -> Vec<u8> {
    let (_, text) = TABLES.iter().find(|(table, _)| *table == "measurement").expect("a table");
    let mut lines = text.lines().map(|line| line.split(',').map(str::trim).collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let rows: Vec<Vec<&str>> = lines.collect();
    let column = |at: usize| -> ArrayRef { Arc::new(rows.iter().map(|row| Some(row[at])).collect::<StringArray>()) };
    let columns = header.iter().enumerate().map(|(at, name)| (*name, column(at)));
    let batch = RecordBatch::try_from_iter(columns).expect("one length");
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("complete");
    bytes
}
