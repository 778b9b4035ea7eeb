//! The data dictionary of a REDCap project: its forms and fields, which of
//! them identify people, and what their values look like.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::super::delimited::{Delimited, Fields};
use crate::ingest::error::IngestError;

/// Columns of the dictionary: as downloaded from the project, and as the API
/// and its clients name them.
const COLUMNS: [(&str, &str); 7] = [
    ("variable / field name", "field_name"),
    ("form name", "form_name"),
    ("field type", "field_type"),
    ("choices, calculations, or slider labels", "select_choices_or_calculations"),
    ("text validation type or show slider number", "text_validation_type_or_show_slider_number"),
    ("identifier?", "identifier"),
    ("field annotation", "field_annotation"),
];

/// What kind of question a field is, as far as reading it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Typed in; the validation says what may be.
    Text,
    /// A box of prose.
    Prose,
    /// One of some choices.
    Choice,
    /// Any of some choices, a column each.
    Checkbox,
    /// Computed, or a position on a line.
    Number,
    /// A file or signature: the export holds its name.
    File,
    /// Only shown on the form: not in the export.
    Shown,
}

/// A field.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Variable name.
    pub name: String,
    /// Position of its form.
    pub form: usize,
    /// What it is.
    pub kind: Kind,
    /// Text validation, lower case, or empty.
    pub validation: String,
    /// Codes and labels of its choices.
    pub choices: Vec<(String, String)>,
    /// Whether the project says it identifies people.
    pub identifier: bool,
    /// Whether missing-data codes are values here.
    pub no_missing: bool,
}

/// Forms and fields of a project.
#[derive(Clone, Debug, Default)]
pub(super) struct Dictionary {
    /// Fields in the project's order; the first is the record id.
    pub fields: Vec<Field>,
    /// Forms in the project's order.
    pub forms: Vec<String>,
    by_name: HashMap<String, usize>,
    by_form: HashMap<String, usize>,
}

impl Dictionary {
    /// Whether a header is a dictionary's.
    pub(super) fn is_header(header: &[String]) -> bool {
        position(header, 0).is_some() && position(header, 1).is_some() && position(header, 2).is_some()
    }

    /// Reads a dictionary; returns it with the lines of its records.
    pub(super) fn read(path: &Path) -> Result<(Self, Vec<u32>), IngestError> {
        let (mut file, header) = Delimited::open(path)?;
        let columns = std::array::from_fn(|index| position(&header, index));
        let (mut dictionary, mut lines) = (Self::default(), Vec::new());
        while let Some(record) = file.next()? {
            lines.push(record.line);
            dictionary.add(&record, &columns);
        }
        if dictionary.fields.is_empty() {
            let hint = "download the data dictionary again (Project Setup, Data Dictionary)";
            return Err(IngestError::at_line(path, 1, "the data dictionary has no field", hint));
        }
        Ok((dictionary, lines))
    }

    /// Forms as an export without its dictionary shows them: each ends with the
    /// column that says whether it is complete.
    pub(super) fn inferred(header: &[String]) -> Self {
        let mut dictionary = Self::default();
        let checkboxes: HashSet<&str> =
            header.iter().filter_map(|name| name.split_once("___")).map(|(base, _)| base).collect();
        let mut pending: Vec<&str> = Vec::new();
        for name in header.iter().filter(|name| !name.is_empty() && !name.starts_with("redcap_")) {
            let Some(form) = name.strip_suffix("_complete") else {
                pending.push(name.split_once("___").map_or(name.as_str(), |(base, _)| base));
                continue;
            };
            let form = dictionary.form(form);
            for name in pending.drain(..) {
                dictionary.insert(Field {
                    name: name.to_owned(),
                    form,
                    kind: if checkboxes.contains(name) { Kind::Checkbox } else { kind_by_name(name) },
                    validation: String::new(),
                    choices: Vec::new(),
                    identifier: false,
                    no_missing: false,
                });
            }
        }
        dictionary
    }

    /// The field with this name.
    pub(super) fn find(&self, name: &str) -> Option<&Field> {
        self.by_name.get(name).map(|&index| &self.fields[index])
    }

    /// Position of the form with this name.
    pub(super) fn form_position(&self, name: &str) -> Option<usize> {
        self.by_form.get(name).copied()
    }

