//! `relief completions SHELL`.

use clap::CommandFactory;

use super::Failure;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Shell to complete in
    shell: clap_complete::Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "relief", &mut std::io::stdout());
    Ok(())
}
