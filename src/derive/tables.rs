//! How each snapshot table's rows become the facts a history holds.

use std::rc::Rc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, Int32Array};

use super::history::{
    AdverseEvent, Assessment, Departure, Diagnosis, Feed, Infusion, PGIC, Prescription, Reason, Scale, Therapy,
    TherapySession, Withheld,
};
use super::medication::{Given, Meaning, is_for_oud, is_parenteral, is_route_unknown};
use super::reader::{Decode, Words, boolean, float64, int32};
use crate::protocol::{AdverseEventPack, ComorbidityPack, ConditionPack, Protocol};

/// ICD-10-CM status code for long-term opioid analgesic use, without its dot.
const LONG_TERM_OPIOID: &str = "Z79891";

/// Who the patient is, in the words the analysis set repeats.
#[derive(Clone, Debug)]
pub(super) struct PatientRow {
    pub(super) site: Rc<str>,
    pub(super) sex: Rc<str>,
    pub(super) index_period: Option<Rc<str>>,
    pub(super) feed: Feed,
}

/// Text column whose words are kept as they are.
#[derive(Default)]
struct Texts {
    words: Words<usize>,
    texts: Vec<Rc<str>>,
}

impl Texts {
    fn load(&mut self, column: &dyn Array) {
        let texts = &mut self.texts;
        texts.clear();
        self.words.load(column, |word| {
            texts.push(Rc::from(word));
            texts.len() - 1
        });
    }

    fn get(&self, index: usize) -> Option<Rc<str>> {
        self.words.get(index).map(|word| Rc::clone(&self.texts[word]))
    }
}

pub(super) struct Patients {
    site: Texts,
    sex: Texts,
    index_period: Texts,
    /// What each source of the snapshot tells.
    feeds: Vec<Feed>,
    feed: Words<Feed>,
}

impl Patients {
    pub(super) fn new(feeds: Vec<Feed>) -> Self {
        let texts = Texts::default;
        Self { site: texts(), sex: texts(), index_period: texts(), feeds, feed: Words::default() }
    }
}

impl Decode for Patients {
    type Row = PatientRow;
    const COLUMNS: &'static [&'static str] = &["site", "sex", "index_period", "sources"];

    fn load(&mut self, columns: &[ArrayRef]) {
        self.site.load(&columns[0]);
        self.sex.load(&columns[1]);
        self.index_period.load(&columns[2]);
        let feeds = &self.feeds;
        self.feed.load(&columns[3], |sources| Feed::of(sources, feeds));
    }

    fn row(&self, index: usize) -> Option<PatientRow> {
        Some(PatientRow {
            site: self.site.get(index)?,
            sex: self.sex.get(index).unwrap_or_else(|| Rc::from("U")),
            index_period: self.index_period.get(index),
            feed: self.feed.get(index)?,
        })
    }
}

#[derive(Default)]
pub(super) struct Infusions {
    day: Option<Int32Array>,
    mg_per_kg: Option<Float64Array>,
    minutes: Option<Float64Array>,
    asked: Option<BooleanArray>,
}

impl Decode for Infusions {
    type Row = Infusion;
    const COLUMNS: &'static [&'static str] = &["day", "dose_mg_per_kg", "duration_min", "ae_asked"];

    fn load(&mut self, columns: &[ArrayRef]) {
        self.day = Some(int32(&columns[0]));
        self.mg_per_kg = Some(float64(&columns[1]));
        self.minutes = Some(float64(&columns[2]));
        self.asked = Some(boolean(&columns[3]));
    }

    fn row(&self, index: usize) -> Option<Infusion> {
        let known = |column: &Float64Array| column.is_valid(index).then(|| column.value(index));
        let asked = self.asked.as_ref()?;
        Some(Infusion {
            day: self.day.as_ref()?.value(index),
            mg_per_kg: known(self.mg_per_kg.as_ref()?),
            minutes: known(self.minutes.as_ref()?),
            asked: asked.is_valid(index) && asked.value(index),
        })
    }
}

