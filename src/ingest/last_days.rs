//! How far a site's records reach: the last day decides who is due where no data
//! cut is stated, so one that stands alone is told.

/// A day and a row of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LastDay {
    /// The day.
    pub day: i32,
    /// The row's file, as numbered by the plan.
    pub file: u32,
    /// Its line.
    pub line: u32,
}

/// The last day of a site, and the last one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LastDays {
    /// The last.
    pub last: Option<LastDay>,
    /// The last before it.
    pub before: Option<i32>,
}

/// Days without any record after which a day stands alone: a quarter.
const ALONE: i32 = 92;

impl LastDays {
    /// Adds those of other rows; the order they are added in changes nothing.
    pub(super) fn merge(&mut self, other: Self) {
        let last = self.last.map(|last| last.day).max(other.last.map(|last| last.day));
        let days = [self.last.map(|last| last.day), other.last.map(|last| last.day), self.before, other.before];
        self.before = days.into_iter().flatten().filter(|day| Some(*day) < last).max();
        // Of several rows of the day the first is named.
        self.last = [self.last, other.last].into_iter().flatten().filter(|place| Some(place.day) == last).min();
    }

    /// The last day, if it is far from every other one.
    pub(super) fn alone(self) -> Option<LastDay> {
        let before = self.before?;
        self.last.filter(|last| last.day - before > ALONE)
    }
}

#[cfg(test)]
mod tests {
    use super::{LastDay, LastDays};

    fn of(days: &[i32]) -> LastDays {
        let mut all = LastDays::default();
        for (&day, line) in days.iter().zip(2..) {
            all.merge(LastDays { last: Some(LastDay { day, file: 0, line }), before: None });
        }
        all
    }

    #[test]
    fn a_day_stands_alone_a_quarter_after_all_others() {
        assert_eq!(of(&[]), LastDays::default());
        let alone = |days: &[i32]| of(days).alone().map(|last| (last.day, last.line));
        assert_eq!(alone(&[]), None);
        assert_eq!(alone(&[400]), None, "there is nothing to compare it with");
        assert_eq!(alone(&[0, 93, 93]), Some((93, 3)));
        assert_eq!(alone(&[93, 0]), Some((93, 2)));
        assert_eq!([alone(&[0, 92]), alone(&[0, 93, 1]), alone(&[7, 7, 7])], [None; 3]);
    }

    #[test]
    fn halves_add_up_to_the_whole() {
        let days = [5, 300, 3, 200, 300, 1];
        for cut in 0..=days.len() {
            let (mut one, mut other) = (of(&days[..cut]), of(&days[cut..]));
            let line = |days: &mut LastDays| days.last = days.last.map(|last| LastDay { line: 0, ..last });
            [&mut one, &mut other].into_iter().for_each(line);
            one.merge(other);
            assert_eq!((one.last.map(|last| last.day), one.before), (Some(300), Some(200)));
        }
    }
}
