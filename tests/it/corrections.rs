//! The quarantine's way back: staff fill in its last column, and exactly those
//! rows are read again with what they wrote.

use std::fmt::Write as _;
use std::path::Path;

use calamine::{Data, Reader, Xlsx};
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use crate::workdir::Workdir;

const ASSESSMENTS: &str = "patient_id,date,instrument,score\n\
    qx7k2m9p,2026-01-04,pain_nrs,11\n\
    qx7k2m9p,2026-03-30,pain_nrs,4\n\
    wv3n8r5t,2026-02-01,pain_nrs,seven\n\
    wv3n8r5t,2026-02-30,phq9,12\n\
    nobody12,2026-02-03,phq9,12\n";

/// The small clinic with four bad rows.
fn clinic() -> Workdir {
    let workdir = Workdir::with_clinic();
    workdir.write("records/assessments.csv", ASSESSMENTS);
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    workdir
}

fn name_corrections(workdir: &Workdir, file: &str) {
    workdir.replace("pipeline.toml", "path = \"records\"", &format!("path = \"records\"\ncorrections = \"{file}\""));
}

/// The quarantine with corrections by line, as staff would save it.
fn corrected(workdir: &Workdir, corrections: &[(&str, &str)]) -> String {
    let quarantine = workdir.read("store/snapshots/000001/quarantine/main.csv");
    let mut lines = quarantine.lines();
    let mut text = format!("{}\n", lines.next().expect("a header"));
    for line in lines {
        let number = line.split(',').nth(1).expect("a line number");
        let value = corrections.iter().find(|(of, _)| *of == number).map_or("", |(_, value)| value);
        writeln!(text, "{line}{value}").expect("into memory");
    }
    text
}

fn assessments(answer: &Value) -> [u64; 3] {
    ["read", "accepted", "quarantined"].map(|count| answer["tables"]["assessments"][count].as_u64().expect("a count"))
}

#[test]
fn corrected_rows_are_recovered_and_counted() {
    let workdir = clinic();
    workdir.write("mended.csv", corrected(&workdir, &[("2", "10"), ("4", "7"), ("6", "qx7k2m9p")]));
    name_corrections(&workdir, "mended.csv");
    let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(assessments(&answer), [5, 4, 1]);
    let made = json!([{"source": "main", "file": "mended.csv", "rows": 3, "recovered": 3,
        "quarantined": 0, "not_needed": 0, "unmatched": 0}]);
    assert_eq!(answer["corrections"], made);
    // What nobody corrected is listed again, by the same line.
    let quarantine = workdir.read("store/snapshots/000002/quarantine/main.csv");
    assert_eq!(quarantine.lines().count(), 2);
    assert!(quarantine.contains("assessments.csv,5,date,date-invalid"), "{quarantine}");
    let said = workdir.relief(&["check", "pipeline.toml"]).exits(0);
    assert!(said.out.contains("corrections of main: 3 of 3 rows recovered"), "{}", said.out);
}

#[test]
fn a_corrected_clinic_is_the_clinic_that_was_right_from_the_start() {
    let mended = clinic();
    mended.write("mended.csv", corrected(&mended, &[("2", "10"), ("4", "7"), ("5", "2026-02-28"), ("6", "qx7k2m9p")]));
    name_corrections(&mended, "mended.csv");
    let right = clinic();
    let text = ASSESSMENTS.replace(",11\n", ",10\n").replace("seven", "7").replace("2026-02-30", "2026-02-28");
    right.write("records/assessments.csv", text.replace("nobody12", "qx7k2m9p"));
    let results = [mended, right].map(|workdir| {
        workdir.relief(&["run", "pipeline.toml"]).exits(0);
        workdir.read("reports/small/results.csv")
    });
    assert!(results[0] == results[1], "the results differ");
}

#[test]
fn only_rows_that_were_set_aside_are_changed() {
    let workdir = clinic();
    let header = "file,line,column,rule,problem,fix,correction\n";
    let lines = [
        "assessments.csv,3,score,,,,9",         // accepted as it is
        "assessments.csv,2,score,,,,12",        // still off the scale
        "assessments.csv,4,mood,,,,7",          // no such column
        "assessments.csv,99,score,,,,7",        // no such line
        "elsewhere.csv,2,score,,,,7",           // no such file
        "assessments.csv,5,date,,,,2026-02-27", // two that differ
        "assessments.csv,5,date,,,,2026-02-28",
    ];
    workdir.write("mended.csv", format!("{header}{}\n", lines.join("\n")));
    name_corrections(&workdir, "mended.csv");
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(assessments(&answer), [5, 1, 4]);
    let made = json!([{"source": "main", "file": "mended.csv", "rows": 6, "recovered": 0,
        "quarantined": 1, "not_needed": 1, "unmatched": 4}]);
    assert_eq!(answer["corrections"], made);
    for (rule, count) in [("correction-unmatched", 4), ("correction-not-needed", 1)] {
        let finding = json!({"rule": rule, "source": "main", "file": "mended.csv", "column": "", "count": count});
        assert!(answer["findings"].as_array().expect("findings").contains(&finding), "{answer}");
    }
}

