//! What was declared beforehand: the newest quarter against the one before, with
//! the tests that the first screen puts into words.

use super::sections::Material;
use super::select::{self, Query};
use super::{element, words};
use crate::estimate::analysis::CONTRAST;
use crate::estimate::result::{Estimand, Population};
use crate::model::calendar::Period;
use crate::protocol::{Measure, MeasureKind};
use crate::publish::chart::svg::escape;

const NOTE: &str = "<p class=\"note\">A difference is called higher or lower where its interval leaves out zero and its p-value, adjusted for all of these (Holm), is below 0.05. The intervals are not adjusted.</p>\n";

/// The table; empty where there is no quarter to compare with.
pub(super) fn table(material: Material<'_>) -> String {
    let declared = material.context.protocol.measures.iter().filter(|measure| measure.declared);
    let rows: Vec<Vec<String>> = declared.filter_map(|measure| row(measure, material)).collect();
    if rows.is_empty() {
        return String::new();
    }
    let columns = [
        element::words_column("Declared measure"),
        element::number_column("Newest quarter"),
        element::number_column("Quarter before"),
        element::number_column("Difference, points"),
        element::number_column("Test"),
    ];
    element::table("The newest quarter against the one before, as declared beforehand", &columns, &rows) + NOTE
}

fn row(measure: &Measure, material: Material<'_>) -> Option<Vec<String>> {
    let (released, context) = (material.released, material.context);
    let population = select::headline(released);
    let (query, statistic) = if measure.kind == MeasureKind::Proportion {
        (Query::rate(&measure.id, population, context), "rate_difference")
    } else {
        (Query { estimand: Estimand::Oc, ..Query::mean(&measure.id, population, context) }, "mean_difference")
    };
    let contrast = Query { stratum: CONTRAST.0, statistic, ..query }.find(released)?;
    let earlier = context.quarter.map(Period::previous);
    let series = Query { population: Population::QuarterSeries, ..query };
    let before = earlier.and_then(|quarter| series.find_in(released, quarter));
    Some(vec![
        escape(&words::tied(&measure.label)),
        element::cell(query.find(released), element::compact),
        element::cell(before, element::compact),
        element::compact(contrast),
        element::test(contrast),
    ])
}
