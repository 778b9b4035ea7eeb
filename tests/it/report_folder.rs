//! What lies in a report folder, and the commands that read one: explain,
//! verify, diff.

use std::collections::BTreeMap;

use relief::publish::written::Table;
use sha2::{Digest, Sha256};

use crate::workdir::{Workdir, files};

const REPORT: &str = "reports/small";
const RATE: &str = "response_30/to_date/2026Q1/all/all/all/12w/NRI/rate";

/// The small clinic's pain scores, enlarged to twelve patients so that its
/// margins are shown, with fewer than five of one condition.
fn clinic() -> Workdir {
    let workdir = Workdir::with_clinic();
    let mut tables: BTreeMap<&str, String> = BTreeMap::from([
        ("patients", "patient_id,sex,birth_year\n".to_owned()),
        ("diagnoses", "patient_id,condition,rank\n".to_owned()),
        ("infusions", "patient_id,date\n".to_owned()),
        ("assessments", "patient_id,date,instrument,score\n".to_owned()),
    ]);
    for patient in 0..24 {
        let id = format!("qx7k2m{patient:02}");
        let condition = if patient < 2 { "fibromyalgia" } else { "crps_1" };
        let after = if patient % 3 == 0 { 8 } else { 4 };
        for (table, row) in [
            ("patients", format!("{id},F,1970\n")),
            ("diagnoses", format!("{id},{condition},1\n")),
            ("infusions", format!("{id},2026-01-05\n")),
            ("assessments", format!("{id},2026-01-04,pain_nrs,8\n{id},2026-03-30,pain_nrs,{after}\n")),
        ] {
            tables.get_mut(table).expect("a table").push_str(&row);
        }
    }
    for (table, text) in tables {
        workdir.write(&format!("records/{table}.csv"), text);
    }
    workdir.relief(&["run", "pipeline.toml"]).exits(0);
    workdir
}

fn results(workdir: &Workdir, folder: &str) -> Table {
    Table::parse(&workdir.read(&format!("{folder}/results.csv")))
}

fn json_file(workdir: &Workdir, name: &str) -> serde_json::Value {
    serde_json::from_str(&workdir.read(&format!("{REPORT}/{name}"))).expect("JSON")
}

