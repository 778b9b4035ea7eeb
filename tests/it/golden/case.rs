//! The golden files as a list of cases.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// One case: what is asked, and what is expected.
pub(super) struct Case {
    pub(super) id: String,
    pub(super) stat: String,
    pub(super) args: Value,
    pub(super) expected: Value,
}

/// All cases of a folder, with the data sets that they name.
pub(super) struct Golden {
    pub(super) folder: PathBuf,
    pub(super) cases: Vec<Case>,
    /// Documents in order of search: the folder's own first, then the project's.
    documents: Vec<Value>,
}

impl Golden {
    pub(super) fn read() -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/golden");
        let folder = std::env::var_os("RELIEF_GOLDEN_DIR").map_or_else(|| own.clone(), PathBuf::from);
        let found = read_folder(&folder);
        let cases = found.iter().flat_map(|(name, document)| cases_of(name, document)).collect();
        let mut documents: Vec<Value> = found.into_iter().map(|(_, document)| document).collect();
        // A folder of further cases may name the data sets of the project.
        documents.extend(read_folder(&own).into_iter().map(|(_, document)| document));
        Self { folder, cases, documents }
    }

    /// A paired data set, `{baseline, followup}`, by its name.
    pub(super) fn data_set(&self, name: &str) -> Option<&Value> {
        let named = |document: &'_ Value| document.get(name).is_some_and(|d| d.get("baseline").is_some());
        self.documents.iter().find(|document| named(document)).map(|document| &document[name])
    }

    /// A time-to-event data set, `[times, events]`, by its name.
    pub(super) fn km_set(&self, name: &str) -> Option<&Value> {
        self.documents.iter().find_map(|document| document.get("km_sets")?.get(name))
    }
}

fn read_folder(folder: &Path) -> Vec<(String, Value)> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("golden folder {}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.iter().map(|path| (file_name(path), read_document(path))).collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn read_document(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Three shapes: `{"cases": [..]}`, `{"rows": [..]}` of special functions, and sections
/// `{"mme": [..]}` whose name is the stat. A list at the top holds cases.
fn cases_of(file: &str, document: &Value) -> Vec<Case> {
    if let Some(cases) = document.as_array() {
        return listed(cases);
    }
    let Some(sections) = document.as_object() else { return Vec::new() };
    let section = |(name, content): (&String, &Value)| {
        let list = content.as_array().map_or(&[][..], Vec::as_slice);
        match name.as_str() {
            "cases" => listed(list),
            "rows" => list.iter().enumerate().filter_map(|(at, row)| special(file, at, row)).collect(),
            _ => list.iter().filter_map(|case| ruled(name, case)).collect(),
        }
    };
    sections.iter().flat_map(section).collect()
}

fn listed(cases: &[Value]) -> Vec<Case> {
    let one = |case: &Value| {
        Some(Case {
            id: case.get("id").and_then(Value::as_str).unwrap_or("(no id)").to_owned(),
            stat: case.get("stat")?.as_str()?.to_owned(),
            args: case.get("args").cloned().unwrap_or(Value::Null),
            expected: case.get("expected").cloned().unwrap_or(Value::Null),
        })
    };
    cases.iter().filter_map(one).collect()
}

fn special(file: &str, at: usize, row: &Value) -> Option<Case> {
    Some(Case {
        id: format!("{file} row {at} {} {}", row.get("fn")?, row.get("args")?),
        stat: "special_function".to_owned(),
        args: row.clone(),
        expected: row.get("truth")?.clone(),
    })
}

/// Cases of `rounding` have neither id nor `expected`: the case is what is expected.
fn ruled(section: &str, case: &Value) -> Option<Case> {
    case.as_object()?;
    let id = case.get("id").and_then(Value::as_str).unwrap_or(section);
    Some(Case {
        id: id.to_owned(),
        stat: section.to_owned(),
        args: case.clone(),
        expected: case.get("expected").unwrap_or(case).clone(),
    })
}

impl Case {
    /// A number among the arguments, whichever of the names it goes by.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.args.get(name).and_then(number)
    }

    /// A count among the arguments.
    pub(super) fn count(&self, name: &str) -> Option<u64> {
        self.args.get(name).and_then(count)
    }

    pub(super) fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        self.args.get(name).and_then(numbers)
    }

    pub(super) fn counts(&self, name: &str) -> Option<Vec<u64>> {
        self.args.get(name)?.as_array()?.iter().map(count).collect()
    }

    /// The confidence level, 0.95 unless the case says otherwise.
    pub(super) fn level(&self) -> f64 {
        self.number("conf").unwrap_or(0.95)
    }
}

pub(super) fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        Some(text) => text.parse().ok(),
        None => value.as_f64(),
    }
}

pub(super) fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(number).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1e7 is a count too")]
fn count(value: &Value) -> Option<u64> {
    let whole = |number: f64| (number >= 0.0 && number.fract().abs() < 1e-9).then_some(number as u64);
    value.as_u64().or_else(|| number(value).and_then(whole))
}
