//! Where records come from. Canonical CSV is read where it lies; every other
//! format has an adapter, which turns its records into canonical rows that are
//! staged and then read by the same code. A new kind of source is one file
//! here, its line in `ADAPTERS`, and its line in `protocol::SOURCE_KINDS`.

mod columns;
mod corrections;
mod csv;
mod delimited;
mod fhir;
mod identity;
mod mapped;
mod omop;
mod original;
mod redcap;
mod sink;
mod stage;
mod stream;
mod unpacked;
mod xlsx;

use std::path::PathBuf;

use super::error::IngestError;
use super::gate::GateReport;
use super::layout::Layout;
use super::staged::Staged;
use crate::model::reject::{RecordCounts, Rule};
use crate::model::table::InputTable;
use crate::protocol::{Protocol, SourceEntry};
use sink::Sink;
use stage::Stage;

/// A format that is not canonical CSV.
struct Adapter {
    /// `kind` of the pipeline.
    kind: &'static str,
    /// Whether its files have named columns, which the privacy gate must be shown.
    has_columns: bool,
    /// Whether cells nobody reads are judged one by one and not by their share
    /// of a column: what a REDCap field is its dictionary says, prose and dates too.
    judged_by_value: bool,
    /// Reads every file of the source; the pipeline's packs say what codes mean.
    stage: fn(&SourceEntry, &Protocol, &mut dyn Sink) -> Result<(), IngestError>,
}

/// In the order of `protocol::SOURCE_KINDS`.
static ADAPTERS: &[Adapter] = &[
    Adapter { kind: "csv", has_columns: true, judged_by_value: false, stage: columns::stage },
    Adapter { kind: "xlsx", has_columns: true, judged_by_value: false, stage: xlsx::stage },
    Adapter { kind: "redcap", has_columns: true, judged_by_value: true, stage: redcap::stage },
    Adapter { kind: "omop", has_columns: true, judged_by_value: false, stage: omop::stage },
    Adapter { kind: "fhir", has_columns: false, judged_by_value: false, stage: fhir::stage },
];

/// The files of a source.
#[derive(Debug)]
pub(super) struct SourceFiles {
    /// In table order.
    pub tables: Vec<TableFile>,
    /// Files there is something to say of, beyond the rows of a table.
    pub others: Vec<OtherFile>,
    /// What becomes of the columns adapters have shown.
    pub gate: GateReport,
    /// What staff corrected, if they did.
    pub corrections: Option<SourceCorrections>,
}

/// What staff corrected in a source.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceCorrections {
    /// The file they are in, among `others`.
    pub other: usize,
    /// Records corrected.
    pub rows: u64,
    /// Of those, records no row was found for.
    pub unmatched: u64,
}

/// A file that holds a table, or a table out of a file.
#[derive(Debug)]
pub(super) struct TableFile {
    /// Which table.
    pub table: &'static InputTable,
    /// Where the original is.
    pub path: PathBuf,
    /// What findings call it.
    pub name: String,
    /// Its rows, when an adapter has read them.
    pub staged: Option<(Staged, Layout)>,
}

/// What there is to say of a file as a whole.
#[derive(Debug)]
pub(super) struct OtherFile {
    /// What findings call it; empty for the source itself.
    pub name: String,
    /// SHA-256 of an original an adapter has read, else empty.
    pub sha256: String,
    /// Its records, when an adapter has read it.
    pub records: Option<RecordCounts>,
    /// Rules, columns and how often.
    pub remarks: Vec<(&'static Rule, String, u64)>,
}

/// Finds the files of a source; those of foreign formats are read here.
pub(super) fn find_files(source: &SourceEntry, protocol: &Protocol) -> Result<SourceFiles, IngestError> {
    if source.is_canonical() {
        return csv::find_files(source);
    }
    // Loading the pipeline has checked the kind, and a test that each has an adapter.
    let adapter = ADAPTERS.iter().find(|adapter| adapter.kind == source.kind.id).expect("every kind has an adapter");
    read_with(adapter, source, protocol)
}

fn read_with(adapter: &'static Adapter, source: &SourceEntry, protocol: &Protocol) -> Result<SourceFiles, IngestError> {
    let mut stage = Stage::new(source, (protocol.basis, &protocol.zip3), adapter)?;
    if let Some(path) = &source.corrections {
        stage.correct(path)?;
    }
    (adapter.stage)(source, protocol, &mut stage)?;
    stage.finish()
}

#[cfg(test)]
mod tests {
    use super::ADAPTERS;
    use crate::protocol::SOURCE_KINDS;

    #[test]
    fn every_kind_a_pipeline_may_name_has_its_adapter() {
        let kinds: Vec<&str> = SOURCE_KINDS.iter().map(|kind| kind.id).collect();
        let adapters: Vec<&str> = ADAPTERS.iter().map(|adapter| adapter.kind).collect();
        assert_eq!(kinds, adapters);
    }
}
