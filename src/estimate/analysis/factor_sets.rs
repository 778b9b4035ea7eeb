//! The same patients under every set of MME factors: how many reduced, how many
//! doses can be computed, and whose status flips.
//!
//! Flips are few, so they are what disclosure control has to protect most: status
//! under one set by status under the other is a table of nine counts, every rate
//! of either set is a sum of some of them, and all of it is said here. Where the
//! numerators of two sets differ by a small number, one of them is hidden too.

use super::Inputs;
use super::estimands::POPULATIONS;
use super::measures::ratio;
use super::opioid_doses::{counted, of_pack, overall};
use crate::derive::opioid_counts::{NON_RESPONDER, NOT_COMPUTABLE, RESPONDER, STATUSES, SetCounts};
use crate::estimate::cohort::Place;
use crate::estimate::proportion::Ratio;
use crate::estimate::result::{
    CellKey, Count, Derivation, Estimand, Estimate, Finding, Output, Relations, SamePeople, Statistic,
};
use crate::protocol::FactorSet;

/// At least 50 % less, by set.
pub const REDUCTION_50: &str = "mme_reduction_50";
/// At least 30 % less, by set.
pub const REDUCTION_30: &str = "mme_reduction_30";
/// None any more, by set.
pub const CESSATION: &str = "mme_cessation";
/// Both doses known, by set.
pub const COMPUTABLE: &str = "mme_computable";
/// Status under the pipeline's set and under another.
pub const FLIP: &str = "mme_flip";
/// The split by set.
pub const FACTOR_SET: &str = "factor_set";
/// The split by status: this and the id of the other set.
pub const FLIP_SPLIT: &str = "flip_";
/// Computable under the pipeline's set and not under the other.
pub const LOST: &str = "computable_to_not_computable";
/// The other way round.
pub const GAINED: &str = "not_computable_to_computable";
/// Both doses known under both sets.
pub const BOTH: &str = "computable_under_both";
/// Of these, whose status is not the same: no effect of what a set does not list.
pub const DIFFERS: &str = "status_differs";

/// A measure by set.
struct Rate {
    id: &'static str,
    /// The measure of the packs that is the same under the pipeline's own set.
    same: &'static str,
    /// The measure whose outcome everyone with this one's has.
    implies: Option<&'static str>,
    count: fn(SetCounts) -> u64,
}

const RATES: [Rate; 3] = [
    Rate { id: REDUCTION_50, same: "opioid_reduction_50", implies: Some(REDUCTION_30), count: |counts| counts.half },
    Rate { id: REDUCTION_30, same: "opioid_reduction_30", implies: None, count: |counts| counts.thirty },
    Rate { id: CESSATION, same: "opioid_cessation", implies: Some(REDUCTION_50), count: |counts| counts.stopped },
];
const STATISTICS: &[(&str, &str)] = &[("rate", "share")];

/// The level for a status under the pipeline's set and one under another.
pub fn flip(from: usize, to: usize) -> String {
    format!("{}_to_{}", STATUSES[from], STATUSES[to])
}

/// Every set, overall, where the pipeline compares any.
pub(super) fn estimates(inputs: &Inputs<'_>) -> Vec<Estimate> {
    if inputs.protocol.compare_factors.is_empty() {
        return Vec::new();
    }
    let mut all = Vec::new();
    for cohort in inputs.cohorts().iter().filter(|cohort| POPULATIONS.contains(&cohort.population)) {
        let counts = counted(inputs, cohort);
        let sets = Sets { inputs, place: overall(inputs, cohort), patients: counts.patients };
        for position in 0..sets.all().len() {
            let counts = counts.sets.get(position).copied().unwrap_or_default();
            all.extend(sets.rates(position, counts));
            if position > 0 {
                all.extend(sets.flips(position, counts));
            }
        }
    }
    all
}

/// The sets of a run in one place.
struct Sets<'a> {
    inputs: &'a Inputs<'a>,
    place: Place<'a>,
    patients: u64,
}

