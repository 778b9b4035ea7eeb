//! Why a row is set aside, or kept with a remark: the rules, in plain words.
//!
//! A rule's id is stable: it is in quarantine files, in `--json` and in
//! people's notes. No text here, and no finding, ever holds a cell's value.

mod fhir;
mod passed_over;
mod quarantined;
mod remarks;

pub use fhir::*;
pub use passed_over::*;
pub use quarantined::*;
pub use remarks::*;

/// What happens to a row a rule fires on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The row is set aside and written to the quarantine.
    Quarantined,
    /// The row is a second copy and is left out.
    Dropped,
    /// Nothing is left out; the reader should know.
    Remarked,
}

/// A rule about rows.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable id, kebab case.
    pub id: &'static str,
    /// What is wrong, one clause.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What a person can do about it.
    pub fix: &'static str,
    /// What happens to the row.
    pub outcome: Outcome,
}

impl Rule {
    /// The rule with this id.
    pub fn find(id: &str) -> Option<&'static Self> {
        RULES.iter().copied().find(|rule| rule.id == id)
    }
}

/// Rows of a file or table. `read = accepted + quarantined + duplicates`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Rows in the input; blank lines are not rows.
    pub read: u64,
    /// Rows in the snapshot.
    pub accepted: u64,
    /// Rows set aside.
    pub quarantined: u64,
    /// Second copies left out.
    pub duplicates: u64,
}

impl Counts {
    /// Whether every row read is somewhere.
    pub fn conserved(&self) -> bool {
        self.read == self.accepted + self.quarantined + self.duplicates
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.accepted += other.accepted;
        self.quarantined += other.quarantined;
        self.duplicates += other.duplicates;
    }
}

impl<'a> std::iter::Sum<&'a Self> for Counts {
    fn sum<I: Iterator<Item = &'a Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut total, counts| {
            total += *counts;
            total
        })
    }
}

/// Records of a file as its clinic wrote it, where one may hold several rows or
/// none. `read = with_rows + rejected + passed_over`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RecordCounts {
    /// Records in the file.
    pub read: u64,
    /// Records that gave rows of a table.
    pub with_rows: u64,
    /// Records that should have and could not.
    pub rejected: u64,
    /// Records about something no table holds.
    pub passed_over: u64,
}

impl RecordCounts {
    /// Whether every record is somewhere.
    pub fn conserved(&self) -> bool {
        self.read == self.with_rows + self.rejected + self.passed_over
    }
}

/// How often a rule fired on a column of a file. Ordered as reported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// Rule id.
    pub rule: String,
    /// Source name.
    pub source: String,
    /// File name.
    pub file: String,
    /// Column, or empty when the rule is about the whole row or file.
    pub column: String,
    /// Rows, columns or files it fired on.
    pub count: u64,
}

const fn quarantine(id: &'static str, title: &'static str, why: &'static str, fix: &'static str) -> Rule {
    Rule { id, title, why, fix, outcome: Outcome::Quarantined }
}

const fn drop(id: &'static str, title: &'static str, why: &'static str, fix: &'static str) -> Rule {
    Rule { id, title, why, fix, outcome: Outcome::Dropped }
}

const fn remark(id: &'static str, title: &'static str, why: &'static str, fix: &'static str) -> Rule {
    Rule { id, title, why, fix, outcome: Outcome::Remarked }
}

