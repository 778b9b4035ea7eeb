//! The results table: one row, one number; every chart, table and sentence is
//! drawn from these rows and nothing else.
//!
//! `results.csv` is RFC 4180 with LF, and faithful: text is written as it is,
//! also where a spreadsheet would take it for a formula (a site code such as
//! `=A1`), because R and Python read it back. Whoever writes a workbook
//! neutralises there.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;

pub use super::disclosure::Released;
use crate::estimate::result::{CellKey, Estimand, Maturity, Population};
use crate::model::calendar::{Day, Period};

/// Why a number is not shown as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suppression {
    /// Shown.
    None,
    /// Hidden because it is small.
    Primary,
    /// Hidden because it would give a small one back.
    Complementary,
    /// Shown rounded.
    Rounded,
}

impl Suppression {
    /// The id in `results.csv`.
    pub fn id(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Primary => "primary",
            Self::Complementary => "complementary",
            Self::Rounded => "rounded",
        }
    }

    /// Whether the number is hidden.
    pub fn hides(self) -> bool {
        matches!(self, Self::Primary | Self::Complementary)
    }
}

/// One row of `results.csv` (design: "Results table"). A hidden or undefined
/// number is `None`, with the reason beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultRow {
    /// Stable id, made by [`result_id`].
    pub result_id: String,
    /// Measure id.
    pub measure_id: String,
    /// Measure version.
    pub measure_version: u32,
    /// Population.
    pub population: Population,
    /// Site code, or `all`.
    pub site: String,
    /// Condition code, or `all`.
    pub condition: String,
    /// Name of a further split, or `all`.
    pub stratum_name: String,
    /// Its level, or `all`.
    pub stratum_level: String,
    /// First day of the cohort's period.
    pub period_start: Option<Day>,
    /// Last day of the cohort's period.
    pub period_end: Option<Day>,
    /// Horizon id, or `all`.
    pub horizon: String,
    /// Statistic, lower snake case.
    pub statistic: String,
    /// The number; rates are 0–1.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: String,
    /// Patients it rests on.
    pub n: Option<u64>,
    /// Patients with the outcome.
    pub numerator: Option<u64>,
    /// Patients in the denominator.
    pub denominator: Option<u64>,
    /// Lower end of the interval.
    pub ci_low: Option<f64>,
    /// Upper end of the interval.
    pub ci_high: Option<f64>,
    /// Nominal level of the interval.
    pub ci_level: Option<f64>,
    /// How the interval was computed.
    pub ci_method: Option<String>,
    /// p-value, where a test is allowed.
    pub p_value: Option<f64>,
    /// The same, adjusted.
    pub p_adjusted: Option<f64>,
    /// How it was adjusted.
    pub adjust_method: Option<String>,
    /// Estimand.
    pub estimand: Estimand,
    /// Whether and why the number is hidden.
    pub suppression: Suppression,
    /// Why it is hidden or undefined, in words that give nothing away.
    pub reason: Option<String>,
    /// `ok`, `warning` or `error`.
    pub status: &'static str,
    /// What the status means.
    pub message: Option<String>,
    /// Whether the cohort's windows had closed.
    pub maturity: Maturity,
}

/// The id of one statistic of one cell:
/// `measure/population/period/site/condition/stratum/horizon/estimand/statistic`,
/// for example `response_30/quarter/2026Q2/all/all/all/12w/NRI/rate`.
///
/// The period is a month, quarter or year where it is one, else
/// `first-day..last-day`; a split is `name=level`. In a part, `%`, `/` and
/// anything but printable ASCII are written as `%` and two hexadecimal digits,
/// so that an id is one word in a shell and two cells never share one. The
/// measure's version is not in it: a number keeps its id when a definition is
/// corrected, and `relief diff` says so.
pub fn result_id(key: &CellKey, statistic: &str) -> String {
    let stratum = match (key.stratum_name.as_str(), key.stratum_level.as_str()) {
        ("all", "all") => "all".to_owned(),
        (name, level) => format!("{}={}", escaped(name), escaped(level)),
    };
    [
        escaped(&key.measure_id).into_owned(),
        key.population.id().to_owned(),
        period(key),
        escaped(&key.site).into_owned(),
        escaped(&key.condition).into_owned(),
        stratum,
        escaped(&key.horizon).into_owned(),
        key.estimand.id().to_owned(),
        escaped(statistic).into_owned(),
    ]
    .join("/")
}

