//! Who withdrew consent. Read before anything else, and never stored.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Of those that name a site, by the code at that site: the code alone.
    at_site: BTreeMap<CodeHash, CodeHash>,
    by_file: Vec<(usize, Named)>,
}

/// Whom a withdrawal names.
#[derive(Clone, Copy, Debug)]
struct Named {
    code: CodeHash,
    at_site: Option<CodeHash>,
}

#[derive(Default)]
struct Found {
    rows: u64,
    applying: Vec<Named>,
    named: Vec<Named>,
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
        for named in found.applying {
            if let Some(at_site) = named.at_site {
                self.at_site.insert(at_site, named.code);
            } else {
                self.codes.insert(named.code);
            }
        }
        self.by_file.extend(found.named.into_iter().map(|code| (file, code)));
        Ok(())
    }

    /// Whether the patient of this code withdrew.
    pub(super) fn holds(&self, code: CodeHash, at_site: Option<CodeHash>) -> bool {
        self.codes.contains(&code) || at_site.is_some_and(|code| self.at_site.contains_key(&code))
    }

    /// Codes of withdrawals whose site nobody has a patient of that code at. A
    /// misspelt site would keep somebody who withdrew; every patient of the code
    /// is left out instead, because keeping too much is the worse mistake.
    pub(super) fn misplaced(&self, listed: impl Iterator<Item = CodeHash>) -> BTreeSet<CodeHash> {
        let mut missing = self.at_site.clone();
        for at_site in listed {
            missing.remove(&at_site);
        }
        missing.into_values().collect()
    }

    /// Remarks on withdrawals that name nobody.
    pub(super) fn remark_unknown(&self, index: &CodeIndex, ledger: &mut Ledger) {
        let is_unknown = |code: CodeHash| index.find(code) == Match::Unknown;
        for (file, named) in &self.by_file {
            if is_unknown(named.code) && named.at_site.is_none_or(is_unknown) {
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
            let at_site = self.hasher_at_site(&record).map(|hasher| hasher.code(code));
            let named = Named { code: self.hasher.code(code), at_site };
            found.named.push(named);
            if self.applies(&record, &mut found.remarks) {
                found.applying.push(named);
            }
        }
    }

    fn hasher_at_site(&self, record: &Record<'_>) -> Option<CodeHasher> {
        self.site?.optional(record).map(|site| self.hasher.at_site(site))
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
