//! A block of a CSV file → records and their fields (RFC 4180).
//!
//! A quote opens a quoted field only at the field's start; inside, `""` is a
//! quote and a line end is text. Cutting a file into blocks and splitting a
//! block use the same rule, so they cannot disagree about where a record ends.

use memchr::{memchr, memchr2, memrchr};

use super::staged::{CORRECTION, HIDDEN_COLUMNS, LINE, NAMES, REJECTION};

/// Where a block may be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// End of the last complete record, if there is one.
    pub after: Option<usize>,
    /// Where a quote opens that the bytes do not close.
    pub open_quote: Option<usize>,
    /// Whether there is any quote: then splitting must look at each.
    pub quoted: bool,
}

impl Cut {
    /// Finds the last record boundary of `bytes`, which begin with a record.
    pub(super) fn last(bytes: &[u8]) -> Self {
        let mut cut = Self { after: None, open_quote: None, quoted: false };
        let (mut plain_from, mut look_from) = (0, 0);
        while let Some(quote) = memchr(b'"', &bytes[look_from..]).map(|at| at + look_from) {
            cut.quoted = true;
            look_from = quote + 1;
            if !opens(bytes, quote) {
                continue;
            }
            cut.advance(bytes, plain_from, quote);
            let Some(close) = closing(bytes, quote + 1) else {
                return Self { open_quote: Some(quote), ..cut };
            };
            (plain_from, look_from) = (close + 1, close + 1);
        }
        cut.advance(bytes, plain_from, bytes.len());
        cut
    }

    fn advance(&mut self, bytes: &[u8], from: usize, to: usize) {
        if let Some(newline) = memrchr(b'\n', &bytes[from..to]) {
            self.after = Some(from + newline + 1);
        }
    }
}

fn opens(bytes: &[u8], quote: usize) -> bool {
    quote == 0 || matches!(bytes[quote - 1], b',' | b'\n')
}

/// The quote that closes the field whose content begins at `from`.
fn closing(bytes: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let quote = from + memchr(b'"', &bytes[from..])?;
        if bytes.get(quote + 1) != Some(&b'"') {
            return Some(quote);
        }
        from = quote + 2;
    }
}

/// One record: its fields are `ends[first..]`, the next record's `first` ends them.
#[derive(Clone, Copy, Debug)]
struct Mark {
    start: u32,
    first: u32,
    line: u32,
}

/// Room for the records of a block, used again for the next: blocks are many
/// and of one size.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    text: Vec<u8>,
    ends: Vec<u32>,
    marks: Vec<Mark>,
}

/// The records of a block.
#[derive(Debug)]
pub(super) struct Records<'a> {
    text: &'a [u8],
    /// End of each field in `text`; the next field begins one byte later.
    ends: &'a [u32],
    marks: &'a [Mark],
    /// Fields of a staged record that are the table's; what follows is hidden.
    staged: Option<usize>,
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    records: &'a Records<'a>,
    mark: Mark,
    fields: usize,
    /// End of its fields, hidden ones too.
    end: usize,
}

impl<'a> Records<'a> {
    /// Splits `bytes`: whole records, the last with its line end. Blank lines
    /// are not records.
    pub(super) fn split(bytes: &'a [u8], first_line: u32, quoted: bool, buffers: &'a mut Buffers) -> Self {
        assert!(u32::try_from(bytes.len()).is_ok(), "blocks are a few megabytes");
        buffers.text.clear();
        buffers.ends.clear();
        buffers.marks.clear();
        if quoted {
            split_quoted(bytes, first_line, buffers);
            return Self { text: &buffers.text, ends: &buffers.ends, marks: &buffers.marks, staged: None };
        }
        split_plain(bytes, first_line, buffers);
        Self { text: bytes, ends: &buffers.ends, marks: &buffers.marks, staged: None }
    }

