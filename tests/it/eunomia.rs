//! A health record database nobody on this project made: OHDSI's Eunomia (OMOP
//! CDM 5.4) must come through the adapter with the counts its README gives,
//! computed with pandas, whatever it is written in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Date32Array, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Int64Type};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use relief::model::calendar::Day;
use serde_json::Value;

use crate::workdir::{Workdir, repository};

fn eunomia() -> Option<PathBuf> {
    let folder = repository().join("../shared/real-data/omop-eunomia");
    if !folder.is_dir() {
        crate::say("skipped: no third-party data beside the project");
        return None;
    }
    Some(folder)
}

/// A pipeline over an OMOP folder, with the built-in mapping and nothing else.
fn pipeline(workdir: &Workdir, path: &Path) {
    workdir.write(
        "pipeline.toml",
        format!(
            "id = \"p\"\ntitle = \"T\"\nclinic = \"C\"\n[privacy]\nbasis = \"limited-data-set\"\n[store]\nfolder = \"store\"\n\
             [reports]\nfolder = \"reports\"\n[[source]]\nname = \"nj\"\nkind = \"omop\"\npath = \"{}\"\n",
            path.display()
        ),
    );
}

fn ingest(workdir: &Workdir) -> Value {
    workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json()
}

/// Findings of a rule as column → count.
fn findings(answer: &Value, rule: &str) -> BTreeMap<String, u64> {
    let of_rule = answer["findings"].as_array().expect("a list").iter().filter(|finding| finding["rule"] == rule);
    let entry = |finding: &Value| {
        (finding["column"].as_str().expect("text").to_owned(), finding["count"].as_u64().expect("a count"))
    };
    of_rule.map(entry).collect()
}

fn batches(workdir: &Workdir, table: &str) -> Vec<RecordBatch> {
    let path = workdir.path(&format!("store/snapshots/000001/{table}.parquet"));
    let file = fs::File::open(path).expect("the table");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("a reader");
    reader.map(|batch| batch.expect("a batch")).collect()
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> &'a ArrayRef {
    batch.column_by_name(name).expect("the column")
}

fn patients(workdir: &Workdir, table: &str) -> BTreeSet<i64> {
    let keys = |batch: &RecordBatch| column(batch, "patient_key").as_primitive::<Int64Type>().values().to_vec();
    batches(workdir, table).iter().flat_map(keys).collect()
}

/// Every count of the README, of the answer and the snapshot.
fn expect_the_readme(workdir: &Workdir, answer: &Value) {
    assert_eq!(answer["patients"], 28);
    for (table, read, accepted) in
        [("patients", 28, 28), ("assessments", 471, 471), ("diagnoses", 12, 12), ("prescriptions", 59, 0)]
    {
        assert_eq!(answer["tables"][table]["read"], read, "{table}");
        assert_eq!(answer["tables"][table]["accepted"], accepted, "{table}");
    }
    expect_pain(workdir);
    // No opioid has a quantity: the dose is unknown for all eight, and never 0.
    assert_eq!(findings(answer, "quantity-not-recorded"), BTreeMap::from([("quantity".to_owned(), 59)]));
    assert_eq!(patients(workdir, "prescriptions_withheld").len(), 8);
    let unanswered = findings(answer, "no-value");
    assert_eq!((unanswered["value_as_number, phq9"], unanswered["value_as_number, gad7"]), (15, 153));
    let mut conditions: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for batch in batches(workdir, "diagnoses") {
        let keys = column(&batch, "patient_key").as_primitive::<Int64Type>();
        let names = column(&batch, "condition").as_string::<i32>();
        for (key, name) in keys.values().iter().zip(names.iter().flatten()) {
            conditions.entry(name.to_owned()).or_default().insert(*key);
        }
    }
    let people: Vec<(&str, usize)> = conditions.iter().map(|(name, people)| (name.as_str(), people.len())).collect();
    // Osteoarthritis of the knee has no row of its own in the condition pack.
    assert_eq!(people, [("back_pain", 5), ("neck_pain", 4), ("other", 3)]);
}

