//! Released results → the documents people open.

#![allow(clippy::format_collect, reason = "a page is small, and pieces that are joined read like the page")]

mod cautions;
mod claims;
mod data_quality;
mod definitions;
pub mod durability;
mod element;
mod first_screen;
#[cfg(test)]
pub(crate) mod fixture;
pub mod flow;
mod glossary;
pub mod grid;
mod html;
mod level;
mod limits;
pub(crate) mod markup;
pub mod missing;
mod page;
mod pdf;
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
use crate::protocol::Protocol;
use crate::publish::results::Released;

pub use html::html;
pub use pdf::pdf;

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

impl Context<'_> {
    /// The snapshot's digest, short enough to read out.
    pub fn snapshot_short(&self) -> &str {
        self.snapshot.get(..12).unwrap_or(&self.snapshot)
    }

    /// `12 weeks`.
    pub fn horizon(&self) -> &'static str {
        self.protocol.study.primary_horizon.label
    }

    /// Short name of a measure; its id when the packs have none.
    pub fn label(&self, measure: &str) -> String {
        let known = self.protocol.measures.iter().find(|known| known.id == measure);
        known.map_or_else(|| measure.to_owned(), |known| words::tied(&known.label))
    }

    /// What a measure counts, in words.
    pub fn title(&self, measure: &str) -> String {
        let known = self.protocol.measures.iter().find(|known| known.id == measure);
        known.map_or_else(|| measure.to_owned(), |known| words::tied(&known.title))
    }
}