    /// As `split`, of staged records of `width` columns: their lines are those
    /// of the originals.
    pub(super) fn split_staged(bytes: &'a [u8], quoted: bool, width: usize, buffers: &'a mut Buffers) -> Self {
        Self { staged: Some(width), ..Self::split(bytes, 1, quoted, buffers) }
    }

    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.marks.len()
    }

    /// The records in order.
    pub(super) fn iter(&'a self) -> impl Iterator<Item = Record<'a>> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// The record at `index`.
    #[inline]
    pub(super) fn get(&'a self, index: usize) -> Record<'a> {
        let mark = self.marks[index];
        let end = self.marks.get(index + 1).map_or(self.ends.len(), |next| next.first as usize);
        Record { records: self, mark, fields: self.staged.unwrap_or(end - mark.first as usize), end }
    }
}

impl<'a> Record<'a> {
    /// Physical line the record starts on.
    pub(super) fn line(&self) -> u32 {
        self.hidden(LINE).map_or(self.mark.line, |line| u32::try_from(line).expect("lines are 32-bit"))
    }

    /// The number of what an adapter has against the record.
    pub(super) fn rejection(&self) -> Option<usize> {
        self.hidden(REJECTION)
    }

    /// The number of the names its columns have in the original.
    pub(super) fn names(&self) -> Option<usize> {
        self.hidden(NAMES)
    }

    /// The number of the correction made to it.
    pub(super) fn correction(&self) -> Option<usize> {
        self.hidden(CORRECTION)
    }

    /// The record as corrected, where it is to be read so if it is no row as it is.
    pub(super) fn corrected(&self) -> Option<Self> {
        let width = self.records.staged?;
        let first = self.mark.first as usize + width + HIDDEN_COLUMNS;
        let has_second = first + width + HIDDEN_COLUMNS == self.end;
        let start = self.records.ends[first - 1] + 1;
        has_second.then(|| Self { mark: Mark { start, first: index(first), ..self.mark }, ..*self })
    }

    fn hidden(&self, column: usize) -> Option<usize> {
        let width = self.records.staged?;
        str::from_utf8(self.any_field(width + column)).ok()?.parse().ok()
    }

    /// How many fields it has, at least 1.
    pub(super) fn fields(&self) -> usize {
        self.fields
    }

    /// A field without surrounding blanks; empty when the record is too short.
    #[inline]
    pub(super) fn field(&self, index: usize) -> &'a [u8] {
        if index >= self.fields {
            return b"";
        }
        self.any_field(index)
    }

    #[inline]
    fn any_field(&self, index: usize) -> &'a [u8] {
        let at = self.mark.first as usize + index;
        let start = if index == 0 { self.mark.start } else { self.records.ends[at - 1] + 1 };
        trim(&self.records.text[start as usize..self.records.ends[at] as usize])
    }
}

#[inline]
fn trim(field: &[u8]) -> &[u8] {
    match field {
        [first, .., last] if *first > b' ' && *last > b' ' => field,
        _ => field.trim_ascii(),
    }
}

fn split_plain(bytes: &[u8], first_line: u32, Buffers { ends, marks, .. }: &mut Buffers) {
    let mut mark = Mark { start: 0, first: 0, line: first_line };
    each_delimiter(bytes, |at| {
        if bytes[at] == b',' {
            ends.push(index(at));
            return;
        }
        let start = mark.start as usize;
        let end = if at > start && bytes[at - 1] == b'\r' { at - 1 } else { at };
        if end > start || ends.len() > mark.first as usize {
            ends.push(index(end));
            marks.push(mark);
        }
        mark = Mark { start: index(at + 1), first: index(ends.len()), line: mark.line + 1 };
    });
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "`split` has checked the length; here it would be checked once a field"
)]
fn index(at: usize) -> u32 {
    at as u32
}

/// Calls `found` with the position of every comma and line end, eight bytes a
/// step: fields are so short that a search for each would cost more to start
/// than to run.
#[inline]
fn each_delimiter(bytes: &[u8], mut found: impl FnMut(usize)) {
    let words = bytes.chunks_exact(8);
    let tail = bytes.len() - words.remainder().len();
    for (step, word) in words.enumerate() {
        let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
        let mut hits = equal_bytes(word, b',') | equal_bytes(word, b'\n');
        while hits != 0 {
            found(step * 8 + (hits.trailing_zeros() / 8) as usize);
            hits &= hits - 1;
        }
    }
    for (offset, byte) in bytes[tail..].iter().enumerate() {
        if matches!(byte, b',' | b'\n') {
            found(tail + offset);
        }
    }
}

