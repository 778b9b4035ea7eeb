//! One patient's history, the way a clinician reads a chart: every table's
//! rows for that patient, in order of day.

use crate::model::vocabulary::PAIN_ITEMS;
use std::ops::Range;

use crate::model::opioid::Dispensing;

/// One ketamine infusion.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Infusion {
    /// Day on the patient's timeline.
    pub day: i32,
    /// Dose in mg per kg body weight, where recorded.
    pub mg_per_kg: Option<f64>,
    /// Length in minutes, where recorded.
    pub minutes: Option<f64>,
    /// Whether it is on record that adverse events were asked for.
    pub asked: bool,
}

/// Adds the days of infusions that were set aside, in order, of which nothing else
/// is known. On the day of a sound row it is that infusion, written down twice.
pub fn add_withheld(infusions: &mut Vec<Infusion>, days: &[i32]) {
    for &day in days {
        if let Err(place) = infusions.binary_search_by_key(&day, |infusion| infusion.day) {
            infusions.insert(place, Infusion { day, ..Infusion::default() });
        }
    }
}

/// A prescription that was quarantined and may be an opioid's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// First day, where readable.
    pub start: Option<i32>,
    /// Days of supply, where readable.
    pub days: Option<i32>,
}

/// One adverse event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdverseEvent {
    /// Day on the patient's timeline.
    pub day: i32,
    /// Position of its term in the pack; one past the last for any other.
    pub term: usize,
    /// Whether it was recorded as serious.
    pub serious: bool,
}

/// What an assessment measures. Pain scales are ordered by preference; a pair
/// of scores never mixes two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scale {
    /// A pain intensity scale; a lower rank is preferred.
    Pain(u8),
    /// The total of a questionnaire, by its position in [`QUESTIONNAIRES`].
    Questionnaire(u8),
}

/// Questionnaires whose totals have measures, by instrument id.
pub const QUESTIONNAIRES: [&str; 9] =
    ["phq9", "gad7", "pcl5", "bpi_severity", "bpi_interference", "pgic", "pcs", "pseq", "promis_pi"];
/// Items under which a total may be written; a single question is no total.
const TOTALS: [&str; 3] = ["", "total", "mean"];
/// Position of PGIC, which has no score before treatment and two directions.
pub const PGIC: usize = 5;

/// The numeric rating before the visual analogue scale.
const PAIN_INSTRUMENTS: [&str; 2] = ["pain_nrs", "pain_vas_mm"];

impl Scale {
    /// The scale of an assessment; `None` for one no measure uses.
    pub fn of(instrument: &str, item: Option<&str>) -> Option<Self> {
        let item = item.unwrap_or("");
        if let Some(position) = QUESTIONNAIRES.iter().position(|known| *known == instrument) {
            let total = TOTALS.contains(&item);
            return u8::try_from(position).ok().filter(|_| total).map(Self::Questionnaire);
        }
        let item = PAIN_ITEMS.iter().position(|known| *known == item)?;
        let instrument = PAIN_INSTRUMENTS.iter().position(|known| *known == instrument)?;
        u8::try_from(item * PAIN_INSTRUMENTS.len() + instrument).ok().map(Self::Pain)
    }

    /// The position of a questionnaire.
    pub fn questionnaire(self) -> Option<usize> {
        if let Self::Questionnaire(position) = self { Some(usize::from(position)) } else { None }
    }

    /// The scale in words: `pain_nrs/average`, `pain_vas_mm`, `phq9`.
    pub fn name(self) -> String {
        match self {
            Self::Questionnaire(position) => QUESTIONNAIRES[usize::from(position)].to_owned(),
            Self::Pain(rank) => {
                let (item, instrument) = (usize::from(rank) / 2, usize::from(rank) % 2);
                match PAIN_ITEMS[item] {
                    "" => PAIN_INSTRUMENTS[instrument].to_owned(),
                    named => format!("{}/{named}", PAIN_INSTRUMENTS[instrument]),
                }
            }
        }
    }
}

/// One score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// Day on the patient's timeline.
    pub day: i32,
    /// What it measures.
    pub scale: Scale,
    /// Score in tenths; of PGIC with 7 as "very much improved".
    pub score_x10: i32,
}

/// What a prescription means to the opioid measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medication {
    /// An opioid with a factor.
    Opioid,
    /// An opioid the factor set cannot convert.
    Unconvertible,
    /// Buprenorphine for pain.
    Buprenorphine,
    /// An opioid agonist for opioid use disorder.
    OudTreatment,
    /// A benzodiazepine.
    Benzodiazepine,
}

/// One dispensing of a drug the opioid measures look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prescription {
    /// What it means.
    pub medication: Medication,
    /// Position of the drug in the pack.
    pub drug: u16,
    /// When it was active, and the daily dose: of an `Opioid` in MME, of an
    /// `Unconvertible` one its amount under `Factor::LEAST`, which only another
    /// set of factors can read, and zero of all others.
    pub dispensing: Dispensing,
}

/// One diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Position of the condition in the pack.
    pub condition: usize,
    /// Rank, 1 = primary, where recorded.
    pub rank: Option<i32>,
    /// Long-term opioid use, ICD-10-CM Z79.891.
    pub long_term_opioid: bool,
    /// Which comorbidities the code names, by pack position: one bit each.
    pub comorbidities: u8,
}

/// One session beside the infusions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TherapySession {
    /// Day on the patient's timeline.
    pub day: i32,
    /// What it was.
    pub kind: Therapy,
}

/// Therapies that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Therapy {
    /// Psychotherapy.
    Psychotherapy,
    /// Pain reprogramming.
    PainReprogramming,
}

