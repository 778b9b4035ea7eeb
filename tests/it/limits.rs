//! What must not grow with the input: memory with bad rows, and with what a
//! small file claims to unpack to.

use std::fs;
use std::io::{Cursor, Write};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::workdir::Workdir;

/// Peak resident memory in KiB of a run of the program, and its exit code: the
/// kernel's high-water mark, looked at until the program ends. `None` where the
/// system keeps no such mark.
fn peak_memory(workdir: &Workdir, arguments: &[&str]) -> Option<(u64, i32)> {
    let mut command = workdir.command(arguments);
    let mut child = command
        .env("RAYON_NUM_THREADS", "2")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let mark = mark.and_then(|mark| mark.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        peak = mark.or(peak);
        if let Some(ended) = child.try_wait().expect("it is our child") {
            return peak.map(|peak| (peak, ended.code().unwrap_or(-1)));
        }
        sleep(Duration::from_millis(2));
    }
}

/// A source of `lines` bad rows.
fn bad(kind: &str, lines: usize) -> Workdir {
    let workdir = Workdir::with_clinic();
    workdir.replace("pipeline.toml", "max_reject_share = 0.5", "max_reject_share = 1.0");
    workdir.replace("pipeline.toml", "kind = \"csv\"", &format!("kind = \"{kind}\""));
    if kind == "fhir" {
        for table in ["patients", "diagnoses", "infusions", "assessments"] {
            workdir.remove(&format!("records/{table}.csv"));
        }
        workdir.write("records/Patient.000.ndjson", "{\"resourceType\":\"Patient\",\"id\":\"qx7k2m9p\"}\n");
        let line = "{\"resourceType\":\"Observation\",\"code\":7}\n";
        workdir.write("records/Observation.000.ndjson", line.repeat(lines));
    } else {
        let header = "patient_id,date,instrument,score\n";
        workdir
            .write("records/assessments.csv", format!("{header}{}", "qx7k2m9p,2026-01-04,pain_nrs,11\n".repeat(lines)));
    }
    workdir
}

/// What grows from ten rows to many are the blocks in flight, some for each
/// thread, so their number is held here; everything else is counts. Beyond what
/// fills the blocks nothing grows: eight bytes a row would be eight megabytes.
/// (Staged rows are so short that FHIR's blocks are full at a million only.)
#[test]
fn a_million_bad_rows_cost_no_more_memory_than_ten() {
    let csv = [(10, 0), (250_000, 24 << 10), (1_250_000, 6 << 10)];
    let fhir = [(10, 0), (1_000_000, 24 << 10)];
    for (kind, steps) in [("csv", &csv[..]), ("fhir", &fhir[..])] {
        let mut before = None;
        for &(lines, more) in steps {
            let Some((peak, code)) = peak_memory(&bad(kind, lines), &["ingest", "pipeline.toml"]) else {
                crate::say("skipped: no high-water mark of memory on this system");
                return;
            };
            let said = format!("{kind}: {peak} KiB with {lines} bad rows, {before:?} with fewer");
            crate::say(&said);
            assert!(code == 0 && before.is_none_or(|before| peak < before + more), "{said}");
            before = Some(peak);
        }
    }
}

#[test]
fn a_file_that_unpacks_to_gigabytes_is_refused_before_it_does() {
    let workdir = Workdir::with_clinic();
    workdir.replace("pipeline.toml", "kind = \"csv\"\npath = \"records\"", "kind = \"xlsx\"\npath = \"bomb.xlsx\"");
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("xl/sharedStrings.xml", SimpleFileOptions::default()).expect("a part");
    let block = vec![b' '; 1 << 20];
    (0..300).for_each(|_| zip.write_all(&block).expect("into memory"));
    let mut bytes = zip.finish().expect("an archive").into_inner();
    assert!(bytes.len() < 1 << 20, "{} bytes stand for 300 MiB", bytes.len());
    let stated: Vec<usize> = {
        let size = (300_u32 << 20).to_le_bytes();
        (0..bytes.len() - 4).filter(|&at| bytes[at..at + 4] == size).collect()
    };
    // The size stated is the truth, and then a lie.
    for lie in [false, true] {
        if lie {
            assert!(!stated.is_empty());
            stated.iter().for_each(|&at| bytes[at..at + 4].copy_from_slice(&9_u32.to_le_bytes()));
        }
        workdir.write("bomb.xlsx", &bytes);
        let why = if lie { "damaged" } else { "it unpacks to more than 300 MiB" };
        workdir.relief(&["check", "pipeline.toml"]).exits(7).says("bomb.xlsx").says(why);
    }
    if let Some((peak, code)) = peak_memory(&workdir, &["check", "pipeline.toml"]) {
        assert!(code == 7 && peak < 128 << 10, "{peak} KiB");
    }
}
