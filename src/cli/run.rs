//! `relief run PIPELINE`: files → snapshot → analysis set → estimates → report.

use std::path::{Component, Path, PathBuf};

use relief::derive::episode::DataCut;
use relief::derive::flow::End;
use relief::derive::{self, Derived};
use relief::estimate::analysis::data_quality;
use relief::estimate::cells::{Estimates, estimate};
use relief::estimate::expression::{Compiled, compile as compile_measure};
use relief::estimate::scan::{Counting, Split, count, splits};
use relief::estimate::tally::Tallies;
use relief::ingest::{Ingested, Mode};
use relief::model::calendar::{Day, Period};
use relief::model::reject::Counts;
use relief::protocol::{Protocol, ProtocolError};
use relief::publish::bundle;
use relief::publish::disclosure::{Released, release};
use relief::publish::reading::read;
use relief::publish::report::Context;
use relief::publish::restated::few_between;
use relief::publish::written::WrittenReport;
use relief::store::{CalendarKind, Snapshot, Store};

use super::progress::Progress;
use super::{Failure, PipelineArguments, ingest, say};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// Folder the report folder is made in, instead of the pipeline's
    #[arg(long)]
    out: Option<PathBuf>,
    /// Use this snapshot instead of ingesting
    #[arg(long)]
    snapshot: Option<u32>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let protocol = Protocol::read(&arguments.pipeline.pipeline)?;
    let counted = (compile(&protocol)?, splits(&protocol)?);
    tracing::debug!(sources = protocol.sources.len(), measures = protocol.measures.len(), "pipeline read");
    let snapshot = snapshot(&protocol, arguments.snapshot)?;
    let Snapshot { number, manifest, .. } = &snapshot;
    tracing::debug!(number, files = manifest.files.len(), tables = manifest.tables.len(), "snapshot taken");
    if snapshot.manifest.patients == 0 {
        return Err(Failure::nobody());
    }
    // Beside the snapshots, one per snapshot and pipeline; held until the report is written.
    let place = Store::open(&protocol.store).derived(snapshot.number, &protocol.id)?;
    let folder = arguments.out.as_ref().unwrap_or(&protocol.reports).join(&protocol.id);
    let rows = make(&protocol, &counted, &snapshot, place.path(), &folder)?;
    report(arguments, &snapshot, &folder, rows);
    Ok(())
}

/// Snapshot → report in `folder`, with the analysis set in `place`; how many
/// results there are.
pub(super) fn make(
    protocol: &Protocol,
    (measures, splits): &(Vec<Compiled>, Vec<Split>),
    snapshot: &Snapshot,
    place: &Path,
    folder: &Path,
) -> Result<usize, Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let step = Progress::step("deriving episodes");
    let derived = derive::run(snapshot, protocol, &place.join("analysis_set.parquet"), threads)?;
    step.finish();
    tracing::debug!(threads, "analysis set derived");
    let step = Progress::step("counting and drawing");
    let estimates = estimates(protocol, snapshot, (measures, splits), &derived, threads)?;
    let rows = publish(protocol, snapshot, &derived, estimates, folder)?;
    step.finish();
    Ok(rows)
}

/// Checks every measure before anything is read.
pub(super) fn compile(protocol: &Protocol) -> Result<Vec<Compiled>, ProtocolError> {
    protocol.measures.iter().map(compile_measure).collect()
}

fn snapshot(protocol: &Protocol, wanted: Option<u32>) -> Result<Snapshot, Failure> {
    if let Some(number) = wanted {
        let snapshot = Store::open(&protocol.store).snapshot(number)?;
        // Another basis or pack would read other rows out of the same files.
        let alike = snapshot.manifest.reading == relief::ingest::reading(protocol);
        return if alike { Ok(snapshot) } else { Err(Failure::other_reading(number)) };
    }
    let ingested = ingest::ingest(protocol, Mode::Write)?;
    warn_of_rejects(&ingested);
    let snapshot = ingested.snapshot.expect("writing leaves a snapshot");
    warn_of_open_end(protocol, &snapshot);
    Ok(snapshot)
}

/// Rows that were set aside are nobody's secret: somebody has to mend them.
fn warn_of_rejects(ingested: &Ingested) {
    let rows = ingested.rows();
    if let Some(folder) = &ingested.quarantine {
        let folder = plain(folder);
        super::remark(&format!("{} of {} rows were set aside: {}", rows.quarantined, rows.read, folder.display()));
    }
}

/// Without a stated data cut, one mistyped year makes everyone due.
fn warn_of_open_end(protocol: &Protocol, snapshot: &Snapshot) {
    if protocol.study.data_cut.is_some() || snapshot.manifest.calendar != CalendarKind::Dated {
        return;
    }
    let last = |site: &relief::store::SiteSummary| Some(format!("{} {}", site.site, Day(site.last_day?)));
    let days: Vec<String> = snapshot.manifest.sites.iter().filter_map(last).collect();
    super::remark(&format!(
        "who is due is counted to the last day seen ({}); if one of them is a slip, set `data_cut` under `[study]`",
        days.join(", ")
    ));
}