impl Sets<'_> {
    /// The pipeline's own set first.
    fn all(&self) -> Vec<&FactorSet> {
        std::iter::once(&self.inputs.protocol.factors).chain(&self.inputs.protocol.compare_factors).collect()
    }

    fn key(&self, id: &str, set: usize) -> CellKey {
        CellKey {
            stratum_name: FACTOR_SET.to_owned(),
            stratum_order: set,
            stratum_level: self.all()[set].id.clone(),
            ..self.inputs.built_in_key(&self.place, id, 1, Estimand::Nri)
        }
    }

    fn flip_key(&self, set: usize, (order, level): (usize, &str)) -> CellKey {
        CellKey {
            stratum_name: format!("{FLIP_SPLIT}{}", self.all()[set].id),
            // Sets keep their order in the results.
            stratum_order: set * 20 + order,
            stratum_level: level.to_owned(),
            ..self.inputs.built_in_key(&self.place, FLIP, 1, Estimand::Nri)
        }
    }

    /// The cell of a status under the pipeline's set and one under another.
    fn joint(&self, set: usize, from: usize, to: usize) -> (CellKey, Count) {
        (self.flip_key(set, (from * STATUSES.len() + to, &flip(from, to))), Count::With)
    }

    fn estimate(&self, key: CellKey, numerator: u64, relations: Relations) -> Estimate {
        let counted = Ratio { numerator, denominator: self.patients };
        ratio(key, counted, "share", self.place.maturity).related(Relations { importance: -1, ..relations })
    }

    fn rates(&self, set: usize, counts: SetCounts) -> Vec<Estimate> {
        let mut all = Vec::new();
        for rate in &RATES {
            let mut relations = self.beside_others(rate.id, set);
            relations.implies = rate.implies.map(str::to_owned).into_iter().collect();
            relations.same_people.extend(self.same(set, (rate.same, Estimand::Nri, Count::With), rate.id));
            if rate.id == REDUCTION_50 {
                relations.same_people.extend(self.sums(rate.id, set, &[RESPONDER]));
            }
            all.push(self.estimate(self.key(rate.id, set), (rate.count)(counts), relations));
        }
        let mut relations = self.beside_others(COMPUTABLE, set);
        relations.same_people.extend(self.sums(COMPUTABLE, set, &[RESPONDER, NON_RESPONDER]));
        relations.same_people.extend(self.same(set, ("opioid_reduction_50", Estimand::Oc, Count::People), COMPUTABLE));
        all.push(self.estimate(self.key(COMPUTABLE, set), counts.computable, relations));
        all
    }

    /// Its denominator is that of the measures of opioid reduction. Beside the same
    /// measure under every set before this one, whichever is larger: who is more
    /// could be told by subtraction.
    fn beside_others(&self, id: &str, set: usize) -> Relations {
        let this = self.key(id, set);
        let everyone = of_pack(self.inputs, &self.place, "opioid_reduction_50", Estimand::Nri);
        let mut same_people: Vec<SamePeople> = everyone
            .map(|key| SamePeople { left: vec![(key, Count::People)], right: vec![(this.clone(), Count::People)] })
            .into_iter()
            .collect();
        for other in (0..set).map(|other| self.key(id, other)) {
            let with = |key: &CellKey| vec![(key.clone(), Count::With)];
            same_people.push(SamePeople { left: with(&this), right: with(&other) });
            same_people.push(SamePeople { left: with(&other), right: with(&this) });
        }
        Relations { same_people, ..Relations::default() }
    }

    /// Under the pipeline's own set it is a count of the packs' measures.
    fn same(&self, set: usize, (pack, estimand, count): (&str, Estimand, Count), id: &str) -> Option<SamePeople> {
        let key = of_pack(self.inputs, &self.place, pack, estimand).filter(|_| set == 0)?;
        Some(SamePeople { left: vec![(key, count)], right: vec![(self.key(id, set), Count::With)] })
    }

    /// Who has one of these statuses under the set, by status under another.
    fn sums(&self, id: &str, set: usize, statuses: &[usize]) -> Vec<SamePeople> {
        let left = vec![(self.key(id, set), Count::With)];
        let every = 0..STATUSES.len();
        if set > 0 {
            let right = every.flat_map(|from| statuses.iter().map(move |&to| (from, to)));
            let right = right.map(|(from, to)| self.joint(set, from, to)).collect();
            return vec![SamePeople { left, right }];
        }
        let beside = |other: usize| {
            let right = every.clone().flat_map(|to| statuses.iter().map(move |&from| (from, to)));
            let right = right.map(|(from, to)| self.joint(other, from, to)).collect();
            SamePeople { left: left.clone(), right }
        };
        (1..self.all().len()).map(beside).collect()
    }

    /// Status under one set by status under the other, and sums of it: who becomes
    /// computable or ceases to be, who is under both, whose status differs.
    fn flips(&self, set: usize, counts: SetCounts) -> Vec<Estimate> {
        let every = || (0..STATUSES.len()).flat_map(|from| (0..STATUSES.len()).map(move |to| (from, to)));
        let joint: Vec<(CellKey, Count)> = every().map(|(from, to)| self.joint(set, from, to)).collect();
        let people = |key: &CellKey| vec![(key.clone(), Count::People)];
        let everyone = |key: &CellKey| SamePeople { left: people(&self.key(COMPUTABLE, set)), right: people(key) };
        let mut all = Vec::new();
        for ((from, to), (key, _)) in every().zip(&joint) {
            let mut same_people = vec![everyone(key)];
            if (from, to) == (0, 0) {
                same_people.push(SamePeople { left: people(key), right: joint.clone() });
            }
            let relations = Relations { same_people, ..Relations::default() };
            all.push(self.estimate(key.clone(), counts.joint[from][to], relations));
        }
        for (order, (level, cells)) in sums_of_flips().into_iter().enumerate() {
            let key = self.flip_key(set, (joint.len() + order, level));
            let with = vec![(key.clone(), Count::With)];
            let parts = cells.iter().map(|&(from, to)| self.joint(set, from, to)).collect();
            let mut same_people = vec![everyone(&key), SamePeople { left: with.clone(), right: parts }];
            // Whoever becomes computable had an opioid the pipeline's set cannot convert.
            let unconvertible = of_pack(self.inputs, &self.place, "opioid_to_unconvertible", Estimand::Nri);
            same_people.extend(
                unconvertible
                    .filter(|_| level == GAINED)
                    .map(|key| SamePeople { left: vec![(key, Count::With)], right: with }),
            );
            let numerator = cells.iter().map(|&(from, to)| counts.joint[from][to]).sum();
            all.push(self.estimate(key, numerator, Relations { same_people, ..Relations::default() }));
        }
        all
    }
}

