//! Records of the clinical tables → canonical rows, or why there is none.

use super::super::sink::{At, Sink};
use super::cdm;
use super::drug_name::Drug;
use super::table::{Record, Wanted};
use super::vocabulary::Vocabulary;
use crate::ingest::error::IngestError;
use crate::model::reject::{CONCEPT_NOT_MAPPED, CONCEPT_ZERO, NO_VALUE, OBSERVATION_PERIOD};
use crate::model::reject::{NOT_A_NUMBER, Rule};
use crate::model::table::InputTable;

/// One clinical table: what is read of it, and what its records become.
pub(super) struct Clinical {
    /// Its name.
    pub name: &'static str,
    /// What is read of it.
    pub wanted: Wanted,
    /// Says of a record what it gives.
    pub take: fn(&Vocabulary<'_>, &Record<'_>, At, &mut dyn Sink) -> Result<(), IngestError>,
}

/// A canonical table by its name.
pub(super) fn table(name: &str) -> &'static InputTable {
    InputTable::find(name).expect("tables are named as in the list of tables")
}

pub(super) static CLINICAL: [Clinical; 7] = [
    Clinical {
        name: "person",
        wanted: Wanted {
            columns: &["person_id", "gender_concept_id", "gender_source_value", "year_of_birth", "care_site_id"],
            required: 1,
            prescribed: cdm::PERSON,
            becomes: Some("patients"),
            names: &[
                ("patient_id", "person_id"),
                ("sex", "gender_concept_id"),
                ("birth_year", "year_of_birth"),
                ("site", "care_site_id"),
            ],
        },
        take: person,
    },
    Clinical {
        name: "observation_period",
        wanted: Wanted {
            columns: &["person_id"],
            required: 1,
            prescribed: cdm::OBSERVATION_PERIOD,
            becomes: Some("patients"),
            names: &[("patient_id", "person_id")],
        },
        take: observation_period,
    },
    Clinical {
        name: "condition_occurrence",
        wanted: Wanted {
            columns: &[
                "condition_occurrence_id",
                "person_id",
                "condition_concept_id",
                "condition_source_value",
                "condition_source_concept_id",
                "condition_status_concept_id",
            ],
            required: 3,
            prescribed: cdm::CONDITION_OCCURRENCE,
            becomes: Some("diagnoses"),
            names: &[
                ("patient_id", "person_id"),
                ("condition", "condition_concept_id"),
                ("rank", "condition_status_concept_id"),
                ("source_code", "condition_source_value"),
                ("row_id", "condition_occurrence_id"),
            ],
        },
        take: condition,
    },
    Clinical { name: "measurement", wanted: MEASUREMENT, take: measurement },
    Clinical { name: "observation", wanted: OBSERVATION, take: observation },
    Clinical {
        name: "procedure_occurrence",
        wanted: Wanted {
            columns: &[
                "procedure_occurrence_id",
                "person_id",
                "procedure_concept_id",
                "procedure_date",
                "procedure_datetime",
                "procedure_source_value",
                "procedure_source_concept_id",
            ],
            required: 3,
            prescribed: cdm::PROCEDURE_OCCURRENCE,
            becomes: Some("infusions"),
            names: &[
                ("patient_id", "person_id"),
                ("date", "procedure_date"),
                ("kind", "procedure_concept_id"),
                ("row_id", "procedure_occurrence_id"),
            ],
        },
        take: procedure,
    },
    Clinical {
        name: "death",
        wanted: Wanted {
            columns: &["person_id", "death_date", "death_datetime"],
            required: 1,
            prescribed: cdm::DEATH,
            becomes: Some("departures"),
            names: &[("patient_id", "person_id"), ("date", "death_date")],
        },
        take: death,
    },
];

const MEASUREMENT: Wanted = Wanted {
    columns: &[
        "measurement_id",
        "person_id",
        "measurement_concept_id",
        "measurement_date",
        "measurement_datetime",
        "measurement_source_value",
        "measurement_source_concept_id",
        "value_as_number",
        "value_source_value",
        "operator_concept_id",
    ],
    required: 3,
    prescribed: cdm::MEASUREMENT,
    becomes: Some("assessments"),
    names: &[
        ("patient_id", "person_id"),
        ("date", "measurement_date"),
        ("instrument", "measurement_concept_id"),
        ("score", "value_as_number"),
        ("row_id", "measurement_id"),
    ],
};
const OBSERVATION: Wanted = Wanted {
    columns: &[
        "observation_id",
        "person_id",
        "observation_concept_id",
        "observation_date",
        "observation_datetime",
        "observation_source_value",
        "observation_source_concept_id",
        "value_as_number",
        "value_source_value",
        "value_as_string",
    ],
    required: 3,
    prescribed: cdm::OBSERVATION,
    becomes: Some("assessments"),
    names: &[
        ("patient_id", "person_id"),
        ("date", "observation_date"),
        ("instrument", "observation_concept_id"),
        ("score", "value_as_number"),
        ("row_id", "observation_id"),
    ],
};

