//! The tables: what a clinic's files hold, and what a snapshot keeps of them.
//!
//! Two lists, because they differ: a clinic writes its own patient code and a
//! score as on the form; a snapshot holds a keyed number and whole tenths.

/// Type of a snapshot column. Only these: Polars, DuckDB, R and Spark agree on
/// them without extra features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// 32-bit whole number.
    Int32,
    /// 64-bit whole number.
    Int64,
    /// Double.
    Float64,
    /// UTF-8 text.
    Utf8,
    /// True or false.
    Boolean,
}

/// A column of a snapshot table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name in the Parquet file.
    pub name: &'static str,
    /// Type.
    pub kind: ColumnKind,
    /// Whether a value may be missing.
    pub optional: bool,
}

const fn column(name: &'static str, kind: ColumnKind) -> Column {
    Column { name, kind, optional: false }
}

const fn optional(name: &'static str, kind: ColumnKind) -> Column {
    Column { name, kind, optional: true }
}

/// A table of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TableId {
    /// One row a patient.
    Patients,
    /// Why a patient is treated.
    Diagnoses,
    /// Ketamine given.
    Infusions,
    /// Quarantined infusion rows of known patients with a readable day: without
    /// them the second infusion would pass for the first.
    InfusionsWithheld,
    /// Questionnaire scores.
    Assessments,
    /// Dispensings.
    Prescriptions,
    /// Quarantined prescription rows of known patients: without them a
    /// patient's opioid dose would be too low and nobody would notice.
    PrescriptionsWithheld,
    /// When a medication list was looked at, and whether all of it.
    MedicationReviews,
    /// What went wrong.
    AdverseEvents,
    /// Psychotherapy and the like.
    TherapySessions,
    /// Why and when nobody could be asked any more.
    Departures,
}

/// Whose row it is and where it came from: the first columns of every table.
/// `source_row` is the physical line the record starts on; the header is line 1.
pub const ORIGIN: [Column; 3] = [
    column("patient_key", ColumnKind::Int64),
    column("source_id", ColumnKind::Int32),
    column("source_row", ColumnKind::Int64),
];

impl TableId {
    /// Every table, in the order they are listed.
    pub const ALL: [Self; 11] = [
        Self::Patients,
        Self::Diagnoses,
        Self::Infusions,
        Self::InfusionsWithheld,
        Self::Assessments,
        Self::Prescriptions,
        Self::PrescriptionsWithheld,
        Self::MedicationReviews,
        Self::AdverseEvents,
        Self::TherapySessions,
        Self::Departures,
    ];

    /// File stem and name in counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Patients => "patients",
            Self::Diagnoses => "diagnoses",
            Self::Infusions => "infusions",
            Self::InfusionsWithheld => "infusions_withheld",
            Self::Assessments => "assessments",
            Self::Prescriptions => "prescriptions",
            Self::PrescriptionsWithheld => "prescriptions_withheld",
            Self::MedicationReviews => "medication_reviews",
            Self::AdverseEvents => "adverse_events",
            Self::TherapySessions => "therapy_sessions",
            Self::Departures => "departures",
        }
    }

    /// The columns after `ORIGIN`.
    pub fn own_columns(self) -> &'static [Column] {
        match self {
            Self::Patients => PATIENTS,
            Self::Diagnoses => DIAGNOSES,
            Self::Infusions => INFUSIONS,
            Self::InfusionsWithheld => INFUSIONS_WITHHELD,
            Self::Assessments => ASSESSMENTS,
            Self::Prescriptions => PRESCRIPTIONS,
            Self::PrescriptionsWithheld => PRESCRIPTIONS_WITHHELD,
            Self::MedicationReviews => MEDICATION_REVIEWS,
            Self::AdverseEvents => ADVERSE_EVENTS,
            Self::TherapySessions => THERAPY_SESSIONS,
            Self::Departures => DEPARTURES,
        }
    }

    /// All columns in file order.
    pub fn columns(self) -> impl Iterator<Item = Column> {
        ORIGIN.into_iter().chain(self.own_columns().iter().copied())
    }
}

