//! Adverse events: the terms that get a row of their own.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::ProtocolError;
use super::pack::PackText;

/// One term of the pack.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdverseEventTerm {
    /// Stable id.
    pub code: String,
    /// As printed.
    pub label: String,
    /// Other codes for it, lower case.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// The terms, in report order.
#[derive(Clone, Debug)]
pub struct AdverseEventPack {
    /// Pack id.
    pub id: String,
    /// Pack version.
    pub version: u32,
    /// Where it comes from.
    pub citation: String,
    terms: Vec<AdverseEventTerm>,
    words: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    id: String,
    version: u32,
    #[serde(rename = "title")]
    _title: String,
    citation: String,
    term: Vec<AdverseEventTerm>,
}

/// What is counted beside the terms, and so cannot name one.
const RESERVED: [&str; 3] = ["all", "serious", "other"];

impl AdverseEventPack {
    pub(super) fn parse(pack: &PackText) -> Result<Self, ProtocolError> {
        let typed: Typed = pack.parse()?;
        let mut words = BTreeMap::new();
        for (index, term) in typed.term.iter().enumerate() {
            for word in [&term.code].into_iter().chain(&term.aliases) {
                let taken = RESERVED.contains(&word.as_str());
                if taken || words.insert(word.to_lowercase(), index).is_some() {
                    return Err(ProtocolError::new(&pack.file, format!("`{word}` names two kinds of event"))
                        .hint("`all`, `serious` and `other` are counted beside the terms"));
                }
            }
        }
        Ok(Self { id: typed.id, version: typed.version, citation: typed.citation, terms: typed.term, words })
    }

    /// The terms in report order.
    pub fn terms(&self) -> &[AdverseEventTerm] {
        &self.terms
    }

    /// The position of a term; `None` for one that counts as other.
    pub fn position(&self, code: &str) -> Option<usize> {
        self.words.get(&code.to_lowercase()).copied()
    }
}
