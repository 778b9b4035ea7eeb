//! How long relief lasts: counts by step, and the curves drawn from them.
//!
//! Two definitions stand side by side. Relief is *lost* when pain is back within
//! 30 % of the baseline, whatever was infused in between. What came *first*, the
//! loss or another infusion, is the stricter question; the infusion competes
//! with the loss, because whoever is treated again was not left to lose it.
//!
//! A curve is computed from the counts that may be shown and from nothing else:
//! where a count is hidden, its step is joined to the next, so that a curve of
//! few patients is coarse and not a list of them.

use super::{ALL, Inputs};
use crate::derive::durability::{ReliefCounts, STEPS};
use crate::estimate::LEVEL;
use crate::estimate::cohort::Place;
use crate::estimate::result::{
    CellKey, ConfidenceInterval, Derivation, Estimand, Estimate, Finding, Maturity, Output, Population, Relations,
    Statistic,
};
use crate::estimate::statistics::Undefined;
use crate::estimate::statistics::kaplan_meier::{Curve, Step, kaplan_meier};
use crate::estimate::statistics::lifetimes::{Lifetimes, TimePoint};

/// Name of the split: at most so many weeks since relief began.
pub const WEEKS: &str = "weeks_since_relief";
/// A curve over fewer at risk says nothing (definitions, statistics.md §8).
const FEWEST_AT_RISK: u64 = 10;

/// One definition of the end of relief.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// The curve.
    pub curve: &'static str,
    /// Whose relief had ended, or who was last seen well, by a step.
    ended: &'static str,
    /// The ways it ended, by a step; the last is "last seen well".
    ways: &'static [&'static str],
    /// Whether it is split by condition.
    split: bool,
    counts: fn(&ReliefCounts, usize) -> Vec<u64>,
    statistics: &'static [(&'static str, &'static str)],
}

/// The definitions, in report order.
pub const DEFINITIONS: [Definition; 2] = [
    Definition {
        curve: "relief_curve",
        ended: "relief_ended",
        ways: &["relief_lost", "relief_last_seen"],
        split: true,
        counts: |counts, step| counts.lost[step].to_vec(),
        statistics: &[("survival", "share"), ("at_risk", "patients"), ("incidence_lost", "share")],
    },
    Definition {
        curve: "relief_first_curve",
        ended: "relief_first_ended",
        ways: &["relief_first_lost", "relief_first_retreated", "relief_first_last_seen"],
        split: false,
        counts: |counts, step| counts.first[step].to_vec(),
        statistics: &[
            ("survival", "share"),
            ("at_risk", "patients"),
            ("incidence_lost", "share"),
            ("incidence_retreated", "share"),
        ],
    },
];

const MEDIAN: &[(&str, &str)] = &[("median", "weeks"), ("median_low", "weeks"), ("median_high", "weeks")];

/// Weeks since relief began at the end of each step, from 0.
pub fn weeks() -> impl Iterator<Item = i32> {
    std::iter::once(0).chain(STEPS.iter().map(|days| days / 7))
}

/// The counts of every curve.
pub(super) fn estimates(inputs: &Inputs<'_>) -> Vec<Estimate> {
    let mut all = Vec::new();
    for_each_curve(inputs, |keys, definition, place| {
        let counts = sum(inputs, place);
        if counts.patients > 0 || place.condition.is_none() {
            all.extend(of_curve(&keys, definition, &counts));
        }
    });
    all
}

/// The curves, computed from the counts that may be shown.
pub(super) fn derivations(inputs: &Inputs<'_>, estimates: &[Estimate]) -> Vec<Derivation> {
    let mut all = Vec::new();
    for_each_curve(inputs, |keys, definition, _| {
        let first = keys.at(definition.ended, 0);
        if estimates.binary_search_by(|estimate| estimate.key.cmp(&first)).is_ok() {
            all.push(derivation(&keys, definition));
        }
    });
    all
}

fn for_each_curve(inputs: &Inputs<'_>, mut visit: impl FnMut(Keys, &'static Definition, &Place<'_>)) {
    let horizon = inputs.protocol.study.primary_horizon;
    for cohort in inputs.cohorts().iter().filter(|cohort| cohort.population == Population::ToDate) {
        for definition in &DEFINITIONS {
            let conditions = if definition.split { inputs.protocol.conditions.conditions().len() } else { 0 };
            for condition in std::iter::once(None).chain((0..conditions).map(Some)) {
                let place = Place { cohort, maturity: Maturity::Mature, site: None, condition, horizon };
                visit(Keys::of(inputs, &place, definition), definition, &place);
            }
        }
    }
}

