//! Where an export holds what the mapping asks for.

use std::path::Path;

use super::dictionary::{Dictionary, Field, Kind};
use super::project::{Column, column};
use crate::ingest::error::IngestError;
use crate::ingest::staged::Names;
use crate::protocol::nearest;
use crate::protocol::{RedcapMapping, RedcapTable};

/// Columns of one form.
#[derive(Clone, Debug, Default)]
pub(super) struct FormColumns {
    /// Fields with one column each.
    pub fields: Vec<usize>,
    /// Choices of checkboxes.
    pub ticks: Vec<usize>,
    /// Whether it is complete.
    pub complete: Option<usize>,
}

/// Where a mapped value is.
#[derive(Clone, Debug)]
pub(super) enum Origin<'a> {
    /// A field with a column of its own.
    Field(&'a Field, usize),
    /// One choice of a checkbox: yes or no.
    Tick(usize),
    /// A checkbox: a row for each choice that is ticked. Codes and columns.
    Ticks(Vec<(String, usize)>),
}

/// One kind of row, with its columns found.
#[derive(Clone, Debug)]
pub(super) struct TableColumns<'a> {
    /// What the mapping says of it.
    pub mapped: &'a RedcapTable,
    /// Position of its form.
    pub form: usize,
    /// Canonical columns and where they come from.
    pub columns: Vec<(&'static str, Origin<'a>)>,
}

impl TableColumns<'_> {
    /// What its canonical columns are called in the project.
    pub(super) fn names(&self, fields: &[Field]) -> Names {
        let record = fields.first().map(|field| ("patient_id", field.name.clone()));
        record.into_iter().chain(self.mapped.columns.iter().cloned()).collect()
    }
}

/// The columns of an export.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    /// Record id.
    pub record: Option<usize>,
    /// Event.
    pub event: Option<usize>,
    /// Form that repeats.
    pub repeat_form: Option<usize>,
    /// Which repetition.
    pub repeat_instance: Option<usize>,
    /// Data access group.
    pub group: Option<usize>,
    /// By form, in dictionary order.
    pub forms: Vec<FormColumns>,
    /// In mapping order.
    pub tables: Vec<TableColumns<'a>>,
    /// Columns no row is made from.
    pub unmapped: Vec<usize>,
}

impl<'a> Columns<'a> {
    pub(super) fn find(
        dictionary: &'a Dictionary,
        mapping: &'a RedcapMapping,
        header: &[String],
        path: &Path,
    ) -> Result<Self, IngestError> {
        let at = |name: &str| header.iter().position(|column| column == name);
        let record = at(&dictionary.fields.first().map_or_else(String::new, |field| field.name.clone()));
        if record.is_none() && !header.is_empty() {
            return Err(no_record_id(dictionary, header, path));
        }
        let tables: Vec<TableColumns<'a>> =
            mapping.tables.iter().map(|table| find_table(dictionary, table, header, path)).collect::<Result<_, _>>()?;
        let mut columns = Self {
            record,
            event: at("redcap_event_name"),
            repeat_form: at("redcap_repeat_instrument"),
            repeat_instance: at("redcap_repeat_instance"),
            group: at("redcap_data_access_group"),
            forms: vec![FormColumns::default(); dictionary.forms.len()],
            tables,
            unmapped: Vec::new(),
        };
        columns.sort_into_forms(dictionary, header);
        Ok(columns)
    }

    fn sort_into_forms(&mut self, dictionary: &Dictionary, header: &[String]) {
        for (index, name) in header.iter().enumerate() {
            let own = [self.record, self.event, self.repeat_form, self.repeat_instance, self.group];
            if own.contains(&Some(index)) || name.is_empty() {
                continue;
            }
            let field = |name: &str| dictionary.find(name).map_or(0, |field| field.form);
            match column(dictionary, name) {
                Some(Column::Field(name)) => self.forms[field(name)].fields.push(index),
                Some(Column::Tick(name, _)) => self.forms[field(name)].ticks.push(index),
                Some(Column::Status(form)) => {
                    let form = dictionary.form_position(form).expect("a status column is that of a form");
                    if name.ends_with("_complete") {
                        self.forms[form].complete = Some(index);
                    }
                    continue;
                }
                None => {}
            }
            self.unmapped.extend((!self.is_mapped(index)).then_some(index));
        }
    }

