//! Adverse events → rates per 100 infusions, and shares of patients.
//!
//! Events are hidden where they are few, and where the patients who had them
//! are few. Patients are shares of everyone treated, asked or not: patients
//! nobody asked are nearly always few, and a denominator of those asked would
//! tell how few. The populations are those of the other results by when a
//! patient's first series began, but nothing waits for a window to close:
//! `to_date` is everyone.

use super::{ALL, Inputs};
use crate::derive::safety::{ANY, EventCounts, FIRST_TERM, SERIOUS, Safety, SafetyCounts};
use crate::estimate::LEVEL;
use crate::estimate::period::{Quarters, quarter};
use crate::estimate::proportion::Ratio;
use crate::estimate::result::{
    CellKey, ConfidenceInterval, Estimand, Estimate, Maturity, Population, Relations, Statistic,
};
use crate::estimate::statistics::clustered_rate::{ClusterSums, clustered_rate};
use crate::estimate::statistics::rate::garwood;
use crate::estimate::statistics::{IntervalEstimate, Undefined};
use crate::model::calendar::{Day, Period};
use crate::protocol::{AdverseEventPack, BUILT_IN_RESULTS};

/// Patients with an event, by kind.
pub const PATIENTS: &str = "adverse_events";
/// Events per 100 infusions after which they were asked for, by kind.
pub const RATE: &str = "adverse_event_rate";
/// After how many infusions somebody asked.
pub const ASKED: &str = "adverse_events_asked";
/// Events that are in no rate.
pub const OUTSIDE: &str = "adverse_events_outside";
/// The split by kind of event; its first level is any event.
pub const KIND: &str = "event";
/// The split of serious events by term, of everyone to date at all sites: they
/// are few, and every further cut of them would be hidden.
pub const SERIOUS_TERM: &str = "serious_event";

/// Ids of the kinds of event, in the order counted.
pub fn levels(pack: &AdverseEventPack) -> Vec<&str> {
    let terms = pack.terms().iter().map(|term| term.code.as_str());
    ["any", "serious"].into_iter().chain(terms).chain(["other"]).collect()
}

/// Ids of the terms, in the order counted.
pub fn terms(pack: &AdverseEventPack) -> Vec<&str> {
    levels(pack).split_off(FIRST_TERM)
}

/// The label of a kind of event.
pub fn label<'a>(pack: &'a AdverseEventPack, level: &'a str) -> &'a str {
    match level {
        "any" => "Any adverse event",
        "serious" => "Serious adverse event",
        "other" => "Any other event",
        code => pack.terms().iter().find(|term| term.code == code).map_or(code, |term| &term.label),
    }
}

/// Everything about safety, in no particular order.
pub(super) fn estimates(inputs: &Inputs<'_>) -> Vec<Estimate> {
    let safety = &inputs.tallies.safety;
    let levels = levels(&inputs.protocol.adverse_events);
    let mut all = Vec::new();
    for population in [Population::RollingYear, Population::ToDate] {
        let Some(cohort) = Cohort::of(population, safety, inputs.quarters) else { continue };
        for site in std::iter::once(None).chain((0..inputs.tallies.sites.len()).map(Some)) {
            let code = site.map_or(ALL, |site| &inputs.tallies.sites[site]);
            let place =
                Place { cohort: &cohort, site: code, levels: &levels, measures: inputs.protocol.measures.len() };
            let counts = cohort.sum(safety, site);
            all.extend(place.estimates(&counts));
            if site.is_none() && population == Population::ToDate {
                all.extend(place.serious(&counts));
            }
        }
    }
    all
}

/// Patients by when their first series began.
struct Cohort {
    population: Population,
    quarters: Option<Vec<Period>>,
    days: Option<(Day, Day)>,
}

impl Cohort {
    fn of(population: Population, safety: &Safety, quarters: &Quarters) -> Option<Self> {
        if population == Population::ToDate {
            let known = || safety.cells.keys().filter_map(|(_, period)| *period);
            let first = known().map(Period::first_day).min();
            let last = known().map(Period::last_day).max();
            return Some(Self { population, quarters: None, days: first.zip(last) });
        }
        let year = quarters.rolling_year();
        let days = Some((year.first()?.first_day(), year.last()?.last_day()));
        Some(Self { population, quarters: Some(year), days })
    }

