//! How much depends on those who were lost: every way to count them, side by side.

use super::sections::{Material, figures};
use super::select::{self, Query};
use super::{Context, element, words};
use crate::derive::status::STATUSES;
use crate::estimate::analysis::status;
use crate::estimate::result::{Estimand, Population};
use crate::protocol::{Measure, MeasureKind, Role};
use crate::publish::chart::svg::escape;
use crate::publish::reading;
use crate::publish::results::{Released, ResultRow};

/// The ways to count, from the most to the least hopeful; what carries weight in
/// the report stands where it belongs between the bounds.
pub const ESTIMANDS: [Estimand; 6] =
    [Estimand::Best, Estimand::Oc, Estimand::Ipw, Estimand::Locf, Estimand::Nri, Estimand::Worst];

/// The measure the report begins with; `None` where no pack names one.
pub fn headline<'a>(context: &Context<'a>) -> Option<&'a Measure> {
    context.protocol.measures.iter().find(|measure| measure.role == Some(Role::Headline))
}

/// A measure counted in one way; for changes, no change stands for no response.
pub fn counted<'r>(
    measure: &Measure,
    estimand: Estimand,
    population: Population,
    released: &'r Released,
    context: &Context<'_>,
) -> Option<&'r ResultRow> {
    let rate = Query { estimand, ..Query::rate(&measure.id, population, context) };
    if measure.kind == MeasureKind::Proportion {
        return rate.find(released);
    }
    let estimand = if estimand == Estimand::Nri { Estimand::Bocf } else { estimand };
    Query { estimand, statistic: "mean", ..rate }.find(released)
}

/// What a reader has to believe of a measure's tipping point.
fn tipping<'r>(measure: &Measure, population: Population, material: Material<'r>) -> Option<&'r ResultRow> {
    let Material { released, context, .. } = material;
    let estimand = if measure.kind == MeasureKind::Proportion { Estimand::Nri } else { Estimand::Bocf };
    Query { statistic: "tipping_point", estimand, ..Query::rate(&measure.id, population, context) }.find(released)
}

/// The section.
pub(super) fn section(material: Material<'_>) -> String {
    let population = select::headline(material.released);
    let rest = figures(material, &["estimands"])
        + &became(material, population)
        + &rates(material, population)
        + &changes(material, population)
        + NOTE;
    element::section("missing", "How much depends on those we lost?", &answer(material, population), &rest)
}

const NOTE: &str = "<p class=\"note\">Weighted: those seen also stand for those lost who resemble them in pain, opioid use and sex before treatment and in the kind of condition. That repairs a loss which these explain, and no other: whoever stays away because treatment failed is not found by it. Carrying the last score since treatment forward takes a fading effect for a lasting one; whoever has none counts as without response and without change. The tipping point says how many of the lost would have had to respond (or what their mean change would have to be) for the conclusion to turn. The conclusion asked about is, for a share, that more than 50\u{A0}% respond, a round reference named in the pack and no target, and for a change, that there is one. Where it would stand even with the worst score for every one of the lost, the table says so.</p>\n";

fn answer(material: Material<'_>, population: Population) -> String {
    let Material { released, context, .. } = material;
    let Some(measure) = headline(context) else { return "No measure is named as the headline.".to_owned() };
    let row = |estimand| counted(measure, estimand, population, released, context);
    let (Some(imputed), Some(seen)) = (row(Estimand::Nri), row(Estimand::Oc)) else {
        return "No patient has reached this point yet, so nothing can be said.".to_owned();
    };
    let bounds = row(Estimand::Worst).zip(row(Estimand::Best)).filter(|(worst, _)| worst.value.is_some());
    let bounds = bounds.map_or_else(String::new, |(worst, best)| {
        format!(
            " Whatever became of the lost, the share among these patients lies between {} and {}.",
            element::number(worst),
            element::number(best)
        )
    });
    format!(
        "{} {} when the lost count as no response, {} among those seen.{bounds}{}",
        element::number(imputed),
        escape(&context.phrase(&measure.id)),
        element::number(seen),
        turning(measure, population, material)
    )
}

