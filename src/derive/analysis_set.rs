//! Episodes → `analysis_set.parquet`: one row per series × horizon, sorted by
//! patient, series and horizon. Measures are expressions over these columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::episode::{Episode, Outcome};
use super::history::PatientHistory;
use super::opioid_dose::{Dose, WINDOW_DAYS};
use crate::model::calendar::Period;
use crate::model::horizon::HORIZONS;
use crate::protocol::ConditionPack;

/// A column of the analysis set.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name.
    pub name: &'static str,
    /// Type.
    pub kind: Kind,
    /// Whether a cell may be empty.
    pub optional: bool,
    /// What it holds, with its unit.
    pub meaning: &'static str,
}

/// The types both Arrow implementations read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 32-bit whole number.
    Int32,
    /// 64-bit whole number.
    Int64,
    /// Floating point.
    Float64,
    /// Text.
    Text,
    /// True or false.
    Boolean,
}

impl Kind {
    fn arrow(self) -> DataType {
        match self {
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Text => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
        }
    }

    /// The type as a measure author names it.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Int32 => "INTEGER",
            Self::Int64 => "BIGINT",
            Self::Float64 => "DOUBLE",
            Self::Text => "VARCHAR",
            Self::Boolean => "BOOLEAN",
        }
    }
}

const fn column(name: &'static str, kind: Kind, optional: bool, meaning: &'static str) -> Column {
    Column { name, kind, optional, meaning }
}

/// Order is the file's. The builder below appends in this order and a wrong
/// type or count fails on the first batch.
pub const COLUMNS: [Column; 36] = [
    column("patient_key", Kind::Int64, false, "keyed hash of the patient; means nothing outside the store"),
    column("site", Kind::Text, false, "site code"),
    column("sex", Kind::Text, false, "F, M, X or U"),
    column("series", Kind::Int32, false, "number of the treatment series, 1 = first"),
    column(
        "first_series",
        Kind::Boolean,
        false,
        "whether it is the patient's first series; headline measures count these only",
    ),
    column("index_day", Kind::Int32, false, "day of the first infusion of the series"),
    column("index_period", Kind::Text, true, "month of day 0 (2026-04), or the period the site gave"),
    column("condition", Kind::Text, false, "condition the patient is counted under"),
    column("conditions", Kind::Text, false, "all conditions of the patient, joined by `;`"),
    column("infusions", Kind::Int32, false, "infusions in the series"),
    column("induction_infusions", Kind::Int32, false, "infusions in the induction course"),
    column("boosters", Kind::Int32, false, "infusions after induction"),
    column("mg_per_kg", Kind::Float64, true, "sum of doses in the series, mg/kg; empty when any is missing"),
    column("baseline_pain_scale", Kind::Text, true, "pain scale of baseline and follow-up"),
    column("baseline_pain_x10", Kind::Int32, true, "pain before treatment, tenths of a point (0–100)"),
    column("baseline_same_day", Kind::Boolean, true, "whether the baseline was taken on the day of the first infusion"),
    column("baseline_phq9_x10", Kind::Int32, true, "PHQ-9 before treatment, tenths"),
    column("baseline_gad7_x10", Kind::Int32, true, "GAD-7 before treatment, tenths"),
    column("opioid_in_scope", Kind::Boolean, false, "no cancer pain and no treatment for opioid use disorder"),
    column(
        "opioid_user",
        Kind::Boolean,
        false,
        "opioids in days −30..−1: dose above zero on at least 14 days, or recorded long-term use",
    ),
    column(
        "opioid_baseline",
        Kind::Text,
        false,
        "known, not_reviewed, unconvertible, buprenorphine, oud_treatment or withheld",
    ),
    column(
        "mme_baseline_x1000",
        Kind::Int64,
        true,
        "average dose in days −30..−1, thousandths of an MME/day, rounded down",
    ),
    column(
        "benzodiazepine_baseline",
        Kind::Boolean,
        false,
        "an opioid and a benzodiazepine on one day before treatment",
    ),
    column("horizon", Kind::Text, false, "2w, 4w, 12w or 24w"),
    column("due", Kind::Boolean, false, "whether the data cut has reached the end of the window"),
    column("follow_up_pain_x10", Kind::Int32, true, "pain at the horizon, tenths, on the scale of the baseline"),
    column("last_pain_x10", Kind::Int32, true, "last pain score after day 0 up to the end of the window, tenths"),
    column("follow_up_phq9_x10", Kind::Int32, true, "PHQ-9 at the horizon, tenths"),
    column("follow_up_gad7_x10", Kind::Int32, true, "GAD-7 at the horizon, tenths"),
    column(
        "opioid_follow_up",
        Kind::Text,
        true,
        "as opioid_baseline; empty at 2w, where the window would reach into the baseline",
    ),
    column(
        "mme_follow_up_x1000",
        Kind::Int64,
        true,
        "average dose in the 30 days that end at the target, thousandths of an MME/day, rounded down",
    ),
    column(
        "mme_reduction_x100",
        Kind::Int64,
        true,
        "reduction in hundredths of a per cent, cut towards zero, so `>= 5000` is exactly at least half",
    ),
    column("buprenorphine_follow_up", Kind::Boolean, false, "buprenorphine active in the follow-up window"),
    column(
        "buprenorphine_since_start",
        Kind::Boolean,
        false,
        "buprenorphine active on any day from day 0 to the target",
    ),
    column("medications_reviewed", Kind::Boolean, false, "the medication list at the horizon is known to be complete"),
    column(
        "benzodiazepine_follow_up",
        Kind::Boolean,
        false,
        "an opioid and a benzodiazepine on one day of the follow-up window",
    ),
];