/// Every rule. Order is the one documentation lists them in: shape of the row,
/// patient, time, then table by table, then copies, then remarks.
pub static RULES: &[&Rule] = &[
    &FIELD_COUNT,
    &MISSING_VALUE,
    &NOT_A_NUMBER,
    &NOT_YES_OR_NO,
    &FREE_TEXT,
    &PATIENT_CODE_INVALID,
    &UNKNOWN_PATIENT,
    &AMBIGUOUS_PATIENT,
    &PATIENT_CONFLICT,
    &CONSENT_WITHDRAWN,
    &SITE_INVALID,
    &SEX_UNKNOWN,
    &BIRTH_YEAR_IMPLAUSIBLE,
    &PERIOD_INVALID,
    &DATE_INVALID,
    &DATE_TOO_EARLY,
    &DATE_TOO_LATE,
    &STUDY_DAY_INVALID,
    &UNKNOWN_INSTRUMENT,
    &SCORE_OUT_OF_RANGE,
    &SCORE_TOO_FINE,
    &RANK_INVALID,
    &KETAMINE_DOSE_INVALID,
    &KETAMINE_DOSE_IMPLAUSIBLE,
    &GRADE_INVALID,
    &UNKNOWN_DRUG,
    &DAYS_SUPPLY_INVALID,
    &STRENGTH_INVALID,
    &QUANTITY_INVALID,
    &QUANTITY_NOT_RECORDED,
    &TOO_MANY_DECIMALS,
    &UNIT_MISMATCH,
    &OPIOID_DOSE_IMPLAUSIBLE,
    &JSON_INVALID,
    &RECORD_SHAPE,
    &RECORD_TOO_LONG,
    &DATE_PARTIAL,
    &VALUE_NOT_EXACT,
    &SCORE_SCALE_UNKNOWN,
    &SCORE_INCOMPLETE,
    &ROW_ID_CONFLICT,
    &ROW_ID_REPEATED,
    &PATIENT_REPEATED,
    &ROWS_IDENTICAL,
    &CONDITION_UNMAPPED,
    &SOURCE_CODE_DROPPED,
    &TEXT_DROPPED,
    &ROUTE_UNKNOWN,
    &CODE_UNKNOWN,
    &SITE_UNDECLARED,
    &SCORE_ROUNDED,
    &ITEM_NOT_MEASURED,
    &AGE_TOP_CODED,
    &AGE_YEAR_ASSUMED,
    &LAST_DAY_ALONE,
    &DAY_ZERO_MISSING,
    &INDEX_PERIOD_MISSING,
    &UNMAPPED_COLUMN,
    &UNREAD_FILE,
    &CORRECTION_UNMATCHED,
    &CORRECTION_INCOMPLETE,
    &CORRECTION_NOT_NEEDED,
    &RECORD_NOT_MAPPED,
    &MISSING_TABLE,
    &FORM_NOT_MAPPED,
    &FORM_INCOMPLETE,
    &EMPTY_RECORD,
    &NO_VALUE,
    &DECLARED_MISSING,
    &CHECKBOX_UNASKED,
    &REFERENCE_RECORD,
    &NO_DICTIONARY,
    &CONCEPT_NOT_MAPPED,
    &CONCEPT_ZERO,
    &OPIOID_BY_INJECTION,
    &KETAMINE_NOT_INFUSED,
    &DRUG_NOT_COMPUTABLE,
    &OBSERVATION_PERIOD,
    &KIND_NOT_FOLLOWED,
    &NOT_A_RESOURCE,
    &CODE_NOT_FOLLOWED,
    &STATUS_NOT_IN_FORCE,
    &VALUE_ABSENT,
    &TOLD_ELSEWHERE,
    &BEFORE_1990,
    &IDENTIFYING_ELEMENT,
    &RECORD_REPEATED,
    &RECORD_SUPERSEDED,
    &DOSE_UNIT_UNKNOWN,
    &WITHDRAWAL_UNKNOWN_PATIENT,
    &WITHDRAWAL_SCOPE_UNKNOWN,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::RULES;

    #[test]
    fn every_rule_is_listed_once() {
        let files = [
            include_str!("fhir.rs"),
            include_str!("quarantined.rs"),
            include_str!("remarks.rs"),
            include_str!("passed_over.rs"),
        ];
        let declared: usize = files.iter().map(|text| text.matches("\npub static ").count()).sum();
        let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!((ids.len(), RULES.len()), (declared, declared));
    }

    #[test]
    fn every_rule_says_why_and_what_to_do() {
        for rule in RULES {
            let kebab = rule.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            let said = [rule.title, rule.why, rule.fix].iter().all(|text| !text.is_empty() && !text.ends_with('.'));
            assert!(kebab && said, "{}", rule.id);
        }
    }
}
