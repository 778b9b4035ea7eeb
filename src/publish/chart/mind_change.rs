//! Depression, anxiety and post-traumatic stress: who responded and remitted, and
//! by how many points scores changed.

use super::Drawing;
use super::forest::{Forest, Line};
use super::scale::Scale;
use crate::protocol::{Measure, MeasureKind};
use crate::publish::report::select::{self, Query};
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

/// Section of the packs.
const MIND: &str = "mind";

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let population = select::by_condition(released);
    let measures = context.protocol.measures.iter().filter(|measure| measure.section == MIND);
    let (mut shares, mut changes): (Vec<Found<'_>>, Vec<Found<'_>>) = (Vec::new(), Vec::new());
    for measure in measures {
        let share = measure.kind == MeasureKind::Proportion;
        let query = if share {
            Query::rate(&measure.id, population, context)
        } else {
            Query::mean(&measure.id, population, context)
        };
        if let Some(row) = query.find(released) {
            if share { shares.push(Found { measure, row }) } else { changes.push(Found { measure, row }) }
        }
    }
    let first = shares.first().or(changes.first())?;
    let forests: Vec<Forest> = shares_forest(&shares).into_iter().chain(changes.iter().map(change_forest)).collect();
    Some(Drawing {
        title: title(shares.first(), context),
        subtitle: format!(
            "Among patients with the condition before treatment, at {} · {}",
            context.horizon(),
            words::cohort(first.row)
        ),
        method: "Shares: patients without a score count as no, Wilson intervals. Changes: patients with both scores, t intervals, below zero is better; each score has its own scale.".to_owned(),
        alt: shares.iter().chain(&changes).map(Found::described).collect::<Vec<_>>().join(" "),
        rows: forests.iter().flat_map(Forest::rows).collect(),
        plot: Box::new(move |width| Forest::stacked(&forests, width)),
    })
}

/// A measure and its row.
struct Found<'a> {
    measure: &'a Measure,
    row: &'a ResultRow,
}

impl Found<'_> {
    fn line(&self) -> Line {
        Line::new(&words::tied(&self.measure.label), self.row, false)
    }

    fn described(&self) -> String {
        let number = words::compact(self.row).unwrap_or_else(|| words::reason(self.row));
        format!("{}: {number}.", words::tied(&self.measure.label))
    }
}

fn shares_forest(shares: &[Found<'_>]) -> Option<Forest> {
    (!shares.is_empty()).then(|| Forest {
        lines: shares.iter().map(Found::line).collect(),
        scale: Scale::share(),
        heading: "rate (95\u{A0}% interval)",
        subject: "Responded or remitted",
    })
}

/// A forest of its own: points of one score are not points of another.
fn change_forest(change: &Found<'_>) -> Forest {
    let line = change.line();
    let low = line.interval().map_or(0.0, |(low, _)| low);
    Forest {
        scale: Scale::change_down_to(low),
        lines: vec![line],
        heading: "points (95\u{A0}% interval)",
        subject: "Mean change",
    }
}

fn title(first: Option<&Found<'_>>, context: &Context<'_>) -> String {
    let found = first.and_then(|first| Some((words::number(first.row)?, context.phrase(&first.measure.id))));
    found.map_or_else(
        || format!("How mood changed by {} cannot be shown", context.horizon()),
        |(rate, phrase)| format!("{rate} {phrase} at {}", context.horizon()),
    )
}
