//! Clerical errors: spoiled copies of good lines, each of a named kind.
//!
//! A defect is an *extra* line, a spoiled copy of the line before it, and never replaces a good
//! one. Rejecting exactly the planted lines must therefore give the clean clinic back.

use super::chart::Table;
use super::draw::{Purpose, Stream};
use super::identity::stranger_code;

/// What is wrong with a planted line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DefectKind {
    /// A score outside the instrument's range.
    ScoreOutOfRange,
    /// An instrument nobody knows.
    UnknownInstrument,
    /// A diagnosis that is no condition of the pack.
    UnknownCondition,
    /// A drug that is in no list.
    UnknownDrug,
    /// A patient code that is not in `patients`.
    Orphan,
    /// A date that is not in the calendar.
    ImpossibleDate,
    /// A date far after the data cut.
    FutureDate,
    /// A date before 1990.
    AncientDate,
    /// An empty required value.
    MissingValue,
    /// Text where a number belongs.
    NotANumber,
    /// A prescription for no days.
    ZeroDaysSupply,
    /// A prescription of less than nothing.
    NegativeQuantity,
    /// More than 1000 MME a day: micrograms and milligrams confused.
    ImplausibleDose,
    /// A prescription exported twice under one row id.
    DuplicateRowId,
    /// A patient listed twice.
    DuplicatePatient,
    /// A line with a field too many or too few.
    WrongFieldCount,
}

impl DefectKind {
    /// Every kind, in the order reports list them.
    pub const ALL: [Self; 16] = [
        Self::ScoreOutOfRange,
        Self::UnknownInstrument,
        Self::UnknownCondition,
        Self::UnknownDrug,
        Self::Orphan,
        Self::ImpossibleDate,
        Self::FutureDate,
        Self::AncientDate,
        Self::MissingValue,
        Self::NotANumber,
        Self::ZeroDaysSupply,
        Self::NegativeQuantity,
        Self::ImplausibleDose,
        Self::DuplicateRowId,
        Self::DuplicatePatient,
        Self::WrongFieldCount,
    ];

    /// The name `defects.csv` uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::ScoreOutOfRange => "score_out_of_range",
            Self::UnknownInstrument => "unknown_instrument",
            Self::UnknownCondition => "unknown_condition",
            Self::UnknownDrug => "unknown_drug",
            Self::Orphan => "orphan",
            Self::ImpossibleDate => "impossible_date",
            Self::FutureDate => "future_date",
            Self::AncientDate => "ancient_date",
            Self::MissingValue => "missing_value",
            Self::NotANumber => "not_a_number",
            Self::ZeroDaysSupply => "zero_days_supply",
            Self::NegativeQuantity => "negative_quantity",
            Self::ImplausibleDose => "implausible_dose",
            Self::DuplicateRowId => "duplicate_row_id",
            Self::DuplicatePatient => "duplicate_patient",
            Self::WrongFieldCount => "wrong_field_count",
        }
    }
}

/// Where each kind occurs. A clinic's errors go through this list in turn, so that even a few
/// dozen cover every kind; it follows the order lines are written in, so few turns are waited for.
const TURNS: &[(DefectKind, Table)] = {
    use DefectKind as Kind;
    &[
        (Kind::DuplicatePatient, Table::Patients),
        (Kind::UnknownCondition, Table::Diagnoses),
        (Kind::ImpossibleDate, Table::Infusions),
        (Kind::MissingValue, Table::Infusions),
        (Kind::ScoreOutOfRange, Table::Assessments),
        (Kind::UnknownInstrument, Table::Assessments),
        (Kind::Orphan, Table::Assessments),
        (Kind::FutureDate, Table::Assessments),
        (Kind::WrongFieldCount, Table::Assessments),
        (Kind::UnknownDrug, Table::Prescriptions),
        (Kind::ZeroDaysSupply, Table::Prescriptions),
        (Kind::DuplicateRowId, Table::Prescriptions),
        (Kind::AncientDate, Table::MedicationReviews),
        (Kind::Orphan, Table::AdverseEvents),
        (Kind::WrongFieldCount, Table::Patients),
        (Kind::Orphan, Table::Diagnoses),
        (Kind::NotANumber, Table::Infusions),
        (Kind::AncientDate, Table::Infusions),
        (Kind::MissingValue, Table::Assessments),
        (Kind::NotANumber, Table::Assessments),
        (Kind::ImpossibleDate, Table::Assessments),
        (Kind::NegativeQuantity, Table::Prescriptions),
        (Kind::ImplausibleDose, Table::Prescriptions),
        (Kind::NotANumber, Table::Prescriptions),
        (Kind::Orphan, Table::Prescriptions),
        (Kind::FutureDate, Table::TherapySessions),
        (Kind::MissingValue, Table::Patients),
        (Kind::MissingValue, Table::Diagnoses),
        (Kind::Orphan, Table::Infusions),
        (Kind::WrongFieldCount, Table::Infusions),
        (Kind::ImpossibleDate, Table::Prescriptions),
        (Kind::MissingValue, Table::Prescriptions),
        (Kind::Orphan, Table::MedicationReviews),
    ]
};

