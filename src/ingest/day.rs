//! The time column: dates or study days, within what a record can mean.

use super::admit::Problem;
use super::layout::Cell;
use super::number;
use super::record::Record;
use crate::model::calendar::{CivilDate, Day};
use crate::model::reject::{DATE_INVALID, DATE_TOO_EARLY, DATE_TOO_LATE, STUDY_DAY_INVALID};
use crate::store::CalendarKind;

use super::admit::YEARS;

/// Study days a record can mean: ten years around the first infusion.
const STUDY_DAYS: std::ops::RangeInclusive<i64> = -3_650..=3_650;

/// Reads the time column of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct DayReader {
    cell: Cell,
    kind: CalendarKind,
    first: Day,
    last: Day,
}

impl DayReader {
    /// A reader that takes no day after `data_cut`, or after the last year
    /// where there is none: one date in the far future would otherwise decide
    /// who is due.
    pub(super) fn new(cell: Cell, kind: CalendarKind, data_cut: Option<Day>) -> Self {
        let first = Day::from_civil(CivilDate { year: *YEARS.start(), month: 1, day: 1 });
        let end = Day::from_civil(CivilDate { year: *YEARS.end(), month: 12, day: 31 });
        Self { cell, kind, first, last: data_cut.unwrap_or(end) }
    }

    /// The day of a record.
    #[inline]
    pub(super) fn read(&self, record: &Record<'_>) -> Result<i32, Problem> {
        let text = self.cell.required(record)?;
        match self.kind {
            CalendarKind::Dated => self.date(text),
            CalendarKind::StudyDay => self.study_day(text),
        }
    }

    /// The day of a record set aside, which may be too early to be a row: an order
    /// of 1980 says nothing about the dose of today. What is earlier than any
    /// chart is a slip (spreadsheets begin in 1900), and its day is unknown.
    pub(super) fn written(&self, record: &Record<'_>) -> Option<i32> {
        let oldest = Day::from_civil(CivilDate { year: 1940, month: 1, day: 1 });
        let text = self.cell.optional(record)?;
        match self.kind {
            CalendarKind::Dated => {
                Day::parse_iso(text).filter(|day| (oldest..=self.last).contains(day)).map(|day| day.0)
            }
            CalendarKind::StudyDay => self.study_day(text).ok(),
        }
    }

    fn date(&self, text: &[u8]) -> Result<i32, Problem> {
        let day = Day::parse_iso(text).ok_or_else(|| self.cell.breaks(&DATE_INVALID))?;
        if day < self.first {
            return Err(self.cell.breaks(&DATE_TOO_EARLY));
        }
        if day > self.last { Err(self.cell.breaks(&DATE_TOO_LATE)) } else { Ok(day.0) }
    }

    fn study_day(&self, text: &[u8]) -> Result<i32, Problem> {
        let day = number::whole(text).filter(|day| STUDY_DAYS.contains(day));
        let day = day.ok_or_else(|| self.cell.breaks(&STUDY_DAY_INVALID))?;
        Ok(i32::try_from(day).expect("within ten years"))
    }
}
