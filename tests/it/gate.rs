//! The privacy gate from outside: what it says, and that nothing it refuses is
//! ever seen again.

use std::fs;
use std::io::Read;
use std::path::Path;

use proptest::prelude::{Strategy, prop, proptest};

use crate::workdir::{Answer, Workdir, files};

/// Values that identify somebody, none of them a word of this program.
const PLANTED: [&str; 9] = [
    "219-09-9999",
    "219 09 9999",
    "zquackenbush@mail.example.org",
    "(212) 555-0147",
    "212-555-0147",
    "Zebulon Quackenbush",
    "Quackenbush, Zebulon",
    "https://mail.example.org/zquackenbush",
    "MRN 77481234",
];

/// What of them may be seen nowhere, whatever is done to case and punctuation.
const TRACES: [&str; 5] = ["219-09-9999", "219 09 9999", "555-0147", "quackenbush", "77481234"];

const TABLES: [&str; 10] = [
    "patients",
    "diagnoses",
    "infusions",
    "assessments",
    "prescriptions",
    "medication_reviews",
    "adverse_events",
    "therapy_sessions",
    "departures",
    "withdrawals",
];

/// The small clinic with a row in every table, and a column nobody reads.
pub(crate) fn clinic() -> Workdir {
    let workdir = Workdir::with_clinic();
    for (table, text) in [
        (
            "prescriptions",
            "patient_id,start_date,days_supply,drug,strength,unit,quantity,route,indication,row_id\n\
             qx7k2m9p,2026-01-01,30,oxycodone,10,mg,60,oral,pain,r1\nwv3n8r5t,2026-02-01,30,morphine,15,mg,60,oral,,r2\n",
        ),
        ("medication_reviews", "patient_id,date,complete\nqx7k2m9p,2026-01-04,yes\n"),
        ("adverse_events", "patient_id,date,term,grade,serious\nqx7k2m9p,2026-01-05,nausea,1,no\n"),
        ("therapy_sessions", "patient_id,date,kind\nwv3n8r5t,2026-02-03,psychotherapy\n"),
        ("departures", "patient_id,date,departure\nwv3n8r5t,2026-02-05,moved\n"),
        ("withdrawals", "patient_id,effective_date,scope\nother111,2026-02-03,all\n"),
    ] {
        workdir.write(&format!("records/{table}.csv"), text);
    }
    workdir
}

/// Replaces one cell of a table; row 0 is the header, and a column past the
/// last is a new one that nobody reads.
pub(crate) fn plant(workdir: &Workdir, table: &str, row: usize, column: usize, value: &str) {
    let name = format!("records/{table}.csv");
    let text = workdir.read(&name);
    let mut rows: Vec<Vec<String>> = text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    let row = row % rows.len();
    let column = column % (rows[0].len() + 1);
    if column == rows[0].len() {
        rows.iter_mut().for_each(|cells| cells.push("mood".to_owned()));
    }
    // An earlier planting may have had a comma.
    let column = column.min(rows[row].len() - 1);
    rows[row][column] = format!("\"{value}\"");
    let lines: Vec<String> = rows.iter().map(|cells| cells.join(",")).collect();
    workdir.write(&name, lines.join("\n") + "\n");
}

fn assert_no_trace(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    for trace in TRACES {
        assert!(!text.contains(trace), "{what} holds a planted value");
    }
}

fn assert_silent(command: &str, answer: &Answer) {
    assert_no_trace(&format!("standard output of {command}"), answer.out.as_bytes());
    assert_no_trace(&format!("standard error of {command}"), answer.err.as_bytes());
}

/// Everything below the folder but the records themselves, compressed or not.
fn assert_nothing_kept(workdir: &Workdir) {
    let root = workdir.path("");
    for path in files(&root).iter().filter(|path| !path.starts_with("records")) {
        let bytes = fs::read(root.join(path)).expect("readable");
        assert_no_trace(&path.display().to_string(), &bytes);
        assert_no_trace(&path.display().to_string(), path.display().to_string().as_bytes());
        if path.extension().is_some_and(|extension| extension == "parquet") {
            assert_no_trace(&path.display().to_string(), &parquet_text(&root.join(path)));
        }
    }
}

