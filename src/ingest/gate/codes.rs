//! The form of the patient codes: whether they are a name, a birthday, or a
//! number that something else is known by.
//!
//! A code is hashed as soon as it is read and never stored, but it is in the
//! file, and 45 CFR 164.514(c) allows one only where it was not made from
//! anything about the person.

use std::collections::BTreeMap;

use super::shares::is_day;
use super::{ColumnFate, Detector, Fate, Numbers, PSEUDONYM};
use crate::protocol::Basis;

const MADE_OF: &str = "a code may not be derived from anything about the person (45 CFR 164.514(c))";
const ASSIGNED: &str = "if the codes were assigned for this purpose, say `assigned_codes = true` under `[privacy]`; otherwise replace them by random ones";

static NAME: Detector =
    Detector { id: "patient-code-name", what: "patient codes that are names", why: MADE_OF, hint: PSEUDONYM };
static MEDICARE: Detector = Detector {
    id: "patient-code-medicare",
    what: "patient codes that are Medicare numbers",
    why: "a beneficiary number is an identifier (45 CFR 164.514(b)(2)(i)(I)), also when hashed",
    hint: PSEUDONYM,
};
static DATE: Detector =
    Detector { id: "patient-code-date", what: "patient codes that are dates", why: MADE_OF, hint: PSEUDONYM };
static INITIALS: Detector = Detector {
    id: "patient-code-initials",
    what: "patient codes of initials and a date",
    why: MADE_OF,
    hint: PSEUDONYM,
};
static SEQUENCE: Detector = Detector {
    id: "patient-code-sequence",
    what: "patient codes that are numbered through",
    why: "codes in order of admission are how record numbers are given, and each tells when the patient came; a study number assigned for this purpose is fine (45 CFR 164.514(c))",
    hint: ASSIGNED,
};
static RECORD_NUMBER: Detector = Detector {
    id: "patient-code-record-number",
    what: "patient codes that look like record numbers",
    why: "numbers of six to ten digits with gaps between them are how medical record numbers look, and those are identifiers (45 CFR 164.514(b)(2)(i)(H)), also when hashed",
    hint: ASSIGNED,
};

pub(super) fn detectors() -> impl Iterator<Item = &'static Detector> {
    [&NAME, &MEDICARE, &DATE, &INITIALS, &SEQUENCE, &RECORD_NUMBER].into_iter()
}

/// Codes from which their order is judged: fewer are in some order by chance.
const ENOUGH: u64 = 20;

/// How the codes of a patients file look.
#[derive(Debug, Default)]
pub(in crate::ingest) struct CodeForms {
    codes: u64,
    names: u64,
    medicare: u64,
    dates: u64,
    initials: u64,
    record_numbers: u64,
    sequences: Sequences,
    /// To hold other columns against.
    pub(super) numbers: Numbers,
}

/// Codes of one prefix and a number, by prefix: a source of several sites may have
/// one for each, and an odd code among them changes nothing.
#[derive(Debug, Default)]
struct Sequences(BTreeMap<Vec<u8>, Sequence>);

/// How many codes, and how far apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sequence {
    codes: u64,
    low: u64,
    high: u64,
}

/// Prefixes looked at, the first in order: codes that are not numbered through have
/// a prefix each.
const MOST_PREFIXES: usize = 64;

impl CodeForms {
    /// Looks at a code.
    pub(in crate::ingest) fn look(&mut self, code: &[u8]) {
        self.codes += 1;
        self.names += u64::from(is_name(code));
        self.medicare += u64::from(is_medicare(code));
        self.dates += u64::from(is_date(code));
        self.initials += u64::from(is_initials_and_date(code));
        let digits = code.len() - code.iter().take_while(|byte| !byte.is_ascii_digit()).count();
        self.record_numbers += u64::from(digits == code.len() && (6..=10).contains(&digits) && all_digits(code));
        self.sequences.look(code);
        self.numbers.look(code);
    }

