//! Medication reviews: without one, no prescription is not yet no opioid.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};

use super::{Columns, Event, Problem, Remarks, column_of};
use crate::ingest::layout::{Cell, Layout};
use crate::ingest::record::Record;
use crate::ingest::row::Row;
use crate::model::reject::MISSING_VALUE;
use crate::model::table::TableId;
use crate::protocol::Protocol;

pub(in crate::ingest) struct MedicationReviews {
    complete: Cell,
}

impl<'a> Event<'a> for MedicationReviews {
    const TABLE: TableId = TableId::MedicationReviews;
    type Columns = ReviewColumns;

    fn new(layout: &Layout, _protocol: &'a Protocol) -> Self {
        Self { complete: layout.cell("complete") }
    }

    fn admit(&mut self, record: &Record<'_>, payload: &mut Vec<u8>, _remarks: &mut Remarks) -> Result<(), Problem> {
        let complete = self.complete.yes_or_no(record)?.ok_or_else(|| self.complete.breaks(&MISSING_VALUE))?;
        payload.push(u8::from(complete));
        Ok(())
    }
}

pub(in crate::ingest) struct ReviewColumns {
    day: Vec<i32>,
    complete: Vec<bool>,
}

impl<'a> Columns<'a> for ReviewColumns {
    fn new(_protocol: &'a Protocol, rows: usize) -> Self {
        Self { day: Vec::with_capacity(rows), complete: Vec::with_capacity(rows) }
    }

    fn push(&mut self, row: &Row<'_>) {
        self.day.push(row.head.day);
        self.complete.push(row.payload == [1]);
    }

    fn finish(self) -> Vec<ArrayRef> {
        vec![column_of(self.day), Arc::new(BooleanArray::from(self.complete))]
    }
}
