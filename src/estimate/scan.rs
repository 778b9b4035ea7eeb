//! Analysis set → tallies, a row group at a time.
//!
//! Polars evaluates the measures' expressions; counting is ours (see
//! `expression`). A row group is read, counted and forgotten, so memory does
//! not grow with the number of patients.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::frame::DataFrame;
use polars::io::SerReader;
use polars::prelude::{
    BooleanChunked, DataType, Expr, Int32Chunked, IntoLazy, ParallelStrategy, ParquetReader, PolarsError,
    StringChunked, lit,
};

use super::expression::{Compiled, Outcome};
use super::tally::{FineCell, Pair, Tallies, Tally};
use crate::model::calendar::Period;
use crate::model::horizon::HORIZONS;
use crate::protocol::ConditionPack;

/// Columns a row's cell is read from.
const CELL_COLUMNS: [&str; 4] = ["index_period", "site", "condition", "horizon"];

/// Why the analysis set could not be counted.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The file cannot be read.
    #[error("cannot read the analysis set `{}` ({problem})\nhint: run again; the analysis set is derived anew", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        problem: String,
    },
}

/// What to count.
#[derive(Clone, Copy, Debug)]
pub struct Counting<'a> {
    /// Measures, checked.
    pub measures: &'a [Compiled],
    /// Site codes, sorted.
    pub sites: &'a [String],
    /// Condition vocabulary.
    pub conditions: &'a ConditionPack,
}

/// Counts every measure in every cell of the analysis set at `path`.
///
/// The result does not depend on `threads`: counts are whole numbers.
///
/// # Errors
/// A file that cannot be read or lacks a column of the analysis set.
pub fn count(path: &Path, counting: &Counting<'_>, threads: usize) -> Result<Tallies, ScanError> {
    let unreadable = |problem: String| ScanError::Unreadable { path: path.to_owned(), problem };
    let groups = row_groups(path).map_err(|error| unreadable(error.to_string()))?;
    let job = Job { path, counting, groups, next: AtomicUsize::new(0) };
    let partials = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(|| job.work())).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).collect::<Result<Vec<_>, _>>()
    });
    let mut total = Tallies { sites: counting.sites.to_vec(), ..Tallies::default() };
    for partial in partials.map_err(|error| unreadable(error.to_string()))? {
        total.add(partial);
    }
    Ok(total)
}

/// First row and length of each row group.
fn row_groups(path: &Path) -> Result<Vec<(usize, usize)>, PolarsError> {
    let mut reader = ParquetReader::new(File::open(path)?);
    let mut first = 0;
    let groups = reader.get_metadata()?.row_groups.iter().map(|group| {
        let range = (first, group.num_rows());
        first += group.num_rows();
        range
    });
    Ok(groups.filter(|(_, rows)| *rows > 0).collect())
}

/// The work shared by all threads.
struct Job<'a> {
    path: &'a Path,
    counting: &'a Counting<'a>,
    groups: Vec<(usize, usize)>,
    next: AtomicUsize,
}

impl Job<'_> {
    fn work(&self) -> Result<Tallies, PolarsError> {
        let mut counter = Counter::new(self.counting);
        while let Some(&group) = self.groups.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let frame = self.read(group)?;
            counter.add(&frame)?;
        }
        Ok(counter.finish())
    }

    fn read(&self, group: (usize, usize)) -> Result<DataFrame, PolarsError> {
        ParquetReader::new(File::open(self.path)?)
            .with_columns(Some(columns(self.counting.measures)))
            .with_slice(Some(group))
            .read_parallel(ParallelStrategy::None)
            .finish()
    }
}

/// The columns the measures and the cells need.
fn columns(measures: &[Compiled]) -> Vec<String> {
    let mut names: Vec<String> = CELL_COLUMNS.iter().map(ToString::to_string).collect();
    for expression in measures.iter().flat_map(expressions) {
        names.extend(expression.into_iter().filter_map(|node| match node {
            Expr::Column(name) => Some(name.to_string()),
            _ => None,
        }));
    }
    names.sort();
    names.dedup();
    names
}

