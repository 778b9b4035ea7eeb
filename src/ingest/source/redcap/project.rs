//! The files of a REDCap project, told apart by their headers: people name
//! them as they like.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::delimited::Delimited;
use super::dictionary::Dictionary;
use crate::ingest::error::IngestError;
use crate::protocol::SourceEntry;

const EXTENSIONS: [&str; 8] = [".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz", ".tsv.zst", ".txt", ".txt.gz"];

/// What a file of the project is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Records.
    Export,
    /// The data dictionary.
    Dictionary,
    /// Events, perhaps with their days.
    Events,
    /// Arms, which form is at which event, groups: not needed to read records.
    Structure,
}

/// A file of the project.
#[derive(Clone, Debug)]
pub(super) struct ProjectFile {
    /// File name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its columns.
    pub header: Vec<String>,
    /// What it is.
    pub role: Role,
}

/// The files of a project.
#[derive(Debug)]
pub(super) struct Project {
    /// In order of name.
    pub files: Vec<ProjectFile>,
    /// Names of files that are none of these.
    pub unread: Vec<String>,
}

impl Project {
    /// Looks at every file of the source's folder; the source may name one
    /// export of the folder.
    pub(super) fn find(source: &SourceEntry) -> Result<Self, IngestError> {
        let single = source.path.is_file();
        let folder = if single { source.path.parent().unwrap_or(Path::new(".")) } else { &source.path };
        let wanted = source.path.file_name().filter(|_| single);
        let mut project = Self { files: Vec::new(), unread: Vec::new() };
        for name in names(folder)? {
            let path = folder.join(&name);
            let chosen = wanted.is_none_or(|wanted| wanted == name.as_str());
            let is_text = EXTENSIONS.iter().any(|extension| name.to_lowercase().ends_with(extension));
            if !(is_text || (single && chosen)) {
                project.unread.extend((!single).then_some(name));
                continue;
            }
            let (_, header) = Delimited::open(&path)?;
            let role = role(&header);
            if chosen || role != Role::Export {
                project.files.push(ProjectFile { name, path, header, role });
            }
        }
        project.set_blank_files_aside();
        if project.of(Role::Export).next().is_none() {
            return Err(IngestError::UnreadableInput {
                path: source.path.clone(),
                line: None,
                what: "there is no REDCap export".to_owned(),
                hint: "export the records as CSV, raw data, and put the file beside the data dictionary",
            });
        }
        Ok(project)
    }

    /// The files of a role.
    pub(super) fn of(&self, role: Role) -> impl Iterator<Item = &ProjectFile> {
        self.files.iter().filter(move |file| file.role == role)
    }

    /// A blank file is an export without rows, unless there is another.
    fn set_blank_files_aside(&mut self) {
        let is_blank = |file: &ProjectFile| file.role == Role::Export && file.header.is_empty();
        if self.of(Role::Export).any(|file| !file.header.is_empty()) {
            self.unread.extend(self.files.iter().filter(|file| is_blank(file)).map(|file| file.name.clone()));
            self.files.retain(|file| !is_blank(file));
        }
    }
}

fn names(folder: &Path) -> Result<Vec<String>, IngestError> {
    let entries = fs::read_dir(folder).map_err(|error| IngestError::unreadable(folder, &error))?;
    let files = entries.flatten().filter(|entry| entry.path().is_file());
    let mut names: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    Ok(names)
}

fn role(header: &[String]) -> Role {
    let has = |name: &str| header.iter().any(|column| column.eq_ignore_ascii_case(name));
    if Dictionary::is_header(header) {
        Role::Dictionary
    } else if has("unique_event_name") && (has("event_name") || has("day_offset")) {
        Role::Events
    } else if has("arm_num")
        || has("unique_event_name")
        || has("unique_group_name")
        || has("custom_form_label")
        || has("instrument_label")
    {
        Role::Structure
    } else {
        Role::Export
    }
}

/// The dictionary that knows most columns of an export, and of those the one
/// with fewest fields besides: a folder may hold several projects.
pub(super) fn fitting<'a>(
    dictionaries: &'a [(String, Dictionary)],
    header: &[String],
    wanted: Option<&str>,
) -> Option<&'a (String, Dictionary)> {
    let known = |dictionary: &Dictionary| header.iter().filter(|name| column(dictionary, name).is_some()).count();
    dictionaries
        .iter()
        .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == name))
        .filter(|(_, dictionary)| wanted.is_some() || header.is_empty() || known(dictionary) > 0)
        .max_by_key(|(name, dictionary)| {
            let others = dictionary.fields.len().saturating_sub(known(dictionary));
            (known(dictionary), std::cmp::Reverse(others), std::cmp::Reverse(name.clone()))
        })
}

/// What a column of an export is to a dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column<'a> {
    /// A field.
    Field(&'a str),
    /// A choice of a checkbox: field and code.
    Tick(&'a str, &'a str),
    /// Whether a form is complete, or when its survey was: the form.
    Status(&'a str),
}

/// What a column is, if the dictionary knows it.
pub(super) fn column<'a>(dictionary: &Dictionary, name: &'a str) -> Option<Column<'a>> {
    if dictionary.find(name).is_some() {
        return Some(Column::Field(name));
    }
    if let Some((field, code)) = name.split_once("___")
        && dictionary.find(field).is_some()
    {
        return Some(Column::Tick(field, code));
    }
    let form = ["_complete", "_timestamp"].iter().find_map(|suffix| name.strip_suffix(suffix))?;
    dictionary.form_position(form).map(|_| Column::Status(form))
}

/// Days of the events, as the project schedules them.
pub(super) fn event_days(file: &ProjectFile) -> Result<BTreeMap<String, i32>, IngestError> {
    let at = |name: &str| file.header.iter().position(|column| column.eq_ignore_ascii_case(name));
    let (Some(event), Some(day)) = (at("unique_event_name"), at("day_offset")) else { return Ok(BTreeMap::new()) };
    let (mut input, _) = Delimited::open(&file.path)?;
    let mut days = BTreeMap::new();
    while let Some(record) = input.next()? {
        if let Ok(offset) = record.get(day).parse() {
            days.insert(record.get(event).to_owned(), offset);
        }
    }
    Ok(days)
}
