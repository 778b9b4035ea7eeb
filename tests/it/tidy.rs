//! Reads the source and holds the architecture: one direction of imports, one
//! owner per big crate, files and functions a person can keep in mind.

use std::fs;
use std::path::{Path, PathBuf};

/// Stages in the order they may import each other: each only what comes before.
const ORDER: [&str; 10] =
    ["model", "protocol", "store", "ingest", "derive", "estimate", "publish", "selftest", "synth", "cli"];

/// Crate → the only places that may name it.
const OWNERS: [(&str, &[&str]); 10] = [
    ("polars", &["estimate/expression.rs", "estimate/scan.rs", "estimate/cells_of_rows.rs", "estimate/questions.rs"]),
    ("parquet", &["store/", "derive/reader.rs"]),
    ("statrs", &["estimate/statistics/"]),
    ("plotters", &["publish/chart/"]),
    ("rust_xlsxwriter", &["publish/workbook/", "ingest/quarantine_book.rs"]),
    ("typst_as_lib", &["publish/report/pdf/"]),
    ("typst_pdf", &["publish/report/pdf/"]),
    ("calamine", &["ingest/source/xlsx.rs", "publish/workbook/"]),
    ("clap", &["cli/", "main.rs"]),
    ("indicatif", &["cli/"]),
];

const LONGEST_FILE: usize = 500;
const LONGEST_FUNCTION: usize = 60;

struct Source {
    /// Path below `src`, with forward slashes.
    name: String,
    text: String,
}

impl Source {
    fn stage(&self) -> &str {
        self.name.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// Lines of code: comments name other stages freely.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn sources() -> Vec<Source> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(found.len() > 50, "the source tree is not where it was");
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).expect("below src").to_string_lossy().replace('\\', "/");
            found.push(Source { name, text: fs::read_to_string(&path).expect("source is text") });
        }
    }
}

#[test]
fn imports_point_one_way() {
    let rank = |stage: &str| ORDER.iter().position(|known| *known == stage);
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(mine) = rank(source.stage()) else { continue };
        for (line, code) in source.code() {
            for path in code.split("crate::").skip(1) {
                let used = path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                if rank(used).is_some_and(|theirs| theirs > mine) {
                    wrong.push(format!("{}:{line} imports `{used}`", source.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_big_crate_has_one_owner() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (owned, places) in OWNERS {
            let allowed = places.iter().any(|place| source.name.starts_with(place));
            // Not a module of another crate that has the same name.
            let within = |code: &str, before: &str| code.contains(&format!("{before}{owned}::"));
            let names = |code: &str| within(code, "") && !within(code, "_") && !within(code, "::");
            wrong.extend(
                source
                    .code()
                    .filter(|(_, code)| !allowed && names(code))
                    .map(|(line, _)| format!("{}:{line} uses `{owned}`", source.name)),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_and_functions_stay_small() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > LONGEST_FILE {
            wrong.push(format!("{}: {lines} lines", source.name));
        }
        wrong.extend(long_functions(&source));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A function ends at the first closing brace indented as its `fn` is: rustfmt
/// sees to that.
fn long_functions(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut long = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let starts = ["fn ", "pub fn ", "pub(super) fn ", "pub(crate) fn ", "const fn ", "pub const fn "];
        if !starts.iter().any(|start| code.starts_with(start)) {
            continue;
        }
        let end = format!("{}}}", &line[..line.len() - code.len()]);
        let length = lines[index..].iter().position(|candidate| **candidate == end).unwrap_or(0) + 1;
        if length > LONGEST_FUNCTION {
            long.push(format!("{}:{} is {length} lines", source.name, index + 1));
        }
    }
    long
}

#[test]
fn nothing_is_left_unfinished_or_ignored() {
    let marks = ["todo!", "unimplemented!", "FIXME", "TODO", "XXX", "dbg!("];
    let mut wrong = Vec::new();
    for source in sources() {
        for (index, line) in source.text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                wrong.push(format!("{}:{}", source.name, index + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
