//! The gallery: clinics of every shape, checked for text that leaves the canvas.

use super::scene::{Mark, Scene};
use super::{CHARTS, Drawing, Kind, charts, theme};
use crate::publish::report::Context;
use crate::publish::report::fixture::Clinic;
use crate::publish::results::Released;

fn gallery() -> Vec<(&'static str, Clinic)> {
    let long = |count: usize| {
        let name = |index: usize| {
            (
                format!("c{index}"),
                format!("A condition whose name is far longer than any column could ever hold, number {index}"),
            )
        };
        (0..count).map(name).collect::<Vec<_>>()
    };
    vec![
        ("one", Clinic::new(1)),
        ("three", Clinic::new(3)),
        ("25", Clinic::new(25)),
        ("25 long", Clinic { conditions: long(25), ..Clinic::new(0) }),
        ("all hidden", Clinic { threshold: u64::MAX, ..Clinic::new(12) }),
        ("tiny", Clinic { patients: 4, ..Clinic::new(3) }),
        ("one site", Clinic { sites: vec!["only".to_owned()], ..Clinic::new(3) }),
        ("twelve sites", Clinic { sites: (1..=12).map(|site| format!("site-{site:02}")).collect(), ..Clinic::new(3) }),
        ("large", Clinic { patients: 123_456, ..Clinic::new(12) }),
        (
            "markup",
            Clinic { conditions: vec![("x".to_owned(), "<script>alert(1)</script>".to_owned())], ..Clinic::new(0) },
        ),
    ]
}

/// Every fixture has rows for every chart, but one site has no funnel.
fn drawn(kind: &Kind, released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let drawing = (kind.draw)(released, context);
    assert!(drawing.is_some() || (kind.id == "site_funnel" && context.sites.len() == 1), "{}", kind.id);
    drawing
}

#[test]
fn no_text_leaves_the_canvas() {
    for (name, clinic) in gallery() {
        let protocol = clinic.protocol();
        let (context, released) = (clinic.context(&protocol), clinic.released(&protocol));
        for kind in CHARTS {
            let Some(drawing) = drawn(kind, &released, &context) else { continue };
            for width in [theme::WIDE, theme::NARROW] {
                let scene = (drawing.plot)(width);
                for label in scene.labels() {
                    let place = format!("{name}: {} at {width}: {label:?} to {}", kind.id, label.right());
                    assert!(label.left() >= -0.5 && label.right() <= scene.width + 0.5, "{place}");
                    assert!(label.at.1 >= label.size * 0.7 && label.at.1 <= scene.height, "{place}");
                }
            }
        }
    }
}

#[test]
fn no_two_texts_overlap() {
    for (name, clinic) in gallery() {
        let protocol = clinic.protocol();
        let (context, released) = (clinic.context(&protocol), clinic.released(&protocol));
        for kind in CHARTS {
            let Some(drawing) = drawn(kind, &released, &context) else { continue };
            for width in [theme::WIDE, theme::NARROW] {
                let scene = (drawing.plot)(width);
                let labels: Vec<_> = scene.labels().filter(|label| !label.text.is_empty()).collect();
                for (index, one) in labels.iter().enumerate() {
                    for other in &labels[index + 1..] {
                        let apart = (one.at.1 - other.at.1).abs() >= 11.0
                            || one.right() <= other.left() + 0.5
                            || other.right() <= one.left() + 0.5;
                        assert!(apart, "{name}: {} at {width}: {:?} and {:?}", kind.id, one.text, other.text);
                    }
                }
            }
        }
    }
}

/// Whoever points at a number, or steps through the chart with the arrow keys,
/// is told it where it is drawn; a hidden number has no place.
#[test]
fn every_number_shown_has_its_place() {
    for (name, clinic) in gallery() {
        let protocol = clinic.protocol();
        let (context, released) = (clinic.context(&protocol), clinic.released(&protocol));
        for kind in CHARTS {
            let Some(drawing) = drawn(kind, &released, &context) else { continue };
            let is_shown = |row: &usize| {
                let row = drawing.rows.get(*row).and_then(|id| released.by_id(id));
                row.expect("a chart's rows are of the release").value.is_some()
            };
            let shown: Vec<usize> = (0..drawing.rows.len()).filter(is_shown).collect();
            assert_eq!(places(&(drawing.plot)(theme::WIDE)), shown, "{name}: {} on a page", kind.id);
            let narrow = places(&(drawing.plot)(theme::NARROW));
            let told = narrow.iter().all(|row| shown.contains(row)) && narrow.is_empty() == shown.is_empty();
            assert!(told, "{name}: {} on a phone: {narrow:?} of {shown:?}", kind.id);
        }
    }
}

/// The rows a scene has places for, in order; one that has two stands twice.
fn places(scene: &Scene) -> Vec<usize> {
    let mut rows: Vec<usize> = scene
        .marks
        .iter()
        .filter_map(|mark| if let Mark::Value { row, .. } = mark { Some(*row) } else { None })
        .collect();
    rows.sort_unstable();
    rows
}

/// Every chart of the gallery as pictures, to be looked at: set `GALLERY` to a
/// folder.
#[test]
fn the_gallery_can_be_looked_at() {
    let folder = std::env::var_os("GALLERY").map(std::path::PathBuf::from);
    for (name, clinic) in gallery() {
        let protocol = clinic.protocol();
        let (context, released) = (clinic.context(&protocol), clinic.released(&protocol));
        for chart in charts(&released, &context) {
            assert!(chart.wide.ends_with("</svg>\n") && chart.narrow.ends_with("</svg>\n"));
            let Some(folder) = &folder else { continue };
            let write = |form: &str, svg: &str| {
                let path = folder.join(format!("{} {name} {form}.svg", chart.id));
                std::fs::write(path, svg).expect("the folder of the gallery can be written to");
            };
            write("wide", &chart.svg);
            write("narrow", &chart.narrow);
        }
    }
}

#[test]
fn a_chart_is_the_same_twice_and_well_formed() {
    let clinic = Clinic::new(3);
    let protocol = clinic.protocol();
    let (context, released) = (clinic.context(&protocol), clinic.released(&protocol));
    let (once, again) = (charts(&released, &context), charts(&released, &context));
    assert_eq!(once.len(), CHARTS.len());
    for (one, other) in once.iter().zip(&again) {
        assert_eq!((&one.svg, one.png()), (&other.svg, other.png()));
        assert!(one.png().starts_with(b"\x89PNG") && one.svg.ends_with("</svg>\n"));
        assert!(!one.rows.is_empty() && !one.alt.is_empty());
    }
}

/// A hidden cell draws the same marks whatever it hides.
#[test]
fn hidden_cells_leave_no_mark() {
    let drawn = |patients: u64| {
        let clinic = Clinic { patients, threshold: u64::MAX, ..Clinic::new(4) };
        let protocol = clinic.protocol();
        let (context, released) = (clinic.context(&protocol), clinic.released(&protocol));
        charts(&released, &context).into_iter().map(|chart| (chart.svg, chart.wide, chart.narrow)).collect::<Vec<_>>()
    };
    assert_eq!(drawn(205), drawn(1_234));
}
