//! Days, and the calendar periods a series is attributed to.

use std::fmt;

/// A day on the patient's own timeline. Dated input counts days since
/// 1970-01-01; study-day input counts days since the first infusion. Only
/// differences mean anything; `Period` reads the first kind alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// Year, month 1–12 and day of the month 1–31 of the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CivilDate {
    /// Year, for example 2026.
    pub year: i32,
    /// Month, 1–12.
    pub month: u32,
    /// Day of the month, 1–31.
    pub day: u32,
}

impl Day {
    /// Reads an ISO 8601 calendar date, `YYYY-MM-DD` and nothing else.
    ///
    /// Returns `None` for anything that is not a day of the Gregorian calendar.
    /// ```
    /// use relief::model::calendar::Day;
    /// assert_eq!(Day::parse_iso(b"1970-01-31"), Some(Day(30)));
    /// assert_eq!(Day::parse_iso(b"2026-02-30"), None);
    /// ```
    pub fn parse_iso(text: &[u8]) -> Option<Self> {
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text else {
            return None;
        };
        let year = number(&[y0, y1, y2, y3])?;
        let month = number(&[m0, m1])?;
        let day = number(&[d0, d1])?;
        let year_signed = i32::try_from(year).ok()?;
        let valid = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year_signed, month);
        valid.then(|| Self::from_civil(CivilDate { year: year_signed, month, day }))
    }

    /// Days from 1970-01-01 to `date`.
    ///
    /// Source: Hinnant, "chrono-compatible low-level date algorithms",
    /// `days_from_civil`.
    pub fn from_civil(date: CivilDate) -> Self {
        let year = if date.month <= 2 { date.year - 1 } else { date.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (date.month.cast_signed() + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + date.day.cast_signed() - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// The calendar date of a day counted from 1970-01-01 (Hinnant, `civil_from_days`).
    pub fn civil(self) -> CivilDate {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1).cast_unsigned();
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 }.cast_unsigned();
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        CivilDate { year, month, day }
    }
}

impl fmt::Display for Day {
    /// ISO 8601, for dated input only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CivilDate { year, month, day } = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
}

fn days_in_month(year: i32, month: u32) -> u32 {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A calendar period. Order is chronological within one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// Year and month 1–12.
    Month(i32, u32),
    /// Year and quarter 1–4.
    Quarter(i32, u32),
    /// Year.
    Year(i32),
}

impl Period {
    /// The month that holds `day` (counted from 1970-01-01).
    pub fn month_of(day: Day) -> Self {
        let date = day.civil();
        Self::Month(date.year, date.month)
    }

    /// The quarter that holds `day` (counted from 1970-01-01).
    pub fn quarter_of(day: Day) -> Self {
        let date = day.civil();
        Self::Quarter(date.year, date.month.div_ceil(3))
    }

    /// Reads `2026`, `2026Q3` or `2026-07`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, rest) = text.split_at_checked(4)?;
        let year = i32::try_from(number(year.as_bytes())?).ok()?;
        if rest.is_empty() {
            return Some(Self::Year(year));
        }
        let (mark, digits) = rest.split_at_checked(1)?;
        let index = number(digits.as_bytes())?;
        match (mark, digits.len()) {
            ("Q", 1) if (1..=4).contains(&index) => Some(Self::Quarter(year, index)),
            ("-", 2) if (1..=12).contains(&index) => Some(Self::Month(year, index)),
            _ => None,
        }
    }

    /// First day of the period.
    pub fn first_day(self) -> Day {
        let (year, month) = match self {
            Self::Month(year, month) => (year, month),
            Self::Quarter(year, quarter) => (year, quarter * 3 - 2),
            Self::Year(year) => (year, 1),
        };
        Day::from_civil(CivilDate { year, month, day: 1 })
    }

    /// Last day of the period.
    pub fn last_day(self) -> Day {
        Day(self.next().first_day().0 - 1)
    }

    /// The period of the same kind that follows.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Month(year, 12) => Self::Month(year + 1, 1),
            Self::Month(year, month) => Self::Month(year, month + 1),
            Self::Quarter(year, 4) => Self::Quarter(year + 1, 1),
            Self::Quarter(year, quarter) => Self::Quarter(year, quarter + 1),
            Self::Year(year) => Self::Year(year + 1),
        }
    }

    /// The period of the same kind that comes before.
    #[must_use]
    pub fn previous(self) -> Self {
        match self {
            Self::Month(year, 1) => Self::Month(year - 1, 12),
            Self::Month(year, month) => Self::Month(year, month - 1),
            Self::Quarter(year, 1) => Self::Quarter(year - 1, 4),
            Self::Quarter(year, quarter) => Self::Quarter(year, quarter - 1),
            Self::Year(year) => Self::Year(year - 1),
        }
    }
}

impl fmt::Display for Period {
    /// `2026-07`, `2026Q3` or `2026`: the form `parse` reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Quarter(year, quarter) => write!(f, "{year:04}Q{quarter}"),
            Self::Year(year) => write!(f, "{year:04}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Day, Period};

    #[test]
    fn every_day_of_four_centuries_survives_a_round_trip() {
        for day in -146_097..146_097 {
            let text = Day(day).to_string();
            assert_eq!(Day::parse_iso(text.as_bytes()), Some(Day(day)), "{text}");
        }
    }

    #[test]
    fn only_real_iso_dates_are_read() {
        for text in ["2026-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "20260101", "2026-01-32", ""] {
            assert_eq!(Day::parse_iso(text.as_bytes()), None, "{text}");
        }
        assert!(Day::parse_iso(b"2024-02-29").is_some());
    }

    #[test]
    fn a_period_holds_its_first_and_last_day_and_no_more() {
        for text in ["2026Q1", "2026Q4", "2024-02", "2023-12"] {
            let period = Period::parse(text).expect("listed periods parse");
            assert_eq!(period.to_string(), text);
            assert_eq!(period.next().first_day().0, period.last_day().0 + 1);
            assert_eq!(period.next().previous(), period);
        }
        assert_eq!(Period::quarter_of(Day::parse_iso(b"2026-06-30").expect("a date")).to_string(), "2026Q2");
        assert_eq!(Period::parse("2026Q5"), None);
    }
}
