//! Killing an ingest at any moment leaves the last snapshot whole, and the next
//! ingest cleans up after it.

use std::process::Stdio;
use std::time::Duration;

use crate::workdir::{Workdir, files};

const KILLS: u32 = 20;
const SNAPSHOTS: &str = ".relief/sample-quarterly/snapshots";
const DIAGNOSES: &str = "sample-data/west/diagnoses.csv";

#[test]
fn a_killed_ingest_leaves_the_last_snapshot_and_no_litter() {
    let workdir = Workdir::with_sample();
    let pipeline = "pipelines/quarterly.toml";
    workdir.relief(&["ingest", pipeline]).exits(0);
    let first = files(&workdir.path(SNAPSHOTS));
    let bytes = || first.iter().map(|file| std::fs::read(workdir.path(SNAPSHOTS).join(file)).expect("it is there"));
    let (a_snapshot, before) = (first.len(), bytes().collect::<Vec<_>>());
    let whole = time_of_an_ingest();
    let mut whole_snapshots = 1;
    for point in 1..=KILLS {
        add_a_row(&workdir);
        let mut ingest =
            workdir.command(&["ingest", pipeline]).stdout(Stdio::null()).spawn().expect("the program starts");
        std::thread::sleep(whole * point / (KILLS + 2));
        ingest.kill().expect("it can be killed");
        whole_snapshots += usize::from(ingest.wait().expect("it ends").success());
        let listed = workdir.relief(&["snapshots", pipeline, "--json"]).exits(0).json();
        let snapshots = listed["snapshots"].as_array().expect("a list");
        assert!(snapshots.len() >= whole_snapshots, "a snapshot that was finished is there");
        assert_eq!(snapshots.iter().filter(|snapshot| snapshot["current"] == true).count(), 1);
    }
    assert!(whole_snapshots < KILLS as usize, "hardly any ingest was still running when killed");
    add_a_row(&workdir);
    workdir.relief(&["ingest", pipeline]).exits(0);
    let listed = workdir.relief(&["snapshots", pipeline, "--json"]).exits(0).json();
    let snapshots = listed["snapshots"].as_array().expect("a list").len();
    let found = files(&workdir.path(SNAPSHOTS));
    assert_eq!(found.len(), snapshots * a_snapshot, "whole snapshots and nothing else: {found:?}");
    assert!(bytes().eq(before), "the first snapshot is as it was written");
    workdir.relief(&["run", pipeline]).exits(0);
}

/// Every ingest gets something new to write: a diagnosis recorded once more.
fn add_a_row(workdir: &Workdir) {
    let text = workdir.read(DIAGNOSES);
    let last = text.lines().last().expect("the file has rows").to_owned();
    workdir.write(DIAGNOSES, format!("{text}{last}\n"));
}

#[expect(clippy::disallowed_methods, reason = "the kills are spread over the time an ingest takes")]
fn time_of_an_ingest() -> Duration {
    let fresh = Workdir::with_sample();
    let start = std::time::Instant::now();
    fresh.relief(&["ingest", "pipelines/quarterly.toml"]).exits(0);
    start.elapsed()
}
