//! What a workbook unpacks to, looked at before it is opened: a few kilobytes
//! can stand for gigabytes, by accident (a sheet formatted to its last cell) or
//! on purpose.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use zip::ZipArchive;

use super::super::error::IngestError;

/// Bytes of a part that is held in memory as a whole: shared texts, styles.
const MOST_HELD: u64 = 256 << 20;
/// Bytes of a sheet, which is read cell by cell.
const MOST_OF_A_SHEET: u64 = 4 << 30;

/// Refuses a workbook whose parts are too large to be a clinic's. What is no
/// workbook at all is left to the reader, which says so.
pub(super) fn check(path: &Path) -> Result<(), IngestError> {
    let file = File::open(path).map_err(|error| IngestError::unreadable(path, &error))?;
    let Ok(mut parts) = ZipArchive::new(BufReader::new(file)) else { return Ok(()) };
    let mut held = 0;
    for index in 0..parts.len() {
        let Ok(part) = parts.by_index_raw(index) else { continue };
        let (name, stated) = (part.name().map(|name| name.to_lowercase().replace('\\', "/")), part.size());
        drop(part);
        let Ok(name) = name else { continue };
        let is_read = [".xml", ".rels"].iter().any(|end| name.ends_with(end));
        if name.starts_with("xl/worksheets/") && stated > MOST_OF_A_SHEET {
            return Err(too_large(path, stated));
        }
        if !is_read || name.starts_with("xl/worksheets/") {
            continue;
        }
        // The size stated may be a lie; what is unpacked here is not kept.
        let unpacked = parts.by_index(index).ok().map(|part| io::copy(&mut part.take(MOST_HELD + 1), &mut io::sink()));
        held += unpacked.and_then(Result::ok).unwrap_or(0).max(stated);
        if held > MOST_HELD {
            return Err(too_large(path, held));
        }
    }
    Ok(())
}

fn too_large(path: &Path, bytes: u64) -> IngestError {
    IngestError::UnreadableInput {
        path: path.to_owned(),
        line: None,
        what: format!("it unpacks to more than {} MiB", bytes >> 20),
        hint: "save the sheets as CSV files (`kind = \"csv\"`), which may be of any size; or clear the formats of empty cells",
    }
}
