//! Months and quarters of the headline measures → control limits, signals, and
//! the states of NHS England's Making Data Count.
//!
//! An immature period is on the chart and never judged; a hidden one is a gap,
//! and where it is among the points the limits rest on there are no limits.

use super::{beside, hidden_beside, undefined_beside};
use crate::estimate::analysis::reported;
use crate::estimate::result::{Estimand, Maturity, Population};
use crate::estimate::statistics::control_chart::{BASELINE, Phase, individuals, proportions};
use crate::estimate::statistics::proportion_difference::Count;
use crate::estimate::statistics::signals::{Band, Rule, Way};
use crate::protocol::{Direction, Protocol, Rebase, Role};
use crate::publish::disclosure::Released;
use crate::publish::results::{Query, ResultRow};

/// A measure whose course is judged.
#[derive(Clone, Copy, Debug)]
pub struct Headline<'p> {
    /// What the measure is for; `None`: the share seen again.
    pub role: Option<Role>,
    /// Measure id.
    pub measure: &'p str,
    /// Estimand.
    pub estimand: Estimand,
    /// Statistic.
    pub statistic: &'static str,
}

/// The measures whose course is judged, in report order: those the packs give
/// a role, and how many were seen again.
pub fn headlines(protocol: &Protocol) -> Vec<Headline<'_>> {
    let with = |role| headline(role, protocol);
    [Some(Role::Headline), Some(Role::ChangeHeadline), Some(Role::OpioidHeadline), None]
        .into_iter()
        .filter_map(with)
        .collect()
}

/// The headline of a role, where the packs have one.
pub fn headline(role: Option<Role>, protocol: &Protocol) -> Option<Headline<'_>> {
    let Some(wanted) = role else {
        return Some(Headline { role, measure: "retention", estimand: Estimand::Oc, statistic: "rate" });
    };
    let measure = protocol.with_role(wanted)?;
    let statistic = if wanted == Role::ChangeHeadline { "mean" } else { "rate" };
    Some(Headline { role, measure: &measure.id, estimand: reported(measure), statistic })
}

/// The two ways to cut time; both are read, the report shows one.
pub const STEPS: [Population; 2] = [Population::Month, Population::QuarterSeries];

/// Whether the newest judged period stands out, and which way
/// (`NHSRplotthedots` `point_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variation {
    /// Nothing but chance is needed to explain it.
    CommonCause,
    /// More than chance, for the better.
    Improvement,
    /// More than chance, for the worse.
    Concern,
    /// More than chance, of a measure that has no better.
    Neutral,
}

impl Variation {
    const ALL: [Self; 4] = [Self::CommonCause, Self::Improvement, Self::Concern, Self::Neutral];

    /// The word in the `message` column.
    pub fn id(self) -> &'static str {
        match self {
            Self::CommonCause => "common_cause",
            Self::Improvement => "special_cause_improvement",
            Self::Concern => "special_cause_concern",
            Self::Neutral => "special_cause_neutral",
        }
    }

    /// The state a row tells; the rules follow after a colon.
    pub fn of(row: &ResultRow) -> Option<Self> {
        let word = row.message.as_deref()?.split(':').next()?;
        Self::ALL.into_iter().find(|state| state.id() == word)
    }

    /// The rules a row names.
    pub fn rules(row: &ResultRow) -> Vec<Rule> {
        let named = row.message.as_deref().and_then(|message| message.split_once(": ")).map_or("", |(_, rules)| rules);
        Rule::ALL.into_iter().filter(|rule| named.split(", ").any(|id| id == rule.id())).collect()
    }

    fn speaks(way: Option<Way>, better: Direction) -> Self {
        match (way, better) {
            (None, _) => Self::CommonCause,
            (Some(Way::Up), Direction::Higher) | (Some(Way::Down), Direction::Lower) => Self::Improvement,
            (Some(Way::Up), Direction::Lower) | (Some(Way::Down), Direction::Higher) => Self::Concern,
            (Some(_), Direction::Neutral) => Self::Neutral,
        }
    }
}

