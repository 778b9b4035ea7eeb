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
    /// Sum of recorded doses, mg per kg; `None` when any dose is missing, since
    /// a partial sum would pass for the whole.
    pub mg_per_kg: Option<f64>,
}

impl Series {
    /// Infusions after induction.
    pub fn boosters(&self) -> i32 {
        self.infusions - self.induction_infusions
    }

    fn begin(infusion: &Infusion) -> Self {
        Self {
            index_day: infusion.day,
            induction_end: infusion.day,
            infusions: 1,
            induction_infusions: 1,
            mg_per_kg: infusion.mg_per_kg,
        }
    }

    fn add(&mut self, infusion: &Infusion, gap: i32, study: &Study) {
        let still_induction = self.boosters() == 0 && gap <= study.induction_gap_days;
        self.infusions += 1;
        self.mg_per_kg = self.mg_per_kg.zip(infusion.mg_per_kg).map(|(sum, dose)| sum + dose);
        if still_induction {
            self.induction_infusions += 1;
            self.induction_end = infusion.day;
        }
    }
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
