//! What a FHIR server's codes mean, as data: `source-fhir.toml`.
//!
//! Codes are written as FHIR search does, `system|code`, with the short names
//! of `[systems]` for the long addresses of the common systems. A clinic's own
//! codes go beside the standard ones in a copy of the pack.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::error::{ProtocolError, nearest};
use super::super::pack::PackText;
use crate::model::instrument::{INSTRUMENTS, Instrument};

/// A mapping of FHIR resources.
#[derive(Clone, Debug, PartialEq)]
pub struct FhirMapping {
    /// Pack id.
    pub id: String,
    /// Pack version.
    pub version: u32,
    /// What happens to a source whose patients carry names and addresses.
    pub identifying_elements: IdentifyingElements,
    /// Instruments, in pack order.
    pub instruments: Vec<InstrumentCodes>,
    /// Drugs by the words of a product's name, in pack order; the first that fits counts.
    pub drugs: Vec<DrugWords>,
    /// Words of a product's name that say it is given by injection.
    pub injected: Vec<String>,
    /// Units a quantity of tablets, films or patches is counted in, lower case.
    pub counted: Vec<String>,
    /// Ketamine.
    pub ketamine: KetamineCodes,
    systems: BTreeMap<String, String>,
    conditions: BTreeMap<String, String>,
    products: BTreeMap<String, Product>,
    answers: BTreeMap<String, i64>,
    reviews: BTreeSet<String>,
    therapies: BTreeMap<String, String>,
    terms: BTreeMap<String, String>,
    grades: BTreeMap<String, u8>,
    indications: BTreeMap<String, String>,
    scored: BTreeMap<String, Vec<usize>>,
    questionnaires: BTreeMap<String, usize>,
}

/// What a source with identifying elements means to the gate. They are never
/// read; the question is whether the file may be here at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifyingElements {
    /// The elements are not read, and how often they were there is said.
    Drop,
    /// The source is refused.
    Refuse,
}

/// An instrument and the codes its scores go by.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstrumentCodes {
    /// Id of the vocabulary.
    pub instrument: String,
    /// Which question of the instrument, where that matters.
    #[serde(default)]
    pub item: String,
    /// Codes of observations, components and answers that hold the score itself.
    pub codes: Vec<String>,
    /// Panels and questionnaires: codes, canonical addresses or names.
    #[serde(default)]
    pub questionnaires: Vec<String>,
    /// Codes of the questions whose answers add up to the score.
    #[serde(default)]
    pub items: Vec<String>,
    /// Largest answer to one question.
    #[serde(default)]
    pub item_max: i64,
    /// Units the score must have; none = any unit of a plain score.
    #[serde(default)]
    pub units: Vec<String>,
}

/// A drug by the words of a product's name.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrugWords {
    /// Code of the drug pack.
    pub drug: String,
    /// Ingredients and brands; one must be there.
    pub words: Vec<String>,
    /// Dose forms; one must be there, unless the list is empty.
    #[serde(default)]
    pub forms: Vec<String>,
    /// Whether a number in the name may be another ingredient's.
    #[serde(default)]
    pub combination: bool,
}

/// A product whose code says everything.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Code of the drug pack.
    pub drug: String,
    /// Strength of one tablet, film or patch.
    pub strength: String,
    /// Its unit.
    pub unit: String,
}

/// How ketamine and infusions of it are told.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KetamineCodes {
    /// Codes of the drug.
    pub codes: Vec<String>,
    /// Words of a product's or procedure's name.
    pub words: Vec<String>,
    /// Routes that make an administration an infusion; an administration that
    /// names no route is one.
    pub routes: Vec<String>,
    /// Codes of procedures that are an infusion of ketamine.
    pub procedures: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    id: String,
    version: u32,
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "citation")]
    _citation: String,
    identifying_elements: IdentifyingElements,
    systems: BTreeMap<String, Vec<String>>,
    #[serde(rename = "instrument")]
    instruments: Vec<InstrumentCodes>,
    answers: BTreeMap<String, i64>,
    #[serde(default)]
    condition: Vec<Named>,
    #[serde(rename = "drug", default)]
    drugs: Vec<DrugWords>,
    #[serde(default)]
    product: Vec<TypedProduct>,
    injected: Vec<String>,
    counted: Vec<String>,
    ketamine: KetamineCodes,
    #[serde(default)]
    indication: Vec<Named>,
    #[serde(default)]
    medication_review: Vec<String>,
    #[serde(default)]
    therapy: Vec<Named>,
    #[serde(default)]
    adverse_event: Vec<Named>,
    #[serde(default)]
    severity: BTreeMap<String, u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    codes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedProduct {
    codes: Vec<String>,
    drug: String,
    strength: String,
    unit: String,
}

