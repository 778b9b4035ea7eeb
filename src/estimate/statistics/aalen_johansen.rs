//! Cumulative incidence of events that rule each other out.

use super::Undefined;
use super::values::real;

/// What happened at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Competing {
    /// The time, in the unit of the data.
    pub time: f64,
    /// Patients with each kind of event then.
    pub events: Vec<u64>,
    /// Patients last seen then without any.
    pub censored: u64,
}

/// The share with each kind of event up to and at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Incidence {
    /// The time.
    pub time: f64,
    /// In the order of the kinds.
    pub shares: Vec<f64>,
}

/// Aalen-Johansen estimate of the cumulative incidence of each kind of event.
///
/// Formula: I_k(t) = sum over times s <= t of S(s-) d_k / n, with S the Kaplan-Meier
/// survival from all kinds of event together; events come before censorings at the same
/// time. The shares and S add up to one. One minus the Kaplan-Meier survival of one kind,
/// with the others as censored, would exceed it: it answers what would be if the others
/// could not happen. Source: Aalen and Johansen (1978), doi:10.2307/4615704. Times that do
/// not ascend or are not finite are undefined, and so is a sample without patients.
///
/// ```
/// use relief::estimate::statistics::aalen_johansen::{Competing, aalen_johansen};
/// let at = |time, one, other, censored| Competing { time, events: vec![one, other], censored };
/// // By hand: of 5, one at time 1 by the first way (1/5); one leaves at 2; one of the
/// // remaining 3 at 3 by the second way: 4/5 x 1/3.
/// let curve = aalen_johansen(&[at(1.0, 1, 0, 0), at(2.0, 0, 0, 1), at(3.0, 0, 1, 2)])?;
/// assert!((curve[2].shares[0] - 1.0 / 5.0).abs() < 1e-15);
/// assert!((curve[2].shares[1] - 4.0 / 15.0).abs() < 1e-15);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn aalen_johansen(points: &[Competing]) -> Result<Vec<Incidence>, Undefined> {
    let ended = |point: &Competing| point.events.iter().sum::<u64>() + point.censored;
    let mut at_risk: u64 = points.iter().map(ended).sum();
    if at_risk == 0 {
        return Err(Undefined::NoObservations);
    }
    let ascends = |pair: &[Competing]| pair[0].time < pair[1].time && pair[0].events.len() == pair[1].events.len();
    if !(points.windows(2).all(ascends) && points.iter().all(|point| point.time.is_finite())) {
        return Err(Undefined::ValueOutsideRange);
    }
    let mut well = 1.0;
    let mut shares = vec![0.0; points.first().map_or(0, |point| point.events.len())];
    let mut curve = Vec::with_capacity(points.len());
    for point in points {
        let of_risk = |events: u64| if events == 0 { 0.0 } else { real(events) / real(at_risk) };
        shares.iter_mut().zip(&point.events).for_each(|(share, &events)| *share += well * of_risk(events));
        well *= 1.0 - of_risk(point.events.iter().sum());
        at_risk -= ended(point);
        curve.push(Incidence { time: point.time, shares: shares.clone() });
    }
    Ok(curve)
}

#[cfg(test)]
mod tests {
    use super::{Competing, Incidence, Undefined, aalen_johansen};

    /// `AalenJohansenFitter` of lifelines 0.30.3 on times 1 to 12 with events
    /// 1 0 2 1 2 2 0 1 1 0 2 1 (0: last seen), first and second kind.
    #[test]
    fn shares_are_those_of_lifelines() {
        let events = [1, 0, 2, 1, 2, 2, 0, 1, 1, 0, 2, 1];
        let point = |(at, &event): (u32, &u64)| Competing {
            time: f64::from(at),
            events: vec![u64::from(event == 1), u64::from(event == 2)],
            censored: u64::from(event == 0),
        };
        let points: Vec<Competing> = (1..).zip(&events).map(point).collect();
        let curve = aalen_johansen(&points).expect("patients");
        for (at, first, second) in
            [(4, 0.175, 0.091_666_666_666_666_67), (7, 0.175, 0.275), (9, 0.395, 0.275), (12, 0.56, 0.44)]
        {
            let [one, two] = curve[at - 1].shares[..] else { panic!("two kinds") };
            assert!((one - first).abs() < 1e-12 && (two - second).abs() < 1e-12, "{one} and {two} at {at}");
        }
    }

    #[test]
    fn nobody_and_times_out_of_order_are_undefined() {
        let at = |time, events, censored| Competing { time, events: vec![events], censored };
        assert_eq!(aalen_johansen(&[]), Err(Undefined::NoObservations));
        assert_eq!(aalen_johansen(&[at(1.0, 0, 0)]), Err(Undefined::NoObservations));
        assert_eq!(aalen_johansen(&[at(2.0, 1, 0), at(1.0, 1, 0)]), Err(Undefined::ValueOutsideRange));
        assert_eq!(aalen_johansen(&[at(f64::NAN, 1, 0)]), Err(Undefined::ValueOutsideRange));
        let one = aalen_johansen(&[at(3.0, 1, 0)]);
        assert_eq!(one, Ok(vec![Incidence { time: 3.0, shares: vec![1.0] }]));
    }
}
