//! What is on a chart, before it is SVG or PNG: a list of marks in pixels.
//!
//! plotters' own text differs between its two backends (baselines move by
//! several pixels, bearings are dropped), so a chart is laid out once, here,
//! and both writers only place what they are given.

use super::text::{Weight, width};
use super::theme::Ink;

/// A place on the canvas, in pixels from the upper left corner.
pub type At = (f64, f64);

/// Which part of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// A text on one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Anchor and baseline.
    pub at: At,
    /// Which part stands at `at`.
    pub anchor: Anchor,
    /// Pixels to the em.
    pub size: f64,
    /// Weight.
    pub weight: Weight,
    /// Colour.
    pub ink: Ink,
    /// The text.
    pub text: String,
}

impl Label {
    /// Left end in pixels.
    pub fn left(&self) -> f64 {
        let width = width(&self.text, self.size, self.weight);
        match self.anchor {
            Anchor::Start => self.at.0,
            Anchor::Middle => self.at.0 - width / 2.0,
            Anchor::End => self.at.0 - width,
        }
    }

    /// Right end in pixels.
    pub fn right(&self) -> f64 {
        self.left() + width(&self.text, self.size, self.weight)
    }
}

/// One mark.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// Straight lines through the points.
    Path {
        /// The points in order.
        points: Vec<At>,
        /// Colour.
        ink: Ink,
        /// Width.
        width: f64,
    },
    /// A filled shape.
    Shape {
        /// Its corners in order.
        points: Vec<At>,
        /// Colour.
        ink: Ink,
    },
    /// A point, filled or with paper inside.
    Dot {
        /// Center.
        at: At,
        /// Radius.
        radius: f64,
        /// Colour.
        ink: Ink,
        /// Colour inside.
        inside: Ink,
    },
    /// A text.
    Text(Label),
    /// Where a row of the chart is drawn: nothing to see, but a page can say
    /// its numbers there.
    Value {
        /// Its place.
        at: At,
        /// Position of the row among the chart's.
        row: usize,
    },
}

/// A chart's marks, later ones on top.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Width of the canvas.
    pub width: f64,
    /// Height of the canvas.
    pub height: f64,
    /// The marks.
    pub marks: Vec<Mark>,
}

impl Scene {
    /// An empty canvas.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, marks: Vec::new() }
    }

    /// A straight line.
    pub fn line(&mut self, from: At, to: At, ink: Ink, width: f64) {
        self.marks.push(Mark::Path { points: vec![from, to], ink, width });
    }

    /// A straight line of dashes.
    pub fn dashes(&mut self, from: At, to: At, ink: Ink) {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let place = |along: f64| (from.0 + (to.0 - from.0) * along / length, from.1 + (to.1 - from.1) * along / length);
        let mut along = 0.0;
        while along < length {
            self.line(place(along), place((along + 3.0).min(length)), ink, 1.0);
            along += 6.0;
        }
    }

    /// A filled rectangle.
    pub fn rect(&mut self, upper_left: At, lower_right: At, ink: Ink) {
        let ((x0, y0), (x1, y1)) = (upper_left, lower_right);
        self.marks.push(Mark::Shape { points: vec![(x0, y0), (x1, y0), (x1, y1), (x0, y1)], ink });
    }

    /// A regular text.
    pub fn text(&mut self, at: At, anchor: Anchor, size: f64, ink: Ink, text: impl Into<String>) {
        let label = Label { at, anchor, size, weight: Weight::Regular, ink, text: text.into() };
        self.marks.push(Mark::Text(label));
    }

    /// A bold text.
    pub fn bold(&mut self, at: At, anchor: Anchor, size: f64, text: impl Into<String>) {
        let label = Label { at, anchor, size, weight: Weight::Bold, ink: Ink::Text, text: text.into() };
        self.marks.push(Mark::Text(label));
    }

    /// Puts what there is to see of `other` on this canvas, moved right and down.
    pub fn place(&mut self, other: Self, right: f64, down: f64) {
        let seen = other.marks.into_iter().filter(|mark| !matches!(mark, Mark::Value { .. }));
        self.marks.extend(seen.map(|mark| mark.moved(right, down)));
    }

    /// Puts `other` below what there is, its rows counted from `first_row`.
    pub fn add_below(&mut self, other: Self, first_row: usize, gap: f64) {
        let down = if self.marks.is_empty() { 0.0 } else { self.height + gap };
        self.height = down + other.height;
        self.marks.extend(other.marks.into_iter().map(|mark| match mark.moved(0.0, down) {
            Mark::Value { at, row } => Mark::Value { at, row: row + first_row },
            mark => mark,
        }));
    }

    /// Where row `row` of the chart is drawn.
    pub fn value(&mut self, at: At, row: usize) {
        self.marks.push(Mark::Value { at, row });
    }

    /// Its texts.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        self.marks.iter().filter_map(|mark| if let Mark::Text(label) = mark { Some(label) } else { None })
    }
}

impl Mark {
    fn moved(self, right: f64, down: f64) -> Self {
        let shift = |(x, y): At| (x + right, y + down);
        match self {
            Self::Path { points, ink, width } => {
                Self::Path { points: points.into_iter().map(shift).collect(), ink, width }
            }
            Self::Shape { points, ink } => Self::Shape { points: points.into_iter().map(shift).collect(), ink },
            Self::Dot { at, radius, ink, inside } => Self::Dot { at: shift(at), radius, ink, inside },
            Self::Text(label) => Self::Text(Label { at: shift(label.at), ..label }),
            Self::Value { at, row } => Self::Value { at: shift(at), row },
        }
    }
}
