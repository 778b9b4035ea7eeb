//! Diagnoses: a clinic's word or code → a condition of the pack.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Builder, StringBuilder};

use super::{Columns, Event, Problem, Remarks};
use crate::ingest::layout::{Cell, Layout};
use crate::ingest::record::Record;
use crate::ingest::row::{Payload, Row, push_code};
use crate::ingest::words::{Code, Words};
use crate::model::reject::{CONDITION_UNMAPPED, RANK_INVALID, SOURCE_CODE_DROPPED};
use crate::model::table::TableId;
use crate::protocol::{ConditionPack, Protocol};

/// A condition by position in the pack, and the ICD-10 code it was written as.
#[derive(Clone, Copy, Debug)]
struct Named {
    condition: u16,
    mapped: bool,
    code: Option<Code>,
}

pub(in crate::ingest) struct Diagnoses<'a> {
    condition: Cell,
    rank: Cell,
    source_code: Cell,
    pack: &'a ConditionPack,
    conditions: Words<Named>,
    codes: Words<Code>,
}

impl<'a> Event<'a> for Diagnoses<'a> {
    const TABLE: TableId = TableId::Diagnoses;
    type Columns = DiagnosisColumns<'a>;

    fn new(layout: &Layout, protocol: &'a Protocol) -> Self {
        Self {
            condition: layout.cell("condition"),
            rank: layout.cell("rank"),
            source_code: layout.cell("source_code"),
            pack: &protocol.conditions,
            conditions: Words::new(),
            codes: Words::new(),
        }
    }

    fn admit(&mut self, record: &Record<'_>, payload: &mut Vec<u8>, remarks: &mut Remarks) -> Result<(), Problem> {
        let text = self.condition.required(record)?;
        let named = self.conditions.meaning(self.condition, text, |text| Some(name(self.pack, text)))?;
        let named = named.expect("every text names a condition, if only `other`");
        let rank = self.rank.small(record, 1, 99, &RANK_INVALID)?;
        let code = self.source_code(record, remarks)?.or(named.code);
        if !named.mapped {
            remarks.add(&CONDITION_UNMAPPED, self.condition.name);
        }
        payload.extend_from_slice(&named.condition.to_le_bytes());
        payload.push(rank.unwrap_or(0));
        push_code(payload, code.as_ref().map(Code::as_bytes));
        Ok(())
    }
}

impl Diagnoses<'_> {
    fn source_code(&mut self, record: &Record<'_>, remarks: &mut Remarks) -> Result<Option<Code>, Problem> {
        let Some(text) = self.source_code.optional(record) else { return Ok(None) };
        let code = self.codes.meaning(self.source_code, text, Code::icd10)?;
        if code.is_none() {
            remarks.add(&SOURCE_CODE_DROPPED, self.source_code.name);
        }
        Ok(code)
    }
}

fn name(pack: &ConditionPack, text: &str) -> Named {
    let mapped = pack.resolve(text);
    let wanted = mapped.map_or(ConditionPack::OTHER, |condition| &condition.code);
    let position = pack.conditions().iter().position(|condition| condition.code == wanted);
    let position = position.expect("a pack without `other` does not load");
    Named {
        condition: u16::try_from(position).expect("packs are short"),
        mapped: mapped.is_some(),
        code: Code::icd10(text),
    }
}

pub(in crate::ingest) struct DiagnosisColumns<'a> {
    pack: &'a ConditionPack,
    condition: StringBuilder,
    rank: Int32Builder,
    source_code: StringBuilder,
}

impl<'a> Columns<'a> for DiagnosisColumns<'a> {
    fn new(protocol: &'a Protocol, rows: usize) -> Self {
        Self {
            pack: &protocol.conditions,
            condition: StringBuilder::with_capacity(rows, rows * 12),
            rank: Int32Builder::with_capacity(rows),
            source_code: StringBuilder::with_capacity(rows, rows * 6),
        }
    }

    fn push(&mut self, row: &Row<'_>) {
        let mut payload = Payload(row.payload);
        self.condition.append_value(&self.pack.conditions()[usize::from(payload.u16())].code);
        let rank = payload.u8();
        self.rank.append_option((rank > 0).then_some(i32::from(rank)));
        self.source_code.append_option(payload.code());
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        vec![Arc::new(self.condition.finish()), Arc::new(self.rank.finish()), Arc::new(self.source_code.finish())]
    }
}
