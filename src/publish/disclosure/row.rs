//! Estimates and steps of the flow, with their verdicts → rows of the results table.

use super::flow::continues;
use super::rounding::rounded;
use super::verdict::{CellVerdict, Verdict};
use crate::estimate::analysis::durability;
use crate::estimate::result::{CellKey, Estimand, Estimate, Maturity, Statistic};
use crate::model::attrition::{Attrition, Step};
use crate::protocol::{DisclosureProfile, Rounding};
use crate::publish::results::{ResultRow, Suppression, result_id};

/// Id under which the flow of patients appears.
pub(super) const ATTRITION: &str = "attrition";

/// One row for each statistic of an estimate.
pub(super) fn of_estimate(estimate: &Estimate, verdict: CellVerdict, profile: &DisclosureProfile) -> Vec<ResultRow> {
    let row = |statistic: &Statistic| {
        let mut row = blank(&estimate.key, statistic.name, &statistic.unit);
        row.maturity = estimate.maturity;
        if !verdict.n.hides() {
            row.n = Some(rounded(estimate.n, profile.rounding));
        }
        if verdict.statistics.hides() {
            hide(&mut row, verdict, profile);
        } else {
            show(&mut row, estimate, statistic, profile);
        }
        row
    };
    estimate.statistics.iter().map(row).collect()
}

/// A row that says nothing yet.
fn blank(key: &CellKey, statistic: &str, unit: &str) -> ResultRow {
    ResultRow {
        result_id: result_id(key, statistic),
        measure_id: key.measure_id.clone(),
        measure_version: key.measure_version,
        population: key.population,
        site: key.site.clone(),
        condition: key.condition.clone(),
        stratum_name: key.stratum_name.clone(),
        stratum_level: key.stratum_level.clone(),
        period_start: key.period_start,
        period_end: key.period_end,
        horizon: key.horizon.clone(),
        statistic: statistic.to_owned(),
        value: None,
        unit: unit.to_owned(),
        n: None,
        numerator: None,
        denominator: None,
        ci_low: None,
        ci_high: None,
        ci_level: None,
        ci_method: None,
        p_value: None,
        p_adjusted: None,
        adjust_method: None,
        estimand: key.estimand,
        suppression: Suppression::None,
        reason: None,
        status: "ok",
        message: None,
        maturity: Maturity::Mature,
    }
}

/// The denominator may stay shown; the reason names the rule, never a number of
/// the cell.
fn hide(row: &mut ResultRow, verdict: CellVerdict, profile: &DisclosureProfile) {
    let threshold = profile.threshold;
    row.denominator = row.n.filter(|_| verdict.n == Verdict::Shown);
    let (suppression, reason) = match (verdict.n, verdict.statistics) {
        (Verdict::Small, _) => (Suppression::Primary, format!("fewer than {threshold}")),
        (_, Verdict::Small) => (Suppression::Primary, format!("fewer than {threshold} with or without the outcome")),
        _ => (Suppression::Complementary, COVERS.to_owned()),
    };
    row.suppression = suppression;
    row.reason = Some(reason);
}

/// Why a count is hidden where small ones are not told from those that cover them.
pub(in crate::publish) const COVERS: &str = "hidden, as it is small or a small count could be worked out from it";

fn show(row: &mut ResultRow, estimate: &Estimate, statistic: &Statistic, profile: &DisclosureProfile) {
    row.numerator = estimate.numerator.map(|count| rounded(count, profile.rounding));
    row.denominator = row.numerator.and(row.n);
    match &statistic.value {
        Ok(value) if value.is_finite() => row.value = Some(*value),
        Ok(_) => (row.status, row.message) = ("error", Some("the value is not a number".to_owned())),
        Err(reason) => row.reason = Some(reason.clone()),
    }
    if profile.rounding == Rounding::None {
        show_interval(row, statistic);
        show_test(row, statistic);
    } else {
        round(row, profile);
    }
    if profile.protect_numerator {
        coarsen(row, &estimate.key);
    }
    if profile.protect_numerator && row.status == "ok" && is_homogeneous(estimate) {
        row.status = "warning";
        row.message = Some("everyone or no one in this group has the outcome".to_owned());
    }
}

fn show_interval(row: &mut ResultRow, statistic: &Statistic) {
    let defined = |interval: &&crate::estimate::result::ConfidenceInterval| {
        row.value.is_some() && interval.low.is_finite() && interval.high.is_finite()
    };
    if let Some(interval) = statistic.interval.as_ref().filter(defined) {
        row.ci_low = Some(interval.low);
        row.ci_high = Some(interval.high);
        row.ci_level = Some(interval.level);
        row.ci_method = Some(interval.method.to_owned());
    }
}

