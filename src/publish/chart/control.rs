//! Control charts of the headline measures: every month against its limits.
//!
//! The points come from the rows of the trend, the lines and marks from what
//! `publish::reading` found in them. An immature month is hatched and not
//! judged; a hidden one is a hollow mark at the foot, whatever it hides.

use std::collections::BTreeMap;

use super::control_plot::{Marking, Plot, Point};
use super::scale::Scale;
use super::{Drawing, ids};
use crate::estimate::result::{Maturity, Population};
use crate::estimate::statistics::signals::Rule;
use crate::model::calendar::{Day, Period};
use crate::protocol::{Direction, Role};
use crate::publish::reading::trend::{self, CENTRE, Headline, LOWER, SIGNALS, UPPER, Variation};
use crate::publish::report::select::Query;
use crate::publish::report::{Context, words};
use crate::publish::results::{Released, ResultRow};

pub(super) fn response(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    draw(Some(Role::Headline), released, context)
}

pub(super) fn pain(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    draw(Some(Role::ChangeHeadline), released, context)
}

pub(super) fn opioids(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    draw(Some(Role::OpioidHeadline), released, context)
}

pub(super) fn retention(released: &Released, context: &Context<'_>) -> Option<Drawing> {
    draw(None, released, context)
}

fn draw(role: Option<Role>, released: &Released, context: &Context<'_>) -> Option<Drawing> {
    let headline = &trend::headline(role, context.protocol)?;
    let step = trend::step(headline, released);
    let drawn = step.unwrap_or(Population::QuarterSeries);
    let series: Vec<&ResultRow> = of(headline, drawn, headline.statistic, released, context).into_values().collect();
    if series.len() < 2 {
        return None;
    }
    let better = trend::better(headline.measure, context.protocol);
    let points = points(headline, drawn, &series, better, released, context);
    let target = context.protocol.targets.iter().find(|target| target.measure == headline.measure);
    let target = target.map(|target| target.value);
    let scale = scale(&series, &points, target);
    let cut = if drawn == Population::Month { "month" } else { "quarter" };
    Some(Drawing {
        title: title(headline, drawn, released, context),
        subtitle: format!(
            "{} · by {cut} in which treatment began · {}{}",
            words::at_start(&measure(headline, context)),
            size(&series, drawn),
            limits(headline, drawn, released, context)
        ),
        method: "Limits: XmR for a mean, p or Laney p′ for a share; they rest on the first 12 periods and stay. Rules: NHS England, Making Data Count. Triangle: more than chance, pointing where it went. Hatched: windows still open, not judged. A dash at the foot: not shown.".to_owned(),
        alt: alt(&points, &series),
        rows: ids(series.iter().copied()),
        plot: Box::new(move |width| Plot { points: &points, scale: &scale, target }.scene(width)),
    })
}

/// What is drawn, in words that stand at the start or inside a sentence.
pub(crate) fn measure(headline: &Headline<'_>, context: &Context<'_>) -> String {
    match headline.role {
        None => format!("with a pain score at {}", context.horizon()),
        Some(_) => format!("{}, at {}", words::inside_sentence(&context.title(headline.measure)), context.horizon()),
    }
}

fn of<'r>(
    headline: &Headline<'_>,
    step: Population,
    statistic: &str,
    released: &'r Released,
    context: &Context<'_>,
) -> BTreeMap<Day, &'r ResultRow> {
    let query = Query::rate(headline.measure, step, context);
    let query = Query { estimand: headline.estimand, statistic, ..query };
    query.rows(released).filter_map(|row| Some((row.period_start?, row))).collect()
}

