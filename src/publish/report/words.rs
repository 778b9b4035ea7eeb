//! Numbers → words, in one voice: numbers before adjectives, “likely between”
//! for 95 % intervals, and a reason wherever a number is not shown.
//!
//! Every function takes the row, never a bare number, so that a hidden number
//! has no way onto the page.

use crate::estimate::result::{Estimand, Population};
use crate::model::calendar::{Day, Period};
use crate::publish::report::select::Trend;
use crate::publish::results::{ResultRow, Suppression};

/// Joins a number and its unit on one line.
pub const NBSP: char = '\u{A0}';
/// A minus as long as a plus, unlike the hyphen.
const MINUS: char = '\u{2212}';

/// The number with its unit, or `None` when it is hidden or undefined.
pub fn number(row: &ResultRow) -> Option<String> {
    Some(with_unit(&figure(row, row.value?), row))
}

/// The number with its unit, or why there is none.
pub fn number_or_reason(row: &ResultRow) -> String {
    number(row).unwrap_or_else(|| reason(row))
}

/// The number without its unit.
pub fn bare(row: &ResultRow) -> Option<String> {
    Some(figure(row, row.value?))
}

/// `51 to 65 %`.
pub fn interval(row: &ResultRow) -> Option<String> {
    row.value?;
    let (low, high) = (figure(row, row.ci_low?), figure(row, row.ci_high?));
    Some(with_unit(&format!("{low} to {high}"), row))
}

/// `51 and 65 %`, after “likely between”.
pub fn between(row: &ResultRow) -> Option<String> {
    row.value?;
    let (low, high) = (figure(row, row.ci_low?), figure(row, row.ci_high?));
    Some(with_unit(&format!("{low} and {high}"), row))
}

/// `51 %` for 50.8 %: a share without decimals, unless it would be nothing or all.
pub fn whole(row: &ResultRow) -> Option<String> {
    let value = row.value?;
    Some(with_unit(&whole_figure(row, value), row))
}

/// The share of the row's own counts without the outcome: `26 %`.
pub fn whole_complement(row: &ResultRow) -> Option<String> {
    Some(with_unit(&whole_figure(row, 1.0 - row.value?), row))
}

/// `45 and 56 %`, after “likely between”.
pub fn whole_between(row: &ResultRow) -> Option<String> {
    row.value?;
    let (low, high) = (whole_figure(row, row.ci_low?), whole_figure(row, row.ci_high?));
    Some(with_unit(&format!("{low} and {high}"), row))
}

fn whole_figure(row: &ResultRow, value: f64) -> String {
    if row.unit != "share" {
        return figure(row, value);
    }
    let percent = value * 100.0;
    let text = decimal(percent, 0);
    let exact = (percent - percent.round()).abs() < 1e-9;
    if matches!(text.as_str(), "0" | "100") && !exact { decimal(percent, 1) } else { text }
}

/// What the interval of a difference allows: `The true change may be anything from 6 percentage
/// points lower to 10 higher`.
pub fn span(row: &ResultRow) -> Option<String> {
    row.value?;
    let ends = [row.ci_low?, row.ci_high?].map(|end| {
        let text = whole_figure(row, end);
        let size = text.trim_start_matches(MINUS).to_owned();
        let none = !size.bytes().any(|digit| (b'1'..=b'9').contains(&digit));
        (
            size,
            if none {
                ""
            } else if end < 0.0 {
                " lower"
            } else {
                " higher"
            },
        )
    });
    let [(low, below), (high, above)] = ends;
    let first = with_unit(&low, row);
    // A limit that rounds to nothing is printed as the number it is, not as “unchanged”.
    let last = if above.is_empty() { with_unit(&high, row) } else { format!("{high}{above}") };
    Some(format!("The true change may be anything from {first}{below} to {last}."))
}

/// A number beside a line it may lie close to: a mean has a second decimal.
pub fn fine(row: &ResultRow) -> Option<String> {
    if row.unit != "points" {
        return number(row);
    }
    Some(with_unit(&decimal(row.value?, 2), row))
}