const PATIENTS: &[Column] = &[
    column("site", ColumnKind::Utf8),
    column("sex", ColumnKind::Utf8),
    optional("birth_year", ColumnKind::Int32),
    optional("index_period", ColumnKind::Utf8),
    // Positions of all sources that list the patient, with blanks between them:
    // `source_id` is only the one whose row is kept.
    column("sources", ColumnKind::Utf8),
];
const DIAGNOSES: &[Column] = &[
    column("condition", ColumnKind::Utf8),
    optional("rank", ColumnKind::Int32),
    optional("source_code", ColumnKind::Utf8),
];
const INFUSIONS: &[Column] = &[
    column("day", ColumnKind::Int32),
    optional("dose_mg_per_kg", ColumnKind::Float64),
    optional("dose_mg", ColumnKind::Float64),
    optional("duration_min", ColumnKind::Float64),
    optional("ae_asked", ColumnKind::Boolean),
];
const INFUSIONS_WITHHELD: &[Column] = &[column("day", ColumnKind::Int32)];
const ASSESSMENTS: &[Column] = &[
    column("day", ColumnKind::Int32),
    column("instrument", ColumnKind::Utf8),
    optional("item", ColumnKind::Utf8),
    column("score_x10", ColumnKind::Int32),
];
const PRESCRIPTIONS: &[Column] = &[
    column("start_day", ColumnKind::Int32),
    column("days_supply", ColumnKind::Int32),
    column("drug", ColumnKind::Utf8),
    column("strength", ColumnKind::Float64),
    column("unit", ColumnKind::Utf8),
    column("quantity", ColumnKind::Float64),
    optional("route", ColumnKind::Utf8),
    optional("indication", ColumnKind::Utf8),
    optional("source_row_id", ColumnKind::Utf8),
];
const PRESCRIPTIONS_WITHHELD: &[Column] =
    &[optional("start_day", ColumnKind::Int32), optional("days_supply", ColumnKind::Int32)];
const MEDICATION_REVIEWS: &[Column] = &[column("day", ColumnKind::Int32), column("complete", ColumnKind::Boolean)];
const ADVERSE_EVENTS: &[Column] = &[
    column("day", ColumnKind::Int32),
    column("term", ColumnKind::Utf8),
    optional("grade", ColumnKind::Int32),
    optional("serious", ColumnKind::Boolean),
];
const THERAPY_SESSIONS: &[Column] = &[column("day", ColumnKind::Int32), column("kind", ColumnKind::Utf8)];
const DEPARTURES: &[Column] = &[column("day", ColumnKind::Int32), column("departure", ColumnKind::Utf8)];

/// A column of a clinic's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputColumn {
    /// Name in the header.
    pub name: &'static str,
    /// Whether the file must have it.
    pub required: bool,
}

const fn required(name: &'static str) -> InputColumn {
    InputColumn { name, required: true }
}

const fn may_have(name: &'static str) -> InputColumn {
    InputColumn { name, required: false }
}

/// The two names of a table's time column; a file has one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayColumn {
    /// ISO date.
    pub dated: &'static str,
    /// Days since the patient's first infusion.
    pub study_day: &'static str,
}

/// A clinic's file: canonical CSV, named after the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputTable {
    /// File stem.
    pub name: &'static str,
    /// Whether a source must have it.
    pub required: bool,
    /// Its time column, if it has one.
    pub day: Option<DayColumn>,
    /// Its other columns, in template order; `patient_id` is the first.
    pub columns: &'static [InputColumn],
}

const DAY: Option<DayColumn> = Some(DayColumn { dated: "date", study_day: "day" });

