//! Every measure of the packs in every place, with retention and the
//! cumulative responder function.

use super::Inputs;
use super::estimands::POPULATIONS;
use crate::estimate::cohort::Place;
use crate::estimate::proportion::Ratio;
use crate::estimate::result::{CellKey, Estimand, Estimate, Maturity, Population, Relations};
use crate::estimate::tally::Tally;
use crate::estimate::{change, curve};
use crate::protocol::{Measure, MeasureKind, Role};

pub(super) fn estimates(inputs: &Inputs<'_>) -> Vec<Estimate> {
    let mut builder = Builder { inputs, estimates: Vec::new() };
    for cohort in inputs.cohorts() {
        let cube = inputs.cube(&cohort);
        for (horizon, place) in inputs.places(&cohort, &cube) {
            builder.place(&place, &cube.tallies(place.site, place.condition, horizon));
        }
    }
    builder.estimates
}

struct Builder<'a> {
    inputs: &'a Inputs<'a>,
    estimates: Vec<Estimate>,
}

impl Builder<'_> {
    /// Every measure in one place. A condition nobody has is left out: a row
    /// of zeros says no more, and there would be hundreds.
    fn place(&mut self, place: &Place<'_>, tallies: &[Tally]) {
        let measures = &self.inputs.protocol.measures;
        for (measure, tally) in measures.iter().zip(tallies) {
            let overall =
                place.site.is_none() && place.condition.is_none() && POPULATIONS.contains(&place.cohort.population);
            if (tally.eligible == 0 && place.condition.is_some()) || !(measure.split || overall) {
                continue;
            }
            if measure.kind == MeasureKind::Proportion {
                self.proportion(place, measure, tally);
            } else {
                self.change(place, measure, tally);
            }
            match measure.role {
                Some(Role::Headline) => self.retention(place, tally),
                Some(Role::ResponderCurve) => self.responder_curve(place, tally),
                Some(Role::OpioidHeadline | Role::ChangeHeadline) | None => {}
            }
        }
    }

    fn proportion(&mut self, place: &Place<'_>, measure: &Measure, tally: &Tally) {
        for estimand in [Estimand::Nri, Estimand::Oc] {
            let key = self.inputs.key(place, measure, estimand);
            let counted = Ratio::of(tally, estimand, measure.better).expect("both are ratios of counts");
            self.estimates.push(ratio(key, counted, &measure.unit, place.maturity).related(stated(measure)));
        }
    }

    fn change(&mut self, place: &Place<'_>, measure: &Measure, tally: &Tally) {
        for (estimand, n) in [(Estimand::Oc, tally.observed), (Estimand::Bocf, tally.eligible)] {
            let key = self.inputs.key(place, measure, estimand);
            let mut statistics = change::statistics(tally, measure, estimand);
            if estimand == Estimand::Oc && measure.role == Some(Role::ChangeHeadline) && self.shows_spread(place) {
                statistics.extend(change::quantiles(tally, measure));
            }
            self.estimates.push(Estimate::new(key, n, None, statistics, place.maturity).related(stated(measure)));
        }
    }

    /// How changes are spread is said of everybody and by condition, at the
    /// primary horizon.
    fn shows_spread(&self, place: &Place<'_>) -> bool {
        place.site.is_none()
            && place.horizon == self.inputs.protocol.study.primary_horizon
            && POPULATIONS.contains(&place.cohort.population)
    }

    /// Observed of eligible: who is missing.
    fn retention(&mut self, place: &Place<'_>, tally: &Tally) {
        let key = self.inputs.built_in_key(place, "retention", 1, Estimand::Oc);
        let observed = Ratio { numerator: tally.observed, denominator: tally.eligible };
        self.estimates.push(ratio(key, observed, "share", place.maturity));
    }

    /// The cumulative responder function, overall at the primary horizon.
    fn responder_curve(&mut self, place: &Place<'_>, tally: &Tally) {
        let primary = place.horizon == self.inputs.protocol.study.primary_horizon;
        let headline = matches!(place.cohort.population, Population::Quarter | Population::RollingYear);
        if place.site.is_some() || place.condition.is_some() || !primary || !headline {
            return;
        }
        for (order, threshold) in curve::THRESHOLDS.into_iter().enumerate() {
            let key = CellKey {
                stratum_name: "reduction_at_least_pct".to_owned(),
                stratum_order: order,
                stratum_level: threshold.to_string(),
                ..self.inputs.built_in_key(place, "responder_curve", 1, Estimand::Nri)
            };
            self.estimates.push(ratio(key, curve::at_least(tally, threshold), "share", place.maturity));
        }
    }
}

/// The rate of one cell.
pub(super) fn ratio(key: CellKey, ratio: Ratio, unit: &str, maturity: Maturity) -> Estimate {
    Estimate::new(key, ratio.denominator, Some(ratio.numerator), vec![ratio.rate(unit)], maturity)
}

/// What the pack says of the measure, for disclosure control.
pub(super) fn stated(measure: &Measure) -> Relations {
    let importance = match (measure.role, measure.declared, measure.split) {
        (Some(Role::Headline), ..) => 2,
        (_, true, _) => 1,
        (.., true) => 0,
        _ => -1,
    };
    Relations { implies: measure.implies.clone(), among: measure.among.clone(), importance, ..Relations::default() }
}
