//! Our own HTML read back, so that other documents are made from the same
//! sections and cannot say anything else.
//!
//! Reads what `element` and `chart::svg` write and no more: every tag is
//! closed, attributes stand in double quotes, text is escaped. A drawing is kept
//! as it is.

/// A piece of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// Text, unescaped.
    Text(String),
    /// An element and what is in it.
    Element(Element),
    /// An SVG.
    Drawing(Drawing),
}

/// An element and what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) tag: String,
    attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Node>,
}

/// An SVG and what it says to someone who does not see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drawing {
    pub(crate) svg: String,
    /// Title and description; `None` for a drawing that repeats the text beside it.
    pub(crate) alt: Option<String>,
}

impl Element {
    /// Value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it has this class.
    pub(crate) fn is(&self, class: &str) -> bool {
        self.attribute("class").is_some_and(|classes| classes.split(' ').any(|known| known == class))
    }

    /// Elements directly in it.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Drawing(_) => None,
        })
    }

    /// How many letters are in it.
    pub(crate) fn length(&self) -> usize {
        let of = |node: &Node| match node {
            Node::Text(text) => text.chars().count(),
            Node::Element(element) => element.length(),
            Node::Drawing(_) => 0,
        };
        self.children.iter().map(of).sum()
    }

    /// The first element with this tag, at any depth.
    pub(crate) fn find(&self, tag: &str) -> Option<&Element> {
        self.elements().find_map(|element| if element.tag == tag { Some(element) } else { element.find(tag) })
    }
}

/// Reads a page or a part of one.
pub(crate) fn parse(html: &str) -> Vec<Node> {
    let mut open = vec![Element::default()];
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text(&mut open, &rest[..start]);
        rest = &rest[start..];
        if rest.starts_with("<svg") {
            let end = rest.find("</svg>").map_or(rest.len(), |end| end + "</svg>".len());
            push(&mut open, Node::Drawing(drawing(&rest[..end])));
            rest = &rest[end..];
            continue;
        }
        let end = rest.find('>').map_or(rest.len(), |end| end + 1);
        tag(&mut open, &rest[1..end.max(2) - 1]);
        rest = &rest[end..];
    }
    text(&mut open, rest);
    while open.len() > 1 {
        close(&mut open);
    }
    open.pop().map(|root| root.children).unwrap_or_default()
}

fn push(open: &mut [Element], node: Node) {
    open.last_mut().expect("the root is never closed").children.push(node);
}

fn text(open: &mut [Element], text: &str) {
    if !text.is_empty() {
        push(open, Node::Text(unescaped(text)));
    }
}

fn tag(open: &mut Vec<Element>, tag: &str) {
    if tag.starts_with('/') {
        close(open);
        return;
    }
    let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
    open.push(Element { tag: name.to_owned(), attributes: pairs(attributes), children: Vec::new() });
    if matches!(name, "br" | "hr" | "meta" | "col" | "input") {
        close(open);
    }
}

fn close(open: &mut Vec<Element>) {
    if open.len() > 1
        && let Some(element) = open.pop()
    {
        push(open, Node::Element(element));
    }
}

/// `a="1" b="2"`; an attribute without a value is not kept.
fn pairs(attributes: &str) -> Vec<(String, String)> {
    let mut pieces = attributes.split('"');
    let mut pairs = Vec::new();
    while let (Some(name), Some(value)) = (pieces.next(), pieces.next()) {
        let name = name.trim().trim_end_matches('=').rsplit(' ').next().unwrap_or_default();
        pairs.push((name.to_owned(), unescaped(value)));
    }
    pairs
}

fn drawing(svg: &str) -> Drawing {
    let part = |tag: &str| {
        let (_, rest) = svg.split_once(&format!("<{tag} "))?;
        let (_, rest) = rest.split_once('>')?;
        Some(unescaped(rest.split_once(&format!("</{tag}>"))?.0))
    };
    let alt = part("title").zip(part("desc")).map(|(title, description)| format!("{title}. {description}"));
    Drawing { svg: svg.to_owned(), alt }
}

/// The inverse of `svg::escape`.
/// What a reader sees of the nodes; drawings say nothing here.
pub(crate) fn plain_text(nodes: &[Node]) -> String {
    let one = |node: &Node| match node {
        Node::Text(text) => text.clone(),
        Node::Element(element) => plain_text(&element.children),
        Node::Drawing(_) => String::new(),
    };
    nodes.iter().map(one).collect()
}

fn unescaped(text: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", "\u{A0}"), ("&amp;", "&")];
    named.iter().fold(text.to_owned(), |text, (name, letter)| text.replace(name, letter))
}

#[cfg(test)]
mod tests {
    use super::{Node, parse};
    use crate::publish::chart::svg::escape;

    fn text(nodes: &[Node]) -> String {
        let one = |node: &Node| match node {
            Node::Text(text) => text.clone(),
            Node::Element(element) => format!("({} {})", element.tag, text(&element.children)),
            Node::Drawing(drawing) => format!("[{}]", drawing.alt.clone().unwrap_or_default()),
        };
        nodes.iter().map(one).collect()
    }

    #[test]
    fn a_page_is_read_back_as_it_was_written() {
        let evil = "</p><script>&amp;\"'";
        let html = format!("a<p class=\"x y\" data-result=\"{0}\">b <b>{0}</b></p><br>c", escape(evil));
        let nodes = parse(&html);
        assert_eq!(text(&nodes), format!("a(p b (b {evil}))(br )c"));
        let Node::Element(paragraph) = &nodes[1] else { panic!("{nodes:?}") };
        assert_eq!(paragraph.attribute("data-result"), Some(evil));
        assert!(paragraph.is("y") && !paragraph.is("z"));
    }

    #[test]
    fn a_drawing_keeps_its_bytes_and_its_words() {
        let svg = "<svg role=\"img\"><title id=\"t\">A &lt; b</title><desc id=\"d\">c</desc><text>7</text></svg>";
        let nodes = parse(&format!("{svg} <svg aria-hidden=\"true\"></svg>"));
        let Node::Drawing(drawing) = &nodes[0] else { panic!("{nodes:?}") };
        assert_eq!((drawing.svg.as_str(), drawing.alt.as_deref()), (svg, Some("A < b. c")));
        assert_eq!(text(&nodes), "[A < b. c] []");
    }
}
