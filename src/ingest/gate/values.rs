//! Values that identify a person wherever they stand: one is enough.
//!
//! Only patterns that hardly occur by chance; the others need a share of a
//! column (`shares`). Numbers, dates and words of closed vocabularies are not
//! looked at: they parsed as such, so they are no address and no number of a
//! person. Everything else is: a glance first, an expression only where the
//! glance finds something.

use std::sync::LazyLock;

use regex::bytes;

use super::{Detector, PSEUDONYM};

/// A detector over a value.
struct ByValue {
    detector: Detector,
    pattern: &'static str,
}

const fn value(id: &'static str, what: &'static str, why: &'static str, pattern: &'static str) -> ByValue {
    ByValue { detector: Detector { id, what, why, hint: PSEUDONYM }, pattern }
}

static VALUES: [ByValue; 6] = [
    value(
        "value-email",
        "an e-mail address",
        "an e-mail address is an identifier wherever it stands (45 CFR 164.514(b)(2)(i)(F))",
        r"(?-u)[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
    ),
    value(
        "value-url",
        "a web address",
        "a web address is an identifier (45 CFR 164.514(b)(2)(i)(N))",
        r"(?i-u)https?://|\bwww\.",
    ),
    value(
        "value-ssn",
        "a social security number",
        "three, two and four digits with separators, in a range that is issued, are a social security number",
        r"(?-u)[0-9]{3}[-_ ][0-9]{2}[-_ ][0-9]{4}",
    ),
    value(
        "value-phone",
        "a telephone number",
        "ten digits written as a North American telephone number are one",
        r"(?-u)(?:\+?1[ ._-]?)?\(?[2-9][0-9]{2}\)?[ ._-]?[2-9][0-9]{2}[ ._-][0-9]{4}",
    ),
    value(
        "value-zip-plus-four",
        "a ZIP+4 code",
        "five digits, a hyphen and four digits are the block a person lives in",
        r"(?-u)[0-9]{5}-[0-9]{4}",
    ),
    value(
        "value-record-number",
        "a labelled record number",
        "a number that says of itself that it is a record or social security number is one",
        r"(?i-u)(\b|_)(mrn|ssn|dob|medical[ _]record([ _](no|number))?)[ _:#.=-]*[0-9]{4}",
    ),
];

pub(super) fn detectors() -> impl Iterator<Item = &'static Detector> {
    VALUES.iter().map(|by_value| &by_value.detector)
}

/// The detector a value trips.
#[inline]
pub(in crate::ingest) fn in_value(text: &[u8]) -> Option<&'static Detector> {
    if is_suspicious(text) { match_patterns(text) } else { None }
}

#[cold]
fn match_patterns(text: &[u8]) -> Option<&'static Detector> {
    static PATTERNS: LazyLock<Vec<bytes::Regex>> = LazyLock::new(|| {
        VALUES.iter().map(|by_value| bytes::Regex::new(by_value.pattern).expect("the patterns are tested")).collect()
    });
    // An expression is linear in the text; a cell may still be megabytes long.
    const LONGEST: usize = 1 << 16;
    let text = &text[..text.len().min(LONGEST)];
    let found = VALUES
        .iter()
        .zip(PATTERNS.iter())
        .find(|(by_value, pattern)| pattern.find_iter(text).any(|hit| counts(by_value.detector.id, text, &hit)));
    found.map(|(by_value, _)| &by_value.detector)
}

/// A glance that clears nearly every code: an expression costs a hundred times more.
#[inline]
fn is_suspicious(text: &[u8]) -> bool {
    if text.len() < 5 {
        return false;
    }
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    // Nine digits, and something between them: a bare number is no address.
    (digits >= 9 && digits < text.len() && text.len() <= 4 * digits)
        || digits >= 4 && digits < text.len() && has_letters(text) && labelled(text)
        || addressed(text)
}

/// `@`, `://` or `www.`.
#[inline]
fn addressed(text: &[u8]) -> bool {
    memchr::memchr2(b'@', b'/', text).is_some()
        || text.windows(4).any(|four| four[3] == b'.' && four[..3].eq_ignore_ascii_case(b"www"))
}

#[inline]
fn has_letters(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_alphabetic)
}

/// Whether one of the labels of a record number may be in the text.
fn labelled(text: &[u8]) -> bool {
    let label = |three: &[u8]| [b"mrn", b"ssn", b"dob", b"med"].iter().any(|label| three.eq_ignore_ascii_case(*label));
    text.windows(3).any(label)
}

