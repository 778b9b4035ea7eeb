//! Words a clinic declares for its code columns: in `[codes]` of the pipeline,
//! or by writing them in a mapping. A word that nobody declared may be a name.

use std::collections::{BTreeMap, BTreeSet};

use super::SourceEntry;
use super::error::{ProtocolError, nearest};
use super::mapping::Mapping;

/// A column of codes that a clinic may have words of its own for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodeColumn {
    /// Site of a patient.
    Site,
    /// Item of an instrument.
    Item,
    /// Kind of therapy session.
    Kind,
    /// Term of an adverse event.
    Term,
    /// Route of a prescription.
    Route,
    /// Indication of a prescription.
    Indication,
}

impl CodeColumn {
    /// Every one, in the order of documentation.
    pub const ALL: [Self; 6] = [Self::Site, Self::Item, Self::Kind, Self::Term, Self::Route, Self::Indication];

    /// Name of the canonical column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Item => "item",
            Self::Kind => "kind",
            Self::Term => "term",
            Self::Route => "route",
            Self::Indication => "indication",
        }
    }

    fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }
}

/// Longest code.
const LONGEST: usize = 40;

/// Declared words by column. Sites are kept as written, all others as
/// admission writes codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeLists(BTreeMap<CodeColumn, BTreeSet<String>>);

impl CodeLists {
    pub(super) fn new(
        file: &str,
        typed: BTreeMap<String, Vec<String>>,
        sources: &[SourceEntry],
    ) -> Result<Self, ProtocolError> {
        let mut lists = Self::default();
        for (name, words) in typed {
            let column = CodeColumn::find(&name).ok_or_else(|| unknown_column(file, &name))?;
            for word in words {
                if !is_code(column, &word) {
                    return Err(ProtocolError::new(file, format!("a word of `[codes] {name}` is not a code"))
                        .hint("write short words of lower-case letters, digits and `_`; sites also with `-` and `.`"));
                }
                lists.add(column, word);
            }
        }
        for source in sources {
            if is_reserved(&source.site) {
                return Err(ProtocolError::new(file, format!("source `{}` has a reserved word as its site", source.name))
                    .hint("`all` is the sum over sites, and `undeclared-1` stands for a site nobody declared; choose another code"));
            }
            lists.add(CodeColumn::Site, source.site.clone());
            for (name, word) in source.mapping.constants() {
                let column = CodeColumn::find(name).filter(|column| *column != CodeColumn::Site || !is_reserved(word));
                if let Some(column) = column {
                    lists.add(column, plain(column, word));
                }
            }
        }
        Ok(lists)
    }

    fn add(&mut self, column: CodeColumn, word: String) {
        self.0.entry(column).or_default().insert(word);
    }

    /// Whether the word was declared for the column.
    pub fn holds(&self, column: CodeColumn, word: &str) -> bool {
        self.0.get(&column).is_some_and(|words| words.contains(word))
    }
}

/// As admission writes it: `Pain reprogramming` → `pain_reprogramming`.
fn plain(column: CodeColumn, word: &str) -> String {
    if column == CodeColumn::Site { word.to_owned() } else { word.to_ascii_lowercase().replace([' ', '-', '/'], "_") }
}

fn is_code(column: CodeColumn, word: &str) -> bool {
    let fits = |byte: u8| match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'_' => true,
        b'A'..=b'Z' | b'-' | b'.' => column == CodeColumn::Site,
        _ => false,
    };
    (1..=LONGEST).contains(&word.len()) && word.bytes().all(fits) && !(column == CodeColumn::Site && is_reserved(word))
}

/// Words that mean something else where sites stand.
fn is_reserved(site: &str) -> bool {
    site == "all" || site.starts_with("undeclared-")
}

fn unknown_column(file: &str, name: &str) -> ProtocolError {
    let known = CodeColumn::ALL.map(CodeColumn::name);
    let error = ProtocolError::new(file, format!("`[codes]` has no column `{name}`"));
    match nearest(name, known) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("columns: {}", known.join(", "))),
    }
}

impl Mapping {
    /// Words the mapping writes into canonical columns: its author declared them.
    fn constants(&self) -> Vec<(&str, &str)> {
        match self {
            Self::None => Vec::new(),
            Self::Columns(mapping) => mapping.constants().collect(),
            Self::Redcap(mapping) => mapping.constants().collect(),
            Self::Omop(mapping) => mapping.constants().collect(),
            Self::Fhir(mapping) => mapping.constants().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{CodeColumn, CodeLists};

    fn lists(column: &str, word: &str) -> Result<CodeLists, String> {
        let typed = BTreeMap::from([(column.to_owned(), vec![word.to_owned()])]);
        CodeLists::new("p.toml", typed, &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn declared_words_belong_to_their_column() {
        let lists = lists("kind", "yoga").expect("a word");
        assert!(lists.holds(CodeColumn::Kind, "yoga"));
        assert!(!lists.holds(CodeColumn::Kind, "chess") && !lists.holds(CodeColumn::Term, "yoga"));
    }

    #[test]
    fn what_is_no_code_is_refused_without_being_repeated() {
        let long = "x".repeat(41);
        for (column, word) in
            [("kind", "deep breathing"), ("term", "Rash"), ("item", ""), ("site", "all"), ("route", &long)]
        {
            let error = lists(column, word).expect_err(word);
            assert!(error.contains(&format!("`[codes] {column}`")), "{error}");
        }
        assert!(lists("site", "North-2.b").is_ok());
        assert!(lists("kinds", "yoga").expect_err("no column").contains("did you mean `kind`?"));
        assert!(lists("drug", "yoga").expect_err("no column").contains("columns: site, item"));
    }
}
