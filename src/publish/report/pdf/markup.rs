//! A part of the page → Typst.
//!
//! All text goes out as string literals, so that nothing in it can be taken for
//! markup; only the shapes around it are ours.

use std::fmt::Write as _;

use crate::publish::chart::text::has_glyph;
use crate::publish::report::markup::{Drawing, Element, Node, parse};

/// What only a screen needs.
fn is_left_out(element: &Element) -> bool {
    matches!(element.tag.as_str(), "nav" | "details" | "script" | "style" | "button" | "form" | "template")
        || element.is("narrow")
        || element.is("skip")
        || element.is("screen")
}

/// Blocks of the page, in order.
pub(super) fn blocks(html: &str) -> String {
    flow(&parse(html))
}

/// A string literal of Typst. A letter the font has no glyph for is replaced:
/// a reader would see an empty box, and PDF/UA forbids it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            letter if letter.is_whitespace() && letter != '\u{A0}' => quoted.push(' '),
            letter if has_glyph(letter) => quoted.push(letter),
            _ => quoted.push('?'),
        }
    }
    quoted + "\""
}

/// Nodes between which whitespace means nothing.
fn flow(nodes: &[Node]) -> String {
    let mut out = String::new();
    let mut line: Vec<&Node> = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        match node {
            Node::Element(element) if explains_a_mark(element) && follows_a_table(&nodes[..at]) => {}
            Node::Element(element) if is_block(element) => {
                paragraph(&mut out, &mut line);
                if element.is("scroll") {
                    writeln!(out, "{}\n", table(element, &marks_after(&nodes[at + 1..])))
                        .expect("text can be written to");
                } else {
                    block(&mut out, element);
                }
            }
            node => line.push(node),
        }
    }
    paragraph(&mut out, &mut line);
    out
}

/// A note that says what a mark in the table above it means.
fn explains_a_mark(element: &Element) -> bool {
    let begins = |node: &Node| matches!(node, Node::Text(text) if text.starts_with(['†', '‡']));
    element.is("note") && element.children.first().is_some_and(begins)
}

fn follows_a_table(before: &[Node]) -> bool {
    let elements =
        before.iter().rev().filter_map(|node| if let Node::Element(element) = node { Some(element) } else { None });
    elements.into_iter().find(|element| !explains_a_mark(element)).is_some_and(|element| element.is("scroll"))
}

/// What the marks of a table mean. On paper it stands above the table, where no
/// page can end between the two.
fn marks_after(after: &[Node]) -> String {
    let elements = after.iter().filter_map(|node| if let Node::Element(element) = node { Some(element) } else { None });
    let notes = elements.take_while(|element| explains_a_mark(element));
    notes.map(|note| format!("#linebreak();{}", inline(&note.children))).collect()
}

/// What stood between two blocks; nothing when it was only whitespace.
fn paragraph(out: &mut String, line: &mut Vec<&Node>) {
    let empty = line.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()));
    if !empty {
        let body: String = line.iter().map(|node| inline_node(node)).collect();
        writeln!(out, "{body}\n").expect("text can be written to");
    }
    line.clear();
}

fn is_block(element: &Element) -> bool {
    !matches!(
        element.tag.as_str(),
        "span" | "strong" | "b" | "em" | "i" | "code" | "small" | "a" | "time" | "abbr" | "sup" | "sub" | "br"
    )
}

/// A table folded away on the page is too much for paper, which says where it is.
fn folded(out: &mut String, element: &Element) {
    if let Some(summary) = element.find("summary") {
        let name = inline(&summary.children);
        writeln!(out, "#note[{name}{}]\n", literal(" (table in report.html)")).expect("text can be written to");
    }
}

fn block(out: &mut String, element: &Element) {
    if element.is("more") {
        return folded(out, element);
    }
    if is_left_out(element) {
        return;
    }
    let body = || inline(&element.children);
    let made = match element.tag.as_str() {
        "h1" => format!("#title[{}]", body()),
        "h2" => format!("#heading(level: 1)[{}]", body()),
        "h3" | "h4" => format!("#heading(level: 2)[{}]", body()),
        "p" | "summary" => styled(element, &body()),
        "ul" | "ol" => items(element),
        "dl" if element.is("facts") => facts(element),
        "dl" if element.is("glossary") => in_two(element),
        "dl" => terms(&element.elements().collect::<Vec<_>>()),
        "blockquote" => format!("#quoted[{}]", body()),
        "pre" => format!("#command[{}]", body()),
        "figure" => format!("#chart[\n{}]", flow(&element.children)),
        "article" => format!("#card[\n{}]", flow(&element.children)),
        _ if matches!(element.attribute("id"), Some("glossary" | "provenance")) => {
            format!("#whole[\n{}]", flow(&element.children))
        }
        _ if element.is("answers") || element.is("courses") => cards(element),
        _ if element.is("cautions") => format!("#cautions[\n{}]", flow(&element.children)),
        _ => flow(&element.children),
    };
    writeln!(out, "{made}\n").expect("text can be written to");
}

