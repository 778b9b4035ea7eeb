//! Episodes derived a second, naive way, and held equal over random patients.
//!
//! The oracle follows the words of the definitions: it walks days one by one,
//! filters whole lists and adds fractions with their own denominators. It is
//! slow, and shares no code with `derive` but the types of its answers.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop, proptest};
use relief::derive::baseline::Baseline;
use relief::derive::durability::Relief;
use relief::derive::history::{Assessment, Infusion, Medication, PGIC, Prescription, QUESTIONNAIRES, Scale};
use relief::derive::opioid_dose::Dose;
use relief::model::horizon::HORIZONS;
use relief::model::opioid::{Dispensing, Factor, Mme};

use crate::patient::{Derived, Patient};
use crate::spec::protocol;

const CUT: i32 = 260;

/// A fraction in lowest terms is not needed: equality is by cross product.
#[derive(Clone, Copy, Debug)]
struct Fraction {
    top: i128,
    bottom: i128,
}

impl Fraction {
    fn plus(self, other: Self) -> Self {
        let top = self.top * other.bottom + other.top * self.bottom;
        let bottom = self.bottom * other.bottom;
        let common = gcd(top, bottom);
        Self { top: top / common, bottom: bottom / common }
    }

    /// Thousandths per day over 30 days, rounded down, but never down to 0.
    fn average_x1000(self) -> i64 {
        let floor = self.top * 1_000 / (self.bottom * 30);
        if self.top > 0 { floor.max(1) as i64 } else { 0 }
    }
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a.abs().max(1) } else { gcd(b, a % b) }
}

/// What a random prescription is made of.
#[derive(Clone, Debug)]
struct Written {
    start: i32,
    days: i32,
    strength: i64,
    quantity: i64,
    factor: i64,
    medication: Medication,
}

fn written() -> impl Strategy<Value = Written> {
    let medication = (0_u8..12).prop_map(|roll| match roll {
        3 => Medication::OudTreatment,
        0 => Medication::Unconvertible,
        1 => Medication::Buprenorphine,
        2 => Medication::Benzodiazepine,
        _ => Medication::Opioid,
    });
    let factor = (0_usize..4).prop_map(|index| [1_500, 2_000, 10_000, 47_000][index]);
    (-60..200_i32, 1..40_i32, 1..80_i64, 1..90_i64, factor, medication).prop_map(
        |(start, days, strength, quantity, factor, medication)| Written {
            start,
            days,
            strength,
            quantity,
            factor,
            medication,
        },
    )
}

fn scale() -> impl Strategy<Value = Scale> {
    (0_u8..6).prop_map(|roll| {
        let others = [Scale::Questionnaire(0), Scale::Questionnaire(2), Scale::Questionnaire(5)];
        [Scale::Pain(2), Scale::Pain(2), Scale::Pain(0), others[0], others[1], others[2]][usize::from(roll)]
    })
}

fn patient() -> impl Strategy<Value = (Patient, Vec<Written>)> {
    let infusions = vec(-40..300_i32, 0..9);
    let scores = vec((-70..320_i32, scale(), 0..101_i32), 0..25);
    let reviews = vec(-40..200_i32, 0..4);
    (infusions, scores, vec(written(), 0..6), reviews).prop_map(|(mut infusions, scores, prescriptions, reviews)| {
        infusions.sort_unstable();
        let mut patient = Patient { reviews, ..Patient::default() };
        patient.infusions =
            infusions.into_iter().map(|day| Infusion { day, mg_per_kg: Some(0.5), ..Infusion::default() }).collect();
        patient.assessments =
            scores.into_iter().map(|(day, scale, score_x10)| Assessment { day, scale, score_x10 }).collect();
        patient.assessments.sort_by_key(|assessment| assessment.day);
        patient.prescriptions = prescriptions.iter().map(dispensed).collect();
        (patient, prescriptions)
    })
}

fn dispensed(written: &Written) -> Prescription {
    let convertible = written.medication == Medication::Opioid;
    let daily = Mme::per_day(written.strength * 1_000, written.quantity * 1_000, Factor(written.factor), written.days);
    let daily = if convertible { daily } else { Mme::default() };
    Prescription {
        medication: written.medication,
        drug: 0,
        dispensing: Dispensing { start: written.start, days: written.days, daily },
    }
}

/// First day of every series: a day with an infusion and none in the 90 days before.
fn index_days(infusions: &[i32]) -> Vec<i32> {
    let mut days = infusions.to_vec();
    days.dedup();
    let begins = |day: &i32| !infusions.iter().any(|other| other < day && day - other <= 90);
    days.into_iter().filter(begins).collect()
}

fn baseline(patient: &Patient, index_day: i32) -> Option<Baseline> {
    let mut scales: Vec<Scale> =
        patient.assessments.iter().map(|a| a.scale).filter(|s| matches!(s, Scale::Pain(_))).collect();
    scales.sort();
    scales.dedup();
    scales.into_iter().find_map(|scale| baseline_on(patient, scale, index_day))
}