    /// Adds the codes of another block.
    pub(in crate::ingest) fn merge(&mut self, other: Self) {
        self.codes += other.codes;
        self.names += other.names;
        self.medicare += other.medicare;
        self.dates += other.dates;
        self.initials += other.initials;
        self.record_numbers += other.record_numbers;
        self.sequences.merge(other.sequences);
        self.numbers.merge(other.numbers);
    }

    /// What becomes of the column, with the detector it trips.
    ///
    /// Numbers may be a study's own, so they are refused only where the basis
    /// allows nothing else and nobody has said so.
    pub(in crate::ingest) fn judge(
        &self,
        source: &str,
        file: &str,
        basis: Basis,
        assigned: bool,
    ) -> Option<ColumnFate> {
        let share = |count: u64, percent: u64| count > 0 && count * 100 >= percent * self.codes;
        let numbered = self.codes >= ENOUGH && !assigned;
        let (detector, count, fate) = if share(self.names, 20) {
            (&NAME, self.names, Fate::Refused)
        } else if share(self.medicare, 5) {
            (&MEDICARE, self.medicare, Fate::Refused)
        } else if share(self.dates, 20) {
            (&DATE, self.dates, Fate::Refused)
        } else if share(self.initials, 50) {
            (&INITIALS, self.initials, Fate::Refused)
        } else if numbered && share(self.sequences.close(), 90) {
            (&SEQUENCE, self.sequences.close(), numbers_under(basis))
        } else if numbered && share(self.record_numbers, 90) {
            (&RECORD_NUMBER, self.record_numbers, numbers_under(basis))
        } else {
            return None;
        };
        let column = "patient_id".to_owned();
        Some(ColumnFate { source: source.to_owned(), file: file.to_owned(), column, fate, rule: detector.id, count })
    }
}

fn numbers_under(basis: Basis) -> Fate {
    if basis == Basis::SafeHarbor { Fate::Refused } else { Fate::Read }
}

impl Sequences {
    fn look(&mut self, code: &[u8]) {
        let digits = code.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let (prefix, number) = code.split_at(code.len() - digits);
        let number = str::from_utf8(number).ok().and_then(|number| number.parse().ok());
        if let Some(number) = number {
            self.add(prefix, Sequence { codes: 1, low: number, high: number });
        }
    }

    fn merge(&mut self, other: Self) {
        for (prefix, sequence) in other.0 {
            self.add(&prefix, sequence);
        }
    }

    /// The first prefixes in order stay, so the order of the codes changes nothing.
    fn add(&mut self, prefix: &[u8], other: Sequence) {
        if let Some(mine) = self.0.get_mut(prefix) {
            let (low, high) = (mine.low.min(other.low), mine.high.max(other.high));
            *mine = Sequence { codes: mine.codes + other.codes, low, high };
            return;
        }
        if self.0.len() == MOST_PREFIXES {
            match self.0.last_key_value() {
                Some((last, _)) if prefix < last.as_slice() => self.0.pop_last(),
                _ => return,
            };
        }
        self.0.insert(prefix.to_vec(), other);
    }

    /// Codes in sequences that leave few gaps: at most one for every four codes.
    fn close(&self) -> u64 {
        let few_gaps = |one: &&Sequence| one.codes >= ENOUGH && one.high - one.low < one.codes + one.codes / 4;
        self.0.values().filter(few_gaps).map(|one| one.codes).sum()
    }
}

fn all_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// `Smith`, `Smith, John`, `John Smith`, `john.smith`, `SMITH_JOHN`.
fn is_name(code: &[u8]) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'\'' | b'-') || !byte.is_ascii();
    let separator = |byte: &u8| matches!(byte, b' ' | b',' | b'.' | b'_');
    let words: Vec<&[u8]> = code.split(separator).filter(|word| !word.is_empty()).collect();
    let is_word = |word: &&[u8]| word.len() >= 2 && word.iter().all(|&byte| letters(byte));
    let capital = |word: &[u8]| word[0].is_ascii_uppercase() && word[1..].iter().all(|byte| !byte.is_ascii_uppercase());
    match words.as_slice() {
        [only] => only.len() >= 3 && is_word(only) && capital(only),
        [one, other] | [one, other, [_]] => is_word(one) && is_word(other),
        _ => false,
    }
}

