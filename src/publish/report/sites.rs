//! Do the sites differ by more than chance? A funnel and a table, no ranks.

use super::sections::{Material, cohort, figures};
use super::select::Query;
use super::{element, words};
use crate::estimate::result::{Estimand, Population};
use crate::publish::chart::svg::escape;
use crate::publish::reading::site::{self, SIGNAL, Signal};
use crate::publish::results::ResultRow;

/// The section.
pub(super) fn section(material: Material<'_>) -> String {
    let Material { released, context, .. } = material;
    let question = "Do the sites differ?";
    if context.sites.len() < 2 {
        return element::section("sites", question, "There is one site, so there is nothing to compare.", "");
    }
    let population = site::population(released);
    let rows: Vec<Vec<String>> = context.sites.iter().map(|site| row(material, population, site)).collect();
    let labels = [context.response(), context.change(), context.opioids()].map(|id| context.label(id));
    let columns = [
        element::words_column("Site"),
        element::number_column("n"),
        element::number_column("With a score"),
        element::number_column(&labels[0]),
        element::words_column("Against its limits"),
        element::number_column(&labels[1]),
        element::number_column(&labels[2]),
    ];
    let caption = format!("By site, at {}: {}", context.horizon(), cohort(released, population, context));
    let rest = figures(material, &["site_funnel"]) + &element::table(&caption, &columns, &rows) + &coded(material);
    element::section("sites", question, &answer(material, population), &rest)
}

/// The verdict on a site, by its funnel.
fn signal<'r>(material: Material<'r>, population: Population, site: &str) -> Option<&'r ResultRow> {
    let query = Query::rate(material.context.response(), population, material.context);
    Query { site, statistic: SIGNAL, ..query }.find(material.released)
}

fn answer(material: Material<'_>, population: Population) -> String {
    let Material { released, context, .. } = material;
    let overall = Query::rate(context.response(), population, context).find(released).filter(|row| row.value.is_some());
    let judged: Vec<Signal> =
        context.sites.iter().filter_map(|site| signal(material, population, site).and_then(Signal::of)).collect();
    let (Some(overall), false) = (overall, judged.is_empty()) else {
        return "No site can be shown for this cohort.".to_owned();
    };
    let outside = judged.iter().filter(|signal| **signal != Signal::Inside).count();
    let caution = "Sites treat different patients, and nothing here adjusts for that.";
    let which = match (judged.len(), outside) {
        (_, 0) => "No site shown differs by more than chance explains".to_owned(),
        (all, one) => format!("{one} of {} shown differ by more than chance explains", words::plural(all, "site")),
    };
    format!("{which} from the overall {} at {}. {caution}", element::number(overall), context.horizon())
}

fn row(material: Material<'_>, population: Population, site: &str) -> Vec<String> {
    let Material { released, context, .. } = material;
    let response = Query { site, ..Query::rate(context.response(), population, context) };
    let retention = Query { measure: "retention", estimand: Estimand::Oc, ..response };
    let change = Query { site, ..Query::mean(context.change(), population, context) };
    vec![
        escape(site),
        element::cell(response.find(released), element::size),
        element::cell(retention.find(released), element::number),
        element::cell(response.find(released), element::compact),
        signal(material, population, site).map_or_else(|| "not judged".to_owned(), judged),
        element::cell(change.find(released), element::compact_of),
        element::cell(Query { measure: context.opioids(), ..response }.find(released), element::compact_of),
    ]
}

fn judged(row: &ResultRow) -> String {
    Signal::of(row).map_or_else(
        || element::number(row),
        |signal| {
            format!("<span data-result=\"{}\">{}</span>", escape(&row.result_id), escape(&words::tied(signal.words())))
        },
    )
}

/// Says whose codes these are, where sites are coded.
fn coded(material: Material<'_>) -> String {
    material.context.protocol.own_site.as_ref().map_or_else(String::new, |own| {
        format!(
            "<p class=\"note\">Only {} is named. The codes of the other sites are the same in every report of this store and mean nothing outside it.</p>\n",
            escape(own)
        )
    })
}