    fn holds(&self, period: Option<Period>) -> bool {
        let within = |wanted: &Vec<Period>| period.and_then(quarter).is_some_and(|quarter| wanted.contains(&quarter));
        self.quarters.as_ref().is_none_or(within)
    }

    fn sum(&self, safety: &Safety, site: Option<usize>) -> SafetyCounts {
        let mut total = SafetyCounts::default();
        for ((at, period), counts) in &safety.cells {
            if site.is_none_or(|site| site == *at) && self.holds(*period) {
                total += counts;
            }
        }
        total
    }
}

/// One group of patients.
struct Place<'a> {
    cohort: &'a Cohort,
    site: &'a str,
    levels: &'a [&'a str],
    /// How many measures of the packs come before.
    measures: usize,
}

impl Place<'_> {
    fn estimates(&self, counts: &SafetyCounts) -> Vec<Estimate> {
        let mut all = vec![self.asked(counts), self.outside(counts)];
        for order in 0..self.levels.len() {
            let kind = counts.kinds.get(order).copied().unwrap_or_default();
            all.push(self.patients(counts, &kind, order));
            all.push(self.rate(counts, &kind, order));
        }
        all
    }

    /// What the serious events were. Patients with a serious one of a term are
    /// among those with the term and among those with any serious one; the events
    /// add up to all that were serious.
    fn serious(&self, counts: &SafetyCounts) -> Vec<Estimate> {
        let one = |term: usize| {
            let kind = counts.serious.get(term).copied().unwrap_or_default();
            let ratio = Ratio { numerator: kind.patients, denominator: counts.patients };
            let within = |id| vec![self.key(id, Some(SERIOUS)), self.key(id, Some(FIRST_TERM + term))];
            let related = |part_of| Relations { part_of, ..Relations::default() };
            let patients = super::measures::ratio(self.serious_key(PATIENTS, term), ratio, "share", Maturity::Mature);
            let statistics = vec![count("events", kind.events)];
            let events = Estimate::new(
                self.serious_key(RATE, term),
                counts.asked,
                Some(kind.events),
                statistics,
                Maturity::Mature,
            );
            let rests_on = vec![self.serious_key(PATIENTS, term)];
            [
                patients.related(related(within(PATIENTS))),
                events.related(Relations { rests_on, ..related(vec![self.key(RATE, Some(FIRST_TERM + term))]) }),
            ]
        };
        (0..self.levels.len() - FIRST_TERM).flat_map(one).collect()
    }

    fn serious_key(&self, id: &str, term: usize) -> CellKey {
        CellKey { stratum_name: SERIOUS_TERM.to_owned(), stratum_order: term, ..self.key(id, Some(FIRST_TERM + term)) }
    }

    /// Infusions of one patient are alike, so that Wilson's interval would be too
    /// narrow for a share of infusions.
    fn asked(&self, counts: &SafetyCounts) -> Estimate {
        let share = Ratio { numerator: counts.asked, denominator: counts.infusions };
        let statistics = vec![
            count("infusions", counts.infusions),
            count("infusions_asked", counts.asked),
            Statistic { name: "infusions_asked_share", ..share.rate("share").with_interval(None) },
        ];
        Estimate::new(self.key(ASKED, None), counts.patients, None, statistics, Maturity::Mature)
    }

    fn outside(&self, counts: &SafetyCounts) -> Estimate {
        let ratio = Ratio { numerator: counts.outside_patients, denominator: counts.patients };
        let statistics = vec![ratio.rate("share"), count("events", counts.outside)];
        let with = Some(counts.outside_patients);
        Estimate::new(self.key(OUTSIDE, None), counts.patients, with, statistics, Maturity::Mature)
    }

    /// Who had any event, less those who had this one, are those who only had others.
    fn patients(&self, counts: &SafetyCounts, kind: &EventCounts, order: usize) -> Estimate {
        let ratio = Ratio { numerator: kind.patients, denominator: counts.patients };
        let part_of = if order == ANY { Vec::new() } else { vec![self.key(PATIENTS, Some(ANY))] };
        super::measures::ratio(self.key(PATIENTS, Some(order)), ratio, "share", Maturity::Mature)
            // How many were treated is missed more than who is left of them in other measures.
            .related(Relations { part_of, importance: 2, ..Relations::default() })
    }

    /// The terms exhaust the events: the last one hidden would follow from the
    /// others. Twelve events in three patients are three patients, so a rate
    /// rests on the patients.
    fn rate(&self, counts: &SafetyCounts, kind: &EventCounts, order: usize) -> Estimate {
        let at = |order: usize| self.key(RATE, Some(order));
        let relations = Relations {
            rests_on: vec![self.key(PATIENTS, Some(order))],
            sum_of: match order {
                ANY => (FIRST_TERM..self.levels.len()).map(at).collect(),
                SERIOUS => (0..self.levels.len() - FIRST_TERM).map(|term| self.serious_key(RATE, term)).collect(),
                _ => Vec::new(),
            },
            part_of: if order == SERIOUS { vec![at(ANY)] } else { Vec::new() },
            ..Relations::default()
        };
        let statistics = of_kind(counts, kind);
        Estimate::new(at(order), counts.asked, Some(kind.events), statistics, Maturity::Mature).related(relations)
    }

    fn key(&self, id: &str, level: Option<usize>) -> CellKey {
        let order = BUILT_IN_RESULTS.iter().position(|known| *known == id);
        CellKey {
            measure_order: self.measures + order.expect("built-in results are listed"),
            measure_id: id.to_owned(),
            measure_version: 1,
            population: self.cohort.population,
            period_start: self.cohort.days.map(|days| days.0),
            period_end: self.cohort.days.map(|days| days.1),
            site: self.site.to_owned(),
            condition_order: 0,
            condition: ALL.to_owned(),
            stratum_name: level.map_or(ALL, |_| KIND).to_owned(),
            stratum_order: level.unwrap_or(0),
            stratum_level: level.map_or(ALL, |level| self.levels[level]).to_owned(),
            horizon_day: 0,
            horizon: ALL.to_owned(),
            estimand: Estimand::Oc,
        }
    }
}

