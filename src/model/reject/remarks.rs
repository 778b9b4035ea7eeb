//! Rules that leave out second copies, and rules that only remark.

use super::{Rule, drop, remark};

/// A repeated export of one row.
pub static ROW_ID_REPEATED: Rule = drop(
    "row-id-repeated",
    "the row was exported twice under one row id",
    "counting it twice would double a dose",
    "nothing to do: one copy is kept",
);
/// A patient listed twice.
pub static PATIENT_REPEATED: Rule = drop(
    "patient-repeated",
    "the patient is listed twice with the same facts",
    "counting the patient twice would change every denominator",
    "nothing to do: one copy is kept",
);
/// Two rows without ids that say the same.
pub static ROWS_IDENTICAL: Rule = remark(
    "rows-identical",
    "the row says the same as another of the patient on that day, and no row id tells them apart",
    "both are counted: two equal infusions or prescriptions of a day may be two, but a row exported twice doubles a dose",
    "nothing to do where both took place; otherwise export the id your system gives each row as `row_id`, and copies are left out",
);
/// A diagnosis outside the pack.
pub static CONDITION_UNMAPPED: Rule = remark(
    "condition-unmapped",
    "the diagnosis is not in the condition pack and is counted as `other`",
    "a missing alias hides patients from their condition's table",
    "add an alias or code to the condition pack if it is a pain condition",
);
/// A diagnosis code that does not look like one.
pub static SOURCE_CODE_DROPPED: Rule = remark(
    "source-code-dropped",
    "the source code is not shaped like ICD-10 and was not stored",
    "only codes are kept, never text",
    "write the ICD-10-CM code, or leave the column out",
);
/// Optional text that is not a code.
pub static TEXT_DROPPED: Rule = remark(
    "text-dropped",
    "an optional value is no code the program knows and was not stored",
    "text and unknown words can hold names, numbers and dates and are never stored",
    "use a code of the template or of the condition pack, list yours under `[codes]` in the pipeline, or leave the column out",
);
/// A route that is in no list of routes.
pub static ROUTE_UNKNOWN: Rule = remark(
    "route-unknown",
    "the route is none the program knows and was stored as `other`",
    "it may be an injection, for which no oral factor holds: a patient's dose is unknown while such an opioid lasts",
    "write `oral`, `transdermal`, `iv`, `im`, `sc` or another route of the template, or leave the cell empty for what is taken at home by mouth",
);
/// A word that is in no list of codes.
pub static CODE_UNKNOWN: Rule = remark(
    "code-unknown",
    "the code is in no list the program knows and was stored as `other`",
    "a word nobody knows may be a name or a number of somebody, and no measure counts it",
    "correct the spelling, or list the word under `[codes]` in the pipeline; an adverse event that is to have a row of its own goes into its pack",
);
/// A pain item no measure uses.
pub static ITEM_NOT_MEASURED: Rule = remark(
    "item-not-measured",
    "the pain score is of an item no measure uses, and is in no number",
    "measures pair scores of average, worst, least or present pain, or of a scale without items; a pair never mixes two",
    "write `average`, `worst`, `least` or `now` (`usual` and `typical` are read as `average`, `current` as `now`), or leave the item empty where the form has one question",
);
/// A site nobody declared.
pub static SITE_UNDECLARED: Rule = remark(
    "site-undeclared",
    "the pipeline does not declare the site; its patients are kept under `undeclared-1`, `undeclared-2` and so on",
    "a site is printed in reports, and a word nobody declared may be a name, a number or an address",
    "list your sites in the pipeline, `[codes]` with `site = [\"north\", \"south\"]`, and they are called by name",
);
/// A mean with more decimals than are stored.
pub static SCORE_ROUNDED: Rule = remark(
    "score-rounded",
    "the score is a mean or T-score and was stored to the nearest tenth, halves upwards",
    "means of four or seven answers have more decimals than scores are compared with",
    "nothing to do; more decimals would change no threshold of a mean of seven answers",
);
/// Aged 90 or more.
pub static AGE_TOP_CODED: Rule = remark(
    "age-top-coded",
    "the patient is 90 or older; the year of birth was moved to make the age 90",
    "exact ages above 89 identify people (45 CFR 164.514(b)(2)(i)(C))",
    "nothing to do",
);
/// Ages without a day they are counted from.
pub static AGE_YEAR_ASSUMED: Rule = remark(
    "age-year-assumed",
    "the age was counted from the year of this release, because no data cut is stated",
    "an age is only as good as the year it is counted from, and who is 90 or older depends on it",
    "set `data_cut` under `[study]` to the last day the export covers",
);
/// A last day far from all others.
pub static LAST_DAY_ALONE: Rule = remark(
    "last-day-alone",
    "the site's last day is more than a quarter after every other day of its records",
    "without a stated data cut it decides who is due: one mistyped year makes everyone due, and who has no score yet counts as not responding",
    "look at the line named; set `data_cut` under `[study]` to the last day the export covers, and later days are set aside",
);
/// Study days of a patient without day 0.
pub static DAY_ZERO_MISSING: Rule = remark(
    "day-zero-missing",
    "no infusion of the patient is on day 0, the day study days are counted from",
    "the index period is that of day 0: without one the patient's treatment began in no period and is in no denominator",
    "count days from the first infusion, which is day 0; if the export calls it day 1, take 1 from every day of every file",
);
/// Study days without a period.
pub static INDEX_PERIOD_MISSING: Rule = remark(
    "index-period-missing",
    "the patient's records count study days and no index period says when treatment began",
    "nobody can tell when the patient's follow-up was due, so the patient is in no denominator",
    "fill in `index_period` with the year, quarter or month of the first infusion, as the basis allows",
);
/// A column nobody reads.
pub static UNMAPPED_COLUMN: Rule = remark(
    "unmapped-column",
    "the column is not part of the table and is not read",
    "a misspelt name would lose the column in silence",
    "rename it to the name in the template, or leave it out",
);
/// A file nobody reads.
pub static UNREAD_FILE: Rule = remark(
    "unread-file",
    "the folder holds a file that is no table and is not read",
    "a misspelt name would lose the table in silence",
    "rename it to the name of the template, or move it elsewhere",
);
/// A correction for no row.
pub static CORRECTION_UNMATCHED: Rule = remark(
    "correction-unmatched",
    "a correction names a row or column that is not there, or contradicts another one",
    "somebody mended a row and it is still missing",
    "leave file, line and column as the quarantine of this very export has them",
);
/// A correction of a record nothing can be made of.
pub static CORRECTION_INCOMPLETE: Rule = remark(
    "correction-incomplete",
    "a correction is of a record that cannot be read, or that still lacks what a row must have",
    "whose it is, when, or what was measured is not known; a row made of the correction alone would be made up",
    "correct the record in the system it came from and export again; leave the correction out",
);
/// A correction of a good row.
pub static CORRECTION_NOT_NEEDED: Rule = remark(
    "correction-not-needed",
    "a correction is of a row that is accepted as it is, and was not made",
    "only rows set aside are corrected; changing others here would hide what the clinic wrote",
    "correct the value at the source, or take the correction out",
);
/// A record of a foreign file that belongs to no table.
pub static RECORD_NOT_MAPPED: Rule = remark(
    "record-not-mapped",
    "the record is about something no table holds",
    "a mapping that looks in the wrong place would lose records in silence",
    "nothing to do, unless the mapping should read such records",
);
/// A table a foreign source says nothing of.
pub static MISSING_TABLE: Rule = remark(
    "missing-table",
    "the source has no row of a table every clinic has",
    "an empty table looks like nothing happened",
    "check that the export and the mapping hold it",
);
/// A withdrawal for nobody.
pub static WITHDRAWAL_UNKNOWN_PATIENT: Rule = remark(
    "withdrawal-unknown-patient",
    "a withdrawal names a patient who is not in the patients file",
    "the patient may be listed under another code",
    "check the code with the clinic",
);
/// A withdrawal whose scope cannot be read.
pub static WITHDRAWAL_SCOPE_UNKNOWN: Rule = remark(
    "withdrawal-scope-unknown",
    "the scope of a withdrawal is neither `all` nor `research_only`",
    "it is treated as `all`, because keeping too much is the worse mistake",
    "write `all` or `research_only`",
);
