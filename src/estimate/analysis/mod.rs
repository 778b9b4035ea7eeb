//! Analyses: each is one question, one file, one line in `ANALYSES`, and turns
//! the run's tallies into estimates.
//!
//! A result that is no measure of a pack has its id in
//! `protocol::BUILT_IN_RESULTS`, which is also the order it is reported in.

pub mod benzodiazepines;
pub mod completeness;
mod conditions;
mod contrast;
pub mod data_quality;
pub mod durability;
mod estimands;
pub mod factor_sets;
mod measures;
pub mod opioid_doses;
mod pooled;
pub mod reliability;
pub mod safety;
mod screen;
pub mod status;
pub mod strata;
mod tipping;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::cohort::{Cohort, Cube, Place, cohorts, counted};
use super::period::Quarters;
use super::result::{CellKey, Derivation, Estimand, Estimate, Maturity};
use super::tally::{Tallies, Tally};
use crate::model::calendar::Period;
use crate::model::horizon::HORIZONS;
use crate::protocol::{BUILT_IN_RESULTS, Measure, MeasureKind, Protocol};

/// The margin of site, condition and stratum.
pub const ALL: &str = "all";

/// Name and level of the split that differences to the quarter before stand under.
pub const CONTRAST: (&str, &str) = ("contrast", "quarter_before");

/// Name and level of the split that tests over all conditions stand under.
pub const SCREEN: (&str, &str) = ("screen", "conditions");

/// The split by pain class, a sum of conditions.
pub const PAIN_CLASS: &str = "pain_class";

/// The split by report group, a sum of conditions.
pub const GROUP: &str = "condition_group";

/// Name and level of the split under which a condition holds everyone who has it.
pub const ANY_VIEW: (&str, &str) = ("condition_view", "any");

/// With fewer of the patients due seen than this nothing is compared
/// (definitions, measures.md §2; product decision).
pub const NOT_INTERPRETABLE: f64 = 0.60;

/// Whether fewer of the patients due were seen than that: seen ÷ due < 3 ÷ 5, in
/// whole numbers.
pub fn too_few_seen(seen: u64, due: u64) -> bool {
    5 * u128::from(seen) < 3 * u128::from(due)
}

/// The way of counting a measure is reported by first: missing as no (NRI), unless
/// its definition counts only those whose outcome can be observed.
pub fn reported(measure: &Measure) -> Estimand {
    let observed = measure.among_observed || measure.kind != MeasureKind::Proportion;
    if observed { Estimand::Oc } else { Estimand::Nri }
}

/// The way of counting that stands beside it and tells how many were lost.
pub fn beside(measure: &Measure) -> Estimand {
    match (measure.kind, reported(measure)) {
        (MeasureKind::Proportion, Estimand::Nri) => Estimand::Oc,
        (MeasureKind::Proportion, _) => Estimand::Nri,
        _ => Estimand::Bocf,
    }
}

/// One analysis of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Analysis {
    /// Names it in messages and tests.
    pub id: &'static str,
    /// Computes its estimates.
    pub run: fn(&Inputs<'_>) -> Vec<Estimate>,
}

/// Every analysis of a run. The order does not matter for the results, which
/// are sorted by their keys.
pub const ANALYSES: &[Analysis] = &[
    Analysis { id: "measures", run: measures::estimates },
    Analysis { id: "conditions", run: conditions::estimates },
    Analysis { id: "estimands", run: estimands::estimates },
    Analysis { id: "safety", run: safety::estimates },
    Analysis { id: "durability", run: durability::estimates },
    Analysis { id: "strata", run: strata::estimates },
    Analysis { id: "opioid_doses", run: opioid_doses::estimates },
    Analysis { id: "factor_sets", run: factor_sets::estimates },
    Analysis { id: "completeness", run: completeness::estimates },
    Analysis { id: "status", run: status::estimates },
    Analysis { id: "reliability", run: reliability::estimates },
];

/// One analysis of numbers that may be shown: what `release` computes after it
/// has decided.
#[derive(Clone, Copy, Debug)]
pub struct Derived {
    /// Names it in messages and tests.
    pub id: &'static str,
    /// Plans it over the estimates of all `ANALYSES`, in the order of their keys.
    pub run: fn(&Inputs<'_>, &[Estimate]) -> Vec<Derivation>,
}

/// Every derivation of a run: differences, tests, pooled rates. Anything that is
/// a function of numbers of several cells belongs here and not above.
pub const DERIVED: &[Derived] = &[
    Derived { id: "contrast", run: contrast::derivations },
    Derived { id: "screen", run: screen::derivations },
    Derived { id: "pooled", run: pooled::derivations },
    Derived { id: "tipping", run: tipping::derivations },
    Derived { id: "durability", run: durability::derivations },
    Derived { id: "factor_sets", run: factor_sets::derivations },
    Derived { id: "benzodiazepines", run: benzodiazepines::derivations },
    Derived { id: "reliability", run: reliability::derivations },
];

/// What analyses are computed from.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// Counts of every measure.
    pub tallies: &'a Tallies,
    /// Packs and study.
    pub protocol: &'a Protocol,
    /// Quarters of the data.
    pub quarters: &'a Quarters,
    /// Whether a window that ends so many days after day 0 had closed at the
    /// data cut for every series of a period at a site.
    pub is_closed: &'a (dyn Fn(Period, i32, usize) -> bool + Sync),
}

