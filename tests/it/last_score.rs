//! The last score carried forward, for every instrument: the table a clinician
//! can check, and what the packs say of it.

use std::fmt::Write as _;

use relief::derive::history::{Assessment, Scale};
use relief::model::calendar::Day;
use relief::model::horizon::HORIZONS;
use relief::protocol::MeasureKind;

use crate::outcomes::{Results, check_number, code, counts, find, read};
use crate::patient::{Patient, tenths};
use crate::spec::protocol;
use crate::table::{Row, Table, tables};
use crate::workdir::Workdir;

/// Later than every window of the table.
const LATE: i32 = 10_000;

/// `day:score` of a row, in the order written.
fn scores<'r>(row: &'r Row<'_>) -> impl Iterator<Item = (i32, &'r str)> {
    let written = row.get("scores").split_whitespace().map(|text| text.split_once(':').expect("day:score"));
    written.map(|(day, score)| (day.parse().expect("a day"), score))
}

#[test]
fn the_last_score_is_the_one_the_table_says() {
    let protocol = protocol();
    for row in tables("last_score")[0].rows() {
        let scale = Scale::of(row.get("instrument"), None).expect("an instrument with measures");
        let mut patient = Patient::new(row.get("infusions"), "");
        patient.assessments =
            scores(&row).map(|(day, score)| Assessment { day, scale, score_x10: tenths(score) }).collect();
        patient.assessments.sort_by_key(|assessment| assessment.day);
        let derived = patient.derive(LATE, &protocol);
        assert_eq!(derived.len(), 1, "one series in {}", row.text());
        for (horizon, outcome) in HORIZONS.iter().zip(&derived[0].outcomes) {
            let last = scale.questionnaire().map_or(outcome.last.pain, |which| outcome.last.questionnaires[which]);
            let last = last.known();
            let found = last.map_or("none".to_owned(), |score| (f64::from(score) / 10.0).to_string());
            assert_eq!(found, row.get(horizon.id), "{} in {}", horizon.id, row.text());
        }
    }
}

/// The patients of a table, through the program.
fn results(patients: &Table) -> Results {
    let workdir = Workdir::with_clinic();
    let packs = "[packs]\nmeasures = [\"measures.toml\", \"measures-mind-body.toml\"]\n";
    workdir.replace("pipeline.toml", "[ingest]", &format!("{packs}\n[ingest]"));
    let mut files = [
        ("patients", "patient_id,sex,birth_year\n".to_owned()),
        ("diagnoses", "patient_id,condition,rank\n".to_owned()),
        ("infusions", "patient_id,date,dose_mg_per_kg\n".to_owned()),
        ("assessments", "patient_id,date,instrument,score\n".to_owned()),
    ];
    let day_0 = Day::parse_iso(b"2026-02-02").expect("a date").0;
    let alike = |row: &Row<'_>| row.get("count").parse().expect("a count");
    let rows: Vec<Row<'_>> = patients.rows().collect();
    let each = rows.iter().flat_map(|row| std::iter::repeat_n(row, alike(row)));
    for (number, row) in (1..).zip(each) {
        let id = code(number);
        let mut add = |file: usize, cells: &str| writeln!(files[file].1, "{id},{cells}").expect("text");
        add(0, "F,1970");
        add(1, "crps_1,1");
        for day in row.get("infusions").split_whitespace() {
            add(2, &format!("{},0.5", Day(day_0 + day.parse::<i32>().expect("a day"))));
        }
        for (day, score) in scores(row) {
            add(3, &format!("{},{},{score}", Day(day_0 + day), row.get("instrument")));
        }
    }
    for (file, text) in files {
        workdir.write(&format!("records/{file}.csv"), text);
    }
    workdir.relief(&["run", "pipeline.toml"]).exits(0);
    read(&workdir.read("reports/small/results.csv"))
}

#[test]
fn lost_patients_count_by_their_last_score_as_the_table_says() {
    let [_, patients, shares, changes] = &tables("last_score")[..] else { panic!("four tables") };
    let results = results(patients);
    let row_of = |measure: &str, estimand: &str, statistic: &str| {
        find(&results, &format!("{measure}/quarter/2026Q1/all/all/all/12w/{estimand}/{statistic}"))
    };
    for row in shares.rows() {
        for estimand in ["OC", "NRI", "LOCF", "best", "worst"] {
            let found = counts(row_of(row.get("measure"), estimand, "rate"));
            assert_eq!(found, row.get(estimand), "{estimand} in {}", row.text());
        }
    }
    for row in changes.rows() {
        for estimand in ["OC", "BOCF", "LOCF", "best", "worst"] {
            let found = row_of(row.get("change"), estimand, "mean");
            check_number(&found["value"], row.get(estimand), 5e-5, &format!("{estimand} in {}", row.text()));
        }
    }
}

/// `last` is `outcome`, or `follow_up`, with the last score in place of the one
/// at the horizon, for every measure of a score that somebody may miss.
#[test]
fn every_measure_of_a_score_says_what_its_last_one_is() {
    let mut checked = 0;
    for measure in protocol().measures {
        let of_score = measure.observed.sql.starts_with("follow_up_") && measure.observed.sql.ends_with("IS NOT NULL");
        // Without an answer nobody is in the denominator of PGIC: none is missing.
        if !of_score || measure.eligible.sql.ends_with(&measure.observed.sql) {
            assert!(measure.last.is_none(), "{} has no score to carry forward", measure.id);
            continue;
        }
        let carried = |sql: &str| sql.replace("follow_up_", "last_");
        let expected = match (&measure.outcome, &measure.baseline, &measure.follow_up) {
            (Some(outcome), _, _) => carried(&outcome.sql),
            (None, Some(before), Some(after)) => format!("COALESCE({}, {})", carried(&after.sql), before.sql),
            _ => panic!("{} has neither an outcome nor a pair of scores", measure.id),
        };
        assert_eq!(measure.last.map(|last| last.sql), Some(expected), "{}", measure.id);
        assert!(measure.kind == MeasureKind::Proportion || measure.range.is_some(), "{} has no range", measure.id);
        checked += 1;
    }
    assert!(checked > 20, "only {checked} measures of scores");
}
