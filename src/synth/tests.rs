//! What the rest of the project relies on when it reads synthetic clinics.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::truth::CONDITIONS;
use super::{DefectKind, Plan, Planted, planted, write};

fn plan(patients: u64, dirty: f64) -> Plan {
    Plan { patients, seed: 11, clinics: 3, dirty, dirty_clinic: None, compress: false, departures: false }
}

fn written(plan: &Plan) -> TempDir {
    let dir = TempDir::new().expect("the system has a temporary folder");
    write(dir.path(), plan, &mut |_| ()).expect("the plan is possible");
    dir
}

/// Contents of every file below `dir`, by `clinic/file`.
fn clinic_files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for clinic in ["north", "south", "west"] {
        for entry in fs::read_dir(dir.join(clinic)).expect("one folder per clinic") {
            let path = entry.expect("readable folder").path();
            let name = path.file_name().expect("a file has a name").to_string_lossy();
            let bytes = fs::read(&path).expect("readable file");
            files.insert(format!("{clinic}/{name}"), bytes);
        }
    }
    files
}

/// One column of one table, over all clinics.
fn column(dir: &Path, table: &str, index: usize) -> Vec<String> {
    let files = clinic_files(dir).into_iter().filter(|(name, _)| name.ends_with(table));
    let texts = files.map(|(_, bytes)| String::from_utf8(bytes).expect("UTF-8"));
    let cell = |line: &str| line.split(',').nth(index).expect("enough columns").to_owned();
    texts.flat_map(|text| text.lines().skip(1).map(cell).collect::<Vec<_>>()).collect()
}

#[test]
fn the_same_plan_gives_the_same_bytes_and_another_seed_does_not() {
    let plan = Plan { compress: true, ..plan(300, 0.02) };
    let [first, again] = [written(&plan), written(&plan)];
    assert_eq!(clinic_files(first.path()), clinic_files(again.path()));
    let other = written(&Plan { seed: 12, ..plan });
    assert_ne!(clinic_files(first.path()), clinic_files(other.path()));
}

#[test]
fn a_smaller_plan_is_the_beginning_of_a_larger_one() {
    let [few, many] = [written(&plan(200, 0.0)), written(&plan(300, 0.0))];
    let many = clinic_files(many.path());
    for (name, bytes) in clinic_files(few.path()) {
        assert!(many[&name].starts_with(&bytes), "{name}");
    }
}

#[test]
fn nothing_is_recorded_after_the_data_cut() {
    let dir = written(&plan(2000, 0.0));
    let tables = ["infusions", "assessments", "prescriptions", "medication_reviews"];
    let rare = ["adverse_events", "therapy_sessions", "withdrawals"];
    for table in tables.iter().chain(&rare) {
        let dates = column(dir.path(), &format!("{table}.csv"), 1);
        let last = dates.iter().max().expect("every table has rows");
        assert!(last.as_str() <= "2026-09-30", "{table}: {last}");
    }
}

#[test]
fn every_condition_appears_and_no_code_twice() {
    let dir = written(&plan(4000, 0.0));
    let conditions: BTreeSet<String> = column(dir.path(), "diagnoses.csv", 1).into_iter().collect();
    assert!(CONDITIONS.iter().all(|condition| conditions.contains(condition.code)));
    let codes = column(dir.path(), "patients.csv", 0);
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 4000);
}

#[test]
fn removing_the_listed_defects_gives_the_clean_clinics_back() {
    let [clean, dirty] = [written(&plan(300, 0.0)), written(&plan(300, 0.02))];
    let mut files = clinic_files(dirty.path());
    let defects = planted(dirty.path()).expect("write leaves a list");
    for defect in defects.iter().rev() {
        remove_line(&mut files, defect);
    }
    assert_eq!(files, clinic_files(clean.path()));
    let kinds: BTreeSet<&str> = defects.iter().map(|defect| defect.kind.as_str()).collect();
    assert_eq!(kinds, DefectKind::ALL.map(DefectKind::name).into_iter().collect());
}

fn remove_line(files: &mut BTreeMap<String, Vec<u8>>, defect: &Planted) {
    let name = format!("{}/{}", defect.clinic, defect.file);
    let bytes = files.get_mut(&name).expect("defects name existing files");
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    let index = usize::try_from(defect.line - 1).expect("short files");
    let kept = text.lines().enumerate().filter(|(line, _)| *line != index);
    *bytes = kept.flat_map(|(_, line)| [line, "\n"]).collect::<String>().into_bytes();
}

#[test]
fn defects_are_as_frequent_as_asked_and_only_where_asked() {
    let plan = Plan { dirty_clinic: Some("south".to_owned()), ..plan(1000, 0.02) };
    let dir = TempDir::new().expect("the system has a temporary folder");
    let summary = write(dir.path(), &plan, &mut |_| ()).expect("the plan is possible");
    let rows: u64 = summary.clinics[1].tables.iter().map(|table| table.rows).sum();
    assert!((15..=25).contains(&(summary.defects * 1000 / rows)), "{} of {rows}", summary.defects);
    let defects = planted(dir.path()).expect("write leaves a list");
    assert!(defects.iter().all(|defect| defect.clinic == "south"));
}

#[test]
fn impossible_plans_are_refused() {
    let dir = TempDir::new().expect("the system has a temporary folder");
    let impossible = [
        Plan { clinics: 0, ..plan(1, 0.0) },
        Plan { clinics: 100, ..plan(1, 0.0) },
        Plan { dirty_clinic: Some("east".to_owned()), ..plan(1, 0.1) },
        plan(1, 1.5),
        plan(1, f64::NAN),
    ];
    for plan in impossible {
        let error = write(dir.path(), &plan, &mut |_| ()).expect_err("not possible");
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
}
