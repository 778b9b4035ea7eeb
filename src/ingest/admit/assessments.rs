//! Assessments: a score as on the form → tenths on the instrument's scale.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};

use super::{Columns, Event, Problem, Remarks, column_of};
use crate::ingest::layout::{Cell, Layout};
use crate::ingest::number::Decimal;
use crate::ingest::record::Record;
use crate::ingest::row::{Payload, Row, push_code};
use crate::ingest::words::{Code, Words};
use crate::model::instrument::{INSTRUMENTS, Instrument};
use crate::model::reject::{ITEM_NOT_MEASURED, SCORE_OUT_OF_RANGE, SCORE_ROUNDED, SCORE_TOO_FINE, UNKNOWN_INSTRUMENT};
use crate::model::table::TableId;
use crate::model::vocabulary::{OTHER, PAIN_ITEMS, is_item, pain_item};
use crate::protocol::{CodeColumn, CodeLists, Protocol};

pub(in crate::ingest) struct Assessments<'a> {
    instrument: Cell,
    item: Cell,
    score: Cell,
    codes: &'a CodeLists,
    instruments: Words<u8>,
    items: Words<Code>,
}

impl<'a> Event<'a> for Assessments<'a> {
    const TABLE: TableId = TableId::Assessments;
    type Columns = AssessmentColumns;

    fn new(layout: &Layout, protocol: &'a Protocol) -> Self {
        Self {
            instrument: layout.cell("instrument"),
            item: layout.cell("item"),
            score: layout.cell("score"),
            codes: &protocol.codes,
            instruments: Words::new(),
            items: Words::new(),
        }
    }

    fn admit(&mut self, record: &Record<'_>, payload: &mut Vec<u8>, remarks: &mut Remarks) -> Result<(), Problem> {
        let text = self.instrument.required(record)?;
        let instrument = self.instruments.meaning(self.instrument, text, find_instrument)?;
        let instrument = instrument.ok_or_else(|| self.instrument.breaks(&UNKNOWN_INSTRUMENT))?;
        let score = self.score.decimal(self.score.required(record)?)?;
        let of = &INSTRUMENTS[usize::from(instrument)];
        let score_x10 = tenths(of, score).map_err(|rule| self.score.breaks(rule))?;
        if of.mean && score.scaled(1).is_none() {
            remarks.add(&SCORE_ROUNDED, self.score.name);
        }
        let mut item = self.item(record, remarks)?;
        if of.id.starts_with("pain_") {
            item = item.map(|item| self.pain_item(item, remarks));
        }
        payload.push(instrument);
        payload.extend_from_slice(&score_x10.to_le_bytes());
        push_code(payload, item.as_ref().map(Code::as_bytes));
        Ok(())
    }
}

impl Assessments<'_> {
    /// Items are never mixed within a pair of scores, so an unreadable one sets
    /// the row aside instead of leaving the item open, and an unknown one is
    /// `other`, which no measure pairs with anything.
    fn item(&mut self, record: &Record<'_>, remarks: &mut Remarks) -> Result<Option<Code>, Problem> {
        let Some(text) = self.item.optional(record) else { return Ok(None) };
        let codes = self.codes;
        let known = |word: &str| is_item(word) || codes.holds(CodeColumn::Item, word);
        self.item.listed(text, &mut self.items, remarks, known).map(Some)
    }

    /// The item of a pain scale that a word means, with a remark where no measure
    /// uses it. (What nobody listed is `other`, and has its remark.)
    fn pain_item(&self, item: Code, remarks: &mut Remarks) -> Code {
        let word = str::from_utf8(item.as_bytes()).expect("codes are ASCII");
        let meant = pain_item(word);
        if !PAIN_ITEMS.contains(&meant) && meant != OTHER {
            remarks.add(&ITEM_NOT_MEASURED, self.item.name);
        }
        if meant == word { item } else { Code::strict(meant).expect("a short word") }
    }
}

fn find_instrument(text: &str) -> Option<u8> {
    let id = text.to_ascii_lowercase();
    let position = INSTRUMENTS.iter().position(|instrument| instrument.id == id)?;
    u8::try_from(position).ok()
}

