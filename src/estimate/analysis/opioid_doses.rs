//! The daily opioid dose by band, before treatment and at the primary horizon, in
//! the patients the measures of opioid reduction count.
//!
//! Bands exclude each other and leave nobody out; the measures that cross 50 and
//! 90 MME count some of the same people. All of it is said here, so that a band
//! that is hidden cannot be worked out from a measure that is shown.

use super::Inputs;
use super::estimands::POPULATIONS;
use super::measures::ratio;
use crate::derive::opioid_counts::{BANDS, Counts};
use crate::estimate::cohort::{Cohort, Place};
use crate::estimate::proportion::Ratio;
use crate::estimate::result::{CellKey, Count, Estimand, Estimate, Relations, SamePeople};
use crate::model::horizon::HORIZONS;

/// Bands before treatment.
pub const BEFORE: &str = "opioid_dose_before";
/// Bands at the horizon.
pub const AFTER: &str = "opioid_dose_after";
/// The split by band.
pub const BAND: &str = "mme_band";

/// Positions of the bands.
const NONE: usize = 0;
const BELOW_50: usize = 1;
const FROM_50: usize = 2;
const FROM_90: usize = 3;
const UNKNOWN: usize = 4;

/// Both times by band, overall.
pub(super) fn estimates(inputs: &Inputs<'_>) -> Vec<Estimate> {
    let mut all = Vec::new();
    for cohort in inputs.cohorts().iter().filter(|cohort| POPULATIONS.contains(&cohort.population)) {
        let place = overall(inputs, cohort);
        let counts = counted(inputs, cohort);
        all.extend(known_at_both(inputs, &place, &counts));
        for (id, bands) in [(BEFORE, counts.before), (AFTER, counts.after)] {
            for (band, numerator) in bands.into_iter().enumerate() {
                let shown = Ratio { numerator, denominator: counts.patients };
                let same_people = relations(inputs, &place, id, band);
                let key = key(inputs, &place, (id, Estimand::Nri), band);
                let relations = Relations { same_people, importance: -1, ..Relations::default() };
                all.push(ratio(key, shown, "share", place.maturity).related(relations));
            }
        }
    }
    all
}

/// Both times by band, among those whose dose is known at both: bands of everyone
/// would all seem to shrink by those whose dose is unknown later.
fn known_at_both(inputs: &Inputs<'_>, place: &Place<'_>, counts: &Counts) -> Vec<Estimate> {
    let known = counts.before_known.iter().sum();
    let mut all = Vec::new();
    for (id, bands) in [(BEFORE, counts.before_known), (AFTER, counts.after)] {
        let of = |band: usize, estimand| key(inputs, place, (id, estimand), band);
        for (band, numerator) in bands.into_iter().enumerate().take(UNKNOWN) {
            let this = of(band, Estimand::Oc);
            let people = vec![(this.clone(), Count::People)];
            let with = vec![(this.clone(), Count::With)];
            let seen = of_pack(inputs, place, "opioid_reduction_50", Estimand::Oc);
            let seen = seen.map(|key| SamePeople { left: vec![(key, Count::People)], right: people.clone() });
            let everyone = vec![(of(band, Estimand::Nri), Count::With)];
            let mut same_people: Vec<SamePeople> = seen.into_iter().collect();
            same_people.push(SamePeople { left: everyone, right: with });
            if band == 0 {
                let bands = (0..UNKNOWN).map(|band| (of(band, Estimand::Oc), Count::With)).collect();
                same_people.push(SamePeople { left: people, right: bands });
            }
            let relations = Relations { same_people, importance: -1, ..Relations::default() };
            let shown = Ratio { numerator, denominator: known };
            all.push(ratio(this, shown, "share", place.maturity).related(relations));
        }
    }
    all
}

