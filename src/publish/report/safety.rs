//! What the side effects were, over the infusions after which somebody asked.

use super::sections::{Material, figures};
use super::select::Query;
use super::{Context, element, words};
use crate::estimate::analysis::safety::{ASKED, KIND, OUTSIDE, PATIENTS, RATE, SERIOUS_TERM, label, levels, terms};
use crate::publish::chart::svg::escape;
use crate::publish::results::{Released, ResultRow};

/// One kind of event and a row about it.
#[derive(Clone, Debug)]
pub struct Kind<'a> {
    /// Its level in the results.
    pub level: &'a str,
    /// As printed.
    pub label: String,
    /// The row.
    pub row: &'a ResultRow,
}

/// A statistic of every kind of event to date, any event first.
pub fn kinds<'a>(released: &'a Released, context: &Context<'a>, statistic: &str) -> Vec<Kind<'a>> {
    let pack = &context.protocol.adverse_events;
    let measure = if statistic == "rate" { PATIENTS } else { RATE };
    let query = Query { stratum: KIND, ..Query::to_date(measure, statistic) };
    let found = levels(pack).into_iter().filter_map(|level| {
        let row = query.rows(released).find(|row| row.stratum_level == level)?;
        Some(Kind { level, label: label(pack, level).to_owned(), row })
    });
    found.collect()
}

/// The section.
pub(super) fn section(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let rest = serious_kinds(released, context)
        + &table(released, context)
        + &asked(released)
        + &outside(released)
        + &figures(material, &["adverse_events"]);
    element::section("safety", "What were the side effects?", &answer(released, context), &rest)
}

fn answer<'a>(released: &'a Released, context: &Context<'a>) -> String {
    let rates = kinds(released, context, "events_per_100_infusions");
    let shares = kinds(released, context, "rate");
    let (Some(rate), Some(share)) = (rates.first(), shares.first()) else {
        return "No infusion is on record, so nothing can be said.".to_owned();
    };
    if share.row.value.is_none() || rate.row.value.is_none() {
        return format!(
            "The number is not shown ({}). That nobody is on record as having asked does not mean that nothing happened.",
            element::number(share.row)
        );
    }
    let find = |kinds: &[Kind<'a>]| kinds.iter().find(|kind| kind.level == "serious").map(|kind| kind.row);
    format!(
        "{}Any adverse event, mild ones included, happened to at least {} of {} patients treated: only what was asked about and written down is counted. There were {} events per 100 infusions after which somebody asked, likely between {}{}.",
        find(&shares).map_or_else(String::new, serious),
        element::number(share.row),
        element::size(share.row),
        element::bare(rate.row),
        element::bare_between(rate.row),
        find(&rates)
            .map_or_else(String::new, |row| format!("; of serious events {} per 100 infusions", element::bare(row)))
    )
}

/// What a reader asks first.
fn serious(row: &ResultRow) -> String {
    match row.value {
        Some(0.0) => format!(
            "No serious event is on record among {} patients treated; that is not proof of none. ",
            element::size(row)
        ),
        Some(_) => format!(
            "A serious event is on record for {} patients treated ({}). ",
            element::of(row),
            element::number(row)
        ),
        None => format!("How many patients had a serious event is not shown ({}). ", element::number(row)),
    }
}

