//! What rows set aside leave behind, where leaving them out would be mistaken for
//! something: the day of an infusion, the start of what may be an opioid.

use super::Session;
use super::admit::{InfusionsWithheldColumns, PrescriptionsWithheldColumns};
use super::buckets::Buckets;
use super::error::IngestError;
use super::roster::Roster;
use super::row::{self, Head};
use super::sort::sort_table;
use crate::model::table::TableId;
use crate::store::{Draft, StoreError};

/// Rows without content, by the table they would have been in.
pub(super) struct Withheld {
    infusions: Buckets,
    prescriptions: Buckets,
}

impl Withheld {
    pub(super) fn new(session: &Session<'_>, roster: &Roster, draft: Option<&Draft<'_>>) -> Self {
        let [infusions, prescriptions] = [(); 2].map(|()| session.buckets(roster, draft));
        Self { infusions, prescriptions }
    }

    /// Adds bare rows of a table; of most tables nothing is remembered.
    pub(super) fn extend(&mut self, table: TableId, rows: &[u8]) -> Result<(), StoreError> {
        match table {
            TableId::Infusions => self.infusions.extend(rows),
            TableId::Prescriptions => self.prescriptions.extend(rows),
            _ => Ok(()),
        }
    }

    /// Sorts and writes them.
    pub(super) fn write(
        self,
        session: &Session<'_>,
        roster: &Roster,
        draft: Option<&Draft<'_>>,
    ) -> Result<(), IngestError> {
        let writer = |table| draft.map(|draft| draft.table(table)).transpose();
        // They have no row ids, so none contradicts another.
        let none = &mut |_| Ok(());
        let table = TableId::InfusionsWithheld;
        sort_table::<InfusionsWithheldColumns>(session, roster, table, self.infusions, writer(table)?, none)?;
        let table = TableId::PrescriptionsWithheld;
        sort_table::<PrescriptionsWithheldColumns>(session, roster, table, self.prescriptions, writer(table)?, none)?;
        Ok(())
    }
}

/// What a row set aside says of when: a day, and for how many days if that is known.
#[derive(Clone, Copy)]
pub(super) struct Left {
    pub(super) day: i32,
    /// 0 where not known.
    pub(super) supply: u16,
}

/// Whose and when, and nothing else.
pub(super) fn bare_row(head: Head, supply: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let start = row::begin(&mut bytes, head, b"");
    bytes.extend_from_slice(&supply.to_le_bytes());
    row::end(&mut bytes, start);
    bytes
}
