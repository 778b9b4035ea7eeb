//! Workbooks: dates and numbers as spreadsheets keep them, sheets as tables or
//! mapped, rows found again by the number the spreadsheet shows.

use std::path::Path;

use proptest::prelude::{any, prop, proptest};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::{Value, json};

use crate::workdir::{Workdir, repository};

const SHEETS: [&str; 4] = ["Patients", "diagnoses", "infusions", "assessments"];

/// The small clinic as a workbook; `change` may add to it.
fn write_workbook(path: &Path, change: impl FnOnce(&mut Workbook)) {
    let mut book = Workbook::new();
    let date = Format::new().set_num_format("dd.mm.yyyy");
    for name in SHEETS {
        book.add_worksheet().set_name(name).expect("a short name");
    }
    for (sheet, row, cells) in [
        (0, 0, ["patient_id", "sex", "birth_year", ""]),
        (0, 1, ["qx7k2m9p", "F", "1970", ""]),
        (1, 0, ["patient_id", "condition", "", ""]),
        (1, 1, ["qx7k2m9p", "crps_1", "", ""]),
        (2, 0, ["patient_id", "date", "dose_mg_per_kg", ""]),
        (2, 1, ["qx7k2m9p", "", "", ""]),
        (2, 2, ["qx7k2m9p", "2026-01-07", "0.5", ""]),
        (3, 0, ["patient_id", "date", "instrument", "score"]),
        (3, 1, ["qx7k2m9p", "2026-01-04", "pain_nrs", "8"]),
        // Row 5 of the sheet: two rows above it are empty.
        (3, 4, ["qx7k2m9p", "2026-01-08", "pain_nrs", "11"]),
    ] {
        for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            book.worksheets_mut()[sheet].write_string(row, column as u16, *cell).expect("a cell");
        }
    }
    let infusions = &mut book.worksheets_mut()[2];
    let day = ExcelDateTime::from_ymd(2026, 1, 5).expect("a date");
    infusions.write_datetime_with_format(1, 1, &day, &date).expect("a cell");
    infusions.write_number(1, 2, 0.5).expect("a cell");
    // What people leave at the end of a sheet.
    infusions.write_string(60, 0, " ").expect("a cell");
    infusions.write_blank(70, 1, &date).expect("a cell");
    change(&mut book);
    book.save(path).expect("a workbook");
}

fn workbook(change: impl FnOnce(&mut Workbook)) -> Workdir {
    let workdir = Workdir::with_clinic();
    workdir.replace("pipeline.toml", "kind = \"csv\"\npath = \"records\"", "kind = \"xlsx\"\npath = \"clinic.xlsx\"");
    write_workbook(&workdir.path("clinic.xlsx"), change);
    workdir
}

fn counts(answer: &Value, table: &str) -> [u64; 3] {
    ["read", "accepted", "quarantined"].map(|count| answer["tables"][table][count].as_u64().expect("a count"))
}

/// More than waits in memory, so that the rows go through the spool.
#[test]
fn a_sheet_of_many_rows_is_read_whole() {
    let workdir = workbook(|book| {
        for row in 10..5_010 {
            for (column, cell) in ["qx7k2m9p", "2026-01-04", "pain_nrs", "8"].iter().enumerate() {
                book.worksheets_mut()[3].write_string(row, column as u16, *cell).expect("a cell");
            }
        }
    });
    let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(counts(&answer, "assessments"), [5_002, 5_001, 1]);
}

#[test]
fn a_sheet_is_a_table_and_a_finding_names_its_row() {
    let workdir = workbook(|_| ());
    let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!(counts(&answer, "patients"), [1, 1, 0]);
    // One date is a serial, one is text; blanks below the table are no rows.
    assert_eq!(counts(&answer, "infusions"), [2, 2, 0]);
    assert_eq!(counts(&answer, "assessments"), [2, 1, 1]);
    let quarantine = workdir.read("store/snapshots/000001/quarantine/main.csv");
    assert!(quarantine.contains("\"clinic.xlsx, sheet assessments\",5,score,score-out-of-range"), "{quarantine}");
    assert!(!quarantine.contains("11"), "{quarantine}");
}

