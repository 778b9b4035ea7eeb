//! Slips of every day: a mistyped year, days counted from 1, a folder for a file.
//! Each is said, with the place and what to do.

use serde_json::Value;

use crate::workdir::Workdir;

/// Rule, file, column and count of the findings of a check.
fn findings(workdir: &Workdir) -> Vec<(String, String, String, u64)> {
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    let text = |finding: &Value, key: &str| finding[key].as_str().expect("text").to_owned();
    let finding = |one: &Value| {
        (text(one, "rule"), text(one, "file"), text(one, "column"), one["count"].as_u64().expect("a count"))
    };
    answer["findings"].as_array().expect("a list").iter().map(finding).collect()
}

fn finding(rule: &str, file: &str, column: &str, count: u64) -> (String, String, String, u64) {
    (rule.to_owned(), file.to_owned(), column.to_owned(), count)
}

/// The small clinic without a stated data cut.
fn open_ended() -> Workdir {
    let workdir = Workdir::with_clinic();
    workdir.replace("pipeline.toml", "data_cut = \"2026-09-30\"\n", "");
    workdir
}

fn add(workdir: &Workdir, table: &str, lines: &str) {
    let file = format!("records/{table}.csv");
    workdir.write(&file, workdir.read(&file) + lines);
}

#[test]
fn a_mistyped_year_that_moves_the_data_cut_is_named_by_file_and_line() {
    let workdir = open_ended();
    assert_eq!(findings(&workdir), []);
    let cut =
        |workdir: &Workdir| workdir.relief(&["check", "pipeline.toml", "--json"]).json()["data_cuts"]["main"].clone();
    assert_eq!(cut(&workdir), "2026-03-30");
    add(&workdir, "assessments", "wv3n8r5t,2027-02-09,pain_nrs,5\nwv3n8r5t,2027-02-09,phq9,5\n");
    assert_eq!(findings(&workdir), [finding("last-day-alone", "assessments.csv", "date, line 5", 1)]);
    assert_eq!(cut(&workdir), "2027-02-09");
    let answer = workdir.relief(&["check", "pipeline.toml"]).exits(0);
    assert!(answer.out.contains("data cut: the last day of each site's records (main 2027-02-09)"), "{}", answer.out);
    // A day that is not alone is not said, and a stated cut sets the slip aside.
    add(&workdir, "assessments", "wv3n8r5t,2026-12-01,pain_nrs,5\n");
    assert_eq!(findings(&workdir), []);
    workdir.replace("pipeline.toml", "[study]\n", "[study]\ndata_cut = \"2026-09-30\"\n");
    assert_eq!(findings(&workdir), [finding("date-too-late", "assessments.csv", "date", 3)]);
    let answer = workdir.relief(&["check", "pipeline.toml"]).exits(0);
    assert!(answer.out.contains("data cut: 2026-09-30, as the pipeline states"), "{}", answer.out);
    assert_eq!(cut(&workdir), "2026-09-30");
}

#[test]
fn ages_counted_from_no_stated_day_are_told() {
    let workdir = open_ended();
    workdir.write(
        "records/patients.csv",
        "patient_id,age,index_period\nqx7k2m9p,56,\nwv3n8r5t,45,2025\nzk4p7m2x,91,2025\n",
    );
    // Counted from the patient's own period an age needs no other year, but for who is 90.
    let told =
        [finding("age-top-coded", "patients.csv", "age", 1), finding("age-year-assumed", "patients.csv", "age", 2)];
    assert_eq!(findings(&workdir), told);
    workdir.replace("pipeline.toml", "[study]\n", "[study]\ndata_cut = \"2026-09-30\"\n");
    assert_eq!(findings(&workdir), told[..1]);
}

