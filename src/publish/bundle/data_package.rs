//! `datapackage.json`: the tables of the folder with schema, digest and size
//! (Frictionless Data Package 1).

use serde_json::{Value, json};

use super::dictionary::{ATTRITION, CELL, Meaning, RESULTS};
use super::tables;
use crate::publish::manifest::FileDigest;
use crate::publish::report::Context;

/// The descriptor's text.
pub(super) fn json(context: &Context<'_>, outputs: &[FileDigest]) -> Vec<u8> {
    let protocol = context.protocol;
    let mut sensitivity = fields(&CELL);
    sensitivity.extend(tables::estimand_columns().into_iter().map(|name| {
        json!({ "name": name, "type": "number", "description": "The number when the missing are counted so, or an end of its interval." })
    }));
    let resources: Vec<Value> = [
        ("results", Kind::Csv, "Every number of the run", fields(&RESULTS)),
        ("results", Kind::Parquet, "The same as Parquet", fields(&RESULTS)),
        ("attrition", Kind::Csv, "From the first row read to every denominator", fields(&ATTRITION)),
        ("sensitivity", Kind::Csv, "The ways of counting the missing side by side", sensitivity),
    ]
    .iter()
    .map(|(stem, kind, title, fields)| resource((stem, *kind, title), fields, outputs))
    .collect();
    let package = json!({
        "profile": "data-package",
        "name": protocol.id,
        "title": format!("{}: {}", protocol.clinic, protocol.title),
        "description": "Released results of one run of relief. README.md says how to read them.",
        "version": context.snapshot_short(),
        "resources": resources,
    });
    let mut text = serde_json::to_vec_pretty(&package).expect("a descriptor has only text keys");
    text.push(b'\n');
    text
}

fn fields(meanings: &[Meaning]) -> Vec<Value> {
    meanings.iter().map(Meaning::field).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Csv,
    Parquet,
}

impl Kind {
    /// Ending, which is also the format's name, and media type.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Csv => ("csv", "text/csv"),
            Self::Parquet => ("parquet", "application/vnd.apache.parquet"),
        }
    }
}

fn resource((stem, kind, title): (&str, Kind, &str), fields: &[Value], outputs: &[FileDigest]) -> Value {
    let (ending, media) = kind.words();
    let path = format!("{stem}.{ending}");
    let file = outputs.iter().find(|file| file.file == path).expect("the table was written before it is described");
    let mut resource = json!({
        "profile": "tabular-data-resource",
        "name": if kind == Kind::Csv { stem.to_owned() } else { format!("{stem}-{ending}") },
        "path": path,
        "title": title,
        "format": ending,
        "mediatype": media,
        "hash": format!("sha256:{}", file.sha256),
        "bytes": file.bytes,
        "schema": { "fields": fields, "missingValues": [""] },
    });
    if kind == Kind::Csv {
        resource["encoding"] = json!("utf-8");
        resource["dialect"] =
            json!({ "delimiter": ",", "lineTerminator": "\n", "quoteChar": "\"", "doubleQuote": true, "header": true });
    } else {
        // Its columns are described, but it is not rows of text.
        resource["profile"] = json!("data-resource");
    }
    resource
}
