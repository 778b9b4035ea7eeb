//! REDCap: a project of our own whose every row is known, and exports nobody on
//! this project made, each row of which must be somewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::{Strategy, any, prop, proptest};
use relief::ingest::{self, Mode};
use relief::protocol::Protocol;
use serde_json::{Value, json};

use crate::workdir::{Answer, Workdir, repository};

const DICTIONARY: &str = "\"Variable / Field Name\",\"Form Name\",\"Section Header\",\"Field Type\",\"Field Label\",\
\"Choices, Calculations, OR Slider Labels\",\"Field Note\",\"Text Validation Type OR Show Slider Number\",\
\"Text Validation Min\",\"Text Validation Max\",Identifier?,\"Branching Logic (Show field only if...)\",\
\"Required Field?\",\"Custom Alignment\",\"Question Number (surveys only)\",\"Matrix Group Name\",\"Matrix Ranking?\",\
\"Field Annotation\"
record_id,demographics,,text,Record,,,,,,,,,,,,,
last_name,demographics,,text,Name,,,,,,y,,,,,,,
sex,demographics,,radio,Sex,\"0, Female | 1, Male\",,,,,,,,,,,,
birth_year,demographics,,text,Year,,,integer,,,,,,,,,,
conditions,demographics,,checkbox,Why,\"1, CRPS | 2, Fibromyalgia | -99, Unknown\",,,,,,,,,,,,
pain_date,pain,,text,Date,,,date_mdy,,,,,,,,,,
pain_nrs,pain,,text,Pain,,,number_1dp_comma_decimal,,,,,,,,,,
pain_note,pain,,notes,Anything else,,,,,,,,,,,,,
phq9_total,pain,,calc,PHQ-9,sum,,,,,,,,,,,,
dose_date,infusion,,text,Date,,,datetime_ymd,,,,,,,,,,
dose_mg_kg,infusion,,text,Dose,,,number,,,,,,,,,,@NOMISSING
";

/// Line 2 is a record with everything. The pain forms: 7.5 (comma), -99, and
/// one without a value; line 9 is an event nobody has entered anything at.
const EXPORT: &str = "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,\
redcap_data_access_group,sex,birth_year,conditions___1,conditions___2,conditions____99,demographics_complete,\
pain_date,pain_nrs,pain_note,phq9_total,pain_complete,dose_date,dose_mg_kg,infusion_complete
q7x,base_arm_1,,,north,0,1970,1,1,0,2,2026-01-04,\"7,5\",\"one, or
two lines\",12,2,,,
q7x,base_arm_1,infusion,1,north,,,,,,,,,,,,2026-01-05 09:30,0.5,2
q7x,base_arm_1,infusion,2,north,,,,,,,,,,,,2026-01-08 09:30,,2
q7x,week_4_arm_1,,,north,,,,,,,2026-02-02,-99,,NASK,2,,,
w3v,base_arm_1,,,south,1,1980,0,0,0,0,2026-01-10,6,,,2,,,
w3v,week_4_arm_1,,,south,,,,,,,,,,,0,,,
z9p,base_arm_2,,,,Female,1990.0,0,0,1,2,2026-01-12,,,3,1,,,
";

const MAPPING: &str = r#"
id = "registry"
version = 1
title = "Registry"

[project]
records = 3

[[table]]
table = "patients"
form = "demographics"
columns = { sex = "sex", birth_year = "birth_year" }
values.sex = { 0 = "F", 1 = "M" }

[[table]]
table = "diagnoses"
form = "demographics"
columns = { condition = "conditions" }
values.condition = { 1 = "crps_1", 2 = "fibromyalgia" }

[[table]]
table = "infusions"
form = "infusion"
columns = { date = "dose_date", dose_mg_per_kg = "dose_mg_kg" }

[[table]]
table = "assessments"
form = "pain"
columns = { date = "pain_date", score = "pain_nrs" }
constants = { instrument = "pain_nrs" }

[[table]]
table = "assessments"
form = "pain"
only_complete = true
columns = { date = "pain_date", score = "phq9_total" }
constants = { instrument = "phq9" }
"#;

