//! Mean change in pain by condition, as counted.

use super::Drawing;
use super::forest::{Forest, Line, described, subtitle};
use super::scale::Scale;
use crate::publish::report::select::{self, Query};
use crate::publish::report::views::{regression, reliability};
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let query = Query::mean(context.change(), select::by_condition(released), context);
    let overall = query.find(released);
    let groups = select::conditions(query, released, context);
    let any = overall.or(groups.first().map(|group| group.row))?;
    let drawn = overall.into_iter().chain(groups.iter().map(|group| group.row));
    let bands: Vec<[Option<&ResultRow>; 2]> = drawn.map(|row| regression(row, released)).collect();
    let with_bands = Line::all(overall, &groups).into_iter().zip(&bands);
    let lines: Vec<Line> = with_bands.map(|(line, band)| line.with_band(*band)).collect();
    let measured = bands.iter().flatten().flatten().any(|row| reliability(row, released).is_some());
    let basis = if measured {
        "under the mildest and the strongest assumptions, widened where repeated scores say so"
    } else {
        "under the mildest and the strongest assumptions"
    };
    let scale = Scale::points_around(lines.iter().filter_map(Line::interval));
    let forest = Forest { lines, scale, heading: "points (95\u{A0}% interval)", subject: "Condition" };
    Some(Drawing {
        title: title(overall, context),
        subtitle: subtitle(context.change(), any, context),
        method: format!(
            "Mean change among patients with both scores; below zero is less pain. t intervals. Shaded: what scores chosen for being high would change by themselves, {basis}; they are no bounds."
        ),
        alt: described(overall, &groups),
        rows: forest.rows(),
        plot: Box::new(move |width| forest.scene(width)),
    })
}

fn title(overall: Option<&ResultRow>, context: &Context<'_>) -> String {
    let horizon = context.horizon();
    let Some((row, size)) = overall.and_then(|row| Some((row, words::magnitude(row)?))) else {
        return format!("The change in pain at {horizon} cannot be shown");
    };
    match row.ci_low.zip(row.ci_high) {
        Some((_, high)) if high < 0.0 => format!("Pain scores were {size} lower on average at {horizon}"),
        Some((low, _)) if low > 0.0 => format!("Pain scores were {size} higher on average at {horizon}"),
        _ => format!("No clear change in pain at {horizon}"),
    }
}
