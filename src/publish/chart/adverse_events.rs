//! Adverse events per 100 infusions, by kind.

use super::forest::{Forest, Line};
use super::scale::Scale;
use super::{Drawing, cohort, ids};
use crate::publish::report::safety::{Kind, kinds};
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let kinds = kinds(released, context, "events_per_100_infusions");
    let (any, rest) = kinds.split_first()?;
    let ends = kinds.iter().filter_map(|kind| kind.row.ci_high.or(kind.row.value));
    let forest = Forest {
        lines: kinds.iter().enumerate().map(|(at, kind)| Line::new(&kind.label, kind.row, at == 0)).collect(),
        scale: Scale::up_from_zero(ends.fold(1.0, f64::max)),
        heading: "per 100 infusions (95\u{A0}% interval)",
        subject: "Event",
    };
    Some(Drawing {
        title: title(any.row, rest),
        subtitle: format!("Events per 100 infusions after which patients were asked · {}", cohort(any.row)),
        method: "Exact Poisson (Garwood) intervals; no event still has an upper limit. n is infusions after which patients were asked. Kinds in the order of the pack, not by result.".to_owned(),
        alt: described(&kinds),
        rows: ids(kinds.iter().map(|kind| kind.row)),
        plot: Box::new(move |width| forest.scene(width)),
    })
}

fn title(any: &ResultRow, rest: &[Kind<'_>]) -> String {
    let Some(rate) = words::bare(any) else {
        return "The rate of adverse events cannot be shown".to_owned();
    };
    let serious = rest.first().and_then(|kind| words::bare(kind.row));
    match serious {
        Some(serious) => format!("{rate} adverse events per 100 infusions; {serious} per 100 were serious"),
        None => format!("{rate} adverse events per 100 infusions; the serious ones cannot be shown"),
    }
}

fn described(kinds: &[Kind<'_>]) -> String {
    let one = |kind: &Kind<'_>| {
        format!("{}: {}.", kind.label, words::compact(kind.row).unwrap_or_else(|| words::reason(kind.row)))
    };
    kinds.iter().map(one).collect::<Vec<_>>().join(" ")
}