/// Whether the target is met by the process and not by luck
/// (`NHSRplotthedots` `ptd_calculate_assurance_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assurance {
    /// Both limits are on the good side of the target.
    Passing,
    /// Both limits are on the bad side.
    Failing,
    /// The target lies between the limits: it is met or missed by chance.
    Inconsistent,
}

impl Assurance {
    const ALL: [Self; 3] = [Self::Passing, Self::Failing, Self::Inconsistent];

    /// The word in the `message` column.
    pub fn id(self) -> &'static str {
        match self {
            Self::Passing => "consistently_passing",
            Self::Failing => "consistently_failing",
            Self::Inconsistent => "inconsistent",
        }
    }

    /// The state a row tells.
    pub fn of(row: &ResultRow) -> Option<Self> {
        let word = row.message.as_deref()?;
        Self::ALL.into_iter().find(|state| state.id() == word)
    }

    /// Where a target stands to the limits; a measure without a better has none.
    pub fn judge(target: f64, band: &Band, better: Direction) -> Option<Self> {
        let above = target > band.high;
        let below = target < band.low;
        match (better, above, below) {
            (Direction::Neutral, ..) => None,
            (_, false, false) => Some(Self::Inconsistent),
            (Direction::Higher, true, _) | (Direction::Lower, _, true) => Some(Self::Failing),
            _ => Some(Self::Passing),
        }
    }
}

/// Whether higher is better; more follow-up always is.
pub fn better(measure: &str, protocol: &Protocol) -> Direction {
    protocol.measures.iter().find(|known| known.id == measure).map_or(Direction::Higher, |known| known.better)
}

/// How time is cut in the report: months where they have limits, else quarters
/// where those do. `None`: neither has.
pub fn step(headline: &Headline<'_>, released: &Released) -> Option<Population> {
    let has_limits = |step: &Population| {
        released.of_measure(headline.measure).any(|row| row.population == *step && row.statistic == CENTRE)
    };
    STEPS.into_iter().find(has_limits)
}

/// Control limits and signals of every headline measure, by month and quarter.
pub(super) fn rows(released: &Released, protocol: &Protocol) -> Vec<ResultRow> {
    let charts = headlines(protocol).into_iter().flat_map(|headline| STEPS.map(|step| (headline, step)));
    charts.flat_map(|(headline, step)| chart(released, protocol, &headline, step)).collect()
}

fn chart(released: &Released, protocol: &Protocol, headline: &Headline<'_>, step: Population) -> Vec<ResultRow> {
    let Headline { measure, estimand, statistic, .. } = *headline;
    let query = Query::everyone(measure, step, protocol.study.primary_horizon.id, estimand, statistic);
    let series: Vec<&ResultRow> = released.series(query).filter(|row| row.period_start.is_some()).collect();
    let better = better(measure, protocol);
    let phases = phases(&series, measure, &protocol.rebases);
    let last = phases.len().saturating_sub(1);
    let mut rows = Vec::new();
    for (number, (phase, rebase)) in phases.iter().enumerate() {
        let judged = Judged::of(phase, better);
        rows.extend(judged.points());
        rows.extend(judged.baseline(*rebase));
        if number == last {
            let target = protocol.targets.iter().find(|target| target.measure == measure);
            rows.extend(judged.variation());
            rows.extend(target.and_then(|target| judged.assurance(target.value)));
        }
    }
    rows
}

/// The series cut where somebody said that limits start anew, each part with
/// the reason it begins.
fn phases<'a, 'r>(
    series: &'a [&'r ResultRow],
    measure: &str,
    rebases: &'a [Rebase],
) -> Vec<(&'a [&'r ResultRow], Option<&'a Rebase>)> {
    let mut phases = Vec::new();
    let (mut rest, mut reason) = (series, None);
    for rebase in rebases.iter().filter(|rebase| rebase.measure.as_deref().is_none_or(|named| named == measure)) {
        let before = rest.partition_point(|row| row.period_start < Some(rebase.from));
        if before > 0 && before < rest.len() {
            phases.push((&rest[..before], reason));
            (rest, reason) = (&rest[before..], Some(rebase));
        }
    }
    if !rest.is_empty() {
        phases.push((rest, reason));
    }
    phases
}