/// Numbers must stand alone: `…-123-45-6789-…` inside a longer code is part of
/// a UUID, not a social security number.
fn counts(id: &str, text: &[u8], hit: &bytes::Match<'_>) -> bool {
    let joined = |away: &mut dyn Iterator<Item = &u8>| match away.next() {
        // A word may be joined to a number by it, but a longer number is another.
        Some(b'_') => away.next().is_some_and(u8::is_ascii_digit),
        byte => byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-'),
    };
    let alone = !joined(&mut text[..hit.start()].iter().rev()) && !joined(&mut text[hit.end()..].iter());
    match id {
        "value-ssn" => alone && is_issued(hit.as_bytes()),
        "value-phone" | "value-zip-plus-four" => alone,
        _ => true,
    }
}

/// Social security numbers never have these parts, so dates and codes that
/// look alike are let through.
fn is_issued(number: &[u8]) -> bool {
    let never = number.starts_with(b"000") || number.starts_with(b"666") || number.starts_with(b"9");
    !never && &number[4..6] != b"00" && &number[7..] != b"0000"
}

#[cfg(test)]
mod tests {
    use super::in_value;

    #[test]
    fn identifying_values_are_caught() {
        for (text, id) in [
            ("123-45-6789", "value-ssn"),
            ("123 45 6789", "value-ssn"),
            ("ssn 123 45 6789", "value-ssn"),
            ("see 219-09-9999.", "value-ssn"),
            ("(212) 555-0123", "value-phone"),
            ("+1 212-555-0123", "value-phone"),
            ("212.555.0123", "value-phone"),
            ("call 212 555 0123 after noon", "value-phone"),
            ("jo@example.org", "value-email"),
            ("j.o'hara+x@mail.example.co.uk", "value-email"),
            ("ask JO@EXAMPLE.ORG", "value-email"),
            ("see www.example.org", "value-url"),
            ("WWW.EXAMPLE.ORG", "value-url"),
            ("https://example.org/p/1", "value-url"),
            ("02139-4307", "value-zip-plus-four"),
            ("MRN: 00481234", "value-record-number"),
            ("mrn#481234", "value-record-number"),
            ("mrn_0048213", "value-record-number"),
            ("MRN0048213", "value-record-number"),
            ("old_mrn_0048213", "value-record-number"),
            ("medical_record_number_4812", "value-record-number"),
            ("536_91_2877", "value-ssn"),
            ("no_536_91_2877_x", "value-ssn"),
            ("617_555_0143", "value-phone"),
            ("1_617_555_0143", "value-phone"),
            ("tel_617_555_0143", "value-phone"),
            ("Medical record number 481234", "value-record-number"),
        ] {
            assert_eq!(in_value(text.as_bytes()).map(|detector| detector.id), Some(id), "{text}");
        }
    }

    #[test]
    fn what_clinics_write_is_not() {
        for text in [
            "900-45-6789",
            "000-12-3456",
            "666-12-3456",
            "123-00-4567",
            "123-45-0000",
            "10222333-4555-4abc-8def-123456789012",
            "3f2a9c1b-77d0-4e5f-a6b1-c2d3e4f50617",
            "NORTH-0000012345",
            "BYVLSQN4374F",
            "BYVLSQN4374F-12",
            "oxycodone",
            "oxycodone 10 mg/325 mg oral tablet",
            "hydrocodone 7.5 MG / acetaminophen 325 MG",
            "7804",
            "1049589",
            "RxNorm 1049621",
            "G90.511",
            "M79.7",
            "S72.001A",
            "72514-3",
            "2026-07-31",
            "2026-07-31T12:30:00Z",
            "20260731",
            "2026-01-05 2026-03-30",
            "12345678901234",
            "1234567890",
            "0.5 mg/kg",
            "120/80",
            "7/10",
            "2026Q3",
            "pain_nrs/average",
            "10-20 mg 2x daily",
            "100-200-300",
            "100_200_300",
            "536_91_2877_4",
            "10_617_555_0143",
            "pain_reprogramming",
            "1.2.840.10008.5.1.4",
            "Chronic pain, lumbar (L4/L5)",
            "medication review 2026",
            "median 1234.5",
            "swww.",
            "",
        ] {
            assert_eq!(in_value(text.as_bytes()).map(|detector| detector.id), None, "{text}");
        }
    }

    #[test]
    fn a_long_cell_is_looked_at_without_waiting_for_ever() {
        let long = [b"7@".repeat(1 << 20), b"jo@example.org".to_vec()].concat();
        assert_eq!(in_value(&long), None);
        assert!(in_value(&[b"jo@example.org ".to_vec(), b"x".repeat(1 << 20)].concat()).is_some());
    }
}
