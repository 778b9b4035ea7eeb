//! The same patients under other sets of MME factors: the rate of reduction under
//! each, and the patients whose status flips.

use super::forest::{Forest, Line, subtitle};
use super::scale::Scale;
use super::{Drawing, ids};
use crate::derive::opioid_counts::{NON_RESPONDER, RESPONDER};
use crate::estimate::analysis::factor_sets::{DIFFERS, FACTOR_SET, FLIP, FLIP_SPLIT, GAINED, LOST, REDUCTION_50, flip};
use crate::estimate::result::Estimand;
use crate::publish::report::select::{self, Query};
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

/// A line and its row.
struct Named<'a> {
    label: String,
    row: &'a ResultRow,
    own: bool,
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
        title: title(released, context),
        subtitle: subtitle("opioid_reduction_50", own, context),
        method: "The same patients under each set; bold: the one this report uses. On a set's own line a dose it cannot compute counts as not reduced, which says what drugs it lists rather than what its factors do. Below it: the rate among doses it can compute, and whose result is not the same as in this report. What nobody is in is left out. No set is the true one; a dose in MME is an estimate. Wilson intervals.".to_owned(),
        alt: lines.iter().map(one).collect::<Vec<_>>().join(" "),
        rows: ids(lines.iter().map(|line| line.row)),
        plot: Box::new(move |width| forest.scene(width)),
    })
}

/// Each set, the rate among the doses it can compute, and who changes sides; a way
/// nobody takes is left out.
fn lines<'a>(released: &'a Released, context: &Context<'_>) -> Vec<Named<'a>> {
    let mut all = Vec::new();
    for (position, set) in
        std::iter::once(&context.protocol.factors).chain(&context.protocol.compare_factors).enumerate()
    {
        let find =
            |id, (stratum, level): (&str, &str), estimand| find(released, context, id, (stratum, level), estimand);
        let of_set = (FACTOR_SET, set.id.as_str());
        let Some(row) = find(REDUCTION_50, of_set, Estimand::Nri) else { continue };
        all.push(Named { label: set.title.clone(), row, own: position == 0 });
        let known = find(REDUCTION_50, of_set, Estimand::Oc);
        all.extend(known.map(|row| Named { label: "– of doses it can compute".to_owned(), row, own: false }));
        let stratum = format!("{FLIP_SPLIT}{}", set.id);
        all.extend(flips().into_iter().filter_map(|(level, label)| {
            let row = find(FLIP, (&stratum, &level), Estimand::Nri)?;
            let anybody = row.value != Some(0.0);
            anybody.then(|| Named { label: format!("– {label}"), row, own: false })
        }));
    }
    all
}

fn find<'a>(
    released: &'a Released,
    context: &Context<'_>,
    id: &str,
    (stratum, level): (&str, &str),
    estimand: Estimand,
) -> Option<&'a ResultRow> {
    let query = Query { estimand, stratum, ..Query::rate(id, select::by_condition(released), context) };
    query.rows(released).find(|row| row.stratum_level == level)
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

/// Among patients whose doses both sets can compute: what a set does not list is no
/// effect of its factors. Of several sets the one that matters most.
fn title(released: &Released, context: &Context<'_>) -> String {
    let differs = context.protocol.compare_factors.iter().map(|set| {
        let stratum = format!("{FLIP_SPLIT}{}", set.id);
        let row = find(released, context, FLIP, (&stratum, DIFFERS), Estimand::Oc)?;
        Some((row.value?, words::of(row)?, set.title.as_str()))
    });
    let Some(differs) = differs.collect::<Option<Vec<_>>>() else {
        return "How many change sides under other factors cannot be shown".to_owned();
    };
    let most = differs.iter().max_by(|(one, ..), (other, ..)| one.total_cmp(other));
    match most {
        Some((share, of, set)) if *share > 0.0 => {
            let lost = uncomputable(released, context).unwrap_or_default();
            format!(
                "Other factors change the result of at most {of} patients whose doses both sets can compute ({set}){lost}"
            )
        }
        _ => "Other factors change nobody's result, where both sets can compute the doses".to_owned(),
    }
}

/// Which set cannot compute the most of the doses this report's set can.
fn uncomputable(released: &Released, context: &Context<'_>) -> Option<String> {
    let lost = context.protocol.compare_factors.iter().filter_map(|set| {
        let stratum = format!("{FLIP_SPLIT}{}", set.id);
        let row = find(released, context, FLIP, (&stratum, LOST), Estimand::Nri)?;
        Some((row.numerator.filter(|count| *count > 0 && row.value.is_some())?, set.title.as_str()))
    });
    let (count, set) = lost.max_by_key(|(count, _)| *count)?;
    Some(format!("; {set} cannot compute {}", words::count(count)))
}
