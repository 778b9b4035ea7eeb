//! Snapshot tables as Arrow schemas.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::model::table::{Column, ColumnKind, TableId};

/// Version of the tables' columns; part of every snapshot's digest.
pub(crate) const SCHEMA_VERSION: u32 = 3;

/// The Arrow schema of a table.
pub fn schema_of(table: TableId) -> SchemaRef {
    Arc::new(Schema::new(table.columns().map(field).collect::<Vec<_>>()))
}

fn field(column: Column) -> Field {
    let kind = match column.kind {
        ColumnKind::Int32 => DataType::Int32,
        ColumnKind::Int64 => DataType::Int64,
        ColumnKind::Float64 => DataType::Float64,
        ColumnKind::Utf8 => DataType::Utf8,
        ColumnKind::Boolean => DataType::Boolean,
    };
    Field::new(column.name, kind, column.optional)
}
