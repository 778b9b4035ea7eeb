//! Where rows stand in a table of results: reports ask it thousands of questions.

use std::collections::BTreeMap;

use super::results::ResultRow;

/// The places of rows by their measure and by their id.
#[derive(Clone, Debug)]
pub(super) struct Places {
    by_measure: BTreeMap<String, Vec<usize>>,
    /// In the order of their ids.
    by_id: Vec<usize>,
}

impl Places {
    /// # Panics
    /// When two rows have one id: a bug, and a report could then cite the wrong one.
    pub(super) fn of(rows: &[ResultRow]) -> Self {
        let mut by_measure: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, row) in rows.iter().enumerate() {
            match by_measure.get_mut(&row.measure_id) {
                Some(places) => places.push(place),
                None => _ = by_measure.insert(row.measure_id.clone(), vec![place]),
            }
        }
        let mut by_id: Vec<usize> = (0..rows.len()).collect();
        by_id.sort_unstable_by_key(|&place| rows[place].result_id.as_str());
        for pair in by_id.windows(2) {
            assert_ne!(rows[pair[0]].result_id, rows[pair[1]].result_id, "two results have one id");
        }
        Self { by_measure, by_id }
    }

    /// In the order of the rows.
    pub(super) fn of_measure(&self, id: &str) -> &[usize] {
        self.by_measure.get(id).map_or(&[], Vec::as_slice)
    }

    pub(super) fn by_id(&self, rows: &[ResultRow], id: &str) -> Option<usize> {
        let found = self.by_id.binary_search_by_key(&id, |&place| rows[place].result_id.as_str());
        found.ok().map(|at| self.by_id[at])
    }
}
