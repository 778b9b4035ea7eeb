//! A file's header → where each column of the table is.

use std::path::Path;

use super::error::IngestError;
use super::gate::{Role, Unread, printable};
use crate::model::table::InputTable;
use crate::protocol::nearest;
use crate::store::CalendarKind;

/// Where a column is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Column name.
    pub name: &'static str,
    /// Position; past every record's end when the file lacks the column.
    pub position: usize,
}

const ABSENT: usize = usize::MAX;

impl Cell {
    /// Whether the file has the column.
    pub(super) fn is_present(self) -> bool {
        self.position != ABSENT
    }
}

/// Where the columns of a table are in a file.
#[derive(Debug)]
pub(super) struct Layout {
    /// The table.
    pub table: &'static InputTable,
    /// Fields of every record.
    pub width: usize,
    /// The time column and its kind.
    pub day: Option<(Cell, CalendarKind)>,
    /// Whether the file says how its days are counted.
    pub has_days: bool,
    /// Columns that are not read.
    pub unmapped: Vec<Unread>,
    cells: Vec<Cell>,
}

impl Layout {
    /// Reads a header. A file without any line is a table without rows.
    pub(super) fn read(table: &'static InputTable, header: &[String], path: &Path) -> Result<Self, IngestError> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        check_separator(&names, path)?;
        let mut layout =
            Self { table, width: names.len(), day: None, has_days: false, unmapped: Vec::new(), cells: Vec::new() };
        for column in table.columns {
            let position = position(&names, column.name, path)?;
            if position.is_none() && column.required && !names.is_empty() {
                return Err(missing(&names, table, column.name, path));
            }
            layout.cells.push(Cell { name: column.name, position: position.unwrap_or(ABSENT) });
        }
        layout.day = day(&names, table, path)?;
        layout.has_days = layout.day.is_some();
        let known = |name: &str| table.header_names().any(|known| known == name);
        let unread = |(position, name): (usize, &String)| Unread { position, name: printable(name, position) };
        layout.unmapped = names.iter().enumerate().filter(|(_, name)| !known(name)).map(unread).collect();
        Ok(layout)
    }

    /// The columns of a staged table: one for its day, whichever way it is counted.
    pub(super) fn staged_columns(table: &'static InputTable) -> impl Iterator<Item = &'static str> {
        table.header_names().filter(|name| table.day.is_none_or(|day| day.study_day != *name))
    }

    /// How the days of the column `name` are counted, if it holds days.
    pub(super) fn calendar_of(table: &InputTable, name: &str) -> Option<CalendarKind> {
        let day = table.day?;
        let kinds = [(day.dated, CalendarKind::Dated), (day.study_day, CalendarKind::StudyDay)];
        kinds.into_iter().find(|(column, _)| *column == name).map(|(_, kind)| kind)
    }

    /// Where the columns of a staged table are; `named` are those its adapter
    /// spoke of.
    pub(super) fn staged(
        table: &'static InputTable,
        named: impl Fn(&str) -> bool,
        calendar: Option<CalendarKind>,
    ) -> Self {
        let position = |name: &str| Self::staged_columns(table).position(|column| column == name).unwrap_or(ABSENT);
        let cell = |name: &'static str| {
            let present = name == "patient_id" || named(name);
            Cell { name, position: if present { position(name) } else { ABSENT } }
        };
        // Without any day every row lacks its own, whichever way it is counted.
        let kind = calendar.unwrap_or(CalendarKind::Dated);
        let day = table.day.map(|day| {
            let name = if kind == CalendarKind::Dated { day.dated } else { day.study_day };
            (Cell { name, position: position(day.dated) }, kind)
        });
        Self {
            table,
            width: Self::staged_columns(table).count(),
            day: day.filter(|_| table.name != "withdrawals" || calendar.is_some()),
            has_days: calendar.is_some(),
            unmapped: Vec::new(),
            cells: table.columns.iter().map(|column| cell(column.name)).collect(),
        }
    }

    /// The name of the column at a position, as far as it may be printed.
    pub(super) fn name_at(&self, position: usize) -> String {
        let own = self.cells.iter().chain(self.day.as_ref().map(|(cell, _)| cell));
        let own = own.map(|cell| (cell.position, cell.name));
        let unread = self.unmapped.iter().map(|column| (column.position, column.name.as_str()));
        let found = own.chain(unread).find(|(at, _)| *at == position);
        found.map_or_else(|| format!("column {}", position + 1), |(_, name)| name.to_owned())
    }

    /// The cell of a column of the table.
    ///
    /// # Panics
    /// When the table has no such column: that is a bug in the caller.
    pub(super) fn cell(&self, name: &str) -> Cell {
        *self.cells.iter().find(|cell| cell.name == name).expect("callers name columns of their own table")
    }
}

