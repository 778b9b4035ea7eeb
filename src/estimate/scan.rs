//! Analysis set → tallies, a row group at a time.
//!
//! Polars evaluates the measures' expressions; counting is ours (see
//! `expression`). A row group is read, counted and forgotten, so memory does
//! not grow with the number of patients.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use polars::frame::DataFrame;
use polars::io::SerReader;
use polars::io::parquet::read::FileMetadata;
use polars::prelude::{Column, DataType, Expr, ParallelStrategy, ParquetReader, PolarsError};

use super::cells_of_rows::{Cells, CellsOfRows, any_condition, by_period};
use super::expression::{Compiled, Outcome, compile_number};
use super::mask::Mask;
use super::questions::Questions;
use super::tally::{CellPair, Tallies};
use super::total::{Slots, Total};
use crate::protocol::{ConditionPack, Protocol, ProtocolError};

/// Columns a row's cells are read from.
const CELL_COLUMNS: [&str; 4] = ["index_period", "site", "condition", "conditions"];

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
    /// What a pack says of its measures is not so.
    #[error(
        "{said}: so it is in {rows} rows of the analysis set\nhint: correct the measure in its pack, or take the claim away"
    )]
    Contradicted {
        /// What the pack says and what is wrong with it.
        said: String,
        /// How many rows deny it.
        rows: u64,
    },
}

/// A further split of everyone, over all sites unless it says otherwise.
#[derive(Clone, Debug)]
pub enum Split {
    /// By every condition a patient has, by pack position: a patient with two is
    /// in two cells.
    AnyCondition,
    /// By the period as recorded, and by site.
    Period,
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
    Ok(vec![Split::AnyCondition, Split::Covariates(covariates), Split::Period])
}

impl Split {
    fn expressions(&self) -> &[Expr] {
        match self {
            Self::AnyCondition | Self::Period => &[],
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
    /// Further splits, over all conditions.
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
    let questions = Questions::of(counting.measures);
    let denied = questions.contradictions.iter().map(|_| AtomicU64::new(0)).collect();
    let job =
        Job { path, counting, questions, denied, metadata, columns: columns(counting), next: AtomicUsize::new(0) };
    let total = Mutex::new(Total::new(&job.questions, by_period(counting)));
    let finished = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(|| job.work(&total))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    });
    finished.map_err(|error| unreadable(error.to_string()))?;
    job.refuse_contradictions()?;
    let total = total.into_inner().expect("a worker does not panic");
    Ok(total.finish(counting.sites, any_condition(counting)))
}

/// What the file says of itself: read once, because it describes every column
/// of every row group and is read again for each otherwise.
fn metadata(path: &Path) -> Result<Arc<FileMetadata>, PolarsError> {
    ParquetReader::new(File::open(path)?).get_metadata().cloned()
}

/// The work shared by all threads.
struct Job<'a> {
    path: &'a Path,
    counting: &'a Counting<'a>,
    questions: Questions,
    /// Rows that deny what a pack says, by contradiction.
    denied: Vec<AtomicU64>,
    metadata: Arc<FileMetadata>,
    columns: Vec<String>,
    next: AtomicUsize,
}

