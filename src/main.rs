//! The `relief` command.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    start_log();
    let arguments = cli::Arguments::parse();
    // A bug panics, and the hook says where; the exit code then says whose fault it was.
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| arguments.run()));
    let failure = match outcome {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(failure)) => failure,
        Err(_) => cli::Failure::internal(),
    };
    cli::complain(&failure);
    ExitCode::from(failure.code())
}

/// `RELIEF_LOG=debug` shows what the stages do; never a cell's value.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("RELIEF_LOG").unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
}
