//! Follow-up windows, counted from day 0 of the series.

/// A follow-up horizon: a target day and the contiguous window around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Horizon {
    /// Stable id: `2w`, `4w`, `12w`, `24w`.
    pub id: &'static str,
    /// The same in words.
    pub label: &'static str,
    /// Days from day 0 to the target.
    pub target: i32,
    /// First day of the window.
    pub first: i32,
    /// Last day of the window; a patient is due once the data cut has reached it.
    pub last: i32,
}

/// In time order. The windows do not overlap, so a score belongs to at most
/// one (definitions: measures.md §0).
pub const HORIZONS: [Horizon; 4] = [
    Horizon { id: "2w", label: "2 weeks", target: 14, first: 7, last: 20 },
    Horizon { id: "4w", label: "4 weeks", target: 28, first: 21, last: 41 },
    Horizon { id: "12w", label: "12 weeks", target: 84, first: 63, last: 111 },
    Horizon { id: "24w", label: "24 weeks", target: 168, first: 140, last: 210 },
];

impl Horizon {
    /// The horizon with this id.
    pub fn find(id: &str) -> Option<Self> {
        HORIZONS.into_iter().find(|horizon| horizon.id == id)
    }

    /// Whether a score `offset` days after day 0 falls in the window.
    pub fn holds(&self, offset: i32) -> bool {
        (self.first..=self.last).contains(&offset)
    }
}

#[cfg(test)]
mod tests {
    use super::HORIZONS;

    #[test]
    fn a_day_belongs_to_at_most_one_window_and_targets_lie_in_theirs() {
        for offset in -400..800 {
            assert!(HORIZONS.iter().filter(|horizon| horizon.holds(offset)).count() <= 1);
        }
        assert!(HORIZONS.iter().all(|horizon| horizon.holds(horizon.target)));
    }
}
