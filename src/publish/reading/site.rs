//! Sites against all sites: how far would one of its size stray by chance?
//!
//! Sites are never ranked. With ten or more the limits allow for the
//! differences there are between any clinics, which chance does not explain.

use super::{beside, hidden_beside, undefined_beside};
use crate::estimate::analysis::reported;
use crate::estimate::result::{Estimand, Population};
use crate::estimate::statistics::Undefined;
use crate::estimate::statistics::claim::exact_binomial;
use crate::estimate::statistics::funnel::{
    FEWEST_SITES, FunnelLimits, exact_limits, overdispersed_limits, overdispersion,
};
use crate::estimate::statistics::proportion_difference::Count;
use crate::protocol::{Protocol, Role};
use crate::publish::disclosure::{Released, is_uninterpretable};
use crate::publish::results::{Axis, Query, ResultRow};

/// Share beyond either 95 % limit.
pub const TAIL_95: f64 = 0.025;
/// Share beyond either 99.8 % limit.
pub const TAIL_998: f64 = 0.001;

/// Proportions by which sites are compared: measure and estimand.
pub fn compared(protocol: &Protocol) -> [(&str, Estimand); 3] {
    let with = |role| {
        let estimand = protocol.with_role(role).map_or(Estimand::Nri, reported);
        (protocol.id_with_role(role), estimand)
    };
    [with(Role::Headline), with(Role::OpioidHeadline), ("retention", Estimand::Oc)]
}

/// Variance between sites that chance does not explain; 0 below ten sites.
pub const TAU_SQUARED: &str = "funnel_tau_squared";
/// 0 inside the 95 % limits, 1 outside them, 2 outside the 99.8 % limits.
pub const SIGNAL: &str = "funnel_signal";

/// The cohort sites are compared in: four quarters, or everyone where there is
/// no calendar.
pub fn population(released: &Released) -> Population {
    let has = |population: Population| released.rows().iter().any(|row| row.population == population);
    if has(Population::RollingYear) { Population::RollingYear } else { Population::ToDate }
}

/// What the funnel of a measure is drawn about.
pub fn query<'q>(measure: &'q str, estimand: Estimand, released: &Released, protocol: &'q Protocol) -> Query<'q> {
    Query::everyone(measure, population(released), protocol.study.primary_horizon.id, estimand, "rate")
}

/// Funnel limits at each site, and whether it lies within them.
pub(super) fn rows(released: &Released, protocol: &Protocol) -> Vec<ResultRow> {
    let each = compared(protocol).into_iter().filter_map(|(measure, estimand)| {
        let query = query(measure, estimand, released, protocol);
        let sites: Vec<&ResultRow> = released.along(query, Axis::Site).collect();
        Some(funnel(released.find(query)?, &sites))
    });
    each.flatten().collect()
}

/// One site has nothing to be compared with.
fn funnel(overall: &ResultRow, sites: &[&ResultRow]) -> Vec<ResultRow> {
    if sites.len() < 2 {
        return Vec::new();
    }
    let Some(target) = overall.value else {
        return sites.iter().map(|site| unjudged(hidden_beside(site, SIGNAL))).collect();
    };
    let (tau_squared, found) = between(overall, sites, target);
    let rows = sites.iter().flat_map(|site| of_site(site, target, tau_squared));
    std::iter::once(found).chain(rows).collect()
}

/// The variance between sites and the row that tells it.
fn between(overall: &ResultRow, sites: &[&ResultRow], target: f64) -> (f64, ResultRow) {
    let shown: Vec<Count> = sites.iter().filter_map(|site| count(site)).collect();
    let row = |value: f64, message: String| ResultRow {
        value: Some(value),
        unit: "share squared".to_owned(),
        message: Some(message),
        ..beside(overall, TAU_SQUARED)
    };
    match overdispersion(&shown, target) {
        Ok(found) => {
            (found.tau_squared, row(found.tau_squared, format!("from the {} sites that are shown", shown.len())))
        }
        Err(Undefined::TooFewGroups) => (0.0, row(0.0, format!("not estimated from fewer than {FEWEST_SITES} sites"))),
        Err(why) => (0.0, undefined_beside(overall, TAU_SQUARED, why.to_string())),
    }
}

/// The counts of a site, where it has patients and they are shown.
fn count(site: &ResultRow) -> Option<Count> {
    site.value?;
    site.numerator.zip(site.denominator).map(|(events, of)| Count { events, of })
}