/// All patients of a cohort at the primary horizon.
pub(super) fn overall<'c>(inputs: &Inputs<'_>, cohort: &'c Cohort) -> Place<'c> {
    let horizon = inputs.protocol.study.primary_horizon;
    let position = HORIZONS.iter().position(|known| *known == horizon).expect("the primary horizon is one of them");
    Place { cohort, maturity: inputs.maturity(cohort, position), site: None, condition: None, horizon }
}

/// The counts of a cohort's periods.
pub(super) fn counted(inputs: &Inputs<'_>, cohort: &Cohort) -> Counts {
    let mut total = Counts::default();
    for (period, counts) in &inputs.tallies.opioids.cells {
        if cohort.holds(*period, inputs.quarters) {
            total += counts;
        }
    }
    total
}

/// The cell of a measure of a pack in the same place; `None` where no pack has it.
pub(super) fn of_pack(inputs: &Inputs<'_>, place: &Place<'_>, id: &str, estimand: Estimand) -> Option<CellKey> {
    let measure = inputs.protocol.measures.iter().find(|measure| measure.id == id)?;
    Some(inputs.key(place, measure, estimand))
}

fn key(inputs: &Inputs<'_>, place: &Place<'_>, (id, estimand): (&str, Estimand), band: usize) -> CellKey {
    CellKey {
        stratum_name: BAND.to_owned(),
        stratum_order: band,
        stratum_level: BANDS[band].0.to_owned(),
        ..inputs.built_in_key(place, id, 1, estimand)
    }
}

/// What the bands have in common with each other and with the measures; said once,
/// by the first band, and by every band that its denominator is everyone.
fn relations(inputs: &Inputs<'_>, place: &Place<'_>, id: &str, band: usize) -> Vec<SamePeople> {
    let of = |band: usize| key(inputs, place, (id, Estimand::Nri), band);
    let this = of(band);
    let with = |band: usize| (of(band), Count::With);
    let pack = |id: &str, estimand, count| of_pack(inputs, place, id, estimand).map(|key| (key, count));
    let mut all = Vec::new();
    let mut say = |left: Option<Vec<(CellKey, Count)>>, right: Option<Vec<(CellKey, Count)>>| {
        all.extend(left.zip(right).map(|(left, right)| SamePeople { left, right }));
    };
    let everyone = pack("opioid_reduction_50", Estimand::Nri, Count::People).map(|key| vec![key]);
    say(everyone, Some(vec![(this.clone(), Count::People)]));
    if band > 0 {
        return all;
    }
    say(Some(vec![(this, Count::People)]), Some((0..BANDS.len()).map(with).collect()));
    let among = |id: &str| pack(id, Estimand::Nri, Count::People).map(|key| vec![key]);
    if id == BEFORE {
        say(among("mme_below_50"), Some(vec![with(FROM_50), with(FROM_90)]));
        say(among("mme_below_90"), Some(vec![with(FROM_90)]));
        say(among("mme_rose_to_50"), Some(vec![with(NONE), with(BELOW_50)]));
        say(among("mme_rose_to_90"), Some(vec![with(NONE), with(BELOW_50), with(FROM_50)]));
        return all;
    }
    // Who is at 50 or 90 MME now rose to it or stayed there.
    let now = |rose: &str, fell: &str| {
        let rose = pack(rose, Estimand::Oc, Count::With);
        rose.zip(pack(fell, Estimand::Oc, Count::Without)).map(|(rose, stayed)| vec![rose, stayed])
    };
    say(Some(vec![with(FROM_90)]), now("mme_rose_to_90", "mme_below_90"));
    say(Some(vec![with(FROM_50), with(FROM_90)]), now("mme_rose_to_50", "mme_below_50"));
    let seen = pack("opioid_reduction_50", Estimand::Oc, Count::People).map(|key| vec![key]);
    say(seen, Some((NONE..UNKNOWN).map(with).collect()));
    // Nobody who takes buprenorphine has stopped: some of those without an opioid.
    say(Some(vec![with(NONE)]), pack("opioid_cessation", Estimand::Nri, Count::With).map(|key| vec![key]));
    all
}