fn expect_pain(workdir: &Workdir) {
    let scores: Vec<i32> = batches(workdir, "assessments")
        .iter()
        .flat_map(|batch| column(batch, "score_x10").as_primitive::<Int32Type>().values().to_vec())
        .collect();
    let mut histogram = BTreeMap::new();
    scores.iter().for_each(|score| *histogram.entry(score / 10).or_insert(0) += 1);
    let expected = [(0, 45), (1, 135), (2, 120), (3, 108), (4, 58), (5, 1), (6, 2), (7, 1), (8, 1)];
    assert_eq!(histogram, BTreeMap::from(expected));
    assert_eq!(patients(workdir, "assessments").len(), 28);
    let (n, values) = (scores.len() as f64, scores.iter().map(|score| f64::from(*score) / 10.0));
    let mean = values.clone().sum::<f64>() / n;
    let sd = (values.map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    assert!((mean - 2.044_586).abs() < 5e-7 && (sd - 1.268_324).abs() < 5e-7, "{mean} {sd}");
}

#[test]
fn every_count_of_eunomia_is_reproduced_from_csv() {
    let Some(folder) = eunomia() else { return };
    let workdir = Workdir::empty();
    pipeline(&workdir, &folder);
    let answer = ingest(&workdir);
    expect_the_readme(&workdir, &answer);
    assert_eq!(answer["tables"]["departures"]["accepted"], 3);
    let records: BTreeMap<&str, u64> = answer["records"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|file| (file["file"].as_str().expect("a name"), file["read"].as_u64().expect("a count")))
        .collect();
    for (file, read) in [
        ("PERSON.csv", 28),
        ("OBSERVATION_PERIOD.csv", 28),
        ("CONDITION_OCCURRENCE.csv", 470),
        ("DRUG_EXPOSURE.csv", 883),
        ("MEASUREMENT.csv", 10_040),
        ("OBSERVATION.csv", 8_099),
        ("PROCEDURE_OCCURRENCE.csv", 1_649),
        ("DEATH.csv", 3),
    ] {
        assert_eq!(records[file], read, "{file}");
    }
}

/// Rows of a CSV file as fields; quotes only where a name has a comma.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().expect("never empty").push(c),
        }
    }
    fields
}

/// Writes a table as R or Spark would: typed, whole numbers as doubles in some
/// columns, dates as dates, Snappy.
fn write_parquet(from: &Path, to: &Path) {
    let text = fs::read_to_string(from).expect("a table");
    let mut lines = text.lines();
    let header = fields(&lines.next().expect("a header").to_lowercase());
    let rows: Vec<Vec<String>> = lines.map(fields).collect();
    let array = |at: usize| -> ArrayRef {
        let cells = || rows.iter().map(|row| Some(row[at].as_str()).filter(|cell| !cell.is_empty()));
        match header[at].as_str() {
            "person_id" | "quantity" | "value_as_number" => {
                Arc::new(cells().map(|cell| cell.and_then(|cell| cell.parse::<f64>().ok())).collect::<Float64Array>())
            }
            name if name.ends_with("concept_id") => {
                Arc::new(cells().map(|cell| cell.and_then(|cell| cell.parse::<i32>().ok())).collect::<Int32Array>())
            }
            name if name.ends_with("_date") => {
                let day = |cell: &str| Day::parse_iso(cell.as_bytes()).map(|day| day.0);
                Arc::new(cells().map(|cell| cell.and_then(day)).collect::<Date32Array>())
            }
            _ => Arc::new(cells().collect::<StringArray>()),
        }
    };
    let columns = header.iter().enumerate().map(|(at, name)| (name.as_str(), array(at)));
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).expect("one length");
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let file = fs::File::create(to).expect("ours");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("complete");
}

#[test]
fn parquet_in_parts_and_compressed_csv_give_the_same_counts() {
    let Some(folder) = eunomia() else { return };
    let workdir = Workdir::empty();
    let tables = ["CONCEPT", "PERSON", "CONDITION_OCCURRENCE", "DRUG_EXPOSURE", "OBSERVATION"];
    for table in tables {
        let to = workdir.path(&format!("omop/{}.parquet", table.to_lowercase()));
        fs::create_dir_all(to.parent().expect("a folder")).expect("ours");
        write_parquet(&folder.join(format!("{table}.csv")), &to);
    }
    fs::create_dir_all(workdir.path("omop/measurement")).expect("ours");
    write_parquet(&folder.join("MEASUREMENT.csv"), &workdir.path("omop/measurement/part-0.parquet"));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let procedures = fs::read(folder.join("PROCEDURE_OCCURRENCE.csv")).expect("a table");
    std::io::Write::write_all(&mut packed, &procedures).expect("in memory");
    workdir.write("omop/Procedure_Occurrence.csv.gz", packed.finish().expect("in memory"));
    pipeline(&workdir, Path::new("omop"));
    let answer = ingest(&workdir);
    expect_the_readme(&workdir, &answer);
}