fn styled(element: &Element, body: &str) -> String {
    let style = ["answer", "big", "trend"].into_iter().find(|class| element.is(class));
    match style {
        Some(style) => format!("#{style}[{body}]"),
        None if element.is("banner") => format!("#warning[{body}]"),
        None if ["note", "foot", "small", "lead", "kicker"].iter().any(|class| element.is(class)) => {
            format!("#note[{body}]")
        }
        None if body.ends_with(":\";") => format!("#announcement[{body}]"),
        None => format!("#par[{body}]"),
    }
}

fn items(list: &Element) -> String {
    let items: String = list.elements().map(|item| format!("[{}], ", inline(&item.children))).collect();
    format!("#list({items})")
}

fn facts(list: &Element) -> String {
    let cell = |part: &Element| {
        let body = inline(&part.children);
        if part.tag == "dt" { format!("soft[{body}], ") } else { format!("[{body}], ") }
    };
    format!("#facts({})", list.elements().map(cell).collect::<String>())
}

/// A long list of words in two columns of about the same length: it stays on one
/// page, where it is looked up.
fn in_two(list: &Element) -> String {
    let parts: Vec<&Element> = list.elements().collect();
    let half = list.length() / 2;
    let mut before = 0;
    let fits = parts.iter().take_while(|part| {
        before += part.length();
        before <= half
    });
    // A word and its text are two elements and stay together.
    let (left, right) = parts.split_at(fits.count().next_multiple_of(2).min(parts.len()));
    format!("#pair([{}], [{}])", terms(left), terms(right))
}

fn terms(parts: &[&Element]) -> String {
    let mut out = String::from("#terms(");
    for part in parts {
        let body = inline(&part.children);
        let piece = if part.tag == "dt" { format!("terms.item([{body}], ") } else { format!("[{body}]), ") };
        out.push_str(&piece);
    }
    out + ")"
}

fn cards(element: &Element) -> String {
    let cards: String = element
        .elements()
        .filter(|part| !is_left_out(part))
        .map(|part| {
            let mut card = String::new();
            block(&mut card, part);
            format!("[\n{card}], ")
        })
        .collect();
    format!("#cards({cards})")
}

/// From this many letters on, a name needs more of the table's width than it would get.
const LONG_NAME: usize = 140;

/// A table in its box.
fn table(scroll: &Element, marks: &str) -> String {
    let Some(table) = scroll.find("table") else { return String::new() };
    let caption = table.find("caption").map(|caption| inline(&caption.children)).unwrap_or_default();
    let head: Vec<&Element> =
        table.find("thead").and_then(|head| head.find("tr")).into_iter().flat_map(Element::elements).collect();
    let numeric: String = head.iter().map(|cell| if cell.is("n") { "true, " } else { "false, " }).collect();
    let names: String = head.iter().map(|cell| format!("[{}], ", inline(&cell.children))).collect();
    let rows = || table.find("tbody").into_iter().flat_map(Element::elements).filter(|row| !is_left_out(row));
    let long = rows().filter_map(|row| row.elements().next()).any(|first| first.length() > LONG_NAME);
    let cells: String = rows()
        .map(|row| {
            let cells: String = row.elements().map(cell).collect();
            format!("{cells}table.hline(),\n")
        })
        .collect();
    format!("#results([{caption}{marks}], ({numeric}), ({names}), long: {long},\n{cells})")
}

/// A cell; one that heads its row says so to who hears the table read.
fn cell(cell: &Element) -> String {
    let body = inline(&cell.children);
    if cell.tag == "th" { format!("pdf.header-cell(scope: \"row\")[{body}], ") } else { format!("[{body}], ") }
}

fn inline(nodes: &[Node]) -> String {
    nodes.iter().map(inline_node).collect()
}

