//! Derivation and counting on a store's current snapshot, timed.
//!
//!     cargo bench --bench derive_tally -- --store DIR --pipeline FILE [--out FILE] [--tally FILE] [--threads N]
//!
//! `--tally` writes every count as a long table, in the form `benches/peers`
//! compares. Nothing is asserted here: see `benches/peers/README.md`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints")]

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use relief::derive;
use relief::estimate::expression::compile;
use relief::estimate::scan::{self, Counting};
use relief::estimate::tally::{ANY_CONDITION, BY_PERIOD, FineCell, Pair, SplitCell, Tallies, Tally};
use relief::model::horizon::HORIZONS;
use relief::protocol::Protocol;
use relief::store::Store;

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.iter().position(|word| word == name).and_then(|at| arguments.get(at + 1));
    let Some((store, pipeline)) = option("--store").zip(option("--pipeline")) else {
        eprintln!("give --store DIR and --pipeline FILE; nothing was run");
        return Ok(());
    };
    let threads = option("--threads").map_or(Ok(2), |threads| threads.parse())?;
    let out = option("--out").map_or_else(|| std::env::temp_dir().join("relief-bench.parquet"), PathBuf::from);
    let protocol = Protocol::read(Path::new(pipeline))?;
    let snapshot = Store::open(Path::new(store)).current()?.ok_or("the store has no snapshot")?;

    let start = Instant::now();
    let derived = derive::run(&snapshot, &protocol, &out, threads)?;
    let (deriving, derive_cpu, derive_peak) = (start.elapsed(), cpu_seconds(), peak_mib());
    let measures = protocol.measures.iter().map(compile).collect::<Result<Vec<_>, _>>()?;
    let sites: Vec<String> = snapshot.manifest.sites.iter().map(|site| site.site.clone()).collect();
    let splits = scan::splits(&protocol)?;
    let counting = Counting { measures: &measures, sites: &sites, conditions: &protocol.conditions, splits: &splits };
    let tallies = scan::count(&out, &counting, threads)?;
    let (total, total_cpu) = (start.elapsed(), cpu_seconds());
    if let Some(path) = option("--tally") {
        write(&tallies, &protocol, Path::new(path))?;
    }
    let (derive, tally) = (deriving.as_secs_f64(), total.saturating_sub(deriving).as_secs_f64());
    println!(
        "relief derive {derive:.3} s, cpu {derive_cpu:.2} s, peak {derive_peak} MiB; tally {tally:.3} s, cpu {:.2} s, peak {} MiB; {} series",
        total_cpu - derive_cpu,
        peak_mib(),
        derived.flow.series
    );
    Ok(())
}

/// Largest resident set so far; 0 where the system does not say.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<u64> = line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok());
    kib.unwrap_or(0) / 1024
}

/// User and system seconds of all threads so far, in the system's hundredths;
/// 0 where the system does not say.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    // `state` is the third field; `utime` and `stime` are the 14th and 15th.
    let ticks: u32 = after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
    f64::from(ticks) / 100.0
}

/// One row a count above 0, sorted: `measure,index_period,site,condition,horizon,what,n`.
fn write(tallies: &Tallies, protocol: &Protocol, path: &Path) -> std::io::Result<()> {
    let mut rows = Vec::new();
    let fine = tallies.cells.iter().map(|(cell, measures)| (place(cell, tallies, protocol), measures));
    let split = tallies.splits.iter().map(|(cell, measures)| (split_place(cell, tallies, protocol), measures));
    for (place, measures) in fine.chain(split) {
        for (measure, tally) in protocol.measures.iter().zip(measures) {
            rows.extend(counts(tally).map(|(what, count)| format!("{},{place},{what},{count}", measure.id)));
        }
    }
    rows.sort_unstable();
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "measure,index_period,site,condition,horizon,what,n")?;
    rows.iter().try_for_each(|row| writeln!(file, "{row}"))?;
    file.flush()
}

fn place(cell: &FineCell, tallies: &Tallies, protocol: &Protocol) -> String {
    let period = cell.period.map(|period| period.to_string()).unwrap_or_default();
    let condition = &protocol.conditions.conditions()[cell.condition].code;
    format!("{period},{},{condition},{}", tallies.sites[cell.site], HORIZONS[cell.horizon].id)
}

/// The cell of a further split: over all sites, by what its last level means.
fn split_place(cell: &SplitCell, tallies: &Tallies, protocol: &Protocol) -> String {
    let period = cell.period.map(|period| period.to_string()).unwrap_or_default();
    if cell.split == BY_PERIOD {
        let site = usize::try_from(cell.level[0]).expect("a site's position");
        return format!("{period},period,{},{}", tallies.sites[site], HORIZONS[cell.horizon].id);
    }
    let (last, levels) = cell.level.split_last().expect("a split has a level");
    let condition = usize::try_from(*last).ok().and_then(|at| protocol.conditions.conditions().get(at));
    let mut levels: Vec<String> = levels.iter().map(ToString::to_string).collect();
    levels.extend(condition.map(|condition| condition.code.clone()));
    let split = if cell.split == ANY_CONDITION { "any condition" } else { "stratum" };
    format!("{period},{split},{},{}", levels.join("|"), HORIZONS[cell.horizon].id)
}

fn counts(tally: &Tally) -> impl Iterator<Item = (String, u64)> + '_ {
    let Tally { eligible, observed, outcome, carried, .. } = *tally;
    let plain = [("eligible", eligible), ("observed", observed), ("outcome", outcome), ("carried", carried)];
    let plain = plain.into_iter().map(|(what, count)| (what.to_owned(), count));
    let scores = |what: &'static str, pair: Pair| (format!("{what}:{}:{}", pair.baseline, pair.follow_up), pair.count);
    let pairs = tally.pairs.iter().map(move |pair| scores("pair", pair));
    let carried = tally.carried_pairs.iter().map(move |pair| scores("carried", pair));
    plain.chain(pairs).chain(carried).filter(|(_, count)| *count > 0)
}