/// What the serious events were. A kind without one on record has no row; one that
/// is hidden has.
fn serious_kinds(released: &Released, context: &Context<'_>) -> String {
    let pack = &context.protocol.adverse_events;
    let of = |measure, statistic, level: &str| {
        let query = Query { stratum: SERIOUS_TERM, ..Query::to_date(measure, statistic) };
        query.rows(released).find(|row| row.stratum_level == level)
    };
    let rows: Vec<Vec<String>> = terms(pack)
        .into_iter()
        .filter_map(|level| Some((level, of(PATIENTS, "rate", level)?)))
        .filter(|(_, patients)| patients.numerator != Some(0))
        .map(|(level, patients)| {
            vec![
                escape(label(pack, level)),
                element::of(patients),
                element::cell(of(RATE, "events", level), element::number),
            ]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let columns = [
        element::words_column("Serious event"),
        element::number_column("Patients affected"),
        element::number_column("Events"),
    ];
    let note = "<p class=\"note\">A kind without a row has no serious event on record. A patient with two kinds is in two rows.</p>\n";
    element::table("What the serious events were", &columns, &rows) + note
}

fn table(released: &Released, context: &Context<'_>) -> String {
    let statistics = ["rate", "events", "events_per_100_infusions", "events_per_100_infusions_clustered"];
    let [patients, events, rates, clustered] = statistics.map(|name| kinds(released, context, name));
    let find = |kinds: &[Kind<'_>], level: &str, show: fn(&ResultRow) -> String| {
        element::cell(kinds.iter().find(|kind| kind.level == level).map(|kind| kind.row), show)
    };
    let rows: Vec<Vec<String>> = patients
        .iter()
        .map(|kind| {
            vec![
                escape(&kind.label),
                element::of(kind.row),
                element::compact(kind.row),
                find(&events, kind.level, element::number),
                find(&rates, kind.level, element::compact),
                find(&clustered, kind.level, element::compact),
            ]
        })
        .collect();
    let columns = [
        element::words_column("Event"),
        element::number_column("Patients affected"),
        element::number_column("Share of patients"),
        element::number_column("Events"),
        element::number_column("Per 100 infusions"),
        element::number_column("The same, patients kept together"),
    ];
    let cohort = patients
        .iter()
        .find(|kind| kind.level == "any")
        .map_or_else(String::new, |kind| format!(": {}", words::cohort(kind.row)));
    let note = "<p class=\"note\">One infusion can be followed by several events, and events of one patient go together: the last column allows for that, which usually makes its range wider. An event belongs to the last infusion of the week before it. Nobody was treated otherwise, so nothing here says which events the infusions brought about.</p>\n";
    element::table(&format!("Adverse events after infusions{cohort}"), &columns, &rows) + note
}

/// Who was asked: the denominator.
fn asked(released: &Released) -> String {
    let find = |statistic| Query::to_date(ASKED, statistic).find(released);
    let Some(share) = find("infusions_asked_share") else { return String::new() };
    let count = |statistic| element::cell(find(statistic), element::number);
    format!(
        "<p>Adverse events were asked for after {} of {} infusions ({}); the others are in no rate, because not asked is not none.</p>\n",
        count("infusions_asked"),
        count("infusions"),
        element::number(share)
    )
}

fn outside(released: &Released) -> String {
    let Some(events) = Query::to_date(OUTSIDE, "events").find(released) else { return String::new() };
    format!(
        "<p>Recorded beside these, and in no rate: events after an infusion without a record of asking, or more than a week after the last one: {}.</p>\n",
        element::number(events)
    )
}

#[cfg(test)]
mod tests {
    use super::section;
    use crate::publish::report::fixture::Clinic;
    use crate::publish::report::sections::Material;

    #[test]
    fn serious_events_are_told_by_kind_and_hidden_ones_as_hidden() {
        let clinic = Clinic::new(3);
        let protocol = clinic.protocol();
        let (context, released) = (clinic.context(&protocol), clinic.released(&protocol));
        let html = section(Material { released: &released, context: &context, charts: &[] });
        let table = html.split("What the serious events were</span>").nth(1).expect("there is such a table");
        let table = table.split("</table>").next().expect("it ends");
        let terms = protocol.adverse_events.terms();
        let row = |at: usize| table.split("<tr>").find(|row| row.contains(&format!(">{}<", terms[at].label)));
        assert!(row(0).is_none(), "no serious event of this kind: {table}");
        assert!(row(1).is_some_and(|row| row.contains("hidden") && !row.contains("class=\"num\"")), "{table}");
        assert!(row(2).is_some_and(|row| row.contains(">14 of 1,845<")), "{table}");
    }
}
