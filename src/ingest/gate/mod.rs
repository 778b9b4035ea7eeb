//! The privacy gate: what may not be in a clinic's files, and what becomes of
//! every column that is.
//!
//! ```text
//! columns   names of columns, before any row is read
//! values    values that identify a person wherever they stand: one is enough
//! shares    values that identify when a column has many of them
//! strange   words of code columns that no list knows
//! codes     the form of the patient codes
//! numbers   the range they share with another column
//! dictionary  what a REDCap project says of its own fields
//! report    every column: read, not read or refused, by which rule, how often
//! ```
//!
//! Default deny: a column that is not mapped is listed and never stored. A
//! refusal names source, file, column, rule and count, never a value
//! (definitions: privacy.md §1–4, after 45 CFR 164.514).

mod codes;
mod columns;
mod dictionary;
mod numbers;
mod report;
mod shares;
mod strange;
mod values;
mod watch;

pub(super) use codes::CodeForms;
pub(super) use columns::{FINE_PERIOD, Role, date_column, judge_header, printable, printable_file, shown_columns};
pub(super) use dictionary::{MAPPED_PROSE, MARKED_IDENTIFIER, SURVEY_IDENTIFIER, VALIDATED_IDENTIFIER};
pub(super) use numbers::Numbers;
pub(super) use report::Hits;
pub use report::{ColumnFate, Fate, GateReport};
pub(super) use shares::{Glimpse, Unread};
pub(super) use strange::{CODE_NUMBER, Strange, has_long_number};
pub(super) use values::in_value;
pub(super) use watch::{Notes, Watch, Watched};

/// Something that identifies a person, or may.
#[derive(Debug, PartialEq, Eq)]
pub struct Detector {
    /// Stable id, kebab case.
    pub id: &'static str,
    /// What was found, in words.
    pub what: &'static str,
    /// Why it may not be here.
    pub why: &'static str,
    /// What to do.
    pub hint: &'static str,
}

impl Detector {
    /// The detector with this id.
    pub fn find(id: &str) -> Option<&'static Self> {
        detectors().find(|detector| detector.id == id)
    }
}

/// Every detector, in the order of this module's table.
pub fn detectors() -> impl Iterator<Item = &'static Detector> {
    columns::detectors()
        .chain(values::detectors())
        .chain(shares::detectors())
        .chain(strange::detectors())
        .chain(codes::detectors())
        .chain([&numbers::SHARED_RANGE])
        .chain(dictionary::detectors())
}

const LEAVE_OUT: &str = "leave the column out of the export";
const PSEUDONYM: &str = "replace it by the clinic's own pseudonymous code, or leave the column out";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Detector, detectors};
    use crate::model::reject::Rule;

    #[test]
    fn every_detector_can_be_explained_and_none_shares_its_id_with_a_rule() {
        let mut ids = BTreeSet::new();
        for detector in detectors() {
            assert!(ids.insert(detector.id) && Rule::find(detector.id).is_none(), "{}", detector.id);
            let texts = [detector.what, detector.why, detector.hint];
            assert!(texts.iter().all(|text| !text.is_empty() && !text.ends_with('.')), "{}", detector.id);
            assert_eq!(Detector::find(detector.id), Some(detector));
        }
        assert!(ids.len() > 25);
    }
}
