//! Adverse events: coded terms only; a description could name somebody.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Int32Builder, StringBuilder};

use super::{Columns, Event, Problem, Remarks, column_of};
use crate::ingest::layout::{Cell, Layout};
use crate::ingest::record::Record;
use crate::ingest::row::{Payload, Row, push_code};
use crate::ingest::words::{Code, Words};
use crate::model::reject::GRADE_INVALID;
use crate::model::table::TableId;
use crate::model::vocabulary::OTHER;
use crate::protocol::{AdverseEventPack, CodeColumn, CodeLists, Protocol};

pub(in crate::ingest) struct AdverseEvents<'a> {
    term: Cell,
    grade: Cell,
    serious: Cell,
    pack: &'a AdverseEventPack,
    codes: &'a CodeLists,
    terms: Words<Code>,
}

impl<'a> Event<'a> for AdverseEvents<'a> {
    const TABLE: TableId = TableId::AdverseEvents;
    type Columns = AdverseEventColumns;

    fn new(layout: &Layout, protocol: &'a Protocol) -> Self {
        Self {
            term: layout.cell("term"),
            grade: layout.cell("grade"),
            serious: layout.cell("serious"),
            pack: &protocol.adverse_events,
            codes: &protocol.codes,
            terms: Words::new(),
        }
    }

    fn admit(&mut self, record: &Record<'_>, payload: &mut Vec<u8>, remarks: &mut Remarks) -> Result<(), Problem> {
        let text = self.term.required(record)?;
        let (pack, codes) = (self.pack, self.codes);
        let known = |word: &str| pack.position(word).is_some() || word == OTHER || codes.holds(CodeColumn::Term, word);
        let term = self.term.listed(text, &mut self.terms, remarks, known)?;
        let grade = self.grade.small(record, 1, 5, &GRADE_INVALID)?;
        let serious = self.serious.yes_or_no(record)?;
        push_code(payload, Some(term.as_bytes()));
        payload.push(grade.unwrap_or(0));
        payload.push(serious.map_or(0, |serious| 1 + u8::from(serious)));
        Ok(())
    }
}

pub(in crate::ingest) struct AdverseEventColumns {
    day: Vec<i32>,
    term: StringBuilder,
    grade: Int32Builder,
    serious: BooleanBuilder,
}

impl<'a> Columns<'a> for AdverseEventColumns {
    fn new(_protocol: &'a Protocol, rows: usize) -> Self {
        Self {
            day: Vec::with_capacity(rows),
            term: StringBuilder::with_capacity(rows, rows * 10),
            grade: Int32Builder::with_capacity(rows),
            serious: BooleanBuilder::with_capacity(rows),
        }
    }

    fn push(&mut self, row: &Row<'_>) {
        let mut payload = Payload(row.payload);
        self.day.push(row.head.day);
        self.term.append_option(payload.code());
        let (grade, serious) = (payload.u8(), payload.u8());
        self.grade.append_option((grade > 0).then_some(i32::from(grade)));
        self.serious.append_option((serious > 0).then_some(serious == 2));
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        vec![
            column_of(self.day),
            Arc::new(self.term.finish()),
            Arc::new(self.grade.finish()),
            Arc::new(self.serious.finish()),
        ]
    }
}
