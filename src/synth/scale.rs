//! Pain scales as clinics use them, and scores that fall exactly where the truth says they do.

use super::draw::Stream;

/// How one patient's pain is written down. Scores are held in tenths of the 0 to 10 scale, which
/// is also millimetres of the visual analogue scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// Numeric rating, whole numbers.
    Whole,
    /// Numeric rating with one decimal.
    Decimal,
    /// Visual analogue scale, 0 to 100 mm.
    Millimetres,
}

/// What a patient's pain does by some horizon, as a class of percentage reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relief {
    /// At least 50 %.
    Deep,
    /// At least 30 %; on a whole-number scale a baseline of 1 or 2 makes it deep.
    Moderate,
    /// Less than 30 %, possibly a little worse.
    Little,
    /// At least 30 % worse, as far as the scale reaches.
    Worse,
}

impl Scale {
    pub(super) fn instrument(self) -> &'static str {
        match self {
            Self::Whole | Self::Decimal => "pain_nrs",
            Self::Millimetres => "pain_vas_mm",
        }
    }

    /// The score as the clinic writes it.
    pub(super) fn written(self, tenths: i32) -> String {
        match self {
            Self::Whole => (tenths / 10).to_string(),
            Self::Decimal => one_decimal(tenths),
            Self::Millimetres => tenths.to_string(),
        }
    }

    /// A score of `tenths`, or the nearest one this scale can express.
    pub(super) fn rounded(self, tenths: i32) -> i32 {
        (tenths + self.step() / 2) / self.step() * self.step()
    }

    /// The score `relief` leads to from `baseline`.
    ///
    /// A percentage is drawn and rounded to the scale, then held inside the class with the same
    /// integer comparison the measure uses, so that the planted response is the measured one.
    pub(super) fn after(self, baseline: i32, relief: Relief, stream: &mut Stream) -> i32 {
        let percent_left = 100 - reduction_percent(relief, stream);
        let score = self.rounded((baseline * percent_left / 100).min(100));
        let half = self.floor(baseline / 2);
        let seven_tenths = self.floor(7 * baseline / 10);
        match relief {
            Relief::Deep => score.min(half),
            Relief::Moderate => score.max(half + self.step()).min(seven_tenths),
            Relief::Little | Relief::Worse => score.max(seven_tenths + self.step()),
        }
    }

    fn step(self) -> i32 {
        if self == Self::Whole { 10 } else { 1 }
    }

    fn floor(self, tenths: i32) -> i32 {
        tenths / self.step() * self.step()
    }
}

/// Tenths with a decimal point.
pub(super) fn one_decimal(tenths: i32) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn reduction_percent(relief: Relief, stream: &mut Stream) -> i32 {
    match relief {
        // The sum of two draws: most deep responders land between 55 and 75 %.
        Relief::Deep => 50 + stream.between(0, 20) + stream.between(0, 25),
        Relief::Moderate => stream.between(30, 49),
        Relief::Little => stream.between(-12, 15) + stream.between(-6, 14),
        Relief::Worse => -stream.between(30, 55),
    }
}

#[cfg(test)]
mod tests {
    use super::super::draw::{Purpose, Stream};
    use super::{Relief, Scale};

    #[test]
    fn scores_land_in_the_class_that_was_planted() {
        let mut stream = Stream::new(1, Purpose::Life, 0);
        for scale in [Scale::Whole, Scale::Decimal, Scale::Millimetres] {
            for baseline in (10..=100).step_by(10) {
                let mut after = |relief| scale.after(baseline, relief, &mut stream);
                assert!(2 * after(Relief::Deep) <= baseline);
                assert!(10 * after(Relief::Moderate) <= 7 * baseline);
                assert!(10 * after(Relief::Little) > 7 * baseline);
                assert!((0..=100).contains(&after(Relief::Worse)));
            }
        }
    }
}
