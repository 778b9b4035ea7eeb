//! Opioid doses in morphine milligram equivalents (MME), exactly.
//!
//! CDC's per-prescription formula is strength × quantity ÷ days' supply ×
//! factor. None of 0.15, 4.7 or a seventh is a binary fraction, and a dose of
//! exactly 50 must count as "at least 50", so a dose is a whole number of a
//! unit so small that the divisions come out even.

use std::ops::{Add, AddAssign};

/// Divides every days' supply in use: lcm(1..=31) covers the common ones and
/// their multiples up to 360; 2, 7, 37 and 73 add 32, 49, 37 and 365 days.
/// Other supplies are rounded at the 28th decimal of an MME, which `SLACK` covers.
const EVEN: i128 = 72_201_776_446_800 * 2 * 7 * 37 * 73;
/// Strength and quantity come in thousandths, factors in ten-thousandths.
const PARTS: i128 = 1_000 * 1_000 * 10_000;
/// One MME.
const UNIT: i128 = PARTS * EVEN;
/// Far more than a sum of rounded doses can be off, far less than two doses
/// that differ can be apart: 1e-16 MME.
const SLACK: i128 = UNIT / 10_000_000_000_000_000;

/// An exact amount of morphine milligram equivalents: a daily dose, or the sum
/// of daily doses over a window (MME-days).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mme(i128);

/// Conversion factor in ten-thousandths: 4.7 is `Factor(47_000)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor(pub i64);

impl Factor {
    /// The factor under which amounts are kept that have none: the smallest there is.
    pub const LEAST: Self = Self(1);
}

/// One dispensing, in the numbers a prescription states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispensing {
    /// First day of use.
    pub start: i32,
    /// Days it lasts, at least 1; it is active on `start ..= start + days - 1`.
    pub days: i32,
    /// MME on each of those days.
    pub daily: Mme,
}

impl Mme {
    /// Daily dose of a pill, film or spray: strength × quantity × factor ÷ days.
    ///
    /// `strength` and `quantity` in thousandths of the pack's unit, `days` ≥ 1.
    pub fn per_day(strength_x1000: i64, quantity_x1000: i64, factor: Factor, days: i32) -> Self {
        debug_assert!(days > 0, "admission rejects a days' supply below 1");
        let dose = i128::from(strength_x1000) * i128::from(quantity_x1000) * i128::from(factor.0);
        let days = i128::from(days);
        if EVEN % days == 0 { Self(dose * (EVEN / days)) } else { Self((dose * EVEN + days / 2) / days) }
    }

    /// Daily dose of a patch: strength in mcg/h × patches worn at once × factor.
    ///
    /// The quantity dispensed says how often a patch is changed, not how many
    /// are worn: 25 mcg/h is 60 MME/day under CDC 2022 whether changed every 72
    /// or every 48 hours. Multiplying by quantity ÷ days is the error that gave
    /// 504 MME for a 75 mcg/h patch (cqf-ruler#23).
    pub fn per_day_of_patches(strength_x1000: i64, worn: i64, factor: Factor) -> Self {
        Self::per_day(strength_x1000, worn * 1_000, factor, 1)
    }

    /// The same amount of a drug under another factor; `None` where sums of such
    /// doses would leave the range of exact arithmetic.
    pub fn under(self, now: Factor, then: Factor) -> Option<Self> {
        let dose = (self.0 / i128::from(now.0)).checked_mul(i128::from(then.0));
        dose.filter(|dose| *dose <= i128::MAX / 1_000_000).map(Self)
    }

    /// Whether it is more than a day's dose can be: above 1000 MME a unit was
    /// mistaken (definitions: mme_method.md "Rules").
    pub fn is_implausible(self) -> bool {
        self > Self(1_000 * UNIT)
    }

    /// Average over `days` days, in thousandths of an MME per day, rounded
    /// down; but a dose above zero is never 0. So `>=` and `<` against whole
    /// thousandths, and `= 0`, say what the exact dose says.
    pub fn average_x1000(self, days: i32) -> i64 {
        let floor = (self.0 + SLACK) * 1_000 / (UNIT * i128::from(days));
        let kept = if self.0 > 0 { floor.max(1) } else { floor };
        i64::try_from(kept).expect("a window of quarantined-above-1000 daily doses fits")
    }

    /// Percent reduction from `self` to `later` in hundredths of a percent,
    /// cut towards zero, so that `>= 5000` means exactly "at least 50 % less"
    /// and `<= -1000` "at least 10 % more". `None` when `self` is zero.
    pub fn reduction_x100(self, later: Self) -> Option<i64> {
        (self.0 > 0).then(|| {
            let difference = self.0 - later.0;
            // Towards the threshold: a half that was rounded is still a half.
            let reached = difference + SLACK * difference.signum();
            let scaled = reached.checked_mul(10_000).map(|scaled| scaled / self.0);
            let reduction = scaled.unwrap_or_else(|| reached / (self.0 / 10_000));
            i64::try_from(reduction).unwrap_or(i64::MIN)
        })
    }

