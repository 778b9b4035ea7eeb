//! Episodes → `analysis_set.parquet`: one row per series × horizon, sorted by
//! patient, series and horizon. Measures are expressions over these columns.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray, RecordBatch, StringArray};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{ArrowNativeType, Field, Float64Type, Int32Type, Int64Type, Schema, SchemaRef};

pub use super::column::{COLUMNS, Column, Kind};
use super::durability::Relief;
use super::episode::{Episode, Outcome};
use super::history::{PGIC, PatientHistory, QUESTIONNAIRES, Scale};
use super::opioid_dose::{Dose, WINDOW_DAYS};
use crate::model::calendar::Period;
use crate::model::horizon::HORIZONS;
use crate::protocol::{COMORBIDITIES, ConditionPack};

/// The analysis set's Arrow schema.
pub fn schema() -> SchemaRef {
    let field = |column: &Column| Field::new(column.name, column.kind.arrow(), column.optional);
    Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>()))
}

/// Series of the analysis set, collected into batches. They are kept as they
/// are until a batch is full: a column at a time is filled in one tight loop,
/// and what does not depend on the horizon is worked out once a series.
pub(super) struct Rows<'a> {
    conditions: &'a ConditionPack,
    series: Vec<SeriesRow>,
    texts: String,
    period: Written<Period>,
    scale: Written<Scale>,
}

/// Bytes of most texts: a guess that saves growing.
const TEXT_BYTES: usize = 8;

/// A place in the batch's texts.
type Text = Range<usize>;

struct SeriesRow {
    key: i64,
    episode: Episode,
    outcomes: [Outcome; HORIZONS.len()],
    site: Text,
    sex: Text,
    period: Option<Text>,
    conditions: Text,
    scale: Option<Text>,
}

/// The texts of what came before: most of it comes again.
struct Written<T>(BTreeMap<T, String>);

impl<T: Copy + Ord> Written<T> {
    fn text(&mut self, of: T, text: impl Fn(T) -> String) -> &str {
        self.0.entry(of).or_insert_with(|| text(of))
    }
}

