//! A patient written in a line: the shorthand of the spec tables.

use relief::derive::episode::{DataCut, Episode, Outcome, Scratch, episodes};
use relief::derive::history::{
    Assessment, Departure, Diagnosis, Infusion, PatientHistory, Prescription, Scale, TherapySession, Told, Withheld,
};
use relief::derive::medication::{Given, Meaning};
use relief::model::horizon::HORIZONS;
use relief::protocol::Protocol;

/// A patient's rows, owned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patient {
    pub(crate) infusions: Vec<Infusion>,
    pub(crate) assessments: Vec<Assessment>,
    pub(crate) prescriptions: Vec<Prescription>,
    pub(crate) withheld: Vec<Withheld>,
    pub(crate) reviews: Vec<i32>,
    pub(crate) diagnoses: Vec<Diagnosis>,
    pub(crate) therapy: Vec<TherapySession>,
    pub(crate) departures: Vec<Departure>,
}

/// An episode with its outcomes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Derived {
    pub(crate) episode: Episode,
    pub(crate) outcomes: [Outcome; HORIZONS.len()],
}

impl Patient {
    /// `infusions` as days, `scores` as `day:score[@item|vas]`.
    pub(crate) fn new(infusions: &str, scores: &str) -> Self {
        let mut patient = Self {
            infusions: days(infusions)
                .into_iter()
                .map(|day| Infusion { day, mg_per_kg: Some(0.5), ..Infusion::default() })
                .collect(),
            assessments: scores.split_whitespace().map(assessment).collect(),
            ..Self::default()
        };
        // Stable: rows of one day stay in the order recorded.
        patient.assessments.sort_by_key(|assessment| assessment.day);
        patient
    }

    /// `start: drug strength x quantity / days; …`
    pub(crate) fn with_prescriptions(mut self, text: &str, protocol: &Protocol) -> Self {
        let written = text.split(';').filter(|one| !one.trim().is_empty());
        self.prescriptions = written.filter_map(|one| prescription(one, protocol)).collect();
        self
    }

    pub(crate) fn history(&self) -> PatientHistory<'_> {
        PatientHistory {
            key: 1,
            site: "north",
            sex: "F",
            index_period: None,
            complete_feed: false,
            infusions: &self.infusions,
            assessments: &self.assessments,
            prescriptions: &self.prescriptions,
            withheld: &self.withheld,
            reviews: &self.reviews,
            diagnoses: &self.diagnoses,
            therapy: &self.therapy,
            departures: &self.departures,
            departures_told: Told::ALL,
        }
    }

    pub(crate) fn derive(&self, cut: i32, protocol: &Protocol) -> Vec<Derived> {
        let mut all = Vec::new();
        episodes(&self.history(), DataCut::Dated(cut), protocol, &mut Scratch::default(), |episode, _, outcomes| {
            all.push(Derived { episode: episode.clone(), outcomes: *outcomes });
        });
        all
    }
}

pub(crate) fn days(text: &str) -> Vec<i32> {
    text.split_whitespace().map(|day| day.parse().expect("days are whole numbers")).collect()
}

/// A score on the 0–10 scale in tenths.
pub(crate) fn tenths(text: &str) -> i32 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    whole.parse::<i32>().expect("a score") * 10 + fraction.parse::<i32>().expect("one decimal")
}

fn assessment(text: &str) -> Assessment {
    let (day, score) = text.split_once(':').expect("day:score");
    let (score, item) = score.split_once('@').unwrap_or((score, ""));
    let (score, instrument) = score.strip_suffix("vas").map_or((score, "pain_nrs"), |score| (score, "pain_vas_mm"));
    let scale = Scale::of(instrument, Some(item)).expect("a pain scale");
    Assessment { day: day.parse().expect("a day"), scale, score_x10: tenths(score) }
}

fn prescription(text: &str, protocol: &Protocol) -> Option<Prescription> {
    let (start, rest) = text.split_once(':').expect("start: drug");
    let (rest, for_oud) = rest.trim_end().strip_suffix("for oud").map_or((rest, false), |rest| (rest, true));
    let (rest, parenteral) = rest.trim_end().strip_suffix("injected").map_or((rest, false), |rest| (rest, true));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [drug, strength, "x", quantity, "/", days] = words[..] else { panic!("not a prescription: {text}") };
    let number = |text: &str| 1_000 * text.parse::<i64>().expect("a whole number");
    let meaning = Meaning::of(drug, protocol).expect("a drug of the pack");
    let (start, days) = (start.trim().parse().expect("a day"), days.parse().expect("days"));
    meaning.prescription(
        Given { parenteral, for_oud, ..Given::default() },
        start,
        days,
        [number(strength), number(quantity)],
    )
}