fn pipeline(workdir: &Workdir, path: &str, mapping: Option<&str>) {
    let mapping = mapping.map_or_else(String::new, |mapping| format!("mapping = \"{mapping}\"\n"));
    workdir.write(
        "pipeline.toml",
        format!(
            "id = \"p\"\ntitle = \"T\"\nclinic = \"C\"\n[privacy]\nbasis = \"limited-data-set\"\n[store]\nfolder = \"store\"\n\
             [reports]\nfolder = \"reports\"\n[codes]\nsite = [\"north\", \"south\"]\n[[source]]\nname = \"registry\"\nkind = \"redcap\"\npath = \"{path}\"\n{mapping}"
        ),
    );
}

pub(crate) fn registry() -> Workdir {
    let workdir = Workdir::empty();
    workdir.write("redcap/dictionary.csv", DICTIONARY);
    workdir.write("redcap/export.csv", EXPORT);
    workdir.write("registry.toml", MAPPING);
    pipeline(&workdir, "redcap", Some("registry.toml"));
    workdir
}

fn check(workdir: &Workdir) -> Answer {
    workdir.relief(&["check", "pipeline.toml", "--json"])
}

/// Findings of a rule as column → count.
fn findings(answer: &Value, rule: &str) -> BTreeMap<String, u64> {
    let all = answer["findings"].as_array().expect("a list").iter();
    let of_rule = all.filter(|finding| finding["rule"] == rule);
    let mut counts = BTreeMap::new();
    for finding in of_rule {
        let column = finding["column"].as_str().expect("text").to_owned();
        *counts.entry(column).or_insert(0) += finding["count"].as_u64().expect("a count");
    }
    counts
}

fn counted<const N: usize>(expected: [(&str, u64); N]) -> BTreeMap<String, u64> {
    expected.into_iter().map(|(column, count)| (column.to_owned(), count)).collect()
}

#[test]
fn a_mapped_project_becomes_rows_and_reasons() {
    let workdir = registry();
    let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    let accepted = |table: &str| answer["tables"][table]["accepted"].as_u64();
    assert_eq!(answer["patients"], 3);
    assert_eq!(accepted("diagnoses"), Some(2));
    assert_eq!(accepted("infusions"), Some(2));
    // Pain 7.5 and 6, PHQ-9 12: the third PHQ-9 is on a form not complete.
    assert_eq!(accepted("assessments"), Some(3));
    assert_eq!(findings(&answer, "declared-missing"), counted([("score", 2), ("condition", 1)]));
    assert_eq!(findings(&answer, "no-value"), counted([("score", 2)]));
    assert_eq!(findings(&answer, "checkbox-unasked"), counted([("condition", 1)]));
    assert_eq!(findings(&answer, "form-incomplete"), counted([("base_arm_2 / pain", 1)]));
    assert_eq!(findings(&answer, "empty-record"), counted([("week_4_arm_1", 1)]));
    let records = answer["records"].as_array().expect("a list");
    let export = records.iter().find(|file| file["file"] == "export.csv").expect("the export");
    assert_eq!(export["read"], 7);
    assert_eq!(export["with_rows"].as_u64().expect("a count") + export["passed_over"].as_u64().expect("a count"), 7);
}

#[test]
fn an_unmapped_project_says_what_there_is_to_map() {
    let workdir = registry();
    pipeline(&workdir, "redcap", None);
    let answer = check(&workdir).exits(0).json();
    let expected = counted([
        ("base_arm_1 / demographics", 2),
        ("base_arm_1 / infusion", 2),
        ("base_arm_1 / pain", 2),
        ("base_arm_2 / demographics", 1),
        ("base_arm_2 / pain", 1),
        ("week_4_arm_1 / pain", 1),
    ]);
    assert_eq!(findings(&answer, "form-not-mapped"), expected);
    assert_eq!(answer["patients"], 0);
}

#[test]
fn sites_are_data_access_groups() {
    let workdir = registry();
    workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0);
    let manifest: Value =
        serde_json::from_str(&workdir.read("store/snapshots/000001/manifest.json")).expect("a manifest");
    let sites: Vec<&str> =
        manifest["sites"].as_array().expect("a list").iter().filter_map(|site| site["site"].as_str()).collect();
    assert_eq!(sites, ["north", "registry", "south"]);
}

