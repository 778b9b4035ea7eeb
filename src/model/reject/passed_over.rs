//! Why a record of a foreign format is not a row: the remarks of adapters.
//!
//! A clinic's own files hold much that no table holds. None of it is dropped in
//! silence: every record gives rows, is quarantined, or is counted here.

use super::{Rule, remark};

/// A form nobody mapped.
pub static FORM_NOT_MAPPED: Rule = remark(
    "form-not-mapped",
    "a form is filled in and the mapping does not read it at this event",
    "what it holds is in no result",
    "add a [[table]] for the form to the mapping, if it holds anything the report needs",
);
/// A form that is not finished.
pub static FORM_INCOMPLETE: Rule = remark(
    "form-incomplete",
    "the form is not marked complete and the mapping reads only those that are",
    "an unfinished form may still change",
    "complete the form, or leave `only_complete` out of the mapping",
);
/// A row that says nothing.
pub static EMPTY_RECORD: Rule = remark(
    "empty-record",
    "the row has no value on any form",
    "events are created before anything is entered",
    "nothing to do",
);
/// A question without an answer.
pub static NO_VALUE: Rule = remark(
    "no-value",
    "the record has no value where the row needs one",
    "a questionnaire that was handed out is not one that was answered",
    "fill in the value at the source, if there is one",
);
/// An answer that says why there is none.
pub static DECLARED_MISSING: Rule = remark(
    "declared-missing",
    "the value is one of the codes for missing data",
    "read as a number, -99 would be a score",
    "nothing to do; the codes are `missing_codes` of the mapping",
);
/// A checkbox nobody has seen.
pub static CHECKBOX_UNASKED: Rule = remark(
    "checkbox-unasked",
    "no choice is ticked and the form is not complete",
    "an empty checkbox means no only when somebody has looked at it",
    "mark the form complete at the source",
);
/// A record about the data, not about a person.
pub static REFERENCE_RECORD: Rule = remark(
    "reference-record",
    "the record describes the data, not a person",
    "dictionaries and vocabularies decide how records are read",
    "nothing to do",
);
/// An export nobody can check for identifiers.
pub static NO_DICTIONARY: Rule = remark(
    "no-dictionary",
    "no data dictionary fits the export, so no field is known to be an identifier",
    "column names alone do not tell what identifies people",
    "download the data dictionary and put it beside the export",
);
/// A concept no table holds.
pub static CONCEPT_NOT_MAPPED: Rule = remark(
    "concept-not-mapped",
    "the concept is not in the mapping",
    "a health record holds much that is no outcome of this treatment",
    "add the concept or its source code to the mapping, if it holds anything the report needs",
);
/// A code nobody mapped to a concept.
pub static CONCEPT_ZERO: Rule = remark(
    "concept-zero",
    "the concept is 0, so the database does not know what the record is about, and its source code is not in the mapping",
    "what was not mapped when the database was built is missing from every result",
    "map the source code in the database, or add it to the mapping",
);
/// An opioid given in a clinic.
pub static OPIOID_BY_INJECTION: Rule = remark(
    "opioid-by-injection",
    "the opioid was given by injection",
    "what is given during a procedure is not part of an outpatient dose",
    "nothing to do",
);
/// Ketamine that was not infused.
pub static KETAMINE_NOT_INFUSED: Rule = remark(
    "ketamine-not-infused",
    "the ketamine was given by another route than the mapping's",
    "a series of infusions is counted by infusions",
    "add the route to the mapping, if it is how infusions are recorded",
);
/// A sedative whose dose cannot be computed.
pub static DRUG_NOT_COMPUTABLE: Rule = remark(
    "drug-not-computable",
    "the drug is no opioid and its strength, quantity or days' supply is missing",
    "set aside as a prescription it would make the patient's opioid dose unknown",
    "export quantity and days' supply, if co-use of sedatives matters",
);
/// How long somebody was under observation.
pub static OBSERVATION_PERIOD: Rule = remark(
    "observation-period",
    "the record says how long a person was under observation",
    "absence of a record means something only within it",
    "nothing to do",
);
