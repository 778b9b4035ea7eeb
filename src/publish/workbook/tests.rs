//! The workbook read back by another program's reader.

use std::io::Cursor;

use calamine::{Data, Range, Reader, Xlsx};

use super::xlsx;
use crate::publish::report::fixture::Clinic;
use crate::publish::results::ResultRow;

type Book = Xlsx<Cursor<Vec<u8>>>;

fn book(clinic: &Clinic) -> Book {
    let protocol = clinic.protocol();
    let bytes = xlsx(&clinic.released(&protocol), &clinic.context(&protocol));
    Xlsx::new(Cursor::new(bytes)).expect("a workbook")
}

fn sheet(book: &mut Book, name: &str) -> Range<Data> {
    book.worksheet_range(name).expect("a sheet")
}

/// Position of a column by its heading.
fn column(sheet: &Range<Data>, heading: &str) -> usize {
    let headings = sheet.rows().next().expect("a first row");
    headings.iter().position(|cell| matches!(cell, Data::String(text) if text == heading)).expect("a heading")
}

#[test]
fn every_number_of_a_sheet_is_the_number_of_its_row() {
    let clinic = Clinic { threshold: 20, ..Clinic::new(12) };
    let protocol = clinic.protocol();
    let released = clinic.released(&protocol);
    let mut book = book(&clinic);
    let (mut shown, mut hidden) = (0, 0);
    for name in ["Headline", "By condition", "By site", "Splits", "Over time", "Who is counted"] {
        let sheet = sheet(&mut book, name);
        let (id, number, reason) =
            (column(&sheet, "result_id"), column(&sheet, "Number"), column(&sheet, "Why there is no number"));
        for cells in sheet.rows().skip(1) {
            let row = released.by_id(&cells[id].to_string()).expect("a released row");
            check_number(row, &cells[number], &cells[reason]);
            if row.value.is_some() { shown += 1 } else { hidden += 1 }
        }
    }
    assert!(shown > 500 && hidden > 50, "{shown} shown, {hidden} hidden");
}

fn check_number(row: &ResultRow, number: &Data, reason: &Data) {
    match (row.value, number) {
        (Some(value), Data::Float(written)) => assert!((value - written).abs() < 1e-12, "{}", row.result_id),
        (None, Data::Empty) => assert!(matches!(reason, Data::String(_)), "{}: no reason", row.result_id),
        (value, written) => panic!("{}: {value:?} is written as {written:?}", row.result_id),
    }
}

#[test]
fn text_that_looks_like_a_formula_stays_text() {
    let evil = "=HYPERLINK(\"http://example.org\")";
    let clinic = Clinic {
        name: "@SUM(1+1)".to_owned(),
        conditions: vec![("x".to_owned(), evil.to_owned()), ("y".to_owned(), "+1".to_owned())],
        sites: vec!["-2+3".to_owned(), "b".to_owned()],
        ..Clinic::new(1)
    };
    let mut book = book(&clinic);
    for name in book.sheet_names().clone() {
        let formulas = book.worksheet_formula(&name).expect("formulas can be listed");
        assert!(formulas.cells().all(|(_, _, formula)| formula.is_empty()), "{name}");
    }
    let conditions = sheet(&mut book, "By condition");
    let condition = column(&conditions, "Condition");
    assert!(conditions.rows().any(|row| row[condition] == Data::String(evil.to_owned())));
    let sites = sheet(&mut book, "By site");
    let site = column(&sites, "Site");
    assert!(sites.rows().any(|row| row[site] == Data::String("-2+3".to_owned())));
}

#[test]
fn the_same_rows_give_the_same_bytes_and_no_clock_is_read() {
    let clinic = Clinic::new(3);
    let protocol = clinic.protocol();
    let make = || xlsx(&clinic.released(&protocol), &clinic.context(&protocol));
    let first = make();
    // The format keeps seconds: a clock would show.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert!(first == make());
}

#[test]
fn a_workbook_of_nobody_has_its_sheets_and_headings() {
    let clinic = Clinic { quarter: None, patients: 0, opioids: false, ..Clinic::new(0) };
    let mut book = book(&clinic);
    assert_eq!(book.sheet_names().first().map(String::as_str), Some("One page"));
    assert_eq!(book.sheet_names().get(1).map(String::as_str), Some("README"));
    assert_eq!(column(&sheet(&mut book, "By site"), "Measure"), 0);
}

#[test]
fn the_first_sheet_says_the_report_in_lines_with_numbers() {
    let clinic = Clinic::new(3);
    let protocol = clinic.protocol();
    let released = clinic.released(&protocol);
    let mut book = book(&clinic);
    let sheet = sheet(&mut book, "One page");
    let [words, number, from, to, patients, said, reason, id] = [
        "In one line",
        "Number",
        "Likely from",
        "to",
        "Patients",
        "What it says",
        "Why there is no number",
        "result_id",
    ]
    .map(|heading| column(&sheet, heading));
    let of_rows = sheet.rows().skip(1).filter(|cells| matches!(cells[id], Data::String(_)));
    let mut lines = 0;
    for cells in of_rows {
        let row = released.by_id(&cells[id].to_string()).expect("a released row");
        check_number(row, &cells[number], &cells[reason]);
        for (cell, end) in [(from, row.ci_low), (to, row.ci_high), (patients, row.n.map(|n| n as f64))] {
            match (end, &cells[cell]) {
                (Some(end), Data::Float(written)) => assert!((end - written).abs() < 1e-12),
                (None, Data::Empty) => {}
                (end, written) => panic!("{}: {end:?} is written as {written:?}", row.result_id),
            }
        }
        lines += 1;
    }
    let text: Vec<String> = sheet.rows().skip(1).map(|cells| cells[words].to_string()).collect();
    assert!((8..=20).contains(&lines) && text.len() > lines, "{text:?}");
    for begins in
        ["At least 30 % less pain", "The same, only", "Claim “Over 70 %", "Read this first: No control group."]
    {
        assert!(text.iter().any(|line| line.starts_with(begins)), "{begins} in {text:?}");
    }
    assert!(sheet.rows().any(|cells| cells[said] == Data::String("not supported".to_owned())), "{text:?}");
    assert!(text.iter().all(|line| !line.contains(['<', '>', '\u{A0}'])), "{text:?}");
}

#[test]
fn the_first_sheet_says_no_hidden_number() {
    let mut book = book(&Clinic { threshold: u64::MAX, ..Clinic::new(3) });
    let sheet = sheet(&mut book, "One page");
    let [number, reason] = ["Number", "Why there is no number"].map(|heading| column(&sheet, heading));
    let mut hidden = 0;
    for cells in sheet.rows().skip(1).filter(|cells| cells[reason] != Data::Empty) {
        assert!(cells[number..number + 4].iter().all(|cell| *cell == Data::Empty), "{cells:?}");
        hidden += 1;
    }
    assert!(hidden > 5, "{hidden}");
}
