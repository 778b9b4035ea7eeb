//! Second copies: rows of one patient that share the source's own row id.
//!
//! Equality alone proves nothing: two equal prescriptions on one day are two
//! dispensings, and two equal infusions are suspicious but possible. A row id
//! within one patient does: many exports number rows from 1 for each patient,
//! so ids of different patients are never compared.

use super::row::{self, Row};
use super::sort::Sorted;

/// Leaves in `kept`, the offsets of one patient's rows, the rows to keep, and
/// counts the others.
///
/// Of equal rows that share file and row id one stays and the others are copies.
/// Where they differ, all of them are set aside: nothing says which is true, and
/// neither the order of lines nor a smaller value may decide it.
pub(super) fn without_copies(bytes: &[u8], kept: &mut Vec<u32>, sorted: &mut Sorted) {
    if kept.len() < 2 || !may_repeat(bytes, kept) {
        return;
    }
    let row = |offset: u32| Row::read(&bytes[offset as usize..]);
    let mut by_id: Vec<u32> = kept.iter().copied().filter(|&offset| !row(offset).id.is_empty()).collect();
    by_id.sort_by_key(|&offset| {
        let row = row(offset);
        (row.head.file, row.id, row.head.day, row.payload, row.head.line)
    });
    let mut left_out = Vec::new();
    for same in by_id.chunk_by(|&a, &b| (row(a).head.file, row(a).id) == (row(b).head.file, row(b).id)) {
        let (first, last) = (row(same[0]), row(same[same.len() - 1]));
        if (first.head.day, first.payload) == (last.head.day, last.payload) {
            sorted.repeated[first.head.file as usize] += (same.len() - 1) as u64;
            left_out.extend(&same[1..]);
        } else {
            sorted.conflicts.extend(same.iter().map(|&offset| row(offset).head));
            left_out.extend(same);
        }
    }
    left_out.sort_unstable();
    kept.retain(|offset| left_out.binary_search(offset).is_err());
}

/// Counts, by file, rows that say the same as another one of their day where no
/// row id tells them apart. They are kept: see above.
pub(super) fn count_identical(bytes: &[u8], kept: &[u32], sorted: &mut Sorted) {
    let row = |offset: u32| Row::read(&bytes[offset as usize..]);
    for of_day in kept.chunk_by(|&a, &b| row::day(&bytes[a as usize..]) == row::day(&bytes[b as usize..])) {
        if of_day.len() < 2 {
            continue;
        }
        let mut rows: Vec<Row<'_>> = of_day.iter().map(|&at| row(at)).filter(|row| row.id.is_empty()).collect();
        rows.sort_unstable_by_key(|row| (row.payload, row.head.file, row.head.line));
        for pair in rows.windows(2).filter(|pair| pair[0].payload == pair[1].payload) {
            sorted.identical[pair[1].head.file as usize] += 1;
        }
    }
}

/// Whether two rows share a hash of their ids: nearly always no, and cheap.
fn may_repeat(bytes: &[u8], offsets: &[u32]) -> bool {
    const FEW: usize = 32;
    let mut seen = [0; FEW];
    let mut count = 0;
    for &offset in offsets {
        let row = Row::read(&bytes[offset as usize..]);
        if row.id.is_empty() {
            continue;
        }
        let hash = hash(row.id);
        if count == FEW || seen[..count].contains(&hash) {
            return true;
        }
        seen[count] = hash;
        count += 1;
    }
    false
}

fn hash(id: &[u8]) -> u64 {
    id.iter().fold(id.len() as u64, |sum, &byte| sum.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte))
}
