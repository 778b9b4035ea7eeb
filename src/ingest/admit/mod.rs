//! One record → one row of its table, or the rule it breaks.
//!
//! One file per table. What is common to all of them (the number of fields,
//! whose row it is, when, its row id) is settled before `Event::admit` is
//! asked, so each file holds only what its table means.

mod adverse_events;
mod assessments;
mod departures;
mod diagnoses;
mod infusions;
mod medication_reviews;
mod patients;
mod prescriptions;
mod therapy_sessions;
mod withheld;

use arrow::array::ArrayRef;

pub(super) use adverse_events::AdverseEvents;
pub(super) use assessments::Assessments;
pub(super) use departures::Departures;
pub(super) use diagnoses::Diagnoses;
pub(super) use infusions::Infusions;
pub(super) use medication_reviews::MedicationReviews;
pub(super) use patients::{Facts, PatientReader, PatientRecord, Sites, UNKNOWN_SEX, YEARS, patient_code};
pub(super) use prescriptions::{Prescriptions, days_of_supply};
pub(super) use therapy_sessions::TherapySessions;
pub(super) use withheld::{InfusionsWithheldColumns, PrescriptionsWithheldColumns};

use super::gate::{Detector, Strange};
use super::layout::{Cell, Layout};
use super::number::{self, Decimal};
use super::record::Record;
use super::row::Row;
use super::words::{Code, Words};
use crate::model::reject::{CODE_UNKNOWN, FREE_TEXT, MISSING_VALUE, NOT_A_NUMBER, Rule};
use crate::model::table::TableId;
use crate::model::vocabulary::OTHER;
use crate::protocol::Protocol;

/// Why a record is not a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Problem {
    /// The record is set aside.
    Reject {
        /// The rule it breaks.
        rule: &'static Rule,
        /// Where.
        column: &'static str,
    },
    /// The source is refused.
    Refuse {
        /// What was detected.
        detector: &'static Detector,
        /// Where.
        column: &'static str,
    },
}

impl Cell {
    /// The record breaks `rule` here.
    pub(super) fn breaks(self, rule: &'static Rule) -> Problem {
        Problem::Reject { rule, column: self.name }
    }

    /// The value, which must be there.
    #[inline]
    pub(super) fn required<'a>(self, record: &Record<'a>) -> Result<&'a [u8], Problem> {
        self.optional(record).ok_or_else(|| self.breaks(&MISSING_VALUE))
    }

    /// The value, if there is one.
    #[inline]
    pub(super) fn optional<'a>(self, record: &Record<'a>) -> Option<&'a [u8]> {
        let text = record.field(self.position);
        (!text.is_empty()).then_some(text)
    }

    /// The code of a column whose words are listed: as written where the list
    /// has it, otherwise `other`, because a word nobody knows may be a name.
    fn listed(
        self,
        text: &[u8],
        words: &mut Words<Code>,
        remarks: &mut Remarks,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<Code, Problem> {
        let known = |text: &str| Code::strict(text).filter(|_| is_known(&text.to_ascii_lowercase()));
        if let Some(code) = words.word(self, text, known)? {
            return Ok(code);
        }
        if str::from_utf8(text).ok().and_then(Code::strict).is_none() {
            return Err(self.breaks(&FREE_TEXT));
        }
        remarks.unknown(&CODE_UNKNOWN, self, text);
        Ok(Code::strict(OTHER).expect("a short word"))
    }

    fn decimal(self, text: &[u8]) -> Result<Decimal, Problem> {
        Decimal::parse(text).ok_or_else(|| self.breaks(&NOT_A_NUMBER))
    }

    /// A whole number within `low..=high`, if there is a value.
    fn small(self, record: &Record<'_>, low: u8, high: u8, rule: &'static Rule) -> Result<Option<u8>, Problem> {
        let Some(text) = self.optional(record) else { return Ok(None) };
        let value = self.decimal(text)?.scaled(0).and_then(|value| u8::try_from(value).ok());
        value.filter(|value| (low..=high).contains(value)).map(Some).ok_or_else(|| self.breaks(rule))
    }

    /// Yes or no, if there is a value.
    fn yes_or_no(self, record: &Record<'_>) -> Result<Option<bool>, Problem> {
        let Some(text) = self.optional(record) else { return Ok(None) };
        number::yes_or_no(text).map(Some).ok_or_else(|| self.breaks(&crate::model::reject::NOT_YES_OR_NO))
    }
}

/// Remarks on accepted rows, counted by rule and column.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    /// The remarks.
    pub(super) counted: Vec<(&'static Rule, &'static str, u64)>,
    /// Words of code columns that no list knows.
    pub(super) strange: Strange,
}

impl Remarks {
    /// Counts one remark.
    pub(super) fn add(&mut self, rule: &'static Rule, column: &'static str) {
        let known = self.counted.iter_mut().find(|(known, at, _)| known.id == rule.id && *at == column);
        match known {
            Some((.., times)) => *times += 1,
            None => self.counted.push((rule, column, 1)),
        }
    }

    /// Counts a word that no list knows, and how it was taken.
    fn unknown(&mut self, rule: &'static Rule, cell: Cell, text: &[u8]) {
        self.add(rule, cell.name);
        self.strange.add(cell.name, text);
    }
}

/// How records of a table are read.
pub(super) trait Event<'a>: Sized {
    /// The table.
    const TABLE: TableId;
    /// Its columns under construction.
    type Columns: Columns<'a>;

    /// A reader for one file.
    fn new(layout: &Layout, protocol: &'a Protocol) -> Self;

    /// Pushes the payload of a record, or says what is wrong with it.
    fn admit(&mut self, record: &Record<'_>, payload: &mut Vec<u8>, remarks: &mut Remarks) -> Result<(), Problem>;
}

/// The columns of a table after whose, and where from.
pub(super) trait Columns<'a> {
    /// Empty columns with room for `rows`.
    fn new(protocol: &'a Protocol, rows: usize) -> Self;
    /// Adds a row.
    fn push(&mut self, row: &Row<'_>);
    /// The finished arrays, in schema order.
    fn finish(self) -> Vec<ArrayRef>;
}

fn column_of(values: Vec<i32>) -> ArrayRef {
    std::sync::Arc::new(arrow::array::Int32Array::from(values))
}
