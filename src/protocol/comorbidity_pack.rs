//! Comorbidities: which diagnosis codes name them.

use serde::Deserialize;

use super::error::ProtocolError;
use super::pack::PackText;

/// One comorbidity of the pack.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comorbidity {
    /// Stable id.
    pub code: String,
    /// As printed.
    pub label: String,
    /// ICD-10-CM prefixes without their dot.
    pub icd10cm: Vec<String>,
    /// Prefixes within them that mean something else.
    #[serde(default)]
    pub except: Vec<String>,
}

/// What the columns of the analysis set are named after, in pack order.
pub const COMORBIDITIES: [&str; 3] = ["depression", "anxiety", "ptsd"];

/// The comorbidities, in the order of [`COMORBIDITIES`].
#[derive(Clone, Debug)]
pub struct ComorbidityPack {
    /// Pack id.
    pub id: String,
    /// Pack version.
    pub version: u32,
    /// Where it comes from.
    pub citation: String,
    comorbidities: Vec<Comorbidity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    id: String,
    version: u32,
    #[serde(rename = "title")]
    _title: String,
    citation: String,
    comorbidity: Vec<Comorbidity>,
}

impl ComorbidityPack {
    pub(super) fn parse(pack: &PackText) -> Result<Self, ProtocolError> {
        let typed: Typed = pack.parse()?;
        let codes = typed.comorbidity.iter().map(|comorbidity| comorbidity.code.as_str());
        if !codes.eq(COMORBIDITIES) {
            return Err(ProtocolError::new(
                &pack.file,
                "the comorbidities are not those the analysis set has columns for",
            )
            .hint(format!("list exactly these, in this order: {}", COMORBIDITIES.join(", "))));
        }
        Ok(Self { id: typed.id, version: typed.version, citation: typed.citation, comorbidities: typed.comorbidity })
    }

    /// Which comorbidities an ICD-10-CM code names, one bit each by pack position.
    pub fn mask(&self, code: &str) -> u8 {
        let code = code.replace('.', "").to_ascii_uppercase();
        let within = |prefixes: &[String]| prefixes.iter().any(|prefix| code.starts_with(prefix.as_str()));
        let named = self.comorbidities.iter().map(|one| within(&one.icd10cm) && !within(&one.except));
        named.enumerate().fold(0, |mask, (position, named)| mask | u8::from(named) << position)
    }
}