#[test]
fn dates_of_the_1904_epoch_and_numbers_as_ids_are_read() {
    let workdir = Workdir::with_clinic();
    workdir.replace("pipeline.toml", "kind = \"csv\"\npath = \"records\"", "kind = \"xlsx\"\npath = \"mac.xlsx\"");
    workdir.replace("pipeline.toml", "max_reject_share = 0.5", "max_reject_share = 0.0");
    let bytes = std::fs::read(repository().join("tests/reference/workbooks/epoch-1904.xlsx")).expect("the fixture");
    workdir.write("mac.xlsx", bytes);
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    // The ids 7, 7.0 and the text 7 are one patient; 0.1 + 0.2 is 0.3.
    assert_eq!((answer["patients"].as_u64(), counts(&answer, "infusions")), (Some(1), [3, 3, 0]));
    assert_eq!(counts(&answer, "assessments"), [2, 2, 0]);
    // Days are as Python counts them from 1904-01-01: cuts between them leave out what is later.
    for (cut, rejected) in
        [("2026-01-05", 3), ("2026-01-07", 2), ("2026-01-09", 1), ("2026-03-29", 1), ("2026-03-30", 0)]
    {
        let pipeline =
            workdir.read("pipeline.toml").replace("data_cut = \"2026-09-30\"", &format!("data_cut = \"{cut}\""));
        workdir.write("cut.toml", pipeline.replace("max_reject_share = 0.0", "max_reject_share = 1.0"));
        let answer = workdir.relief(&["check", "cut.toml", "--json"]).exits(0).json();
        let late: u64 = answer["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .filter(|finding| finding["rule"] == "date-too-late")
            .map(|finding| finding["count"].as_u64().expect("a count"))
            .sum();
        assert_eq!(late, rejected, "{cut}");
    }
}

#[test]
fn any_sheet_is_read_with_a_mapping() {
    let workdir = workbook(|book| {
        let sheet = book.add_worksheet().set_name("Follow-up 2026").expect("a short name");
        for (column, name) in ["Code", "Visit", "Pain", "PHQ-9"].iter().enumerate() {
            sheet.write_string(0, column as u16, *name).expect("a cell");
        }
        sheet.write_string(1, 0, "qx7k2m9p").expect("a cell");
        sheet.write_string(1, 1, "31/03/2026").expect("a cell");
        sheet.write_number(1, 2, 4.0).expect("a cell");
        sheet.write_number(1, 3, 9.0).expect("a cell");
    });
    workdir.replace("pipeline.toml", "path = \"clinic.xlsx\"", "path = \"clinic.xlsx\"\nmapping = \"east.toml\"");
    let table = |table: &str, from: &str, columns: &str| {
        format!("[[table]]\ntable = \"{table}\"\nfrom = \"{from}\"\ncolumns = {{ {columns} }}\n")
    };
    let scores = |column: &str, instrument: &str| {
        let columns = format!("patient_id = \"Code\", date = \"Visit\", score = \"{column}\"");
        table("assessments", "Follow-up 2026", &columns) + &format!("constants = {{ instrument = \"{instrument}\" }}\n")
    };
    let mapping = [
        "id = \"east\"\nversion = 1\ndates = \"day-first\"\n".to_owned(),
        table("patients", "Patients", "patient_id = \"patient_id\""),
        table("diagnoses", "diagnoses", "patient_id = \"patient_id\", condition = \"condition\""),
        table("infusions", "infusions", "patient_id = \"patient_id\", date = \"date\"") + "dates = \"iso\"\n",
        scores("Pain", "pain_nrs"),
        scores("PHQ-9", "phq9"),
    ];
    workdir.write("east.toml", mapping.concat());
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    assert_eq!((counts(&answer, "assessments"), counts(&answer, "infusions")), ([2, 2, 0], [2, 2, 0]));
    workdir.replace("east.toml", "from = \"Follow-up 2026\"", "from = \"Follow-up 2025\"");
    workdir
        .relief(&["check", "pipeline.toml"])
        .exits(7)
        .says("no sheet `Follow-up 2025`, which the mapping names; is it `Follow-up 2026` now?");
}

#[test]
fn sheets_and_cells_nobody_asked_for_are_remarked_on_without_their_names() {
    let workdir = workbook(|book| {
        let sheet = book.add_worksheet().set_name("Smith, Joan").expect("a short name");
        sheet.write_string(0, 0, "anything").expect("a cell");
        book.worksheets_mut()[3].write_string(1, 9, "aside").expect("a cell");
    });
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0);
    assert!(!answer.out.contains("Smith") && !answer.out.contains("aside"), "{}", answer.out);
    let findings = answer.json()["findings"].clone();
    for (rule, file, column) in [
        ("unread-file", "clinic.xlsx, sheet number 5", ""),
        ("unmapped-column", "clinic.xlsx, sheet assessments", "cells beyond the header"),
    ] {
        let expected = json!({"rule": rule, "source": "main", "file": file, "column": column, "count": 1});
        assert!(findings.as_array().expect("findings").contains(&expected), "{findings}");
    }
}

