//! The integration tests: one binary, so that it links once.

mod commands;
mod crash;
mod disclosure;
mod eunomia;
mod golden;
mod laws;
mod oracle;
mod patient;
mod spec;
mod statistics_laws;
mod table;
mod tidy;
mod workdir;