fn of_site(site: &ResultRow, target: f64, tau_squared: f64) -> Vec<ResultRow> {
    if site.suppression.hides() {
        return vec![unjudged(hidden_beside(site, SIGNAL))];
    }
    let Some(Count { events, of }) = count(site) else {
        return vec![unjudged(undefined_beside(site, SIGNAL, site.reason.as_deref().unwrap_or("no patients")))];
    };
    let both = limits(target, of, TAIL_95, tau_squared)
        .and_then(|inner| Ok((inner, limits(target, of, TAIL_998, tau_squared)?)));
    match both {
        Err(why) => vec![unjudged(undefined_beside(site, SIGNAL, why.to_string()))],
        Ok((inner, outer)) => {
            let lines = [
                ("funnel_low_95", inner.low),
                ("funnel_high_95", inner.high),
                ("funnel_low_998", outer.low),
                ("funnel_high_998", outer.high),
            ];
            let method = if tau_squared > 0.0 { "funnel_overdispersed" } else { "funnel_exact_interpolated" };
            let line = |(statistic, value): (&str, f64)| ResultRow {
                value: Some(value),
                ci_method: Some(method.to_owned()),
                ..beside(site, statistic)
            };
            let signal = if is_uninterpretable(site) {
                unjudged(undefined_beside(site, SIGNAL, "fewer than 60 % of those due were seen: not judged"))
            } else {
                of_signal(site, Signal::judge(Count { events, of }, target, tau_squared))
            };
            lines.map(line).into_iter().chain([signal]).collect()
        }
    }
}

/// Limits at one size, on the scale of a share.
///
/// # Errors
/// A target that is 0 or 1 has none, nor has a site without patients.
pub fn limits(target: f64, of: u64, tail: f64, tau_squared: f64) -> Result<FunnelLimits, Undefined> {
    let found = if tau_squared > 0.0 {
        overdispersed_limits(target, of, tail, tau_squared)?
    } else {
        exact_limits(target, of, tail)?
    };
    Ok(FunnelLimits { low: found.low.max(0.0), high: found.high.min(1.0) })
}

/// Where a site lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Within what chance allows.
    Inside,
    /// Beyond the 95 % limits: one site in twenty is, by chance.
    Outside95,
    /// Beyond the 99.8 % limits: one in five hundred.
    Outside998,
}

impl Signal {
    /// Holds a site against the target.
    ///
    /// By the exact binomial tail, at most 2.5 % and 0.1 %. The interpolated
    /// limits as drawn lie between two possible numbers of patients, so at tiny
    /// sizes they would leave out what is likely: 1 of 1 at a target of 70 %.
    pub fn judge(site: Count, target: f64, tau_squared: f64) -> Self {
        let beyond = |tail: f64| {
            if tau_squared > 0.0 {
                let rate = site.events as f64 / site.of as f64;
                limits(target, site.of, tail, tau_squared).is_ok_and(|limits| rate < limits.low || rate > limits.high)
            } else {
                exact_binomial(site.events, site.of, target).is_ok_and(|test| test.p_less.min(test.p_greater) <= tail)
            }
        };
        match (beyond(TAIL_998), beyond(TAIL_95)) {
            (true, _) => Self::Outside998,
            (_, true) => Self::Outside95,
            _ => Self::Inside,
        }
    }

    /// The words in the `message` column.
    pub fn words(self) -> &'static str {
        match self {
            Self::Inside => "inside the 95 % limits",
            Self::Outside95 => "outside the 95 % limits",
            Self::Outside998 => "outside the 99.8 % limits",
        }
    }

    /// What a row tells.
    pub fn of(row: &ResultRow) -> Option<Self> {
        let all = [Self::Inside, Self::Outside95, Self::Outside998];
        all.into_iter().find(|signal| row.message.as_deref() == Some(signal.words()))
    }
}

/// A signal that is not there has the unit of one that is.
fn unjudged(row: ResultRow) -> ResultRow {
    ResultRow { unit: LIMITS.to_owned(), ..row }
}

const LIMITS: &str = "limits";

fn of_signal(site: &ResultRow, signal: Signal) -> ResultRow {
    ResultRow {
        value: Some(f64::from(signal as u8)),
        unit: LIMITS.to_owned(),
        message: Some(signal.words().to_owned()),
        ..beside(site, SIGNAL)
    }
}
