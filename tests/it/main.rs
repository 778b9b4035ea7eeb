//! The integration tests: one binary, so that it links once.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::needless_for_each,
    reason = "test data is small, and a chain reads well in a test"
)]

mod bound_numbers;
mod code_columns;
mod commands;
mod corrections;
mod courses;
mod crash;
mod disclosure;
mod eunomia;
mod factor_sets;
mod fhir;
mod gate;
mod golden;
mod ingest;
mod last_score;
mod laws;
mod limits;
mod mappings;
mod mutations;
mod omop;
mod oracle;
mod outcomes;
mod own_measures;
mod own_site;
mod pair;
mod patient;
mod readings;
mod redcap;
mod reliability;
mod report_folder;
mod safety;
mod schemas;
mod selftest;
mod slips;
mod sources;
mod spec;
mod statistics_laws;
mod table;
mod tidy;
mod workbooks;
mod workdir;

/// Says what a passing test did not do: past the capture of `print!`, since a
/// skipped check must not be silent. `.ci/run` counts such lines.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
