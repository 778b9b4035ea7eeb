//! The streaming merge: snapshot tables, each sorted by patient and day, →
//! one `PatientHistory` after another.
//!
//! Every table is read forward once, a batch at a time, so memory does not
//! grow with the number of patients.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Int64Type, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;

use super::DeriveError;

/// Rows decoded at a time: enough to amortise the call, small enough for cache.
const BATCH_ROWS: usize = 8_192;

/// Half-open range of patient keys a worker reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyRange {
    pub(super) first: i64,
    pub(super) end: i64,
}

impl KeyRange {
    fn holds(self, key: i64) -> bool {
        self.first <= key && key < self.end
    }
}

/// Turns a batch's columns into rows of one table.
pub(super) trait Decode {
    type Row;
    /// Columns read beside `patient_key`, in the order `load` takes them.
    const COLUMNS: &'static [&'static str];
    /// Takes the columns of the next batch.
    fn load(&mut self, columns: &[arrow::array::ArrayRef]);
    /// Row `index` of the batch; `None` for one no measure uses.
    fn row(&self, index: usize) -> Option<Self::Row>;
}

/// A table of the snapshot, opened once and read by every worker.
pub(super) struct Table {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
}

impl Table {
    /// Opens the table `D` decodes.
    pub(super) fn open<D: Decode>(path: PathBuf) -> Result<Self, DeriveError> {
        let metadata = metadata(&path).map_err(|error| DeriveError::table(&path, error.to_string()))?;
        if let Some(missing) = D::COLUMNS.iter().find(|name| metadata.schema().column_with_name(name).is_none()) {
            return Err(DeriveError::OlderSnapshot { path, what: format!("column `{missing}`") });
        }
        Ok(Self { path, metadata })
    }

    /// The row groups that may hold keys of the range.
    fn groups(&self, range: KeyRange) -> Vec<usize> {
        let groups = self.metadata.metadata().row_groups().iter().enumerate();
        groups.filter(|(_, group)| overlaps(group, range)).map(|(index, _)| index).collect()
    }

    /// Reads the keys and `columns` of a row group, from the row after the first `skipped`.
    fn read(&self, group: usize, columns: &[&str], skipped: usize) -> Result<ParquetRecordBatchReader, ParquetError> {
        // A file of its own: one that threads share has one place to read at.
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(File::open(&self.path)?, self.metadata.clone());
        let wanted = std::iter::once("patient_key").chain(columns.iter().copied());
        let mask = ProjectionMask::columns(builder.parquet_schema(), wanted);
        let builder = builder.with_projection(mask).with_row_groups(vec![group]).with_batch_size(BATCH_ROWS);
        // An offset makes the reader select rows one run after another, also when it is 0.
        if skipped == 0 { builder.build() } else { builder.with_offset(skipped).build() }
    }

    /// How many rows of the group come before the key `first`: the keys alone are
    /// read for it, and the pages before are then passed over undecoded.
    fn rows_before(&self, group: usize, first: i64) -> Result<usize, ParquetError> {
        let mut rows = 0;
        for batch in self.read(group, &[], 0)? {
            let batch = batch?;
            let before = batch.column(0).as_primitive::<Int64Type>().values().partition_point(|&key| key < first);
            rows += before;
            if before < batch.num_rows() {
                break;
            }
        }
        Ok(rows)
    }
}

/// What a file says of itself, with text as dictionaries so that a word is looked
/// up once a batch instead of once a row.
fn metadata(path: &Path) -> Result<ArrowReaderMetadata, ParquetError> {
    let metadata = ArrowReaderMetadata::load(&File::open(path)?, ArrowReaderOptions::new())?;
    let fields: Vec<Field> = metadata.schema().fields().iter().map(|field| as_dictionary(field)).collect();
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
}

/// A position in one table.
pub(super) struct Cursor<'t, D: Decode> {
    table: &'t Table,
    /// Row groups not yet read.
    groups: std::vec::IntoIter<usize>,
    /// One row group at a time: a batch that reached into the next would have two
    /// dictionaries, and every word of it would be looked up again for a third.
    reader: Option<ParquetRecordBatchReader>,
    keys: Int64Array,
    position: usize,
    range: KeyRange,
    decoder: D,
}

impl<'t, D: Decode> Cursor<'t, D> {
    /// Opens the table at the first row whose key lies in `range`.
    pub(super) fn open(table: &'t Table, range: KeyRange, decoder: D) -> Result<Self, DeriveError> {
        let groups = table.groups(range).into_iter();
        let keys = Int64Array::from(Vec::<i64>::new());
        let mut cursor = Self { table, groups, reader: None, keys, position: 0, range, decoder };
        cursor.reader = cursor.first_reader().map_err(|error| cursor.unreadable(&error))?;
        cursor.load_next()?;
        Ok(cursor)
    }

