//! CSV that is not read where it lies: with columns of its own and a mapping, or
//! canonical with corrections.

use std::path::Path;

use super::super::blocks::Blocks;
use super::super::error::IngestError;
use super::super::record::{Buffers, Record, Records};
use super::mapped::{ForeignCell, Mapper};
use super::sink::{At, Sink};
use super::{csv, identity};
use crate::model::table::InputTable;
use crate::protocol::{MappedTable, Mapping, Protocol, SourceEntry};

/// Reads every file the mapping names, or every table of a canonical folder.
pub(super) fn stage(source: &SourceEntry, _protocol: &Protocol, sink: &mut dyn Sink) -> Result<(), IngestError> {
    let Mapping::Columns(mapping) = &source.mapping else { return canonical(source, sink) };
    for name in mapping.files() {
        let path = if source.path.is_dir() { source.path.join(name) } else { source.path.clone() };
        let tables = mapping.tables.iter().filter(|table| table.from == name).collect();
        read(&path, name, &Tables::Mapped(tables), sink)?;
    }
    Ok(())
}

fn canonical(source: &SourceEntry, sink: &mut dyn Sink) -> Result<(), IngestError> {
    let found = csv::find_files(source)?;
    for table in found.tables {
        read(&table.path, &table.name, &Tables::Canonical(table.table), sink)?;
    }
    for other in found.others {
        let file = sink.file(&other.name);
        other.remarks.iter().for_each(|(rule, column, times)| sink.remark(file, rule, column, *times));
        sink.records(file, 0);
    }
    Ok(())
}

/// What a file holds.
enum Tables<'m> {
    Canonical(&'static InputTable),
    Mapped(Vec<&'m MappedTable>),
}

fn read(path: &Path, name: &str, tables: &Tables<'_>, sink: &mut dyn Sink) -> Result<(), IngestError> {
    let mut blocks = Blocks::open(path, None)?;
    let header = blocks.header()?;
    if header.is_empty() {
        return Err(IngestError::empty(path));
    }
    let file = sink.file(name);
    sink.headers(file, &header.iter().map(String::as_str).collect::<Vec<_>>())?;
    let identity;
    let (tables, blank_is_row) = match tables {
        Tables::Mapped(tables) => (tables.clone(), false),
        Tables::Canonical(table) => {
            identity = identity::mapping(table, &header, path, file, sink)?;
            (vec![&identity], true)
        }
    };
    let mapper = Mapper::new(path, &header, tables, file, sink)?;
    let mut read = 0;
    each_record(path, blocks, &mut |record| {
        let cells = cells(record);
        // A line of empty cells, as spreadsheets leave at the end, is none of a clinic's own.
        if blank_is_row || cells.iter().any(|cell| !cell.text.is_empty()) {
            read += 1;
            mapper.row(At { file, line: record.line() }, &cells, Some(record.fields()), sink)?;
        }
        Ok(())
    })?;
    sink.records(file, read);
    Ok(())
}

/// Hands over header and records of a file as text, with their lines.
pub(super) fn rows(
    path: &Path,
    take: &mut dyn FnMut(u32, Vec<String>) -> Result<(), IngestError>,
) -> Result<(), IngestError> {
    let mut blocks = Blocks::open(path, None)?;
    take(1, blocks.header()?)?;
    each_record(path, blocks, &mut |record| {
        take(record.line(), cells(record).into_iter().map(|cell| cell.text).collect())
    })
}

fn each_record(
    path: &Path,
    mut blocks: Blocks,
    take: &mut dyn FnMut(&Record<'_>) -> Result<(), IngestError>,
) -> Result<(), IngestError> {
    let mut buffers = Buffers::default();
    while let Some(block) = blocks.next()? {
        for strip in block.strips() {
            strip.check_utf8(path)?;
            let records = Records::split(strip.bytes, strip.first_line, block.quoted, &mut buffers);
            records.iter().try_for_each(|record| take(&record))?;
        }
        blocks.recycle(block.bytes);
    }
    Ok(())
}

fn cells(record: &Record<'_>) -> Vec<ForeignCell> {
    let text = |at: usize| String::from_utf8_lossy(record.field(at)).into_owned();
    (0..record.fields()).map(|at| ForeignCell { text: text(at), date: None }).collect()
}
