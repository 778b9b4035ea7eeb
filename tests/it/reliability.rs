//! Reliability of repeated scores: the table, and from a clinic's files to its rows.

use std::fmt::Write as _;
use std::fs;

use relief::derive::repeats::before;
use relief::estimate::statistics::reliability::{Repeated, icc};
use serde_json::Value;

use crate::outcomes::{Results, code, read};
use crate::patient::{Patient, tenths};
use crate::spec::protocol;
use crate::table::tables;
use crate::workdir::{Workdir, repository};

#[test]
fn repeated_scores_are_those_the_table_says() {
    let protocol = protocol();
    for row in tables("reliability")[0].rows() {
        let patient = Patient::new("0", row.get("scores"));
        let derived = patient.derive(10_000, &protocol);
        let baseline = derived[0].episode.pain.expect("a baseline");
        let found = before(&patient.history(), baseline, 0, protocol.study.baseline_days);
        assert_eq!(found.number.to_string(), row.get("days"), "{}", row.text());
        assert_eq!(found.total, u64::from(tenths(row.get("sum")).unsigned_abs()), "{}", row.text());
    }
}

#[test]
fn the_analysis_of_variance_is_the_one_the_table_says() {
    for row in tables("reliability")[1].rows() {
        let groups: Vec<Repeated> = row.get("patients").split(';').map(repeated).collect();
        let found = icc(&groups, 0.95);
        let check = |column: &str, value: Option<f64>| match (value, row.get(column)) {
            (None, expected) => assert_eq!(expected, "none", "{column} in {}", row.text()),
            (Some(value), expected) => {
                let expected: f64 = expected.parse().expect("a number");
                assert!((value - expected).abs() < 5.1e-5, "{column}: {value} in {}", row.text());
            }
        };
        // Mean squares are of tenths.
        check("between", found.ok().map(|found| found.between / 100.0));
        check("within", found.ok().map(|found| found.within / 100.0));
        check("ICC(1)", found.ok().map(|found| found.icc));
        let interval = found.ok().and_then(|found| found.interval.ok());
        check("low", interval.map(|ends| ends.low));
        check("high", interval.map(|ends| ends.high));
    }
}

fn repeated(scores: &str) -> Repeated {
    let scores: Vec<u64> = scores.split_whitespace().map(|score| u64::from(tenths(score).unsigned_abs())).collect();
    let total = scores.iter().sum::<u64>();
    Repeated {
        scores: scores.len() as u64,
        subjects: 1,
        total,
        squares_of_totals: total * total,
        squares: scores.iter().map(|score| score * score).sum(),
    }
}

/// The 150 patients of the golden case, in tenths.
fn golden() -> (Vec<Vec<u64>>, Value) {
    let text =
        fs::read_to_string(repository().join("tests/reference/golden/reliability.json")).expect("the file is there");
    let golden: Value = serde_json::from_str(&text).expect("JSON");
    let cases = golden["cases"].as_array().expect("cases");
    let case = cases.iter().find(|case| case["id"] == "reliability.icc1/simulated150").expect("the case");
    let scores = serde_json::from_value(case["args"]["scores"].clone()).expect("lists of scores");
    (scores, case["expected"].clone())
}

/// Each patient's scores on the days before 2 February, and 4 at twelve weeks.
fn clinic(patients: &[Vec<u64>]) -> Results {
    let workdir = Workdir::with_clinic();
    let [mut people, mut diagnoses, mut infusions, mut assessments] = [
        "patient_id,sex,birth_year\n",
        "patient_id,condition,rank\n",
        "patient_id,date,dose_mg_per_kg\n",
        "patient_id,date,instrument,score\n",
    ]
    .map(str::to_owned);
    for (number, scores) in (1..).zip(patients) {
        let id = code(number);
        writeln!(people, "{id},F,1970").expect("text");
        writeln!(diagnoses, "{id},crps_1,1").expect("text");
        writeln!(infusions, "{id},2026-02-02,0.5").expect("text");
        for (day, score) in (10..).zip(scores) {
            let (whole, tenth) = (score / 10, score % 10);
            writeln!(assessments, "{id},2026-01-{day},pain_vas_mm,{whole}{tenth}").expect("text");
        }
        writeln!(assessments, "{id},2026-04-27,pain_vas_mm,40").expect("text");
    }
    for (file, rows) in
        [("patients", people), ("diagnoses", diagnoses), ("infusions", infusions), ("assessments", assessments)]
    {
        workdir.write(&format!("records/{file}.csv"), rows);
    }
    workdir.relief(&["run", "pipeline.toml"]).exits(0);
    read(&workdir.read("reports/small/results.csv"))
}

fn row<'r>(results: &'r Results, start: &str, statistic: &str) -> &'r std::collections::BTreeMap<String, String> {
    let found = results.iter().find(|(id, _)| id.starts_with(start) && id.ends_with(&format!("/{statistic}")));
    found.unwrap_or_else(|| panic!("no {start}…/{statistic}")).1
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("no number: `{text}`"))
}

/// Expected values: R 4.2.2 for the correlation; the band by its formula from them
/// and from the mean of each patient's last score, the usual levels 5 and 6.4. The
/// assumed reliability, 0.5 to 0.8, is widened by the measured one and never narrowed.
#[test]
fn a_clinic_s_repeated_scores_carry_the_band() {
    let (patients, expected) = golden();
    let results = clinic(&patients);
    let icc = row(&results, "pain_reliability/to_date/", "icc_1");
    assert_eq!((icc["n"].as_str(), icc["ci_method"].as_str()), ("150", "icc_f"));
    for (cell, key) in [("value", "icc"), ("ci_low", "lo"), ("ci_high", "hi")] {
        let expected = expected[key].as_f64().expect("a number");
        assert!((number(&icc[cell]) - expected).abs() < 1e-9, "{cell}: {}", icc[cell]);
    }
    let within = number(&row(&results, "pain_reliability/to_date/", "within_sd")["value"]);
    assert!((within - expected["msw"].as_f64().expect("a number").sqrt() / 10.0).abs() < 1e-9);
    let last: u64 = patients.iter().map(|scores| scores[scores.len() - 1]).sum();
    let before = last as f64 / 10.0 / patients.len() as f64;
    let change = "pain_delta/quarter/2026Q1/all/all/all/12w/OC";
    assert!((number(&row(&results, change, "mean_before")["value"]) - before).abs() < 1e-9);
    let end = |key: &str| expected[key].as_f64().expect("a number");
    for (statistic, value) in [
        ("expected_regression_measured_least", -(1.0 - end("hi").max(0.8)) * (before - 6.4)),
        ("expected_regression_measured_most", -(1.0 - end("lo").min(0.5)) * (before - 5.0)),
    ] {
        let found = &row(&results, change, statistic)["value"];
        assert!((number(found) - value).abs() < 1e-9, "{statistic}: {found} for {value}");
    }
}

/// Fewer than 103 asked twice: the assumptions remain and the row says why.
#[test]
fn too_few_repeated_scores_leave_the_assumptions() {
    let (patients, _) = golden();
    let results = clinic(&patients[..102]);
    let change = "pain_delta/quarter/2026Q1/all/all/all/12w/OC";
    let measured = row(&results, change, "expected_regression_measured_least");
    assert_eq!(measured["value"], "");
    assert!(measured["reason"].contains("103"), "{}", measured["reason"]);
    assert!(!row(&results, change, "expected_regression_least")["value"].is_empty());
    assert_eq!(row(&results, "pain_reliability/to_date/", "icc_1")["n"], "102");
}
