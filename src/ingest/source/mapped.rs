//! Rows of a file with columns of its own → canonical rows, by a mapping.

use std::path::Path;

use super::super::error::IngestError;
use super::super::gate::{Unread, printable};
use super::super::layout::Layout;
use super::super::staged::Names;
use super::sink::{At, CorrectedRow, Correction, FileId, Sink};
use crate::model::reject::{FIELD_COUNT, RECORD_NOT_MAPPED};
use crate::protocol::nearest;
use crate::protocol::{CellSource, DateForm, MappedTable};
use crate::store::CalendarKind;

/// A cell as its file has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ForeignCell {
    /// As text, without surrounding blanks.
    pub text: String,
    /// The date it would be if its number were a spreadsheet's day, as ISO.
    pub date: Option<String>,
}

/// The tables made of one file or sheet.
pub(super) struct Mapper<'m> {
    tables: Vec<Resolved<'m>>,
    header: &'m [String],
    /// Positions of the columns no table is made of.
    unread: Vec<usize>,
}

/// A mapped table with the positions of its columns.
struct Resolved<'m> {
    mapped: &'m MappedTable,
    /// Position of each cell's column; `None` for constants.
    positions: Vec<Option<usize>>,
    /// The number of the names its columns have in the file, if not their own.
    names: Option<usize>,
    only: Vec<(usize, &'m [String])>,
}

impl<'m> Mapper<'m> {
    /// Finds the columns of the mapping in a header.
    pub(super) fn new(
        path: &Path,
        header: &'m [String],
        tables: impl IntoIterator<Item = &'m MappedTable>,
        file: FileId,
        sink: &mut dyn Sink,
    ) -> Result<Self, IngestError> {
        let mut resolve = |mapped: &'m MappedTable| {
            sink.may_hold(file, mapped.table);
            Resolved::new(path, header, mapped, sink)
        };
        let tables: Vec<Resolved<'m>> = tables.into_iter().map(&mut resolve).collect::<Result<_, _>>()?;
        let unread: Vec<usize> = (0..header.len()).filter(|at| !tables.iter().any(|table| table.reads(*at))).collect();
        let named = |&at: &usize| Unread { position: at, name: printable(header[at].trim(), at) };
        sink.unread(file, unread.iter().map(named).collect());
        Ok(Self { tables, header, unread })
    }

    /// Says what a row is. `fields` is how many cells it has, where that is known.
    pub(super) fn row(
        &self,
        at: At,
        cells: &[ForeignCell],
        fields: Option<usize>,
        sink: &mut dyn Sink,
    ) -> Result<(), IngestError> {
        for (column, &position) in self.unread.iter().enumerate() {
            sink.aside(at.file, column, cells.get(position).map_or("", |cell| cell.text.as_str()));
        }
        if fields.is_some_and(|fields| fields != self.header.len()) {
            return self.wrong_width(at, cells, sink);
        }
        let correction = sink.correction(at);
        let corrected = correction.as_ref().and_then(|correction| self.corrected(cells, correction));
        let mut any = false;
        for table in self.tables.iter().filter(|table| table.holds(cells)) {
            any = true;
            let values = table.values(cells);
            let Some(names) = table.names else {
                sink.row(at, table.mapped.table, &borrowed(&values))?;
                continue;
            };
            // A correction is of a row that was set aside, so it makes no row of its own.
            let second = corrected.as_ref().filter(|corrected| table.holds(corrected)).map(|cells| table.values(cells));
            let second = second.filter(|second| *second != values);
            let second = second.as_ref().map(|second| borrowed(second));
            let row = CorrectedRow {
                names: Some(names),
                cells: &borrowed(&values),
                correction: correction.as_ref().zip(second.as_deref()),
            };
            sink.corrected_row(at, table.mapped.table, row)?;
        }
        if !any {
            sink.pass_over(at, &RECORD_NOT_MAPPED, "");
        }
        Ok(())
    }

    /// The cells as staff corrected them, if every column they name is there.
    fn corrected(&self, cells: &[ForeignCell], correction: &Correction) -> Option<Vec<ForeignCell>> {
        let mut corrected = cells.to_vec();
        corrected.resize(cells.len().max(self.header.len()), ForeignCell::default());
        for (column, value) in &correction.cells {
            let at = self.header.iter().position(|name| name.trim().eq_ignore_ascii_case(column))?;
            corrected[at] = ForeignCell { text: value.clone(), date: None };
        }
        Some(corrected)
    }

    /// Values may have slipped into other columns, so none is looked at but
    /// whose the row is. A row of several tables is set aside once, as a
    /// prescription if it may have been one.
    fn wrong_width(&self, at: At, cells: &[ForeignCell], sink: &mut dyn Sink) -> Result<(), IngestError> {
        let prescriptions = self.tables.iter().find(|table| table.mapped.table.name == "prescriptions");
        let Some(table) = prescriptions.or(self.tables.first()) else { return Ok(()) };
        let values = table.values(cells);
        let code = values.iter().find(|(name, _)| *name == "patient_id").map_or("", |(_, code)| code.as_str());
        if code.is_empty() {
            return sink.reject(at, table.mapped.table, &FIELD_COUNT, "");
        }
        sink.reject_row(at, table.mapped.table, &FIELD_COUNT, "", &[("patient_id", code)])
    }
}

