//! Progress bars: on standard error, and only when a person is watching.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar, or nothing where standard error is not a terminal.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar over a known number of things.
    pub(super) fn counting(what: &'static str, total: u64) -> Self {
        Self::bar(total, &format!("{{bar:40}} {{pos}}/{{len}} {what} {{eta}}"))
    }

    /// A bar over a known number of bytes.
    pub(super) fn bytes(what: &'static str) -> Self {
        Self::bar(0, &format!("{what} {{bar:40}} {{bytes}}/{{total_bytes}} {{eta}}"))
    }

    /// A spinner for a step whose length nobody knows.
    pub(super) fn step(what: &'static str) -> Self {
        let bar = Self::visible().then(ProgressBar::new_spinner).unwrap_or_else(ProgressBar::hidden);
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar }
    }

    fn bar(total: u64, template: &str) -> Self {
        let bar = if Self::visible() { ProgressBar::new(total) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template(template).expect("the templates above are valid");
        Self { bar: bar.with_style(style) }
    }

    fn visible() -> bool {
        std::io::stderr().is_terminal()
    }

    /// How many are done.
    pub(super) fn set(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// How many are done of how many.
    pub(super) fn set_of(&self, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
