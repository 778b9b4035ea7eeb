//! Valid files with a few things changed, in every format: fields, lines and
//! columns of tables, cells of a workbook, nodes of JSON. Nearly right input
//! reaches code that arbitrary bytes never do.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::{Strategy, any, prop, prop_assert, proptest};
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError};
use relief::ingest::{self, Mode};
use relief::model::reject::Counts;
use relief::protocol::Protocol;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use serde_json::{Value, json};

use crate::workdir::{Workdir, copy, files, repository};

/// What clinics' files hold where something else should be.
const ODD: [&str; 24] = [
    "",
    " ",
    "-0",
    "0",
    "1e999",
    "-1e-400",
    "NaN",
    "NULL",
    "9,5",
    "99999999999999999999",
    "0x1F",
    "\u{0663}",
    "7.0000000000000001",
    "2026-02-30",
    "0000-00-00",
    "31.12.2026",
    "2026-03",
    "2026-01-05T25:61:00Z",
    "yes/no",
    "é\u{0}\u{202e}",
    "\"",
    "=1+1",
    "-99",
    "p,q\nr",
];

/// Read with every record in its place, or refused with the reason.
fn holds(workdir: &Workdir) -> Result<(), TestCaseError> {
    let protocol = Protocol::read(&workdir.path("pipeline.toml")).expect("a pipeline");
    match ingest::run(&protocol, Mode::Check, &mut |_| ()) {
        Ok(ingested) => {
            prop_assert!(ingested.tables.values().all(Counts::conserved));
            prop_assert!(ingested.records.iter().all(|file| file.counts.conserved()));
        }
        Err(error) => {
            let said = error.to_string();
            prop_assert!([5, 7].contains(&error.exit_code()) && said.contains("hint: "), "{said}");
        }
    }
    Ok(())
}

/// A change: what kind, where (twice), and to what.
type Change = (u8, Index, Index, Index);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((any::<u8>(), any::<Index>(), any::<Index>(), any::<Index>()), 1..5)
}

/// Rows of a delimited text, its quotes and all.
fn table_of(text: &str) -> (char, Vec<Vec<String>>) {
    let delimiter = if text.lines().next().unwrap_or_default().contains('\t') { '\t' } else { ',' };
    (delimiter, text.lines().map(|line| line.split(delimiter).map(str::to_owned).collect()).collect())
}

fn changed_table(text: &str, changes: &[Change]) -> String {
    let (delimiter, mut rows) = table_of(text);
    for (kind, one, other, what) in changes {
        let (row, with) = (one.index(rows.len()), other.index(rows.len()));
        let column = what.index(rows[row].len());
        match kind % 10 {
            0..=3 => {
                let odd = ODD[other.index(ODD.len())];
                let quoted = odd.contains([delimiter, '"', '\n']) && kind % 2 == 0;
                rows[row][column] = if quoted { format!("\"{}\"", odd.replace('"', "\"\"")) } else { odd.to_owned() };
            }
            4 => rows[row][column] = rows[with].get(column).cloned().unwrap_or_default(),
            5 => rows[row][column] = "x".repeat(70_000),
            6 => drop(rows[row].pop()),
            7 => rows[row].push("more".to_owned()),
            8 => rows.swap(row, with),
            _ => rows.push(rows[row].clone()),
        }
        if rows[row].is_empty() {
            rows[row].push(String::new());
        }
    }
    let mark = |row: &Vec<String>| row.join(&delimiter.to_string());
    rows.iter().map(mark).collect::<Vec<_>>().join("\n")
}

/// Changes one of the files below a folder.
fn change_file(workdir: &Workdir, below: &str, which: Index, change: impl Fn(&str) -> String) {
    let folder = workdir.path(below);
    let found: Vec<PathBuf> = files(&folder);
    let path = folder.join(&found[which.index(found.len())]);
    let text = fs::read_to_string(&path).expect("text");
    fs::write(path, change(&text)).expect("ours");
}

/// The pair of folders that hold the same people, as one kind.
fn pair(kind: &str) -> Workdir {
    let workdir = Workdir::with_clinic();
    workdir.replace("pipeline.toml", "kind = \"csv\"", &format!("kind = \"{kind}\""));
    workdir.replace("pipeline.toml", "max_reject_share = 0.5", "max_reject_share = 1.0");
    for table in ["patients", "diagnoses", "infusions", "assessments"] {
        workdir.remove(&format!("records/{table}.csv"));
    }
    copy(&repository().join("sample-data/pair").join(kind), &workdir.path("records"));
    workdir
}

/// Every node of a document, by pointer.
fn nodes(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    for (key, inner) in value.as_object().into_iter().flatten() {
        nodes(inner, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
    }
    for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
        nodes(inner, &format!("{at}/{index}"), found);
    }
}

