//! Rounding of the counts that are shown, after hiding was decided on the true
//! ones (the reverse order is CatalogueExport issue 37).

use crate::protocol::Rounding;

/// OpenSAFELY redacts counts up to 7 before it rounds to 5.
const REDACTED: u64 = 7;

/// Rounds up to a multiple of six and takes the midpoint below: 1–6 → 3, 7–12 →
/// 9. Zero stays zero (OpenSAFELY, `docs.opensafely.org`, disclosure control).
/// ```
/// use relief::publish::disclosure::midpoint6;
/// assert_eq!([0, 1, 6, 7, 100].map(midpoint6), [0, 3, 3, 9, 99]);
/// ```
pub fn midpoint6(count: u64) -> u64 {
    if count == 0 { 0 } else { count.div_ceil(6) * 6 - 3 }
}

/// Rounds to the nearest 5, counts up to 7 to 0 (OpenSAFELY, ibid.).
///
/// The 0 is OpenSAFELY's and cannot be told from none; a released table never
/// holds it, because such counts are hidden first.
/// ```
/// use relief::publish::disclosure::nearest5;
/// assert_eq!([0, 7, 8, 12, 13].map(nearest5), [0, 0, 10, 10, 15]);
/// ```
pub fn nearest5(count: u64) -> u64 {
    if count <= REDACTED { 0 } else { (count + 2) / 5 * 5 }
}

/// A shown count as it is printed.
pub(super) fn rounded(count: u64, rounding: Rounding) -> u64 {
    match rounding {
        Rounding::None => count,
        Rounding::Midpoint6 => midpoint6(count),
        Rounding::Nearest5 => nearest5(count),
    }
}