/// The analysis set's Arrow schema.
pub fn schema() -> SchemaRef {
    let field = |column: &Column| Field::new(column.name, column.kind.arrow(), column.optional);
    Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>()))
}

/// One column being filled.
enum Builder {
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Text(StringBuilder),
    Boolean(BooleanBuilder),
}

/// One cell about to be appended.
enum Cell<'a> {
    Int32(Option<i32>),
    Int64(Option<i64>),
    Float64(Option<f64>),
    Text(Option<&'a str>),
    Boolean(Option<bool>),
}

impl Builder {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Int32 => Self::Int32(Int32Builder::new()),
            Kind::Int64 => Self::Int64(Int64Builder::new()),
            Kind::Float64 => Self::Float64(Float64Builder::new()),
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
        }
    }

    /// Appends a cell `times` over.
    fn append(&mut self, cell: &Cell<'_>, times: usize) {
        match (self, cell) {
            (Self::Int32(builder), Cell::Int32(Some(value))) => builder.append_value_n(*value, times),
            (Self::Int32(builder), Cell::Int32(None)) => builder.append_nulls(times),
            (Self::Int64(builder), Cell::Int64(Some(value))) => builder.append_value_n(*value, times),
            (Self::Int64(builder), Cell::Int64(None)) => builder.append_nulls(times),
            (Self::Float64(builder), Cell::Float64(Some(value))) => builder.append_value_n(*value, times),
            (Self::Float64(builder), Cell::Float64(None)) => builder.append_nulls(times),
            (Self::Boolean(builder), Cell::Boolean(Some(value))) => builder.append_n(times, *value),
            (Self::Boolean(builder), Cell::Boolean(None)) => builder.append_nulls(times),
            (Self::Text(builder), Cell::Text(value)) => (0..times).for_each(|_| builder.append_option(*value)),
            _ => unreachable!("the cells below are in the order of COLUMNS"),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Int32(builder) => Arc::new(builder.finish()),
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Rows of the analysis set, collected into batches.
pub(super) struct Rows<'a> {
    conditions: &'a ConditionPack,
    builders: Vec<Builder>,
    filled: usize,
    joined: String,
    scale: String,
    periods: PeriodText,
}

/// The text of the latest period; consecutive rows nearly always share it.
#[derive(Default)]
struct PeriodText {
    period: Option<Period>,
    text: String,
}

impl PeriodText {
    fn set(&mut self, period: Option<Period>) {
        if self.period != period {
            self.period = period;
            self.text = period.map(|period| period.to_string()).unwrap_or_default();
        }
    }

    fn get(&self) -> Option<&str> {
        self.period.map(|_| self.text.as_str())
    }
}

impl<'a> Rows<'a> {
    pub(super) fn new(conditions: &'a ConditionPack) -> Self {
        Self {
            conditions,
            builders: COLUMNS.iter().map(|column| Builder::new(column.kind)).collect(),
            filled: 0,
            joined: String::new(),
            scale: String::new(),
            periods: PeriodText::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.filled
    }

    /// Appends an episode: one row per horizon.
    pub(super) fn push(
        &mut self,
        history: &PatientHistory<'_>,
        episode: &Episode,
        conditions: &[usize],
        outcomes: &[Outcome; HORIZONS.len()],
    ) {
        self.set_texts(episode, conditions);
        let (of_series, at_horizon) = self.builders.split_at_mut(SERIES_COLUMNS);
        let condition = &self.conditions.conditions()[episode.condition].code;
        let texts = Texts { period: self.periods.get(), condition, conditions: &self.joined, scale: &self.scale };
        for (builder, cell) in of_series.iter_mut().zip(series_cells(history, episode, &texts)) {
            builder.append(&cell, HORIZONS.len());
        }
        for (horizon, outcome) in HORIZONS.iter().zip(outcomes) {
            for (builder, cell) in at_horizon.iter_mut().zip(horizon_cells(horizon.id, episode, outcome)) {
                builder.append(&cell, 1);
            }
        }
        self.filled += HORIZONS.len();
    }

    fn set_texts(&mut self, episode: &Episode, conditions: &[usize]) {
        self.periods.set(episode.period);
        self.scale.clear();
        if let Some(baseline) = episode.pain {
            self.scale.push_str(&baseline.scale.name());
        }
        self.joined.clear();
        for &index in conditions {
            if !self.joined.is_empty() {
                self.joined.push(';');
            }
            self.joined.push_str(&self.conditions.conditions()[index].code);
        }
    }

    /// The collected rows as a batch; the builders start anew.
    pub(super) fn take(&mut self) -> RecordBatch {
        self.filled = 0;
        let columns = self.builders.iter_mut().map(Builder::finish).collect();
        RecordBatch::try_new(schema(), columns).expect("the builders follow COLUMNS")
    }
}

/// Texts of one series.
struct Texts<'a> {
    period: Option<&'a str>,
    condition: &'a str,
    conditions: &'a str,
    scale: &'a str,
}

/// Columns that are the same at every horizon come first.
const SERIES_COLUMNS: usize = 23;

fn series_cells<'a>(history: &PatientHistory<'a>, episode: &Episode, texts: &Texts<'a>) -> [Cell<'a>; SERIES_COLUMNS] {
    let series = &episode.series;
    [
        Cell::Int64(Some(history.key)),
        Cell::Text(Some(history.site)),
        Cell::Text(Some(history.sex)),
        Cell::Int32(Some(episode.number)),
        Cell::Boolean(Some(episode.number == 1)),
        Cell::Int32(Some(series.index_day)),
        Cell::Text(texts.period),
        Cell::Text(Some(texts.condition)),
        Cell::Text(Some(texts.conditions)),
        Cell::Int32(Some(series.infusions)),
        Cell::Int32(Some(series.induction_infusions)),
        Cell::Int32(Some(series.boosters())),
        Cell::Float64(series.mg_per_kg),
        Cell::Text(episode.pain.map(|_| texts.scale)),
        Cell::Int32(episode.pain.map(|baseline| baseline.score_x10)),
        Cell::Boolean(episode.pain.map(|baseline| baseline.same_day)),
        Cell::Int32(episode.phq9.map(|baseline| baseline.score_x10)),
        Cell::Int32(episode.gad7.map(|baseline| baseline.score_x10)),
        Cell::Boolean(Some(episode.opioid_in_scope)),
        Cell::Boolean(Some(episode.opioid_user)),
        Cell::Text(Some(episode.opioid.id())),
        Cell::Int64(episode.opioid.known().map(|total| total.average_x1000(WINDOW_DAYS))),
        Cell::Boolean(Some(episode.benzodiazepine)),
    ]
}

fn horizon_cells(
    id: &'static str,
    episode: &Episode,
    outcome: &Outcome,
) -> [Cell<'static>; COLUMNS.len() - SERIES_COLUMNS] {
    let after = outcome.opioid.and_then(Dose::known);
    let reduction = episode.opioid.known().zip(after).and_then(|(before, after)| before.reduction_x100(after));
    [
        Cell::Text(Some(id)),
        Cell::Boolean(Some(outcome.due)),
        Cell::Int32(outcome.pain_x10),
        Cell::Int32(outcome.last_pain_x10),
        Cell::Int32(outcome.phq9_x10),
        Cell::Int32(outcome.gad7_x10),
        Cell::Text(outcome.opioid.map(Dose::id)),
        Cell::Int64(after.map(|total| total.average_x1000(WINDOW_DAYS))),
        Cell::Int64(reduction),
        Cell::Boolean(Some(outcome.opioid == Some(Dose::Buprenorphine))),
        Cell::Boolean(Some(outcome.buprenorphine_since_start)),
        Cell::Boolean(Some(outcome.reviewed)),
        Cell::Boolean(Some(outcome.benzodiazepine)),
    ]
}