/// The same with its interval, for tables.
pub fn fine_compact(row: &ResultRow) -> Option<String> {
    if row.unit != "points" {
        return compact(row);
    }
    let value = decimal(row.value?, 2);
    let between = |(low, high)| format!(" ({} to {})", decimal(low, 2), decimal(high, 2));
    Some(value + &row.ci_low.zip(row.ci_high).map_or_else(String::new, between))
}

/// `18.0 and 22.3`, where the sentence names the unit.
pub fn bare_between(row: &ResultRow) -> Option<String> {
    row.value?;
    Some(format!("{} and {}", figure(row, row.ci_low?), figure(row, row.ci_high?)))
}

/// `58 % (51 to 65)`, for tables and charts whose heading names the unit.
pub fn compact(row: &ResultRow) -> Option<String> {
    let value = figure(row, row.value?);
    // A difference of shares is in percentage points, which its heading says.
    let is_percent = matches!(row.unit.as_str(), "share" | "percent") && row.statistic != "rate_difference";
    let percent = if is_percent { format!("{NBSP}%") } else { String::new() };
    let Some((low, high)) = row.ci_low.zip(row.ci_high) else {
        return Some(format!("{value}{percent}"));
    };
    Some(format!("{value}{percent} ({} to {})", figure(row, low), figure(row, high)))
}

/// `119 of 205`; `None` when either count is hidden.
pub fn of(row: &ResultRow) -> Option<String> {
    Some(format!("{} of {}", count(row.numerator?), count(row.denominator?)))
}

/// `3 (0.02 %)`: a count and its share of another count, both of which must be
/// shown.
pub fn share_of(part: &ResultRow, whole: &ResultRow) -> Option<String> {
    let shown = |row: &ResultRow| row.value.and(row.n);
    Some(part_of(shown(part)?, shown(whole)?))
}

/// A count beside its percentage, which is never rounded to nothing or to all.
fn part_of(part: u64, whole: u64) -> String {
    let (wide, all) = (u128::from(part), u128::from(whole));
    let percent = part as f64 * 100.0 / whole.max(1) as f64;
    let share = match () {
        () if whole == 0 => return count(part),
        () if part == 0 => "0".to_owned(),
        () if part == whole => "100".to_owned(),
        () if wide * 10_000 < all => "<0.01".to_owned(),
        () if wide < all && (all - wide) * 10_000 < all => ">99.99".to_owned(),
        () if !(1.0..=99.0).contains(&percent) => decimal(percent, 2),
        () => decimal(percent, 1),
    };
    format!("{} ({share}{NBSP}%)", count(part))
}

/// Patients the number rests on; `None` when hidden.
pub fn size(row: &ResultRow) -> Option<String> {
    row.denominator.or(row.n).map(count)
}

/// Why the row has no number, in plain words.
pub fn reason(row: &ResultRow) -> String {
    match (&row.reason, row.suppression) {
        (Some(reason), _) if !reason.is_empty() => reason.clone(),
        (_, Suppression::Primary) => "hidden: too few patients".to_owned(),
        (_, Suppression::Complementary) => "hidden to protect another cell".to_owned(),
        (_, Suppression::None | Suppression::Rounded) => "not defined".to_owned(),
    }
}

/// How the lost are counted, for the head of a column.
pub fn estimand(estimand: Estimand) -> &'static str {
    match estimand {
        Estimand::Nri => "Lost = no response",
        Estimand::Oc => "Only those seen",
        Estimand::Bocf => "Lost = unchanged",
        Estimand::Locf => "Last score carried forward",
        Estimand::Best => "At best",
        Estimand::Worst => "At worst",
        Estimand::Ipw => "Seen weighted for lost",
    }
}

/// `p = 0.03`, adjusted where it was; `None` where nothing was tested.
pub fn test(row: &ResultRow) -> Option<String> {
    let written = |p: f64| if p < 0.001 { "< 0.001".to_owned() } else { format!("= {p:.3}") };
    let method = match row.adjust_method.as_deref() {
        Some("holm") => " (Holm)",
        Some("benjamini_hochberg") => " (Benjamini–Hochberg)",
        _ => "",
    };
    match (row.p_adjusted, row.p_value) {
        (Some(p), _) => Some(format!("adjusted p{NBSP}{}{method}", written(p).replace(' ', "\u{A0}"))),
        (None, Some(p)) => Some(format!("p{NBSP}{}", written(p).replace(' ', "\u{A0}"))),
        (None, None) => None,
    }
}

