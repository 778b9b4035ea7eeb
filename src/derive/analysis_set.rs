//! Episodes → `analysis_set.parquet`: one row per series × horizon, sorted by
//! patient, series and horizon. Measures are expressions over these columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{Field, Schema, SchemaRef};

use super::column::SERIES_COLUMNS;
pub use super::column::{COLUMNS, Column, Kind};
use super::episode::{Episode, Outcome};
use super::history::PatientHistory;
use super::opioid_dose::{Dose, WINDOW_DAYS};
use crate::model::calendar::Period;
use crate::model::horizon::HORIZONS;
use crate::protocol::ConditionPack;

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

fn series_cells<'a>(history: &PatientHistory<'a>, episode: &Episode, texts: &Texts<'a>) -> [Cell<'a>; SERIES_COLUMNS] {
    let series = &episode.series;
    let relief = episode.relief;
    let [phq9, gad7, pcl5, severity, interference, _, pcs, pseq, promis] = episode.questionnaires;
    let [depression, anxiety, ptsd] = episode.comorbidities;
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
        Cell::Int32(phq9),
        Cell::Int32(gad7),
        Cell::Int32(pcl5),
        Cell::Int32(severity),
        Cell::Int32(interference),
        Cell::Int32(pcs),
        Cell::Int32(pseq),
        Cell::Int32(promis),
        Cell::Boolean(Some(depression)),
        Cell::Boolean(Some(anxiety)),
        Cell::Boolean(Some(ptsd)),
        Cell::Int32(series.dose_x1000()),
        Cell::Int32(series.minutes_x10()),
        Cell::Boolean(Some(episode.psychotherapy)),
        Cell::Boolean(Some(episode.pain_reprogramming)),
        Cell::Int32(relief.map(|relief| relief.begins)),
        Cell::Int32(relief.map(|relief| relief.days)),
        Cell::Boolean(relief.map(|relief| relief.lost)),
        Cell::Int32(relief.map(|relief| relief.least_days)),
        Cell::Int32(relief.and_then(|relief| relief.retreated)),
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
    let [phq9, gad7, pcl5, severity, interference, pgic, pcs, pseq, promis] = outcome.scores.questionnaires;
    let reduction = episode.opioid.known().zip(after).and_then(|(before, after)| before.reduction_x100(after));
    [
        Cell::Text(Some(id)),
        Cell::Boolean(Some(outcome.due)),
        Cell::Int32(outcome.scores.pain),
        Cell::Int32(outcome.last_pain_x10),
        Cell::Int32(phq9),
        Cell::Int32(gad7),
        Cell::Int32(pcl5),
        Cell::Int32(severity),
        Cell::Int32(interference),
        Cell::Int32(pgic),
        Cell::Int32(pcs),
        Cell::Int32(pseq),
        Cell::Int32(promis),
        Cell::Int32(Some(outcome.boosters)),
        Cell::Text(outcome.opioid.map(Dose::id)),
        Cell::Int64(after.map(|total| total.average_x1000(WINDOW_DAYS))),
        Cell::Int64(reduction),
        Cell::Boolean(Some(outcome.opioid == Some(Dose::Buprenorphine))),
        Cell::Boolean(Some(outcome.buprenorphine_since_start)),
        Cell::Boolean(Some(outcome.reviewed)),
        Cell::Boolean(Some(outcome.benzodiazepine)),
    ]
}