#[test]
fn events_give_the_day_where_there_are_no_dates() {
    let workdir = registry();
    workdir.replace(
        "registry.toml",
        "columns = { date = \"dose_date\", dose_mg_per_kg = \"dose_mg_kg\" }",
        "columns = { dose_mg_per_kg = \"dose_mg_kg\" }",
    );
    workdir.replace(
        "registry.toml",
        "columns = { date = \"pain_date\", score = \"pain_nrs\" }",
        "columns = { score = \"pain_nrs\" }",
    );
    workdir.replace(
        "registry.toml",
        "columns = { date = \"pain_date\", score = \"phq9_total\" }",
        "columns = { score = \"phq9_total\" }",
    );
    workdir.write(
        "redcap/events.csv",
        "event_name,arm_num,day_offset,unique_event_name\nBase,1,0,base_arm_1\nWeek 4,1,28,week_4_arm_1\nBase,2,0,base_arm_2\n",
    );
    workdir.replace("pipeline.toml", "limited-data-set", "safe-harbor");
    workdir.replace("redcap/export.csv", "pain_date", "pain_when");
    workdir.replace("redcap/dictionary.csv", "pain_date", "pain_when");
    workdir.replace("redcap/export.csv", "dose_date", "dose_when");
    workdir.replace("redcap/dictionary.csv", "dose_date", "dose_when");
    let answer = check(&workdir).exits(0).json();
    assert_eq!(answer["tables"]["assessments"], json!({"read": 3, "accepted": 3, "quarantined": 0, "duplicates": 0}));
    // Without a dose or a date there is no second infusion to be seen.
    assert_eq!(answer["tables"]["infusions"]["accepted"], 1);
}

#[test]
fn what_the_dictionary_marks_is_refused_if_it_was_exported() {
    let workdir = registry();
    workdir.replace("redcap/export.csv", ",sex,birth_year", ",last_name,birth_year");
    let answer = check(&workdir).exits(5);
    answer.says("redcap-identifier").says("last_name");

    let workdir = registry();
    workdir.replace(
        "redcap/dictionary.csv",
        "phq9_total,pain,,calc,PHQ-9,sum,,,",
        "phq9_total,pain,,text,PHQ-9,,,ssn,",
    );
    check(&workdir).exits(5).says("redcap-validation");

    let workdir = registry();
    workdir.replace("registry.toml", "score = \"pain_nrs\"", "score = \"pain_note\"");
    check(&workdir).exits(5).says("pain_note");
}

#[test]
fn a_mapping_that_names_what_is_not_exported_says_where() {
    let workdir = registry();
    workdir.replace("registry.toml", "score = \"phq9_total\"", "score = \"phq9_totl\"");
    check(&workdir).exits(7).says("phq9_totl").says("did you mean `phq9_total`?");

    let workdir = registry();
    workdir.replace("registry.toml", "form = \"infusion\"", "form = \"infusions\"");
    check(&workdir).exits(7).says("did you mean `infusion`?");
}

#[test]
fn an_export_cut_short_is_refused() {
    let workdir = registry();
    workdir.replace("registry.toml", "records = 3", "records = 4");
    check(&workdir).exits(7).says("holds 3 records and the mapping declares 4");
}

#[test]
fn an_export_without_its_dictionary_is_read_by_its_columns() {
    let workdir = registry();
    workdir.remove("redcap/dictionary.csv");
    pipeline(&workdir, "redcap", None);
    let answer = check(&workdir).exits(0).json();
    assert_eq!(findings(&answer, "no-dictionary"), counted([("", 1)]));
    assert_eq!(findings(&answer, "form-not-mapped")["base_arm_1 / pain"], 2);
}

#[test]
fn semicolons_separate_as_well() {
    let workdir = registry();
    workdir.write(
        "redcap/export.csv",
        EXPORT.replace("\"7,5\"", "7·5").replace("one, or", "one or").replace(',', ";").replace("7·5", "7,5"),
    );
    let answer = check(&workdir).exits(0).json();
    assert_eq!(answer["tables"]["assessments"]["accepted"], 3);
}

fn real() -> Option<PathBuf> {
    let folder = repository().join("../shared/real-data/redcap");
    folder.is_dir().then_some(folder)
}

