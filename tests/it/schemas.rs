//! The JSON Schemas editors check mappings against say what the program says:
//! the same keys, the same required ones, the same types and words.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use relief::model::instrument::INSTRUMENTS;
use relief::model::table::{INPUT_TABLES, InputTable};
use relief::protocol::{MAPPING_SCHEMAS, Protocol};
use serde_json::{Value, json};

use crate::workdir::{Workdir, repository};

/// A kind of source, its schema, the mapping of it that ships, and what that one leaves out.
struct Mapped {
    kind: &'static str,
    schema: &'static str,
    shipped: &'static str,
    more: &'static [(&'static str, &'static str)],
}

const KINDS: [Mapped; 4] = [
    Mapped {
        kind: "csv",
        schema: "columns.schema.json",
        shipped: "source-synthea.toml",
        more: &[
            ("", r#"{"dates": "iso"}"#),
            ("/table/2", r#"{"dates": "iso", "constants": {"item": "now"}, "filled": ["score"]}"#),
        ],
    },
    Mapped {
        kind: "redcap",
        schema: "redcap.schema.json",
        shipped: "source-redcap-example.toml",
        more: &[
            ("", r#"{"citation": "the project's codebook", "events": {"baseline_arm_1": -1}}"#),
            ("/project", r#"{"dictionary": "d.csv", "records": 1, "rows": 1, "missing_codes": ["-99"]}"#),
            ("/project", r#"{"no_missing": ["days_off"], "decimal_comma": true}"#),
            ("/table/0", r#"{"events": ["baseline_arm_1"], "arms": [1]}"#),
        ],
    },
    Mapped {
        kind: "omop",
        schema: "omop.schema.json",
        shipped: "source-omop.toml",
        more: &[("", r#"{"person": {"site": "care_site_id"}}"#)],
    },
    Mapped {
        kind: "fhir",
        schema: "fhir.schema.json",
        shipped: "source-fhir.toml",
        more: &[("/instrument/0", r#"{"item": "now"}"#)],
    },
];

impl Mapped {
    fn schema(&self) -> Value {
        let (_, text) = MAPPING_SCHEMAS.iter().find(|(file, _)| *file == self.schema).expect("the program has it");
        serde_json::from_str(text).expect("JSON")
    }

    fn shipped(&self) -> Value {
        let text = fs::read_to_string(repository().join("pipelines/packs").join(self.shipped)).expect("a pack");
        assert!(text.starts_with(&format!("#:schema ../schema/{}\n", self.schema)), "{}", self.shipped);
        toml::from_str(&text).expect("TOML")
    }

    /// The mapping that ships with every key there is.
    fn full(&self) -> Value {
        let mut mapping = self.shipped();
        for (place, more) in self.more {
            let more: Value = serde_json::from_str(more).expect("JSON");
            let object = mapping.pointer_mut(place).expect("it is there").as_object_mut().expect("an object");
            object.extend(more.as_object().expect("an object").clone());
        }
        mapping
    }
}

/// What the program has against a mapping.
struct Program(Workdir);

impl Program {
    fn new(kind: &str) -> Self {
        let workdir = Workdir::with_clinic();
        workdir.replace("pipeline.toml", "path = \"records\"", "path = \"records\"\nmapping = \"own.toml\"");
        workdir.replace("pipeline.toml", "kind = \"csv\"", &format!("kind = \"{kind}\""));
        Self(workdir)
    }

    fn refusal(&self, mapping: &Value) -> Option<String> {
        self.0.write("own.toml", toml::to_string(mapping).expect("TOML"));
        let error = Protocol::read(&self.0.path("pipeline.toml")).err()?.to_string();
        assert!(error.contains("own.toml"), "{error}");
        Some(error)
    }
}

/// A schema of an object with known keys, where it is in the schema.
fn followed<'s>(root: &'s Value, schema: &'s Value, at: &str) -> (&'s Value, String) {
    match schema["$ref"].as_str().and_then(|named| named.strip_prefix('#')) {
        Some(pointer) => (root.pointer(pointer).expect("it leads somewhere"), pointer.to_owned()),
        None => (schema, at.to_owned()),
    }
}

/// Every key of every object the schema knows: (object, key) → schema of the key.
fn keys<'s>(root: &'s Value, schema: &'s Value, at: &str, found: &mut BTreeMap<(String, String), &'s Value>) {
    let (schema, at) = followed(root, schema, at);
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        found.insert((at.clone(), key.clone()), followed(root, inner, "").0);
        keys(root, inner, &format!("{at}/properties/{key}"), found);
    }
    for below in ["items", "additionalProperties"] {
        if schema[below].is_object() {
            keys(root, &schema[below], &format!("{at}/{below}"), found);
        }
    }
}

/// Where each key first is in a mapping: (object, key) → pointer to the object.
fn places(
    root: &Value,
    schema: &Value,
    at: &str,
    value: (&Value, &str),
    found: &mut BTreeMap<(String, String), String>,
) {
    let (schema, at) = followed(root, schema, at);
    let (value, here) = value;
    for (key, inner) in schema["properties"].as_object().into_iter().flatten().filter(|(key, _)| !value[*key].is_null())
    {
        found.entry((at.clone(), key.clone())).or_insert_with(|| here.to_owned());
        places(root, inner, &format!("{at}/properties/{key}"), (&value[key], &format!("{here}/{key}")), found);
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        places(root, &schema["items"], &format!("{at}/items"), (item, &format!("{here}/{index}")), found);
    }
    if schema["additionalProperties"].is_object() {
        for (key, held) in value.as_object().into_iter().flatten() {
            let below = format!("{at}/additionalProperties");
            places(root, &schema["additionalProperties"], &below, (held, &format!("{here}/{key}")), found);
        }
    }
}

/// What is wrong with a value by a schema: the keywords the schemas here use, and no other.
fn mistakes(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let (schema, _) = followed(root, schema, "");
    let list = |said: &Value| said.as_array().expect("a list").clone();
    let mut found = Vec::new();
    for (keyword, said) in schema.as_object().expect("a schema") {
        match keyword.as_str() {
            "type" => {
                let is = match said.as_str().expect("one type") {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "boolean" => value.is_boolean(),
                    other => panic!("the type {other} is not known here"),
                };
                found.extend((!is).then(|| format!("{at} is not {said}")));
            }
            "enum" => found.extend((!list(said).contains(value)).then(|| format!("{at} is {value}"))),
            "minItems" => found.extend((value.as_array().map_or(0, Vec::len) < 1).then(|| format!("{at} is empty"))),
            "required" => {
                let missing = list(said).into_iter().filter(|key| value[key.as_str().expect("a name")].is_null());
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

#[test]
fn shipped_mappings_are_as_their_schema_says() {
    for kind in &KINDS {
        let (schema, program) = (kind.schema(), Program::new(kind.kind));
        for mapping in [kind.shipped(), kind.full()] {
            assert_eq!(mistakes(&schema, &schema, &mapping, kind.schema), Vec::<String>::new());
            assert_eq!(program.refusal(&mapping), None, "{}", kind.schema);
        }
    }
}

/// Words in backquotes after `expected`, as the parser lists what it knows.
fn listed(error: &str) -> BTreeSet<String> {
    let known = error.split("expected").nth(1).unwrap_or_else(|| panic!("a list in {error}"));
    let known = known.split(" in `").next().expect("a first part");
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn changed(mapping: &Value, place: &str, key: &str, value: Option<Value>) -> Value {
    let mut mapping = mapping.clone();
    let object = mapping.pointer_mut(place).expect("it is there").as_object_mut().expect("an object");
    match value {
        Some(value) => object.insert(key.to_owned(), value),
        None => object.remove(key),
    };
    mapping
}

/// Values a key of this schema must not have.
fn wrong(schema: &Value) -> Vec<Value> {
    match schema["type"].as_str().expect("a type") {
        "string" if schema["enum"].is_array() => vec![json!(7), json!("zzz")],
        "string" => vec![json!(7)],
        "array" => vec![json!("soon"), json!([1.5])],
        "object" if schema["additionalProperties"].is_object() => vec![json!("soon"), json!({"site": 1.5})],
        _ => vec![json!("soon")],
    }
}

#[test]
fn a_schema_knows_the_keys_the_program_knows_and_refuses_what_it_refuses() {
    for kind in &KINDS {
        let (schema, full, program) = (kind.schema(), kind.full(), Program::new(kind.kind));
        let (mut known, mut used) = (BTreeMap::new(), BTreeMap::new());
        keys(&schema, &schema, "", &mut known);
        places(&schema, &schema, "", (&full, ""), &mut used);
        assert_eq!(known.keys().collect::<Vec<_>>(), used.keys().collect::<Vec<_>>(), "{}", kind.schema);
        let mut objects = BTreeMap::new();
        for ((object, key), place) in &used {
            objects.entry(object).or_insert(place);
            let required = schema.pointer(object).expect("a schema")["required"].as_array().expect("a list");
            let left_out = changed(&full, place, key, None);
            let missed =
                program.refusal(&left_out).is_some_and(|said| said.contains(&format!("missing field `{key}`")));
            assert_eq!(missed, required.contains(&json!(key)), "{} {object} {key}", kind.schema);
            for value in wrong(known[&(object.clone(), key.clone())]) {
                let mapping = changed(&full, place, key, Some(value));
                assert!(!mistakes(&schema, &schema, &mapping, "").is_empty(), "{} {object} {key}", kind.schema);
                assert!(program.refusal(&mapping).is_some(), "{} {object} {key}", kind.schema);
            }
        }
        for (object, place) in objects {
            let error = program.refusal(&changed(&full, place, "zzz", Some(json!(1)))).expect("an unknown key");
            let properties = schema.pointer(object).expect("a schema")["properties"].as_object().expect("keys");
            assert_eq!(listed(&error), properties.keys().cloned().collect(), "{} {object}", kind.schema);
        }
    }
}

#[test]
fn lists_of_words_are_those_of_the_program() {
    let tables: Vec<&str> = INPUT_TABLES.iter().map(|table| table.name).collect();
    let mut columns: Vec<&str> = Vec::new();
    for column in INPUT_TABLES.iter().flat_map(InputTable::header_names) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    let instruments: Vec<&str> = INSTRUMENTS.iter().map(|instrument| instrument.id).collect();
    // The record id is the patient code, and a record has no id of its own beside it.
    let mapped: Vec<&&str> = columns.iter().filter(|column| !["patient_id", "row_id"].contains(*column)).collect();
    let [csv, redcap, omop, fhir] = KINDS.each_ref().map(Mapped::schema);
    for (schema, place, words) in [
        (&csv, "/$defs/table/properties/table", json!(tables)),
        (&csv, "/$defs/column", json!(columns)),
        (&redcap, "/$defs/table/properties/table", json!(tables)),
        (&redcap, "/$defs/column", json!(mapped)),
        (&omop, "/$defs/score/properties/instrument", json!(instruments)),
        (&fhir, "/$defs/instrument/properties/instrument", json!(instruments)),
    ] {
        assert_eq!(schema.pointer(place).expect("it is there")["enum"], words, "{place} of {}", schema["$id"]);
    }
    // Words the program's own parser lists.
    for (kind, place, key, at) in [
        (&KINDS[0], "", "dates", "/$defs/dates"),
        (&KINDS[2], "/person", "site", "/properties/person/properties/site"),
        (&KINDS[3], "", "identifying_elements", "/properties/identifying_elements"),
    ] {
        let error = Program::new(kind.kind).refusal(&changed(&kind.full(), place, key, Some(json!("zzz"))));
        let schema = kind.schema();
        let words = schema.pointer(at).expect("it is there")["enum"].as_array().expect("a list");
        let words: BTreeSet<String> = words.iter().map(|word| word.as_str().expect("a word").to_owned()).collect();
        assert_eq!(listed(&error.expect("an unknown word")), words, "{at}");
    }
}
