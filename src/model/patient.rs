//! Who a row belongs to, without saying who that is.

use std::fmt;

/// Keyed hash of (site, clinic's own pseudonymous code). The key stays in the
/// store, so the number means nothing outside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatientKey(pub i64);

impl fmt::Debug for PatientKey {
    /// Redacted: a key in a log line would let two logs be joined by patient.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientKey(…)")
    }
}
