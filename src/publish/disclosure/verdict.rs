//! Hidden atoms → what may be said of each printed number.

use super::audit;
use super::network::Atom;
use super::survey::{CellAtoms, Survey};
use crate::protocol::DisclosureProfile;

/// What may be said of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// It may be shown.
    Shown,
    /// It is hidden because it is small or a small one could be worked out from it; which, is not said.
    Covers,
    /// It is hidden because it, or the group without the outcome, is small.
    Small,
}

impl Verdict {
    pub(super) fn hides(self) -> bool {
        self != Self::Shown
    }
}

/// The verdicts on one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellVerdict {
    /// On the denominator.
    pub(super) n: Verdict,
    /// On everything computed from the cell.
    pub(super) statistics: Verdict,
}

/// The verdicts on all atoms.
pub(super) struct Verdicts {
    of: Vec<Verdict>,
}

impl Verdicts {
    /// Decides on the true counts.
    ///
    /// Where other counts are hidden beside the small ones, the words must not tell which is which: of two
    /// hidden parts of 20 under threshold 11, both called small, each is 10; one called a cover and one not, the
    /// first is 11 or more.
    pub(super) fn reach(survey: &Survey, profile: &DisclosureProfile) -> Self {
        let word = if profile.complementary { Verdict::Covers } else { Verdict::Small };
        let hidden = audit::hide(&survey.network, profile.threshold);
        Self { of: hidden.iter().map(|&hidden| if hidden { word } else { Verdict::Shown }).collect() }
    }

    pub(super) fn on(&self, atom: Atom) -> Verdict {
        self.of[atom]
    }

    /// Everything of a cell follows its counts: an exact interval or a mean in
    /// full precision gives the denominator away as surely as printing it.
    pub(super) fn on_cell(&self, cell: &CellAtoms) -> CellVerdict {
        let n = self.on(cell.n);
        let outcome = cell.counts.iter().chain(&cell.outcome).map(|&atom| self.on(atom));
        let few = if cell.few_scores { Verdict::Covers } else { Verdict::Shown };
        CellVerdict { n, statistics: outcome.fold(n.max(few), Verdict::max) }
    }
}
