//! What changed: the three answers over the last quarters, each as a small chart
//! with its finding.

use super::select::{self, Query};
use super::{Context, element, first_screen, words};
use crate::estimate::result::{Maturity, Population};
use crate::publish::chart::scale::Scale;
use crate::publish::chart::scene::{Anchor, Mark, Scene};
use crate::publish::chart::svg::{self, Spoken, escape};
use crate::publish::chart::theme::{INTERVAL, Ink};
use crate::publish::results::{Released, ResultRow};

/// Quarters there is room for.
const QUARTERS: usize = 8;

/// The section; empty where there is no earlier quarter to show.
pub(super) fn section(released: &Released, context: &Context<'_>) -> String {
    let rate = |measure| Query::rate(measure, Population::QuarterSeries, context);
    let change = Query::mean(context.change(), Population::QuarterSeries, context);
    let courses = [
        course("response", "Pain response", rate(context.response()), released),
        course("opioids", "Opioid reduction", rate(context.opioids()), released),
        course("change", "Pain change, points", change, released),
    ];
    let (Some(since), true) = (first_screen::since(released, context), courses.iter().any(|course| !course.is_empty()))
    else {
        return String::new();
    };
    element::section(
        "changed",
        "What changed?",
        &since,
        &format!("<div class=\"courses\">\n{}</div>\n", courses.concat()),
    )
}

/// One small chart; empty with fewer than two quarters.
fn course(id: &str, heading: &str, query: Query<'_>, released: &Released) -> String {
    let mature = |row: &&ResultRow| row.period_start.is_some() && row.maturity == Maturity::Mature;
    let mut rows: Vec<&ResultRow> = query.rows(released).filter(mature).collect();
    rows.sort_by_key(|row| row.period_start);
    if rows.len() < 2 {
        return String::new();
    }
    let finding = select::trend(&rows)
        .map_or_else(|| "Not enough quarters to speak of a trend".to_owned(), |trend| words::trend(&trend));
    let rows = &rows[rows.len().saturating_sub(QUARTERS)..];
    let one = |row: &&ResultRow| {
        let number = words::compact(row).unwrap_or_else(|| words::reason(row));
        format!("{}: {number}.", words::quarter_of(row).unwrap_or_default())
    };
    let description = rows.iter().map(one).collect::<Vec<_>>().join(" ");
    let title = format!("{heading}: {finding}");
    let spoken = Spoken { id: &format!("course-{id}"), title: &title, description: &description };
    format!(
        "<article class=\"course\"><h3>{}</h3>\n<p class=\"small\">{}</p>\n{}</article>\n",
        escape(heading),
        escape(&finding),
        svg::write(&scene(rows), spoken).replacen("<svg ", "<svg class=\"spark\" ", 1)
    )
}

const WIDTH: f64 = 320.0;
const LEFT: f64 = 46.0;
const TOP: f64 = 10.0;
const FOOT: f64 = 96.0;
const HEIGHT: f64 = 122.0;
const LETTERS: f64 = 13.0;

fn scene(rows: &[&ResultRow]) -> Scene {
    let scale = scale(rows);
    let mut scene = Scene::new(WIDTH, HEIGHT);
    let y = |value: f64| scale.place(value, FOOT, TOP);
    for (value, text) in scale.ticks.iter().step_by(2) {
        let ink = if *value == 0.0 && scale.low < 0.0 { Ink::Rule } else { Ink::Hairline };
        scene.line((LEFT, y(*value)), (WIDTH, y(*value)), ink, 1.0);
        scene.text((LEFT - 8.0, y(*value) + 4.5), Anchor::End, LETTERS, Ink::Grey, text.clone());
    }
    let step = (WIDTH - LEFT) / rows.len() as f64;
    for (at, row) in rows.iter().enumerate() {
        let x = LEFT + (at as f64 + 0.5) * step;
        let Some((value, low, high)) = select::estimate(row) else {
            // Always at the foot, so that nothing can be read from where it stands.
            scene.line((x - 3.0, FOOT - 6.0), (x + 3.0, FOOT - 6.0), Ink::Grey, INTERVAL);
            continue;
        };
        scene.line((x, y(low)), (x, y(high)), Ink::Accent, INTERVAL);
        let inside = if at + 1 == rows.len() { Ink::Accent } else { Ink::Paper };
        scene.marks.push(Mark::Dot { at: (x, y(value)), radius: 3.5, ink: Ink::Accent, inside });
    }
    for (row, x, anchor) in [(rows.first(), LEFT, Anchor::Start), (rows.last(), WIDTH, Anchor::End)] {
        let quarter = row.and_then(|row| words::quarter_of(row)).unwrap_or_default();
        scene.text((x, HEIGHT - 6.0), anchor, LETTERS, Ink::Grey, quarter);
    }
    scene
}

/// Rates from 0 to 100 %, changes with the zero in sight.
fn scale(rows: &[&ResultRow]) -> Scale {
    if rows.iter().any(|row| row.unit == "share") {
        return Scale::share();
    }
    Scale::points_around(rows.iter().filter_map(|row| row.ci_low.zip(row.ci_high)))
}

#[cfg(test)]
mod tests {
    use super::section;
    use crate::publish::report::fixture::Clinic;

    fn written(clinic: &Clinic) -> String {
        let protocol = clinic.protocol();
        section(&clinic.released(&protocol), &clinic.context(&protocol))
    }

    #[test]
    fn three_charts_say_what_changed() {
        let html = written(&Clinic::new(3));
        let [charts, spoken] = ["<article", "role=\"img\""].map(|piece| html.matches(piece).count());
        assert!(charts == spoken && charts >= 1, "{html}");
        assert!(html.contains("What changed?"), "{html}");
    }

    #[test]
    fn hidden_quarters_leave_the_same_marks_whatever_they_hide() {
        let hidden = |patients| written(&Clinic { patients, threshold: u64::MAX, ..Clinic::new(3) });
        assert_eq!(hidden(205), hidden(1_234));
    }
}
