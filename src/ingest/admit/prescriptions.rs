//! Prescriptions: what was dispensed, in the drug pack's units.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringBuilder};

use super::{Columns, Event, Problem, Remarks, column_of};
use crate::ingest::layout::{Cell, Layout};
use crate::ingest::number::{Decimal, whole};
use crate::ingest::record::Record;
use crate::ingest::row::{Payload, Row, push_code};
use crate::ingest::words::{Code, Words};
use crate::model::opioid::{Factor, Mme, patches_worn};
use crate::model::reject::{
    DAYS_SUPPLY_INVALID, OPIOID_DOSE_IMPLAUSIBLE, QUANTITY_INVALID, ROUTE_UNKNOWN, Rule, STRENGTH_INVALID,
    TEXT_DROPPED, TOO_MANY_DECIMALS, UNIT_MISMATCH, UNKNOWN_DRUG,
};
use crate::model::table::TableId;
use crate::model::vocabulary::{OTHER, is_indication, is_route};
use crate::protocol::{CodeColumn, CodeLists, ConditionPack, Drug, DrugClass, DrugPack, FactorSet, Protocol};

/// Longest days' supply: a year's, and a leap day.
const MOST_DAYS: i64 = 366;
/// Largest strength or quantity, in thousandths.
const MOST_X1000: i64 = 100_000_000;

/// Days of supply as written, if they can be.
pub(in crate::ingest) fn days_of_supply(text: &[u8]) -> Option<u16> {
    let days = whole(text).filter(|days| (1..=MOST_DAYS).contains(days))?;
    Some(u16::try_from(days).expect("at most 366"))
}

pub(in crate::ingest) struct Prescriptions<'a> {
    days_supply: Cell,
    drug: Cell,
    strength: Cell,
    unit: Cell,
    quantity: Cell,
    route: Cell,
    indication: Cell,
    pack: &'a DrugPack,
    conditions: &'a ConditionPack,
    codes: &'a CodeLists,
    /// MME factor of each drug of the pack that is an opioid with one.
    factors: Vec<Option<Factor>>,
    drugs: Words<u16>,
    units: Words<Unit>,
    routes: Words<Code>,
    indications: Words<Code>,
}

impl<'a> Event<'a> for Prescriptions<'a> {
    const TABLE: TableId = TableId::Prescriptions;
    type Columns = PrescriptionColumns<'a>;

    fn new(layout: &Layout, protocol: &'a Protocol) -> Self {
        Self {
            days_supply: layout.cell("days_supply"),
            drug: layout.cell("drug"),
            strength: layout.cell("strength"),
            unit: layout.cell("unit"),
            quantity: layout.cell("quantity"),
            route: layout.cell("route"),
            indication: layout.cell("indication"),
            pack: &protocol.drugs,
            conditions: &protocol.conditions,
            codes: &protocol.codes,
            factors: protocol.drugs.drugs().iter().map(|drug| factor(drug, &protocol.factors)).collect(),
            drugs: Words::new(),
            units: Words::new(),
            routes: Words::new(),
            indications: Words::new(),
        }
    }

    fn admit(&mut self, record: &Record<'_>, payload: &mut Vec<u8>, remarks: &mut Remarks) -> Result<(), Problem> {
        let position = self.find_drug(record)?;
        let drug = &self.pack.drugs()[usize::from(position)];
        let days = self.days(record)?;
        let strength = self.strength_x1000(record, drug)?;
        let quantity = thousandths(self.quantity, record, 3, &QUANTITY_INVALID)?;
        let factor = self.factors[usize::from(position)];
        if factor.is_some_and(|factor| is_implausible(factor, drug.patch, [strength, quantity], days)) {
            return Err(self.strength.breaks(&OPIOID_DOSE_IMPLAUSIBLE));
        }
        let route = self.route(record, remarks)?;
        let (conditions, codes) = (self.conditions, self.codes);
        let indication = |text: &str| indication(conditions, codes, text);
        let indication = optional(self.indication, record, &mut self.indications, remarks, indication)?;
        payload.extend_from_slice(&position.to_le_bytes());
        payload.extend_from_slice(&days.to_le_bytes());
        payload.extend_from_slice(&strength.to_le_bytes());
        payload.extend_from_slice(&quantity.to_le_bytes());
        push_code(payload, route.as_ref().map(Code::as_bytes));
        push_code(payload, indication.as_ref().map(Code::as_bytes));
        Ok(())
    }
}