impl<'a> Rows<'a> {
    pub(super) fn new(conditions: &'a ConditionPack) -> Self {
        Self {
            conditions,
            series: Vec::new(),
            texts: String::new(),
            period: Written(BTreeMap::new()),
            scale: Written(BTreeMap::new()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.series.len() * HORIZONS.len()
    }

    /// Appends an episode: one row per horizon.
    pub(super) fn push(
        &mut self,
        history: &PatientHistory<'_>,
        episode: &Episode,
        conditions: &[usize],
        outcomes: &[Outcome; HORIZONS.len()],
    ) {
        let texts = &mut self.texts;
        let row = SeriesRow {
            key: history.key,
            site: added(texts, history.site),
            sex: added(texts, history.sex),
            period: episode.period.map(|period| added(texts, self.period.text(period, |period| period.to_string()))),
            conditions: joined(texts, conditions, self.conditions),
            scale: episode.pain.map(|pain| added(texts, self.scale.text(pain.scale, Scale::name))),
            episode: episode.clone(),
            outcomes: *outcomes,
        };
        self.series.push(row);
    }

    /// The collected rows as a batch; collecting starts anew.
    pub(super) fn take(&mut self) -> RecordBatch {
        let mut columns = self.of_series();
        columns.extend(self.at_horizons());
        self.series.clear();
        self.texts.clear();
        RecordBatch::try_new(schema(), columns).expect("the columns are in the order of COLUMNS")
    }

    /// The columns that are the same at every horizon.
    fn of_series(&self) -> Vec<ArrayRef> {
        let texts = self.texts.as_str();
        let condition = |row: &SeriesRow| self.conditions.conditions()[row.episode.condition].code.as_str();
        let mut columns = vec![
            self.each(|row| Some(row.key)).numbers::<Int64Type>(),
            self.each(|row| Some(&texts[row.site.clone()])).texts(),
            self.each(|row| Some(&texts[row.sex.clone()])).texts(),
            self.each(|row| Some(row.episode.number)).numbers::<Int32Type>(),
            self.each(|row| Some(row.episode.number == 1)).flags(),
            self.each(|row| Some(row.episode.series.index_day)).numbers::<Int32Type>(),
            self.each(|row| row.period.clone().map(|period| &texts[period])).texts(),
            self.each(|row| Some(condition(row))).texts(),
            self.each(|row| Some(&texts[row.conditions.clone()])).texts(),
            self.each(|row| Some(row.episode.series.infusions)).numbers::<Int32Type>(),
            self.each(|row| Some(row.episode.series.induction_infusions)).numbers::<Int32Type>(),
            self.each(|row| Some(row.episode.series.boosters())).numbers::<Int32Type>(),
            self.each(|row| row.episode.series.mg_per_kg).numbers::<Float64Type>(),
            self.each(|row| row.scale.clone().map(|scale| &texts[scale])).texts(),
            self.each(|row| row.episode.pain.map(|pain| pain.score_x10)).numbers::<Int32Type>(),
            self.each(|row| row.episode.pain.map(|pain| pain.same_day)).flags(),
        ];
        // PGIC asks for change and has no score before treatment.
        for which in (0..QUESTIONNAIRES.len()).filter(|&which| which != PGIC) {
            columns.push(self.each(|row| row.episode.questionnaires[which]).numbers::<Int32Type>());
        }
        for which in 0..COMORBIDITIES.len() {
            columns.push(self.each(|row| Some(row.episode.comorbidities[which])).flags());
        }
        let relief =
            |fact: fn(Relief) -> i32| self.each(move |row| row.episode.relief.map(fact)).numbers::<Int32Type>();
        columns.extend([
            self.each(|row| row.episode.series.dose_x1000()).numbers::<Int32Type>(),
            self.each(|row| row.episode.series.minutes_x10()).numbers::<Int32Type>(),
            self.each(|row| Some(row.episode.psychotherapy)).flags(),
            self.each(|row| Some(row.episode.pain_reprogramming)).flags(),
            relief(|relief| relief.begins),
            relief(|relief| relief.days),
            self.each(|row| row.episode.relief.map(|relief| relief.lost)).flags(),
            relief(|relief| relief.least_days),
            self.each(|row| row.episode.relief?.retreated).numbers::<Int32Type>(),
            self.each(|row| Some(row.episode.opioid_in_scope)).flags(),
            self.each(|row| Some(row.episode.opioid_user)).flags(),
            self.each(|row| Some(row.episode.opioid.id())).texts(),
            self.each(|row| average(row.episode.opioid)).numbers::<Int64Type>(),
            self.each(|row| Some(row.episode.benzodiazepine)).flags(),
        ]);
        columns
    }

    /// The columns that differ from horizon to horizon.
    fn at_horizons(&self) -> Vec<ArrayRef> {
        let mut columns = vec![
            self.ids(),
            self.every(|_, outcome| Some(outcome.due)).flags(),
            self.every(|_, outcome| outcome.scores.pain).numbers::<Int32Type>(),
            self.every(|_, outcome| outcome.last.pain).numbers::<Int32Type>(),
        ];
        for which in 0..QUESTIONNAIRES.len() {
            columns.push(self.every(|_, outcome| outcome.scores.questionnaires[which]).numbers::<Int32Type>());
        }
        // Nobody's PGIC is missing where it counts: only those who answered are in its denominator.
        for which in (0..QUESTIONNAIRES.len()).filter(|&which| which != PGIC) {
            columns.push(self.every(|_, outcome| outcome.last.questionnaires[which]).numbers::<Int32Type>());
        }
        columns.extend([
            self.every(|_, outcome| Some(outcome.boosters)).numbers::<Int32Type>(),
            self.every(|_, outcome| outcome.opioid.map(Dose::id)).texts(),
            self.every(|_, outcome| average(outcome.opioid?)).numbers::<Int64Type>(),
            self.every(|row, outcome| row.episode.opioid.known()?.reduction_x100(outcome.opioid?.known()?))
                .numbers::<Int64Type>(),
            self.every(|_, outcome| Some(outcome.opioid == Some(Dose::Buprenorphine))).flags(),
            self.every(|_, outcome| Some(outcome.buprenorphine_since_start)).flags(),
            self.every(|_, outcome| Some(outcome.reviewed)).flags(),
            self.every(|_, outcome| Some(outcome.benzodiazepine)).flags(),
        ]);
        columns
    }

    fn ids(&self) -> ArrayRef {
        Cells::<_, 1>(self.series.iter().flat_map(|_| HORIZONS.map(|horizon| Some(horizon.id))).collect()).texts()
    }

    /// A fact of every series.
    fn each<'r, T>(&'r self, fact: impl Fn(&'r SeriesRow) -> Option<T>) -> Cells<T, { HORIZONS.len() }> {
        Cells(self.series.iter().map(fact).collect())
    }

    /// A fact of every series at every horizon.
    fn every<T>(&self, fact: impl Fn(&SeriesRow, &Outcome) -> Option<T>) -> Cells<T, 1> {
        let mut cells = Vec::with_capacity(self.len());
        for row in &self.series {
            cells.extend(row.outcomes.iter().map(|outcome| fact(row, outcome)));
        }
        Cells(cells)
    }
}

/// Cells of a column, each of them `TIMES` over.
struct Cells<T, const TIMES: usize>(Vec<Option<T>>);

impl<T, const TIMES: usize> Cells<T, TIMES> {
    /// Every cell as a value, whatever stands for one that is empty.
    fn values<V: Copy + Default>(&self, value: impl Fn(&Option<T>) -> V) -> Vec<V> {
        let mut values = vec![V::default(); self.0.len() * TIMES];
        for (same, cell) in values.chunks_exact_mut(TIMES).zip(&self.0) {
            same.fill(value(cell));
        }
        values
    }

    /// One bit a cell, a word of 64 at a time.
    fn bits(&self, is: impl Fn(&Option<T>) -> bool) -> BooleanBuffer {
        const { assert!(64 % TIMES == 0, "a word holds whole cells") };
        let set = u64::MAX >> (64 - TIMES);
        let word = |cells: &[Option<T>]| {
            let bits = cells.iter().enumerate().map(|(at, cell)| if is(cell) { set << (at * TIMES) } else { 0 });
            bits.fold(0, |word, bits| word | bits)
        };
        let words: Vec<u64> = self.0.chunks(64 / TIMES).map(word).collect();
        BooleanBuffer::new(Buffer::from_vec(words), 0, self.0.len() * TIMES)
    }

    /// Which cells are empty; `None` where none is.
    fn nulls(&self) -> Option<NullBuffer> {
        let known = self.0.iter().all(Option::is_some);
        (!known).then(|| NullBuffer::new(self.bits(Option::is_some)))
    }
}

impl<T: ArrowNativeType, const TIMES: usize> Cells<T, TIMES> {
    fn numbers<P: ArrowPrimitiveType<Native = T>>(&self) -> ArrayRef {
        Arc::new(PrimitiveArray::<P>::new(self.values(|cell| cell.unwrap_or_default()).into(), self.nulls()))
    }
}

impl<const TIMES: usize> Cells<bool, TIMES> {
    fn flags(&self) -> ArrayRef {
        Arc::new(BooleanArray::new(self.bits(|cell| cell.unwrap_or_default()), self.nulls()))
    }
}

impl<const TIMES: usize> Cells<&str, TIMES> {
    fn texts(&self) -> ArrayRef {
        let cells = self.0.len() * TIMES;
        let mut values = Vec::with_capacity(cells * TEXT_BYTES);
        let mut ends = Vec::with_capacity(cells + 1);
        ends.push(0);
        for cell in &self.0 {
            for _ in 0..TIMES {
                values.extend_from_slice(cell.unwrap_or_default().as_bytes());
                ends.push(i32::try_from(values.len()).expect("a batch is small"));
            }
        }
        let ends = OffsetBuffer::new(ends.into());
        Arc::new(StringArray::new(ends, Buffer::from_vec(values), self.nulls()))
    }
}

/// The daily dose in thousandths, where it is known.
fn average(dose: Dose) -> Option<i64> {
    Some(dose.known()?.average_x1000(WINDOW_DAYS))
}

fn added(texts: &mut String, text: &str) -> Text {
    let start = texts.len();
    texts.push_str(text);
    start..texts.len()
}

/// The codes of all conditions, joined by `;`.
fn joined(texts: &mut String, conditions: &[usize], pack: &ConditionPack) -> Text {
    let start = texts.len();
    for &index in conditions {
        if texts.len() > start {
            texts.push(';');
        }
        texts.push_str(&pack.conditions()[index].code);
    }
    start..texts.len()
}
