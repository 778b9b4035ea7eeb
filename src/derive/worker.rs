//! Patients in parallel: the key range is cut into parts, each part is merged
//! on its own, and the encoded rows are written in the order of the parts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use arrow::array::RecordBatch;

use super::DeriveError;
use super::analysis_set::{self, Rows};
use super::durability::{Durability, Reliefs};
use super::episode::{DataCut, Scratch, episodes};
use super::factor_sets::FactorSets;
use super::flow::Flow;
use super::history::{Feed, PatientHistory, Told, Withheld, add_withheld};
use super::opioid_counts::OpioidCounts;
use super::reader::{Cursor, KeyRange, Table};
use super::repeats::Repeats;
use super::safety::{self, Safety};
use super::status::Statuses;
use super::strata::Strata;
use super::tables::{
    AdverseEvents, Assessments, Departures, Diagnoses, Infusions, InfusionsWithheld, PatientRow, Patients,
    Prescriptions, PrescriptionsWithheld, Reviews, TherapySessions,
};
use crate::model::horizon::HORIZONS;
use crate::model::table::TableId;
use crate::protocol::{MedicationFeed, Protocol};
use crate::store::{CalendarKind, Encoder, Packing, RowGroup, SiteSummary, Snapshot, SourceSummary, TableWriter};

/// Patients a part holds; fixes the parts, and with them the file's bytes,
/// whatever the number of threads.
const PATIENTS_PER_PART: u64 = 50_000;
/// Keys are 63-bit hashes, so equal ranges hold about equally many patients.
const KEY_SPACE: u128 = 1 << 63;
/// Rows collected before they become Arrow arrays: few enough for a core's own cache.
const BATCH_ROWS: usize = 4_096;
/// Batches of a row group, which counting reads at once: many columns make few rows large.
const BATCHES_PER_GROUP: usize = 8;

/// What derivation leaves behind.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The analysis set.
    pub path: PathBuf,
    /// Who remains at every step.
    pub flow: Flow,
    /// Adverse events and the infusions they followed.
    pub safety: Safety,
    /// How long relief lasted.
    pub durability: Durability,
    /// Response by exposure, adjuncts and comorbidity.
    pub strata: Strata,
    /// What became of those due.
    pub statuses: Statuses,
    /// Pain scores repeated before treatment.
    pub repeats: Repeats,
    /// Opioid doses by band, and responders under each set of factors.
    pub opioids: OpioidCounts,
}

/// What is counted while the rows are written.
#[derive(Debug, Default)]
struct Counts {
    flow: Flow,
    safety: Safety,
    durability: Durability,
    strata: Strata,
    statuses: Statuses,
    repeats: Repeats,
    opioids: OpioidCounts,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.flow += other.flow;
        self.safety += other.safety;
        self.durability += other.durability;
        self.strata += other.strata;
        self.statuses += other.statuses;
        self.repeats += other.repeats;
        self.opioids += other.opioids;
    }
}

/// Derives the analysis set of `snapshot` into the file `out`.
///
/// # Errors
/// A snapshot table that cannot be read, or a file that cannot be written.
pub fn run(snapshot: &Snapshot, protocol: &Protocol, out: &Path, threads: usize) -> Result<Derived, DeriveError> {
    if let Some(table) = snapshot.missing_table() {
        return Err(DeriveError::OlderSnapshot { path: snapshot.table_path(table), what: "file".to_owned() });
    }
    let mut writer = TableWriter::create(out, analysis_set::schema(), Packing::Plain)?;
    let parts = parts(snapshot.manifest.patients);
    let job = Job {
        snapshot,
        tables: Tables::open(snapshot)?,
        protocol,
        cuts: data_cuts(snapshot, protocol)?.into_iter().collect(),
        parts,
        primary: HORIZONS.iter().position(|known| *known == protocol.study.primary_horizon).unwrap_or_default(),
        factor_sets: FactorSets::of(protocol),
        next: AtomicUsize::new(0),
    };
    let encoder = writer.encoder();
    let counts = std::thread::scope(|scope| {
        // The receiver lives in here: when the writer gives up it is dropped,
        // and every worker that waits to send learns of it.
        let (sender, receiver) = sync_channel(threads);
        for _ in 0..threads.clamp(1, parts) {
            let sender = sender.clone();
            let (job, encoder) = (&job, &encoder);
            scope.spawn(move || job.work(encoder, &sender));
        }
        drop(sender);
        write_in_order(&mut writer, receiver)
    })?;
    writer.finish()?;
    Ok(Derived {
        path: out.to_owned(),
        flow: counts.flow,
        safety: counts.safety,
        durability: counts.durability,
        strata: counts.strata,
        statuses: counts.statuses,
        repeats: counts.repeats,
        opioids: counts.opioids,
    })
}

