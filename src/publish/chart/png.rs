//! A scene → PNG at two pixels to one, through plotters' bitmap backend.
//!
//! Shapes are plotters'; letters are placed here from the embedded font, so
//! that they stand where the SVG puts them.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::style::{Color, RGBAColor, RGBColor, ShapeStyle};

use super::scene::{At, Label, Mark, Scene};
use super::text;
use super::theme::Ink;

/// Pixels of the image to one of the scene.
const SCALE: f64 = 2.0;

/// Writes the scene on white paper.
pub(super) fn write(scene: &Scene) -> Vec<u8> {
    let (width, height) = ((scene.width * SCALE).round() as u32, (scene.height * SCALE).round() as u32);
    let mut pixels = vec![255; width as usize * height as usize * 3];
    let mut canvas = BitMapBackend::with_buffer(&mut pixels, (width, height));
    for mark in &scene.marks {
        draw(&mut canvas, mark);
    }
    drop(canvas);
    encode(&pixels, width, height)
}

/// The backend draws in memory, where nothing can fail.
const IN_MEMORY: &str = "drawing in memory never fails";

fn draw(canvas: &mut BitMapBackend<'_>, mark: &Mark) {
    match mark {
        Mark::Path { points, ink, width } => {
            let style = ShapeStyle { color: rgba(*ink), filled: false, stroke_width: (width * SCALE).round() as u32 };
            canvas.draw_path(points.iter().map(|at| pixel(*at)), &style).expect(IN_MEMORY);
        }
        Mark::Shape { points, ink } => {
            canvas.fill_polygon(points.iter().map(|at| pixel(*at)), &rgba(*ink)).expect(IN_MEMORY);
        }
        Mark::Dot { at, radius, ink, inside } => {
            let outer = ((radius + 0.75) * SCALE).round() as u32;
            let inner = ((radius - 0.75) * SCALE).round() as u32;
            canvas.draw_circle(pixel(*at), outer, &rgba(*ink), true).expect(IN_MEMORY);
            canvas.draw_circle(pixel(*at), inner, &rgba(*inside), true).expect(IN_MEMORY);
        }
        Mark::Text(label) => letters(canvas, label),
        Mark::Value { .. } => {}
    }
}

fn letters(canvas: &mut BitMapBackend<'_>, label: &Label) {
    let color = rgba(label.ink);
    let (x, y) = (label.left() * SCALE, label.at.1 * SCALE);
    for spot in text::pixels(&label.text, x, y, label.size * SCALE, label.weight) {
        let covered = color.mix(f64::from(spot.share.min(1.0)));
        canvas.draw_pixel((spot.x, spot.y), covered.to_backend_color()).expect(IN_MEMORY);
    }
}

fn pixel((x, y): At) -> (i32, i32) {
    ((x * SCALE).round() as i32, (y * SCALE).round() as i32)
}

fn rgba(ink: Ink) -> RGBAColor {
    let (red, green, blue) = ink.rgb();
    RGBColor(red, green, blue).to_rgba()
}

/// PNG, 8-bit RGB, unfiltered rows (W3C PNG, third edition).
fn encode(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, *b"IHDR", &header);
    chunk(&mut png, *b"IDAT", &deflate(pixels, width as usize * 3));
    chunk(&mut png, *b"IEND", &[]);
    png
}

/// Every row is preceded by its filter, 0 for none. Level 2 takes half the time of
/// the default and a tenth more room.
fn deflate(pixels: &[u8], row: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(2));
    for line in pixels.chunks(row) {
        encoder.write_all(&[0]).expect(IN_MEMORY);
        encoder.write_all(line).expect(IN_MEMORY);
    }
    encoder.finish().expect(IN_MEMORY)
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).expect("a chart is far smaller than 4 GiB");
    let mut sum = Crc::new();
    sum.update(&kind);
    sum.update(data);
    png.extend(length.to_be_bytes());
    png.extend(kind);
    png.extend(data);
    png.extend(sum.sum().to_be_bytes());
}
