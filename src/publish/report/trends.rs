//! Is it changing? The state of every headline measure, and why.

mod answer;
mod standing;

use super::sections::{Material, figures};
use super::select::Query;
use super::{element, words};
use crate::estimate::result::Population;
use crate::estimate::statistics::signals::{RUN, Rule};
use crate::model::calendar::Period;
use crate::protocol::Direction;
use crate::publish::chart::control;
use crate::publish::chart::svg::escape;
use crate::publish::reading::trend::{
    self, ASSURANCE, Assurance, CENTRE, Headline, LOWER, POINTS, UPPER, VARIATION, Variation, headlines,
};
use crate::publish::results::ResultRow;

/// The section.
pub(super) fn section(material: Material<'_>) -> String {
    let rest = [
        super::contrasts::table(material),
        note(material),
        states(material),
        standing::table(material),
        figures(
            material,
            &["response_trend", "control_response", "control_pain", "control_opioids", "control_retention"],
        ),
    ];
    element::section("trend", "Is it changing over time?", &answer::answer(material), &rest.concat())
}

/// The courses of all headline measures, in report order.
fn courses(material: Material<'_>) -> Vec<Course<'_>> {
    headlines(material.context.protocol).into_iter().map(|headline| Course::of(headline, material)).collect()
}

/// What is known of one headline measure.
struct Course<'a> {
    headline: Headline<'a>,
    step: Population,
    /// Whether there are limits.
    judged: bool,
    variation: Option<&'a ResultRow>,
    material: Material<'a>,
}

impl<'a> Course<'a> {
    fn of(headline: Headline<'a>, material: Material<'a>) -> Self {
        let step = trend::step(&headline, material.released);
        let mut course = Self {
            headline,
            step: step.unwrap_or(Population::QuarterSeries),
            judged: step.is_some(),
            variation: None,
            material,
        };
        course.variation = course.rows(VARIATION).next();
        course
    }

    /// The rows of a statistic, in order of time.
    fn rows(&self, statistic: &'static str) -> impl Iterator<Item = &'a ResultRow> + use<'a> {
        let Material { released, context, .. } = self.material;
        let query = Query::rate(self.headline.measure, self.step, context);
        Query { estimand: self.headline.estimand, statistic, ..query }.rows(released)
    }

    /// The row of a statistic in the period of another row.
    fn beside(&self, row: &ResultRow, statistic: &'static str) -> Option<&'a ResultRow> {
        self.rows(statistic).find(|found| found.period_start == row.period_start)
    }

    fn state(&self) -> Option<Variation> {
        self.variation.filter(|row| row.value.is_some()).and_then(Variation::of)
    }

    /// `May 2026`, `2026 Q1`.
    fn when(&self, row: &ResultRow) -> String {
        let period = |day| if self.step == Population::Month { Period::month_of(day) } else { Period::quarter_of(day) };
        row.period_start.map_or_else(String::new, |day| words::period(period(day)))
    }

    fn cut(&self) -> &'static str {
        if self.step == Population::Month { "month" } else { "quarter" }
    }

    /// A rule that a period breaks, in words; of a run on one side also how long it
    /// is and how far from the center line, because a long run can lie close to it.
    fn rule(&self, rule: Rule, row: &ResultRow) -> String {
        match self.run_to(row).filter(|_| rule == Rule::Shift) {
            Some((long, by)) => format!(
                "{long} {}s in a row on one side of the center line, on average {} {} it",
                self.cut(),
                self.size(by),
                if by < 0.0 { "below" } else { "above" }
            ),
            None => rule.words().to_owned(),
        }
    }

    /// The run on one side of the center line that a period ends, and how far the
    /// run lies from the line on average.
    fn run_to(&self, row: &ResultRow) -> Option<(usize, f64)> {
        let until = |found: &&ResultRow| found.period_start <= row.period_start;
        let centers: Vec<&ResultRow> = self.rows(CENTRE).filter(until).collect();
        let by = |center: &&ResultRow| {
            let number = self.beside(center, self.headline.statistic)?;
            Some(number.value? - center.value?)
        };
        let apart: Vec<f64> = centers.iter().rev().map_while(by).collect();
        let first = *apart.first()?;
        let run: Vec<f64> = apart.into_iter().take_while(|apart| apart * first > 0.0).collect();
        (run.len() >= RUN).then(|| (run.len(), run.iter().sum::<f64>() / run.len() as f64))
    }

    /// `0.05 points`, `3.1 percentage points`.
    fn size(&self, by: f64) -> String {
        if self.headline.statistic == "mean" {
            format!("{:.2}\u{A0}points", by.abs())
        } else {
            format!("{:.1}\u{A0}percentage points", 100.0 * by.abs())
        }
    }

    /// What is counted, in a few words.
    fn name(&self) -> String {
        let context = self.material.context;
        let known = context.protocol.measures.iter().any(|measure| measure.id == self.headline.measure);
        let long = || words::at_start(&control::measure(&self.headline, context));
        escape(&if known { context.label(self.headline.measure) } else { long() })
    }

