//! Days since 1970-01-01, and the stretch of time the synthetic clinics live in.

use std::fmt;

/// First day a series may begin: 2023-07-01.
pub(super) const FIRST_START: i32 = 19_539;
/// Last day a series may begin: 2026-06-30, so that the newest of twelve quarters is immature.
pub(super) const LAST_START: i32 = 20_634;
/// Last day of the newest quarter that is mature at twelve weeks: 2026-03-31.
pub(super) const LAST_MATURE: i32 = 20_543;
/// Last day anything is recorded: 2026-09-30.
pub(super) const DATA_CUT: i32 = 20_726;

/// A day that prints as an ISO date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IsoDate(pub(super) i32);

impl fmt::Display for IsoDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// The calendar year `day` falls in.
pub(super) fn year(day: i32) -> i32 {
    civil(day).0
}

/// Moves Saturdays and Sundays on to Monday: clinics infuse on working days. `LAST_START` is a
/// Tuesday, so no start is moved past it.
pub(super) fn working_day(day: i32) -> i32 {
    // 1970-01-01 was a Thursday, so day 2 was the first Saturday.
    match (day - 2).rem_euclid(7) {
        0 => day + 2,
        1 => day + 1,
        _ => day,
    }
}

/// Year, month and day of a Gregorian date (Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`; eras before year 0 are left out).
fn civil(day: i32) -> (i32, i32, i32) {
    let shifted = day + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i32::from(month <= 2), month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::{DATA_CUT, FIRST_START, IsoDate, LAST_START, working_day};

    #[test]
    fn named_days_are_the_dates_they_claim() {
        let dates = [FIRST_START, LAST_START, DATA_CUT, 19_782].map(|d| IsoDate(d).to_string());
        assert_eq!(dates, ["2023-07-01", "2026-06-30", "2026-09-30", "2024-02-29"]);
    }

    #[test]
    fn a_weekend_becomes_monday() {
        // 2023-07-01 was a Saturday.
        let week: Vec<i32> = (0..7).map(|d| working_day(19_539 + d) - 19_539).collect();
        assert_eq!(week, [2, 2, 2, 3, 4, 5, 6]);
    }
}
