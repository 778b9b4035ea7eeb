//! The same prescriptions under other published sets of MME factors.
//!
//! A set never borrows from another: an opioid it does not list makes the dose
//! unknown under it, whatever the others say. What is no opioid by mouth or by
//! patch (buprenorphine, injections, treatment of opioid use disorder) means the
//! same under every set.

use super::history::{Medication, PatientHistory, Prescription, Window};
use super::opioid_dose::{Active, Dose};
use crate::model::opioid::{Factor, Mme};
use crate::protocol::{Conversion, Protocol, Tier};

/// Every compared set, by drug.
#[derive(Clone, Debug, Default)]
pub struct FactorSets {
    /// The factor a drug's dose is stored under.
    stored: Vec<Factor>,
    /// By set and drug.
    conversions: Vec<Vec<Option<Conversion>>>,
}

impl FactorSets {
    /// The sets the pipeline compares, in its order.
    pub fn of(protocol: &Protocol) -> Self {
        let drugs = protocol.drugs.drugs();
        let stored = drugs.iter().map(|drug| protocol.factors.factor(&drug.code).unwrap_or(Factor::LEAST));
        let conversions = protocol.compare_factors.iter().map(|set| {
            let of_drug = |code: &str| set.row(code).map(|row| row.conversion.clone());
            drugs.iter().map(|drug| of_drug(&drug.code)).collect()
        });
        Self { stored: stored.collect(), conversions: conversions.collect() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.conversions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.conversions.is_empty()
    }

    /// The dose over `window` under a set, as `opioid_dose::dose` has it under the
    /// set of the pipeline.
    pub fn dose(&self, set: usize, history: &PatientHistory<'_>, window: Window, review: Window) -> Dose {
        let mut total = Mme::default();
        let mut active = Active::default();
        for (position, prescription) in history.prescriptions.iter().enumerate() {
            let days = prescription.dispensing.days_within(window.first, window.last);
            match prescription.medication {
                _ if days == 0 => {}
                Medication::Opioid | Medication::Unconvertible => {
                    let earlier = &history.prescriptions[..position];
                    match self.contribution(set, prescription, earlier, history, window) {
                        Some(mme) => total += mme,
                        None => active.unconvertible = true,
                    }
                }
                other => active.note(other),
            }
        }
        active.dose(total, history, window, review)
    }

    /// MME-days of one prescription; of a drug with tiers, those of all its
    /// prescriptions with the first of them, since the tier goes by the whole
    /// daily dose. `None` without a factor; and where an opioid the pipeline's set
    /// cannot convert, so that nobody could check its unit, gives no plausible dose.
    fn contribution(
        &self,
        set: usize,
        prescription: &Prescription,
        earlier: &[Prescription],
        history: &PatientHistory<'_>,
        window: Window,
    ) -> Option<Mme> {
        let drug = prescription.drug;
        let stored = *self.stored.get(usize::from(drug))?;
        match self.conversions[set][usize::from(drug)].as_ref()? {
            Conversion::Flat(factor) => {
                let days = prescription.dispensing.days_within(window.first, window.last);
                let daily = prescription.dispensing.daily.under(stored, *factor)?;
                let checked = prescription.medication == Medication::Opioid;
                (checked || !daily.is_implausible()).then(|| daily.over(days))
            }
            Conversion::Tiers(tiers) => {
                let within = |other: &&Prescription| {
                    other.drug == drug && other.dispensing.days_within(window.first, window.last) > 0
                };
                if earlier.iter().any(|other| within(&other)) {
                    return Some(Mme::default());
                }
                let of_drug: Vec<&Prescription> = history.prescriptions.iter().filter(within).collect();
                tiered(tiers, stored, &of_drug, window)
            }
        }
    }
}

/// Each day's whole dose of one drug under the factor of its tier.
fn tiered(tiers: &[Tier], stored: Factor, of_drug: &[&Prescription], window: Window) -> Option<Mme> {
    let mut total = Mme::default();
    for day in window.first..=window.last {
        let mut amount = Mme::default();
        for prescription in of_drug {
            let daily = prescription.dispensing.daily.under(stored, Factor::LEAST)?;
            amount += daily.over(prescription.dispensing.days_within(day, day));
        }
        let holds = |tier: &&Tier| tier.up_to_x1000.is_none_or(|most| !amount.is_above(least(most)));
        let tier = tiers.iter().find(holds).expect("the last tier has no upper end");
        let daily = amount.under(Factor::LEAST, tier.factor)?;
        if stored == Factor::LEAST && daily.is_implausible() {
            return None;
        }
        total += daily;
    }
    Some(total)
}

/// So many thousandths of a drug's unit a day, as amounts are kept.
fn least(amount_x1000: i64) -> Mme {
    Mme::per_day(amount_x1000, 1_000, Factor::LEAST, 1)
}
