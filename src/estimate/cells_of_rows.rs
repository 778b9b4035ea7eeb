//! Rows of the analysis set → the cells they are counted in.

use polars::frame::DataFrame;
use polars::prelude::{Column, DataType, Expr, IntoLazy, PlHashMap, PolarsError};

use super::period::quarter;
use super::scan::{Counting, Split};
use super::tally::{FineCell, SplitCell};
use crate::model::calendar::Period;
use crate::model::horizon::HORIZONS;

/// The level of a covariate nobody recorded.
const UNKNOWN: i32 = -1;

/// A cell rows are counted in; as a thread numbers them, a fine one has the period
/// as recorded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    /// By period, site, condition and horizon.
    Fine(FineCell),
    /// Of a further split.
    Split(SplitCell),
}

impl Cell {
    /// The cells of the result its rows belong to: of a fine one the quarter's, and
    /// the period's where that split is counted.
    pub(super) fn counted_in(&self, by_period: Option<usize>) -> [Option<Self>; 2] {
        let Self::Fine(fine) = self else { return [Some(self.clone()), None] };
        let of_quarter = FineCell { period: fine.period.map(|period| quarter(period).unwrap_or(period)), ..*fine };
        let FineCell { period, horizon, .. } = *fine;
        let of_period = |split| Self::Split(SplitCell { split, level: vec![level(fine.site)], period, horizon });
        [Some(Self::Fine(of_quarter)), by_period.map(of_period)]
    }
}

/// Numbers for cells, given when a cell is first seen: of the first horizon's cell;
/// those of the other horizons follow it.
pub(super) struct Cells<'a> {
    counting: &'a Counting<'a>,
    /// Cells by number.
    pub(super) known: Vec<Cell>,
    /// Periods in the order they were seen.
    periods: Vec<Option<Period>>,
    /// By period, site and condition.
    fine: Numbers,
    /// By period and condition.
    others: Numbers,
    /// By split, and within it by period and levels.
    strata: Vec<PlHashMap<Vec<i32>, u32>>,
}

/// Numbers by position; most of the positions are soon taken.
#[derive(Default)]
struct Numbers(Vec<Option<u32>>);

impl Numbers {
    /// The number at a position; `add` gives it one when it is first seen.
    fn of(&mut self, at: usize, add: impl FnOnce() -> u32) -> u32 {
        if at >= self.0.len() {
            self.0.resize(at + 1, None);
        }
        *self.0[at].get_or_insert_with(add)
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
        Self {
            counting,
            known: Vec::new(),
            periods: Vec::new(),
            fine: Numbers::default(),
            others: Numbers::default(),
            strata: vec![PlHashMap::default(); counting.splits.len()],
        }
    }

