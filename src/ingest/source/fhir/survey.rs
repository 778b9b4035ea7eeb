//! What must be known of a source before its records become rows: which ids
//! come twice and which of them counts, what referenced medications are, and
//! which events another record tells.
//!
//! Of a record eight bytes are kept, and more only of what few records are:
//! medications, dispensings, infusions.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::code::Medicine;
use super::datatype::{CodeableConcept, Meta, Reference, target};
use super::resource::Resource;

/// A record by its place in the order of reading: file, and record of it.
pub(super) type Ordinal = (usize, u64);

/// Kind and id of a resource, hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(u64);

impl Name {
    pub(super) fn of(kind: &str, id: &str) -> Self {
        let mut hasher = SipHasher13::new();
        hasher.write(kind.as_bytes());
        hasher.write(b"/");
        hasher.write(id.as_bytes());
        Self(hasher.finish())
    }
}

/// Which of several versions counts: the greatest. Content comes last, so that
/// two exports in another order give the same answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    number: u64,
    updated: String,
    content: u64,
}

impl Version {
    pub(super) fn of(resource: &Resource) -> Self {
        let meta: Meta = resource.meta();
        let number = meta.version_id.and_then(|id| id.parse().ok()).unwrap_or(0);
        Self { number, updated: meta.last_updated.unwrap_or_default(), content: resource.digest() }
    }
}

/// The record that counts of those with one id.
#[derive(Clone, Debug)]
struct Winner {
    version: Version,
    ordinal: Ordinal,
}

/// What a second record with an id is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The one that counts.
    Counts,
    /// The same once more.
    Repeated,
    /// An older version, or one that lost to another of the same version.
    Superseded,
}

/// What was seen on the way through the source.
#[derive(Debug, Default)]
pub(super) struct Survey {
    names: Vec<Name>,
    repeated: BTreeMap<Name, Option<Winner>>,
    /// Addresses within bundles that differ from the id.
    aliases: BTreeMap<Name, String>,
    /// Medication resources by id.
    medications: BTreeMap<Name, (Version, Drug)>,
    /// Requests something was dispensed on.
    dispensed: BTreeSet<Name>,
    /// Patients and days with an administration of ketamine.
    infused: BTreeSet<Name>,
    /// Conditions that are opioid use disorder, with the indication they are.
    indications: BTreeMap<Name, String>,
}

/// A medication as its own resource states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Drug {
    pub medicine: Medicine,
    pub is_ketamine: bool,
}

impl Survey {
    /// Notes a record's id.
    pub(super) fn note(&mut self, kind: &str, id: &str) {
        self.names.push(Name::of(kind, id));
    }

    /// Finds the ids that came twice; returns whether there are any.
    pub(super) fn settle_names(&mut self) -> bool {
        let mut names = std::mem::take(&mut self.names);
        names.sort_unstable();
        self.repeated = names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| (pair[0], None)).collect();
        !self.repeated.is_empty()
    }

    /// Weighs a record against others of its id.
    pub(super) fn weigh(&mut self, kind: &str, resource: &Resource, ordinal: Ordinal) {
        let Some(id) = resource.id() else { return };
        let Some(winner) = self.repeated.get_mut(&Name::of(kind, id)) else { return };
        let version = Version::of(resource);
        // Of equal ones the first stays.
        if winner.as_ref().is_none_or(|known| version > known.version) {
            *winner = Some(Winner { version, ordinal });
        }
    }

    /// What a record is among those of its id.
    pub(super) fn standing(&self, kind: &str, resource: &Resource, ordinal: Ordinal) -> Standing {
        let winner = resource.id().and_then(|id| self.repeated.get(&Name::of(kind, id))?.as_ref());
        match winner {
            Some(winner) if winner.ordinal != ordinal => {
                if winner.version == Version::of(resource) {
                    Standing::Repeated
                } else {
                    Standing::Superseded
                }
            }
            _ => Standing::Counts,
        }
    }

    /// Notes the address a bundle gives a resource.
    pub(super) fn alias(&mut self, kind: &str, address: &str, id: &str) {
        self.aliases.insert(Name::of(kind, address), id.to_owned());
    }

    /// The id a reference to a resource of `kind` means.
    pub(super) fn id_of<'r>(&'r self, kind: &str, reference: &'r Reference) -> Option<&'r str> {
        let (named, id) = target(reference.reference.as_deref()?)?;
        if named.is_some_and(|named| named != kind) || reference.kind.as_deref().is_some_and(|named| named != kind) {
            return None;
        }
        match named {
            Some(_) => Some(id),
            None => Some(self.aliases.get(&Name::of(kind, id)).map_or(id, String::as_str)),
        }
    }

    fn name_of(&self, kind: &str, reference: &Reference) -> Option<Name> {
        Some(Name::of(kind, self.id_of(kind, reference)?))
    }

    /// Notes a medication; of several versions the one that counts.
    pub(super) fn add_medication(&mut self, id: &str, resource: &Resource, drug: Drug) {
        let version = Version::of(resource);
        let known = self.medications.entry(Name::of("Medication", id));
        let known = known.or_insert_with(|| (version.clone(), drug.clone()));
        if version > known.0 {
            *known = (version, drug);
        }
    }

    pub(super) fn medication(&self, reference: &Reference) -> Option<&Drug> {
        self.medications.get(&self.name_of("Medication", reference)?).map(|(_, drug)| drug)
    }

    pub(super) fn add_dispensed(&mut self, requests: &[Reference]) {
        let names: Vec<Name> =
            requests.iter().filter_map(|request| self.name_of("MedicationRequest", request)).collect();
        self.dispensed.extend(names);
    }

    pub(super) fn is_dispensed(&self, request: &str) -> bool {
        self.dispensed.contains(&Name::of("MedicationRequest", request))
    }

    pub(super) fn add_infusion(&mut self, patient: &str, day: &str) {
        self.infused.insert(Name::of(patient, day));
    }

    pub(super) fn is_infused(&self, patient: &str, day: &str) -> bool {
        self.infused.contains(&Name::of(patient, day))
    }

    pub(super) fn add_indication(&mut self, condition: &str, indication: String) {
        self.indications.insert(Name::of("Condition", condition), indication);
    }

    /// The indication among conditions a record refers to.
    pub(super) fn indication(&self, reasons: &[Reference]) -> Option<&str> {
        let names = reasons.iter().filter_map(|reason| self.name_of("Condition", reason));
        names.filter_map(|name| self.indications.get(&name)).map(String::as_str).next()
    }
}

/// The id within an address a bundle gives a resource.
pub(super) fn address(full_url: &str) -> Option<&str> {
    target(full_url).map(|(_, id)| id)
}

/// A resource under its id, which may be only in its bundle's address.
pub(super) fn named(mut resource: Resource, full_url: Option<&str>) -> Resource {
    if resource.id().is_none()
        && let Some(id) = full_url.and_then(address)
    {
        resource.set_id(id);
    }
    resource
}

/// The medication a record names, by concept or by reference.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Medication {
    pub medication_codeable_concept: Option<CodeableConcept>,
    pub medication_reference: Option<Reference>,
}
