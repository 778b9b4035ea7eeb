//! The headline under every way to count the lost.

use super::forest::{Forest, Line};
use super::scale::Scale;
use super::{Drawing, ids};
use crate::estimate::result::Estimand;
use crate::publish::report::missing::{ESTIMANDS, counted, headline};
use crate::publish::report::{Context, select, words};
use crate::publish::results::{Released, ResultRow};

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let measure = headline(context)?;
    let population = select::headline(released);
    let row = |estimand| Some((estimand, counted(measure, estimand, population, released, context)?));
    let rows: Vec<(Estimand, &ResultRow)> = ESTIMANDS.into_iter().filter_map(row).collect();
    let (_, declared) = rows.iter().find(|(estimand, _)| *estimand == Estimand::Nri)?;
    let line = |(estimand, row): &(Estimand, &ResultRow)| {
        Line::new(words::estimand(*estimand), row, *estimand == Estimand::Nri)
    };
    let forest = Forest {
        lines: rows.iter().map(line).collect(),
        scale: Scale::share(),
        heading: "rate (95\u{A0}% interval)",
        subject: "The lost",
    };
    Some(Drawing {
        title: title(&rows),
        subtitle: super::forest::subtitle(&measure.id, declared, context),
        method: "Bold: declared beforehand. At best all of the lost responded, at worst none did. Wilson intervals; weighted: at the number of patients the weights are worth.".to_owned(),
        alt: described(&rows),
        rows: ids(rows.iter().map(|(_, row)| *row)),
        plot: Box::new(move |width| forest.scene(width)),
    })
}

fn title(rows: &[(Estimand, &ResultRow)]) -> String {
    let find = |wanted| {
        let found = rows.iter().find(|(estimand, _)| *estimand == wanted);
        found.and_then(|(_, row)| words::number(row))
    };
    match (find(Estimand::Nri), find(Estimand::Oc)) {
        (Some(imputed), Some(seen)) => format!("{imputed} when the lost count as no response, {seen} among those seen"),
        (Some(imputed), None) => format!("{imputed} when the lost count as no response"),
        _ => "The response rate cannot be shown".to_owned(),
    }
}

fn described(rows: &[(Estimand, &ResultRow)]) -> String {
    let one = |(estimand, row): &(Estimand, &ResultRow)| {
        format!("{}: {}.", words::estimand(*estimand), words::compact(row).unwrap_or_else(|| words::reason(row)))
    };
    rows.iter().map(one).collect::<Vec<_>>().join(" ")
}
