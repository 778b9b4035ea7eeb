//! The outcome analyses, from a clinic's files to the results table: the
//! tables a clinician can check, and what was planted in the sample.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use relief::estimate::statistics::tipping_point::{Followed, share_of_lost};
use serde_json::Value;

use crate::table::{Row, tables};
use crate::workdir::{Workdir, repository};

/// One row of `results.csv`, by column.
pub(crate) type Result = BTreeMap<String, String>;

/// `results.csv` by id.
pub(crate) type Results = BTreeMap<String, Result>;

/// A clinic being written down.
#[derive(Default)]
struct Clinic {
    patients: String,
    diagnoses: String,
    infusions: String,
    assessments: String,
    count: u64,
}

/// First infusion, the day before it, four and twelve weeks after it.
const NOW: [&str; 4] = ["2026-02-02", "2026-02-01", "2026-03-02", "2026-04-27"];
const BEFORE: [&str; 4] = ["2025-11-03", "2025-11-02", "2025-12-01", "2026-01-26"];

impl Clinic {
    /// A patient with these diagnoses and scores: before, at four weeks, at twelve.
    fn add(&mut self, [start, before, four, twelve]: [&str; 4], diagnoses: &[&str], scores: [&str; 3]) {
        self.count += 1;
        let id = code(self.count);
        writeln!(self.patients, "{id},F,1970").expect("text");
        writeln!(self.infusions, "{id},{start},0.5").expect("text");
        for (rank, diagnosis) in (1..).zip(diagnoses.iter().filter(|diagnosis| !diagnosis.is_empty())) {
            writeln!(self.diagnoses, "{id},{diagnosis},{rank}").expect("text");
        }
        for (day, score) in [before, four, twelve].iter().zip(scores).filter(|(_, score)| *score != "-") {
            writeln!(self.assessments, "{id},{day},pain_nrs,{score}").expect("text");
        }
    }

    fn results(&self) -> Results {
        self.results_of("")
    }

    /// With further packs of measures.
    fn results_of(&self, packs: &str) -> Results {
        let workdir = Workdir::with_clinic();
        workdir.replace("pipeline.toml", "[ingest]", &format!("{packs}\n[ingest]"));
        for (file, header, rows) in [
            ("patients", "patient_id,sex,birth_year", &self.patients),
            ("diagnoses", "patient_id,condition,rank", &self.diagnoses),
            ("infusions", "patient_id,date,dose_mg_per_kg", &self.infusions),
            ("assessments", "patient_id,date,instrument,score", &self.assessments),
        ] {
            workdir.write(&format!("records/{file}.csv"), format!("{header}\n{rows}"));
        }
        workdir.relief(&["run", "pipeline.toml"]).exits(0);
        read(&workdir.read("reports/small/results.csv"))
    }
}

/// A pseudonym that looks like nothing else: eight letters and digits.
pub(crate) fn code(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut text = String::from("k");
    for at in 0..7 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let digit = (state >> 40) % if at % 2 == 0 { 8 } else { 22 };
        text.push(char::from(if at % 2 == 0 { b'2' } else { b'b' } + u8::try_from(digit).expect("a digit")));
    }
    text
}

pub(crate) fn read(csv: &str) -> Results {
    let mut lines = csv.lines().map(cells);
    let header = lines.next().expect("a header");
    let row = |cells: Vec<String>| header.iter().cloned().zip(cells).collect::<Result>();
    lines.map(row).map(|row| (row["result_id"].clone(), row)).collect()
}

/// Cells of a line; a quoted one may hold commas.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cells.last_mut().expect("never empty").push(letter),
        }
    }
    cells
}

#[track_caller]
pub(crate) fn find<'r>(results: &'r Results, id: &str) -> &'r Result {
    results.get(id).unwrap_or_else(|| panic!("no row `{id}`"))
}

pub(crate) fn counts(row: &Result) -> String {
    format!("{} of {}", row["numerator"], row["denominator"])
}

#[track_caller]
pub(crate) fn check_number(found: &str, expected: &str, tolerance: f64, what: &str) {
    let number = |text: &str| text.parse::<f64>().unwrap_or_else(|_| panic!("`{text}` is no number: {what}"));
    assert!((number(found) - number(expected)).abs() < tolerance, "{found} is not {expected}: {what}");
}

const QUARTER: &str = "quarter/2026Q1/all/all/all/12w";

#[test]
fn the_lost_are_counted_as_the_table_says() {
    for row in tables("estimands")[0].rows() {
        let mut clinic = Clinic::default();
        for group in row.get("patients").split(';') {
            let (count, scores) = group.split_once(':').expect("count: scores");
            let scores: Vec<&str> = scores.split_whitespace().collect();
            let count: u64 = count.trim().parse().expect("a count");
            (0..count).for_each(|_| clinic.add(NOW, &["crps_1"], [scores[0], scores[1], scores[2]]));
        }
        check_estimands(&row, &clinic.results());
    }
}

