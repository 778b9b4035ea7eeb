//! What each statistic of the results is, in a clause that follows “=”.

use std::collections::BTreeMap;

/// Cells of a row by column, as written.
pub type Cells<'a> = BTreeMap<&'a str, &'a str>;

/// Statistic and clause; `{column}` stands for the row's cell.
const FORMULAS: &[(&str, &str)] = &[
    ("rate", "with the outcome ÷ all who are counted = {numerator} ÷ {denominator}"),
    ("claim_rate", "with the outcome ÷ all who are counted = {numerator} ÷ {denominator}, held against the claim"),
    ("claimed_share", "the share the sentence claims; nobody was counted"),
    ("tipping_point", "the share of the lost who would have to have the outcome for the conclusion to turn"),
    ("rate_difference", "rate of the newest quarter − rate of the quarter before; {n} patients in both"),
    ("mean_difference", "mean of the newest quarter − mean of the quarter before; {n} patients in both"),
    ("difference", "share after − share before, in the same {n} patients"),
    ("cramers_v", "association of condition and outcome, 0 none and 1 complete; {n} patients of the conditions shown"),
    ("rate_pooled", "the rate of this condition, {n} patients, drawn towards those of the other conditions shown"),
    ("mean", "sum of the changes ÷ patients, over {n} patients"),
    ("sd", "standard deviation (n − 1) of the changes of {n} patients"),
    ("median", "middle value of {n} patients"),
    ("quantile_10", "a tenth of the changes lie at or below this (type 7), of {n} patients"),
    ("quantile_25", "a quarter of the changes lie at or below this (type 7), of {n} patients"),
    ("quantile_75", "three quarters of the changes lie at or below this (type 7), of {n} patients"),
    ("quantile_90", "nine tenths of the changes lie at or below this (type 7), of {n} patients"),
    ("hodges_lehmann", "median of the averages of all pairs of changes, of {n} patients"),
    ("srm", "mean change ÷ standard deviation of the changes, {n} patients"),
    ("d_av", "mean change ÷ mean of the standard deviations before and after, corrected for small n; {n} patients"),
    (
        "expected_regression_least",
        "−(1 − reliability) × (mean before − usual level): what would change by itself under the assumptions that make it least",
    ),
    (
        "expected_regression_most",
        "−(1 − reliability) × (mean before − usual level): what would change by itself under the assumptions that make it most",
    ),
    (
        "expected_regression_measured_least",
        "−(1 − reliability) × (mean before − usual level): what would change by itself at the larger of the highest reliability assumed and the upper end of the interval of icc_1, and the higher usual level",
    ),
    (
        "expected_regression_measured_most",
        "−(1 − reliability) × (mean before − usual level): what would change by itself at the smaller of the lowest reliability assumed and the lower end of the interval of icc_1, and the lower usual level",
    ),
    ("mean_before", "sum of the scores before treatment ÷ patients, over {n} patients with both scores"),
    (
        "icc_1",
        "(mean square between patients − within) ÷ (between + (k − 1) × within), k scores each, of {n} patients with two or more scores before treatment",
    ),
    ("within_sd", "square root of the mean square within {n} patients: how far scores of one patient differ"),
    ("infusions", "infusions given to {n} patients"),
    ("infusions_asked", "infusions after which patients were asked for events, of {n} patients"),
    ("infusions_asked_share", "infusions with a question ÷ all infusions, of {n} patients"),
    ("infusions_with_event", "infusions with the event ÷ infusions with a question, of {denominator}"),
    ("events", "events on record, counted"),
    ("events_per_100_infusions", "100 × events ÷ infusions with a question = 100 × {numerator} ÷ {denominator}"),
    (
        "events_per_100_infusions_clustered",
        "100 × events ÷ infusions with a question = 100 × {numerator} ÷ {denominator}; the interval keeps a patient’s events together",
    ),
    ("survival", "share still better at this time, by the product-limit (Kaplan–Meier) method, of {n} patients"),
    ("at_risk", "patients still better and still seen at this time, of {n} patients"),
    (
        "incidence_lost",
        "share whose pain was back by this time, other endings competing (Aalen–Johansen), of {n} patients",
    ),
    (
        "incidence_retreated",
        "share infused again by this time, other endings competing (Aalen–Johansen), of {n} patients",
    ),
    ("median_low", "lower end of the interval of the median, of {n} patients"),
    ("median_high", "upper end of the interval of the median, of {n} patients"),
    ("control_centre", "center line: the baseline periods together"),
    ("control_lower", "lower control limit for a period of {n} patients, from the baseline periods"),
    ("control_upper", "upper control limit for a period of {n} patients, from the baseline periods"),
    ("control_signals", "rules by which this period stands out, counted"),
    ("control_baseline", "periods the limits rest on, counted"),
    ("variation", "rules by which the newest judged period stands out, counted"),
    ("assurance", "the target, and whether the limits lie on its good side"),
    ("funnel_tau_squared", "variance between sites that chance does not explain"),
    ("funnel_low_95", "lower 95 % limit for a site of {n} patients, about the overall rate"),
    ("funnel_high_95", "upper 95 % limit for a site of {n} patients, about the overall rate"),
    ("funnel_low_998", "lower 99.8 % limit for a site of {n} patients, about the overall rate"),
    ("funnel_high_998", "upper 99.8 % limit for a site of {n} patients, about the overall rate"),
    ("funnel_signal", "limits this site lies outside of, counted: 0, 1 (95 %) or 2 (99.8 % as well)"),
    ("count", "what was counted; in the flow, what remains after the step"),
    ("removed", "what this step left out"),
    ("not_yet_due", "with pain above 0 before treatment − due, both steps of the flow"),
];

/// The clause of a row's statistic with the row's numbers in it; `None` for a
/// statistic this list does not have, or where a number it needs is not shown.
pub fn formula(cells: &Cells<'_>) -> Option<String> {
    let statistic = cells.get("statistic")?;
    let (_, clause) = FORMULAS.iter().find(|(known, _)| known == statistic)?;
    let mut text = (*clause).to_owned();
    for column in ["numerator", "denominator", "n"] {
        let place = format!("{{{column}}}");
        if text.contains(&place) {
            let cell = cells.get(column).filter(|cell| !cell.is_empty())?;
            text = text.replace(&place, cell);
        }
    }
    Some(text)
}

/// Whether the list has a statistic.
pub fn is_known(statistic: &str) -> bool {
    FORMULAS.iter().any(|(known, _)| *known == statistic)
}

#[cfg(test)]
mod tests {
    use super::{Cells, formula};

    #[test]
    fn a_formula_holds_the_row_s_numbers_or_is_left_out() {
        let row = Cells::from([("statistic", "rate"), ("numerator", "153"), ("denominator", "301"), ("n", "301")]);
        assert_eq!(formula(&row).as_deref(), Some("with the outcome ÷ all who are counted = 153 ÷ 301"));
        let hidden = Cells::from([("statistic", "rate"), ("numerator", ""), ("denominator", ""), ("n", "")]);
        assert_eq!(formula(&hidden), None);
    }
}
