//! Who told why they would not come back: drawn from a stream of its own, so
//! that a plan without departures gives the bytes it always gave.

use super::draw::Stream;
use super::person::Person;
use super::truth::{HORIZONS, PRIMARY};

/// Why somebody left, and how often it is said, per mille of those who left care.
pub(super) const REASONS: [(&str, u32); 4] = [("died", 60), ("withdrew", 240), ("moved", 120), ("other", 40)];

/// A departure: its place in `REASONS`, and its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Departure {
    pub(super) reason: usize,
    pub(super) day: i32,
}

/// Draws the departure of someone who left care before the primary horizon and
/// never came back; most of them say nothing.
pub(super) fn draw(person: &Person, stream: &mut Stream) -> Option<Departure> {
    let luck = stream.below(1000);
    // Some leave after the window of twelve weeks has closed: that explains nothing.
    let day = person.day_zero + stream.between(HORIZONS[PRIMARY - 1].due, HORIZONS[PRIMARY].due + 30);
    let left = person.visits[PRIMARY..].iter().all(Option::is_none) && person.withdrawal.is_none();
    let mut below = 0;
    let reason = REASONS.iter().position(|(_, often)| {
        below += often;
        luck < below
    })?;
    left.then_some(Departure { reason, day })
}