    fn is_mapped(&self, index: usize) -> bool {
        let mut origins = self.tables.iter().flat_map(|table| &table.columns);
        origins.any(|(_, origin)| match origin {
            Origin::Field(_, at) | Origin::Tick(at) => *at == index,
            Origin::Ticks(ticks) => ticks.iter().any(|(_, at)| *at == index),
        })
    }
}

fn find_table<'a>(
    dictionary: &'a Dictionary,
    mapped: &'a RedcapTable,
    header: &[String],
    path: &Path,
) -> Result<TableColumns<'a>, IngestError> {
    let missing = |column: &str, hint: String| IngestError::MissingColumn {
        path: path.to_owned(),
        column: column.to_owned(),
        hint,
    };
    let form = dictionary.form_position(&mapped.form).ok_or_else(|| {
        let hint = match nearest(&mapped.form, dictionary.forms.iter().map(String::as_str)) {
            Some(near) => format!("the mapping names the form `{}`; did you mean `{near}`?", mapped.form),
            None => format!("the mapping names the form `{}`; forms: {}", mapped.form, dictionary.forms.join(", ")),
        };
        missing(&format!("{}_complete", mapped.form), hint)
    })?;
    let mut columns = Vec::new();
    for (name, field) in &mapped.columns {
        let origin = find_origin(dictionary, field, header).ok_or_else(|| {
            let known = header.iter().map(String::as_str);
            let hint = match nearest(field, known.chain(dictionary.fields.iter().map(|field| field.name.as_str()))) {
                Some(near) if near != field => format!("the mapping names it for `{name}`; did you mean `{near}`?"),
                _ => format!(
                    "the mapping names it for `{name}`; add the field to the export or take it out of the mapping"
                ),
            };
            missing(field, hint)
        })?;
        columns.push((*name, origin));
    }
    Ok(TableColumns { mapped, form, columns })
}

fn find_origin<'a>(dictionary: &'a Dictionary, name: &str, header: &[String]) -> Option<Origin<'a>> {
    let at = |wanted: &str| header.iter().position(|column| column == wanted);
    if let Some((base, code)) = name.split_once("___")
        && dictionary.find(base).is_some_and(|field| field.kind == Kind::Checkbox)
    {
        // REDCap writes a code into a column's name in lower case, its minus as `_`.
        let exported = format!("{base}___{}", code.to_lowercase().replace('-', "_"));
        return at(name).or_else(|| at(&exported)).map(Origin::Tick);
    }
    let field = dictionary.find(name)?;
    if field.kind != Kind::Checkbox {
        return at(name).map(|column| Origin::Field(field, column));
    }
    let ticks = header.iter().enumerate().filter_map(|(index, column)| {
        let (base, code) = column.split_once("___")?;
        (base == name).then(|| (code_of(field, code), index))
    });
    let ticks: Vec<(String, usize)> = ticks.collect();
    (!ticks.is_empty()).then_some(Origin::Ticks(ticks))
}

/// The code as the dictionary writes it.
fn code_of(field: &Field, exported: &str) -> String {
    let same = |code: &str| code == exported || code.to_lowercase().replace('-', "_") == exported;
    field.choices.iter().map(|(code, _)| code).find(|code| same(code)).map_or_else(|| exported.to_owned(), Clone::clone)
}

fn no_record_id(dictionary: &Dictionary, header: &[String], path: &Path) -> IngestError {
    let labelled = header.iter().any(|name| matches!(name.as_str(), "Event Name" | "Repeat Instrument" | "Complete?"));
    let column = dictionary.fields.first().map_or("record_id", |field| field.name.as_str());
    let hint = if labelled {
        "the export has labels for column names; export it again as `CSV / Microsoft Excel (raw data)`"
    } else {
        "the first field of the data dictionary is the record id; export it too, or name the right dictionary in the mapping"
    };
    IngestError::MissingColumn { path: path.to_owned(), column: column.to_owned(), hint: hint.to_owned() }
}
