//! Rows of foreign formats as canonical CSV in one temporary file a source.
//!
//! The file has no name: nothing of it is left when the program ends, however
//! it ends. It is written in pieces, because an adapter may speak of several
//! tables and files in turn, and read piece after piece as if each table of
//! each file had been a file of its own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex};

use crate::model::reject::Rule;

/// Columns of a staged row after those of its table. A row with a correction
/// may have all of them twice: as it is, then as corrected.
pub(super) const HIDDEN_COLUMNS: usize = 4;
/// The line of the original record.
pub(super) const LINE: usize = 0;
/// Which rejection the adapter made of it, if it did.
pub(super) const REJECTION: usize = 1;
/// Which names its columns have in the original, if others than ours.
pub(super) const NAMES: usize = 2;
/// Which correction was made to it, if one was.
pub(super) const CORRECTION: usize = 3;

/// Where rows are staged.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    length: u64,
}

/// A piece of the spool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    offset: u64,
    length: u64,
}

impl Spool {
    /// An empty spool in the folder for temporary files.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile()?, length: 0 })
    }

    /// Adds bytes at the end.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<Piece> {
        self.file.write_all(bytes)?;
        let piece = Piece { offset: self.length, length: bytes.len() as u64 };
        self.length += piece.length;
        Ok(piece)
    }

    /// The finished file, to be read by several tables.
    pub(super) fn finish(self) -> Arc<Mutex<File>> {
        Arc::new(Mutex::new(self.file))
    }
}

/// What an adapter had against a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    /// The rule it breaks.
    pub rule: &'static Rule,
    /// The format's own name of the place.
    pub column: String,
}

/// What canonical columns are called in an original.
pub(super) type Names = Vec<(&'static str, String)>;

/// The staged rows of one table of one original file.
#[derive(Clone, Debug)]
pub(super) struct Staged {
    /// The spool they are in.
    pub spool: Arc<Mutex<File>>,
    /// Where in it, in order.
    pub pieces: Vec<Piece>,
    /// SHA-256 of the original file.
    pub sha256: String,
    /// What rows refer to by number.
    pub rejections: Arc<[Rejection]>,
    /// What columns are called in the original, by number.
    pub names: Arc<[Names]>,
}

impl Staged {
    /// Bytes staged.
    pub(super) fn length(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.length).sum()
    }
}

/// Reads staged rows.
#[derive(Debug)]
pub(super) struct StagedBytes {
    staged: Staged,
    piece: usize,
    within: u64,
    /// Bytes read so far.
    pub count: u64,
}

impl StagedBytes {
    pub(super) fn new(staged: Staged) -> Self {
        Self { staged, piece: 0, within: 0, count: 0 }
    }

    /// SHA-256 of the original file.
    pub(super) fn sha256(&self) -> &str {
        &self.staged.sha256
    }
}

impl Read for StagedBytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(piece) = self.staged.pieces.get(self.piece) else { return Ok(0) };
        let wanted = usize::try_from(piece.length - self.within).unwrap_or(usize::MAX).min(buffer.len());
        // Tables share the file and so its position.
        let mut file = self.staged.spool.lock().expect("no holder of the lock panics");
        file.seek(SeekFrom::Start(piece.offset + self.within))?;
        file.read_exact(&mut buffer[..wanted])?;
        self.within += wanted as u64;
        self.count += wanted as u64;
        if self.within == piece.length {
            (self.piece, self.within) = (self.piece + 1, 0);
        }
        Ok(wanted)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::Arc;

    use super::{Spool, Staged, StagedBytes};

    #[test]
    fn pieces_are_read_in_order_and_nothing_between_them() {
        let mut spool = Spool::new().expect("a temporary file");
        let pieces = ["one,", "other", "two\n"].map(|text| spool.write(text.as_bytes()).expect("room for it"));
        let staged = Staged {
            spool: spool.finish(),
            pieces: vec![pieces[0], pieces[2]],
            sha256: String::new(),
            rejections: Arc::from([]),
            names: Arc::from([]),
        };
        assert_eq!(staged.length(), 8);
        let mut text = String::new();
        StagedBytes::new(staged).read_to_string(&mut text).expect("readable");
        assert_eq!(text, "one,two\n");
    }
}
