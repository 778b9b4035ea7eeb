//! Episodes → `analysis_set.parquet`: one row per series × horizon, sorted by
//! patient, series and horizon. Measures are expressions over these columns.

use std::collections::BTreeMap;
use std::ops::Range;
use std::slice::Chunks;
use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray, RecordBatch, StringArray};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{Field, Float64Type, Int32Type, Int64Type, Schema, SchemaRef};

pub use super::column::{COLUMNS, Column, Kind};
use super::episode::{Episode, Outcome};
use super::follow_up::Scores;
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
    schema: SchemaRef,
    series: Vec<SeriesRow>,
    /// Of every series, at every horizon.
    outcomes: Vec<[OutcomeRow; HORIZONS.len()]>,
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
    site: Text,
    sex: Text,
    period: Option<Text>,
    conditions: Text,
    scale: Option<Text>,
}

/// An outcome as its columns have it, in few bytes: a batch of them is walked
/// through once a column, which is only fast in a core's own cache.
#[expect(clippy::struct_excessive_bools, reason = "each is a column of the analysis set")]
struct OutcomeRow {
    due: bool,
    scores: Scores,
    last: Scores,
    boosters: i32,
    opioid: Option<&'static str>,
    average: Option<i64>,
    reduction: Option<i64>,
    buprenorphine: bool,
    buprenorphine_since_start: bool,
    reviewed: bool,
    benzodiazepine: bool,
}

impl OutcomeRow {
    fn of(outcome: &Outcome, before: Dose) -> Self {
        Self {
            due: outcome.due,
            scores: outcome.scores,
            last: outcome.last,
            boosters: outcome.boosters,
            opioid: outcome.opioid.map(Dose::id),
            average: outcome.opioid.and_then(average),
            reduction: reduction(before, outcome.opioid),
            buprenorphine: outcome.opioid == Some(Dose::Buprenorphine),
            buprenorphine_since_start: outcome.buprenorphine_since_start,
            reviewed: outcome.reviewed,
            benzodiazepine: outcome.benzodiazepine,
        }
    }
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
            schema: schema(),
            series: Vec::new(),
            outcomes: Vec::new(),
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
        };
        self.series.push(row);
        self.outcomes.push(outcomes.each_ref().map(|outcome| OutcomeRow::of(outcome, episode.opioid)));
    }

    /// The collected rows as a batch; collecting starts anew.
    pub(super) fn take(&mut self) -> RecordBatch {
        let mut columns = self.of_series();
        columns.extend(self.at_horizons());
        self.series.clear();
        self.outcomes.clear();
        self.texts.clear();
        RecordBatch::try_new(Arc::clone(&self.schema), columns).expect("the columns are in the order of COLUMNS")
    }

    /// The columns that are the same at every horizon.
    fn of_series(&self) -> Vec<ArrayRef> {
        let texts = self.texts.as_str();
        let each: Facts<'_, SeriesRow, { HORIZONS.len() }> = Facts(&self.series);
        let condition = |row: &SeriesRow| self.conditions.conditions()[row.episode.condition].code.as_str();
        let mut columns = vec![
            each.numbers::<Int64Type>(|row| Some(row.key)),
            each.texts(|row| Some(&texts[row.site.clone()])),
            each.texts(|row| Some(&texts[row.sex.clone()])),
            each.numbers::<Int32Type>(|row| Some(row.episode.number)),
            each.flags(|row| row.episode.number == 1),
            each.numbers::<Int32Type>(|row| Some(row.episode.series.index_day)),
            each.texts(|row| row.period.clone().map(|period| &texts[period])),
            each.texts(|row| Some(condition(row))),
            each.texts(|row| Some(&texts[row.conditions.clone()])),
            each.numbers::<Int32Type>(|row| Some(row.episode.series.infusions)),
            each.numbers::<Int32Type>(|row| Some(row.episode.series.induction_infusions)),
            each.numbers::<Int32Type>(|row| Some(row.episode.series.boosters())),
            each.numbers::<Float64Type>(|row| row.episode.series.mg_per_kg),
            each.texts(|row| row.scale.clone().map(|scale| &texts[scale])),
            each.numbers::<Int32Type>(|row| row.episode.pain.map(|pain| pain.score_x10)),
            each.optional_flags(|row| row.episode.pain.map(|pain| pain.same_day)),
        ];
        // PGIC asks for change and has no score before treatment.
        for which in (0..QUESTIONNAIRES.len()).filter(|&which| which != PGIC) {
            columns.push(each.numbers::<Int32Type>(|row| row.episode.questionnaires[which]));
        }
        for which in 0..COMORBIDITIES.len() {
            columns.push(each.flags(|row| row.episode.comorbidities[which]));
        }
        columns.extend([
            each.numbers::<Int32Type>(|row| row.episode.series.dose_x1000()),
            each.numbers::<Int32Type>(|row| row.episode.series.minutes_x10()),
            each.flags(|row| row.episode.psychotherapy),
            each.flags(|row| row.episode.pain_reprogramming),
            each.numbers::<Int32Type>(|row| row.episode.relief.map(|relief| relief.begins)),
            each.numbers::<Int32Type>(|row| row.episode.relief.map(|relief| relief.days)),
            each.optional_flags(|row| row.episode.relief.map(|relief| relief.lost)),
            each.numbers::<Int32Type>(|row| row.episode.relief.map(|relief| relief.least_days)),
            each.numbers::<Int32Type>(|row| row.episode.relief?.retreated),
            each.flags(|row| row.episode.opioid_in_scope),
            each.flags(|row| row.episode.opioid_user),
            each.texts(|row| Some(row.episode.opioid.id())),
            each.numbers::<Int64Type>(|row| average(row.episode.opioid)),
            each.flags(|row| row.episode.benzodiazepine),
        ]);
        columns
    }

    /// The columns that differ from horizon to horizon.
    fn at_horizons(&self) -> Vec<ArrayRef> {
        let every: Facts<'_, OutcomeRow, 1> = Facts(self.outcomes.as_flattened());
        let horizons: Vec<&str> = self.series.iter().flat_map(|_| HORIZONS.map(|horizon| horizon.id)).collect();
        let mut columns = vec![
            Facts::<_, 1>(&horizons).texts(|id| Some(id)),
            every.flags(|outcome| outcome.due),
            every.numbers::<Int32Type>(|outcome| outcome.scores.pain.known()),
            every.numbers::<Int32Type>(|outcome| outcome.last.pain.known()),
        ];
        for which in 0..QUESTIONNAIRES.len() {
            columns.push(every.numbers::<Int32Type>(|outcome| outcome.scores.questionnaires[which].known()));
        }
        // Nobody's PGIC is missing where it counts: only those who answered are in its denominator.
        for which in (0..QUESTIONNAIRES.len()).filter(|&which| which != PGIC) {
            columns.push(every.numbers::<Int32Type>(|outcome| outcome.last.questionnaires[which].known()));
        }
        columns.extend([
            every.numbers::<Int32Type>(|outcome| Some(outcome.boosters)),
            every.texts(|outcome| outcome.opioid),
            every.numbers::<Int64Type>(|outcome| outcome.average),
            every.numbers::<Int64Type>(|outcome| outcome.reduction),
            every.flags(|outcome| outcome.buprenorphine),
            every.flags(|outcome| outcome.buprenorphine_since_start),
            every.flags(|outcome| outcome.reviewed),
            every.flags(|outcome| outcome.benzodiazepine),
        ]);
        columns
    }
}

