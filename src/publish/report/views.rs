//! What can be said of small conditions: raw beside pooled rates, every condition
//! a patient has, pain classes and report groups, and whether conditions differ
//! at all.

use super::sections::Material;
use super::select::{self, ByCondition, Query};
use super::{Context, element, words};
use crate::estimate::analysis::reliability::{BAND, ICC, RELIABILITY};
use crate::estimate::analysis::{ANY_VIEW, GROUP, PAIN_CLASS, SCREEN};
use crate::estimate::result::Population;
use crate::protocol::Measure;
use crate::publish::chart::svg::escape;
use crate::publish::results::{Released, ResultRow};

/// The pooled rate beside the raw rate of a condition.
pub fn pooled<'r>(raw: &ResultRow, released: &'r Released) -> Option<&'r ResultRow> {
    let id = raw.result_id.strip_suffix("/rate")?;
    released.by_id(&format!("{id}/rate_pooled"))
}

/// What a mean change is expected to be without any treatment, at least and at most:
/// over the range of reliability the pack assumes, widened by the measured one where it
/// is known.
pub fn regression<'r>(mean: &ResultRow, released: &'r Released) -> [Option<&'r ResultRow>; 2] {
    let id = mean.result_id.strip_suffix("/mean");
    let find = |statistic: &str| released.by_id(&format!("{}/{statistic}", id?));
    let measured = BAND.map(find);
    if measured.iter().all(|row| row.is_some_and(|row| row.value.is_some())) {
        return measured;
    }
    [find("expected_regression_least"), find("expected_regression_most")]
}

/// The reliability such a band was widened by; `None` where it rests on an assumed one.
pub fn reliability<'r>(band: &ResultRow, released: &'r Released) -> Option<&'r ResultRow> {
    let mut rows = released.of_measure(RELIABILITY).filter(|_| BAND.contains(&band.statistic.as_str()));
    rows.find(|row| row.statistic == ICC)
}

/// The section.
pub(super) fn section(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let rest = conditions(released, context)
        + &level_table(material, PAIN_CLASS, "By pain class", "Pain class")
        + &level_table(material, GROUP, "By report group", "Group")
        + &tests(released, context)
        + &screens(released, context)
        + NOTE;
    element::section("small", "What can be said of small conditions?", &answer(released, context), &rest)
}

const NOTE: &str = "<p class=\"note\">A pooled rate draws the rate of a condition towards those of the others, the more the fewer patients it has: a better guess at what the next patients will show, and not what was counted. Only conditions that are shown take part. Under “anyone with it” a patient with two conditions counts under both, so these rows do not add up. Conditions are not ranked.</p>\n";

fn query<'q>(measure: &'q str, released: &Released, context: &Context<'_>) -> Query<'q> {
    Query::rate(measure, select::by_condition(released), context)
}

fn answer(released: &Released, context: &Context<'_>) -> String {
    let Some(headline) = super::missing::headline(context) else {
        return "No measure is named as the headline.".to_owned();
    };
    let asked = query(&headline.id, released, context);
    let Some(row) = screen(asked, released) else {
        return "No condition has patients with a follow-up due yet.".to_owned();
    };
    let all = Query { population: Population::ToDate, ..asked };
    let all = screen(all, released).filter(|all| all.result_id != row.result_id);
    let pooled = "Beside each rate as counted stands one drawn towards the others, the more the smaller the condition; it is never used instead.";
    match detected(row) {
        None => {
            format!("Whether response differs between conditions cannot be said ({}). {pooled}", element::number(row))
        }
        Some(found) => format!("{} {pooled}", differ(row.population, found, all.and_then(detected))),
    }
}

/// Whether conditions differ, in words; the tests stand below in small print.
fn differ(population: Population, found: bool, over_all: Option<bool>) -> String {
    let these = if population == Population::ToDate { "All quarters together" } else { "Four quarters" };
    match (found, over_all) {
        (false, Some(true)) => format!(
            "{these} cannot show whether conditions differ. All quarters together, with more patients, say that they do, but not which ones or why."
        ),
        (false, _) => {
            format!("{these} cannot show whether conditions differ. That is not proof that they are alike.")
        }
        (true, Some(false)) => format!(
            "{these} say that conditions differ, but not which ones or why. All quarters together do not show it."
        ),
        (true, _) => format!("{these} say that conditions differ, but not which ones or why."),
    }
}

/// The tests behind the first sentence, for who asks.
fn tests(released: &Released, context: &Context<'_>) -> String {
    let Some(headline) = super::missing::headline(context) else { return String::new() };
    let asked = query(&headline.id, released, context);
    let tested = |population| {
        let row = screen(Query { population, ..asked }, released)?;
        detected(row)?;
        let over = if population == Population::ToDate { "all quarters" } else { "four quarters" };
        Some(format!("{over}: {}", element::test(row)))
    };
    let year = (asked.population != Population::ToDate).then_some(asked.population);
    let said: Vec<String> = year.into_iter().chain([Population::ToDate]).filter_map(tested).collect();
    if said.is_empty() {
        return String::new();
    }
    format!(
        "<p class=\"note\">The tests of whether response differs: {}. Each allows for how many conditions there are: of so many, some two have ranges that do not overlap by chance alone.</p>\n",
        said.join("; ")
    )
}

