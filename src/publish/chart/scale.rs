//! Numbers → places along an axis.

/// A fixed stretch of numbers and where its lines stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Ticks and what is written at them.
    pub ticks: Vec<(f64, String)>,
}

impl Scale {
    /// 0 to 100 %, a line every quarter. Rates are never drawn on less: a cut
    /// axis makes noise look like news.
    pub fn share() -> Self {
        let ticks = [0, 25, 50, 75, 100].map(|percent| (f64::from(percent) / 100.0, format!("{percent}\u{A0}%")));
        Self { low: 0.0, high: 1.0, ticks: ticks.to_vec() }
    }

    /// Points of change: whole numbers from `low` to `high`.
    pub fn points(low: i32, high: i32) -> Self {
        let step = if high - low > 8 { 2 } else { 1 };
        let ticks = (low..=high).filter(|value| value % step == 0).map(|value| (f64::from(value), signed(value)));
        Self { low: f64::from(low), high: f64::from(high), ticks: ticks.collect() }
    }

    /// Points of change wide enough for every interval, with the zero in sight.
    pub fn points_around(intervals: impl Iterator<Item = (f64, f64)>) -> Self {
        let (low, high) = intervals.fold((-3.0_f64, 1.0_f64), |(low, high), (from, to)| (low.min(from), high.max(to)));
        Self::points((low.floor() as i32).max(-10), (high.ceil() as i32).min(10))
    }

    /// Points of change from a round number at or below `low` to one step
    /// above zero, at most five steps below it.
    pub fn change_down_to(low: f64) -> Self {
        let ladder = (0..9).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_i32.pow(power)));
        let step = ladder.skip(1).find(|&step| low >= -5.0 * f64::from(step)).unwrap_or(500_000_000);
        let lowest = ((low / f64::from(step)).floor() as i32).clamp(-5, -2);
        let ticks = (lowest..=1).map(|at| (f64::from(at) * f64::from(step), signed(at.saturating_mul(step))));
        Self { low: f64::from(lowest) * f64::from(step), high: f64::from(step), ticks: ticks.collect() }
    }

    /// From zero to a round number at or above `highest`, at most six lines.
    pub fn up_from_zero(highest: f64) -> Self {
        let steps = (0..12).flat_map(|power| [1, 2, 5].map(|digit| f64::from(digit) * 10_f64.powi(power - 2)));
        let step = steps.into_iter().find(|step| highest <= 5.0 * step).unwrap_or(highest.max(1.0) / 5.0);
        let high = (highest / step).ceil().max(1.0) * step;
        let places = usize::from(step < 1.0) + usize::from(step < 0.1);
        let count = (high / step).round() as i32;
        let tick = |at: i32| (f64::from(at) * step, format!("{:.places$}", f64::from(at) * step));
        Self { low: 0.0, high, ticks: (0..=count).map(tick).collect() }
    }

    /// The place of `value` on an axis from `from` to `to`; what lies outside
    /// stands at the end.
    pub fn place(&self, value: f64, from: f64, to: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        from + share.clamp(0.0, 1.0) * (to - from)
    }
}

fn signed(value: i32) -> String {
    if value < 0 { format!("\u{2212}{}", value.unsigned_abs()) } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn places_stay_on_the_axis() {
        let scale = Scale::share();
        let places = [0.0, 0.5, 1.0, 1.4, -0.2].map(|value| scale.place(value, 10.0, 110.0));
        assert_eq!(places.map(|place| place as i32), [10, 60, 110, 110, 10]);
    }

    #[test]
    fn a_scale_from_zero_ends_at_a_round_number() {
        for (highest, high, lines) in [(23.4, 25.0, 6), (0.37, 0.4, 5), (1.0, 1.0, 6), (3.0, 3.0, 4), (120.0, 150.0, 4)]
        {
            let scale = Scale::up_from_zero(highest);
            assert!((scale.high - high).abs() < 1e-9 && scale.ticks.len() == lines, "{highest}: {scale:?}");
        }
    }

    #[test]
    fn a_scale_by_steps_holds_what_is_below_it() {
        let scale = Scale::change_down_to(-7.3);
        assert_eq!((scale.low as i32, scale.high as i32, scale.ticks.len()), (-8, 2, 6));
        for (low, lowest) in
            [(0.0, -4), (-10.0, -10), (-10.1, -15), (-31.0, -40), (-240.0, -250), (-99_999.0, -100_000)]
        {
            let scale = Scale::change_down_to(low);
            assert!(scale.low as i32 == lowest && scale.ticks.len() <= 7, "{low}: {scale:?}");
        }
        assert!(Scale::change_down_to(f64::MIN).ticks.len() <= 7);
    }

    #[test]
    fn a_scale_of_change_holds_its_intervals_and_zero() {
        let scale = Scale::points_around([(-4.2, -1.0), (-2.0, 2.5)].into_iter());
        assert_eq!((scale.low as i32, scale.high as i32), (-5, 3));
        assert!(scale.ticks.iter().any(|(_, text)| text == "−5"));
    }
}
