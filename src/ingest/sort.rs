//! Buckets of rows → a table sorted by patient, day, file and line.

use std::sync::Arc;

use arrow::array::RecordBatch;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::Session;
use super::admit::Columns;
use super::buckets::{Bucket, Buckets, Spilled};
use super::copies::{count_identical, without_copies};
use super::error::IngestError;
use super::events::Origin;
use super::last_days::{LastDay, LastDays};
use super::roster::Roster;
use super::row::{self, NO_DAY, Row};
use crate::model::table::TableId;
use crate::store::{CalendarKind, Encoder, ROW_GROUP_ROWS, RowGroup, StoreError, TableWriter, schema_of};

/// What sorting a table came to.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// Rows accepted, by file.
    pub accepted: Vec<u64>,
    /// Second copies under one row id, by file.
    pub repeated: Vec<u64>,
    /// Rows that say the same as another one of their day without a row id, by file.
    pub identical: Vec<u64>,
    /// Rows that contradict another under one row id; `sort_table` hands them over.
    pub conflicts: Vec<row::Head>,
    /// Last days, by site.
    pub last_days: Vec<LastDays>,
    /// Patients without an infusion on study day 0, by file.
    pub without_day_zero: Vec<u64>,
}

impl Sorted {
    fn new(files: usize, sites: usize) -> Self {
        Self {
            accepted: vec![0; files],
            repeated: vec![0; files],
            identical: vec![0; files],
            conflicts: Vec::new(),
            last_days: vec![LastDays::default(); sites],
            without_day_zero: vec![0; files],
        }
    }

    fn add(&mut self, other: Self) {
        let sum = |mine: &mut Vec<u64>, theirs: Vec<u64>| {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        };
        sum(&mut self.accepted, other.accepted);
        sum(&mut self.repeated, other.repeated);
        sum(&mut self.identical, other.identical);
        sum(&mut self.without_day_zero, other.without_day_zero);
        self.last_days.iter_mut().zip(other.last_days).for_each(|(mine, theirs)| mine.merge(theirs));
    }
}

/// Sorts a table and writes it, if there is a writer. Row groups are sorted
/// and encoded on all threads and written in order. Rows that contradict each
/// other go to `set_aside` as they are found, however many there are.
pub(super) fn sort_table<'a, C: Columns<'a>>(
    session: &Session<'a>,
    roster: &Roster,
    table: TableId,
    buckets: Buckets,
    mut writer: Option<TableWriter>,
    set_aside: &mut dyn FnMut(row::Head) -> Result<(), IngestError>,
) -> Result<Sorted, IngestError> {
    let mut sorted = Sorted::new(session.plan.files.len(), roster.sites.len());
    let (buckets, spilled) = buckets.finish();
    let mut groups = groups(buckets).into_iter();
    let has_ids = session.plan.of_table(table.name()).any(|(_, file)| file.layout.cell("row_id").is_present());
    loop {
        let wave: Vec<Vec<Bucket>> = groups.by_ref().take(rayon::current_num_threads()).collect();
        if wave.is_empty() {
            break;
        }
        let encoder = writer.as_ref().map(TableWriter::encoder);
        let task = Task { session, roster, table, spilled: &spilled, has_ids, encoder: encoder.as_deref() };
        let work = |group| sort_group::<C>(&task, group);
        let done: Vec<_> = wave.into_par_iter().map(work).collect();
        for result in done {
            let (mut found, row_groups) = result?;
            std::mem::take(&mut found.conflicts).into_iter().try_for_each(&mut *set_aside)?;
            sorted.add(found);
            for group in row_groups {
                writer.as_mut().expect("only a writer's encoder makes row groups").append(group)?;
            }
        }
    }
    if let Some(writer) = writer {
        writer.finish()?;
    }
    Ok(sorted)
}

