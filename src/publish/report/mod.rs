//! Released results → the documents people open.

#![allow(clippy::format_collect, reason = "a page is small, and pieces that are joined read like the page")]

mod actions;
mod cautions;
mod claims;
mod conditions;
mod contrasts;
mod data_quality;
mod definitions;
pub mod durability;
mod element;
mod first_screen;
#[cfg(test)]
pub(crate) mod fixture;
pub mod flow;
mod glance;
mod glossary;
pub mod grid;
mod html;
mod level;
mod limits;
pub(crate) mod markup;
pub mod missing;
mod page;
mod pdf;
mod proportions;
mod provenance;
pub mod safety;
mod sections;
pub mod select;
mod sites;
mod strata;
mod trends;
pub mod views;
pub mod words;

use crate::model::calendar::{Day, Period};
use crate::protocol::{Protocol, Role};
use crate::publish::results::Released;

pub use html::html;
pub use pdf::pdf;

/// What to know before believing the numbers, without markup.
pub(crate) fn cautions_as_text(released: &Released, context: &Context<'_>) -> Vec<String> {
    cautions::cautions(released, context).iter().map(|html| markup::plain_text(&markup::parse(html))).collect()
}

/// The sections that say how things were counted, as HTML.
pub(crate) fn methods_sections(released: &Released, context: &Context<'_>) -> String {
    definitions::definitions(context, released.profile()) + &limits::cannot_say(released, context)
}

/// What a report says about the run, beside its numbers.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The pipeline: titles, measures and conditions with their labels.
    pub protocol: &'a Protocol,
    /// Digest of the snapshot the numbers were computed from (hexadecimal).
    pub snapshot: String,
    /// Last day of observation; `None` for study-day input.
    pub data_cut: Option<Day>,
    /// The newest quarter that is mature at the primary horizon.
    pub quarter: Option<Period>,
    /// Sites in report order.
    pub sites: Vec<String>,
}

impl<'a> Context<'a> {
    /// The snapshot's digest, short enough to read out.
    pub fn snapshot_short(&self) -> &str {
        self.snapshot.get(..12).unwrap_or(&self.snapshot)
    }

    /// `12 weeks`.
    pub fn horizon(&self) -> &'static str {
        self.protocol.study.primary_horizon.label
    }

    /// What a measure no pack knows is called.
    fn unnamed(measure: &str) -> String {
        if measure.is_empty() { "(no measure named)".to_owned() } else { measure.to_owned() }
    }

    /// Short name of a measure; its id when the packs have none.
    pub fn label(&self, measure: &str) -> String {
        let known = self.protocol.measures.iter().find(|known| known.id == measure);
        known.map_or_else(|| Self::unnamed(measure), |known| words::tied(&known.label))
    }

    /// The measure the report begins with.
    pub fn response(&self) -> &'a str {
        self.protocol.id_with_role(Role::Headline)
    }

    /// The change beside it.
    pub fn change(&self) -> &'a str {
        self.protocol.id_with_role(Role::ChangeHeadline)
    }

    /// The opioid measure beside it.
    pub fn opioids(&self) -> &'a str {
        self.protocol.id_with_role(Role::OpioidHeadline)
    }

    /// What those with a measure's outcome did, after “of 100 patients”.
    pub fn phrase(&self, measure: &str) -> String {
        let known = self.protocol.measures.iter().find(|known| known.id == measure);
        known.map_or_else(|| measure.to_owned(), |known| words::tied(&known.phrase))
    }

    /// What a measure counts, in words.
    pub fn title(&self, measure: &str) -> String {
        let known = self.protocol.measures.iter().find(|known| known.id == measure);
        known.map_or_else(|| measure.to_owned(), |known| words::tied(&known.title))
    }
}
