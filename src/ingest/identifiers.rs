//! The privacy gate: columns and values that name a person stop the source.
//!
//! Column names are looked at before any row is read, values in every text
//! cell that is read. A match is an error with the rule and the column, never
//! the value (definitions: privacy.md §4).

use std::sync::LazyLock;

use regex::bytes;

/// Something that identifies a person.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Detector {
    /// Stable id.
    pub id: &'static str,
    /// What was found, in words.
    pub what: &'static str,
    /// What to do.
    pub hint: &'static str,
    /// Regular expression over the words of a column name, or over a value.
    pattern: &'static str,
}

const LEAVE_OUT: &str = "leave the column out of the export";
const PSEUDONYM: &str = "replace it by the clinic's own pseudonymous code, or leave the column out";

const fn column(id: &'static str, what: &'static str, pattern: &'static str) -> Detector {
    Detector { id, what, hint: LEAVE_OUT, pattern }
}

const fn value(id: &'static str, what: &'static str, pattern: &'static str) -> Detector {
    Detector { id, what, hint: PSEUDONYM, pattern }
}

/// Over the lower-case words of a column name, joined by blanks. Order is
/// that of 45 CFR 164.514(b)(2)(i); the first match is reported.
static COLUMNS: [Detector; 11] = [
    column(
        "column-name",
        "a person's name",
        r"^((first|last|middle|full|given|sur|family|maiden|patient|pt) ?)?name$|\binitials\b|\b(provider|physician|clinician|doctor|nurse) ?name\b|\b(patient|pt|first|last|middle|full|given|family|maiden|mother|father|spouse|guardian)\b.*\b(name|nm)\b|\bnext of kin\b|\bemergency ?contact\b",
    ),
    column(
        "column-geography",
        "an address or place",
        r"\b(address[0-9]*|addr[0-9]*|street|city|county|zip[0-9]*|zipcode|postal|postcode|lat|latitude|lon|longitude|geo)\b",
    ),
    column(
        "column-birth",
        "a date of birth or death",
        r"\bdob\b|\b(birth|deceased|death) ?(date|dt|day)\b|^(birth|deceased|death)$|\bdate ?of ?(birth|death)\b",
    ),
    column(
        "column-phone",
        "a telephone number",
        r"\b((cell|home|work|tele)?phone|tel|mobile|fax)\b|\bcell( (no|num|number))?$",
    ),
    column("column-email", "an e-mail address", r"\be ?mail\b"),
    column("column-ssn", "a social security number", r"\bssn[0-9]*\b|\bsocial( security)?\b"),
    column(
        "column-record-number",
        "a record number",
        r"\bmrn\b|\bmed(ical)? ?rec(ord)?\b|\bemr ?(id|no|num|number)\b|\bchart ?(no|num|number|id)\b|\b(nhs|hicn|mbi|medicare)\b",
    ),
    column(
        "column-account",
        "an account or insurance number",
        r"\b(account|acct|beneficiary|policy)\b|\b(member|insurance) ?(id|no|num|number)\b",
    ),
    column(
        "column-device",
        "a licence, device or network number",
        r"\b(ip|url|website|device|serial|vin|plate|licen[cs]e|dea|npi)\b",
    ),
    column("column-biometric", "a picture or biometric", r"\b(photo|image|face|finger|fingerprint|voice)\b"),
    column(
        "column-free-text",
        "free text",
        r"\b(note|notes|comment|comments|narrative|remark|remarks)\b|\bfree ?text\b",
    ),
];

/// Under safe harbor no date finer than a year may be in the file at all.
static DATE_COLUMN: Detector = Detector {
    id: "column-date",
    what: "a date",
    hint: "under safe harbor export study days (`day`), or state another `privacy.basis` if you have one",
    pattern: r"\b(date|dt)\b",
};

/// Under safe harbor an index period is a year.
pub(super) static FINE_PERIOD: Detector = Detector {
    id: "period-finer-than-year",
    what: "a calendar period finer than a year",
    hint: "under safe harbor write the year alone, or state another `privacy.basis` if you have one",
    pattern: "",
};

/// Over values. Only patterns that hardly occur by chance.
static VALUES: [Detector; 4] = [
    value("value-email", "an e-mail address", r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"),
    value("value-url", "a web address", r"(?i)https?://|www\."),
    value("value-ssn", "a social security number", r"[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}"),
    value("value-phone", "a telephone number", r"(?:\+?1[ .-]?)?\(?[2-9][0-9]{2}\)?[ .-]?[2-9][0-9]{2}[ .-][0-9]{4}"),
];

/// The detector a column name trips. Columns of the table itself are not asked about.
pub(super) fn in_column_name(name: &str, dates_allowed: bool) -> Option<&'static Detector> {
    static PATTERNS: LazyLock<Vec<regex::Regex>> = LazyLock::new(|| {
        let all = COLUMNS.iter().chain([&DATE_COLUMN]);
        all.map(|detector| regex::Regex::new(detector.pattern).expect("the patterns are tested")).collect()
    });
    let words = words(name);
    let trips = |index: usize| PATTERNS[index].is_match(&words);
    let found = COLUMNS.iter().enumerate().find(|(index, _)| trips(*index)).map(|(_, detector)| detector);
    found.or_else(|| (!dates_allowed && trips(COLUMNS.len())).then_some(&DATE_COLUMN))
}

