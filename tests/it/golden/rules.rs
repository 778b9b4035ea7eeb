//! The sections of `golden_rules.json`: doses, responders, estimands and
//! suppression. The arguments are the whole case.

use relief::derive::medication::{Given, Meaning};
use relief::estimate::proportion::Ratio;
use relief::estimate::result::Estimand;
use relief::estimate::tally::Tally;
use relief::model::opioid::{Dispensing, Mme, window_days};
use relief::model::pain::{Change, ScoreX10};
use relief::protocol::Direction;
use relief::protocol::Protocol;
use serde_json::{Value, json};

use super::case::{Case, Golden};
use crate::disclosure;
use crate::spec::protocol;

pub(super) fn suppression(case: &Case, _: &Golden) -> Value {
    disclosure::answer(&case.args).unwrap_or(Value::Null)
}

pub(super) fn mme(case: &Case, _: &Golden) -> Value {
    let protocol = protocol();
    let window = |index: usize| case.args["window"][index].as_i64().and_then(|day| i32::try_from(day).ok());
    let (Some(first), Some(last)) = (window(0), window(1)) else { return Value::Null };
    let written = case.args["rx"].as_array().map_or(&[][..], Vec::as_slice);
    let Some(dispensings) = written.iter().map(|rx| dispensing(rx, &protocol)).collect::<Option<Vec<_>>>() else {
        return Value::Null;
    };
    let days = window_days(&dispensings, first, last);
    let total = days.iter().fold(Mme::default(), |total, day| total + *day);
    let count = |holds: &dyn Fn(&Mme) -> bool| days.iter().filter(|day| holds(day)).count();
    let on_days = count(&|day| !day.is_zero());
    let supplied: i32 = dispensings.iter().map(|one| one.days_within(first, last)).sum();
    let per = |days: f64| (days > 0.0).then(|| total.to_f64() / days);
    json!({
        "window_days": days.len(),
        "total": total.to_f64(),
        "avg_window": per(days.len() as f64),
        "on_days": on_days,
        "avg_on_therapy": per(on_days as f64),
        "avg_sum_days_supply": per(f64::from(supplied)),
        "max_day": days.iter().max().copied().unwrap_or_default().to_f64(),
        "days_ge50": count(&|day| day.at_least(50)),
        "days_ge90": count(&|day| day.at_least(90)),
    })
}

/// A case states patches worn where it is not one; the product reads it from
/// quantity and days.
fn dispensing(rx: &Value, protocol: &Protocol) -> Option<Dispensing> {
    let thousandths = |key: &str| rx[key].as_f64().map(|number| (number * 1_000.0).round() as i64);
    let whole = |key: &str| rx[key].as_i64().and_then(|number| i32::try_from(number).ok());
    let drug = rx["drug"].as_str()?;
    let (start, days) = (whole("start")?, whole("days")?);
    let daily = if protocol.drugs.find(drug)?.patch {
        let worn = rx["concurrent_patches"].as_i64().unwrap_or(1);
        Mme::per_day_of_patches(thousandths("strength")?, worn, protocol.factors.factor(drug)?)
    } else {
        protocol.factors.factor(drug)?;
        let amount = [thousandths("strength")?, thousandths("qty")?];
        Meaning::of(drug, protocol)?.prescription(Given::default(), start, days, amount)?.dispensing.daily
    };
    Some(Dispensing { start, days, daily })
}

fn tenths(score: &Value) -> Option<ScoreX10> {
    score.as_f64().map(|score| ScoreX10((score * 10.0).round() as i32))
}

pub(super) fn responder(case: &Case, _: &Golden) -> Value {
    let baseline = tenths(&case.args["baseline"]);
    let eligible = baseline.is_some_and(|score| score.0 > 0);
    let change =
        baseline.zip(tenths(&case.args["followup"])).map(|(baseline, follow_up)| Change { baseline, follow_up });
    let of_eligible = |holds: fn(Change) -> bool| change.filter(|_| eligible).map(holds);
    json!({
        "delta": change.map(|change| f64::from(change.delta_x10()) / 10.0),
        "pct": change.and_then(Change::percent_reduction),
        "ge30": of_eligible(|change| change.falls_by_percent(30)),
        "ge50": of_eligible(|change| change.falls_by_percent(50)),
        "ge2": change.map(Change::falls_by_two_points),
        "worse30": of_eligible(|change| change.rises_by_percent(30)),
        "eligible_pct": eligible,
    })
}

/// Rows are baseline, an earlier score, the score at the horizon, and why it
/// is missing.
pub(super) fn estimands(case: &Case, _: &Golden) -> Value {
    let rows = case.args["rows"].as_array().map_or(&[][..], Vec::as_slice);
    let mut observed = tally(rows, |row| tenths(&row[2]));
    observed.carried = tally(rows, |row| tenths(&row[1]).filter(|_| tenths(&row[2]).is_none())).outcome;
    let ratio = |tally: &Tally, estimand: Estimand| {
        let ratio = Ratio::of(tally, estimand, Direction::Higher).expect("a ratio of counts");
        json!([ratio.numerator, ratio.denominator])
    };
    let retention = (observed.eligible > 0).then(|| observed.observed as f64 / observed.eligible as f64);
    json!({
        "eligible": observed.eligible,
        "observed": observed.observed,
        "responders": observed.outcome,
        "retention": retention,
        "oc": ratio(&observed, Estimand::Oc),
        "nri": ratio(&observed, Estimand::Nri),
        "bocf": ratio(&observed, Estimand::Bocf),
        "locf": ratio(&observed, Estimand::Locf),
        "worst": ratio(&observed, Estimand::Worst),
        "best": ratio(&observed, Estimand::Best),
    })
}

fn tally(rows: &[Value], follow_up: impl Fn(&Value) -> Option<ScoreX10>) -> Tally {
    let mut tally = Tally::default();
    for row in rows {
        let Some(baseline) = tenths(&row[0]).filter(|score| score.0 > 0) else { continue };
        let change = follow_up(row).map(|follow_up| Change { baseline, follow_up });
        tally.eligible += 1;
        tally.observed += u64::from(change.is_some());
        tally.outcome += u64::from(change.is_some_and(|change| change.falls_by_percent(30)));
    }
    tally
}