/// How far `now` is from `before`, in the unit a reader subtracts in; `None`
/// unless both are shown.
pub fn distance(now: &ResultRow, before: &ResultRow) -> Option<String> {
    let difference = (now.value? - before.value?).abs();
    Some(match now.unit.as_str() {
        "share" => {
            let text = format!("{:.0}", difference * 100.0);
            format!("{text}{NBSP}{}", percentage_points(&text))
        }
        unit => format!("{difference:.1}{NBSP}{unit}"),
    })
}

/// A difference of two shares in the unit a reader subtracts in.
pub fn points(row: &ResultRow) -> Option<String> {
    Some(format!("{}{NBSP}percentage points", decimal(row.value? * 100.0, 1)))
}

/// `fell by 3.4 percentage points`: a difference of two shares, in words.
pub fn moved(row: &ResultRow) -> Option<String> {
    let by = points(row)?;
    Some(match by.strip_prefix(MINUS) {
        Some(size) => format!("fell by {size}"),
        None => format!("rose by {by}"),
    })
}

/// The size of a fall: `2.3 points` for −2.3.
pub fn magnitude(row: &ResultRow) -> Option<String> {
    Some(with_unit(figure(row, row.value?).trim_start_matches(MINUS), row))
}

/// The share of the row's own counts that had no outcome recorded: `13 %`.
pub fn complement(row: &ResultRow) -> Option<String> {
    Some(with_unit(&figure(row, 1.0 - row.value?), row))
}

fn figure(row: &ResultRow, value: f64) -> String {
    match row.unit.as_str() {
        "share" => decimal(value * 100.0, percent_places(row)),
        "percent" | "weeks" => decimal(value, 0),
        "rows" | "patients" | "series" | "infusions" | "events" => grouped(&decimal(value, 0)),
        // 22.4, and 0.31: the second decimal of a common event says nothing.
        "events per 100 infusions" => decimal(value, if row.value.is_some_and(|rate| rate >= 1.0) { 1 } else { 2 }),
        _ => decimal(value, places(&row.statistic)),
    }
}

/// A decimal of a percentage of fewer than 200 patients is noise.
fn percent_places(row: &ResultRow) -> usize {
    usize::from(row.denominator.or(row.n).is_some_and(|n| n >= 200))
}

fn places(statistic: &str) -> usize {
    if matches!(statistic, "srm" | "d_av" | "cramers_v" | "icc_1") { 2 } else { 1 }
}

fn with_unit(text: &str, row: &ResultRow) -> String {
    match row.unit.as_str() {
        "share" if row.statistic == "rate_difference" => format!("{text}{NBSP}{}", percentage_points(text)),
        "share" | "percent" => format!("{text}{NBSP}%"),
        "rows" | "patients" | "series" | "infusions" | "events" | "" | "1" => text.to_owned(),
        unit => format!("{text}{NBSP}{unit}"),
    }
}

/// One of them has no plural.
fn percentage_points(text: &str) -> &'static str {
    if matches!(text.trim_start_matches(MINUS), "1") { "percentage point" } else { "percentage points" }
}

/// Fixed decimals, halves away from zero as a calculator's, a real minus, and
/// never minus zero. A share's half is lost in binary by less than the nudge.
fn decimal(value: f64, places: usize) -> String {
    let scale = (0..places).fold(1.0, |scale, _| 10.0 * scale);
    let scaled = value * scale;
    let text = format!("{:.places$}", (scaled + 1e-9_f64.copysign(scaled)).round() / scale);
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) => format!("{MINUS}{digits}"),
        Some(digits) => digits.to_owned(),
        None => text,
    }
}

/// `= 0.012`, `< 0.001`.
pub fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("= {p:.3}") }
}

