//! `report.pdf`: the page's own sections set by Typst, tagged (PDF/UA-1).
//!
//! The sections are read back from the HTML, so that the two documents cannot
//! differ in a word or a number. Left out are what only a screen needs: the
//! contents (the PDF has bookmarks), drawings for a phone, and the tables folded
//! away behind a chart, whose numbers are in report.html and report.xlsx.

mod markup;
mod world;

use std::fmt::Write as _;

use typst_as_lib::TypstEngine;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use self::world::Accessible;
use super::sections::Material;
use super::{Context, html, page, words};
use crate::publish::chart::Chart;
use crate::publish::chart::text::EMBEDDED;
use crate::publish::results::Released;

/// How the document looks; the words come after it.
const TEMPLATE: &str = include_str!("template.typ");

/// Sets the report.
///
/// # Panics
/// When Typst refuses the document: what is set here is made of text in quotes,
/// so that no data can break it.
pub fn pdf(released: &Released, context: &Context<'_>, charts: &[Chart]) -> Vec<u8> {
    let source = source(released, context, charts);
    let engine = TypstEngine::builder().main_file(source).fonts(EMBEDDED).build();
    // What Typst says of a mistake may quote the text it is about, so it is not passed on.
    let document = engine
        .with_world(|world| typst::compile(&Accessible::over(world)).output)
        .expect("a world without inputs is built from what the engine has")
        .unwrap_or_else(|_| panic!("the document is made of valid parts"));
    let standards = PdfStandards::new(&[PdfStandard::Ua_1]).expect("one standard does not contradict itself");
    // Without a time stamp and with an identity made of title and author, the bytes depend on the document alone.
    typst_pdf::pdf(&document, &PdfOptions { standards, ..PdfOptions::default() })
        .unwrap_or_else(|_| panic!("alternatives, title and language are given, and every letter has a glyph"))
}

/// The document in Typst's language.
fn source(released: &Released, context: &Context<'_>, charts: &[Chart]) -> String {
    let material = Material { released, context, charts };
    let [first, rest] = html::sections(material);
    let mut source = facts(released, context);
    source.push_str(TEMPLATE);
    source.push_str(&markup::blocks(&page::header(released, context)));
    source.push_str(&markup::blocks(&first));
    source.push_str(&markup::blocks(&rest));
    source
}

/// What the template needs to know, as definitions before it.
fn facts(released: &Released, context: &Context<'_>) -> String {
    let period = context.quarter.map_or_else(String::new, |quarter| format!(", {}", words::period(quarter)));
    let date = context.data_cut.map_or_else(
        || "none".to_owned(),
        |day| {
            let civil = day.civil();
            format!("datetime(year: {}, month: {}, day: {})", civil.year, civil.month, civil.day)
        },
    );
    let mut facts = String::new();
    for (name, text) in [
        ("clinic", context.protocol.clinic.clone()),
        ("title-text", format!("{}: {}{period}", context.protocol.clinic, context.protocol.title)),
        ("running", format!("{}{period}", context.protocol.clinic)),
        ("banner", released.profile().banner.clone()),
        ("paper", context.protocol.paper.id().to_owned()),
        ("subject", format!("Snapshot {}", context.snapshot)),
    ] {
        writeln!(facts, "#let {name} = {}", markup::quoted(&text)).expect("text can be written to");
    }
    writeln!(facts, "#let made-of = {date}").expect("text can be written to");
    facts
}

#[cfg(test)]
mod tests;
