//! The infusions of one patient: induction, boosters, sometimes a second series.

use super::calendar::{DATA_CUT, working_day};
use super::chart::{Chart, Table};
use super::clinic::Clinic;
use super::draw::Stream;
use super::person::Person;
use super::truth::{HORIZONS, PRIMARY, SECOND_SERIES, STOPS_EARLY};

/// Days of infusions, by what the infusion is for.
#[derive(Debug)]
pub(super) struct Course {
    /// The first series' induction; its first day is day 0.
    pub(super) induction: Vec<i32>,
    /// Single infusions later in the same series.
    pub(super) boosters: Vec<i32>,
    /// The induction of a second series, more than ninety days after the last infusion.
    pub(super) second: Vec<i32>,
}

impl Course {
    pub(super) fn draw(person: &Person, stream: &mut Stream) -> Self {
        let induction = induction(person.day_zero, stream);
        let boosters = boosters(person, &induction, stream);
        let last = *boosters.last().unwrap_or(&induction[induction.len() - 1]);
        let second = second_series(person, last, stream);
        Self { induction, boosters, second }
    }

    /// Writes every infusion with its dose and its adverse events.
    pub(super) fn write(&self, clinic: &Clinic, stream: &mut Stream, chart: &mut Chart) {
        let kilograms = 45 + stream.between(0, 35) + stream.between(0, 35);
        let hundredths = stream.pick(&[50, 50, 50, 75, 80, 100]);
        let minutes = stream.pick(&[40, 40, 60, 60, 90, 120, 240]);
        for &day in self.induction.iter().chain(&self.boosters).chain(&self.second) {
            let asked = stream.chance(clinic.ae_asked);
            // A half-milligram dose in tenths, the precision of an infusion pump.
            let dose = kilograms * hundredths / 10;
            let (per_kg, mg) = (hundredths_written(hundredths), super::scale::one_decimal(dose));
            chart.record(Table::Infusions, day, format_args!("{per_kg},{mg},{minutes},{asked}"));
            if asked && stream.chance(220) {
                write_adverse_event(day, stream, chart);
            }
        }
    }
}

fn hundredths_written(hundredths: i32) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Five infusions over ten to fourteen days; no two of them can be more than fourteen apart.
fn induction(first: i32, stream: &mut Stream) -> Vec<i32> {
    let span = stream.between(10, 14);
    let count = if stream.chance(STOPS_EARLY) { stream.between(1, 4) } else { 5 };
    (0..count).map(|i| first + i * span / 4).collect()
}

/// Boosters come to those who are still in care at twelve weeks, mostly if they respond. Gaps stay
/// under ninety days, so all belong to the first series.
fn boosters(person: &Person, induction: &[i32], stream: &mut Stream) -> Vec<i32> {
    let wants = stream.chance(if person.responder { 750 } else { 300 });
    if !wants || person.visits[PRIMARY].is_none() {
        return Vec::new();
    }
    let mut day = induction[induction.len() - 1];
    let count = stream.between(1, 6);
    let days = (0..count).map(|_| {
        day = working_day(day + stream.between(28, 84));
        // A score of an infusion day is no outcome, so a visit keeps its day to itself.
        if person.visits.contains(&Some(day - person.day_zero)) {
            day = working_day(day + 1);
        }
        day
    });
    days.take_while(|&day| day <= DATA_CUT).collect()
}

/// A second series begins after the last window of the first has closed, so that its own
/// near-zero scores cannot fall into the first one's follow-up.
fn second_series(person: &Person, last: i32, stream: &mut Stream) -> Vec<i32> {
    let late_horizon = person.day_zero + HORIZONS[HORIZONS.len() - 1].due;
    let first = working_day((last + 92).max(late_horizon + 1) + stream.between(0, 150));
    if stream.chance(SECOND_SERIES) && first <= DATA_CUT { induction(first, stream) } else { Vec::new() }
}

fn write_adverse_event(day: i32, stream: &mut Stream, chart: &mut Chart) {
    const TERMS: &[(&str, u32)] = &[
        ("dissociation", 300),
        ("nausea_vomiting", 220),
        ("hypertension", 130),
        ("headache", 120),
        ("sedation", 120),
        ("tachycardia", 40),
        ("emergence_agitation", 30),
        ("bradycardia", 15),
        ("desaturation", 15),
        ("cystitis_symptoms", 6),
        ("lft_rise", 4),
    ];
    let term = stream.weighted(TERMS, |t| t.1).0;
    let grade = stream.weighted(&[(1, 700), (2, 250), (3, 45), (4, 5)], |g| g.1).0;
    let serious = grade >= 3 && stream.chance(300);
    chart.record(Table::AdverseEvents, day, format_args!("{term},{grade},{serious}"));
}