/// The cells of a Parquet file as text: its pages are compressed.
pub(crate) fn parquet_text(path: &Path) -> Vec<u8> {
    let file = fs::File::open(path).expect("readable");
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    let mut text = Vec::new();
    for batch in reader.build().expect("readable") {
        let batch = batch.expect("rows can be read");
        for column in batch.columns() {
            for row in 0..batch.num_rows() {
                let cell = arrow::util::display::array_value_to_string(column, row).expect("printable");
                text.extend_from_slice(cell.as_bytes());
                text.push(b'\n');
            }
        }
    }
    text
}

/// Where to plant what.
fn plantings() -> impl Strategy<Value = Vec<(usize, usize, usize, usize)>> {
    prop::collection::vec((0..TABLES.len(), 0..3_usize, 0..12_usize, 0..PLANTED.len()), 1..4)
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_planted_value_is_ever_seen_again(plantings in plantings(), in_file_name in prop::bool::ANY) {
        let workdir = clinic();
        for (table, row, column, value) in plantings {
            plant(&workdir, TABLES[table], row, column, PLANTED[value]);
        }
        if in_file_name {
            workdir.write("records/Quackenbush_Zebulon 219-09-9999.csv", "x\n");
        }
        assert_silent("check", &workdir.relief(&["check", "pipeline.toml"]));
        assert_silent("check --json", &workdir.relief(&["check", "pipeline.toml", "--json"]));
        assert_silent("run", &workdir.relief(&["run", "pipeline.toml", "--json"]));
        assert_nothing_kept(&workdir);
    }
}

#[test]
fn every_number_of_a_person_stops_the_source_wherever_it_stands() {
    for table in TABLES {
        let width = clinic().read(&format!("records/{table}.csv")).lines().next().expect("a header").split(',').count();
        for column in 0..=width {
            let workdir = clinic();
            plant(&workdir, table, 1, column, "219-09-9999");
            let answer = workdir.relief(&["run", "pipeline.toml"]).exits(5).says("value-ssn");
            assert!(answer.err.contains(&format!("`{table}.csv`")) && answer.err.contains("1 times"), "{}", answer.err);
            assert!(!workdir.path("store/current").exists(), "{table} {column}");
            assert!(!workdir.path("store/rejected").exists(), "{table} {column}");
        }
    }
}

#[test]
fn a_check_shows_every_column_and_what_happens_to_it() {
    let workdir = clinic();
    workdir.replace("records/assessments.csv", ",score\n", ",score,mood\n");
    let text = workdir
        .read("records/assessments.csv")
        .replace(",8\n", ",8,x\n")
        .replace(",4\n", ",4,x\n")
        .replace(",7\n", ",7,x\n");
    workdir.write("records/assessments.csv", text);
    let answer = workdir.relief(&["check", "pipeline.toml"]).exits(0);
    let line = |words: &[&str]| answer.out.lines().any(|line| line.split_whitespace().collect::<Vec<_>>() == words);
    assert!(line(&["source", "file", "column", "what", "happens", "rule", "count"]), "{}", answer.out);
    assert!(line(&["main", "assessments.csv", "score", "read", "1"]), "{}", answer.out);
    assert!(line(&["main", "assessments.csv", "mood", "not", "read", "1"]), "{}", answer.out);

    // All refusals at once, also where another file is fine, and in JSON too.
    workdir.replace("records/patients.csv", "patient_id,sex", "patient_id,surname");
    workdir.replace("records/infusions.csv", "dose_mg_per_kg", "notes");
    let answer = workdir.relief(&["check", "pipeline.toml"]).exits(5).says("column-name").says("column-free-text");
    assert!(answer.out.contains("surname") && answer.out.contains("refused"), "{}", answer.out);
    let gate = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(5).json();
    let refused = gate["gate"].as_array().expect("a list").iter().filter(|column| column["fate"] == "refused");
    assert_eq!(
        refused.map(|column| column["rule"].as_str().expect("text")).collect::<Vec<_>>(),
        ["column-name", "column-free-text"]
    );
}