/// A weighted number rests on strata smaller than any cell of the table, a curve
/// on days. With three decimals, in whole per cents and whole weeks, a great many
/// fillings of them are possible.
fn coarsen(row: &mut ResultRow, key: &CellKey) {
    let parts = match row.unit.as_str() {
        _ if key.estimand == Estimand::Ipw => 1000.0,
        "share" if durability::is_of_days(&key.measure_id) => 100.0,
        "weeks" if durability::is_of_days(&key.measure_id) => 1.0,
        _ => return,
    };
    for number in [&mut row.value, &mut row.ci_low, &mut row.ci_high].into_iter().flatten() {
        *number = (*number * parts).round() / parts;
    }
}

/// The method is named in the row; an adjusted p-value never stands without it.
fn show_test(row: &mut ResultRow, statistic: &Statistic) {
    let Some(test) = statistic.test.as_ref().filter(|_| row.value.is_some()) else { return };
    row.p_value = Some(test.p_value);
    row.message = Some(test.method.clone());
    if let Some((p_adjusted, method)) = test.adjusted {
        row.p_adjusted = Some(p_adjusted);
        row.adjust_method = Some(method.to_owned());
    }
}

/// Rates are recomputed from the rounded counts, a count is the rounded one, and
/// anything else keeps one decimal: in full precision a mean of scores is a
/// fraction whose denominator gives the count back, with one decimal every count
/// of at least ten is possible. An interval follows from rate and true count, so
/// there is none. Margins are rounded by themselves, not added up again: a total
/// over sites and the same total over conditions would become two numbers.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of events are whole numbers far below 2^53"
)]
fn round(row: &mut ResultRow, profile: &DisclosureProfile) {
    row.suppression = Suppression::Rounded;
    let Some(value) = row.value else { return };
    let rate = row.numerator.zip(row.denominator).filter(|_| row.statistic == "rate");
    row.value = Some(match (rate, row.statistic.as_str()) {
        (Some((with, of)), _) => with as f64 / of as f64,
        (None, "count") => row.numerator.or(row.n).unwrap_or_default() as f64,
        // At least as many as the patients behind them, and told apart no better.
        (None, "events" | "infusions" | "infusions_asked") => rounded(value as u64, profile.rounding) as f64,
        (None, _) => (value * 10.0).round() / 10.0,
    });
}

fn is_homogeneous(estimate: &Estimate) -> bool {
    estimate.n > 0 && estimate.numerator.is_some_and(|with| with == 0 || with == estimate.n)
}

/// What is said of one step: of what remains and of what it took away.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepVerdict {
    pub(super) remaining: Verdict,
    pub(super) removed: Verdict,
}

/// Two rows for each step: `count`, what remains, and `removed`; only the first
/// where a new unit is counted. The message is the step in plain words.
pub(super) fn of_flow(attrition: &Attrition, verdicts: &[StepVerdict], profile: &DisclosureProfile) -> Vec<ResultRow> {
    let steps = attrition.steps();
    let mut rows = Vec::new();
    for (at, (step, verdict)) in steps.iter().zip(verdicts).enumerate() {
        rows.push(of_step(at, step, "count", step.remaining, verdict.remaining, profile));
        if at > 0 && continues(&steps[at - 1], step) {
            rows.push(of_step(at, step, "removed", step.removed, verdict.removed, profile));
        }
    }
    rows
}

fn of_step(
    at: usize,
    step: &Step,
    statistic: &str,
    count: u64,
    verdict: Verdict,
    profile: &DisclosureProfile,
) -> ResultRow {
    let mut row = blank(&step_key(at, step), statistic, step.unit);
    row.message = Some(step.label.to_owned());
    if verdict.hides() {
        hide(&mut row, CellVerdict { n: verdict, statistics: verdict }, profile);
        return row;
    }
    row.value = Some(rounded(count, profile.rounding) as f64);
    if profile.rounding != Rounding::None {
        row.suppression = Suppression::Rounded;
    }
    row
}

/// A flow has no period, horizon or estimand of its own; it stands under the
/// estimand of the headline.
fn step_key(at: usize, step: &Step) -> CellKey {
    CellKey::to_date((0, ATTRITION), ("step", at, step.id), Estimand::Nri)
}