/// `infusions_withheld`: the days of quarantined infusions.
#[derive(Default)]
pub(super) struct InfusionsWithheld {
    day: Option<Int32Array>,
}

impl Decode for InfusionsWithheld {
    type Row = i32;
    const COLUMNS: &'static [&'static str] = &["day"];

    fn load(&mut self, columns: &[ArrayRef]) {
        self.day = Some(int32(&columns[0]));
    }

    fn row(&self, index: usize) -> Option<i32> {
        Some(self.day.as_ref()?.value(index))
    }
}

/// `assessments`: the instrument and item together name a scale.
#[derive(Default)]
pub(super) struct Assessments {
    day: Option<Int32Array>,
    score: Option<Int32Array>,
    instrument: Words<usize>,
    item: Words<usize>,
    /// Scale by instrument word and item word; item 0 is "none".
    scales: Vec<Vec<Option<Scale>>>,
    source: Option<Int32Array>,
    /// Which end of PGIC is "very much improved", 1 or 7, by source.
    pgic_best: Vec<Option<u8>>,
}

/// Lowest and highest PGIC score together, in tenths: turns the scale around.
const PGIC_ENDS: i32 = 80;

impl Assessments {
    pub(super) fn new(pgic_best: Vec<Option<u8>>) -> Self {
        Self { pgic_best, ..Self::default() }
    }

    /// The score with 7 as "very much improved". Forms differ in direction, also
    /// those of one patient's two sources; without a word from the row's own,
    /// either guess would turn good into bad for somebody, and there is no score.
    fn improvement(&self, score_x10: i32, index: usize) -> Option<i32> {
        let source = usize::try_from(self.source.as_ref()?.value(index)).ok()?;
        match (*self.pgic_best.get(source)?)? {
            1 => Some(PGIC_ENDS - score_x10),
            _ => Some(score_x10),
        }
    }
}

impl Decode for Assessments {
    type Row = Assessment;
    const COLUMNS: &'static [&'static str] = &["day", "score_x10", "instrument", "item", "source_id"];

    fn load(&mut self, columns: &[ArrayRef]) {
        self.day = Some(int32(&columns[0]));
        self.score = Some(int32(&columns[1]));
        self.source = Some(int32(&columns[4]));
        let mut items = vec![String::new()];
        self.item.load(&columns[3], |word| {
            items.push(word.to_owned());
            items.len() - 1
        });
        let scales = &mut self.scales;
        scales.clear();
        self.instrument.load(&columns[2], |instrument| {
            scales.push(items.iter().map(|item| Scale::of(instrument, Some(item))).collect());
            scales.len() - 1
        });
    }

    fn row(&self, index: usize) -> Option<Assessment> {
        let scale = self.scales[self.instrument.get(index)?][self.item.get(index).unwrap_or(0)]?;
        let written = self.score.as_ref()?.value(index);
        let of_pgic = scale.questionnaire() == Some(PGIC);
        let score_x10 = if of_pgic { self.improvement(written, index)? } else { written };
        Some(Assessment { day: self.day.as_ref()?.value(index), scale, score_x10 })
    }
}

/// `prescriptions`: drug, strength, quantity and days become a daily dose.
pub(super) struct Prescriptions<'a> {
    protocol: &'a Protocol,
    start: Option<Int32Array>,
    days: Option<Int32Array>,
    strength: Option<Float64Array>,
    quantity: Option<Float64Array>,
    drug: Words<Option<Meaning>>,
    parenteral: Words<bool>,
    route_unknown: Words<bool>,
    oud: Words<bool>,
}

impl<'a> Prescriptions<'a> {
    pub(super) fn new(protocol: &'a Protocol) -> Self {
        Self {
            protocol,
            start: None,
            days: None,
            strength: None,
            quantity: None,
            drug: Words::default(),
            parenteral: Words::default(),
            route_unknown: Words::default(),
            oud: Words::default(),
        }
    }
}

