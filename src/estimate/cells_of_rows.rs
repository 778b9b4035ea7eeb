//! Rows of the analysis set → the cells they are counted in.

use std::collections::BTreeMap;

use polars::frame::DataFrame;
use polars::prelude::{DataType, Expr, Int32Chunked, IntoLazy, PolarsError, StringChunked};

use super::period::quarter;
use super::scan::{Counting, Split};
use super::tally::{FineCell, SplitCell};
use crate::model::calendar::Period;
use crate::model::horizon::HORIZONS;

/// Stands for "this row is in no cell of the split".
pub(super) const NO_CELL: u32 = u32::MAX;

/// The level of a covariate nobody recorded.
const UNKNOWN: i32 = -1;

/// A cell rows are counted in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    /// By period, site, condition and horizon.
    Fine(FineCell),
    /// Of a further split.
    Split(SplitCell),
}

/// Numbers for cells, given when a cell is first seen.
pub(super) struct Cells<'a> {
    counting: &'a Counting<'a>,
    /// Cells by number.
    pub(super) known: Vec<Cell>,
    /// Of the first horizon.
    numbers: BTreeMap<Cell, u32>,
}

/// Each row's cell number.
type OfRows = Vec<u32>;

impl<'a> Cells<'a> {
    pub(super) fn new(counting: &'a Counting<'a>) -> Self {
        Self { counting, known: Vec::new(), numbers: BTreeMap::new() }
    }

    /// Each row's cell numbers: in the fine cells first, then in every split. A
    /// split a patient is in several times over has as many columns.
    pub(super) fn of_rows(&mut self, frame: &DataFrame) -> Result<Vec<OfRows>, PolarsError> {
        let rows = Rows::of(frame, self.counting)?;
        let mut all = vec![self.fine(frame, &rows)?];
        for (split, kind) in self.counting.splits.iter().enumerate() {
            match kind {
                Split::AnyCondition => all.extend(self.by_any_condition(split, frame, &rows)?),
                Split::Covariates(expressions) => all.push(self.by_covariates(split, expressions, frame, &rows)?),
            }
        }
        Ok(all)
    }

    /// The rows of a series follow each other and differ in the horizon only, so
    /// the words are looked up once a series.
    fn fine(&mut self, frame: &DataFrame, rows: &Rows) -> Result<OfRows, PolarsError> {
        let site = text(frame, "site")?;
        let mut known = Recent::default();
        let sites = self.counting.sites;
        let numbers = site.iter().enumerate().map(|(row, site)| {
            let condition = rows.condition[row];
            let site = site.and_then(|site| sites.iter().position(|known| known == site));
            let site = site.expect("the snapshot lists every site");
            let (period, horizon) = (rows.period[row], rows.horizon[row]);
            known.number(&(site, condition, period), horizon, || {
                self.number(|horizon| Cell::Fine(FineCell { period, site, condition, horizon }))
            })
        });
        Ok(numbers.collect())
    }

    fn by_any_condition(&mut self, split: usize, frame: &DataFrame, rows: &Rows) -> Result<Vec<OfRows>, PolarsError> {
        let conditions = self.counting.conditions.conditions();
        let position = |code: &str| conditions.iter().position(|known| known.code == code);
        let mut columns: Vec<OfRows> = Vec::new();
        let mut known: Vec<Recent<(usize, Option<Period>)>> = Vec::new();
        let mut last: (&str, Vec<usize>) = ("", vec![]);
        for (row, written) in text(frame, "conditions")?.iter().enumerate() {
            let written = written.unwrap_or_default();
            if last.0 != written {
                last = (written, written.split(';').filter_map(position).collect());
            }
            // A patient without a diagnosis is counted under `other`.
            let alone = [rows.condition[row]];
            let members = if written.is_empty() { &alone[..] } else { &last.1 };
            for (at, &member) in members.iter().enumerate() {
                if columns.len() == at {
                    columns.push(vec![NO_CELL; frame.height()]);
                    known.push(Recent::default());
                }
                let (period, horizon) = (rows.cohort(row), rows.horizon[row]);
                columns[at][row] = known[at].number(&(member, period), horizon, || {
                    let level = vec![i32::try_from(member).expect("a pack has few conditions")];
                    self.number(|horizon| Cell::Split(SplitCell { split, level: level.clone(), period, horizon }))
                });
            }
        }
        Ok(columns)
    }

