//! The patients: read first, numbered in the order of their keys, and looked
//! up by every row of every other table.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Builder, RecordBatch, StringBuilder};
use rayon::slice::ParallelSliceMut;

use super::Session;
use super::admit::{Facts, PatientReader, PatientRecord, Problem, Remarks, Sites, UNKNOWN_SEX};
use super::error::IngestError;
use super::events::{Origin, field_count};
use super::gate::Notes;
use super::plan::{Plan, PlannedFile};
use super::quarantine::{Ledger, Mended};
use super::read::{Meter, read_file};
use super::record::{Record, Records};
use super::referential::{CodeHash, CodeHasher, CodeIndex, Match, patient_key};
use super::rejects::{Reject, Rejects};
use super::withdrawals::Withdrawn;
use crate::model::patient::PatientKey;
use crate::model::reject::{FIELD_COUNT, INDEX_PERIOD_MISSING, PATIENT_CONFLICT, PATIENT_REPEATED};
use crate::model::table::TableId;
use crate::store::{CalendarKind, Draft, ROW_GROUP_ROWS, StoreError, schema_of};

/// An accepted patient.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patient {
    /// The number.
    pub key: PatientKey,
    /// Number of the site.
    pub site: u32,
    facts: Facts,
    file: u32,
    line: u32,
    /// Number of the sources that list the patient, in `Roster::listed_in`.
    listed_in: u32,
}

/// All accepted patients.
#[derive(Debug)]
pub(super) struct Roster {
    /// In order of key; rows refer to them by position.
    pub patients: Vec<Patient>,
    /// Codes → patients.
    pub index: CodeIndex,
    /// Sites by number.
    pub sites: Vec<String>,
    /// Positions of sources, as patients refer to them.
    listed_in: Vec<String>,
}

/// A row of a patients file. Rows of one patient are equal in `key` and
/// `identity`; two patients who shared a key would differ in the second.
#[derive(Clone, Copy, Debug)]
struct Listed {
    patient: Patient,
    identity: CodeHash,
    code: CodeHash,
    code_at_site: Option<CodeHash>,
    withdrawn: bool,
}

#[derive(Default)]
struct Found {
    rows: u64,
    listed: Vec<Listed>,
    rejects: Rejects,
    mended: Vec<(u32, (usize, usize), Mended)>,
    remarks: Remarks,
    notes: Notes,
}

impl Roster {
    /// Reads every patients file.
    pub(super) fn read(
        session: &Session<'_>,
        withdrawn: &Withdrawn,
        ledger: &mut Ledger,
        meter: &mut Meter<'_>,
    ) -> Result<Self, IngestError> {
        let sites = Sites::default();
        let mut listed = Vec::new();
        for (index, file) in session.plan.of_table("patients") {
            let default_site = &session.protocol.sources[file.source].site;
            let rows = Lister::new(session, index, file, withdrawn);
            let begin = || (PatientReader::new(&file.layout, session.protocol, &sites, default_site), Found::default());
            let work = |(reader, found): &mut (PatientReader<'_>, Found), records: &Records<'_>| {
                rows.read(records, reader, found);
                Ok(())
            };
            let take = |(_, mut found): (PatientReader<'_>, Found)| {
                found.notes.strange = std::mem::take(&mut found.remarks.strange);
                session.watch(index, std::mem::take(&mut found.notes));
                take(index, found, &mut listed, ledger)
            };
            let digest = read_file(file, meter, begin, work, take)?;
            session.note_digest(index, digest);
        }
        let misplaced = withdrawn.misplaced(listed.iter().filter_map(|row| row.code_at_site));
        for row in &mut listed {
            row.withdrawn |= misplaced.contains(&row.code);
        }
        let mut listed_in = ListedIn::new(&session.plan);
        let (patients, index) = enrol(listed, &mut listed_in, ledger)?;
        if session.plan.calendar == CalendarKind::StudyDay {
            remark_periods(&patients, ledger);
        }
        Ok(Self { patients, index, sites: sites.into_names(), listed_in: listed_in.into_texts() })
    }

    /// Writes the patients table.
    pub(super) fn write(&self, session: &Session<'_>, draft: &Draft<'_>) -> Result<(), StoreError> {
        let mut writer = draft.table(TableId::Patients)?;
        for patients in self.patients.chunks(ROW_GROUP_ROWS) {
            writer.write(&self.batch(session, patients))?;
        }
        writer.finish()
    }

    fn batch(&self, session: &Session<'_>, patients: &[Patient]) -> RecordBatch {
        let mut origin = Origin::with_capacity(patients.len());
        let (mut site, mut sex) = (StringBuilder::new(), StringBuilder::new());
        let (mut birth_year, mut index_period) = (Int32Builder::new(), StringBuilder::new());
        let mut sources = StringBuilder::new();
        for patient in patients {
            let source = session.plan.files[patient.file as usize].source;
            origin.push(patient.key, source, patient.line);
            site.append_value(&self.sites[patient.site as usize]);
            sex.append_value(char::from(patient.facts.sex).encode_utf8(&mut [0; 4]));
            birth_year.append_option(patient.facts.birth_year.map(i32::from));
            index_period.append_option(patient.facts.index_period.map(|period| period.to_string()));
            sources.append_value(&self.listed_in[patient.listed_in as usize]);
        }
        let own: [ArrayRef; 5] = [
            Arc::new(site.finish()),
            Arc::new(sex.finish()),
            Arc::new(birth_year.finish()),
            Arc::new(index_period.finish()),
            Arc::new(sources.finish()),
        ];
        let columns = origin.finish().into_iter().chain(own).collect();
        RecordBatch::try_new(schema_of(TableId::Patients), columns).expect("columns follow the schema")
    }
}

/// Turns records of one patients file into rows.
struct Lister<'s, 'a> {
    session: &'s Session<'a>,
    index: usize,
    file: &'s PlannedFile,
    hasher: CodeHasher,
    /// The same for every source, so that a patient of two has one identity.
    identity: CodeHasher,
    names_site: bool,
    withdrawn: &'s Withdrawn,
}

impl<'s, 'a> Lister<'s, 'a> {
    fn new(session: &'s Session<'a>, index: usize, file: &'s PlannedFile, withdrawn: &'s Withdrawn) -> Self {
        let names_site = session.site_cell(file).is_some();
        Self {
            session,
            index,
            file,
            hasher: session.hasher(file.source),
            identity: session.hasher(usize::MAX),
            names_site,
            withdrawn,
        }
    }

