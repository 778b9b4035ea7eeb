//! One sheet being written, cell by cell.

use rust_xlsxwriter::{Format, FormatAlign, Workbook, Worksheet};

use super::date;
use crate::model::calendar::Day;

/// The longest text a cell may hold is 32,767 characters.
const LONGEST_TEXT: usize = 32_000;

/// A sheet and the formats its cells take.
pub(super) struct Sheet<'a> {
    cells: &'a mut Worksheet,
    heading: Format,
    /// Text that begins like a formula.
    quoted: Format,
    date: Format,
    count: Format,
    percent: Format,
    decimal: Format,
}

/// What a number is shown as; the cell keeps all its digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Count,
    Percent,
    Decimal,
}

impl<'a> Sheet<'a> {
    /// Adds a sheet; the names are ours and fit the format.
    pub(super) fn add(workbook: &'a mut Workbook, name: &str) -> Self {
        let sheet = workbook.add_worksheet();
        sheet.set_name(name).expect("a short name without special characters");
        let numbers = |format: &str| Format::new().set_num_format(format);
        Self {
            cells: sheet,
            heading: Format::new().set_bold(),
            quoted: Format::new().set_quote_prefix(),
            date: numbers("yyyy-mm-dd"),
            count: numbers("#,##0"),
            percent: numbers("0.0%"),
            decimal: numbers("0.00"),
        }
    }

    /// Column headings, frozen, repeated on paper, with a filter over `rows`.
    pub(super) fn headings(&mut self, headings: &[(&str, u16)], rows: u32) {
        let mut last = 0;
        for (column, (heading, width)) in (0_u16..).zip(headings) {
            self.cells.write_string_with_format(0, column, *heading, &self.heading).expect("within the sheet");
            self.cells.set_column_width(column, f64::from(*width)).expect("within the sheet");
            last = column;
        }
        self.cells.set_freeze_panes(1, 1).expect("within the sheet");
        self.cells.set_repeat_rows(0, 0).expect("within the sheet");
        self.cells.autofilter(0, 0, rows, last).expect("within the sheet");
        self.cells.set_landscape().set_print_fit_to_pages(1, 0);
    }

    /// Bold text.
    pub(super) fn title(&mut self, (row, column): (u32, u16), text: &str) {
        self.cells.write_string_with_format(row, column, fitted(text), &self.heading).expect("within the sheet");
    }

    /// Width of a column in characters.
    pub(super) fn width(&mut self, column: u16, width: u16) {
        self.cells.set_column_width(column, f64::from(width)).expect("within the sheet");
    }

    /// Lets the text of a column run over several lines; called last.
    pub(super) fn wrapped(&mut self, column: u16) {
        let format = Format::new().set_text_wrap().set_align(FormatAlign::Top);
        self.cells.set_column_format(column, &format).expect("within the sheet");
    }

    /// Text; nothing for none.
    pub(super) fn text(&mut self, (row, column): (u32, u16), text: &str) {
        if text.is_empty() {
            return;
        }
        let text = fitted(text);
        let written = if begins_like_a_formula(&text) {
            self.cells.write_string_with_format(row, column, text, &self.quoted)
        } else {
            self.cells.write_string(row, column, text)
        };
        written.expect("within the sheet");
    }

    /// A number; nothing where it is hidden or undefined.
    pub(super) fn number(&mut self, (row, column): (u32, u16), number: Option<f64>, shown: Shown) {
        let Some(number) = number else { return };
        let format = match shown {
            Shown::Count => &self.count,
            Shown::Percent => &self.percent,
            Shown::Decimal => &self.decimal,
        };
        self.cells.write_number_with_format(row, column, number, format).expect("within the sheet");
    }

    /// A date; nothing for none.
    pub(super) fn day(&mut self, (row, column): (u32, u16), day: Option<Day>) {
        if let Some(day) = day {
            self.cells.write_datetime_with_format(row, column, date(day), &self.date).expect("within the sheet");
        }
    }
}

/// OWASP's list of what a spreadsheet takes for a formula.
fn begins_like_a_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Text cut to what a cell can hold.
pub(super) fn fitted(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}