/// A score as written → tenths on the stored scale, exactly but for means.
fn tenths(instrument: &Instrument, score: Decimal) -> Result<i32, &'static crate::model::reject::Rule> {
    let too_fine = || {
        if score.scaled(6).is_none_or(|value| value.abs() > 1_000_000_000) {
            &SCORE_OUT_OF_RANGE
        } else {
            &SCORE_TOO_FINE
        }
    };
    let written = if instrument.mean { score.rounded(1) } else { score.scaled(1) };
    let written = written.ok_or_else(too_fine)?;
    let beyond = instrument.mean && !(0.0..=f64::from(instrument.max_x10)).contains(&(10.0 * score.to_f64()));
    if beyond || !(i64::from(instrument.min_x10)..=i64::from(instrument.max_x10)).contains(&written) {
        return Err(&SCORE_OUT_OF_RANGE);
    }
    if instrument.whole && written % 10 != 0 {
        return Err(&SCORE_TOO_FINE);
    }
    let stored = i32::try_from(written).expect("within the range") / instrument.divisor;
    debug_assert!(
        stored * instrument.divisor == i32::try_from(written).unwrap_or(0),
        "a whole score on a finer scale divides evenly"
    );
    Ok(stored)
}

pub(in crate::ingest) struct AssessmentColumns {
    day: Vec<i32>,
    instrument: StringBuilder,
    item: StringBuilder,
    score_x10: Vec<i32>,
}

impl<'a> Columns<'a> for AssessmentColumns {
    fn new(_protocol: &'a Protocol, rows: usize) -> Self {
        Self {
            day: Vec::with_capacity(rows),
            instrument: StringBuilder::with_capacity(rows, rows * 8),
            item: StringBuilder::with_capacity(rows, rows * 4),
            score_x10: Vec::with_capacity(rows),
        }
    }

    fn push(&mut self, row: &Row<'_>) {
        let mut payload = Payload(row.payload);
        self.day.push(row.head.day);
        self.instrument.append_value(INSTRUMENTS[usize::from(payload.u8())].id);
        self.score_x10.push(payload.i32());
        self.item.append_option(payload.code());
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        vec![
            column_of(self.day),
            Arc::new(self.instrument.finish()),
            Arc::new(self.item.finish()),
            column_of(self.score_x10),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::tenths;
    use crate::ingest::number::Decimal;
    use crate::model::instrument::Instrument;

    #[test]
    fn scores_are_stored_in_tenths_of_the_scale() {
        for (id, written, stored) in [
            ("pain_nrs", "7", Ok(70)),
            ("pain_nrs", "6.5", Ok(65)),
            ("pain_nrs", "10.0", Ok(100)),
            ("pain_nrs", "6.25", Err("score-too-fine")),
            ("pain_nrs", "10.1", Err("score-out-of-range")),
            ("pain_nrs", "-1", Err("score-out-of-range")),
            ("pain_vas_mm", "70", Ok(70)),
            ("pain_vas_mm", "100", Ok(100)),
            ("pain_vas_mm", "70.5", Err("score-too-fine")),
            ("pain_vas_mm", "101", Err("score-out-of-range")),
            ("phq9", "27", Ok(270)),
            ("phq9", "12.5", Err("score-too-fine")),
            ("promis_pi", "61.2", Ok(612)),
            ("promis_pi", "61.25", Ok(613)),
            ("bpi_severity", "6.25", Ok(63)),
            ("bpi_severity", "10.01", Err("score-out-of-range")),
            ("bpi_severity", "10.05", Err("score-out-of-range")),
            ("bpi_interference", "5.142857142857143", Ok(51)),
            ("bpi_interference", "-0.01", Err("score-out-of-range")),
            ("pgic", "0", Err("score-out-of-range")),
        ] {
            let instrument = Instrument::find(id).expect("a known instrument");
            let score = Decimal::parse(written.as_bytes()).expect("a number");
            assert_eq!(tenths(instrument, score).map_err(|rule| rule.id), stored, "{id} {written}");
        }
    }
}