fn check_estimands(row: &Row<'_>, results: &Results) {
    let rate = |estimand: &str| find(results, &format!("response_30/{QUARTER}/{estimand}/rate"));
    for estimand in ["OC", "NRI", "LOCF", "best", "worst"] {
        assert_eq!(counts(rate(estimand)), row.get(estimand), "{estimand} in {}", row.text());
    }
    check_number(&rate("IPW")["value"], row.get("IPW"), 1e-12, &row.text());
    for estimand in ["OC", "BOCF", "LOCF", "best", "worst"] {
        let found = find(results, &format!("pain_delta/{QUARTER}/{estimand}/mean"));
        check_number(&found["value"], row.get(&format!("change {estimand}")), 5e-5, &row.text());
    }
}

#[test]
fn tipping_points_are_where_the_table_says() {
    for row in tables("tipping_point")[0].rows() {
        let count = |column: &str| row.get(column).parse().expect("a count");
        let followed = Followed { events: count("responded"), observed: count("seen"), eligible: count("begun") };
        match (share_of_lost(followed, 0.5, 0.95), row.get("of the lost")) {
            (Ok(found), expected) => check_number(&found.to_string(), expected, 5e-5, &row.text()),
            (Err(why), expected) => assert!(why.to_string().starts_with(expected), "{why} in {}", row.text()),
        }
    }
}

/// By hand: PHQ-9 of 20 in six patients, 10 at twelve weeks in three of them. At best the
/// others have 0, at worst 27: (3 × −10 + 3 × −20) / 6 and (3 × −10 + 3 × 7) / 6. None of the
/// others has a score after day 0 that could stand in: carried forward, nothing changed.
#[test]
fn a_questionnaire_has_the_ends_of_its_scale() {
    let mut clinic = Clinic::default();
    for number in 0..6 {
        clinic.add(NOW, &["crps_1"], ["8", "-", "4"]);
        let id = code(clinic.count);
        writeln!(clinic.assessments, "{id},{},phq9,20", NOW[1]).expect("text");
        if number < 3 {
            writeln!(clinic.assessments, "{id},{},phq9,10", NOW[3]).expect("text");
        }
    }
    let packs = "[packs]\nmeasures = [\"measures.toml\", \"measures-mind-body.toml\"]\n";
    let results = clinic.results_of(packs);
    let mean = |estimand: &str| format!("phq9_change/quarter/2026Q1/all/all/all/12w/{estimand}/mean");
    for (estimand, value) in [("best", "-15"), ("worst", "-1.5"), ("BOCF", "-5"), ("LOCF", "-5")] {
        check_number(&find(&results, &mean(estimand))["value"], value, 1e-9, estimand);
    }
}

fn ratio(text: &str) -> (u64, u64) {
    let (with, of) = text.split_once(" of ").expect("x of n");
    (with.parse().expect("a count"), of.parse().expect("a count"))
}

#[test]
fn quarters_differ_as_the_table_says() {
    for row in tables("contrast")[0].rows() {
        let mut clinic = Clinic::default();
        for (days, column) in [(NOW, "now"), (BEFORE, "before")] {
            let (with, of) = ratio(row.get(column));
            (0..of).for_each(|at| clinic.add(days, &["crps_1"], ["8", "-", if at < with { "2" } else { "8" }]));
        }
        let results = clinic.results();
        let found =
            find(&results, "response_30/quarter/2026Q1/all/all/contrast=quarter_before/12w/NRI/rate_difference");
        for (column, cell) in [("difference", "value"), ("low", "ci_low"), ("high", "ci_high")] {
            check_number(&found[cell], row.get(column), 5e-5, &row.text());
        }
        assert_eq!(found["ci_method"], "newcombe");
        if row.get("p") == "none" {
            assert_eq!(found["p_value"], "", "{}", row.text());
        } else {
            check_number(&found["p_value"], row.get("p"), 5e-7, &row.text());
            assert!(found["adjust_method"] == "holm" && found["message"].starts_with("p: "), "{found:?}");
        }
    }
}

#[test]
fn nothing_is_compared_where_too_many_were_lost() {
    let mut clinic = Clinic::default();
    (0..20).for_each(|_| clinic.add(BEFORE, &["crps_1"], ["8", "-", "2"]));
    (0..20).for_each(|at| clinic.add(NOW, &["crps_1"], ["8", "-", if at < 11 { "2" } else { "-" }]));
    let results = clinic.results();
    let found = find(&results, "response_30/quarter/2026Q1/all/all/contrast=quarter_before/12w/NRI/rate_difference");
    assert_eq!((found["value"].as_str(), found["p_value"].as_str()), ("", ""));
    assert!(found["reason"].contains("60 %"), "{}", found["reason"]);
}