impl Therapy {
    /// The therapy a code names; `None` for one no measure looks at.
    pub fn of(kind: &str) -> Option<Self> {
        match kind {
            "psychotherapy" => Some(Self::Psychotherapy),
            "pain_reprogramming" => Some(Self::PainReprogramming),
            _ => None,
        }
    }
}

/// Since when and why a patient could not be asked any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Day on the patient's timeline.
    pub day: i32,
    /// Why.
    pub reason: Reason,
}

/// Reasons that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Died.
    Died,
    /// Stopped treatment or follow-up.
    Withdrew,
    /// Moved away or went to another clinic.
    Moved,
    /// Another reason.
    Other,
}

impl Reason {
    /// Every one, in report order.
    pub const ALL: [Self; 4] = [Self::Died, Self::Withdrew, Self::Moved, Self::Other];

    /// The reason a code names; another one for a code that names none of them.
    pub fn of(code: &str) -> Self {
        match code {
            "died" => Self::Died,
            "withdrew" => Self::Withdrew,
            "moved" => Self::Moved,
            _ => Self::Other,
        }
    }
}

/// Which reasons a patient's sources would have told, had there been one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told([bool; 4]);

impl Told {
    /// Every reason.
    pub const ALL: Self = Self([true; 4]);

    /// These, by their codes.
    pub fn of<'a>(codes: impl IntoIterator<Item = &'a str>) -> Self {
        let mut told = Self::default();
        codes.into_iter().for_each(|code| told.0[Reason::of(code) as usize] = true);
        told
    }

    /// Whether the source tells this one.
    pub fn tells(self, reason: Reason) -> bool {
        self.0[reason as usize]
    }
}

/// What a source tells, or all sources of a patient together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// Whether absence of prescriptions is absence of drugs.
    pub complete: bool,
    /// Which departures it would tell.
    pub departures: Told,
}

impl Feed {
    /// What the sources at these positions tell together: what one of them tells
    /// of the patient is told.
    pub fn of(positions: &str, feeds: &[Self]) -> Self {
        let known = positions.split(' ').filter_map(|position| feeds.get(position.parse::<usize>().ok()?));
        known.fold(Self::default(), |mut all, feed| {
            all.complete |= feed.complete;
            for (told, more) in all.departures.0.iter_mut().zip(feed.departures.0) {
                *told |= more;
            }
            all
        })
    }
}

/// A patient's rows in every table, sorted by day.
#[derive(Clone, Copy, Debug, Default)]
pub struct PatientHistory<'a> {
    /// Key, for the output row only.
    pub key: i64,
    /// Site code.
    pub site: &'a str,
    /// Sex as recorded.
    pub sex: &'a str,
    /// Period of the first infusion, where the site gave it.
    pub index_period: Option<&'a str>,
    /// Whether absence of prescriptions is absence of drugs.
    pub complete_feed: bool,
    /// Infusions.
    pub infusions: &'a [Infusion],
    /// Scores.
    pub assessments: &'a [Assessment],
    /// Dispensings.
    pub prescriptions: &'a [Prescription],
    /// Prescriptions that were quarantined.
    pub withheld: &'a [Withheld],
    /// Days on which the medication list was confirmed complete.
    pub reviews: &'a [i32],
    /// Diagnoses, in the order recorded.
    pub diagnoses: &'a [Diagnosis],
    /// Therapy sessions.
    pub therapy: &'a [TherapySession],
    /// Departures.
    pub departures: &'a [Departure],
    /// What the patient's sources tell of them: without it, no departure on record does not
    /// mean that nobody departed.
    pub departures_told: Told,
}

/// A stretch of days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First day.
    pub first: i32,
    /// Last day.
    pub last: i32,
}

impl Window {
    /// Whether `day` lies in it.
    pub fn holds(self, day: i32) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// Number of days.
    pub fn days(self) -> i32 {
        self.last - self.first + 1
    }
}

impl PatientHistory<'_> {
    /// Whether an infusion was given on `day`. Scores of that day are not
    /// outcomes: right after ketamine they are near 0 whatever comes later.
    pub fn infused_on(&self, day: i32) -> bool {
        self.infusions.binary_search_by_key(&day, |infusion| infusion.day).is_ok()
    }

    /// The assessments within `window`: a contiguous range, since they are sorted.
    pub fn assessments_in(&self, window: Window) -> &[Assessment] {
        &self.assessments[self.range(window)]
    }

    fn range(&self, window: Window) -> Range<usize> {
        let start = self.assessments.partition_point(|assessment| assessment.day < window.first);
        let end = self.assessments.partition_point(|assessment| assessment.day <= window.last);
        start..end.max(start)
    }
}

#[cfg(test)]
mod tests {
    use super::{Feed, Reason, Told};

    #[test]
    fn what_one_source_of_a_patient_tells_is_told() {
        let feeds = [
            Feed { complete: false, departures: Told::of(["died"]) },
            Feed { complete: true, departures: Told::default() },
            Feed { complete: false, departures: Told::of(["moved"]) },
        ];
        let told = |positions: &str| {
            let feed = Feed::of(positions, &feeds);
            (feed.complete, Reason::ALL.map(|reason| feed.departures.tells(reason)))
        };
        assert_eq!(told("0"), (false, [true, false, false, false]));
        assert_eq!(told("0 1"), (true, [true, false, false, false]));
        assert_eq!(told("0 2"), (false, [true, false, true, false]));
        assert_eq!(told("0 1 2"), (true, [true, false, true, false]));
        assert_eq!([told(""), told("7")], [(false, [false; 4]); 2]);
    }
}
