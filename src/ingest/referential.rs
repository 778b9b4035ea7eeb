//! Which patient a row belongs to, without keeping a single code in memory.
//!
//! A patient's number is SipHash-2-4 of (site, code) under the store's secret.
//! Rows find it through a second, faster hash of 96 bits: among ten million
//! patients a stranger's code meets a known one once in 10^21 rows.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::model::patient::PatientKey;
use crate::store::Secret;

/// Separates site from code, so that (`a`, `bc`) and (`ab`, `c`) differ.
const UNIT_SEPARATOR: u8 = 0x1f;

/// The number of a patient.
pub(super) fn patient_key(secret: Secret, site: &[u8], code: &[u8]) -> PatientKey {
    let mut hasher = SipHasher24::new_with_key(&secret.0);
    hasher.write(site);
    hasher.write(&[UNIT_SEPARATOR]);
    hasher.write(code);
    // The top bit is cleared so that the number is not negative anywhere.
    PatientKey((hasher.finish() >> 1).cast_signed())
}

/// Numbers rows by what their source calls them. A row id may be a number the
/// patient is known by elsewhere, so none is kept as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowNumbers {
    secret: Secret,
    source: usize,
}

impl RowNumbers {
    pub(super) fn new(secret: Secret, source: usize) -> Self {
        Self { secret, source }
    }

    /// The number of a row as text; equal ids of a source have equal numbers.
    pub(super) fn of(self, id: &[u8]) -> [u8; 16] {
        let mut hasher = SipHasher24::new_with_key(&self.secret.0);
        hasher.write(b"row id");
        hasher.write(&self.source.to_le_bytes());
        hasher.write(id);
        let bytes = hasher.finish().to_be_bytes();
        let half = |at: usize| if at.is_multiple_of(2) { bytes[at / 2] >> 4 } else { bytes[at / 2] & 15 };
        std::array::from_fn(|at| b"0123456789abcdef"[usize::from(half(at))])
    }
}

/// A code as rows are matched by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CodeHash {
    /// Decides where the index looks first.
    place: u32,
    check: [u32; 2],
}

/// Hashes codes of one source.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodeHasher {
    seed: [u64; 2],
}

const MULTIPLIERS: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93];

impl CodeHasher {
    /// The hasher of a source; `source` keeps equal codes of two sources apart.
    pub(super) fn new(secret: Secret, source: usize) -> Self {
        let seed = |lane: u8| {
            let mut hasher = SipHasher24::new_with_key(&secret.0);
            hasher.write(&[UNIT_SEPARATOR, lane]);
            hasher.write(&source.to_le_bytes());
            hasher.finish()
        };
        Self { seed: [seed(0), seed(1)] }
    }

    /// The same hasher for codes of one site of the source.
    pub(super) fn at_site(self, site: &[u8]) -> Self {
        Self { seed: self.lanes(site) }
    }

    /// Hashes a code.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a hash is cut to 96 bits")]
    pub(super) fn code(self, code: &[u8]) -> CodeHash {
        let [hash, check] = self.lanes(code);
        CodeHash { place: hash as u32, check: [(hash >> 32) as u32, check as u32] }
    }

    #[inline]
    fn lanes(self, text: &[u8]) -> [u64; 2] {
        let length = text.len() as u64;
        let [mut a, mut b] = [self.seed[0] ^ length, self.seed[1].wrapping_add(length)];
        let words = text.chunks_exact(8);
        let mut tail = [0; 8];
        tail[..words.remainder().len()].copy_from_slice(words.remainder());
        for word in words.map(|word| word.try_into().expect("eight bytes")).chain([tail]) {
            let word = u64::from_le_bytes(word);
            a = folded_product(a ^ word, MULTIPLIERS[0]);
            b = folded_product(b ^ word, MULTIPLIERS[1]);
        }
        [folded_product(a, MULTIPLIERS[1]), folded_product(b, MULTIPLIERS[0])]
    }
}

/// Both halves of the product, so that every bit depends on every other.
#[expect(clippy::cast_possible_truncation, reason = "the other half is taken too")]
fn folded_product(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

/// What a row's code leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// The patient at this position in key order.
    Patient(u32),
    /// A patient who withdrew.
    Withdrawn,
    /// A code of two sites, in a file that does not name the site.
    Ambiguous,
    /// Nobody accepted.
    Unknown,
}

const WITHDRAWN: u32 = u32::MAX - 2;
const AMBIGUOUS: u32 = u32::MAX - 1;
const EMPTY: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Slot {
    code: CodeHash,
    patient: u32,
}

/// A cache line of slots. All four are compared at once, so that hardly any
/// look-up has a branch the processor cannot foresee: while it waits for one
/// line it already fetches the next ones.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line([Slot; 4]);

