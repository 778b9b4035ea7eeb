//! Who withdrew consent. Read before anything else, and never stored.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Session;
use super::admit::Remarks;
use super::error::IngestError;
use super::gate::Notes;
use super::layout::{Cell, Layout};
use super::plan::PlannedFile;
use super::quarantine::{Ledger, Mended};
use super::read::{Meter, read_file};
use super::record::{Record, Records};
use super::referential::{CodeHash, CodeHasher, CodeIndex, Match};
use super::rejects::{Reject, Rejects};
use crate::model::reject::{MISSING_VALUE, WITHDRAWAL_SCOPE_UNKNOWN, WITHDRAWAL_UNKNOWN_PATIENT};
use crate::protocol::Basis;

/// The withdrawals that apply to this run.
#[derive(Debug, Default)]
pub(super) struct Withdrawn {
    codes: BTreeSet<CodeHash>,
    by_file: Vec<(usize, CodeHash)>,
}

#[derive(Default)]
struct Found {
    rows: u64,
    applying: Vec<CodeHash>,
    named: Vec<CodeHash>,
    rejects: Rejects,
    mended: Vec<(u32, (usize, usize), Mended)>,
    remarks: Remarks,
    notes: Notes,
}

impl Withdrawn {
    /// Reads every withdrawals file.
    pub(super) fn read(session: &Session<'_>, ledger: &mut Ledger, meter: &mut Meter<'_>) -> Result<Self, IngestError> {
        let mut withdrawn = Self::default();
        for (index, file) in session.plan.of_table("withdrawals") {
            let reader = Reader::new(session, file);
            let take = |mut found: Found| {
                session.watch(index, std::mem::take(&mut found.notes));
                withdrawn.take(index, found, ledger)
            };
            let work = |found: &mut Found, records: &Records<'_>| {
                reader.read(records, found);
                Ok(())
            };
            let digest = read_file(file, meter, Found::default, work, take)?;
            session.note_digest(index, digest);
        }
        Ok(withdrawn)
    }

    fn take(&mut self, file: usize, found: Found, ledger: &mut Ledger) -> Result<(), IngestError> {
        ledger.read(file, found.rows);
        ledger.accept(file, found.named.len() as u64);
        for (line, correction, mended) in found.mended {
            ledger.mend(correction, file, line, mended);
        }
        for reject in found.rejects.iter() {
            ledger.reject(file, reject.line, reject.rule, reject.column)?;
        }
        for (rule, column, times) in found.remarks.counted {
            ledger.remark(file, rule, column, times);
        }
        self.codes.extend(&found.applying);
        self.by_file.extend(found.named.into_iter().map(|code| (file, code)));
        Ok(())
    }

    /// Whether the patient of this code withdrew.
    pub(super) fn holds(&self, code: CodeHash) -> bool {
        self.codes.contains(&code)
    }

    /// Remarks on withdrawals that name nobody.
    pub(super) fn remark_unknown(&self, index: &CodeIndex, ledger: &mut Ledger) {
        for (file, code) in &self.by_file {
            if index.find(*code) == Match::Unknown {
                ledger.remark(*file, &WITHDRAWAL_UNKNOWN_PATIENT, "patient_id", 1);
            }
        }
    }
}

fn without_code(line: u32) -> Reject {
    Reject { line, rule: &MISSING_VALUE, column: Cow::Borrowed("patient_id") }
}

struct Reader<'p> {
    file: &'p PlannedFile,
    basis: Basis,
    patient_id: Cell,
    scope: Cell,
    site: Option<Cell>,
    hasher: CodeHasher,
    research: bool,
}

impl<'p> Reader<'p> {
    fn new(session: &Session<'_>, file: &'p PlannedFile) -> Self {
        let layout: &Layout = &file.layout;
        Self {
            file,
            basis: session.protocol.basis,
            patient_id: layout.cell("patient_id"),
            scope: layout.cell("scope"),
            site: session.site_cell(file),
            hasher: session.hasher(file.source),
            research: session.protocol.study.research,
        }
    }

    fn read(&self, records: &Records<'_>, found: &mut Found) {
        found.rows += records.len() as u64;
        for record in records.iter() {
            found.notes.look_aside(&record, &self.file.layout, self.basis);
            found.notes.look_through(&record, &self.file.layout);
            let second = record.corrected().filter(|_| self.patient_id.optional(&record).is_none());
            let mended = if second.is_some() { Mended::Recovered } else { Mended::NotNeeded };
            let number = record.correction();
            let record = second.unwrap_or(record);
            // A damaged row still counts as long as it names a patient:
            // keeping too much is the worse mistake.
            let Some(code) = self.patient_id.optional(&record) else {
                found.rejects.push(&self.file.rejected(&record).unwrap_or_else(|| without_code(record.line())));
                continue;
            };
            if let Some(number) = number {
                found.mended.push((record.line(), (self.file.source, number), mended));
            }
            let code = self.hasher_for(&record).code(code);
            found.named.push(code);
            if self.applies(&record, &mut found.remarks) {
                found.applying.push(code);
            }
        }
    }

    fn hasher_for(&self, record: &Record<'_>) -> CodeHasher {
        self.site.map_or(self.hasher, |site| self.hasher.at_site(record.field(site.position)))
    }

    fn applies(&self, record: &Record<'_>, remarks: &mut Remarks) -> bool {
        let scope = self.scope.optional(record).unwrap_or(b"all");
        if scope.eq_ignore_ascii_case(b"research_only") {
            return self.research;
        }
        if !scope.eq_ignore_ascii_case(b"all") {
            remarks.add(&WITHDRAWAL_SCOPE_UNKNOWN, self.scope.name);
        }
        true
    }
}
