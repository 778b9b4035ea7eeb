//! What can be wrong with a pipeline or a pack, and where.

use std::ops::Range;
use std::path::Path;

/// A pipeline or pack that cannot be used. Names the file and line, says what
/// is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ProtocolError {
    file: String,
    line: Option<usize>,
    message: String,
    hint: Option<String>,
}

impl std::fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in `{}`", self.message, self.file)?;
        if let Some(line) = self.line {
            write!(f, " line {line}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl ProtocolError {
    /// An error about the file as a whole.
    pub fn new(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, message: message.into(), hint: None }
    }

    /// An error about the bytes `span` of `text`.
    pub fn at(file: &str, text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        Self { line: Some(line), ..Self::new(file, message) }
    }

    /// An error about a line.
    pub fn on_line(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::new(file, message) }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn from_toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let message = error.message().trim_end().replace('\n', ", ");
        match error.span() {
            Some(span) => Self::at(file, text, span, message),
            None => Self::new(file, message),
        }
    }

    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        if path.is_dir() {
            return Self::folder(path);
        }
        Self::new(&path.display().to_string(), format!("cannot read the file ({error})"))
    }

    /// A folder where a pipeline is wanted: most have one in it.
    fn folder(path: &Path) -> Self {
        let files = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|kind| kind == "toml")).collect();
        files.sort();
        let given = files.iter().find(|file| file.ends_with("pipeline.toml")).or(files.first());
        let hint = given.map_or_else(
            || "`relief init DIR` writes one".to_owned(),
            |file| format!("give the file, for example `{}`", file.display()),
        );
        Self::new(&path.display().to_string(), "a folder is given where a pipeline file is wanted").hint(hint)
    }
}

/// The candidate nearest to `typed`, when it is near enough to be a slip.
pub(crate) fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(typed, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, one row at a time.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substitution = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