/// Admission refused more than three decimals, so this is exact.
#[expect(clippy::cast_possible_truncation, reason = "admission bounds strengths and quantities")]
fn thousandths(value: f64) -> i64 {
    (value * 1_000.0).round() as i64
}

impl Decode for Prescriptions<'_> {
    type Row = Prescription;
    const COLUMNS: &'static [&'static str] =
        &["start_day", "days_supply", "strength", "quantity", "drug", "route", "indication"];

    fn load(&mut self, columns: &[ArrayRef]) {
        self.start = Some(int32(&columns[0]));
        self.days = Some(int32(&columns[1]));
        self.strength = Some(float64(&columns[2]));
        self.quantity = Some(float64(&columns[3]));
        let protocol = self.protocol;
        self.drug.load(&columns[4], |code| Meaning::of(code, protocol));
        self.parenteral.load(&columns[5], is_parenteral);
        self.route_unknown.load(&columns[5], is_route_unknown);
        self.oud.load(&columns[6], is_for_oud);
    }

    fn row(&self, index: usize) -> Option<Prescription> {
        let meaning = self.drug.get(index)??;
        let flag = |words: &Words<bool>| words.get(index).unwrap_or(false);
        let given = Given {
            parenteral: flag(&self.parenteral),
            route_unknown: flag(&self.route_unknown),
            for_oud: flag(&self.oud),
        };
        let amount = [&self.strength, &self.quantity].map(|column| column.as_ref().map(|column| column.value(index)));
        let [Some(strength), Some(quantity)] = amount else { return None };
        let (start, days) = (self.start.as_ref()?.value(index), self.days.as_ref()?.value(index));
        meaning.prescription(given, start, days, [strength, quantity].map(thousandths))
    }
}

/// `prescriptions_withheld`: when a quarantined prescription began and for how many
/// days, if readable.
#[derive(Default)]
pub(super) struct PrescriptionsWithheld {
    start: Option<Int32Array>,
    days: Option<Int32Array>,
}

impl Decode for PrescriptionsWithheld {
    type Row = Withheld;
    const COLUMNS: &'static [&'static str] = &["start_day", "days_supply"];

    fn load(&mut self, columns: &[ArrayRef]) {
        self.start = Some(int32(&columns[0]));
        self.days = Some(int32(&columns[1]));
    }

    fn row(&self, index: usize) -> Option<Withheld> {
        let known = |column: &Int32Array| column.is_valid(index).then(|| column.value(index));
        Some(Withheld { start: known(self.start.as_ref()?), days: known(self.days.as_ref()?) })
    }
}

/// `medication_reviews`: the days on which the list was complete.
#[derive(Default)]
pub(super) struct Reviews {
    day: Option<Int32Array>,
    complete: Option<BooleanArray>,
}

impl Decode for Reviews {
    type Row = i32;
    const COLUMNS: &'static [&'static str] = &["day", "complete"];

    fn load(&mut self, columns: &[ArrayRef]) {
        self.day = Some(int32(&columns[0]));
        self.complete = Some(boolean(&columns[1]));
    }

    fn row(&self, index: usize) -> Option<i32> {
        let complete = self.complete.as_ref()?;
        (complete.is_valid(index) && complete.value(index)).then_some(self.day.as_ref()?.value(index))
    }
}

/// `diagnoses`, with the condition as its position in the pack.
pub(super) struct Diagnoses<'a> {
    pack: &'a ConditionPack,
    comorbidities: &'a ComorbidityPack,
    condition: Words<Option<usize>>,
    rank: Option<Int32Array>,
    /// Of a code: long-term opioid use, and comorbidities.
    codes: Words<(bool, u8)>,
}