/// What is known of one period.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    /// Judged.
    Known(f64, Option<Count>),
    /// A number exists and is not shown.
    Hidden,
    /// Nobody to count, or windows still open.
    Unjudged,
}

fn seen(row: &ResultRow) -> Seen {
    if row.maturity == Maturity::Immature {
        return Seen::Unjudged;
    }
    if row.suppression.hides() {
        return Seen::Hidden;
    }
    let count = row.numerator.zip(row.denominator).map(|(events, of)| Count { events, of });
    row.value.map_or(Seen::Unjudged, |value| Seen::Known(value, count))
}

/// Why a phase has no limits.
enum NoLimits {
    /// A point they rest on is hidden.
    Hidden,
    /// They do not exist.
    Undefined(String),
}

/// One phase with its limits, or why it has none.
struct Judged<'a, 'r> {
    rows: &'a [&'r ResultRow],
    chart: Result<Phase, NoLimits>,
    better: Direction,
}

impl<'a, 'r> Judged<'a, 'r> {
    fn of(rows: &'a [&'r ResultRow], better: Direction) -> Self {
        Self { rows, chart: control_chart(rows), better }
    }

    /// The newest period whose windows have closed and that has patients.
    fn newest(&self) -> Option<usize> {
        self.rows.iter().rposition(|row| seen(row) != Seen::Unjudged)
    }

    /// Lines and signals of every period; nothing where there are no limits.
    fn points(&self) -> Vec<ResultRow> {
        let Ok(chart) = &self.chart else { return Vec::new() };
        let each = self.rows.iter().enumerate();
        each.flat_map(|(at, row)| match (seen(row), chart.bands[at]) {
            (Seen::Known(..), Some(band)) => self.point(chart, at, row, &band),
            (seen, _) => vec![ResultRow { unit: RULES.to_owned(), ..unjudged(row, seen) }],
        })
        .collect()
    }

    fn point(&self, chart: &Phase, at: usize, row: &ResultRow, band: &Band) -> Vec<ResultRow> {
        let method = Some(format!("control_limits_{}", chart.family.id()));
        let line = |(statistic, value): (&str, f64)| ResultRow {
            value: Some(value),
            ci_method: method.clone(),
            ..beside(row, statistic)
        };
        let lines = [(CENTRE, band.centre), (LOWER, band.low), (UPPER, band.high)].map(line);
        lines.into_iter().chain([self.signal(chart, at, row, SIGNALS)]).collect()
    }

    /// How many rules a point breaks; which, and whether for the better.
    fn signal(&self, chart: &Phase, at: usize, row: &ResultRow, statistic: &str) -> ResultRow {
        let rules = chart.signals.rules_at(at);
        let state = Variation::speaks(chart.signals.way_at(at), self.better);
        let names: Vec<&str> = rules.iter().map(|rule: &Rule| rule.id()).collect();
        let message =
            if rules.is_empty() { state.id().to_owned() } else { format!("{}: {}", state.id(), names.join(", ")) };
        ResultRow {
            value: Some(f64::from(u8::try_from(rules.len()).expect("there are four rules"))),
            unit: RULES.to_owned(),
            message: Some(message),
            ..beside(row, statistic)
        }
    }

    /// How many points the limits rest on, and why the phase begins where it does.
    fn baseline(&self, rebase: Option<&Rebase>) -> Option<ResultRow> {
        let base = self.rows.last()?;
        let since = rebase.map(|rebase| format!("limits start anew on {}: {}", rebase.from, rebase.reason));
        let row = match &self.chart {
            Err(NoLimits::Hidden) => hidden_beside(base, POINTS),
            Err(NoLimits::Undefined(why)) => undefined_beside(base, POINTS, why.as_str()),
            Ok(chart) => {
                let trial = chart.is_trial().then(|| format!("trial limits: fewer than {BASELINE} periods"));
                let message: Vec<String> = trial.into_iter().chain(since).collect();
                ResultRow {
                    value: Some(f64::from(u8::try_from(chart.baseline).expect("at most twelve"))),
                    status: if chart.is_trial() { "warning" } else { "ok" },
                    message: (!message.is_empty()).then(|| message.join("; ")),
                    ..beside(base, POINTS)
                }
            }
        };
        Some(ResultRow { unit: "periods".to_owned(), n: None, ..row })
    }

    /// The state of the newest judged period.
    fn variation(&self) -> Option<ResultRow> {
        let at = self.newest()?;
        let row = self.rows[at];
        let found = match &self.chart {
            Ok(_) if seen(row) == Seen::Hidden => hidden_beside(row, VARIATION),
            Ok(chart) => self.signal(chart, at, row, VARIATION),
            Err(NoLimits::Hidden) => hidden_beside(row, VARIATION),
            Err(NoLimits::Undefined(why)) => undefined_beside(row, VARIATION, why.as_str()),
        };
        Some(ResultRow { unit: RULES.to_owned(), ..found })
    }

    /// Where the target stands to the newest limits.
    fn assurance(&self, target: f64) -> Option<ResultRow> {
        let row = self.rows[self.newest()?];
        let band = self.chart.as_ref().ok().and_then(|chart| chart.bands.iter().rev().copied().flatten().next());
        let Some(state) = band.and_then(|band| Assurance::judge(target, &band, self.better)) else {
            return Some(undefined_beside(row, ASSURANCE, "there are no limits to hold the target against"));
        };
        Some(ResultRow { value: Some(target), message: Some(state.id().to_owned()), ..beside(row, ASSURANCE) })
    }
}

