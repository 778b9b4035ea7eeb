//! What the fields of a REDCap project mean.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::error::{ProtocolError, nearest};
use super::super::pack::PackText;
use crate::model::table::InputTable;

/// Codes REDCap's own guidance proposes for missing data, and the numbers
/// projects use in their place. `-9` is not among them: a difference may be -9.
const MISSING_CODES: [&str; 22] = [
    "-99", "-98", "-97", "-999", "-998", "-997", "-9999", "NI", "INV", "UNK", "NASK", "ASKU", "NAV", "NA", "N/A",
    "NAVU", "MSK", "OTH", "NP", "NPE", "DER", "QS",
];

/// A REDCap project.
#[derive(Clone, Debug, PartialEq)]
pub struct RedcapMapping {
    /// File name of the data dictionary; found by its header when not named.
    pub dictionary: Option<String>,
    /// Records the export must hold; fewer and it was cut short.
    pub records: Option<u64>,
    /// Rows the export must hold.
    pub rows: Option<u64>,
    /// Values that say why there is none, upper case.
    pub missing_codes: Vec<String>,
    /// Fields where such a value is a value.
    pub no_missing: Vec<String>,
    /// Whether numbers of fields without validation may have a decimal comma.
    pub decimal_comma: bool,
    /// Event → study day.
    pub events: BTreeMap<String, i32>,
    /// Rows to be made, in order.
    pub tables: Vec<RedcapTable>,
}

