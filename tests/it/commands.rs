//! The program as a person meets it: commands, exit codes, messages.

use std::collections::BTreeSet;

use crate::workdir::{Workdir, files, repository};

#[test]
fn the_committed_sample_reports_are_what_run_makes() {
    let workdir = Workdir::with_sample();
    for pipeline in ["quarterly", "research"] {
        workdir.relief(&["run", &format!("pipelines/{pipeline}.toml")]).exits(0);
        let made = workdir.path(&format!("reports/sample-{pipeline}"));
        let committed = repository().join(format!("reports/sample-{pipeline}"));
        let [there, expected] = [&made, &committed].map(|folder| BTreeSet::from_iter(files(folder)));
        let differing: Vec<_> = there.symmetric_difference(&expected).collect();
        assert!(
            differing.is_empty(),
            "only made or only in reports/sample-{pipeline}: {differing:?}; run both pipelines and commit"
        );
        for file in files(&made) {
            let same = std::fs::read(made.join(&file)).ok() == std::fs::read(committed.join(&file)).ok();
            assert!(
                same,
                "reports/sample-{pipeline}/{} is not what `run` makes; run both pipelines and commit",
                file.display()
            );
        }
    }
}

#[test]
fn running_twice_gives_the_same_bytes_and_no_new_snapshot() {
    let workdir = Workdir::with_clinic();
    workdir.relief(&["run", "pipeline.toml"]).exits(0);
    let first = workdir.read("reports/small/results.csv");
    let second = workdir.relief(&["run", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(second["snapshot"], 1);
    assert_eq!(workdir.read("reports/small/results.csv"), first);
    let again = workdir.relief(&["run", "pipeline.toml", "--snapshot", "1", "--out", "elsewhere"]).exits(0);
    assert!(again.out.contains("elsewhere"));
    assert_eq!(workdir.read("elsewhere/small/results.csv"), first);
    workdir.replace("pipeline.toml", "data_cut =", "research = true\ndata_cut =");
    workdir.relief(&["run", "pipeline.toml", "--snapshot", "1"]).exits(3).says("was read under another basis");
    workdir.write("reports/small/manifest.json", "{}");
    workdir.relief(&["run", "pipeline.toml"]).exits(8).says("is not a report of relief");
}

#[test]
fn the_log_tells_the_stages_and_nothing_of_anyone() {
    let workdir = Workdir::with_clinic();
    let output = workdir.command(&["run", "pipeline.toml"]).env("RELIEF_LOG", "debug").output().expect("it starts");
    let log = String::from_utf8(output.stderr).expect("text");
    for stage in ["pipeline read", "snapshot taken", "analysis set derived", "counted", "estimated", "released"] {
        assert!(log.contains(stage), "{stage}: {log}");
    }
    for table in ["patients", "diagnoses", "infusions", "assessments"] {
        let text = workdir.read(&format!("records/{table}.csv"));
        let cells = text.lines().skip(1).flat_map(|line| line.split(',')).filter(|cell| cell.len() > 3);
        cells.for_each(|cell| assert!(!log.contains(cell), "`{cell}` in {log}"));
    }
    let silent = workdir.relief(&["run", "pipeline.toml"]).exits(0);
    assert!(!silent.err.contains("DEBUG"), "{}", silent.err);
}

/// The guide `init` writes is not only prose: its example row of every file is accepted.
#[test]
fn the_examples_of_the_column_guide_are_accepted() {
    let workdir = Workdir::empty();
    workdir.relief(&["init", "clinic"]).exits(0);
    let guide = workdir.read("clinic/records/COLUMNS.md");
    let mut files = 0;
    for section in guide.split("\n## ").skip(1) {
        let file = section.split(' ').next().expect("a file name");
        let cells = section.lines().filter(|line| line.starts_with("| ")).skip(1);
        let rows: Vec<[&str; 2]> = cells
            .map(|line| {
                let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
                [cells[0], cells[3]]
            })
            .collect();
        // A year of birth says more than an age, and the withdrawal would withdraw the only patient.
        let rows: Vec<_> = rows.into_iter().filter(|[name, _]| !["age", "scope"].contains(name)).collect();
        if file == "withdrawals.csv" {
            continue;
        }
        let line = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<_>>().join(",");
        workdir.write(&format!("clinic/records/{file}"), format!("{}\n{}\n", line(0), line(1)));
        files += 1;
    }
    let answer = workdir.relief(&["check", "clinic/pipeline.toml", "--json"]).exits(0).json();
    assert_eq!((files, answer["patients"].as_u64()), (9, Some(1)));
    for (table, counts) in answer["tables"].as_object().expect("tables") {
        let accepted = i32::from(table != "withdrawals");
        assert_eq!(counts["accepted"], accepted, "{table}: {}", answer["findings"]);
    }
}

#[test]
fn a_first_day_init_check_run() {
    let workdir = Workdir::empty();
    workdir.relief(&["init", "clinic"]).exits(0);
    workdir.relief(&["init", "clinic"]).exits(2).says("exists");
    let empty = workdir.relief(&["check", "clinic/pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(empty["patients"], 0);
    assert!(empty["snapshot"].is_null());
    assert!(!workdir.path("clinic/store").exists(), "check writes nothing");
    workdir.relief(&["run", "clinic/pipeline.toml"]).exits(7).says("no patient was accepted");
    assert!(!workdir.path("clinic/reports").exists(), "an empty report would replace a good one");
    for (file, row) in [
        ("patients", "qx7k2m9p,F,1970,,"),
        ("diagnoses", "qx7k2m9p,crps_1,1,,"),
        ("infusions", "qx7k2m9p,2026-01-05,0.5,,40,true,"),
        ("assessments", "qx7k2m9p,2026-01-04,pain_nrs,,8,"),
    ] {
        let name = format!("clinic/records/{file}.csv");
        workdir.write(&name, format!("{}{row}\n", workdir.read(&name)));
    }
    workdir.relief(&["run", "clinic/pipeline.toml"]).exits(0);
    assert!(workdir.read("clinic/reports/my-clinic/report.html").contains("<h1"));
}

#[test]
fn every_row_of_the_dirty_sample_is_somewhere() {
    let workdir = Workdir::with_sample();
    let checked = workdir.relief(&["check", "pipelines/quarterly.toml", "--json"]).exits(0).json();
    let tables = checked["tables"].as_object().expect("tables");
    for (name, counts) in tables {
        let count = |key: &str| counts[key].as_u64().expect("a count");
        assert_eq!(count("read"), count("accepted") + count("quarantined") + count("duplicates"), "{name}");
    }
    let ingested = workdir.relief(&["ingest", "pipelines/quarterly.toml", "--json"]).exits(0).json();
    assert_eq!(ingested["tables"], checked["tables"], "check says what ingest does");
    assert_eq!(ingested["snapshot"], 1);
    let listed = workdir.relief(&["snapshots", "pipelines/quarterly.toml", "--json"]).exits(0).json();
    assert_eq!(listed["snapshots"][0]["current"], true);
    let kept = workdir.relief(&["snapshots", "pipelines/quarterly.toml", "--keep", "0", "--json"]).exits(0).json();
    assert_eq!(kept, listed, "the current one stays");
}

/// File and line of every defect planted in the sample, but those of `kinds`.
fn planted(workdir: &Workdir, kinds: &[&str]) -> BTreeSet<String> {
    let text = workdir.read("sample-data/defects.csv");
    let rows = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let wanted = rows.filter(|row| !kinds.contains(&row[3]));
    wanted.map(|row| format!("{},{}", row[1], row[2])).collect()
}

#[test]
fn the_quarantine_of_the_sample_is_exactly_what_was_planted() {
    let workdir = Workdir::with_sample();
    workdir.relief(&["ingest", "pipelines/quarterly.toml"]).exits(0);
    let quarantine = workdir.read(".relief/sample-quarterly/snapshots/000001/quarantine/south.csv");
    let rows = quarantine.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    // Withdrawals are counted, not listed by line.
    let listed: BTreeSet<String> =
        rows.filter(|row| !row[1].is_empty()).map(|row| format!("{},{}", row[0], row[1])).collect();
    // Second copies are dropped and counted; an unmapped condition is kept as `other` with a finding.
    let kept = ["duplicate_patient", "duplicate_row_id", "unknown_condition"];
    assert_eq!(listed, planted(&workdir, &kept));
}

#[test]
fn the_sample_s_readme_lists_every_defect() {
    let workdir = Workdir::with_sample();
    let readme = workdir.read("sample-data/README.md");
    for row in workdir.read("sample-data/defects.csv").lines().skip(1) {
        let [clinic, file, line, kind] = row.split(',').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let listed = format!("| {clinic}/{file} | {line} | {kind} |");
        assert!(readme.contains(&listed), "{listed}");
    }
}

#[test]
fn a_broken_pipeline_is_named_with_its_line() {
    for (from, to, says) in [
        ("id = \"small\"", "id = \"../up\"", "cannot be a pipeline id in `pipeline.toml` line 2"),
        ("basis = \"limited-data-set\"", "", "missing field `basis`"),
        ("basis = \"limited-data-set\"", "basis = \"none\"", "line 6"),
        ("profile = \"internal-5\"", "profile = \"us-cms-1\"", "did you mean `us-cms-11`?"),
        ("kind = \"csv\"", "kind = \"xls\"", "unknown source kind `xls`"),
        ("data_cut = \"2026-09-30\"", "data_cut = \"30.9.2026\"", "`data_cut` is not a date"),
        ("data_cut =", "data_cutt =", "unknown field `data_cutt`"),
        ("max_reject_share = 0.5", "max_reject_share = 5", "`max_reject_share` is not between 0 and 1"),
        ("data_cut = \"2026-09-30\"", "primary_horizon = \"13w\"", "unknown horizon `13w`"),
        ("title = \"Small clinic\"", "title = ", "line 3"),
    ] {
        let workdir = Workdir::with_clinic();
        workdir.replace("pipeline.toml", from, to);
        workdir.relief(&["run", "pipeline.toml"]).exits(3).says(says);
        assert!(!workdir.path("store").exists(), "{says}");
    }
    Workdir::empty().relief(&["run", "nowhere.toml"]).exits(3).says("nowhere.toml");
}

#[test]
fn a_broken_measure_is_named_with_its_file_and_line() {
    let pack = std::fs::read_to_string(repository().join("pipelines/packs/measures.toml")).expect("the shipped pack");
    let outcome = "outcome = \"10 * (baseline_pain_x10 - follow_up_pain_x10) >= 3 * baseline_pain_x10\"";
    for (replacement, says) in [
        ("outcome = \"baseline_pian_x10 > 0\"", "did you mean `baseline_pain_x10`?"),
        ("outcome = \"AVG(baseline_pain_x10) > 0\"", "an aggregate"),
        ("outcome = \"baseline_pain_x10 >\"", "is not SQL"),
        ("outcome = \"baseline_pain_x10\"", "where a condition (true or false) is needed"),
        ("", "needs `outcome`"),
    ] {
        let workdir = Workdir::with_clinic();
        workdir.write("my.toml", pack.replacen(outcome, replacement, 1));
        workdir.replace("pipeline.toml", "[store]", "[packs]\nmeasures = [\"my.toml\"]\n[store]");
        let answer = workdir.relief(&["check", "pipeline.toml"]).exits(3).says(says);
        assert!(answer.err.contains("`my.toml` line"), "{}", answer.err);
    }
}

#[test]
fn a_measure_added_to_a_pack_is_in_the_results() {
    let workdir = Workdir::with_clinic();
    let pack = std::fs::read_to_string(repository().join("pipelines/packs/measures.toml")).expect("the shipped pack");
    let first = pack.split("[[measure]]").nth(1).expect("a measure");
    let added = format!(
        "{pack}\n[[measure]]{}",
        first.replace("\"response_30\"", "\"response_70\"").replace("10 *", "100 *").replace("3 *", "70 *")
    );
    // One measure has the role; the copy may not claim it too.
    let role = added.lines().find(|line| line.starts_with("role = ")).expect("the first measure has a role").to_owned();
    let (own, copy) = added.split_at(pack.len());
    let added = format!("{own}{}", copy.replace(&format!("{role}\n"), ""));
    workdir.write("my.toml", added);
    workdir.replace("pipeline.toml", "[store]", "[packs]\nmeasures = [\"my.toml\"]\n[store]");
    workdir.relief(&["run", "pipeline.toml"]).exits(0);
    assert!(workdir.read("reports/small/results.csv").contains("response_70"));
}

/// What is broken, the exit code, what the message says, and how to break it.
type Broken<'a> = (&'a str, i32, &'a str, &'a dyn Fn(&Workdir));

#[test]
fn broken_input_gives_the_named_error_and_the_store_stays_as_it_was() {
    let assessments = "records/assessments.csv";
    let cases: [Broken; 9] = [
        ("a missing file", 7, "has no `infusions.csv`", &|w| w.remove("records/infusions.csv")),
        ("a missing column", 7, "has no column `score`", &|w| w.replace(assessments, ",score\n", ",points\n")),
        ("Latin-1", 7, "UTF-8", &|w| {
            w.write(assessments, b"patient_id,date,instrument,score\nqx7k2m9p,2026-01-04,pain_nr\xe9,8\n");
        }),
        ("a truncated file", 7, "cut short or damaged", &|w| {
            w.remove(assessments);
            w.write("records/assessments.csv.gz", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
        }),
        ("a name column", 5, "`last_name`", &|w| {
            w.replace("records/patients.csv", "patient_id,sex", "patient_id,last_name");
        }),
        ("a free-text column", 5, "`notes`", &|w| w.replace(assessments, ",score\n", ",score,notes\n")),
        ("study days beside dates", 7, "study days", &|w| {
            w.write("records/infusions.csv", "patient_id,day\nqx7k2m9p,0\n");
        }),
        ("dates under safe harbor", 5, "refused", &|w| w.replace("pipeline.toml", "limited-data-set", "safe-harbor")),
        ("too many rejects", 6, "too many rejects", &|w| {
            w.replace("pipeline.toml", "max_reject_share = 0.5", "max_reject_share = 0");
            w.write(assessments, "patient_id,date,instrument,score\nqx7k2m9p,2026-01-04,pain_nrs,88\n");
        }),
    ];
    for (what, code, says, break_it) in cases {
        let workdir = Workdir::with_clinic();
        workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
        break_it(&workdir);
        let answer = workdir.relief(&["run", "pipeline.toml"]);
        assert_eq!(answer.code, code, "{what}: {}", answer.err);
        assert!(answer.err.contains(says), "{what}: {}", answer.err);
        assert!(!answer.err.contains("qx7k2m9p"), "{what} echoes a cell: {}", answer.err);
        let listed = workdir.relief(&["snapshots", "pipeline.toml", "--json"]);
        assert_eq!(listed.code, 0, "{what}: {}", listed.err);
        assert_eq!(listed.json()["snapshots"].as_array().map(Vec::len), Some(1), "{what}");
    }
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(Workdir::empty().relief(&["completions", shell]).exits(0).out.contains("relief"));
    }
}

#[test]
fn wrong_usage_exits_2() {
    Workdir::empty().relief(&["rum"]).exits(2);
    Workdir::empty().relief(&["synth", "d", "--clinics", "0"]).exits(2);
}
