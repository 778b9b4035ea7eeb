//! Charts: one file a chart, drawn from released rows and nothing else.
//!
//! A chart file turns rows into a `Drawing`: the finding, what it says to
//! someone who cannot see it, and a plot for any width. This file turns a
//! drawing into files and into what the report embeds.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "everything cast here is a place on a canvas of at most a few thousand pixels"
)]

mod adverse_events;
mod attrition_flow;
pub(crate) mod claims;
mod completeness;
pub(crate) mod control;
mod control_plot;
mod definition_grid;
mod estimands;
mod forest;
mod frame;
mod mind_change;
mod mme_flip;
mod opioid_before_after;
mod opioid_by_condition;
mod pain_by_condition;
mod pain_distribution;
mod pain_trajectory;
mod png;
mod relief_curve;
mod responder_curve;
mod response_by_condition;
mod response_trend;
pub mod scale;
pub mod scene;
mod site_funnel;
pub mod svg;
pub mod text;
pub mod theme;

use std::collections::BTreeSet;

use crate::estimate::result::Population;

use super::disclosure::is_uninterpretable;
use super::report::{Context, select, words};
use super::results::{Released, ResultRow};
use scene::Scene;
use svg::Spoken;

/// A chart of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Names the files and the figure.
    pub id: &'static str,
    /// Draws it, when there is anything to draw.
    pub draw: fn(&Released, &Context<'_>) -> Option<Drawing>,
}

/// Order is report order.
pub const CHARTS: &[Kind] = &[
    Kind { id: "attrition_flow", draw: attrition_flow::draw },
    Kind { id: "completeness", draw: completeness::draw },
    Kind { id: "response_by_condition", draw: response_by_condition::draw },
    Kind { id: "estimands", draw: estimands::draw },
    Kind { id: "definition_grid", draw: definition_grid::draw },
    Kind { id: "responder_curve", draw: responder_curve::draw },
    Kind { id: "pain_trajectory", draw: pain_trajectory::draw },
    Kind { id: "pain_by_condition", draw: pain_by_condition::draw },
    Kind { id: "pain_distribution", draw: pain_distribution::draw },
    Kind { id: "mind_change", draw: mind_change::draw },
    Kind { id: "opioid_before_after", draw: opioid_before_after::draw },
    Kind { id: "opioid_by_condition", draw: opioid_by_condition::draw },
    Kind { id: "mme_flip", draw: mme_flip::draw },
    Kind { id: "response_trend", draw: response_trend::draw },
    Kind { id: "relief_curve", draw: relief_curve::draw },
    Kind { id: "adverse_events", draw: adverse_events::draw },
    Kind { id: "control_response", draw: control::response },
    Kind { id: "control_pain", draw: control::pain },
    Kind { id: "control_opioids", draw: control::opioids },
    Kind { id: "control_retention", draw: control::retention },
    Kind { id: "site_funnel", draw: site_funnel::draw },
    Kind { id: "claims", draw: claims::draw },
];

/// What a chart file makes.
pub struct Drawing {
    /// The finding, in one line.
    pub title: String,
    /// Measure, number of patients, period.
    pub subtitle: String,
    /// Method, in a sentence.
    pub method: String,
    /// What the chart shows, for someone who does not see it.
    pub alt: String,
    /// The rows drawn, in reading order.
    pub rows: Vec<String>,
    /// The plot at a width.
    pub plot: Box<dyn Fn(f64) -> Scene>,
}

/// A finished chart.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Names the files and the figure.
    pub id: &'static str,
    /// The finding, in one line.
    pub title: String,
    /// Measure, number of patients, period, snapshot.
    pub subtitle: String,
    /// Method, where the rows are.
    pub footnote: String,
    /// What the chart shows, for someone who does not see it.
    pub alt: String,
    /// The `result_id`s drawn, in reading order.
    pub rows: Vec<String>,
    /// The chart on its own, with title and footnote.
    pub svg: String,
    /// The plot alone, for a page that sets title and footnote itself.
    pub wide: String,
    /// The plot alone, for a phone.
    pub narrow: String,
    whole: Scene,
}

impl Chart {
    /// The chart on its own as PNG, at two pixels to one. Made when asked for:
    /// a page needs none.
    pub fn png(&self) -> Vec<u8> {
        png::write(&self.whole)
    }
}

/// Below a chart with a number that too few of those due gave.
const UNREADABLE: &str = " Numbers with a † in the table of this chart are not interpretable: for fewer than 60\u{A0}% of those due are they on record.";

/// Draws every chart that has rows.
pub fn charts(released: &Released, context: &Context<'_>) -> Vec<Chart> {
    let drawn = CHARTS.iter().filter_map(|kind| Some((kind.id, (kind.draw)(released, context)?)));
    let unreadable: BTreeSet<&str> =
        released.rows().iter().filter(|row| is_uninterpretable(row)).map(|row| row.result_id.as_str()).collect();
    let marked = drawn.map(|(id, mut drawing)| {
        if drawing.rows.iter().any(|row| unreadable.contains(row.as_str())) {
            drawing.method += UNREADABLE;
        }
        drawing.title.insert_str(0, other_cohort(&drawing, released));
        (id, drawing)
    });
    marked.map(|(id, drawing)| finish(id, drawing, context)).collect()
}

/// A number of four quarters stands beside that of one: the title says so first.
fn other_cohort(drawing: &Drawing, released: &Released) -> &'static str {
    let mut rows = drawing.rows.iter().filter_map(|id| released.by_id(id)).map(|row| row.population);
    let first = rows.next();
    match first.filter(|first| select::has_quarters(released) && rows.all(|population| population == *first)) {
        Some(Population::RollingYear) => "Four quarters: ",
        Some(Population::ToDate) => "To date: ",
        _ => "",
    }
}

fn finish(id: &'static str, drawing: Drawing, context: &Context<'_>) -> Chart {
    let footnote = format!("{} Rows: results.csv.", drawing.method);
    let subtitle = format!("{} · snapshot\u{A0}{}", drawing.subtitle, context.snapshot_short());
    let whole = frame::around((drawing.plot)(theme::WIDE), &drawing.title, &subtitle, &footnote);
    let embedded = |width: f64, id: &str| {
        svg::write(&(drawing.plot)(width), Spoken { id, title: &drawing.title, description: &described(&drawing.alt) })
    };
    Chart {
        id,
        svg: svg::write(&whole, Spoken { id, title: &drawing.title, description: &drawing.alt }),
        wide: embedded(theme::WIDE, id),
        narrow: embedded(theme::NARROW, &format!("{id}-narrow")),
        title: drawing.title,
        subtitle,
        footnote,
        alt: drawing.alt,
        rows: drawing.rows,
        whole,
    }
}

fn described(alt: &str) -> String {
    format!("{alt} The numbers are in the table below the chart.")
}

/// Who is drawn, and how many where that is shown.
fn cohort(row: &ResultRow) -> String {
    let size = words::size(row).map_or_else(String::new, |size| format!(" · n\u{A0}=\u{A0}{size}"));
    format!("{}{size}", words::cohort(row))
}

/// The ids of the rows, in order.
fn ids<'a>(rows: impl IntoIterator<Item = &'a ResultRow>) -> Vec<String> {
    rows.into_iter().map(|row| row.result_id.clone()).collect()
}

#[cfg(test)]
mod tests;
