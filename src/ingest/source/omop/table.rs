//! One table of an OMOP folder → its records as text, whatever it is written in.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::error::ArrowError;

use super::super::delimited::Delimited;
use super::super::sink::{At, FileId, Sink};
use super::folder::{Format, Part};
use crate::ingest::error::IngestError;
use crate::ingest::gate::{Role, printable};
use crate::model::reject::{FIELD_COUNT, UNMAPPED_COLUMN};
use crate::model::table::InputTable;
use crate::store::ParquetInput;

/// What is read of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Columns, lower case; records hold them in this order.
    pub columns: &'static [&'static str],
    /// How many of them, from the first, the table must have.
    pub required: usize,
    /// Other columns the CDM prescribes, which are not read.
    pub prescribed: &'static [&'static str],
    /// The canonical table its records mostly become; `None` for vocabularies.
    pub becomes: Option<&'static str>,
    /// Canonical columns and what they are here, so that staff find the cell.
    pub names: &'static [(&'static str, &'static str)],
}

impl Wanted {
    /// What a column is to this program.
    fn role(&self, name: &str) -> Role {
        let among = |columns: &[&str]| columns.iter().any(|column| name.eq_ignore_ascii_case(column));
        if among(self.columns) {
            let dated = ["_date", "_datetime"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
            if dated { Role::ReadAsDate } else { Role::Read }
        } else if among(self.prescribed) {
            Role::Prescribed
        } else {
            Role::Unmapped
        }
    }
}

/// A record: the wanted columns, empty where the table has none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    wanted: &'a Wanted,
    cells: &'a [&'a str],
}

impl<'a> Record<'a> {
    /// A cell by its column, which must be among those wanted.
    pub(super) fn get(&self, column: &str) -> &'a str {
        let at = self.wanted.columns.iter().position(|known| *known == column);
        self.cells[at.expect("only wanted columns are asked for")]
    }

    /// A concept id; 0 is "no matching concept", and so is nothing.
    pub(super) fn concept(&self, column: &str) -> u64 {
        whole(self.get(column)).parse().unwrap_or(0)
    }

    /// A whole number as text, without the decimals some programs add.
    pub(super) fn whole(&self, column: &str) -> &'a str {
        whole(self.get(column))
    }

    /// A date: from its own column, or from the start of a time stamp.
    pub(super) fn date(&self, date: &str, datetime: &str) -> String {
        let written = [self.get(date), self.get(datetime)].into_iter().find(|text| !text.is_empty()).unwrap_or("");
        let day = written.split([' ', 'T']).next().unwrap_or("");
        let is_compact = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
        if is_compact { format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]) } else { day.to_owned() }
    }
}

/// `12.0` → `12`.
fn whole(text: &str) -> &str {
    text.split_once('.').filter(|(_, zeros)| zeros.bytes().all(|byte| byte == b'0')).map_or(text, |(whole, _)| whole)
}

/// Says of a record what it gives.
pub(super) type Take<'t> = dyn FnMut(&Record<'_>, At, &mut dyn Sink) -> Result<(), IngestError> + 't;

/// Reads every part of a table: `take` is asked for each record.
pub(super) fn read<'p>(
    parts: impl Iterator<Item = &'p Part>,
    wanted: &Wanted,
    sink: &mut dyn Sink,
    take: &mut Take<'_>,
) -> Result<(), IngestError> {
    for part in parts {
        let file = sink.file(&part.name);
        if let Some(table) = wanted.becomes.filter(|table| *table == "departures") {
            // DEATH without a record says that nobody died.
            sink.may_hold(file, InputTable::find(table).expect("tables are named as in the list of tables"));
        }
        if !wanted.names.is_empty() {
            sink.called(file, wanted.names.iter().map(|(canonical, name)| (*canonical, (*name).to_owned())).collect());
        }
        let read = match part.format {
            Format::Text => read_text(part, wanted, file, sink, take)?,
            Format::Parquet => read_parquet(part, wanted, file, sink, take)?,
        };
        sink.records(file, read);
    }
    Ok(())
}

fn read_text(
    part: &Part,
    wanted: &Wanted,
    file: FileId,
    sink: &mut dyn Sink,
    take: &mut Take<'_>,
) -> Result<u64, IngestError> {
    let (mut input, header) = Delimited::open(&part.path)?;
    if header.is_empty() {
        return Err(IngestError::empty(&part.path));
    }
    let positions = places(part, wanted, &header, file, sink)?;
    let mut read = 0;
    while let Some(fields) = input.next()? {
        read += 1;
        let at = At { file, line: fields.line };
        if fields.len() == header.len() {
            let cells: Vec<&str> =
                positions.iter().map(|at| at.map_or("", |index| stated(fields.get(index)))).collect();
            take(&Record { wanted, cells: &cells }, at, sink)?;
        } else if let Some(table) = wanted.becomes {
            let table = InputTable::find(table).expect("tables are named as in the list of tables");
            sink.reject(at, table, &FIELD_COUNT, "")?;
        } else {
            sink.pass_over(at, &crate::model::reject::REFERENCE_RECORD, "");
        }
    }
    Ok(read)
}

