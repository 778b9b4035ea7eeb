//! Files of dated records → rows of their table, waiting to be sorted.

use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, Int32Array, Int64Array};

use super::Session;
use super::admit::{Event, Problem, Remarks, days_of_supply, patient_code};
use super::buckets::Buckets;
use super::day::DayReader;
use super::error::IngestError;
use super::gate::{self, Notes};
use super::layout::Cell;
use super::plan::PlannedFile;
use super::quarantine::{Ledger, Mended};
use super::read::{Meter, read_file};
use super::record::{Record, Records};
use super::referential::{CodeHash, CodeHasher, Match, RowNumbers};
use super::rejects::{Reject, Rejects};
use super::roster::Roster;
use super::row::{self, Head, LONGEST_ROW_ID, NO_DAY};
use super::sort::{Sorted, sort_table};
use super::withheld::{Left, Withheld, bare_row};
use crate::model::patient::PatientKey;
use crate::model::reject::{
    AMBIGUOUS_PATIENT, CONSENT_WITHDRAWN, DAY_ZERO_MISSING, FIELD_COUNT, FREE_TEXT, KETAMINE_DOSE_INVALID,
    ROW_ID_CONFLICT, ROW_ID_REPEATED, ROWS_IDENTICAL, Rule, UNKNOWN_PATIENT,
};
use crate::model::table::TableId;
use crate::protocol::DrugClass;
use crate::store::Draft;

/// The first columns of every table, under construction.
#[derive(Debug)]
pub(super) struct Origin {
    patient_key: Vec<i64>,
    source_id: Vec<i32>,
    source_row: Vec<i64>,
}

impl Origin {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self {
            patient_key: Vec::with_capacity(rows),
            source_id: Vec::with_capacity(rows),
            source_row: Vec::with_capacity(rows),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, key: PatientKey, source: usize, line: u32) {
        self.patient_key.push(key.0);
        self.source_id.push(i32::try_from(source).expect("fewer sources than files"));
        self.source_row.push(i64::from(line));
    }

    pub(super) fn finish(self) -> [ArrayRef; 3] {
        [
            Arc::new(Int64Array::from(self.patient_key)),
            Arc::new(Int32Array::from(self.source_id)),
            Arc::new(Int64Array::from(self.source_row)),
        ]
    }
}

/// Checks that a record has the header's number of fields.
pub(super) fn field_count(record: &Record<'_>, width: usize) -> Result<(), Problem> {
    if record.fields() == width { Ok(()) } else { Err(Problem::Reject { rule: &FIELD_COUNT, column: "" }) }
}

/// Reads, sorts and, given a draft, writes one table of all sources.
/// Days of rows set aside go to `withheld`.
pub(super) fn read_table<'a, E: Event<'a> + Send>(
    session: &Session<'a>,
    roster: &Roster,
    ledger: &mut Ledger,
    withheld: &mut Withheld,
    draft: Option<&Draft<'_>>,
    meter: &mut Meter<'_>,
) -> Result<Sorted, IngestError> {
    let mut buckets = session.buckets(roster, draft);
    // Room for rows, used again for the next block: it has grown to what a block needs.
    let spare: Mutex<Vec<Vec<u8>>> = Mutex::default();
    let spare = || spare.lock().expect("no holder of the lock panics");
    for (index, file) in session.plan.of_table(E::TABLE.name()) {
        let reader = FileReader { session, roster, index, file };
        let begin = || {
            let rows = spare().pop().unwrap_or_default();
            (E::new(&file.layout, session.protocol), Found { rows, ..Found::default() })
        };
        let work = |(event, found): &mut (E, Found), records: &Records<'_>| {
            reader.read(records, event, found);
            Ok(())
        };
        let take = |(_, mut found): (E, Found)| {
            found.notes.strange = std::mem::take(&mut found.remarks.strange);
            session.watch(index, std::mem::take(&mut found.notes));
            let mut rows = found.take((index, E::TABLE), &mut buckets, withheld, ledger)?;
            rows.clear();
            spare().push(rows);
            Ok(())
        };
        let digest = read_file(file, meter, begin, work, take)?;
        session.note_digest(index, digest);
    }
    let writer = draft.map(|draft| draft.table(E::TABLE)).transpose()?;
    let mut set_aside = |head: Head| {
        withheld.extend(E::TABLE, &bare_row(head, 0))?;
        Ok(ledger.reject(head.file as usize, head.line, &ROW_ID_CONFLICT, "row_id")?)
    };
    let sorted = sort_table::<E::Columns>(session, roster, E::TABLE, buckets, writer, &mut set_aside)?;
    settle(&sorted, ledger);
    Ok(sorted)
}

