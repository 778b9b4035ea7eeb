//! `relief check PIPELINE`: ingest without writing.

use relief::ingest::Mode;
use relief::protocol::Protocol;

use super::{Failure, PipelineArguments, ingest, run, say};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let protocol = Protocol::read(&arguments.pipeline.pipeline)?;
    run::compile(&protocol)?;
    let ingested = ingest::ingest(&protocol, Mode::Check)?;
    if arguments.pipeline.json {
        say(&ingest::json(&ingested).to_string());
    } else {
        say(&ingest::table(&ingested));
    }
    ingested.too_many(&protocol).map_or(Ok(()), |error| Err(error.into()))
}
