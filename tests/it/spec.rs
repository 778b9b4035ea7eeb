//! The tables of `tests/spec`, executed.

use std::path::PathBuf;

use relief::derive::flow::{End, Flow};
use relief::derive::history::{Therapy, TherapySession};
use relief::derive::opioid_dose::{Dose, WINDOW_DAYS};
use relief::derive::series::{Series, split};
use relief::model::horizon::HORIZONS;
use relief::model::pain::{Change, ScoreX10};
use relief::protocol::Protocol;
use relief::publish::disclosure;

use crate::patient::{Derived, Patient, days, tenths};
use crate::table::{Row, tables};

/// Later than every window of the tables.
const LATE: i32 = 10_000;

pub(crate) fn protocol() -> Protocol {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("pipelines/quarterly.toml");
    Protocol::read(&path).expect("the shipped pipeline reads")
}

/// Every row of every table of `name` through one check.
fn each_row(name: &str, check: impl Fn(&Row<'_>)) {
    for table in tables(name) {
        table.rows().for_each(|row| check(&row));
    }
}

fn in_tenths(score: Option<i32>) -> String {
    score.map_or("none".to_owned(), |score| (f64::from(score) / 10.0).to_string())
}

#[test]
fn series_are_split_as_the_table_says() {
    let study = protocol().study;
    each_row("series", |row| {
        let patient = Patient::new(row.get("infusion days"), "");
        let mut series = Vec::new();
        split(&patient.infusions, &study, &mut series);
        let written: Vec<String> = series.iter().map(write_series).collect();
        assert_eq!(written.join("; "), row.get("series"), "{}", row.text());
    });
}

fn write_series(series: &Series) -> String {
    let Series { index_day, infusions, induction_infusions, .. } = series;
    format!("{index_day}: {infusions} = {induction_infusions} + {}", series.boosters())
}

#[test]
fn baseline_is_the_one_the_table_says() {
    let protocol = protocol();
    each_row("baseline", |row| {
        let derived = only(Patient::new("0", row.get("scores")).derive(LATE, &protocol));
        let pain = derived.episode.pain;
        let same_day = if pain.is_some_and(|baseline| baseline.same_day) { " same day" } else { "" };
        let found = in_tenths(pain.map(|baseline| baseline.score_x10));
        assert_eq!(format!("{found}{same_day}"), row.get("baseline"), "{}", row.text());
    });
}

#[test]
fn follow_up_is_the_one_the_table_says() {
    let protocol = protocol();
    each_row("follow_up", |row| {
        let scores = format!("-1:8 {}", row.get("scores"));
        let derived = only(Patient::new(row.get("infusions"), &scores).derive(LATE, &protocol));
        for (horizon, outcome) in HORIZONS.iter().zip(&derived.outcomes) {
            assert_eq!(in_tenths(outcome.scores.pain.known()), row.get(horizon.id), "{} in {}", horizon.id, row.text());
        }
    });
}

#[test]
fn relief_lasts_as_the_table_says() {
    let protocol = protocol();
    let or_none = |day: Option<i32>| day.map_or("none".to_owned(), |day| day.to_string());
    each_row("durability", |row| {
        let scores = format!("-1:8 {}", row.get("scores"));
        let derived = Patient::new(row.get("infusions"), &scores).derive(LATE, &protocol);
        let relief = derived[0].episode.relief;
        assert_eq!(or_none(relief.map(|relief| relief.begins)), row.get("begins"), "{}", row.text());
        let Some(relief) = relief else { return };
        let ends = format!("{} {}", relief.days, if relief.lost { "lost" } else { "not lost" });
        assert_eq!(ends, row.get("ends"), "{}", row.text());
        assert_eq!(relief.least_days.to_string(), row.get("still seen"), "{}", row.text());
        assert_eq!(or_none(relief.retreated), row.get("next infusion"), "{}", row.text());
    });
}

#[test]
fn adjuncts_count_up_to_their_landmark_as_the_table_says() {
    let protocol = protocol();
    let yes = |is: bool| if is { "yes" } else { "no" };
    each_row("landmark", |row| {
        let mut patient = Patient::new(row.get("infusions"), "-1:8");
        patient.therapy = row.get("sessions").split_whitespace().map(session).collect();
        let derived = only(patient.derive(LATE, &protocol));
        let episode = &derived.episode;
        assert_eq!(yes(episode.psychotherapy), row.get("psychotherapy"), "{}", row.text());
        assert_eq!(yes(episode.pain_reprogramming), row.get("pain reprogramming"), "{}", row.text());
        assert_eq!(episode.series.induction_infusions.to_string(), row.get("induction"), "{}", row.text());
        assert_eq!(episode.series.boosters().to_string(), row.get("boosters"), "{}", row.text());
        assert_eq!(derived.outcomes[2].boosters.to_string(), row.get("before 12 weeks"), "{}", row.text());
    });
}

fn session(text: &str) -> TherapySession {
    let (day, kind) = text.split_once(':').expect("day:kind");
    let kind = if kind == "p" { "psychotherapy" } else { "pain_reprogramming" };
    TherapySession { day: day.parse().expect("a day"), kind: Therapy::of(kind).expect("a known kind") }
}

#[test]
fn doses_are_what_the_table_says() {
    let protocol = protocol();
    each_row("mme", |row| {
        let mut patient = Patient::new("0", "").with_prescriptions(row.get("prescriptions"), &protocol);
        patient.reviews = days(row.get("review"));
        let derived = only(patient.derive(LATE, &protocol));
        let after = derived.outcomes[2].opioid.expect("12 weeks has a window");
        let reduction = derived.episode.opioid.known().zip(after.known()).and_then(|(b, f)| b.reduction_x100(f));
        assert_eq!(write_dose(derived.episode.opioid), row.get("baseline"), "{}", row.text());
        assert_eq!(write_dose(after), row.get("at 12 weeks"), "{}", row.text());
        let written = reduction.map_or(String::new(), |reduction| (reduction as f64 / 100.0).to_string());
        assert_eq!(written, row.get("reduction %"), "{}", row.text());
    });
}

pub(crate) fn write_dose(dose: Dose) -> String {
    match dose.known() {
        Some(total) => (total.average_x1000(WINDOW_DAYS) as f64 / 1_000.0).to_string(),
        None => dose.id().to_owned(),
    }
}

#[test]
fn responders_are_who_the_table_says() {
    each_row("responder", |row| {
        let baseline = tenths(row.get("baseline"));
        let follow_up = (row.get("follow-up") != "none").then(|| tenths(row.get("follow-up")));
        let change = follow_up.map(|score| Change { baseline: ScoreX10(baseline), follow_up: ScoreX10(score) });
        let check = |column: &str, needs_percentage: bool, holds: fn(Change) -> bool| {
            let expected = match change {
                _ if needs_percentage && baseline == 0 => "not eligible",
                None => "missing",
                Some(change) if holds(change) => "yes",
                Some(_) => "no",
            };
            assert_eq!(row.get(column), expected, "{column} in {}", row.text());
        };
        check("response_30", true, |change| change.falls_by_percent(30));
        check("response_50", true, |change| change.falls_by_percent(50));
        check("mcid_2", false, Change::falls_by_two_points);
        check("worsening_30", true, |change| change.rises_by_percent(30));
    });
}

#[test]
fn the_flow_counts_as_the_table_says() {
    let protocol = protocol();
    let [patients, expected] = &tables("attrition")[..] else { panic!("two tables") };
    let mut flow = Flow::default();
    for row in patients.rows() {
        flow.patients += 1;
        for Derived { episode, outcomes } in
            Patient::new(row.get("infusions"), row.get("scores")).derive(200, &protocol)
        {
            flow.count(&episode, &outcomes);
        }
    }
    let ends = [End::default(); HORIZONS.len()];
    let attrition = flow.attrition(100, 90, &ends);
    for row in expected.rows() {
        let step = attrition.steps().iter().find(|step| step.id == row.get("step")).expect("a known step");
        assert_eq!(step.remaining.to_string(), row.get("remaining"), "{}", row.text());
    }
}

#[test]
fn small_counts_are_hidden_as_the_table_says() {
    let write = |count: &Option<u64>| count.map_or("·".to_owned(), |count| count.to_string());
    each_row("suppression", |row| {
        let counts: Vec<u64> =
            row.get("counts").split_whitespace().map(|count| count.parse().expect("a count")).collect();
        let line = disclosure::suppress_line(&counts, 11);
        let shown: Vec<String> = line.show.iter().map(write).collect();
        assert_eq!(shown.join(" "), row.get("shown"), "{}", row.text());
        assert_eq!(write(&line.total), row.get("total"), "{}", row.text());
    });
}

#[track_caller]
fn only(mut derived: Vec<Derived>) -> Derived {
    assert_eq!(derived.len(), 1, "the patient has one series");
    derived.remove(0)
}
