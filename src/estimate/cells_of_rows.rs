//! Rows of the analysis set → the cells they are counted in.

use std::collections::HashMap;

use polars::frame::DataFrame;
use polars::prelude::{Column, DataType, Expr, IntoLazy, PolarsError};

use super::period::quarter;
use super::scan::{Counting, Split};
use super::tally::{FineCell, SplitCell};
use crate::model::calendar::Period;
use crate::model::horizon::HORIZONS;

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
    fine: Numbers,
    /// By split.
    splits: Vec<Numbers>,
}

/// Of the first horizon's cell, by its levels and its period; those of the other
/// horizons follow it.
#[derive(Default)]
struct Numbers(HashMap<Vec<i32>, u32>);

impl Numbers {
    /// The number of a cell; `add` gives it one when it is first seen.
    fn of(&mut self, levels: &[i32], add: impl FnOnce() -> u32) -> u32 {
        if let Some(number) = self.0.get(levels) {
            return *number;
        }
        let number = add();
        self.0.insert(levels.to_vec(), number);
        number
    }
}

/// The cells of a row group's rows.
///
/// The rows of a series follow each other, one a horizon, and differ in nothing
/// the fine cells and conditions are made of: these are looked up once a series.
pub(super) struct CellsOfRows {
    /// Where the cells of each series end.
    ends: Vec<u32>,
    /// By series: the numbers of its cells at the first horizon.
    series: Vec<u32>,
    /// By split that need not be the same at every horizon: the number of each row's cell.
    rows: Vec<Vec<u32>>,
}

impl CellsOfRows {
    /// The numbers of the cells row `row` is counted in.
    pub(super) fn of(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        let (series, horizon) = (row / HORIZONS.len(), row % HORIZONS.len());
        let start = series.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        let shared = self.series[start..self.ends[series] as usize].iter();
        shared.map(move |first| *first as usize + horizon).chain(self.rows.iter().map(move |rows| rows[row] as usize))
    }
}

impl<'a> Cells<'a> {
    pub(super) fn new(counting: &'a Counting<'a>) -> Self {
        let splits = counting.splits.iter().map(|_| Numbers::default()).collect();
        Self { counting, known: Vec::new(), fine: Numbers::default(), splits }
    }

    /// Each row's cell numbers, in the fine cells and in every split: a patient may
    /// be several times over in one.
    pub(super) fn of_rows(&mut self, frame: &DataFrame) -> Result<CellsOfRows, PolarsError> {
        assert_eq!(frame.height() % HORIZONS.len(), 0, "a series has a row for every horizon");
        let series = Series::of(frame, self.counting)?;
        let mut cells = CellsOfRows { ends: Vec::new(), series: Vec::new(), rows: Vec::new() };
        for at in 0..series.site.len() {
            cells.series.push(self.fine(at, &series));
            for (split, kind) in self.counting.splits.iter().enumerate() {
                if matches!(kind, Split::AnyCondition) {
                    self.by_any_condition(split, at, &series, &mut cells.series);
                }
            }
            cells.ends.push(u32::try_from(cells.series.len()).expect("a row group is small"));
        }
        for (split, kind) in self.counting.splits.iter().enumerate() {
            if let Split::Covariates(expressions) = kind {
                cells.rows.push(self.by_covariates(split, expressions, frame, &series)?);
            }
        }
        Ok(cells)
    }

    fn fine(&mut self, at: usize, series: &Series) -> u32 {
        let (site, condition, period) = (series.site[at], series.condition[at], series.period[at]);
        let known = &mut self.known;
        self.fine.of(&[level(site), level(condition), number(period)], || {
            added(known, |horizon| Cell::Fine(FineCell { period, site, condition, horizon }))
        })
    }

    fn by_any_condition(&mut self, split: usize, at: usize, series: &Series, cells: &mut Vec<u32>) {
        let (numbers, known) = (&mut self.splits[split], &mut self.known);
        // A patient without a diagnosis is counted under `other`.
        let alone = [level(series.condition[at])];
        let listed = &series.lists[series.conditions[at]];
        let mut levels = Vec::new();
        for &member in if listed.is_empty() { &alone[..] } else { listed } {
            levels.clear();
            levels.push(member);
            cells.push(numbered(split, &mut levels, series.cohort[at], numbers, known));
        }
    }

