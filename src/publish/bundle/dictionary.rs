//! What the columns of the tables mean, in words and as constraints a program
//! can check (Frictionless Table Schema 1).

use serde_json::{Value, json};

/// A column's meaning.
pub(super) struct Meaning {
    pub(super) name: &'static str,
    kind: &'static str,
    /// Never empty.
    required: bool,
    words: &'static str,
    limits: Limits,
}

enum Limits {
    None,
    OneOf(&'static [&'static str]),
    Between(i64, i64),
    AtLeast(i64),
}

const fn text(name: &'static str, words: &'static str) -> Meaning {
    Meaning { name, kind: "string", required: true, words, limits: Limits::None }
}

const fn maybe(name: &'static str, words: &'static str) -> Meaning {
    Meaning { name, kind: "string", required: false, words, limits: Limits::None }
}

const fn one_of(name: &'static str, of: &'static [&'static str], words: &'static str) -> Meaning {
    Meaning { name, kind: "string", required: true, words, limits: Limits::OneOf(of) }
}

const fn number(name: &'static str, limits: Limits, words: &'static str) -> Meaning {
    Meaning { name, kind: "number", required: false, words, limits }
}

const fn count(name: &'static str, words: &'static str) -> Meaning {
    Meaning { name, kind: "integer", required: false, words, limits: Limits::AtLeast(0) }
}

const fn date(name: &'static str, words: &'static str) -> Meaning {
    Meaning { name, kind: "date", required: false, words, limits: Limits::None }
}

const SHARE: Limits = Limits::Between(0, 1);

/// In the order of `results.csv`.
pub(super) const RESULTS: [Meaning; 30] = [
    text(
        "result_id",
        "Names the number: measure/population/period/site/condition/stratum/horizon/estimand/statistic. The same cell keeps its id from report to report.",
    ),
    text("measure_id", "What is measured; defined in protocol/ and methods.md."),
    Meaning {
        name: "measure_version",
        kind: "integer",
        required: true,
        words: "Version of the measure's definition.",
        limits: Limits::AtLeast(1),
    },
    one_of(
        "population",
        &["quarter", "rolling_year", "to_date", "quarter_series", "month"],
        "Cohort: series begun in the newest mature quarter, in the four newest mature quarters, ever (mature), or in one quarter or month of the trend.",
    ),
    text("site", "Site code, or all."),
    text("condition", "Condition code of the pack, or all."),
    text("stratum_name", "Name of a further split, or all."),
    text("stratum_level", "Level of that split, or all."),
    date("period_start", "First day on which series of the cohort began; empty for input without a calendar."),
    date("period_end", "Last day on which series of the cohort began."),
    text("horizon", "Follow-up window after the first infusion (2w, 4w, 12w, 24w), or all."),
    text("statistic", "What the value is: rate, mean, median, count and so on."),
    number("value", Limits::None, "The number; rates from 0 to 1. Empty when hidden or undefined, never 0 for either."),
    text("unit", "Unit of value and interval."),
    count("n", "Patients the number rests on."),
    count("numerator", "Patients with the outcome."),
    count("denominator", "Patients in the denominator."),
    number("ci_low", Limits::None, "Lower end of the interval."),
    number("ci_high", Limits::None, "Upper end of the interval."),
    number("ci_level", SHARE, "Nominal level of the interval, for example 0.95."),
    maybe("ci_method", "How the interval was computed."),
    number("p_value", SHARE, "p-value, where a test is allowed."),
    number("p_adjusted", SHARE, "The same, adjusted for the number of tests."),
    maybe("adjust_method", "How it was adjusted."),
    text("estimand", "How patients without an outcome are counted: NRI, OC, BOCF, LOCF, IPW, best, worst."),
    one_of(
        "suppression",
        &["none", "primary", "complementary", "rounded"],
        "none: shown. primary: too few patients. complementary: too few patients, or a number that would give such away; which of the two would tell too much. rounded: shown rounded.",
    ),
    maybe("reason", "Why there is no value."),
    one_of("status", &["ok", "warning", "error"], "Whether the statistic could be computed."),
    maybe("message", "What the status means, or the label of a step of the flow."),
    one_of("maturity", &["mature", "immature"], "immature: follow-up windows were still open at the data cut."),
];

/// In the order of `attrition.csv`.
pub(super) const ATTRITION: [Meaning; 7] = [
    text("step", "Id of the step."),
    text("label", "What remains after it, in plain words."),
    text("unit", "What is counted: rows, patients or series."),
    count("remaining", "How many remain."),
    count("removed", "How many the step left out."),
    maybe("hidden", "Which of the two counts are hidden."),
    text("result_id", "Row of results.csv the count is from."),
];

/// The columns of `sensitivity.csv` that say what a line is about.
pub(super) const CELL: [Meaning; 10] = [
    text("measure_id", "What is measured."),
    text("population", "Cohort."),
    date("period_start", "First day on which series of the cohort began."),
    date("period_end", "Last day on which series of the cohort began."),
    text("site", "Site code, or all."),
    text("condition", "Condition code of the pack, or all."),
    text("horizon", "Follow-up window."),
    text("statistic", "rate or mean."),
    text("unit", "Unit of the numbers."),
    maybe("hidden", "Ways of counting whose number is hidden here, separated by spaces."),
];

impl Meaning {
    /// The field as Frictionless writes it.
    pub(super) fn field(&self) -> Value {
        let mut constraints = serde_json::Map::new();
        if self.required {
            constraints.insert("required".to_owned(), json!(true));
        }
        match self.limits {
            Limits::None => {}
            Limits::OneOf(values) => {
                constraints.insert("enum".to_owned(), json!(values));
            }
            Limits::Between(low, high) => {
                constraints.insert("minimum".to_owned(), json!(low));
                constraints.insert("maximum".to_owned(), json!(high));
            }
            Limits::AtLeast(low) => {
                constraints.insert("minimum".to_owned(), json!(low));
            }
        }
        if self.name == "result_id" {
            constraints.insert("unique".to_owned(), json!(true));
        }
        let mut field = json!({ "name": self.name, "type": self.kind, "description": self.words });
        if !constraints.is_empty() {
            field["constraints"] = Value::Object(constraints);
        }
        field
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::{ATTRITION, CELL, RESULTS};
    use crate::publish::bundle::tables;
    use crate::publish::results::schema;

    #[test]
    fn every_column_of_the_results_has_its_meaning_and_type() {
        let schema = schema();
        assert_eq!(schema.fields().len(), RESULTS.len());
        for (field, meaning) in schema.fields().iter().zip(&RESULTS) {
            let kind = match field.data_type() {
                DataType::Utf8 => "string",
                DataType::Float64 => "number",
                DataType::Int64 => "integer",
                DataType::Date32 => "date",
                other => panic!("{other}"),
            };
            assert_eq!((field.name().as_str(), kind), (meaning.name, meaning.kind));
        }
    }

    #[test]
    fn the_small_tables_are_described_in_their_order() {
        assert_eq!(ATTRITION.map(|meaning| meaning.name), tables::ATTRITION);
        assert_eq!(CELL.map(|meaning| meaning.name), tables::CELL);
    }
}
