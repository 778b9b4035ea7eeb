//! Text measured and drawn with the embedded font, so that a chart is the same
//! on every machine.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

/// Family name in SVG and HTML, with what to fall back to.
pub const FAMILY: &str = "Noto Sans, Segoe UI, Helvetica Neue, Arial, sans-serif";

/// Noto Sans, regular, latin subset with a few symbols (SIL OFL 1.1, no Reserved Font Name).
const REGULAR: &[u8] = include_bytes!("../fonts/NotoSans-Regular.ttf");
/// The same, bold.
const BOLD: &[u8] = include_bytes!("../fonts/NotoSans-Bold.ttf");

/// Both, for whoever sets text with them.
pub const EMBEDDED: [&[u8]; 2] = [REGULAR, BOLD];

static FACES: LazyLock<[FontRef<'static>; 2]> =
    LazyLock::new(|| EMBEDDED.map(|bytes| FontRef::try_from_slice(bytes).expect("the embedded fonts are fonts")));

/// Weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Regular.
    Regular,
    /// Bold.
    Bold,
}

fn face(weight: Weight) -> &'static FontRef<'static> {
    match weight {
        Weight::Regular => &FACES[0],
        Weight::Bold => &FACES[1],
    }
}

/// Whether both weights can draw the letter.
pub fn has_glyph(letter: char) -> bool {
    FACES.iter().all(|font| font.glyph_id(letter).0 != 0)
}

/// `ab_glyph` scales by line height, everything else by the em.
fn scale(font: &FontRef<'_>, size: f64) -> PxScale {
    let units = font.units_per_em().unwrap_or(1000.0);
    PxScale::from(size as f32 * font.height_unscaled() / units)
}

/// Width of `text` set at `size` pixels to the em.
pub fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let font = face(weight);
    let scaled = font.as_scaled(scale(font, size));
    text.chars().map(|letter| f64::from(scaled.h_advance(font.glyph_id(letter)))).sum()
}

/// `text` cut to `room` pixels, with an ellipsis where something was cut.
pub fn fit(text: &str, room: f64, size: f64, weight: Weight) -> String {
    if width(text, size, weight) <= room {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let short = format!("{}…", kept.iter().collect::<String>().trim_end());
        if width(&short, size, weight) <= room {
            return short;
        }
    }
    String::new()
}

/// `text` broken at spaces into lines of at most `room` pixels; a longer word
/// is cut, because nothing may leave the canvas.
pub fn wrap(text: &str, room: f64, size: f64, weight: Weight) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match (longer, lines.last_mut()) {
            (Some(longer), Some(line)) if width(&longer, size, weight) <= room => *line = longer,
            _ => lines.push(fit(word, room, size, weight)),
        }
    }
    lines
}

/// The same in at most `most` lines: what does not fit is left out before the
/// last line, because long names often differ at their end.
pub fn wrap_to(most: usize, text: &str, room: f64, size: f64, weight: Weight) -> Vec<String> {
    let mut lines = wrap(text, room, size, weight);
    if lines.len() <= most {
        return lines;
    }
    lines.truncate(most - 1);
    let words: Vec<&str> = text.split(' ').collect();
    let ends = (0..words.len()).map(|at| format!("… {}", words[at..].join(" ")));
    let last = ends.into_iter().find(|end| width(end, size, weight) <= room);
    lines.push(last.unwrap_or_else(|| fit(text, room, size, weight)));
    lines
}

/// One pixel of a glyph and how much of it is covered, 0–1.
#[derive(Clone, Copy, Debug)]
pub struct Coverage {
    /// Column.
    pub x: i32,
    /// Row.
    pub y: i32,
    /// Share covered.
    pub share: f32,
}

/// The pixels of `text` whose baseline starts at (`x`, `y`).
pub fn pixels(text: &str, x: f64, y: f64, size: f64, weight: Weight) -> Vec<Coverage> {
    let font = face(weight);
    let scale = scale(font, size);
    let mut pen = x as f32;
    let mut pixels = Vec::new();
    for letter in text.chars() {
        let glyph = font.glyph_id(letter).with_scale_and_position(scale, point(pen, y as f32));
        pen += font.as_scaled(scale).h_advance(glyph.id);
        if let Some(outline) = font.outline_glyph(glyph) {
            let corner = outline.px_bounds().min;
            outline.draw(|column, row, share| {
                pixels.push(Coverage {
                    x: corner.x as i32 + column.cast_signed(),
                    y: corner.y as i32 + row.cast_signed(),
                    share,
                });
            });
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::{Weight, fit, width, wrap, wrap_to};

    #[test]
    fn digits_are_tabular_and_bold_is_wider() {
        assert!((width("111", 13.0, Weight::Regular) - width("089", 13.0, Weight::Regular)).abs() < 1e-3);
        assert!(width("Pain", 13.0, Weight::Bold) > width("Pain", 13.0, Weight::Regular));
    }

    #[test]
    fn nothing_is_wider_than_its_room() {
        let long =
            "Complex regional pain syndrome with a name of Unreasonable-Lengthhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh";
        assert!(width(&fit(long, 80.0, 13.0, Weight::Regular), 13.0, Weight::Regular) <= 80.0);
        for line in wrap(long, 80.0, 13.0, Weight::Regular) {
            assert!(width(&line, 13.0, Weight::Regular) <= 80.0, "{line}");
        }
        assert_eq!(fit("short", 80.0, 13.0, Weight::Regular), "short");
    }

    #[test]
    fn a_long_name_keeps_its_beginning_and_its_end() {
        let of =
            |number: u32| format!("A condition whose name is far longer than any column could hold, number {number}");
        let lines = |text: &str, room: f64| wrap_to(2, text, room, 13.0, Weight::Regular);
        let [one, other] = [of(1), of(25)].map(|text| lines(&text, 150.0));
        assert_eq!((one.len(), one[0].as_str()), (2, "A condition whose"));
        assert!(one[1].starts_with("… ") && one[1].ends_with("number 1") && other[1].ends_with("number 25"), "{one:?}");
        assert!(one.iter().all(|line| width(line, 13.0, Weight::Regular) <= 150.0), "{one:?}");
        assert_eq!(lines("short", 150.0), ["short"]);
        let word =
            lines("Unreasonableeeeeeeeeeeeeeeeeeeeee Lengthhhhhhhhhhhhhhhhhhhhhhhhhhh andmoreeeeeeeeeeeeeee", 80.0);
        assert!(word.len() == 2 && word.iter().all(|line| width(line, 13.0, Weight::Regular) <= 80.0), "{word:?}");
    }
}
