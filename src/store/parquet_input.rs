//! Parquet other programs wrote → Arrow batches.

use std::fs::File;
use std::io;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

/// Rows of a batch: few enough that wide text columns stay small.
const BATCH_ROWS: usize = 4096;

/// A Parquet file of another program.
#[derive(Debug)]
pub(crate) struct ParquetInput {
    /// Every column it has, in its order.
    pub columns: Vec<String>,
    reader: ParquetRecordBatchReader,
}

impl ParquetInput {
    /// Opens a file to read the columns `wanted` says, by position.
    ///
    /// # Errors
    /// It cannot be read, or is not Parquet.
    pub(crate) fn open(path: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
        holds(builder.metadata(), length).map_err(damaged)?;
        let columns: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        let positions = columns.iter().enumerate().filter(|(_, name)| wanted(name)).map(|(at, _)| at);
        let mask = ProjectionMask::roots(builder.parquet_schema(), positions);
        let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(damaged)?;
        Ok(Self { columns, reader })
    }

    /// The next rows.
    ///
    /// # Errors
    /// The file is damaged.
    pub(crate) fn next(&mut self) -> io::Result<Option<RecordBatch>> {
        self.reader.next().transpose().map_err(|error: ArrowError| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// Every column lies within the file: the reader panics where one begins before it.
fn holds(metadata: &ParquetMetaData, length: u64) -> Result<(), ParquetError> {
    for column in metadata.row_groups().iter().flat_map(RowGroupMetaData::columns) {
        let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        let end = u64::try_from(start).ok().zip(u64::try_from(column.compressed_size()).ok());
        if end.and_then(|(start, size)| start.checked_add(size)).is_none_or(|end| end > length) {
            return Err(ParquetError::General("a column lies outside the file".to_owned()));
        }
    }
    Ok(())
}

fn damaged(error: ParquetError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