#[test]
fn a_workbook_that_cannot_be_read_or_must_not_be_is_refused() {
    let identifying = |book: &mut Workbook| {
        book.worksheets_mut()[0].write_string(0, 3, "Last name").expect("a cell");
    };
    workbook(identifying).relief(&["check", "pipeline.toml"]).exits(5).says("clinic.xlsx, sheet Patients");

    let workdir = workbook(|_| ());
    workdir.write("clinic.xlsx", "patient_id,sex\n");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("not an .xlsx workbook");
    workdir.remove("clinic.xlsx");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("clinic.xlsx");
    let mut empty = Workbook::new();
    empty.add_worksheet().set_name("Tabelle1").expect("a short name");
    empty.save(workdir.path("clinic.xlsx")).expect("a workbook");
    workdir.relief(&["check", "pipeline.toml"]).exits(7).says("no sheet is named after a table");
    let misspelt = |book: &mut Workbook| {
        book.worksheets_mut()[3].set_name("Assessment").expect("a short name");
    };
    let says = "it has no sheet `assessments`, but a sheet `assessment`";
    workbook(misspelt).relief(&["check", "pipeline.toml"]).exits(7).says(says);
    let renamed = |book: &mut Workbook| {
        book.worksheets_mut()[3].write_string(0, 3, "scores").expect("a cell");
    };
    workbook(renamed).relief(&["check", "pipeline.toml"]).exits(7).says("rename the column `scores` to `score`");
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 400, failure_persistence: None, ..Default::default() })]

    /// Bytes of a workbook, which is stored without compression so that they
    /// reach the parser, changed anywhere: read, or refused by name, never a panic.
    #[test]
    fn a_damaged_workbook_is_read_or_named(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in prop::option::of(any::<prop::sample::Index>())) {
        let workdir = Workdir::with_clinic();
        workdir.replace("pipeline.toml", "kind = \"csv\"\npath = \"records\"", "kind = \"xlsx\"\npath = \"mac.xlsx\"");
        let mut bytes = std::fs::read(repository().join("tests/reference/workbooks/epoch-1904.xlsx")).expect("the fixture");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        workdir.write("mac.xlsx", bytes);
        let protocol = relief::protocol::Protocol::read(&workdir.path("pipeline.toml")).expect("a pipeline");
        match relief::ingest::run(&protocol, relief::ingest::Mode::Check, &mut |_| ()) {
            Ok(ingested) => assert!(ingested.tables.values().all(relief::model::reject::Counts::conserved)),
            Err(error) => assert!(error.to_string().contains("mac.xlsx"), "{error}"),
        }
    }
}
