//! `relief synth DIR`: synthetic clinics with planted truth.

use std::path::PathBuf;

use relief::synth::{Plan, write};

use super::progress::Progress;
use super::{Failure, exit};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder to write, one folder in it per clinic
    dir: PathBuf,
    /// Patients over all clinics
    #[arg(long, default_value_t = 4_000)]
    patients: u64,
    /// The same seed gives the same bytes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of clinics
    #[arg(long, default_value_t = 3)]
    clinics: u32,
    /// Share of rows to spoil, 0 to 1; every spoilt row is listed in defects.csv
    #[arg(long, default_value_t = 0.0)]
    dirty: f64,
    /// Spoil rows of this clinic only
    #[arg(long)]
    dirty_clinic: Option<String>,
    /// Let some of those who leave care say why, in departures.csv
    #[arg(long)]
    departures: bool,
    /// Compress the large files
    #[arg(long)]
    gzip: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let plan = Plan {
        patients: arguments.patients,
        seed: arguments.seed,
        clinics: arguments.clinics,
        dirty: arguments.dirty,
        dirty_clinic: arguments.dirty_clinic.clone(),
        compress: arguments.gzip,
        departures: arguments.departures,
    };
    let progress = Progress::counting("patients", arguments.patients);
    let summary = write(&arguments.dir, &plan, &mut |done| progress.set(done));
    progress.finish();
    let summary = summary.map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidInput => exit::Failure::usage(error.to_string()),
        _ => Failure::unwritable(&arguments.dir, &error),
    })?;
    let (dir, patients, clinics) = (arguments.dir.display(), summary.patients, summary.clinics.len());
    super::say(&format!("wrote {patients} patients of {clinics} clinics to `{dir}`; what was planted is in truth.md"));
    Ok(())
}
