//! A mapping of columns: which column of which file or sheet is which column
//! of which canonical table.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::error::{ProtocolError, nearest};
use super::super::pack::PackText;
use crate::model::table::{INPUT_TABLES, InputTable};

/// What the columns of a source mean.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnsMapping {
    /// Id of the pack.
    pub id: String,
    /// Tables to be made, in pack order; several may be made of one file.
    pub tables: Vec<MappedTable>,
}

impl ColumnsMapping {
    /// The reasons for leaving, where every table of departures states one itself.
    pub(super) fn departures(&self) -> Option<Vec<&str>> {
        let tables = self.tables.iter().filter(|table| table.table.name == "departures");
        let stated = tables.map(|table| {
            table.cells.iter().find_map(|(column, cell)| match cell {
                CellSource::Constant(word) if *column == "departure" => Some(word.as_str()),
                _ => None,
            })
        });
        stated.collect()
    }

    /// Canonical column and word, of every word the mapping itself writes.
    pub(in crate::protocol) fn constants(&self) -> impl Iterator<Item = (&str, &str)> {
        let cells = self.tables.iter().flat_map(|table| &table.cells);
        cells.flat_map(|(column, cell)| {
            let words: Vec<&String> = match cell {
                CellSource::Column { words, .. } => words.values().collect(),
                CellSource::Constant(word) => vec![word],
            };
            words.into_iter().map(|word| (*column, word.as_str()))
        })
    }

    /// The files or sheets, each once, in the order they are first named.
    pub fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> = Vec::new();
        for table in &self.tables {
            if !files.contains(&table.from.as_str()) {
                files.push(&table.from);
            }
        }
        files
    }
}

/// A canonical table made of a file or sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct MappedTable {
    /// The table.
    pub table: &'static InputTable,
    /// File below the source's folder, or sheet of its workbook.
    pub from: String,
    /// How dates are written as text.
    pub dates: DateForm,
    /// Canonical columns and where their values come from.
    pub cells: Vec<(&'static str, CellSource)>,
    /// Only rows with one of these values in these columns.
    pub only: Vec<(String, Vec<String>)>,
    /// Only rows where none of these canonical columns is empty.
    pub filled: Vec<&'static str>,
}

/// Where the value of a canonical column comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum CellSource {
    /// A column of the file, and what its words mean; others stay as written.
    Column {
        /// Name in the file's header.
        name: String,
        /// Written → canonical.
        words: BTreeMap<String, String>,
    },
    /// The same for every row.
    Constant(String),
}

/// How dates are written as text. A spreadsheet's own dates need no telling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateForm {
    /// 2026-07-31, with or without a time after it.
    #[default]
    Iso,
    /// 7/31/2026.
    MonthFirst,
    /// 31.7.2026.
    DayFirst,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    id: String,
    #[expect(dead_code, reason = "told apart by people; the text is in the manifest by its digest")]
    version: u32,
    #[expect(dead_code, reason = "read by people")]
    #[serde(default)]
    citation: String,
    #[serde(default)]
    dates: DateForm,
    table: Vec<TypedTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedTable {
    table: toml::Spanned<String>,
    from: String,
    dates: Option<DateForm>,
    columns: BTreeMap<String, String>,
    #[serde(default)]
    constants: BTreeMap<String, String>,
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    only: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    filled: Vec<String>,
}

/// Reads a mapping of columns.
pub(super) fn parse(pack: &PackText) -> Result<ColumnsMapping, ProtocolError> {
    let typed: Typed = pack.parse()?;
    let reader = Reader { pack };
    if typed.table.is_empty() {
        return Err(ProtocolError::new(&pack.file, "the mapping makes no table"));
    }
    let tables = typed.table.into_iter().map(|table| reader.table(table, typed.dates)).collect::<Result<_, _>>()?;
    Ok(ColumnsMapping { id: typed.id, tables })
}

struct Reader<'a> {
    pack: &'a PackText,
}

impl Reader<'_> {
    fn table(&self, typed: TypedTable, dates: DateForm) -> Result<MappedTable, ProtocolError> {
        let span = typed.table.span();
        let wrong = |message: String| ProtocolError::at(&self.pack.file, &self.pack.text, span.clone(), message);
        let name = typed.table.get_ref();
        let table = InputTable::find(name).ok_or_else(|| {
            let names = INPUT_TABLES.iter().map(|table| table.name);
            hinted(wrong(format!("no table is called `{name}`")), name, names)
        })?;
        let column = |written: &str| {
            table.header_names().find(|known| *known == written).ok_or_else(|| {
                let error = wrong(format!("the table `{name}` has no column `{written}`"));
                hinted(error, written, table.header_names())
            })
        };
        let mut mapped = MappedTable {
            table,
            from: typed.from,
            dates: typed.dates.unwrap_or(dates),
            cells: Vec::new(),
            only: typed.only.into_iter().collect(),
            filled: typed.filled.iter().map(|name| column(name)).collect::<Result<_, _>>()?,
        };
        let mut values = typed.values;
        for (canonical, name) in typed.columns {
            let words = values.remove(&canonical).unwrap_or_default();
            mapped.cells.push((column(&canonical)?, CellSource::Column { name, words }));
        }
        if let Some((canonical, _)) = values.into_iter().next() {
            return Err(wrong(format!("`values.{canonical}` explains a column that `columns` does not map")));
        }
        for (canonical, value) in typed.constants {
            mapped.cells.push((column(&canonical)?, CellSource::Constant(value)));
        }
        mapped.check().map_err(wrong)?;
        Ok(mapped)
    }
}