fn points(
    headline: &Headline<'_>,
    step: Population,
    series: &[&ResultRow],
    better: Direction,
    released: &Released,
    context: &Context<'_>,
) -> Vec<Point> {
    let [centre, lower, upper, signals] =
        [CENTRE, LOWER, UPPER, SIGNALS].map(|statistic| of(headline, step, statistic, released, context));
    let value = |rows: &BTreeMap<Day, &ResultRow>, day: &Day| rows.get(day).and_then(|row| row.value);
    let each = series.iter().filter_map(|row| {
        let day = row.period_start?;
        let period = cut_at(day, step);
        let signal = signals.get(&day).filter(|row| row.value.is_some_and(|rules| rules > 0.0));
        Some(Point {
            period,
            value: row.value,
            hidden: row.suppression.hides(),
            mature: row.maturity == Maturity::Mature,
            band: value(&centre, &day)
                .zip(value(&lower, &day))
                .zip(value(&upper, &day))
                .map(|((centre, low), high)| (low, centre, high)),
            marking: signal.and_then(|row| marking(row, better)),
            rules: signal.map_or_else(Vec::new, |row| Variation::rules(row).into_iter().map(Rule::words).collect()),
        })
    });
    each.collect()
}

fn marking(signal: &ResultRow, better: Direction) -> Option<Marking> {
    let higher = better == Direction::Higher;
    match Variation::of(signal)? {
        Variation::CommonCause => None,
        Variation::Improvement => Some(Marking { up: higher, concern: false }),
        Variation::Concern => Some(Marking { up: !higher, concern: true }),
        Variation::Neutral => Some(Marking { up: true, concern: false }),
    }
}

fn scale(series: &[&ResultRow], points: &[Point], target: Option<f64>) -> Scale {
    if series.iter().any(|row| row.unit == "share") {
        return Scale::share();
    }
    let bands = points.iter().filter_map(|point| point.band.map(|(low, _, high)| (low, high)));
    let values = points.iter().filter_map(|point| point.value).chain(target).map(|value| (value, value));
    Scale::points_around(bands.chain(values))
}

/// What is drawn, in a word or two inside a sentence.
pub(crate) fn short(headline: &Headline<'_>) -> &'static str {
    match headline.role {
        Some(Role::Headline) => "response",
        Some(Role::ChangeHeadline) => "pain change",
        Some(Role::OpioidHeadline) => "opioid reduction",
        _ => "follow-up",
    }
}

/// The finding: the state of the newest judged period.
fn title(headline: &Headline<'_>, step: Population, released: &Released, context: &Context<'_>) -> String {
    let variation = of(headline, step, trend::VARIATION, released, context).into_values().next();
    let name = words::at_start(short(headline));
    let Some(row) = variation.filter(|row| row.value.is_some()) else {
        return format!("{name}: whether more than chance is at work cannot be said");
    };
    let when = row.period_start.map_or_else(String::new, |day| words::period(cut_at(day, step)));
    match Variation::of(row) {
        Some(Variation::Improvement) => format!("{name}: {when} has a special cause signal, for the better"),
        Some(Variation::Concern) => format!("{name}: {when} has a special cause signal, for the worse"),
        Some(Variation::Neutral) => format!("{name}: {when} has a special cause signal"),
        _ if has_wide_limits(headline, row, step, released, context) => {
            format!("{name}: limits too wide to show a change")
        }
        _ => format!("{name}: {when} is within the usual variation"),
    }
}

/// Whether the limits of a share are more than fifty points apart where `row` is.
pub(crate) fn has_wide_limits(
    headline: &Headline<'_>,
    row: &ResultRow,
    step: Population,
    released: &Released,
    context: &Context<'_>,
) -> bool {
    let limit = |statistic| of(headline, step, statistic, released, context).get(&row.period_start?)?.value;
    let apart = limit(LOWER).zip(limit(UPPER)).map(|(low, high)| high - low);
    headline.statistic != "mean" && apart.is_some_and(|apart| apart > 0.5)
}

/// `n = 3,515 in 35 months, Jul 2023 to May 2026 (median 98 a month)`: over the
/// periods that are judged and shown.
fn size(series: &[&ResultRow], step: Population) -> String {
    let shown = series.iter().filter(|row| row.maturity == Maturity::Mature && row.value.is_some());
    let (rows, mut sizes): (Vec<&ResultRow>, Vec<u64>) =
        shown.filter_map(|row| Some((*row, row.denominator.or(row.n)?))).unzip();
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return "no period shown".to_owned() };
    let (total, many) = (sizes.iter().sum(), sizes.len());
    sizes.sort_unstable();
    // Of an even number the lower of the two in the middle: one that occurred.
    let median = sizes[(many - 1) / 2];
    let cut = if step == Population::Month { "month" } else { "quarter" };
    let period = |row: &ResultRow| row.period_start.map_or_else(String::new, |day| words::period(cut_at(day, step)));
    format!(
        "n = {} in {}, {} to {} (median {} a {cut})",
        words::count(total),
        words::plural(many, cut),
        period(first),
        period(last),
        words::count(median)
    )
}

