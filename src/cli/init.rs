//! `relief init DIR`: everything a clinic needs to begin.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use relief::derive::analysis_set::COLUMNS;
use relief::model::calendar::Day;
use relief::model::column_guide::ColumnGuide;
use relief::model::table::{INPUT_TABLES, InputTable};
use relief::protocol::{BUILT_IN_PACKS, MAPPING_SCHEMAS};

use super::{Failure, say};

/// The pipeline a clinic begins with.
const PIPELINE: &str = include_str!("init/pipeline.toml");
/// How to go on.
const READ_ME: &str = include_str!("init/README.md");

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder to write; it may exist, but no file in it is replaced
    dir: PathBuf,
    /// Last day your exports cover, written to the pipeline: it decides who is due
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    data_cut: Option<Day>,
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse_iso(text.as_bytes()).ok_or_else(|| "it is no date; write it as 2026-09-30".to_owned())
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let files = files(arguments.data_cut);
    let existing = files.iter().find(|(name, _)| arguments.dir.join(name).exists());
    if let Some((name, _)) = existing {
        let path = arguments.dir.join(name);
        return Err(Failure::usage(format!(
            "`{}` exists\nhint: choose an empty folder; nothing was written",
            path.display()
        )));
    }
    for (name, text) in &files {
        write(&arguments.dir.join(name), text)?;
    }
    let dir = arguments.dir.display();
    say(&format!("wrote {} files to `{dir}`; `{dir}/README.md` says how to go on", files.len()));
    if arguments.data_cut.is_none() {
        say(&format!(
            "set `data_cut` in `{dir}/pipeline.toml` to the last day your exports cover: it decides who is due"
        ));
    }
    Ok(())
}

/// The pipeline, with the data cut if one was given.
fn pipeline(data_cut: Option<Day>) -> String {
    const OPEN: &str = "# data_cut = \"2026-09-30\" ";
    assert!(PIPELINE.contains(OPEN), "the template has a place for it");
    match data_cut {
        Some(day) => PIPELINE.replace(OPEN, &format!("data_cut = \"{day}\"   ")),
        None => PIPELINE.to_owned(),
    }
}

fn files(data_cut: Option<Day>) -> Vec<(String, String)> {
    let mut files = vec![
        ("README.md".to_owned(), READ_ME.to_owned()),
        ("pipeline.toml".to_owned(), pipeline(data_cut)),
        ("packs/analysis-set.md".to_owned(), dictionary()),
        ("records/COLUMNS.md".to_owned(), columns()),
    ];
    files.extend(BUILT_IN_PACKS.iter().map(|pack| (format!("packs/{}", pack.file), pack.text.to_owned())));
    files.extend(MAPPING_SCHEMAS.iter().map(|(file, text)| (format!("schema/{file}"), (*text).to_owned())));
    files.extend(INPUT_TABLES.iter().map(|table| (format!("records/{}.csv", table.name), template(table))));
    files
}

/// A header line, with dates; the README says how to use study days instead.
fn template(table: &InputTable) -> String {
    let mut names: Vec<&str> = table.columns.iter().map(|column| column.name).filter(|name| *name != "site").collect();
    if let Some(day) = table.day {
        names.insert(1, day.dated);
    }
    format!("{}\n", names.join(","))
}

/// What to write where, with an example row for every file.
fn columns() -> String {
    let mut text =
        "# Columns of the files in this folder\n\nAny order of columns is read. A file that numbers its rows may have \
                    `row_id`, one that holds several clinics `site`.\n"
            .to_owned();
    for table in &INPUT_TABLES {
        let needed = if table.required { "required" } else { "if you have it" };
        write!(
            text,
            "\n## {}.csv ({needed})\n\n| column | must be filled | meaning | example |\n|---|---|---|---|\n",
            table.name
        )
        .expect("text can be written to");
        for name in template(table).trim_end().split(',') {
            let guide = ColumnGuide::find(name).expect("every column has its guide");
            let must = table.columns.iter().any(|column| column.name == name && column.required) || is_day(table, name);
            let must = if must { "yes" } else { "no" };
            writeln!(text, "| {name} | {must} | {} | {} |", guide.meaning, guide.example)
                .expect("text can be written to");
        }
    }
    text
}

fn is_day(table: &InputTable, name: &str) -> bool {
    table.day.is_some_and(|day| day.dated == name)
}

/// The analysis set's columns, for whoever writes a measure.
fn dictionary() -> String {
    let mut text =
        "# Analysis set\n\nOne row per treatment series and horizon. Measures are conditions over these columns.\n\n\
                    | column | type | empty? | meaning |\n|---|---|---|---|\n"
            .to_owned();
    for column in COLUMNS {
        let empty = if column.optional { "may be" } else { "never" };
        let (name, kind, meaning) = (column.name, column.kind.sql(), column.meaning);
        writeln!(text, "| {name} | {kind} | {empty} | {meaning} |").expect("text can be written to");
    }
    text
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let unwritable = |error: std::io::Error| Failure::unwritable(path, &error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(unwritable)?;
    }
    fs::write(path, text).map_err(unwritable)
}
