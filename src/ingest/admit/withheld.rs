//! Quarantined infusions and prescriptions of known patients: whose, and when if
//! that could be read. They have no reader of their own; those of their tables make them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Builder};

use super::Columns;
use crate::ingest::row::{NO_DAY, Row};
use crate::protocol::Protocol;

pub(in crate::ingest) struct WithheldColumns {
    day: Int32Builder,
}

impl<'a> Columns<'a> for WithheldColumns {
    fn new(_protocol: &'a Protocol, rows: usize) -> Self {
        Self { day: Int32Builder::with_capacity(rows) }
    }

    fn push(&mut self, row: &Row<'_>) {
        self.day.append_option((row.head.day != NO_DAY).then_some(row.head.day));
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        vec![Arc::new(self.day.finish())]
    }
}
