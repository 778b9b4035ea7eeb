//! Departures: why and since when nobody could be asked, by coded reason.
//!
//! A reason nobody listed is kept as `other` and counted as another one.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};

use super::{Columns, Event, Problem, Remarks, column_of};
use crate::ingest::layout::{Cell, Layout};
use crate::ingest::record::Record;
use crate::ingest::row::{Payload, Row, push_code};
use crate::ingest::words::{Code, Words};
use crate::model::table::TableId;
use crate::model::vocabulary::is_departure;
use crate::protocol::Protocol;

pub(in crate::ingest) struct Departures {
    departure: Cell,
    reasons: Words<Code>,
}

impl<'a> Event<'a> for Departures {
    const TABLE: TableId = TableId::Departures;
    type Columns = DepartureColumns;

    fn new(layout: &Layout, _protocol: &'a Protocol) -> Self {
        Self { departure: layout.cell("departure"), reasons: Words::new() }
    }

    fn admit(&mut self, record: &Record<'_>, payload: &mut Vec<u8>, remarks: &mut Remarks) -> Result<(), Problem> {
        let text = self.departure.required(record)?;
        let departure = self.departure.listed(text, &mut self.reasons, remarks, is_departure)?;
        push_code(payload, Some(departure.as_bytes()));
        Ok(())
    }
}

pub(in crate::ingest) struct DepartureColumns {
    day: Vec<i32>,
    departure: StringBuilder,
}

impl<'a> Columns<'a> for DepartureColumns {
    fn new(_protocol: &'a Protocol, rows: usize) -> Self {
        Self { day: Vec::with_capacity(rows), departure: StringBuilder::with_capacity(rows, rows * 8) }
    }

    fn push(&mut self, row: &Row<'_>) {
        self.day.push(row.head.day);
        self.departure.append_option(Payload(row.payload).code());
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        vec![column_of(self.day), Arc::new(self.departure.finish())]
    }
}
