//! Synthetic clinics: canonical CSV whose true outcomes are known because they were planted.
//!
//! Tests, benchmarks and the committed sample all read what this writes. A patient is drawn from a
//! stream of their own (`draw`), as facts (`person`) from stated probabilities (`truth`), then
//! written into a chart (`patient`, with `course`, `pain`, `mood`, `opioid`, `medication`), spoiled
//! here and there (`defects`) and appended to the clinic's files (`writer`). Patients are never
//! held, so memory does not grow with their number; and since each has a stream, the same plan
//! gives the same bytes everywhere. `truth.json` and `truth.md` state what was planted and, exactly,
//! what came of it (`realised`, `description`); `defects.csv` lists every planted defect.

mod calendar;
mod chart;
mod clinic;
mod course;
mod defects;
mod departure;
mod description;
mod draw;
mod expected;
mod identity;
mod ledger;
mod medication;
mod mood;
mod opioid;
mod pain;
mod patient;
mod person;
mod realised;
mod rotation;
mod scale;
mod truth;
mod writer;

use std::io;
use std::path::Path;

use chart::Table;
use clinic::{Clinic, clinics};
use defects::Clerk;
pub use defects::DefectKind;
use draw::{Purpose, Stream};
use ledger::Ledger;
pub use ledger::{Planted, planted};
use realised::Realised;
use writer::Folder;

/// More clinics than this would need more open files than a process is usually allowed.
const MOST_CLINICS: u32 = 99;
/// How many patients pass between two calls of `on_progress`.
const PROGRESS_STEP: u64 = 1000;

/// What to generate. The same plan always gives the same bytes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Patients of all clinics together.
    pub patients: u64,
    /// Chooses among equally plausible worlds.
    pub seed: u64,
    /// Number of clinics, 1 to 99; usually three.
    pub clinics: u32,
    /// Share of lines, 0 to 1, that are followed by a defective one. Every kind takes its turn and
    /// waits for a line of its table, so much above a tenth the share is not reached.
    pub dirty: f64,
    /// The only clinic with defects; all have them when none is named.
    pub dirty_clinic: Option<String>,
    /// Whether the large tables are written as `.csv.gz`.
    pub compress: bool,
    /// Whether some of those who leave care say why, in a table of departures.
    pub departures: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Patients of all clinics together.
    pub patients: u64,
    /// Every clinic, in order of creation.
    pub clinics: Vec<ClinicSummary>,
    /// Planted defects; `planted` lists them.
    pub defects: u64,
}

/// What was written for one clinic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClinicSummary {
    /// Folder name.
    pub name: String,
    /// Patients, not counting duplicate lines.
    pub patients: u64,
    /// Lines below the header of every table, defective ones included.
    pub tables: Vec<TableSummary>,
}

/// What was written into one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSummary {
    /// Canonical table name.
    pub table: &'static str,
    /// Lines below the header.
    pub rows: u64,
}

/// Writes the planned clinics below `dir`, one folder each, with the truth beside them.
///
/// `on_progress` is told now and then how many patients are done.
///
/// # Errors
/// When the plan is impossible (`InvalidInput`), or a file cannot be written.
pub fn write(dir: &Path, plan: &Plan, on_progress: &mut dyn FnMut(u64)) -> io::Result<Summary> {
    let clinics = checked_clinics(plan)?;
    let mut folders = create_folders(dir, plan, &clinics)?;
    let mut ledger = Ledger::create(dir)?;
    let mut patients = vec![0; clinics.len()];
    let mut realised = Realised::new();
    for index in 0..plan.patients {
        let mut stream = Stream::new(plan.seed, Purpose::Life, index);
        let clinic = stream.weighted(&clinics, |clinic| clinic.weight);
        let code = identity::patient_code(plan.seed, index);
        let leaving = plan.departures.then(|| Stream::new(plan.seed, Purpose::Departures, index));
        let rotating = Stream::new(plan.seed, Purpose::Rotations, index);
        let patient = patient::live(code, clinic, stream, rotating, leaving);
        folders[clinic.place].append(&patient.chart, &mut |found| ledger.add(&clinic.name, &found))?;
        realised.add(&patient.person, patient.departure);
        patients[clinic.place] += 1;
        if (index + 1) % PROGRESS_STEP == 0 || index + 1 == plan.patients {
            on_progress(index + 1);
        }
    }
    let summary = close(folders, plan, &clinics, &patients, ledger)?;
    description::write(dir, plan, &clinics, &summary, &realised)?;
    Ok(summary)
}

fn checked_clinics(plan: &Plan) -> io::Result<Vec<Clinic>> {
    if plan.clinics == 0 || plan.clinics > MOST_CLINICS {
        let asked = plan.clinics;
        return refuse(format!("{asked} clinics asked for; 1 to {MOST_CLINICS} are possible"));
    }
    if !(0.0..=1.0).contains(&plan.dirty) {
        return refuse(format!("a share of {} defects; 0 to 1 is possible", plan.dirty));
    }
    let clinics = clinics(plan.clinics);
    match &plan.dirty_clinic {
        Some(name) if clinics.iter().all(|clinic| clinic.name != *name) => {
            refuse(format!("no clinic `{name}` among the {} planned", plan.clinics))
        }
        _ => Ok(clinics),
    }
}

fn refuse<T>(message: String) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

fn create_folders(dir: &Path, plan: &Plan, clinics: &[Clinic]) -> io::Result<Vec<Folder>> {
    let mut folders = Vec::with_capacity(clinics.len());
    for clinic in clinics {
        let errs = plan.dirty_clinic.as_ref().is_none_or(|name| *name == clinic.name);
        let clerk = Clerk::new(plan.seed, clinic.place as u64, if errs { plan.dirty } else { 0.0 });
        folders.push(Folder::create(&dir.join(&clinic.name), plan.compress, clerk, Table::of_plan(plan.departures))?);
    }
    Ok(folders)
}

fn close(
    folders: Vec<Folder>,
    plan: &Plan,
    clinics: &[Clinic],
    patients: &[u64],
    ledger: Ledger,
) -> io::Result<Summary> {
    let mut written = Vec::with_capacity(clinics.len());
    for ((folder, clinic), &patients) in folders.into_iter().zip(clinics).zip(patients) {
        let rows = Table::of_plan(plan.departures).iter().zip(folder.close()?);
        let tables = rows.map(|(table, rows)| TableSummary { table: table.name(), rows }).collect();
        written.push(ClinicSummary { name: clinic.name.clone(), patients, tables });
    }
    let defects = ledger.close()?;
    Ok(Summary { patients: patients.iter().sum(), clinics: written, defects })
}

#[cfg(test)]
mod tests;
