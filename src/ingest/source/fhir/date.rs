//! FHIR dates → the day a canonical file writes.
//!
//! A time is cut off and its zone ignored: the day is the one the clinic wrote,
//! by its own calendar. A year or a month is no day and is never completed.

use super::datatype::Period;
use crate::model::reject::{DATE_PARTIAL, MISSING_VALUE, Rule};

/// The day of a `date`, `dateTime` or `instant`. What is no date at all is
/// handed on as it is; admission says what is wrong with it.
pub(super) fn day(written: Option<&str>) -> Result<&str, &'static Rule> {
    let text = written.map(str::trim).filter(|text| !text.is_empty()).ok_or(&MISSING_VALUE)?;
    if is_partial(text) {
        return Err(&DATE_PARTIAL);
    }
    Ok(text.split(['T', ' ']).next().unwrap_or(text))
}

/// The day of whichever of the elements is there; of a period, its start.
pub(super) fn first_day<'a>(at: [Option<&'a str>; 2], period: Option<&'a Period>) -> Result<&'a str, &'static Rule> {
    day(at.into_iter().flatten().next().or_else(|| period?.start.as_deref()))
}

/// `2019` or `2019-05`.
fn is_partial(text: &str) -> bool {
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('-') {
        None => digits(text, 4),
        Some((year, month)) => digits(year, 4) && digits(month, 2),
    }
}

/// Minutes between the two ends of a period; `None` unless both are times.
pub(super) fn minutes(period: &Period) -> Option<i64> {
    let seconds = instant(period.end.as_deref()?)? - instant(period.start.as_deref()?)?;
    (seconds > 0 && seconds % 60 == 0).then_some(seconds / 60)
}

/// Seconds since 1970 of a time with its zone, fractions left out.
fn instant(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T')?;
    let day = i64::from(crate::model::calendar::Day::parse_iso(date.as_bytes())?.0);
    let (clock, offset) = match time.find(['Z', '+', '-']) {
        Some(at) => (&time[..at], zone(&time[at..])?),
        None => (time, 0),
    };
    let mut parts = clock.split(':');
    let mut next = |most: i64| parts.next()?.split('.').next()?.parse::<i64>().ok().filter(|n| (0..=most).contains(n));
    let (hour, minute) = (next(24)?, next(59)?);
    let second = next(60).unwrap_or(0);
    Some(((day * 24 + hour) * 60 + minute) * 60 + second - offset)
}

/// Seconds east of Greenwich.
fn zone(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    Some(sign * (hours.parse::<i64>().ok()?.min(24) * 60 + minutes.parse::<i64>().ok()?.min(59)) * 60)
}

#[cfg(test)]
mod tests {
    use super::{day, minutes};
    use crate::ingest::source::fhir::datatype::Period;

    #[test]
    fn the_day_is_the_one_the_clinic_wrote() {
        for (written, expected) in [
            (Some("2026-03-01"), Ok("2026-03-01")),
            (Some("2026-03-01T23:30:00-05:00"), Ok("2026-03-01")),
            (Some("2026-03-01T00:30:00.123Z"), Ok("2026-03-01")),
            (Some("2019"), Err("date-partial")),
            (Some("2019-05"), Err("date-partial")),
            (Some(""), Err("missing-value")),
            (None, Err("missing-value")),
            (Some("May 2019"), Ok("May")),
        ] {
            assert_eq!(day(written).map_err(|rule| rule.id), expected, "{written:?}");
        }
    }

    #[test]
    fn a_duration_counts_across_zones_and_midnight() {
        let period = |start: &str, end: &str| Period { start: Some(start.to_owned()), end: Some(end.to_owned()) };
        for (start, end, expected) in [
            ("2026-03-01T09:00:00-05:00", "2026-03-01T09:40:00-05:00", Some(40)),
            ("2026-03-01T23:50:00Z", "2026-03-02T00:30:00Z", Some(40)),
            ("2026-03-01T09:00:00-05:00", "2026-03-01T14:40:00Z", Some(40)),
            ("2026-03-01T09:00:00-05:00", "2026-03-01T09:00:00-05:00", None),
            ("2026-03-01", "2026-03-02", None),
            ("2026-03-01T09:00:00", "2026-03-01T09:00:30", None),
        ] {
            assert_eq!(minutes(&period(start, end)), expected, "{start} {end}");
        }
    }
}
