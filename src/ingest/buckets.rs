//! Rows by range of patients, in memory or on disk: sorting in one pass.
//!
//! Patients are numbered in key order before their rows are read, so a row's
//! place is known to within a bucket at once. That needs no merge, and each
//! bucket fits a cache when its turn comes. Above the memory budget the buckets
//! move to a temporary file that has no name, so even a killed run leaves none.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::row;
use crate::store::StoreError;

/// Buckets of a table with many patients.
const MOST_BUCKETS: usize = 1024;
/// Patients of a bucket when there are few.
const FEWEST_PATIENTS: usize = 1 << 10;
/// Bytes of a piece of a bucket. A bucket grows by pieces: one that doubled would be
/// copied as often, and hold up to twice the memory.
const PIECE: usize = 1 << 14;

/// Rows of a table in the making.
#[derive(Debug)]
pub(super) struct Buckets {
    shift: u32,
    all: Vec<Bucket>,
    held: usize,
    budget: usize,
    spill: Option<File>,
    folder: Option<PathBuf>,
}

/// Rows of a range of patients, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// First patient of the range.
    pub first_patient: u32,
    /// Patients in the range.
    pub patients: u32,
    /// Rows.
    pub rows: usize,
    spilled: Vec<Span>,
    /// Pieces, each of whole rows.
    held: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    start: u64,
    length: usize,
}

/// What is on disk.
#[derive(Debug)]
pub(super) struct Spilled(Option<Mutex<File>>);

impl Buckets {
    /// Empty buckets for rows of `patients`. Above `budget` bytes they move to
    /// a file in `folder`, or in the system's temporary folder.
    pub(super) fn new(patients: usize, budget: usize, folder: Option<&Path>) -> Self {
        let wanted = (patients / FEWEST_PATIENTS).clamp(1, MOST_BUCKETS);
        let shift = patients.div_ceil(wanted).next_power_of_two().trailing_zeros();
        let size = 1_u32 << shift;
        let count = u32::try_from((patients >> shift) + 1).expect("at most 2049");
        let bucket = |index: u32| Bucket { first_patient: index * size, patients: size, ..Bucket::default() };
        let all = (0..count).map(bucket).collect();
        Self { shift, all, held: 0, budget, spill: None, folder: folder.map(Path::to_owned) }
    }

    /// Adds rows, in order.
    pub(super) fn extend(&mut self, mut rows: &[u8]) -> Result<(), StoreError> {
        while let Some(&size) = rows.first() {
            let (one, rest) = rows.split_at(usize::from(size));
            self.all[(row::patient(one) >> self.shift) as usize].push(one);
            self.held += one.len();
            rows = rest;
        }
        if self.held > self.budget { self.move_to_disk() } else { Ok(()) }
    }

    fn move_to_disk(&mut self) -> Result<(), StoreError> {
        let shown = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        self.try_move_to_disk().map_err(|error| StoreError::unwritable(&shown, error))
    }

    fn try_move_to_disk(&mut self) -> io::Result<()> {
        if self.spill.is_none() {
            self.spill = Some(match &self.folder {
                Some(folder) => tempfile::tempfile_in(folder)?,
                None => tempfile::tempfile()?,
            });
        }
        let file = self.spill.as_mut().expect("created above");
        let mut start = file.stream_position()?;
        for bucket in &mut self.all {
            if bucket.held.is_empty() {
                continue;
            }
            let length = bucket.held.iter().map(Vec::len).sum();
            bucket.held.iter().try_for_each(|piece| file.write_all(piece))?;
            bucket.spilled.push(Span { start, length });
            start += length as u64;
            bucket.held.clear();
        }
        self.held = 0;
        Ok(())
    }

    /// The buckets in patient order, and what is on disk of them.
    pub(super) fn finish(self) -> (Vec<Bucket>, Spilled) {
        (self.all, Spilled(self.spill.map(Mutex::new)))
    }
}

impl Bucket {
    #[inline]
    fn push(&mut self, row: &[u8]) {
        self.rows += 1;
        match self.held.last_mut() {
            Some(piece) if piece.len() + row.len() <= PIECE => piece.extend_from_slice(row),
            _ => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.extend_from_slice(row);
                self.held.push(piece);
            }
        }
    }

    /// All rows, in the order they came.
    pub(super) fn into_rows(self, spilled: &Spilled) -> io::Result<Vec<u8>> {
        let on_disk: usize = self.spilled.iter().map(|span| span.length).sum();
        let Some(file) = spilled.0.as_ref().filter(|_| on_disk > 0) else { return Ok(self.held.concat()) };
        let mut rows = vec![0; on_disk];
        let mut file = file.lock().expect("no holder of the lock panics");
        let mut filled = 0;
        for span in &self.spilled {
            file.seek(SeekFrom::Start(span.start))?;
            file.read_exact(&mut rows[filled..filled + span.length])?;
            filled += span.length;
        }
        self.held.iter().for_each(|piece| rows.extend_from_slice(piece));
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::{Head, Row, begin, end};
    use super::Buckets;

    fn rows_through(budget: usize, patients: u32) -> Vec<(u32, u32)> {
        let mut buckets = Buckets::new(patients as usize, budget, None);
        for line in 0..50_000 {
            let mut rows = Vec::new();
            let start = begin(&mut rows, Head { patient: line * 7_919 % patients, day: 0, file: 0, line }, b"");
            end(&mut rows, start);
            buckets.extend(&rows).expect("a temporary file can be written");
        }
        let (buckets, spilled) = buckets.finish();
        let mut found = Vec::new();
        for bucket in buckets {
            let range = bucket.first_patient..bucket.first_patient + bucket.patients;
            let bytes = bucket.into_rows(&spilled).expect("it can be read back");
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let row = Row::read(rest);
                assert!(range.contains(&row.head.patient));
                found.push((row.head.patient, row.head.line));
                rest = &rest[row.size..];
            }
        }
        found
    }

    #[test]
    fn rows_keep_their_order_in_memory_and_on_disk() {
        for patients in [1, 5_000, 40_000] {
            let in_memory = rows_through(usize::MAX, patients);
            assert_eq!(in_memory.len(), 50_000);
            assert_eq!(rows_through(10_000, patients), in_memory);
        }
    }
}
