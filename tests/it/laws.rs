//! What must hold whatever the records say: order, clinics and threads change
//! nothing, and what was planted is found.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use relief::derive;
use relief::estimate::expression::compile;
use relief::estimate::scan::{Counting, count};
use relief::estimate::tally::Tally;
use relief::ingest::{self, Mode};
use relief::model::calendar::Period;
use relief::model::horizon::HORIZONS;
use relief::protocol::Protocol;
use relief::synth::{self, Plan};

use crate::workdir::{Workdir, repository};

/// One measure's counts by period, site, condition, horizon and measure id.
type Counts = BTreeMap<(Option<Period>, String, String, &'static str, String), Tally>;

/// Everything counted for the pipeline at `path`, with `threads` threads.
fn counts(path: &Path, threads: usize) -> Counts {
    let protocol = Protocol::read(path).expect("the pipeline reads");
    let ingested = ingest::run(&protocol, Mode::Write, &mut |_| {}).expect("the records are fine");
    let snapshot = ingested.snapshot.expect("a snapshot");
    let out = protocol.store.join("analysis_set.parquet");
    let derived = derive::run(&snapshot, &protocol, &out, threads).expect("derivation");
    let measures: Vec<_> =
        protocol.measures.iter().map(|measure| compile(measure).expect("shipped measures compile")).collect();
    let sites: Vec<String> = snapshot.manifest.sites.iter().map(|site| site.site.clone()).collect();
    let splits = relief::estimate::scan::splits(&protocol).expect("the shipped splits compile");
    let counting = Counting { measures: &measures, sites: &sites, conditions: &protocol.conditions, splits: &splits };
    let tallies = count(&derived.path, &counting, threads).expect("the analysis set was just written");
    let mut counts = Counts::new();
    for (cell, of_measures) in tallies.cells {
        for (measure, tally) in protocol.measures.iter().zip(of_measures) {
            let condition = protocol.conditions.conditions()[cell.condition].code.clone();
            let key = (cell.period, sites[cell.site].clone(), condition, HORIZONS[cell.horizon].id, measure.id.clone());
            counts.insert(key, tally);
        }
    }
    assert!(!counts.is_empty());
    counts
}

/// A folder of two synthetic clinics.
fn clinics() -> Workdir {
    let workdir = Workdir::empty();
    let plan =
        Plan { patients: 400, seed: 7, clinics: 2, dirty: 0.0, dirty_clinic: None, compress: false, departures: false };
    synth::write(&workdir.path("records"), &plan, &mut |_| {}).expect("clinics");
    workdir
}

/// A pipeline over the named clinics.
fn pipeline(workdir: &Workdir, name: &str, sites: &[&str]) -> std::path::PathBuf {
    let mut text = format!(
        "id = \"{name}\"\ntitle = \"t\"\nclinic = \"c\"\n[privacy]\nbasis = \"limited-data-set\"\n[store]\nfolder = \"store-{name}\"\n\
         [reports]\nfolder = \"reports\"\n[study]\ndata_cut = \"2026-09-30\"\n"
    );
    for site in sites {
        writeln!(text, "[[source]]\nname = \"{site}\"\nkind = \"csv\"\npath = \"records/{site}\"").expect("text");
    }
    workdir.write(&format!("{name}.toml"), text);
    workdir.path(&format!("{name}.toml"))
}

#[test]
fn two_clinics_apart_are_the_two_together() {
    let workdir = clinics();
    let mut apart = counts(&pipeline(&workdir, "north", &["north"]), 1);
    apart.extend(counts(&pipeline(&workdir, "south", &["south"]), 1));
    assert_eq!(apart, counts(&pipeline(&workdir, "both", &["north", "south"]), 2));
}

#[test]
fn the_order_of_rows_changes_nothing() {
    let workdir = clinics();
    let before = counts(&pipeline(&workdir, "before", &["north"]), 1);
    for table in ["patients", "diagnoses", "infusions", "prescriptions", "medication_reviews"] {
        let name = format!("records/north/{table}.csv");
        let text = workdir.read(&name);
        let (header, rows) = text.split_once('\n').expect("a header");
        // Reversed, then dealt into two piles: nothing stays beside its neighbour.
        let rows: Vec<&str> = rows.lines().rev().collect();
        let piles: Vec<&str> = rows.iter().step_by(2).chain(rows.iter().skip(1).step_by(2)).copied().collect();
        workdir.write(&name, format!("{header}\n{}\n", piles.join("\n")));
    }
    assert_eq!(before, counts(&pipeline(&workdir, "after", &["north"]), 1));
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let workdir = clinics();
    let path = pipeline(&workdir, "threads", &["north", "south"]);
    let one = counts(&path, 1);
    let bytes = |path: &Path| std::fs::read(path).expect("the analysis set");
    let set = workdir.path("store-threads/analysis_set.parquet");
    let written_by_one = bytes(&set);
    assert_eq!(one, counts(&path, 5));
    assert_eq!(written_by_one, bytes(&set));
}

/// What the generator planted in the sample must be what derivation finds.
#[test]
fn the_planted_truth_of_the_sample_is_found() {
    let workdir = Workdir::with_sample();
    let found = counts(&workdir.path("pipelines/quarterly.toml"), 2);
    let text = std::fs::read_to_string(repository().join("sample-data/truth.json")).expect("the planted truth");
    let truth: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for planted in truth["pain_12w"].as_array().expect("a list") {
        let condition = planted["condition"].as_str().expect("a code");
        let sum = |measure: &str| {
            let mut total = Tally::default();
            let wanted = |key: &(Option<Period>, String, String, &str, String)| {
                (condition == "all" || key.2 == condition) && key.3 == "12w" && key.4 == measure
            };
            found.iter().filter(|(key, _)| wanted(key)).for_each(|(_, tally)| total += tally);
            total
        };
        let realised = |key: &str| planted["realised"][key].as_u64().expect("a count");
        let (thirty, fifty) = (sum("response_30"), sum("response_50"));
        assert_eq!(thirty.eligible, realised("eligible"), "{condition}");
        assert_eq!(thirty.observed, realised("observed"), "{condition}");
        assert_eq!(thirty.outcome, realised("responders_30"), "{condition}");
        assert_eq!(fifty.outcome, realised("responders_50"), "{condition}");
    }
}

/// Who left and why is planted too, and derivation finds it.
#[test]
fn planted_departures_are_found() {
    let workdir = Workdir::empty();
    let plan = Plan {
        patients: 3_000,
        seed: 7,
        clinics: 1,
        dirty: 0.0,
        dirty_clinic: None,
        compress: false,
        departures: true,
    };
    synth::write(&workdir.path("records"), &plan, &mut |_| {}).expect("clinics");
    let protocol = Protocol::read(&pipeline(&workdir, "leaving", &["north"])).expect("the pipeline reads");
    let ingested = ingest::run(&protocol, Mode::Write, &mut |_| {}).expect("the records are fine");
    let out = protocol.store.join("analysis_set.parquet");
    let derived = derive::run(&ingested.snapshot.expect("a snapshot"), &protocol, &out, 2).expect("derivation");
    let truth: serde_json::Value = serde_json::from_str(&workdir.read("records/truth.json")).expect("JSON");
    let found = |status: usize| -> u64 {
        let cells = derived.statuses.cells.iter();
        cells.filter(|((_, at), _)| *at == status).map(|(_, count)| count).sum()
    };
    let planted = truth["departures_12w"].as_array().expect("a list");
    assert_eq!(planted.len(), 4);
    for (planted, status) in planted.iter().zip(1..) {
        assert_eq!(Some(found(status)), planted["realised"].as_u64(), "{planted}");
        assert!(found(status) > 0, "{planted}");
    }
    let seen = &truth["pain_12w"][0]["realised"];
    assert_eq!(Some(found(0)), seen["observed"].as_u64());
    assert_eq!(Some((0..7).map(found).sum::<u64>()), seen["eligible"].as_u64());
}