#[test]
fn every_rule_is_explained_without_a_pipeline() {
    let workdir = Workdir::empty();
    let gate = relief::ingest::gate::detectors().map(|detector| detector.id);
    for rule in gate.chain(relief::model::reject::RULES.iter().map(|rule| rule.id)) {
        let answer = workdir.relief(&["check", "--explain", rule]).exits(0);
        assert!(answer.out.starts_with(rule) && answer.out.contains("why:") && answer.out.contains("do:"), "{rule}");
    }
    workdir.relief(&["check", "--explain", "value-sn"]).exits(2).says("value-ssn");
    workdir.relief(&["check"]).exits(2);
}

#[test]
fn patient_codes_are_judged_by_their_form() {
    let with_codes = |code: &dyn Fn(usize) -> String| {
        let workdir = Workdir::with_clinic();
        let rows: Vec<String> = (0..30).map(|at| format!("\"{}\",F,1970", code(at))).collect();
        let rows = rows.join("\n");
        workdir.write("records/patients.csv", format!("patient_id,sex,birth_year\n{rows}\n"));
        for table in ["diagnoses", "infusions", "assessments"] {
            let header = workdir.read(&format!("records/{table}.csv")).lines().next().expect("a header").to_owned();
            workdir.write(&format!("records/{table}.csv"), header + "\n");
        }
        workdir
    };
    let names = ["Ann", "Bo", "Cy"];
    with_codes(&|at| format!("Smith{}, {}", "x".repeat(at % 5), names[at % 3]))
        .relief(&["check", "pipeline.toml"])
        .exits(5)
        .says("patient-code-name");
    with_codes(&|at| format!("1970-01-{:02}", at + 1))
        .relief(&["check", "pipeline.toml"])
        .exits(5)
        .says("patient-code-date");
    with_codes(&|at| format!("JD0101{:02}", at + 50))
        .relief(&["check", "pipeline.toml"])
        .exits(5)
        .says("patient-code-initials");

    let numbered = with_codes(&|at| format!("P{at:04}"));
    let answer = numbered.relief(&["check", "pipeline.toml"]).exits(0);
    assert!(answer.out.contains("patient-code-sequence"), "{}", answer.out);
    numbered.replace("pipeline.toml", "limited-data-set", "safe-harbor");
    for table in ["infusions", "assessments"] {
        numbered.replace(&format!("records/{table}.csv"), "date", "day");
    }
    numbered.replace("pipeline.toml", "data_cut = \"2026-09-30\"", "");
    numbered.relief(&["check", "pipeline.toml"]).exits(5).says("patient-code-sequence").says("assigned_codes");
    numbered.replace("pipeline.toml", "[privacy]", "[privacy]\nassigned_codes = true");
    numbered.relief(&["check", "pipeline.toml"]).exits(0);
}

/// Numbers of eight digits, as far apart as a clinic's record numbers.
fn record_number(at: usize) -> usize {
    40_100_000 + at * 7_919 % 60 * 311
}

