//! CSV with columns of its own, read by a mapping of columns.

use std::path::Path;

use super::super::blocks::Blocks;
use super::super::error::IngestError;
use super::super::record::{Buffers, Record, Records};
use super::mapped::{ForeignCell, Mapper};
use super::sink::{At, FileId, Sink};
use crate::protocol::{MappedTable, Mapping, Protocol, SourceEntry};

/// Reads every file the mapping names.
pub(super) fn stage(source: &SourceEntry, _protocol: &Protocol, sink: &mut dyn Sink) -> Result<(), IngestError> {
    let Mapping::Columns(mapping) = &source.mapping else { unreachable!("CSV without a mapping needs no adapter") };
    for name in mapping.files() {
        let path = if source.path.is_dir() { source.path.join(name) } else { source.path.clone() };
        let tables = mapping.tables.iter().filter(|table| table.from == name);
        read(&path, name, tables, sink)?;
    }
    Ok(())
}

fn read<'m>(
    path: &Path,
    name: &str,
    tables: impl Iterator<Item = &'m MappedTable>,
    sink: &mut dyn Sink,
) -> Result<(), IngestError> {
    let mut blocks = Blocks::open(path, None)?;
    let header = blocks.header()?;
    let file = sink.file(name);
    sink.headers(file, &header.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mapper = Mapper::new(path, &header, tables)?;
    let mut read = 0;
    let mut buffers = Buffers::default();
    while let Some(block) = blocks.next()? {
        for strip in block.strips() {
            strip.check_utf8(path)?;
            let records = Records::split(strip.bytes, strip.first_line, block.quoted, &mut buffers);
            for record in records.iter() {
                read += u64::from(record_read(&record, file, &mapper, sink)?);
            }
        }
        blocks.recycle(block.bytes);
    }
    sink.records(file, read);
    Ok(())
}

/// Reads a record; a line of empty cells, as spreadsheets leave at the end, is none.
fn record_read(
    record: &Record<'_>,
    file: FileId,
    mapper: &Mapper<'_>,
    sink: &mut dyn Sink,
) -> Result<bool, IngestError> {
    let text = |at: usize| String::from_utf8_lossy(record.field(at)).into_owned();
    let cells: Vec<ForeignCell> = (0..record.fields()).map(|at| ForeignCell { text: text(at), date: None }).collect();
    if cells.iter().all(|cell| cell.text.is_empty()) {
        return Ok(false);
    }
    mapper.row(At { file, line: record.line() }, &cells, Some(record.fields()), sink)?;
    Ok(true)
}
