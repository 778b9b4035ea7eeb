//! Analysis set → tallies, a row group at a time.
//!
//! Polars evaluates the measures' expressions; counting is ours (see
//! `expression`). A row group is read, counted and forgotten, so memory does
//! not grow with the number of patients.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::frame::DataFrame;
use polars::io::SerReader;
use polars::io::parquet::read::FileMetadata;
use polars::prelude::{
    BooleanChunked, DataType, Expr, Int32Chunked, IntoLazy, ParallelStrategy, ParquetReader, PolarsError, lit,
};

use super::cells_of_rows::{Cell, Cells, NO_CELL};
use super::expression::{Compiled, Outcome, compile_number};
use super::tally::{Pair, Tallies, Tally};
use crate::protocol::{ConditionPack, Protocol, ProtocolError};

/// Columns a row's cells are read from.
const CELL_COLUMNS: [&str; 5] = ["index_period", "site", "condition", "horizon", "conditions"];

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

/// A further split of everyone.
#[derive(Clone, Debug)]
pub enum Split {
    /// By every condition a patient has, by pack position: a patient with two is
    /// in two cells.
    AnyCondition,
    /// By a whole number for each expression, and the report group of the
    /// condition last: the strata of the follow-up weights.
    Covariates(Vec<Expr>),
}

/// The splits of a run, in the order of their positions (`tally::ANY_CONDITION`, …).
///
/// # Errors
/// A covariate that is no whole number over the analysis set.
pub fn splits(protocol: &Protocol) -> Result<Vec<Split>, ProtocolError> {
    let covariate = |written| compile_number("`follow_up_weights`", "covariates", written);
    let covariates = protocol.covariates.iter().map(covariate).collect::<Result<_, _>>()?;
    Ok(vec![Split::AnyCondition, Split::Covariates(covariates)])
}

impl Split {
    fn expressions(&self) -> &[Expr] {
        match self {
            Self::AnyCondition => &[],
            Self::Covariates(expressions) => expressions,
        }
    }
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
    /// Further splits, over all sites and conditions.
    pub splits: &'a [Split],
}

/// Counts every measure in every cell of the analysis set at `path`.
///
/// The result does not depend on `threads`: counts are whole numbers.
///
/// # Errors
/// A file that cannot be read or lacks a column of the analysis set.
pub fn count(path: &Path, counting: &Counting<'_>, threads: usize) -> Result<Tallies, ScanError> {
    let unreadable = |problem: String| ScanError::Unreadable { path: path.to_owned(), problem };
    let metadata = metadata(path).map_err(|error| unreadable(error.to_string()))?;
    let groups = row_groups(&metadata);
    let job = Job { path, counting, metadata, groups, next: AtomicUsize::new(0) };
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

/// What the file says of itself: read once, because it describes every column
/// of every row group and is read again for each otherwise.
fn metadata(path: &Path) -> Result<Arc<FileMetadata>, PolarsError> {
    ParquetReader::new(File::open(path)?).get_metadata().cloned()
}

/// First row and length of each row group.
fn row_groups(metadata: &FileMetadata) -> Vec<(usize, usize)> {
    let mut first = 0;
    let groups = metadata.row_groups.iter().map(|group| {
        let range = (first, group.num_rows());
        first += group.num_rows();
        range
    });
    groups.filter(|(_, rows)| *rows > 0).collect()
}

/// The work shared by all threads.
struct Job<'a> {
    path: &'a Path,
    counting: &'a Counting<'a>,
    metadata: Arc<FileMetadata>,
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
        let mut reader = ParquetReader::new(File::open(self.path)?);
        reader.set_metadata(Arc::clone(&self.metadata));
        reader
            .with_columns(Some(columns(self.counting)))
            .with_slice(Some(group))
            .read_parallel(ParallelStrategy::None)
            .finish()
    }
}

