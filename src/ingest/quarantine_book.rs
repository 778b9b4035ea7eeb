//! The quarantine as a workbook, for the people who mend rows: the same lines as
//! the CSV beside it, with a column to write in.

use std::path::Path;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};

use super::blocks::Blocks;
use super::error::IngestError;
use super::record::{Buffers, Records};
use crate::store::StoreError;

/// Lines of a workbook: nobody mends more by hand. The CSV has all of them.
const MOST_LINES: u32 = 20_000;

/// Widths of the columns, in characters.
const WIDTHS: [f64; 7] = [26.0, 8.0, 18.0, 24.0, 46.0, 60.0, 22.0];

/// Writes the workbook of a quarantine file beside it.
pub(super) fn write(csv: &Path) -> Result<(), IngestError> {
    let path = csv.with_extension("xlsx");
    let unwritable = |_| StoreError::unwritable(&path, std::io::Error::other("the workbook could not be built"));
    let mut book = Workbook::new();
    // The same input gives the same bytes: no clock.
    let created = ExcelDateTime::from_ymd(2000, 1, 1).map_err(unwritable)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&created));
    // Rows go to a file without a name as they come.
    book.set_tempdir(csv.parent().unwrap_or(Path::new("."))).map_err(unwritable)?;
    let mut lines = 0;
    let sheet = book.add_worksheet_with_low_memory().map_err(unwritable)?;
    layout(sheet).map_err(unwritable)?;
    each_record(csv, &mut |cells| {
        if lines <= MOST_LINES {
            line(sheet, lines, cells).map_err(unwritable)?;
        }
        lines += 1;
        Ok(())
    })?;
    if lines > MOST_LINES + 1 {
        let more = format!("{} more lines are in the CSV file of the same name", lines - MOST_LINES - 1);
        sheet.write_string(MOST_LINES + 1, 0, more).map_err(unwritable)?;
    }
    book.save(&path).map_err(unwritable)?;
    Ok(())
}

fn layout(sheet: &mut rust_xlsxwriter::Worksheet) -> Result<(), XlsxError> {
    sheet.set_name("quarantine")?;
    sheet.set_freeze_panes(1, 0)?;
    for (column, width) in (0..).zip(WIDTHS) {
        sheet.set_column_width(column, width)?;
    }
    Ok(())
}

fn line(sheet: &mut rust_xlsxwriter::Worksheet, row: u32, cells: &[&str]) -> Result<(), XlsxError> {
    let heading = Format::new().set_bold();
    for (column, cell) in (0..).zip(cells) {
        match cell.parse::<u32>() {
            Ok(number) if column == 1 => sheet.write_number(row, column, number)?,
            _ if row == 0 => sheet.write_string_with_format(row, column, *cell, &heading)?,
            _ => sheet.write_string(row, column, *cell)?,
        };
    }
    Ok(())
}

/// Hands over the header and every record of a file this program wrote.
fn each_record(path: &Path, take: &mut dyn FnMut(&[&str]) -> Result<(), IngestError>) -> Result<(), IngestError> {
    let mut blocks = Blocks::open(path, None)?;
    let header = blocks.header()?;
    take(&header.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mut buffers = Buffers::default();
    while let Some(block) = blocks.next()? {
        for strip in block.strips() {
            let records = Records::split(strip.bytes, strip.first_line, block.quoted, &mut buffers);
            for record in records.iter() {
                let text = |at| str::from_utf8(record.field(at)).unwrap_or_default();
                take(&(0..record.fields()).map(text).collect::<Vec<_>>())?;
            }
        }
        blocks.recycle(block.bytes);
    }
    Ok(())
}
