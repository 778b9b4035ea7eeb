//! Further views of conditions: by pain class, by report group, and by every
//! condition a patient has. Declared measures, all sites, primary horizon.
//!
//! Under "any condition" a patient with two counts twice, so these cells do not
//! add up to anyone; a pain class or a group is the sum of its conditions.

use super::estimands::POPULATIONS;
use super::measures::{ratio, stated};
use super::{ANY_VIEW, GROUP, Inputs, PAIN_CLASS};
use crate::estimate::change;
use crate::estimate::cohort::{Cohort, Place};
use crate::estimate::proportion::Ratio;
use crate::estimate::result::{CellKey, Estimand, Estimate, Population, Relations};
use crate::estimate::tally::{ANY_CONDITION, Tally};
use crate::model::horizon::HORIZONS;
use crate::protocol::{Condition, Measure, MeasureKind};

pub(super) fn estimates(inputs: &Inputs<'_>) -> Vec<Estimate> {
    let mut all = Vec::new();
    let split = |cohort: &&Cohort| POPULATIONS.contains(&cohort.population) && cohort.population != Population::Quarter;
    for cohort in inputs.cohorts().iter().filter(split) {
        let view = View::of(inputs, cohort);
        all.extend(view.sums(PAIN_CLASS, |condition| &condition.pain_class));
        all.extend(view.sums(GROUP, |condition| &condition.group));
        all.extend(view.any());
    }
    all
}

struct View<'a> {
    inputs: &'a Inputs<'a>,
    place: Place<'a>,
    horizon: usize,
    /// Tallies of all measures by condition.
    by_condition: Vec<Vec<Tally>>,
}

impl<'a> View<'a> {
    fn of(inputs: &'a Inputs<'a>, cohort: &'a Cohort) -> Self {
        let primary = inputs.protocol.study.primary_horizon;
        let horizon = HORIZONS.iter().position(|known| *known == primary).expect("the primary horizon is one of them");
        let maturity = inputs.maturity(cohort, horizon);
        let cube = inputs.cube(cohort);
        let conditions = inputs.protocol.conditions.conditions().len();
        Self {
            inputs,
            place: Place { cohort, maturity, site: None, condition: None, horizon: primary },
            horizon,
            by_condition: (0..conditions).map(|at| cube.tallies(None, Some(at), horizon)).collect(),
        }
    }

    fn declared(&self) -> impl Iterator<Item = (usize, &'a Measure)> {
        self.inputs.protocol.measures.iter().enumerate().filter(|(_, measure)| measure.declared && measure.split)
    }

    /// Every level of a split of conditions, in the order of the pack.
    fn sums(&self, name: &str, level_of: impl Fn(&Condition) -> &String) -> Vec<Estimate> {
        let conditions = self.inputs.protocol.conditions.conditions();
        let mut levels: Vec<&String> = Vec::new();
        for condition in conditions {
            if !levels.contains(&level_of(condition)) {
                levels.push(level_of(condition));
            }
        }
        let mut all = Vec::new();
        for (order, level) in levels.into_iter().enumerate() {
            let is_member = |at: &usize| level_of(&conditions[*at]) == level;
            let members: Vec<usize> = (0..conditions.len()).filter(is_member).collect();
            for (at, measure) in self.declared() {
                let mut sum = Tally::default();
                for &member in &members {
                    sum += &self.by_condition[member][at];
                }
                let key = |key: CellKey| CellKey {
                    stratum_name: name.to_owned(),
                    stratum_order: order,
                    stratum_level: level.clone(),
                    ..key
                };
                let parts =
                    |estimand| members.iter().map(|&member| self.key(Some(member), measure, estimand)).collect();
                all.extend(self.cells(measure, &sum, |estimand| {
                    let relations = Relations { sum_of: parts(estimand), ..stated(measure) };
                    (key(self.key(None, measure, estimand)), relations)
                }));
            }
        }
        all
    }

    /// Everyone with a condition, whichever they are counted under.
    fn any(&self) -> Vec<Estimate> {
        let (name, level) = ANY_VIEW;
        let mut all = Vec::new();
        for (condition, tallies) in self.inputs.by_level(ANY_CONDITION, self.place.cohort, self.horizon) {
            let Ok(condition) = usize::try_from(condition[0]) else { continue };
            for (at, measure) in self.declared() {
                all.extend(self.cells(measure, &tallies[at], |estimand| {
                    let counted = self.key(Some(condition), measure, estimand);
                    let everyone = self.key(None, measure, estimand);
                    let key =
                        CellKey { stratum_name: name.to_owned(), stratum_level: level.to_owned(), ..counted.clone() };
                    let relations = Relations { contains: vec![counted], part_of: vec![everyone], ..stated(measure) };
                    (key, relations)
                }));
            }
        }
        all
    }

    fn key(&self, condition: Option<usize>, measure: &Measure, estimand: Estimand) -> CellKey {
        self.inputs.key(&Place { condition, ..self.place }, measure, estimand)
    }

    /// The estimates of one cell: as counted and observed for a rate, observed
    /// for a change. A cell of nobody is left out.
    fn cells(&self, measure: &Measure, tally: &Tally, at: impl Fn(Estimand) -> (CellKey, Relations)) -> Vec<Estimate> {
        if tally.eligible == 0 {
            return Vec::new();
        }
        let maturity = self.place.maturity;
        let rate = |estimand| {
            let (key, relations) = at(estimand);
            let counted = Ratio::of(tally, estimand, measure.better)?;
            Some(ratio(key, counted, &measure.unit, maturity).related(relations))
        };
        if measure.kind == MeasureKind::Proportion {
            return [Estimand::Nri, Estimand::Oc].into_iter().filter_map(rate).collect();
        }
        let (key, relations) = at(Estimand::Oc);
        let statistics = change::statistics(tally, measure, Estimand::Oc);
        vec![Estimate::new(key, tally.observed, None, statistics, maturity).related(relations)]
    }
}
