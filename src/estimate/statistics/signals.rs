//! The rules of a control chart: which points say that more than chance is at work?
//!
//! Rules and priorities as in NHS England's Making Data Count, read from `NHSRplotthedots`
//! (`R/ptd_calculate_point_type.R` at 09c4d14 and later). The rules do not care where the
//! limits come from, so the XmR chart and the p-charts share them.

/// A run on one side of the centre, or a trend, needs this many points.
pub const RUN: usize = 7;

/// The rules, by the name a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A point outside the process limits.
    Outside,
    /// Seven consecutive points on one side of the centre.
    Shift,
    /// Seven consecutive points rising, or falling.
    Trend,
    /// Two of three consecutive points near the same limit.
    TwoOfThree,
}

impl Rule {
    /// Every rule, in the order readers are told of them.
    pub const ALL: [Self; 4] = [Self::Outside, Self::Shift, Self::Trend, Self::TwoOfThree];

    /// The id in `results.csv`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Outside => "outside_limits",
            Self::Shift => "shift_of_seven",
            Self::Trend => "trend_of_seven",
            Self::TwoOfThree => "two_of_three_near_limit",
        }
    }

    /// What the rule found, for a reader.
    pub fn words(self) -> &'static str {
        match self {
            Self::Outside => "outside the control limits",
            Self::Shift => "one of seven or more in a row on one side of the center line",
            Self::Trend => "one of seven or more in a row rising or falling",
            Self::TwoOfThree => "one of two in three near the same limit",
        }
    }
}

/// Which way a signal points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Above the centre, or rising.
    Up,
    /// Below the centre, or falling.
    Down,
}

/// The lines one point is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// The centre line.
    pub centre: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
    /// Two thirds of the way from the centre to the lower limit.
    pub near_low: f64,
    /// Two thirds of the way from the centre to the upper limit.
    pub near_high: f64,
}

/// The marks of a chart; one entry per point.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    /// Points outside the limits.
    pub outside: Vec<bool>,
    /// Points in a run of seven on one side of the centre.
    pub shift: Vec<bool>,
    /// Points in a run of seven rising or falling.
    pub trend: Vec<bool>,
    /// Points near a limit in a two-of-three.
    pub two_of_three: Vec<bool>,
    sides: Vec<i8>,
    /// Step to the next point, where it is part of a trend.
    climbs: Vec<i8>,
}

impl Signals {
    /// The rules a point breaks, in the order of [`Rule`].
    pub fn rules_at(&self, point: usize) -> Vec<Rule> {
        Rule::ALL.into_iter().filter(|rule| self.marks(*rule).get(point).copied().unwrap_or(false)).collect()
    }

    /// The points a rule marks.
    pub fn marks(&self, rule: Rule) -> &[bool] {
        match rule {
            Rule::Outside => &self.outside,
            Rule::Shift => &self.shift,
            Rule::Trend => &self.trend,
            Rule::TwoOfThree => &self.two_of_three,
        }
    }

    /// Which way a marked point speaks; an unmarked one does not.
    ///
    /// A point outside the limits speaks for its side; else one in a trend for where the
    /// trend goes, though it may still be on the other side of the centre; else for its side.
    pub fn way_at(&self, point: usize) -> Option<Way> {
        let rules = self.rules_at(point);
        let climb = || match self.climbs.get(point).copied().unwrap_or(0) {
            0 => point.checked_sub(1).map_or(0, |before| self.climbs[before]),
            climb => climb,
        };
        let by_trend = rules.contains(&Rule::Trend) && !rules.contains(&Rule::Outside);
        let sign = if by_trend { climb() } else { self.sides[point] };
        match (rules.is_empty(), sign) {
            (false, 1) => Some(Way::Up),
            (false, -1) => Some(Way::Down),
            _ => None,
        }
    }
}

/// Marks the points of a series against their limits.
///
/// A gap, where nothing was seen or may be said, interrupts runs, trends and threes. A point
/// on the centre interrupts a shift, an equal neighbour a trend. Two-of-three needs all three
/// points on one side and two of them between near-limit and limit, and marks only those two:
/// `ptd_part_of_two_in_three` is `two_in_three & close_to_limits`, not the whole three. Limits
/// of no width judge nothing but trends. Source: Provost and Murray (2011), ISBN
/// 978-0470258590; `NHSRplotthedots` as above.
///
/// ```
/// use relief::estimate::statistics::signals::{Band, Rule, signals};
/// let band = Band { centre: 5.0, low: 2.0, high: 8.0, near_low: 3.0, near_high: 7.0 };
/// let marks = signals(&[5.1, 7.5, 6.0, 7.2, 8.5].map(Some), &[Some(band); 5]);
/// assert_eq!(marks.two_of_three, [false, true, false, true, false]);
/// assert_eq!(marks.rules_at(4), [Rule::Outside]);
/// ```
pub fn signals(series: &[Option<f64>], bands: &[Option<Band>]) -> Signals {
    let judged = |at: usize| {
        let band = bands.get(at).copied().flatten().filter(|band| band.high > band.low)?;
        Some((series[at]?, band))
    };
    let each = |mark: fn(f64, &Band) -> bool| -> Vec<bool> {
        (0..series.len()).map(|at| judged(at).is_some_and(|(y, band)| mark(y, &band))).collect()
    };
    let sides: Vec<i8> = (0..series.len()).map(|at| judged(at).map_or(0, |(y, band)| sign(y - band.centre))).collect();
    let outside = each(|y, band| y < band.low || y > band.high);
    let near = each(|y, band| y < band.near_low || y > band.near_high);
    let close: Vec<bool> = near.iter().zip(&outside).map(|(near, outside)| *near && !outside).collect();
    let climbs = climbs(series);
    let trend =
        (0..series.len()).map(|at| [Some(at), at.checked_sub(1)].into_iter().flatten().any(|step| climbs[step] != 0));
    Signals {
        shift: in_run_of(RUN, &sides),
        trend: trend.collect(),
        two_of_three: two_of_three(&close, &sides),
        outside,
        sides,
        climbs,
    }
}