#[test]
fn conditions_are_viewed_as_the_table_says() {
    let [patients, expected] = &tables("condition_views")[..] else { panic!("two tables") };
    let mut clinic = Clinic::default();
    for row in patients.rows() {
        let count = |column: &str| row.get(column).parse::<u64>().expect("a count");
        let diagnoses = [row.get("first diagnosis"), row.get("second diagnosis")];
        let responded = count("responded");
        (0..count("patients"))
            .for_each(|at| clinic.add(NOW, &diagnoses, ["8", "-", if at < responded { "2" } else { "8" }]));
    }
    let results = clinic.results();
    for row in expected.rows() {
        let (condition, stratum) = match row.get("split") {
            "counted" => (row.get("condition or level"), "all".to_owned()),
            "any" => (row.get("condition or level"), "condition_view=any".to_owned()),
            split => ("all", format!("{split}={}", row.get("condition or level"))),
        };
        let id = format!("response_30/rolling_year/2026Q1/all/{condition}/{stratum}/12w/NRI/rate");
        assert_eq!(counts(find(&results, &id)), row.get("responded"), "{}", row.text());
    }
}

/// The results of the sample, and what was planted in it.
fn sample() -> (Results, Value) {
    let workdir = Workdir::with_sample();
    workdir.relief(&["run", "pipelines/quarterly.toml"]).exits(0);
    let results = read(&workdir.read("reports/sample-quarterly/results.csv"));
    let text = std::fs::read_to_string(repository().join("sample-data/truth.json")).expect("the planted truth");
    (results, serde_json::from_str(&text).expect("JSON"))
}

/// Patients whose opioid was changed for another, so that other factors say another
/// status at 50 %: planted counts, found exactly.
#[test]
fn planted_flips_are_found_under_every_set() {
    let (results, truth) = sample();
    let planted = |set: &str, ending: &str| -> u64 {
        let flips = truth["opioids_12w"]["flips"].as_array().expect("a list").iter();
        let under = |flip: &&Value| flip["flips_under"].as_array().expect("sets").iter().any(|one| one == set);
        let ends = |flip: &&Value| flip["rotation"].as_str().expect("a name").ends_with(ending);
        flips
            .filter(under)
            .filter(ends)
            .map(|flip| flip["realised_by_last_mature_quarter"].as_u64().expect("a count"))
            .sum()
    };
    for set in ["cdc-2016", "heal-2025", "anzca-2021"] {
        for (way, ending) in
            [("responder_to_non_responder", "_to_morphine"), ("non_responder_to_responder", "_to_tramadol")]
        {
            let id = format!("mme_flip/to_date/2023-07-01..2026-03-31/all/all/flip_{set}={way}/12w/NRI/rate");
            let found = find(&results, &id);
            assert_eq!(found["numerator"], planted(set, ending).to_string(), "{id}");
        }
    }
    assert!(planted("cdc-2016", "") > 10 && planted("anzca-2021", "") > 0, "something was planted");
}

/// The planted truth of the sample: rates that differ by condition and not by
/// quarter, and responders who stay in care more often.
#[test]
fn what_was_planted_in_the_sample_is_recovered() {
    let (results, truth) = sample();
    let planted = truth["pain_12w"].as_array().expect("a list");
    let number = |row: &Result, column: &str| row[column].parse::<f64>().expect("a number");
    let to_date = |condition: &str, stratum: &str, estimand_and_statistic: &str| {
        let fits = |id: &&String| {
            id.starts_with("response_30/to_date/")
                && id.ends_with(&format!("/all/{condition}/{stratum}/12w/{estimand_and_statistic}"))
        };
        find(&results, results.keys().find(fits).expect("a row"))
    };
    let everyone = planted.iter().find(|row| row["condition"] == "all").expect("the margin");
    let rate = |estimand: &str| number(to_date("all", "all", &format!("{estimand}/rate")), "value");
    let truly = everyone["true_response_30"].as_f64().expect("a rate");
    assert!(rate("worst") < truly && truly < rate("best"));
    assert!(rate("NRI") < truly && truly < rate("OC"), "responders stay in care");
    assert!((rate("IPW") - rate("OC")).abs() < 0.01, "no covariate explains who is lost");
    let screen = to_date("all", "screen=conditions", "NRI/cramers_v");
    assert!(number(screen, "p_adjusted") < 0.05, "conditions were planted to differ");
    let contrasts = results.values().filter(|row| row["stratum_name"] == "contrast" && !row["p_adjusted"].is_empty());
    let contrasts: Vec<f64> = contrasts.map(|row| number(row, "p_adjusted")).collect();
    assert!(contrasts.len() >= 4 && contrasts.iter().all(|p| *p > 0.05), "no change was planted: {contrasts:?}");
    let [mut raw, mut pooled] = [0.0, 0.0];
    for planted in planted.iter().filter(|row| row["condition"] != "all") {
        let (condition, expected) =
            (planted["condition"].as_str().expect("a code"), planted["expected"]["nri"].as_f64());
        let expected = expected.expect("a rate");
        raw += (number(to_date(condition, "all", "NRI/rate"), "value") - expected).powi(2);
        pooled += (number(to_date(condition, "all", "NRI/rate_pooled"), "value") - expected).powi(2);
    }
    assert!(pooled < raw, "pooled rates are nearer to what was planted: {pooled} and {raw}");
}
