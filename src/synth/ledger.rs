//! `defects.csv`: every planted defect by clinic, file and line, written as it is planted.
//!
//! A list in memory would grow with the number of patients, which nothing here may.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use super::writer::{Found, at};

const FILE: &str = "defects.csv";

/// A defect as `defects.csv` lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planted {
    /// Folder name.
    pub clinic: String,
    /// File name within the folder.
    pub file: String,
    /// Physical line; the header is line 1.
    pub line: u64,
    /// What is wrong, as `DefectKind::name` puts it.
    pub kind: String,
}

/// Reads back the defects planted below `dir`, in the order they were written.
///
/// # Errors
/// When `defects.csv` is missing or is not what `write` left there.
pub fn planted(dir: &Path) -> io::Result<Vec<Planted>> {
    let path = dir.join(FILE);
    let file = File::open(&path).map_err(|error| at(&path, &error))?;
    let lines = BufReader::new(file).lines().skip(1);
    lines.map(|line| parse(&line?)).collect::<io::Result<_>>().map_err(|error| at(&path, &error))
}

fn parse(line: &str) -> io::Result<Planted> {
    let fields: Vec<&str> = line.split(',').collect();
    let [clinic, file, number, kind] = fields[..] else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line without four fields"));
    };
    let line = number.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let [clinic, file, kind] = [clinic, file, kind].map(str::to_owned);
    Ok(Planted { clinic, file, line, kind })
}

/// The open list.
#[derive(Debug)]
pub(super) struct Ledger {
    file: BufWriter<File>,
    entries: u64,
}

impl Ledger {
    pub(super) fn create(dir: &Path) -> io::Result<Self> {
        let path = dir.join(FILE);
        let mut file = BufWriter::new(File::create(&path).map_err(|error| at(&path, &error))?);
        writeln!(file, "clinic,file,line,kind")?;
        Ok(Self { file, entries: 0 })
    }

    pub(super) fn add(&mut self, clinic: &str, found: &Found) -> io::Result<()> {
        self.entries += 1;
        writeln!(self.file, "{clinic},{},{},{}", found.file, found.line, found.kind.name())
    }

    /// Flushes the list and says how long it is.
    pub(super) fn close(mut self) -> io::Result<u64> {
        self.file.flush()?;
        Ok(self.entries)
    }
}