fn expressions(measure: &Compiled) -> Vec<&Expr> {
    let mut all = vec![&measure.eligible, &measure.observed];
    match &measure.outcome {
        Outcome::Condition(outcome) => all.push(outcome),
        Outcome::Pair { baseline, follow_up } => all.extend([baseline, follow_up]),
    }
    all
}

/// One thread's counts.
struct Counter<'a> {
    counting: &'a Counting<'a>,
    cells: Cells<'a>,
    tallies: Vec<Vec<Tally>>,
}

impl<'a> Counter<'a> {
    fn new(counting: &'a Counting<'a>) -> Self {
        Self { counting, cells: Cells::new(counting), tallies: Vec::new() }
    }

    fn add(&mut self, frame: &DataFrame) -> Result<(), PolarsError> {
        let cells = self.cells.of_rows(frame)?;
        let measures = self.counting.measures;
        self.tallies.resize_with(self.cells.known.len(), || vec![Tally::default(); measures.len()]);
        let evaluated = frame.clone().lazy().select(wanted(measures)).collect()?;
        for (index, measure) in measures.iter().enumerate() {
            let column = |what: &str| evaluated.column(&name(index, what));
            self.count(&cells, column("eligible")?.bool()?, |tallies, n| tallies[index].eligible += n);
            self.count(&cells, column("observed")?.bool()?, |tallies, n| tallies[index].observed += n);
            match measure.outcome {
                Outcome::Condition(_) => {
                    self.count(&cells, column("outcome")?.bool()?, |tallies, n| tallies[index].outcome += n);
                }
                Outcome::Pair { .. } => {
                    let scores = [column("baseline")?.i32()?, column("follow_up")?.i32()?];
                    self.add_pairs(index, column("observed")?.bool()?, scores, &cells);
                }
            }
        }
        Ok(())
    }

    /// Adds the rows a mask holds to their cells. Counting into a plain array
    /// first keeps the inner loop in the processor's cache.
    fn count(&mut self, cells: &[u32], mask: &BooleanChunked, add: impl Fn(&mut [Tally], u64)) {
        let mut counts = vec![0_u64; self.tallies.len()];
        for_each_row(mask, |row| counts[cells[row] as usize] += 1);
        for (tallies, count) in self.tallies.iter_mut().zip(counts).filter(|(_, count)| *count > 0) {
            add(tallies, count);
        }
    }

    /// Sorts the pairs of a row group, so that each cell takes its share at once.
    fn add_pairs(
        &mut self,
        index: usize,
        observed: &BooleanChunked,
        [before, after]: [&Int32Chunked; 2],
        cells: &[u32],
    ) {
        let mut rows = Vec::new();
        for_each_row(observed, |row| {
            let scores = before.get(row).zip(after.get(row)).expect("observed means that both scores are known");
            rows.push((cells[row], scores));
        });
        rows.sort_unstable();
        let mut pairs = Vec::new();
        for of_cell in rows.chunk_by(|a, b| a.0 == b.0) {
            let runs = of_cell.chunk_by(|a, b| a == b);
            pairs.clear();
            pairs.extend(runs.map(|run| Pair { baseline: run[0].1.0, follow_up: run[0].1.1, count: run.len() as u64 }));
            self.tallies[of_cell[0].0 as usize][index].pairs.add_sorted(&pairs);
        }
    }

    fn finish(self) -> Tallies {
        Tallies { sites: Vec::new(), cells: self.cells.known.into_iter().zip(self.tallies).collect() }
    }
}

/// Calls `visit` with the number of every row a mask holds.
fn for_each_row(mask: &BooleanChunked, mut visit: impl FnMut(usize)) {
    debug_assert_eq!(mask.null_count(), 0, "unknown conditions were made false");
    let mut first = 0;
    for chunk in mask.downcast_iter() {
        chunk.values().true_idx_iter().for_each(|row| visit(first + row));
        first += chunk.len();
    }
}