fn changed_json(value: &mut Value, (kind, one, other, what): &Change) {
    let mut places = Vec::new();
    nodes(value, "", &mut places);
    let [place, from] = [one, other].map(|index| places[index.index(places.len())].clone());
    let taken = value.pointer(&from).cloned().expect("it is there");
    let node = value.pointer_mut(&place).expect("it is there");
    *node = match kind % 9 {
        0 => Value::Null,
        1 => json!(ODD[what.index(ODD.len())]),
        2 => json!([-1.5e300, 0.0, 3.0, 1e9, -9.3e18][what.index(5)]),
        3 => json!([node.take()]),
        4 => json!({ "value": node.take() }),
        5 => taken,
        6 => json!([]),
        7 => json!([taken, node.take(), true]),
        _ => json!({}),
    };
}

/// A line is changed as a document of its own, and so is the whole.
fn changed_fhir(text: &str, changes: &[Change]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let whole: Option<Value> = serde_json::from_str(text).ok();
    if let Some(mut document) = whole {
        changes.iter().for_each(|change| changed_json(&mut document, change));
        return document.to_string();
    }
    for change in changes {
        let line = change.3.index(lines.len());
        if let Ok(mut document) = serde_json::from_str(&lines[line]) {
            changed_json(&mut document, change);
            lines[line] = document.to_string();
        }
        if change.0 > 240 {
            lines.push(lines[line].clone());
        }
    }
    lines.join("\n")
}

/// The small clinic as a workbook, with cells of every type in odd places.
fn write_workbook(workdir: &Workdir, changes: &[Change]) {
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let mut book = Workbook::new();
    for name in ["patients", "diagnoses", "infusions", "assessments"] {
        let text = fs::read_to_string(workdir.path(&format!("records/{name}.csv"))).expect("a table");
        let sheet = book.add_worksheet().set_name(name).expect("a short name");
        for (row, cells) in (0..).zip(table_of(&text).1) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, cell).expect("a cell");
            }
        }
    }
    for (kind, one, other, what) in changes {
        let sheet = &mut book.worksheets_mut()[what.index(4)];
        let (row, column) = (one.index(6) as u32, other.index(6) as u16);
        let odd = ODD[one.index(ODD.len())];
        match kind % 8 {
            0 => sheet.write_number(row, column, [f64::from(*kind), 46_234.5, -1e300, 0.1 + 0.2][other.index(4)]),
            1 => sheet.write_boolean(row, column, *kind > 99),
            2 => sheet.write_datetime_with_format(
                row,
                column,
                ExcelDateTime::from_ymd(2026, 1, 31).expect("a day"),
                &date,
            ),
            3 => sheet.write_formula(row, column, Formula::new("=1/0").set_result("#DIV/0!")),
            4 => sheet.write_blank(row, column, &date),
            5 => sheet.write_string(1_048_575, 16_383, odd),
            _ => sheet.write_string(row, column, odd),
        }
        .expect("a cell");
    }
    book.save(workdir.path("clinic.xlsx")).expect("a workbook");
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn of_canonical_tables(which in any::<Index>(), changes in changes()) {
        let workdir = pair("csv");
        change_file(&workdir, "records", which, |text| changed_table(text, &changes));
        holds(&workdir)?;
    }

    #[test]
    fn of_a_redcap_project(which in any::<Index>(), changes in changes()) {
        let workdir = crate::redcap::registry();
        workdir.replace("pipeline.toml", "[[source]]", "[ingest]\nmax_reject_share = 1.0\n[[source]]");
        change_file(&workdir, "redcap", which, |text| changed_table(text, &changes));
        holds(&workdir)?;
    }

    #[test]
    fn of_an_omop_database(which in any::<Index>(), changes in changes()) {
        let workdir = crate::omop::database();
        change_file(&workdir, "omop", which, |text| changed_table(text, &changes));
        holds(&workdir)?;
    }

    #[test]
    fn of_fhir_resources(which in any::<Index>(), changes in changes()) {
        let workdir = pair("fhir");
        change_file(&workdir, "records", which, |text| changed_fhir(text, &changes));
        holds(&workdir)?;
    }

    #[test]
    fn of_a_workbook(changes in changes()) {
        let workdir = Workdir::with_clinic();
        write_workbook(&workdir, &changes);
        workdir.replace("pipeline.toml", "kind = \"csv\"\npath = \"records\"", "kind = \"xlsx\"\npath = \"clinic.xlsx\"");
        workdir.replace("pipeline.toml", "max_reject_share = 0.5", "max_reject_share = 1.0");
        holds(&workdir)?;
    }
}