fn digest(workdir: &Workdir, name: &str) -> String {
    let bytes = std::fs::read(workdir.path(&format!("{REPORT}/{name}"))).expect("a file the manifest names");
    Sha256::digest(&bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn a_report_verifies_and_a_changed_one_does_not() {
    let workdir = clinic();
    let answer = workdir.relief(&["verify", REPORT, "--json"]).exits(0).json();
    assert_eq!((&answer["equal"], &answer["results_equal"]), (&true.into(), &true.into()));
    assert!(answer["equal_rows"].as_u64().is_some_and(|rows| rows > 100));
    workdir.write(&format!("{REPORT}/stray.txt"), "x");
    workdir.relief(&["verify", REPORT]).exits(4).says("stray.txt is no part of the report");
    workdir.remove(&format!("{REPORT}/stray.txt"));
    let csv = format!("{REPORT}/results.csv");
    let whole = workdir.read(&csv);
    let line = whole.lines().find(|line| line.starts_with(RATE)).expect("the rate").to_owned();
    workdir.write(&csv, whole.replace(&line, &line.replacen(",share,", "9,share,", 1)));
    workdir.relief(&["verify", REPORT]).exits(4).says(&format!("{RATE}: value "));
    workdir.write(&csv, whole.replace(&format!("{line}\n"), ""));
    let missing = workdir.relief(&["verify", REPORT, "--json"]).exits(4).json();
    assert_eq!(missing["added"], serde_json::json!([RATE]));
}

#[test]
fn results_that_were_edited_are_not_explained() {
    let workdir = clinic();
    workdir.relief(&["run", "pipeline.toml", "--out", "old"]).exits(0);
    workdir.replace(&format!("{REPORT}/results.csv"), ",share,", "9,share,");
    workdir.relief(&["explain", RATE, "--report", REPORT]).exits(8).says("changed after the report was made");
    workdir.relief(&["diff", "old/small", REPORT]).exits(8).says("changed after the report was made");
}

#[test]
fn a_report_of_another_version_says_so() {
    let workdir = clinic();
    let kept = "protocol/pipeline.toml";
    let before = digest(&workdir, kept);
    workdir.replace(&format!("{REPORT}/{kept}"), "title =", "other = 1\ntitle =");
    let manifest = format!("{REPORT}/manifest.json");
    workdir.replace(&manifest, &before, &digest(&workdir, kept));
    workdir.relief(&["explain", RATE, "--report", REPORT]).exits(3).says("unknown field `other`");
    workdir.replace(&manifest, &format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION")), "\"version\": \"0.0.1\"");
    for arguments in [&["explain", RATE, "--report", REPORT][..], &["diff", REPORT, REPORT], &["verify", REPORT]] {
        workdir.relief(arguments).exits(3).says("another version of relief (0.0.1)");
    }
    workdir.replace(&manifest, "\"snapshot\":", "\"snap\":");
    workdir.relief(&["verify", REPORT]).exits(8).says("another version of relief, 0.0.1");
}

#[test]
fn verify_says_no_number_of_a_hidden_cell() {
    let workdir = clinic();
    let csv = format!("{REPORT}/results.csv");
    let whole = workdir.read(&csv);
    // A shown number is made to look hidden: what was there must not come back.
    let line = whole.lines().find(|line| line.starts_with(RATE)).expect("the rate").to_owned();
    let value = results(&workdir, REPORT).by_id()[RATE][12].clone();
    let hidden = line.replace(&value, "").replace(",none,", ",primary,fewer than 5");
    workdir.write(&csv, whole.replace(&line, &hidden));
    let answer = workdir.relief(&["verify", REPORT]).exits(4);
    assert!(answer.err.contains("value hidden → shown"), "{}", answer.err);
    assert!(value.len() > 3 && !answer.err.contains(&value), "{}", answer.err);
}

#[test]
fn verify_follows_the_definitions_as_used_and_names_a_lost_snapshot() {
    let workdir = clinic();
    workdir.replace("pipeline.toml", "title = \"Small clinic\"", "title = \"Another title\"");
    workdir.relief(&["verify", REPORT]).exits(0);
    workdir.replace("pipeline.toml", "folder = \"store\"", "folder = \"elsewhere\"");
    workdir.relief(&["verify", REPORT]).exits(0);
    std::fs::rename(workdir.path("store"), workdir.path("gone")).expect("a folder");
    workdir.relief(&["verify", REPORT]).exits(8).says("no snapshot in");
    std::fs::rename(workdir.path("pipeline.toml"), workdir.path("p.toml")).expect("a file");
    workdir.relief(&["verify", REPORT]).exits(2).says("--pipeline");
    std::fs::rename(workdir.path("gone"), workdir.path("store")).expect("a folder");
    workdir.relief(&["verify", REPORT, "--pipeline", "p.toml"]).exits(0);
    workdir.replace(&format!("{REPORT}/protocol/pipeline.toml"), "Small clinic", "Large clinic");
    workdir.relief(&["verify", REPORT, "--pipeline", "p.toml"]).exits(8).says("not the text the manifest names");
}

#[test]
fn explain_shows_the_formula_the_flow_and_the_definition() {
    let workdir = clinic();
    let answer = workdir.relief(&["explain", RATE, "--report", REPORT]).exits(0);
    for words in [
        "At least 30 % less pain",
        "= with the outcome ÷ all who are counted = 16 ÷ 24",
        "24 series",
        "10 * (baseline_pain_x10 - follow_up_pain_x10) >= 3 * baseline_pain_x10",
        "measure response_30 version 1",
        "disclosure profile internal-5",
        "NRI: 16 of 24 patients",
    ] {
        assert!(answer.out.contains(words), "`{words}` in {}", answer.out);
    }
    assert!(!answer.out.contains("MME"), "pain has no factors: {}", answer.out);
    let same = workdir.relief(&["explain", RATE, "--report", "pipeline.toml"]).exits(0);
    assert_eq!(same.out, answer.out, "a pipeline stands for its report");
    let json = workdir.relief(&["explain", RATE, "--report", REPORT, "--json"]).exits(0).json();
    assert_eq!(json["result"]["numerator"], "16");
    workdir.relief(&["explain", "response_30/x", "--report", REPORT]).exits(2).says("did you mean `response_30/");
}

#[test]
fn explain_names_the_hidden_and_says_nothing_of_their_numbers() {
    let workdir = clinic();
    let small = RATE.replace("/all/all/all/12w/", "/all/fibromyalgia/all/12w/");
    let answer = workdir.relief(&["explain", &small, "--report", REPORT]).exits(0);
    for words in ["it rests on fewer than 5 patients", "hidden is not zero", "NRI: hidden ← this number"] {
        assert!(answer.out.contains(words), "`{words}` in {}", answer.out);
    }
    assert!(!answer.out.contains("÷"), "{}", answer.out);
    let margin = workdir.relief(&["explain", RATE, "--report", REPORT]).exits(0);
    assert!(margin.out.contains(&format!("{small} (primary: fewer than 5")), "{}", margin.out);
}

#[test]
fn diff_says_which_numbers_changed_and_why() {
    let workdir = clinic();
    workdir.relief(&["run", "pipeline.toml", "--out", "old"]).exits(0);
    let same = workdir.relief(&["diff", "old/small", REPORT]).exits(0);
    assert!(
        same.out.contains("0 results changed") && same.out.contains("nothing the numbers depend on"),
        "{}",
        same.out
    );
    workdir.replace("records/assessments.csv", "qx7k2m00,2026-03-30,pain_nrs,8", "qx7k2m00,2026-03-30,pain_nrs,1");
    workdir.relief(&["run", "pipeline.toml"]).exits(0);
    let data = workdir.relief(&["diff", "old/small", REPORT]).exits(0);
    assert!(
        data.out.contains("data: snapshot") && data.out.contains("(1 files changed, 0 added, 0 gone)"),
        "{}",
        data.out
    );
    let json = workdir.relief(&["diff", "old/small", REPORT, "--json"]).exits(0).json();
    let rows = json["changed"].as_array().expect("changed rows");
    let rate = rows.iter().find(|row| row["result_id"] == RATE).expect("one more responder");
    let cell = |column: &str| rate["cells"].as_array().expect("cells").iter().find(|cell| cell["column"] == column);
    assert_eq!(
        cell("numerator").map(|cell| (cell["before"].clone(), cell["after"].clone())),
        Some(("16".into(), "17".into()))
    );
    assert!(rate["causes"][0].as_str().is_some_and(|cause| cause.starts_with("data: ")));
}

#[test]
fn diff_blames_no_data_where_the_same_files_are_read_otherwise() {
    let workdir = clinic();
    workdir.relief(&["run", "pipeline.toml", "--out", "old"]).exits(0);
    let pack = std::fs::read_to_string(crate::workdir::repository().join("pipelines/packs/conditions.toml"));
    let pack = pack.expect("a pack").replace("code = \"fibromyalgia\"", "code = \"fibro\"");
    workdir.write("my-conditions.toml", pack);
    workdir.replace("pipeline.toml", "[store]", "[packs]\nconditions = \"my-conditions.toml\"\n[store]");
    workdir.relief(&["run", "pipeline.toml", "--out", "new"]).exits(0);
    let answer = workdir.relief(&["diff", "old/small", "new/small"]).exits(0);
    for words in ["reading: the same files, read under other definitions", "my-conditions.toml is new"] {
        assert!(answer.out.contains(words), "`{words}` in {}", answer.out);
    }
    assert!(!answer.out.contains("data: snapshot"), "{}", answer.out);
}

#[test]
fn diff_tells_a_changed_definition_from_changed_data() {
    let workdir = clinic();
    let pack =
        std::fs::read_to_string(crate::workdir::repository().join("pipelines/packs/measures.toml")).expect("a pack");
    // The changed response is rarer than the one that would imply it.
    let pack = pack.replace("implies = [\"response_30\"]\n", "");
    workdir.write("my.toml", &pack);
    workdir.replace("pipeline.toml", "[store]", "[packs]\nmeasures = [\"my.toml\"]\n[store]");
    workdir.relief(&["run", "pipeline.toml", "--out", "old"]).exits(0);
    workdir.write(
        "my.toml",
        pack.replacen("version = 1\ntitle = \"At least 30", "version = 2\ntitle = \"At least 30", 1)
            .replacen(">= 3 *", ">= 6 *", 1),
    );
    workdir.relief(&["run", "pipeline.toml", "--out", "new"]).exits(0);
    let json = workdir.relief(&["diff", "old/small", "new/small", "--json"]).exits(0).json();
    assert!(
        json["causes"]["measures"]["response_30"].as_str().is_some_and(|cause| cause.contains("the outcome")),
        "{json}"
    );
    let rows = json["changed"].as_array().expect("changed rows");
    assert!(
        rows.iter().all(|row| row["result_id"].as_str().is_some_and(|id| id.starts_with("response_30/"))),
        "{json}"
    );
    assert!(!rows.is_empty() && !json["causes"]["all"].to_string().contains("data:"));
}

#[test]
fn every_file_of_the_folder_is_in_the_manifest_with_its_digest() {
    let workdir = clinic();
    let manifest = json_file(&workdir, "manifest.json");
    let listed: BTreeMap<String, String> = manifest["outputs"]
        .as_array()
        .expect("outputs")
        .iter()
        .map(|file| {
            (file["file"].as_str().expect("a name").to_owned(), file["sha256"].as_str().expect("a digest").to_owned())
        })
        .collect();
    let found: Vec<String> =
        files(&workdir.path(REPORT)).iter().map(|path| path.to_string_lossy().replace('\\', "/")).collect();
    for name in found.iter().filter(|name| *name != "manifest.json") {
        assert_eq!(listed.get(name), Some(&digest(&workdir, name)), "{name}");
    }
    assert_eq!(listed.len() + 1, found.len());
    let package = json_file(&workdir, "datapackage.json");
    for resource in package["resources"].as_array().expect("resources") {
        let path = resource["path"].as_str().expect("a path");
        assert_eq!(resource["hash"], format!("sha256:{}", digest(&workdir, path)), "{path}");
        if resource["format"] == "csv" {
            let fields = resource["schema"]["fields"].as_array().expect("fields");
            let names: Vec<&str> = fields.iter().filter_map(|field| field["name"].as_str()).collect();
            assert_eq!(names, Table::parse(&workdir.read(&format!("{REPORT}/{path}"))).columns, "{path}");
        }
    }
    let text = found.iter().map(|name| {
        String::from_utf8_lossy(&std::fs::read(workdir.path(&format!("{REPORT}/{name}"))).expect("a file")).into_owned()
    });
    let here = workdir.path("").to_string_lossy().into_owned();
    assert!(text.into_iter().all(|text| !text.contains(here.trim_end_matches('/'))), "a path of this machine");
}

#[test]
fn a_crate_names_what_it_is_made_of() {
    let workdir = clinic();
    let metadata = json_file(&workdir, "ro-crate-metadata.json");
    let graph = metadata["@graph"].as_array().expect("a graph");
    let find = |id: &str| graph.iter().find(|entity| entity["@id"] == id).unwrap_or_else(|| panic!("no {id}"));
    assert_eq!(find("ro-crate-metadata.json")["conformsTo"]["@id"], "https://w3id.org/ro/crate/1.1");
    let run = find("#run");
    assert_eq!((&run["@type"], &run["instrument"]["@id"]), (&"CreateAction".into(), &"#relief".into()));
    for list in ["object", "result"] {
        for part in run[list].as_array().expect("a list") {
            find(part["@id"].as_str().expect("an id"));
        }
    }
    assert_eq!(find("results.csv")["sha256"], digest(&workdir, "results.csv"));
    assert_eq!(run["object"].as_array().map(Vec::len), Some(4), "four record files");
}

#[test]
fn the_small_tables_say_what_the_results_say() {
    let workdir = clinic();
    let results = results(&workdir, REPORT);
    let known = results.by_id();
    let attrition = Table::parse(&workdir.read(&format!("{REPORT}/attrition.csv")));
    assert!(!attrition.rows.is_empty());
    for row in &attrition.rows {
        let source = known[attrition.cell(row, "result_id")];
        assert_eq!(attrition.cell(row, "remaining"), results.cell(source, "value"));
    }
    let grid = Table::parse(&workdir.read(&format!("{REPORT}/sensitivity.csv")));
    let mut compared = 0;
    for row in &grid.rows {
        for estimand in ["NRI", "OC", "IPW", "BOCF", "LOCF", "best", "worst"] {
            let same = |other: &&Vec<String>| {
                ["measure_id", "population", "period_start", "site", "condition", "horizon", "statistic"]
                    .iter()
                    .all(|column| grid.cell(row, column) == results.cell(other, column))
                    && results.cell(other, "estimand") == estimand
                    && results.cell(other, "stratum_name") == "all"
            };
            let source = results.rows.iter().find(same);
            let expected = source.map_or("", |source| results.cell(source, "value"));
            assert_eq!(grid.cell(row, &estimand.to_lowercase()), expected, "{row:?} {estimand}");
            compared += usize::from(!expected.is_empty());
        }
    }
    assert!(compared > 20, "{compared}");
}

#[cfg(unix)]
#[test]
fn rerun_verifies_from_anywhere() {
    let workdir = clinic();
    let run = |relief: &str| {
        let script = workdir.path(&format!("{REPORT}/rerun.sh"));
        std::process::Command::new("sh").arg(script).env("RELIEF", relief).current_dir("/").output().expect("sh starts")
    };
    let output = run(env!("CARGO_BIN_EXE_relief"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!run("/nonexistent/relief").status.success());
}

#[test]
fn two_runs_give_the_same_bytes_in_every_file() {
    let workdir = clinic();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    workdir.relief(&["run", "pipeline.toml", "--out", "again"]).exits(0);
    for file in files(&workdir.path(REPORT)) {
        let [one, other] = [REPORT, "again/small"].map(|folder| std::fs::read(workdir.path(folder).join(&file)).ok());
        assert!(one.is_some() && one == other, "{}", file.display());
    }
}

#[test]
fn a_report_that_differs_from_the_replaced_one_by_a_few_patients_says_so() {
    let workdir = clinic();
    let told = "differ by fewer than 11 patients from the report this one replaces";
    workdir.replace("pipeline.toml", "internal-5", "us-cms-11");
    workdir.relief(&["run", "pipeline.toml"]).exits(0);
    let same = workdir.relief(&["run", "pipeline.toml"]).exits(0);
    assert!(!same.err.contains(told), "{}", same.err);
    for table in ["patients", "diagnoses", "infusions", "assessments"] {
        let text = workdir.read(&format!("records/{table}.csv"));
        let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("qx7k2m23")).collect();
        workdir.write(&format!("records/{table}.csv"), kept.join("\n") + "\n");
    }
    workdir.relief(&["run", "pipeline.toml"]).exits(0).says(told);
}

#[test]
fn a_snapshot_of_an_older_version_says_so_and_the_files_are_read_again() {
    let workdir = Workdir::with_clinic();
    let ingest = || workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json()["snapshot"].clone();
    let from_first = || workdir.relief(&["run", "pipeline.toml", "--snapshot", "1"]).exits(8);
    assert_eq!((ingest(), ingest()), (1.into(), 1.into()), "the same files are the same snapshot");
    // A table as it was before a column was added, then before there was one.
    let departures = "store/snapshots/000001/departures.parquet";
    let reviews = "store/snapshots/000001/medication_reviews.parquet";
    std::fs::copy(workdir.path(reviews), workdir.path(departures)).expect("a table of the snapshot");
    from_first().says("departures.parquet` has no column `departure`").says("older version");
    workdir.remove(departures);
    from_first().says("departures.parquet` has no file").says("older version").says("without `--snapshot`");
    assert_eq!(ingest(), 2, "the advice helps");
    workdir.relief(&["run", "pipeline.toml", "--snapshot", "2"]).exits(0);
    workdir.relief(&["verify", REPORT]).exits(0);
}
