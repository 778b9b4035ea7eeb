//! The privacy boundary: estimates in, `Released` out.
//!
//! Everything after it (tables, charts, reports) takes `&Released`, whose only
//! constructor is [`release`]. The order is fixed: small counts are hidden on
//! the true numbers; then other counts, until the hidden ones cannot be worked
//! out (`closure`, `audit`); only then are the shown ones rounded, and rates
//! recomputed from the rounded counts. Statistics follow the counts of their
//! cell, all of them. What follows from several cells (`derived`) is computed
//! last, from shown cells alone.
//!
//! What can be worked out from what is drawn as a network of counts (`network`):
//!
//! | sum | drawn in |
//! |---|---|
//! | margin = sites; = conditions; = levels of a split (and a rest, where they do not exhaust it) | `place` |
//! | period = the largest printed periods within it: to date = rolling year + older quarters, a quarter = its months | `place` |
//! | denominator = numerator + complement | `survey` |
//! | eligible = observed + missing; numerator under `best` or `LOCF` = under `NRI` + those filled in | `nesting` |
//! | outer = inner + between, for measures that imply each other, thresholds of one curve, the lost who were given an outcome | `nesting` |
//! | everyone treated = a denominator + the rest; due at one horizon = due at a later one + not yet due | `nesting` |
//! | measures of one pack that divide each other's people, and a rest | `partition` |
//! | remaining before = remaining after + removed; those before a branch = due at a horizon + not yet due | `flow` |
//! | whatever an estimate says of itself: a sum of other cells, people within people, outcomes that exclude each other | `relations` |
//!
//! Counts of the same people are one atom, shown or hidden together: the
//! headline quarter and its entry in the trend, measures that share their
//! denominators, numerators of `NRI` and `OC`.
//!
//! What is left to an attacker: knowledge of people from elsewhere; an earlier
//! release over the same people (definitions, privacy.md §6; `restated` warns of the
//! one that is replaced); differences of denominators of measures that are not declared nested and
//! between disjoint outcomes (neither better nor worse); ranges of hidden counts
//! that linear or integer programming over many lines would find (two horizons whose
//! denominators differ by few people are such a case), though never a count itself by
//! adding and subtracting.

mod audit;
mod caution;
mod census;
mod closure;
mod derived;
mod elimination;
mod flow;
mod interval;
mod linear;
mod nesting;
mod network;
mod partition;
mod place;
mod relations;
mod rounding;
mod row;
mod rule;
mod survey;
#[cfg(test)]
mod tests;
mod verdict;

pub use caution::is_uninterpretable;
pub use rounding::{midpoint6, nearest5};
pub use rule::{RateRule, SuppressedLine, SuppressedTable, rate_rule, suppress_line, suppress_table};

pub(in crate::publish) use row::COVERS;
use row::StepVerdict;
use survey::Survey;
use verdict::{CellVerdict, Verdict, Verdicts};

use super::places::Places;
use super::reading::Reading;
use super::results::ResultRow;
use crate::estimate::result::{Derivation, Estimate};
use crate::model::attrition::{Attrition, Step};
use crate::protocol::{DisclosureProfile, Protocol};

/// Results that have passed disclosure control, and what follows from them
/// (`publish::reading`). Only [`release`] makes one.
#[derive(Clone, Debug)]
pub struct Released {
    rows: Vec<ResultRow>,
    places: Places,
    profile: DisclosureProfile,
}

impl Released {
    /// The rows, in report order: the flow of patients first, then by cell. The
    /// order never depends on a value.
    pub fn rows(&self) -> &[ResultRow] {
        &self.rows
    }

