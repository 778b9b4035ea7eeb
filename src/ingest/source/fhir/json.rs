//! A file → its resources, one at a time.
//!
//! NDJSON is read a line at a time, a bundle an entry at a time: what is in
//! memory is a few megabytes of lines, or one entry, never the file. A line
//! that cannot be read is a record set aside; the next line begins anew. In a
//! document nothing after the damage can be read, so damage there is an error.

use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::files::{FhirFile, Format};
use super::lenient::Object;
use super::resource::{Entry, Resource};
use crate::ingest::error::IngestError;
use crate::model::reject::{JSON_INVALID, RECORD_SHAPE, RECORD_TOO_LONG, Rule};

/// Bytes of the longest record. Documents embedded as text are longer, and no
/// table holds them.
const LONGEST: usize = 16 << 20;
/// Bytes of lines read before they are parsed, by all threads.
const BATCH: usize = 4 << 20;
/// Lines read before they are parsed: short ones take more room parsed than as text.
const BATCH_LINES: usize = 4_096;

/// A record of a file.
#[derive(Debug)]
pub(super) struct Record {
    /// Line or position in the document, from 1.
    pub line: u32,
    /// Address its bundle gives it.
    pub full_url: Option<String>,
    /// The resource, or what is wrong with the record.
    pub resource: Result<Resource, &'static Rule>,
}

/// Takes the records of a file in order.
pub(super) type Take<'a> = dyn FnMut(Record) -> Result<(), IngestError> + 'a;

/// Reads a file. Returns how many records it holds: lines that are not blank,
/// entries, or single resources.
pub(super) fn each(file: &FhirFile, take: &mut Take<'_>) -> Result<u64, IngestError> {
    let unreadable = |error: io::Error| IngestError::unreadable(&file.path, &error);
    match file.format {
        Format::Unread => Ok(0),
        Format::Ndjson => {
            let mut lines = Lines { input: open(&file.path).map_err(unreadable)?, line: 0 };
            each_line(&mut lines, &file.path, take)
        }
        Format::Json => each_document(open(&file.path).map_err(unreadable)?, &file.path, take),
    }
}

/// A file's bytes, decompressed, without a byte-order mark.
fn open(path: &Path) -> io::Result<BufReader<Box<dyn Read>>> {
    let file = File::open(path)?;
    let input: Box<dyn Read> = match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Box::new(MultiGzDecoder::new(file)),
        Some("zst") => Box::new(zstd::Decoder::new(file)?),
        _ => Box::new(file),
    };
    let mut input = BufReader::with_capacity(1 << 16, input);
    if input.fill_buf()?.starts_with(b"\xEF\xBB\xBF") {
        input.consume(3);
    }
    Ok(input)
}

struct Lines {
    input: BufReader<Box<dyn Read>>,
    line: u32,
}

impl Lines {
    /// The next line that is not blank, cut where it is too long to be a record.
    fn next(&mut self) -> io::Result<Option<(u32, Vec<u8>)>> {
        loop {
            let mut text = Vec::new();
            let mut any = false;
            loop {
                let bytes = self.input.fill_buf()?;
                if bytes.is_empty() {
                    break;
                }
                any = true;
                let end = memchr::memchr(b'\n', bytes);
                let piece = &bytes[..end.unwrap_or(bytes.len())];
                let room = (LONGEST + 1).saturating_sub(text.len());
                text.extend_from_slice(&piece[..piece.len().min(room)]);
                let used = end.map_or(bytes.len(), |end| end + 1);
                self.input.consume(used);
                if end.is_some() {
                    break;
                }
            }
            if !any {
                return Ok(None);
            }
            self.line = self.line.saturating_add(1);
            if !text.trim_ascii().is_empty() {
                return Ok(Some((self.line, text)));
            }
        }
    }

    /// Lines to be parsed together.
    fn batch(&mut self) -> io::Result<Vec<(u32, Vec<u8>)>> {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while bytes < BATCH && lines.len() < BATCH_LINES {
            let Some((line, text)) = self.next()? else { break };
            bytes += text.len() + size_of::<(u32, Vec<u8>)>();
            lines.push((line, text));
        }
        Ok(lines)
    }
}

fn each_line(lines: &mut Lines, path: &Path, take: &mut Take<'_>) -> Result<u64, IngestError> {
    let mut read = 0;
    loop {
        let batch = lines.batch().map_err(|error| IngestError::unreadable(path, &error))?;
        if batch.is_empty() {
            return Ok(read);
        }
        read += batch.len() as u64;
        let parsed: Vec<_> = batch.into_par_iter().map(|(line, text)| (line, parse(&text))).collect();
        for (line, resource) in parsed {
            hand_over(line, None, resource, take)?;
        }
    }
}

