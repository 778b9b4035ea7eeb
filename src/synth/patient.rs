//! One patient's life: the facts are drawn, then each part of care writes its lines in the chart.

use super::calendar::year;
use super::chart::{Chart, Table};
use super::clinic::Clinic;
use super::course::Course;
use super::departure::{Departure, REASONS};
use super::draw::Stream;
use super::person::{Person, Withdrawal};
use super::truth::{CONDITIONS, Condition};
use super::{departure, medication, mood, pain};

/// A patient as drawn and as written down.
#[derive(Debug)]
pub(super) struct Patient {
    pub(super) person: Person,
    pub(super) chart: Chart,
    pub(super) departure: Option<Departure>,
}

/// Lives the life of the patient whose code and stream these are; the streams
/// beside it say whose opioid is changed for another and who tells why they left.
pub(super) fn live(
    code: String,
    clinic: &Clinic,
    mut stream: Stream,
    mut rotating: Stream,
    leaving: Option<Stream>,
) -> Patient {
    let stream = &mut stream;
    let mut chart = Chart::new(code);
    let mut person = Person::draw(clinic, stream);
    if let Some(habit) = &mut person.opioid {
        habit.rotate(&mut rotating);
    }
    let departure = leaving.and_then(|mut leaving| departure::draw(&person, &mut leaving));
    if let Some(Departure { reason, day }) = departure {
        chart.record(Table::Departures, day, format_args!("{}", REASONS[reason].0));
        chart.end(day);
    }
    write_patient(&person, stream, &mut chart);
    write_diagnoses(&person, stream, &mut chart);
    let course = Course::draw(&person, stream);
    course.write(clinic, stream, &mut chart);
    pain::write(&person, &course, clinic, stream, &mut chart);
    mood::write(&person, clinic, stream, &mut chart);
    medication::write(&person, stream, &mut chart);
    write_therapy(&person, stream, &mut chart);
    write_withdrawal(&person, &mut chart);
    Patient { person, chart, departure }
}

fn write_patient(person: &Person, stream: &mut Stream, chart: &mut Chart) {
    let sexes = [("F", 620), ("M", 340), ("U", 30), ("X", 10)];
    let sex = stream.weighted(&sexes, |s| s.1).0;
    // At most 86 at the start, so that nobody is over 89 at the data cut three years on.
    let age = 18 + stream.between(0, 33) + stream.between(0, 35);
    if stream.chance(10) {
        chart.state(Table::Patients, format_args!("{sex},"));
    } else {
        let birth_year = year(person.day_zero) - age;
        chart.state(Table::Patients, format_args!("{sex},{birth_year}"));
    }
}

fn write_diagnoses(person: &Person, stream: &mut Stream, chart: &mut Chart) {
    write_diagnosis(person.condition, 1, stream, chart);
    // The unspecified codes yield to any specific one, so a second diagnosis beside them would
    // move the patient to another condition than the planted one.
    let unspecified = ["chronic_pain_nos", "other"].contains(&person.condition.code);
    if stream.chance(250) && !unspecified {
        let second = stream.weighted(CONDITIONS, |c| c.share);
        if second.code != person.condition.code {
            write_diagnosis(second, 2, stream, chart);
        }
    }
}

/// Most clinics export pack codes; some export what the billing system or the clerk wrote.
fn write_diagnosis(condition: &Condition, rank: u32, stream: &mut Stream, chart: &mut Chart) {
    let icd = if condition.icd.is_empty() { "" } else { stream.pick(condition.icd) };
    let written = match stream.below(100) {
        0..20 if !icd.is_empty() => icd,
        20..30 if !condition.aliases.is_empty() => stream.pick(condition.aliases),
        _ => condition.code,
    };
    chart.state(Table::Diagnoses, format_args!("{written},{rank},{icd}"));
}

fn write_therapy(person: &Person, stream: &mut Stream, chart: &mut Chart) {
    if !stream.chance(320) {
        return;
    }
    let kind = stream.pick(&["psychotherapy", "psychotherapy", "pain_reprogramming"]);
    // One in five begins after day 14, when it is too late to count as adjunct therapy.
    let first = if stream.chance(200) { stream.between(15, 50) } else { stream.between(0, 14) };
    for week in 0..stream.between(3, 9) {
        chart.record(Table::TherapySessions, person.day_zero + first + 7 * week, format_args!("{kind}"));
    }
}

fn write_withdrawal(person: &Person, chart: &mut Chart) {
    if let Some(Withdrawal { scope, day }) = person.withdrawal {
        chart.record(Table::Withdrawals, day, format_args!("{scope}"));
    }
}
