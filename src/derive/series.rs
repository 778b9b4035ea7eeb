//! Infusions → treatment series.
//!
//! A gap of more than `series_gap_days` begins a new series. Within a series,
//! induction lasts while each infusion follows the one before by at most
//! `induction_gap_days`; everything after the first longer gap is a booster
//! (definitions, measures.md §0).

use super::history::Infusion;
use crate::protocol::Study;

/// One course of treatment. Landmarks count from `index_day`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Series {
    /// Day of the first infusion: day 0 of the series.
    pub index_day: i32,
    /// Day of the last induction infusion.
    pub induction_end: i32,
    /// Infusions in the series.
    pub infusions: i32,
    /// Infusions in the induction course.
    pub induction_infusions: i32,
    /// Sum of the doses of the induction infusions, thousandths of mg per kg;
    /// `None` when any is missing.
    induction_dose_x1000: Option<i64>,
    /// Sum of the lengths of the induction infusions, thousandths of a minute.
    induction_minutes_x1000: Option<i64>,
    /// Sum of recorded doses, mg per kg; `None` when any dose is missing, since
    /// a partial sum would pass for the whole.
    pub mg_per_kg: Option<f64>,
}

impl Series {
    /// Infusions after induction.
    pub fn boosters(&self) -> i32 {
        self.infusions - self.induction_infusions
    }

    /// Average dose of the induction infusions in thousandths of mg per kg,
    /// rounded down; `None` when any is missing.
    pub fn dose_x1000(&self) -> Option<i32> {
        average(self.induction_dose_x1000?, self.induction_infusions)
    }

    /// Average length of the induction infusions in tenths of a minute, rounded
    /// down; `None` when any is missing.
    pub fn minutes_x10(&self) -> Option<i32> {
        average(self.induction_minutes_x1000?, self.induction_infusions * 100)
    }

    fn begin(infusion: &Infusion) -> Self {
        Self {
            index_day: infusion.day,
            induction_end: infusion.day,
            infusions: 1,
            induction_infusions: 1,
            mg_per_kg: infusion.mg_per_kg,
            induction_dose_x1000: infusion.mg_per_kg.map(thousandths),
            induction_minutes_x1000: infusion.minutes.map(thousandths),
        }
    }

    fn add(&mut self, infusion: &Infusion, gap: i32, study: &Study) {
        let still_induction = self.boosters() == 0 && gap <= study.induction_gap_days;
        self.infusions += 1;
        self.mg_per_kg = self.mg_per_kg.zip(infusion.mg_per_kg).map(|(sum, dose)| sum + dose);
        if still_induction {
            self.induction_infusions += 1;
            self.induction_end = infusion.day;
            let add = |sum: Option<i64>, more: Option<f64>| sum.zip(more).map(|(sum, more)| sum + thousandths(more));
            self.induction_dose_x1000 = add(self.induction_dose_x1000, infusion.mg_per_kg);
            self.induction_minutes_x1000 = add(self.induction_minutes_x1000, infusion.minutes);
        }
    }
}

/// Whole numbers, so that an average does not depend on the order of a sum.
#[expect(clippy::cast_possible_truncation, reason = "admission bounds doses and lengths")]
fn thousandths(value: f64) -> i64 {
    (value * 1_000.0).round() as i64
}

fn average(sum: i64, of: i32) -> Option<i32> {
    i32::try_from(sum / i64::from(of)).ok()
}

/// Splits infusions, sorted by day, into series. Every infusion is in exactly one.
pub fn split(infusions: &[Infusion], study: &Study, series: &mut Vec<Series>) {
    series.clear();
    let mut last_day = None;
    for infusion in infusions {
        let gap = last_day.map(|last| infusion.day - last);
        match (gap, series.last_mut()) {
            (Some(gap), Some(current)) if gap <= study.series_gap_days => current.add(infusion, gap, study),
            _ => series.push(Series::begin(infusion)),
        }
        last_day = Some(infusion.day);
    }
}
