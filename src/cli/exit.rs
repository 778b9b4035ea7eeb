//! What went wrong, as an exit code a script can act on.

use std::fmt;

use relief::derive::DeriveError;
use relief::estimate::scan::ScanError;
use relief::ingest::IngestError;
use relief::protocol::ProtocolError;
use relief::publish::PublishError;
use relief::store::StoreError;

/// A failed command: what to print and how to exit.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The command was asked for something it cannot do.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }

    /// A bug.
    pub(crate) fn internal() -> Self {
        let message = "relief stopped because of a mistake of its own; nothing it had begun was published\nhint: please report the lines above; they hold no record's content";
        Self { code: 1, message: message.to_owned() }
    }

    /// A snapshot this pipeline would not have made.
    pub(crate) fn other_reading(number: u32) -> Self {
        let message = format!(
            "snapshot {number} was read under another basis, data cut, set of sources, research setting or packs than this pipeline's\nhint: run without `--snapshot` to read the files again, or use the pipeline that made it"
        );
        Self { code: 3, message }
    }

    /// A report that cannot be made again as it is.
    pub(crate) fn mismatch(message: impl Into<String>) -> Self {
        Self { code: 4, message: message.into() }
    }

    /// No snapshot of the store is the one a report was made from.
    pub(crate) fn snapshot_gone(digest: &str, store: &std::path::Path) -> Self {
        let message = format!(
            "no snapshot in `{}` has the digest {digest} the report was made from\nhint: `relief ingest` reads the files again; the same files and definitions give the same snapshot",
            store.display()
        );
        Self { code: 8, message }
    }

    /// Nobody to report on.
    pub(crate) fn nobody() -> Self {
        let message = "no patient was accepted from any source, so the report was not written\nhint: `relief check` shows what was read; every source needs rows in `patients.csv` and `infusions.csv`";
        Self { code: 7, message: message.to_owned() }
    }

    /// Statistics that do not do what they promise.
    pub(crate) fn selftest(failed: usize, of: usize) -> Self {
        let message = format!(
            "{failed} of {of} checks are outside their tolerance\nhint: try another `--seed`: one check in a thousand fails by chance; if it fails again, do not trust the numbers and report it"
        );
        Self { code: 1, message }
    }

    /// A file that cannot be written, outside the store.
    pub(crate) fn unwritable(what: &std::path::Path, error: &std::io::Error) -> Self {
        Self { code: 8, message: format!("cannot write `{}` ({error})", what.display()) }
    }

    /// Kept definitions that this version cannot read.
    pub(crate) fn kept(version: &str, error: ProtocolError) -> Self {
        let here = env!("CARGO_PKG_VERSION");
        if version == here {
            return error.into();
        }
        let message = format!(
            "the report was made by another version of relief ({version}), whose definitions this one ({here}) cannot read\nhint: use version {version} for it, or make the report again"
        );
        Self { code: 3, message }
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        Self { code: 3, message: error.to_string() }
    }
}

impl From<IngestError> for Failure {
    fn from(error: IngestError) -> Self {
        Self { code: error.exit_code(), message: error.to_string() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self { code: error.exit_code(), message: error.to_string() }
    }
}

impl From<DeriveError> for Failure {
    fn from(error: DeriveError) -> Self {
        Self { code: error.exit_code(), message: error.to_string() }
    }
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        let code = if matches!(error, ScanError::Contradicted { .. }) { 3 } else { 8 };
        Self { code, message: error.to_string() }
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        Self { code: 8, message: error.to_string() }
    }
}
