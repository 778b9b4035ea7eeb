//! What the gate says: every column, what becomes of it, and why.

use std::collections::BTreeMap;

use Fate::Refused;

use super::Detector;
use crate::ingest::error::IngestError;

/// What becomes of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Its values are parsed; what parses is stored.
    Read,
    /// It is left alone.
    NotRead,
    /// The source may not be read because of it.
    Refused,
}

impl Fate {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::NotRead => "not read",
            Self::Refused => "refused",
        }
    }
}

/// A column and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColumnFate {
    /// Source name.
    pub source: String,
    /// File name.
    pub file: String,
    /// Column, as far as its name may be repeated.
    pub column: String,
    /// What becomes of it.
    pub fate: Fate,
    /// The detector that decided, or empty.
    pub rule: &'static str,
    /// 1 for a column as such, otherwise the values that tripped the rule.
    pub count: u64,
}

impl ColumnFate {
    /// A column that may not be here.
    pub(in crate::ingest) fn refused(source: &str, file: &str, column: &str, detector: &'static Detector) -> Self {
        let [source, file, column] = [source, file, column].map(str::to_owned);
        Self { source, file, column, fate: Refused, rule: detector.id, count: 1 }
    }
}

/// The gate's report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateReport {
    /// In order of source and file, then of the columns.
    pub columns: Vec<ColumnFate>,
}

/// Refusals listed in an error; the report has all.
const LISTED: usize = 20;

impl GateReport {
    /// The refusals.
    pub fn refusals(&self) -> impl Iterator<Item = &ColumnFate> {
        self.columns.iter().filter(|column| column.fate == Refused)
    }

    /// Whether anything is refused.
    pub fn refuses(&self) -> bool {
        self.refusals().next().is_some()
    }

    /// Stops a source that may not be read.
    pub(in crate::ingest) fn check(&self) -> Result<(), IngestError> {
        if self.refuses() { Err(IngestError::Refused { gate: self.clone() }) } else { Ok(()) }
    }

    /// The refusals in words, without any value, and what to do.
    pub fn complaint(&self) -> String {
        let all: Vec<&ColumnFate> = self.refusals().collect();
        let mut lines: Vec<String> = all.iter().take(LISTED).map(|column| in_words(column)).collect();
        if all.len() > LISTED {
            lines.push(format!("and {} more; `relief check` lists all", all.len() - LISTED));
        }
        let hints: BTreeMap<&str, &str> = all.iter().map(|column| (column.rule, hint(column.rule))).collect();
        lines.extend(hints.iter().take(LISTED).map(|(rule, hint)| format!("hint: {rule}: {hint}")));
        lines.push("hint: `relief check --explain RULE` says why".to_owned());
        lines.join("\n")
    }
}

fn in_words(column: &ColumnFate) -> String {
    let ColumnFate { source, file, column, rule, count, .. } = column;
    let what = Detector::find(rule).map_or("something identifying", |detector| detector.what);
    let times = if rule.starts_with("column-") { String::new() } else { format!(", {count} times") };
    format!("refused: {what} in column `{column}` of `{file}` (source `{source}`, rule `{rule}`{times})")
}

fn hint(rule: &str) -> &'static str {
    Detector::find(rule).map_or("", |detector| detector.hint)
}

/// What identifying values were met, by column and detector.
#[derive(Debug, Default)]
pub(in crate::ingest) struct Hits(BTreeMap<(String, &'static str), u64>);

impl Hits {
    /// Counts one value.
    pub(in crate::ingest) fn add(&mut self, column: impl Into<String>, detector: &'static Detector) {
        self.add_times(column, detector, 1);
    }

    /// Counts `times` values.
    pub(in crate::ingest) fn add_times(&mut self, column: impl Into<String>, detector: &'static Detector, times: u64) {
        if times > 0 {
            *self.0.entry((column.into(), detector.id)).or_default() += times;
        }
    }

    /// Adds what another block met.
    pub(in crate::ingest) fn merge(&mut self, other: Self) {
        for (key, times) in other.0 {
            *self.0.entry(key).or_default() += times;
        }
    }

    /// As refusals of a file's columns.
    pub(in crate::ingest) fn refusals<'h>(
        &'h self,
        source: &'h str,
        file: &'h str,
    ) -> impl Iterator<Item = ColumnFate> + 'h {
        self.0.iter().map(|((column, rule), &count)| ColumnFate {
            source: source.to_owned(),
            file: file.to_owned(),
            column: column.clone(),
            fate: Refused,
            rule,
            count,
        })
    }
}