impl Line {
    /// The patient of a code, or `EMPTY`.
    #[inline]
    fn find(&self, code: CodeHash) -> u32 {
        self.0.iter().fold(EMPTY, |found, slot| {
            let [one, two] = [slot.code.check[0] ^ code.check[0], slot.code.check[1] ^ code.check[1]];
            let differs = one | two | (slot.code.place ^ code.place);
            // All bits where the codes differ, none where they agree.
            found & (slot.patient | u32::from(differs == 0).wrapping_sub(1))
        })
    }

    /// Slots are filled from the front.
    fn is_full(&self) -> bool {
        self.0[3].patient != EMPTY
    }
}

/// Codes → patients: lines of slots, at most half full; what does not fit a
/// line goes to the next.
#[derive(Debug)]
pub(super) struct CodeIndex {
    lines: Vec<Line>,
}

impl CodeIndex {
    /// An index with room for `codes`.
    pub(super) fn with_room(codes: usize) -> Self {
        let empty = Slot { code: CodeHash { place: 0, check: [0; 2] }, patient: EMPTY };
        Self { lines: vec![Line([empty; 4]); (codes / 2 + 1).next_power_of_two()] }
    }

    /// Adds a code. A code that withdrew stays withdrawn; one that leads to two
    /// patients is ambiguous.
    pub(super) fn insert(&mut self, code: CodeHash, found: Match) {
        let patient = match found {
            Match::Patient(patient) => patient,
            Match::Withdrawn => WITHDRAWN,
            Match::Ambiguous => AMBIGUOUS,
            Match::Unknown => EMPTY,
        };
        let slot = self.slot(code);
        slot.patient = match slot.patient {
            EMPTY => patient,
            same if same == patient => same,
            WITHDRAWN => WITHDRAWN,
            _ if patient == WITHDRAWN => WITHDRAWN,
            _ => AMBIGUOUS,
        };
        slot.code = code;
    }

    /// Brings the lines of `codes` into the cache: reads that depend on nothing
    /// are under way at once, where look-ups would wait one after the other.
    pub(super) fn fetch(&self, codes: &[CodeHash]) {
        let mask = self.lines.len() - 1;
        let first = |code: &CodeHash| self.lines[code.place as usize & mask].0[0].patient;
        std::hint::black_box(codes.iter().map(first).fold(0, |sum, patient| sum ^ patient));
    }

    /// What a code leads to.
    #[inline]
    pub(super) fn find(&self, code: CodeHash) -> Match {
        let mask = self.lines.len() - 1;
        let mut at = code.place as usize & mask;
        loop {
            match self.lines[at].find(code) {
                EMPTY if self.lines[at].is_full() => at = (at + 1) & mask,
                EMPTY => return Match::Unknown,
                WITHDRAWN => return Match::Withdrawn,
                AMBIGUOUS => return Match::Ambiguous,
                patient => return Match::Patient(patient),
            }
        }
    }

    /// The slot that holds the code, or the empty one where it goes.
    fn slot(&mut self, code: CodeHash) -> &mut Slot {
        let mask = self.lines.len() - 1;
        let mut at = code.place as usize & mask;
        let fits = |slot: &Slot| slot.patient == EMPTY || slot.code == code;
        while !self.lines[at].0.iter().any(fits) {
            at = (at + 1) & mask;
        }
        let slot = self.lines[at].0.iter_mut().find(|slot| fits(slot));
        slot.expect("the line was chosen for having one")
    }
}

#[cfg(test)]
mod tests {
    use super::{CodeHasher, CodeIndex, Match, patient_key};
    use crate::store::Secret;

    #[test]
    fn every_code_is_found_and_no_other() {
        let hasher = CodeHasher::new(Secret::random(), 0);
        let code = |number: u32| hasher.code(format!("P{number:06}").as_bytes());
        let mut index = CodeIndex::with_room(10_000);
        (0..10_000).for_each(|number| index.insert(code(number), Match::Patient(number)));
        assert!((0..10_000).all(|number| index.find(code(number)) == Match::Patient(number)));
        assert!((10_000..20_000).all(|number| index.find(code(number)) == Match::Unknown));
    }

    #[test]
    fn a_shared_code_is_ambiguous_and_a_withdrawn_one_stays_so() {
        let hasher = CodeHasher::new(Secret::random(), 0);
        let mut index = CodeIndex::with_room(4);
        for (code, found) in
            [("a", Match::Patient(0)), ("a", Match::Patient(1)), ("b", Match::Withdrawn), ("b", Match::Patient(2))]
        {
            index.insert(hasher.code(code.as_bytes()), found);
        }
        assert_eq!(
            ["a", "b", "c"].map(|code| index.find(hasher.code(code.as_bytes()))),
            [Match::Ambiguous, Match::Withdrawn, Match::Unknown]
        );
    }

    #[test]
    fn a_number_depends_on_secret_site_and_code() {
        let (one, two) = (Secret([1; 16]), Secret([2; 16]));
        let keys = [patient_key(one, b"a", b"bc"), patient_key(one, b"ab", b"c"), patient_key(two, b"a", b"bc")];
        assert!(keys[0] != keys[1] && keys[0] != keys[2] && keys.iter().all(|key| key.0 >= 0));
    }
}