impl<'a> Diagnoses<'a> {
    pub(super) fn new(protocol: &'a Protocol) -> Self {
        let (pack, comorbidities) = (&protocol.conditions, &protocol.comorbidities);
        Self { pack, comorbidities, condition: Words::default(), rank: None, codes: Words::default() }
    }
}

impl Decode for Diagnoses<'_> {
    type Row = Diagnosis;
    const COLUMNS: &'static [&'static str] = &["condition", "rank", "source_code"];

    fn load(&mut self, columns: &[ArrayRef]) {
        let pack = self.pack;
        self.condition.load(&columns[0], |code| pack.conditions().iter().position(|condition| condition.code == code));
        self.rank = Some(int32(&columns[1]));
        let comorbidities = self.comorbidities;
        self.codes.load(&columns[2], |code| {
            (code.replace('.', "").eq_ignore_ascii_case(LONG_TERM_OPIOID), comorbidities.mask(code))
        });
    }

    fn row(&self, index: usize) -> Option<Diagnosis> {
        let rank = self.rank.as_ref()?;
        let (long_term_opioid, comorbidities) = self.codes.get(index).unwrap_or_default();
        Some(Diagnosis {
            condition: self.condition.get(index)??,
            rank: rank.is_valid(index).then(|| rank.value(index)),
            long_term_opioid,
            comorbidities,
        })
    }
}

/// `adverse_events`, with the term as its position in the pack.
pub(super) struct AdverseEvents<'a> {
    pack: &'a AdverseEventPack,
    day: Option<Int32Array>,
    term: Words<usize>,
    serious: Option<BooleanArray>,
}

impl<'a> AdverseEvents<'a> {
    pub(super) fn new(pack: &'a AdverseEventPack) -> Self {
        Self { pack, day: None, term: Words::default(), serious: None }
    }
}

impl Decode for AdverseEvents<'_> {
    type Row = AdverseEvent;
    const COLUMNS: &'static [&'static str] = &["day", "term", "serious"];

    fn load(&mut self, columns: &[ArrayRef]) {
        let pack = self.pack;
        self.day = Some(int32(&columns[0]));
        self.term.load(&columns[1], |code| pack.position(code).unwrap_or(pack.terms().len()));
        self.serious = Some(boolean(&columns[2]));
    }

    fn row(&self, index: usize) -> Option<AdverseEvent> {
        let serious = self.serious.as_ref()?;
        Some(AdverseEvent {
            day: self.day.as_ref()?.value(index),
            term: self.term.get(index)?,
            serious: serious.is_valid(index) && serious.value(index),
        })
    }
}

/// `therapy_sessions`: the kinds that are told apart.
#[derive(Default)]
pub(super) struct TherapySessions {
    day: Option<Int32Array>,
    kind: Words<Option<Therapy>>,
}

impl Decode for TherapySessions {
    type Row = TherapySession;
    const COLUMNS: &'static [&'static str] = &["day", "kind"];

    fn load(&mut self, columns: &[ArrayRef]) {
        self.day = Some(int32(&columns[0]));
        self.kind.load(&columns[1], Therapy::of);
    }

    fn row(&self, index: usize) -> Option<TherapySession> {
        Some(TherapySession { day: self.day.as_ref()?.value(index), kind: self.kind.get(index)?? })
    }
}

/// `departures`, with the reasons that are told apart.
#[derive(Default)]
pub(super) struct Departures {
    day: Option<Int32Array>,
    reason: Words<Reason>,
}

impl Decode for Departures {
    type Row = Departure;
    const COLUMNS: &'static [&'static str] = &["day", "departure"];

    fn load(&mut self, columns: &[ArrayRef]) {
        self.day = Some(int32(&columns[0]));
        self.reason.load(&columns[1], Reason::of);
    }

    fn row(&self, index: usize) -> Option<Departure> {
        Some(Departure { day: self.day.as_ref()?.value(index), reason: self.reason.get(index)? })
    }
}
