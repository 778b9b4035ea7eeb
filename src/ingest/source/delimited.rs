//! Delimited text of other programs → its records, one after another.
//!
//! The canonical reader knows one form of CSV; what clinics export is also
//! separated by semicolons, tabs, bars or carets. Quotes follow the same rule
//! as there: one opens a field only at its start, `""` inside is a quote, and a
//! line end inside is text.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::ingest::blocks::Input;
use crate::ingest::error::IngestError;

/// What may stand between fields, the likeliest first.
const DELIMITERS: [u8; 5] = [b',', b';', b'\t', b'|', b'^'];
/// Bytes of the longest record; beyond it a quote was surely never closed.
const LONGEST_RECORD: usize = 16 << 20;
/// Lines of the longest file: line numbers are 32-bit.
const MOST_LINES: u32 = 2_000_000_000;

/// A file being read.
pub(super) struct Delimited {
    path: PathBuf,
    input: BufReader<Input>,
    delimiter: u8,
    line: u32,
    raw: Vec<u8>,
    splitter: Splitter,
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    /// Physical line it starts on.
    pub line: u32,
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Fields<'a> {
    /// A field without surrounding blanks; empty when the record is too short.
    pub(super) fn get(&self, index: usize) -> &'a str {
        let Some(&end) = self.ends.get(index) else { return "" };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.text[start..end].trim_ascii()
    }

    /// How many fields it has, at least 1.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

impl Delimited {
    /// Opens a file and takes its header, which says what separates fields. A
    /// file of blank lines has an empty header: REDCap writes one for no records.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<String>), IngestError> {
        let input = Input::open(path).map_err(|error| IngestError::unreadable(path, &error))?;
        let mut file = Self {
            path: path.to_owned(),
            input: BufReader::with_capacity(1 << 16, input),
            delimiter: b',',
            line: 1,
            raw: Vec::new(),
            splitter: Splitter::default(),
        };
        file.skip_mark()?;
        let header = file.header()?;
        Ok((file, header))
    }

    /// The next record; blank lines are none.
    pub(super) fn next(&mut self) -> Result<Option<Fields<'_>>, IngestError> {
        let Some(line) = self.record()? else { return Ok(None) };
        let text = str::from_utf8(&self.splitter.text).map_err(|_| self.not_utf8(line))?;
        Ok(Some(Fields { line, text, ends: &self.splitter.ends }))
    }

    fn skip_mark(&mut self) -> Result<(), IngestError> {
        let start = self.input.fill_buf().map_err(|error| IngestError::unreadable(&self.path, &error))?;
        if start.starts_with(b"\xEF\xBB\xBF") {
            self.input.consume(3);
        }
        Ok(())
    }

    fn header(&mut self) -> Result<Vec<String>, IngestError> {
        let Some(line) = self.skip_blank_lines()? else { return Ok(Vec::new()) };
        self.delimiter = likeliest(&self.raw);
        self.split_record(line)?;
        let text = str::from_utf8(&self.splitter.text).map_err(|_| self.not_utf8(line))?;
        let header = Fields { line, text, ends: &self.splitter.ends };
        Ok((0..header.len()).map(|index| header.get(index).to_owned()).collect())
    }

    /// Splits the next record; returns the line it starts on.
    fn record(&mut self) -> Result<Option<u32>, IngestError> {
        let Some(line) = self.skip_blank_lines()? else { return Ok(None) };
        self.split_record(line).map(|()| Some(line))
    }

    /// Reads lines into `raw` until one is not blank; returns its number.
    fn skip_blank_lines(&mut self) -> Result<Option<u32>, IngestError> {
        loop {
            let line = self.line;
            if !self.read_line()? {
                return Ok(None);
            }
            if !matches!(self.raw.as_slice(), b"\n" | b"\r\n") {
                return Ok(Some(line));
            }
        }
    }

    fn split_record(&mut self, line: u32) -> Result<(), IngestError> {
        self.splitter.begin();
        loop {
            if self.splitter.take(&self.raw, self.delimiter) {
                return Ok(());
            }
            if self.splitter.text.len() > LONGEST_RECORD || !self.read_line()? {
                let hint = "a quote inside a field is written twice; export the file again";
                return Err(IngestError::at_line(&self.path, line, "a quote opens a field and is never closed", hint));
            }
        }
    }

    /// Reads a physical line into `raw`, its end included; false at the end of
    /// the file. The last line is given the end many programs leave out.
    fn read_line(&mut self) -> Result<bool, IngestError> {
        self.raw.clear();
        let limit = u64::try_from(LONGEST_RECORD + 1).expect("it is a few megabytes");
        let read = self.input.by_ref().take(limit).read_until(b'\n', &mut self.raw);
        read.map_err(|error| IngestError::unreadable(&self.path, &error))?;
        if self.raw.is_empty() {
            return Ok(false);
        }
        let hint = "save it as `CSV UTF-8`, one record a line, or split it into several files";
        if self.raw.len() > LONGEST_RECORD || self.line > MOST_LINES {
            return Err(IngestError::at_line(&self.path, self.line, "the line or the file is too long", hint));
        }
        if !self.raw.ends_with(b"\n") {
            self.raw.push(b'\n');
        }
        self.line += 1;
        Ok(true)
    }

    fn not_utf8(&self, line: u32) -> IngestError {
        let hint = "it looks like Latin-1, Windows-1252 or UTF-16; save it as `CSV UTF-8`";
        IngestError::at_line(&self.path, line, "the text is not UTF-8", hint)
    }
}

