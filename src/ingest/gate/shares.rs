//! Values that identify when a column has many of them, in columns nobody
//! reads.
//!
//! A column that is not mapped is never stored, but a file that carries names
//! or numbers of people in it should not be here at all. One bare number of
//! nine digits says nothing, a column of them does: each detector has the share
//! of a column's filled cells from which it counts (privacy.md §4).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::bytes;

use super::numbers::{Numbers, SHARED_RANGE};
use super::{Detector, Hits, LEAVE_OUT, in_value};
use crate::ingest::record::Record;
use crate::model::calendar::{CivilDate, Day};
use crate::protocol::{Basis, ZipPack};

/// A detector over a whole cell.
struct ByShare {
    detector: Detector,
    pattern: &'static str,
    /// Whether a cell of that shape counts.
    check: fn(&[u8]) -> bool,
    /// Hundredths of the filled cells from which the column is refused.
    percent: u64,
    /// Only under safe harbor.
    safe_harbor: bool,
}

const fn share(
    id: &'static str,
    what: &'static str,
    why: &'static str,
    pattern: &'static str,
    check: fn(&[u8]) -> bool,
    percent: u64,
) -> ByShare {
    ByShare { detector: Detector { id, what, why, hint: LEAVE_OUT }, pattern, check, percent, safe_harbor: false }
}

fn always(_: &[u8]) -> bool {
    true
}

static SHARES: [ByShare; 10] = [
    share(
        "share-name",
        "names of people",
        "a fifth of the cells are written as `Lastname, Firstname`",
        r"(?-u)^[A-Z][a-z'-]+(-[A-Z][a-z]+)?, [A-Z][a-z]+( [A-Z]\.?)?$",
        always,
        20,
    ),
    share(
        "share-ssn",
        "numbers like social security numbers",
        "one in twenty cells is a bare number of nine digits in the range of social security numbers",
        r"(?-u)^[0-9]{9}$",
        is_issued,
        5,
    ),
    share(
        "share-phone",
        "numbers like telephone numbers",
        "half of the cells are ten digits that begin like a North American telephone number",
        r"(?-u)^\+?1?[2-9][0-9]{2}[2-9][0-9]{6}$",
        always,
        50,
    ),
    share(
        "share-mbi",
        "Medicare numbers",
        "one in twenty cells has the form of a Medicare beneficiary number",
        r"(?-u)^[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-?[AC-HJKMNP-RT-Y]{2}[0-9]{2}$",
        always,
        5,
    ),
    share(
        "share-npi",
        "provider numbers",
        "half of the cells are ten digits with the check digit of a national provider number",
        r"(?-u)^[12][0-9]{9}$",
        is_npi,
        50,
    ),
    share(
        "share-dea",
        "DEA numbers",
        "half of the cells are two letters and seven digits with the check digit of a DEA number",
        r"(?-u)^[A-Z]{2}[0-9]{7}$",
        is_dea,
        50,
    ),
    share(
        "share-vin",
        "vehicle numbers",
        "half of the cells are seventeen characters with the check digit of a vehicle",
        r"(?-u)^[A-HJ-NPR-Z0-9]{17}$",
        is_vin,
        50,
    ),
    share(
        "share-network",
        "network addresses",
        "one in twenty cells is an internet or hardware address",
        r"(?i-u)^([0-9]{1,3}(\.[0-9]{1,3}){3}|([0-9a-f]{1,4}:){2,7}:?[0-9a-f]{1,4}|([0-9a-f]{2}[:-]){5}[0-9a-f]{2})$",
        octets_fit,
        5,
    ),
    share(
        "share-free-text",
        "free text",
        "one in twenty cells is longer than 40 characters and written in words; what people write about a patient holds names, dates and places",
        r"(?-u)^.{41,}$",
        is_prose,
        5,
    ),
    ByShare {
        detector: Detector {
            id: "share-date",
            what: "dates",
            why: "under safe harbor every date element finer than a year is an identifier, in a column nobody reads too (45 CFR 164.514(b)(2)(i)(C))",
            hint: "leave the column out of the export, or state another `privacy.basis` if you have one",
        },
        pattern: r"(?i-u)^((19|20)[0-9]{2}-[01]?[0-9](-[0-3]?[0-9]([T ].*)?)?|[0-3]?[0-9][/.-][0-3]?[0-9][/.-]([0-9]{2}|[0-9]{4})|[0-3]?[0-9]?[ -]?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ .,-]+.*[0-9]{2,4}|(19|20)[0-9]{2}-?q[1-4])$",
        check: always,
        percent: 5,
        safe_harbor: true,
    },
];

