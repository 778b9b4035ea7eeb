//! The same patients under other sets of MME factors: the rate of reduction under
//! each, and the patients whose status flips.

use super::forest::{Forest, Line, subtitle};
use super::scale::Scale;
use super::{Drawing, ids};
use crate::derive::opioid_counts::{NON_RESPONDER, RESPONDER};
use crate::estimate::analysis::factor_sets::{FACTOR_SET, FLIP, FLIP_SPLIT, GAINED, LOST, REDUCTION_50, flip};
use crate::publish::report::select::{self, Query};
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

/// A line and its row.
struct Named<'a> {
    label: String,
    row: &'a ResultRow,
    own: bool,
    is_rate: bool,
}

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let lines = lines(released, context);
    let own = lines.first()?.row;
    let line = |line: &Named<'_>| Line::new(&line.label, line.row, line.own);
    let forest = Forest {
        lines: lines.iter().map(line).collect(),
        scale: Scale::share(),
        heading: "share (95\u{A0}% interval)",
        subject: "Factors",
    };
    let one = |line: &Named<'_>| {
        format!("{}: {}.", line.label, words::compact(line.row).unwrap_or_else(|| words::reason(line.row)))
    };
    Some(Drawing {
        title: title(&lines),
        subtitle: subtitle("opioid_reduction_50", own, context),
        method: "The same patients under each set; bold: the one this report uses. Doses that cannot be computed under a set count as not reduced. Below a set: who changes sides; a way nobody takes is left out. No set is the true one; a dose in MME is an estimate. Wilson intervals.".to_owned(),
        alt: lines.iter().map(one).collect::<Vec<_>>().join(" "),
        rows: ids(lines.iter().map(|line| line.row)),
        plot: Box::new(move |width| forest.scene(width)),
    })
}

/// Each set, and below it the patients who change sides; a way nobody takes is left out.
fn lines<'a>(released: &'a Released, context: &Context<'_>) -> Vec<Named<'a>> {
    let population = select::by_condition(released);
    let find = |id: &str, stratum: &str, level: &str| {
        let query = Query { stratum, ..Query::rate(id, population, context) };
        query.rows(released).find(|row| row.stratum_level == level)
    };
    let protocol = context.protocol;
    let mut all = Vec::new();
    for (position, set) in std::iter::once(&protocol.factors).chain(&protocol.compare_factors).enumerate() {
        let Some(row) = find(REDUCTION_50, FACTOR_SET, &set.id) else { continue };
        all.push(Named { label: set.title.clone(), row, own: position == 0, is_rate: true });
        let stratum = format!("{FLIP_SPLIT}{}", set.id);
        all.extend(flips().into_iter().filter_map(|(level, label)| {
            let row = find(FLIP, &stratum, &level)?;
            let anybody = row.value != Some(0.0);
            anybody.then(|| Named { label: format!("– {label}"), row, own: false, is_rate: false })
        }));
    }
    all
}

/// Level and name of every way to change sides.
pub(crate) fn flips() -> [(String, &'static str); 4] {
    [
        (flip(RESPONDER, NON_RESPONDER), "reduced no longer"),
        (flip(NON_RESPONDER, RESPONDER), "reduced only here"),
        (LOST.to_owned(), "not computable here"),
        (GAINED.to_owned(), "computable only here"),
    ]
}

fn title(lines: &[Named<'_>]) -> String {
    let mut others: Vec<&ResultRow> =
        lines.iter().filter(|line| line.is_rate && !line.own).map(|line| line.row).collect();
    others.retain(|row| row.value.is_some());
    others.sort_by(|one, other| one.value.unwrap_or_default().total_cmp(&other.value.unwrap_or_default()));
    let own = lines.iter().find(|line| line.own).and_then(|line| Some((line.label.as_str(), words::number(line.row)?)));
    let ends = others.first().zip(others.last());
    let Some(((name, own), (low, high))) = own.zip(ends) else {
        return "How much the factors matter cannot be shown".to_owned();
    };
    match (words::number(low), words::number(high)) {
        (Some(low), Some(high)) if low != high => {
            format!("{own} were prescribed at most half their dose under {name}; other factors give {low} to {high}")
        }
        (Some(same), _) => {
            format!("{own} were prescribed at most half their dose under {name}; other factors give {same}")
        }
        _ => "How much the factors matter cannot be shown".to_owned(),
    }
}
