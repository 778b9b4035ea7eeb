//! What a site is called where it may not be named.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use super::Secret;

/// Keeps these hashes apart from those of patients' codes under the same key.
const DOMAIN: &[u8] = b"\x1fsite\x1f";

/// `site-` and eight digits that follow from the name and the store's secret:
/// the same in every report, and nothing to who has the names but not the store.
pub(super) fn code(secret: Secret, site: &str) -> String {
    let mut hasher = SipHasher24::new_with_key(&secret.0);
    hasher.write(DOMAIN);
    hasher.write(site.as_bytes());
    format!("site-{:08x}", hasher.finish() >> 32)
}

#[cfg(test)]
mod tests {
    use super::{Secret, code};

    #[test]
    fn a_code_depends_on_name_and_secret_and_on_nothing_else() {
        let (one, other) = (Secret([1; 16]), Secret([2; 16]));
        assert_eq!(code(one, "north"), code(one, "north"));
        assert_ne!(code(one, "north"), code(one, "south"));
        assert_ne!(code(one, "north"), code(other, "north"));
        assert!(code(one, "north").len() == 13 && !code(one, "north").contains("north"));
    }
}
