//! Adverse events over the infusions they followed.
//!
//! The denominator is the infusions after which somebody asked: "none asked" is
//! not "none". An event belongs to the last infusion on or before its day, and
//! no more than [`FOLLOW_DAYS`] before it. Events that belong to no infusion, or
//! to one after which nobody is on record as having asked, are counted apart:
//! their infusions are no sample of anything (definitions, measures.md §5).

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::history::{AdverseEvent, Infusion};
use crate::model::calendar::Period;
use crate::protocol::AdverseEventPack;

/// How many days after an infusion an event still belongs to it (product
/// decision: the next induction infusion is rarely further away).
pub const FOLLOW_DAYS: i32 = 7;
/// Position of events of any kind among the kinds counted.
pub const ANY: usize = 0;
/// Position of serious events.
pub const SERIOUS: usize = 1;
/// Position of the pack's first term; after its last comes everything else.
pub const FIRST_TERM: usize = 2;

/// How many kinds of event are counted: any, serious, each term, other.
pub fn kinds(pack: &AdverseEventPack) -> usize {
    FIRST_TERM + pack.terms().len() + 1
}

/// Events of one kind after infusions at which they were asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventCounts {
    /// Patients with at least one.
    pub patients: u64,
    /// Infusions followed by at least one.
    pub infusions: u64,
    /// Events.
    pub events: u64,
    /// Sum over patients of the square of their events.
    pub squares: u64,
    /// Sum over patients of their events times their infusions.
    pub products: u64,
}

/// One group of patients; those of two groups add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SafetyCounts {
    /// With at least one infusion.
    pub patients: u64,
    /// Asked after at least one infusion.
    pub asked_patients: u64,
    /// Infusions.
    pub infusions: u64,
    /// Infusions after which adverse events were asked for.
    pub asked: u64,
    /// Sum over patients of the square of those.
    pub asked_squares: u64,
    /// Patients with an event that is in no rate.
    pub outside_patients: u64,
    /// Events that are in no rate.
    pub outside: u64,
    /// By kind: any, serious, each term of the pack, other.
    pub kinds: Vec<EventCounts>,
    /// Serious events by term: each term of the pack, other.
    pub serious: Vec<EventCounts>,
}

/// Counts by site (position) and by when the patient's first series began. All
/// of a patient's infusions count there, so that groups of patients add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Safety {
    /// The counts.
    pub cells: BTreeMap<(usize, Option<Period>), SafetyCounts>,
}

impl AddAssign<&Self> for SafetyCounts {
    fn add_assign(&mut self, other: &Self) {
        self.patients += other.patients;
        self.asked_patients += other.asked_patients;
        self.infusions += other.infusions;
        self.asked += other.asked;
        self.asked_squares += other.asked_squares;
        self.outside_patients += other.outside_patients;
        self.outside += other.outside;
        add(&mut self.kinds, &other.kinds);
        add(&mut self.serious, &other.serious);
    }
}

fn add(mine: &mut Vec<EventCounts>, theirs: &[EventCounts]) {
    if mine.len() < theirs.len() {
        mine.resize_with(theirs.len(), EventCounts::default);
    }
    for (mine, theirs) in mine.iter_mut().zip(theirs) {
        mine.patients += theirs.patients;
        mine.infusions += theirs.infusions;
        mine.events += theirs.events;
        mine.squares += theirs.squares;
        mine.products += theirs.products;
    }
}

impl AddAssign for Safety {
    fn add_assign(&mut self, other: Self) {
        for (key, counts) in other.cells {
            *self.cells.entry(key).or_default() += &counts;
        }
    }
}

/// One kind of event in one patient.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    events: u64,
    infusions: u64,
    /// The infusion counted last, so that none is counted twice.
    last: Option<usize>,
}

impl Safety {
    /// Counts a patient with at least one infusion. Both lists are sorted by day.
    pub fn count(
        &mut self,
        site: usize,
        period: Option<Period>,
        (infusions, events): (&[Infusion], &[AdverseEvent]),
        kinds: usize,
    ) {
        let counts = self.cells.entry((site, period)).or_default();
        counts.kinds.resize_with(kinds, EventCounts::default);
        counts.serious.resize_with(kinds.saturating_sub(FIRST_TERM), EventCounts::default);
        let asked = infusions.iter().filter(|infusion| infusion.asked).count() as u64;
        counts.patients += 1;
        counts.infusions += infusions.len() as u64;
        counts.asked_patients += u64::from(asked > 0);
        counts.asked += asked;
        counts.asked_squares += asked * asked;
        if !events.is_empty() {
            counts.count_events(asked, infusions, events);
        }
    }
}

impl SafetyCounts {
    fn count_events(&mut self, asked: u64, infusions: &[Infusion], events: &[AdverseEvent]) {
        // Most patients have events of few kinds, so only those are looked at.
        let (mut seen, mut serious) = (Vec::new(), Vec::new());
        let mut outside = 0;
        for event in events {
            let Some(infusion) = after(infusions, event.day).filter(|&at| infusions[at].asked) else {
                outside += 1;
                continue;
            };
            let kinds = [Some(ANY), event.serious.then_some(SERIOUS), Some(FIRST_TERM + event.term)];
            kinds.into_iter().flatten().for_each(|kind| of_kind(&mut seen, kind).add(infusion));
            if event.serious {
                of_kind(&mut serious, event.term).add(infusion);
            }
        }
        self.outside += outside;
        self.outside_patients += u64::from(outside > 0);
        for (kind, seen) in seen {
            self.kinds[kind].add(seen, asked);
        }
        for (term, seen) in serious {
            self.serious[term].add(seen, asked);
        }
    }
}

fn of_kind(seen: &mut Vec<(usize, Seen)>, kind: usize) -> &mut Seen {
    let at = seen.iter().position(|(known, _)| *known == kind).unwrap_or(seen.len());
    if at == seen.len() {
        seen.push((kind, Seen::default()));
    }
    &mut seen[at].1
}

impl EventCounts {
    /// Adds a patient who was asked after so many infusions.
    fn add(&mut self, seen: Seen, asked: u64) {
        self.patients += u64::from(seen.events > 0);
        self.infusions += seen.infusions;
        self.events += seen.events;
        self.squares += seen.events * seen.events;
        self.products += seen.events * asked;
    }
}

impl Seen {
    fn add(&mut self, infusion: usize) {
        self.events += 1;
        self.infusions += u64::from(self.last != Some(infusion));
        self.last = Some(infusion);
    }
}

/// The infusion an event of `day` belongs to. Of several on one day, one after
/// which somebody asked.
fn after(infusions: &[Infusion], day: i32) -> Option<usize> {
    let last = infusions.partition_point(|infusion| infusion.day <= day).checked_sub(1)?;
    let of_day = infusions[last].day;
    if day - of_day > FOLLOW_DAYS {
        return None;
    }
    let same_day = (0..=last).rev().take_while(|&at| infusions[at].day == of_day);
    Some(same_day.into_iter().find(|&at| infusions[at].asked).unwrap_or(last))
}
