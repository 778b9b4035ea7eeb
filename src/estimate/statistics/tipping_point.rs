//! How badly the lost patients would have to do for a conclusion to change.

use super::Undefined;
use super::distribution::student_t::StudentT;
use super::interval::tail_area;
use super::proportion::wilson;
use super::values::real;

/// What is known of a rate whose denominator includes the lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// With the outcome, among those seen.
    pub events: u64,
    /// Seen.
    pub observed: u64,
    /// Seen and lost.
    pub eligible: u64,
}

/// The smallest share of the lost with the outcome at which the lower Wilson limit of
/// the rate over everyone exceeds `reference`.
///
/// 0 means that the conclusion holds even if none of the lost had the outcome (it then
/// holds under NRI), [`Undefined::OutOfReach`] that it does not hold even if all had.
/// Source: Yan, Lee and Li (2009), doi:10.1080/10543400903243009, for the idea; the limit
/// is that of the headline. Nobody lost is [`Undefined::NobodyLost`].
///
/// ```
/// use relief::estimate::statistics::tipping_point::{Followed, share_of_lost};
/// // 50 of 90 seen responded and 10 were lost. 59 of 100 has the Wilson limits 49.2 to
/// // 68.1 %, 60 of 100 has 50.2 to 69.1 %: all ten would have had to respond.
/// let followed = Followed { events: 50, observed: 90, eligible: 100 };
/// assert_eq!(share_of_lost(followed, 0.5, 0.95)?, 1.0);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn share_of_lost(followed: Followed, reference: f64, level: f64) -> Result<f64, Undefined> {
    let Followed { events, observed, eligible } = followed;
    let lost = eligible.checked_sub(observed).ok_or(Undefined::EventsExceedTotal)?;
    let exceeds = |of_lost: u64| Ok(wilson(events + of_lost, eligible, level)?.low > reference);
    if lost == 0 {
        return Err(Undefined::NobodyLost);
    }
    if !exceeds(lost)? {
        return Err(Undefined::OutOfReach);
    }
    // The limit rises with every event: halve the range that holds the first that exceeds.
    let (mut below, mut first) = (None, lost);
    while below.map_or(0, |below: u64| below + 1) < first {
        let middle = below.map_or(0, |below| below + 1).midpoint(first);
        if exceeds(middle)? { first = middle } else { below = Some(middle) }
    }
    Ok(real(first) / real(lost))
}

/// What is known of a mean change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Seen.
    pub observed: u64,
    /// Seen and lost.
    pub eligible: u64,
    /// Mean change of those seen.
    pub mean: f64,
    /// Standard deviation of the change of those seen.
    pub sd: f64,
}

/// The mean change among the lost, nearest to that of those seen, at which the t interval
/// of the mean over everyone reaches 0.
///
/// The lost are taken to vary as those seen do, around a mean of their own. With
/// f = lost/N, the mean over everyone is m + f d and its variance
/// ((N-2)s^2 + N f(1-f) d^2)/(N-1); the shift d solves
/// (m + f d)^2 = t^2 variance/N, a quadratic. Delta adjustment: Carpenter and Kenward
/// (2013), ISBN 978-0-470-74052-1, chapter 10. An interval that holds 0 even at d = 0 is
/// [`Undefined::OutOfReach`]; nobody lost is [`Undefined::NobodyLost`].
///
/// ```
/// use relief::estimate::statistics::tipping_point::{Seen, mean_of_lost};
/// let seen = Seen { observed: 80, eligible: 100, mean: -2.0, sd: 2.5 };
/// // scipy 1.17: brentq over the mean of the lost for the upper t limit to be 0
/// let tipping = mean_of_lost(seen, 0.95)?;
/// assert!((tipping - 4.438_534_685_227).abs() < 1e-10, "{tipping}");
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn mean_of_lost(seen: Seen, level: f64) -> Result<f64, Undefined> {
    let tail = tail_area(level)?;
    let lost = seen.eligible.checked_sub(seen.observed).ok_or(Undefined::EventsExceedTotal)?;
    if lost == 0 {
        return Err(Undefined::NobodyLost);
    }
    if seen.observed < 2 {
        return Err(Undefined::TooFewObservations);
    }
    let n = real(seen.eligible);
    let t = StudentT::new(n - 1.0)?.quantile(tail)?;
    let share = real(lost) / n;
    let square = share * share - t * t * share * (1.0 - share) / (n - 1.0);
    let linear = 2.0 * seen.mean * share;
    let constant = seen.mean * seen.mean - t * t * (n - 2.0) * seen.sd * seen.sd / (n * (n - 1.0));
    if constant <= 0.0 {
        return Err(Undefined::OutOfReach);
    }
    // The root towards 0, in the form that does not cancel.
    let root = (linear * linear - 4.0 * square * constant).max(0.0).sqrt();
    let shift = -2.0 * constant / (linear + root.copysign(linear));
    if shift.is_finite() { Ok(seen.mean + shift) } else { Err(Undefined::ValueOutsideRange) }
}

#[cfg(test)]
mod tests {
    use super::{Followed, Undefined, share_of_lost};

    fn tip(events: u64, observed: u64, eligible: u64) -> Result<f64, Undefined> {
        share_of_lost(Followed { events, observed, eligible }, 0.5, 0.95)
    }

    #[test]
    fn nobody_lost_and_conclusions_beyond_reach_have_no_tipping_point() {
        assert_eq!(tip(0, 0, 0), Err(Undefined::NobodyLost));
        assert_eq!(tip(1, 1, 1), Err(Undefined::NobodyLost));
        assert_eq!(tip(40, 90, 100), Err(Undefined::OutOfReach));
        assert_eq!(tip(0, 0, 1), Err(Undefined::OutOfReach), "one of one has the lower limit 21 %");
        assert_eq!(tip(3, 2, 1), Err(Undefined::EventsExceedTotal));
    }

    #[test]
    fn a_conclusion_that_holds_anyway_needs_none_of_the_lost() {
        assert_eq!(tip(80, 90, 100), Ok(0.0));
    }

    #[test]
    fn the_first_that_exceeds_is_found_wherever_it_is() {
        for events in 40..70 {
            let found = tip(events, 80, 100);
            let naive = (0..=20_u64)
                .find(|lost| super::wilson(events + lost, 100, 0.95).expect("fewer events than patients").low > 0.5);
            assert_eq!(found.ok(), naive.map(|lost| lost as f64 / 20.0), "{events}");
        }
    }
}