#[test]
fn study_days_that_begin_at_one_are_told() {
    let workdir = Workdir::with_clinic();
    let write = |first: i32| {
        let rows = |rows: &[(i32, &str)]| -> String {
            rows.iter().map(|(day, rest)| format!("qx7k2m9p,{},{rest}\n", day + first)).collect::<Vec<_>>().concat()
        };
        workdir.write("records/patients.csv", "patient_id,index_period\nqx7k2m9p,2026Q1\nwv3n8r5t,2026Q1\n");
        workdir.write(
            "records/infusions.csv",
            format!("patient_id,day,dose_mg_per_kg\n{}", rows(&[(0, "0.5"), (2, "0.5")])),
        );
        let scores = rows(&[(-1, "pain_nrs,8"), (84, "pain_nrs,4")]);
        workdir.write("records/assessments.csv", format!("patient_id,day,instrument,score\n{scores}"));
    };
    write(0);
    assert_eq!(findings(&workdir), []);
    write(1);
    assert_eq!(findings(&workdir), [finding("day-zero-missing", "infusions.csv", "day", 1)]);
    workdir.replace("pipeline.toml", "data_cut = \"2026-09-30\"\n", "");
    let answer = workdir.relief(&["check", "pipeline.toml"]).exits(0);
    assert!(answer.out.contains("data cut: none, and study days do not tell it"), "{}", answer.out);
    assert!(workdir.relief(&["check", "pipeline.toml", "--json"]).json()["data_cuts"]["main"].is_null());
}

#[test]
fn words_for_present_and_usual_pain_are_the_items_they_mean() {
    let workdir = Workdir::with_clinic();
    let words = ["usual", "Typical", "current", "worst", "movement"];
    let rows = words.map(|word| format!("qx7k2m9p,2026-02-01,pain_nrs,{word},5\n")).concat();
    workdir.write("records/assessments.csv", format!("patient_id,date,instrument,item,score\n{rows}"));
    assert_eq!(
        findings(&workdir),
        [
            finding("item-not-measured", "assessments.csv", "item", 1),
            finding("rows-identical", "assessments.csv", "row_id", 1)
        ]
    );
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    let table = workdir.path("store/snapshots/000001/assessments.parquet");
    let stored =
        crate::ingest::text_of(&table, &["patient_key", "source_id", "source_row", "day", "instrument", "score_x10"]);
    assert_eq!(stored, ["average", "average", "now", "worst", "movement"]);
}

#[test]
fn a_damaged_snapshot_is_written_anew() {
    let workdir = Workdir::with_clinic();
    let ingest = || workdir.relief(&["ingest", "pipeline.toml"]).exits(0).out;
    assert!(ingest().contains("snapshot 1"));
    assert!(ingest().contains("snapshot 1 (input unchanged, nothing written)"));
    let table = |number: u32| workdir.path(&format!("store/snapshots/{number:06}/infusions.parquet"));
    let whole = std::fs::read(table(1)).expect("a table");
    let flipped: Vec<u8> = whole.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == whole.len() / 2)).collect();
    for (number, damaged) in [(1, Some(flipped)), (2, Some(whole[..40].to_vec())), (3, None)] {
        match damaged {
            Some(bytes) => std::fs::write(table(number), bytes).expect("ours"),
            None => std::fs::remove_file(table(number)).expect("ours"),
        }
        let said = ingest();
        assert!(said.contains(&format!("snapshot {number} does not hold what was read into it")), "{said}");
        assert!(said.contains(&format!("snapshot {}", number + 1)) && !said.contains("unchanged"), "{said}");
        assert_eq!(std::fs::read(table(number + 1)).expect("a table"), whole);
    }
    assert!(ingest().contains("snapshot 4 (input unchanged, nothing written)"));
}