/// `1EG4-TE5-MK73`: letters but S, L, O, I, B and Z, in the places CMS gives them.
fn is_medicare(code: &[u8]) -> bool {
    let plain: Vec<u8> = code.iter().filter(|byte| **byte != b'-').map(u8::to_ascii_uppercase).collect();
    let fits = |(kind, byte): (u8, &u8)| {
        let letter = byte.is_ascii_uppercase() && !b"SLOIBZ".contains(byte);
        match kind {
            b'1' => (b'1'..=b'9').contains(byte),
            b'N' => byte.is_ascii_digit(),
            b'A' => letter,
            _ => letter || byte.is_ascii_digit(),
        }
    };
    plain.len() == 11 && b"1AXNAXNAANN".iter().copied().zip(&plain).all(fits)
}

/// `1970-01-31`, `19700131`, `01/31/1970`, `31.01.1970`.
fn is_date(code: &[u8]) -> bool {
    let parts: Vec<&[u8]> = code.split(|byte| matches!(byte, b'-' | b'/' | b'.')).collect();
    match parts.as_slice() {
        [whole] if whole.len() == 8 => is_eight_digit_day(whole),
        [year, month, day] if year.len() == 4 => day_of(year, month, day),
        [one, other, year] if year.len() == 4 => day_of(year, one, other) || day_of(year, other, one),
        _ => false,
    }
}

fn is_eight_digit_day(digits: &[u8]) -> bool {
    day_of(&digits[..4], &digits[4..6], &digits[6..])
        || day_of(&digits[4..], &digits[..2], &digits[2..4])
        || day_of(&digits[4..], &digits[2..4], &digits[..2])
}

/// `JD010170`, `JAD19700101`.
fn is_initials_and_date(code: &[u8]) -> bool {
    let letters = code.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (initials, digits) = code.split_at(letters);
    if !(2..=3).contains(&initials.len()) || !all_digits(digits) {
        return false;
    }
    match digits.len() {
        8 => is_eight_digit_day(digits),
        6 => {
            let [a, b, c] = [&digits[..2], &digits[2..4], &digits[4..]];
            let year = |short: &[u8]| [b"19", short].concat();
            day_of(&year(a), b, c) || day_of(&year(c), a, b) || day_of(&year(c), b, a)
        }
        _ => false,
    }
}

