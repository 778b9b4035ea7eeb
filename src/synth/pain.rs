//! Pain scores: before treatment, during it, and at follow-up.

use super::chart::{Chart, Table};
use super::clinic::Clinic;
use super::course::Course;
use super::draw::Stream;
use super::person::Person;
use super::truth::{HORIZONS, PRIMARY};

/// Writes all pain scores of one patient.
pub(super) fn write(person: &Person, course: &Course, clinic: &Clinic, stream: &mut Stream, chart: &mut Chart) {
    let mut score = |day: i32, tenths: i32| {
        let (instrument, written) = (person.scale.instrument(), person.scale.written(tenths));
        let fields = format_args!("{instrument},{},{written}", clinic.item);
        chart.record(Table::Assessments, day, fields);
    };
    write_baseline(person, stream, &mut score);
    write_infusion_days(person, &course.induction, stream, &mut score);
    write_follow_up(person, stream, &mut score);
    write_booster_days(person, &course.boosters, stream, &mut score);
    write_second_series(person, &course.second, stream, &mut score);
}

/// The last score before treatment is the baseline; an earlier screening score, a little off,
/// must not be taken for it.
fn write_baseline(person: &Person, stream: &mut Stream, score: &mut impl FnMut(i32, i32)) {
    let (zero, baseline) = (person.day_zero, person.baseline);
    let screening = person.scale.rounded((baseline + stream.pick(&[-10, 0, 10])).clamp(0, 100));
    if stream.chance(350) {
        score(zero - stream.between(35, 60), screening);
    }
    if !person.has_baseline {
        return;
    }
    let screened = stream.chance(250);
    if screened {
        score(zero - stream.between(15, 30), screening);
    }
    // A third are asked on day 0 itself, before the first infusion; but not who was screened,
    // since a score known to precede the infusion is preferred to one of its day.
    let day = if stream.chance(330) && !screened { 0 } else { stream.between(1, 14) };
    score(zero - day, baseline);
}

/// The trap: minutes after ketamine pain is near zero. Day 0 is left out, because two scores on
/// one day could not be told apart.
fn write_infusion_days(person: &Person, days: &[i32], stream: &mut Stream, score: &mut impl FnMut(i32, i32)) {
    for &day in days.iter().skip(1) {
        let near_zero = person.scale.rounded(stream.between(0, 20).min(person.baseline));
        if stream.chance(700) {
            score(day, near_zero);
        }
    }
}

fn write_follow_up(person: &Person, stream: &mut Stream, score: &mut impl FnMut(i32, i32)) {
    for (visit, &tenths) in person.visits.iter().zip(&person.after) {
        if let Some(day) = visit {
            score(person.day_zero + day, tenths);
        }
    }
    // A call between two windows, at the level of the visit before it.
    if person.visits[PRIMARY].is_some() && stream.chance(200) {
        score(person.day_zero + stream.between(112, 138), person.after[PRIMARY]);
    }
}

/// Pain on the day of a booster is asked before the infusion. Inside a window it repeats that
/// window's level, so it may stand in for the visit but never change its outcome.
fn write_booster_days(person: &Person, boosters: &[i32], stream: &mut Stream, score: &mut impl FnMut(i32, i32)) {
    const WINDOWS: [(usize, i32, i32); 2] = [(2, 63, 111), (3, 140, 210)];
    for day in boosters {
        let since_zero = day - person.day_zero;
        for (horizon, from, to) in WINDOWS {
            let seen = person.visits[horizon].is_some_and(|visit| visit != since_zero);
            if seen && (from..=to).contains(&since_zero) && stream.chance(500) {
                score(*day, person.after[horizon]);
            }
        }
    }
}

/// A second series starts from the old pain and ends, twelve weeks on, where the first did.
fn write_second_series(person: &Person, second: &[i32], stream: &mut Stream, score: &mut impl FnMut(i32, i32)) {
    let Some(&first) = second.first() else { return };
    score(first - stream.between(1, 7), person.baseline);
    write_infusion_days(person, second, stream, score);
    let day = first + stream.between(HORIZONS[PRIMARY].visit[0], HORIZONS[PRIMARY].visit[1]);
    if stream.chance(600) {
        score(day, person.after[PRIMARY]);
    }
}
