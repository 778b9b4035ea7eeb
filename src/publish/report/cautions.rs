//! What to know before believing the three answers: chosen by rule, each with
//! its number, at most three.

use super::select::{self, Query};
use super::{Context, element, words};
pub(super) use crate::estimate::analysis::NOT_INTERPRETABLE;
use crate::estimate::result::Estimand;
use crate::publish::results::{Released, ResultRow};

/// Below this retention the loss is said first (usual trial rule of thumb).
const LOW_RETENTION: f64 = 0.80;
/// A larger gap between observed and imputed rates must be said (measures.md §2).
const LARGE_GAP: f64 = 0.20;
/// Fewer patients than this make the headline jump by itself.
const SMALL: u64 = 30;

/// Rows the rules look at.
struct Headline<'a> {
    response: Option<&'a ResultRow>,
    observed: Option<&'a ResultRow>,
    retention: Option<&'a ResultRow>,
    change: Option<&'a ResultRow>,
}

/// The cautions that apply, in order of weight, cut to three.
pub(super) fn cautions(released: &Released, context: &Context<'_>) -> Vec<String> {
    let query = Query::rate(context.response(), select::headline(released), context);
    let headline = Headline {
        response: query.find(released),
        observed: Query { estimand: Estimand::Oc, ..query }.find(released),
        retention: Query { measure: "retention", estimand: Estimand::Oc, ..query }.find(released),
        change: Query::mean(context.change(), query.population, context).find(released),
    };
    let all = [
        immature(released, context),
        lost(&headline, context),
        gap(&headline),
        few(&headline),
        hidden(released),
        Some(no_control(&headline)),
        Some(regression(&headline, released)),
    ];
    all.into_iter().flatten().take(3).collect()
}

fn immature(released: &Released, context: &Context<'_>) -> Option<String> {
    if !select::has_quarters(released) {
        return Some("<strong>No calendar.</strong> The records do not say in which quarter treatment began, so there is no newest quarter: the headline counts every patient whose follow-up was due, whenever treatment began.".to_owned());
    }
    context.quarter.is_none().then(|| {
        format!("<strong>No mature quarter.</strong> No quarter is old enough for all its patients to have reached {}; there is no headline to judge.", context.horizon())
    })
}

fn lost(headline: &Headline<'_>, context: &Context<'_>) -> Option<String> {
    let row = headline.retention?;
    let share = row.value?;
    let horizon = context.horizon();
    if share < NOT_INTERPRETABLE {
        return Some(format!(
            "<strong>Not interpretable.</strong> Only {} of patients due have a score at {horizon} ({}); below 60\u{A0}% these results should not be compared with anything.",
            element::number(row),
            element::of(row)
        ));
    }
    (share < LOW_RETENTION).then(|| {
        format!("<strong>We lost sight of {}.</strong> {} patients due have a score at {horizon}; the others may have done better or worse.", element::whole_complement(row), element::of(row))
    })
}

fn gap(headline: &Headline<'_>) -> Option<String> {
    let (imputed, observed) = (headline.response?, headline.observed?);
    (observed.value? - imputed.value? > LARGE_GAP).then(|| {
        format!(
            "<strong>The answer depends on the missing.</strong> {} responded when missing scores count as no response, {} among patients with a score: {} apart.",
            element::number(imputed),
            element::number(observed),
            element::distance(observed, imputed)
        )
    })
}

fn few(headline: &Headline<'_>) -> Option<String> {
    let row = headline.response?;
    (row.denominator? < SMALL).then(|| {
        format!(
            "<strong>Small quarter.</strong> The headline rests on {} patients; a handful of them decides it.",
            element::size(row)
        )
    })
}

fn hidden(released: &Released) -> Option<String> {
    let population = select::by_condition(released);
    let share = element::hidden_share(released, |row| row.population == population && row.condition != select::ALL);
    (share.hidden * 3 > share.all).then(|| {
        format!(
            "<strong>Much is hidden.</strong> {} of {} numbers by condition are not shown, to protect patients in small groups.",
            words::count(share.hidden as u64),
            words::count(share.all as u64)
        )
    })
}

fn no_control(headline: &Headline<'_>) -> String {
    let which = headline
        .response
        .filter(|row| row.value.is_some())
        .map_or_else(|| "These numbers compare".to_owned(), |row| format!("The {} compares", element::whole(row)));
    format!(
        "<strong>No control group.</strong> {which} patients with themselves before treatment; it cannot say what would have happened without it."
    )
}

fn regression(headline: &Headline<'_>, released: &Released) -> String {
    let expected = headline.change.map(|change| super::views::regression(change, released));
    let much = match expected {
        Some([Some(least), Some(most)]) if least.value.is_some() && most.value.is_some() => {
            format!(
                "perhaps {} to {}. These are assumptions stated below; neither end is a bound",
                element::number(least),
                element::number(most),
            )
        }
        _ => "how much is not known".to_owned(),
    };
    let which = headline
        .change
        .filter(|row| row.value.is_some())
        .map_or_else(|| "any improvement".to_owned(), |row| format!("the {} change", element::number(row)));
    format!(
        "<strong>Regression to the mean.</strong> Patients begin treatment when pain is at its worst, so part of {which} would have come anyway: {much}."
    )
}