/// Enters in the ledger what only sorting could tell.
fn settle(sorted: &Sorted, ledger: &mut Ledger) {
    let counts = sorted.accepted.iter().zip(&sorted.repeated).zip(&sorted.identical);
    for (file, ((&accepted, &repeated), &identical)) in counts.enumerate() {
        ledger.accept(file, accepted);
        ledger.drop(file, &ROW_ID_REPEATED, "row_id", repeated);
        if identical > 0 {
            ledger.remark(file, &ROWS_IDENTICAL, "row_id", identical);
        }
    }
    for (file, &patients) in sorted.without_day_zero.iter().enumerate().filter(|(_, patients)| **patients > 0) {
        ledger.remark(file, &DAY_ZERO_MISSING, "day", patients);
    }
}

/// What a block held.
#[derive(Default)]
struct Found {
    read: u64,
    withdrawn: u64,
    rows: Vec<u8>,
    withheld: Vec<u8>,
    rejects: Rejects,
    mended: Vec<(u32, (usize, usize), Mended)>,
    remarks: Remarks,
    notes: Notes,
}

impl Found {
    /// Hands over what was found; returns the rows' room.
    fn take(
        self,
        (file, table): (usize, TableId),
        buckets: &mut Buckets,
        withheld: &mut Withheld,
        ledger: &mut Ledger,
    ) -> Result<Vec<u8>, IngestError> {
        ledger.read(file, self.read);
        ledger.withdraw(file, self.withdrawn);
        for (line, correction, mended) in self.mended {
            ledger.mend(correction, file, line, mended);
        }
        for reject in self.rejects.iter() {
            ledger.reject(file, reject.line, reject.rule, reject.column)?;
        }
        for (rule, column, times) in self.remarks.counted {
            ledger.remark(file, rule, column, times);
        }
        withheld.extend(table, &self.withheld)?;
        buckets.extend(&self.rows)?;
        Ok(self.rows)
    }
}

struct FileReader<'s, 'a> {
    session: &'s Session<'a>,
    roster: &'s Roster,
    index: usize,
    file: &'s PlannedFile,
}