fn sum(inputs: &Inputs<'_>, place: &Place<'_>) -> ReliefCounts {
    let mut total = ReliefCounts::default();
    for (&(period, _, condition), counts) in &inputs.tallies.durability.cells {
        if place.cohort.holds(period, inputs.quarters) && place.condition.is_none_or(|wanted| wanted == condition) {
            total += counts;
        }
    }
    total
}

/// Keys of one curve.
struct Keys {
    /// Every id of the definition with its key at no level.
    bare: Vec<CellKey>,
}

impl Keys {
    fn of(inputs: &Inputs<'_>, place: &Place<'_>, definition: &Definition) -> Self {
        let ids = definition.ways.iter().copied().chain([definition.ended, definition.curve]);
        let key =
            |id| CellKey { horizon_day: 0, horizon: ALL.to_owned(), ..inputs.built_in_key(place, id, 1, Estimand::Oc) };
        Self { bare: ids.map(key).collect() }
    }

    fn at(&self, id: &str, step: usize) -> CellKey {
        let bare = self.bare.iter().find(|key| key.measure_id == id).expect("an id of the definition");
        let weeks = weeks().nth(step).expect("a step");
        CellKey {
            stratum_name: WEEKS.to_owned(),
            stratum_order: step,
            stratum_level: weeks.to_string(),
            ..bare.clone()
        }
    }

    fn whole(&self, id: &str) -> CellKey {
        self.bare.iter().find(|key| key.measure_id == id).expect("an id of the definition").clone()
    }
}

/// For each step the people whose relief had ended by then, and by which way.
fn of_curve(keys: &Keys, definition: &Definition, counts: &ReliefCounts) -> Vec<Estimate> {
    let mut so_far = vec![0_u64; definition.ways.len()];
    let mut all = Vec::new();
    for step in 0..=STEPS.len() {
        so_far.iter_mut().zip((definition.counts)(counts, step)).for_each(|(sum, more)| *sum += more);
        let cell = |id: &str, count: u64| {
            let statistic = Statistic::new("count", "patients", Ok(count as f64));
            Estimate::new(keys.at(id, step), counts.patients, Some(count), vec![statistic], Maturity::Mature)
        };
        all.extend(definition.ways.iter().zip(&so_far).map(|(id, &count)| cell(id, count)));
        let sum_of = definition.ways.iter().map(|id| keys.at(id, step)).collect();
        let ended = cell(definition.ended, so_far.iter().sum());
        all.push(ended.related(Relations { sum_of, ..Relations::default() }));
    }
    all
}

/// Inputs step by step: everyone whose relief had ended, then the ways but the
/// last, which is the rest.
fn derivation(keys: &Keys, definition: &'static Definition) -> Derivation {
    let events = &definition.ways[..definition.ways.len() - 1];
    let stride = 1 + events.len();
    let of_step = |step: usize| {
        std::iter::once(&definition.ended).chain(events).map(move |id| keys.at(id, step)).collect::<Vec<_>>()
    };
    let output = |step: usize| Output {
        key: keys.at(definition.curve, step),
        needs: (step * stride..(step + 1) * stride).collect(),
        statistics: definition.statistics,
        maturity: Maturity::Mature,
    };
    let median =
        Output { key: keys.whole(definition.curve), needs: Vec::new(), statistics: MEDIAN, maturity: Maturity::Mature };
    Derivation {
        inputs: (0..=STEPS.len()).flat_map(of_step).collect(),
        outputs: (0..=STEPS.len()).map(output).chain([median]).collect(),
        compute: Box::new(move |inputs| compute(inputs, stride, definition)),
    }
}

/// What is known at the end of one shown step.
struct Known {
    step: usize,
    /// Ended, and by which way.
    counts: Vec<u64>,
}