fn day_of(year: &[u8], month: &[u8], day: &[u8]) -> bool {
    let number =
        |text: &[u8]| str::from_utf8(text).ok().filter(|_| all_digits(text)).and_then(|text| text.parse().ok());
    match (number(year), number(month), number(day)) {
        (Some(year), Some(month), Some(day)) => i32::try_from(year).is_ok_and(|year| is_day(year, month, day)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::CodeForms;
    use crate::ingest::gate::Fate;
    use crate::protocol::Basis;

    fn judge(codes: &[String], basis: Basis, assigned: bool) -> Option<(&'static str, Fate)> {
        let (mut whole, mut half) = (CodeForms::default(), CodeForms::default());
        let (first, second) = codes.split_at(codes.len() / 2);
        for code in first {
            whole.look(code.as_bytes());
        }
        for code in second {
            half.look(code.as_bytes());
        }
        whole.merge(half);
        whole.judge("s", "patients.csv", basis, assigned).map(|column| (column.rule, column.fate))
    }

    fn of(codes: &[&str]) -> Vec<String> {
        codes.iter().map(|code| (*code).to_owned()).collect()
    }

    #[test]
    fn codes_made_of_the_person_are_refused_under_every_basis() {
        for (rule, codes) in [
            ("patient-code-name", &["Smith, John", "Doe, Jane"][..]),
            ("patient-code-name", &["John Smith", "Jane Doe A", "X1"]),
            ("patient-code-name", &["john.smith", "jane.doe"]),
            ("patient-code-name", &["SMITH_JOHN", "DOE_JANE"]),
            ("patient-code-name", &["Smith", "Garcia", "P1", "P2"]),
            ("patient-code-date", &["1970-01-31", "1981-12-02"]),
            // The sample number on CMS's own specimen card, and another of its form.
            ("patient-code-medicare", &["1EG4-TE5-MK73", "x9"]),
            ("patient-code-medicare", &["1eg4te5mk72", "2A00A00AA00"]),
            ("patient-code-date", &["19700131", "01311970"]),
            ("patient-code-date", &["1/31/1970", "31.01.1970"]),
            ("patient-code-initials", &["JD013170", "AB19811202"]),
            ("patient-code-initials", &["JAD700131"]),
        ] {
            for basis in [Basis::SafeHarbor, Basis::LimitedDataSet, Basis::ExpertDetermination] {
                assert_eq!(judge(&of(codes), basis, true), Some((rule, Fate::Refused)), "{codes:?}");
            }
        }
    }

    #[test]
    fn opaque_codes_are_let_through() {
        for codes in [
            &["BYVLSQN4374F", "YPCIZJN4S5PN", "XKCM3L6WJ3LJ"][..],
            &["qx7k2m9p", "wv3n8r5t"],
            &["P1", "P2"],
            &["3f2a9c1b-77d0-4e5f-a6b1-c2d3e4f50617"],
            &["20261345", "99999999"],
            &["A-17", "B-3"],
            &["AB991399", "XY000000"],
            &["1SG4TE5MK73", "0EG4TE5MK73", "1EG4TE5MK7"],
            &["NORTH-001", "SOUTH-002"],
        ] {
            assert_eq!(judge(&of(codes), Basis::SafeHarbor, false), None, "{codes:?}");
        }
        assert_eq!(judge(&[], Basis::SafeHarbor, false), None);
    }

    #[test]
    fn numbers_are_refused_under_safe_harbor_unless_they_were_assigned() {
        let sequence: Vec<String> = (1..=20).map(|number| format!("P{number:03}")).collect();
        let with_gaps: Vec<String> = (0..20).map(|number| (481_000 + 37 * number * number).to_string()).collect();
        for (codes, rule) in [(sequence, "patient-code-sequence"), (with_gaps, "patient-code-record-number")] {
            assert_eq!(judge(&codes, Basis::SafeHarbor, false), Some((rule, Fate::Refused)));
            assert_eq!(judge(&codes, Basis::LimitedDataSet, false), Some((rule, Fate::Read)));
            assert_eq!(judge(&codes, Basis::SafeHarbor, true), None);
            assert_eq!(judge(&codes[1..], Basis::SafeHarbor, false), None, "nineteen are too few to tell");
        }
    }

    #[test]
    fn a_prefix_for_each_site_and_an_odd_code_hide_no_sequence() {
        let refused = Some(("patient-code-sequence", Fate::Refused));
        let site = |prefix: &str| (1..=30).map(|number| format!("{prefix}-{number:04}")).collect::<Vec<_>>();
        let sites = [site("N"), site("S")].concat();
        assert_eq!(judge(&sites, Basis::SafeHarbor, false), refused);
        for odd in ["test", "A-1", "Z-9"] {
            assert_eq!(judge(&[site("P"), vec![odd.to_owned()]].concat(), Basis::SafeHarbor, false), refused, "{odd}");
        }
        let opaque: Vec<String> = (0..300_u32).map(|at| format!("{:08X}", at.wrapping_mul(2_654_435_761))).collect();
        assert_eq!(judge(&opaque, Basis::SafeHarbor, false), None);
        let half = [site("P"), opaque[..30].to_vec()].concat();
        assert_eq!(judge(&half, Basis::SafeHarbor, false), None, "half of the codes are no sequence");
    }
}
