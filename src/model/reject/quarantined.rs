//! Rules that set a row aside.

use super::{Rule, quarantine};

/// The number of fields differs from the header's.
pub static FIELD_COUNT: Rule = quarantine(
    "field-count",
    "the row has more or fewer fields than the header",
    "values may have slipped into the wrong columns",
    "check for commas in unquoted text and for rows cut short, then export again",
);
/// A required cell is empty.
pub static MISSING_VALUE: Rule = quarantine(
    "missing-value",
    "a required value is empty",
    "the row says too little to be counted",
    "fill in the value at the source",
);
/// Text where a number belongs.
pub static NOT_A_NUMBER: Rule = quarantine(
    "not-a-number",
    "the value is not a number",
    "only plain digits with a point are read, so nothing is guessed",
    "write digits with a decimal point and no unit, such as 12.5",
);
/// Neither yes nor no.
pub static NOT_YES_OR_NO: Rule = quarantine(
    "not-yes-or-no",
    "the value is neither yes nor no",
    "a guess here would change a denominator",
    "write yes or no (also read: true, false, y, n, 1, 0)",
);
/// A code that is not a short word.
pub static FREE_TEXT: Rule = quarantine(
    "free-text",
    "the value is not a code",
    "free text can hold names and dates and is never stored",
    "use a short code of lower-case letters, digits and underscores, at most 40 characters",
);
/// A patient code that cannot be one.
pub static PATIENT_CODE_INVALID: Rule = quarantine(
    "patient-code-invalid",
    "the patient code is longer than 64 bytes, or holds a character that does not show",
    "a pseudonym is short, a long one is text about the patient; and codes that differ in what nobody sees would be two patients",
    "use the clinic's own pseudonymous code, of letters and digits, and export again",
);
/// A code that is not among the patients.
pub static UNKNOWN_PATIENT: Rule = quarantine(
    "unknown-patient",
    "the patient is not among the accepted rows of the patients file",
    "a row without its patient has no site and no history to belong to",
    "add the patient to the patients file of the same source, or correct the code",
);
/// One code, two sites, and a file that does not say which.
pub static AMBIGUOUS_PATIENT: Rule = quarantine(
    "ambiguous-patient",
    "the patient code is used at two sites and the file does not name the site",
    "the row could belong to either patient",
    "add a `site` column to the file",
);
/// Two patient rows that contradict each other.
pub static PATIENT_CONFLICT: Rule = quarantine(
    "patient-conflict",
    "the patient is listed twice with different facts",
    "one of the rows is wrong, or one code names two people; the patient stays, and what the rows do not agree on counts as unknown",
    "keep one row for each patient",
);
/// Consent withdrawn.
pub static CONSENT_WITHDRAWN: Rule = quarantine(
    "consent-withdrawn",
    "the patient withdrew consent",
    "nothing of the patient may be used",
    "nothing to do: the rows are left out of every result",
);
/// A site that is not a code.
pub static SITE_INVALID: Rule = quarantine(
    "site-invalid",
    "the site is not a short code",
    "a site is printed in reports, so it must not be text or an address",
    "use up to 40 letters, digits, `-`, `_` or `.`",
);
/// Not a sex of the vocabulary.
pub static SEX_UNKNOWN: Rule = quarantine(
    "sex-unknown",
    "the sex is not one of F, M, X, U",
    "an unreadable value must not become a stratum of its own",
    "write F, M, X or U (female and male are read too)",
);
/// A year of birth nobody alive has.
pub static BIRTH_YEAR_IMPLAUSIBLE: Rule = quarantine(
    "birth-year-implausible",
    "the year of birth or the age is impossible",
    "it is a typing error or a date in a spreadsheet's own numbers",
    "write a four-digit year of birth, or an age from 0 to 125",
);
/// Not a calendar period.
pub static PERIOD_INVALID: Rule = quarantine(
    "period-invalid",
    "the index period is not a year, quarter or month from 1990 to 2049",
    "series are attributed to periods, so a wrong one moves results between quarters",
    "write 2026, 2026Q3 or 2026-07",
);
/// Not a date.
pub static DATE_INVALID: Rule = quarantine(
    "date-invalid",
    "the date is not a day of the calendar",
    "03/04 is two different days in two countries, so only one form is read",
    "write the date as 2026-07-31",
);
/// Before 1990.
pub static DATE_TOO_EARLY: Rule = quarantine(
    "date-too-early",
    "the date is before 1990",
    "spreadsheets turn small numbers into dates around 1900",
    "correct the date at the source",
);
/// After the end of observation.
pub static DATE_TOO_LATE: Rule = quarantine(
    "date-too-late",
    "the date is after the data cut, or after 2049",
    "one date in the future would make every patient look due",
    "correct the date, or move `data_cut` in the pipeline",
);
/// Not a whole number of days.
pub static STUDY_DAY_INVALID: Rule = quarantine(
    "study-day-invalid",
    "the study day is not a whole number from -3650 to 3650",
    "study days count from the patient's first infusion",
    "write whole days, negative before the first infusion",
);
/// An instrument nobody knows.
pub static UNKNOWN_INSTRUMENT: Rule = quarantine(
    "unknown-instrument",
    "the instrument is not one of the known questionnaires",
    "a score without its scale means nothing",
    "use one of the ids in the template, such as pain_nrs or phq9",
);
/// A score off the scale.
pub static SCORE_OUT_OF_RANGE: Rule = quarantine(
    "score-out-of-range",
    "the score is outside the instrument's range",
    "it belongs to another scale or is a typing error",
    "check the instrument and the score on the form",
);
/// A score finer than the instrument.
pub static SCORE_TOO_FINE: Rule = quarantine(
    "score-too-fine",
    "the score has more decimals than the instrument allows",
    "questionnaire totals are whole and pain scores have at most one decimal, so this is an average or another scale",
    "export the score as written on the form",
);
/// A rank that is none.
pub static RANK_INVALID: Rule = quarantine(
    "rank-invalid",
    "the rank is not a whole number from 1 to 99",
    "the rank decides the primary condition",
    "number diagnoses 1, 2, 3, with 1 for the main one",
);
/// A dose at or below zero.
pub static KETAMINE_DOSE_INVALID: Rule = quarantine(
    "ketamine-dose-invalid",
    "the dose or duration is not above zero",
    "an infusion of nothing did not take place",
    "leave an unknown dose or duration empty",
);
/// A dose nobody gives.
pub static KETAMINE_DOSE_IMPLAUSIBLE: Rule = quarantine(
    "ketamine-dose-implausible",
    "the infusion is above 2 mg/kg per hour, 10 mg/kg, 2000 mg or 7 days",
    "such a dose is a unit error, milligrams for milligrams per kilogram for example",
    "check the dose, its unit and the duration",
);
/// A grade that is none.
pub static GRADE_INVALID: Rule = quarantine(
    "grade-invalid",
    "the grade is not a whole number from 1 to 5",
    "grades follow CTCAE, where 5 is death",
    "write 1 to 5, or leave an unknown grade empty",
);
/// A drug in no list.
pub static UNKNOWN_DRUG: Rule = quarantine(
    "unknown-drug",
    "the drug is not in the drug pack",
    "if it is an opioid the patient's dose would be too low",
    "use a pack code, an alias or an RxNorm ingredient, or add the drug to the pack",
);
/// No usable days' supply.
pub static DAYS_SUPPLY_INVALID: Rule = quarantine(
    "days-supply-invalid",
    "the days' supply is missing or not a whole number from 1 to 366",
    "the daily dose is the total divided by it; 30 is never assumed",
    "export the days' supply as dispensed",
);
/// No usable strength.
pub static STRENGTH_INVALID: Rule = quarantine(
    "strength-invalid",
    "the strength is not above 0 and at most 100000",
    "the dose cannot be computed",
    "write the strength of one tablet, film or patch",
);
/// No usable quantity.
pub static QUANTITY_INVALID: Rule = quarantine(
    "quantity-invalid",
    "the quantity is not above 0 and at most 100000",
    "the dose cannot be computed",
    "write the number of tablets, films or patches dispensed",
);
/// No quantity at all.
pub static QUANTITY_NOT_RECORDED: Rule = quarantine(
    "quantity-not-recorded",
    "the database holds no quantity for the prescription, or 0",
    "the patient took an opioid whose dose nobody can compute, which is not a dose of 0",
    "load the quantity dispensed into the database; until then the patient's opioid dose is unknown",
);
/// More decimals than are kept.
pub static TOO_MANY_DECIMALS: Rule = quarantine(
    "too-many-decimals",
    "the strength or quantity has more than three decimals",
    "doses are computed exactly in thousandths; rounding could cross a threshold",
    "write at most three decimals, or the strength in a smaller unit",
);
/// A unit the drug is not measured in.
pub static UNIT_MISMATCH: Rule = quarantine(
    "unit-mismatch",
    "the unit does not fit the drug",
    "milligrams read as micrograms are a dose a thousand times too high",
    "use the unit of the drug pack: mg, mcg, or mcg/h for patches (mg and mcg are converted)",
);
/// A daily dose nobody takes.
pub static OPIOID_DOSE_IMPLAUSIBLE: Rule = quarantine(
    "opioid-dose-implausible",
    "the daily dose is above 1000 MME",
    "it is likely a unit error",
    "check strength, unit, quantity and days' supply",
);
/// One row id, two contents.
pub static ROW_ID_CONFLICT: Rule = quarantine(
    "row-id-conflict",
    "rows of the patient share a row id and differ; all of them are set aside",
    "one of them is an older version, or the ids are not unique, and nothing here says which is true",
    "export only the newest version of each row",
);
