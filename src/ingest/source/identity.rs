//! Columns with canonical names in a file that is not canonical CSV: the
//! mapping that changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::error::IngestError;
use super::super::layout::Layout;
use super::sink::{FileId, Sink};
use crate::model::reject::UNMAPPED_COLUMN;
use crate::model::table::InputTable;
use crate::protocol::{CellSource, DateForm, MappedTable};

/// Maps the columns a header has to themselves, and remarks on the others.
pub(super) fn mapping(
    table: &'static InputTable,
    header: &[String],
    path: &Path,
    file: FileId,
    sink: &mut dyn Sink,
) -> Result<MappedTable, IngestError> {
    // The same header is wrong here as in a canonical file, with the same words.
    let layout = Layout::read(table, header, path)?;
    for column in &layout.unmapped {
        sink.remark(file, &UNMAPPED_COLUMN, &column.name, 1);
    }
    let has = |column: &&'static str| header.iter().any(|name| name.trim().eq_ignore_ascii_case(column));
    let cell = |name: &'static str| (name, CellSource::Column { name: name.to_owned(), words: BTreeMap::new() });
    Ok(MappedTable {
        table,
        from: table.name.to_owned(),
        dates: DateForm::Iso,
        cells: table.header_names().filter(has).map(cell).collect(),
        only: Vec::new(),
        filled: Vec::new(),
    })
}
