//! Text cells that are codes: each distinct spelling is understood once a block.

use super::admit::Problem;
use super::gate::{self, Detector};
use super::layout::Cell;

/// Spellings seen lately and what they mean. Direct-mapped: a clash costs a
/// second look, never a wrong answer.
#[derive(Debug)]
pub(super) struct Words<T> {
    slots: Vec<Option<(Vec<u8>, Meaning<T>)>>,
}

#[derive(Clone, Copy, Debug)]
enum Meaning<T> {
    Known(T),
    Unknown,
    Identifying(&'static Detector),
}

const SLOTS: usize = 256;

impl<T: Copy> Words<T> {
    pub(super) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| None).collect() }
    }

    /// What `text` means; `None` when `understand` does not know it.
    #[inline]
    pub(super) fn meaning(
        &mut self,
        cell: Cell,
        text: &[u8],
        understand: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let slot = &mut self.slots[slot_of(text)];
        let meaning = match slot {
            Some((known, meaning)) if known == text => *meaning,
            _ => slot.insert((text.to_vec(), look(text, understand))).1,
        };
        meaning.of(cell)
    }

    /// As `meaning`, of a column whose codes are words: a long number that none
    /// of them is refuses the source.
    #[inline]
    pub(super) fn word(
        &mut self,
        cell: Cell,
        text: &[u8],
        understand: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let meaning = self.meaning(cell, text, understand)?;
        if meaning.is_none() && gate::has_long_number(text) {
            return Err(Problem::Refuse { detector: &gate::CODE_NUMBER, column: cell.name });
        }
        Ok(meaning)
    }
}

impl<T> Meaning<T> {
    fn of(self, cell: Cell) -> Result<Option<T>, Problem> {
        match self {
            Self::Known(value) => Ok(Some(value)),
            Self::Unknown => Ok(None),
            Self::Identifying(detector) => Err(Problem::Refuse { detector, column: cell.name }),
        }
    }
}

#[cold]
fn look<T>(text: &[u8], understand: impl FnOnce(&str) -> Option<T>) -> Meaning<T> {
    if let Some(detector) = gate::in_value(text) {
        return Meaning::Identifying(detector);
    }
    // The block was checked to be UTF-8 and fields end at ASCII bytes.
    let text = str::from_utf8(text).expect("fields of a checked block are UTF-8");
    understand(text).map_or(Meaning::Unknown, Meaning::Known)
}

#[inline]
fn slot_of(text: &[u8]) -> usize {
    let byte = |at: usize| usize::from(text.get(at).copied().unwrap_or(0));
    let mixed =
        text.len() + 7 * byte(0) + 31 * byte(text.len() / 2) + 13 * byte(text.len().wrapping_sub(1)) + 3 * byte(1);
    mixed % SLOTS
}

/// A code of at most 40 lower-case letters, digits and underscores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code {
    length: u8,
    bytes: [u8; Self::LONGEST],
}

impl Code {
    const LONGEST: usize = 40;

    /// Reads a code; only case is forgiven.
    pub(super) fn strict(text: &str) -> Option<Self> {
        Self::from_bytes(text.bytes().map(|byte| byte.to_ascii_lowercase()))
    }

    /// Reads a code written as words: `Opioid use-disorder` → `opioid_use_disorder`.
    pub(super) fn from_words(text: &str) -> Option<Self> {
        let joined = |byte: u8| if matches!(byte, b' ' | b'-' | b'/') { b'_' } else { byte.to_ascii_lowercase() };
        Self::from_bytes(text.bytes().map(joined))
    }

    /// Reads a site: letters, digits, `-`, `_` and `.`, as written.
    pub(super) fn is_site(text: &str) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(plain)
    }

    /// Reads an ICD-10 code in its usual shape, upper case.
    pub(super) fn icd10(text: &str) -> Option<Self> {
        let code = text.to_ascii_uppercase();
        let (stem, rest) = code.split_at_checked(3)?;
        let [letter, digit, either] = *stem.as_bytes() else { return None };
        let shaped = letter.is_ascii_uppercase() && digit.is_ascii_digit() && either.is_ascii_alphanumeric();
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        // A letter and six digits are a record number as often as a code.
        let number = code.len() == 7 && code.bytes().skip(1).all(|byte| byte.is_ascii_digit());
        let fits = rest.len() <= 4 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !number;
        (shaped && fits).then(|| Self::copied(code.as_bytes()))
    }

    fn from_bytes(bytes: impl Iterator<Item = u8>) -> Option<Self> {
        let mut code = Self { length: 0, bytes: [0; Self::LONGEST] };
        for byte in bytes {
            let plain = byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if !plain || usize::from(code.length) == Self::LONGEST {
                return None;
            }
            code.bytes[usize::from(code.length)] = byte;
            code.length += 1;
        }
        (code.length > 0).then_some(code)
    }

    fn copied(bytes: &[u8]) -> Self {
        let mut code = Self { length: 0, bytes: [0; Self::LONGEST] };
        code.bytes[..bytes.len()].copy_from_slice(bytes);
        code.length = u8::try_from(bytes.len()).expect("callers check the length");
        code
    }

    /// Whether `holds` of the code as text.
    pub(super) fn is(&self, holds: impl Fn(&str) -> bool) -> bool {
        str::from_utf8(self.as_bytes()).is_ok_and(holds)
    }

    /// The code's bytes, which are ASCII.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    fn text(code: Option<Code>) -> Option<String> {
        code.map(|code| String::from_utf8_lossy(code.as_bytes()).into_owned())
    }

    #[test]
    fn a_code_is_a_short_word_and_nothing_else() {
        assert_eq!(text(Code::strict("Nausea")).as_deref(), Some("nausea"));
        for not_a_code in ["", "felt sick", "naïve", "x".repeat(41).as_str(), "a-b"] {
            assert_eq!(Code::strict(not_a_code), None, "{not_a_code}");
        }
        assert_eq!(text(Code::from_words("Opioid use-disorder")).as_deref(), Some("opioid_use_disorder"));
    }

    #[test]
    fn only_icd_shaped_codes_are_kept() {
        for (written, kept) in [
            ("g90.511", Some("G90.511")),
            ("M54", Some("M54")),
            ("C4A.0", Some("C4A.0")),
            ("CRPS", None),
            ("G9", None),
            ("G90.51111", None),
            ("Q004821", None),
            ("O36.8130", Some("O36.8130")),
        ] {
            assert_eq!(text(Code::icd10(written)).as_deref(), kept, "{written}");
        }
    }
}
