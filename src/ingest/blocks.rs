//! A file → blocks of whole records, decompressed, hashed and numbered.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::error::IngestError;
use super::record::{Buffers, Cut, Records};
use super::staged::{Staged, StagedBytes};

/// Bytes of a block: large enough to keep a thread busy, small enough for its cache.
const BLOCK: usize = 1 << 20;
/// Bytes of a strip; its fields and marks take as much again.
const STRIP: usize = 1 << 16;
/// Bytes of the longest record; beyond it a quote was surely never closed.
const LONGEST_RECORD: usize = 16 << 20;

/// Lines of the longest file: line numbers are 32-bit.
const MOST_LINES: u32 = 2_000_000_000;

/// Whole records of a file.
#[derive(Debug)]
pub(super) struct Block {
    /// The records' bytes, each with its line end.
    pub bytes: Vec<u8>,
    /// Physical line the first record starts on.
    pub first_line: u32,
    /// Whether there is any quote.
    pub quoted: bool,
    /// Bytes of the file read so far, as stored.
    pub stored: u64,
}

/// Reads a file block by block.
pub(super) struct Blocks {
    path: PathBuf,
    input: Input,
    pending: Vec<u8>,
    spare: Vec<Vec<u8>>,
    line: u32,
    at_end: bool,
}

impl Blocks {
    /// Opens a file, by its extension plain, gzip or zstd, or what was staged of it.
    pub(super) fn open(path: &Path, staged: Option<&Staged>) -> Result<Self, IngestError> {
        let input = match staged {
            Some(staged) => Input::Staged(Box::new(StagedBytes::new(staged.clone()))),
            None => Input::open(path).map_err(|error| IngestError::unreadable(path, &error))?,
        };
        let mut blocks =
            Self { path: path.to_owned(), input, pending: Vec::new(), spare: Vec::new(), line: 1, at_end: false };
        blocks.fill(BLOCK)?;
        if blocks.pending.starts_with(b"\xEF\xBB\xBF") {
            blocks.pending.drain(..3);
        }
        Ok(blocks)
    }

    /// Takes the header record: its fields, as written.
    pub(super) fn header(&mut self) -> Result<Vec<String>, IngestError> {
        while self.pending.starts_with(b"\n") || self.pending.starts_with(b"\r\n") {
            let blank = memchr::memchr(b'\n', &self.pending).map_or(0, |at| at + 1);
            self.take(blank);
        }
        self.end_last_line();
        let length = self.first_record()?;
        let line = self.line;
        if has_lone_returns(&self.pending[..length]) {
            let what = "the lines end with a carriage return alone, as on very old Macintosh computers";
            let hint = "save it as `CSV UTF-8 (comma delimited)`, not as `CSV (Macintosh)`";
            return Err(IngestError::at_line(&self.path, line, what, hint));
        }
        let bytes = self.take(length);
        let text = str::from_utf8(&bytes).map_err(|_| self.not_utf8(&bytes, line))?;
        let mut buffers = Buffers::default();
        let quoted = memchr::memchr(b'"', &bytes).is_some();
        let records = Records::split(text.as_bytes(), line, quoted, &mut buffers);
        let Some(header) = records.iter().next() else { return Ok(Vec::new()) };
        let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
        Ok((0..header.fields()).map(|at| text(header.field(at))).collect())
    }

