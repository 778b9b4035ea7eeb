//! `relief completions SHELL`.

use clap::CommandFactory;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Shell to complete in
    shell: clap_complete::Shell,
}

pub(super) fn run(arguments: &Arguments) {
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "relief", &mut std::io::stdout());
}