impl FhirMapping {
    pub(super) fn parse(pack: &PackText) -> Result<Self, ProtocolError> {
        let typed: Typed = pack.parse()?;
        check_instruments(pack, &typed.instruments)?;
        let check = |token: &str| check_token(pack, &typed.systems, token);
        let all = |named: &[Named]| named.iter().flat_map(|named| named.codes.clone()).collect::<Vec<_>>();
        let lists = [all(&typed.condition), all(&typed.indication), all(&typed.therapy), all(&typed.adverse_event)];
        lists
            .iter()
            .flatten()
            .chain(&typed.medication_review)
            .chain(typed.answers.keys())
            .try_for_each(|t| check(t))?;
        let by_score =
            |instrument: &InstrumentCodes| instrument.codes.iter().chain(&instrument.items).cloned().collect();
        let scored: Vec<Vec<String>> = typed.instruments.iter().map(by_score).collect();
        scored.iter().flatten().try_for_each(|token| check(token))?;
        let KetamineCodes { codes, routes, procedures, .. } = &typed.ketamine;
        let products = typed.product.iter().flat_map(|product| &product.codes);
        codes.iter().chain(routes).chain(procedures).chain(products).try_for_each(|token| check(token))?;
        Ok(Self::mean(typed))
    }

    fn mean(typed: Typed) -> Self {
        let names = |named: Vec<Named>| -> BTreeMap<String, String> {
            named
                .into_iter()
                .flat_map(|Named { name, codes }| codes.into_iter().map(move |c| (c, name.clone())))
                .collect()
        };
        let mut scored: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut questionnaires = BTreeMap::new();
        for (index, instrument) in typed.instruments.iter().enumerate() {
            for code in &instrument.codes {
                scored.entry(code.clone()).or_default().push(index);
            }
            for name in &instrument.questionnaires {
                questionnaires.insert(name.to_lowercase(), index);
            }
        }
        let product = |TypedProduct { codes, drug, strength, unit }| {
            let product = Product { drug, strength, unit };
            codes.into_iter().map(move |code: String| (code, product.clone()))
        };
        Self {
            id: typed.id,
            version: typed.version,
            identifying_elements: typed.identifying_elements,
            instruments: typed.instruments,
            drugs: typed.drugs,
            injected: typed.injected,
            counted: typed.counted,
            ketamine: typed.ketamine,
            systems: typed
                .systems
                .into_iter()
                .flat_map(|(name, addresses)| addresses.into_iter().map(move |address| (address, name.clone())))
                .collect(),
            conditions: names(typed.condition),
            products: typed.product.into_iter().flat_map(product).collect(),
            answers: typed.answers,
            reviews: typed.medication_review.into_iter().collect(),
            therapies: names(typed.therapy),
            terms: names(typed.adverse_event),
            grades: typed.severity,
            indications: names(typed.indication),
            scored,
            questionnaires,
        }
    }

    /// Canonical column and word, of every word the mapping itself writes.
    pub(in crate::protocol) fn constants(&self) -> impl Iterator<Item = (&str, &str)> {
        let items = self.instruments.iter().map(|codes| ("item", codes.item.as_str()));
        let lists = [("kind", &self.therapies), ("term", &self.terms), ("indication", &self.indications)];
        items.chain(
            lists.into_iter().flat_map(|(column, names)| names.values().map(move |name| (column, name.as_str()))),
        )
    }

    /// A code as this pack writes it: `loinc|72514-3`.
    pub fn token(&self, system: &str, code: &str) -> String {
        let system = system.trim_end_matches('/');
        let system = self.systems.get(system).map_or(system, String::as_str);
        format!("{system}|{code}")
    }

    /// Whether a token's system is one this pack has a name for.
    pub fn is_named(&self, token: &str) -> bool {
        token.split_once('|').is_some_and(|(system, _)| self.systems.values().any(|name| name == system))
    }

    /// The condition of the condition pack a code stands for.
    pub fn condition(&self, token: &str) -> Option<&str> {
        self.conditions.get(token).map(String::as_str)
    }

    /// The product a code stands for.
    pub fn product(&self, token: &str) -> Option<&Product> {
        self.products.get(token)
    }

    /// The points an answer is worth.
    pub fn answer(&self, token: &str) -> Option<i64> {
        self.answers.get(token).copied()
    }

