//! FHIR datatypes, as much of each as is read.

use serde::Deserialize;
use serde_json::Number;

/// A code and the system it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Coding {
    pub system: Option<String>,
    pub code: Option<String>,
    pub display: Option<String>,
    pub extension: Vec<Extension>,
}

/// Several codes for one thing, or only words.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct CodeableConcept {
    pub coding: Vec<Coding>,
    pub text: Option<String>,
}

/// An extension that may hold a number.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Extension {
    pub url: Option<String>,
    pub value_decimal: Option<Number>,
    pub value_integer: Option<Number>,
}

/// A number with a unit.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Quantity {
    pub value: Option<Number>,
    pub comparator: Option<String>,
    pub unit: Option<String>,
    pub code: Option<String>,
}

/// A number over another.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Ratio {
    pub numerator: Option<Quantity>,
    pub denominator: Option<Quantity>,
}

/// From when to when.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Period {
    pub start: Option<String>,
    pub end: Option<String>,
}

/// A reference to another resource.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names are FHIR's")]
pub(super) struct Reference {
    pub reference: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub display: Option<String>,
}

/// Which version of a resource it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Meta {
    pub version_id: Option<String>,
    pub last_updated: Option<String>,
}

impl CodeableConcept {
    /// Its names, the codes' own before the record's words.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.coding.iter().filter_map(|coding| coding.display.as_deref()).chain(self.text.as_deref())
    }

    /// Whether any of its codes is `code`, in whatever system: for the small
    /// code lists FHIR itself fixes.
    pub(super) fn says(&self, codes: &[&str]) -> bool {
        self.coding.iter().filter_map(|coding| coding.code.as_deref()).any(|code| codes.contains(&code))
    }
}

impl Quantity {
    /// The number as written, of a quantity that is exact.
    pub(super) fn exact(&self) -> Option<String> {
        self.comparator.is_none().then_some(self.value.as_ref()?).map(decimal)
    }

    /// The unit's code, or its name.
    pub(super) fn unit(&self) -> &str {
        self.code.as_deref().or(self.unit.as_deref()).unwrap_or_default()
    }
}

/// A JSON number as a canonical file writes it. JSON readers keep numbers as
/// doubles, whose shortest spelling is the one written up to 15 digits; what
/// that spelling needs an exponent for is no score, dose or count.
pub(super) fn decimal(number: &Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// What a reference points to: kind, where it says so, and id.
pub(super) fn target(reference: &str) -> Option<(Option<&str>, &str)> {
    if let Some(uuid) = reference.strip_prefix("urn:uuid:").or_else(|| reference.strip_prefix("urn:oid:")) {
        return Some((None, uuid));
    }
    let path = reference.split("/_history/").next().unwrap_or(reference);
    if path.contains(['?', '#']) {
        return None;
    }
    let (before, id) = path.rsplit_once('/')?;
    let kind = before.rsplit('/').next()?;
    let named = kind.starts_with(|first: char| first.is_ascii_uppercase()) && !id.is_empty();
    named.then_some((Some(kind), id))
}

#[cfg(test)]
mod tests {
    use super::{decimal, target};

    #[test]
    fn references_are_read_in_every_form_a_server_writes() {
        for (reference, expected) in [
            ("Patient/123", Some((Some("Patient"), "123"))),
            ("https://example.org/fhir/Patient/a-b", Some((Some("Patient"), "a-b"))),
            ("Patient/123/_history/4", Some((Some("Patient"), "123"))),
            ("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", Some((None, "0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"))),
            ("#contained", None),
            ("Patient?identifier=x|y", None),
            ("Patient/", None),
            ("", None),
            ("something", None),
        ] {
            assert_eq!(target(reference), expected, "{reference}");
        }
    }

    #[test]
    fn numbers_are_spelt_as_a_form_would() {
        for (written, expected) in [("7", "7"), ("7.0", "7"), ("6.5", "6.5"), ("0.025", "0.025"), ("-1", "-1")] {
            let number = serde_json::from_str(written).expect("a number");
            assert_eq!(decimal(&number), expected);
        }
    }
}
