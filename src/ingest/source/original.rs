//! A file an adapter reads: hashed, and the same from the first byte to the last.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::super::blocks::hex;
use super::super::error::IngestError;

const BUFFER: usize = 1 << 18;

/// A file as it was when it was announced.
#[derive(Debug)]
pub(super) struct Original {
    path: PathBuf,
    then: Option<(u64, SystemTime)>,
}

impl Original {
    pub(super) fn new(path: PathBuf) -> Self {
        let then = state(&path).ok();
        Self { path, then }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the file as stored, which must be what the adapter has read.
    pub(super) fn sha256(&self) -> Result<String, IngestError> {
        let unreadable = |error: io::Error| IngestError::unreadable(&self.path, &error);
        let mut hash = Sha256::new();
        let mut file = File::open(&self.path).map_err(unreadable)?;
        let mut buffer = vec![0; BUFFER];
        loop {
            match file.read(&mut buffer).map_err(unreadable)? {
                0 => break,
                length => hash.update(&buffer[..length]),
            }
        }
        if self.then != Some(state(&self.path).map_err(unreadable)?) {
            return Err(IngestError::UnreadableInput {
                path: self.path.clone(),
                line: None,
                what: "the file changed while it was read".to_owned(),
                hint: "run again once the export is finished",
            });
        }
        Ok(hex(&hash.finalize()))
    }
}

fn state(path: &Path) -> io::Result<(u64, SystemTime)> {
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.len(), metadata.modified()?))
}