fn sign(value: f64) -> i8 {
    i8::from(value > 0.0) - i8::from(value < 0.0)
}

/// Marks the members of every run of at least `length` equal, non-zero signs.
fn in_run_of(length: usize, signs: &[i8]) -> Vec<bool> {
    signs
        .chunk_by(|a, b| a == b)
        .flat_map(|run| {
            let marked = run.len() >= length && run[0] != 0;
            std::iter::repeat_n(marked, run.len())
        })
        .collect()
}

/// The sign of each step that is one of six equal ones in a row, which are seven points.
fn climbs(series: &[Option<f64>]) -> Vec<i8> {
    let step = |at: usize| {
        let next = series.get(at + 1).copied().flatten();
        series[at].zip(next).map_or(0, |(from, to)| sign(to - from))
    };
    let steps: Vec<i8> = (0..series.len()).map(step).collect();
    in_run_of(RUN - 1, &steps).into_iter().zip(steps).map(|(long, step)| if long { step } else { 0 }).collect()
}

fn two_of_three(close: &[bool], side: &[i8]) -> Vec<bool> {
    let mut marked = vec![false; close.len()];
    for start in 0..close.len().saturating_sub(2) {
        let three = start..start + 3;
        let near = close[three.clone()].iter().filter(|close| **close).count();
        let same_side = side[three.clone()].iter().sum::<i8>().abs() == 3;
        if near >= 2 && same_side {
            three.filter(|&at| close[at]).for_each(|at| marked[at] = true);
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAND: Band = Band { centre: 0.0, low: -3.0, high: 3.0, near_low: -2.0, near_high: 2.0 };

    fn marks(series: &[Option<f64>]) -> Signals {
        signals(series, &vec![Some(BAND); series.len()])
    }

    /// The cases of `tests/testthat/test-ptd_calculate_point_type.R`: near, near-not-near,
    /// on one side and on both.
    #[test]
    fn two_of_three_marks_the_near_points_only() {
        let found = |series: [f64; 7]| marks(&series.map(Some)).two_of_three;
        assert_eq!(found([1.0, 1.0, 2.5, 1.0, 2.5, 1.0, 1.0]), [false, false, true, false, true, false, false]);
        assert_eq!(found([1.0, 1.0, 2.5, 2.5, 1.0, 1.0, 1.0]), [false, false, true, true, false, false, false]);
        assert_eq!(found([1.0, -1.0, 2.5, -1.0, 2.5, -1.0, 1.0]), [false; 7]);
    }

    #[test]
    fn a_gap_interrupts_everything_that_runs() {
        let whole = marks(&[Some(1.0); 7]);
        assert_eq!(whole.shift, [true; 7]);
        let mut series = [Some(1.0); 8];
        series[3] = None;
        assert_eq!(marks(&series).shift, [false; 8]);
        let rising = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
        assert_eq!(marks(&rising.map(Some)).trend, [true; 7]);
        let mut broken = rising.map(Some).to_vec();
        broken.insert(3, None);
        assert_eq!(marks(&broken).trend, [false; 8]);
    }

    #[test]
    fn a_trend_speaks_for_where_it_goes_and_an_outlier_for_its_side() {
        let rising = marks(&[-3.5, -2.4, -1.5, -0.6, 0.5, 1.4, 2.5].map(Some));
        assert_eq!(rising.way_at(0), Some(Way::Down), "outside comes first");
        assert_eq!(rising.way_at(1), Some(Way::Up), "below the centre, but rising");
        assert_eq!(rising.way_at(6), Some(Way::Up), "the last point of a trend has no next");
        assert_eq!(marks(&[Some(0.0)]).way_at(0), None);
    }

    #[test]
    fn nothing_and_one_point_break_no_rule() {
        assert_eq!(signals(&[], &[]).outside, Vec::<bool>::new());
        assert_eq!(signals(&[Some(9.0)], &[None]).rules_at(0), []);
        assert_eq!(marks(&[None, None]).rules_at(1), []);
    }
}
