//! What exactly was counted: every measure with its source and version.

use super::{Context, element, words};
use crate::model::horizon::HORIZONS;
use crate::protocol::{DisclosureProfile, FactorSet, Measure};
use crate::publish::chart::svg::escape;

/// The definitions in force.
pub(super) fn definitions(context: &Context<'_>, profile: &DisclosureProfile) -> String {
    let answer = format!(
        "{} are counted as defined here, at {} windows. Each definition has a version and is kept with this report.",
        words::plural(context.protocol.measures.len(), "measure"),
        HORIZONS.len()
    );
    let rest = general(context, profile) + &windows(context) + &measures(context);
    element::section("definitions", "What exactly was counted?", &answer, &rest)
}

fn general(context: &Context<'_>, profile: &DisclosureProfile) -> String {
    let study = &context.protocol.study;
    let terms = [
        ("Treatment series", format!("Infusions with no gap longer than {} days. Day 0 is the first infusion; only a patient’s first series is counted, so that nobody counts twice.", study.series_gap_days)),
        ("Before treatment", format!("The last score in the {} days before day 0. Where there is none, the first score of day 0 itself stands in.", study.baseline_days)),
        ("Due", "The data cut has reached the end of the window. Patients not yet due are in no denominator.".to_owned()),
        ("Missing = no", "A patient due without a score counts as no response (non-responder imputation, NRI). It is the headline because, for a benefit, it cannot flatter. For a harm it does flatter, so harms are shown among those observed, with the worst case beside.".to_owned()),
        ("Observed only", "Patients with a score (observed cases, OC). It flatters when those who did well return.".to_owned()),
        ("Opioid doses", "Counted are patients on opioids before treatment whose dose at the time can be observed; everyone due, with an unknown dose as not reduced, stands beside it.".to_owned()),
        ("Interval", "95\u{A0}%: Wilson for shares, t for means. “Likely between” means an interval built so that 95 in 100 of its kind hold the truth.".to_owned()),
        ("No clear change", "The 95\u{A0}% interval of the difference holds zero (Newcombe for shares; for means, from the two t intervals after Zou and Donner or, where the difference was declared, Welch). Only when it does not is a number called higher or lower; a difference declared beforehand only when its p-value, adjusted for all of those declared (Holm), is below 0.05 as well. The interval is not adjusted. Two intervals that overlap do not decide it.".to_owned()),
        ("Meaningful relief", escape(&context.title(context.response()))),
        ("MME", format!("Morphine milligram equivalents a day, factors of {}, definition 3 (30-day fixed window). A drug without a factor makes the dose unknown, never zero. {}", escape(&context.protocol.factors.title), escape(&context.protocol.factors.citation))),
        ("MME factors compared", compared(context)),
        ("Disclosure profile", format!("{} ({}, version {}). {}", escape(&profile.title), escape(&profile.id), profile.version, escape(&profile.citation))),
    ];
    let items: String = terms.iter().map(|(term, text)| format!("<dt>{term}</dt><dd>{text}</dd>\n")).collect();
    format!("<dl>\n{items}</dl>\n")
}

/// The further sets, each with its source.
fn compared(context: &Context<'_>) -> String {
    let set = |set: &FactorSet| escape(&format!("{} ({}): {}.", set.title, set.versioned(), set.citation));
    let sets: Vec<String> = context.protocol.compare_factors.iter().map(set).collect();
    if sets.is_empty() {
        return "No other set of factors was compared.".to_owned();
    }
    format!("The same patients were also counted under other sets, never mixed: {}", sets.join(" "))
}

fn windows(context: &Context<'_>) -> String {
    let rows: Vec<Vec<String>> = HORIZONS
        .iter()
        .map(|horizon| {
            let primary = if horizon.id == context.protocol.study.primary_horizon.id { " (primary)" } else { "" };
            vec![
                format!("{}{primary}", horizon.label),
                horizon.target.to_string(),
                format!("{} to {}", horizon.first, horizon.last),
            ]
        })
        .collect();
    let columns = [
        element::words_column("Horizon"),
        element::number_column("Target day"),
        element::number_column("Window, days"),
    ];
    element::table("Follow-up windows, counted from day 0; the score closest to the target day counts", &columns, &rows)
}

fn measures(context: &Context<'_>) -> String {
    let rows: Vec<Vec<String>> = context.protocol.measures.iter().map(measure).collect();
    let columns = [
        element::words_column("Measure"),
        element::words_column("Among"),
        element::words_column("Counted when"),
        element::words_column("Source"),
        element::words_column("Definition"),
    ];
    element::folded("Every measure, as the program reads it", &columns, &rows)
}

fn measure(measure: &Measure) -> Vec<String> {
    let code = |sql: &str| format!("<code>{}</code>", escape(sql));
    let counted = measure.outcome.as_ref().map_or_else(
        || {
            measure
                .follow_up
                .as_ref()
                .zip(measure.baseline.as_ref())
                .map_or_else(String::new, |(after, before)| code(&format!("{} - {}", after.sql, before.sql)))
        },
        |outcome| code(&outcome.sql),
    );
    vec![
        escape(&words::tied(&measure.title)),
        code(&measure.eligible.sql),
        counted,
        escape(&measure.citation),
        escape(&format!("{} v{}, {}", measure.id, measure.version, measure.pack)),
    ]
}
