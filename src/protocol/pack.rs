//! Packs: definitions as data, each with an id, a version and a citation.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::error::{ProtocolError, nearest};

/// A pack that ships with the program.
#[derive(Clone, Copy, Debug)]
pub struct BuiltInPack {
    /// File name under `pipelines/packs`.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! built_in {
    ($($file:literal),+ $(,)?) => {
        &[$(BuiltInPack { file: $file, text: include_str!(concat!("../../pipelines/packs/", $file)) }),+]
    };
}

/// Order is the one `relief init` lists them in.
pub const BUILT_IN_PACKS: &[BuiltInPack] = built_in![
    "conditions.toml",
    "drugs.toml",
    "mme-cdc-2022.toml",
    "mme-cdc-2016.toml",
    "mme-heal-2025.toml",
    "mme-anzca-2021.toml",
    "measures.toml",
    "measures-grid.toml",
    "measures-opioids.toml",
    "measures-mind-body.toml",
    "comorbidities.toml",
    "adverse-events.toml",
    "zip3-2000.toml",
    "disclosure-internal-5.toml",
    "disclosure-us-cms-11.toml",
    "disclosure-public-midpoint6.toml",
    "disclosure-uk-opensafely.toml",
    "disclosure-ohdsi-5.toml",
    "source-omop.toml",
    "source-redcap-example.toml",
    "source-synthea.toml",
    "source-fhir.toml",
];

/// A pack's text and the name errors give it.
#[derive(Clone, Debug)]
pub(super) struct PackText {
    pub file: String,
    pub text: String,
}

impl PackText {
    /// The file beside the pipeline when `named` is a path, else the built-in
    /// pack of that file name.
    pub(super) fn load(folder: &Path, named: &str) -> Result<Self, ProtocolError> {
        let path = folder.join(named);
        if path.is_file() {
            let text = std::fs::read_to_string(&path).map_err(|error| ProtocolError::unreadable(&path, &error))?;
            return Ok(Self { file: named.to_owned(), text });
        }
        Self::built_in(named).ok_or_else(|| {
            let error = ProtocolError::new(named, "no such pack");
            match nearest(named, BUILT_IN_PACKS.iter().map(|pack| pack.file)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("a pack is a path from the pipeline's folder or the name of a built-in one"),
            }
        })
    }

    pub(super) fn built_in(named: &str) -> Option<Self> {
        let file = Path::new(named).file_name()?.to_str()?;
        // A path that leads nowhere is a slip: an edited pack must not be
        // replaced by the built-in one of the same name.
        let pack = BUILT_IN_PACKS.iter().find(|pack| pack.file == file && named == file)?;
        Some(Self { file: named.to_owned(), text: pack.text.to_owned() })
    }

    /// Reads the text as `T`, which must refuse unknown keys.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, ProtocolError> {
        toml::from_str(&self.text).map_err(|error| ProtocolError::from_toml(&self.file, &self.text, &error))
    }
}