/// `=` among the operators of a measurement; none is the same.
const EQUALS: u64 = 4_172_703;

fn person(vocabulary: &Vocabulary<'_>, record: &Record<'_>, at: At, sink: &mut dyn Sink) -> Result<(), IngestError> {
    let concepts = [record.concept("gender_concept_id"), 0];
    let sex = vocabulary.sexes.find(concepts, record.get("gender_source_value"));
    let sex = sex.map_or("U", |sex| vocabulary.mapping.sexes[sex].is.as_str());
    let id = record.whole("person_id");
    let mut cells = vec![("patient_id", id), ("sex", sex), ("birth_year", record.whole("year_of_birth"))];
    if let Some(site) = vocabulary.mapping.person.site {
        cells.push(("site", record.whole(site.column())));
    }
    sink.row(at, table("patients"), &cells)
}

#[expect(clippy::unnecessary_wraps, reason = "one table among others that can fail")]
fn observation_period(_: &Vocabulary<'_>, _: &Record<'_>, at: At, sink: &mut dyn Sink) -> Result<(), IngestError> {
    sink.pass_over(at, &OBSERVATION_PERIOD, "");
    Ok(())
}

fn condition(vocabulary: &Vocabulary<'_>, record: &Record<'_>, at: At, sink: &mut dyn Sink) -> Result<(), IngestError> {
    let concepts = [record.concept("condition_concept_id"), record.concept("condition_source_concept_id")];
    let code = record.get("condition_source_value");
    let icd10 = icd10(code);
    let meant = vocabulary.conditions.find(concepts, code).map(|at| vocabulary.mapping.conditions[at].is.as_str());
    let known = || icd10.filter(|code| vocabulary.pack.resolve(code).is_some());
    let Some(condition) = meant.or_else(known) else {
        pass_over_unknown(concepts[0], at, "condition_concept_id", sink);
        return Ok(());
    };
    let status = record.concept("condition_status_concept_id");
    let rank = vocabulary.mapping.ranks.iter().find(|rank| rank.concepts.contains(&status));
    let rank = rank.map_or_else(String::new, |rank| rank.rank.to_string());
    let cells = [
        ("patient_id", record.whole("person_id")),
        ("condition", condition),
        ("rank", rank.as_str()),
        ("source_code", icd10.unwrap_or("")),
        ("row_id", record.whole("condition_occurrence_id")),
    ];
    sink.row(at, table("diagnoses"), &cells)
}

/// The code of an ICD-10 source, without the name of its vocabulary.
fn icd10(code: &str) -> Option<&str> {
    let bare = code.rsplit(':').next().unwrap_or(code).trim();
    let [letter, digit, ..] = bare.as_bytes() else { return None };
    let shaped = letter.is_ascii_alphabetic() && digit.is_ascii_digit() && (3..=8).contains(&bare.len());
    (shaped && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')).then_some(bare)
}

/// The columns of a score, as each table calls them.
struct ScoreColumns {
    id: &'static str,
    concept: &'static str,
    source_concept: &'static str,
    source_value: &'static str,
    date: &'static str,
    datetime: &'static str,
    /// Where a value may be, the likeliest first.
    values: &'static [&'static str],
}

fn measurement(
    vocabulary: &Vocabulary<'_>,
    record: &Record<'_>,
    at: At,
    sink: &mut dyn Sink,
) -> Result<(), IngestError> {
    let columns = ScoreColumns {
        id: "measurement_id",
        concept: "measurement_concept_id",
        source_concept: "measurement_source_concept_id",
        source_value: "measurement_source_value",
        date: "measurement_date",
        datetime: "measurement_datetime",
        values: &["value_as_number", "value_source_value"],
    };
    let operator = record.concept("operator_concept_id");
    score(vocabulary, record, &columns, ![0, EQUALS].contains(&operator), at, sink)
}

