//! Opioid reduction by condition, as counted.

use super::forest::{Forest, Line, described, subtitle};
use super::scale::Scale;
use super::{Drawing, ids};
use crate::estimate::result::Estimand;
use crate::publish::report::select::{self, Query};
use crate::publish::report::{Context, words};
use crate::publish::results::Released;

pub(super) fn draw(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let query = Query::rate(context.opioids(), select::by_condition(released), context);
    let overall = query.find(released);
    let groups = select::conditions(query, released, context);
    let any = overall.or(groups.first().map(|group| group.row))?;
    let forest = Forest {
        lines: Line::all(overall, &groups),
        scale: Scale::share(),
        heading: "rate (95\u{A0}% interval)",
        subject: "Condition",
    };
    let title = overall.and_then(words::number).map_or_else(
        || "The opioid reduction rate cannot be shown".to_owned(),
        |rate| {
            let known = if query.estimand == Estimand::Oc { " with a known dose" } else { "" };
            format!(
                "{rate} of patients on opioids{known} {} at {}",
                context.phrase(context.opioids()),
                context.horizon()
            )
        },
    );
    Some(Drawing {
        title,
        subtitle: subtitle(context.opioids(), any, context),
        method: format!(
            "Patients whose dose is not known {}. Wilson intervals; conditions in clinical order.",
            if query.estimand == Estimand::Oc { "are not counted" } else { "count as not reduced" }
        ),
        alt: described(overall, &groups),
        rows: ids(overall.into_iter().chain(groups.iter().map(|group| group.row))),
        plot: Box::new(move |width| forest.scene(width)),
    })
}