impl MappedTable {
    /// Whether a canonical column has a value.
    fn maps(&self, column: &str) -> bool {
        self.cells.iter().any(|(name, _)| *name == column)
    }

    fn check(&self) -> Result<(), String> {
        let name = self.table.name;
        if let Some((twice, _)) = self
            .cells
            .iter()
            .enumerate()
            .find(|(at, (name, _))| self.cells[..*at].iter().any(|(other, _)| other == name))
            .map(|(_, cell)| cell)
        {
            return Err(format!("`{twice}` is in `columns` and in `constants`"));
        }
        if self.cells.iter().any(|(name, cell)| *name == "patient_id" && matches!(cell, CellSource::Constant(_))) {
            return Err("`patient_id` is the same for every row".to_owned());
        }
        if let Some(missing) = self.table.columns.iter().find(|column| column.required && !self.maps(column.name)) {
            return Err(format!("nothing is mapped to `{}`, which `{name}` must have", missing.name));
        }
        if let Some(unmapped) = self.filled.iter().find(|column| !self.maps(column)) {
            return Err(format!("`filled` names `{unmapped}`, which is not mapped"));
        }
        match self.table.day.map(|day| (day, self.maps(day.dated), self.maps(day.study_day))) {
            Some((day, true, true)) => Err(format!(
                "both `{}` and `{}` are mapped; a store holds dates or study days",
                day.dated, day.study_day
            )),
            Some((day, false, false)) if name != "withdrawals" => {
                Err(format!("neither `{}` nor `{}` is mapped", day.dated, day.study_day))
            }
            _ => Ok(()),
        }
    }
}

fn hinted<'a>(error: ProtocolError, typed: &str, known: impl Iterator<Item = &'a str>) -> ProtocolError {
    let known: Vec<&str> = known.collect();
    match nearest(typed, known.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("known: {}", known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::{CellSource, DateForm, parse};
    use crate::protocol::pack::PackText;

    const HEAD: &str = "id = \"east\"\nversion = 1\n";
    const SCORES: &str = "[[table]]\ntable = \"assessments\"\nfrom = \"Scores\"\n";

    fn read(text: &str) -> Result<super::ColumnsMapping, String> {
        let pack = PackText { file: "east.toml".to_owned(), text: format!("{HEAD}{text}") };
        parse(&pack).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_constants_and_words_become_cells() {
        let columns = "columns = { patient_id = \"Code\", date = \"Visit\", score = \"Pain\" }\n";
        let rest = "constants = { instrument = \"pain_nrs\" }\nvalues.score = { none = \"0\" }\nfilled = [\"score\"]\n";
        let mapping = read(&format!("dates = \"day-first\"\n{SCORES}{columns}{rest}")).expect("a mapping");
        let table = &mapping.tables[0];
        assert_eq!(
            (table.table.name, table.dates, table.filled.as_slice()),
            ("assessments", DateForm::DayFirst, ["score"].as_slice())
        );
        assert_eq!(table.cells.len(), 4);
        let constant = ("instrument", CellSource::Constant("pain_nrs".to_owned()));
        assert!(table.cells.contains(&constant));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, words) in [
            ("[[table]]\ntable = \"asessments\"\nfrom = \"x\"\ncolumns = {}\n", "did you mean `assessments`?"),
            (&format!("{SCORES}columns = {{ patient = \"Code\" }}\n"), "no column `patient`"),
            (
                &format!("{SCORES}columns = {{ patient_id = \"Code\", date = \"D\" }}\n"),
                "nothing is mapped to `instrument`",
            ),
            (
                &format!("{SCORES}columns = {{ patient_id = \"Code\", score = \"S\", instrument = \"I\" }}\n"),
                "neither `date` nor `day`",
            ),
            (
                &format!(
                    "{SCORES}columns = {{ patient_id = \"C\", score = \"S\", date = \"D\", day = \"E\" }}\nconstants = {{ instrument = \"phq9\" }}\n"
                ),
                "both `date` and `day`",
            ),
            (
                &format!(
                    "{SCORES}columns = {{ patient_id = \"C\", score = \"S\", date = \"D\" }}\nconstants = {{ instrument = \"phq9\", score = \"1\" }}\n"
                ),
                "in `columns` and in `constants`",
            ),
            (
                &format!("{SCORES}columns = {{ date = \"D\" }}\nconstants = {{ patient_id = \"p\" }}\n"),
                "same for every row",
            ),
            (&format!("{SCORES}columns = {{}}\nvalues.score = {{}}\n"), "does not map"),
            (SCORES, "missing field `columns`"),
        ] {
            let error = read(text).expect_err("a mistake");
            assert!(error.contains(words), "{error}");
        }
        assert!(read("table = []\n").expect_err("no table").contains("makes no table"));
    }
}
