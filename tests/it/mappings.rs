//! Synthea's export as an example of a mapping, and the list of rules people
//! look findings up in.

use std::fmt::Write as _;
use std::fs;

use relief::model::reject::{Outcome, RULES};
use relief::protocol::SOURCE_KINDS;
use serde_json::Value;

use crate::workdir::{Workdir, repository};

/// Headers as Synthea 3 writes them.
const PATIENTS: &str = "Id,BIRTHDATE,DEATHDATE,SSN,DRIVERS,PASSPORT,PREFIX,FIRST,LAST,SUFFIX,MAIDEN,MARITAL,RACE,ETHNICITY,GENDER,BIRTHPLACE,ADDRESS,CITY,STATE,COUNTY,ZIP,LAT,LON,HEALTHCARE_EXPENSES,HEALTHCARE_COVERAGE";
const CONDITIONS: &str = "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION\n\
    2019-05-01,,b9c610cd,e1,95417003,Primary fibromyalgia syndrome\n\
    2019-05-01,,b9c610cd,e1,44054006,Diabetes\n";
const OBSERVATIONS: &str = "DATE,PATIENT,ENCOUNTER,CATEGORY,CODE,DESCRIPTION,VALUE,UNITS,TYPE\n\
    2019-05-01T10:13:05Z,b9c610cd,e1,survey,72514-3,Pain severity,6,{score},numeric\n\
    2019-05-01T10:13:05Z,b9c610cd,e1,vital-signs,8302-2,Body Height,170.1,cm,numeric\n\
    2019-06-01T10:13:05Z,b9c610cd,e2,survey,44261-6,PHQ-9 total,12,{score},numeric\n";

#[test]
fn synthea_is_refused_until_its_patients_name_nobody() {
    let workdir = Workdir::empty();
    let clinic = Workdir::with_clinic();
    workdir.write(
        "pipeline.toml",
        clinic
            .read("pipeline.toml")
            .replace("path = \"records\"", "path = \"records\"\nmapping = \"source-synthea.toml\""),
    );
    workdir.write("records/patients.csv", format!("{PATIENTS}\n"));
    workdir.write("records/conditions.csv", CONDITIONS);
    workdir.write("records/observations.csv", OBSERVATIONS);
    workdir.relief(&["check", "pipeline.toml"]).exits(5);
    workdir.write("records/patients.csv", "Id,GENDER\nb9c610cd,F\n");
    let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0).json();
    let of = |table: &str| [&answer["tables"][table]["read"], &answer["tables"][table]["accepted"]].map(Value::as_u64);
    assert_eq!((of("patients"), of("diagnoses")), ([Some(1); 2], [Some(1); 2]));
    assert_eq!(of("assessments"), [Some(2); 2]);
    let passed: Vec<u64> = answer["records"]
        .as_array()
        .expect("files")
        .iter()
        .map(|file| file["passed_over"].as_u64().expect("a count"))
        .collect();
    assert_eq!(passed, [0, 1, 1]);
}

/// A paragraph a rule, as people look it up.
fn rules() -> String {
    let mut text = "# Rules about rows\n\nEvery finding names one of these. Ids are stable. `relief check --explain RULE` says the same.\n".to_owned();
    for rule in RULES {
        let outcome = match rule.outcome {
            Outcome::Quarantined => "The row is set aside.",
            Outcome::Dropped => "The row is a second copy and is left out.",
            Outcome::Remarked => "Nothing is set aside.",
        };
        write!(
            text,
            "\n## {}\n\n{}: {}. {outcome} What to do: {}.\n",
            rule.id,
            capital(rule.title),
            rule.why,
            rule.fix
        )
        .expect("into memory");
    }
    text
}

fn capital(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    first.to_uppercase() + rest
}

/// `UPDATE_RULES=1` writes the list anew.
#[test]
fn the_list_of_rules_is_the_programs_own() {
    let path = repository().join("pipelines/packs/RULES.md");
    if std::env::var_os("UPDATE_RULES").is_some() {
        fs::write(&path, rules()).expect("the repository can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == rules(), "run the test with UPDATE_RULES=1 and commit pipelines/packs/RULES.md");
}

/// The read-me has one row for each kind of source, in the program's order.
#[test]
fn the_read_me_lists_every_kind_of_source() {
    let text = fs::read_to_string(repository().join("README.md")).expect("the read-me");
    let table = text.split_once("| kind | path | mapping |\n").expect("the table of kinds").1;
    let rows = table.lines().skip(1).take_while(|line| line.starts_with("| `"));
    let listed: Vec<&str> = rows.map(|row| row.split('`').nth(1).expect("a kind")).collect();
    assert_eq!(listed, SOURCE_KINDS.iter().map(|kind| kind.id).collect::<Vec<_>>());
}
