//! The files of a FHIR source: bulk NDJSON, single resources, bundles.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ingest::error::IngestError;

/// How the records of a file follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One resource a line.
    Ndjson,
    /// A resource, a bundle, or a list of resources.
    Json,
    /// Not read: the log of a bulk export, a read-me.
    Unread,
}

/// A file of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FhirFile {
    /// Where it is.
    pub path: PathBuf,
    /// The same below the source's folder.
    pub below: String,
    /// What findings call it.
    pub shown: String,
    /// How it is read.
    pub format: Format,
    /// The resource type its name states, as bulk exports do.
    pub kind: Option<&'static str>,
}

/// Resource types findings may name. Bulk exports hold these; what a server
/// calls its own is not repeated.
const TYPES: [&str; 44] = [
    "AdverseEvent",
    "AllergyIntolerance",
    "Appointment",
    "Binary",
    "Bundle",
    "CarePlan",
    "CareTeam",
    "Claim",
    "ClinicalImpression",
    "Communication",
    "Composition",
    "Condition",
    "Consent",
    "Coverage",
    "Device",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "EpisodeOfCare",
    "ExplanationOfBenefit",
    "FamilyMemberHistory",
    "Flag",
    "Goal",
    "Group",
    "ImagingStudy",
    "Immunization",
    "List",
    "Location",
    "Media",
    "Medication",
    "MedicationAdministration",
    "MedicationDispense",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "OperationOutcome",
    "Organization",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "Provenance",
    "Questionnaire",
    "QuestionnaireResponse",
];

/// The type as findings may name it.
pub(super) fn known_type(name: &str) -> Option<&'static str> {
    TYPES.into_iter().find(|known| *known == name)
}

/// Every file of a folder and its sub-folders in order of path, or the one file.
pub(super) fn find(source: &Path) -> Result<Vec<FhirFile>, IngestError> {
    let mut paths = Vec::new();
    if source.is_dir() {
        collect(source, source, &mut paths)?;
    } else {
        let name = source.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        fs::metadata(source).map_err(|error| IngestError::unreadable(source, &error))?;
        paths.push(name);
    }
    paths.sort_unstable();
    let path = |below: &str| if source.is_dir() { source.join(below) } else { source.to_owned() };
    Ok(paths.into_iter().zip(1..).map(|(below, number)| file(path(&below), below, number)).collect())
}

fn collect(root: &Path, folder: &Path, paths: &mut Vec<String>) -> Result<(), IngestError> {
    for entry in fs::read_dir(folder).map_err(|error| IngestError::unreadable(folder, &error))? {
        let path = entry.map_err(|error| IngestError::unreadable(folder, &error))?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        // A link to a folder could lead round in a circle.
        if hidden || (path.is_dir() && path.is_symlink()) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, paths)?;
        } else if let Some(below) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            paths.push(below.to_owned());
        }
    }
    Ok(())
}

fn file(path: PathBuf, below: String, number: usize) -> FhirFile {
    let name = below.rsplit('/').next().unwrap_or(&below);
    let (stem, format) = split(name);
    let kind = stem.split(['.', '-', '_']).next().and_then(known_type);
    let shown = shown(&below, stem, kind, number);
    FhirFile { path, below, shown, format, kind }
}

/// The name before its extensions, and what they say.
fn split(name: &str) -> (&str, Format) {
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
    let lines = plain.strip_suffix(".ndjson").or_else(|| plain.strip_suffix(".jsonl"));
    match (lines, plain.strip_suffix(".json")) {
        // SMART bulk clients write what they did to a log beside the data.
        (Some("log"), _) => ("log", Format::Unread),
        (Some(stem), _) => (stem, Format::Ndjson),
        (None, Some(stem)) => (stem, Format::Json),
        (None, None) => (plain, Format::Unread),
    }
}

/// A name findings and the snapshot may hold. Some exports write one file a
/// patient and name it after her, so only names made of a resource type and a
/// number are said; the others are counted, in order of path.
fn shown(below: &str, stem: &str, kind: Option<&str>, number: usize) -> String {
    let numbered = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_'));
    let typed = kind.is_some_and(|kind| numbered(&stem[kind.len()..]));
    let plain = ["log", "bundle", "export", "data"].iter().any(|word| stem.strip_prefix(word).is_some_and(numbered))
        || ["README.md", "README.txt", "LICENSE"].contains(&stem);
    let in_folder = below.contains('/');
    if (typed || plain) && !in_folder { below.to_owned() } else { format!("file {number} in order of path") }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Format, file};

    #[test]
    fn a_name_is_repeated_only_when_it_cannot_name_anybody() {
        for (below, shown, format, kind) in [
            ("Patient.000.ndjson", "Patient.000.ndjson", Format::Ndjson, Some("Patient")),
            ("Observation-3.ndjson.gz", "Observation-3.ndjson.gz", Format::Ndjson, Some("Observation")),
            ("log.ndjson", "log.ndjson", Format::Unread, None),
            ("bundle1.json", "bundle1.json", Format::Json, None),
            ("Sumiko254_Medhurst46_129c.json", "file 7 in order of path", Format::Json, None),
            ("Patient-medhurst.json", "file 7 in order of path", Format::Json, Some("Patient")),
            ("medhurst/Patient.000.ndjson", "file 7 in order of path", Format::Ndjson, Some("Patient")),
            ("notes.txt", "file 7 in order of path", Format::Unread, None),
        ] {
            let found = file(PathBuf::from(below), below.to_owned(), 7);
            assert_eq!((found.shown.as_str(), found.format, found.kind), (shown, format, kind), "{below}");
        }
    }
}