fn parts(patients: u64) -> usize {
    usize::try_from(patients.div_ceil(PATIENTS_PER_PART)).unwrap_or(usize::MAX).clamp(1, 1_024)
}

/// What a worker hands over, with the position of the part it is of.
type Handed = (usize, Result<Piece, DeriveError>);

/// Part of a part.
enum Piece {
    /// The next of its row groups.
    Group(RowGroup),
    /// What was counted; comes last.
    Counts(Box<Counts>),
}

/// A part's row groups are written as they come when it is its turn; those of a
/// later part wait.
fn write_in_order(writer: &mut TableWriter, pieces: Receiver<Handed>) -> Result<Counts, DeriveError> {
    let mut total = Counts::default();
    let mut waiting: BTreeMap<usize, Vec<RowGroup>> = BTreeMap::new();
    let mut complete = BTreeSet::new();
    let mut turn = 0;
    for (part, piece) in pieces {
        match piece? {
            Piece::Group(group) if part == turn => writer.append(group)?,
            Piece::Group(group) => waiting.entry(part).or_default().push(group),
            Piece::Counts(counts) => {
                total += *counts;
                complete.insert(part);
            }
        }
        while complete.remove(&turn) {
            turn += 1;
            waiting.remove(&turn).into_iter().flatten().try_for_each(|group| writer.append(group))?;
        }
    }
    Ok(total)
}

/// How far each site's records reach (design: the last day seen at the site,
/// unless the pipeline names a data cut).
///
/// # Errors
/// Study days whose pipeline names no data cut: nobody can then tell who is due.
pub fn data_cuts(snapshot: &Snapshot, protocol: &Protocol) -> Result<BTreeMap<String, DataCut>, DeriveError> {
    let stated = protocol.study.data_cut;
    let cut = |last_day: Option<i32>| match (snapshot.manifest.calendar, stated) {
        (CalendarKind::Dated, _) => Ok(DataCut::Dated(stated.map_or(last_day.unwrap_or(i32::MIN), |day| day.0))),
        (CalendarKind::StudyDay, Some(stated)) => Ok(DataCut::StudyDay(stated)),
        (CalendarKind::StudyDay, None) => Err(DeriveError::NoDataCut),
    };
    let site = |site: &SiteSummary| Ok((site.site.clone(), cut(site.last_day)?));
    snapshot.manifest.sites.iter().map(site).collect()
}

/// What each source tells, by position. The snapshot says what its feeds were; the
/// pipeline may have changed since.
fn feeds(snapshot: &Snapshot) -> Vec<Feed> {
    let feed = |source: &SourceSummary| Feed {
        complete: source.medications == MedicationFeed::Complete.id(),
        departures: Told::of(source.departures.iter().map(String::as_str)),
    };
    snapshot.manifest.sources.iter().map(feed).collect()
}

/// The work shared by all threads.
struct Job<'a> {
    snapshot: &'a Snapshot,
    tables: Tables,
    protocol: &'a Protocol,
    cuts: Vec<(String, DataCut)>,
    parts: usize,
    /// Position of the primary horizon.
    primary: usize,
    factor_sets: FactorSets,
    next: AtomicUsize,
}

impl Job<'_> {
    fn work(&self, encoder: &Encoder, sender: &SyncSender<Handed>) {
        loop {
            let part = self.next.fetch_add(1, Ordering::Relaxed);
            if part >= self.parts {
                return;
            }
            let hand = |piece| sender.send((part, piece)).is_ok();
            let counts = self.derive_part(part, encoder, &|group| hand(Ok(Piece::Group(group))));
            // A closed channel means that the writer gave up; so does this worker.
            if !hand(counts.map(Box::new).map(Piece::Counts)) {
                return;
            }
        }
    }

    /// `hand` takes the part's row groups, and says whether anybody still wants them.
    fn derive_part(
        &self,
        part: usize,
        encoder: &Encoder,
        hand: &dyn Fn(RowGroup) -> bool,
    ) -> Result<Counts, DeriveError> {
        let mut merge = Merge::open(self, self.range(part))?;
        let mut groups = Encoded { encoder, pending: Vec::new(), hand };
        let mut rows = Rows::new(&self.protocol.conditions);
        let mut counts = Counts::default();
        let mut reliefs = Reliefs::default();
        while merge.next(self, &mut rows, (&mut counts, &mut reliefs))? {
            if rows.len() >= BATCH_ROWS && !groups.add(rows.take())? {
                return Ok(counts);
            }
        }
        groups.add(rows.take())?;
        groups.flush()?;
        counts.durability = reliefs.count();
        Ok(counts)
    }

    /// A site's position, sorted by code, and how far its records reach.
    fn site(&self, code: &str) -> (usize, DataCut) {
        let found = self.cuts.binary_search_by(|(site, _)| site.as_str().cmp(code));
        let position = found.expect("the snapshot lists every site");
        (position, self.cuts[position].1)
    }

    fn range(&self, part: usize) -> KeyRange {
        let at = |part: usize| KEY_SPACE * part as u128 / self.parts as u128;
        let bound = |at: u128| i64::try_from(at).unwrap_or(i64::MAX);
        KeyRange { first: bound(at(part)), end: bound(at(part + 1)) }
    }
}

