//! Every row that was not accepted, and every remark: counted, and the
//! quarantined ones listed by file, line and rule for the people who mend them.
//!
//! Rows are written as they come and only counts are kept, so a million bad
//! rows cost no more memory than ten. A cell's value is never written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::error::IngestError;
use super::quarantine_book;
use crate::model::reject::{CONSENT_WITHDRAWN, Counts, Finding, QUANTITY_NOT_RECORDED, Rule};
use crate::store::StoreError;

/// A file the ledger keeps count of.
#[derive(Clone, Debug)]
pub(super) struct LedgerFile {
    /// Source name.
    pub source: String,
    /// File name.
    pub name: String,
    /// Table name.
    pub table: &'static str,
    /// Its rows.
    pub counts: Counts,
}

/// What came of a correction; of several rows of one record the greater word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mended {
    /// The row is accepted as it is.
    NotNeeded,
    /// The row is accepted as corrected.
    Recovered,
    /// The row is still set aside.
    StillBad,
}

/// Counts by file and rule.
#[derive(Debug)]
pub(super) struct Ledger {
    files: Vec<LedgerFile>,
    findings: BTreeMap<(&'static str, usize, Cow<'static, str>), u64>,
    /// Where quarantine files go; `None` when nothing may be written.
    folder: Option<PathBuf>,
    writers: BTreeMap<String, BufWriter<File>>,
    /// What came of corrections, by source and number.
    mended: BTreeMap<(usize, usize), Mended>,
    /// Where the corrected rows are.
    mended_lines: BTreeMap<(usize, u32), (usize, usize)>,
}

impl Ledger {
    pub(super) fn new(files: Vec<LedgerFile>, folder: Option<PathBuf>) -> Self {
        Self {
            files,
            findings: BTreeMap::new(),
            folder,
            writers: BTreeMap::new(),
            mended: BTreeMap::new(),
            mended_lines: BTreeMap::new(),
        }
    }

    /// The files with their counts.
    pub(super) fn files(&self) -> &[LedgerFile] {
        &self.files
    }

    /// Counts `rows` read.
    pub(super) fn read(&mut self, file: usize, rows: u64) {
        self.files[file].counts.read += rows;
    }

    /// Counts `rows` accepted.
    pub(super) fn accept(&mut self, file: usize, rows: u64) {
        self.files[file].counts.accepted += rows;
    }

    /// Sets a row aside.
    pub(super) fn reject(
        &mut self,
        file: usize,
        line: u32,
        rule: &'static Rule,
        column: impl Into<Cow<'static, str>>,
    ) -> Result<(), StoreError> {
        let column = column.into();
        if let Some(correction) = self.mended_lines.get(&(file, line)) {
            self.mended.insert(*correction, Mended::StillBad);
        }
        self.files[file].counts.quarantined += 1;
        self.list(file, &line.to_string(), &column, rule, rule.title)?;
        self.count(file, rule, column, 1);
        Ok(())
    }

    /// Notes what came of a correction: its source and number, and the row.
    pub(super) fn mend(&mut self, correction: (usize, usize), file: usize, line: u32, mended: Mended) {
        let known = self.mended.entry(correction).or_insert(mended);
        *known = mended.max(*known);
        self.mended_lines.insert((file, line), correction);
    }

    /// How many corrections of a source came to this.
    pub(super) fn mended(&self, source: usize, mended: Mended) -> u64 {
        self.mended.iter().filter(|((of, _), came)| *of == source && **came == mended).count() as u64
    }

    /// Sets aside `rows` of patients who withdrew: a list of their lines would
    /// be a list of who they are.
    pub(super) fn withdraw(&mut self, file: usize, rows: u64) {
        if rows > 0 {
            self.files[file].counts.quarantined += rows;
            self.count(file, &CONSENT_WITHDRAWN, Cow::Borrowed("patient_id"), rows);
        }
    }

    /// Leaves out `rows` second copies.
    pub(super) fn drop(&mut self, file: usize, rule: &'static Rule, column: &'static str, rows: u64) {
        if rows > 0 {
            self.files[file].counts.duplicates += rows;
            self.count(file, rule, Cow::Borrowed(column), rows);
        }
    }

    /// Remarks on rows, columns or files without setting anything aside.
    pub(super) fn remark(
        &mut self,
        file: usize,
        rule: &'static Rule,
        column: impl Into<Cow<'static, str>>,
        times: u64,
    ) {
        self.count(file, rule, column.into(), times);
    }