    fn read(&self, records: &Records<'_>, reader: &mut PatientReader<'_>, found: &mut Found) {
        found.rows += records.len() as u64;
        for record in records.iter() {
            let refused = self.admit(&record, reader, found);
            let Some(number) = record.correction() else {
                self.settle(&record, refused, found);
                continue;
            };
            let mended = match (refused, record.corrected()) {
                (None, Some(_)) => Mended::NotNeeded,
                (Some(Problem::Reject { .. }), Some(second)) => {
                    let refused = self.admit(&second, reader, found);
                    self.settle(&second, refused, found)
                }
                (refused, _) => self.settle(&record, refused, found),
            };
            found.mended.push((record.line(), (self.file.source, number), mended));
        }
    }

    /// Lists the patient of a record, or says why it is none.
    fn admit(&self, record: &Record<'_>, reader: &mut PatientReader<'_>, found: &mut Found) -> Option<Problem> {
        found.notes.look_aside(record, &self.file.layout, self.session.protocol.basis);
        if record.rejection().is_some() {
            // Says only that it is none; `settle` knows what the adapter had against it.
            return Some(Problem::Reject { rule: &FIELD_COUNT, column: "" });
        }
        let read = field_count(record, self.file.layout.width).and_then(|()| reader.admit(record, &mut found.remarks));
        match read {
            Ok(row) => {
                found.notes.codes.look(row.code);
                found.listed.push(self.list(&row, record.line()));
                None
            }
            Err(problem) => Some(problem),
        }
    }

    /// Sets a refused record aside; says what that makes of a correction.
    fn settle(&self, record: &Record<'_>, refused: Option<Problem>, found: &mut Found) -> Mended {
        match refused {
            None => return Mended::Recovered,
            Some(Problem::Refuse { detector, column }) => found.notes.hits.add(column, detector),
            Some(Problem::Reject { rule, column }) => {
                found.notes.look_through(record, &self.file.layout);
                let said = || Reject { line: record.line(), rule, column: self.file.called(record, column) };
                found.rejects.push(&self.file.rejected(record).unwrap_or_else(said));
            }
        }
        Mended::StillBad
    }

