//! Response rate by condition, as counted.

use super::Drawing;
use super::forest::{Forest, Line, Spread, described, spread};
use super::scale::Scale;
use crate::publish::report::select::{self, ByCondition, Query};
use crate::publish::report::views::pooled;
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let query = Query::rate(context.response(), select::by_condition(released), context);
    let overall = query.find(released);
    let groups = select::conditions(query, released, context);
    let any = overall.or(groups.first().map(|group| group.row))?;
    let pooled: Vec<Option<&ResultRow>> = groups.iter().map(|group| pooled(group.row, released)).collect();
    let seconds = overall.map(|_| None).into_iter().chain(pooled.iter().copied());
    let lines = Line::all(overall, &groups).into_iter().zip(seconds).map(|(line, second)| line.with_second(second));
    let forest = Forest {
        lines: lines.collect(),
        scale: Scale::share(),
        heading: "rate (95\u{A0}% interval)",
        subject: "Condition",
    };
    Some(Drawing {
        title: title(overall, spread(overall, &groups), &groups),
        subtitle: super::forest::subtitle(context.response(), any, context),
        method: "Patients without a score count as no response. Wilson intervals; in grey below, the rate drawn towards those of the other conditions shown (partial pooling). Conditions in clinical order, not by result.".to_owned(),
        alt: described(overall, &groups),
        rows: forest.rows(),
        plot: Box::new(move |width| forest.scene(width)),
    })
}

/// The lowest and the highest rate shown: a range claims no difference that the
/// test of all conditions together would have to confirm.
fn title(overall: Option<&ResultRow>, spread: Spread, groups: &[ByCondition<'_>]) -> String {
    let Some(rate) = overall.and_then(words::number) else {
        return "The overall response rate cannot be shown".to_owned();
    };
    match spread {
        Spread { shown: 0, .. } => format!("{rate} of all patients responded; no condition is large enough to show"),
        Spread { shown: 1, .. } => format!("One condition is large enough to show; overall {rate} responded"),
        Spread { shown, .. } => {
            let values = || groups.iter().filter_map(|group| group.row.value);
            let [low, high] = [values().fold(1.0, f64::min), values().fold(0.0, f64::max)];
            format!(
                "{shown} conditions range from {:.0} to {:.0}\u{A0}% around the overall {rate}",
                100.0 * low,
                100.0 * high
            )
        }
    }
}