fn estimates(
    protocol: &Protocol,
    snapshot: &Snapshot,
    (measures, splits): (&[Compiled], &[Split]),
    derived: &Derived,
    threads: usize,
) -> Result<Estimates, Failure> {
    let sites = sites(snapshot);
    let counting = Counting { measures, sites: &sites, conditions: &protocol.conditions, splits };
    let counted = count(&derived.path, &counting, threads)?;
    let tallies = Tallies {
        safety: derived.safety.clone(),
        durability: derived.durability.clone(),
        strata: derived.strata.clone(),
        statuses: derived.statuses.clone(),
        repeats: derived.repeats.clone(),
        opioids: derived.opioids.clone(),
        sites: names(protocol, snapshot)?,
        ..counted
    };
    tracing::debug!(sites = tallies.sites.len(), cells = tallies.cells.len(), splits = tallies.splits.len(), "counted");
    let cuts = derive::data_cuts(snapshot, protocol)?;
    let cuts: Vec<DataCut> = sites.iter().map(|site| cuts[site]).collect();
    Ok(estimate(&tallies, protocol, |period, last, site| cuts[site].closes(period, last)))
}

fn sites(snapshot: &Snapshot) -> Vec<String> {
    snapshot.manifest.sites.iter().map(|site| site.site.clone()).collect()
}

/// A reader's own site must be one of them: otherwise all would get codes.
pub(super) fn check_own_site(protocol: &Protocol, sites: &[String]) -> Result<(), ProtocolError> {
    match &protocol.own_site {
        Some(own) if !sites.contains(own) => {
            Err(ProtocolError::new("[reports]", format!("`own_site` is `{own}`, which has no records"))
                .hint(format!("sites: {}", sites.join(", "))))
        }
        _ => Ok(()),
    }
}

/// What sites are called in results: their names, or where one is the reader's
/// own, its name and codes for the others.
fn names(protocol: &Protocol, snapshot: &Snapshot) -> Result<Vec<String>, Failure> {
    let mut sites = sites(snapshot);
    check_own_site(protocol, &sites)?;
    let Some(own) = &protocol.own_site else { return Ok(sites) };
    let codes = Store::open(&protocol.store).site_codes(&sites)?;
    sites.iter_mut().zip(codes).filter(|(site, _)| *site != own).for_each(|(site, code)| *site = code);
    Ok(sites)
}

/// In an order that says nothing of what a code stands for: the reader's own
/// site, then codes by themselves.
fn ordered(protocol: &Protocol, snapshot: &Snapshot) -> Result<Vec<String>, Failure> {
    let mut sites = names(protocol, snapshot)?;
    if let Some(own) = &protocol.own_site {
        sites.sort_by_key(|site| (site != own, site.clone()));
    }
    Ok(sites)
}

fn publish(
    protocol: &Protocol,
    snapshot: &Snapshot,
    derived: &Derived,
    estimates: Estimates,
    folder: &Path,
) -> Result<usize, Failure> {
    let rows: Counts = snapshot.manifest.tables.values().sum();
    let ends = estimates.to_date.map(|at| End {
        mature: at.pain.eligible,
        observed: at.pain.observed,
        opioid_mature: at.opioids.eligible,
        opioid_observed: at.opioids.observed,
    });
    let attrition = derived.flow.attrition(rows.read, rows.accepted, &ends);
    let mut all = estimates.estimates;
    all.extend(data_quality::estimates(&snapshot.manifest, protocol));
    tracing::debug!(estimates = all.len(), derivations = estimates.derivations.len(), "estimated");
    let released = release(all, &estimates.derivations, &attrition, &protocol.disclosure);
    let released = read(released, protocol);
    let context = context(protocol, snapshot, estimates.quarters.newest_mature)?;
    tracing::debug!(results = released.rows().len(), profile = protocol.disclosure.id, "released");
    warn_of_differences(folder, &released);
    bundle::write(folder, &released, &context, &snapshot.manifest)?;
    tracing::debug!("report written");
    Ok(released.rows().len())
}

/// Beside the report it replaces, a report can say more than either alone.
fn warn_of_differences(folder: &Path, released: &Released) {
    let Ok(replaced) = WrittenReport::read_as_is(folder) else { return };
    let cells = few_between(&replaced.results, released);
    if let Some(first) = cells.first() {
        let (many, threshold) = (cells.len(), released.profile().threshold);
        super::remark(&format!(
            "{many} cells differ by fewer than {threshold} patients from the report this one replaces, so that whoever \
             holds both can tell what is hidden in either; if that one was given out, keep this one back until more \
             patients have come; the first cell: {first}"
        ));
    }
}

fn context<'a>(protocol: &'a Protocol, snapshot: &Snapshot, quarter: Option<Period>) -> Result<Context<'a>, Failure> {
    let last_seen = snapshot.manifest.sites.iter().filter_map(|site| site.last_day).max().map(Day);
    let dated = snapshot.manifest.calendar == CalendarKind::Dated;
    Ok(Context {
        protocol,
        snapshot: snapshot.digest.clone(),
        data_cut: protocol.study.data_cut.or(last_seen.filter(|_| dated)),
        quarter,
        sites: ordered(protocol, snapshot)?,
    })
}

/// The path without detours such as `pipelines/../reports`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        let back = part == Component::ParentDir && matches!(plain.components().next_back(), Some(Component::Normal(_)));
        if back {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

fn report(arguments: &Arguments, snapshot: &Snapshot, folder: &Path, rows: usize) {
    if arguments.pipeline.json {
        let answer = serde_json::json!({
            "snapshot": snapshot.number,
            "digest": snapshot.digest,
            "patients": snapshot.manifest.patients,
            "tables": snapshot.manifest.tables,
            "results": rows,
            "out": folder,
        });
        say(&answer.to_string());
    } else {
        say(&format!("report: {}", plain(&folder.join("report.html")).display()));
    }
}
