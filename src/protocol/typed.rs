//! A pipeline as the user typed it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::{Basis, MedicationFeed, Paper, ZipPack, claim, trend};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    pub(super) id: toml::Spanned<String>,
    pub(super) title: String,
    pub(super) clinic: String,
    pub(super) privacy: TypedPrivacy,
    pub(super) store: TypedFolder,
    pub(super) reports: TypedReports,
    #[serde(default)]
    pub(super) study: TypedStudy,
    #[serde(default)]
    pub(super) ingest: TypedIngest,
    #[serde(default)]
    pub(super) packs: TypedPacks,
    /// Further words of code columns.
    #[serde(default)]
    pub(super) codes: BTreeMap<String, Vec<String>>,
    pub(super) source: Vec<TypedSource>,
    #[serde(default)]
    pub(super) claim: Vec<claim::Typed>,
    #[serde(default)]
    pub(super) target: Vec<trend::TypedTarget>,
    #[serde(default)]
    pub(super) rebase: Vec<trend::TypedRebase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypedPrivacy {
    pub(super) basis: Basis,
    /// Patient codes were assigned for this purpose and mean nothing elsewhere.
    #[serde(default)]
    pub(super) assigned_codes: bool,
    /// The strictest built-in profile is the default: leaving the line out
    /// must never show more.
    #[serde(default = "default_profile")]
    pub(super) profile: String,
}

fn default_profile() -> String {
    "us-cms-11".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypedFolder {
    pub(super) folder: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypedReports {
    pub(super) folder: PathBuf,
    pub(super) own_site: Option<String>,
    #[serde(default)]
    pub(super) paper: Paper,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TypedStudy {
    pub(super) data_cut: Option<toml::Spanned<String>>,
    pub(super) research: bool,
    pub(super) series_gap_days: i32,
    pub(super) induction_gap_days: i32,
    pub(super) baseline_days: i32,
    pub(super) primary_horizon: Option<toml::Spanned<String>>,
}

impl Default for TypedStudy {
    fn default() -> Self {
        Self {
            data_cut: None,
            research: false,
            series_gap_days: 90,
            induction_gap_days: 14,
            baseline_days: 30,
            primary_horizon: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TypedIngest {
    pub(super) max_reject_share: f64,
    pub(super) memory_budget_mib: usize,
    pub(super) shared_codes: bool,
}

impl Default for TypedIngest {
    fn default() -> Self {
        Self { max_reject_share: 0.05, memory_budget_mib: 512, shared_codes: false }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TypedPacks {
    pub(super) conditions: String,
    pub(super) drugs: String,
    pub(super) factors: String,
    pub(super) compare_factors: Vec<String>,
    pub(super) measures: Vec<String>,
    pub(super) adverse_events: String,
    pub(super) comorbidities: String,
    pub(super) zip3: String,
}

impl Default for TypedPacks {
    fn default() -> Self {
        Self {
            conditions: "conditions.toml".to_owned(),
            drugs: "drugs.toml".to_owned(),
            factors: "mme-cdc-2022.toml".to_owned(),
            compare_factors: Vec::new(),
            measures: vec!["measures.toml".to_owned()],
            adverse_events: "adverse-events.toml".to_owned(),
            comorbidities: "comorbidities.toml".to_owned(),
            zip3: ZipPack::DEFAULT.to_owned(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypedSource {
    pub(super) name: toml::Spanned<String>,
    pub(super) kind: toml::Spanned<String>,
    pub(super) path: PathBuf,
    pub(super) mapping: Option<String>,
    pub(super) corrections: Option<PathBuf>,
    pub(super) site: Option<String>,
    #[serde(default = "reviewed")]
    pub(super) medications: MedicationFeed,
    pub(super) pgic_best: Option<toml::Spanned<u8>>,
}

fn reviewed() -> MedicationFeed {
    MedicationFeed::Reviewed
}