    fn by_covariates(
        &mut self,
        split: usize,
        expressions: &[Expr],
        frame: &DataFrame,
        series: &Series,
    ) -> Result<Vec<u32>, PolarsError> {
        let named = |(at, expression): (usize, &Expr)| expression.clone().cast(DataType::Int32).alias(at.to_string());
        let wanted: Vec<Expr> = expressions.iter().enumerate().map(named).collect();
        let answers = frame.clone().lazy().select(wanted).collect()?;
        let values = |column: &Column| {
            Ok::<_, PolarsError>(column.i32()?.iter().map(|value| value.unwrap_or(UNKNOWN)).collect::<Vec<_>>())
        };
        let columns = answers.columns().iter().map(values).collect::<Result<Vec<_>, _>>()?;
        let groups = groups(self.counting);
        let (numbers, known) = (&mut self.splits[split], &mut self.known);
        let mut all: Vec<u32> = Vec::with_capacity(frame.height());
        let mut levels = Vec::new();
        for row in 0..frame.height() {
            let (at, horizon) = (row / HORIZONS.len(), row % HORIZONS.len());
            let same = horizon > 0 && columns.iter().all(|column| column[row] == column[row - 1]);
            if same {
                all.push(all[row - 1] + 1);
                continue;
            }
            levels.clear();
            levels.extend(columns.iter().map(|column| column[row]));
            levels.push(groups[series.condition[at]]);
            let first = numbered(split, &mut levels, series.cohort[at], numbers, known);
            all.push(first + u32::try_from(horizon).expect("four horizons"));
        }
        Ok(all)
    }
}

/// The number of a split's cell at the first horizon.
fn numbered(
    split: usize,
    levels: &mut Vec<i32>,
    period: Option<Period>,
    numbers: &mut Numbers,
    known: &mut Vec<Cell>,
) -> u32 {
    let of_split = levels.len();
    levels.push(number(period));
    numbers.of(levels, || {
        let level = &levels[..of_split];
        added(known, |horizon| Cell::Split(SplitCell { split, level: level.to_vec(), period, horizon }))
    })
}

/// A whole number for a period: one of its own.
fn number(period: Option<Period>) -> i32 {
    match period {
        None => i32::MIN,
        Some(Period::Year(year)) => year * 32,
        Some(Period::Quarter(year, quarter)) => year * 32 + i32::try_from(quarter).expect("1 to 4"),
        Some(Period::Month(year, month)) => year * 32 + 8 + i32::try_from(month).expect("1 to 12"),
    }
}

/// Adds a cell for each horizon; the number of the first.
fn added(known: &mut Vec<Cell>, cell: impl Fn(usize) -> Cell) -> u32 {
    let first = u32::try_from(known.len()).expect("fewer cells than people");
    known.extend((0..HORIZONS.len()).map(cell));
    first
}

/// The level of a condition or site.
fn level(position: usize) -> i32 {
    i32::try_from(position).expect("a pack has few conditions")
}

/// The report group of each condition, numbered in the order of the pack.
fn groups(counting: &Counting<'_>) -> Vec<i32> {
    let conditions = counting.conditions.conditions();
    let first = |group: &str| conditions.iter().position(|other| other.group == group).unwrap_or_default();
    conditions.iter().map(|condition| level(first(&condition.group))).collect()
}

/// What every split needs of each series.
struct Series {
    site: Vec<usize>,
    period: Vec<Option<Period>>,
    /// The quarter of a series: no cohort that is split further is finer.
    cohort: Vec<Option<Period>>,
    condition: Vec<usize>,
    /// Which of the lists has all its conditions.
    conditions: Vec<usize>,
    lists: Vec<Vec<i32>>,
}

impl Series {
    fn of(frame: &DataFrame, counting: &Counting<'_>) -> Result<Self, PolarsError> {
        let conditions = counting.conditions.conditions();
        let position = |code: &str| conditions.iter().position(|known| known.code == code);
        let site = |code: &str| counting.sites.iter().position(|known| known == code);
        let parse = |period: Option<&str>| period.and_then(Period::parse);
        let mut lists: Vec<Vec<i32>> = Vec::new();
        let mut list = |written: Option<&str>| {
            lists.push(written.unwrap_or_default().split(';').filter_map(position).map(level).collect());
            lists.len() - 1
        };
        let period = of_series(frame, "index_period", parse)?;
        Ok(Self {
            site: of_series(frame, "site", |code| code.and_then(site).expect("the snapshot lists every site"))?,
            cohort: period.iter().map(|period| period.map(|period| quarter(period).unwrap_or(period))).collect(),
            period,
            condition: of_series(frame, "condition", |code| {
                code.and_then(position).expect("derivation writes codes of the pack")
            })?,
            conditions: of_series(frame, "conditions", &mut list)?,
            lists,
        })
    }
}

/// The meaning of every series' word, each looked up once.
fn of_series<Meaning: Copy>(
    frame: &DataFrame,
    name: &str,
    mut mean: impl FnMut(Option<&str>) -> Meaning,
) -> Result<Vec<Meaning>, PolarsError> {
    let words = frame.column(name)?.str()?.rechunk();
    let words = words.downcast_as_array();
    let mut known: HashMap<Option<&str>, Meaning> = HashMap::new();
    let series = (0..words.len()).step_by(HORIZONS.len()).map(|row| words.get(row));
    Ok(series.map(|word| *known.entry(word).or_insert_with(|| mean(word))).collect())
}