    fn first_reader(&mut self) -> Result<Option<ParquetRecordBatchReader>, ParquetError> {
        let Some(group) = self.groups.next() else { return Ok(None) };
        let skipped = self.table.rows_before(group, self.range.first)?;
        self.table.read(group, D::COLUMNS, skipped).map(Some)
    }

    /// The patient of the current row, while it lies in the range.
    pub(super) fn key(&self) -> Option<i64> {
        self.keys.values().get(self.position).copied().filter(|&key| self.range.holds(key))
    }

    /// Appends the rows of `patient` and moves past them. Rows of patients
    /// before it are passed over: admission leaves no such orphans.
    pub(super) fn take(&mut self, patient: i64, rows: &mut Vec<D::Row>) -> Result<(), DeriveError> {
        rows.clear();
        loop {
            let keys = self.keys.values();
            while self.position < keys.len() && keys[self.position] <= patient {
                if keys[self.position] == patient {
                    rows.extend(self.decoder.row(self.position));
                }
                self.position += 1;
            }
            if self.position < keys.len() || !self.load_next()? {
                return Ok(());
            }
        }
    }

    fn load_next(&mut self) -> Result<bool, DeriveError> {
        let batch = self.next_batch().map_err(|error| self.unreadable(&error))?;
        self.position = 0;
        let Some(batch) = batch else {
            self.keys = Int64Array::from(Vec::<i64>::new());
            return Ok(false);
        };
        self.keys = batch.column(0).as_primitive::<Int64Type>().clone();
        self.decoder.load(&in_order::<D>(&batch));
        Ok(true)
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, ParquetError> {
        loop {
            if let Some(batch) = self.reader.as_mut().and_then(Iterator::next) {
                return Ok(Some(batch?));
            }
            let Some(group) = self.groups.next() else { return Ok(None) };
            self.reader = Some(self.table.read(group, D::COLUMNS, 0)?);
        }
    }

    fn unreadable(&self, error: &ParquetError) -> DeriveError {
        DeriveError::table(&self.table.path, error.to_string())
    }
}

/// The batch's columns in the order the decoder names them, which need not be
/// the file's.
fn in_order<D: Decode>(batch: &RecordBatch) -> Vec<arrow::array::ArrayRef> {
    let column = |name: &&str| batch.column_by_name(name).expect("the projection holds every column").clone();
    D::COLUMNS.iter().map(column).collect()
}

fn as_dictionary(field: &Field) -> Field {
    let kind = match field.data_type() {
        DataType::Utf8 => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        other => other.clone(),
    };
    Field::new(field.name(), kind, field.is_nullable())
}

/// Whether a row group may hold keys of the range, by its statistics.
fn overlaps(group: &RowGroupMetaData, range: KeyRange) -> bool {
    match group.column(0).statistics() {
        Some(Statistics::Int64(statistics)) => {
            let low = statistics.min_opt().copied().unwrap_or(i64::MIN);
            let high = statistics.max_opt().copied().unwrap_or(i64::MAX);
            low < range.end && high >= range.first
        }
        _ => true,
    }
}

/// A text column: each distinct word of the batch is translated once.
pub(super) struct Words<T> {
    indices: Int32Array,
    meanings: Vec<T>,
}

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self { indices: Int32Array::from(Vec::<i32>::new()), meanings: Vec::new() }
    }
}

impl<T: Copy> Words<T> {
    pub(super) fn load(&mut self, column: &dyn Array, meaning: impl FnMut(&str) -> T) {
        let dictionary = column.as_dictionary::<Int32Type>();
        let words = dictionary.values().as_string::<i32>();
        self.meanings.clear();
        self.meanings.extend(words.iter().map(Option::unwrap_or_default).map(meaning));
        self.indices = dictionary.keys().clone();
    }

    /// The meaning of row `index`; `None` where the cell is empty.
    pub(super) fn get(&self, index: usize) -> Option<T> {
        self.indices.is_valid(index).then(|| self.meanings[self.indices.value(index).cast_unsigned() as usize])
    }
}

pub(super) fn int32(column: &dyn Array) -> Int32Array {
    column.as_primitive::<Int32Type>().clone()
}

pub(super) fn float64(column: &dyn Array) -> Float64Array {
    column.as_primitive::<Float64Type>().clone()
}

pub(super) fn boolean(column: &dyn Array) -> BooleanArray {
    column.as_boolean().clone()
}
