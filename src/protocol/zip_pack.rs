//! The three-digit ZIP areas where too few people live to name them.

use serde::Deserialize;

use super::error::ProtocolError;
use super::pack::PackText;

/// The areas of 20,000 people or fewer, by one census.
#[derive(Clone, Debug)]
pub struct ZipPack {
    /// Pack id.
    pub id: String,
    /// Pack version.
    pub version: u32,
    /// Where it comes from.
    pub citation: String,
    /// Year of the census.
    pub census: u16,
    restricted: Vec<[u8; 3]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    id: String,
    version: u32,
    #[serde(rename = "title")]
    _title: String,
    citation: String,
    census: u16,
    restricted: Vec<String>,
}

impl ZipPack {
    /// The pack a pipeline has that names none.
    pub(super) const DEFAULT: &str = "zip3-2000.toml";

    pub(super) fn parse(pack: &PackText) -> Result<Self, ProtocolError> {
        let typed: Typed = pack.parse()?;
        let digits = |written: &String| {
            let digits = <[u8; 3]>::try_from(written.as_bytes()).ok();
            digits.filter(|digits| digits.iter().all(u8::is_ascii_digit)).ok_or_else(|| {
                ProtocolError::new(&pack.file, format!("`restricted` has `{written}`"))
                    .hint("write three digits in quotes, such as \"036\"")
            })
        };
        let restricted = typed.restricted.iter().map(digits).collect::<Result<_, _>>()?;
        let Typed { id, version, citation, census, .. } = typed;
        Ok(Self { id, version, citation, census, restricted })
    }

    /// The pack relief brings along.
    #[cfg(test)]
    pub(crate) fn built_in() -> Self {
        let pack = PackText::built_in(Self::DEFAULT).expect("it is built in");
        Self::parse(&pack).expect("it is sound")
    }

    /// Whether these digits must be written as 000.
    pub fn restricts(&self, digits: [u8; 3]) -> bool {
        self.restricted.contains(&digits)
    }
}

#[cfg(test)]
mod tests {
    use super::{PackText, ZipPack};

    fn parse(restricted: &str) -> Result<ZipPack, String> {
        let text = format!(
            "id = \"z\"\nversion = 1\ntitle = \"t\"\ncitation = \"c\"\ncensus = 2020\nrestricted = [{restricted}]\n"
        );
        ZipPack::parse(&PackText { file: "z.toml".to_owned(), text }).map_err(|error| error.to_string())
    }

    #[test]
    fn a_pack_lists_three_digits_and_its_census() {
        let pack = parse("\"036\", \"205\"").expect("it is sound");
        assert_eq!(pack.census, 2020);
        assert_eq!([*b"036", *b"205", *b"893"].map(|digits| pack.restricts(digits)), [true, true, false]);
        for wrong in ["\"36\"", "\"0360\"", "\"03x\"", "36"] {
            assert!(parse(wrong).expect_err(wrong).contains("z.toml"), "{wrong}");
        }
    }
}
