//! Times to an event, some of them censored, as a tally over distinct times.

use super::Undefined;
use super::values::Values;

/// What happened at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimePoint {
    /// The time, in the unit of the data.
    pub time: f64,
    /// Patients who had the event then.
    pub events: u64,
    /// Patients last seen then without the event.
    pub censored: u64,
}

/// A time-to-event sample: distinct times ascending, with events and censorings.
///
/// Relief is seen to be lost only at visits, so times are known to the visit interval and
/// no better; reports must say so.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lifetimes {
    ascending: Vec<TimePoint>,
    n: u64,
}

impl Lifetimes {
    /// From one time and one event flag per patient.
    ///
    /// ```
    /// use relief::estimate::statistics::lifetimes::Lifetimes;
    /// let sample = Lifetimes::from_slices(&[4.0, 4.0, 7.0], &[true, false, true])?;
    /// assert_eq!((sample.n(), sample.points().len()), (3, 2));
    /// # Ok::<(), relief::estimate::statistics::Undefined>(())
    /// ```
    pub fn from_slices(times: &[f64], had_event: &[bool]) -> Result<Self, Undefined> {
        if times.len() != had_event.len() {
            return Err(Undefined::UnequalLengths);
        }
        Self::from_tally(times.iter().zip(had_event).map(|(&time, &event)| TimePoint {
            time,
            events: u64::from(event),
            censored: u64::from(!event),
        }))
    }

    /// From counts per time, in any order; equal times are added up.
    ///
    /// Times that are not finite are [`Undefined::ValueOutsideRange`].
    pub fn from_tally(points: impl IntoIterator<Item = TimePoint>) -> Result<Self, Undefined> {
        let points: Vec<TimePoint> = points.into_iter().collect();
        let tally = |count: fn(&TimePoint) -> u64| {
            Values::from_tally(points.iter().map(|p| super::Weighted { value: p.time, count: count(p) }))
        };
        let (events, censored) = (tally(|p| p.events)?, tally(|p| p.censored)?);
        let n = events.n() + censored.n();
        let mut ascending: Vec<TimePoint> = Vec::new();
        ascending.extend(events.distinct().iter().map(|w| TimePoint { time: w.value, events: w.count, censored: 0 }));
        ascending.extend(censored.distinct().iter().map(|w| TimePoint { time: w.value, events: 0, censored: w.count }));
        ascending.sort_by(|a, b| a.time.total_cmp(&b.time));
        ascending.dedup_by(|next, kept| {
            let same = next.time.total_cmp(&kept.time).is_eq();
            if same {
                kept.censored += next.censored;
            }
            same
        });
        Ok(Self { ascending, n })
    }

    /// The number of patients.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Distinct times, ascending.
    pub fn points(&self) -> &[TimePoint] {
        &self.ascending
    }
}
