//! Analysis set → tallies, a row group at a time.
//!
//! Polars evaluates the measures' expressions; counting is ours (see
//! `expression`). A row group is read, counted and forgotten, so memory does
//! not grow with the number of patients.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use polars::frame::DataFrame;
use polars::io::SerReader;
use polars::io::parquet::read::FileMetadata;
use polars::prelude::{BooleanChunked, Expr, Int32Chunked, IntoLazy, ParallelStrategy, ParquetReader, PolarsError};

use super::cells_of_rows::{Cell, Cells, NO_CELL};
use super::expression::{Compiled, Outcome, compile_number};
use super::questions::{AFTER, Asked, BEFORE, CONDITION, Counted, Questions, name};
use super::tally::{Pair, Pairs, Tallies, Tally};
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
    let questions = Questions::of(counting.measures);
    let job = Job { path, counting, questions, metadata, groups, next: AtomicUsize::new(0) };
    let total = Mutex::new(Total::default());
    let finished = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(|| job.work(&total))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    });
    finished.map_err(|error| unreadable(error.to_string()))?;
    let total = total.into_inner().expect("a worker does not panic");
    Ok(total.finish(counting.sites, &job.questions))
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
    questions: Questions,
    metadata: Arc<FileMetadata>,
    groups: Vec<(usize, usize)>,
    next: AtomicUsize,
}

impl Job<'_> {
    /// Threads share one total: a total each would hold the pairs of every cell
    /// once more, which is nearly all the memory counting takes.
    fn work(&self, total: &Mutex<Total>) -> Result<(), PolarsError> {
        let mut cells = Cells::new(self.counting);
        let mut slots = Vec::new();
        while let Some(&group) = self.groups.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let frame = self.read(group)?;
            let numbers = cells.of_rows(&frame)?;
            let answers = frame.lazy().select(self.questions.wanted()).collect()?;
            let mask = |at: usize| answers.column(&name(CONDITION, at))?.bool();
            let conditions = (0..self.questions.conditions.len())
                .map(|at| Ok(tallied(mask(at)?, &numbers, cells.known.len())))
                .collect::<Result<Vec<_>, PolarsError>>()?;
            let locked = || total.lock().expect("a worker does not panic");
            locked().add(&conditions, &cells.known, &mut slots);
            // One after the other: the pairs of a row group take more memory than its rows.
            for (at, pair) in self.questions.pairs.iter().enumerate() {
                let score = |what: &str| answers.column(&name(what, at))?.i32();
                let pairs = paired(mask(pair.among)?, [score(BEFORE)?, score(AFTER)?], &numbers);
                locked().add_pairs(at, &pairs, &slots);
            }
        }
        Ok(())
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

/// How many rows of each cell a mask holds.
fn tallied(mask: &BooleanChunked, cells: &[Vec<u32>], known: usize) -> Vec<u32> {
    let mut counts = vec![0; known];
    for of_row in cells {
        for_each_row(mask, |row| {
            if let Some(count) = counts.get_mut(of_row[row] as usize) {
                *count += 1;
            }
        });
    }
    counts
}

/// The scores of the rows a mask holds, sorted, so that each cell takes its share at once.
fn paired(mask: &BooleanChunked, [before, after]: [&Int32Chunked; 2], cells: &[Vec<u32>]) -> Vec<(u32, Pair)> {
    let mut rows = Vec::new();
    for of_row in cells {
        for_each_row(mask, |row| {
            let scores = before.get(row).zip(after.get(row)).expect("the mask holds where both scores are known");
            if of_row[row] != NO_CELL {
                rows.push((of_row[row], scores));
            }
        });
    }
    rows.sort_unstable();
    let pair = |run: &[(u32, (i32, i32))]| {
        let (cell, (baseline, follow_up)) = run[0];
        (cell, Pair { baseline, follow_up, count: run.len() as u64 })
    };
    rows.chunk_by(|a, b| a == b).map(pair).collect()
}

/// The counts of all threads.
#[derive(Default)]
struct Total {
    slots: BTreeMap<Cell, usize>,
    cells: Vec<CellTotal>,
}

/// One cell's answers, by question; shorter where the rest is nothing.
#[derive(Clone, Default)]
struct CellTotal {
    conditions: Vec<u64>,
    pairs: Vec<Pairs>,
}

impl Total {
    /// Adds a row group's counts, by question and the thread's own cell numbers.
    /// `known` are the cells of those, and `slots` where they were put before.
    fn add(&mut self, conditions: &[Vec<u32>], known: &[Cell], slots: &mut Vec<usize>) {
        for cell in &known[slots.len()..] {
            let next = self.slots.len();
            slots.push(*self.slots.entry(cell.clone()).or_insert(next));
        }
        self.cells.resize(self.slots.len(), CellTotal::default());
        for (question, counts) in conditions.iter().enumerate() {
            for (&slot, &count) in slots.iter().zip(counts).filter(|(_, count)| **count > 0) {
                let conditions = &mut self.cells[slot].conditions;
                conditions.resize(conditions.len().max(question + 1), 0);
                conditions[question] += u64::from(count);
            }
        }
    }

    /// Adds a row group's pairs, sorted by cell number and score.
    fn add_pairs(&mut self, question: usize, pairs: &[(u32, Pair)], slots: &[usize]) {
        for of_cell in pairs.chunk_by(|a, b| a.0 == b.0) {
            let totals = &mut self.cells[slots[of_cell[0].0 as usize]].pairs;
            totals.resize(totals.len().max(question + 1), Pairs::default());
            totals[question] += &Pairs::from_sorted(of_cell.iter().map(|(_, pair)| *pair).collect());
        }
    }

    fn finish(self, sites: &[String], questions: &Questions) -> Tallies {
        let mut tallies = Tallies { sites: sites.to_vec(), ..Tallies::default() };
        let mut cells = self.cells;
        for (cell, slot) in self.slots {
            let total = std::mem::take(&mut cells[slot]);
            if total.conditions.iter().all(|count| *count == 0) {
                continue;
            }
            let counted = questions.measures.iter().map(|asked| total.tally(asked)).collect();
            match cell {
                Cell::Fine(cell) => _ = tallies.cells.insert(cell, counted),
                Cell::Split(cell) => _ = tallies.splits.insert(cell, counted),
            }
        }
        tallies
    }
}

impl CellTotal {
    fn tally(&self, asked: &Asked) -> Tally {
        let count = |of: Option<Counted>| match of {
            Some(Counted::Condition(at)) => self.conditions.get(at).copied().unwrap_or_default(),
            _ => 0,
        };
        let pairs = |of: Option<Counted>| match of {
            Some(Counted::Pairs(at)) => self.pairs.get(at).cloned().unwrap_or_default(),
            _ => Pairs::default(),
        };
        Tally {
            eligible: count(Some(Counted::Condition(asked.eligible))),
            observed: count(Some(Counted::Condition(asked.observed))),
            outcome: count(Some(asked.outcome)),
            pairs: pairs(Some(asked.outcome)),
            carried: count(asked.carried),
            carried_pairs: pairs(asked.carried),
        }
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
