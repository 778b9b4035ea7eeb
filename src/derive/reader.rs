//! The streaming merge: snapshot tables, each sorted by patient and day, →
//! one `PatientHistory` after another.
//!
//! Every table is read forward once, a batch at a time, so memory does not
//! grow with the number of patients.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Int64Type, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
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

/// A position in one table.
pub(super) struct Cursor<D: Decode> {
    reader: ParquetRecordBatchReader,
    keys: Int64Array,
    position: usize,
    range: KeyRange,
    decoder: D,
}

impl<D: Decode> Cursor<D> {
    /// Opens the table at the first row whose key lies in `range`.
    pub(super) fn open(path: &Path, range: KeyRange, decoder: D) -> Result<Self, DeriveError> {
        let unreadable = |error: String| DeriveError::table(path, error);
        let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
        let metadata = metadata.map_err(|error| unreadable(error.to_string()))?;
        if let Some(missing) = D::COLUMNS.iter().find(|name| metadata.schema().column_with_name(name).is_none()) {
            return Err(DeriveError::OlderSnapshot { path: path.to_owned(), what: format!("column `{missing}`") });
        }
        let builder = builder(file, &metadata, D::COLUMNS).map_err(|error| unreadable(error.to_string()))?;
        let groups = builder.metadata().row_groups().iter().enumerate();
        let groups = groups.filter(|(_, group)| overlaps(group, range)).map(|(index, _)| index).collect();
        let reader = builder.with_row_groups(groups).with_batch_size(BATCH_ROWS).build();
        let reader = reader.map_err(|error| unreadable(error.to_string()))?;
        let mut cursor = Self { reader, keys: Int64Array::from(Vec::<i64>::new()), position: 0, range, decoder };
        while cursor.load_next(path)? && cursor.skip_to(range.first) {}
        Ok(cursor)
    }

    /// The patient of the current row, while it lies in the range.
    pub(super) fn key(&self) -> Option<i64> {
        self.keys.values().get(self.position).copied().filter(|&key| self.range.holds(key))
    }

    /// Appends the rows of `patient` and moves past them. Rows of patients
    /// before it are passed over: admission leaves no such orphans.
    pub(super) fn take(&mut self, patient: i64, rows: &mut Vec<D::Row>, path: &Path) -> Result<(), DeriveError> {
        rows.clear();
        loop {
            let keys = self.keys.values();
            while self.position < keys.len() && keys[self.position] <= patient {
                if keys[self.position] == patient {
                    rows.extend(self.decoder.row(self.position));
                }
                self.position += 1;
            }
            if self.position < keys.len() || !self.load_next(path)? {
                return Ok(());
            }
        }
    }

    /// Moves to the first row of the batch at or after `first`; whether the
    /// batch has none.
    fn skip_to(&mut self, first: i64) -> bool {
        self.position = self.keys.values().partition_point(|&key| key < first);
        self.position == self.keys.len()
    }

    fn load_next(&mut self, path: &Path) -> Result<bool, DeriveError> {
        let Some(batch) = self.reader.next() else {
            self.keys = Int64Array::from(Vec::<i64>::new());
            self.position = 0;
            return Ok(false);
        };
        let batch = batch.map_err(|error| DeriveError::table(path, error.to_string()))?;
        self.keys = batch.column(0).as_primitive::<Int64Type>().clone();
        self.position = 0;
        self.decoder.load(&in_order::<D>(&batch));
        Ok(true)
    }
}

/// The batch's columns in the order the decoder names them, which need not be
/// the file's.
fn in_order<D: Decode>(batch: &RecordBatch) -> Vec<arrow::array::ArrayRef> {
    let column = |name: &&str| batch.column_by_name(name).expect("the projection holds every column").clone();
    D::COLUMNS.iter().map(column).collect()
}

/// Reads `columns` of the file, with text as dictionaries so that a word is
/// looked up once a batch instead of once a row.
fn builder(
    file: File,
    metadata: &ArrowReaderMetadata,
    columns: &[&str],
) -> parquet::errors::Result<ParquetRecordBatchReaderBuilder<File>> {
    let fields: Vec<Field> = metadata.schema().fields().iter().map(|field| as_dictionary(field)).collect();
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
    let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)?;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let wanted = std::iter::once("patient_key").chain(columns.iter().copied());
    let mask = ProjectionMask::columns(builder.parquet_schema(), wanted);
    Ok(builder.with_projection(mask))
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