fn baseline_on(patient: &Patient, scale: Scale, index_day: i32) -> Option<Baseline> {
    for day in (index_day - 30..index_day).rev() {
        let last = patient.assessments.iter().rev().find(|a| a.day == day && a.scale == scale);
        if let Some(found) = last {
            return Some(Baseline { scale, score_x10: found.score_x10, same_day: false });
        }
    }
    let first = patient.assessments.iter().find(|a| a.day == index_day && a.scale == scale);
    first.map(|found| Baseline { scale, score_x10: found.score_x10, same_day: true })
}

/// Last infusion of the unbroken run from day 0 with steps of at most 14 days.
fn induction_end(infusions: &[i32], index_day: i32) -> i32 {
    let mut end = index_day;
    while let Some(next) = infusions.iter().copied().filter(|&day| day > end).min() {
        if next - end > 14 {
            break;
        }
        end = next;
    }
    end
}

fn follow_up(patient: &Patient, scale: Scale, index_day: i32, horizon: usize) -> Option<i32> {
    let (target, first, last) = [(14, 7, 20), (28, 21, 41), (84, 63, 111), (168, 140, 210)][horizon];
    let infusions: Vec<i32> = patient.infusions.iter().map(|infusion| infusion.day).collect();
    let allowed = |day: i32| !infusions.contains(&day) && (horizon > 0 || day > induction_end(&infusions, index_day));
    for distance in 0..60 {
        for offset in [target + distance, target - distance] {
            let day = index_day + offset;
            if (first..=last).contains(&offset) && allowed(day) {
                let last_of_day = patient.assessments.iter().rev().find(|a| a.day == day && a.scale == scale);
                if let Some(found) = last_of_day {
                    return Some(found.score_x10);
                }
            }
        }
    }
    None
}

/// Back from the end of the window to the day after day 0.
fn last_score(patient: &Patient, scale: Scale, index_day: i32, horizon: usize) -> Option<i32> {
    let end = [20, 41, 111, 210][horizon];
    for day in (index_day + 1..=index_day + end).rev() {
        let infused = patient.infusions.iter().any(|infusion| infusion.day == day);
        let mut of_day = patient.assessments.iter().filter(|a| a.day == day && a.scale == scale && !infused);
        if let Some(found) = of_day.next_back() {
            return Some(found.score_x10);
        }
    }
    None
}

fn questionnaire(which: usize) -> Scale {
    Scale::Questionnaire(which as u8)
}

/// Infusions of the series before its window opens, less the unbroken run.
fn boosters(patient: &Patient, index_day: i32, opens: i32) -> i32 {
    let infusions: Vec<i32> = patient.infusions.iter().map(|infusion| infusion.day).collect();
    let end = induction_end(&infusions, index_day);
    let until = next_series(&infusions, index_day).min(index_day + opens);
    i32::try_from(infusions.iter().filter(|&&day| day > end && day < until).count()).expect("a handful")
}

fn next_series(infusions: &[i32], index_day: i32) -> i32 {
    index_days(infusions).into_iter().find(|&day| day > index_day).unwrap_or(i32::MAX)
}

/// Day by day from the end of induction to the next series.
fn relief(patient: &Patient, baseline: Baseline, derived: &Derived) -> Option<Relief> {
    let infusions: Vec<i32> = patient.infusions.iter().map(|infusion| infusion.day).collect();
    let index_day = derived.episode.series.index_day;
    let until = next_series(&infusions, index_day).min(400);
    let of_day = |day: &i32| {
        let last = patient.assessments.iter().rev().find(|a| a.day == *day && a.scale == baseline.scale)?;
        (!infusions.contains(day)).then_some((*day, last.score_x10))
    };
    let scores: Vec<(i32, i32)> =
        (induction_end(&infusions, index_day) + 1..until).filter_map(|day| of_day(&day)).collect();
    let better = |score: i32| baseline.score_x10 > 0 && 10 * (baseline.score_x10 - score) >= 3 * baseline.score_x10;
    let first = scores.iter().position(|&(_, score)| better(score))?;
    let begins = scores[first].0;
    let lost = scores[first..].iter().position(|&(_, score)| !better(score));
    let end = lost.map_or(scores.len() - 1, |lost| first + lost);
    let least = if lost.is_some() { end - 1 } else { end };
    Some(Relief {
        begins: begins - index_day,
        days: scores[end].0 - begins,
        lost: lost.is_some(),
        least_days: scores[least].0 - begins,
        retreated: infusions.iter().find(|&&day| day > begins).map(|day| day - begins),
    })
}

