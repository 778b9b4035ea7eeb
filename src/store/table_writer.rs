//! Arrow batches → one Parquet file, the same bytes for the same rows.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::{StoreError, durable};

/// Rows of a row group: enough to compress well, few enough that a reader who
/// wants a range of patients skips most of the file.
pub(crate) const ROW_GROUP_ROWS: usize = 1 << 17;

/// Written into every file instead of the library's version, so that an update
/// of the library does not change a report's bytes by that alone.
const CREATED_BY: &str = "relief";

/// How a file is packed; codes get a dictionary either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Compressed, for a file that is kept.
    Zstd,
    /// Numbers as they are and nothing compressed, for one that is read as soon as
    /// it is written and written anew by every run: making it smaller takes longer
    /// than what is read and written less.
    Plain,
}

/// Writes one Parquet file. The file appears under its name only when finished.
pub struct TableWriter {
    path: PathBuf,
    partial: PathBuf,
    file: SerializedFileWriter<File>,
    encoder: Arc<Encoder>,
    pending: Vec<RecordBatch>,
    pending_rows: usize,
}

impl fmt::Debug for TableWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Encodes row groups, on any number of threads at once.
pub struct Encoder {
    path: PathBuf,
    schema: SchemaRef,
    factory: ArrowRowGroupWriterFactory,
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("path", &self.path).finish_non_exhaustive()
    }
}

/// An encoded row group, not yet in a file.
#[derive(Debug)]
pub struct RowGroup(Vec<ArrowColumnChunk>);

impl TableWriter {
    /// Begins the file.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn create(path: &Path, schema: SchemaRef, packing: Packing) -> Result<Self, StoreError> {
        let partial = path.with_extension("parquet.tmp");
        let file = File::create(&partial).map_err(|error| StoreError::unwritable(&partial, error))?;
        let failed = |error| StoreError::table(path, error);
        let writer =
            ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties(&schema, packing))).map_err(failed)?;
        let (file, factory) = writer.into_serialized_writer().map_err(failed)?;
        let encoder = Arc::new(Encoder { path: path.to_owned(), schema, factory });
        Ok(Self { path: path.to_owned(), partial, file, encoder, pending: Vec::new(), pending_rows: 0 })
    }

    /// Adds rows; they become row groups of their own accord.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.pending.push(batch.clone());
        self.pending_rows += batch.num_rows();
        if self.pending_rows >= ROW_GROUP_ROWS { self.flush() } else { Ok(()) }
    }

    /// What turns rows into row groups, for callers with several threads.
    pub fn encoder(&self) -> Arc<Encoder> {
        Arc::clone(&self.encoder)
    }

    /// Adds an encoded row group after everything written so far.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&mut self, group: RowGroup) -> Result<(), StoreError> {
        self.flush()?;
        self.append_flushed(group)
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.flush()?;
        let failed = |error| StoreError::table(&self.path, error);
        self.file.finish().map_err(failed)?;
        self.file.inner().sync_all().map_err(|error| StoreError::unwritable(&self.partial, error))?;
        fs::rename(&self.partial, &self.path).map_err(|error| StoreError::unwritable(&self.path, error))?;
        // The parent of a bare file name is empty, not absent.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        durable::sync_folder(folder.unwrap_or(Path::new(".")))
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if self.pending_rows == 0 {
            return Ok(());
        }
        let group = self.encoder.encode(&std::mem::take(&mut self.pending))?;
        self.pending_rows = 0;
        self.append_flushed(group)
    }

    fn append_flushed(&mut self, group: RowGroup) -> Result<(), StoreError> {
        let failed = |error| StoreError::table(&self.path, error);
        let mut row_group = self.file.next_row_group().map_err(failed)?;
        for column in group.0 {
            column.append_to_row_group(&mut row_group).map_err(failed)?;
        }
        row_group.close().map_err(failed)?;
        Ok(())
    }
}

impl Encoder {
    /// Encodes `batches` as one row group.
    ///
    /// # Errors
    /// The batches do not fit the schema.
    pub fn encode(&self, batches: &[RecordBatch]) -> Result<RowGroup, StoreError> {
        self.encode_columns(batches).map(RowGroup).map_err(|error| StoreError::table(&self.path, error))
    }

    fn encode_columns(&self, batches: &[RecordBatch]) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
        // The index only matters to encryption, which is not compiled in.
        let writers = self.factory.create_column_writers(0)?;
        let mut chunks = Vec::with_capacity(writers.len());
        for (column, mut writer) in writers.into_iter().enumerate() {
            for batch in batches {
                for leaf in compute_leaves(self.schema.field(column), batch.column(column))? {
                    writer.write(&leaf)?;
                }
            }
            chunks.push(writer.close()?);
        }
        Ok(chunks)
    }
}

fn properties(schema: &Schema, packing: Packing) -> WriterProperties {
    let compression = match packing {
        Packing::Zstd => Compression::ZSTD(ZstdLevel::try_new(1).expect("1 is a zstd level")),
        Packing::Plain => Compression::UNCOMPRESSED,
    };
    let mut builder = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(compression)
        .set_max_row_group_row_count(None)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true);
    for field in schema.fields() {
        builder = column_properties(builder, packing, field.name(), field.data_type());
    }
    builder.build()
}

/// Codes repeat, so they get a dictionary; days and lines grow, so they are
/// stored as differences; a row id is new on every row, so it is stored as is.
fn column_properties(
    builder: WriterPropertiesBuilder,
    packing: Packing,
    name: &str,
    kind: &DataType,
) -> WriterPropertiesBuilder {
    let path = ColumnPath::from(name);
    let is_key = name == "patient_key";
    let dictionary = |builder: WriterPropertiesBuilder| builder.set_column_dictionary_enabled(path.clone(), true);
    let builder = match (kind, packing) {
        _ if name == "source_row_id" => builder,
        (DataType::Utf8, _) | (DataType::Float64, Packing::Zstd) => dictionary(builder),
        (DataType::Int64, Packing::Zstd) if is_key => dictionary(builder),
        (DataType::Int32 | DataType::Int64, Packing::Zstd) => {
            builder.set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED)
        }
        _ => builder,
    };
    // Readers prune by patient range.
    if is_key { builder.set_column_statistics_enabled(path, EnabledStatistics::Chunk) } else { builder }
}