/// Level and cells of every sum that is said.
fn sums_of_flips() -> [(&'static str, Vec<(usize, usize)>); 4] {
    let known = [RESPONDER, NON_RESPONDER];
    [
        (LOST, known.map(|from| (from, NOT_COMPUTABLE)).to_vec()),
        (GAINED, known.map(|to| (NOT_COMPUTABLE, to)).to_vec()),
        (BOTH, known.iter().flat_map(|&from| known.map(|to| (from, to))).collect()),
        (DIFFERS, vec![(RESPONDER, NON_RESPONDER), (NON_RESPONDER, RESPONDER)]),
    ]
}

/// The rate among those whose doses can be computed under the set, and of statuses
/// that differ among those whose doses can be under both.
pub(super) fn derivations(_: &Inputs<'_>, estimates: &[Estimate]) -> Vec<Derivation> {
    let derivation = |estimate: &Estimate| {
        let key = &estimate.key;
        let (measure, level) = among(key)?;
        let at = estimates.iter().find(|other| {
            let other = &other.key;
            (&*other.measure_id, &*other.stratum_level) == (measure, level)
                && (other.population, &other.stratum_name) == (key.population, &key.stratum_name)
        })?;
        let output = Output {
            key: CellKey { estimand: Estimand::Oc, ..key.clone() },
            needs: vec![0, 1],
            statistics: STATISTICS,
            maturity: estimate.maturity,
        };
        Some(Derivation {
            inputs: vec![key.clone(), at.key.clone()],
            outputs: vec![output],
            compute: Box::new(among_computable),
        })
    };
    estimates.iter().filter_map(derivation).collect()
}

/// Measure and level of those a rate is among.
fn among(key: &CellKey) -> Option<(&str, &str)> {
    let of_set = RATES.iter().any(|rate| rate.id == key.measure_id);
    let of_flips = key.measure_id == FLIP && key.stratum_level == DIFFERS;
    match () {
        () if of_set => Some((COMPUTABLE, &key.stratum_level)),
        () if of_flips => Some((FLIP, BOTH)),
        () => None,
    }
}

fn among_computable(inputs: &[Option<&Estimate>]) -> Vec<Finding> {
    let count = |input: usize| inputs[input].and_then(|estimate| estimate.numerator);
    let found = count(0).zip(count(1)).map(|(numerator, denominator)| Ratio { numerator, denominator });
    let statistic = found
        .map_or_else(|| Statistic::new("rate", "share", Err("not computed".to_owned())), |ratio| ratio.rate("share"));
    let (n, numerator) = (found.map_or(0, |ratio| ratio.denominator), found.map(|ratio| ratio.numerator));
    vec![Finding { n, numerator, statistics: vec![statistic] }]
}
