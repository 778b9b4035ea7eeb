//! Second copies: rows of one patient that share the source's own row id.
//!
//! Equality alone proves nothing: two equal prescriptions on one day are two
//! dispensings, and two equal infusions are suspicious but possible. A row id
//! within one patient does: many exports number rows from 1 for each patient,
//! so ids of different patients are never compared.

use super::row::Row;
use super::sort::Sorted;

/// Leaves in `kept`, the offsets of one patient's rows, the rows to keep, and
/// counts the others.
///
/// Of rows that share file and row id the one that sorts first by day and
/// content stays; equal ones are copies, different ones contradict it and are
/// set aside. So the order of lines decides nothing.
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
        let first = row(same[0]);
        for &offset in &same[1..] {
            let other = row(offset);
            if (other.head.day, other.payload) == (first.head.day, first.payload) {
                sorted.repeated[other.head.file as usize] += 1;
            } else {
                sorted.conflicts.push(other.head);
            }
            left_out.push(offset);
        }
    }
    left_out.sort_unstable();
    kept.retain(|offset| left_out.binary_search(offset).is_err());
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