/// Whether the test found a difference; `None` where there was no test.
fn detected(row: &ResultRow) -> Option<bool> {
    row.p_adjusted.or(row.p_value).map(|p| p < select::SIGNIFICANT)
}

fn screen<'r>(query: Query<'_>, released: &'r Released) -> Option<&'r ResultRow> {
    Query { stratum: SCREEN.0, statistic: "cramers_v", ..query }.find(released)
}

fn conditions(released: &Released, context: &Context<'_>) -> String {
    let Some(headline) = super::missing::headline(context) else { return String::new() };
    let query = query(&headline.id, released, context);
    let groups = select::conditions(query, released, context);
    let Some(first) = groups.first() else { return String::new() };
    let row = |group: &ByCondition<'_>| {
        let any = Query { condition: group.code, stratum: ANY_VIEW.0, ..query }.find(released);
        vec![
            escape(group.label),
            element::of(group.row),
            element::compact(group.row),
            element::cell(pooled(group.row, released), element::compact),
            element::cell(any, element::compact_of),
        ]
    };
    let columns = [
        element::words_column("Condition"),
        element::number_column("Responded"),
        element::number_column("As counted"),
        element::number_column("Pooled"),
        element::number_column("Anyone with it"),
    ];
    let rows: Vec<Vec<String>> = groups.iter().map(row).collect();
    element::folded(&caption("Raw and pooled response", first.row, context), &columns, &rows)
}

fn caption(title: &str, row: &ResultRow, context: &Context<'_>) -> String {
    format!("{title}, at {}: {}", context.horizon(), words::cohort(row))
}

fn level_table(material: Material<'_>, stratum: &str, title: &str, heading: &str) -> String {
    let Material { released, context, .. } = material;
    let Some(headline) = super::missing::headline(context) else { return String::new() };
    let all: Vec<&ResultRow> = Query { stratum, ..query(&headline.id, released, context) }.rows(released).collect();
    let Some(first) = all.first() else { return String::new() };
    let other = |measure: &str, statistic: &'static str, level: &str| {
        let base = Query { stratum, ..query(measure, released, context) };
        let estimand = if statistic == "mean" { crate::estimate::result::Estimand::Oc } else { base.estimand };
        Query { statistic, estimand, ..base }.rows(released).find(|row| row.stratum_level == level)
    };
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|row| {
            vec![
                escape(&level(&row.stratum_level)),
                element::size(row),
                element::compact(row),
                element::cell(other(context.change(), "mean", &row.stratum_level), element::compact_of),
                element::cell(other(context.opioids(), "rate", &row.stratum_level), element::compact_of),
            ]
        })
        .collect();
    let labels = [context.response(), context.change(), context.opioids()].map(|id| context.label(id));
    let columns = [
        element::words_column(heading),
        element::number_column("n"),
        element::number_column(&labels[0]),
        element::number_column(&labels[1]),
        element::number_column(&labels[2]),
    ];
    element::table(&caption(title, first, context), &columns, &rows)
}

/// `nociceptive_somatic` → `Nociceptive somatic`; `crps` stays an abbreviation.
fn level(code: &str) -> String {
    if code == "crps" { "CRPS".to_owned() } else { words::at_start(&code.replace('_', " ")) }
}

fn screens(released: &Released, context: &Context<'_>) -> String {
    let declared = |measure: &&Measure| measure.declared;
    let rows = context.protocol.measures.iter().filter(declared).filter_map(|measure| {
        let row = screen(query(&measure.id, released, context), released)?;
        Some(vec![
            escape(&words::tied(&measure.label)),
            element::size(row),
            element::number(row),
            element::adjusted(row),
            escape(row.message.as_deref().unwrap_or_default()),
        ])
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let columns = [
        element::words_column("Declared measure"),
        element::number_column("Patients"),
        element::number_column("Cramér’s V"),
        element::number_column("p, adjusted"),
        element::words_column("Test"),
    ];
    element::table(
        "Do the conditions shown differ at all? Cramér’s V: 0 alike, 1 fully apart; one test a measure, p adjusted after Benjamini and Hochberg",
        &columns,
        &rows,
    )
}

#[cfg(test)]
mod tests {
    use super::differ;
    use crate::estimate::result::Population::{RollingYear, ToDate};

    #[test]
    fn whether_conditions_differ_is_said_without_a_p_value() {
        for (found, over_all, said) in [
            (false, Some(true), "say that they do, but not which"),
            (false, Some(false), "not proof that they are alike"),
            (false, None, "not proof that they are alike"),
            (true, Some(true), "say that conditions differ"),
            (true, Some(false), "All quarters together do not show it"),
        ] {
            let text = differ(RollingYear, found, over_all);
            assert!(text.starts_with("Four quarters") && text.contains(said), "{text}");
        }
        assert!(differ(ToDate, true, None).starts_with("All quarters together say"));
    }
}
