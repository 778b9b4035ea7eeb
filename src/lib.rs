//! Outcomes analytics for ketamine clinics, in four stages:
//!
//! 1. `ingest`: files → a snapshot of canonical Parquet, and a quarantine.
//! 2. `derive`: one patient's history at a time → the analysis set.
//! 3. `estimate`: measures over the analysis set → tallies → estimates.
//! 4. `publish`: what may be shown → results, charts, report.
//!
//! `model` is the vocabulary, `protocol` what a pipeline file means, `store`
//! where snapshots live. Imports point one way, from the end of this list to
//! its beginning; `synth` stands beside it and imports nothing, `selftest` holds
//! the statistics to clinics whose truth is known.

// Blank lines keep the order of the flow: the formatter sorts neighbours.

pub mod model;

pub mod protocol;

pub mod store;

pub mod ingest;

pub mod derive;

pub mod estimate;

pub mod publish;

pub mod selftest;

pub mod synth;
