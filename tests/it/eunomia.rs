//! Records nobody on this project wrote: OHDSI's Eunomia (OMOP CDM 5.4), its
//! pain scores turned into canonical CSV, must come through ingest with the
//! counts its README gives, computed with pandas.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use arrow::array::AsArray;
use arrow::datatypes::Int32Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::workdir::{Workdir, repository};

/// LOINC 72514-3, pain severity 0–10.
const PAIN: &str = "43055141";

fn eunomia() -> Option<PathBuf> {
    let folder = repository().join("../shared/real-data/omop-eunomia");
    folder.is_dir().then_some(folder)
}

/// Rows of an OMOP table as column → text; none of these columns is quoted.
fn rows(folder: &std::path::Path, table: &str) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(folder.join(format!("{table}.csv"))).expect("an OMOP table");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let row = |line: &str| {
        header.iter().zip(line.split(',')).map(|(name, cell)| ((*name).to_owned(), cell.to_owned())).collect()
    };
    lines.map(row).collect()
}

#[test]
fn the_pain_scores_of_eunomia_come_through_ingest() {
    let Some(folder) = eunomia() else {
        crate::say("skipped: no third-party data beside the project");
        return;
    };
    let workdir = Workdir::with_clinic();
    write_clinic(&workdir, &folder);
    let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(answer["patients"], 28);
    assert_eq!(answer["tables"]["assessments"]["read"], 471);
    assert_eq!(answer["tables"]["assessments"]["accepted"], 471);
    let scores = accepted_scores(&workdir);
    let mut histogram = BTreeMap::new();
    scores.iter().for_each(|score| *histogram.entry(score / 10).or_insert(0) += 1);
    let expected = [(0, 45), (1, 135), (2, 120), (3, 108), (4, 58), (5, 1), (6, 2), (7, 1), (8, 1)];
    assert_eq!(histogram, BTreeMap::from(expected));
    let mean = f64::from(scores.iter().sum::<i32>()) / 10.0 / scores.len() as f64;
    assert!((mean - 2.044_586).abs() < 5e-7, "{mean}");
}

fn write_clinic(workdir: &Workdir, folder: &std::path::Path) {
    // The test makes codes of its own: numbers counted up from 1 look like record numbers.
    let code =
        |person: &str| format!("e{}x", person.parse::<u64>().expect("an id").wrapping_mul(2_654_435_761) % 999_999_937);
    let mut patients = "patient_id,birth_year\n".to_owned();
    for person in rows(folder, "PERSON") {
        writeln!(patients, "{},{}", code(&person["person_id"]), person["year_of_birth"]).expect("text");
    }
    let mut assessments = "patient_id,date,instrument,score\n".to_owned();
    for measured in rows(folder, "MEASUREMENT").iter().filter(|row| row["measurement_concept_id"] == PAIN) {
        let (person, date, score) =
            (code(&measured["person_id"]), &measured["measurement_date"], &measured["value_as_number"]);
        writeln!(assessments, "{person},{date},pain_nrs,{score}").expect("text");
    }
    workdir.write("records/patients.csv", patients);
    workdir.write("records/assessments.csv", assessments);
    workdir.write("records/diagnoses.csv", "patient_id,condition\n");
    workdir.write("records/infusions.csv", "patient_id,date\n");
}

fn accepted_scores(workdir: &Workdir) -> Vec<i32> {
    let file = std::fs::File::open(workdir.path("store/snapshots/000001/assessments.parquet")).expect("the table");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("a reader");
    let mut scores = Vec::new();
    for batch in reader {
        let batch = batch.expect("a batch");
        let column = batch.column_by_name("score_x10").expect("the column");
        scores.extend(column.as_primitive::<Int32Type>().values().iter().copied());
    }
    scores
}