/// `12,345`.
pub fn count(count: u64) -> String {
    grouped(&count.to_string())
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3 conditions`, `1 condition`.
pub fn plural(number: usize, one: &str) -> String {
    format!("{number}{NBSP}{one}{}", if number == 1 { "" } else { "s" })
}

/// Text of a pack with its numbers tied to their units.
pub fn tied(text: &str) -> String {
    text.replace(" %", &format!("{NBSP}%")).replace("≥ ", &format!("≥{NBSP}"))
}

/// The first letter in lower case, unless the word is a name such as PHQ-9.
pub fn inside_sentence(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// The first letter in upper case.
pub fn at_start(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `2026 Q2`, `Jul 2026`, `2026`.
pub fn period(period: Period) -> String {
    match period {
        Period::Month(year, month) => format!("{}{NBSP}{year}", month_name(month)),
        Period::Quarter(year, quarter) => format!("{year}{NBSP}Q{quarter}"),
        Period::Year(year) => year.to_string(),
    }
}

/// `Apr–Jun 2026`, the months of a row's cohort.
pub fn months(start: Day, end: Day) -> String {
    let (first, last) = (start.civil(), end.civil());
    let until = format!("{}{NBSP}{}", month_name(last.month), last.year);
    if (first.year, first.month) == (last.year, last.month) {
        until
    } else if first.year == last.year {
        format!("{}–{until}", month_name(first.month))
    } else {
        format!("{}{NBSP}{}{NBSP}–{NBSP}{until}", month_name(first.month), first.year)
    }
}

/// The quarter a row's cohort began in: `2026 Q2`.
pub fn quarter_of(row: &ResultRow) -> Option<String> {
    row.period_start.map(|start| period(Period::quarter_of(start)))
}

/// What a trend says, in one sentence without its full stop.
pub fn trend(trend: &Trend<'_>) -> String {
    let newest = quarter_of(trend.newest).unwrap_or_default();
    let earlier = format!("{}{NBSP}earlier quarter{}", trend.earlier, if trend.earlier == 1 { "" } else { "s" });
    match (trend.above, trend.below) {
        (0, 0) if trend.earlier == 1 => format!("{newest} cannot be told apart from the quarter before"),
        (0, 0) => format!("{newest} cannot be told apart from any of {earlier}"),
        (above, 0) => format!("{newest} was clearly higher than {above} of {earlier}"),
        (0, below) => format!("{newest} was clearly lower than {below} of {earlier}"),
        (above, below) => format!("{newest} was clearly higher than {above} and lower than {below} of {earlier}"),
    }
}

/// The cohort of a row: `treatment begun in 2026 Q2`.
pub fn cohort(row: &ResultRow) -> String {
    format!("treatment {}", begun(row))
}

/// When the cohort of a row began: `begun in 2026 Q2`.
pub fn begun(row: &ResultRow) -> String {
    match (row.population, row.period_start.zip(row.period_end)) {
        (Population::Quarter | Population::QuarterSeries, Some((start, _))) => {
            format!("begun in {}", period(Period::quarter_of(start)))
        }
        (Population::Quarter | Population::QuarterSeries, None) => "begun in the newest mature quarter".to_owned(),
        (_, Some((start, end))) => format!("begun {}", months(start, end)),
        (Population::RollingYear, None) => "begun in the four newest mature quarters".to_owned(),
        (Population::ToDate | Population::Month, None) => "begun at any time and old enough to judge".to_owned(),
    }
}

fn month_name(month: u32) -> &'static str {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    month.checked_sub(1).and_then(|index| NAMES.get(index as usize)).copied().unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::{between, complement, count, inside_sentence, interval, months, number, number_or_reason, of, plural};
    use crate::model::calendar::Period;
    use crate::publish::report::fixture::{change, hidden, rate};
    use crate::publish::results::ResultRow;

    #[test]
    fn a_small_share_is_not_nothing_and_a_large_one_not_all() {
        for (part, whole, text) in [
            (1, 10_000_000, "1 (<0.01\u{A0}%)"),
            (9_999_999, 10_000_000, "9,999,999 (>99.99\u{A0}%)"),
            (1, 10_000, "1 (0.01\u{A0}%)"),
            (1, 10_001, "1 (<0.01\u{A0}%)"),
            (3, 12_345, "3 (0.02\u{A0}%)"),
            (0, 12_345, "0 (0\u{A0}%)"),
            (12_345, 12_345, "12,345 (100\u{A0}%)"),
            (0, 0, "0"),
            (1, 3, "1 (33.3\u{A0}%)"),
            (u64::MAX / 2, u64::MAX, "9,223,372,036,854,775,807 (50.0\u{A0}%)"),
        ] {
            assert_eq!(super::part_of(part, whole), text, "{part} of {whole}");
        }
    }

    #[test]
    fn small_groups_get_no_decimals_and_large_ones_get_one() {
        assert_eq!(number(&rate(107, 199)).as_deref(), Some("54\u{A0}%"));
        assert_eq!(number(&rate(1_234, 2_000)).as_deref(), Some("61.7\u{A0}%"));
        assert_eq!(interval(&rate(81, 263)).as_deref(), Some("25.5 to 36.6\u{A0}%"), "Newcombe 1998, table I");
        assert_eq!(complement(&rate(150, 199)).as_deref(), Some("25\u{A0}%"));
    }

    /// By hand: 50.8 % is 51 %, 0.4 % is not nothing, 99.7 % not all.
    #[test]
    fn the_first_screen_says_shares_without_decimals() {
        assert_eq!(super::whole(&rate(153, 301)).as_deref(), Some("51\u{A0}%"));
        assert_eq!(super::whole_between(&rate(153, 301)).as_deref(), Some("45 and 56\u{A0}%"));
        for (part, of, text) in [(1, 250, "0.4"), (997, 1_000, "99.7"), (0, 20, "0"), (20, 20, "100")] {
            assert_eq!(super::whole(&rate(part, of)), Some(format!("{text}\u{A0}%")));
        }
        assert_eq!(super::whole(&hidden("fewer than 11")), None);
    }

    #[test]
    fn a_difference_is_said_as_lower_and_higher() {
        let share = |low: f64, high: f64| ResultRow {
            statistic: "rate_difference".to_owned(),
            ci_low: Some(low),
            ci_high: Some(high),
            ..rate(1, 2)
        };
        for (row, text) in [
            (share(-0.056, 0.102), "The true change may be anything from 6 percentage points lower to 10 higher."),
            (share(0.01, 0.1), "The true change may be anything from 1 percentage point higher to 10 higher."),
            (share(0.0, 0.1), "The true change may be anything from 0 percentage points to 10 higher."),
            (change(-0.4, -0.9, 0.04), "The true change may be anything from 0.9 points lower to 0.0 points."),
        ] {
            assert_eq!(super::span(&row).map(|text| text.replace('\u{A0}', " ")).as_deref(), Some(text));
        }
        assert_eq!(super::span(&hidden("fewer than 11")), None);
    }

    #[test]
    fn changes_carry_a_real_minus_and_zero_carries_none() {
        assert_eq!(number(&change(-2.34, -2.71, -1.97)).as_deref(), Some("−2.3\u{A0}points"));
        assert_eq!(between(&change(-2.34, -2.71, -1.97)).as_deref(), Some("−2.7 and −2.0\u{A0}points"));
        assert_eq!(number(&change(-0.04, -1.0, 1.0)).as_deref(), Some("0.0\u{A0}points"));
    }

    #[test]
    fn a_hidden_number_has_a_reason_and_nothing_else() {
        let row = hidden("fewer than 11");
        assert_eq!(number_or_reason(&row), "fewer than 11");
        assert_eq!((number(&row), interval(&row), between(&row), of(&row)), (None, None, None, None));
    }

    #[test]
    fn counts_periods_and_words_read_as_in_print() {
        assert_eq!([count(7), count(1_234), count(1_234_567)], ["7", "1,234", "1,234,567"]);
        assert_eq!([plural(1, "site"), plural(3, "site")], ["1\u{A0}site", "3\u{A0}sites"]);
        assert_eq!(inside_sentence("At least"), "at least");
        assert_eq!(inside_sentence("PHQ-9 below 5"), "PHQ-9 below 5");
        let quarter = Period::Quarter(2026, 2);
        assert_eq!(months(quarter.first_day(), quarter.last_day()), "Apr–Jun\u{A0}2026");
    }
}
