//! May we say what we say? Every claim of the pipeline against its data.

use super::sections::{Material, figures};
use super::select::Query;
use super::{element, words};
use crate::estimate::result::Estimand;
use crate::protocol::{Claim, Side};
use crate::publish::chart::claims::verdict;
use crate::publish::chart::svg::escape;
use crate::publish::reading::claim::{self, CLAIMED, RATE, Verdict};
use crate::publish::results::ResultRow;

/// Stands under every verdict, whatever it is.
const NO_CONTROL: &str = "There was no control group: even a supported claim says what happened to patients, not that treatment was the reason.";

/// The section; nothing where the pipeline names no claim.
pub(super) fn section(material: Material<'_>) -> String {
    let claims = &material.context.protocol.claims;
    if claims.is_empty() {
        return element::section(
            "claims",
            "Do the data support what we say?",
            "The pipeline names no sentence to check.",
            "",
        );
    }
    let checked: Vec<(&Claim, Option<&ResultRow>)> =
        claims.iter().map(|claim| (claim, claim::found(claim, RATE, material.released))).collect();
    let rest = [sentences(material, &checked), table(material, &checked), figures(material, &["claims"])];
    element::section("claims", "Do the data support what we say?", &answer(material, &checked), &rest.concat())
}

fn verdict_of(row: Option<&ResultRow>) -> Verdict {
    row.and_then(Verdict::of).unwrap_or(Verdict::Unknown)
}

fn answer(material: Material<'_>, checked: &[(&Claim, Option<&ResultRow>)]) -> String {
    let is = |wanted: Verdict| checked.iter().filter(move |(_, row)| verdict_of(*row) == wanted);
    let (supported, contradicted) = (is(Verdict::Supports).count(), is(Verdict::Contradicts).count());
    let numberless = is(Verdict::NamesNoNumber).count();
    let first = match (supported, checked.len()) {
        (0, 2) if numberless == 1 => {
            "The data do not support one of the 2 sentences we checked; the other names no number.".to_owned()
        }
        (1, 1) => "The data support the sentence we checked.".to_owned(),
        (0, 1) => "The data do not support the sentence we checked.".to_owned(),
        (0, 2) => "The data support neither of the 2 sentences we checked.".to_owned(),
        (0, all) => format!("The data support none of the {all} sentences we checked."),
        (some, all) if some == all => format!("The data support all {all} sentences we checked."),
        (some, all) => format!("The data support {some} of the {all} sentences we checked."),
    };
    let against = match contradicted {
        0 => String::new(),
        some => format!(" They contradict {}.", words::plural(some, "sentence")),
    };
    let measured: String = is(Verdict::Contradicts)
        .chain(is(Verdict::Neither))
        .filter_map(|&(claim, row)| Some(format!(" {}", measured(material, claim, row?))))
        .collect();
    format!("{first}{against}{measured} {NO_CONTROL}")
}

/// What stands against a sentence: the number as counted and the one among those seen.
fn measured(material: Material<'_>, claim: &Claim, row: &ResultRow) -> String {
    let seen = seen(material, claim, row);
    let among =
        seen.map_or_else(String::new, |seen| format!("; among only those seen it was {}", element::number(seen)));
    let claimed = claim::found(claim, CLAIMED, material.released).map_or_else(String::new, element::number);
    format!("Where we say {} {claimed}, we measured {}{among}.", side(claim), element::compact(row))
}

/// The same rate among only those seen, where the claim counts everyone due.
fn seen<'a>(material: Material<'a>, claim: &Claim, row: &ResultRow) -> Option<&'a ResultRow> {
    let seen = Query { estimand: Estimand::Oc, ..Query::rate(&claim.measure, row.population, material.context) };
    let seen = Query { horizon: claim.horizon.id, ..seen }.find(material.released);
    seen.filter(|seen| seen.value.is_some() && row.estimand != Estimand::Oc)
}