    /// The rows of one measure, in report order.
    pub fn of_measure(&self, id: &str) -> impl Iterator<Item = &ResultRow> + use<'_> {
        self.places.of_measure(id).iter().map(|&place| &self.rows[place])
    }

    /// The row with this id.
    pub fn by_id(&self, result_id: &str) -> Option<&ResultRow> {
        self.places.by_id(&self.rows, result_id).map(|place| &self.rows[place])
    }

    /// The profile they were released under.
    pub fn profile(&self) -> &DisclosureProfile {
        &self.profile
    }

    /// Adds what follows from the rows: each reading sees nothing but them, so
    /// that it cannot say more than they do.
    pub(super) fn followed_by(mut self, readings: &[Reading], protocol: &Protocol) -> Self {
        for reading in readings {
            let more = reading(&self, protocol);
            self.rows.extend(more);
            self.places = Places::of(&self.rows);
        }
        self
    }

    /// Made-up rows for the tests of charts and reports.
    #[cfg(test)]
    pub(crate) fn fixture(rows: Vec<ResultRow>, profile: DisclosureProfile) -> Self {
        Self { places: Places::of(&rows), rows, profile }
    }
}

/// Decides what may be shown and makes the table of it. A hidden number keeps
/// its row. A condition nobody has, has none: that a row is there tells of somebody,
/// which the audit takes into account (`Network::least`).
///
/// # Panics
/// When two estimates have one key, or a small count could still be worked out:
/// both are bugs, and nothing may then be released.
pub fn release(
    mut estimates: Vec<Estimate>,
    derivations: &[Derivation],
    attrition: &Attrition,
    profile: &DisclosureProfile,
) -> Released {
    estimates.sort_by(|one, other| one.key.cmp(&other.key));
    let survey = Survey::of(&estimates, attrition, profile);
    let verdicts = Verdicts::reach(&survey, profile);
    let mut rows = row::of_flow(attrition, &step_verdicts(&survey, &verdicts, attrition, profile), profile);
    let on_cell = |(estimate, cell)| off_primary(estimate, verdicts.on_cell(cell), profile);
    let cells: Vec<CellVerdict> = estimates.iter().zip(&survey.cells).map(on_cell).collect();
    let derived = derived::estimates(&estimates, &cells, derivations, profile);
    let mut all: Vec<(&Estimate, CellVerdict)> = estimates.iter().zip(cells).collect();
    all.extend(derived.iter().map(|(estimate, verdict)| (estimate, *verdict)));
    all.sort_by(|(one, _), (other, _)| one.key.cmp(&other.key));
    for (estimate, verdict) in all {
        rows.extend(row::of_estimate(estimate, verdict, profile));
    }
    caution::mark(&mut rows);
    Released { places: Places::of(&rows), rows, profile: profile.clone() }
}

/// Denominators of two horizons differ by those whose later window is still
/// open: few, in a part of the patients, and known by when they began. Where
/// differences are guarded at all, such parts are shown at one horizon only.
fn off_primary(estimate: &Estimate, verdict: CellVerdict, profile: &DisclosureProfile) -> CellVerdict {
    if !(profile.complementary && estimate.relations.off_primary) {
        return verdict;
    }
    CellVerdict { n: verdict.n.max(Verdict::Covers), statistics: verdict.statistics.max(Verdict::Covers) }
}

/// Steps of the flow that no row of the results holds: who had not switched, of
/// all quarters together. Beside the mature ones they would tell the newest
/// quarter's, hidden or not.
const BETWEEN: &str = "opioid_not_switched";
const AFTER_BETWEEN: &str = "opioid_mature";

fn step_verdicts(
    survey: &Survey,
    verdicts: &Verdicts,
    attrition: &Attrition,
    profile: &DisclosureProfile,
) -> Vec<StepVerdict> {
    let guarded = |id: &str, prefixes: &[&str], verdict: Verdict| {
        let guards = profile.complementary && prefixes.iter().any(|prefix| id.starts_with(prefix));
        if guards { verdict.max(Verdict::Covers) } else { verdict }
    };
    let verdict = |(atoms, step): (&flow::StepAtoms, &Step)| {
        let removed = atoms.removed.map_or(Verdict::Shown, |removed| verdicts.on(removed));
        StepVerdict {
            remaining: guarded(step.id, &[BETWEEN], verdicts.on(atoms.remaining)),
            removed: guarded(step.id, &[BETWEEN, AFTER_BETWEEN], removed),
        }
    };
    survey.steps.iter().zip(attrition.steps()).map(verdict).collect()
}