    fn list(&self, row: &PatientRecord<'_>, line: u32) -> Listed {
        let code = self.hasher.code(row.code);
        let code_at_site = self.names_site.then(|| self.hasher.at_site(row.site_name).code(row.code));
        let site = if self.session.protocol.ingest.shared_codes { b"" } else { row.site_name };
        let key = patient_key(self.session.secret, site, row.code);
        let file = u32::try_from(self.index).expect("fewer files than that");
        Listed {
            patient: Patient { key, site: row.site, facts: row.facts, file, line, listed_in: 0 },
            identity: self.identity.at_site(site).code(row.code),
            code,
            code_at_site,
            withdrawn: self.withdrawn.holds(code, code_at_site),
        }
    }
}

/// With study days the index period is all that says who is due.
fn remark_periods(patients: &[Patient], ledger: &mut Ledger) {
    for patient in patients.iter().filter(|patient| patient.facts.index_period.is_none()) {
        ledger.remark(patient.file as usize, &INDEX_PERIOD_MISSING, "index_period", 1);
    }
}

fn take(file: usize, found: Found, listed: &mut Vec<Listed>, ledger: &mut Ledger) -> Result<(), IngestError> {
    ledger.read(file, found.rows);
    for (line, correction, mended) in found.mended {
        ledger.mend(correction, file, line, mended);
    }
    for reject in found.rejects.iter() {
        ledger.reject(file, reject.line, reject.rule, reject.column)?;
    }
    for (rule, column, times) in found.remarks.counted {
        ledger.remark(file, rule, column, times);
    }
    listed.extend(found.listed);
    Ok(())
}

/// Which sources list a patient. There are few combinations of them.
struct ListedIn {
    /// Source of each file.
    source_of: Vec<usize>,
    known: Vec<Vec<usize>>,
    sources: Vec<usize>,
}

impl ListedIn {
    fn new(plan: &Plan) -> Self {
        Self { source_of: plan.files.iter().map(|file| file.source).collect(), known: Vec::new(), sources: Vec::new() }
    }

    /// The number of the sources of a patient's rows.
    fn number(&mut self, rows: &[Listed]) -> u32 {
        self.sources.clear();
        self.sources.extend(rows.iter().map(|row| self.source_of[row.patient.file as usize]));
        self.sources.sort_unstable();
        self.sources.dedup();
        let number = self.known.iter().position(|known| *known == self.sources).unwrap_or_else(|| {
            self.known.push(self.sources.clone());
            self.known.len() - 1
        });
        u32::try_from(number).expect("fewer combinations than patients")
    }

    /// The combinations as they are stored.
    fn into_texts(self) -> Vec<String> {
        let text = |sources: &Vec<usize>| sources.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
        self.known.iter().map(text).collect()
    }
}

/// Orders the rows by key and keeps one row of each patient, with what all of them
/// say. Which one depends on what it says and not on where it stands, so shuffled
/// files change nothing.
fn enrol(
    mut listed: Vec<Listed>,
    listed_in: &mut ListedIn,
    ledger: &mut Ledger,
) -> Result<(Vec<Patient>, CodeIndex), IngestError> {
    listed.par_sort_unstable_by_key(|row| (row.patient.key, row.patient.facts, row.patient.file, row.patient.line));
    let codes = listed.iter().map(|row| 1 + usize::from(row.code_at_site.is_some())).sum();
    let mut index = CodeIndex::with_room(codes);
    let mut patients = Vec::with_capacity(listed.len());
    for rows in listed.chunk_by(|a, b| a.patient.key == b.patient.key) {
        let first = &rows[0];
        assert!(
            rows.iter().all(|row| row.identity == first.identity),
            "two patients share a key; begin a new store, which draws a new secret"
        );
        let found = if rows.iter().any(|row| row.withdrawn) {
            for row in rows {
                ledger.withdraw(row.patient.file as usize, 1);
            }
            Match::Withdrawn
        } else {
            ledger.accept(first.patient.file as usize, 1);
            leave_out(first, &rows[1..], ledger)?;
            let facts = agreed(rows);
            patients.push(Patient { listed_in: listed_in.number(rows), facts, ..first.patient });
            Match::Patient(u32::try_from(patients.len() - 1).expect("fewer than four billion patients"))
        };
        for row in rows {
            index.insert(row.code, found);
            if let Some(code) = row.code_at_site {
                index.insert(code, found);
            }
        }
    }
    Ok((patients, index))
}

/// What the rows of a patient say; where they contradict each other nobody knows. The
/// patient stays, or every row about them would be without one.
fn agreed(rows: &[Listed]) -> Facts {
    let facts = || rows.iter().map(|row| row.patient.facts);
    Facts {
        sex: the_only(facts().map(|facts| facts.sex).filter(|sex| *sex != UNKNOWN_SEX)).unwrap_or(UNKNOWN_SEX),
        birth_year: the_only(facts().filter_map(|facts| facts.birth_year)),
        index_period: the_only(facts().filter_map(|facts| facts.index_period)),
    }
}

fn the_only<T: PartialEq>(mut said: impl Iterator<Item = T>) -> Option<T> {
    let first = said.next()?;
    said.all(|other| other == first).then_some(first)
}

fn leave_out(kept: &Listed, others: &[Listed], ledger: &mut Ledger) -> Result<(), IngestError> {
    for row in others {
        let file = row.patient.file as usize;
        if row.patient.facts == kept.patient.facts {
            ledger.drop(file, &PATIENT_REPEATED, "patient_id", 1);
        } else {
            ledger.reject(file, row.patient.line, &PATIENT_CONFLICT, "patient_id")?;
        }
    }
    Ok(())
}