impl Inputs<'_> {
    /// Every cohort of the results.
    pub fn cohorts(&self) -> Vec<Cohort> {
        cohorts(&counted(self.tallies).collect::<Vec<_>>(), self.quarters)
    }

    /// A cohort's tallies by site, condition and horizon, with their margins.
    pub fn cube(&self, cohort: &Cohort) -> Cube {
        let conditions = self.protocol.conditions.conditions().len();
        Cube::of(self.tallies, conditions, self.protocol.measures.len(), cohort, self.quarters)
    }

    /// Every cell the cohort is split into, with its maturity. The position of
    /// the horizon comes with it.
    pub fn places<'c>(&self, cohort: &'c Cohort, cube: &Cube) -> Vec<(usize, Place<'c>)> {
        let mut places = Vec::new();
        for (position, horizon) in HORIZONS.into_iter().enumerate() {
            let primary = horizon == self.protocol.study.primary_horizon;
            let maturity = self.maturity(cohort, position);
            let margins = cube.margins().into_iter();
            let held = margins.filter(|&(site, condition)| cohort.split.holds(site, condition, primary));
            places
                .extend(held.map(|(site, condition)| (position, Place { cohort, maturity, site, condition, horizon })));
        }
        places
    }

    /// A cohort's tallies at one horizon by the levels of a further split.
    pub fn by_level(&self, split: usize, cohort: &Cohort, horizon: usize) -> BTreeMap<Vec<i32>, Vec<Tally>> {
        let mut levels: BTreeMap<Vec<i32>, Vec<Tally>> = BTreeMap::new();
        let of_split = self.tallies.splits.iter().filter(|(cell, _)| cell.split == split && cell.horizon == horizon);
        for (cell, tallies) in of_split.filter(|(cell, _)| cohort.holds(cell.period, self.quarters)) {
            match levels.entry(cell.level.clone()) {
                Entry::Vacant(vacant) => _ = vacant.insert(tallies.clone()),
                Entry::Occupied(mut mine) => {
                    mine.get_mut().iter_mut().zip(tallies).for_each(|(mine, theirs)| *mine += theirs);
                }
            }
        }
        levels
    }

    /// Whether the window of this horizon had closed for everyone in the cohort:
    /// a quarter mature at 12 weeks may not be at 24.
    pub fn maturity(&self, cohort: &Cohort, horizon: usize) -> Maturity {
        let last = HORIZONS[horizon].last;
        let mut members =
            counted(self.tallies).filter(|began| began.horizon == horizon && cohort.holds(began.period, self.quarters));
        let closed = members.all(|began| began.period.is_none_or(|period| (self.is_closed)(period, last, began.site)));
        if closed { Maturity::Mature } else { Maturity::Immature }
    }

    /// The key of a measure's cell.
    pub fn key(&self, place: &Place<'_>, measure: &Measure, estimand: Estimand) -> CellKey {
        let order = self.protocol.measures.iter().position(|known| known.id == measure.id);
        let order = order.unwrap_or(self.protocol.measures.len());
        self.any_key(place, (order, &measure.id, measure.version), estimand)
    }

    /// The key of a result that is no measure of a pack.
    ///
    /// # Panics
    /// When the id is not in `BUILT_IN_RESULTS`.
    pub fn built_in_key(&self, place: &Place<'_>, id: &str, version: u32, estimand: Estimand) -> CellKey {
        let order = BUILT_IN_RESULTS.iter().position(|known| *known == id);
        let order = order.expect("a built-in result is listed in BUILT_IN_RESULTS");
        self.any_key(place, (self.protocol.measures.len() + order, id, version), estimand)
    }

    fn any_key(
        &self,
        place: &Place<'_>,
        (measure_order, id, version): (usize, &str, u32),
        estimand: Estimand,
    ) -> CellKey {
        let conditions = self.protocol.conditions.conditions();
        CellKey {
            measure_order,
            measure_id: id.to_owned(),
            measure_version: version,
            population: place.cohort.population,
            period_start: place.cohort.first_day(self.quarters),
            period_end: place.cohort.last_day(self.quarters),
            site: place.site.map_or(ALL, |site| &self.tallies.sites[site]).to_owned(),
            condition_order: place.condition.map_or(0, |condition| condition + 1),
            condition: place.condition.map_or(ALL, |condition| &conditions[condition].code).to_owned(),
            stratum_name: ALL.to_owned(),
            stratum_order: 0,
            stratum_level: ALL.to_owned(),
            horizon_day: place.horizon.target,
            horizon: place.horizon.id.to_owned(),
            estimand,
        }
    }
}
