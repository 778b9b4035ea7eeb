//! Questionnaires beside pain: depression, anxiety, post-traumatic stress, interference.

use super::chart::{Chart, Table};
use super::clinic::Clinic;
use super::draw::Stream;
use super::person::Person;
use super::scale::one_decimal;
use super::truth::PRIMARY;

/// Chance that a questionnaire improves by half or more, for responders in pain and for others.
pub(super) const MOOD_RESPONSE: [u32; 2] = [560, 240];

/// A sum score and how it is distributed before treatment.
#[derive(Debug)]
struct Questionnaire {
    instrument: &'static str,
    /// Share of those asked at all who fill it in.
    asked: u32,
    /// Share above the case threshold, and the range of scores above and below it.
    cases: u32,
    case: [i32; 2],
    rest: [i32; 2],
}

const QUESTIONNAIRES: &[Questionnaire] = &[
    Questionnaire { instrument: "phq9", asked: 950, cases: 480, case: [10, 24], rest: [0, 9] },
    Questionnaire { instrument: "gad7", asked: 900, cases: 400, case: [10, 20], rest: [0, 9] },
    Questionnaire { instrument: "pcl5", asked: 140, cases: 600, case: [33, 68], rest: [4, 32] },
];

/// Writes questionnaires at baseline and at every visit from four weeks on.
pub(super) fn write(person: &Person, clinic: &Clinic, stream: &mut Stream, chart: &mut Chart) {
    if stream.chance(clinic.mood) {
        for questionnaire in QUESTIONNAIRES {
            if stream.chance(questionnaire.asked) {
                write_questionnaire(questionnaire, person, stream, chart);
            }
        }
    }
    if stream.chance(250) {
        write_interference(person, stream, chart);
    }
}

fn write_questionnaire(questionnaire: &Questionnaire, person: &Person, stream: &mut Stream, chart: &mut Chart) {
    let is_case = stream.chance(questionnaire.cases);
    let [low, high] = if is_case { questionnaire.case } else { questionnaire.rest };
    let before = stream.between(low, high);
    let mut score = |day: i32, value: i32| {
        let fields = format_args!("{},,{value}", questionnaire.instrument);
        chart.record(Table::Assessments, person.day_zero + day, fields);
    };
    score(-stream.between(0, 14), before);
    let percent_left = percent_left(person, stream);
    for day in person.visits[1..].iter().flatten() {
        let wobble = stream.between(-1, 1);
        score(*day, (before * percent_left / 100 + wobble).clamp(0, high));
    }
}

fn percent_left(person: &Person, stream: &mut Stream) -> i32 {
    if stream.chance(MOOD_RESPONSE[usize::from(!person.responder)]) {
        stream.between(15, 45)
    } else {
        stream.between(58, 110)
    }
}

/// Pain interference, the mean of seven items with one decimal.
fn write_interference(person: &Person, stream: &mut Stream, chart: &mut Chart) {
    let before = stream.between(35, 95);
    let drop = if person.responder { stream.between(10, 40) } else { stream.between(-8, 12) };
    let mut score = |day: i32, tenths: i32| {
        let fields = format_args!("bpi_interference,,{}", one_decimal(tenths.clamp(0, 100)));
        chart.record(Table::Assessments, person.day_zero + day, fields);
    };
    score(-stream.between(0, 14), before);
    for day in person.visits[PRIMARY..].iter().flatten() {
        score(*day, before - drop);
    }
}
