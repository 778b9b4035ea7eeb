//! `methods.md`: what was counted and how, with its sources, made from the
//! definitions the report prints and from the packs.

use std::fmt::Write as _;

use crate::model::horizon::HORIZONS;
use crate::protocol::{Expression, Measure, Study};
use crate::publish::report::markup::{Element, Node, parse};
use crate::publish::report::{Context, methods_sections};
use crate::publish::results::Released;

/// `references.bib`: every work `methods.md` cites.
pub(super) const REFERENCES: &str = include_str!("references.bib");

/// How the statistics are computed; keys are those of `references.bib`.
const STATISTICS: &str = include_str!("statistics.md");

/// What is read from a history, and who is in which cohort.
const DERIVATION: &str = include_str!("derivation.md");

/// The file's text.
pub(super) fn markdown(released: &Released, context: &Context<'_>) -> Vec<u8> {
    let protocol = context.protocol;
    let mut text = format!(
        "# Methods\n\n{}: {}. Pipeline `{}`, snapshot `{}`, {} {}. The pipeline and packs as used are in `protocol/`.\n",
        plain(&protocol.clinic),
        plain(&protocol.title),
        protocol.id,
        context.snapshot,
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION")
    );
    text.push_str(&blocks(&parse(&methods_sections(released, context))));
    text.push('\n');
    text.push_str(&derivation(&protocol.study));
    text.push_str(&windows());
    text.push_str(&measures(&protocol.measures));
    text.push('\n');
    text.push_str(&statistics(&protocol.covariates));
    text.into_bytes()
}

fn derivation(study: &Study) -> String {
    let days = [
        ("{series_gap_days}", study.series_gap_days),
        ("{induction_gap_days}", study.induction_gap_days),
        ("{baseline_days}", study.baseline_days),
    ];
    days.iter().fold(DERIVATION.to_owned(), |text, (name, days)| text.replace(name, &days.to_string()))
}

fn statistics(covariates: &[Expression]) -> String {
    let listed = covariates.iter().fold(String::new(), |text, covariate| text + "`" + &covariate.sql + "`, ");
    STATISTICS.replace("{covariates}", &listed)
}

fn windows() -> String {
    let mut text =
        "\n## Follow-up windows\n\n| horizon | target day | first day | last day |\n|---|---|---|---|\n".to_owned();
    for horizon in HORIZONS {
        let (label, target, first, last) = (horizon.label, horizon.target, horizon.first, horizon.last);
        writeln!(text, "| {label} | {target} | {first} | {last} |").expect("text can be written to");
    }
    text
}

fn measures(measures: &[Measure]) -> String {
    let mut text =
        "\n## Measures\n\nConditions are SQL over the analysis set, one row a treatment series and horizon.\n"
            .to_owned();
    for measure in measures {
        write!(
            text,
            "\n### {} (version {}, {})\n\n{}.\n\n- among: `{}`\n- outcome known: `{}`\n",
            measure.id,
            measure.version,
            measure.pack,
            plain(measure.title.trim_end_matches('.')),
            measure.eligible.sql,
            measure.observed.sql
        )
        .expect("text can be written to");
        let parts = [("counted when", &measure.outcome), ("before", &measure.baseline), ("after", &measure.follow_up)];
        for (name, part) in parts {
            if let Some(expression) = part {
                writeln!(text, "- {name}: `{}`", expression.sql).expect("text can be written to");
            }
        }
        if let Some(reference) = measure.reference {
            writeln!(text, "- reference of the tipping point: {} %", 100.0 * reference)
                .expect("text can be written to");
        }
        writeln!(text, "- source: {}", plain(&measure.citation)).expect("text can be written to");
    }
    text
}

fn blocks(nodes: &[Node]) -> String {
    let mut text = String::new();
    for node in nodes {
        if let Node::Element(element) = node {
            block(&mut text, element);
        }
    }
    text
}