impl<'m> Resolved<'m> {
    fn new(path: &Path, header: &[String], mapped: &'m MappedTable, sink: &mut dyn Sink) -> Result<Self, IngestError> {
        let positions = mapped.cells.iter().map(|(_, source)| match source {
            CellSource::Column { name, .. } => position(path, header, name).map(Some),
            CellSource::Constant(_) => Ok(None),
        });
        let only = mapped.only.iter().map(|(name, words)| Ok((position(path, header, name)?, words.as_slice())));
        let called = mapped.cells.iter().filter_map(|(canonical, source)| match source {
            CellSource::Column { name, .. } => Some((*canonical, name.clone())),
            CellSource::Constant(_) => None,
        });
        let called: Names = called.collect();
        Ok(Self {
            mapped,
            names: called.iter().any(|(canonical, name)| canonical != name).then(|| sink.names(called)),
            positions: positions.collect::<Result<_, IngestError>>()?,
            only: only.collect::<Result<_, IngestError>>()?,
        })
    }

    /// Whether a column has a part in it.
    fn reads(&self, position: usize) -> bool {
        self.positions.contains(&Some(position)) || self.only.iter().any(|(at, _)| *at == position)
    }

    /// Whether the row is one of this table.
    fn holds(&self, cells: &[ForeignCell]) -> bool {
        let text = |position: usize| cells.get(position).map_or("", |cell| cell.text.as_str());
        let only = self.only.iter().all(|(position, words)| words.iter().any(|word| word == text(*position)));
        only && self.mapped.cells.iter().zip(&self.positions).all(|((name, _), position)| {
            !self.mapped.filled.contains(name) || position.is_none_or(|position| !text(position).is_empty())
        })
    }

    fn values(&self, cells: &[ForeignCell]) -> Vec<(&'static str, String)> {
        let empty = ForeignCell::default();
        self.mapped
            .cells
            .iter()
            .zip(&self.positions)
            .map(|((name, source), position)| match source {
                CellSource::Constant(value) => (*name, value.clone()),
                CellSource::Column { words, .. } => {
                    let cell = position.and_then(|position| cells.get(position)).unwrap_or(&empty);
                    let dated = Layout::calendar_of(self.mapped.table, name) == Some(CalendarKind::Dated);
                    let text = words.get(&cell.text).unwrap_or(&cell.text);
                    (*name, if dated { date(cell, text, self.mapped.dates) } else { text.clone() })
                }
            })
            .collect()
    }
}

fn borrowed<'a>(values: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    values.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn position(path: &Path, header: &[String], wanted: &str) -> Result<usize, IngestError> {
    let is_wanted = |name: &String| name.trim().eq_ignore_ascii_case(wanted.trim());
    let mut found = header.iter().enumerate().filter(|(_, name)| is_wanted(name)).map(|(at, _)| at);
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (Some(_), Some(_)) => Err(IngestError::UnreadableInput {
            path: path.to_owned(),
            line: None,
            what: format!("the header has the column `{wanted}` twice"),
            hint: "the mapping cannot tell which is meant; rename one of them",
        }),
        (None, _) => {
            let near = nearest(wanted, header.iter().map(String::as_str));
            // What looks like data and not like a name is said by its place.
            let named = near.map(|near| {
                let shown = printable(near, header.iter().position(|name| name == near).unwrap_or_default());
                if shown.eq_ignore_ascii_case(near) { near.to_owned() } else { shown }
            });
            let meant = named.map_or_else(String::new, |near| format!("; is it `{near}` now?"));
            Err(IngestError::MissingColumn {
                path: path.to_owned(),
                column: wanted.to_owned(),
                hint: format!("the mapping of the source names it{meant}"),
            })
        }
    }
}

/// A date as canonical files write it; what is no date stays as written and is
/// quarantined as one.
fn date(cell: &ForeignCell, text: &str, form: DateForm) -> String {
    if let Some(date) = &cell.date {
        return date.clone();
    }
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split(['/', '.', '-']).collect();
    // A year in front is ISO in any file: no other form begins with four digits.
    let [first, second, year] = parts.as_slice() else { return day.to_owned() };
    if form == DateForm::Iso || first.len() == 4 {
        return day.to_owned();
    }
    let (month, day) = if form == DateForm::MonthFirst { (first, second) } else { (second, first) };
    format!("{year}-{month:0>2}-{day:0>2}")
}

#[cfg(test)]
mod tests {
    use super::{DateForm, ForeignCell, date};

    #[test]
    fn dates_are_read_as_the_mapping_says_and_never_guessed() {
        for (text, form, expected) in [
            ("2026-07-31", DateForm::Iso, "2026-07-31"),
            ("2026-07-31T08:30:00Z", DateForm::Iso, "2026-07-31"),
            ("7/31/2026", DateForm::MonthFirst, "2026-07-31"),
            ("7/31/2026 8:30", DateForm::MonthFirst, "2026-07-31"),
            ("31.7.2026", DateForm::DayFirst, "2026-07-31"),
            // Not a date in this form, and not made into one.
            ("31/7/2026", DateForm::MonthFirst, "2026-31-07"),
            ("7/31/2026", DateForm::Iso, "7/31/2026"),
            ("7/31/26", DateForm::MonthFirst, "26-07-31"),
            ("soon", DateForm::DayFirst, "soon"),
            ("2026-07-31", DateForm::DayFirst, "2026-07-31"),
            ("", DateForm::DayFirst, ""),
        ] {
            let cell = ForeignCell { text: text.to_owned(), date: None };
            assert_eq!(date(&cell, text, form), expected, "{text}");
        }
        let serial = ForeignCell { text: "46234".to_owned(), date: Some("2026-07-31".to_owned()) };
        assert_eq!(date(&serial, "46234", DateForm::DayFirst), "2026-07-31");
    }
}