/// The separator a header has most of.
fn likeliest(header: &[u8]) -> u8 {
    let count = |delimiter: u8| {
        let mut quoted = false;
        header
            .iter()
            .filter(|&&byte| {
                quoted ^= byte == b'"';
                !quoted && byte == delimiter
            })
            .count()
    };
    // The first of the list wins a tie.
    DELIMITERS.into_iter().rev().max_by_key(|&delimiter| count(delimiter)).unwrap_or(b',')
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before the first byte of a field.
    #[default]
    Start,
    Plain,
    Quoted,
    /// After a quote inside a quoted field: its end, or the first of two.
    Quote,
}

/// Splits one record, line by line.
#[derive(Debug, Default)]
struct Splitter {
    place: Place,
    /// Content of the fields, one after another.
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Splitter {
    fn begin(&mut self) {
        self.place = Place::Start;
        self.text.clear();
        self.ends.clear();
    }

    /// Takes a physical line; returns whether the record ends with it.
    fn take(&mut self, line: &[u8], delimiter: u8) -> bool {
        for &byte in line {
            if self.place == Place::Quoted {
                if byte == b'"' {
                    self.place = Place::Quote;
                } else {
                    self.text.push(byte);
                }
            } else if byte == delimiter {
                self.end_field();
            } else if byte == b'\n' {
                self.end_record();
                return true;
            } else if byte == b'"' && self.place != Place::Plain {
                // A second quote is one of the text.
                self.text.extend((self.place == Place::Quote).then_some(b'"'));
                self.place = Place::Quoted;
            } else {
                self.text.push(byte);
                self.place = Place::Plain;
            }
        }
        false
    }

    fn end_field(&mut self) {
        self.ends.push(self.text.len());
        self.place = Place::Start;
    }

    fn end_record(&mut self) {
        let start = self.ends.last().copied().unwrap_or(0);
        if self.place == Place::Plain && self.text.len() > start && self.text.ends_with(b"\r") {
            self.text.pop();
        }
        self.end_field();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::Delimited;

    fn read(text: &[u8]) -> Result<Vec<(u32, Vec<String>)>, String> {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(text).expect("it can be written");
        let (mut file, header) = Delimited::open(file.path()).map_err(|error| error.to_string())?;
        let mut rows = vec![(0, header)];
        while let Some(fields) = file.next().map_err(|error| error.to_string())? {
            rows.push((fields.line, (0..fields.len()).map(|index| fields.get(index).to_owned()).collect()));
        }
        Ok(rows)
    }

    #[test]
    fn whatever_separates_the_fields_of_the_header_separates_all() {
        for delimiter in [",", ";", "\t", "|", "^"] {
            let text = format!("\u{feff}a{delimiter}b\r\n\r\n1{delimiter}\"x{delimiter}y\"\n\n2{delimiter}\n");
            let rows = read(text.as_bytes()).expect("delimited text");
            assert_eq!(rows[0].1, ["a", "b"], "{delimiter:?}");
            assert_eq!(rows[2], (5, vec!["2".to_owned(), String::new()]), "{delimiter:?}");
        }
        assert_eq!(read(b"only\n1").expect("one column")[1], (2, vec!["1".to_owned()]));
        assert_eq!(read(b"\n").expect("nothing"), [(0, Vec::new())]);
        assert_eq!(read(b"").expect("nothing"), [(0, Vec::new())]);
    }

    #[test]
    fn quotes_follow_rfc_4180() {
        let rows = read(b"a,b\n\"1,54\",\"say \"\"x\"\"\nhere\"\nlast,5\" long\n").expect("quoted text");
        assert_eq!(rows[1], (2, vec!["1,54".to_owned(), "say \"x\"\nhere".to_owned()]));
        assert_eq!(rows[2], (4, vec!["last".to_owned(), "5\" long".to_owned()]));
    }

    #[test]
    fn a_quote_never_closed_and_another_encoding_say_where() {
        assert!(read(b"a,b\n1,\"open\nx\n").expect_err("an open quote").contains("line 2"));
        assert!(read(b"a,b\n1,2\n3,\xff\n").expect_err("Latin-1").contains("line 3"));
    }
}
