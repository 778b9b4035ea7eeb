//! The page around the sections: head, style, header, navigation, footer.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::select::{self, Query};
use super::{Context, element, words};
use crate::publish::chart::svg::escape;
use crate::publish::chart::theme;
use crate::publish::results::Released;

const STYLE: &str = include_str!("style.css");
/// What filters, sorts and says a chart's numbers; nothing is only there with it.
const SCRIPT: &str = include_str!("script.js");
const REGULAR: &[u8] = include_bytes!("../fonts/NotoSans-Regular.woff2");
const BOLD: &[u8] = include_bytes!("../fonts/NotoSans-Bold.woff2");

/// Sections by id and short name, in page order.
const CONTENTS: &[(&str, &str)] = &[
    ("counted", "Who is counted"),
    ("conditions", "By condition"),
    ("small", "Small conditions"),
    ("response", "Response"),
    ("missing", "Lost patients"),
    ("grid", "Definitions of response"),
    ("pain", "Pain"),
    ("opioids", "Opioids"),
    ("durability", "How long"),
    ("mind", "Mood"),
    ("groups", "Groups"),
    ("safety", "Side effects"),
    ("trend", "Over time"),
    ("sites", "Sites"),
    ("claims", "Claims"),
    ("data", "Data quality"),
    ("limits", "Limits"),
    ("quote", "Quoting"),
    ("glossary", "Words"),
    ("definitions", "Definitions"),
    ("provenance", "Provenance"),
];

/// The whole document around `main`.
pub(super) fn page(released: &Released, context: &Context<'_>, first: &str, rest: &str) -> String {
    let title = format!("{}: {}", context.protocol.clinic, context.protocol.title);
    let style = style(released, context);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n<title>{}</title>\n<style>{style}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#answers\">Skip to the answers</a>\n{}<main>\n{first}{}{rest}</main>\n{}<script>{SCRIPT}</script>\n</body>\n</html>\n",
        policy(&style),
        escape(&title),
        header(released, context),
        contents(),
        footer(released, context)
    )
}

/// The page may use its own style, script and fonts, named by their digests, and
/// nothing else: whatever else found its way in would not run and could fetch
/// nothing.
fn policy(style: &str) -> String {
    let digest = |text: &str| base64(&Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; font-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(style),
        digest(SCRIPT)
    )
}

/// Banner, clinic, title and who is counted.
pub(super) fn header(released: &Released, context: &Context<'_>) -> String {
    let banner = &released.profile().banner;
    let banner =
        if banner.is_empty() { String::new() } else { format!("<p class=\"banner\">{}</p>\n", escape(banner)) };
    format!(
        "<header>\n{banner}<p class=\"kicker\">{}</p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n</header>\n",
        escape(&context.protocol.clinic),
        escape(&context.protocol.title),
        lead(released, context)
    )
}

/// Who is counted, in one line.
fn lead(released: &Released, context: &Context<'_>) -> String {
    let row = Query::rate(context.response(), select::headline(released), context).find(released);
    let who = row.map_or_else(
        || format!("Nobody has reached {} yet", context.horizon()),
        |row| {
            format!(
                "{} patients with pain, treatment {}, followed to {}",
                element::size(row),
                begun(row),
                context.horizon()
            )
        },
    );
    let cut = context
        .data_cut
        .map_or_else(String::new, |day| format!(" <span class=\"dot\">·</span> data to <time>{day}</time>"));
    format!("{who}{cut} <span class=\"dot\">·</span> snapshot <code>{}</code>", escape(context.snapshot_short()))
}

fn begun(row: &crate::publish::results::ResultRow) -> String {
    let months = row
        .period_start
        .zip(row.period_end)
        .map_or_else(String::new, |(start, end)| format!(" ({})", words::months(start, end)));
    format!("{}{months}", words::begun(row))
}

fn contents() -> String {
    let links: String = CONTENTS.iter().map(|(id, name)| format!("<li><a href=\"#{id}\">{name}</a></li>")).collect();
    format!("<nav aria-label=\"Contents\"><ul>{links}</ul></nav>\n")
}

fn footer(released: &Released, context: &Context<'_>) -> String {
    let banner = &released.profile().banner;
    let banner = if banner.is_empty() { String::new() } else { format!("{}. ", escape(banner)) };
    format!(
        "<footer><p>{banner}{}, snapshot <code>{}</code>. Made by relief.</p></footer>\n",
        escape(&context.protocol.clinic),
        escape(context.snapshot_short())
    )
}

fn style(released: &Released, context: &Context<'_>) -> String {
    let face = |weight: u32, bytes: &[u8]| {
        format!(
            "@font-face{{font-family:\"Noto Sans\";font-weight:{weight};src:url(data:font/woff2;base64,{}) format(\"woff2\")}}\n",
            base64(bytes)
        )
    };
    format!(
        "{}{}{STYLE}\n@media screen and (prefers-color-scheme:dark){{{}}}\n{}",
        face(400, REGULAR),
        face(700, BOLD),
        theme::dark_rules(),
        print_rules(released, context)
    )
}

/// Running header, banner and page numbers, on paper only.
fn print_rules(released: &Released, context: &Context<'_>) -> String {
    let period = context.quarter.map_or_else(String::new, |quarter| format!(", {}", words::period(quarter)));
    let running = css_text(&format!("{}{period}", context.protocol.clinic));
    let banner = css_text(&released.profile().banner);
    format!(
        "@page{{@top-left{{content:{running}}}@bottom-left{{content:{banner}}}@bottom-right{{content:\"Page \" counter(page) \" of \" counter(pages)}}}}\n"
    )
}

/// A CSS string in which every character of the data but letters, digits and
/// spaces is written by its number: data can end neither the string nor the
/// style element.
fn css_text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() || letter == ' ' {
            quoted.push(letter);
        } else {
            // The space ends the escape and is no part of the text.
            write!(quoted, "\\{:x} ", u32::from(letter)).expect("writing to a string never fails");
        }
    }
    quoted + "\""
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits =
            group.iter().enumerate().fold(0_u32, |bits, (index, byte)| bits | u32::from(*byte) << (16 - 8 * index));
        for index in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * index)) as usize & 63];
            text.push(if index <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{base64, css_text};

    #[test]
    fn base64_follows_the_examples_of_rfc_4648() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }

    #[test]
    fn data_cannot_leave_a_css_string() {
        assert_eq!(css_text("A\"</style>"), "\"A\\22 \\3c \\2f style\\3e \"");
    }
}
