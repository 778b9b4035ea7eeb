//! Infusions: how much ketamine, for how long.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder};

use super::{Columns, Event, Problem, Remarks, column_of};
use crate::ingest::layout::{Cell, Layout};
use crate::ingest::number::Decimal;
use crate::ingest::record::Record;
use crate::ingest::row::{Payload, Row};
use crate::model::reject::{KETAMINE_DOSE_IMPLAUSIBLE, KETAMINE_DOSE_INVALID};
use crate::model::table::TableId;
use crate::protocol::Protocol;

/// Most that one infusion can be (definitions: measures.md §6): mg/kg, mg and
/// minutes, in millionths. 2000 mg is 10 mg/kg at 200 kg, 7 days the longest
/// inpatient protocol.
const MOST: [i64; 3] = [10_000_000, 2_000_000_000, 7 * 24 * 60 * 1_000_000];
/// Most per hour, in mg/kg.
const MOST_PER_HOUR: i64 = 2;

pub(in crate::ingest) struct Infusions {
    /// Dose in mg/kg, dose in mg, duration in minutes.
    amounts: [Cell; 3],
    ae_asked: Cell,
}

impl<'a> Event<'a> for Infusions {
    const TABLE: TableId = TableId::Infusions;
    type Columns = InfusionColumns;

    fn new(layout: &Layout, _protocol: &'a Protocol) -> Self {
        Self {
            amounts: ["dose_mg_per_kg", "dose_mg", "duration_min"].map(|name| layout.cell(name)),
            ae_asked: layout.cell("ae_asked"),
        }
    }

    fn admit(&mut self, record: &Record<'_>, payload: &mut Vec<u8>, _remarks: &mut Remarks) -> Result<(), Problem> {
        let mut amounts = [None; 3];
        for (amount, cell) in amounts.iter_mut().zip(self.amounts) {
            *amount = amount_of(cell, record)?;
        }
        let asked = self.ae_asked.yes_or_no(record)?;
        self.check(amounts)?;
        payload.push(match asked {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        });
        for amount in amounts {
            payload.extend_from_slice(&amount.map_or(f64::NAN, Decimal::to_f64).to_le_bytes());
        }
        Ok(())
    }
}

impl Infusions {
    fn check(&self, amounts: [Option<Decimal>; 3]) -> Result<(), Problem> {
        let millionths = amounts.map(|amount| amount.map(millionths));
        for ((amount, most), cell) in millionths.into_iter().zip(MOST).zip(self.amounts) {
            if amount.is_some_and(|amount| amount > most) {
                return Err(cell.breaks(&KETAMINE_DOSE_IMPLAUSIBLE));
            }
        }
        match millionths {
            [Some(dose), _, Some(minutes)] if dose * 60 > MOST_PER_HOUR * minutes => {
                Err(self.amounts[0].breaks(&KETAMINE_DOSE_IMPLAUSIBLE))
            }
            _ => Ok(()),
        }
    }
}

/// Rounded towards zero beyond six decimals, which no limit has.
#[expect(
    clippy::cast_possible_truncation,
    reason = "beyond the range of `i64` the cast saturates, which is above every limit"
)]
fn millionths(amount: Decimal) -> i64 {
    amount.scaled(6).unwrap_or_else(|| (amount.to_f64() * 1e6) as i64)
}

fn amount_of(cell: Cell, record: &Record<'_>) -> Result<Option<Decimal>, Problem> {
    let Some(text) = cell.optional(record) else { return Ok(None) };
    let amount = cell.decimal(text)?;
    if amount.is_positive() { Ok(Some(amount)) } else { Err(cell.breaks(&KETAMINE_DOSE_INVALID)) }
}

pub(in crate::ingest) struct InfusionColumns {
    day: Vec<i32>,
    amounts: [Float64Builder; 3],
    ae_asked: BooleanBuilder,
}

impl<'a> Columns<'a> for InfusionColumns {
    fn new(_protocol: &'a Protocol, rows: usize) -> Self {
        Self {
            day: Vec::with_capacity(rows),
            amounts: [(); 3].map(|()| Float64Builder::with_capacity(rows)),
            ae_asked: BooleanBuilder::with_capacity(rows),
        }
    }

    fn push(&mut self, row: &Row<'_>) {
        let mut payload = Payload(row.payload);
        let asked = payload.u8();
        self.day.push(row.head.day);
        self.ae_asked.append_option((asked > 0).then_some(asked == 2));
        for column in &mut self.amounts {
            let amount = payload.f64();
            column.append_option((!amount.is_nan()).then_some(amount));
        }
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        let mut arrays = vec![column_of(self.day)];
        arrays.extend(self.amounts.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        arrays.push(Arc::new(self.ae_asked.finish()));
        arrays
    }
}