fn compute(inputs: &[Option<&Estimate>], stride: usize, definition: &Definition) -> Vec<Finding> {
    let n = inputs.iter().flatten().map(|estimate| estimate.n).next().unwrap_or_default();
    let known: Vec<Known> = inputs
        .chunks(stride)
        .enumerate()
        .filter_map(|(step, inputs)| {
            let counts: Option<Vec<u64>> = inputs.iter().map(|input| input.and_then(|input| input.numerator)).collect();
            Some(Known { step, counts: counts? })
        })
        .collect();
    let curve = curve(&known, n);
    let incidence = incidence(&known, n, stride - 1);
    let mut findings: Vec<Finding> = (0..=STEPS.len())
        .map(|step| {
            let at = known.iter().position(|known| known.step == step);
            Finding { n, statistics: at_step(at, &curve, &known, &incidence, definition) }
        })
        .collect();
    findings.push(Finding { n, statistics: median(&curve) });
    findings
}

/// Events of a step stand at its end, those last seen well in it leave after
/// them; whoever is left after the last shown step was still well then.
fn curve(known: &[Known], n: u64) -> Result<Curve, Undefined> {
    let mut before = (0, 0);
    let mut points: Vec<TimePoint> = Vec::new();
    for Known { step, counts } in known {
        let (ended, events) = (counts[0], counts[1..].iter().sum::<u64>());
        let (left, lost) = (ended - before.0, events - before.1);
        points.push(TimePoint { time: time(*step), events: lost, censored: left - lost });
        before = (ended, events);
    }
    if let Some(last) = points.last_mut() {
        last.censored += n - before.0;
    }
    kaplan_meier(&Lifetimes::from_tally(points)?, LEVEL)
}

fn time(step: usize) -> f64 {
    f64::from(weeks().nth(step).expect("a step"))
}

/// Aalen–Johansen: at each shown step and for each way, the sum over steps of
/// the share still well before it times events by those at risk
/// (doi:10.2307/4615704).
fn incidence(known: &[Known], n: u64, ways: usize) -> Vec<Vec<f64>> {
    let (mut well, mut sums) = (1.0, vec![0.0; ways]);
    let mut before = vec![0; ways + 1];
    let mut all = Vec::new();
    for Known { counts, .. } in known {
        let at_risk = n - before[0];
        let events: Vec<u64> = (1..=ways).map(|way| counts[way] - before[way]).collect();
        if at_risk > 0 {
            let share = |events: u64| events as f64 / at_risk as f64;
            sums.iter_mut().zip(&events).for_each(|(sum, &events)| *sum += well * share(events));
            well *= 1.0 - share(events.iter().sum());
        }
        before.clone_from(counts);
        all.push(sums.clone());
    }
    all
}

fn at_step(
    at: Option<usize>,
    curve: &Result<Curve, Undefined>,
    known: &[Known],
    incidence: &[Vec<f64>],
    definition: &Definition,
) -> Vec<Statistic> {
    let unknown = |why: String| -> Vec<Statistic> {
        let names = definition.statistics.iter();
        names.map(|(name, unit)| Statistic::new(name, unit, Err(why.clone()))).collect()
    };
    let Some(at) = at else { return unknown("not shown".to_owned()) };
    let time = time(known[at].step);
    let step = match curve {
        Ok(curve) => curve.steps.iter().find(|step| step.time.total_cmp(&time).is_eq()).copied(),
        Err(why) => return unknown(why.to_string()),
    };
    let Some(step) = step else { return unknown("nobody is at risk".to_owned()) };
    if step.at_risk < FEWEST_AT_RISK {
        return unknown("fewer than 10 are still at risk".to_owned());
    }
    let mut all = vec![survival(&step), Statistic::new("at_risk", "patients", Ok(step.at_risk as f64))];
    let ways = definition.statistics[2..].iter().zip(&incidence[at]);
    all.extend(ways.map(|((name, unit), &value)| Statistic::new(name, unit, Ok(value))));
    all
}

fn survival(step: &Step) -> Statistic {
    let interval = step.limits.ok().map(|limits| ConfidenceInterval {
        low: limits.low,
        high: limits.high,
        level: LEVEL,
        method: "greenwood_log_log",
    });
    Statistic::new("survival", "share", Ok(step.survival)).with_interval(interval)
}

fn median(curve: &Result<Curve, Undefined>) -> Vec<Statistic> {
    let value = |take: fn(&Curve) -> Result<f64, Undefined>| {
        curve.as_ref().map_err(|why| *why).and_then(take).map_err(|why| why.to_string())
    };
    let values = [value(|curve| curve.median), value(|curve| curve.median_low), value(|curve| curve.median_high)];
    MEDIAN.iter().zip(values).map(|((name, unit), value)| Statistic::new(name, unit, value)).collect()
}
