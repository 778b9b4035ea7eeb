//! How long relief lasts.

use super::sections::{Material, figures};
use super::select::{self, Query};
use super::{Context, element, words};
use crate::estimate::analysis::durability::{WEEKS, weeks};
use crate::publish::chart::svg::escape;
use crate::publish::results::{Released, ResultRow};

/// The curve with every loss dated as soon as can be.
pub const SOONEST: &str = "relief_soonest_curve";

/// One step of a curve.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Weeks since relief began.
    pub weeks: f64,
    /// The share still better.
    pub survival: &'a ResultRow,
    /// Those at risk.
    pub at_risk: Option<&'a ResultRow>,
}

fn of<'q>(curve: &'q str, statistic: &'q str) -> Query<'q> {
    Query { stratum: WEEKS, ..Query::to_date(curve, statistic) }
}

/// The steps of a curve over all patients, in order.
pub fn steps<'a>(released: &'a Released, curve: &str) -> Vec<Step<'a>> {
    let step = |week: i32| {
        Some(Step {
            weeks: f64::from(week),
            survival: at(of(curve, "survival"), released, week)?,
            at_risk: at(of(curve, "at_risk"), released, week),
        })
    };
    weeks().filter_map(step).collect()
}

fn at<'a>(query: Query<'_>, released: &'a Released, week: i32) -> Option<&'a ResultRow> {
    let level = week.to_string();
    query.rows(released).find(|row| row.stratum_level == level)
}

/// The median of a curve over all patients.
pub fn median<'a>(released: &'a Released, curve: &str) -> Option<&'a ResultRow> {
    Query { stratum: select::ALL, ..of(curve, "median") }.find(released)
}

/// The section.
pub(super) fn section(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let rest = figures(material, &["relief_curve"]) + &by_step(released) + &by_condition(released, context) + NOTE;
    element::section("durability", "How long does relief last?", &answer(material), &rest)
}

const NOTE: &str = "<p class=\"note\">Relief begins with the first score after induction at least 30\u{A0}% below the one before treatment, and is lost with the first later score that is not. Two definitions: “still better” counts the loss only, whatever was infused in between (Kaplan–Meier on days); “without another infusion” ends with whichever comes first, the loss or the next infusion for whatever reason (Aalen–Johansen); records do not say whether an infusion was rescue or routine. Losses are seen at visits only: each lies somewhere between the last score that was still better and the one that was not. “At least” dates it the day after the former, “at most” by the latter; no assumption about when in between is made. The other columns date it by the latter. At risk are those still better and still followed after that day; with fewer than 10 left nothing is said, and no median that fewer than 10 outlast: “later than” then names the last week shown at which more than half were still better. The day of the last score ends a patient’s time, also for infusions given later. Those no longer seen are assumed to fare like those who are, which favours the clinic if they stayed away because pain was back.</p>\n";

fn answer(material: Material<'_>) -> String {
    let Material { released, .. } = material;
    let curve = steps(released, "relief_curve");
    let Some(first) = curve.first() else {
        return "Nobody had relief yet, so nothing can be said.".to_owned();
    };
    let Some(row) = median(released, "relief_curve") else { return unknown(first.survival) };
    let half = if row.value.is_some() {
        let soonest = median(released, SOONEST).filter(|soonest| words::bare(soonest) != words::bare(row));
        let why = if soonest.is_some_and(|row| row.value.is_some()) { WHY_BETWEEN } else { "" };
        format!(
            "Of {} patients who ever had relief, an estimated half had lost it by {}{why}",
            element::size(first.survival),
            span(soonest, row)
        )
    } else {
        format!(
            "Of {} patients who ever had relief, the time by which half had lost it: {}",
            element::size(first.survival),
            element::number(row)
        )
    };
    format!("{half}. {}{}", with_infusions(released), of_whom(material))
}

/// The week at which it is said how many needed no further infusion.
const EARLY: i32 = 12;

/// How much of the relief is relief with further infusions.
fn with_infusions(released: &Released) -> String {
    let first = |statistic| at(of("relief_first_curve", statistic), released, EARLY).filter(|row| row.value.is_some());
    let (Some(better), Some(again)) = (first("survival"), first("incidence_retreated")) else {
        return format!(
            "That is relief whatever was infused in between; how much lasted {EARLY} weeks without another infusion is not shown. "
        );
    };
    format!(
        "That is relief whatever was infused in between: within {EARLY} weeks of its beginning {} were infused again before losing it, and {} were still better without another infusion. ",
        element::number(again),
        element::number(better)
    )
}

/// Why these shares are so much higher than the response among all.
fn of_whom(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let response = Query::rate(context.response(), select::headline(released), context).find(released);
    let overall = response.filter(|row| row.value.is_some()).map_or_else(String::new, |row| {
        format!(
            ": of everyone due ({}), {} {} at {}",
            words::cohort(row),
            element::number(row),
            escape(&context.phrase(context.response())),
            context.horizon()
        )
    });
    format!("All shares in this section leave out those who never had relief{overall}.")
}

/// Why two numbers and not one.
const WHY_BETWEEN: &str = " (losses are seen at visits, and lie somewhere between two of them)";

/// Between the number with losses dated as soon as can be and the one with losses
/// dated by the visit; one of them where the other is the same or has no value.
fn span(soonest: Option<&ResultRow>, latest: &ResultRow) -> String {
    match soonest.filter(|row| row.value.is_some() && words::bare(row) != words::bare(latest)) {
        Some(row) if latest.unit == "share" => {
            format!("between {} and {}", element::whole(row), element::whole(latest))
        }
        Some(row) => format!("between {} and {}", element::bare(row), element::number(latest)),
        None if latest.unit == "share" => element::compact(latest),
        None => element::number(latest),
    }
}