/// What the n-th column of a canonical file is to its reader.
pub(super) fn role(table: &InputTable, name: &str) -> Role {
    let name = name.trim().to_ascii_lowercase();
    if table.day.is_some_and(|day| day.dated == name) {
        Role::ReadAsDate
    } else if table.header_names().any(|known| known == name) {
        Role::Read
    } else {
        Role::Unmapped
    }
}

fn check_separator(names: &[String], path: &Path) -> Result<(), IngestError> {
    match names {
        [only] if only.contains([';', '\t', '\r']) => {
            let what = "the columns are not separated by commas, or the lines by line feeds";
            Err(IngestError::at_line(path, 1, what, "save it as `CSV UTF-8 (comma delimited)`"))
        }
        _ => Ok(()),
    }
}

fn position(names: &[String], wanted: &str, path: &Path) -> Result<Option<usize>, IngestError> {
    let mut found = names.iter().enumerate().filter(|(_, name)| *name == wanted).map(|(at, _)| at);
    let first = found.next();
    if found.next().is_some() {
        let what = format!("the header has the column `{wanted}` twice");
        return Err(IngestError::at_line(path, 1, &what, "keep one of them"));
    }
    Ok(first)
}

fn day(names: &[String], table: &InputTable, path: &Path) -> Result<Option<(Cell, CalendarKind)>, IngestError> {
    let Some(day) = table.day else { return Ok(None) };
    let cell = |name, position: Option<usize>| position.map(|position| Cell { name, position });
    let dated = cell(day.dated, position(names, day.dated, path)?);
    let study_day = cell(day.study_day, position(names, day.study_day, path)?);
    match (dated, study_day) {
        (Some(cell), None) => Ok(Some((cell, CalendarKind::Dated))),
        (None, Some(cell)) => Ok(Some((cell, CalendarKind::StudyDay))),
        (Some(_), Some(_)) => {
            let what = format!("the header has both `{}` and `{}`", day.dated, day.study_day);
            Err(IngestError::at_line(path, 1, &what, "a store holds dates or study days, not both; keep one column"))
        }
        // A withdrawal counts from the first row on, whenever it was made.
        (None, None) if names.is_empty() || table.name == "withdrawals" => Ok(None),
        (None, None) => Err(missing(names, table, day.dated, path)),
    }
}

fn missing(names: &[String], table: &InputTable, column: &str, path: &Path) -> IngestError {
    let is_known = |name: &&str| table.header_names().any(|known| known == *name);
    let names = names.iter().map(String::as_str);
    // A file without a header begins with a patient, who may be near a column's name.
    let is_header = names.clone().any(|name| is_known(&name));
    let unknown = names.filter(|name| is_header && !is_known(name));
    let hint = match nearest(column, unknown) {
        Some(near) => format!("rename the column `{near}` to `{column}`"),
        None => format!("columns of this table: {}", table.header_names().collect::<Vec<_>>().join(", ")),
    };
    IngestError::MissingColumn { path: path.to_owned(), column: column.to_owned(), hint }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Layout;
    use crate::model::table::InputTable;

    fn read(header: &str) -> Result<Layout, String> {
        let table = InputTable::find("assessments").expect("a table");
        let names: Vec<String> = header.split(',').map(str::to_owned).collect();
        Layout::read(table, &names, Path::new("assessments.csv")).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_found_in_any_order_and_case() {
        let layout = read("Score,date, INSTRUMENT ,patient_id,mood").expect("all required columns");
        assert_eq!([layout.cell("score").position, layout.cell("instrument").position], [0, 2]);
        assert!(!layout.cell("item").is_present());
        assert_eq!(
            (layout.unmapped.len(), layout.name_at(4), layout.name_at(1)),
            (1, "mood".to_owned(), "date".to_owned())
        );
    }

    #[test]
    fn a_missing_column_says_which_and_what_was_probably_meant() {
        let error = read("patient_id,date,instrument,scores").expect_err("no score");
        assert_eq!(error, "`assessments.csv` has no column `score`\nhint: rename the column `scores` to `score`");
        assert!(read("patient_id,instrument,score").expect_err("no date").contains("`date`"));
        let headless = read("patient_0017,2026-01-04,pain_nrs,7").expect_err("no header");
        assert!(headless.contains("columns of this table") && !headless.contains("0017"), "{headless}");
        assert!(read("patient_id,date,day,instrument,score").expect_err("two calendars").contains("both"));
        assert!(read("patient_id;date;score").expect_err("semicolons").contains("commas"));
    }
}
