//! Disclosure profiles: what may leave the tallies.

use serde::Deserialize;

use super::error::ProtocolError;
use super::pack::PackText;

/// How shown counts are rounded, after hiding was decided on the true counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// Not at all.
    None,
    /// `ceil(n / 6) * 6 - 3` (OpenSAFELY midpoint-6).
    Midpoint6,
    /// To the nearest 5 (OpenSAFELY).
    Nearest5,
}

/// One disclosure profile (definitions, privacy.md §6).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosureProfile {
    /// Stable id.
    pub id: String,
    /// Pack version.
    pub version: u32,
    /// Name in words.
    pub title: String,
    /// Where the rule comes from.
    pub citation: String,
    /// Counts from 1 to `threshold - 1` are small.
    pub threshold: u64,
    /// Whether numerator and complement must also not be small.
    pub protect_numerator: bool,
    /// Whether other cells are hidden so that no margin gives a small one back.
    pub complementary: bool,
    /// Rounding of shown counts.
    pub rounding: Rounding,
    /// Printed on every page; empty for none.
    pub banner: String,
}

impl DisclosureProfile {
    pub(super) fn parse(pack: &PackText) -> Result<Self, ProtocolError> {
        let profile: Self = pack.parse()?;
        if profile.threshold < 2 {
            return Err(ProtocolError::new(&pack.file, "`threshold` below 2 hides nothing")
                .hint("counts from 1 to threshold - 1 are hidden; the smallest useful threshold is 2"));
        }
        Ok(profile)
    }
}