impl<'a> FileReader<'_, 'a> {
    fn read<E: Event<'a>>(&self, records: &Records<'_>, event: &mut E, found: &mut Found) {
        let common = Common::new(self);
        let matches = common.matches(records, self.roster);
        found.read += records.len() as u64;
        for (record, matched) in records.iter().zip(matches) {
            let refused = self.admit(&record, matched, &common, event, found);
            let Some(number) = record.correction() else {
                self.settle(&record, matched, refused, &common, found, E::TABLE);
                continue;
            };
            let second = record.corrected();
            let mended = match (refused, second) {
                (None, Some(_)) => Mended::NotNeeded,
                (None, None) => Mended::Recovered,
                (Some(Problem::Reject { .. }), Some(second)) if !matches!(matched, Match::Withdrawn) => {
                    let matched = self.roster.index.find(common.hash(second));
                    let refused = self.admit(&second, matched, &common, event, found);
                    self.settle(&second, matched, refused, &common, found, E::TABLE)
                }
                (refused, _) => self.settle(&record, matched, refused, &common, found, E::TABLE),
            };
            found.mended.push((record.line(), (self.file.source, number), mended));
        }
    }

    /// Adds the row of a record, or says why it is none.
    fn admit<E: Event<'a>>(
        &self,
        record: &Record<'_>,
        matched: Match,
        common: &Common,
        event: &mut E,
        found: &mut Found,
    ) -> Option<Problem> {
        found.notes.look_aside(record, &self.file.layout, self.session.protocol.basis);
        if record.rejection().is_some() {
            // Says only that it is none; `settle` knows what the adapter had against it.
            return Some(Problem::Reject { rule: &FIELD_COUNT, column: "" });
        }
        let start = found.rows.len();
        let read = common
            .begin(record, matched, &mut found.rows)
            .and_then(|()| event.admit(record, &mut found.rows, &mut found.remarks));
        match read {
            Ok(()) => row::end(&mut found.rows, start),
            Err(_) => found.rows.truncate(start),
        }
        read.err()
    }

    /// Sets a refused record aside; says what that makes of a correction.
    fn settle(
        &self,
        record: &Record<'_>,
        matched: Match,
        refused: Option<Problem>,
        common: &Common,
        found: &mut Found,
        table: TableId,
    ) -> Mended {
        let (rule, column) = match refused {
            None => return Mended::Recovered,
            Some(Problem::Reject { rule, column }) => (rule, column),
            Some(Problem::Refuse { detector, column }) => {
                found.notes.hits.add(column, detector);
                return Mended::StillBad;
            }
        };
        found.notes.look_through(record, &self.file.layout);
        let said = || Reject { line: record.line(), rule, column: self.file.called(record, column) };
        let reject = self.file.rejected(record).unwrap_or_else(said);
        let left = self.left_behind(record, rule, common, table);
        common.set_aside(record, matched, &reject, found, left);
        Mended::StillBad
    }

    /// The day a record set aside leaves behind. An infusion took place whatever is
    /// wrong with its amounts, unless the dose says it may not have; a prescription
    /// that may be an opioid's makes the dose unknown, whenever it began.
    fn left_behind(&self, record: &Record<'_>, rule: &Rule, common: &Common, table: TableId) -> Option<Left> {
        match table {
            TableId::Infusions if *rule != KETAMINE_DOSE_INVALID => {
                Some(Left { day: common.day?.read(record).ok()?, supply: 0 })
            }
            TableId::Prescriptions if !self.is_no_opioid(record) => {
                let day = common.day.and_then(|day| day.written(record)).unwrap_or(NO_DAY);
                Some(Left { day, supply: self.supply(record) })
            }
            _ => None,
        }
    }

    /// Days a prescription is for; 0 where it does not say, or may say it in another column.
    fn supply(&self, record: &Record<'_>) -> u16 {
        let layout = &self.file.layout;
        let text = layout.cell("days_supply").optional(record).filter(|_| record.fields() == layout.width);
        text.and_then(days_of_supply).unwrap_or_default()
    }

    /// Whether a prescription names a drug that no opioid dose depends on. Where
    /// fields are missing, the drug may stand in another column.
    fn is_no_opioid(&self, record: &Record<'_>) -> bool {
        let layout = &self.file.layout;
        let drug = layout.cell("drug").optional(record).filter(|_| record.fields() == layout.width);
        let drug =
            drug.and_then(|text| str::from_utf8(text).ok()).and_then(|text| self.session.protocol.drugs.resolve(text));
        drug.is_some_and(|drug| matches!(drug.class, DrugClass::Benzodiazepine | DrugClass::ZDrug | DrugClass::Other))
    }
}

/// What every table has in common: whose a record is, when, and its row id.
struct Common {
    file: u32,
    width: usize,
    patient_id: Cell,
    row_id: Cell,
    row_numbers: RowNumbers,
    site: Option<Cell>,
    hasher: CodeHasher,
    day: Option<DayReader>,
}