/// Batches on their way to row groups.
struct Encoded<'a> {
    encoder: &'a Encoder,
    pending: Vec<RecordBatch>,
    hand: &'a dyn Fn(RowGroup) -> bool,
}

impl Encoded<'_> {
    /// Whether anybody still wants more.
    fn add(&mut self, batch: RecordBatch) -> Result<bool, DeriveError> {
        if batch.num_rows() > 0 {
            self.pending.push(batch);
        }
        if self.pending.len() >= BATCHES_PER_GROUP { self.flush() } else { Ok(true) }
    }

    fn flush(&mut self) -> Result<bool, DeriveError> {
        if self.pending.is_empty() {
            return Ok(true);
        }
        let group = self.encoder.encode(&self.pending)?;
        self.pending.clear();
        Ok((self.hand)(group))
    }
}

/// The snapshot's tables, open.
struct Tables {
    patients: Table,
    infusions: Table,
    infusions_withheld: Table,
    assessments: Table,
    prescriptions: Table,
    withheld: Table,
    reviews: Table,
    diagnoses: Table,
    adverse_events: Table,
    therapy: Table,
    departures: Table,
}

impl Tables {
    fn open(snapshot: &Snapshot) -> Result<Self, DeriveError> {
        let path = |table| snapshot.table_path(table);
        Ok(Self {
            patients: Table::open::<Patients>(path(TableId::Patients))?,
            infusions: Table::open::<Infusions>(path(TableId::Infusions))?,
            infusions_withheld: Table::open::<InfusionsWithheld>(path(TableId::InfusionsWithheld))?,
            assessments: Table::open::<Assessments>(path(TableId::Assessments))?,
            prescriptions: Table::open::<Prescriptions<'_>>(path(TableId::Prescriptions))?,
            withheld: Table::open::<PrescriptionsWithheld>(path(TableId::PrescriptionsWithheld))?,
            reviews: Table::open::<Reviews>(path(TableId::MedicationReviews))?,
            diagnoses: Table::open::<Diagnoses<'_>>(path(TableId::Diagnoses))?,
            adverse_events: Table::open::<AdverseEvents<'_>>(path(TableId::AdverseEvents))?,
            therapy: Table::open::<TherapySessions>(path(TableId::TherapySessions))?,
            departures: Table::open::<Departures>(path(TableId::Departures))?,
        })
    }
}

/// One cursor per table and the rows of the current patient.
struct Merge<'a> {
    patients: Cursor<'a, Patients>,
    infusions: Cursor<'a, Infusions>,
    infusions_withheld: Cursor<'a, InfusionsWithheld>,
    assessments: Cursor<'a, Assessments>,
    prescriptions: Cursor<'a, Prescriptions<'a>>,
    withheld: Cursor<'a, PrescriptionsWithheld>,
    reviews: Cursor<'a, Reviews>,
    diagnoses: Cursor<'a, Diagnoses<'a>>,
    adverse_events: Cursor<'a, AdverseEvents<'a>>,
    therapy: Cursor<'a, TherapySessions>,
    departures: Cursor<'a, Departures>,
    rows: PatientRows,
    scratch: Scratch,
}

/// Rows of one patient in every table; the memory is reused.
#[derive(Default)]
struct PatientRows {
    patient: Vec<PatientRow>,
    infusions: Vec<super::history::Infusion>,
    infusions_withheld: Vec<i32>,
    assessments: Vec<super::history::Assessment>,
    prescriptions: Vec<super::history::Prescription>,
    withheld: Vec<Withheld>,
    reviews: Vec<i32>,
    diagnoses: Vec<super::history::Diagnosis>,
    adverse_events: Vec<super::history::AdverseEvent>,
    therapy: Vec<super::history::TherapySession>,
    departures: Vec<super::history::Departure>,
}

/// The direction of PGIC at every source of the snapshot, as the pipeline has it.
fn directions(snapshot: &Snapshot, protocol: &Protocol) -> Vec<Option<u8>> {
    let of = |name: &String| protocol.sources.iter().find(|known| known.name == *name)?.pgic_best;
    snapshot.manifest.sources.iter().map(|source| of(&source.name)).collect()
}

