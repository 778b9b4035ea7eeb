//! The first sentences: where every headline measure stands, and which stood
//! out before.

use super::standing::Run;
use super::{Course, Material, courses, spoken};
use crate::estimate::statistics::signals::Rule;
use crate::protocol::Role;
use crate::publish::chart::control;
use crate::publish::reading::trend::{CENTRE, Variation};
use crate::publish::report::{element, words};
use crate::publish::results::ResultRow;

/// The first sentences of the section.
pub(super) fn answer(material: Material<'_>) -> String {
    let courses = courses(material);
    let (first, others): (Vec<_>, Vec<_>) =
        courses.iter().partition(|course| course.headline.role == Some(Role::Headline));
    let Some(response) = first.first() else {
        return "No measure is named as the headline, so whether it is changing cannot be said.".to_owned();
    };
    let sentences = std::iter::once(headline(response))
        .chain(within_chance(&others))
        .chain(others.iter().filter_map(|course| stands_out(course)))
        .chain(courses.iter().filter_map(before));
    sentences.collect::<Vec<_>>().join(" ")
}

fn headline(course: &Course<'_>) -> String {
    let (Some(state), Some(row)) = (course.state(), course.variation) else {
        return format!("Whether response is changing cannot be said: {}.", course.why_not());
    };
    format!(
        "In {}, the newest {} whose windows have closed, response was {}; {}{}.",
        course.when(row),
        course.cut(),
        around(course, row),
        spoken(state, course.better()).words,
        because(row)
    )
}

/// `55 % (46 to 64) around a center line of 51 %`.
fn around(course: &Course<'_>, row: &ResultRow) -> String {
    let number = element::cell(course.beside(row, course.headline.statistic), element::fine_compact);
    let center = element::cell(course.beside(row, CENTRE), element::fine);
    format!("{number} around a center line of {center}")
}

fn because(row: &ResultRow) -> String {
    let rules: Vec<&str> = Variation::rules(row).into_iter().map(Rule::words).collect();
    if rules.is_empty() { String::new() } else { format!(" ({})", rules.join("; ")) }
}

/// The other measures whose newest period usual variation explains, in one sentence;
/// those whose limits leave room for nearly anything in another.
fn within_chance(others: &[&Course<'_>]) -> Option<String> {
    let usual = others.iter().filter(|course| course.state() == Some(Variation::CommonCause));
    let (wide, narrow): (Vec<_>, Vec<_>) = usual.partition(|course| has_wide_limits(course));
    let usual = names(&narrow).map(|(names, verb)| format!("{names} {verb} also within the usual variation."));
    let wide = names(&wide)
        .map(|(names, _)| format!("The limits of {} are too wide to show a change.", words::inside_sentence(&names)));
    let sentences: Vec<String> = usual.into_iter().chain(wide).collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

fn has_wide_limits(course: &Course<'_>) -> bool {
    let Material { released, context, .. } = course.material;
    course.variation.is_some_and(|row| control::has_wide_limits(&course.headline, row, course.step, released, context))
}

/// `Opioid reduction and follow-up`, and the verb for as many.
fn names(courses: &[&&Course<'_>]) -> Option<(String, &'static str)> {
    let names: Vec<&str> = courses.iter().map(|course| course.short()).collect();
    let [first, rest @ ..] = names.as_slice() else { return None };
    let names = rest.iter().fold(words::at_start(first), |names, name| {
        let last = rest.last().is_some_and(|last| last == name);
        format!("{names}{}{name}", if last { " and " } else { ", " })
    });
    Some((names, if rest.is_empty() { "is" } else { "are" }))
}

/// A further measure whose newest period chance does not explain.
fn stands_out(course: &Course<'_>) -> Option<String> {
    let (state, row) = (course.state()?, course.variation?);
    (state != Variation::CommonCause).then(|| {
        format!(
            "In {} {} was {}; {}{}.",
            course.when(row),
            course.short(),
            around(course, row),
            spoken(state, course.better()).words,
            because(row)
        )
    })
}

/// When a measure last stood out, where that is over.
fn before(course: &Course<'_>) -> Option<String> {
    let newest = course.variation.filter(|_| course.state() == Some(Variation::CommonCause))?;
    let run = Run::of(course).pop().filter(|run| run.last().period_start < newest.period_start)?;
    let meaning = match run.state {
        Variation::Improvement => " for the better",
        Variation::Concern => " for the worse",
        Variation::Neutral | Variation::CommonCause => "",
    };
    Some(format!(
        "{} last stood out{meaning} {}; since then chance explains it.",
        words::at_start(course.short()),
        run.when(course)
    ))
}
