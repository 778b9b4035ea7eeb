//! What the numbers cannot say, and what may be said with them.

use super::select::{self, Query};
use super::{Context, element, words};
use crate::estimate::analysis::reliability::FEWEST;
use crate::estimate::result::Estimand;
use crate::publish::chart::svg::escape;
use crate::publish::results::{Released, ResultRow};

/// Said with the same weight as the results.
pub(super) fn cannot_say(released: &Released, context: &Context<'_>) -> String {
    let query = Query::rate(context.response(), select::headline(released), context);
    let items = [control(), regression(released, context), loss(query, released, context), coding(), many(released)];
    let list: String = items.iter().map(|item| format!("<li>{item}</li>\n")).collect();
    element::section(
        "limits",
        "What can these numbers not say?",
        "They cannot say that treatment was the reason: there is no control group, so nobody knows how these patients would have fared without it.",
        &format!("<ul class=\"limits\">\n{list}</ul>\n"),
    )
}

fn control() -> String {
    "<strong>No control group.</strong> Every number compares patients with themselves before treatment. Time, other treatments, expectation and attention act as well, and they cannot be separated here.".to_owned()
}

fn regression(released: &Released, context: &Context<'_>) -> String {
    let mean = Query::mean(context.change(), select::headline(released), context).find(released);
    let expected = mean.map(|mean| super::views::regression(mean, released));
    let much = match expected {
        Some([Some(least), Some(most)]) if least.value.is_some() && most.value.is_some() => format!(
            " That alone would be between {} and {} here{}.",
            element::number(least),
            element::number(most),
            assumptions(least, released, context)
        ),
        _ => String::new(),
    };
    format!(
        "<strong>Regression to the mean.</strong> People seek treatment when pain is at its worst. Scores chosen for being high are lower the next time on average, whatever is done.{much}"
    )
}

/// What the band rests on, in words: an estimated reliability or an assumed one.
fn assumptions(band: &ResultRow, released: &Released, context: &Context<'_>) -> String {
    let assumed = context.protocol.measures.iter().find_map(|measure| measure.regression.as_ref());
    let Some(([least, most], [low, high])) = assumed.map(|assumed| (assumed.reliability, assumed.usual)) else {
        return String::new();
    };
    match super::views::reliability(band, released) {
        Some(icc) => format!(
            ", under the mildest and the strongest of these assumptions: two scores of an unchanged patient correlate by {most} to {least}, or as far beyond as was measured here, and scores are drawn towards a mean of {high} to {low} points. Measured was {} (ICC(1), {} patients with two or more scores in the month before treatment); scores months apart agree less, so this does not narrow the assumed range. Neither end is a bound: the truth may be less or more",
            element::compact(icc),
            element::size(icc)
        ),
        None => format!(
            ", under the mildest and the strongest of these assumptions: two scores of an unchanged patient correlate by {most} to {least}, and scores are drawn towards a mean of {high} to {low} points. They are assumptions, not measurements (fewer than {FEWEST} patients have repeated scores before treatment, or their number is not shown), and no bounds: the truth may be less or more"
        ),
    }
}

fn loss(query: Query<'_>, released: &Released, context: &Context<'_>) -> String {
    let rows = [
        Query { measure: "retention", estimand: Estimand::Oc, ..query },
        query,
        Query { estimand: Estimand::Oc, ..query },
    ]
    .map(|query| query.find(released));
    let [Some(retention), Some(imputed), Some(observed)] = rows.map(|row| row.filter(|row| row.value.is_some())) else {
        return "<strong>Loss to follow-up.</strong> How many patients were lost cannot be shown for this cohort; those who return are not a fair sample of those who began.".to_owned();
    };
    format!(
        "<strong>Loss to follow-up.</strong> {} of patients due have no score at {}. The rate is {} if all of them are counted as no response and {} among those seen; {}.",
        element::complement(retention),
        context.horizon(),
        element::number(imputed),
        element::number(observed),
        whatever(query, released)
    )
}

/// What no assumption about the lost can leave: nobody and everybody of them responded.
fn whatever(query: Query<'_>, released: &Released) -> String {
    let ends = [Estimand::Worst, Estimand::Best].map(|estimand| Query { estimand, ..query }.find(released));
    match ends {
        [Some(worst), Some(best)] if worst.value.is_some() && best.value.is_some() => format!(
            "whatever became of them, the share among these patients lies between {} and {}",
            element::number(worst),
            element::number(best)
        ),
        _ => "how the lost did is not known".to_owned(),
    }
}

fn coding() -> String {
    "<strong>Records, not research visits.</strong> Scores, diagnoses and prescriptions were written down for care. A dose is what was prescribed or listed, not what was taken.".to_owned()
}

fn many(released: &Released) -> String {
    let share = element::hidden_share(released, |_| true);
    format!(
        "<strong>Many numbers.</strong> Of {} intervals at 95\u{A0}%, about one in twenty misses by chance, so a single condition or site that stands apart is a question, not a finding. {} of {} numbers are hidden to protect patients.",
        words::count(released.rows().iter().filter(|row| row.ci_low.is_some()).count() as u64),
        words::count(share.hidden as u64),
        words::count(share.all as u64)
    )
}

/// The sentence a director may quote, or why there is none.
pub(super) fn quotable(released: &Released, context: &Context<'_>) -> String {
    let query = Query::rate(context.response(), select::headline(released), context);
    let question = "May I put this on our website?";
    let profile = released.profile();
    let Some(row) = query.find(released).filter(|row| row.value.is_some() && row.ci_low.is_some()) else {
        return element::section(
            "quote",
            question,
            "No: the headline number of this report is not known or not shown.",
            "",
        );
    };
    let retention = Query { measure: "retention", estimand: Estimand::Oc, ..query }.find(released);
    if retention.and_then(|row| row.value).is_some_and(|share| share < super::cautions::NOT_INTERPRETABLE) {
        return element::section(
            "quote",
            question,
            "No: too many patients were lost to follow-up for the number to be read.",
            "",
        );
    }
    let quote = format!("<blockquote>{}</blockquote>\n", quote(row, retention, context));
    if profile.banner.is_empty() {
        return element::section(
            "quote",
            question,
            "Yes, this sentence as a whole: it names its denominator, its uncertainty and its limits.",
            &quote,
        );
    }
    let why = format!(
        "Not from this report. It was made under “{}”; run the pipeline with the profile <code>us-cms-11</code> and quote that report. The sentence would read:",
        escape(&profile.title)
    );
    element::section("quote", question, &why, &quote)
}

fn quote(row: &ResultRow, retention: Option<&ResultRow>, context: &Context<'_>) -> String {
    let seen = retention.filter(|row| row.value.is_some()).map_or_else(String::new, |row| {
        format!(" {} had a score at {}; the others count as no response.", element::number(row), context.horizon())
    });
    format!(
        "Of {} patients ({}) at {}, {} {} {} after the first infusion; so counted, the rate is likely between {}.{seen} There was no control group, so this does not show what treatment added.",
        element::size(row),
        words::cohort(row),
        escape(&context.protocol.clinic),
        element::number(row),
        escape(&context.phrase(context.response())),
        context.horizon(),
        element::between(row)
    )
}
