//! The director's report: one page, no network, everything there without
//! JavaScript.

use super::sections::{self, Material};
use super::{
    Context, claims, conditions, data_quality, definitions, durability, first_screen, glance, glossary, grid, limits,
    missing, page, provenance, safety, sites, strata, trends, views,
};
use crate::publish::chart::Chart;
use crate::publish::results::Released;

/// Writes the report.
pub fn html(released: &Released, context: &Context<'_>, charts: &[Chart]) -> String {
    let [first, rest] = sections(Material { released, context, charts });
    page::page(released, context, &first, &rest)
}

/// What the report says: the first screen, and the sections after it.
pub(super) fn sections(material: Material<'_>) -> [String; 2] {
    let Material { released, context, .. } = material;
    let first = [
        first_screen::answers(released, context),
        first_screen::read_this_first(released, context),
        glance::section(released, context),
    ];
    let rest = [
        sections::counted(material),
        conditions::by_condition(released, context),
        views::section(material),
        sections::response(material),
        missing::section(material),
        grid::section(material),
        sections::pain(material),
        sections::opioids(material),
        durability::section(material),
        sections::mind(material),
        strata::section(material),
        safety::section(material),
        trends::section(material),
        sites::section(material),
        claims::section(material),
        data_quality::section(material),
        limits::cannot_say(released, context),
        limits::quotable(released, context),
        glossary::glossary(context),
        definitions::definitions(context, released.profile()),
        provenance::provenance(released, context),
    ];
    [first.concat(), rest.concat()]
}

#[cfg(test)]
mod tests;
