//! A copy of the pipelines and the sample in a folder of its own, and the
//! program to run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Answer {
    /// Fails the test, with what the program said, unless it exited with `code`.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// Fails the test unless standard error says `words`.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.err.contains(words), "expected `{words}` in: {}", self.err);
        self
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {}", self.out))
    }
}

/// The folder.
pub(crate) struct Workdir {
    folder: TempDir,
}

pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

impl Workdir {
    /// An empty one.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// One with `pipelines` and `sample-data` as in the repository.
    pub(crate) fn with_sample() -> Self {
        let workdir = Self::empty();
        for name in ["pipelines", "sample-data"] {
            copy(&repository().join(name), &workdir.path(name));
        }
        workdir
    }

    /// One with a single small clinic and a pipeline over it.
    pub(crate) fn with_clinic() -> Self {
        let workdir = Self::empty();
        workdir.write("pipeline.toml", PIPELINE);
        for (file, text) in CLINIC {
            workdir.write(&format!("records/{file}"), text);
        }
        workdir
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("the file was there");
    }

    /// Replaces text that must be there.
    #[track_caller]
    pub(crate) fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "`{from}` is not in {name}");
        self.write(name, text.replace(from, to));
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relief"));
        command.args(arguments).current_dir(self.folder.path()).env_remove("RELIEF_LOG");
        command
    }

    pub(crate) fn relief(&self, arguments: &[&str]) -> Answer {
        let Output { status, stdout, stderr } = self.command(arguments).output().expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is text");
        Answer { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Every file below `folder`, by path relative to it, in order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).expect("below the folder").to_owned());
            }
        }
    }
    found.sort();
    found
}

const PIPELINE: &str = r#"
id = "small"
title = "Small clinic"
clinic = "Small clinic"
[privacy]
basis = "limited-data-set"
profile = "internal-5"
[store]
folder = "store"
[reports]
folder = "reports"
[study]
data_cut = "2026-09-30"
[ingest]
max_reject_share = 0.5
[[source]]
name = "main"
kind = "csv"
path = "records"
"#;

const CLINIC: [(&str, &str); 4] = [
    ("patients.csv", "patient_id,sex,birth_year\nqx7k2m9p,F,1970\nwv3n8r5t,M,1981\n"),
    ("diagnoses.csv", "patient_id,condition,rank\nqx7k2m9p,crps_1,1\nwv3n8r5t,M79.7,1\n"),
    (
        "infusions.csv",
        "patient_id,date,dose_mg_per_kg\nqx7k2m9p,2026-01-05,0.5\nqx7k2m9p,2026-01-07,0.5\nwv3n8r5t,2026-02-02,0.6\n",
    ),
    (
        "assessments.csv",
        "patient_id,date,instrument,score\nqx7k2m9p,2026-01-04,pain_nrs,8\nqx7k2m9p,2026-03-30,pain_nrs,4\nwv3n8r5t,2026-02-01,pain_nrs,7\n",
    ),
];
