//! One ingest from the first header to the published snapshot.

use std::sync::Mutex;

use super::admit::{
    AdverseEvents, Assessments, Departures, Diagnoses, Infusions, MedicationReviews, Prescriptions, TherapySessions,
};
use super::buckets::Buckets;
use super::digest::{digest, reading};
use super::error::IngestError;
use super::events::read_table;
use super::gate::{GateReport, Notes, Watch, Watched};
use super::last_days::LastDays;
use super::layout::Cell;
use super::plan::{Plan, PlannedFile};
use super::quarantine::{Ledger, LedgerFile, Mended};
use super::read::{Meter, Progress};
use super::referential::{CodeHasher, RowNumbers};
use super::roster::Roster;
use super::sort::Sorted;
use super::source::SourceCorrections;
use super::withdrawals::Withdrawn;
use super::withheld::Withheld;
use super::{Corrections, FileRecords, Ingested};
use crate::model::reject::{CORRECTION_NOT_NEEDED, Counts, LAST_DAY_ALONE, UNMAPPED_COLUMN};
use crate::model::table::TableId;
use crate::protocol::Protocol;
use crate::store::{
    CalendarKind, Draft, FileSummary, Manifest, Secret, SiteSummary, Snapshot, SourceSummary, StoreError, StoreWriter,
};

/// What every step of an ingest may look at.
#[derive(Debug)]
pub(super) struct Session<'a> {
    /// The pipeline.
    pub protocol: &'a Protocol,
    /// The files.
    pub plan: Plan,
    /// Key of the patient numbers.
    pub secret: Secret,
    digests: Mutex<Vec<String>>,
    watch: Watch,
}

impl<'a> Session<'a> {
    /// Looks at every folder and header.
    pub(super) fn new(protocol: &'a Protocol, secret: Secret) -> Result<Self, IngestError> {
        let plan = Plan::make(protocol)?;
        let digests = Mutex::new(vec![String::new(); plan.files.len()]);
        Ok(Self { protocol, plan, secret, digests, watch: Watch::default() })
    }

    /// The same session under the store's own secret.
    pub(super) fn with_secret(self, secret: Secret) -> Self {
        Self { secret, ..self }
    }

