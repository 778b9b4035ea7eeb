//! The key behind the patient numbers.

use std::fmt;
use std::fs;
use std::path::Path;

use super::{StoreError, durable};

/// 128 random bits. They never leave the store, so a patient number means
/// nothing outside it (45 CFR 164.514(c): the mechanism is not disclosed).
#[derive(Clone, Copy)]
pub struct Secret(pub(crate) [u8; 16]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// Draws a new one from the operating system.
    ///
    /// # Panics
    /// When the system has no source of randomness.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
        Self(bytes)
    }

    /// The store's secret; drawn and kept when there are no snapshots yet.
    pub(super) fn load(path: &Path, has_snapshots: bool) -> Result<Self, StoreError> {
        if !path.exists() {
            if has_snapshots {
                // New numbers would make every patient of the older snapshots a stranger.
                return Err(StoreError::Damaged { path: path.to_owned(), what: "is missing beside its snapshots" });
            }
            let secret = Self::random();
            durable::replace(path, &secret.0)?;
            return Ok(secret);
        }
        let bytes = fs::read(path).map_err(|error| StoreError::unreadable(path, error))?;
        let damaged = StoreError::Damaged { path: path.to_owned(), what: "is not 16 bytes long" };
        bytes.try_into().map(Self).map_err(|_| damaged)
    }
}