impl<'a> Merge<'a> {
    fn open(job: &'a Job<'_>, range: KeyRange) -> Result<Self, DeriveError> {
        let Job { snapshot, protocol, tables, .. } = job;
        let directions = directions(snapshot, protocol);
        Ok(Self {
            patients: Cursor::open(&tables.patients, range, Patients::new(feeds(snapshot)))?,
            infusions: Cursor::open(&tables.infusions, range, Infusions::default())?,
            infusions_withheld: Cursor::open(&tables.infusions_withheld, range, InfusionsWithheld::default())?,
            assessments: Cursor::open(&tables.assessments, range, Assessments::new(directions))?,
            prescriptions: Cursor::open(&tables.prescriptions, range, Prescriptions::new(protocol))?,
            withheld: Cursor::open(&tables.withheld, range, PrescriptionsWithheld::default())?,
            reviews: Cursor::open(&tables.reviews, range, Reviews::default())?,
            diagnoses: Cursor::open(&tables.diagnoses, range, Diagnoses::new(protocol))?,
            adverse_events: Cursor::open(&tables.adverse_events, range, AdverseEvents::new(&protocol.adverse_events))?,
            therapy: Cursor::open(&tables.therapy, range, TherapySessions::default())?,
            departures: Cursor::open(&tables.departures, range, Departures::default())?,
            rows: PatientRows::default(),
            scratch: Scratch::default(),
        })
    }

    /// Derives the next patient; `false` at the end of the range.
    fn next(
        &mut self,
        job: &Job<'_>,
        out: &mut Rows<'_>,
        (counts, reliefs): (&mut Counts, &mut Reliefs),
    ) -> Result<bool, DeriveError> {
        let Some(key) = self.patients.key() else { return Ok(false) };
        self.read(key)?;
        let rows = &self.rows;
        let patient = rows.patient.first().expect("the key came from the patients table");
        let (site, cut) = job.site(&patient.site);
        let history = history(key, patient, rows);
        let mut began = None;
        counts.flow.patients += 1;
        episodes(&history, cut, job.protocol, &mut self.scratch, |episode, conditions, outcomes| {
            began = began.or(episode.period);
            counts.flow.count(episode, outcomes);
            if episode.number == 1 {
                counts.strata.count(episode, &outcomes[job.primary]);
                counts.statuses.count(episode, &outcomes[job.primary], history.departures_told);
                let days = job.protocol.study.baseline_days;
                counts.repeats.count(&history, episode, &outcomes[job.primary], days);
                let asked = (&HORIZONS[job.primary], &job.factor_sets);
                counts.opioids.count(&history, episode, &outcomes[job.primary], asked);
            }
            if let Some(relief) = episode.relief.filter(|_| episode.number == 1) {
                reliefs.add(episode.period, episode.condition, relief);
            }
            out.push(&history, episode, conditions, outcomes);
        });
        if !rows.infusions.is_empty() {
            let kinds = safety::kinds(&job.protocol.adverse_events);
            counts.safety.count(site, began, (&rows.infusions, &rows.adverse_events), kinds);
        }
        Ok(true)
    }

    fn read(&mut self, key: i64) -> Result<(), DeriveError> {
        let rows = &mut self.rows;
        self.patients.take(key, &mut rows.patient)?;
        self.infusions.take(key, &mut rows.infusions)?;
        self.infusions_withheld.take(key, &mut rows.infusions_withheld)?;
        add_withheld(&mut rows.infusions, &rows.infusions_withheld);
        self.assessments.take(key, &mut rows.assessments)?;
        self.prescriptions.take(key, &mut rows.prescriptions)?;
        self.withheld.take(key, &mut rows.withheld)?;
        self.reviews.take(key, &mut rows.reviews)?;
        self.diagnoses.take(key, &mut rows.diagnoses)?;
        self.adverse_events.take(key, &mut rows.adverse_events)?;
        self.therapy.take(key, &mut rows.therapy)?;
        self.departures.take(key, &mut rows.departures)
    }
}

fn history<'r>(key: i64, patient: &'r PatientRow, rows: &'r PatientRows) -> PatientHistory<'r> {
    PatientHistory {
        key,
        site: &patient.site,
        sex: &patient.sex,
        index_period: patient.index_period.as_deref(),
        complete_feed: patient.feed.complete,
        infusions: &rows.infusions,
        assessments: &rows.assessments,
        prescriptions: &rows.prescriptions,
        withheld: &rows.withheld,
        reviews: &rows.reviews,
        diagnoses: &rows.diagnoses,
        therapy: &rows.therapy,
        departures: &rows.departures,
        departures_told: patient.feed.departures,
    }
}