impl Prescriptions<'_> {
    fn find_drug(&mut self, record: &Record<'_>) -> Result<u16, Problem> {
        let text = self.drug.required(record)?;
        let pack = self.pack;
        let position = self.drugs.meaning(self.drug, text, |text| {
            let code = &pack.resolve(text)?.code;
            let position = pack.drugs().iter().position(|drug| drug.code == *code)?;
            u16::try_from(position).ok()
        })?;
        position.ok_or_else(|| self.drug.breaks(&UNKNOWN_DRUG))
    }

    /// Nothing is assumed for a missing days' supply: 30 would be a guess at a dose.
    fn days(&self, record: &Record<'_>) -> Result<u16, Problem> {
        let cell = self.days_supply;
        let text = cell.optional(record).ok_or_else(|| cell.breaks(&DAYS_SUPPLY_INVALID))?;
        cell.decimal(text)?;
        days_of_supply(text).ok_or_else(|| cell.breaks(&DAYS_SUPPLY_INVALID))
    }

    /// A route nobody understands may be an injection, so it is not left out as
    /// if none had been written: it is `other`, and no factor holds for that.
    fn route(&mut self, record: &Record<'_>, remarks: &mut Remarks) -> Result<Option<Code>, Problem> {
        let Some(text) = self.route.optional(record) else { return Ok(None) };
        let codes = self.codes;
        if let Some(code) = self.routes.word(self.route, text, |text| route(codes, text))? {
            return Ok(Some(code));
        }
        remarks.unknown(&ROUTE_UNKNOWN, self.route, text);
        Ok(Some(Code::strict(OTHER).expect("a short word")))
    }

    /// The strength in thousandths of the drug's own unit.
    fn strength_x1000(&mut self, record: &Record<'_>, drug: &Drug) -> Result<u32, Problem> {
        let text = self.unit.required(record)?;
        let unit = self.units.meaning(self.unit, text, Unit::parse)?;
        let places =
            unit.and_then(|unit| unit.places_to(&drug.unit)).ok_or_else(|| self.unit.breaks(&UNIT_MISMATCH))?;
        thousandths(self.strength, record, places, &STRENGTH_INVALID)
    }
}

/// An indication only refines a prescription, so one that is unknown is left
/// out and the prescription kept.
fn optional(
    cell: Cell,
    record: &Record<'_>,
    words: &mut Words<Code>,
    remarks: &mut Remarks,
    understand: impl FnOnce(&str) -> Option<Code>,
) -> Result<Option<Code>, Problem> {
    let Some(text) = cell.optional(record) else { return Ok(None) };
    let code = words.word(cell, text, understand)?;
    if code.is_none() {
        remarks.unknown(&TEXT_DROPPED, cell, text);
    }
    Ok(code)
}

fn route(codes: &CodeLists, text: &str) -> Option<Code> {
    Code::from_words(text).filter(|code| code.is(|word| is_route(word) || codes.holds(CodeColumn::Route, word)))
}

/// An indication is a word of the lists or of the condition pack, or an
/// ICD-10-CM code of the pack or of opioid use disorder, dot and all.
fn indication(conditions: &ConditionPack, codes: &CodeLists, text: &str) -> Option<Code> {
    let in_pack = |text: &str| conditions.resolve(text).is_some();
    if let Some(code) = Code::icd10(text) {
        let use_disorder = code.as_bytes().starts_with(b"F11");
        return (use_disorder || in_pack(text)).then_some(code);
    }
    let code = Code::from_words(text)?;
    let is_known = |word: &str| is_indication(word) || codes.holds(CodeColumn::Indication, word);
    (code.is(is_known) || code.is(in_pack) || in_pack(text)).then_some(code)
}

/// A number times 10^`places`, which is thousandths once the unit is converted.
fn thousandths(cell: Cell, record: &Record<'_>, places: u32, rule: &'static Rule) -> Result<u32, Problem> {
    let number = cell.decimal(cell.required(record)?)?;
    if !number.is_positive() {
        return Err(cell.breaks(rule));
    }
    let exact = number.scaled(places).ok_or_else(|| cell.breaks(too_many_or_too_large(number, rule)))?;
    let fits = u32::try_from(exact).ok().filter(|value| i64::from(*value) <= MOST_X1000);
    fits.ok_or_else(|| cell.breaks(rule))
}

fn too_many_or_too_large(number: Decimal, rule: &'static Rule) -> &'static Rule {
    if number.to_f64() > 1e6 { rule } else { &TOO_MANY_DECIMALS }
}

/// Units a strength is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Mg,
    Mcg,
    McgPerHour,
    MgPerHour,
}

impl Unit {
    fn parse(text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        // Both the micro sign and the Greek letter are in use.
        let plain = lower.replace(['µ', 'μ'], "mc").replace("mcmc", "mc");
        Some(match plain.as_str() {
            "mg" => Self::Mg,
            "mcg" | "ug" => Self::Mcg,
            "mcg/h" | "mcg/hr" | "mcg/hour" | "ug/h" | "ug/hr" => Self::McgPerHour,
            "mg/h" | "mg/hr" | "mg/hour" => Self::MgPerHour,
            _ => return None,
        })
    }