/// What the cells of columns are made of, each of them `TIMES` over.
struct Facts<'r, R, const TIMES: usize>(&'r [R]);

impl<'r, R, const TIMES: usize> Facts<'r, R, TIMES> {
    /// The bits of a cell.
    const CELL: u64 = u64::MAX >> (64 - TIMES);

    /// The facts of 64 rows after those of the 64 before: a word of bits.
    fn words(&self) -> Chunks<'r, R> {
        const { assert!(64 % TIMES == 0, "a word holds whole cells") };
        self.0.chunks(64 / TIMES)
    }

    fn bits(&self, words: Vec<u64>) -> BooleanBuffer {
        BooleanBuffer::new(Buffer::from_vec(words), 0, self.0.len() * TIMES)
    }

    /// Which cells are empty; `None` where none is.
    fn nulls(&self, known: Vec<u64>) -> Option<NullBuffer> {
        let known = NullBuffer::new(self.bits(known));
        (known.null_count() > 0).then_some(known)
    }

    fn numbers<P: ArrowPrimitiveType>(&self, number: impl Fn(&R) -> Option<P::Native>) -> ArrayRef {
        let mut values = vec![P::Native::default(); self.0.len() * TIMES];
        let mut known = Vec::with_capacity(values.len().div_ceil(64));
        for (cells, facts) in values.chunks_mut(64).zip(self.words()) {
            let mut word = 0;
            for (at, (same, fact)) in cells.chunks_exact_mut(TIMES).zip(facts).enumerate() {
                let number = number(fact);
                same.fill(number.unwrap_or_default());
                word |= if number.is_some() { Self::CELL << (at * TIMES) } else { 0 };
            }
            known.push(word);
        }
        Arc::new(PrimitiveArray::<P>::new(values.into(), self.nulls(known)))
    }

    fn are(&self, is: impl Fn(&'r R) -> bool) -> Vec<u64> {
        let word = |facts: &'r [R]| {
            let bits = facts.iter().enumerate().map(|(at, fact)| if is(fact) { Self::CELL << (at * TIMES) } else { 0 });
            bits.fold(0, |word, bits| word | bits)
        };
        self.words().map(word).collect()
    }

    fn flags(&self, flag: impl Fn(&R) -> bool) -> ArrayRef {
        Arc::new(BooleanArray::new(self.bits(self.are(flag)), None))
    }

    fn optional_flags(&self, flag: impl Fn(&R) -> Option<bool>) -> ArrayRef {
        let nulls = self.nulls(self.are(|fact| flag(fact).is_some()));
        Arc::new(BooleanArray::new(self.bits(self.are(|fact| flag(fact).unwrap_or_default())), nulls))
    }

    fn texts(&self, text: impl Fn(&'r R) -> Option<&'r str>) -> ArrayRef {
        let cells = self.0.len() * TIMES;
        let mut values = Vec::with_capacity(cells * TEXT_BYTES);
        let mut ends = Vec::with_capacity(cells + 1);
        ends.push(0);
        for fact in self.0 {
            let text = text(fact).unwrap_or_default().as_bytes();
            for _ in 0..TIMES {
                values.extend_from_slice(text);
                ends.push(i32::try_from(values.len()).expect("a batch is small"));
            }
        }
        let nulls = self.nulls(self.are(|fact| text(fact).is_some()));
        Arc::new(StringArray::new(OffsetBuffer::new(ends.into()), Buffer::from_vec(values), nulls))
    }
}

/// By how much the dose fell, hundredths of a per cent, where both are known.
fn reduction(before: Dose, after: Option<Dose>) -> Option<i64> {
    before.known()?.reduction_x100(after?.known()?)
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