/// One kind of row made from one form.
#[derive(Clone, Debug, PartialEq)]
pub struct RedcapTable {
    /// The canonical table.
    pub table: &'static InputTable,
    /// The form, by its machine name.
    pub form: String,
    /// Events it is read at; all when empty.
    pub events: Vec<String>,
    /// Arms it is read in; all when empty.
    pub arms: Vec<u32>,
    /// Whether only forms marked complete are read.
    pub only_complete: bool,
    /// Canonical column ← field.
    pub columns: Vec<(&'static str, String)>,
    /// Canonical column ← text.
    pub constants: Vec<(&'static str, String)>,
    /// Canonical column → value in the export → canonical value.
    pub values: BTreeMap<&'static str, BTreeMap<String, String>>,
}

impl RedcapTable {
    /// Whether rows get their day from the event they are at.
    pub fn day_of_event(&self) -> bool {
        let named = |name: &str| {
            let columns = self.columns.iter().map(|(column, _)| *column);
            columns.chain(self.constants.iter().map(|(column, _)| *column)).any(|column| column == name)
        };
        // A withdrawal counts from the first row on, whenever it was made.
        self.table.name != "withdrawals" && self.table.day.is_some_and(|day| !named(day.dated) && !named(day.study_day))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    #[serde(rename = "id")]
    _id: String,
    #[serde(rename = "version")]
    _version: u32,
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "citation", default)]
    _citation: String,
    #[serde(default)]
    project: TypedProject,
    #[serde(default)]
    events: BTreeMap<String, i32>,
    #[serde(default)]
    table: Vec<TypedTable>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TypedProject {
    dictionary: Option<String>,
    records: Option<u64>,
    rows: Option<u64>,
    missing_codes: Option<Vec<String>>,
    no_missing: Vec<String>,
    decimal_comma: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedTable {
    table: toml::Spanned<String>,
    form: String,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    arms: Vec<u32>,
    #[serde(default)]
    only_complete: bool,
    columns: BTreeMap<String, String>,
    #[serde(default)]
    constants: BTreeMap<String, String>,
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, String>>,
}

impl RedcapMapping {
    /// The reasons for leaving, where every table of departures states one itself.
    pub(super) fn departures(&self) -> Option<Vec<&str>> {
        let tables = self.tables.iter().filter(|table| table.table.name == "departures");
        let stated = tables.map(|table| {
            let constant = table.constants.iter().find(|(column, _)| *column == "departure");
            constant.map(|(_, word)| word.as_str())
        });
        stated.collect()
    }

    /// Canonical column and word, of every word the mapping itself writes.
    pub(in crate::protocol) fn constants(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tables.iter().flat_map(|table| {
            let constants = table.constants.iter().map(|(column, word)| (*column, word.as_str()));
            let meant =
                table.values.iter().flat_map(|(column, words)| words.values().map(|word| (*column, word.as_str())));
            constants.chain(meant)
        })
    }

    /// What is known of a project nobody has mapped: nothing.
    pub fn unmapped() -> Self {
        Self {
            dictionary: None,
            records: None,
            rows: None,
            missing_codes: MISSING_CODES.map(str::to_owned).to_vec(),
            no_missing: Vec::new(),
            decimal_comma: false,
            events: BTreeMap::new(),
            tables: Vec::new(),
        }
    }

    pub(in crate::protocol) fn parse(pack: &PackText) -> Result<Self, ProtocolError> {
        let typed: Typed = pack.parse()?;
        let tables = typed.table.into_iter().map(|table| mean(pack, table)).collect::<Result<Vec<_>, _>>()?;
        let project = typed.project;
        let own_codes = |codes: Vec<String>| codes.iter().map(|code| code.trim().to_uppercase()).collect();
        let mapping = Self {
            dictionary: project.dictionary,
            records: project.records,
            rows: project.rows,
            missing_codes: project.missing_codes.map_or_else(|| Self::unmapped().missing_codes, own_codes),
            no_missing: project.no_missing,
            decimal_comma: project.decimal_comma,
            events: typed.events,
            tables,
        };
        mapping.check_calendar(pack)?;
        Ok(mapping)
    }

    /// Dates or study days, never both: refused here, before anything is read.
    fn check_calendar(&self, pack: &PackText) -> Result<(), ProtocolError> {
        let maps = |table: &RedcapTable, name: &str| table.columns.iter().any(|(column, _)| *column == name);
        let dated = |table: &&RedcapTable| table.table.day.is_some_and(|day| maps(table, day.dated));
        let counted = |table: &&RedcapTable| {
            table.day_of_event() || table.table.day.is_some_and(|day| maps(table, day.study_day))
        };
        match (self.tables.iter().find(dated), self.tables.iter().find(counted)) {
            (Some(dated), Some(counted)) => Err(ProtocolError::new(
                &pack.file,
                format!("`{}` has dates and `{}` has study days", dated.table.name, counted.table.name),
            )
            .hint(
                "a store is one or the other: map a date field everywhere, or a study day (or `[events]`) everywhere",
            )),
            _ => Ok(()),
        }
    }
}

fn mean(pack: &PackText, typed: TypedTable) -> Result<RedcapTable, ProtocolError> {
    let at = |span, message| ProtocolError::at(&pack.file, &pack.text, span, message);
    let name = typed.table.get_ref();
    let table = InputTable::find(name).ok_or_else(|| {
        let tables: Vec<&str> = crate::model::table::INPUT_TABLES.iter().map(|table| table.name).collect();
        at(typed.table.span(), format!("no table `{name}`")).hint(format!("tables: {}", tables.join(", ")))
    })?;
    let column = |name: &String| {
        let own = || table.header_names().filter(|known| *known != "patient_id" && *known != "row_id");
        own().find(|known| *known == name).ok_or_else(|| {
            let error = at(typed.table.span(), format!("`{}` has no column `{name}` to be mapped", table.name));
            match nearest(name, own()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("the patient code is the record id; other columns are those of the CSV template"),
            }
        })
    };
    let columns = typed.columns.iter().map(|(name, field)| Ok((column(name)?, field.clone())));
    let constants = typed.constants.iter().map(|(name, text)| Ok((column(name)?, text.clone())));
    let values = typed.values.iter().map(|(name, values)| Ok((column(name)?, values.clone())));
    Ok(RedcapTable {
        table,
        form: typed.form,
        events: typed.events,
        arms: typed.arms,
        only_complete: typed.only_complete,
        columns: columns.collect::<Result<_, ProtocolError>>()?,
        constants: constants.collect::<Result<_, ProtocolError>>()?,
        values: values.collect::<Result<_, ProtocolError>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{PackText, RedcapMapping};

    fn parse(text: &str) -> Result<RedcapMapping, String> {
        let pack =
            PackText { file: "map.toml".to_owned(), text: format!("id = \"m\"\nversion = 1\ntitle = \"M\"\n{text}") };
        RedcapMapping::parse(&pack).map_err(|error| error.to_string())
    }

    #[test]
    fn a_mapping_that_names_what_is_not_there_says_so() {
        let table = |rest: &str| format!("[[table]]\ntable = \"assessments\"\nform = \"pain\"\n{rest}");
        let good =
            parse(&table("columns = { score = \"nrs\", date = \"day\" }\nconstants = { instrument = \"pain_nrs\" }"));
        assert_eq!(good.expect("a mapping").tables[0].columns.len(), 2);
        for (text, said) in [
            ("[[table]]\ntable = \"asessments\"\nform = \"x\"\ncolumns = {}".to_owned(), "asessments"),
            (table("columns = { scores = \"nrs\" }"), "did you mean `score`"),
            (table("columns = { patient_id = \"id\" }"), "record id"),
            (table("colums = {}"), "colums"),
        ] {
            let error = parse(&text).expect_err("a slip");
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn dates_and_study_days_do_not_mix() {
        let text = "[[table]]\ntable = \"assessments\"\nform = \"pain\"\ncolumns = { score = \"nrs\", date = \"d\" }\n\
                    [[table]]\ntable = \"infusions\"\nform = \"dose\"\ncolumns = { dose_mg = \"mg\" }\n";
        assert!(parse(text).expect_err("two calendars").contains("study days"));
    }
}
