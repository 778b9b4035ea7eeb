//! Adverse events: coded terms only; a description could name somebody.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Int32Builder, StringBuilder};

use super::{Columns, Event, Problem, Remarks, column_of};
use crate::ingest::layout::{Cell, Layout};
use crate::ingest::record::Record;
use crate::ingest::row::{Payload, Row, push_code};
use crate::ingest::words::{Code, Words};
use crate::model::reject::{FREE_TEXT, GRADE_INVALID};
use crate::model::table::TableId;
use crate::protocol::Protocol;

pub(in crate::ingest) struct AdverseEvents {
    term: Cell,
    grade: Cell,
    serious: Cell,
    terms: Words<Code>,
}

impl<'a> Event<'a> for AdverseEvents {
    const TABLE: TableId = TableId::AdverseEvents;
    type Columns = AdverseEventColumns;

    fn new(layout: &Layout, _protocol: &'a Protocol) -> Self {
        Self {
            term: layout.cell("term"),
            grade: layout.cell("grade"),
            serious: layout.cell("serious"),
            terms: Words::new(),
        }
    }

    fn admit(&mut self, record: &Record<'_>, payload: &mut Vec<u8>, _remarks: &mut Remarks) -> Result<(), Problem> {
        let term = self.terms.meaning(self.term, self.term.required(record)?, Code::strict)?;
        let term = term.ok_or_else(|| self.term.breaks(&FREE_TEXT))?;
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