fn period(key: &CellKey) -> String {
    let Some((first, last)) = key.period_start.zip(key.period_end) else {
        return "all".to_owned();
    };
    let year = Period::Year(first.civil().year);
    let named = [Period::month_of(first), Period::quarter_of(first), year];
    let exact = named.iter().find(|period| period.first_day() == first && period.last_day() == last);
    exact.map_or_else(|| format!("{first}..{last}"), ToString::to_string)
}

fn escaped(part: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'%' | b'=');
    if part.bytes().all(plain) {
        return Cow::Borrowed(part);
    }
    let mut text = String::new();
    for byte in part.bytes() {
        if plain(byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    Cow::Owned(text)
}

/// A column of the results table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name in both files.
    pub name: &'static str,
    /// How to read it from a row; decides the type as well.
    read: Read,
}

#[derive(Clone, Copy, Debug)]
enum Read {
    Text(fn(&ResultRow) -> &str),
    Maybe(fn(&ResultRow) -> Option<&str>),
    Number(fn(&ResultRow) -> Option<f64>),
    Count(fn(&ResultRow) -> Option<u64>),
    Date(fn(&ResultRow) -> Option<Day>),
}

const fn column(name: &'static str, read: Read) -> Column {
    Column { name, read }
}

/// Order is the order of the files (design: "Results table").
pub const COLUMNS: [Column; 30] = [
    column("result_id", Read::Text(|row| &row.result_id)),
    column("measure_id", Read::Text(|row| &row.measure_id)),
    column("measure_version", Read::Count(|row| Some(u64::from(row.measure_version)))),
    column("population", Read::Text(|row| row.population.id())),
    column("site", Read::Text(|row| &row.site)),
    column("condition", Read::Text(|row| &row.condition)),
    column("stratum_name", Read::Text(|row| &row.stratum_name)),
    column("stratum_level", Read::Text(|row| &row.stratum_level)),
    column("period_start", Read::Date(|row| row.period_start)),
    column("period_end", Read::Date(|row| row.period_end)),
    column("horizon", Read::Text(|row| &row.horizon)),
    column("statistic", Read::Text(|row| &row.statistic)),
    column("value", Read::Number(|row| row.value)),
    column("unit", Read::Text(|row| &row.unit)),
    column("n", Read::Count(|row| row.n)),
    column("numerator", Read::Count(|row| row.numerator)),
    column("denominator", Read::Count(|row| row.denominator)),
    column("ci_low", Read::Number(|row| row.ci_low)),
    column("ci_high", Read::Number(|row| row.ci_high)),
    column("ci_level", Read::Number(|row| row.ci_level)),
    column("ci_method", Read::Maybe(|row| row.ci_method.as_deref())),
    column("p_value", Read::Number(|row| row.p_value)),
    column("p_adjusted", Read::Number(|row| row.p_adjusted)),
    column("adjust_method", Read::Maybe(|row| row.adjust_method.as_deref())),
    column("estimand", Read::Text(|row| row.estimand.id())),
    column("suppression", Read::Text(|row| row.suppression.id())),
    column("reason", Read::Maybe(|row| row.reason.as_deref())),
    column("status", Read::Text(|row| row.status)),
    column("message", Read::Maybe(|row| row.message.as_deref())),
    column("maturity", Read::Text(|row| row.maturity.id())),
];

impl Column {
    /// The Arrow type, one of those every reader has.
    fn data_type(&self) -> DataType {
        match self.read {
            Read::Text(_) | Read::Maybe(_) => DataType::Utf8,
            Read::Number(_) => DataType::Float64,
            Read::Count(_) => DataType::Int64,
            Read::Date(_) => DataType::Date32,
        }
    }

    fn array(&self, rows: &[ResultRow]) -> ArrayRef {
        match self.read {
            Read::Text(read) => Arc::new(StringArray::from_iter_values(rows.iter().map(read))),
            Read::Maybe(read) => Arc::new(rows.iter().map(read).collect::<StringArray>()),
            Read::Number(read) => Arc::new(rows.iter().map(read).collect::<Float64Array>()),
            Read::Count(read) => Arc::new(rows.iter().map(|row| read(row).map(signed)).collect::<Int64Array>()),
            Read::Date(read) => Arc::new(rows.iter().map(|row| read(row).map(|day| day.0)).collect::<Date32Array>()),
        }
    }

