//! Words of code columns that no list knows: a code list has few and uses each
//! often, a list of people has many and uses each once (privacy.md §3).

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Detector, Hits, PSEUDONYM};

/// A number in place of a code.
pub(in crate::ingest) static CODE_NUMBER: Detector = Detector {
    id: "code-number",
    what: "a number of seven or more digits in place of a code",
    why: "no code list of these columns has such numbers, and record, telephone and social security numbers look so (45 CFR 164.514(b)(2)(i)(D), (G), (H))",
    hint: PSEUDONYM,
};

/// Names in place of codes.
static CODES_TOO_MANY: Detector = Detector {
    id: "codes-too-many",
    what: "more different unknown words than a list of codes has, most of them used once",
    why: "over fifty words that no pack knows, and most of them once, are names or numbers of people, not codes (45 CFR 164.514(b)(2)(i)(R))",
    hint: "say what each text means under `values` of the source's mapping, write the words of the template, list words of yours under `[codes]` in the pipeline, or leave the column out",
};

pub(super) fn detectors() -> impl Iterator<Item = &'static Detector> {
    [&CODE_NUMBER, &CODES_TOO_MANY].into_iter()
}

/// Different unknown words from which a column is no list of codes.
const MOST: usize = 50;
/// Words of a column that are remembered; the verdict does not need more, and
/// a file of nothing else must not cost memory.
const REMEMBERED: usize = 1_024;
/// Digits in a row from which a number is no part of a code.
const LONGEST_RUN: usize = 7;

/// Whether the text has seven or more digits in a row, and is no code of a
/// system that numbers so. Such a code is not stored either; it only says
/// nothing against the file.
pub(in crate::ingest) fn has_long_number(text: &[u8]) -> bool {
    text.split(|byte| !byte.is_ascii_digit()).any(|run| run.len() >= LONGEST_RUN) && !is_coded(text)
}

/// Whether the text is a code of a known system with long numbers, as the
/// adapters write it: `meddra_10028813`, `snomed_422587007`, `rxnorm_1049589`.
fn is_coded(text: &[u8]) -> bool {
    let Some(at) = text.iter().position(|byte| *byte == b'_') else { return false };
    let (system, code) = (text[..at].to_ascii_lowercase(), &text[at + 1..]);
    if !code.iter().all(u8::is_ascii_digit) {
        return false;
    }
    match system.as_slice() {
        // MedDRA's introductory guide: eight digits, beginning with 10.
        b"meddra" => code.len() == 8 && code.starts_with(b"10"),
        b"snomed" => is_snomed(code),
        b"rxnorm" => code.len() <= 7,
        _ => false,
    }
}