/// Three digits of a ZIP code, in a column that says so.
static RESTRICTED_ZIP: Detector = Detector {
    id: "zip3-restricted",
    what: "a ZIP prefix that must be 000, or more than three digits of a ZIP code",
    why: "three digits may be kept only where more than 20,000 people share them (45 CFR 164.514(b)(2)(i)(B)); the pack under `[packs] zip3` lists the others, and the census they are counted by",
    hint: "write 000 for these prefixes and three digits for all others, or leave the column out",
};

pub(super) fn detectors() -> impl Iterator<Item = &'static Detector> {
    SHARES.iter().map(|by_share| &by_share.detector).chain([&RESTRICTED_ZIP])
}

/// What was seen of the columns nobody reads, in one block or in a file.
#[derive(Debug, Default)]
pub(in crate::ingest) struct Glimpse(Vec<Seen>);

/// One column.
#[derive(Debug, Default)]
struct Seen {
    cells: u64,
    shares: [u64; SHARES.len()],
    hits: Vec<(&'static Detector, u64)>,
    numbers: Numbers,
    /// Three digits of a ZIP code, and how often.
    zip3: BTreeMap<[u8; 3], u64>,
}

/// A column nobody reads: where it is, and its name as far as it may be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ingest) struct Unread {
    /// Position in the file.
    pub(in crate::ingest) position: usize,
    /// Printable name.
    pub(in crate::ingest) name: String,
}

impl Glimpse {
    /// Looks at the cells of a record nobody reads.
    #[inline]
    pub(in crate::ingest) fn look(&mut self, record: &Record<'_>, unread: &[Unread], basis: Basis) {
        if unread.is_empty() {
            return;
        }
        self.0.resize_with(unread.len(), Seen::default);
        for (column, seen) in unread.iter().zip(&mut self.0) {
            let text = record.field(column.position);
            if !text.is_empty() {
                seen.look_at(&column.name, text, basis);
            }
        }
    }

    /// Looks at one cell, by the position of its column among those unread.
    pub(in crate::ingest) fn look_at(&mut self, unread: &[Unread], column: usize, text: &[u8], basis: Basis) {
        self.0.resize_with(unread.len(), Seen::default);
        if !text.is_empty() {
            self.0[column].look_at(&unread[column].name, text, basis);
        }
    }

    /// Adds what another block showed.
    pub(in crate::ingest) fn merge(&mut self, other: Self) {
        self.0.resize_with(self.0.len().max(other.0.len()), Seen::default);
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| mine.merge(theirs));
    }

    /// Values that trip a detector by themselves, whatever else is in the column.
    pub(in crate::ingest) fn judge_values(&self, unread: &[Unread], zip: &ZipPack) -> Hits {
        let mut found = Hits::default();
        for (column, seen) in unread.iter().zip(&self.0) {
            seen.hits.iter().for_each(|(detector, times)| found.add_times(&column.name, detector, *times));
            let restricted: u64 =
                seen.zip3.iter().filter(|(digits, _)| zip.restricts(**digits)).map(|(_, times)| times).sum();
            found.add_times(&column.name, &RESTRICTED_ZIP, restricted);
        }
        found
    }

    /// Columns whose numbers share their range with those of the patient codes.
    pub(in crate::ingest) fn judge_numbers(&self, unread: &[Unread], codes: &Numbers) -> Hits {
        let mut found = Hits::default();
        for (column, seen) in unread.iter().zip(&self.0) {
            found.add_times(&column.name, &SHARED_RANGE, seen.numbers.shared_with(codes).unwrap_or_default());
        }
        found
    }

    /// What trips a detector.
    pub(in crate::ingest) fn judge(&self, unread: &[Unread], zip: &ZipPack) -> Hits {
        let mut found = self.judge_values(unread, zip);
        for (column, seen) in unread.iter().zip(&self.0) {
            for (by_share, &times) in SHARES.iter().zip(&seen.shares) {
                if times > 0 && times * 100 >= by_share.percent * seen.cells {
                    found.add_times(&column.name, &by_share.detector, times);
                }
            }
        }
        found
    }
}

impl Seen {
    fn look_at(&mut self, name: &str, text: &[u8], basis: Basis) {
        self.cells += 1;
        self.numbers.look(text);
        if let Some(detector) = in_value(text) {
            self.hit(detector, 1);
        } else if is_zip3(name) {
            match <[u8; 3]>::try_from(text) {
                Ok(digits) if text.iter().all(u8::is_ascii_digit) => *self.zip3.entry(digits).or_default() += 1,
                _ => self.hit(&RESTRICTED_ZIP, 1),
            }
        } else if may_count(text) {
            self.match_shares(text, basis);
        }
    }