/// Neighbouring buckets that make up a row group together. Their bounds depend
/// on the rows alone, so any number of threads writes the same file.
fn groups(buckets: Vec<Bucket>) -> Vec<Vec<Bucket>> {
    let mut groups: Vec<Vec<Bucket>> = Vec::new();
    let mut rows = ROW_GROUP_ROWS;
    for bucket in buckets.into_iter().filter(|bucket| bucket.rows > 0) {
        if rows >= ROW_GROUP_ROWS {
            groups.push(Vec::new());
            rows = 0;
        }
        rows += bucket.rows;
        groups.last_mut().expect("pushed above").push(bucket);
    }
    groups
}

struct Task<'s, 'a> {
    session: &'s Session<'a>,
    roster: &'s Roster,
    table: TableId,
    spilled: &'s Spilled,
    /// Whether any file of the table numbers its rows.
    has_ids: bool,
    encoder: Option<&'s Encoder>,
}

/// Whether a second equal row of a day changes a number: another diagnosis,
/// review or departure that says the same does not.
fn counts_twice(table: TableId) -> bool {
    use TableId::{AdverseEvents, Assessments, Infusions, Prescriptions, TherapySessions};
    matches!(table, AdverseEvents | Assessments | Infusions | Prescriptions | TherapySessions)
}

fn sort_group<'a, C: Columns<'a>>(
    task: &Task<'_, 'a>,
    group: Vec<Bucket>,
) -> Result<(Sorted, Vec<RowGroup>), IngestError> {
    let rows = group.iter().map(|bucket| bucket.rows).sum();
    let mut output = Output::<C>::new(task, rows);
    for bucket in group {
        let patients = bucket.first_patient..bucket.first_patient + bucket.patients;
        // The folder of the spill file may be the system's; the store is what the user knows.
        let bytes = bucket
            .into_rows(task.spilled)
            .map_err(|error| StoreError::unreadable(&task.session.protocol.store, error))?;
        let order = Order::of(&bytes, patients.start, patients.len());
        for patient in 0..patients.len() {
            output.patient(&bytes, order.rows_of(patient))?;
        }
    }
    output.finish()
}

/// Where the rows of each patient are, by day.
struct Order {
    /// End of each patient's places.
    ends: Vec<u32>,
    /// Day in the upper half, offset in the lower: order of day, then arrival.
    places: Vec<u64>,
}

impl Order {
    /// Counts each patient's rows, then puts every row in its place.
    fn of(bytes: &[u8], first_patient: u32, patients: usize) -> Self {
        assert!(
            u32::try_from(bytes.len()).is_ok(),
            "a bucket is a few megabytes unless one patient has millions of rows"
        );
        let mut ends = vec![0_u32; patients];
        each_row(bytes, |patient, _, _| ends[(patient - first_patient) as usize] += 1);
        let mut total = 0;
        for end in &mut ends {
            // For now the start; filling moves each to its end.
            total += std::mem::replace(end, total);
        }
        let mut places = vec![0; total as usize];
        each_row(bytes, |patient, day, offset| {
            let next = &mut ends[(patient - first_patient) as usize];
            // Flipping the sign bit makes unsigned order the order of days.
            let day = day.cast_unsigned() ^ (1 << 31);
            places[*next as usize] = u64::from(day) << 32 | offset as u64;
            *next += 1;
        });
        let mut order = Self { ends, places };
        for patient in 0..patients {
            let range = order.range(patient);
            order.places[range].sort_unstable();
        }
        order
    }

    fn range(&self, patient: usize) -> std::ops::Range<usize> {
        let start = if patient == 0 { 0 } else { self.ends[patient - 1] };
        start as usize..self.ends[patient] as usize
    }