/// The columns the measures and the cells need.
fn columns(counting: &Counting<'_>) -> Vec<String> {
    let mut names: Vec<String> = CELL_COLUMNS.iter().map(ToString::to_string).collect();
    let splits = counting.splits.iter().flat_map(Split::expressions);
    for expression in counting.measures.iter().flat_map(expressions).chain(splits) {
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
    all.extend(&measure.last);
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
                    let add = |tally: &mut Tally, pairs: &[Pair]| tally.pairs.add_sorted(pairs);
                    self.add_pairs(index, column("observed")?.bool()?, scores, &cells, add);
                }
            }
            if measure.last.is_none() {
                continue;
            }
            let carried = column("carried")?.bool()?;
            if matches!(measure.outcome, Outcome::Condition(_)) {
                self.count(&cells, carried, |tallies, n| tallies[index].carried += n);
            } else {
                let scores = [column("baseline")?.i32()?, column("last")?.i32()?];
                let add = |tally: &mut Tally, pairs: &[Pair]| tally.carried_pairs.add_sorted(pairs);
                self.add_pairs(index, carried, scores, &cells, add);
            }
        }
        Ok(())
    }

    /// Adds the rows a mask holds to their cells. Counting into a plain array
    /// first keeps the inner loop in the processor's cache.
    fn count(&mut self, cells: &[Vec<u32>], mask: &BooleanChunked, add: impl Fn(&mut [Tally], u64)) {
        let mut counts = vec![0_u64; self.tallies.len()];
        for of_row in cells {
            for_each_row(mask, |row| {
                if let Some(count) = counts.get_mut(of_row[row] as usize) {
                    *count += 1;
                }
            });
        }
        for (tallies, count) in self.tallies.iter_mut().zip(counts).filter(|(_, count)| *count > 0) {
            add(tallies, count);
        }
    }

    /// Sorts the pairs of a row group, so that each cell takes its share at once.
    fn add_pairs(
        &mut self,
        index: usize,
        known: &BooleanChunked,
        [before, after]: [&Int32Chunked; 2],
        cells: &[Vec<u32>],
        add: impl Fn(&mut Tally, &[Pair]),
    ) {
        let mut rows = Vec::new();
        for of_row in cells {
            for_each_row(known, |row| {
                let scores = before.get(row).zip(after.get(row)).expect("the mask holds where both scores are known");
                if of_row[row] != NO_CELL {
                    rows.push((of_row[row], scores));
                }
            });
        }
        rows.sort_unstable();
        let mut pairs = Vec::new();
        for of_cell in rows.chunk_by(|a, b| a.0 == b.0) {
            let runs = of_cell.chunk_by(|a, b| a == b);
            pairs.clear();
            pairs.extend(runs.map(|run| Pair { baseline: run[0].1.0, follow_up: run[0].1.1, count: run.len() as u64 }));
            add(&mut self.tallies[of_cell[0].0 as usize][index], &pairs);
        }
    }

    fn finish(self) -> Tallies {
        let mut tallies = Tallies::default();
        for (cell, counted) in self.cells.known.into_iter().zip(self.tallies) {
            match cell {
                Cell::Fine(cell) => _ = tallies.cells.insert(cell, counted),
                Cell::Split(cell) => _ = tallies.splits.insert(cell, counted),
            }
        }
        tallies
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
        all.push(eligible.clone().alias(name(index, "eligible")));
        all.push(observed.clone().alias(name(index, "observed")));
        match &measure.outcome {
            Outcome::Condition(outcome) => {
                all.push(observed.clone().and(holds(outcome)).alias(name(index, "outcome")));
            }
            Outcome::Pair { baseline, follow_up } => {
                all.push(baseline.clone().cast(DataType::Int32).alias(name(index, "baseline")));
                all.push(follow_up.clone().cast(DataType::Int32).alias(name(index, "follow_up")));
            }
        }
        if let Some(last) = &measure.last {
            let missing = eligible.and(observed.not());
            let known = match &measure.outcome {
                Outcome::Condition(_) => holds(last),
                Outcome::Pair { baseline, .. } => {
                    all.push(last.clone().cast(DataType::Int32).alias(name(index, "last")));
                    baseline.clone().is_not_null().and(last.clone().is_not_null())
                }
            };
            all.push(missing.and(known).alias(name(index, "carried")));
        }
    }
    all
}