    /// Whether a procedure is a review of the whole medication list.
    pub fn is_medication_review(&self, token: &str) -> bool {
        self.reviews.contains(token)
    }

    /// The kind of therapy session a procedure is.
    pub fn therapy(&self, token: &str) -> Option<&str> {
        self.therapies.get(token).map(String::as_str)
    }

    /// The term an adverse event is counted under.
    pub fn adverse_event(&self, token: &str) -> Option<&str> {
        self.terms.get(token).map(String::as_str)
    }

    /// The grade of a severity.
    pub fn grade(&self, severity: &str) -> Option<u8> {
        self.grades.get(severity).copied()
    }

    /// The indication a reason stands for.
    pub fn indication(&self, token: &str) -> Option<&str> {
        self.indications.get(token).map(String::as_str)
    }

    /// The instruments whose score a code holds; more than one when the unit decides.
    pub fn scored(&self, token: &str) -> &[usize] {
        self.scored.get(token).map_or(&[], Vec::as_slice)
    }

    /// The instrument a questionnaire or panel asks, by code, address or name.
    pub fn questionnaire(&self, name: &str) -> Option<usize> {
        self.questionnaires.get(&name.to_lowercase()).copied()
    }
}

fn check_instruments(pack: &PackText, instruments: &[InstrumentCodes]) -> Result<(), ProtocolError> {
    for entry in instruments {
        if Instrument::find(&entry.instrument).is_none() {
            let error = ProtocolError::new(&pack.file, format!("unknown instrument `{}`", entry.instrument));
            let ids = INSTRUMENTS.iter().map(|instrument| instrument.id);
            return Err(match nearest(&entry.instrument, ids.clone()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!("instruments: {}", ids.collect::<Vec<_>>().join(", "))),
            });
        }
        if !entry.items.is_empty() && entry.item_max < 1 {
            return Err(ProtocolError::new(&pack.file, format!("`{}` has items and no `item_max`", entry.instrument))
                .hint("state the largest answer to one question, 3 for PHQ-9"));
        }
    }
    Ok(())
}

/// A code must name a system, or it would match nothing in silence.
fn check_token(pack: &PackText, systems: &BTreeMap<String, Vec<String>>, token: &str) -> Result<(), ProtocolError> {
    let known = |system: &str| systems.contains_key(system) || system.contains(':');
    match token.split_once('|') {
        Some((system, code)) if known(system) && !code.is_empty() => Ok(()),
        _ => Err(ProtocolError::new(&pack.file, format!("`{token}` is not a code"))
            .hint("write `system|code` with a name of [systems] or an address, such as `loinc|72514-3`")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{FhirMapping, PackText};

    fn shipped() -> FhirMapping {
        let text = PackText::load(Path::new("/nonexistent"), "source-fhir.toml").expect("built in");
        FhirMapping::parse(&text).expect("the shipped pack parses")
    }

    #[test]
    fn codes_are_found_by_the_address_a_server_writes() {
        let mapping = shipped();
        for (system, code, instrument) in [
            ("http://loinc.org", "72514-3", Some("pain_nrs")),
            ("http://loinc.org/", "38208-5", Some("pain_nrs")),
            ("urn:oid:2.16.840.1.113883.6.1", "44261-6", Some("phq9")),
            ("http://loinc.org", "70274-6", Some("gad7")),
            ("http://example.org", "72514-3", None),
            ("http://loinc.org", "8867-4", None),
        ] {
            let found = mapping.scored(&mapping.token(system, code)).first();
            assert_eq!(found.map(|&at| mapping.instruments[at].instrument.as_str()), instrument, "{system} {code}");
        }
    }

    #[test]
    fn a_slip_in_a_mapping_is_an_error_that_names_it() {
        let text = PackText::load(Path::new("/nonexistent"), "source-fhir.toml").expect("built in");
        for (from, to, said) in [
            ("instrument = \"phq9\"", "instrument = \"phq-9\"", "did you mean `phq9`?"),
            ("\"loinc|44261-6\"", "\"44261-6\"", "`44261-6` is not a code"),
            ("\"loinc|44261-6\"", "\"lonic|44261-6\"", "`lonic|44261-6` is not a code"),
            ("item_max = 3", "item_max = 0", "`item_max`"),
        ] {
            let changed = PackText { file: text.file.clone(), text: text.text.replace(from, to) };
            assert_ne!(changed.text, text.text, "{from}");
            let error = FhirMapping::parse(&changed).expect_err(to).to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
