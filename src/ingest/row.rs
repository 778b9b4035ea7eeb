//! Admitted rows as bytes: how they wait, in memory or on disk, to be sorted.
//!
//! A row is its length, whose it is, when, where it came from, its row id and
//! the table's own payload. Bytes rather than structs because rows of one
//! table differ in length, and because the same bytes can go to disk.

/// Whose a row is, when, and where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Position of the patient in key order.
    pub patient: u32,
    /// Day, or `NO_DAY`.
    pub day: i32,
    /// File, as numbered by the plan.
    pub file: u32,
    /// Physical line.
    pub line: u32,
}

/// Stands for a missing day and sorts first; real days are far above it.
pub(super) const NO_DAY: i32 = i32::MIN;

/// Longest row id kept.
pub(super) const LONGEST_ROW_ID: usize = 64;

const HEAD: usize = 17;

/// A row, read from its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// Whose, when, where from.
    pub head: Head,
    /// The source's own row id, or empty.
    pub id: &'a [u8],
    /// The table's values.
    pub payload: &'a [u8],
    /// Bytes it takes up.
    pub size: usize,
}

/// Begins a row at the end of `rows`; the payload is then pushed after it.
#[inline]
pub(super) fn begin(rows: &mut Vec<u8>, head: Head, id: &[u8]) -> usize {
    let start = rows.len();
    let mut bytes = [0; HEAD];
    bytes[1..5].copy_from_slice(&head.patient.to_le_bytes());
    bytes[5..9].copy_from_slice(&head.day.to_le_bytes());
    bytes[9..13].copy_from_slice(&head.line.to_le_bytes());
    bytes[13..17].copy_from_slice(&head.file.to_le_bytes());
    rows.extend_from_slice(&bytes);
    rows.push(u8::try_from(id.len()).expect("a row id has at most 64 bytes"));
    rows.extend_from_slice(id);
    start
}

/// Completes the row that begins at `start`.
#[inline]
pub(super) fn end(rows: &mut [u8], start: usize) {
    rows[start] = u8::try_from(rows.len() - start).expect("a row has at most 255 bytes");
}

impl<'a> Row<'a> {
    /// The row at the start of `bytes`.
    #[inline]
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let size = usize::from(bytes[0]);
        let (head, rest) = bytes[..size].split_at(HEAD);
        let id_length = usize::from(rest[0]);
        Self {
            head: Head { patient: patient(head), day: day(head), line: u32_at(head, 9), file: u32_at(head, 13) },
            id: &rest[1..=id_length],
            payload: &rest[1 + id_length..],
            size,
        }
    }
}

/// The patient of the row at the start of `bytes`.
#[inline]
pub(super) fn patient(bytes: &[u8]) -> u32 {
    u32_at(bytes, 1)
}

/// The day of the row at the start of `bytes`.
#[inline]
pub(super) fn day(bytes: &[u8]) -> i32 {
    u32_at(bytes, 5).cast_signed()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Reads a payload's values in the order they were pushed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payload<'a>(pub &'a [u8]);

impl<'a> Payload<'a> {
    #[inline]
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (bytes, rest) = self.0.split_at(N);
        self.0 = rest;
        bytes.try_into().expect("as many bytes as were split off")
    }

    pub(super) fn u8(&mut self) -> u8 {
        self.take::<1>()[0]
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    pub(super) fn i32(&mut self) -> i32 {
        i32::from_le_bytes(self.take())
    }

    pub(super) fn f64(&mut self) -> f64 {
        f64::from_le_bytes(self.take())
    }

    /// A code pushed by `push_code`.
    #[inline]
    pub(super) fn code(&mut self) -> Option<&'a str> {
        let length = usize::from(self.u8());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        (length > 0).then(|| str::from_utf8(bytes).expect("codes are ASCII"))
    }
}

/// Pushes a code, or its absence, with its length.
#[inline]
pub(super) fn push_code(payload: &mut Vec<u8>, code: Option<&[u8]>) {
    let code = code.unwrap_or_default();
    payload.push(u8::try_from(code.len()).expect("codes have at most 64 bytes"));
    payload.extend_from_slice(code);
}

#[cfg(test)]
mod tests {
    use super::{Head, Payload, Row, begin, end, push_code};

    #[test]
    fn a_row_is_read_as_it_was_pushed() {
        let head = Head { patient: 7, day: -30, file: 3, line: 1_000_000 };
        let mut rows = b"before".to_vec();
        let start = begin(&mut rows, head, b"A-1");
        rows.extend_from_slice(&65_i32.to_le_bytes());
        push_code(&mut rows, Some(b"average"));
        push_code(&mut rows, None);
        end(&mut rows, start);
        let row = Row::read(&rows[start..]);
        assert_eq!((row.head, row.id, start + row.size), (head, &b"A-1"[..], rows.len()));
        let mut payload = Payload(row.payload);
        assert_eq!((payload.i32(), payload.code(), payload.code()), (65, Some("average"), None));
    }
}