#[test]
fn codes_that_share_their_range_with_another_column_are_refused() {
    let clinic = |code: &dyn Fn(usize) -> String, other: &dyn Fn(usize) -> String| {
        let workdir = Workdir::with_clinic();
        workdir.replace("pipeline.toml", "[privacy]", "[privacy]\nassigned_codes = true");
        let rows: Vec<String> = (0..60).map(|at| format!("{},F,1970,{}\n", code(at), other(at))).collect();
        workdir.write("records/patients.csv", format!("patient_id,sex,birth_year,legacy\n{}", rows.concat()));
        for table in ["diagnoses", "infusions", "assessments"] {
            let header = workdir.read(&format!("records/{table}.csv")).lines().next().expect("a header").to_owned();
            workdir.write(&format!("records/{table}.csv"), header + "\n");
        }
        workdir
    };
    let code = |at| record_number(at).to_string();
    let like = |at| record_number(at + 7).to_string();
    for basis in ["limited-data-set", "expert-determination"] {
        let workdir = clinic(&code, &like);
        workdir.replace("pipeline.toml", "limited-data-set", basis);
        let answer = workdir.relief(&["check", "pipeline.toml"]).exits(5).says("patient-code-shared-range");
        assert!(answer.err.contains("legacy") && !answer.err.contains("40100"), "{}", answer.err);
        assert!(!workdir.path("store/current").exists());
    }
    for (code, other) in [
        (
            &code as &dyn Fn(usize) -> String,
            &(|at: usize| (90_000_000 + at * 311).to_string()) as &dyn Fn(usize) -> String,
        ),
        (&|at| format!("qx{at:03}k2m"), &like),
        (&code, &|at| (at % 11).to_string()),
    ] {
        clinic(code, other).relief(&["check", "pipeline.toml"]).exits(0);
    }
    // In a column of another table too.
    let workdir = clinic(&code, &|_| String::new());
    let row = |at| format!("{},2026-01-05,0.5,60,yes,{}\n", record_number(at), record_number(at + 3));
    let rows: Vec<String> = (0..60).map(row).collect();
    let header = "patient_id,date,dose_mg_per_kg,duration_min,ae_asked,visit\n";
    workdir.write("records/infusions.csv", header.to_owned() + &rows.concat());
    let answer = workdir.relief(&["check", "pipeline.toml"]).exits(5).says("patient-code-shared-range");
    assert!(answer.err.contains("visit"), "{}", answer.err);
}

#[test]
fn a_workbook_s_codes_are_held_against_its_other_columns() {
    let check = |distance: usize| {
        let workdir = Workdir::with_clinic();
        let options = "kind = \"xlsx\"\npath = \"clinic.xlsx\"";
        workdir.replace("pipeline.toml", "kind = \"csv\"\npath = \"records\"", options);
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet().set_name("patients").expect("a name");
        for (column, name) in (0..).zip(["patient_id", "sex", "birth_year", "legacy"]) {
            sheet.write(0, column, name).expect("a cell");
        }
        for at in 0..60_usize {
            let row = u32::try_from(at).expect("small") + 1;
            sheet.write(row, 0, record_number(at).to_string()).expect("a cell");
            sheet.write(row, 1, "F").expect("a cell");
            sheet.write(row, 2, 1970).expect("a cell");
            sheet.write(row, 3, (record_number(at + 7) + distance).to_string()).expect("a cell");
        }
        book.save(workdir.path("clinic.xlsx")).expect("a workbook");
        workdir.relief(&["check", "pipeline.toml"])
    };
    check(0).exits(5).says("patient-code-shared-range");
    assert!(!check(1_000_000).err.contains("patient-code-shared-range"));
}

#[test]
fn the_zip_areas_are_those_of_the_pipeline_s_census() {
    let workdir = Workdir::with_clinic();
    let text = workdir.read("records/diagnoses.csv");
    let lines = text.lines().zip(["zip3", "205", "100", "100"]);
    let lines: Vec<String> = lines.map(|(line, cell)| format!("{line},{cell}\n")).collect();
    workdir.write("records/diagnoses.csv", lines.concat());
    workdir.relief(&["check", "pipeline.toml"]).exits(0);
    let pack = std::fs::read_to_string(crate::workdir::repository().join("pipelines/packs/zip3-2000.toml"));
    let pack = pack.expect("the pack").replace("census = 2000", "census = 2020").replace("\"036\",", "\"205\",");
    workdir.write("zip3-2020.toml", pack);
    let text = workdir.read("pipeline.toml");
    workdir.write("pipeline.toml", format!("{text}\n[packs]\nzip3 = \"zip3-2020.toml\"\n"));
    workdir.relief(&["check", "pipeline.toml"]).exits(5).says("zip3-restricted");
}