/// Rows of each form and event, counted with pandas; see the data's README.
#[test]
fn exports_of_others_are_read_row_by_row_or_refused() {
    let Some(real) = real() else {
        crate::say("skipped: no third-party data beside the project");
        return;
    };
    let refused = [
        "arm-multiple-delete",
        "clinical-trial-1",
        "dag",
        "decimal-comma",
        "decimal-comma-and-dot",
        "decimal-dot",
        "longitudinal",
        "repeating-instruments",
        "repeating-instruments-sparse",
        "simple",
        "validation-types-1",
    ];
    for name in refused {
        let workdir = Workdir::empty();
        pipeline(&workdir, &real.join("REDCapR").join(name).display().to_string(), None);
        check(&workdir).exits(5);
    }
    let read = [
        ("REDCapR/arm-single-longitudinal", 9),
        ("REDCapR/checkboxes-1", 4),
        ("REDCapR/empty-rows", 0),
        ("REDCapR/potentially-problematic-values", 2),
        ("REDCapR/russian", 3),
        ("REDCapR/vignette-repeating", 17),
        ("REDCapTidieR/db_data_long.csv", 17),
        ("REDCapTidieR/db_data_long_noarms.csv", 14),
        ("REDCapTidieR/db_data_long_norepeat.csv", 8),
        ("REDCapTidieR/db_mixed_structure.csv", 6),
    ];
    for (name, rows) in read {
        let workdir = Workdir::empty();
        pipeline(&workdir, &real.join(name).display().to_string(), None);
        let answer = check(&workdir).exits(0).json();
        let records = answer["records"].as_array().expect("a list");
        let export = records.last().expect("the export is read last");
        assert_eq!((export["read"].as_u64(), export["passed_over"].as_u64()), (Some(rows), Some(rows)), "{name}");
    }
}

#[test]
fn repeated_instruments_are_told_apart() {
    let Some(real) = real() else {
        crate::say("skipped: no third-party data beside the project");
        return;
    };
    let workdir = Workdir::empty();
    pipeline(&workdir, &real.join("REDCapR/vignette-repeating").display().to_string(), None);
    let answer = check(&workdir).exits(0).json();
    let expected = counted([("blood_pressure", 6), ("image", 5), ("intake", 2), ("laboratory", 4)]);
    assert_eq!(findings(&answer, "form-not-mapped"), expected);
    let workdir = Workdir::empty();
    pipeline(&workdir, &real.join("REDCapTidieR/db_mixed_structure.csv").display().to_string(), None);
    let answer = check(&workdir).exits(0).json();
    assert_eq!(findings(&answer, "form-not-mapped")["event_2_arm_1 / mixed_structure_form"], 2);
}

/// Bytes that look enough like an export to get far, and bytes that do not.
fn export_bytes() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        ",",
        ",",
        ",",
        ",",
        "\n",
        "\n",
        "\r\n",
        "\"",
        "\"\"",
        ";",
        "q7x",
        "base_arm_1",
        "infusion",
        "2",
        "1",
        "0",
        "-99",
        "7,5",
        "2026-01-05",
        "2026-01-05 09:30",
        "NASK",
        "é",
        "\0",
        "redcap_event_name",
    ]);
    let like = prop::collection::vec(words, 0..80).prop_map(|words| words.concat().into_bytes());
    let unlike = prop::collection::vec(any::<u8>(), 0..80);
    proptest::prop_oneof![4 => like, 1 => unlike]
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn whatever_the_bytes_records_are_conserved_or_the_file_is_named(
        body in export_bytes(), in_dictionary in any::<bool>(), with_header in any::<bool>(), mapped in any::<bool>(),
    ) {
        let workdir = registry();
        pipeline(&workdir, "redcap", mapped.then_some("registry.toml"));
        let (file, whole) = if in_dictionary { ("redcap/dictionary.csv", DICTIONARY) } else { ("redcap/export.csv", EXPORT) };
        let header = if with_header { whole.lines().next().expect("a header") } else { "" };
        fs::write(workdir.path(file), [header.as_bytes(), b"\n", &body].concat()).expect("ours");
        workdir.replace("pipeline.toml", "[[source]]", "[ingest]\nmax_reject_share = 1.0\n[[source]]");
        let protocol = Protocol::read(&workdir.path("pipeline.toml")).expect("a pipeline");
        match ingest::run(&protocol, Mode::Check, &mut |_| {}) {
            Ok(ingested) => {
                assert!(ingested.rows().conserved());
                assert!(ingested.records.iter().all(|file| file.counts.conserved()));
            }
            Err(error) => assert!([5, 7].contains(&error.exit_code()), "{error}"),
        }
    }
}
