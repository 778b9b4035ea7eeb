//! Rows of the analysis set → the cells they are counted in.

use std::collections::HashMap;
use std::hash::Hash;

use polars::frame::DataFrame;
use polars::prelude::{Column, DataType, Expr, IntoLazy, PolarsError, StringChunked};

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
    fine: Numbers<(usize, usize, Option<Period>)>,
    /// By split.
    splits: Vec<Numbers<(Vec<i32>, Option<Period>)>>,
}

/// Of the first horizon's cell, by what its words are; those of the other
/// horizons follow it.
type Numbers<Words> = HashMap<Words, u32>;

/// Each row's cell number.
type OfRows = Vec<u32>;

impl<'a> Cells<'a> {
    pub(super) fn new(counting: &'a Counting<'a>) -> Self {
        let splits = counting.splits.iter().map(|_| Numbers::new()).collect();
        Self { counting, known: Vec::new(), fine: Numbers::new(), splits }
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
        let position = |site: &str| self.counting.sites.iter().position(|known| known == site);
        let sites =
            looked_up(text(frame, "site")?, |site| site.and_then(position).expect("the snapshot lists every site"));
        let (numbers, known) = (&mut self.fine, &mut self.known);
        let mut recent = Recent::default();
        let of_row = |(row, site): (usize, usize)| {
            let (condition, period) = (rows.condition[row], rows.period[row]);
            recent.number(&(site, condition, period), rows.horizon[row], numbers, || {
                added(known, |horizon| Cell::Fine(FineCell { period, site, condition, horizon }))
            })
        };
        Ok(sites.into_iter().enumerate().map(of_row).collect())
    }

    fn by_any_condition(&mut self, split: usize, frame: &DataFrame, rows: &Rows) -> Result<Vec<OfRows>, PolarsError> {
        let conditions = self.counting.conditions.conditions();
        let position = |code: &str| conditions.iter().position(|known| known.code == code).map(level);
        let (numbers, known) = (&mut self.splits[split], &mut self.known);
        let mut lists: Vec<Vec<i32>> = Vec::new();
        let list = looked_up(text(frame, "conditions")?, |written| {
            lists.push(written.unwrap_or_default().split(';').filter_map(position).collect());
            lists.len() - 1
        });
        let mut columns: Vec<OfRows> = Vec::new();
        let mut recent: Vec<Recent<(Vec<i32>, Option<Period>)>> = Vec::new();
        let mut words = (vec![0], None);
        for (row, list) in list.into_iter().enumerate() {
            // A patient without a diagnosis is counted under `other`.
            let alone = [level(rows.condition[row])];
            let members = if lists[list].is_empty() { &alone[..] } else { &lists[list] };
            for (at, &member) in members.iter().enumerate() {
                if columns.len() == at {
                    columns.push(vec![NO_CELL; frame.height()]);
                    recent.push(Recent::default());
                }
                words.0[0] = member;
                words.1 = rows.cohort[row];
                columns[at][row] =
                    recent[at].number(&words, rows.horizon[row], numbers, || added(known, split_cell((split, &words))));
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
        let answers = frame.clone().lazy().select(wanted).collect()?;
        let values = |column: &Column| {
            Ok::<_, PolarsError>(column.i32()?.iter().map(|value| value.unwrap_or(UNKNOWN)).collect::<Vec<_>>())
        };
        let columns = answers.columns().iter().map(values).collect::<Result<Vec<_>, _>>()?;
        let groups = groups(self.counting);
        let (numbers, known) = (&mut self.splits[split], &mut self.known);
        let mut recent = Recent::default();
        let mut words = (Vec::new(), None);
        let of_row = |row: usize| {
            words.0.clear();
            words.0.extend(columns.iter().map(|column| column[row]));
            words.0.push(groups[rows.condition[row]]);
            words.1 = rows.cohort[row];
            recent.number(&words, rows.horizon[row], numbers, || added(known, split_cell((split, &words))))
        };
        Ok((0..frame.height()).map(of_row).collect())
    }
}

/// Adds a cell for each horizon; the number of the first.
fn added(known: &mut Vec<Cell>, cell: impl Fn(usize) -> Cell) -> u32 {
    let first = u32::try_from(known.len()).expect("fewer cells than people");
    known.extend((0..HORIZONS.len()).map(cell));
    first
}

fn split_cell((split, (level, period)): (usize, &(Vec<i32>, Option<Period>))) -> impl Fn(usize) -> Cell {
    move |horizon| Cell::Split(SplitCell { split, level: level.clone(), period: *period, horizon })
}

/// The level of a condition.
fn level(condition: usize) -> i32 {
    i32::try_from(condition).expect("a pack has few conditions")
}

/// The report group of each condition, numbered in the order of the pack.
fn groups(counting: &Counting<'_>) -> Vec<i32> {
    let conditions = counting.conditions.conditions();
    let first = |group: &str| conditions.iter().position(|other| other.group == group).unwrap_or_default();
    conditions.iter().map(|condition| level(first(&condition.group))).collect()
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

impl<Words: Hash + Eq + Clone> Recent<Words> {
    fn number(&mut self, words: &Words, horizon: usize, known: &mut Numbers<Words>, add: impl FnOnce() -> u32) -> u32 {
        if self.words.as_ref() != Some(words) {
            self.words = Some(words.clone());
            self.number = known.get(words).copied().unwrap_or_else(|| {
                let number = add();
                known.insert(words.clone(), number);
                number
            });
        }
        self.number + u32::try_from(horizon).expect("four horizons")
    }
}

/// What every split needs of each row.
struct Rows {
    period: Vec<Option<Period>>,
    /// The quarter of a row: no cohort that is split further is finer.
    cohort: Vec<Option<Period>>,
    condition: Vec<usize>,
    horizon: Vec<usize>,
}

impl Rows {
    fn of(frame: &DataFrame, counting: &Counting<'_>) -> Result<Self, PolarsError> {
        let conditions = counting.conditions.conditions();
        let condition = |code: &str| conditions.iter().position(|known| known.code == code);
        let parse = |period: Option<&str>| period.and_then(Period::parse);
        let horizon = |id: &str| HORIZONS.iter().position(|known| known.id == id);
        Ok(Self {
            period: looked_up(text(frame, "index_period")?, parse),
            cohort: looked_up(text(frame, "index_period")?, |period| {
                parse(period).map(|period| quarter(period).unwrap_or(period))
            }),
            condition: looked_up(text(frame, "condition")?, |code| {
                code.and_then(condition).expect("derivation writes codes of the pack")
            }),
            horizon: looked_up(text(frame, "horizon")?, |id| {
                id.and_then(horizon).expect("derivation writes known horizons")
            }),
        })
    }
}

/// The meaning of every row's word, each looked up once.
fn looked_up<Meaning: Copy>(words: &StringChunked, mut mean: impl FnMut(Option<&str>) -> Meaning) -> Vec<Meaning> {
    let mut known: HashMap<Option<&str>, Meaning> = HashMap::new();
    let mut last: Option<(Option<&str>, Meaning)> = None;
    let meanings = words.iter().map(|word| match last {
        Some((same, meaning)) if same == word => meaning,
        _ => {
            let meaning = *known.entry(word).or_insert_with(|| mean(word));
            last = Some((word, meaning));
            meaning
        }
    });
    meanings.collect()
}

fn text<'f>(frame: &'f DataFrame, name: &str) -> Result<&'f StringChunked, PolarsError> {
    frame.column(name)?.str()
}