#[test]
fn safe_harbor_looks_for_dates_and_places_in_columns_nobody_reads() {
    let workdir = |column: &str, cell: &str| {
        let workdir = Workdir::with_clinic();
        let text = workdir.read("records/diagnoses.csv");
        let mut lines = text.lines().map(|line| format!("{line},{cell}\n"));
        let header = lines.next().expect("a header").replace(cell, column);
        workdir.write("records/diagnoses.csv", header + &lines.collect::<String>());
        workdir
    };
    for (column, cell, basis, code) in [
        ("seen", "2026-01-05", "limited-data-set", 0),
        ("seen", "2026-01-05", "expert-determination", 0),
        ("zip3", "100", "limited-data-set", 0),
        ("zip3", "036", "limited-data-set", 5),
        ("zip3", "03601", "limited-data-set", 5),
        ("zip5", "10001", "limited-data-set", 5),
        ("x", "02139-4307", "expert-determination", 5),
    ] {
        let workdir = workdir(column, cell);
        workdir.replace("pipeline.toml", "limited-data-set", basis);
        let answer = workdir.relief(&["check", "pipeline.toml"]).exits(code);
        assert!(!answer.out.contains(cell) && !answer.err.contains(cell), "{column} {cell}");
    }
    let dated = workdir("seen", "2026-01-05");
    dated.replace("pipeline.toml", "limited-data-set", "safe-harbor");
    for (table, day) in [("infusions", "2026-01-05"), ("assessments", "2026-01-04")] {
        dated.replace(&format!("records/{table}.csv"), "date", "day");
        assert!(dated.read(&format!("records/{table}.csv")).contains(day));
    }
    dated.relief(&["check", "pipeline.toml"]).exits(5).says("share-date").says("`seen`");
}

/// Under safe harbor input and output know years only, and the report says so.
#[test]
fn safe_harbor_reports_no_month_and_no_quarter() {
    let workdir = Workdir::with_clinic();
    workdir.replace("pipeline.toml", "limited-data-set", "safe-harbor");
    workdir.write("records/patients.csv", "patient_id,index_period\nqx7k2m9p,2025\nwv3n8r5t,2024\n");
    let rows = |rest: &str| format!("qx7k2m9p,{rest}\nwv3n8r5t,{rest}\n");
    workdir.write("records/infusions.csv", format!("patient_id,day,dose_mg_per_kg\n{}", rows("0,0.5")));
    let scores = rows("-1,pain_nrs,8") + &rows("84,pain_nrs,4");
    workdir.write("records/assessments.csv", format!("patient_id,day,instrument,score\n{scores}"));
    workdir.relief(&["run", "pipeline.toml"]).exits(0);
    let report = workdir.read("reports/small/report.html");
    assert!(report.contains("charts over calendar time are left out"));
    for chart in ["response_trend", "control_response", "control_pain"] {
        assert!(!workdir.path(&format!("reports/small/charts/{chart}.svg")).exists(), "{chart}");
    }
    let results = workdir.read("reports/small/results.csv");
    let header: Vec<&str> = results.lines().next().expect("a header").split(',').collect();
    let at = |name: &str| header.iter().position(|column| *column == name).expect("a column");
    let (population, start) = (at("population"), at("period_start"));
    for line in results.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        assert!(!["month", "quarter_series"].contains(&cells[population]), "{line}");
        let start = cells[start];
        assert!(start.len() <= 4 || start.ends_with("-01-01"), "a period finer than a year: {line}");
    }
    // A quarter in the input is refused like a date.
    workdir.replace("records/patients.csv", "2025", "2025Q1");
    workdir.relief(&["run", "pipeline.toml"]).exits(5).says("period-finer-than-year");
}

