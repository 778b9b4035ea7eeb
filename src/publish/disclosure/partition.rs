//! Measures of the packs that divide each other's people, and leave a rest nobody
//! prints.

use super::census::{Census, Columns, Series};
use crate::estimate::result::{Count, Estimand};

/// A count of a measure under an estimand.
type Part = (&'static str, Estimand, Count);

/// A whole, and parts of it that exclude each other.
const PARTITIONS: [(Part, &[Part]); 4] = [
    // Whoever has not switched is asked for a reduction.
    (
        ("opioid_to_buprenorphine", Estimand::Nri, Count::People),
        &[
            ("opioid_reduction_50", Estimand::Nri, Count::People),
            ("opioid_to_buprenorphine", Estimand::Nri, Count::With),
        ],
    ),
    (
        ("opioid_to_buprenorphine", Estimand::Oc, Count::People),
        &[("opioid_reduction_50", Estimand::Oc, Count::People), ("opioid_to_buprenorphine", Estimand::Oc, Count::With)],
    ),
    // Before treatment a dose is known (none, or in use), unconvertible or of
    // buprenorphine; left are the treated for opioid use disorder.
    (
        ("opioid_baseline_unconvertible", Estimand::Oc, Count::People),
        &[
            ("opioid_to_buprenorphine", Estimand::Nri, Count::People),
            ("opioid_started", Estimand::Nri, Count::People),
            ("opioid_baseline_unconvertible", Estimand::Nri, Count::With),
            ("opioid_baseline_buprenorphine", Estimand::Nri, Count::With),
        ],
    ),
    // Of those whose reduction is asked for, a dose is known at the horizon or
    // unconvertible; left are those without a confirmed list.
    (
        ("opioid_reduction_50", Estimand::Nri, Count::People),
        &[
            ("opioid_reduction_50", Estimand::Oc, Count::People),
            ("opioid_to_unconvertible", Estimand::Nri, Count::With),
        ],
    ),
];

/// The numbers of the quantities of each whole and its parts, at each horizon.
/// Parts that no pack measures belong to the rest.
pub(super) fn partitions(census: &Census) -> Vec<(usize, Vec<usize>)> {
    let mut all = Vec::new();
    for ((measure, estimand, count), parts) in PARTITIONS {
        let wholes =
            census.series.iter().filter(|(series, _)| (series.measure, series.estimand) == (measure, estimand));
        for (series, columns) in wholes {
            let part = |&(measure, estimand, count): &Part| {
                let columns = census.series.get(&Series { measure, estimand, ..*series })?;
                Some(column(columns, count))
            };
            all.push((column(columns, count), parts.iter().filter_map(part).collect()));
        }
    }
    all
}

fn column(columns: &Columns, count: Count) -> usize {
    match count {
        Count::People => columns.n,
        Count::With => columns.with,
        Count::Without => columns.without,
    }
}