/// A line with something wrong with it.
#[derive(Debug)]
pub(super) struct Spoiled {
    pub(super) kind: DefectKind,
    pub(super) line: String,
}

/// The clerk of one clinic, who errs at a fixed rate.
#[derive(Debug)]
pub(super) struct Clerk {
    stream: Stream,
    seed: u64,
    /// A line is followed by an error when a 32-bit draw is below this.
    threshold: u64,
    /// Errors due that wait for a line of the right table.
    owed: u64,
    made: usize,
}

impl Clerk {
    /// The clerk of clinic `index`, who spoils `share` of lines.
    pub(super) fn new(seed: u64, index: u64, share: f64) -> Self {
        Self { stream: Stream::new(seed, Purpose::Defects, index), seed, threshold: threshold(share), owed: 0, made: 0 }
    }

    /// Looks at a good line of `table`; sometimes makes a spoiled copy to follow it.
    pub(super) fn copy(&mut self, table: Table, line: &str) -> Option<Spoiled> {
        if self.threshold == 0 {
            return None;
        }
        self.owed += u64::from(u64::from(self.stream.word()) < self.threshold);
        let (kind, wanted) = TURNS[self.made % TURNS.len()];
        if self.owed == 0 || wanted != table {
            return None;
        }
        self.owed -= 1;
        self.made += 1;
        Some(Spoiled { kind, line: self.spoil(kind, table, line) })
    }

    fn spoil(&self, kind: DefectKind, table: Table, line: &str) -> String {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        if table == Table::Prescriptions && kind != DefectKind::DuplicateRowId {
            // Its own row id, or it would be dropped as a repeated export before anyone looks.
            fields[9].push_str("-copy");
        }
        for (column, value) in self.edits(kind, table, &fields) {
            value.clone_into(&mut fields[column]);
        }
        if kind == DefectKind::WrongFieldCount {
            self.miscount(&mut fields);
        }
        fields.join(",")
    }

    /// The columns a kind changes, and to what.
    fn edits(&self, kind: DefectKind, table: Table, fields: &[String]) -> Vec<(usize, String)> {
        let edit = |column: usize, value: &str| vec![(column, value.to_owned())];
        match kind {
            DefectKind::ScoreOutOfRange => edit(4, out_of_range(&fields[2])),
            DefectKind::UnknownInstrument => edit(2, "smiley_scale"),
            DefectKind::UnknownCondition => edit(1, "J45.909"),
            DefectKind::UnknownDrug => edit(3, "painaway_forte"),
            DefectKind::Orphan => vec![(0, stranger_code(self.seed, self.made as u64))],
            DefectKind::ImpossibleDate => edit(1, "2026-02-30"),
            DefectKind::FutureDate => edit(1, "2087-05-11"),
            // What a spreadsheet makes of the number 1.
            DefectKind::AncientDate => edit(1, "1900-01-01"),
            DefectKind::MissingValue => edit(required_column(table), ""),
            DefectKind::NotANumber => edit(number_column(table), "n/a"),
            DefectKind::ZeroDaysSupply => edit(2, "0"),
            DefectKind::NegativeQuantity => edit(6, "-30"),
            DefectKind::ImplausibleDose => implausible_dose(),
            DefectKind::DuplicateRowId | DefectKind::DuplicatePatient | DefectKind::WrongFieldCount => Vec::new(),
        }
    }

    fn miscount(&self, fields: &mut Vec<String>) {
        if self.made.is_multiple_of(2) {
            fields.push("extra".to_owned());
        } else {
            fields.pop();
        }
    }
}

/// `share` of the 32-bit numbers; scaling by a power of two is exact on every machine.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=2^32")]
fn threshold(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * 4_294_967_296.0) as u64
}

fn out_of_range(instrument: &str) -> &'static str {
    match instrument {
        "pain_nrs" | "bpi_interference" => "14",
        "pain_vas_mm" => "140",
        _ => "95",
    }
}

fn required_column(table: Table) -> usize {
    match table {
        Table::Patients => 0,
        Table::Assessments => 4,
        Table::Prescriptions => 3,
        _ => 1,
    }
}

fn number_column(table: Table) -> usize {
    match table {
        Table::Prescriptions => 6,
        _ => 4,
    }
}

/// Morphine 15 mg entered as 15 000: 60 tablets in 30 days are 30 000 MME a day.
fn implausible_dose() -> Vec<(usize, String)> {
    let values = ["30", "morphine", "15000", "mg", "60", "oral"];
    (2..).zip(values.map(str::to_owned)).collect()
}