/// Events of one kind over infusions. Clustering makes Garwood too narrow where
/// few patients have many events, so the interval that lets them go together
/// stands beside it.
fn of_kind(counts: &SafetyCounts, kind: &EventCounts) -> Vec<Statistic> {
    let garwood = garwood(kind.events, counts.asked as f64, 100.0, LEVEL);
    // Everyone treated, whose number stands beside it: patients never asked add nothing to
    // the sums, and a factor k/(k − 1) of those asked would tell how many were not.
    let patients = if counts.asked_patients > 1 { counts.patients } else { counts.asked_patients };
    let sums = ClusterSums {
        patients,
        events: kind.events,
        exposure: counts.asked,
        events_squared: kind.squares,
        exposure_squared: counts.asked_squares,
        products: kind.products,
    };
    let infusions = Ratio { numerator: kind.infusions, denominator: counts.asked };
    vec![
        per_100("events_per_100_infusions", garwood, "garwood"),
        per_100("events_per_100_infusions_clustered", clustered_rate(&sums, 100.0, LEVEL), "patient_clustered"),
        Statistic { name: "infusions_with_event", ..infusions.rate("share").with_interval(None) },
        count("events", kind.events),
    ]
}

fn per_100(name: &'static str, rate: Result<IntervalEstimate, Undefined>, method: &'static str) -> Statistic {
    let value = rate.map(|rate| rate.estimate).map_err(|why| why.to_string());
    let interval = rate.ok().map(|rate| ConfidenceInterval { low: rate.low, high: rate.high, level: LEVEL, method });
    Statistic::new(name, "events per 100 infusions", value).with_interval(interval)
}

fn count(name: &'static str, count: u64) -> Statistic {
    let unit = if name == "events" { "events" } else { "infusions" };
    Statistic::new(name, unit, Ok(count as f64))
}

const _: () = assert!(FIRST_TERM == 2, "`levels` names two kinds before the first term");