/// Tables and folded parts of the page are left out: what they say follows in
/// full.
fn block(text: &mut String, element: &Element) {
    let body = inline(&element.children);
    let made = match element.tag.as_str() {
        "h2" => format!("\n## {body}\n"),
        "h3" => format!("\n### {body}\n"),
        "p" => format!("\n{body}\n"),
        "ul" => items(element),
        "dl" => terms(element),
        "details" | "table" | "figure" | "nav" => String::new(),
        _ => blocks(&element.children),
    };
    text.push_str(&made);
}

fn items(list: &Element) -> String {
    list.elements().fold("\n".to_owned(), |text, item| text + "- " + inline(&item.children).trim() + "\n")
}

fn terms(list: &Element) -> String {
    list.elements().fold("\n".to_owned(), |text, part| {
        let body = inline(&part.children);
        if part.tag == "dt" { text + "- **" + &body + "**: " } else { text + &body + "\n" }
    })
}

fn inline(nodes: &[Node]) -> String {
    nodes
        .iter()
        .map(|node| match node {
            Node::Text(text) => plain(text),
            Node::Drawing(_) => String::new(),
            Node::Element(element) => {
                let body = inline(&element.children);
                match element.tag.as_str() {
                    "strong" => format!("**{body}**"),
                    "code" => format!("`{body}`"),
                    _ => body,
                }
            }
        })
        .collect()
}

/// Text in which nothing is markup, on one line.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' => {
                plain.push('\\');
                plain.push(letter);
            }
            letter if letter.is_control() => plain.push(' '),
            letter => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::{REFERENCES, markdown, plain};
    use crate::publish::report::fixture::Clinic;
    use crate::publish::written::Table;

    #[test]
    fn what_is_cited_is_referenced_and_what_is_referenced_is_cited() {
        let clinic = Clinic::new(3);
        let protocol = clinic.protocol();
        let text = markdown(&clinic.released(&protocol), &clinic.context(&protocol));
        let text = String::from_utf8(text).expect("UTF-8");
        let key = |rest: &str| rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_owned();
        let cited: BTreeSet<String> =
            text.split('@').skip(1).map(key).filter(|key| key.ends_with(char::is_numeric) && key.len() > 4).collect();
        let listed: BTreeSet<String> = REFERENCES
            .lines()
            .filter_map(|line| line.strip_prefix('@')?.split_once('{'))
            .map(|(_, rest)| key(rest))
            .collect();
        assert_eq!(cited, listed);
        assert!(listed.len() > 8, "{listed:?}");
        for measure in &protocol.measures {
            assert!(text.contains(&format!("### {} (version {}", measure.id, measure.version)), "{}", measure.id);
        }
    }

    /// The committed reports are held to be what the program writes (`commands`),
    /// so that a method that is new in them is missed here.
    #[test]
    fn every_method_a_row_names_is_told() {
        let clinic = Clinic::new(3);
        let protocol = clinic.protocol();
        let text = markdown(&clinic.released(&protocol), &clinic.context(&protocol));
        let text = String::from_utf8(text).expect("UTF-8");
        let mut named = BTreeSet::from(["funnel_overdispersed".to_owned()]);
        for report in ["sample-quarterly", "sample-research"] {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports").join(report).join("results.csv");
            let results = Table::parse(&std::fs::read_to_string(file).expect("a committed report"));
            for column in ["ci_method", "adjust_method", "estimand"] {
                let at = results.columns.iter().position(|known| known == column).expect("a column of the results");
                named.extend(results.rows.iter().map(|row| row[at].clone()).filter(|word| !word.is_empty()));
            }
        }
        assert!(named.len() > 20, "{named:?}");
        for word in &named {
            assert!(text.contains(&format!("`{word}`")), "methods.md does not say what `{word}` is");
        }
        assert!(!text.contains('{'), "a place for a number is not filled");
    }

    #[test]
    fn markup_in_a_label_stays_text() {
        assert_eq!(plain("<b>*a*\n|"), "\\<b\\>\\*a\\* \\|");
    }
}