    /// Each row's cell numbers, in the fine cells and in every split: a patient may
    /// be several times over in one.
    pub(super) fn of_rows(&mut self, frame: &DataFrame) -> Result<CellsOfRows, PolarsError> {
        assert_eq!(frame.height() % HORIZONS.len(), 0, "a series has a row for every horizon");
        let series = Series::of(frame, self.counting, &mut self.periods)?;
        let mut cells = CellsOfRows { ends: Vec::new(), series: Vec::new(), rows: Vec::new() };
        let any_condition = any_condition(self.counting);
        for at in 0..series.site.len() {
            cells.series.push(self.fine(at, &series));
            if let Some(split) = any_condition {
                self.other_conditions(split, at, &series, &mut cells.series);
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
        let (site, condition) = (series.site[at], series.condition[at]);
        let Counting { sites, conditions, .. } = self.counting;
        let place = (series.period[at] * sites.len() + site) * conditions.conditions().len() + condition;
        let (known, period) = (&mut self.known, self.periods[series.period[at]]);
        self.fine.of(place, || added(known, |horizon| Cell::Fine(FineCell { period, site, condition, horizon })))
    }

    /// By the conditions beside the one the patient is counted under: that one's
    /// cells are sums of fine cells (see `Total::finish`).
    fn other_conditions(&mut self, split: usize, at: usize, series: &Series, cells: &mut Vec<u32>) {
        let (known, period) = (&mut self.known, self.periods[series.cohort[at]]);
        let primary = series.condition[at];
        for &other in series.lists[series.conditions[at]].iter().filter(|other| **other != primary) {
            let place = series.cohort[at] * self.counting.conditions.conditions().len() + other;
            let cell = |horizon| Cell::Split(SplitCell { split, level: vec![level(other)], period, horizon });
            cells.push(self.others.of(place, || added(known, cell)));
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
        let answers = frame.clone().lazy().select(wanted).without_optimizations().collect()?;
        let values = |column: &Column| {
            Ok::<_, PolarsError>(column.i32()?.iter().map(|value| value.unwrap_or(UNKNOWN)).collect::<Vec<_>>())
        };
        let columns = answers.columns().iter().map(values).collect::<Result<Vec<_>, _>>()?;
        let groups = groups(self.counting);
        let (numbers, known) = (&mut self.strata[split], &mut self.known);
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
            levels.push(level(series.cohort[at]));
            levels.extend(columns.iter().map(|column| column[row]));
            levels.push(groups[series.condition[at]]);
            let first = numbers.get(&levels).copied().unwrap_or_else(|| {
                let (period, level) = (self.periods[series.cohort[at]], &levels[1..]);
                let cell = |horizon| Cell::Split(SplitCell { split, level: level.to_vec(), period, horizon });
                let number = added(known, cell);
                numbers.insert(levels.clone(), number);
                number
            });
            all.push(first + u32::try_from(horizon).expect("four horizons"));
        }
        Ok(all)
    }
}

/// Position of the split by every condition a patient has.
pub(super) fn any_condition(counting: &Counting<'_>) -> Option<usize> {
    counting.splits.iter().position(|split| matches!(split, Split::AnyCondition))
}

/// Position of the split by the period as recorded.
pub(super) fn by_period(counting: &Counting<'_>) -> Option<usize> {
    counting.splits.iter().position(|split| matches!(split, Split::Period))
}

/// Adds a cell for each horizon; the number of the first.
fn added(known: &mut Vec<Cell>, cell: impl Fn(usize) -> Cell) -> u32 {
    let first = u32::try_from(known.len()).expect("fewer cells than people");
    known.extend((0..HORIZONS.len()).map(cell));
    first
}

/// A position as a level of a split.
fn level(position: usize) -> i32 {
    i32::try_from(position).expect("there are few conditions and periods")
}

/// The report group of each condition, numbered in the order of the pack.
fn groups(counting: &Counting<'_>) -> Vec<i32> {
    let conditions = counting.conditions.conditions();
    let first = |group: &str| conditions.iter().position(|other| other.group == group).unwrap_or_default();
    conditions.iter().map(|condition| level(first(&condition.group))).collect()
}

/// What every split needs of each series, all by position.
struct Series {
    site: Vec<usize>,
    period: Vec<usize>,
    /// The quarter of a series: no cohort that is split further is finer.
    cohort: Vec<usize>,
    condition: Vec<usize>,
    /// Which of the lists has all its conditions.
    conditions: Vec<usize>,
    lists: Vec<Vec<usize>>,
}

impl Series {
    fn of(frame: &DataFrame, counting: &Counting<'_>, periods: &mut Vec<Option<Period>>) -> Result<Self, PolarsError> {
        let conditions = counting.conditions.conditions();
        let position = |code: &str| conditions.iter().position(|known| known.code == code);
        let site = |code: &str| counting.sites.iter().position(|known| known == code);
        let mut lists: Vec<Vec<usize>> = Vec::new();
        let list = |written: Option<&str>| {
            lists.push(written.unwrap_or_default().split(';').filter_map(position).collect());
            lists.len() - 1
        };
        let both = of_series(frame, "index_period", |written| {
            let period = written.and_then(Period::parse);
            [period, period.map(|period| quarter(period).unwrap_or(period))].map(|period| numbered(period, periods))
        })?;
        Ok(Self {
            site: of_series(frame, "site", |code| code.and_then(site).expect("the snapshot lists every site"))?,
            period: both.iter().map(|[period, _]| *period).collect(),
            cohort: both.iter().map(|[_, cohort]| *cohort).collect(),
            condition: of_series(frame, "condition", |code| {
                code.and_then(position).expect("derivation writes codes of the pack")
            })?,
            conditions: of_series(frame, "conditions", list)?,
            lists,
        })
    }
}

fn numbered(period: Option<Period>, periods: &mut Vec<Option<Period>>) -> usize {
    periods.iter().position(|known| *known == period).unwrap_or_else(|| {
        periods.push(period);
        periods.len() - 1
    })
}

/// The meaning of every series' word, each looked up once.
fn of_series<Meaning: Copy>(
    frame: &DataFrame,
    name: &str,
    mut mean: impl FnMut(Option<&str>) -> Meaning,
) -> Result<Vec<Meaning>, PolarsError> {
    let words = frame.column(name)?.str()?.rechunk();
    let words = words.downcast_as_array();
    let mut known: PlHashMap<Option<&str>, Meaning> = PlHashMap::default();
    let series = (0..words.len()).step_by(HORIZONS.len()).map(|row| words.get(row));
    Ok(series.map(|word| *known.entry(word).or_insert_with(|| mean(word))).collect())
}
