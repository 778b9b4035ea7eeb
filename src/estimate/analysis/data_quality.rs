//! What became of the rows: read, accepted, set aside, left out as second
//! copies, by table and source, and by rule.
//!
//! Rows are not people, and yet say how many there are: one row a patient, one
//! a withdrawal. So they are counted as people are, hidden where they are few
//! and where a hidden one would follow: a cell is the sum of what became of its
//! rows, a table the sum of its sources, all rows the sum of the tables, and
//! what was set aside the sum of the rules.

use std::collections::BTreeMap;

use super::ALL;
use crate::estimate::result::{CellKey, Estimand, Estimate, Maturity, Relations, Statistic};
use crate::model::reject::{Counts, Outcome, RULES, Rule};
use crate::protocol::{BUILT_IN_RESULTS, Protocol};
use crate::store::Manifest;

/// Rows read.
pub const ROWS: &str = "data_quality_rows";
/// Rows kept.
pub const ACCEPTED: &str = "data_quality_accepted";
/// Rows set aside.
pub const QUARANTINED: &str = "data_quality_quarantined";
/// Second copies left out.
pub const DUPLICATES: &str = "data_quality_duplicates";
/// Rows a rule fired on.
pub const RULE: &str = "data_quality_rule";

/// The split by table, all tables first.
pub const TABLE: &str = "table";
/// The split by source and table, `north/assessments`.
pub const SOURCE_TABLE: &str = "source_table";
/// The split by rule.
pub const BY_RULE: &str = "rule";
/// The split by what rules do, so that their sum stands beside what they did.
pub const BY_OUTCOME: &str = "outcome";

/// A result, and how many rows of a place it counts.
type Fate = (&'static str, fn(&Counts) -> u64);

/// What becomes of rows.
const FATES: [Fate; 3] = [
    (ACCEPTED, |counts| counts.accepted),
    (QUARANTINED, |counts| counts.quarantined),
    (DUPLICATES, |counts| counts.duplicates),
];

/// What became of the rows of a snapshot, in no particular order.
pub fn estimates(manifest: &Manifest, protocol: &Protocol) -> Vec<Estimate> {
    let place = Place { measures: protocol.measures.len() };
    let mut by_source: BTreeMap<(usize, usize), Counts> = BTreeMap::new();
    // A report that names one site only says nothing of the sources of others.
    let named = protocol.own_site.is_none();
    for file in manifest.files.iter().filter(|_| named) {
        let source = manifest.sources.iter().position(|source| source.name == file.source);
        let table = manifest.tables.keys().position(|table| *table == file.table);
        // Files that are no table have no rows of their own.
        if let Some(at) = source.zip(table) {
            *by_source.entry(at).or_default() += file.counts;
        }
    }
    let mut all = place.cell((TABLE, 0, ALL), &manifest.tables.values().sum(), &tables(manifest));
    for (order, (table, counts)) in manifest.tables.iter().enumerate() {
        let sources = by_source.keys().filter(|(_, of)| *of == order);
        let parts: Vec<Level> = sources.map(|at| source_table(manifest, *at)).collect();
        all.extend(place.cell((TABLE, order + 1, table), counts, &parts));
    }
    for (at, counts) in &by_source {
        let (name, order, level) = source_table(manifest, *at);
        all.extend(place.cell((name, order, &level), counts, &[]));
    }
    all.extend(place.rules(manifest));
    all
}

/// A level of a split: its name, position and text.
type Level = (&'static str, usize, String);

fn tables(manifest: &Manifest) -> Vec<Level> {
    manifest.tables.keys().enumerate().map(|(order, table)| (TABLE, order + 1, table.clone())).collect()
}

fn source_table(manifest: &Manifest, (source, table): (usize, usize)) -> Level {
    let name = manifest.tables.keys().nth(table).map_or("", String::as_str);
    let order = source * manifest.tables.len() + table;
    (SOURCE_TABLE, order, format!("{}/{name}", manifest.sources[source].name))
}

struct Place {
    /// How many measures of the packs come before.
    measures: usize,
}

impl Place {
    /// Rows read in a place and what became of them; `parts` add up to it.
    fn cell(&self, level: (&'static str, usize, &str), counts: &Counts, parts: &[Level]) -> Vec<Estimate> {
        let fates = FATES.iter().map(|(id, _)| self.key(id, level)).collect();
        let read = count(self.key(ROWS, level), counts.read, Relations { sum_of: fates, ..Relations::default() });
        let fate = |&(id, of): &Fate| {
            let sum_of = parts.iter().map(|(name, order, text)| self.key(id, (name, *order, text))).collect();
            count(self.key(id, level), of(counts), Relations { sum_of, ..Relations::default() })
        };
        std::iter::once(read).chain(FATES.iter().map(fate)).collect()
    }

    /// Rows by rule. What was set aside and what was left out are the sums of
    /// their rules.
    fn rules(&self, manifest: &Manifest) -> Vec<Estimate> {
        let times = |rule: &Rule| -> u64 {
            manifest.findings.iter().filter(|finding| finding.rule == rule.id).map(|finding| finding.count).sum()
        };
        let fired: Vec<(usize, &Rule)> =
            RULES.iter().copied().enumerate().filter(|(_, rule)| times(rule) > 0 && is_about_rows(rule)).collect();
        let key = |order: usize, rule: &Rule| self.key(RULE, (BY_RULE, order, rule.id));
        let mut all: Vec<Estimate> =
            fired.iter().map(|(order, rule)| count(key(*order, rule), times(rule), Relations::default())).collect();
        for (order, (outcome, id)) in
            [(Outcome::Quarantined, QUARANTINED), (Outcome::Dropped, DUPLICATES)].into_iter().enumerate()
        {
            let of: Vec<&(usize, &Rule)> = fired.iter().filter(|(_, rule)| rule.outcome == outcome).collect();
            let relations = Relations {
                sum_of: of.iter().map(|(order, rule)| key(*order, rule)).collect(),
                contains: vec![self.key(id, (TABLE, 0, ALL))],
                ..Relations::default()
            };
            let level = if outcome == Outcome::Dropped { "left_out" } else { "set_aside" };
            let total = of.iter().map(|(_, rule)| times(rule)).sum();
            all.push(count(self.key(RULE, (BY_OUTCOME, order, level)), total, relations));
        }
        all
    }

    fn key(&self, id: &str, level: (&str, usize, &str)) -> CellKey {
        let built_in = BUILT_IN_RESULTS.iter().position(|known| *known == id).expect("built-in results are listed");
        CellKey::to_date((self.measures + built_in, id), level, Estimand::Oc)
    }
}

/// Some rules are about columns and files.
fn is_about_rows(rule: &Rule) -> bool {
    !matches!(rule.id, "unmapped-column" | "unread-file" | "missing-table")
}

fn count(key: CellKey, rows: u64, relations: Relations) -> Estimate {
    let statistic =
        Statistic { name: "count", value: Ok(rows as f64), unit: "rows".to_owned(), interval: None, test: None };
    Estimate::new(key, rows, None, vec![statistic], Maturity::Mature).related(relations)
}
