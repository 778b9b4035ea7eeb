//! Would another definition give another answer? Threshold, horizon and the way
//! the lost are counted, all together, with the cell declared beforehand marked.

use super::missing::{ESTIMANDS, headline};
use super::sections::{Material, figures};
use super::select::{self, Query};
use super::{Context, element, words};
use crate::estimate::result::{Estimand, Population};
use crate::model::horizon::{HORIZONS, Horizon};
use crate::protocol::Measure;
use crate::publish::chart::svg::escape;
use crate::publish::disclosure::is_uninterpretable;
use crate::publish::results::{Released, ResultRow};

/// One definition of the answer.
#[derive(Clone, Copy, Debug)]
pub struct Specification<'a> {
    /// What counts as a response.
    pub measure: &'a Measure,
    /// When.
    pub horizon: Horizon,
    /// How the lost are counted.
    pub estimand: Estimand,
    /// Whether it is the one declared beforehand.
    pub declared: bool,
    /// Its row.
    pub row: &'a ResultRow,
}

/// Every definition of the headline's question that has a row: by threshold in
/// the order of the packs, horizon and way to count.
pub fn specifications<'a>(released: &'a Released, context: &Context<'a>) -> Vec<Specification<'a>> {
    let Some(declared) = headline(context) else { return Vec::new() };
    let population = select::headline(released);
    let mut all = Vec::new();
    for measure in definitions(declared, context) {
        for horizon in HORIZONS {
            for estimand in ESTIMANDS {
                let query = Query { horizon: horizon.id, estimand, ..Query::rate(&measure.id, population, context) };
                let is_declared = measure.id == declared.id
                    && horizon == context.protocol.study.primary_horizon
                    && estimand == Estimand::Nri;
                let row = query.find(released);
                all.extend(row.map(|row| Specification { measure, horizon, estimand, declared: is_declared, row }));
            }
        }
    }
    all
}

/// The measures of the headline's grid, the headline among them.
fn definitions<'a>(declared: &'a Measure, context: &Context<'a>) -> impl Iterator<Item = &'a Measure> {
    let beside = move |measure: &&Measure| {
        measure.id == declared.id || (measure.grid.is_some() && measure.grid == declared.grid)
    };
    context.protocol.measures.iter().filter(beside)
}

/// What tells a specification from the others.
pub(super) fn name(row: &ResultRow, context: &Context<'_>) -> String {
    let horizon = HORIZONS.iter().find(|horizon| horizon.id == row.horizon).map_or("", |horizon| horizon.label);
    format!("{}, {horizon}, {}", context.label(&row.measure_id), words::inside_sentence(words::estimand(row.estimand)))
}

/// The section.
pub(super) fn section(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let all = specifications(released, context);
    let rest = figures(material, &["definition_grid"]) + &table(&all, material);
    element::section("grid", "Would another definition give another answer?", &answer(&all, context), &rest)
}

fn answer(all: &[Specification<'_>], context: &Context<'_>) -> String {
    let declared = all.iter().find(|one| one.declared).filter(|one| one.row.value.is_some());
    let Some(declared) = declared else {
        return "The number declared beforehand is not known or not shown, so there is nothing to hold the others against."
            .to_owned();
    };
    let shown = || all.iter().filter(|one| one.row.value.is_some() && !is_uninterpretable(one.row));
    let left_out = all.iter().filter(|one| is_uninterpretable(one.row)).count();
    let left_out = match left_out {
        0 => String::new(),
        some => format!(
            " Left out of this range: {} of which fewer than 60\u{A0}% of those due were seen, which is not interpretable.",
            words::plural(some, "definition")
        ),
    };
    let value = |one: &&Specification<'_>| one.row.value.unwrap_or_default();
    let lowest = shown().min_by(|a, b| value(a).total_cmp(&value(b)));
    let highest = shown().max_by(|a, b| value(a).total_cmp(&value(b)));
    let ends = lowest.zip(highest).map_or_else(String::new, |(lowest, highest)| {
        format!(
            " Of {} that can be read, the lowest gives {} ({}) and the highest {} ({}).{left_out}",
            words::plural(shown().count(), "definition"),
            element::number(lowest.row),
            escape(&name(lowest.row, context)),
            element::number(highest.row),
            escape(&name(highest.row, context))
        )
    });
    format!(
        "The definition declared in the pipeline gives {}.{ends} Whoever may choose among them afterwards can find a number to their liking; this report quotes the declared one.",
        element::number(declared.row)
    )
}

fn table(all: &[Specification<'_>], material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    if all.is_empty() {
        return String::new();
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for of_line in all.chunk_by(|a, b| a.measure.id == b.measure.id && a.horizon == b.horizon) {
        let cell = |estimand: Estimand| {
            let one = of_line.iter().find(|one| one.estimand == estimand);
            let text = element::cell(one.map(|one| one.row), element::compact);
            if one.is_some_and(|one| one.declared) { format!("<strong>{text} declared</strong>") } else { text }
        };
        let mut line = vec![escape(&words::tied(&of_line[0].measure.label)), of_line[0].horizon.label.to_owned()];
        line.extend(ESTIMANDS.map(cell));
        rows.push(line);
    }
    let mut columns = vec![element::words_column("Response means"), element::words_column("At")];
    columns.extend(ESTIMANDS.map(|estimand| element::number_column(words::estimand(estimand))));
    let cohort = cohort(select::headline(released), released, context);
    element::folded(&format!("The response rate under every definition{cohort}"), &columns, &rows)
}

fn cohort(population: Population, released: &Released, context: &Context<'_>) -> String {
    let row = headline(context).and_then(|measure| Query::rate(&measure.id, population, context).find(released));
    row.map_or_else(String::new, |row| format!(": {}", words::cohort(row)))
}
