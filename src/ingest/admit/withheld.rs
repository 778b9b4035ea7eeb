//! Quarantined infusions and prescriptions of known patients: whose, and when if
//! that could be read. They have no reader of their own; those of their tables make them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Builder};

use super::{Columns, column_of};
use crate::ingest::row::{NO_DAY, Payload, Row};
use crate::protocol::Protocol;

pub(in crate::ingest) struct InfusionsWithheldColumns {
    day: Vec<i32>,
}

impl<'a> Columns<'a> for InfusionsWithheldColumns {
    fn new(_protocol: &'a Protocol, rows: usize) -> Self {
        Self { day: Vec::with_capacity(rows) }
    }

    fn push(&mut self, row: &Row<'_>) {
        self.day.push(row.head.day);
    }

    fn finish(self) -> Vec<ArrayRef> {
        vec![column_of(self.day)]
    }
}

pub(in crate::ingest) struct PrescriptionsWithheldColumns {
    start_day: Int32Builder,
    days_supply: Int32Builder,
}

impl<'a> Columns<'a> for PrescriptionsWithheldColumns {
    fn new(_protocol: &'a Protocol, rows: usize) -> Self {
        let [start_day, days_supply] = [(); 2].map(|()| Int32Builder::with_capacity(rows));
        Self { start_day, days_supply }
    }

    fn push(&mut self, row: &Row<'_>) {
        let supply = Payload(row.payload).u16();
        self.start_day.append_option((row.head.day != NO_DAY).then_some(row.head.day));
        self.days_supply.append_option((supply > 0).then_some(i32::from(supply)));
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        vec![Arc::new(self.start_day.finish()), Arc::new(self.days_supply.finish())]
    }
}
