//! What actually came of the planted truth: exact counts an analysis of the files must find.
//!
//! The generator knows every answer before a line is written, so these counts are an oracle that
//! shares no code with the derivation.

use super::calendar::{DATA_CUT, LAST_MATURE};
use super::departure::{Departure, REASONS};
use super::opioid::Uncounted;
use super::person::Person;
use super::rotation::NAMES;
use super::truth::{CONDITIONS, FATES, Fate, HORIZONS, PRIMARY};

/// Counts of one condition at twelve weeks, first series.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PainCounts {
    pub(super) patients: u64,
    /// Baseline above 0 in its window, due at the data cut, consent not withdrawn altogether.
    pub(super) eligible: u64,
    pub(super) observed: u64,
    pub(super) responders_30: u64,
    pub(super) responders_50: u64,
}

/// Counts of opioid users at twelve weeks, outside cancer pain and opioid use disorder.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OpioidCounts {
    /// Baseline users due at the data cut, consent not withdrawn altogether.
    pub(super) users: u64,
    /// Of these, users whose list was reviewed completely at the visit.
    pub(super) observed: u64,
    /// Of the observed, how many met each fate, in the order of `FATES`.
    pub(super) fates: [u64; FATES.len()],
    /// Of the observed begun by the end of the newest mature quarter, whose status
    /// other factors change, in the order of `NAMES`.
    pub(super) flips: [u64; NAMES.len()],
}

impl OpioidCounts {
    /// How many of the observed met `fate`.
    pub(super) fn of(&self, fate: Fate) -> u64 {
        let counted = FATES.iter().zip(self.fates).find(|(odds, _)| odds.fate == fate);
        counted.expect("every fate has a row").1
    }
}

/// All counts of a run.
#[derive(Debug)]
pub(super) struct Realised {
    /// In the order of `CONDITIONS`.
    pub(super) pain: [PainCounts; CONDITIONS.len()],
    pub(super) opioid: OpioidCounts,
    /// Of the eligible not observed, how many had left for each reason by the end
    /// of the window, in the order of `REASONS`.
    pub(super) departures: [u64; REASONS.len()],
}

impl Realised {
    pub(super) fn new() -> Self {
        Self { pain: Default::default(), opioid: OpioidCounts::default(), departures: [0; REASONS.len()] }
    }

    /// Counts one patient in.
    pub(super) fn add(&mut self, person: &Person, departure: Option<Departure>) {
        let place = CONDITIONS.iter().position(|c| c.code == person.condition.code);
        let pain = &mut self.pain[place.expect("conditions come from the table")];
        pain.patients += 1;
        if is_due(person) {
            pain.add(person);
            self.opioid.add(person);
            let in_time = |left: &Departure| left.day <= person.day_zero + HORIZONS[PRIMARY].due;
            let counted = person.has_baseline && person.baseline > 0;
            if let Some(left) = departure.filter(|left| counted && in_time(left)) {
                self.departures[left.reason] += 1;
            }
        }
    }

    /// All conditions together.
    pub(super) fn pain_total(&self) -> PainCounts {
        self.pain.iter().fold(PainCounts::default(), |sum, one| PainCounts {
            patients: sum.patients + one.patients,
            eligible: sum.eligible + one.eligible,
            observed: sum.observed + one.observed,
            responders_30: sum.responders_30 + one.responders_30,
            responders_50: sum.responders_50 + one.responders_50,
        })
    }
}

impl PainCounts {
    fn add(&mut self, person: &Person) {
        if !person.has_baseline || person.baseline == 0 {
            return;
        }
        self.eligible += 1;
        if person.visits[PRIMARY].is_some() {
            let (before, after) = (person.baseline, person.after[PRIMARY]);
            self.observed += 1;
            self.responders_30 += u64::from(10 * (before - after) >= 3 * before);
            self.responders_50 += u64::from(2 * (before - after) >= before);
        }
    }
}

impl OpioidCounts {
    fn add(&mut self, person: &Person) {
        let Some(habit) = &person.opioid else { return };
        let excluded = person.condition.code == "cancer_pain";
        if excluded || habit.uncounted == Some(Uncounted::UseDisorder) {
            return;
        }
        self.users += u64::from(habit.uncounted.is_none());
        let seen = person.visits[PRIMARY].is_some() && person.reviewed[PRIMARY];
        if seen && habit.uncounted.is_none() {
            self.observed += 1;
            for (odds, count) in FATES.iter().zip(&mut self.fates) {
                *count += u64::from(odds.fate == habit.fate);
            }
            for (name, count) in NAMES.iter().zip(&mut self.flips) {
                let flips = habit.flip().is_some_and(|rotation| rotation.name == *name);
                *count += u64::from(flips && person.day_zero <= LAST_MATURE);
            }
        }
    }
}

fn is_due(person: &Person) -> bool {
    let withdrawn =
        person.withdrawal.as_ref().is_some_and(|withdrawal| withdrawal.scope == "all" && withdrawal.day <= DATA_CUT);
    person.day_zero + HORIZONS[PRIMARY].due <= DATA_CUT && !withdrawn
}

#[cfg(test)]
mod tests {
    use super::super::clinic::clinics;
    use super::super::draw::{Purpose, Stream};
    use super::super::expected;
    use super::super::person::Person;
    use super::Realised;

    /// Shares of small counts, exact enough for a comparison at two decimals.
    fn share(part: u64, whole: u64) -> f64 {
        let [part, whole] = [part, whole].map(|n| f64::from(u32::try_from(n).expect("small")));
        part / whole
    }

    #[test]
    fn what_comes_of_it_is_what_was_planted() {
        let clinics = clinics(3);
        let mut realised = Realised::new();
        for index in 0..60_000 {
            let mut stream = Stream::new(3, Purpose::Life, index);
            let clinic = stream.weighted(&clinics, |clinic| clinic.weight);
            realised.add(&Person::draw(clinic, &mut stream), None);
        }
        let (counts, expected) = (realised.pain_total(), expected::overall(&clinics));
        let nri = share(counts.responders_30, counts.eligible);
        let oc = share(counts.responders_30, counts.observed);
        // Four standard errors of 0.002.
        assert!((nri - expected.nri).abs() < 0.008, "{nri} {}", expected.nri);
        assert!((oc - expected.oc).abs() < 0.008, "{oc} {}", expected.oc);
    }
}