    fn by_covariates(
        &mut self,
        split: usize,
        expressions: &[Expr],
        frame: &DataFrame,
        rows: &Rows,
    ) -> Result<OfRows, PolarsError> {
        let named = |(at, expression): (usize, &Expr)| expression.clone().cast(DataType::Int32).alias(at.to_string());
        let wanted: Vec<Expr> = expressions.iter().enumerate().map(named).collect();
        let values = frame.clone().lazy().select(wanted).collect()?;
        let columns: Vec<&Int32Chunked> =
            values.columns().iter().map(|column| column.i32()).collect::<Result<_, _>>()?;
        let groups = groups(self.counting);
        let mut known = Recent::default();
        let mut numbers = Vec::with_capacity(frame.height());
        let mut words: (Vec<i32>, Option<Period>) = (Vec::new(), None);
        for row in 0..frame.height() {
            words.0.clear();
            words.0.extend(columns.iter().map(|column| column.get(row).unwrap_or(UNKNOWN)));
            words.0.push(groups[rows.condition[row]]);
            words.1 = rows.cohort(row);
            let horizon = rows.horizon[row];
            numbers.push(known.number(&words, horizon, || {
                let (level, period) = &words;
                self.number(|horizon| Cell::Split(SplitCell { split, level: level.clone(), period: *period, horizon }))
            }));
        }
        Ok(numbers)
    }

    /// The number of the first horizon's cell; those of the other horizons follow it.
    fn number(&mut self, cell: impl Fn(usize) -> Cell) -> u32 {
        let first = cell(0);
        if let Some(&number) = self.numbers.get(&first) {
            return number;
        }
        let next = u32::try_from(self.known.len()).expect("fewer cells than people");
        self.known.extend((0..HORIZONS.len()).map(cell));
        self.numbers.insert(first, next);
        next
    }
}

/// The report group of each condition, numbered in the order of the pack.
fn groups(counting: &Counting<'_>) -> Vec<i32> {
    let conditions = counting.conditions.conditions();
    let first = |group: &str| conditions.iter().position(|other| other.group == group).unwrap_or_default();
    conditions
        .iter()
        .map(|condition| i32::try_from(first(&condition.group)).expect("a pack has few conditions"))
        .collect()
}

/// The number of the series last looked at: its rows follow each other.
struct Recent<Words> {
    words: Option<Words>,
    number: u32,
}

impl<Words> Default for Recent<Words> {
    fn default() -> Self {
        Self { words: None, number: 0 }
    }
}

impl<Words: PartialEq + Clone> Recent<Words> {
    fn number(&mut self, words: &Words, horizon: usize, look_up: impl FnOnce() -> u32) -> u32 {
        if self.words.as_ref() != Some(words) {
            self.words = Some(words.clone());
            self.number = look_up();
        }
        self.number + u32::try_from(horizon).expect("four horizons")
    }
}

/// What every split needs of each row.
struct Rows {
    period: Vec<Option<Period>>,
    condition: Vec<usize>,
    horizon: Vec<usize>,
}

impl Rows {
    fn of(frame: &DataFrame, counting: &Counting<'_>) -> Result<Self, PolarsError> {
        let conditions = counting.conditions.conditions();
        let condition = |code: &str| conditions.iter().position(|known| known.code == code);
        let horizon = |id: &str| HORIZONS.iter().position(|known| known.id == id);
        Ok(Self {
            period: looked_up(text(frame, "index_period")?, |period| period.and_then(Period::parse)),
            condition: looked_up(text(frame, "condition")?, |code| {
                code.and_then(condition).expect("derivation writes codes of the pack")
            }),
            horizon: looked_up(text(frame, "horizon")?, |id| {
                id.and_then(horizon).expect("derivation writes known horizons")
            }),
        })
    }
}

impl Rows {
    /// The quarter of a row: no cohort that is split further is finer.
    fn cohort(&self, row: usize) -> Option<Period> {
        self.period[row].map(|period| quarter(period).unwrap_or(period))
    }
}

/// The meaning of every word, looked up anew only where the word changes.
fn looked_up<Meaning: Copy>(words: &StringChunked, mean: impl Fn(Option<&str>) -> Meaning) -> Vec<Meaning> {
    let mut last: Option<(Option<&str>, Meaning)> = None;
    let meanings = words.iter().map(|word| match last {
        Some((known, meaning)) if known == word => meaning,
        _ => {
            let meaning = mean(word);
            last = Some((word, meaning));
            meaning
        }
    });
    meanings.collect()
}

fn text<'f>(frame: &'f DataFrame, name: &str) -> Result<&'f StringChunked, PolarsError> {
    frame.column(name)?.str()
}
