//! Therapy sessions beside the infusions, by coded kind.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};

use super::{Columns, Event, Problem, Remarks, column_of};
use crate::ingest::layout::{Cell, Layout};
use crate::ingest::record::Record;
use crate::ingest::row::{Payload, Row, push_code};
use crate::ingest::words::{Code, Words};
use crate::model::reject::FREE_TEXT;
use crate::model::table::TableId;
use crate::protocol::Protocol;

pub(in crate::ingest) struct TherapySessions {
    kind: Cell,
    kinds: Words<Code>,
}

impl<'a> Event<'a> for TherapySessions {
    const TABLE: TableId = TableId::TherapySessions;
    type Columns = SessionColumns;

    fn new(layout: &Layout, _protocol: &'a Protocol) -> Self {
        Self { kind: layout.cell("kind"), kinds: Words::new() }
    }

    fn admit(&mut self, record: &Record<'_>, payload: &mut Vec<u8>, _remarks: &mut Remarks) -> Result<(), Problem> {
        let kind = self.kinds.meaning(self.kind, self.kind.required(record)?, Code::strict)?;
        let kind = kind.ok_or_else(|| self.kind.breaks(&FREE_TEXT))?;
        push_code(payload, Some(kind.as_bytes()));
        Ok(())
    }
}

pub(in crate::ingest) struct SessionColumns {
    day: Vec<i32>,
    kind: StringBuilder,
}

impl<'a> Columns<'a> for SessionColumns {
    fn new(_protocol: &'a Protocol, rows: usize) -> Self {
        Self { day: Vec::with_capacity(rows), kind: StringBuilder::with_capacity(rows, rows * 14) }
    }

    fn push(&mut self, row: &Row<'_>) {
        self.day.push(row.head.day);
        self.kind.append_option(Payload(row.payload).code());
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        vec![column_of(self.day), Arc::new(self.kind.finish())]
    }
}