    fn count(&mut self, file: usize, rule: &'static Rule, column: Cow<'static, str>, times: u64) {
        *self.findings.entry((rule.id, file, column)).or_default() += times;
    }

    /// Adds a line to the source's quarantine file.
    fn list(&mut self, file: usize, line: &str, column: &str, rule: &Rule, problem: &str) -> Result<(), StoreError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let entry = &self.files[file];
        let path = folder.join(format!("{}.csv", entry.source));
        if !self.writers.contains_key(&entry.source) {
            self.writers.insert(entry.source.clone(), create(&path)?);
        }
        let writer = self.writers.get_mut(&entry.source).expect("inserted above");
        let fields = [&entry.name, line, column, rule.id, problem, rule.fix, ""];
        write_record(writer, &fields).map_err(|error| StoreError::unwritable(&path, error))
    }

    /// Completes the quarantine files.
    pub(super) fn finish(&mut self) -> Result<(), IngestError> {
        for (file, times) in self.withdrawn() {
            let problem = format!("{times} rows: {}", CONSENT_WITHDRAWN.title);
            self.list(file, "", "patient_id", &CONSENT_WITHDRAWN, &problem)?;
        }
        let folder = self.folder.clone().unwrap_or_default();
        for (source, writer) in &mut self.writers {
            writer.flush().map_err(|error| StoreError::unwritable(&folder.join(source), error))?;
            quarantine_book::write(&folder.join(format!("{source}.csv")))?;
        }
        Ok(())
    }

    /// Rows set aside that say nothing against the source's rows: those of
    /// patients who withdrew, and prescriptions of a source without quantities,
    /// which are kept as doses nobody knows.
    pub(super) fn excused_rows(&self) -> u64 {
        let excused = [CONSENT_WITHDRAWN.id, QUANTITY_NOT_RECORDED.id];
        self.findings.iter().filter(|((rule, ..), _)| excused.contains(rule)).map(|(_, times)| *times).sum()
    }

    fn withdrawn(&self) -> Vec<(usize, u64)> {
        let entries = self.findings.iter().filter(|((rule, ..), _)| *rule == CONSENT_WITHDRAWN.id);
        entries.map(|((_, file, _), times)| (*file, *times)).collect()
    }

    /// What the rules found, in order of rule, source, file and column.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let finding = |((rule, file, column), count): (&(&str, usize, Cow<'static, str>), &u64)| Finding {
            rule: (*rule).to_owned(),
            source: self.files[*file].source.clone(),
            file: self.files[*file].name.clone(),
            column: column.clone().into_owned(),
            count: *count,
        };
        let mut findings: Vec<Finding> = self.findings.iter().map(finding).collect();
        findings.sort();
        merged(findings)
    }

    /// Counts by table.
    pub(super) fn tables(&self) -> BTreeMap<String, Counts> {
        let mut tables: BTreeMap<String, Counts> = BTreeMap::new();
        for file in self.files.iter().filter(|file| !file.table.is_empty()) {
            *tables.entry(file.table.to_owned()).or_default() += file.counts;
        }
        tables
    }

    /// # Panics
    /// When a row is in no count: that is a bug, and the snapshot would lie.
    pub(super) fn assert_conserved(&self) {
        for file in &self.files {
            assert!(file.counts.conserved(), "rows of {} {} went missing: {:?}", file.source, file.name, file.counts);
        }
    }
}

/// One original file may hold several tables; findings are about the file.
fn merged(findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::with_capacity(findings.len());
    let place = |finding: &Finding| {
        (finding.rule.clone(), finding.source.clone(), finding.file.clone(), finding.column.clone())
    };
    for finding in findings {
        match merged.last_mut().filter(|last| place(last) == place(&finding)) {
            Some(last) => last.count += finding.count,
            None => merged.push(finding),
        }
    }
    merged
}

fn create(path: &Path) -> Result<BufWriter<File>, StoreError> {
    let file = File::create(path).map_err(|error| StoreError::unwritable(path, error))?;
    let mut writer = BufWriter::new(file);
    let header = ["file", "line", "column", "rule", "problem", "fix", "correction"];
    write_record(&mut writer, &header).map_err(|error| StoreError::unwritable(path, error))?;
    Ok(writer)
}

/// RFC 4180 with line feeds; our own texts have no quotes and no line ends.
fn write_record(writer: &mut impl Write, fields: &[&str]) -> std::io::Result<()> {
    for (index, field) in fields.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let quote = if field.contains([',', '"']) { "\"" } else { "" };
        write!(writer, "{comma}{quote}{}{quote}", field.replace('"', "\"\""))?;
    }
    writer.write_all(b"\n")
}
