//! The shares of one section of the packs, each counted first as it is reported.
//! What counts someone without an outcome
//! as “no” cannot flatter a benefit, but it does flatter a harm and makes a
//! prevalence too small, so these are shown among those observed.

use super::sections::{Material, cohort};
use super::select::{self, Query};
use super::{element, words};
use crate::estimate::result::{Estimand, Population};
use crate::protocol::{Direction, Measure, MeasureKind};
use crate::publish::chart::svg::escape;
use crate::publish::results::ResultRow;

/// All proportions of one section of the packs: benefits first, then harms, then
/// shares that are neither.
pub(super) fn proportions(material: Material<'_>, section: &str, title: &str) -> String {
    let belongs = |measure: &&Measure| measure.section == section && measure.kind == MeasureKind::Proportion;
    let measures: Vec<&Measure> = material.context.protocol.measures.iter().filter(belongs).collect();
    let among = |better: Direction| measures.iter().copied().filter(move |measure| measure.better == better);
    let tables = [
        observable(among(Direction::Higher).filter(|measure| measure.among_observed), material, title),
        benefits(among(Direction::Higher).filter(|measure| !measure.among_observed), material, title),
        harms(among(Direction::Lower), material, title),
        prevalences(among(Direction::Neutral), material, title),
    ];
    let all = tables.concat();
    if all.is_empty() { "<p>No measure of this section has patients.</p>\n".to_owned() } else { all }
}

/// One measure at the primary horizon: the quarter counted in every way, and four quarters.
struct Share<'r> {
    name: String,
    imputed: Option<&'r ResultRow>,
    observed: Option<&'r ResultRow>,
    worst: Option<&'r ResultRow>,
    year_imputed: Option<&'r ResultRow>,
    year_observed: Option<&'r ResultRow>,
}

fn shares<'r>(measures: impl Iterator<Item = &'r Measure>, material: Material<'r>) -> Vec<Share<'r>> {
    let Material { released, context, .. } = material;
    let population = select::headline(released);
    let found = measures.filter_map(|measure| {
        let now = Query::rate(&measure.id, population, context);
        let year = Query { population: Population::RollingYear, ..now };
        let find = |query: Query<'_>, estimand| Query { estimand, ..query }.find(released);
        let share = Share {
            name: escape(&words::tied(&measure.title)),
            imputed: find(now, Estimand::Nri),
            observed: find(now, Estimand::Oc),
            worst: find(now, Estimand::Worst),
            year_imputed: find(year, Estimand::Nri),
            year_observed: find(year, Estimand::Oc),
        };
        (share.imputed.is_some() || share.year_imputed.is_some()).then_some(share)
    });
    found.collect()
}

fn benefits<'r>(measures: impl Iterator<Item = &'r Measure>, material: Material<'r>, title: &str) -> String {
    let row = |share: &Share<'_>| {
        vec![
            share.name.clone(),
            element::cell(share.imputed, element::of),
            element::cell(share.imputed, element::compact),
            element::cell(share.observed, element::compact),
            element::cell(share.year_imputed, element::compact),
        ]
    };
    let heads = ["Patients", "Missing = no", "Observed only", "Four quarters, missing = no"];
    table(title, heads, &shares(measures, material).iter().map(row).collect::<Vec<_>>(), material)
}

/// Measures whose definition counts those whose outcome can be observed.
fn observable<'r>(measures: impl Iterator<Item = &'r Measure>, material: Material<'r>, title: &str) -> String {
    let row = |share: &Share<'_>| {
        vec![
            share.name.clone(),
            element::cell(share.observed, element::of),
            element::cell(share.observed, element::compact),
            element::cell(share.imputed, element::compact_of),
            element::cell(share.year_observed, element::compact_of),
        ]
    };
    let heads = ["Patients observed", "Observed only", "Everyone due, missing = no", "Four quarters, observed only"];
    table(title, heads, &shares(measures, material).iter().map(row).collect::<Vec<_>>(), material)
}

fn harms<'r>(measures: impl Iterator<Item = &'r Measure>, material: Material<'r>, title: &str) -> String {
    let row = |share: &Share<'_>| {
        vec![
            share.name.clone(),
            element::cell(share.observed, element::of),
            element::cell(share.observed, element::compact),
            element::cell(share.worst, element::compact),
            element::cell(share.year_observed, element::compact),
        ]
    };
    let heads = ["Patients observed", "Observed only", "At worst: missing = yes", "Four quarters, observed only"];
    let found = shares(measures, material);
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    // Where nobody is missing there is nothing to count as “no”.
    let sizes = |share: &Share<'_>| share.imputed.and_then(|row| row.n) == share.observed.and_then(|row| row.n);
    let note = if found.iter().all(sizes) { "" } else { MISSING_IS_NO };
    table(&format!("{title}: lower is better"), heads, &rows, material) + note
}

const MISSING_IS_NO: &str = "<p class=\"note\">Counting the missing as “no” would make these look better than they are; the results hold that number too.</p>\n";

fn prevalences<'r>(measures: impl Iterator<Item = &'r Measure>, material: Material<'r>, title: &str) -> String {
    let row = |share: &Share<'_>| {
        vec![
            share.name.clone(),
            element::cell(share.observed, element::of),
            element::cell(share.observed, element::compact),
            element::cell(share.imputed, element::size),
            element::cell(share.year_observed, element::compact),
        ]
    };
    let heads = ["Of those with a record", "Share of them", "Patients in all", "Four quarters"];
    let title = format!("{title}: among those with a record, neither better nor worse");
    table(&title, heads, &shares(measures, material).iter().map(row).collect::<Vec<_>>(), material)
}

fn table(title: &str, heads: [&str; 4], rows: &[Vec<String>], material: Material<'_>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let Material { released, context, .. } = material;
    let heads = heads.iter().map(|head| element::number_column(head));
    let columns: Vec<element::Column<'_>> = std::iter::once(element::words_column("Measure")).chain(heads).collect();
    let cohort = cohort(released, select::headline(released), context);
    // What was so before treatment was not so at a time after it.
    let at = if title.contains("before treatment") { String::new() } else { format!(", at {}", context.horizon()) };
    element::table(&format!("{title}{at}: {cohort}"), &columns, rows)
}
