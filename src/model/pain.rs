//! Pain scores in tenths, and what counts as a response.

/// A score in tenths: 6.5 is `ScoreX10(65)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScoreX10(pub i32);

/// Change from baseline to follow-up on one scale.
///
/// The measure packs state the same rules as expressions over the analysis
/// set; a test holds the two equal over every pair of scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Score before the first infusion.
    pub baseline: ScoreX10,
    /// Score in the follow-up window.
    pub follow_up: ScoreX10,
}

impl Change {
    /// Follow-up minus baseline in tenths; negative is improvement.
    pub fn delta_x10(self) -> i32 {
        self.follow_up.0 - self.baseline.0
    }

    /// Reduction as a percentage of baseline; `None` when baseline is 0, where
    /// a percentage has no meaning.
    pub fn percent_reduction(self) -> Option<f64> {
        (self.baseline.0 > 0).then(|| f64::from(-100 * self.delta_x10()) / f64::from(self.baseline.0))
    }

    /// At least `percent` less pain, decided in whole numbers.
    ///
    /// IMMPACT: ≥ 30 % moderate, ≥ 50 % substantial improvement (Dworkin 2008,
    /// J Pain 9:105, doi:10.1016/j.jpain.2007.09.005).
    /// ```
    /// use relief::model::pain::{Change, ScoreX10};
    /// let change = Change { baseline: ScoreX10(70), follow_up: ScoreX10(49) };
    /// assert!(change.falls_by_percent(30));   // exactly 30 %
    /// ```
    pub fn falls_by_percent(self, percent: i32) -> bool {
        self.baseline.0 > 0 && -100 * self.delta_x10() >= percent * self.baseline.0
    }

    /// At least `percent` more pain.
    pub fn rises_by_percent(self, percent: i32) -> bool {
        self.baseline.0 > 0 && 100 * self.delta_x10() >= percent * self.baseline.0
    }

    /// At least two points less pain on the 0–10 scale (Farrar 2001, Pain
    /// 94:149, doi:10.1016/S0304-3959(01)00349-9).
    pub fn falls_by_two_points(self) -> bool {
        self.delta_x10() <= -20
    }
}