fn parse(text: &[u8]) -> Result<Resource, &'static Rule> {
    if text.len() > LONGEST {
        return Err(&RECORD_TOO_LONG);
    }
    serde_json::from_slice(text).map_err(|error| if error.is_data() { &RECORD_SHAPE } else { &JSON_INVALID })
}

/// Hands a resource over, of a bundle its entries.
fn hand_over(
    line: u32,
    full_url: Option<String>,
    resource: Result<Resource, &'static Rule>,
    take: &mut Take<'_>,
) -> Result<(), IngestError> {
    match resource {
        Ok(mut bundle) if bundle.kind() == Some("Bundle") && !bundle.entries.is_empty() => {
            for Entry { full_url, resource } in std::mem::take(&mut bundle.entries) {
                hand_over(line, full_url, Ok(resource.unwrap_or_default()), take)?;
            }
            Ok(())
        }
        resource => take(Record { line, full_url, resource }),
    }
}

/// A document holds one value after the other; one is usual.
fn each_document(input: BufReader<Box<dyn Read>>, path: &Path, take: &mut Take<'_>) -> Result<u64, IngestError> {
    let room = Rc::new(Cell::new(LONGEST));
    let limited = BufReader::with_capacity(1 << 16, Limited { input, room: Rc::clone(&room) });
    let mut json = serde_json::Deserializer::from_reader(limited);
    let mut document = Document { take, room, read: 0, stopped: None };
    let mut any = false;
    while json.end().is_err() {
        any = true;
        document.room.set(LONGEST);
        let outcome = DeserializeSeed::deserialize(&mut document, &mut json);
        if let Some(stopped) = document.stopped.take() {
            return Err(stopped);
        }
        outcome.map_err(|error| damaged(path, &error))?;
    }
    if any {
        Ok(u64::from(document.read))
    } else {
        Err(IngestError::at_line(path, 1, "the file is empty", "export it again"))
    }
}

fn damaged(path: &Path, error: &serde_json::Error) -> IngestError {
    let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
    match error.io_error_kind() {
        Some(io::ErrorKind::OutOfMemory) => IngestError::at_line(
            path,
            line,
            "a resource is longer than 16 MiB",
            "leave documents and pictures out of the export, or export NDJSON, where only the line is set aside",
        ),
        Some(kind) => IngestError::unreadable(path, &io::Error::from(kind)),
        None => IngestError::at_line(
            path,
            line,
            "the JSON is cut short or damaged, and what follows cannot be read",
            "export the file again",
        ),
    }
}

/// Ends the reading of a record that would not fit in memory.
struct Limited<R> {
    input: R,
    room: Rc<Cell<usize>>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        let room = self.room.get().checked_sub(read).ok_or(io::ErrorKind::OutOfMemory)?;
        self.room.set(room);
        Ok(read)
    }
}

/// Reads a document entry by entry.
struct Document<'a, 'b> {
    take: &'a mut Take<'b>,
    room: Rc<Cell<usize>>,
    read: u32,
    stopped: Option<IngestError>,
}

impl Document<'_, '_> {
    fn give<E: Error>(&mut self, full_url: Option<String>, resource: Option<Resource>) -> Result<(), E> {
        self.read = self.read.saturating_add(1);
        self.room.set(LONGEST);
        hand_over(self.read, full_url, resource.ok_or(&RECORD_SHAPE), self.take).map_err(|error| {
            self.stopped = Some(error);
            E::custom("stopped")
        })
    }
}

impl<'de> DeserializeSeed<'de> for &mut Document<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a resource, a bundle or a list of resources")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let before = self.read;
        let mut resource = Resource::default();
        while let Some(name) = map.next_key::<String>()? {
            if name == "entry" {
                map.next_value_seed(Entries(self))?;
            } else {
                resource.take(name, &mut map)?;
            }
        }
        // A bundle is its entries; an empty one is a record without any.
        if resource.kind() == Some("Bundle") && self.read > before { Ok(()) } else { self.give(None, Some(resource)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(Object(resource)) = list.next_element()? {
            self.give(None, resource)?;
        }
        Ok(())
    }
}

/// The entries of a bundle.
struct Entries<'d, 'a, 'b>(&'d mut Document<'a, 'b>);

impl<'de> DeserializeSeed<'de> for Entries<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the entries of a bundle")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(Object(entry)) = list.next_element::<Object<Entry>>()? {
            let Entry { full_url, resource } = entry.unwrap_or_default();
            self.0.give(full_url, Some(resource.unwrap_or_default()))?;
        }
        Ok(())
    }
}
