//! Adverse events: the table a clinician can check, and a naive second count.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, proptest};
use relief::derive::history::{AdverseEvent, Infusion};
use relief::derive::safety::{ANY, FIRST_TERM, SERIOUS, Safety, SafetyCounts, kinds};
use relief::estimate::statistics::rate::garwood;
use relief::protocol::AdverseEventPack;

use crate::spec::protocol;
use crate::table::tables;

fn count(infusions: &[Infusion], events: &[AdverseEvent], kinds: usize) -> SafetyCounts {
    let mut safety = Safety::default();
    safety.count(0, None, (infusions, events), kinds);
    safety.cells.remove(&(0, None)).expect("the patient is counted")
}

fn infusions(text: &str) -> Vec<Infusion> {
    let infusion = |word: &str| Infusion {
        day: word.trim_end_matches('?').parse().expect("a day"),
        asked: !word.ends_with('?'),
        ..Infusion::default()
    };
    text.split_whitespace().map(infusion).collect()
}

fn events(text: &str, pack: &AdverseEventPack) -> Vec<AdverseEvent> {
    let event = |word: &str| {
        let (day, term) = word.split_once(':').expect("day:term");
        let code = term.trim_end_matches('!');
        let term = pack.position(code).unwrap_or(pack.terms().len());
        AdverseEvent { day: day.parse().expect("a day"), term, serious: word.ends_with('!') }
    };
    text.split_whitespace().map(event).collect()
}

#[test]
fn events_belong_to_infusions_as_the_table_says() {
    let pack = protocol().adverse_events;
    let nausea = FIRST_TERM + pack.position("nausea_vomiting").expect("a shipped term");
    for row in tables("adverse_events")[0].rows() {
        let (infusions, events) = (infusions(row.get("infusions")), events(row.get("events"), &pack));
        let found = count(&infusions, &events, kinds(&pack));
        let any = found.kinds[ANY];
        assert_eq!(format!("{} of {}", found.asked, found.infusions), row.get("asked of all"), "{}", row.text());
        let written = format!("{} {} {}", any.patients, any.infusions, any.events);
        assert_eq!(written, row.get("patients, infusions, events"), "{}", row.text());
        assert_eq!(found.kinds[SERIOUS].events.to_string(), row.get("serious"), "{}", row.text());
        assert_eq!(found.kinds[nausea].events.to_string(), row.get("nausea_vomiting"), "{}", row.text());
        assert_eq!(found.outside.to_string(), row.get("outside"), "{}", row.text());
        assert_eq!(found.outside_patients, u64::from(found.outside > 0), "{}", row.text());
    }
}

#[test]
fn rates_are_what_the_table_says() {
    for row in tables("adverse_events")[1].rows() {
        let number = |column: &str| row.get(column).parse::<f64>().expect("a number");
        let events = row.get("events").parse().expect("a count");
        let rate = garwood(events, number("infusions"), 100.0, 0.95).expect("there are infusions");
        for (found, column) in [(rate.estimate, "per 100"), (rate.low, "low"), (rate.high, "high")] {
            assert!((found - number(column)).abs() < 5.1e-5, "{column} is {found} in {}", row.text());
        }
    }
    assert!(garwood(0, 0.0, 100.0, 0.95).is_err(), "no infusion, no rate");
}

fn patient() -> impl Strategy<Value = (Vec<Infusion>, Vec<AdverseEvent>)> {
    let infusions = vec((0..60_i32, any::<bool>()), 1..9);
    let events = vec((-5..80_i32, 0..3_usize, any::<bool>()), 0..9);
    (infusions, events).prop_map(|(mut infusions, mut events)| {
        infusions.sort_unstable();
        events.sort_unstable();
        let infusion = |(day, asked)| Infusion { day, asked, ..Infusion::default() };
        let event = |(day, term, serious)| AdverseEvent { day, term, serious };
        (infusions.into_iter().map(infusion).collect(), events.into_iter().map(event).collect())
    })
}

/// Walks back from the event's day, a day at a time.
fn infusion_of(event: &AdverseEvent, infusions: &[Infusion]) -> Option<i32> {
    let day = (0..=7).map(|back| event.day - back).find(|&day| infusions.iter().any(|one| one.day == day))?;
    infusions.iter().any(|one| one.day == day && one.asked).then_some(day)
}

proptest! {
    #[test]
    fn counts_equal_a_naive_count((infusions, events) in patient()) {
        let found = count(&infusions, &events, FIRST_TERM + 4);
        let asked = infusions.iter().filter(|infusion| infusion.asked).count() as u64;
        assert_eq!((found.asked, found.asked_squares, found.asked_patients), (asked, asked * asked, u64::from(asked > 0)));
        for (kind, counts) in found.kinds.iter().enumerate() {
            let of_kind = |event: &&AdverseEvent| match kind {
                ANY => true,
                SERIOUS => event.serious,
                term => event.term == term - FIRST_TERM,
            };
            let days: Vec<i32> = events.iter().filter(of_kind).filter_map(|event| infusion_of(event, &infusions)).collect();
            let events = days.len() as u64;
            assert_eq!((counts.events, counts.squares, counts.products), (events, events * events, events * asked));
            assert_eq!(counts.infusions, days.iter().collect::<BTreeSet<_>>().len() as u64);
            assert_eq!(counts.patients, u64::from(events > 0));
        }
        for (term, counts) in found.serious.iter().enumerate() {
            let of_term = |event: &&AdverseEvent| event.serious && event.term == term;
            let events = events.iter().filter(of_term).filter(|event| infusion_of(event, &infusions).is_some()).count();
            assert_eq!((counts.events, counts.patients), (events as u64, u64::from(events > 0)));
        }
        assert_eq!(found.serious.iter().map(|term| term.events).sum::<u64>(), found.kinds[SERIOUS].events);
        assert_eq!(found.outside + found.kinds[ANY].events, events.len() as u64, "no event vanishes");
    }

    #[test]
    fn two_groups_add_up(one in patient(), other in patient()) {
        let kinds = FIRST_TERM + 4;
        let mut together = Safety::default();
        together.count(0, None, (&one.0, &one.1), kinds);
        together.count(0, None, (&other.0, &other.1), kinds);
        let mut sum = count(&one.0, &one.1, kinds);
        sum += &count(&other.0, &other.1, kinds);
        assert_eq!(together.cells[&(0, None)], sum);
    }
}
