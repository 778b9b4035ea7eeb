//! Canonical CSV files of one clinic, with line numbers kept for the list of defects.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder, write::GzEncoder};

use super::chart::{Chart, Table};
use super::defects::Clerk;

/// One planted defect.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) file: String,
    pub(super) line: u64,
    pub(super) kind: super::DefectKind,
}

/// The open files of one clinic.
#[derive(Debug)]
pub(super) struct Folder {
    files: Vec<TableFile>,
    clerk: Clerk,
}

#[derive(Debug)]
struct TableFile {
    table: Table,
    name: String,
    sink: Sink,
    /// Physical line written last; the header is line 1 and no record spans two.
    line: u64,
}

#[derive(Debug)]
enum Sink {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

impl Folder {
    /// Creates the folder and the header of every table.
    pub(super) fn create(path: &Path, compress: bool, clerk: Clerk, tables: &[Table]) -> io::Result<Self> {
        fs::create_dir_all(path).map_err(|error| at(path, &error))?;
        let files = tables
            .iter()
            .map(|&table| TableFile::create(path, table, compress && table.is_large()))
            .collect::<io::Result<_>>()?;
        Ok(Self { files, clerk })
    }

    /// Appends one patient's lines, with the clerk's errors among them.
    pub(super) fn append(
        &mut self,
        chart: &Chart,
        on_defect: &mut impl FnMut(Found) -> io::Result<()>,
    ) -> io::Result<()> {
        for file in &mut self.files {
            for line in chart.lines(file.table) {
                file.write(line)?;
                if let Some(spoiled) = self.clerk.copy(file.table, line) {
                    file.write(&spoiled.line)?;
                    let name = file.name.clone();
                    on_defect(Found { file: name, line: file.line, kind: spoiled.kind })?;
                }
            }
        }
        Ok(())
    }

    /// Flushes everything; data lines written per table, in the order they were given in.
    pub(super) fn close(self) -> io::Result<Vec<u64>> {
        self.files.into_iter().map(TableFile::close).collect()
    }
}

impl TableFile {
    fn create(folder: &Path, table: Table, gzip: bool) -> io::Result<Self> {
        let name = format!("{}.csv{}", table.name(), if gzip { ".gz" } else { "" });
        let path = folder.join(&name);
        let file = BufWriter::new(File::create(&path).map_err(|error| at(&path, &error))?);
        let sink = if gzip {
            // No name and no time in the gzip header: equal data must give equal files.
            Sink::Gzip(Box::new(GzBuilder::new().mtime(0).write(file, Compression::best())))
        } else {
            Sink::Plain(file)
        };
        let mut opened = Self { table, name, sink, line: 0 };
        opened.write(table.header())?;
        Ok(opened)
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        self.line += 1;
        let sink: &mut dyn Write = match &mut self.sink {
            Sink::Plain(file) => file,
            Sink::Gzip(encoder) => encoder.as_mut(),
        };
        sink.write_all(line.as_bytes())?;
        sink.write_all(b"\n")
    }

    fn close(self) -> io::Result<u64> {
        match self.sink {
            Sink::Plain(mut file) => file.flush()?,
            Sink::Gzip(encoder) => encoder.finish()?.flush()?,
        }
        Ok(self.line - 1)
    }
}

/// An error that says which path it is about.
pub(super) fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}