    /// Decimal places to scale by to reach thousandths of `unit`; only exact
    /// conversions (RxNorm writes patches in mg/h: 0.025 mg/h is 25 mcg/h).
    fn places_to(self, unit: &str) -> Option<u32> {
        match (self, unit) {
            (Self::Mg, "mg") | (Self::Mcg, "mcg") | (Self::McgPerHour, "mcg/h") => Some(3),
            (Self::Mg, "mcg") | (Self::MgPerHour, "mcg/h") => Some(6),
            (Self::Mcg, "mg") => Some(0),
            _ => None,
        }
    }
}

fn factor(drug: &Drug, factors: &FactorSet) -> Option<Factor> {
    factors.factor(&drug.code).filter(|_| drug.class == DrugClass::Opioid)
}

/// Strength × quantity × factor, as stored, beyond which no supply is plausible
/// and the exact arithmetic would leave its range: a hundred million MME.
const ABSURD: i128 = 1_000_000_000_000_000_000;

/// Whether no day's dose can be so large.
fn is_implausible(factor: Factor, patch: bool, [strength, quantity]: [u32; 2], days: u16) -> bool {
    let (strength, quantity, days) = (i64::from(strength), i64::from(quantity), i32::from(days));
    if i128::from(strength) * i128::from(quantity) * i128::from(factor.0) > ABSURD {
        return true;
    }
    let daily = if patch {
        Mme::per_day_of_patches(strength, patches_worn(quantity, days), factor)
    } else {
        Mme::per_day(strength, quantity, factor, days)
    };
    daily.is_implausible()
}

pub(in crate::ingest) struct PrescriptionColumns<'a> {
    pack: &'a DrugPack,
    start_day: Vec<i32>,
    days_supply: Vec<i32>,
    strength: Vec<f64>,
    quantity: Vec<f64>,
    drug: StringBuilder,
    unit: StringBuilder,
    route: StringBuilder,
    indication: StringBuilder,
    source_row_id: StringBuilder,
}

impl<'a> Columns<'a> for PrescriptionColumns<'a> {
    fn new(protocol: &'a Protocol, rows: usize) -> Self {
        let text = |length: usize| StringBuilder::with_capacity(rows, rows * length);
        Self {
            pack: &protocol.drugs,
            start_day: Vec::with_capacity(rows),
            days_supply: Vec::with_capacity(rows),
            strength: Vec::with_capacity(rows),
            quantity: Vec::with_capacity(rows),
            drug: text(11),
            unit: text(3),
            route: text(5),
            indication: text(1),
            source_row_id: text(15),
        }
    }

    fn push(&mut self, row: &Row<'_>) {
        let mut payload = Payload(row.payload);
        let drug = &self.pack.drugs()[usize::from(payload.u16())];
        self.start_day.push(row.head.day);
        self.days_supply.push(i32::from(payload.u16()));
        self.strength.push(f64::from(payload.u32()) / 1_000.0);
        self.quantity.push(f64::from(payload.u32()) / 1_000.0);
        self.drug.append_value(&drug.code);
        self.unit.append_value(&drug.unit);
        self.route.append_option(payload.code());
        self.indication.append_option(payload.code());
        let id = str::from_utf8(row.id).expect("fields of a checked block are UTF-8");
        self.source_row_id.append_option((!id.is_empty()).then_some(id));
    }

    fn finish(mut self) -> Vec<ArrayRef> {
        vec![
            column_of(self.start_day),
            column_of(self.days_supply),
            Arc::new(self.drug.finish()),
            Arc::new(Float64Array::from(self.strength)),
            Arc::new(self.unit.finish()),
            Arc::new(Float64Array::from(self.quantity)),
            Arc::new(self.route.finish()),
            Arc::new(self.indication.finish()),
            Arc::new(self.source_row_id.finish()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Unit, is_implausible};
    use crate::model::opioid::Factor;

    #[test]
    fn no_supply_is_too_large_to_be_called_implausible() {
        let largest = Factor(1_000_000_000);
        for patch in [false, true] {
            assert!(is_implausible(largest, patch, [100_000_000, 900_000], 1));
            assert!(is_implausible(largest, patch, [u32::MAX, u32::MAX], 366));
            assert!(!is_implausible(Factor(10_000), patch, [5_000, 30_000], 30));
        }
    }

    #[test]
    fn only_exact_conversions_are_made() {
        let places = |written: &str, unit: &str| Unit::parse(written).and_then(|parsed| parsed.places_to(unit));
        for (written, unit, expected) in [
            ("mg", "mg", Some(3)),
            ("MG/HR", "mcg/h", Some(6)),
            ("µg", "mcg", Some(3)),
            ("μg/h", "mcg/h", Some(3)),
            ("mcg", "mg", Some(0)),
            ("mg", "mcg/h", None),
            ("mcg", "mcg/h", None),
            ("mg/ml", "mg", None),
        ] {
            assert_eq!(places(written, unit), expected, "{written} to {unit}");
        }
    }
}