impl Job<'_> {
    /// Threads share one total of pairs: one each would hold those of every cell
    /// once more, which is nearly all the memory counting takes.
    fn work(&self, total: &Mutex<Total<'_>>) -> Result<(), PolarsError> {
        let mut cells = Cells::new(self.counting);
        let mut slots = Vec::new();
        let mut counts = vec![Vec::new(); self.questions.conditions.len()];
        let locked = || total.lock().expect("a worker does not panic");
        loop {
            let group = self.next.fetch_add(1, Ordering::Relaxed);
            if group >= self.metadata.row_groups.len() {
                locked().add(&counts, &slots);
                return Ok(());
            }
            let frame = self.read(group)?;
            let rows = cells.of_rows(&frame)?;
            let answers = self.questions.answers(frame)?;
            for (denied, more) in self.denied.iter().zip(&answers.denied) {
                denied.fetch_add(*more, Ordering::Relaxed);
            }
            for (condition, counts) in answers.conditions.iter().zip(&mut counts) {
                counts.resize(cells.known.len(), 0);
                tally(condition, &rows, counts);
            }
            locked().place(&cells.known, &mut slots);
            for (at, pair) in self.questions.pairs.iter().enumerate() {
                let scores = pair.scores.map(|at| answers.score(at));
                let pairs = paired(&answers.conditions[pair.among], scores, &rows, &slots);
                locked().add_pairs(at, &pairs);
            }
        }
    }

    fn refuse_contradictions(&self) -> Result<(), ScanError> {
        let rows = self.denied.iter().map(|rows| rows.load(Ordering::Relaxed));
        let found = self.questions.contradictions.iter().zip(rows).find(|(_, rows)| *rows > 0);
        found.map_or(Ok(()), |(denied, rows)| Err(ScanError::Contradicted { said: denied.said.clone(), rows }))
    }

    /// Reads a row group as a file of its own: told to take a slice of the rows,
    /// the reader opens every column of every row group.
    fn read(&self, group: usize) -> Result<DataFrame, PolarsError> {
        let file = &self.metadata;
        let group = &file.row_groups[group];
        let alone = FileMetadata {
            version: file.version,
            num_rows: group.num_rows(),
            max_row_group_height: group.num_rows(),
            created_by: None,
            row_groups: vec![group.clone()],
            key_value_metadata: file.key_value_metadata.clone(),
            schema_descr: file.schema_descr.clone(),
            column_orders: None,
            footer_buf: file.footer_buf.clone(),
        };
        let mut reader = ParquetReader::new(File::open(self.path)?);
        reader.set_metadata(Arc::new(alone));
        let frame = reader.with_columns(Some(self.columns.clone())).read_parallel(ParallelStrategy::None).finish()?;
        widened(frame)
    }
}

/// The frame with whole numbers of 64 bits: expressions ask for them (see
/// `expression`), and each would widen its columns for itself.
fn widened(frame: DataFrame) -> Result<DataFrame, PolarsError> {
    let rows = frame.height();
    let wide = |column: Column| match column.dtype() {
        DataType::Int32 => column.cast(&DataType::Int64),
        _ => Ok(column),
    };
    DataFrame::new(rows, frame.into_columns().into_iter().map(wide).collect::<Result<_, _>>()?)
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

/// Adds to every cell how many of the rows it has.
fn tally(rows: &Mask, cells: &CellsOfRows, counts: &mut [u32]) {
    for row in rows.rows() {
        cells.of(row).for_each(|cell| counts[cell] += 1);
    }
}

/// The scores of the rows by slot, sorted, each once: the rows are sorted by their
/// scores, and then every slot meets its own in order.
fn paired(rows: &Mask, [before, after]: [&[i32]; 2], cells: &CellsOfRows, slots: &[Slots]) -> Vec<CellPair> {
    let slots_of = |row: usize| cells.of(row).flat_map(|cell| slots[cell].each());
    let mut ends = vec![0_usize; slots.iter().copied().flat_map(Slots::each).max().map_or(0, |last| last + 1)];
    let mut sorted = Vec::new();
    for row in rows.rows() {
        sorted.push((scores_in_order(before[row], after[row]), row));
        slots_of(row).for_each(|slot| ends[slot] += 1);
    }
    sorted.sort_unstable_by_key(|&(scores, _)| scores);
    let mut all = 0;
    for end in &mut ends {
        all += std::mem::replace(end, all);
    }
    let starts = ends.clone();
    let mut pairs = vec![CellPair { cell: 0, baseline: 0, follow_up: 0, count: 0 }; all];
    for (_, row) in sorted {
        let (baseline, follow_up) = (before[row], after[row]);
        for slot in slots_of(row) {
            let place = ends[slot];
            let known = pairs[starts[slot]..place].last_mut();
            let known = known.filter(|known| (known.baseline, known.follow_up) == (baseline, follow_up));
            if let Some(known) = known {
                known.count += 1;
            } else {
                pairs[place] = CellPair { cell: u32::try_from(slot).expect("a slot"), baseline, follow_up, count: 1 };
                ends[slot] += 1;
            }
        }
    }
    pairs.retain(|pair| pair.count > 0);
    pairs
}

/// Both scores as one number to sort by.
fn scores_in_order(before: i32, after: i32) -> u64 {
    let ordered = |score: i32| u64::from(score.cast_unsigned() ^ (1 << 31));
    ordered(before) << 32 | ordered(after)
}