    /// Reads everything; writes a snapshot if given a writer.
    pub(super) fn run(
        &self,
        writer: Option<&StoreWriter>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Ingested, IngestError> {
        let draft = writer.map(StoreWriter::draft).transpose()?;
        if let Some(writer) = writer {
            self.check_calendar(writer)?;
        }
        let mut ledger = self.ledger(draft.as_ref())?;
        let mut meter = Meter::new(self.plan.bytes, progress);
        let (roster, last_days) = self.read_tables(&mut ledger, draft.as_ref(), &mut meter)?;
        let gate = self.gate_report();
        // Nothing of a refused source stays: neither rows nor the list of bad ones.
        gate.check()?;
        self.remark_not_needed(&mut ledger);
        self.remark_alone(&last_days, &mut ledger);
        ledger.finish()?;
        ledger.assert_conserved();
        self.check_share(&ledger, draft)
            .and_then(|draft| self.publish(&ledger, &roster, &last_days, writer, draft))
            .map(|ingested| Ingested { gate, ..ingested })
    }

    fn read_tables(
        &self,
        ledger: &mut Ledger,
        draft: Option<&Draft<'_>>,
        meter: &mut Meter<'_>,
    ) -> Result<(Roster, Vec<LastDays>), IngestError> {
        let withdrawn = Withdrawn::read(self, ledger, meter)?;
        let roster = Roster::read(self, &withdrawn, ledger, meter)?;
        withdrawn.remark_unknown(&roster.index, ledger);
        draft.map_or(Ok(()), |draft| roster.write(self, draft))?;
        let mut withheld = Withheld::new(self, &roster, draft);
        let mut last_days = vec![LastDays::default(); roster.sites.len()];
        let mut see = |sorted: Sorted| {
            for (last, of_table) in last_days.iter_mut().zip(sorted.last_days) {
                last.merge(of_table);
            }
        };
        macro_rules! read {
            ($($table:ident),+) => { $(see(read_table::<$table>(self, &roster, ledger, &mut withheld, draft, meter)?);)+ };
        }
        // The type parameter differs from line to line, so this is not a loop.
        read!(
            Diagnoses,
            Infusions,
            Assessments,
            Prescriptions,
            MedicationReviews,
            AdverseEvents,
            TherapySessions,
            Departures
        );
        withheld.write(self, &roster, draft)?;
        Ok((roster, last_days))
    }

    /// Empty buckets for a table.
    pub(super) fn buckets(&self, roster: &Roster, draft: Option<&Draft<'_>>) -> Buckets {
        Buckets::new(roster.patients.len(), self.protocol.ingest.memory_budget, draft.map(Draft::folder))
    }

    /// Hashes codes of a source, or of all of them where they share their codes.
    pub(super) fn hasher(&self, source: usize) -> CodeHasher {
        CodeHasher::new(self.secret, if self.protocol.ingest.shared_codes { 0 } else { source })
    }

    /// Numbers rows of a source.
    pub(super) fn row_numbers(&self, source: usize) -> RowNumbers {
        RowNumbers::new(self.secret, source)
    }

    /// The site column of a file, when its source's patients have one too:
    /// otherwise there is nothing to compare it with.
    pub(super) fn site_cell(&self, file: &PlannedFile) -> Option<Cell> {
        if self.protocol.ingest.shared_codes {
            return None;
        }
        let mut patients = self.plan.of_table("patients").filter(|(_, other)| other.source == file.source);
        let named = patients.any(|(_, patients)| patients.layout.cell("site").is_present());
        Some(file.layout.cell("site")).filter(|cell| named && cell.is_present())
    }

    /// Remembers what a block showed the privacy gate.
    pub(super) fn watch(&self, file: usize, notes: Notes) {
        self.watch.note(file, notes);
    }

    /// What the gate says of headers and values together.
    fn gate_report(&self) -> GateReport {
        let mut report = self.plan.gate.clone();
        for (index, file) in self.plan.files.iter().enumerate() {
            let source = &self.protocol.sources[file.source].name;
            let watched = Watched { source, file: &file.name, unread: &file.layout.unmapped };
            let of_source = |(at, other): (usize, &PlannedFile)| (other.source == file.source).then_some(at);
            let codes = self.watch.code_numbers(self.plan.files.iter().enumerate().filter_map(of_source));
            self.watch.judge(index, watched, (self.protocol, &codes), &mut report);
        }
        report
    }

    /// Remembers the SHA-256 of a file.
    pub(super) fn note_digest(&self, file: usize, sha256: String) {
        self.digests.lock().expect("no holder of the lock panics")[file] = sha256;
    }

    fn check_calendar(&self, writer: &StoreWriter) -> Result<(), StoreError> {
        // Of a damaged snapshot nobody knows; the others of the store were of one kind.
        match writer.store().snapshots()?.0.pop() {
            Some(current) if current.manifest.calendar != self.plan.calendar => Err(StoreError::OtherCalendar {
                folder: writer.store().folder().to_owned(),
                held: current.manifest.calendar.words(),
                offered: self.plan.calendar.words(),
            }),
            _ => Ok(()),
        }
    }

    /// A ledger that knows every file, with what the plan has to remark.
    fn ledger(&self, draft: Option<&Draft<'_>>) -> Result<Ledger, StoreError> {
        let planned = self.plan.files.iter().map(|file| (file.source, &file.name, file.layout.table.name));
        let others = self.plan.others.iter().map(|(source, file)| (*source, &file.name, ""));
        let entry = |(source, name, table): (usize, &String, &'static str)| LedgerFile {
            source: self.protocol.sources[source].name.clone(),
            name: name.clone(),
            table,
            counts: Counts::default(),
        };
        let files = planned.chain(others).map(entry).collect();
        let mut ledger = Ledger::new(files, draft.map(Draft::quarantine).transpose()?);
        for (index, file) in self.plan.files.iter().enumerate() {
            let unread_site = file.layout.cell("site").is_present() && self.site_cell(file).is_none();
            let site = unread_site.then(|| "site".to_owned());
            for column in file.layout.unmapped.iter().map(|column| column.name.clone()).chain(site) {
                ledger.remark(index, &UNMAPPED_COLUMN, column, 1);
            }
        }
        for ((_, file), index) in self.plan.others.iter().zip(self.plan.files.len()..) {
            for (rule, column, times) in &file.remarks {
                ledger.remark(index, rule, column.clone(), *times);
            }
        }
        Ok(ledger)
    }

    /// Gives the draft up when too many rows are bad. Excused rows are not bad.
    fn check_share<'d>(&self, ledger: &Ledger, draft: Option<Draft<'d>>) -> Result<Option<Draft<'d>>, IngestError> {
        let read: u64 = ledger.files().iter().map(|file| file.counts.read).sum();
        let quarantined =
            ledger.files().iter().map(|file| file.counts.quarantined).sum::<u64>() - ledger.excused_rows();
        let limit = self.protocol.ingest.max_reject_share;
        // A check goes on to say what it found; its caller asks `too_many`.
        if quarantined as f64 <= limit * read as f64 || draft.is_none() {
            return Ok(draft);
        }
        let quarantine = draft.map(Draft::reject).transpose()?;
        Err(IngestError::TooManyRejects { quarantined, read, limit, quarantine })
    }

    fn publish(
        &self,
        ledger: &Ledger,
        roster: &Roster,
        last_days: &[LastDays],
        writer: Option<&StoreWriter>,
        draft: Option<Draft<'_>>,
    ) -> Result<Ingested, IngestError> {
        let manifest = self.manifest(ledger, roster, last_days);
        let mut ingested = Ingested {
            tables: manifest.tables.clone(),
            patients: manifest.patients,
            records: self.records(),
            corrections: self.corrections(ledger),
            findings: manifest.findings.clone(),
            snapshot: None,
            unchanged: false,
            replaced: None,
            sites: manifest.sites.clone(),
            calendar: self.plan.calendar,
            quarantine: None,
            gate: GateReport::default(),
            excused_rows: ledger.excused_rows(),
        };
        let (Some(writer), Some(draft)) = (writer, draft) else { return Ok(ingested) };
        let store = writer.store();
        let (of_this_input, without_manifest) = match store.current() {
            Err(error) if error.is_damage() => (None, store.current_number()?),
            current => (current?.filter(|current| current.digest == manifest.digest), None),
        };
        // One of an older version lacks a table, a damaged one differs from what was
        // just made of the same input: it is left where it is, and written anew.
        let (current, damaged): (Option<Snapshot>, Option<Snapshot>) = of_this_input
            .map_or((None, None), |one| if draft.is_still(&one) { (Some(one), None) } else { (None, Some(one)) });
        ingested.unchanged = current.is_some();
        ingested.replaced = damaged.map(|snapshot| snapshot.number).or(without_manifest);
        let snapshot = current.map_or_else(|| draft.publish(manifest), Ok)?;
        let any = ledger.files().iter().any(|file| file.counts.quarantined > 0);
        ingested.quarantine = any.then(|| snapshot.folder.join("quarantine"));
        ingested.snapshot = Some(snapshot);
        Ok(ingested)
    }

    /// What came of the corrections staff made.
    fn corrections(&self, ledger: &Ledger) -> Vec<Corrections> {
        let made = |made: &SourceCorrections| {
            let (source, file) = &self.plan.others[made.other];
            Corrections {
                source: self.protocol.sources[*source].name.clone(),
                file: file.name.clone(),
                rows: made.rows,
                recovered: ledger.mended(*source, Mended::Recovered),
                quarantined: ledger.mended(*source, Mended::StillBad),
                not_needed: ledger.mended(*source, Mended::NotNeeded),
                unmatched: made.unmatched,
            }
        };
        self.plan.corrections.iter().map(made).collect()
    }

    /// Remarks on a day that alone decides who is due.
    fn remark_alone(&self, last_days: &[LastDays], ledger: &mut Ledger) {
        if self.protocol.study.data_cut.is_some() || self.plan.calendar != CalendarKind::Dated {
            return;
        }
        for last in last_days.iter().filter_map(|days| days.alone()) {
            let file = last.file as usize;
            let column = self.plan.files[file].layout.day.map_or("date", |(cell, _)| cell.name);
            ledger.remark(file, &LAST_DAY_ALONE, format!("{column}, line {}", last.line), 1);
        }
    }

    /// Remarks on corrections of rows that are accepted as they are.
    fn remark_not_needed(&self, ledger: &mut Ledger) {
        for made in &self.plan.corrections {
            let times = ledger.mended(self.plan.others[made.other].0, Mended::NotNeeded);
            if times > 0 {
                ledger.remark(self.plan.files.len() + made.other, &CORRECTION_NOT_NEEDED, "", times);
            }
        }
    }

    /// What became of the records of foreign files.
    ///
    /// # Panics
    /// When one is in no count: that is a bug, and the snapshot would lie.
    fn records(&self) -> Vec<FileRecords> {
        let read = self.plan.others.iter().filter_map(|(source, file)| Some((source, &file.name, file.records?)));
        read.map(|(source, name, counts)| {
            assert!(counts.conserved(), "records of {name} went missing: {counts:?}");
            FileRecords { source: self.protocol.sources[*source].name.clone(), file: name.clone(), counts }
        })
        .collect()
    }

    fn manifest(&self, ledger: &Ledger, roster: &Roster, last_days: &[LastDays]) -> Manifest {
        let digests = self.digests.lock().expect("no holder of the lock panics");
        Manifest {
            // Given when it is published.
            number: 0,
            digest: digest(self.protocol, &self.plan, &digests),
            reading: reading(self.protocol),
            program: format!("relief {}", env!("CARGO_PKG_VERSION")),
            basis: self.protocol.basis.id().to_owned(),
            calendar: self.plan.calendar,
            patients: roster.patients.len() as u64,
            sources: self.protocol.sources.iter().map(|source| source_summary(source, ledger)).collect(),
            sites: site_summaries(roster, last_days),
            tables: ledger.tables(),
            files: ledger.files().iter().zip(digests.iter()).map(file_summary).collect(),
            findings: ledger.findings(),
        }
    }
}

