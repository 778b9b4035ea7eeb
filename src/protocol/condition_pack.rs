//! Conditions: codes, labels, and how a clinic's own words map to them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::ProtocolError;
use super::pack::PackText;

/// One condition of the pack.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Stable id.
    pub code: String,
    /// Short name in tables and charts.
    pub label: String,
    /// Full name.
    pub name: String,
    /// Pain class: nociceptive_somatic, nociceptive_visceral, neuropathic, nociplastic, mixed, unspecified.
    pub pain_class: String,
    /// Report group.
    pub group: String,
    /// ICD-10-CM prefixes; the longest across all conditions wins.
    pub icd10cm: Vec<String>,
    /// Prefixes that look like this condition's and must not map to it.
    #[serde(default)]
    pub review: Vec<String>,
    /// Other spellings, lower case.
    pub aliases: Vec<String>,
    /// Whether opioid outcomes are in scope.
    #[serde(default = "yes")]
    pub opioid_outcomes: bool,
    /// Whether it can be the primary condition beside another.
    #[serde(default = "yes")]
    pub specific: bool,
    /// Remark for the definitions page.
    #[serde(default)]
    pub note: String,
}

fn yes() -> bool {
    true
}

/// The condition vocabulary, in report order.
#[derive(Clone, Debug)]
pub struct ConditionPack {
    /// Pack id.
    pub id: String,
    /// Pack version.
    pub version: u32,
    /// Where it comes from.
    pub citation: String,
    conditions: Vec<Condition>,
    words: BTreeMap<String, usize>,
    prefixes: Vec<(String, Option<usize>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    id: String,
    version: u32,
    #[serde(rename = "title")]
    _title: String,
    citation: String,
    condition: Vec<Condition>,
}

impl ConditionPack {
    /// The code a text falls back to: kept, counted and reported, never dropped.
    pub const OTHER: &'static str = "other";

    pub(super) fn parse(pack: &PackText) -> Result<Self, ProtocolError> {
        let typed: Typed = pack.parse()?;
        if !typed.condition.iter().any(|condition| condition.code == Self::OTHER) {
            return Err(ProtocolError::new(&pack.file, "no condition has the code `other`")
                .hint("unmapped diagnoses must have somewhere to go"));
        }
        for (index, condition) in typed.condition.iter().enumerate() {
            let again = typed.condition[..index].iter().any(|earlier| earlier.code == condition.code);
            if again || condition.code == "all" {
                return Err(ProtocolError::new(
                    &pack.file,
                    format!("the condition code `{}` is taken", condition.code),
                )
                .hint("codes differ from each other, and `all` is the sum over conditions"));
            }
        }
        let (words, prefixes) = (words(&typed.condition), prefixes(&typed.condition));
        if let Some(taken) = ambiguous(&words).or_else(|| ambiguous(&prefixes)) {
            return Err(ProtocolError::new(&pack.file, format!("`{taken}` leads to two conditions"))
                .hint("an alias or an ICD-10-CM code leads to one; take it away from the other"));
        }
        Ok(Self {
            words: words.into_iter().collect(),
            prefixes,
            id: typed.id,
            version: typed.version,
            citation: typed.citation,
            conditions: typed.condition,
        })
    }

    /// Conditions in report order.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The condition with this code.
    pub fn find(&self, code: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.code == code)
    }

    /// The condition a clinic's text names: a pack code, an alias, or an
    /// ICD-10-CM code by longest prefix, with or without its dot. `None` when
    /// nothing fits or the code is one a person must look at.
    pub fn resolve(&self, text: &str) -> Option<&Condition> {
        let word = text.trim().to_lowercase();
        if let Some(&index) = self.words.get(&word) {
            return Some(&self.conditions[index]);
        }
        let code = icd(&word);
        let longest = self
            .prefixes
            .iter()
            .filter(|(prefix, _)| code.starts_with(prefix.as_str()))
            .max_by_key(|(prefix, _)| prefix.len());
        longest.and_then(|(_, index)| *index).map(|index| &self.conditions[index])
    }
}

fn words(conditions: &[Condition]) -> Vec<(String, usize)> {
    let mut words = Vec::new();
    for (index, condition) in conditions.iter().enumerate() {
        words.push((condition.code.to_lowercase(), index));
        words.extend(condition.aliases.iter().map(|alias| (alias.to_lowercase(), index)));
    }
    words
}

/// The first word that leads to two places.
fn ambiguous<P: PartialEq>(words: &[(String, P)]) -> Option<&str> {
    let mut seen: BTreeMap<&str, &P> = BTreeMap::new();
    words.iter().find_map(|(word, place)| match seen.insert(word, place) {
        Some(before) if before != place => Some(word.as_str()),
        _ => None,
    })
}

fn prefixes(conditions: &[Condition]) -> Vec<(String, Option<usize>)> {
    let mut prefixes = Vec::new();
    for (index, condition) in conditions.iter().enumerate() {
        prefixes.extend(condition.icd10cm.iter().map(|prefix| (icd(prefix), Some(index))));
        prefixes.extend(condition.review.iter().map(|prefix| (icd(prefix), None)));
    }
    prefixes
}

/// An ICD-10-CM code without its dot, lower case; anything else becomes a
/// text no prefix fits.
fn icd(text: &str) -> String {
    let code: String = text.chars().filter(|&c| c != '.').collect::<String>().to_lowercase();
    let shaped = code.len() >= 3
        && code.len() <= 7
        && code.starts_with(|c: char| c.is_ascii_lowercase())
        && code[1..].starts_with(|c: char| c.is_ascii_digit())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if shaped { code } else { String::new() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{ConditionPack, PackText};

    #[test]
    fn texts_map_to_the_condition_a_coder_would_choose() {
        let text = PackText::load(Path::new("/nonexistent"), "conditions.toml").expect("built in");
        let pack = ConditionPack::parse(&text).expect("the shipped pack parses");
        let code = |text: &str| pack.resolve(text).map(|condition| condition.code.as_str());
        for (text, expected) in [
            ("CRPS", Some("crps_unspecified")),
            ("crps_1", Some("crps_1")),
            ("G90.511", Some("crps_1")),
            ("g90511", Some("crps_1")),
            ("G43.709", Some("migraine")),
            ("G43.A0", Some("cyclic_vomiting")),
            ("M54.12", Some("neck_pain")),
            ("M54.16", Some("back_pain")),
            ("E11.42", Some("neuropathy")),
            ("E11.43", None),
            ("G54.7", None),
            ("K85.9", None),
            ("gout", None),
            ("", None),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn a_word_or_code_leads_to_one_condition() {
        let mut text = PackText::load(Path::new("/nonexistent"), "conditions.toml").expect("built in");
        let built_in = text.text.clone();
        let first = |key: &str| built_in.find(key).expect("the pack has it") + key.len();
        for (key, added, taken) in
            [("aliases = [", "\"migraine\", ", "migraine"), ("icd10cm = [", "\"M54.5\", ", "m545")]
        {
            text.text = built_in.clone();
            text.text.insert_str(first(key), added);
            let refused = ConditionPack::parse(&text).expect_err("it would move patients in silence").to_string();
            assert!(refused.contains(&format!("`{taken}` leads to two conditions")), "{refused}");
        }
    }
}
