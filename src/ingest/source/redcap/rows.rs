//! One row of an export → canonical rows, form by form, or why there is none.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::delimited::Fields;
use super::super::sink::{At, CorrectedRow, Correction, Sink};
use super::columns::{Columns, Origin, TableColumns};
use super::dictionary::Dictionary;
use super::value::{Status, Value, Values, is_ticked, is_unticked};
use crate::ingest::error::IngestError;
use crate::ingest::staged::Names;
use crate::model::reject::{
    CHECKBOX_UNASKED, DECLARED_MISSING, EMPTY_RECORD, FORM_INCOMPLETE, FORM_NOT_MAPPED, NO_VALUE,
};
use crate::model::reject::{FIELD_COUNT, Rule};

/// Cells of a canonical row under construction.
type Cells<'r> = Vec<(&'static str, Cow<'r, str>)>;

/// Reads the rows of one export.
pub(super) struct Rows<'a> {
    pub dictionary: &'a Dictionary,
    pub columns: Columns<'a>,
    pub values: Values<'a>,
    /// Event → study day.
    pub days: BTreeMap<String, i32>,
    /// Site of records in no data access group.
    pub site: &'a str,
    /// Fields of every row.
    pub width: usize,
    /// What the columns of each table are called in the project, by number.
    pub names: Vec<usize>,
}

/// A row of the export, its whereabouts read.
struct Row<'r> {
    fields: Fields<'r>,
    at: At,
    record: &'r str,
    event: &'r str,
    repeat_form: &'r str,
    instance: &'r str,
}