    fn match_shares(&mut self, text: &[u8], basis: Basis) {
        static PATTERNS: LazyLock<bytes::RegexSet> = LazyLock::new(|| {
            bytes::RegexSet::new(SHARES.iter().map(|by_share| by_share.pattern)).expect("the patterns are tested")
        });
        let text = &text[..text.len().min(1 << 10)];
        for index in PATTERNS.matches(text) {
            let by_share = &SHARES[index];
            if (by_share.check)(text) && (!by_share.safe_harbor || !basis.allows_dates()) {
                self.shares[index] += 1;
            }
        }
    }

    fn hit(&mut self, detector: &'static Detector, times: u64) {
        match self.hits.iter_mut().find(|(known, _)| known.id == detector.id) {
            Some((_, so_far)) => *so_far += times,
            None => self.hits.push((detector, times)),
        }
    }

    fn merge(&mut self, other: Self) {
        self.cells += other.cells;
        self.shares.iter_mut().zip(other.shares).for_each(|(mine, theirs)| *mine += theirs);
        other.hits.into_iter().for_each(|(detector, times)| self.hit(detector, times));
        self.numbers.merge(other.numbers);
        for (digits, times) in other.zip3 {
            *self.zip3.entry(digits).or_default() += times;
        }
    }
}

/// A glance that clears short numbers and words in lower case.
#[inline]
fn may_count(text: &[u8]) -> bool {
    let telling = |byte: &u8| byte.is_ascii_uppercase() || matches!(byte, b' ' | b'-' | b'/' | b':' | b'q');
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let points = memchr::memchr_iter(b'.', text).count();
    text.len() >= 6 && (digits >= 9 || points >= 2 || text.iter().any(telling))
}

fn is_zip3(name: &str) -> bool {
    matches!(name, "zip3" | "zip_3" | "zip-3" | "zip 3")
}

fn is_issued(digits: &[u8]) -> bool {
    let never = digits.starts_with(b"000") || digits.starts_with(b"666") || digits.starts_with(b"9");
    !never && &digits[3..5] != b"00" && &digits[5..] != b"0000"
}

fn digit(byte: u8) -> u32 {
    u32::from(byte - b'0')
}

/// Luhn over the number after the prefix 80840 that stands for the United
/// States, which adds 24 to the sum (45 CFR 162.406; ISO/IEC 7812).
fn is_npi(digits: &[u8]) -> bool {
    let doubled = |value: u32| if value > 4 { 2 * value - 9 } else { 2 * value };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, &byte)| if at % 2 == 1 { doubled(digit(byte)) } else { digit(byte) })
        .sum();
    (sum + 24).is_multiple_of(10)
}

/// First, third and fifth digit plus twice the others end in the last digit.
fn is_dea(text: &[u8]) -> bool {
    let at = |place: usize| digit(text[2 + place]);
    (at(0) + at(2) + at(4) + 2 * (at(1) + at(3) + at(5))) % 10 == at(6)
}

