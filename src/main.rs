//! The `relief` command.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    start_log();
    match cli::Arguments::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            cli::complain(&failure);
            ExitCode::from(failure.code())
        }
    }
}

/// `RELIEF_LOG=debug` shows what the stages do; never a cell's value.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("RELIEF_LOG").unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
}