/// The tipping point in a sentence.
fn turning(measure: &Measure, population: Population, material: Material<'_>) -> String {
    let (Some(row), Some(reference)) = (tipping(measure, population, material), measure.reference) else {
        return String::new();
    };
    let what = format!("that more than {:.0}\u{A0}% respond", 100.0 * reference);
    match row.value {
        Some(0.0) => format!(" The conclusion {what} holds even if none of the lost did ({}).", element::number(row)),
        Some(_) => format!(
            " To be confident {what}, at least {} would have to have responded.",
            of_the_lost(row, measure, population, material)
        ),
        None => {
            format!(" How many of the lost would have had to respond to conclude {what}: {}.", element::number(row))
        }
    }
}

/// `15 of the 78 lost`; the share alone where the counts are not shown.
fn of_the_lost(row: &ResultRow, measure: &Measure, population: Population, material: Material<'_>) -> String {
    let count = |estimand| counted(measure, estimand, population, material.released, material.context);
    let both = count(Estimand::Nri).zip(count(Estimand::Oc)).filter(|(all, seen)| all.n.is_some() && seen.n.is_some());
    both.map_or_else(
        || format!("{} of the lost", element::number(row)),
        |(all, seen)| format!("{} of the {} lost", element::part_of_lost(row, all, seen), element::lost(all, seen)),
    )
}

/// What became of those due; a death is never counted as lost.
fn became(material: Material<'_>, population: Population) -> String {
    let Material { released, context, .. } = material;
    let due = Query { statistic: "count", estimand: Estimand::Oc, ..Query::rate(status::STATUS, population, context) };
    let of_status = Query { stratum: status::SPLIT, ..due };
    let rows = STATUSES.iter().filter_map(|(level, label)| {
        let row = of_status.rows(released).find(|row| row.stratum_level == *level)?;
        Some(vec![escape(label), element::number(row)])
    });
    let mut rows: Vec<Vec<String>> = rows.collect();
    if let Some(row) = reading::status::not_yet_due(released, context.protocol.study.primary_horizon.id)
        && !rows.is_empty()
    {
        rows.push(vec!["Not yet due, of all treated to date: counted nowhere above".to_owned(), element::number(row)]);
    }
    let columns = [element::words_column("What became of them"), element::number_column("Patients")];
    if rows.is_empty() {
        return String::new();
    }
    element::table(&caption("Those who were due", population, material), &columns, &rows)
}

fn rates(material: Material<'_>, population: Population) -> String {
    let Material { released, context, .. } = material;
    let of_rate = |measure: &&Measure| measure.kind == MeasureKind::Proportion;
    let rows = context.protocol.measures.iter().filter(of_rate).filter_map(|measure| {
        let row = |estimand| counted(measure, estimand, population, released, context);
        if !measure.declared && !depends_on_lost(measure, row(Estimand::Nri)?, row(Estimand::Oc)?) {
            return None;
        }
        row(Estimand::Nri)?;
        let mut cells = vec![escape(&words::tied(&measure.label)), element::cell(row(Estimand::Nri), element::size)];
        cells.extend(ESTIMANDS.map(|estimand| element::cell(row(estimand), element::compact)));
        cells.push(tipping(measure, population, material).map_or_else(String::new, element::number));
        Some(cells)
    });
    let mut columns = vec![element::words_column("Measure"), element::number_column("n")];
    columns.extend(ESTIMANDS.map(|estimand| element::number_column(words::estimand(estimand))));
    columns.push(element::number_column("Of the lost, would have to"));
    let caption = caption("Shares by how the lost are counted", population, material);
    element::folded(&caption, &columns, &rows.collect::<Vec<_>>())
}