/// The high bit of each byte of `word` that equals `byte`, and no other bit.
fn equal_bytes(word: u64, byte: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let differ = word ^ u64::from_le_bytes([byte; 8]);
    // Adding to seven bits never carries into the next byte.
    !(((differ & LOW) + LOW) | differ | LOW)
}

fn split_quoted(bytes: &[u8], first_line: u32, Buffers { text, ends, marks }: &mut Buffers) {
    let mut splitter = Quoted { bytes, at: 0, line: first_line, text };
    while splitter.at < bytes.len() {
        let mark = Mark { start: index(splitter.text.len()), first: index(ends.len()), line: splitter.line };
        let blank = matches!(&bytes[splitter.at..], [b'\n', ..] | [b'\r', b'\n', ..]);
        while splitter.field(ends) {}
        if blank {
            ends.pop();
            splitter.text.truncate(mark.start as usize);
        } else {
            marks.push(mark);
        }
    }
}

struct Quoted<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
    text: &'a mut Vec<u8>,
}

impl Quoted<'_> {
    /// Copies one field; returns whether the record goes on.
    fn field(&mut self, ends: &mut Vec<u32>) -> bool {
        if self.bytes.get(self.at) == Some(&b'"') {
            self.quoted_part();
        }
        let rest = &self.bytes[self.at..];
        let length = memchr2(b',', b'\n', rest).unwrap_or(rest.len());
        let more = rest.get(length) == Some(&b',');
        let plain = &rest[..length];
        self.text.extend_from_slice(if more { plain } else { plain.strip_suffix(b"\r").unwrap_or(plain) });
        ends.push(index(self.text.len()));
        // Stands for the delimiter, so that both kinds of block count alike.
        self.text.push(b',');
        self.at += length + 1;
        self.line += u32::from(!more);
        more
    }

    fn quoted_part(&mut self) {
        let from = self.at + 1;
        // `Cut` ends a block outside quotes, so there is a closing one.
        let close = closing(self.bytes, from).unwrap_or(self.bytes.len());
        let content = &self.bytes[from..close];
        self.line += index(memchr::memchr_iter(b'\n', content).count());
        let mut rest = content;
        while let Some(quote) = memchr(b'"', rest) {
            self.text.extend_from_slice(&rest[..=quote]);
            rest = rest.get(quote + 2..).unwrap_or(b"");
        }
        self.text.extend_from_slice(rest);
        self.at = (close + 1).min(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffers, Cut, Records};

    fn rows(text: &str, quoted: bool) -> Vec<(u32, Vec<String>)> {
        let mut buffers = Buffers::default();
        let records = Records::split(text.as_bytes(), 1, quoted, &mut buffers);
        let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
        records.iter().map(|row| (row.line(), (0..row.fields()).map(|at| text(row.field(at))).collect())).collect()
    }

    #[test]
    fn both_splitters_agree_where_nothing_is_quoted() {
        for text in
            ["a,b\n", "a,b\r\nc,d\r\n", "\n\na\n\r\nb,\n,\n", " a , b\n", "long enough for a word,12345678,,x\n"]
        {
            assert_eq!(rows(text, false), rows(text, true), "{text:?}");
        }
    }

    #[test]
    fn quotes_follow_rfc_4180() {
        let text = "\"a,b\",c\r\n\"say \"\"x\"\"\",\"two\nlines\"\nlast,5\" long\n";
        let expected = [(1, ["a,b", "c"]), (2, ["say \"x\"", "two\nlines"]), (4, ["last", "5\" long"])];
        assert_eq!(rows(text, true), expected.map(|(line, row)| (line, row.map(str::to_owned).to_vec())));
    }

    #[test]
    fn a_cut_is_never_inside_quotes() {
        let cut = |text: &str| Cut::last(text.as_bytes()).after;
        assert_eq!(cut("a\nb"), Some(2));
        assert_eq!(cut("a\n\"b\nc"), Some(2));
        assert_eq!(cut("a\n\"b\nc\"\nd"), Some(8));
        assert_eq!(cut("a\n5\" x\nc"), Some(7));
        assert_eq!(Cut::last(b"a\n\"b\nc").open_quote, Some(2));
        assert_eq!(cut("abc"), None);
    }
}
