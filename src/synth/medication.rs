//! Prescriptions beside the opioid habit, and the reviews that say a list is complete.

use super::chart::{Chart, Table};
use super::draw::Stream;
use super::person::Person;
use super::truth::HORIZONS;

/// Writes every prescription and medication review of one patient.
pub(super) fn write(person: &Person, stream: &mut Stream, chart: &mut Chart) {
    match &person.opioid {
        Some(habit) => habit.write(person, stream, chart),
        None => write_occasional(person, stream, chart),
    }
    write_benzodiazepine(person, stream, chart);
    write_gabapentin(person, stream, chart);
    write_reviews(person, stream, chart);
}

/// Opioids that do not make a baseline user: a week after surgery, or buprenorphine alone; and
/// fentanyl given during a procedure, which is no prescription at all.
fn write_occasional(person: &Person, stream: &mut Stream, chart: &mut Chart) {
    let zero = person.day_zero;
    match stream.below(1000) {
        0..30 => {
            let day = zero - stream.between(8, 29);
            chart.prescribe(day, format_args!("7,oxycodone,5,mg,28,oral,postoperative"));
        }
        30..40 => {
            for day in (-56..84).step_by(28) {
                let fields = format_args!("28,buprenorphine_patch,10,mcg/h,4,transdermal,pain");
                chart.prescribe(zero + day, fields);
            }
        }
        40..45 => {
            let day = zero - stream.between(1, 29);
            chart.prescribe(day, format_args!("1,fentanyl_iv,50,mcg,2,iv,procedure"));
        }
        _ => {}
    }
}

/// Opioid users take benzodiazepines more often, which is what makes co-use worth counting.
fn write_benzodiazepine(person: &Person, stream: &mut Stream, chart: &mut Chart) {
    let share = if person.opioid.is_some() { 180 } else { 90 };
    if stream.chance(share) {
        let script = stream.pick(&[
            "30,alprazolam,0.5,mg,60,oral,anxiety",
            "30,clonazepam,0.5,mg,60,oral,anxiety",
            "30,lorazepam,1,mg,30,oral,anxiety",
            "30,diazepam,5,mg,30,oral,spasm",
            "30,zolpidem,10,mg,30,oral,insomnia",
        ]);
        let stops = if person.responder { 350 } else { 120 };
        let end = if stream.chance(stops) { 45 } else { 150 };
        refill(person, script, end, stream, chart);
    }
}

/// A drug that is neither an opioid nor a benzodiazepine and must not disturb either measure.
fn write_gabapentin(person: &Person, stream: &mut Stream, chart: &mut Chart) {
    if stream.chance(200) {
        refill(person, "30,gabapentin,300,mg,90,oral,pain", 120, stream, chart);
    }
}

fn refill(person: &Person, script: &str, end: i32, stream: &mut Stream, chart: &mut Chart) {
    for day in (-stream.between(30, 59)..end).step_by(30) {
        chart.prescribe(person.day_zero + day, format_args!("{script}"));
    }
}

/// A review belongs to every visit from four weeks on and lies at or after the horizon's target
/// day: only then has it seen the whole thirty-day window that ends there.
fn write_reviews(person: &Person, stream: &mut Stream, chart: &mut Chart) {
    let before = person.day_zero - stream.between(0, 7);
    let complete = person.opioid.is_some() || stream.chance(900);
    chart.record(Table::MedicationReviews, before, format_args!("{complete}"));
    for (index, horizon) in HORIZONS.iter().enumerate().skip(1) {
        if let Some(visit) = person.visits[index] {
            let day = person.day_zero + visit.max(horizon.target) + stream.between(0, 3);
            let complete = person.reviewed[index];
            chart.record(Table::MedicationReviews, day, format_args!("{complete}"));
        }
    }
}