fn unknown(row: &ResultRow) -> String {
    format!("The number is not shown ({}), so nothing can be said.", element::number(row))
}

fn by_step(released: &Released) -> String {
    let cell = |curve, statistic, week| element::cell(at(of(curve, statistic), released, week), element::compact);
    let rows: Vec<Vec<String>> = steps(released, "relief_curve")
        .iter()
        .zip(weeks())
        .map(|(_, week)| {
            vec![
                format!("{week}"),
                cell("relief_curve", "at_risk", week),
                cell(SOONEST, "survival", week),
                cell("relief_curve", "survival", week),
                cell("relief_first_curve", "survival", week),
                cell("relief_first_curve", "incidence_lost", week),
                cell("relief_first_curve", "incidence_retreated", week),
            ]
        })
        .collect();
    let columns = [
        element::words_column("Weeks since relief began"),
        element::number_column("At risk"),
        element::number_column("Still better, at least"),
        element::number_column("Still better, at most"),
        element::number_column("… without another infusion"),
        element::number_column("Pain back first"),
        element::number_column("Infused again first"),
    ];
    element::table("How long relief lasted, all patients", &columns, &rows)
}

/// `20 to 57`, `20 or longer`: the upper end is often not known.
fn ends([low, high]: [Option<&ResultRow>; 2]) -> String {
    let cell = |row| element::cell(row, element::bare);
    let known = |row: Option<&ResultRow>| row.is_some_and(|row| row.value.is_some());
    let open = high.is_some_and(|row| !row.suppression.hides());
    match (known(low), known(high)) {
        (true, false) if open => format!("{} or longer", cell(low)),
        (false, false) => cell(low),
        _ => format!("{} to {}", cell(low), cell(high)),
    }
}

/// The median; where too few are left to tell it, the last week shown at which more
/// than half were still better, so that it lies later.
fn middle<'r>(median: &ResultRow, survival: impl Fn(i32) -> Option<&'r ResultRow>) -> String {
    let shown = weeks().filter_map(|week| Some((week, survival(week)?))).filter(|(_, row)| row.value.is_some());
    let unknown = median.value.is_none() && !median.suppression.hides();
    match shown.last().filter(|(_, row)| unknown && row.value.is_some_and(|share| share > 0.5)) {
        Some((week, row)) => format!("later than {}", element::bound(&[row], Some(week.to_string()))),
        None => element::bare(median),
    }
}

fn by_condition(released: &Released, context: &Context<'_>) -> String {
    let medians = Query { stratum: select::ALL, ..of("relief_curve", "median") };
    let rows: Vec<Vec<String>> = select::conditions(medians, released, context)
        .iter()
        .map(|group| {
            let of_group = |statistic| Query { condition: group.code, ..of("relief_curve", statistic) };
            let bound = |statistic| Query { stratum: select::ALL, ..of_group(statistic) }.find(released);
            let survival = |week| element::cell(at(of_group("survival"), released, week), element::compact);
            let at_risk = |week| element::cell(at(of_group("at_risk"), released, week), element::number);
            vec![
                escape(group.label),
                element::size(group.row),
                middle(group.row, |week| at(of_group("survival"), released, week)),
                ends(["median_low", "median_high"].map(bound)),
                survival(12),
                at_risk(12),
                survival(24),
                at_risk(24),
            ]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let columns = [
        element::words_column("Condition"),
        element::number_column("With relief"),
        element::number_column("Median, weeks"),
        element::number_column("95\u{A0}% interval"),
        element::number_column("Still better at 12 weeks"),
        element::number_column("At risk"),
        element::number_column("At 24 weeks"),
        element::number_column("At risk"),
    ];
    let cohort = medians.find(released).map_or_else(String::new, |row| format!(": {}", words::cohort(row)));
    element::folded(&format!("How long relief lasted, by condition{cohort}"), &columns, &rows)
}

#[cfg(test)]
mod tests {
    use super::middle;
    use crate::publish::report::fixture::{hidden, rate};
    use crate::publish::results::ResultRow;

    /// By hand: 60 of 100 are still better at week 12, 55 of 100 at week 24; then nothing is shown.
    #[test]
    fn a_median_too_few_outlast_is_later_than_a_week_at_which_most_were_still_better() {
        let median = |value, reason: &str| ResultRow { value, reason: Some(reason.to_owned()), ..rate(1, 2) };
        let unknown = median(None, "fewer than 10 are still at risk");
        let shares = [rate(60, 100), rate(55, 100)];
        let said = |median: &ResultRow, twelve: &ResultRow, later: Option<&ResultRow>| {
            middle(median, |week| match week {
                0..=12 => Some(twelve),
                13..=24 => later,
                _ => None,
            })
        };
        let text = said(&unknown, &shares[0], Some(&shares[1]));
        assert!(text.starts_with("later than ") && text.contains(">24<") && text.contains("data-result"), "{text}");
        assert!(said(&unknown, &shares[0], None).contains(">12<"));
        assert!(!said(&unknown, &rate(50, 100), None).contains("later"), "half is not more than half");
        let covered = hidden("fewer than 11");
        assert!(!said(&covered, &shares[0], None).contains("later"), "a hidden median gives nothing away");
        assert!(said(&unknown, &covered, None).contains("fewer than 10"), "and nothing is said from hidden shares");
    }
}