fn table(material: Material<'_>, checked: &[(&Claim, Option<&ResultRow>)]) -> String {
    let rows: Vec<Vec<String>> = checked.iter().map(|&(claim, row)| table_row(material, claim, row)).collect();
    let columns = [
        element::words_column("What is said"),
        element::words_column("Where, when"),
        element::number_column("Claimed"),
        element::number_column("With the outcome"),
        element::number_column("Share (interval)"),
        element::number_column("One-sided exact p"),
        element::words_column("Verdict"),
    ];
    element::table("Claims and what the data say of them", &columns, &rows)
}

fn side(claim: &Claim) -> &'static str {
    if claim.direction == Side::MoreThan { "more than" } else { "less than" }
}

fn table_row(material: Material<'_>, claim: &Claim, row: Option<&ResultRow>) -> Vec<String> {
    let claimed = claim::found(claim, CLAIMED, material.released).filter(|row| row.value.is_some());
    vec![
        format!("“{}”", escape(&words::tied(&claim.text))),
        format!("{}, <time>{}</time>", escape(&claim.source), claim.date),
        claimed.map_or_else(
            || "<span class=\"unknown\">no number</span>".to_owned(),
            |row| format!("{} {}", side(claim), element::number(row)),
        ),
        element::cell(row, element::of),
        element::cell(row, element::compact),
        row.map_or_else(|| "<span class=\"unknown\">no test</span>".to_owned(), element::p_value),
        escape(verdict(verdict_of(row))),
    ]
}

/// One sentence a claim: the verdict with its reason.
fn sentences(material: Material<'_>, checked: &[(&Claim, Option<&ResultRow>)]) -> String {
    let items: String = checked
        .iter()
        .map(|&(claim, row)| {
            format!("<li>“{}” {}</li>\n", escape(&words::tied(&claim.text)), sentence(material, claim, row))
        })
        .collect();
    format!("<ul class=\"limits\">\n{items}</ul>\n")
}

fn sentence(material: Material<'_>, claim: &Claim, row: Option<&ResultRow>) -> String {
    let Some(row) = row else {
        return "cannot be checked: the run has no such number.".to_owned();
    };
    let what = format!(
        "{}, at {}, {}",
        escape(&words::inside_sentence(&material.context.title(&claim.measure))),
        claim.horizon.label,
        words::cohort(row)
    );
    let number = element::compact(row);
    let claimed = claim::found(claim, CLAIMED, material.released).map_or_else(String::new, element::number);
    let test = row.p_value.map_or_else(String::new, |_| format!(" One-sided exact p {}.", element::p_value(row)));
    match verdict_of(Some(row)) {
        Verdict::Supports => {
            format!("is supported: {number} ({what}), and the whole interval is beyond {claimed}.{test}")
        }
        Verdict::Contradicts => format!(
            "is contradicted: {number} ({what}). Even if everyone lost had the outcome as claimed, the whole interval would be on the other side of {claimed}.{test}"
        ),
        Verdict::Neither if contains(row, claim) => {
            format!("is not supported: {number} ({what}), and the interval contains {claimed}.{test}")
        }
        Verdict::Neither => format!(
            "is not supported: {number} ({what}), with everyone lost counted against it. It is not contradicted either: if everyone lost had the outcome as claimed, the true share could still be {side} {claimed}.{test}",
            side = side(claim)
        ),
        Verdict::NamesNoNumber => {
            let among = seen(material, claim, row).map_or_else(String::new, |seen| {
                format!("; among the {} seen it was {}", element::size(seen), element::compact(seen))
            });
            format!(
                "names no number, so none can support or contradict it. What is known: {number} of {} ({what}), with everyone lost counted as “no”{among}.",
                element::size(row)
            )
        }
        Verdict::NotInterpretable => {
            format!(
                "is not interpretable: fewer than 60\u{A0}% of those due were seen ({what}), so the rate is not judged."
            )
        }
        Verdict::Unknown => format!("cannot be checked: {number} ({what})."),
    }
}

/// Whether the interval of the row holds the claimed share.
fn contains(row: &ResultRow, claim: &Claim) -> bool {
    let ends = row.ci_low.zip(row.ci_high).zip(claim.share);
    ends.is_some_and(|((low, high), share)| low <= share && share <= high)
}