/// Whether a way of counting the lost says something: it is an outcome, some were
/// seen and some were not. The spreadsheet has the others.
fn depends_on_lost(measure: &Measure, all: &ResultRow, seen: &ResultRow) -> bool {
    let none_lost = seen.n.is_some() && seen.n == all.n;
    measure.section != "overlap" && (seen.value.is_some() || seen.suppression.hides()) && !none_lost
}

fn changes(material: Material<'_>, population: Population) -> String {
    const WAYS: [Estimand; 6] =
        [Estimand::Best, Estimand::Oc, Estimand::Ipw, Estimand::Locf, Estimand::Bocf, Estimand::Worst];
    let Material { released, context, .. } = material;
    let of_change = |measure: &&Measure| measure.kind != MeasureKind::Proportion;
    let rows = context.protocol.measures.iter().filter(of_change).filter_map(|measure| {
        let row = |estimand| counted(measure, estimand, population, released, context);
        row(Estimand::Oc)?;
        let mut cells = vec![escape(&words::tied(&measure.label)), element::cell(row(Estimand::Bocf), element::size)];
        cells.extend(WAYS.map(|estimand| element::cell(row(estimand), element::compact)));
        let turn = tipping(measure, population, material);
        let ends = [Estimand::Oc, Estimand::Worst].map(row);
        cells.push(turn.map_or_else(String::new, |turn| {
            if is_beyond(turn, ends) { BEYOND.to_owned() } else { element::number(turn) }
        }));
        Some(cells)
    });
    let mut columns = vec![element::words_column("Measure"), element::number_column("n")];
    columns.extend(WAYS.map(|estimand| element::number_column(words::estimand(estimand))));
    columns.push(element::number_column("Mean of the lost at which it turns"));
    let caption = caption("Every mean change, by how the lost are counted", population, material);
    element::folded(&caption, &columns, &rows.collect::<Vec<_>>())
}

/// Said of a tipping point that no score could reach.
const BEYOND: &str = "<span class=\"unknown\">no score could turn it</span>";

/// Whether the mean at which a conclusion turns is worse than that of the lost
/// with every one of them at the bad end of the scale.
fn is_beyond(turn: &ResultRow, [observed, worst]: [Option<&ResultRow>; 2]) -> bool {
    let both =
        observed.and_then(|row| Some((row.value?, row.n?))).zip(worst.and_then(|row| Some((row.value?, row.n?))));
    let (Some(turn), Some(((seen, of_seen), (all, of_all)))) = (turn.value, both) else { return false };
    if of_all <= of_seen {
        return false;
    }
    let [of_seen, of_all] = [of_seen, of_all].map(|count| count as f64);
    let limit = (all * of_all - seen * of_seen) / (of_all - of_seen);
    if limit > seen { turn > limit } else { turn < limit }
}

fn caption(title: &str, population: Population, material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let cohort = headline(context)
        .and_then(|measure| counted(measure, Estimand::Nri, population, released, context))
        .map_or_else(String::new, |row| format!(": {}", words::cohort(row)));
    format!("{title}, at {}{cohort}", context.horizon())
}

#[cfg(test)]
mod tests {
    use super::is_beyond;
    use crate::publish::report::fixture::change;
    use crate::publish::results::ResultRow;

    /// By hand: 60 seen changed by -3, all 100 by 0 with the lost at the bad end: the lost by 4.5.
    #[test]
    fn a_turning_point_no_score_can_reach_is_no_mean() {
        let of = |value: f64, n: u64| ResultRow { n: Some(n), ..change(value, value, value) };
        let (seen, worst) = (of(-3.0, 60), of(0.0, 100));
        let beyond = |turn: f64| is_beyond(&of(turn, 40), [Some(&seen), Some(&worst)]);
        assert_eq!([beyond(4.4), beyond(4.6)], [false, true]);
        assert!(!is_beyond(&of(9.0, 40), [Some(&seen), None]), "without a worst case nothing is known");
        assert!(!is_beyond(&of(9.0, 40), [Some(&seen), Some(&of(-3.0, 60))]), "nobody was lost");
    }
}
