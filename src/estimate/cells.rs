//! Tallies → every estimate of the results: runs the analyses side by side.

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::analysis::{ALL, ANALYSES, DERIVED, Inputs};
use super::cohort::counted;
use super::period::Quarters;
use super::result::{CellKey, Derivation, Estimate, Population};
use super::tally::{FineCell, Tallies, Tally};
use crate::model::calendar::Period;
use crate::model::horizon::HORIZONS;
use crate::protocol::{Protocol, Role};

/// Everything computed, not yet released.
pub struct Estimates {
    /// One estimate per cell.
    pub estimates: Vec<Estimate>,
    /// What follows from those that may be shown.
    pub derivations: Vec<Derivation>,
    /// Quarters of the data.
    pub quarters: Quarters,
    /// Where the flow of patients ends, at each horizon.
    pub to_date: [ToDate; HORIZONS.len()],
}

/// Computes every estimate of the results.
///
/// `is_closed` says whether a window that ends so many days after day 0 had
/// closed at the data cut for every series of a period at a site.
pub fn estimate(
    tallies: &Tallies,
    protocol: &Protocol,
    is_closed: impl Fn(Period, i32, usize) -> bool + Sync,
) -> Estimates {
    let primary = protocol.study.primary_horizon.last;
    let quarters = Quarters::of(counted(tallies), |period, site| is_closed(period, primary, site));
    let inputs = Inputs { tallies, protocol, quarters: &quarters, is_closed: &is_closed };
    let analyses = ANALYSES.par_iter().flat_map_iter(|analysis| (analysis.run)(&inputs));
    let mut estimates: Vec<Estimate> = analyses.collect();
    for estimate in &mut estimates {
        estimate.relations.off_primary = is_off_primary(&estimate.key, protocol);
    }
    estimates.sort_by(|a, b| a.key.cmp(&b.key));
    let derivations = DERIVED.iter().flat_map(|derived| (derived.run)(&inputs, &estimates)).collect();
    Estimates { to_date: to_date(tallies, protocol, &quarters), estimates, derivations, quarters }
}

fn is_off_primary(key: &CellKey, protocol: &Protocol) -> bool {
    let whole = [&key.site, &key.condition, &key.stratum_name].iter().all(|axis| **axis == ALL);
    let trend = matches!(key.population, Population::QuarterSeries | Population::Month);
    let other = key.horizon != ALL && key.horizon != protocol.study.primary_horizon.id;
    other && (trend || !whole)
}

/// The headline measures' tallies to date, at each horizon: where the flow of
/// patients ends.
fn to_date(tallies: &Tallies, protocol: &Protocol, quarters: &Quarters) -> [ToDate; HORIZONS.len()] {
    let sum = |role: Role, horizon: usize| {
        let measure = protocol.measures.iter().position(|measure| measure.role == Some(role));
        let wanted = |cell: &FineCell| cell.horizon == horizon && quarters.holds_to_date(cell.period);
        measure.map(|measure| tallies.sum(measure, wanted)).unwrap_or_default()
    };
    std::array::from_fn(|horizon| ToDate {
        pain: sum(Role::Headline, horizon),
        opioids: sum(Role::OpioidHeadline, horizon),
    })
}

/// The headline measures' tallies of everything mature, at one horizon.
#[derive(Clone, Debug)]
pub struct ToDate {
    /// Of the pain headline.
    pub pain: Tally,
    /// Of the opioid headline.
    pub opioids: Tally,
}