/// The detector a date column of the table itself trips under safe harbor.
pub(super) fn date_column() -> &'static Detector {
    &DATE_COLUMN
}

/// `patientName` and `PATIENT-NAME` → `patient name`.
fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut previous_lower = false;
    for c in name.chars() {
        let separator = !c.is_alphanumeric();
        if (separator || (c.is_uppercase() && previous_lower)) && !words.ends_with(' ') && !words.is_empty() {
            words.push(' ');
        }
        if !separator {
            words.extend(c.to_lowercase());
        }
        previous_lower = c.is_lowercase();
    }
    words.trim_end().to_owned()
}

/// The detector a value trips.
pub(super) fn in_value(text: &[u8]) -> Option<&'static Detector> {
    static PATTERNS: LazyLock<Vec<bytes::Regex>> = LazyLock::new(|| {
        VALUES.iter().map(|detector| bytes::Regex::new(detector.pattern).expect("the patterns are tested")).collect()
    });
    if !is_suspicious(text) {
        return None;
    }
    VALUES
        .iter()
        .zip(PATTERNS.iter())
        .find(|(detector, pattern)| pattern.find_iter(text).any(|hit| counts(detector, text, &hit)))
        .map(|(detector, _)| detector)
}

/// A glance that clears nearly every code: an expression costs a hundred times more.
#[inline]
fn is_suspicious(text: &[u8]) -> bool {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let address = |three: &[u8]| three == b"://" || three.eq_ignore_ascii_case(b"ww.");
    digits >= 9 || text.contains(&b'@') || text.windows(3).any(address)
}

/// Numbers must stand alone: `…-123-45-6789-…` inside a longer code is part of
/// a UUID, not a social security number.
fn counts(detector: &Detector, text: &[u8], hit: &bytes::Match<'_>) -> bool {
    let is_numeric = matches!(detector.id, "value-ssn" | "value-phone");
    let joined =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let alone = !joined(text[..hit.start()].last()) && !joined(text.get(hit.end()));
    !is_numeric || (alone && (detector.id != "value-ssn" || is_issued(hit.as_bytes())))
}

/// Social security numbers never have these parts, so dates and codes that
/// look alike are let through.
fn is_issued(number: &[u8]) -> bool {
    let never = number.starts_with(b"000") || number.starts_with(b"666") || number.starts_with(b"9");
    !never && &number[4..6] != b"00" && &number[7..] != b"0000"
}

#[cfg(test)]
mod tests {
    use super::{in_column_name, in_value};
    use crate::model::table::{INPUT_TABLES, InputTable};

    #[test]
    fn identifying_names_are_caught_however_they_are_written() {
        for (name, id) in [
            ("patientName", "column-name"),
            ("LAST_NAME", "column-name"),
            ("surname", "column-name"),
            ("patientFullName", "column-name"),
            ("pt_nm", "column-name"),
            ("mother_name", "column-name"),
            ("emergencyContact", "column-name"),
            ("zip5", "column-geography"),
            ("address1", "column-geography"),
            ("dateofbirth", "column-birth"),
            ("cellphone", "column-phone"),
            ("ssn4", "column-ssn"),
            ("medical_rec_no", "column-record-number"),
            ("medrec", "column-record-number"),
            ("insurance_id", "column-account"),
            ("zip-code", "column-geography"),
            ("DOB", "column-birth"),
            ("date of birth", "column-birth"),
            ("home phone", "column-phone"),
            ("e-mail", "column-email"),
            ("Email", "column-email"),
            ("ssn", "column-ssn"),
            ("MRN", "column-record-number"),
            ("member_id", "column-account"),
            ("device_serial", "column-device"),
            ("photo", "column-biometric"),
            ("ae_notes", "column-free-text"),
        ] {
            assert_eq!(in_column_name(name, true).map(|detector| detector.id), Some(id), "{name}");
        }
        assert_eq!(in_column_name("infusion_date", true), None);
        assert_eq!(in_column_name("infusion_date", false).map(|detector| detector.id), Some("column-date"));
    }

    #[test]
    fn no_column_of_ours_and_no_innocent_one_is_caught() {
        let ours = INPUT_TABLES.iter().flat_map(InputTable::header_names);
        for name in ours.chain(["cell_count", "drug_name", "faces_scale", "visit_number", "weight_kg"]) {
            assert_eq!(in_column_name(name, true), None, "{name}");
        }
    }

    #[test]
    fn identifying_values_are_caught_and_codes_are_not() {
        for (text, id) in [
            ("123-45-6789", Some("value-ssn")),
            ("ssn 123 45 6789", Some("value-ssn")),
            ("(212) 555-0123", Some("value-phone")),
            ("+1 212-555-0123", Some("value-phone")),
            ("jo@example.org", Some("value-email")),
            ("see www.example.org", Some("value-url")),
            ("900-45-6789", None),
            ("10222333-4555-4abc-8def-123456789012", None),
            ("NORTH-0000012345", None),
            ("oxycodone", None),
            ("2026-07-31", None),
            ("12345678901234", None),
        ] {
            assert_eq!(in_value(text.as_bytes()).map(|detector| detector.id), id, "{text}");
        }
    }
}