fn inline_node(node: &Node) -> String {
    match node {
        Node::Text(text) => literal(text),
        Node::Drawing(drawing) => picture(drawing),
        Node::Element(element) if is_left_out(element) => String::new(),
        Node::Element(element) => {
            let body = inline(&element.children);
            match element.tag.as_str() {
                "strong" | "b" => format!("#strong[{body}];"),
                "em" | "i" => format!("#emph[{body}];"),
                "small" => format!("#tiny[{body}];"),
                "br" => "#linebreak();".to_owned(),
                _ if element.is("num") => unbroken(&element.children),
                _ if element.is("unknown") => format!("#soft[{body}];"),
                _ => body,
            }
        }
    }
}

/// A number is broken only before its interval: `51 % (45 to 56)`.
fn unbroken(nodes: &[Node]) -> String {
    let piece = |node: &Node| match node {
        Node::Text(text) => literal(&text.replace(' ', "\u{A0}").replace("\u{A0}(", " (")),
        node => inline_node(node),
    };
    nodes.iter().map(piece).collect()
}

/// Text with its whitespace as a browser would show it.
fn literal(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    for letter in text.chars() {
        let space = letter.is_ascii_whitespace();
        if !(space && short.ends_with(' ')) {
            short.push(if space { ' ' } else { letter });
        }
    }
    if short.is_empty() { short } else { format!("#{};", quoted(&short)) }
}

fn picture(drawing: &Drawing) -> String {
    let svg = quoted(&drawing.svg);
    if let Some(alt) = &drawing.alt {
        let wide = if drawing.svg.contains("class=\"spark\"") { ", wide: 100%" } else { "" };
        return format!("#drawing({svg}, {}{wide});", quoted(alt));
    }
    let wide = if drawing.svg.contains("class=\"bar\"") { "100%" } else { "14mm" };
    format!("#silent({svg}, {wide});")
}

#[cfg(test)]
mod tests {
    use super::{blocks, quoted};

    #[test]
    fn nothing_in_a_text_is_taken_for_markup() {
        assert_eq!(quoted("#\"\\[*\u{1F600}\n"), "\"#\\\"\\\\[*? \"");
        let typst = blocks("<p>a #b [c] <strong>&lt;d&gt;</strong></p><nav>e</nav>");
        assert_eq!(typst.trim(), "#par[#\"a #b [c] \";#strong[#\"<d>\";];]");
    }

    #[test]
    fn a_table_keeps_its_heading_and_the_side_of_its_numbers() {
        let typst = blocks(
            "<div class=\"scroll\"><table><caption><span>C</span></caption><thead><tr><th>A</th><th class=\"n\">B</th></tr></thead><tbody><tr><th>x</th><td class=\"n\">1</td></tr></tbody></table></div>\n<p class=\"note\">† M.</p><p class=\"note\">† N.</p><p class=\"note\">O</p><p class=\"note\">† P</p>",
        );
        assert!(
            typst.starts_with(
                "#results([#\"C\";#linebreak();#\"† M.\";#linebreak();#\"† N.\";], (false, true, ), ([#\"A\";], [#\"B\";], ), long: false,\npdf.header-cell(scope: \"row\")[#\"x\";], [#\"1\";], table.hline(),"
            ),
            "{typst}"
        );
        let after = typst.split_once("#note").map_or("", |(_, after)| after);
        assert_eq!(after.split_whitespace().collect::<String>(), "[#\"O\";]#note[#\"†P\";]", "{typst}");
    }

    #[test]
    fn what_is_folded_on_the_page_is_named_on_paper() {
        let folded =
            "<details class=\"more\"><summary>All</summary><div class=\"scroll\"><table></table></div></details>";
        let typst = blocks(&format!("<details><summary>Numbers</summary>1</details>{folded}"));
        assert_eq!(typst.trim(), "#note[#\"All\";#\" (table in report.html)\";]");
    }

    #[test]
    fn a_glossary_stands_in_two_columns_and_no_word_leaves_its_text() {
        let entry = |word: &str| format!("<dt>{word}</dt><dd>A text of some length.</dd>");
        let list: String = ["a", "b", "c"].map(entry).concat();
        let typst = blocks(&format!("<dl class=\"glossary\">{list}</dl>"));
        let (left, right) = typst.split_once("], [#terms(").expect("two columns");
        assert!(typst.starts_with("#pair([#terms("), "{typst}");
        assert_eq!([left, right].map(|half| half.matches("terms.item(").count()).iter().sum::<usize>(), 3, "{typst}");
        assert!(
            [left, right].iter().all(|half| half.matches("A text of").count() == half.matches("terms.item(").count())
        );
        assert!(blocks("<dl class=\"glossary\"></dl>").contains("#pair("), "nothing is split into nothing");
    }
}
