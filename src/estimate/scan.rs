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
    BooleanChunked, DataType, Expr, Int64Chunked, IntoLazy, ParallelStrategy, ParquetReader, PolarsError, StringChunked, lit,
};

use super::expression::{Compiled, Outcome};
use super::tally::{FineCell, Tallies, Tally};
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
    for measure in measures {
        for expression in expressions(measure) {
            names.extend(expression.into_iter().filter_map(|node| match node {
                Expr::Column(name) => Some(name.to_string()),
                _ => None,
            }));
        }
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

/// One thread's counts. Cells get a number when they are first seen.
struct Counter<'a> {
    counting: &'a Counting<'a>,
    cells: Vec<FineCell>,
    tallies: Vec<Vec<Tally>>,
}

impl<'a> Counter<'a> {
    fn new(counting: &'a Counting<'a>) -> Self {
        Self { counting, cells: Vec::new(), tallies: Vec::new() }
    }

    fn add(&mut self, frame: &DataFrame) -> Result<(), PolarsError> {
        let cells = self.cell_numbers(frame)?;
        for (index, measure) in self.counting.measures.iter().enumerate() {
            self.add_measure(index, measure, frame, &cells)?;
        }
        Ok(())
    }

    /// Each row's cell number. The rows of one series follow each other with
    /// the horizons in turn, so the answer of four rows before is tried first.
    fn cell_numbers(&mut self, frame: &DataFrame) -> Result<Vec<usize>, PolarsError> {
        let [period, site, condition, horizon] = CELL_COLUMNS.map(|name| text(frame, name));
        let rows = period?.iter().zip(site?.iter()).zip(condition?.iter()).zip(horizon?.iter());
        let mut known: BTreeMap<[Option<&str>; 4], usize> = BTreeMap::new();
        let mut numbers = Vec::with_capacity(frame.height());
        for (((period, site), condition), horizon) in rows {
            let words = [period, site, condition, horizon];
            let number = match known.get(&words) {
                Some(number) => *number,
                None => self.number(self.cell(words)),
            };
            known.insert(words, number);
            numbers.push(number);
        }
        Ok(numbers)
    }

    fn cell(&self, [period, site, condition, horizon]: [Option<&str>; 4]) -> FineCell {
        let conditions = self.counting.conditions.conditions();
        let site = site.and_then(|site| self.counting.sites.iter().position(|known| known == site));
        let condition = condition.and_then(|code| conditions.iter().position(|known| known.code == code));
        let horizon = horizon.and_then(|id| HORIZONS.iter().position(|known| known.id == id));
        FineCell {
            period: period.and_then(Period::parse),
            site: site.expect("the snapshot lists every site"),
            condition: condition.expect("derivation writes codes of the pack"),
            horizon: horizon.expect("derivation writes known horizons"),
        }
    }

    fn number(&mut self, cell: FineCell) -> usize {
        if let Some(number) = self.cells.iter().position(|known| *known == cell) {
            return number;
        }
        self.cells.push(cell);
        self.tallies.push(vec![Tally::default(); self.counting.measures.len()]);
        self.cells.len() - 1
    }

    fn add_measure(&mut self, index: usize, measure: &Compiled, frame: &DataFrame, cells: &[usize]) -> Result<(), PolarsError> {
        let evaluated = evaluate(measure, frame)?;
        let eligible = evaluated.column("eligible")?.bool()?.clone();
        let observed = evaluated.column("observed")?.bool()?.clone();
        for cell in chosen(&eligible, cells) {
            self.tallies[cell][index].eligible += 1;
        }
        for cell in chosen(&observed, cells) {
            self.tallies[cell][index].observed += 1;
        }
        match measure.outcome {
            Outcome::Condition(_) => {
                let outcome = evaluated.column("outcome")?.bool()?.clone();
                for cell in chosen(&outcome, cells) {
                    self.tallies[cell][index].outcome += 1;
                }
            }
            Outcome::Pair { .. } => {
                let baseline = evaluated.column("baseline")?.i64()?.clone();
                let follow_up = evaluated.column("follow_up")?.i64()?.clone();
                self.add_pairs(index, &observed, &baseline, &follow_up, cells);
            }
        }
        Ok(())
    }

    /// Sorting first makes one tree step of each run of equal pairs.
    fn add_pairs(&mut self, index: usize, observed: &BooleanChunked, baseline: &Int64Chunked, follow_up: &Int64Chunked, cells: &[usize]) {
        let rows = values(observed).zip(baseline.iter()).zip(follow_up.iter()).zip(cells);
        let mut pairs: Vec<(usize, i64, i64)> = rows
            .filter(|(((observed, _), _), _)| *observed)
            .filter_map(|(((_, baseline), follow_up), &cell)| Some((cell, baseline?, follow_up?)))
            .collect();
        pairs.sort_unstable();
        for run in pairs.chunk_by(|a, b| a == b) {
            let (cell, baseline, follow_up) = run[0];
            *self.tallies[cell][index].pairs.entry((baseline, follow_up)).or_default() += run.len() as u64;
        }
    }

    fn finish(self) -> Tallies {
        Tallies { sites: Vec::new(), cells: self.cells.into_iter().zip(self.tallies).collect() }
    }
}

/// A condition that is unknown does not hold; observed implies eligible, and
/// outcome implies observed.
fn evaluate(measure: &Compiled, frame: &DataFrame) -> Result<DataFrame, PolarsError> {
    let holds = |expression: &Expr| expression.clone().fill_null(lit(false));
    let eligible = holds(&measure.eligible);
    let scores_known = match &measure.outcome {
        Outcome::Condition(_) => lit(true),
        Outcome::Pair { baseline, follow_up } => baseline.clone().is_not_null().and(follow_up.clone().is_not_null()),
    };
    let observed = eligible.clone().and(holds(&measure.observed)).and(scores_known);
    let mut wanted = vec![eligible.alias("eligible"), observed.clone().alias("observed")];
    match &measure.outcome {
        Outcome::Condition(outcome) => wanted.push(observed.and(holds(outcome)).alias("outcome")),
        Outcome::Pair { baseline, follow_up } => {
            wanted.push(baseline.clone().cast(DataType::Int64).alias("baseline"));
            wanted.push(follow_up.clone().cast(DataType::Int64).alias("follow_up"));
        }
    }
    frame.clone().lazy().with_columns(wanted).collect()
}

fn text<'f>(frame: &'f DataFrame, name: &str) -> Result<&'f StringChunked, PolarsError> {
    frame.column(name)?.str()
}

fn values(mask: &BooleanChunked) -> impl Iterator<Item = bool> + '_ {
    mask.iter().map(|value| value.unwrap_or(false))
}

fn chosen<'r>(mask: &'r BooleanChunked, cells: &'r [usize]) -> impl Iterator<Item = usize> + 'r {
    values(mask).zip(cells).filter(|(chosen, _)| *chosen).map(|(_, cell)| *cell)
}