fn source_summary(source: &crate::protocol::SourceEntry, ledger: &Ledger) -> SourceSummary {
    let departures = TableId::Departures.name();
    let tells = ledger.files().iter().any(|file| file.source == source.name && file.table == departures);
    let reasons = if tells { source.mapping.departures() } else { Vec::new() };
    SourceSummary {
        name: source.name.clone(),
        site: source.site.clone(),
        medications: source.medications.id().to_owned(),
        departures: reasons.into_iter().map(str::to_owned).collect(),
    }
}

fn file_summary((file, sha256): (&LedgerFile, &String)) -> FileSummary {
    FileSummary {
        source: file.source.clone(),
        file: file.name.clone(),
        table: file.table.to_owned(),
        sha256: sha256.clone(),
        counts: file.counts,
    }
}

/// Sites with patients, in order of name.
fn site_summaries(roster: &Roster, last_days: &[LastDays]) -> Vec<SiteSummary> {
    let mut patients = vec![0; roster.sites.len()];
    roster.patients.iter().for_each(|patient| patients[patient.site as usize] += 1);
    let all = roster.sites.iter().zip(patients).zip(last_days);
    let mut sites: Vec<SiteSummary> = all
        .map(|((site, patients), days)| SiteSummary {
            site: site.clone(),
            patients,
            last_day: days.last.map(|last| last.day),
        })
        .filter(|site| site.patients > 0)
        .collect();
    sites.sort_by(|a, b| a.site.cmp(&b.site));
    sites
}
