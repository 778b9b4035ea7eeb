//! A cell of an export → what it says: nothing, why there is nothing, or a
//! value as a canonical CSV would write it.

use std::borrow::Cow;
use std::collections::HashSet;

use super::dictionary::{Field, Kind};
use crate::protocol::RedcapMapping;

/// What a cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// Nothing.
    Empty,
    /// Why there is nothing: one of the project's missing-data codes.
    Missing,
    /// A value.
    Text(Cow<'a, str>),
}

/// How a project writes its values.
#[derive(Debug)]
pub(super) struct Values<'a> {
    missing: HashSet<&'a str>,
    no_missing: HashSet<&'a str>,
    decimal_comma: bool,
}

impl<'a> Values<'a> {
    pub(super) fn new(mapping: &'a RedcapMapping) -> Self {
        Self {
            missing: mapping.missing_codes.iter().map(String::as_str).collect(),
            no_missing: mapping.no_missing.iter().map(String::as_str).collect(),
            decimal_comma: mapping.decimal_comma,
        }
    }

    /// What a cell of `field` says; `is_day` when it is to be a study day,
    /// where -99 is a day like any other.
    pub(super) fn read<'v>(&self, raw: &'v str, field: &Field, is_day: bool) -> Value<'v> {
        if raw.is_empty() {
            return Value::Empty;
        }
        let text = without_zero_decimals(raw);
        if !is_day && self.says_missing(text, field) {
            return Value::Missing;
        }
        if field.kind == Kind::Choice {
            return Value::Text(Cow::Owned(code_of(raw, field)));
        }
        if self.may_have_comma(field) && is_comma_decimal(raw) {
            return Value::Text(Cow::Owned(raw.replace(',', ".")));
        }
        Value::Text(Cow::Borrowed(raw))
    }

    /// Whether the column of a choice stands for a missing-data code.
    pub(super) fn is_missing_code(&self, code: &str) -> bool {
        let code = code.to_uppercase();
        // REDCap writes the minus of a code as `_` in the column's name.
        self.missing.contains(code.as_str()) || self.missing.contains(code.replace('_', "-").as_str())
    }

    fn says_missing(&self, text: &str, field: &Field) -> bool {
        let exempt = field.no_missing || self.no_missing.contains(field.name.as_str());
        // `OTH` may be a choice; a negative number among the choices is not one.
        let chosen = !text.starts_with('-') && field.choices.iter().any(|(code, _)| code == text);
        !exempt && !chosen && self.missing.contains(text.to_uppercase().as_str())
    }

    /// A comma can only be a decimal point where REDCap checked that the text
    /// is a number, or where the mapping says so.
    fn may_have_comma(&self, field: &Field) -> bool {
        let checked = ["number", "integer"].iter().any(|kind| field.validation.starts_with(kind));
        field.kind == Kind::Number || checked || (self.decimal_comma && field.validation.is_empty())
    }
}

/// The code of a choice, whether the export has codes, labels, or codes that a
/// statistics program made decimals of.
fn code_of(raw: &str, field: &Field) -> String {
    let is = |text: &str| field.choices.iter().any(|(code, _)| code == text);
    let plain = without_zero_decimals(raw);
    if !is(raw) && is(plain) {
        return plain.to_owned();
    }
    let labelled = field.choices.iter().find(|(_, label)| !is(raw) && label == raw);
    labelled.map_or(raw, |(code, _)| code).to_owned()
}

/// `2.0` → `2`: R and Python write whole numbers so when a column has gaps.
pub(super) fn without_zero_decimals(text: &str) -> &str {
    match text.split_once(['.', ',']) {
        Some((whole, zeros)) if is_whole(whole) && !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    }
}

fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_comma_decimal(text: &str) -> bool {
    text.split_once(',').is_some_and(|(whole, decimals)| {
        is_whole(whole) && !decimals.is_empty() && decimals.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether a choice is ticked.
pub(super) fn is_ticked(raw: &str) -> bool {
    matches!(without_zero_decimals(raw), "1" | "Checked" | "checked")
}

/// Whether the column of a choice says nothing.
pub(super) fn is_unticked(raw: &str) -> bool {
    matches!(without_zero_decimals(raw), "" | "0" | "Unchecked" | "unchecked" | "NA")
}

/// How far a form is, from the column that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Nothing said, or said to be incomplete.
    Incomplete,
    /// Entered, not verified.
    Unverified,
    /// Complete.
    Complete,
}

impl Status {
    pub(super) fn read(raw: &str) -> Self {
        match without_zero_decimals(raw) {
            "2" | "Complete" => Self::Complete,
            "1" | "Unverified" => Self::Unverified,
            _ => Self::Incomplete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::dictionary::{Field, Kind};
    use super::{Value, Values};
    use crate::protocol::RedcapMapping;

    fn field(kind: Kind, validation: &str, choices: &[(&str, &str)]) -> Field {
        Field {
            name: "f".to_owned(),
            form: 0,
            kind,
            validation: validation.to_owned(),
            choices: choices.iter().map(|(code, label)| ((*code).to_owned(), (*label).to_owned())).collect(),
            identifier: false,
            no_missing: false,
        }
    }

    #[test]
    fn missing_codes_are_not_values_unless_the_field_says_so() {
        let mapping = RedcapMapping::unmapped();
        let values = Values::new(&mapping);
        let text = field(Kind::Text, "", &[]);
        for code in ["-99", "-999", "-99.0", "NASK", "unk", "NA"] {
            assert_eq!(values.read(code, &text, false), Value::Missing, "{code}");
        }
        assert_eq!(values.read("-99", &text, true), Value::Text("-99".into()));
        assert_eq!(values.read("", &text, false), Value::Empty);
        let exempt = Field { no_missing: true, ..text };
        assert_eq!(values.read("NASK", &exempt, false), Value::Text("NASK".into()));
        let choice = field(Kind::Choice, "", &[("OTH", "Other"), ("-99", "Refused")]);
        assert_eq!(values.read("OTH", &choice, false), Value::Text("OTH".into()));
        assert_eq!(values.read("-99", &choice, false), Value::Missing);
    }

    #[test]
    fn a_comma_is_a_point_only_where_the_text_must_be_a_number() {
        let mapping = RedcapMapping::unmapped();
        let values = Values::new(&mapping);
        for (validation, read) in [("number_2dp_comma_decimal", "1.54"), ("number", "1.54"), ("", "1,54")] {
            let field = field(Kind::Text, validation, &[]);
            assert_eq!(values.read("1,54", &field, false), Value::Text(read.into()), "{validation}");
        }
        let calculated = field(Kind::Number, "", &[]);
        assert_eq!(values.read("1,000,5", &calculated, false), Value::Text("1,000,5".into()));
    }

    #[test]
    fn choices_are_read_by_code_label_or_decimal() {
        let mapping = RedcapMapping::unmapped();
        let values = Values::new(&mapping);
        let sex = field(Kind::Choice, "", &[("0", "Female"), ("1", "Male")]);
        for (raw, read) in [("1", "1"), ("1.0", "1"), ("Female", "0"), ("2", "2")] {
            assert_eq!(values.read(raw, &sex, false), Value::Text(read.into()), "{raw}");
        }
    }
}