#[test]
fn a_snapshot_without_a_manifest_that_makes_sense_is_named_and_written_anew() {
    let workdir = Workdir::with_clinic();
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    let manifest = |number: u32| format!("store/snapshots/{number:06}/manifest.json");
    let whole = workdir.read(&manifest(1));
    for (number, damaged) in [(1, Some("{\"number\": 1")), (2, Some("")), (3, None)] {
        match damaged {
            Some(text) => workdir.write(&manifest(number), text),
            None => std::fs::remove_file(workdir.path(&manifest(number))).expect("ours"),
        }
        let number_text = number.to_string();
        let run = ["run", "pipeline.toml", "--snapshot", &number_text];
        workdir.relief(&run).exits(8).says("manifest.json").says("hint: `relief ingest` reads the files again");
        let listed = workdir.relief(&["snapshots", "pipeline.toml"]).exits(0).out;
        assert!(listed.contains(&format!("{number:>6}  damaged")), "{listed}");
        let said = workdir.relief(&["ingest", "pipeline.toml"]).exits(0).out;
        assert!(said.contains(&format!("snapshot {number} does not hold what was read into it")), "{said}");
        let anew = workdir.read(&manifest(number + 1));
        assert_eq!(anew.replace(&format!("\"number\": {}", number + 1), "\"number\": 1"), whole);
    }
    workdir.relief(&["run", "pipeline.toml"]).exits(0);
    workdir.relief(&["snapshots", "pipeline.toml", "--keep", "1"]).exits(0);
    assert!(!workdir.path("store/snapshots/000001").exists() && workdir.path(&manifest(4)).exists());
}

#[test]
fn lines_that_end_with_a_carriage_return_alone_are_refused_by_name() {
    let workdir = Workdir::with_clinic();
    for file in ["assessments", "patients"] {
        let file = format!("records/{file}.csv");
        let text = workdir.read(&file);
        workdir.write(&file, text.replace('\n', "\r"));
        let answer =
            workdir.relief(&["check", "pipeline.toml"]).exits(7).says("carriage return alone").says("CSV UTF-8");
        assert!(!answer.err.contains("qx7k2m9p"), "{}", answer.err);
        workdir.write(&file, text.replace('\n', "\r\n"));
        workdir.relief(&["check", "pipeline.toml"]).exits(0);
    }
}

#[test]
fn too_many_rejects_say_the_share_the_limit_and_what_to_do() {
    let workdir = Workdir::with_clinic();
    workdir.replace("pipeline.toml", "max_reject_share = 0.5", "max_reject_share = 0.05");
    add(&workdir, "assessments", "qx7k2m9p,2026-03-01,pain_nrs,11\n");
    let words = "1 of 11 rows (9 %) are set aside, more than the 5 % that `max_reject_share = 0.05` allows";
    for command in ["check", "ingest"] {
        workdir.relief(&[command, "pipeline.toml"]).exits(6).says(words).says("correct the export");
    }
}

#[test]
fn a_folder_in_place_of_a_pipeline_names_the_file_to_give() {
    let workdir = Workdir::with_clinic();
    workdir.write("another.toml", "");
    workdir.relief(&["run", "."]).exits(3).says("a folder is given").says("pipeline.toml");
    workdir.relief(&["check", "records"]).exits(3).says("`relief init DIR` writes one");
}

#[test]
fn a_check_finds_an_own_site_without_records() {
    let workdir = Workdir::with_clinic();
    workdir.replace("pipeline.toml", "folder = \"reports\"\n", "folder = \"reports\"\nown_site = \"elsewhere\"\n");
    workdir.relief(&["check", "pipeline.toml"]).exits(3).says("`own_site` is `elsewhere`").says("sites: main");
    workdir.replace("pipeline.toml", "elsewhere", "main");
    workdir.relief(&["check", "pipeline.toml"]).exits(0);
}

#[test]
fn init_writes_the_data_cut_it_is_given_and_asks_for_one_otherwise() {
    let workdir = Workdir::empty();
    let asked = workdir.relief(&["init", "one"]).exits(0).out;
    assert!(asked.contains("set `data_cut`"), "{asked}");
    let given = workdir.relief(&["init", "other", "--data-cut", "2026-06-30"]).exits(0).out;
    assert!(!given.contains("set `data_cut`"), "{given}");
    assert!(workdir.read("other/pipeline.toml").contains("\ndata_cut = \"2026-06-30\" "));
    assert!(workdir.relief(&["check", "other/pipeline.toml", "--json"]).out.contains("\"data_cuts\":{}"));
    workdir.relief(&["init", "third", "--data-cut", "June"]).exits(2).says("write it as 2026-09-30");
}