    /// The next block; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Block>, IngestError> {
        let mut wanted = BLOCK;
        if self.line > MOST_LINES {
            let hint = "split it into several sources of the same site";
            return Err(IngestError::at_line(&self.path, self.line, "the file has more than two billion lines", hint));
        }
        loop {
            self.fill(wanted)?;
            self.end_last_line();
            let cut = Cut::last(&self.pending);
            if let (true, Some(quote)) = (self.at_end, cut.open_quote) {
                return Err(self.unclosed(quote));
            }
            if let Some(after) = cut.after {
                return Ok(Some(self.block(after, cut.quoted)));
            }
            if self.at_end {
                return Ok(None);
            }
            if self.pending.len() > LONGEST_RECORD {
                return Err(cut.open_quote.map_or_else(|| self.too_long(), |quote| self.unclosed(quote)));
            }
            wanted = self.pending.len() * 2;
        }
    }

    /// Gives back the bytes of a block that is done with, to be filled again.
    pub(super) fn recycle(&mut self, bytes: Vec<u8>) {
        self.spare.push(bytes);
    }

    /// SHA-256 of the original as stored. Call after the last block.
    pub(super) fn finish(mut self) -> Result<String, IngestError> {
        let raw = match self.input.raw() {
            Ok(raw) => raw,
            Err(staged) => return Ok(staged.sha256().to_owned()),
        };
        io::copy(raw, &mut io::sink()).map_err(|error| IngestError::unreadable(&self.path, &error))?;
        Ok(hex(&std::mem::take(&mut raw.hash).finalize()))
    }

    /// Reads until `wanted` bytes are pending or the file ends.
    fn fill(&mut self, wanted: usize) -> Result<(), IngestError> {
        let missing = wanted.saturating_sub(self.pending.len());
        if self.at_end || missing == 0 {
            return Ok(());
        }
        let limit = u64::try_from(missing).expect("a block fits");
        let read = self.input.by_ref().take(limit).read_to_end(&mut self.pending);
        let read = read.map_err(|error| IngestError::unreadable(&self.path, &error))?;
        self.at_end = read < missing;
        Ok(())
    }

    /// Many programs leave out the last line end.
    fn end_last_line(&mut self) {
        if self.at_end && !self.pending.is_empty() && !self.pending.ends_with(b"\n") {
            self.pending.push(b'\n');
        }
    }

    fn first_record(&self) -> Result<usize, IngestError> {
        let mut from = 0;
        while let Some(newline) = memchr::memchr(b'\n', &self.pending[from..]) {
            from += newline + 1;
            if Cut::last(&self.pending[..from]).after == Some(from) {
                return Ok(from);
            }
            if from > BLOCK / 16 {
                break;
            }
        }
        let quoted = || memchr::memchr(b'"', &self.pending);
        if self.pending.is_empty() {
            return Ok(0);
        }
        Err(quoted().map_or_else(|| self.too_long(), |quote| self.unclosed(quote)))
    }

    fn block(&mut self, length: usize, quoted: bool) -> Block {
        let first_line = self.line;
        let bytes = self.take(length);
        let stored = self.input.raw().map_or_else(|staged| staged.count, |raw| raw.count);
        Block { bytes, first_line, quoted, stored }
    }

    /// Removes the first `length` pending bytes.
    fn take(&mut self, length: usize) -> Vec<u8> {
        let mut rest = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(BLOCK + BLOCK / 8));
        rest.clear();
        rest.extend_from_slice(&self.pending[length..]);
        let mut bytes = std::mem::replace(&mut self.pending, rest);
        bytes.truncate(length);
        self.line += line_ends(&bytes);
        bytes
    }

    fn unclosed(&self, at: usize) -> IngestError {
        let line = self.line + line_ends(&self.pending[..at]);
        let hint = "a quote inside a field is written twice; export the file again";
        IngestError::at_line(&self.path, line, "a quote opens a field and is never closed", hint)
    }

    fn too_long(&self) -> IngestError {
        let hint = "save it as `CSV UTF-8`, one record a line; is it a CSV file at all?";
        IngestError::at_line(&self.path, self.line, "the line is longer than 16 MiB", hint)
    }

    fn not_utf8(&self, bytes: &[u8], first_line: u32) -> IngestError {
        not_utf8(&self.path, bytes, first_line)
    }
}

