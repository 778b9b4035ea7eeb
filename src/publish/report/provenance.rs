//! Where the numbers come from and how to get them again.

use super::{Context, element};
use crate::protocol::FactorSet;
use crate::publish::chart::svg::escape;
use crate::publish::results::Released;

/// Snapshot, packs and the command.
pub(super) fn provenance(released: &Released, context: &Context<'_>) -> String {
    let protocol = context.protocol;
    let cut = context.data_cut.map_or_else(|| "last day seen at each site".to_owned(), |day| day.to_string());
    let facts = [
        ("Pipeline", format!("<code>{}</code>", escape(&protocol.id))),
        ("Snapshot", format!("<code class=\"digest\">{}</code>", escape(&context.snapshot))),
        ("Data cut", escape(&cut)),
        ("Records de-identified as", escape(protocol.basis.id())),
        ("Sites", escape(&context.sites.join(", "))),
        ("Conditions", escape(&format!("{}@{}", protocol.conditions.id, protocol.conditions.version))),
        ("Drugs", escape(&format!("{}@{}", protocol.drugs.id, protocol.drugs.version))),
        ("MME factors", escape(&protocol.factors.versioned())),
        ("MME factors compared", escape(&compared(context))),
        ("Measures", escape(&packs(context))),
        ("Disclosure", escape(&format!("{}@{}", released.profile().id, released.profile().version))),
        ("Program", escape(concat!("relief ", env!("CARGO_PKG_VERSION")))),
    ];
    let items: String = facts.iter().map(|(term, text)| format!("<dt>{term}</dt><dd>{text}</dd>\n")).collect();
    let rest = format!(
        "<dl class=\"facts\">\n{items}</dl>\n<p>The same snapshot and pipeline give the same report, byte for byte:</p>\n<pre tabindex=\"0\" aria-label=\"Command\"><code>relief run {}</code></pre>\n",
        escape(pipeline_file(context))
    );
    let answer = format!(
        "Every number on this page is a row of <code>results.csv</code> beside it, computed from snapshot <code>{}</code>.",
        escape(context.snapshot_short())
    );
    element::section("provenance", "Where do these numbers come from, and can we get them again?", &answer, &rest)
}

fn compared(context: &Context<'_>) -> String {
    let sets: Vec<String> = context.protocol.compare_factors.iter().map(FactorSet::versioned).collect();
    if sets.is_empty() { "none".to_owned() } else { sets.join(", ") }
}

fn packs(context: &Context<'_>) -> String {
    let mut packs: Vec<&str> = context.protocol.measures.iter().map(|measure| measure.pack.as_str()).collect();
    packs.dedup();
    packs.join(", ")
}

fn pipeline_file<'a>(context: &'a Context<'_>) -> &'a str {
    context.protocol.texts.first().map_or("pipeline.toml", |(file, _)| file)
}
