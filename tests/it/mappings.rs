//! Mappings that ship, the schema editors check them against, and the list of
//! rules people look findings up in.

use std::fmt::Write as _;
use std::fs;

use relief::model::reject::{Outcome, RULES};
use relief::model::table::{INPUT_TABLES, InputTable};
use serde_json::{Value, json};

use crate::workdir::{Workdir, repository};

/// The mappings of columns that ship.
const SHIPPED: [&str; 1] = ["source-synthea.toml"];

fn schema() -> Value {
    let text = fs::read_to_string(repository().join("pipelines/schema/columns.schema.json")).expect("the schema");
    serde_json::from_str(&text).expect("JSON")
}

/// What is wrong with a value by a schema: the keywords the schemas here use, and no other.
fn mistakes(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(named) = schema["$ref"].as_str() {
        let pointer = named.strip_prefix('#').expect("a local reference");
        return mistakes(root, root.pointer(pointer).expect("it leads somewhere"), value, at);
    }
    let mut found = Vec::new();
    for (keyword, said) in schema.as_object().expect("a schema") {
        match keyword.as_str() {
            "type" => {
                let is = match said.as_str().expect("one type") {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    other => panic!("the type {other} is not known here"),
                };
                found.extend((!is).then(|| format!("{at} is not {said}")));
            }
            "enum" => {
                found.extend((!said.as_array().expect("a list").contains(value)).then(|| format!("{at} is {value}")));
            }
            "minItems" => found.extend((value.as_array().map_or(0, Vec::len) < 1).then(|| format!("{at} is empty"))),
            "required" => {
                let missing = said
                    .as_array()
                    .expect("a list")
                    .iter()
                    .filter_map(Value::as_str)
                    .filter(|key| value[key].is_null());
                found.extend(missing.map(|key| format!("{at} lacks {key}")));
            }
            "items" => {
                let items = value.as_array().into_iter().flatten();
                found.extend(items.flat_map(|item| mistakes(root, said, item, &format!("{at}[]"))));
            }
            // The first three are looked at below; the others say nothing of a value.
            "properties"
            | "additionalProperties"
            | "propertyNames"
            | "title"
            | "description"
            | "$schema"
            | "$id"
            | "$defs" => {}
            other => panic!("the keyword {other} is not known here"),
        }
    }
    for (key, held) in value.as_object().into_iter().flatten() {
        let place = format!("{at}.{key}");
        match (&schema["properties"][key], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => found.push(format!("{place} is not known")),
            (Value::Null, Value::Null | Value::Bool(true)) => {}
            (Value::Null, others) => found.extend(mistakes(root, others, held, &place)),
            (known, _) => found.extend(mistakes(root, known, held, &place)),
        }
        if schema["propertyNames"].is_object() {
            found.extend(mistakes(root, &schema["propertyNames"], &json!(key), &place));
        }
    }
    found
}

fn shipped(file: &str) -> Value {
    let text = fs::read_to_string(repository().join("pipelines/packs").join(file)).expect("a pack");
    toml::from_str(&text).expect("TOML")
}

#[test]
fn shipped_mappings_are_as_the_schema_says() {
    let schema = schema();
    for file in SHIPPED {
        assert_eq!(mistakes(&schema, &schema, &shipped(file), file), Vec::<String>::new());
    }
}

#[test]
fn the_schema_knows_what_the_program_knows_and_no_more() {
    let schema = schema();
    let names: Vec<&str> = INPUT_TABLES.iter().map(|table| table.name).collect();
    assert_eq!(schema["$defs"]["table"]["properties"]["table"]["enum"], json!(names));
    let mut columns: Vec<&str> = Vec::new();
    for column in INPUT_TABLES.iter().flat_map(InputTable::header_names) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    assert_eq!(schema["$defs"]["column"]["enum"], json!(columns));
    for (change, words) in [
        ("/dates", "dates is"),
        ("/version", "version is not"),
        ("/table/0/form", "form is not known"),
        ("/table/0/columns/patient", "columns.patient is"),
        ("/table/0/filled", "filled is not"),
    ] {
        let mut mapping = shipped(SHIPPED[0]);
        let (parent, key) = change.rsplit_once('/').expect("a path");
        mapping.pointer_mut(parent).expect("it is there")[key] = json!("soon");
        let found = mistakes(&schema, &schema, &mapping, "mapping").join("; ");
        assert!(found.contains(words), "{change}: {found}");
        // The program refuses the same.
        let workdir = Workdir::with_clinic();
        workdir.write("own.toml", toml::to_string(&mapping).expect("TOML"));
        workdir.replace("pipeline.toml", "path = \"records\"", "path = \"records\"\nmapping = \"own.toml\"");
        workdir.relief(&["check", "pipeline.toml"]).exits(3).says("own.toml");
    }
}

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