impl Rows<'_> {
    /// Says of the row what it gives.
    pub(super) fn read(&self, fields: Fields<'_>, at: At, sink: &mut dyn Sink) -> Result<(), IngestError> {
        if fields.len() != self.width {
            let Some(table) = self.columns.tables.first() else {
                sink.pass_over(at, &FORM_NOT_MAPPED, "");
                return Ok(());
            };
            return sink.reject(at, table.mapped.table, &FIELD_COUNT, "");
        }
        let cell = |column: Option<usize>| column.map_or("", |index| fields.get(index));
        let row = Row {
            fields,
            at,
            record: cell(self.columns.record),
            event: cell(self.columns.event),
            repeat_form: cell(self.columns.repeat_form),
            instance: cell(self.columns.repeat_instance),
        };
        let mut any = false;
        for form in 0..self.columns.forms.len() {
            if self.holds(&row, form) {
                any = true;
                self.read_form(&row, form, sink)?;
            }
        }
        if !any {
            sink.pass_over(at, &EMPTY_RECORD, &self.place(&row, row.repeat_form));
        }
        Ok(())
    }

    /// Whether the row says anything on a form. An unticked choice says
    /// nothing until the form has been dealt with.
    fn holds(&self, row: &Row<'_>, form: usize) -> bool {
        let name = &self.dictionary.forms[form];
        if !row.repeat_form.is_empty() && row.repeat_form != name {
            return false;
        }
        let columns = &self.columns.forms[form];
        let said = |index: &usize| !row.fields.get(*index).is_empty();
        let ticked = |index: &usize| !is_unticked(row.fields.get(*index));
        columns.fields.iter().any(said)
            || columns.ticks.iter().any(ticked)
            || self.status(row, form) != Status::Incomplete
    }

    fn status(&self, row: &Row<'_>, form: usize) -> Status {
        Status::read(self.columns.forms[form].complete.map_or("", |index| row.fields.get(index)))
    }

    fn read_form(&self, row: &Row<'_>, form: usize, sink: &mut dyn Sink) -> Result<(), IngestError> {
        let name = &self.dictionary.forms[form];
        let mut any = false;
        for (number, table) in self.columns.tables.iter().enumerate() {
            if table.form == form && is_at(table, row.event) {
                any = true;
                if let Err((rule, column)) = self.make(row, table, number, sink)? {
                    sink.pass_over(row.at, rule, &column);
                }
            }
        }
        if !any {
            sink.pass_over(row.at, &FORM_NOT_MAPPED, &self.place(row, name));
        }
        Ok(())
    }

    /// Makes the rows of one table; the inner error is why there is none.
    fn make(
        &self,
        row: &Row<'_>,
        table: &TableColumns<'_>,
        number: usize,
        sink: &mut dyn Sink,
    ) -> Result<Result<(), (&'static Rule, String)>, IngestError> {
        let status = self.status(row, table.form);
        if table.mapped.only_complete && status != Status::Complete {
            return Ok(Err((&FORM_INCOMPLETE, self.place(row, &table.mapped.form))));
        }
        let mut cells = self.common_cells(row, table);
        let mut absent = Absent::new(table);
        let mut ticks = None;
        for (name, origin) in &table.columns {
            match origin {
                Origin::Ticks(choices) => ticks = Some((*name, choices)),
                Origin::Field(..) | Origin::Tick(_) => match self.value(row, table, name, origin, status) {
                    Ok(text) => {
                        absent.found(name);
                        cells.push((*name, text));
                    }
                    Err(rule) => absent.why(rule, name),
                },
            }
        }
        let Some((name, choices)) = ticks else {
            if let Some(absent) = absent.nothing() {
                return Ok(Err(absent));
            }
            return self.write(row, table, &cells, [number, 0], sink).map(Ok);
        };
        let codes = match self.ticked(row, choices, status) {
            Ok(codes) => codes,
            Err(rule) => return Ok(Err((rule, name.to_owned()))),
        };
        for (choice, code) in codes.into_iter().enumerate() {
            cells.push((name, translate(table, name, Cow::Borrowed(code))));
            self.write(row, table, &cells, [number, choice], sink)?;
            cells.pop();
        }
        Ok(Ok(()))
    }

    /// Whose the row is, when if its event says so, and what the mapping states.
    fn common_cells<'r>(&'r self, row: &Row<'r>, table: &'r TableColumns<'_>) -> Cells<'r> {
        let mut cells: Cells<'r> = vec![("patient_id", Cow::Borrowed(row.record))];
        cells.extend(table.mapped.constants.iter().map(|(name, text)| (*name, Cow::Borrowed(text.as_str()))));
        if let (Some(day), true) = (table.mapped.table.day, table.mapped.day_of_event()) {
            let offset = self.days.get(row.event).map_or_else(String::new, ToString::to_string);
            cells.push((day.study_day, Cow::Owned(offset)));
        }
        let mapped = |name: &str| table.columns.iter().any(|(column, _)| *column == name);
        if let (Some(group), "patients", false) = (self.columns.group, table.mapped.table.name, mapped("site")) {
            let group = row.fields.get(group);
            cells.push(("site", Cow::Borrowed(if group.is_empty() { self.site } else { group })));
        }
        cells
    }

    fn value<'r>(
        &self,
        row: &Row<'r>,
        table: &TableColumns<'_>,
        name: &'static str,
        origin: &Origin<'_>,
        status: Status,
    ) -> Result<Cow<'r, str>, &'static Rule> {
        let day = table.mapped.table.day;
        let text = match origin {
            Origin::Field(field, index) => {
                let is_study_day = day.is_some_and(|day| day.study_day == name);
                match self.values.read(row.fields.get(*index), field, is_study_day) {
                    Value::Empty => return Err(&NO_VALUE),
                    Value::Missing => return Err(&DECLARED_MISSING),
                    Value::Text(text) => text,
                }
            }
            Origin::Tick(index) if is_ticked(row.fields.get(*index)) => Cow::Borrowed("1"),
            Origin::Tick(_) if status == Status::Complete => Cow::Borrowed("0"),
            Origin::Tick(_) | Origin::Ticks(_) => return Err(&CHECKBOX_UNASKED),
        };
        let is_date = day.is_some_and(|day| day.dated == name);
        Ok(translate(table, name, if is_date { date_of(text) } else { text }))
    }

    /// The codes ticked.
    fn ticked<'c>(
        &self,
        row: &Row<'_>,
        choices: &'c [(String, usize)],
        status: Status,
    ) -> Result<Vec<&'c str>, &'static Rule> {
        let ticked: Vec<&str> =
            choices.iter().filter(|(_, at)| is_ticked(row.fields.get(*at))).map(|(code, _)| code.as_str()).collect();
        match ticked.as_slice() {
            [] if status == Status::Complete => Err(&NO_VALUE),
            [] => Err(&CHECKBOX_UNASKED),
            codes if codes.iter().any(|code| self.values.is_missing_code(code)) => Err(&DECLARED_MISSING),
            _ => Ok(ticked),
        }
    }

    /// Event and form, as findings name them: words of the project, not data.
    fn place(&self, row: &Row<'_>, form: &str) -> String {
        let known = self.dictionary.form_position(form).is_some();
        let plain = |text: &str| {
            text.len() <= 60
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        let form = if known || form.is_empty() { form } else { "unknown form" };
        match row.event {
            "" => form.to_owned(),
            event if plain(event) && form.is_empty() => event.to_owned(),
            event if plain(event) => format!("{event} / {form}"),
            _ => format!("another event / {form}"),
        }
    }

    /// A correction in canonical words, without the fields other tables of the
    /// line are made of, and what this one's fields are called.
    fn meant_for(&self, table: &TableColumns<'_>, mut correction: Correction) -> (Correction, Names) {
        let names = table.names(&self.dictionary.fields);
        let mine = |column: &str| names.iter().any(|(_, called)| called.eq_ignore_ascii_case(column));
        let mapped = |table: &TableColumns<'_>, column: &str| {
            table.mapped.columns.iter().any(|(_, field)| field.eq_ignore_ascii_case(column))
        };
        let elsewhere = |column: &str| self.columns.tables.iter().any(|table| mapped(table, column));
        correction.cells.retain(|(column, _)| mine(column) || !elsewhere(column));
        let put = |name: &'static str, text: &str| translate(table, name, Cow::Borrowed(text)).into_owned();
        (correction.meaning(&names, put), names)
    }

    /// Writes a row, and the row as staff corrected it in the project's own
    /// words. Rows of one record are told apart by event, repetition and
    /// `place`: the table's in the mapping, the choice's among those ticked.
    fn write(
        &self,
        row: &Row<'_>,
        table: &TableColumns<'_>,
        cells: &Cells<'_>,
        place: [usize; 2],
        sink: &mut dyn Sink,
    ) -> Result<(), IngestError> {
        let canonical = table.mapped.table;
        let has_id = canonical.columns.iter().any(|column| column.name == "row_id");
        let event: String = row.event.chars().filter(char::is_ascii).take(40).collect();
        let instance: String = row.instance.chars().filter(char::is_ascii_digit).take(8).collect();
        let id = format!("{event}_{instance}_{}_{}", place[0], place[1]);
        let mut written: Vec<(&'static str, &str)> = cells.iter().map(|(name, text)| (*name, &**text)).collect();
        written.extend(has_id.then_some(("row_id", id.as_str())));
        let correction = sink.correction(row.at).map(|correction| self.meant_for(table, correction));
        let corrected = correction.as_ref().and_then(|(made, names)| made.applied(canonical, Some(names), &written));
        let correction = correction.as_ref().map(|(made, _)| made);
        let correction = correction.zip(corrected.as_deref());
        let row_twice = CorrectedRow { names: Some(self.names[place[0]]), cells: &written, correction };
        sink.corrected_row(row.at, canonical, row_twice)
    }
}

