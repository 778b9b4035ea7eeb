//! What the gate notes while rows are read, by file, and its verdict at the end.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::{CodeForms, ColumnFate, GateReport, Glimpse, Hits, Numbers, Strange, Unread, in_value};
use crate::ingest::layout::Layout;
use crate::ingest::record::Record;
use crate::protocol::{Basis, Protocol};

/// What was noted of one block or file.
#[derive(Debug, Default)]
pub(in crate::ingest) struct Notes {
    /// Identifying values in columns that are read, and in rows set aside.
    pub(in crate::ingest) hits: Hits,
    /// Words of code columns that no list knows.
    pub(in crate::ingest) strange: Strange,
    /// Columns nobody reads.
    pub(in crate::ingest) glimpse: Glimpse,
    /// Patient codes.
    pub(in crate::ingest) codes: CodeForms,
}

impl Notes {
    /// Looks at the cells of a record nobody reads.
    #[inline]
    pub(in crate::ingest) fn look_aside(&mut self, record: &Record<'_>, layout: &Layout, basis: Basis) {
        self.glimpse.look(record, &layout.unmapped, basis);
    }

    /// Looks at every cell of a record that is set aside: what did not parse as
    /// a number, a date or a word may be anything.
    pub(in crate::ingest) fn look_through(&mut self, record: &Record<'_>, layout: &Layout) {
        for position in 0..record.fields() {
            let unread = layout.unmapped.iter().any(|column| column.position == position);
            if let Some(detector) = in_value(record.field(position)).filter(|_| !unread) {
                self.hits.add(layout.name_at(position), detector);
            }
        }
    }
}

/// The notes on every file, by its position in the plan.
#[derive(Debug, Default)]
pub(in crate::ingest) struct Watch(Mutex<BTreeMap<usize, Notes>>);

/// A file as the verdict names it.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct Watched<'a> {
    /// Source name.
    pub(in crate::ingest) source: &'a str,
    /// File name.
    pub(in crate::ingest) file: &'a str,
    /// Columns nobody reads.
    pub(in crate::ingest) unread: &'a [Unread],
}

impl Watch {
    /// Adds what a block showed.
    pub(in crate::ingest) fn note(&self, file: usize, notes: Notes) {
        let mut files = self.0.lock().expect("no holder of the lock panics");
        let mine = files.entry(file).or_default();
        mine.hits.merge(notes.hits);
        mine.strange.merge(notes.strange);
        mine.glimpse.merge(notes.glimpse);
        mine.codes.merge(notes.codes);
    }

    /// The numbers of all patient codes of these files.
    pub(in crate::ingest) fn code_numbers(&self, of: impl Iterator<Item = usize>) -> Numbers {
        let files = self.0.lock().expect("no holder of the lock panics");
        let mut all = Numbers::default();
        of.filter_map(|file| files.get(&file)).for_each(|notes| all.merge(notes.codes.numbers));
        all
    }

    /// Adds the verdict on a file to the report on its header. `codes` are those of
    /// all patients of the source.
    pub(in crate::ingest) fn judge(
        &self,
        file: usize,
        watched: Watched<'_>,
        (protocol, codes): (&Protocol, &Numbers),
        report: &mut GateReport,
    ) {
        let files = self.0.lock().expect("no holder of the lock panics");
        let Some(notes) = files.get(&file) else { return };
        let Watched { source, file, unread } = watched;
        let mut seen = notes.glimpse.judge(unread, &protocol.zip3);
        seen.merge(notes.glimpse.judge_numbers(unread, codes));
        let strange = notes.strange.judge();
        let values = notes.hits.refusals(source, file).chain(strange.refusals(source, file));
        let values = values.chain(seen.refusals(source, file));
        let codes = notes.codes.judge(source, file, protocol.basis, protocol.assigned_codes);
        values.chain(codes).for_each(|fate| add(report, fate));
    }
}

/// A verdict takes the place of what the header alone said of the column.
fn add(report: &mut GateReport, fate: ColumnFate) {
    let same = |known: &&mut ColumnFate| {
        known.rule.is_empty() && (&known.source, &known.file, &known.column) == (&fate.source, &fate.file, &fate.column)
    };
    match report.columns.iter_mut().find(same) {
        Some(known) => *known = fate,
        None => report.columns.push(fate),
    }
}
