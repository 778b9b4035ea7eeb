//! The steps of the attrition, from the first row read to every denominator.

use super::{Context, words};
use crate::model::horizon::HORIZONS;
use crate::publish::results::{Released, ResultRow};

/// One step: what remains, and what the step left out.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Step id.
    pub id: &'a str,
    /// Row of the count that remains.
    pub remaining: &'a ResultRow,
    /// Row of the count left out, or not yet due.
    pub removed: Option<&'a ResultRow>,
}

impl Step<'_> {
    /// What remains, in plain words: the run's own, or the id spelled out.
    pub fn label(&self) -> String {
        label(self.remaining)
    }
}

/// The label of a row of the flow.
pub fn label(row: &ResultRow) -> String {
    row.message.clone().unwrap_or_else(|| spelled_out(&row.stratum_level))
}

/// `opioid_due_12w` → `Opioid due, 12 weeks`.
fn spelled_out(id: &str) -> String {
    let horizon =
        HORIZONS.iter().find_map(|horizon| Some((id.strip_suffix(horizon.id)?.strip_suffix('_')?, horizon.label)));
    let text = horizon.map_or_else(|| id.to_owned(), |(stem, label)| format!("{stem}, {label}"));
    words::at_start(&text.replace('_', " "))
}

/// The steps in the order they were taken, without those of horizons that are
/// not the primary one: each horizon branches off, and four branches in one
/// column would read as one flow.
pub fn steps<'a>(released: &'a Released, context: &Context<'_>) -> Vec<Step<'a>> {
    let primary = context.protocol.study.primary_horizon.id;
    let other = |id: &str| {
        HORIZONS
            .iter()
            .any(|horizon| horizon.id != primary && id.strip_suffix(horizon.id).is_some_and(|stem| stem.ends_with('_')))
    };
    let of = |statistic: &'static str| released.of_measure("attrition").filter(move |row| row.statistic == statistic);
    of("count")
        .filter(|row| !other(&row.stratum_level))
        .map(|remaining| Step {
            id: &remaining.stratum_level,
            remaining,
            removed: of("removed").chain(of("not_yet_due")).find(|row| row.stratum_level == remaining.stratum_level),
        })
        .collect()
}

/// The flow in a sentence: who could have a score, and who has one.
pub fn finding(steps: &[Step<'_>], context: &Context<'_>) -> String {
    let horizon = context.protocol.study.primary_horizon.id;
    let count = |id: &str| steps.iter().find(|step| step.id == id).and_then(|step| words::number(step.remaining));
    match (count(&format!("mature_{horizon}")), count(&format!("observed_{horizon}"))) {
        (Some(mature), Some(observed)) => {
            format!("Of {mature} series of mature quarters, {observed} have a score at {}", context.horizon())
        }
        _ => "From the first row read to every denominator".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::spelled_out;

    #[test]
    fn an_id_without_a_label_is_spelled_out() {
        assert_eq!(
            ["rows_read", "opioid_due_12w", "observed_2w"].map(spelled_out),
            ["Rows read", "Opioid due, 12 weeks", "Observed, 2 weeks"]
        );
    }
}