    fn add(&mut self, record: &Fields<'_>, columns: &[Option<usize>; COLUMNS.len()]) {
        let cell = |index: usize| columns[index].map_or("", |at| stated(record.get(at)));
        let (name, form) = (cell(0), cell(1));
        if name.is_empty() {
            return;
        }
        let kind = kind(cell(2));
        let form = self.form(form);
        self.insert(Field {
            name: name.to_lowercase(),
            form,
            kind,
            validation: cell(4).to_lowercase(),
            choices: if matches!(kind, Kind::Choice | Kind::Checkbox) { choices(cell(2), cell(3)) } else { Vec::new() },
            identifier: matches!(cell(5).to_lowercase().as_str(), "y" | "yes" | "1" | "true"),
            no_missing: cell(6).to_uppercase().contains("@NOMISSING"),
        });
    }

    fn form(&mut self, name: &str) -> usize {
        let name = name.to_lowercase().replace(' ', "_");
        let next = self.forms.len();
        *self.by_form.entry(name).or_insert_with_key(|name| {
            self.forms.push(name.clone());
            next
        })
    }

    fn insert(&mut self, field: Field) {
        if !self.by_name.contains_key(&field.name) {
            self.by_name.insert(field.name.clone(), self.fields.len());
            self.fields.push(field);
        }
    }
}

/// Without a dictionary only its name tells a box of prose.
fn kind_by_name(name: &str) -> Kind {
    let prose = ["note", "notes", "comment", "comments", "remark", "remarks", "narrative"];
    if name.split('_').any(|word| prose.contains(&word)) { Kind::Prose } else { Kind::Text }
}

/// R writes `NA` where there is nothing.
fn stated(cell: &str) -> &str {
    if cell == "NA" { "" } else { cell }
}

fn position(header: &[String], column: usize) -> Option<usize> {
    let (shown, api) = COLUMNS[column];
    header.iter().position(|name| {
        let name = name.to_lowercase();
        name == shown || name == api
    })
}

fn kind(written: &str) -> Kind {
    match written.to_lowercase().as_str() {
        "notes" => Kind::Prose,
        "radio" | "dropdown" | "yesno" | "truefalse" | "sql" => Kind::Choice,
        "checkbox" => Kind::Checkbox,
        "calc" | "slider" => Kind::Number,
        "file" | "signature" => Kind::File,
        "descriptive" => Kind::Shown,
        _ => Kind::Text,
    }
}

/// `1, Yes | 0, No` → codes and labels.
fn choices(kind: &str, written: &str) -> Vec<(String, String)> {
    let pair = |code: &str, label: &str| (code.trim().to_owned(), label.trim().to_owned());
    match kind.to_lowercase().as_str() {
        "yesno" => vec![pair("1", "Yes"), pair("0", "No")],
        "truefalse" => vec![pair("1", "True"), pair("0", "False")],
        _ => written
            .split('|')
            .filter(|choice| !choice.trim().is_empty())
            .map(|choice| {
                choice.split_once(',').map_or_else(|| pair(choice, choice), |(code, label)| pair(code, label))
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{Dictionary, Kind};

    #[test]
    fn both_forms_of_the_dictionary_are_read_alike() {
        let shown = "\"Variable / Field Name\",\"Form Name\",\"Field Type\",\"Choices, Calculations, OR Slider Labels\",\
                     \"Text Validation Type OR Show Slider Number\",Identifier?,\"Field Annotation\"\n\
                     record_id,base,text,,,,\nname,base,text,,,y,\nside,pain,checkbox,\"1, left | 2, right, mostly\",,,@NOMISSING\n";
        let api = "field_name,form_name,field_type,select_choices_or_calculations,\
                   text_validation_type_or_show_slider_number,identifier,field_annotation\n\
                   record_id,base,text,NA,NA,NA,NA\nname,base,text,NA,NA,y,NA\n\
                   side,pain,checkbox,\"1, left | 2, right, mostly\",NA,NA,@NOMISSING\n";
        for text in [shown, api] {
            let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
            file.write_all(text.as_bytes()).expect("it can be written");
            let (dictionary, lines) = Dictionary::read(file.path()).expect("a dictionary");
            assert_eq!((dictionary.forms.join(" "), lines), ("base pain".to_owned(), vec![2, 3, 4]));
            assert!(dictionary.find("name").is_some_and(|field| field.identifier));
            let side = dictionary.find("side").expect("a field");
            assert_eq!(
                (side.kind, side.no_missing, side.choices[1].1.as_str()),
                (Kind::Checkbox, true, "right, mostly")
            );
        }
    }

    #[test]
    fn forms_are_inferred_from_where_they_end() {
        let header = ["record_id", "age", "base_complete", "side___1", "side___2", "pain_complete"].map(str::to_owned);
        let dictionary = Dictionary::inferred(&header);
        assert_eq!(dictionary.forms, ["base", "pain"]);
        assert_eq!(dictionary.find("side").map(|field| (field.form, field.kind)), Some((1, Kind::Checkbox)));
    }
}