/// The signals of a period that is not judged.
fn unjudged(row: &ResultRow, seen: Seen) -> ResultRow {
    match seen {
        Seen::Hidden => hidden_beside(row, SIGNALS),
        _ if row.maturity == Maturity::Immature => undefined_beside(row, SIGNALS, IMMATURE),
        _ => undefined_beside(row, SIGNALS, row.reason.as_deref().unwrap_or("no patients")),
    }
}

const RULES: &str = "rules";

/// The centre line at a period.
pub const CENTRE: &str = "control_centre";
/// The lower control limit at a period.
pub const LOWER: &str = "control_lower";
/// The upper control limit at a period.
pub const UPPER: &str = "control_upper";
/// How many rules a period breaks.
pub const SIGNALS: &str = "control_signals";
/// How many periods the limits rest on.
pub const POINTS: &str = "control_baseline";
/// The state of the newest judged period.
pub const VARIATION: &str = "variation";
/// The state of the target.
pub const ASSURANCE: &str = "assurance";

const IMMATURE: &str = "not judged: follow-up windows are still open";

fn control_chart(rows: &[&ResultRow]) -> Result<Phase, NoLimits> {
    let seen: Vec<Seen> = rows.iter().map(|row| seen(row)).collect();
    let judged = seen.iter().filter(|seen| **seen != Seen::Unjudged);
    if judged.take(BASELINE).any(|seen| *seen == Seen::Hidden) {
        return Err(NoLimits::Hidden);
    }
    let known =
        seen.iter().map(|seen| if let Seen::Known(value, count) = seen { Some((*value, *count)) } else { None });
    let is_share = rows.iter().any(|row| row.numerator.is_some());
    let chart = if is_share {
        proportions(&known.map(|known| known.and_then(|(_, count)| count)).collect::<Vec<_>>())
    } else {
        individuals(&known.map(|known| known.map(|(value, _)| value)).collect::<Vec<_>>())
    };
    chart.map_err(|why| NoLimits::Undefined(why.to_string()))
}