#[test]
fn a_compressed_file_is_looked_into() {
    let workdir = clinic();
    let text = workdir.read("records/adverse_events.csv").replace("nausea", "call 212-555-0147");
    let mut encoder = flate2::read::GzEncoder::new(text.as_bytes(), flate2::Compression::fast());
    let mut bytes = Vec::new();
    encoder.read_to_end(&mut bytes).expect("into memory");
    workdir.remove("records/adverse_events.csv");
    workdir.write("records/adverse_events.csv.gz", bytes);
    workdir.relief(&["run", "pipeline.toml"]).exits(5).says("value-phone");
    assert_nothing_kept(&workdir);
}

/// Cells nobody reads are looked at in a clinic's own files too, and nothing of them is kept.
#[test]
fn a_column_nobody_mapped_is_looked_at_in_every_format_with_columns() {
    for (kind, file) in [("csv", "visits.csv"), ("redcap", "export.csv")] {
        let workdir = Workdir::with_clinic();
        ["patients", "diagnoses", "infusions", "assessments"]
            .iter()
            .for_each(|table| workdir.remove(&format!("records/{table}.csv")));
        workdir.replace("pipeline.toml", "kind = \"csv\"", &format!("kind = \"{kind}\""));
        workdir.replace("pipeline.toml", "path = \"records\"", "path = \"records\"\nmapping = \"own.toml\"");
        let rows = |reach: &str| format!("record_id,sex,reach,visit_complete\nqx7k2m9p,F,{reach},2\nwv3n8r5t,M,,2\n");
        let mapping = if kind == "csv" {
            "id = \"own\"\nversion = 1\n[[table]]\ntable = \"patients\"\nfrom = \"visits.csv\"\ncolumns = { patient_id = \"record_id\", sex = \"sex\" }\n"
        } else {
            workdir.write("records/dictionary.csv", dictionary(&["record_id", "sex", "reach"]));
            "id = \"own\"\nversion = 1\ntitle = \"Own\"\n[[table]]\ntable = \"patients\"\nform = \"visit\"\ncolumns = { sex = \"sex\" }\n"
        };
        workdir.write("own.toml", mapping);
        workdir.write(&format!("records/{file}"), rows("often"));
        let said = workdir.relief(&["check", "pipeline.toml"]).exits(0);
        assert!(said.out.contains("not read: ") && said.out.contains("were looked at"), "{}", said.out);
        workdir.write(&format!("records/{file}"), rows("\"(212) 555-0147\""));
        let answer = workdir.relief(&["ingest", "pipeline.toml"]).exits(5);
        assert_silent(kind, &answer);
        answer.says("column `reach`").says("value-phone");
        assert!(!workdir.path("store/snapshots").exists());
    }
}

/// A REDCap dictionary of one form.
pub(crate) fn dictionary(fields: &[&str]) -> String {
    let header = "\"Variable / Field Name\",\"Form Name\",\"Section Header\",\"Field Type\",\"Field Label\",\
        \"Choices, Calculations, OR Slider Labels\",\"Field Note\",\"Text Validation Type OR Show Slider Number\",\
        \"Text Validation Min\",\"Text Validation Max\",Identifier?,\"Branching Logic (Show field only if...)\",\
        \"Required Field?\",\"Custom Alignment\",\"Question Number (surveys only)\",\"Matrix Group Name\",\
        \"Matrix Ranking?\",\"Field Annotation\"\n";
    fields.iter().fold(header.to_owned(), |text, field| text + &format!("{field},visit,,text,L,,,,,,,,,,,,,\n"))
}

/// A record number may be what a system calls its rows by.
#[test]
fn a_row_id_is_not_kept_as_it_is() {
    let workdir = clinic();
    workdir.replace("records/prescriptions.csv", ",r1\n", ",77481234\n");
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    assert_nothing_kept(&workdir);
}
