//! One look for every chart: inks, sizes, and how inks turn in the dark.

/// What a colour means. Charts name meanings; only this file knows colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Titles and labels.
    Text,
    /// Secondary text, and everything hidden or unknown.
    Grey,
    /// Grid lines.
    Hairline,
    /// The zero line and other lines that must be seen.
    Rule,
    /// The one accent.
    Accent,
    /// What is worse than chance explains; never without a shape of its own.
    Concern,
    /// Interval bands behind the accent.
    Band,
    /// Hatching over what is not mature.
    Hatch,
    /// The background.
    Paper,
}

/// Light and dark colour of every ink. The accent is Okabe–Ito blue and its
/// sky blue, concern its vermilion; text inks keep 4.5:1 on their paper.
const PALETTE: [(Ink, &str, &str); 9] = [
    (Ink::Text, "#1B1F23", "#E6E9EC"),
    (Ink::Grey, "#5B6570", "#A4ADB6"),
    (Ink::Hairline, "#D9DEE3", "#343A41"),
    (Ink::Rule, "#7A848E", "#8A949E"),
    (Ink::Accent, "#0072B2", "#56B4E9"),
    (Ink::Concern, "#D55E00", "#F08A3C"),
    (Ink::Band, "#DCEAF4", "#1D3443"),
    (Ink::Hatch, "#C9CFD6", "#3E464E"),
    (Ink::Paper, "#FFFFFF", "#14171A"),
];

impl Ink {
    /// The colour on white paper, as SVG writes it.
    pub fn hex(self) -> &'static str {
        PALETTE.iter().find(|(ink, ..)| *ink == self).map_or("#1B1F23", |(_, light, _)| light)
    }

    /// The same as red, green and blue. The palette is hexadecimal: tested below.
    pub fn rgb(self) -> (u8, u8, u8) {
        let digits = |at: usize| u8::from_str_radix(&self.hex()[at..at + 2], 16).unwrap_or_default();
        (digits(1), digits(3), digits(5))
    }
}

/// Style rules that repaint every chart of a page for dark paper.
///
/// Colours stay plain attributes so that a chart saved on its own is complete;
/// a page overrides them, because style rules win over attributes.
pub fn dark_rules() -> String {
    let rule = |(_, light, dark): &(Ink, &str, &str)| {
        format!("svg [fill=\"{light}\"]{{fill:{dark}}}svg [stroke=\"{light}\"]{{stroke:{dark}}}")
    };
    PALETTE.iter().map(rule).collect()
}

/// Width of a chart on a desk or on paper.
pub const WIDE: f64 = 720.0;
/// Width of the same chart on a phone.
pub const NARROW: f64 = 340.0;
/// Type size of a title.
pub const TITLE: f64 = 17.0;
/// Type size of labels.
pub const LABEL: f64 = 13.0;
/// Type size of ticks and notes.
pub const SMALL: f64 = 12.0;
/// Radius of a point.
pub const POINT: f64 = 3.5;
/// Width of an interval.
pub const INTERVAL: f64 = 1.5;
/// Margin around a chart saved on its own.
pub const MARGIN: f64 = 20.0;

#[cfg(test)]
mod tests {
    use super::{Ink, PALETTE};

    #[test]
    fn every_colour_is_read_as_written() {
        assert_eq!(Ink::Accent.rgb(), (0x00, 0x72, 0xB2));
        for (ink, light, dark) in PALETTE {
            let (red, green, blue) = ink.rgb();
            assert_eq!(format!("#{red:02X}{green:02X}{blue:02X}"), light);
            assert_eq!(dark.len(), 7);
        }
    }
}
