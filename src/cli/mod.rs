//! The command line: one file per command. Files and exit codes, no arithmetic.

mod check;
mod completions;
mod diff;
mod exit;
mod explain;
mod ingest;
mod init;
mod progress;
mod run;
mod selftest;
mod snapshots;
mod synth;
mod verify;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub(crate) use exit::Failure;

/// Outcomes analytics for ketamine clinics: de-identified records in, an
/// honest report out.
#[derive(Debug, Parser)]
#[command(name = "relief", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What findings call files by, when their names are not repeated.
const FILES_BY_NUMBER: &str = "`file N in order of path` is the N-th file below the source's folder when all are sorted by \
path, `unread file N` the N-th of those nobody reads: a file may be named after a person, so such names are not repeated.";

const EXIT_CODES: &str = "Exit codes: 0 done, 1 internal error, 2 wrong usage, 3 pipeline or pack invalid, \
4 the report cannot be made again as it is, \
5 refused by the privacy gate, 6 too many rows rejected, 7 input unreadable, \
8 store or reports folder unreadable or not writable";

/// Order is the order of a first day with relief.
#[derive(Debug, Subcommand)]
enum Command {
    /// Write a pipeline, the packs and CSV templates to fill in
    Init(init::Arguments),
    /// Ingest without writing: counts, findings, what would be quarantined
    Check(check::Arguments),
    /// Read the files into a new snapshot and a quarantine
    Ingest(ingest::Arguments),
    /// Everything: ingest, derive, estimate, and write the report
    Run(run::Arguments),
    /// List the snapshots of a store
    Snapshots(snapshots::Arguments),
    /// Say where a number of a report comes from: who was counted, how, and what is hidden nearby
    Explain(explain::Arguments),
    /// Make a report again from its snapshot and compare: equal, or exit code 4
    Verify(verify::Arguments),
    /// Say why numbers changed between two reports
    Diff(diff::Arguments),
    /// Write synthetic clinics with planted, documented truth
    Synth(synth::Arguments),
    /// Simulate clinics with known truth: do intervals hold what they promise?
    Selftest(selftest::Arguments),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
}

impl Arguments {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Init(arguments) => init::run(&arguments),
            Command::Check(arguments) => check::run(&arguments),
            Command::Ingest(arguments) => ingest::run(&arguments),
            Command::Run(arguments) => run::run(&arguments),
            Command::Snapshots(arguments) => snapshots::run(&arguments),
            Command::Explain(arguments) => explain::run(&arguments),
            Command::Verify(arguments) => verify::run(&arguments),
            Command::Diff(arguments) => diff::run(&arguments),
            Command::Synth(arguments) => synth::run(&arguments),
            Command::Selftest(arguments) => selftest::run(&arguments),
            Command::Completions(arguments) => {
                completions::run(&arguments);
                Ok(())
            }
        }
    }
}

/// The pipeline a command reads, and how it answers.
#[derive(Debug, clap::Args)]
struct PipelineArguments {
    /// Pipeline file, for example pipelines/quarterly.toml
    pipeline: PathBuf,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// Prints an answer; a closed pipe (`relief snapshots | head -1`) is no error.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints what a person should know beside the answer.
fn remark(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "note: {text}");
}

/// Rows as lines whose columns stand under each other; the last is a count.
fn aligned<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let padded =
            row.iter().zip(widths).enumerate().map(|(at, (cell, width))| {
                if at + 1 == N { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
        padded.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(line).collect()
}

/// Prints why a command failed.
pub(crate) fn complain(failure: &Failure) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "error: {failure}");
}