    /// The same inside a sentence.
    fn short(&self) -> &'static str {
        control::short(&self.headline)
    }

    fn better(&self) -> Direction {
        trend::better(self.headline.measure, self.material.context.protocol)
    }

    /// Why there is no state, in a clause.
    fn why_not(&self) -> String {
        self.variation.map_or_else(|| "no period has reached its horizon yet".to_owned(), element::number)
    }
}

/// A state as it is written; never by color alone.
struct Spoken {
    /// Points where the measure went, as on its chart.
    symbol: &'static str,
    class: &'static str,
    words: &'static str,
}

fn spoken(state: Variation, better: Direction) -> Spoken {
    let up = better == Direction::Higher;
    let triangle = |up| if up { "▲" } else { "▼" };
    match state {
        Variation::CommonCause => {
            Spoken { symbol: "●", class: "unclear", words: "common cause: chance alone can explain it" }
        }
        Variation::Improvement => {
            Spoken { symbol: triangle(up), class: "better", words: "special cause, for the better" }
        }
        Variation::Concern => Spoken { symbol: triangle(!up), class: "worse", words: "special cause, for the worse" },
        Variation::Neutral => Spoken { symbol: "◆", class: "unclear", words: "special cause" },
    }
}

/// How to read it, and every date from which limits start anew.
fn note(material: Material<'_>) -> String {
    let rebases = material.context.protocol.rebases.iter().map(|rebase| {
        let of = rebase.measure.as_ref().map_or_else(String::new, |id| format!(" of {}", material.context.label(id)));
        format!(" Limits{of} start anew on <time>{}</time>: {}.", rebase.from, escape(&rebase.reason))
    });
    format!(
        "<p class=\"note\">A period stands for the patients whose treatment began in it. Limits rest on the first 12 periods and stay, so that a change cannot hide in them; with fewer periods they are trial limits. Periods with open windows are shown and not judged. Months are used where they can be shown, else quarters. Many periods are held against several rules: of charts in which nothing changes, with 24 periods and limits from the first 12, about one in three of a mean and one in five of a share has a signal somewhere (simulated; <code>relief selftest</code> repeats it), and a run can lie close to the center line. A signal is a reason to look, not a finding.{}</p>\n",
        rebases.collect::<String>()
    )
}

/// One row for each headline measure: its newest number, limits and state.
fn states(material: Material<'_>) -> String {
    let rows: Vec<Vec<String>> =
        courses(material).iter().filter(|course| course.variation.is_some()).map(state_row).collect();
    if rows.is_empty() {
        return String::new();
    }
    let columns = [
        element::words_column("Measure"),
        element::words_column("Newest judged"),
        element::number_column("Number"),
        element::number_column("Center line"),
        element::number_column("Limits"),
        element::words_column("Variation"),
        element::words_column("Target"),
    ];
    element::table("State of the headline measures", &columns, &rows)
}

fn state_row(course: &Course<'_>) -> Vec<String> {
    let name = course.name();
    let Some(row) = course.variation.filter(|_| course.judged) else {
        let none = || "<span class=\"unknown\">none</span>".to_owned();
        return vec![name, none(), none(), none(), none(), course.why_not(), target(course)];
    };
    let line = |statistic| element::cell(course.beside(row, statistic), element::fine);
    let points = course.rows(POINTS).last();
    let trial = if points.is_some_and(|row| row.status == "warning") { " (trial)" } else { "" };
    vec![
        name,
        escape(&course.when(row)),
        element::cell(course.beside(row, course.headline.statistic), element::fine_compact),
        line(CENTRE),
        format!("{} to {}{trial}", line(LOWER), line(UPPER)),
        course.state().map_or_else(|| course.why_not(), |state| marked(state, row, course)),
        target(course),
    ]
}

fn marked(state: Variation, row: &ResultRow, course: &Course<'_>) -> String {
    let Spoken { symbol, class, words } = spoken(state, course.better());
    let words = words.split(':').next().unwrap_or(words);
    format!(
        "<span class=\"trend {class}\" data-result=\"{}\"><span aria-hidden=\"true\">{symbol}</span> {words}</span>",
        escape(&row.result_id)
    )
}

fn target(course: &Course<'_>) -> String {
    let targets = &course.material.context.protocol.targets;
    let Some(set) = targets.iter().find(|target| target.measure == course.headline.measure) else {
        return "<span class=\"unknown\">none set</span>".to_owned();
    };
    let Some(row) = course.rows(ASSURANCE).next() else {
        return "<span class=\"unknown\">cannot be judged</span>".to_owned();
    };
    let words = match Assurance::of(row) {
        Some(Assurance::Passing) => "met consistently: both limits are on its good side",
        Some(Assurance::Failing) => "missed consistently: both limits are on its bad side",
        Some(Assurance::Inconsistent) => "hit and miss: it lies between the limits",
        None => return element::number(row),
    };
    format!("{}: {words} ({})", element::number(row), escape(&set.source))
}
