//! A scene → SVG with real text, a title and a description.

use std::fmt::Write;

use super::scene::{Anchor, At, Label, Mark, Scene};
use super::text::{FAMILY, Weight};
use super::theme::Ink;

/// What a drawing says to someone who does not see it.
#[derive(Clone, Copy, Debug)]
pub struct Spoken<'a> {
    /// Unique on the page.
    pub id: &'a str,
    /// The finding.
    pub title: &'a str,
    /// The same in a sentence or two.
    pub description: &'a str,
}

/// Writes a scene that stands for itself.
pub fn write(scene: &Scene, spoken: Spoken<'_>) -> String {
    let Spoken { id, title, description } = spoken;
    let head = format!(
        "role=\"img\" aria-labelledby=\"{id}-title {id}-desc\"><title id=\"{id}-title\">{}</title><desc id=\"{id}-desc\">{}</desc>",
        escape(title),
        escape(description)
    );
    document(scene, &head)
}

/// Writes a scene that repeats the text beside it.
pub fn write_silent(scene: &Scene) -> String {
    document(scene, "aria-hidden=\"true\" focusable=\"false\">")
}

fn document(scene: &Scene, head: &str) -> String {
    let (width, height) = (decimal(scene.width), decimal(scene.height));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"{FAMILY}\" {head}\n"
    );
    for mark in &scene.marks {
        push(&mut svg, mark);
        svg.push('\n');
    }
    svg.push_str("</svg>\n");
    svg
}

fn push(svg: &mut String, mark: &Mark) {
    let element = match mark {
        Mark::Path { points, ink, width } => format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"/>",
            list(points),
            ink.hex(),
            decimal(*width)
        ),
        Mark::Shape { points, ink } => format!("<polygon points=\"{}\" fill=\"{}\"/>", list(points), ink.hex()),
        Mark::Dot { at, radius, ink, inside } => dot(*at, *radius, *ink, *inside),
        Mark::Text(label) => text(label),
        Mark::Value { at, row } => format!(
            "<circle class=\"value\" data-row=\"{row}\" cx=\"{}\" cy=\"{}\" r=\"9\" fill=\"none\"/>",
            decimal(at.0),
            decimal(at.1)
        ),
    };
    svg.push_str(&element);
}

fn dot(at: At, radius: f64, ink: Ink, inside: Ink) -> String {
    format!(
        "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"1.5\"/>",
        decimal(at.0),
        decimal(at.1),
        decimal(radius),
        inside.hex(),
        ink.hex()
    )
}

fn text(label: &Label) -> String {
    let anchor = match label.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let weight = if label.weight == Weight::Bold { " font-weight=\"700\"" } else { "" };
    format!(
        "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\"{anchor}{weight}>{}</text>",
        decimal(label.at.0),
        decimal(label.at.1),
        decimal(label.size),
        label.ink.hex(),
        escape(&label.text)
    )
}

fn list(points: &[At]) -> String {
    points.iter().fold(String::new(), |mut list, (x, y)| {
        let gap = if list.is_empty() { "" } else { " " };
        write!(list, "{gap}{},{}", decimal(*x), decimal(*y)).expect("writing to a string never fails");
        list
    })
}

/// Two decimals at most, and never `-0`: the same text on every machine.
fn decimal(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text made safe between tags and in attributes.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Not allowed in XML at all, whatever the escaping.
            control if control.is_control() && !matches!(control, '\n' | '\t') => safe.push('\u{FFFD}'),
            plain => safe.push(plain),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{decimal, escape};

    #[test]
    fn markup_in_data_stays_text() {
        assert_eq!(
            escape("<script>alert('x')</script> & \"y\"\u{0}"),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;\u{FFFD}"
        );
    }

    #[test]
    fn coordinates_are_short_and_stable() {
        let texts: Vec<String> = [1.0, 0.5, -0.0001, 12.345, 100.0].into_iter().map(decimal).collect();
        assert_eq!(texts, ["1", "0.5", "0", "12.35", "100"].map(str::to_owned));
    }
}