#[test]
fn a_contradiction_is_settled_by_a_correction() {
    let workdir = Workdir::with_clinic();
    workdir.write(
        "records/patients.csv",
        "patient_id,sex,birth_year\nqx7k2m9p,F,1970\nwv3n8r5t,M,1981\nqx7k2m9p,M,1970\n",
    );
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    let quarantine = workdir.read("store/snapshots/000001/quarantine/main.csv");
    assert!(quarantine.contains("patients.csv,4,patient_id,patient-conflict"), "{quarantine}");
    let text = "file,line,column,rule,correction\npatients.csv,4,sex,patient-conflict,F\n";
    workdir.write("mended.csv", text);
    name_corrections(&workdir, "mended.csv");
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(answer["tables"]["patients"], json!({"read": 3, "accepted": 2, "quarantined": 0, "duplicates": 1}));
    assert_eq!(answer["corrections"][0]["recovered"], 1);
    workdir.replace("mended.csv", "conflict,F", "conflict,X");
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(answer["tables"]["patients"]["quarantined"], 1);
}

#[test]
fn a_withheld_prescription_is_given_back() {
    let workdir = Workdir::with_clinic();
    let header = "patient_id,start_date,days_supply,drug,strength,unit,quantity\n";
    workdir.write("records/prescriptions.csv", format!("{header}qx7k2m9p,2026-01-01,,oxycodone,10,mg,60\n"));
    workdir.replace("pipeline.toml", "max_reject_share = 0.5", "max_reject_share = 1.0");
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    workdir.write("mended.csv", corrected(&workdir, &[("2", "30")]));
    name_corrections(&workdir, "mended.csv");
    let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(answer["tables"]["prescriptions"]["accepted"], 1);
    assert!(!workdir.path("store/snapshots/000002/quarantine/main.csv").exists());
}

/// Cells of the first sheet.
fn cells(path: &Path) -> Vec<Vec<String>> {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("the workbook"));
    let mut book: Xlsx<_> = Xlsx::new(file).expect("a workbook");
    let range = book.worksheet_range_at(0).expect("a sheet").expect("readable");
    range.rows().map(|row| row.iter().map(Data::to_string).collect()).collect()
}

#[test]
fn the_quarantine_is_a_workbook_too_and_comes_back_as_one() {
    let workdir = clinic();
    let folder = workdir.path("store/snapshots/000001/quarantine");
    let sheet = cells(&folder.join("main.xlsx"));
    let csv = workdir.read("store/snapshots/000001/quarantine/main.csv");
    assert_eq!(sheet.len(), csv.lines().count());
    assert_eq!(sheet[0], ["file", "line", "column", "rule", "problem", "fix", "correction"]);
    assert_eq!(sheet[1][..4], ["assessments.csv", "2", "score", "score-out-of-range"]);
    let text = sheet.concat().concat();
    assert!(!text.contains("seven") && !text.contains("nobody12"), "{text}");

    let mut book = Workbook::new();
    let page = book.add_worksheet();
    for (row, cells) in sheet.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            page.write_string(row as u32, column as u16, cell).expect("a cell");
        }
    }
    page.write_number(1, 6, 10.0).expect("a cell");
    book.save(workdir.path("mended.xlsx")).expect("a workbook");
    name_corrections(&workdir, "mended.xlsx");
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!((assessments(&answer), answer["corrections"][0]["recovered"].as_u64()), ([5, 2, 3], Some(1)));
}

#[test]
fn rows_of_a_clinics_own_columns_are_corrected_in_its_own_words() {
    let workdir = Workdir::with_clinic();
    workdir
        .write("records/scores.csv", "Code,When,Woman?,Pain now\nqx7k2m9p,1/4/2026,yes,11\nwv3n8r5t,2/31/2026,no,5\n");
    workdir.write(
        "own.toml",
        "id = \"own\"\nversion = 1\ndates = \"month-first\"\n\
         [[table]]\ntable = \"patients\"\nfrom = \"scores.csv\"\ncolumns = { patient_id = \"Code\", sex = \"Woman?\" }\n\
         values.sex = { yes = \"F\", no = \"M\" }\n\
         [[table]]\ntable = \"assessments\"\nfrom = \"scores.csv\"\n\
         columns = { patient_id = \"Code\", date = \"When\", score = \"Pain now\" }\nconstants = { instrument = \"pain_nrs\" }\n",
    );
    workdir.replace("pipeline.toml", "path = \"records\"", "path = \"records\"\nmapping = \"own.toml\"");
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    let quarantine = workdir.read("store/snapshots/000001/quarantine/main.csv");
    assert!(quarantine.contains("scores.csv,2,Pain now,score-out-of-range"), "{quarantine}");
    assert!(quarantine.contains("scores.csv,3,When,date-invalid"), "{quarantine}");
    workdir.write("mended.csv", corrected(&workdir, &[("2", "10"), ("3", "2/28/2026")]));
    name_corrections(&workdir, "mended.csv");
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(assessments(&answer), [2, 2, 0]);
    assert_eq!(answer["corrections"][0]["recovered"], 2);
}

#[test]
fn a_file_that_is_no_quarantine_is_an_error() {
    let workdir = clinic();
    workdir.write("mended.csv", "file,line,correction\n");
    name_corrections(&workdir, "mended.csv");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("`column`");
    workdir.write("mended.csv", "file,line,column,correction\nassessments.csv,two,score,7\n");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("no line number");
    workdir.remove("mended.csv");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("mended.csv");
}