/// Weighted sum modulo eleven in the ninth place (49 CFR 565.15).
fn is_vin(text: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |byte: u8| match byte {
        b'0'..=b'9' => digit(byte),
        b'A'..=b'H' => u32::from(byte - b'A') + 1,
        b'J'..=b'N' => u32::from(byte - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        other => u32::from(other - b'S') + 2,
    };
    let sum: u32 = text.iter().zip(WEIGHTS).map(|(&byte, weight)| value(byte) * weight).sum();
    let expected = if sum % 11 == 10 { b'X' } else { b'0' + u8::try_from(sum % 11).expect("below ten") };
    text[8] == expected
}

fn octets_fit(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    !text.contains('.') || text.split('.').all(|octet| octet.parse::<u8>().is_ok())
}

/// Words with blanks between them, and no list of codes.
fn is_prose(text: &[u8]) -> bool {
    let blanks = memchr::memchr_iter(b' ', text).count();
    let letters = text.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    blanks >= 4 && letters * 2 > text.len()
}

/// Whether the text is a day written with digits alone, and between 1900 and 2049.
pub(super) fn is_day(year: i32, month: u32, day: u32) -> bool {
    let date = CivilDate { year, month, day };
    (1900..=2049).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && Day::from_civil(date).civil() == date
}

#[cfg(test)]
mod tests {
    use super::{Glimpse, Seen, Unread, is_dea, is_npi, is_vin};
    use crate::protocol::{Basis, ZipPack};

    /// The rules a column of these cells trips.
    fn rules(name: &str, cells: &[&str], basis: Basis) -> Vec<&'static str> {
        let (mut seen, mut rest) = (Seen::default(), Seen::default());
        for (index, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let part = if index % 2 == 0 { &mut seen } else { &mut rest };
            part.look_at(name, cell.as_bytes(), basis);
        }
        seen.merge(rest);
        let unread = [Unread { position: 0, name: name.to_owned() }];
        let hits = Glimpse(vec![seen]).judge(&unread, &ZipPack::built_in());
        hits.refusals("s", "f").map(|column| column.rule).collect()
    }

    #[test]
    fn a_column_of_them_is_refused() {
        let basis = Basis::LimitedDataSet;
        for (rule, cells) in [
            ("share-name", &["Smith, John", "O'Hara, Mary A.", "Lee-Jones, Ann", "n/a", "n/a"][..]),
            ("share-ssn", &["219099999", "123456789", "1", "2"]),
            ("share-phone", &["2125550123", "12125550124"]),
            ("share-mbi", &["1EG4-TE5-MK73", "1EG4TE5MK73"]),
            ("share-npi", &["1234567893", "1245319599"]),
            ("share-dea", &["AB1234563", "FS1234563"]),
            ("share-vin", &["1M8GDM9AXKP042788", "11111111111111111"]),
            ("share-network", &["192.168.0.1", "2001:db8::1", "00:1B:44:11:3A:B7"]),
            ("share-free-text", &["patient says the pain is much better since last week", "x"]),
            ("value-email", &["x", "x", "jo@example.org", "x"]),
            ("value-ssn", &["x", "x", "123-45-6789", "x"]),
        ] {
            assert_eq!(rules("c", cells, basis), [rule], "{cells:?}");
        }
    }

    #[test]
    fn near_misses_are_let_through() {
        for cells in [
            &["Migraine, chronic", "Pain, neck", "Fibromyalgia"][..],
            &["000123456", "900123456", "666123456"],
            &["1049589", "7804", "1049621"],
            &["12345678", "1234567890123"],
            &["1234567890", "1234567891", "1234567894"],
            &["AB1234560", "AB1234561"],
            &["G90.511", "M79.7", "S72.001A", "F33.2"],
            &["0.5", "75", "12.25", "-3"],
            &["BYVLSQN4374F", "YPCIZJN4S5PN"],
            &["oxycodone 10 MG Oral Tablet", "gabapentin 300 MG Oral Capsule"],
            &["1.2.840", "999.1.1.1"],
            &["2026-07-31", "31/07/2026", "Jul 31, 2026"],
            &["M54.50;M79.7;G89.29;F33.1;G90.511;M54.16;M54.12"],
        ] {
            assert_eq!(rules("c", cells, Basis::LimitedDataSet), Vec::<&str>::new(), "{cells:?}");
        }
    }

    #[test]
    fn dates_are_refused_under_safe_harbor_alone() {
        for cells in [
            &["2026-07-31", "x"][..],
            &["2026-07"],
            &["31/07/2026"],
            &["7/31/26"],
            &["31.07.2026"],
            &["Jul 31, 2026"],
            &["31-JUL-2026"],
            &["2026Q3", "2026-Q2"],
        ] {
            assert_eq!(rules("c", cells, Basis::SafeHarbor), ["share-date"], "{cells:?}");
        }
        for cells in [&["2026", "1970"][..], &["84", "-30"], &["120/80"], &["May be better"], &["G90.511"]] {
            assert_eq!(rules("c", cells, Basis::SafeHarbor), Vec::<&str>::new(), "{cells:?}");
        }
    }

    #[test]
    fn three_digits_of_a_zip_code_may_stay_where_enough_people_live() {
        let restricted = "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893";
        for prefix in restricted.split(' ') {
            assert_eq!(rules("zip3", &["100", prefix], Basis::SafeHarbor), ["zip3-restricted"], "{prefix}");
        }
        assert_eq!(rules("zip3", &["02139"], Basis::LimitedDataSet), ["zip3-restricted"]);
        assert_eq!(rules("zip3", &["000", "021", "946", ""], Basis::SafeHarbor), Vec::<&str>::new());
    }

    #[test]
    fn one_number_in_a_column_of_others_says_nothing() {
        let mut cells = vec!["1049589"; 39];
        cells.push("219099999");
        assert_eq!(rules("c", &cells, Basis::LimitedDataSet), Vec::<&str>::new());
        cells.truncate(19);
        cells.push("219099999");
        assert_eq!(rules("c", &cells, Basis::LimitedDataSet), ["share-ssn"]);
    }

    #[test]
    fn check_digits_are_those_of_the_published_examples() {
        // CMS "NPI check digit" (2004): 1234567893. DEA: the usual teaching example.
        // 49 CFR 565.15: 1M8GDM9AXKP042788.
        assert!(is_npi(b"1234567893") && !is_npi(b"1234567894"));
        assert!(is_dea(b"AB1234563") && !is_dea(b"AB1234564"));
        assert!(is_vin(b"1M8GDM9AXKP042788") && !is_vin(b"1M8GDM9A1KP042788"));
    }
}