/// Numbers for cells, given when a cell is first seen.
struct Cells<'a> {
    counting: &'a Counting<'a>,
    known: Vec<FineCell>,
    numbers: BTreeMap<FineCell, u32>,
}

impl<'a> Cells<'a> {
    fn new(counting: &'a Counting<'a>) -> Self {
        Self { counting, known: Vec::new(), numbers: BTreeMap::new() }
    }

    /// Each row's cell number. The rows of a series follow each other and differ
    /// in the horizon only, so the words are looked up once a series.
    fn of_rows(&mut self, frame: &DataFrame) -> Result<Vec<u32>, PolarsError> {
        let [period, site, condition, horizon] = CELL_COLUMNS.map(|name| text(frame, name));
        let series = period?.iter().zip(site?.iter()).zip(condition?.iter());
        let mut last = None;
        let mut numbers: [Option<u32>; HORIZONS.len()] = [None; HORIZONS.len()];
        let rows = series.zip(horizon?.iter()).map(|(((period, site), condition), horizon)| {
            let words = [period, site, condition];
            if last != Some(words) {
                last = Some(words);
                numbers = [None; HORIZONS.len()];
            }
            let horizon =
                HORIZONS.iter().position(|known| Some(known.id) == horizon).expect("derivation writes known horizons");
            *numbers[horizon].get_or_insert_with(|| self.number(self.cell(words, horizon)))
        });
        Ok(rows.collect())
    }

    fn cell(&self, [period, site, condition]: [Option<&str>; 3], horizon: usize) -> FineCell {
        let conditions = self.counting.conditions.conditions();
        let site = site.and_then(|site| self.counting.sites.iter().position(|known| known == site));
        let condition = condition.and_then(|code| conditions.iter().position(|known| known.code == code));
        FineCell {
            period: period.and_then(Period::parse),
            site: site.expect("the snapshot lists every site"),
            condition: condition.expect("derivation writes codes of the pack"),
            horizon,
        }
    }

    fn number(&mut self, cell: FineCell) -> u32 {
        let next = u32::try_from(self.known.len()).expect("fewer cells than people");
        let number = *self.numbers.entry(cell).or_insert(next);
        if number == next {
            self.known.push(cell);
        }
        number
    }
}

fn name(measure: usize, what: &str) -> String {
    format!("{measure}.{what}")
}

/// Everything to evaluate, for all measures at once. A condition that is
/// unknown does not hold; observed implies eligible, and outcome observed.
fn wanted(measures: &[Compiled]) -> Vec<Expr> {
    let holds = |expression: &Expr| expression.clone().fill_null(lit(false));
    let mut all = Vec::new();
    for (index, measure) in measures.iter().enumerate() {
        let eligible = holds(&measure.eligible);
        let scores_known = match &measure.outcome {
            Outcome::Condition(_) => None,
            Outcome::Pair { baseline, follow_up } => {
                Some(baseline.clone().is_not_null().and(follow_up.clone().is_not_null()))
            }
        };
        let observed =
            [Some(holds(&measure.observed)), scores_known].into_iter().flatten().fold(eligible.clone(), Expr::and);
        all.push(eligible.alias(name(index, "eligible")));
        all.push(observed.clone().alias(name(index, "observed")));
        match &measure.outcome {
            Outcome::Condition(outcome) => all.push(observed.and(holds(outcome)).alias(name(index, "outcome"))),
            Outcome::Pair { baseline, follow_up } => {
                all.push(baseline.clone().cast(DataType::Int32).alias(name(index, "baseline")));
                all.push(follow_up.clone().cast(DataType::Int32).alias(name(index, "follow_up")));
            }
        }
    }
    all
}

fn text<'f>(frame: &'f DataFrame, name: &str) -> Result<&'f StringChunked, PolarsError> {
    frame.column(name)?.str()
}
