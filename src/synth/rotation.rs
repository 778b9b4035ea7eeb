//! Rotations: the drug changes together with the dose, and sets of MME factors
//! that disagree about one of the two drugs disagree about who reduced.

use super::truth::Fate;

/// Tablets of one strength, and what one is worth.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tablet {
    pub(super) drug: &'static str,
    pub(super) strength: &'static str,
    /// MME × 10 with the factors of CDC 2022.
    mme_x10: i32,
}

const fn tablet(drug: &'static str, strength: &'static str, mme_x10: i32) -> Tablet {
    Tablet { drug, strength, mme_x10 }
}

/// From one drug to another when the dose changes.
#[derive(Debug)]
pub(super) struct Rotation {
    /// One name for those of the same drugs.
    pub(super) name: &'static str,
    from: Tablet,
    pub(super) to: Tablet,
    fate: Fate,
    /// Least new dose, in per cent of the old, at which the flips below happen.
    flips_from: i32,
    /// Sets of factors under which the status is another than under CDC 2022.
    pub(super) flips_under: &'static [&'static str],
}

const MORPHINE: Tablet = tablet("morphine", "15", 150);
const TRAMADOL: Tablet = tablet("tramadol", "50", 100);

/// Tramadol counts half as much under CDC 2016, tapentadol three quarters as much
/// under HEAL and ANZCA (`pipelines/packs`), so that a half by CDC 2022 is less than a
/// half there; a third by CDC 2022 that ends at tramadol is two thirds under CDC 2016.
const ROTATIONS: &[Rotation] = &[
    Rotation {
        name: "tramadol_to_morphine",
        from: TRAMADOL,
        to: MORPHINE,
        fate: Fate::Halved,
        flips_from: 40,
        flips_under: &["cdc-2016"],
    },
    Rotation {
        name: "tapentadol_to_morphine",
        from: tablet("tapentadol", "50", 200),
        to: MORPHINE,
        fate: Fate::Halved,
        flips_from: 40,
        flips_under: &["heal-2025", "anzca-2021"],
    },
    to_tramadol(MORPHINE),
    to_tramadol(tablet("morphine", "30", 300)),
];

const fn to_tramadol(from: Tablet) -> Rotation {
    Rotation {
        name: "morphine_to_tramadol",
        from,
        to: TRAMADOL,
        fate: Fate::Reduced,
        flips_from: 0,
        flips_under: &["cdc-2016"],
    }
}

/// The names, each once.
pub(super) const NAMES: [&str; 3] = ["tramadol_to_morphine", "tapentadol_to_morphine", "morphine_to_tramadol"];

impl Rotation {
    /// What these tablets can be rotated to when this becomes of the dose.
    pub(super) fn of(drug: &str, strength: &str, fate: Fate) -> Option<&'static Self> {
        ROTATIONS.iter().find(|rotation| {
            let from = &rotation.from;
            (from.drug, from.strength, rotation.fate) == (drug, strength, fate)
        })
    }

    /// New tablets for so many of the old, at this per cent of the dose. Rounding
    /// down keeps a reduction at or above its threshold.
    pub(super) fn tablets(&self, old: i32, percent: i32) -> i32 {
        old * percent * self.from.mme_x10 / (100 * self.to.mme_x10)
    }

    /// Whether the status flips at this new dose.
    pub(super) fn flips(&self, percent: i32) -> bool {
        percent >= self.flips_from
    }

    /// Sets under which the status of those of a name can flip.
    pub(super) fn sets_of(name: &str) -> &'static [&'static str] {
        ROTATIONS.iter().find(|rotation| rotation.name == name).map_or(&[], |rotation| rotation.flips_under)
    }
}
