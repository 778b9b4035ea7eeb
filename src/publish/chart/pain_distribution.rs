//! How far changes in pain are spread, by condition: the median, the middle half
//! and the middle eight in ten. Never a patient: no dots, no whiskers to the
//! extremes.

use super::Drawing;
use super::forest::{Forest, Line, subtitle};
use super::scale::Scale;
use crate::publish::report::select::{self, Query};
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

/// The rows of one line.
struct Spread<'a> {
    label: &'a str,
    median: &'a ResultRow,
    /// From the lowest to the highest.
    quantiles: [Option<&'a ResultRow>; 4],
}

impl<'a> Spread<'a> {
    fn of(label: &'a str, condition: &str, query: Query<'_>, released: &'a Released) -> Option<Self> {
        let query = Query { condition, ..query };
        let find = |statistic| Query { statistic, ..query }.find(released);
        let quantiles = ["quantile_10", "quantile_25", "quantile_75", "quantile_90"].map(find);
        Some(Self { label, median: find("median")?, quantiles })
    }

    fn words(&self) -> String {
        let median = words::bare(self.median).unwrap_or_else(|| words::reason(self.median));
        let [_, low, high, _] = self.quantiles.map(|row| row.and_then(words::bare));
        low.zip(high).map_or_else(|| median.clone(), |(low, high)| format!("{median} ({low} to {high})"))
    }

    fn line(&self, overall: bool) -> Line {
        let [lowest, low, high, highest] = self.quantiles;
        Line::new(self.label, self.median, overall).with_ends([lowest, highest], self.words()).with_band([low, high])
    }
}

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let query = Query { statistic: "median", ..Query::mean(context.change(), select::by_condition(released), context) };
    let overall = Spread::of("All patients", select::ALL, query, released);
    let groups = select::conditions(query, released, context);
    let rest = groups.iter().filter_map(|group| Spread::of(group.label, group.code, query, released));
    let all: Vec<Spread<'_>> = overall.into_iter().chain(rest).collect();
    let first = all.first()?;
    let values = all.iter().flat_map(|spread| spread.quantiles.into_iter().chain([Some(spread.median)]));
    let scale = Scale::points_around(values.flatten().filter_map(|row| row.value).map(|value| (value, value)));
    let lines = all.iter().enumerate().map(|(at, spread)| spread.line(at == 0 && spread.label == "All patients"));
    let forest = Forest { lines: lines.collect(), scale, heading: "median (middle half)", subject: "Condition" };
    Some(Drawing {
        title: title(first, context),
        subtitle: subtitle(context.change(), first.median, context),
        method: "Point: median. Shaded: the middle half of the patients; line: the middle eight in ten. Left out where they would stand for fewer than 11 patients. Patients with both scores.".to_owned(),
        alt: all.iter().map(|spread| format!("{}: {}.", spread.label, spread.words())).collect::<Vec<_>>().join(" "),
        rows: forest.rows(),
        plot: Box::new(move |width| forest.scene(width)),
    })
}

/// How unlike patients are, as the finding.
fn title(first: &Spread<'_>, context: &Context<'_>) -> String {
    let [_, low, high, _] = first.quantiles.map(|row| row.and_then(words::bare));
    low.zip(high).map_or_else(
        || format!("How far changes in pain are spread at {} cannot be shown", context.horizon()),
        |(low, high)| {
            format!("Half of the patients changed by between {low} and {high} points at {}", context.horizon())
        },
    )
}
