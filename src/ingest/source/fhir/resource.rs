//! A FHIR resource as it is held in memory: the elements some reader looks at,
//! and of all others only whether they could say who somebody is.
//!
//! Names, addresses, telephone numbers, identifiers, photographs and narrative
//! are skipped by the JSON reader itself; no variable ever holds them.

use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::datatype::{Meta, Reference};
use super::lenient::{Object, Objects};
use crate::model::reject::{RECORD_SHAPE, Rule};

/// Elements a reader may look at; every `value[x]` is one as well.
const KEPT: [&str; 46] = [
    "actuality",
    "authored",
    "authoredOn",
    "authorizingPrescription",
    "birthDate",
    "clinicalStatus",
    "code",
    "component",
    "dataAbsentReason",
    "date",
    "daysSupply",
    "deceasedBoolean",
    "deceasedDateTime",
    "detected",
    "dispenseRequest",
    "doNotPerform",
    "dosage",
    "dosageInstruction",
    "effectiveDateTime",
    "effectiveInstant",
    "effectivePeriod",
    "event",
    "gender",
    "hasMember",
    "id",
    "ingredient",
    "intent",
    "item",
    "medicationCodeableConcept",
    "medicationReference",
    "meta",
    "performedDateTime",
    "performedPeriod",
    "quantity",
    "questionnaire",
    "reasonCode",
    "reasonReference",
    "recordedDate",
    "resourceType",
    "seriousness",
    "severity",
    "status",
    "subject",
    "verificationStatus",
    "whenHandedOver",
    "whenPrepared",
];

/// Elements that name or describe a person. Order is the one they are reported in.
pub(super) const IDENTIFYING: [&str; 9] =
    ["name", "identifier", "address", "telecom", "contact", "photo", "text", "note", "generalPractitioner"];

/// A resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Resource {
    elements: Map<String, Value>,
    contained: Vec<Resource>,
    /// Resources of a bundle within a bundle.
    pub entries: Vec<Entry>,
    identifying: u16,
}

/// An entry of a bundle.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entry {
    /// Address of the resource, often `urn:uuid:…`.
    pub full_url: Option<String>,
    /// The resource; deleted ones have none.
    pub resource: Option<Resource>,
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Elements)
    }
}

struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Resource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FHIR resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Resource, A::Error> {
        let mut resource = Resource::default();
        while let Some(name) = map.next_key::<String>()? {
            if name == "entry" {
                resource.entries = map.next_value::<Objects<Entry>>()?.0;
            } else {
                resource.take(name, &mut map)?;
            }
        }
        Ok(resource)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryElements)
    }
}

struct EntryElements;

impl<'de> Visitor<'de> for EntryElements {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry of a bundle")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let mut entry = Entry::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "resource" => entry.resource = map.next_value::<Object<Resource>>()?.0,
                "fullUrl" => entry.full_url = map.next_value::<Value>()?.as_str().map(str::to_owned),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(entry)
    }
}

impl Resource {
    /// Takes one element of a JSON object, or skips it.
    pub(super) fn take<'de, A: MapAccess<'de>>(&mut self, name: String, map: &mut A) -> Result<(), A::Error> {
        if name == "contained" {
            self.contained = map.next_value::<Objects<Self>>()?.0;
        } else if KEPT.contains(&name.as_str()) || name.starts_with("value") {
            let value = map.next_value()?;
            self.elements.insert(name, value);
        } else {
            if let Some(at) = IDENTIFYING.iter().position(|known| *known == name) {
                self.identifying |= 1 << at;
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    /// What it is: `Patient`, `Observation`.
    pub(super) fn kind(&self) -> Option<&str> {
        self.elements.get("resourceType")?.as_str()
    }

    /// Its id on the server.
    pub(super) fn id(&self) -> Option<&str> {
        self.elements.get("id")?.as_str().filter(|id| !id.is_empty())
    }

    /// Gives a resource that only its bundle names an id.
    pub(super) fn set_id(&mut self, id: &str) {
        self.elements.insert("id".to_owned(), Value::String(id.to_owned()));
    }

    /// Which version it is.
    pub(super) fn meta(&self) -> Meta {
        self.elements.get("meta").and_then(|meta| Meta::deserialize(meta).ok()).unwrap_or_default()
    }

    /// The elements as `T`, which takes what it knows and leaves the rest.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, &'static Rule> {
        // `&Value` is a deserializer; of a map this is one shallow copy.
        T::deserialize(&Value::Object(self.elements.clone())).map_err(|_| &RECORD_SHAPE)
    }

    /// The contained resource a reference `#id` is about.
    pub(super) fn contained(&self, reference: &Reference) -> Option<&Self> {
        let id = reference.reference.as_deref()?.strip_prefix('#')?;
        self.contained.iter().find(|resource| resource.id() == Some(id))
    }

    /// Which elements of `IDENTIFYING` were there, its own and those of contained resources.
    pub(super) fn identifying(&self) -> impl Iterator<Item = &'static str> {
        let marks = self.contained.iter().fold(self.identifying, |marks, contained| marks | contained.identifying);
        IDENTIFYING.iter().enumerate().filter(move |(at, _)| marks & (1 << at) != 0).map(|(_, name)| *name)
    }

    /// The same for equal contents, whatever machine and thread.
    pub(super) fn digest(&self) -> u64 {
        use std::hash::Hasher;
        let mut hasher = siphasher::sip::SipHasher13::new();
        hasher.write(Value::Object(self.elements.clone()).to_string().as_bytes());
        for contained in &self.contained {
            hasher.write_u64(contained.digest());
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Resource;

    #[test]
    fn nothing_that_names_a_person_is_held() {
        let text = r#"{"resourceType":"Patient","id":"p1","name":[{"family":"Medhurst"}],"gender":"female",
            "address":[{"city":"Emporia"}],"extension":[{"valueString":"Harold"}],"birthDate":"1927-05-21",
            "contained":[{"resourceType":"RelatedPerson","name":[{"family":"Cummerata"}]}]}"#;
        let resource: Resource = serde_json::from_str(text).expect("a patient");
        let held = format!("{resource:?}");
        for name in ["Medhurst", "Emporia", "Harold", "Cummerata"] {
            assert!(!held.contains(name), "{name}");
        }
        assert_eq!(resource.identifying().collect::<Vec<_>>(), ["name", "address"]);
        assert_eq!((resource.kind(), resource.id()), (Some("Patient"), Some("p1")));
    }
}
