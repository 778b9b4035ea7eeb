//! Title, subtitle and footnote around a plot that stands on its own.

use super::scene::{Anchor, Scene};
use super::text::{Weight, wrap};
use super::theme::{Ink, MARGIN, SMALL, TITLE};

/// Lines of text below one another.
struct Block {
    lines: Vec<String>,
    size: f64,
    weight: Weight,
    ink: Ink,
}

impl Block {
    fn new(text: &str, room: f64, size: f64, weight: Weight, ink: Ink) -> Self {
        Self { lines: wrap(text, room, size, weight), size, weight, ink }
    }

    fn height(&self) -> f64 {
        self.lines.len() as f64 * (self.size * 1.4).round()
    }

    fn draw(self, scene: &mut Scene, mut down: f64) {
        for line in self.lines {
            down += (self.size * 1.4).round();
            let at = (MARGIN, down - self.size * 0.35);
            match self.weight {
                Weight::Bold => scene.bold(at, Anchor::Start, self.size, line),
                Weight::Regular => scene.text(at, Anchor::Start, self.size, self.ink, line),
            }
        }
    }
}

/// Sets the plot between its title and its footnote.
pub(super) fn around(plot: Scene, title: &str, subtitle: &str, footnote: &str) -> Scene {
    let room = plot.width;
    let title = Block::new(title, room, TITLE, Weight::Bold, Ink::Text);
    let subtitle = Block::new(subtitle, room, SMALL, Weight::Regular, Ink::Grey);
    let footnote = Block::new(footnote, room, SMALL, Weight::Regular, Ink::Grey);
    let subtitle_down = MARGIN + title.height();
    let plot_down = subtitle_down + subtitle.height() + 14.0;
    let footnote_down = plot_down + plot.height + 12.0;
    let mut scene = Scene::new(room + 2.0 * MARGIN, footnote_down + footnote.height() + MARGIN);
    scene.rect((0.0, 0.0), (scene.width, scene.height), Ink::Paper);
    title.draw(&mut scene, MARGIN);
    subtitle.draw(&mut scene, subtitle_down);
    scene.place(plot, MARGIN, plot_down);
    footnote.draw(&mut scene, footnote_down);
    scene
}