/// Whether a carriage return stands outside quotes and before no line feed.
fn has_lone_returns(record: &[u8]) -> bool {
    let mut quoted = false;
    record.iter().enumerate().any(|(at, &byte)| {
        quoted ^= byte == b'"';
        byte == b'\r' && !quoted && record.get(at + 1) != Some(&b'\n')
    })
}

/// Some whole records of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strip<'a> {
    /// Their bytes.
    pub bytes: &'a [u8],
    /// Physical line the first one starts on.
    pub first_line: u32,
}

impl Block {
    /// The block in pieces so small that one stays in a core's own cache while
    /// it is checked, split, matched and admitted. Quotes are not looked for
    /// twice: a block with any is one strip.
    pub(super) fn strips(&self) -> impl Iterator<Item = Strip<'_>> {
        let (mut rest, mut line) = (self.bytes.as_slice(), self.first_line);
        std::iter::from_fn(move || {
            let aim = if self.quoted { rest.len() } else { rest.len().min(STRIP) };
            let (_, beyond) = rest.split_at(aim.saturating_sub(1));
            let length = aim.saturating_sub(1) + memchr::memchr(b'\n', beyond)? + 1;
            let (bytes, after) = rest.split_at(if self.quoted { rest.len() } else { length });
            let strip = Strip { bytes, first_line: line };
            rest = after;
            line += line_ends(bytes);
            Some(strip)
        })
    }
}

impl Strip<'_> {
    /// Checks the encoding: text in another one would be read wrongly, not
    /// rejected, so it is refused as a whole.
    pub(super) fn check_utf8(&self, path: &Path) -> Result<(), IngestError> {
        match str::from_utf8(self.bytes) {
            Ok(_) => Ok(()),
            Err(_) => Err(not_utf8(path, self.bytes, self.first_line)),
        }
    }
}

fn not_utf8(path: &Path, bytes: &[u8], first_line: u32) -> IngestError {
    let valid = str::from_utf8(bytes).err().map_or(0, |error| error.valid_up_to());
    let line = first_line + line_ends(&bytes[..valid]);
    let hint = "it looks like Latin-1, Windows-1252 or UTF-16; save it as `CSV UTF-8`";
    IngestError::at_line(path, line, "the text is not UTF-8", hint)
}

fn line_ends(bytes: &[u8]) -> u32 {
    let count = memchr::memchr_iter(b'\n', bytes).count();
    u32::try_from(count).expect("a block has fewer bytes than that")
}

/// Bytes as lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

/// The file as stored, hashed while it is read: what is hashed is what was parsed.
pub(super) struct Raw {
    file: File,
    hash: Sha256,
    count: u64,
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.hash.update(&buffer[..length]);
        self.count += length as u64;
        Ok(length)
    }
}

/// A file, plain or compressed.
pub(super) enum Input {
    Plain(Box<Raw>),
    Gzip(Box<MultiGzDecoder<BufReader<Raw>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<Raw>>>),
    Staged(Box<StagedBytes>),
}

impl Input {
    /// Opens a file, by its extension plain, gzip or zstd.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let raw = Raw { file: File::open(path)?, hash: Sha256::new(), count: 0 };
        let buffered = |raw| BufReader::with_capacity(BLOCK / 4, raw);
        Ok(match path.extension().and_then(|extension| extension.to_str()) {
            Some("gz") => Self::Gzip(Box::new(MultiGzDecoder::new(buffered(raw)))),
            Some("zst") => Self::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(buffered(raw))?)),
            _ => Self::Plain(Box::new(raw)),
        })
    }

    /// The file as stored, or else what was staged.
    fn raw(&mut self) -> Result<&mut Raw, &mut StagedBytes> {
        match self {
            Self::Plain(raw) => Ok(raw),
            Self::Gzip(decoder) => Ok(decoder.get_mut().get_mut()),
            Self::Zstd(decoder) => Ok(decoder.get_mut().get_mut()),
            Self::Staged(staged) => Err(staged),
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(raw) => raw.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
            Self::Staged(staged) => staged.read(buffer),
        }
    }
}