    /// The cell as written in CSV before quoting; nothing for `None`.
    fn text<'a>(&self, row: &'a ResultRow) -> Cow<'a, str> {
        match self.read {
            Read::Text(read) => Cow::Borrowed(read(row)),
            Read::Maybe(read) => Cow::Borrowed(read(row).unwrap_or_default()),
            Read::Number(read) => written(read(row)),
            Read::Count(read) => written(read(row)),
            Read::Date(read) => written(read(row)),
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).expect("a count of people fits 63 bits")
}

/// `Display` of a float is the shortest text that reads back as the same float.
fn written<T: ToString>(value: Option<T>) -> Cow<'static, str> {
    Cow::Owned(value.map_or_else(String::new, |value| value.to_string()))
}

/// The schema of `results.parquet`.
pub fn schema() -> SchemaRef {
    let nullable = |column: &Column| !matches!(column.read, Read::Text(_));
    let field = |column: &Column| Field::new(column.name, column.data_type(), nullable(column));
    Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<Field>>()))
}

/// The rows as `results.parquet` holds them.
pub fn record_batch(released: &Released) -> RecordBatch {
    let arrays = COLUMNS.iter().map(|column| column.array(released.rows())).collect();
    RecordBatch::try_new(schema(), arrays).expect("schema and arrays come from the same columns")
}

/// Writes `results.csv`.
///
/// # Errors
/// Only those of `out`.
pub fn write_csv(released: &Released, out: &mut impl io::Write) -> io::Result<()> {
    writeln!(out, "{}", COLUMNS.map(|column| column.name).join(","))?;
    for row in released.rows() {
        let cells: Vec<String> = COLUMNS.iter().map(|column| quoted(&column.text(row)).into_owned()).collect();
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}

/// A cell as RFC 4180 writes it.
pub(crate) fn quoted(text: &str) -> Cow<'_, str> {
    if text.contains(['"', ',', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}

/// Which rows are wanted: all parts must match.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Measure id.
    pub measure: &'a str,
    /// Population.
    pub population: Population,
    /// Site code, or `all`.
    pub site: &'a str,
    /// Condition code, or `all`.
    pub condition: &'a str,
    /// Name of a further split, or `all`.
    pub stratum_name: &'a str,
    /// Its level, or `all`.
    pub stratum_level: &'a str,
    /// Horizon id, or `all`.
    pub horizon: &'a str,
    /// Estimand.
    pub estimand: Estimand,
    /// Statistic.
    pub statistic: &'a str,
}

/// An axis along which the other parts of a query stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// All sites but the margin.
    Site,
    /// All conditions but the margin.
    Condition,
    /// All levels of the query's split.
    Stratum,
}

impl<'a> Query<'a> {
    /// Everyone: all sites, all conditions, no further split.
    ///
    /// Take a part of it with `Query { site: "north", ..everyone }`.
    pub fn everyone(
        measure: &'a str,
        population: Population,
        horizon: &'a str,
        estimand: Estimand,
        statistic: &'a str,
    ) -> Self {
        let all = "all";
        Self {
            measure,
            population,
            site: all,
            condition: all,
            stratum_name: all,
            stratum_level: all,
            horizon,
            estimand,
            statistic,
        }
    }

    fn matches(&self, row: &ResultRow, free: Option<Axis>) -> bool {
        let part = |axis, wanted: &str, level: &str| if free == Some(axis) { level != "all" } else { level == wanted };
        row.statistic == self.statistic
            && row.population == self.population
            && row.estimand == self.estimand
            && row.horizon == self.horizon
            && row.stratum_name == self.stratum_name
            && part(Axis::Site, self.site, &row.site)
            && part(Axis::Condition, self.condition, &row.condition)
            && part(Axis::Stratum, self.stratum_level, &row.stratum_level)
    }
}

impl Released {
    /// The first row that matches.
    pub fn find(&self, query: Query) -> Option<&ResultRow> {
        self.of_measure(query.measure).find(|row| query.matches(row, None))
    }

    /// All rows that match, in time order: one for each period of the population.
    pub fn series(&self, query: Query) -> impl Iterator<Item = &ResultRow> {
        self.of_measure(query.measure).filter(move |row| query.matches(row, None))
    }

    /// The rows along an axis, in the order of the packs.
    pub fn along(&self, query: Query, axis: Axis) -> impl Iterator<Item = &ResultRow> {
        self.of_measure(query.measure).filter(move |row| query.matches(row, Some(axis)))
    }
}
