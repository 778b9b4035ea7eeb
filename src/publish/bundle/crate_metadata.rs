//! `ro-crate-metadata.json`: who made the files of the folder from what (RO-Crate
//! 1.1, Process Run Crate 0.5).
//!
//! A run has no start or end here: the same input must give the same bytes. The
//! date of publication is the data cut, the last day the numbers know of.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::publish::manifest::FileDigest;
use crate::publish::report::Context;
use crate::store::Manifest as SnapshotManifest;

const PROGRAM: &str = "#relief";
const RUN: &str = "#run";

/// The metadata's text.
pub(super) fn json(context: &Context<'_>, snapshot: &SnapshotManifest, outputs: &[FileDigest]) -> Vec<u8> {
    let inputs: Vec<Value> = snapshot
        .files
        .iter()
        .map(|file| {
            json!({
                "@id": format!("#input/{}", address(&format!("{}/{}", file.source, file.file))),
                "@type": "CreativeWork",
                "name": format!("{}/{}", file.source, file.file),
                "description": "Record file the snapshot was read from; it stays at the clinic.",
                "sha256": file.sha256,
            })
        })
        .collect();
    let files: Vec<Value> = outputs.iter().map(file).collect();
    let mut graph = vec![descriptor(), root(context, &files), program(), run(context, &inputs, &files), profile()];
    graph.extend(inputs);
    graph.extend(files);
    let metadata = json!({ "@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph });
    let mut text = serde_json::to_vec_pretty(&metadata).expect("metadata have only text keys");
    text.push(b'\n');
    text
}

fn ids(entities: &[Value]) -> Vec<Value> {
    entities.iter().map(|entity| json!({ "@id": entity["@id"] })).collect()
}

/// A name as part of an address (RFC 3986).
fn address(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let mut address = String::new();
    for byte in name.bytes() {
        if plain(byte) {
            address.push(char::from(byte));
        } else {
            write!(address, "%{byte:02X}").expect("text can be written to");
        }
    }
    address
}

fn descriptor() -> Value {
    json!({
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "conformsTo": { "@id": "https://w3id.org/ro/crate/1.1" },
        "about": { "@id": "./" },
    })
}

fn root(context: &Context<'_>, files: &[Value]) -> Value {
    let protocol = context.protocol;
    let mut root = json!({
        "@id": "./",
        "@type": "Dataset",
        "name": format!("{}: {}", protocol.clinic, protocol.title),
        "description": "Outcomes of ketamine treatment: released results, the report made from them, and the definitions they follow.",
        "identifier": context.snapshot,
        "license": format!("No license is stated. Ask {}.", protocol.clinic),
        "conformsTo": { "@id": "https://w3id.org/ro/wfrun/process/0.5" },
        "hasPart": ids(files),
        "mentions": { "@id": RUN },
    });
    if let Some(cut) = context.data_cut {
        root["datePublished"] = json!(cut.to_string());
    }
    root
}

fn profile() -> Value {
    json!({
        "@id": "https://w3id.org/ro/wfrun/process/0.5",
        "@type": "CreativeWork",
        "name": "Process Run Crate",
        "version": "0.5",
    })
}

fn program() -> Value {
    json!({
        "@id": PROGRAM,
        "@type": "SoftwareApplication",
        "name": env!("CARGO_PKG_NAME"),
        "softwareVersion": env!("CARGO_PKG_VERSION"),
        "description": env!("CARGO_PKG_DESCRIPTION"),
    })
}

fn run(context: &Context<'_>, inputs: &[Value], files: &[Value]) -> Value {
    json!({
        "@id": RUN,
        "@type": "CreateAction",
        "name": format!("relief run {}", context.protocol.id),
        "description": format!("Snapshot {} → results and report.", context.snapshot),
        "instrument": { "@id": PROGRAM },
        "object": ids(inputs),
        "result": ids(files),
    })
}

fn file(file: &FileDigest) -> Value {
    let kinds = [
        (".csv", "text/csv"),
        (".parquet", "application/vnd.apache.parquet"),
        (".html", "text/html"),
        (".pdf", "application/pdf"),
        (".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (".svg", "image/svg+xml"),
        (".png", "image/png"),
        (".md", "text/markdown"),
        (".json", "application/json"),
        (".toml", "application/toml"),
        (".bib", "application/x-bibtex"),
        (".sh", "application/x-sh"),
    ];
    let kind = kinds.iter().find(|(ending, _)| file.file.ends_with(ending)).map_or("text/plain", |(_, kind)| kind);
    json!({
        "@id": address(&file.file),
        "@type": "File",
        "name": file.file,
        "encodingFormat": kind,
        "contentSize": file.bytes.to_string(),
        "sha256": file.sha256,
    })
}
