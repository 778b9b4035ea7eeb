//! What decides a snapshot's content, as one number.

use sha2::{Digest, Sha256};

use super::blocks::hex;
use super::plan::Plan;
use crate::protocol::Protocol;
use crate::store::SCHEMA_VERSION;

/// SHA-256 over the input files, what ingest reads of the protocol, and the
/// versions of program and tables. Neither the secret nor the clock is in it:
/// the same input has the same digest in every store.
pub(super) fn digest(protocol: &Protocol, plan: &Plan, files: &[String]) -> String {
    let mut parts = reading_parts(protocol);
    for (file, sha256) in plan.files.iter().zip(files) {
        parts.push(format!("file {} {} {sha256}", file.source, file.name));
    }
    // Originals an adapter made nothing of are input too.
    for (source, file) in plan.others.iter().filter(|(_, file)| !file.sha256.is_empty()) {
        parts.push(format!("original {source} {} {}", file.name, file.sha256));
    }
    hashed(&parts)
}

/// SHA-256 over what ingest reads of the protocol alone: two pipelines with
/// the same one read the same files alike.
pub fn reading(protocol: &Protocol) -> String {
    hashed(&reading_parts(protocol))
}

fn reading_parts(protocol: &Protocol) -> Vec<String> {
    let mut parts = vec![
        format!("relief {} tables {SCHEMA_VERSION}", env!("CARGO_PKG_VERSION")),
        format!("basis {} research {} cut {:?}", protocol.basis.id(), protocol.study.research, protocol.study.data_cut),
        // The vocabularies as they were understood: a comment in a pack changes nothing.
        format!("{:?}", protocol.conditions),
        format!("{:?}", protocol.adverse_events),
        format!("{:?}", protocol.codes),
        format!("{:?}", protocol.drugs),
        format!("{:?}", protocol.factors),
        format!("{:?}", protocol.zip3),
    ];
    if protocol.ingest.shared_codes {
        parts.push("shared codes".to_owned());
    }
    for source in &protocol.sources {
        parts.push(format!("source {} site {} medications {}", source.name, source.site, source.medications.id()));
        if !source.is_canonical() {
            parts.push(format!("kind {} mapping {:?}", source.kind.id, source.mapping));
        }
    }
    parts
}

fn hashed(parts: &[String]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // Lengths keep the parts apart.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}