/// A SNOMED CT concept identifier: 6 to 18 digits, partition 00 or 10, and a
/// check digit after Verhoeff (SNOMED CT Release File Specification, 6).
fn is_snomed(code: &[u8]) -> bool {
    const TIMES: [[u8; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const TURNED: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let partition = code.len().checked_sub(3).map(|at| &code[at..at + 2]);
    if !(6..=18).contains(&code.len()) || !matches!(partition, Some(b"00" | b"10")) {
        return false;
    }
    let turned = |digit: u8, place: usize| (0..place % 8).fold(digit, |digit, _| TURNED[usize::from(digit)]);
    let digits = code.iter().rev().map(|byte| byte - b'0').enumerate();
    digits.fold(0, |sum, (place, digit)| TIMES[usize::from(sum)][usize::from(turned(digit, place))]) == 0
}

/// Unknown words of code columns, by column: how often each was used. Hashes
/// only, so that nothing of them can be printed.
#[derive(Debug, Default)]
pub(in crate::ingest) struct Strange(BTreeMap<&'static str, BTreeMap<u64, u64>>);

impl Strange {
    /// Notes an unknown word.
    pub(in crate::ingest) fn add(&mut self, column: &'static str, text: &[u8]) {
        if is_coded(text) {
            return;
        }
        let mut hasher = DefaultHasher::new();
        text.to_ascii_lowercase().hash(&mut hasher);
        count(self.0.entry(column).or_default(), hasher.finish(), 1);
    }

    /// Adds what another block met.
    pub(in crate::ingest) fn merge(&mut self, other: Self) {
        for (column, words) in other.0 {
            let mine = self.0.entry(column).or_default();
            for (word, times) in words {
                count(mine, word, times);
            }
        }
    }

    /// The columns that are no list of codes, with the number of their words.
    pub(in crate::ingest) fn judge(&self) -> Hits {
        let mut found = Hits::default();
        for (column, words) in &self.0 {
            let once = words.values().filter(|times| **times == 1).count();
            if words.len() > MOST && 2 * once > words.len() {
                found.add_times(*column, &CODES_TOO_MANY, words.len() as u64);
            }
        }
        found
    }
}

/// Remembers the words with the smallest hashes: which those are does not
/// depend on the order of rows, so that their counts are whole.
fn count(words: &mut BTreeMap<u64, u64>, word: u64, times: u64) {
    *words.entry(word).or_default() += times;
    if words.len() > REMEMBERED {
        words.pop_last();
    }
}

#[cfg(test)]
mod tests {
    use super::{REMEMBERED, Strange, has_long_number};

    /// How many columns are refused, of one whose words are used so often.
    fn refused(times: &[usize]) -> usize {
        let (mut whole, mut half) = (Strange::default(), Strange::default());
        for (word, &times) in times.iter().enumerate() {
            for at in 0..times {
                let part = if at % 2 == 0 { &mut whole } else { &mut half };
                part.add("term", format!("name_quagmire{word}").as_bytes());
            }
        }
        whole.merge(half);
        whole.judge().refusals("s", "f").count()
    }

    #[test]
    fn many_words_used_once_are_no_codes() {
        assert_eq!([refused(&[]), refused(&[1]), refused(&[1; 50]), refused(&[1; 51])], [0, 0, 0, 1]);
        assert_eq!(refused(&[2; 60]), 0, "words used twice may be codes");
        let mixed = |once: usize| [vec![1; once], vec![3; 60 - once]].concat();
        assert_eq!([refused(&mixed(30)), refused(&mixed(31))], [0, 1]);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_does_not_depend_on_order() {
        let noted = |words: &mut dyn Iterator<Item = usize>| {
            let mut strange = Strange::default();
            words.for_each(|word| strange.add("term", format!("w{word}").as_bytes()));
            strange
        };
        let (forth, back) = (noted(&mut (0..5_000)), noted(&mut (0..5_000).rev()));
        assert_eq!(forth.0, back.0);
        assert_eq!(forth.0["term"].len(), REMEMBERED);
        assert_eq!(forth.judge().refusals("s", "f").count(), 1);
    }

    #[test]
    fn a_code_of_a_known_system_is_no_number_of_a_person() {
        // From the FHIR R4 examples and SNOMED International's browser.
        for code in ["meddra_10028813", "snomed_422587007", "snomed_75516001", "snomed_304386008", "rxnorm_1049589"] {
            assert!(!has_long_number(code.as_bytes()), "{code}");
            assert_eq!(noted_once(code), 0, "{code}");
        }
        for code in ["meddra_00482131", "snomed_536912877", "snomed_422587008", "mrn_10028813", "snomed_422587007_x"] {
            assert!(has_long_number(code.as_bytes()), "{code}");
        }
    }

    fn noted_once(word: &str) -> usize {
        let mut strange = Strange::default();
        strange.add("term", word.as_bytes());
        strange.0.len()
    }

    #[test]
    fn seven_digits_in_a_row_are_a_number() {
        for text in ["536912877", "q0048213", "mrn0048213", "x_1234567_y"] {
            assert!(has_long_number(text.as_bytes()), "{text}");
        }
        for text in ["", "123456", "2026_01_05", "G90.511", "past_24h"] {
            assert!(!has_long_number(text.as_bytes()), "{text}");
        }
    }
}