/// Files in template order. Any order of columns is read; `site` is for files
/// that hold several clinics, `row_id` for exports that number their rows.
pub const INPUT_TABLES: [InputTable; 10] = [
    InputTable {
        name: "patients",
        required: true,
        day: None,
        columns: &[
            required("patient_id"),
            may_have("sex"),
            may_have("birth_year"),
            may_have("age"),
            may_have("index_period"),
            may_have("site"),
        ],
    },
    InputTable {
        name: "diagnoses",
        required: true,
        day: None,
        columns: &[
            required("patient_id"),
            required("condition"),
            may_have("rank"),
            may_have("source_code"),
            may_have("row_id"),
            may_have("site"),
        ],
    },
    InputTable {
        name: "infusions",
        required: true,
        day: DAY,
        columns: &[
            required("patient_id"),
            may_have("dose_mg_per_kg"),
            may_have("dose_mg"),
            may_have("duration_min"),
            may_have("ae_asked"),
            may_have("row_id"),
            may_have("site"),
        ],
    },
    InputTable {
        name: "assessments",
        required: true,
        day: DAY,
        columns: &[
            required("patient_id"),
            required("instrument"),
            may_have("item"),
            required("score"),
            may_have("row_id"),
            may_have("site"),
        ],
    },
    InputTable {
        name: "prescriptions",
        required: false,
        day: Some(DayColumn { dated: "start_date", study_day: "start_day" }),
        columns: &[
            required("patient_id"),
            required("days_supply"),
            required("drug"),
            required("strength"),
            required("unit"),
            required("quantity"),
            may_have("route"),
            may_have("indication"),
            may_have("row_id"),
            may_have("site"),
        ],
    },
    InputTable {
        name: "medication_reviews",
        required: false,
        day: DAY,
        columns: &[required("patient_id"), required("complete"), may_have("row_id"), may_have("site")],
    },
    InputTable {
        name: "adverse_events",
        required: false,
        day: DAY,
        columns: &[
            required("patient_id"),
            required("term"),
            may_have("grade"),
            may_have("serious"),
            may_have("row_id"),
            may_have("site"),
        ],
    },
    InputTable {
        name: "therapy_sessions",
        required: false,
        day: DAY,
        columns: &[required("patient_id"), required("kind"), may_have("row_id"), may_have("site")],
    },
    InputTable {
        name: "departures",
        required: false,
        day: DAY,
        columns: &[required("patient_id"), required("departure"), may_have("row_id"), may_have("site")],
    },
    InputTable {
        name: "withdrawals",
        required: false,
        day: Some(DayColumn { dated: "effective_date", study_day: "effective_day" }),
        columns: &[required("patient_id"), may_have("scope"), may_have("site")],
    },
];

impl InputTable {
    /// The file of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        INPUT_TABLES.iter().find(|table| table.name == name)
    }

    /// Every header name the file may have, in template order.
    pub fn header_names(&self) -> impl Iterator<Item = &'static str> {
        let days = self.day.into_iter().flat_map(|day| [day.dated, day.study_day]);
        self.columns.iter().map(|column| column.name).chain(days)
    }
}

#[cfg(test)]
mod tests {
    use super::{INPUT_TABLES, InputTable, TableId};

    #[test]
    fn every_input_but_withdrawals_becomes_a_table_of_the_same_name() {
        for input in &INPUT_TABLES {
            let kept = TableId::ALL.iter().any(|table| table.name() == input.name);
            assert_eq!(kept, input.name != "withdrawals", "{}", input.name);
            assert_eq!(input.columns[0].name, "patient_id");
        }
        assert!(InputTable::find("assessment").is_none());
    }

    #[test]
    fn every_table_begins_with_whose_and_where_from() {
        for table in TableId::ALL {
            let names: Vec<&str> = table.columns().map(|column| column.name).collect();
            assert_eq!(names[..3], ["patient_key", "source_id", "source_row"]);
        }
    }
}