/// Where the wanted columns are; shows all of them to the gate.
fn places(
    part: &Part,
    wanted: &Wanted,
    header: &[String],
    file: FileId,
    sink: &mut dyn Sink,
) -> Result<Vec<Option<usize>>, IngestError> {
    if wanted.becomes.is_some() {
        sink.prescribed(file, header, &|name| wanted.role(name))?;
        let names = header.iter().enumerate();
        for (at, name) in names.filter(|(_, name)| wanted.role(name.trim()) == Role::Unmapped) {
            sink.remark(file, &UNMAPPED_COLUMN, &printable(name.trim(), at), 1);
        }
    }
    let place = |column: &&str| header.iter().position(|name| name.trim().eq_ignore_ascii_case(column));
    let places: Vec<Option<usize>> = wanted.columns.iter().map(place).collect();
    let absent = places.iter().take(wanted.required).position(Option::is_none);
    match absent {
        Some(column) => Err(IngestError::MissingColumn {
            path: part.path.clone(),
            column: wanted.columns[column].to_owned(),
            hint: "the columns of OMOP CDM 5.4 have this name, in upper or lower case".to_owned(),
        }),
        None => Ok(places),
    }
}

fn read_parquet(
    part: &Part,
    wanted: &Wanted,
    file: FileId,
    sink: &mut dyn Sink,
    take: &mut Take<'_>,
) -> Result<u64, IngestError> {
    let unreadable = |error: std::io::Error| IngestError::unreadable(&part.path, &error);
    let is_wanted = |name: &str| wanted.columns.iter().any(|column| name.eq_ignore_ascii_case(column));
    let mut input = ParquetInput::open(&part.path, is_wanted).map_err(unreadable)?;
    let header = input.columns.clone();
    places(part, wanted, &header, file, sink)?;
    let mut read: u64 = 0;
    while let Some(batch) = input.next().map_err(unreadable)? {
        let schema = batch.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let column = |wanted: &&str| names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
        let columns = wanted.columns.iter().map(|name| column(name).map(|at| texts(batch.column(at))).transpose());
        let columns: Vec<Option<StringArray>> =
            columns.collect::<Result<_, _>>().map_err(|error| not_text(part, &error))?;
        for row in 0..batch.num_rows() {
            read += 1;
            let line = u32::try_from(read).map_err(|_| too_long(part))?;
            let cells: Vec<&str> = columns.iter().map(|column| cell(column.as_ref(), row)).collect();
            take(&Record { wanted, cells: &cells }, At { file, line }, sink)?;
        }
    }
    Ok(read)
}

fn cell(column: Option<&StringArray>, row: usize) -> &str {
    column.filter(|column| column.is_valid(row)).map_or("", |column| stated(column.value(row).trim_ascii()))
}

/// A column as text. Whole numbers are often doubles here, and a large double
/// must not become `1e6`.
fn texts(array: &ArrayRef) -> Result<StringArray, ArrowError> {
    Ok(match array.data_type() {
        DataType::Float64 => array.as_primitive::<Float64Type>().iter().map(|value| value.map(written)).collect(),
        DataType::Float32 => {
            array.as_primitive::<Float32Type>().iter().map(|value| value.map(|value| value.to_string())).collect()
        }
        _ => cast(array, &DataType::Utf8)?.as_string::<i32>().clone(),
    })
}

fn written(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { String::new() }
}

/// Programs write their own words for nothing.
fn stated(cell: &str) -> &str {
    if matches!(cell, "NULL" | "null" | "\\N" | "NA" | "NaN" | "nan" | "None") { "" } else { cell }
}

fn not_text(part: &Part, error: &ArrowError) -> IngestError {
    IngestError::UnreadableInput {
        path: part.path.clone(),
        line: None,
        what: format!("a column has a type that cannot be read ({error})"),
        hint: "write numbers, dates and text, as OMOP CDM 5.4 has them",
    }
}

fn too_long(part: &Part) -> IngestError {
    IngestError::UnreadableInput {
        path: part.path.clone(),
        line: None,
        what: "the file has more than four billion rows".to_owned(),
        hint: "split it into parts in a folder named after the table",
    }
}