/// Whether the mapping reads a table at an event.
fn is_at(table: &TableColumns<'_>, event: &str) -> bool {
    let arm = event.rsplit_once("_arm_").and_then(|(_, arm)| arm.parse::<u32>().ok());
    let events = &table.mapped.events;
    let arms = &table.mapped.arms;
    (events.is_empty() || events.iter().any(|known| known == event))
        && (arms.is_empty() || arm.is_some_and(|arm| arms.contains(&arm)))
}

/// What a value means in the mapping; unlisted values stay, for the rules about
/// codes to judge.
fn translate<'r>(table: &TableColumns<'_>, name: &str, text: Cow<'r, str>) -> Cow<'r, str> {
    let meaning = table.mapped.values.get(name).and_then(|values| values.get(&*text));
    meaning.map_or(text, |meaning| Cow::Owned(meaning.clone()))
}

/// `2026-07-31 14:30` → `2026-07-31`.
fn date_of(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_time = text.as_bytes().get(10).is_some_and(|byte| matches!(byte, b' ' | b'T'));
    match text {
        Cow::Borrowed(text) if is_time => Cow::Borrowed(text.get(..10).unwrap_or(text)),
        text => text,
    }
}

/// Whether a row would say anything: if the columns its table needs are all
/// empty, the question was not answered. A patient is there by being there.
struct Absent {
    needed: Vec<&'static str>,
    always: bool,
    found: bool,
    why: Option<(&'static Rule, &'static str)>,
}

impl Absent {
    fn new(table: &TableColumns<'_>) -> Self {
        let canonical = table.mapped.table;
        let required = |name: &str| canonical.columns.iter().any(|column| column.required && column.name == name);
        let needed = table.columns.iter().map(|(name, _)| *name).filter(|name| required(name)).collect();
        Self { needed, always: canonical.name == "patients", found: false, why: None }
    }

    fn counts(&self, name: &str) -> bool {
        self.needed.is_empty() || self.needed.contains(&name)
    }

    fn found(&mut self, name: &str) {
        self.found |= self.counts(name);
    }

    fn why(&mut self, rule: &'static Rule, name: &'static str) {
        // That a value was declared missing says more than that there is none.
        if self.counts(name) && self.why.is_none_or(|(known, _)| known.id == NO_VALUE.id) {
            self.why = Some((rule, name));
        }
    }

    fn nothing(self) -> Option<(&'static Rule, String)> {
        if self.found || self.always {
            return None;
        }
        let (rule, name) = self.why.unwrap_or((&NO_VALUE, ""));
        Some((rule, name.to_owned()))
    }
}