    fn rows_of(&self, patient: usize) -> &[u64] {
        &self.places[self.range(patient)]
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is the offset, the upper half the day")]
fn offset_of(place: u64) -> u32 {
    place as u32
}

fn each_row(bytes: &[u8], mut found: impl FnMut(u32, i32, usize)) {
    let mut offset = 0;
    while offset < bytes.len() {
        let rest = &bytes[offset..];
        found(row::patient(rest), row::day(rest), offset);
        offset += usize::from(rest[0]);
    }
}

/// Row groups under construction.
struct Output<'t, 'a, C> {
    task: &'t Task<'t, 'a>,
    origin: Origin,
    columns: C,
    rows: usize,
    expected: usize,
    sorted: Sorted,
    row_groups: Vec<RowGroup>,
    kept: Vec<u32>,
}

impl<'t, 'a, C: Columns<'a>> Output<'t, 'a, C> {
    fn new(task: &'t Task<'t, 'a>, expected: usize) -> Self {
        let expected = expected.min(2 * ROW_GROUP_ROWS);
        Self {
            task,
            origin: Origin::with_capacity(expected),
            columns: C::new(task.session.protocol, expected),
            rows: 0,
            expected,
            sorted: Sorted::new(task.session.plan.files.len(), task.roster.sites.len()),
            row_groups: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Adds one patient's rows.
    fn patient(&mut self, bytes: &[u8], places: &[u64]) -> Result<(), StoreError> {
        let mut kept = std::mem::take(&mut self.kept);
        kept.clear();
        kept.extend(places.iter().map(|&place| offset_of(place)));
        if self.task.has_ids {
            without_copies(bytes, &mut kept, &mut self.sorted);
        }
        if counts_twice(self.task.table) {
            count_identical(bytes, &kept, &mut self.sorted);
        }
        for &offset in &kept {
            self.push(&Row::read(&bytes[offset as usize..]))?;
        }
        self.see(bytes, &kept);
        self.kept = kept;
        Ok(())
    }

    fn push(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        if self.rows == 2 * ROW_GROUP_ROWS {
            self.flush()?;
        }
        let file = row.head.file as usize;
        let patient = &self.task.roster.patients[row.head.patient as usize];
        self.origin.push(patient.key, self.task.session.plan.files[file].source, row.head.line);
        self.columns.push(row);
        self.sorted.accepted[file] += 1;
        self.rows += 1;
        Ok(())
    }

    /// Remembers the last days of the patient's site, and whether an infusion is on
    /// day 0. Diagnoses have no day.
    fn see(&mut self, bytes: &[u8], kept: &[u32]) {
        let head = |at: &u32| Row::read(&bytes[*at as usize..]).head;
        let Some(last) = kept.last().map(head).filter(|last| last.day != NO_DAY) else { return };
        let before = kept.iter().rev().map(|at| row::day(&bytes[*at as usize..])).find(|day| *day < last.day);
        let site = self.task.roster.patients[last.patient as usize].site as usize;
        let of_last = kept.iter().rev().map(head).take_while(|head| head.day == last.day);
        let (file, line) = of_last.map(|head| (head.file, head.line)).min().expect("the last is one of them");
        let place = LastDay { day: last.day, file, line };
        self.sorted.last_days[site].merge(LastDays { last: Some(place), before: before.filter(|day| *day != NO_DAY) });
        let counts_days = self.task.session.plan.calendar == CalendarKind::StudyDay;
        if counts_days && self.task.table == TableId::Infusions && kept.iter().all(|at| head(at).day != 0) {
            self.sorted.without_day_zero[last.file as usize] += 1;
        }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let origin = std::mem::replace(&mut self.origin, Origin::with_capacity(self.expected));
        let columns = std::mem::replace(&mut self.columns, C::new(self.task.session.protocol, self.expected));
        self.rows = 0;
        if let Some(encoder) = self.task.encoder {
            let arrays = origin.finish().into_iter().chain(columns.finish()).collect();
            let batch = RecordBatch::try_new(Arc::clone(&schema_of(self.task.table)), arrays)
                .expect("columns follow the schema");
            self.row_groups.push(encoder.encode(&[batch])?);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(Sorted, Vec<RowGroup>), IngestError> {
        if self.rows > 0 {
            self.flush()?;
        }
        Ok((self.sorted, self.row_groups))
    }
}
