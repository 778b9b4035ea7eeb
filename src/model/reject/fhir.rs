//! Rules about FHIR records, before they are rows.

use super::{Rule, quarantine, remark};

/// Not JSON.
pub static JSON_INVALID: Rule = quarantine(
    "json-invalid",
    "the line is not a JSON object",
    "a line cut short or damaged says nothing that can be trusted",
    "export the file again",
);
/// JSON of another shape.
pub static RECORD_SHAPE: Rule = quarantine(
    "record-shape",
    "the record does not have the shape FHIR R4 gives it",
    "an element read in the wrong place would be another fact",
    "export FHIR R4 (4.0), or report the server's defect to its maker",
);
/// Longer than any record of a table.
pub static RECORD_TOO_LONG: Rule = quarantine(
    "record-too-long",
    "the record is longer than 16 MiB",
    "records of that size are documents, which no table holds",
    "leave documents and pictures out of the export",
);
/// A year or a month where a day belongs.
pub static DATE_PARTIAL: Rule = quarantine(
    "date-partial",
    "the date is a year or a month, not a day",
    "a day in the middle would be a guess, and windows are counted in days",
    "record the day at the source",
);
/// A value that is not one number.
pub static VALUE_NOT_EXACT: Rule = quarantine(
    "value-not-exact",
    "the value is a range, a comparison or an answer without a number",
    "more than 7 and 5 to 7 are not scores",
    "record the number, or add the answer's code and its points to the mapping",
);
/// A score whose unit does not say which scale it is on.
pub static SCORE_SCALE_UNKNOWN: Rule = quarantine(
    "score-scale-unknown",
    "the score's unit does not say which scale it is on",
    "7 of 10 and 7 of 100 are different scores",
    "export the score with its unit, or add the code to the mapping under the scale the clinic uses",
);
/// A questionnaire that cannot be added up.
pub static SCORE_INCOMPLETE: Rule = quarantine(
    "score-incomplete",
    "the questionnaire has no total and not every question is answered",
    "adding up what is there would make the score too low",
    "complete the questionnaire, or export the total",
);
/// A kind of resource no table holds.
pub static KIND_NOT_FOLLOWED: Rule = remark(
    "kind-not-followed",
    "the record is of a kind that no table holds",
    "an export holds the whole chart and a report needs little of it",
    "nothing to do",
);
/// Not a resource at all.
pub static NOT_A_RESOURCE: Rule = remark(
    "not-a-resource",
    "the record names no resource type",
    "logs and package lists lie beside the data in many exports",
    "nothing to do, unless every record is counted here",
);
/// A code the mapping says nothing of.
pub static CODE_NOT_FOLLOWED: Rule = remark(
    "code-not-followed",
    "the record's code is none the mapping or a pack follows",
    "most of a chart is about other things; a code missing from the mapping would lose its records in silence",
    "if these are scores, pain conditions, opioids or infusions, add their codes to a copy of the mapping",
);
/// A record that does not stand.
pub static STATUS_NOT_IN_FORCE: Rule = remark(
    "status-not-in-force",
    "the record's status says that it does not stand: entered in error, cancelled, planned, refuted, resolved",
    "what was not done, or not so, is not counted",
    "nothing to do",
);
/// A record that says why it has no value.
pub static VALUE_ABSENT: Rule = remark(
    "value-absent",
    "the record says that there is no value, and why",
    "a question asked and not answered is no score",
    "nothing to do",
);
/// An event another record tells.
pub static TOLD_ELSEWHERE: Rule = remark(
    "told-elsewhere",
    "another record of the source tells the same event: what was dispensed on an order, the drug given in a procedure",
    "counting both would count one event twice",
    "nothing to do",
);
/// Long before any series.
pub static BEFORE_1990: Rule = remark(
    "before-1990",
    "the record is from before 1990",
    "a chart goes back to birth; no series of treatment does",
    "nothing to do",
);
/// An element that says who somebody is.
pub static IDENTIFYING_ELEMENT: Rule = remark(
    "identifying-element",
    "the records hold an element that identifies people; it was not read",
    "the export is protected health information, whatever is made of it here",
    "export without the element where the server can, keep the export where such records may be kept, or set `identifying_elements = \"refuse\"` in the mapping",
);
/// The same record once more.
pub static RECORD_REPEATED: Rule = remark(
    "record-repeated",
    "the record is there twice with the same content",
    "counting it twice would double a dose or a score",
    "nothing to do: one copy is kept",
);
/// An older version of a record.
pub static RECORD_SUPERSEDED: Rule = remark(
    "record-superseded",
    "another version of the record with the same id counts",
    "the greatest version counts, then the latest, then the content decides, so that the order of files does not",
    "nothing to do",
);
/// A dose in a unit nobody reads.
pub static DOSE_UNIT_UNKNOWN: Rule = remark(
    "dose-unit-unknown",
    "the dose of an infusion is in a unit that is not read; the infusion is kept without its dose",
    "converting an unknown unit would be a guess",
    "record the dose in mg, g, ug or mg/kg",
);
