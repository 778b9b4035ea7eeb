//! Reads the Markdown tables of `tests/spec`: the published definitions are
//! the tests.

use std::path::PathBuf;

/// One table: column names and rows of cells.
pub(crate) struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// One row, with its place for messages.
pub(crate) struct Row<'a> {
    columns: &'a [String],
    cells: &'a [String],
}

impl Row<'_> {
    /// The cell of a column.
    #[track_caller]
    pub(crate) fn get(&self, column: &str) -> &str {
        let index = self.columns.iter().position(|name| name == column);
        &self.cells[index.unwrap_or_else(|| panic!("no column `{column}`"))]
    }

    /// The whole row as written.
    pub(crate) fn text(&self) -> String {
        self.cells.join(" | ")
    }
}

impl Table {
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        assert!(!self.rows.is_empty(), "a table without rows tests nothing");
        self.rows.iter().map(|cells| Row { columns: &self.columns, cells })
    }
}

/// The tables of `tests/spec/<name>.md`, in order.
pub(crate) fn tables(name: &str) -> Vec<Table> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/spec").join(format!("{name}.md"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut tables: Vec<Table> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let Some(cells) = cells(line) else {
            inside = false;
            continue;
        };
        match tables.last_mut() {
            Some(table) if inside => table.rows.push(cells),
            _ => tables.push(Table { columns: cells, rows: Vec::new() }),
        }
        inside = true;
    }
    for table in &mut tables {
        table.rows.retain(|row| !row.iter().all(|cell| cell.chars().all(|c| c == '-') && !cell.is_empty()));
    }
    tables
}

fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
}
