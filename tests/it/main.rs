//! The integration tests: one binary, so that it links once.

mod oracle;
mod patient;
mod spec;
mod table;