    /// As a floating-point number, for printing only.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / UNIT as f64
    }

    /// Whether the dose is at least `whole` MME.
    pub fn at_least(self, whole: i64) -> bool {
        self.0 + SLACK >= i128::from(whole) * UNIT
    }

    /// Whether it is more than `other`: by more than rounded doses can be off.
    pub fn is_above(self, other: Self) -> bool {
        self.0 > other.0 + SLACK
    }

    /// Whether there is no dose at all.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The same dose on each of `days` days.
    #[must_use]
    pub fn over(self, days: i32) -> Self {
        Self(self.0 * i128::from(days))
    }
}

impl Add for Mme {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Mme {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Dispensing {
    /// Days of `first ..= last` on which it is active.
    pub fn days_within(&self, first: i32, last: i32) -> i32 {
        let end = self.start.saturating_add(self.days - 1);
        (last.min(end) - first.max(self.start) + 1).max(0)
    }
}

/// Patches worn at once, from what was dispensed: quantity × 3 ÷ days (a patch
/// lasts 72 hours) to the nearest whole patch, ties down, at least one. Ties
/// down so that 15 patches for 30 days, a 48-hour change, is one patch worn.
pub fn patches_worn(quantity_x1000: i64, days: i32) -> i64 {
    let thirds = 3 * quantity_x1000;
    let days = 1_000 * i64::from(days);
    ((2 * thirds + days - 1) / (2 * days)).max(1)
}

/// MME-days over the window `first ..= last`: overlapping dispensings add up
/// and gaps count as nothing (definition 3, the fixed window: Dasgupta 2021,
/// PMC8270512, table 4; HHS-OIG OEI-02-17-00560).
pub fn window_total(dispensings: &[Dispensing], first: i32, last: i32) -> Mme {
    let mut total = Mme::default();
    for dispensing in dispensings {
        total += dispensing.daily.over(dispensing.days_within(first, last));
    }
    total
}

/// MME on each day of the window `first ..= last`. `window_total` says the sum
/// at a fraction of the cost.
pub fn window_days(dispensings: &[Dispensing], first: i32, last: i32) -> Vec<Mme> {
    (first..=last).map(|day| window_total(dispensings, day, day)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Dispensing, Factor, Mme, patches_worn, window_total};

    fn pills(strength: i64, quantity: i64, factor: i64, days: i32) -> Mme {
        Mme::per_day(strength * 1_000, quantity * 1_000, Factor(factor), days)
    }

    #[test]
    fn thresholds_hold_exactly() {
        assert!(pills(25, 60, 10_000, 30).at_least(50));
        assert!(pills(30, 60, 15_000, 30).at_least(90));
        assert!(!pills(25, 59, 10_000, 30).at_least(50));
        assert_eq!(pills(50, 240, 2_000, 30).average_x1000(1), 80_000);
    }

    #[test]
    fn half_of_any_dose_is_a_half() {
        for days in 1..=366 {
            for quantity in 1..60 {
                let full = pills(5, 2 * quantity, 15_000, days);
                let half = pills(5, quantity, 15_000, days);
                assert_eq!(full.reduction_x100(half), Some(5_000), "{quantity} in {days} days");
                assert_eq!(half.reduction_x100(full), Some(-10_000));
                let (before, after) = (full.over(17) + full.over(3), half.over(9) + half.over(11));
                assert_eq!(before.reduction_x100(after), Some(5_000), "{quantity} in {days} days, added up");
            }
        }
        assert_eq!(Mme::default().reduction_x100(pills(5, 1, 1, 1)), None);
    }

    #[test]
    fn a_dose_under_another_factor_is_the_dose_that_factor_gives() {
        for days in 1..=366 {
            for (now, then) in [(47_000, 40_000), (2_000, 1_000), (1, 110_000), (4_000, 3_000)] {
                let (one, other) = (pills(5, 37, now, days), pills(5, 37, then, days));
                let moved = one.under(Factor(now), Factor(then)).expect("a plausible dose");
                assert_eq!(moved.average_x1000(1), other.average_x1000(1), "{days} days, {now} to {then}");
            }
        }
        assert!(!pills(500, 2, 10_000, 1).is_implausible() && pills(500, 2, 10_001, 1).is_implausible());
        assert_eq!(pills(500, 2, 10_000, 1).under(Factor::LEAST, Factor(1_000_000_000)), None);
    }

    #[test]
    fn a_patch_counts_by_strength_not_by_how_often_it_is_changed() {
        assert_eq!(
            [(10, 30), (15, 30), (20, 30), (5, 15), (1, 3), (2, 30)].map(|(q, d)| patches_worn(q * 1_000, d)),
            [1, 1, 2, 1, 1, 1]
        );
        assert_eq!(Mme::per_day_of_patches(75_000, 1, Factor(24_000)).average_x1000(1), 180_000);
    }

    #[test]
    fn only_days_inside_the_window_count() {
        let ten_days = Dispensing { start: -35, days: 10, daily: pills(10, 40, 10_000, 10) };
        assert_eq!(window_total(&[ten_days], -30, -1).average_x1000(30), 5 * 40_000 / 30);
        assert!(window_total(&[ten_days], 0, 29).is_zero());
    }
}
