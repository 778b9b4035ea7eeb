//! What rows set aside leave behind, where leaving them out would be mistaken for
//! something: the day of an infusion, the start of what may be an opioid.

use super::Session;
use super::admit::WithheldColumns;
use super::buckets::Buckets;
use super::error::IngestError;
use super::roster::Roster;
use super::row::{self, Head};
use super::sort::sort_table;
use crate::model::table::TableId;
use crate::store::{Draft, StoreError};

/// Rows without content, by the table they would have been in.
pub(super) struct Withheld([(TableId, TableId, Buckets); 2]);

impl Withheld {
    pub(super) fn new(session: &Session<'_>, roster: &Roster, draft: Option<&Draft<'_>>) -> Self {
        let tables = [
            (TableId::Infusions, TableId::InfusionsWithheld),
            (TableId::Prescriptions, TableId::PrescriptionsWithheld),
        ];
        Self(tables.map(|(table, withheld)| (table, withheld, session.buckets(roster, draft))))
    }

    /// Adds bare rows of a table; of most tables nothing is remembered.
    pub(super) fn extend(&mut self, table: TableId, rows: &[u8]) -> Result<(), StoreError> {
        match self.0.iter_mut().find(|(known, ..)| *known == table) {
            Some((.., buckets)) => buckets.extend(rows),
            None => Ok(()),
        }
    }

    /// Sorts and writes them.
    pub(super) fn write(
        self,
        session: &Session<'_>,
        roster: &Roster,
        draft: Option<&Draft<'_>>,
    ) -> Result<(), IngestError> {
        for (_, table, buckets) in self.0 {
            let writer = draft.map(|draft| draft.table(table)).transpose()?;
            // They have no row ids, so none contradicts another.
            sort_table::<WithheldColumns>(session, roster, table, buckets, writer, &mut |_| Ok(()))?;
        }
        Ok(())
    }
}

/// Whose and when, and nothing else.
pub(super) fn bare_row(head: Head) -> Vec<u8> {
    let mut bytes = Vec::new();
    let start = row::begin(&mut bytes, head, b"");
    row::end(&mut bytes, start);
    bytes
}