/// The period a day lies in.
fn cut_at(day: Day, step: Population) -> Period {
    if step == Population::Month { Period::month_of(day) } else { Period::quarter_of(day) }
}

/// ` · trial limits from 11 quarters`.
fn limits(headline: &Headline<'_>, step: Population, released: &Released, context: &Context<'_>) -> String {
    let phase = of(headline, step, trend::POINTS, released, context).into_values().next_back();
    let Some((row, points)) = phase.and_then(|row| Some((row, row.value?))) else {
        return " · no limits".to_owned();
    };
    let trial = if row.status == "warning" { "trial limits" } else { "limits" };
    let cut = if step == Population::Month { "month" } else { "quarter" };
    format!(" · {trial} from {}", words::plural(points as usize, cut))
}

/// One sentence for the points that stand out, and the last three for the rest.
fn alt(points: &[Point], series: &[&ResultRow]) -> String {
    let named = |(point, row): (&Point, &&ResultRow)| {
        let number = words::compact(row).unwrap_or_else(|| words::reason(row));
        let rules = if point.rules.is_empty() { String::new() } else { format!(", {}", point.rules.join(", ")) };
        let open = if point.mature { "" } else { " (immature, not judged)" };
        format!("{}: {number}{rules}{open}.", words::period(point.period))
    };
    let last = points.len().saturating_sub(3);
    let told = points.iter().zip(series).enumerate().filter(|(at, (point, _))| point.marking.is_some() || *at >= last);
    let sentences: Vec<String> = told.map(|(_, pair)| named(pair)).collect();
    let marked = points.iter().filter(|point| point.marking.is_some()).count();
    format!("{} stand out. {}", words::plural(marked, "period"), sentences.join(" "))
}

#[cfg(test)]
mod tests {
    use super::size;
    use crate::estimate::result::{Maturity, Population};
    use crate::model::calendar::Period;
    use crate::publish::report::fixture::{hidden, rate};
    use crate::publish::results::ResultRow;

    fn month(row: ResultRow, number: u32) -> ResultRow {
        ResultRow { period_start: Some(Period::Month(2026, number).first_day()), ..row }
    }

    /// By hand: 90 + 100 + 130 + 120 = 440, the lower of the two in the middle is 100.
    #[test]
    fn the_subtitle_counts_the_months_that_are_judged_and_shown() {
        let open = ResultRow { maturity: Maturity::Immature, ..rate(5, 80) };
        let rows = [rate(50, 90), hidden("fewer than 5"), rate(50, 100), rate(50, 130), rate(50, 120), open];
        let rows: Vec<ResultRow> = rows.into_iter().zip(1..).map(|(row, number)| month(row, number)).collect();
        let text = |rows: &[ResultRow]| size(&rows.iter().collect::<Vec<_>>(), Population::Month);
        let said = "n = 440 in 4\u{A0}months, Jan\u{A0}2026 to May\u{A0}2026 (median 100 a month)";
        assert_eq!(text(&rows), said);
        assert_eq!(text(&rows[..1]), "n = 90 in 1\u{A0}month, Jan\u{A0}2026 to Jan\u{A0}2026 (median 90 a month)");
        assert_eq!(text(&rows[1..2]), "no period shown");
    }
}