impl Common {
    fn new(reader: &FileReader<'_, '_>) -> Self {
        let (session, layout) = (reader.session, &reader.file.layout);
        let cut = session.protocol.study.data_cut;
        Self {
            file: u32::try_from(reader.index).expect("fewer files than that"),
            width: layout.width,
            patient_id: layout.cell("patient_id"),
            row_id: layout.cell("row_id"),
            row_numbers: session.row_numbers(reader.file.source),
            site: session.site_cell(reader.file),
            hasher: session.hasher(reader.file.source),
            day: layout.day.map(|(cell, kind)| DayReader::new(cell, kind, cut)),
        }
    }

    /// Whose each record is, in batches: the look-ups of a batch wait for
    /// memory together.
    fn matches(&self, records: &Records<'_>, roster: &Roster) -> Vec<Match> {
        const BATCH: usize = 128;
        let mut matches = Vec::with_capacity(records.len());
        let mut hashes = Vec::with_capacity(BATCH);
        for start in (0..records.len()).step_by(BATCH) {
            let batch = start..records.len().min(start + BATCH);
            hashes.clear();
            hashes.extend(batch.map(|index| self.hash(records.get(index))));
            roster.index.fetch(&hashes);
            matches.extend(hashes.iter().map(|&hash| roster.index.find(hash)));
        }
        matches
    }

    fn hash(&self, record: Record<'_>) -> CodeHash {
        let code = record.field(self.patient_id.position);
        let site = self.site.map(|site| record.field(site.position));
        site.map_or(self.hasher, |site| self.hasher.at_site(site)).code(code)
    }

    /// Checks what comes before a table's own columns and begins the row.
    fn begin(&self, record: &Record<'_>, matched: Match, rows: &mut Vec<u8>) -> Result<(), Problem> {
        field_count(record, self.width)?;
        let patient = self.patient(record, matched)?;
        let day = self.day.map_or(Ok(NO_DAY), |day| day.read(record))?;
        let id = self.row_id(record)?;
        let number = id.map(|id| self.row_numbers.of(id));
        row::begin(
            rows,
            Head { patient, day, file: self.file, line: record.line() },
            number.as_ref().map_or(b"", |id| id),
        );
        Ok(())
    }

    fn patient(&self, record: &Record<'_>, matched: Match) -> Result<u32, Problem> {
        let cell = self.patient_id;
        match matched {
            Match::Patient(patient) => Ok(patient),
            Match::Withdrawn => Err(cell.breaks(&CONSENT_WITHDRAWN)),
            Match::Ambiguous => Err(cell.breaks(&AMBIGUOUS_PATIENT)),
            Match::Unknown => {
                let code = patient_code(cell, record)?;
                // Codes of the patients file were looked at when it was read.
                match gate::in_value(code) {
                    Some(detector) => Err(Problem::Refuse { detector, column: cell.name }),
                    None => Err(cell.breaks(&UNKNOWN_PATIENT)),
                }
            }
        }
    }

    fn row_id<'r>(&self, record: &Record<'r>) -> Result<Option<&'r [u8]>, Problem> {
        let id = record.field(self.row_id.position);
        if id.len() > LONGEST_ROW_ID {
            return Err(self.row_id.breaks(&FREE_TEXT));
        }
        match gate::in_value(id) {
            Some(detector) => Err(Problem::Refuse { detector, column: self.row_id.name }),
            None => Ok((!id.is_empty()).then_some(id)),
        }
    }

    /// Sets a record aside, with whose it was if it leaves a day behind.
    fn set_aside(&self, record: &Record<'_>, matched: Match, reject: &Reject, found: &mut Found, left: Option<Left>) {
        if matches!(matched, Match::Withdrawn) {
            found.withdrawn += 1;
            return;
        }
        found.rejects.push(reject);
        if let (Some(Left { day, supply }), Match::Patient(patient)) = (left, matched) {
            found.withheld.extend(bare_row(Head { patient, day, file: self.file, line: record.line() }, supply));
        }
    }
}