fn observation(
    vocabulary: &Vocabulary<'_>,
    record: &Record<'_>,
    at: At,
    sink: &mut dyn Sink,
) -> Result<(), IngestError> {
    let columns = ScoreColumns {
        id: "observation_id",
        concept: "observation_concept_id",
        source_concept: "observation_source_concept_id",
        source_value: "observation_source_value",
        date: "observation_date",
        datetime: "observation_datetime",
        values: &["value_as_number", "value_source_value", "value_as_string"],
    };
    score(vocabulary, record, &columns, false, at, sink)
}

fn score(
    vocabulary: &Vocabulary<'_>,
    record: &Record<'_>,
    columns: &ScoreColumns,
    is_bound: bool,
    at: At,
    sink: &mut dyn Sink,
) -> Result<(), IngestError> {
    let concepts = [record.concept(columns.concept), record.concept(columns.source_concept)];
    let Some(found) = vocabulary.scores.find(concepts, record.get(columns.source_value)) else {
        pass_over_unknown(concepts[0], at, columns.concept, sink);
        return Ok(());
    };
    let meant = &vocabulary.mapping.scores[found];
    let mut values = columns.values.iter().map(|column| record.get(column)).filter(|value| !value.is_empty());
    let Some(value) = values.next() else {
        sink.pass_over(at, &NO_VALUE, &format!("{}, {}", columns.values[0], meant.instrument));
        return Ok(());
    };
    let date = record.date(columns.date, columns.datetime);
    let cells = [
        ("patient_id", record.whole("person_id")),
        ("date", date.as_str()),
        ("instrument", meant.instrument.as_str()),
        ("item", meant.item.as_deref().unwrap_or("")),
        ("score", value),
        ("row_id", record.whole(columns.id)),
    ];
    if is_bound {
        // `< 3` is not a score of 3.
        return sink.reject_row(at, table("assessments"), &NOT_A_NUMBER, "operator_concept_id", &cells);
    }
    sink.row(at, table("assessments"), &cells)
}

fn procedure(vocabulary: &Vocabulary<'_>, record: &Record<'_>, at: At, sink: &mut dyn Sink) -> Result<(), IngestError> {
    let concepts = [record.concept("procedure_concept_id"), record.concept("procedure_source_concept_id")];
    let code = record.get("procedure_source_value");
    let date = record.date("procedure_date", "procedure_datetime");
    let common = [
        ("patient_id", record.whole("person_id")),
        ("date", date.as_str()),
        ("row_id", record.whole("procedure_occurrence_id")),
    ];
    if vocabulary.infusions.find(concepts, code).is_some()
        || matches!(vocabulary.drug([0, 0], code), Some(Drug::Ketamine { .. }))
    {
        return sink.row(at, table("infusions"), &common);
    }
    let Some(therapy) = vocabulary.therapies.find(concepts, code) else {
        pass_over_unknown(concepts[0], at, "procedure_concept_id", sink);
        return Ok(());
    };
    let [whose, when, id] = common;
    let kind = ("kind", vocabulary.mapping.therapies[therapy].is.as_str());
    sink.row(at, table("therapy_sessions"), &[whose, when, kind, id])
}

fn death(_: &Vocabulary<'_>, record: &Record<'_>, at: At, sink: &mut dyn Sink) -> Result<(), IngestError> {
    let date = record.date("death_date", "death_datetime");
    let cells = [("patient_id", record.whole("person_id")), ("date", date.as_str()), ("departure", "died")];
    sink.row(at, table("departures"), &cells)
}

/// A record about nothing the mapping names, or about nothing anybody knows.
pub(super) fn pass_over_unknown(concept: u64, at: At, column: &str, sink: &mut dyn Sink) {
    let rule: &'static Rule = if concept == 0 { &CONCEPT_ZERO } else { &CONCEPT_NOT_MAPPED };
    sink.pass_over(at, rule, column);
}

#[cfg(test)]
mod tests {
    use super::icd10;

    #[test]
    fn only_what_is_shaped_like_icd_10_is_taken_for_it() {
        for (code, bare) in [
            ("G90.511", Some("G90.511")),
            ("ICD10CM:M79.7", Some("M79.7")),
            ("278860009", None),
            ("J", None),
            ("low back pain", None),
            ("L5 radiculopathy", None),
        ] {
            assert_eq!(icd10(code), bare, "{code}");
        }
    }
}
