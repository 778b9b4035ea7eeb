//! The kinds of resources that become rows, and what a resource turned out to
//! be. A new kind is one file and its line in `KINDS`.

use super::code::Codes;
use super::datatype::Reference;
use super::resource::Resource;
use super::survey::Survey;
use super::{
    administration, adverse_event, condition, dispense, observation, patient, procedure, questionnaire, request,
};
use crate::model::reject::{BEFORE_1990, MISSING_VALUE, Rule};
use crate::model::table::InputTable;

/// Cells of a canonical row.
pub(super) type Row = Vec<(&'static str, String)>;

/// What a resource turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A row of a table.
    Row(&'static str, Row),
    /// What should have been one; `known` are its cells.
    Reject { table: &'static str, rule: &'static Rule, column: &'static str, known: Row },
    /// Nothing of ours.
    PassedOver(&'static Rule),
    /// No row, but the source would have told of one.
    Tells(&'static str),
    /// Something to say beside a row.
    Remark(&'static Rule, &'static str),
}

/// What readers of resources may look at.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub codes: Codes<'a>,
    pub survey: &'a Survey,
}

/// A kind of resource.
pub(super) struct Kind {
    /// `resourceType`.
    pub name: &'static str,
    /// Table of a record that cannot be read.
    pub table: &'static str,
    read: fn(&Resource, Context<'_>) -> Result<Vec<Found>, &'static Rule>,
}

/// In the order documentation lists them in.
static KINDS: [Kind; 9] = [
    Kind { name: "Patient", table: "patients", read: patient::read },
    Kind { name: "Condition", table: "diagnoses", read: condition::read },
    Kind { name: "Observation", table: "assessments", read: observation::read },
    Kind { name: "QuestionnaireResponse", table: "assessments", read: questionnaire::read },
    Kind { name: "MedicationRequest", table: "prescriptions", read: request::read },
    Kind { name: "MedicationDispense", table: "prescriptions", read: dispense::read },
    Kind { name: "MedicationAdministration", table: "infusions", read: administration::read },
    Kind { name: "Procedure", table: "infusions", read: procedure::read },
    Kind { name: "AdverseEvent", table: "adverse_events", read: adverse_event::read },
];

/// The kind of this name.
pub(super) fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

impl Kind {
    /// What a resource of this kind is.
    pub(super) fn read(&self, resource: &Resource, context: Context<'_>) -> Vec<Found> {
        match (self.read)(resource, context) {
            Ok(found) => found.into_iter().map(Found::of_our_time).collect(),
            Err(rule) => vec![Found::Reject { table: self.table, rule, column: self.name, known: Vec::new() }],
        }
    }
}

impl Found {
    /// One thing and nothing else.
    #[expect(clippy::unnecessary_wraps, reason = "readers of a kind end with it, and they can fail")]
    pub(super) fn alone(self) -> Result<Vec<Self>, &'static Rule> {
        Ok(vec![self])
    }

    /// Passes over rows of long ago: a chart goes back to birth. An order of an
    /// opioid is kept to be seen, whenever it was.
    fn of_our_time(self) -> Self {
        let Self::Row(table, cells) = &self else { return self };
        let dated = InputTable::find(table).and_then(|table| table.day).map(|day| day.dated);
        let day = cells.iter().find(|(name, _)| Some(*name) == dated).map(|(_, day)| day.as_str());
        let year: Option<u16> = day.and_then(|day| day.get(..4)?.parse().ok());
        if *table != "prescriptions" && year.is_some_and(|year| year < 1990) {
            Self::PassedOver(&BEFORE_1990)
        } else {
            self
        }
    }
}

/// What every record about a patient at a time has in common: the two cells, or
/// what is wrong and as much of them as is known.
pub(super) struct Event {
    pub table: &'static str,
    pub cells: Row,
    pub problem: Option<(&'static Rule, &'static str)>,
}

impl Event {
    /// Whose and when.
    pub(super) fn new(
        table: &'static str,
        context: Context<'_>,
        subject: Option<&Reference>,
        day: Result<&str, &'static Rule>,
    ) -> Self {
        let mut event = Self { table, cells: Vec::new(), problem: None };
        match subject.and_then(|subject| context.survey.id_of("Patient", subject)) {
            Some(id) => event.cells.push(("patient_id", id.to_owned())),
            None => event.problem = Some((&MISSING_VALUE, "subject")),
        }
        let column = InputTable::find(table).and_then(|table| table.day).map_or("date", |day| day.dated);
        match day {
            Ok(day) => event.cells.push((column, day.to_owned())),
            Err(rule) => event.problem = event.problem.or(Some((rule, column))),
        }
        event
    }

    /// Adds a cell.
    pub(super) fn with(mut self, column: &'static str, text: impl Into<String>) -> Self {
        self.cells.push((column, text.into()));
        self
    }

    /// Adds a cell that may be missing.
    pub(super) fn with_some(self, column: &'static str, text: Option<String>) -> Self {
        match text {
            Some(text) => self.with(column, text),
            None => self,
        }
    }

    /// A row, unless something was wrong.
    pub(super) fn found(self) -> Found {
        match self.problem {
            None => Found::Row(self.table, self.cells),
            Some((rule, column)) => Found::Reject { table: self.table, rule, column, known: self.cells },
        }
    }

    /// A row that breaks a rule of the format.
    pub(super) fn breaks(self, rule: &'static Rule, column: &'static str) -> Found {
        let (rule, column) = self.problem.unwrap_or((rule, column));
        Found::Reject { table: self.table, rule, column, known: self.cells }
    }
}

/// Whether a status is one of those in force. A record without a status says
/// less than FHIR demands and breaks `MISSING_VALUE`.
pub(super) fn in_force(status: Option<&str>, statuses: &[&str]) -> Result<bool, &'static Rule> {
    status.map(|status| statuses.contains(&status)).ok_or(&MISSING_VALUE)
}