/// Day by day over the window.
fn dose(
    prescriptions: &[Written],
    reviews: &[i32],
    first: i32,
    review: (i32, i32),
) -> (&'static str, Option<Fraction>) {
    let mut total = Fraction { top: 0, bottom: 1 };
    let mut active = Vec::new();
    for day in first..first + 30 {
        for one in prescriptions.iter().filter(|one| one.start <= day && day < one.start + one.days) {
            active.push(one.medication);
            if one.medication == Medication::Opioid {
                let top = i128::from(one.strength) * i128::from(one.quantity) * i128::from(one.factor);
                total = total.plus(Fraction { top, bottom: 10_000 * i128::from(one.days) });
            }
        }
    }
    if active.contains(&Medication::Buprenorphine) {
        ("buprenorphine", None)
    } else if active.contains(&Medication::OudTreatment) {
        ("oud_treatment", None)
    } else if active.contains(&Medication::Unconvertible) {
        ("unconvertible", None)
    } else if reviews.iter().any(|day| (review.0..=review.1).contains(day)) {
        ("known", Some(total))
    } else {
        ("not_reviewed", None)
    }
}

fn check_dose(found: Dose, expected: (&'static str, Option<Fraction>)) {
    assert_eq!(found.id(), expected.0);
    let average = found.known().map(|total| total.average_x1000(30));
    assert_eq!(average, expected.1.map(Fraction::average_x1000));
}

fn check_series(derived: &Derived, patient: &Patient, prescriptions: &[Written]) {
    let day = derived.episode.series.index_day;
    assert_eq!(derived.episode.pain, baseline(patient, day));
    for (which, found) in derived.episode.questionnaires.iter().enumerate() {
        let expected = baseline_on(patient, questionnaire(which), day).filter(|_| which != PGIC);
        assert_eq!(*found, expected.map(|baseline| baseline.score_x10), "{}", QUESTIONNAIRES[which]);
    }
    assert_eq!(derived.episode.relief, derived.episode.pain.and_then(|pain| relief(patient, pain, derived)));
    let before = dose(prescriptions, &patient.reviews, day - 30, (day - 30, day));
    check_dose(derived.episode.opioid, before);
    for (horizon, outcome) in derived.outcomes.iter().enumerate() {
        let (target, last) = [(14, 20), (28, 41), (84, 111), (168, 210)][horizon];
        assert_eq!(outcome.due, day + last <= CUT);
        let pain = derived.episode.pain.and_then(|baseline| follow_up(patient, baseline.scale, day, horizon));
        assert_eq!(outcome.scores.pain.known(), pain, "{}", HORIZONS[horizon].id);
        let latest = derived.episode.pain.and_then(|baseline| last_score(patient, baseline.scale, day, horizon));
        assert_eq!(outcome.last.pain.known(), latest, "last until {}", HORIZONS[horizon].id);
        for (which, found) in outcome.last.questionnaires.iter().enumerate() {
            let expected = last_score(patient, questionnaire(which), day, horizon);
            assert_eq!(found.known(), expected, "last {} until {}", QUESTIONNAIRES[which], HORIZONS[horizon].id);
        }
        for (which, found) in outcome.scores.questionnaires.iter().enumerate() {
            let expected = follow_up(patient, questionnaire(which), day, horizon);
            assert_eq!(found.known(), expected, "{} at {}", QUESTIONNAIRES[which], HORIZONS[horizon].id);
        }
        assert_eq!(outcome.boosters, boosters(patient, day, [7, 21, 63, 140][horizon]));
        match outcome.opioid {
            None => assert_eq!(horizon, 0, "only two weeks has no window"),
            Some(found) => {
                check_dose(found, dose(prescriptions, &patient.reviews, day + target - 29, (day + target, day + last)));
            }
        }
    }
}

proptest! {
    #[test]
    fn derivation_equals_the_oracle((patient, prescriptions) in patient()) {
        let protocol = protocol();
        let derived = patient.derive(CUT, &protocol);
        let infusions: Vec<i32> = patient.infusions.iter().map(|infusion| infusion.day).collect();
        let found: Vec<i32> = derived.iter().map(|one| one.episode.series.index_day).collect();
        assert_eq!(found, index_days(&infusions));
        derived.iter().for_each(|one| check_series(one, &patient, &prescriptions));
        let counted: i32 = derived.iter().map(|one| one.episode.series.infusions).sum();
        assert_eq!(counted as usize, infusions.len(), "every infusion is in exactly one series");
    }

    #[test]
    fn the_order_of_prescriptions_does_not_matter((patient, _) in patient(), swap in any::<prop::sample::Index>()) {
        let protocol = protocol();
        let mut shuffled = patient.clone();
        if !shuffled.prescriptions.is_empty() {
            let by = swap.index(shuffled.prescriptions.len());
            shuffled.prescriptions.rotate_left(by);
        }
        assert_eq!(patient.derive(CUT, &protocol), shuffled.derive(CUT, &protocol));
    }
}
