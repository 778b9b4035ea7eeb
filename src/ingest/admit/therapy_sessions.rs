//! Therapy sessions beside the infusions, by coded kind.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};

use super::{Columns, Event, Problem, Remarks, column_of};
use crate::ingest::layout::{Cell, Layout};
use crate::ingest::record::Record;
use crate::ingest::row::{Payload, Row, push_code};
use crate::ingest::words::{Code, Words};
use crate::model::table::TableId;
use crate::model::vocabulary::is_therapy_kind;
use crate::protocol::{CodeColumn, CodeLists, Protocol};

pub(in crate::ingest) struct TherapySessions<'a> {
    kind: Cell,
    codes: &'a CodeLists,
    kinds: Words<Code>,
}

impl<'a> Event<'a> for TherapySessions<'a> {
    const TABLE: TableId = TableId::TherapySessions;
    type Columns = SessionColumns;

    fn new(layout: &Layout, protocol: &'a Protocol) -> Self {
        Self { kind: layout.cell("kind"), codes: &protocol.codes, kinds: Words::new() }
    }

    fn admit(&mut self, record: &Record<'_>, payload: &mut Vec<u8>, remarks: &mut Remarks) -> Result<(), Problem> {
        let text = self.kind.required(record)?;
        let codes = self.codes;
        let known = |word: &str| is_therapy_kind(word) || codes.holds(CodeColumn::Kind, word);
        let kind = self.kind.listed(text, &mut self.kinds, remarks, known)?;
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
