//! `pipelines/*.toml` → `Protocol`: parsed once, nothing left to interpret.
//!
//! What the user typed (`pipeline`) and what the program means (`Protocol`)
//! are two types; the second has resolved paths, loaded packs and no options.

mod adverse_event_pack;
mod claim;
mod codes;
mod comorbidity_pack;
mod condition_pack;
mod disclosure_pack;
mod drug_pack;
mod error;
mod factor_set;
mod mapping;
mod measure_pack;
mod pack;
mod pipeline;
mod trend;
mod typed;
mod zip_pack;

use std::path::{Path, PathBuf};

pub use adverse_event_pack::{AdverseEventPack, AdverseEventTerm};
pub use claim::{Claim, Cohort, Side};
pub use codes::{CodeColumn, CodeLists};
pub use comorbidity_pack::{COMORBIDITIES, Comorbidity, ComorbidityPack};
pub use condition_pack::{Condition, ConditionPack};
pub use disclosure_pack::{DisclosureProfile, Rounding};
pub use drug_pack::{Drug, DrugClass, DrugPack};
pub use error::ProtocolError;
pub(crate) use error::nearest;
pub use factor_set::{Conversion, FactorRow, FactorSet, Tier};
pub use mapping::{
    CellSource, ColumnsMapping, DateForm, DrugWords, FhirMapping, IdentifyingElements, InstrumentCodes, KetamineCodes,
    MAPPING_SCHEMAS, MappedTable, Mapping, Product, SOURCE_KINDS, SourceKind,
};
pub use mapping::{Infusion, Ingredient, Meaning, OmopMapping, RedcapMapping, RedcapTable};
pub use measure_pack::{Direction, Expression, Measure, MeasureKind, Regression, Role, built_in_measure};
pub use pack::{BUILT_IN_PACKS, BuiltInPack};
pub use pipeline::BUILT_IN_RESULTS;
pub use trend::{Rebase, Target};
pub use zip_pack::ZipPack;

use crate::model::calendar::Day;
use crate::model::horizon::Horizon;

/// Everything a run needs to know, with nothing left to decide.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// Pipeline id; names the report folder.
    pub id: String,
    /// Report title.
    pub title: String,
    /// Who the report is about, as printed.
    pub clinic: String,
    /// Under which rule the records were de-identified.
    pub basis: Basis,
    /// Whether the site states that patient codes were assigned for this purpose.
    pub assigned_codes: bool,
    /// What may leave the tallies.
    pub disclosure: DisclosureProfile,
    /// Folder of the snapshots.
    pub store: PathBuf,
    /// Folder the report folder is made in.
    pub reports: PathBuf,
    /// The site that is named; all others are then coded. `None` names all.
    pub own_site: Option<String>,
    /// Sentences to be held against the data, in pipeline order.
    pub claims: Vec<Claim>,
    /// What measures should reach.
    pub targets: Vec<Target>,
    /// Dates from which the limits of a trend start anew, in order of time.
    pub rebases: Vec<Rebase>,
    /// What `report.pdf` is set on.
    pub paper: Paper,
    /// How patients' histories are read.
    pub study: Study,
    /// Limits on ingest.
    pub ingest: IngestLimits,
    /// Where records come from, in pipeline order.
    pub sources: Vec<SourceEntry>,
    /// Words of code columns beside those the program knows.
    pub codes: CodeLists,
    /// Condition vocabulary.
    pub conditions: ConditionPack,
    /// Drug vocabulary.
    pub drugs: DrugPack,
    /// MME factors.
    pub factors: FactorSet,
    /// Further sets of factors the same patients are counted under, in pipeline order.
    pub compare_factors: Vec<FactorSet>,
    /// Comorbidity vocabulary.
    pub comorbidities: ComorbidityPack,
    /// Where three digits of a ZIP code may not stay.
    pub zip3: ZipPack,
    /// Adverse-event vocabulary.
    pub adverse_events: AdverseEventPack,
    /// What is measured, in report order.
    pub measures: Vec<Measure>,
    /// Baseline covariates of the follow-up weights, the most important first.
    pub covariates: Vec<Expression>,
    /// The pipeline and pack texts as used: file name and content.
    pub texts: Vec<(String, String)>,
}

/// Under which rule records were de-identified (definitions, privacy.md §1–3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// 45 CFR 164.514(b)(2): no date finer than a year.
    SafeHarbor,
    /// 45 CFR 164.514(e): dates allowed under a data-use agreement.
    LimitedDataSet,
    /// 45 CFR 164.514(b)(1).
    ExpertDetermination,
}

impl Basis {
    /// The id used in pipelines.
    pub fn id(self) -> &'static str {
        match self {
            Self::SafeHarbor => "safe-harbor",
            Self::LimitedDataSet => "limited-data-set",
            Self::ExpertDetermination => "expert-determination",
        }
    }

    /// Whether dates and calendar periods finer than a year may be read.
    pub fn allows_dates(self) -> bool {
        self != Self::SafeHarbor
    }
}

/// What a report is printed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paper {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 8.5 × 11 in.
    Letter,
}

impl Paper {
    /// The name Typst knows it by.
    pub fn id(self) -> &'static str {
        match self {
            Self::A4 => "a4",
            Self::Letter => "us-letter",
        }
    }
}

/// How a patient's history is read.
#[derive(Clone, Debug)]
pub struct Study {
    /// Last day of observation; `None` = the last day seen at each site.
    pub data_cut: Option<Day>,
    /// Whether the run is research: research-only withdrawals then apply.
    pub research: bool,
    /// A gap longer than this many days begins a new series.
    pub series_gap_days: i32,
    /// A gap longer than this ends induction; later infusions are boosters.
    pub induction_gap_days: i32,
    /// Baseline looks back this many days.
    pub baseline_days: i32,
    /// The horizon of the headline.
    pub primary_horizon: Horizon,
}

/// Limits on ingest.
#[derive(Clone, Copy, Debug)]
pub struct IngestLimits {
    /// Largest share of rows that may be quarantined before nothing is written.
    pub max_reject_share: f64,
    /// Bytes of rows a table may hold in memory before it is sorted on disk.
    pub memory_budget: usize,
    /// Whether one patient code names one person in all sources and sites.
    pub shared_codes: bool,
}

/// One place records come from.
#[derive(Clone, Debug)]
pub struct SourceEntry {
    /// Name in findings and quarantine files.
    pub name: String,
    /// Which adapter reads it.
    pub kind: &'static SourceKind,
    /// What its files mean.
    pub mapping: Mapping,
    /// The quarantine file of an earlier run with corrections filled in.
    pub corrections: Option<PathBuf>,
    /// Folder or file.
    pub path: PathBuf,
    /// Pseudonymous site code, unless the patients file has a `site` column.
    pub site: String,
    /// Whether a day without a prescription is a day without an opioid.
    pub medications: MedicationFeed,
    /// Which end of PGIC is "very much improved", 1 or 7; `None`: PGIC is not computed.
    pub pgic_best: Option<u8>,
}

impl SourceEntry {
    /// Whether the files are canonical CSV, read without an adapter.
    pub fn is_canonical(&self) -> bool {
        self.kind.id == "csv" && self.mapping == Mapping::None && self.corrections.is_none()
    }
}

/// What the absence of prescriptions means (definitions, mme_method.md "Windows").
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MedicationFeed {
    /// A complete dispensing feed (PDMP, e-prescribing): absence is zero.
    Complete,
    /// The clinic's own list: absence is zero only where the list was reviewed.
    Reviewed,
}

impl MedicationFeed {
    /// The id used in pipelines and manifests.
    pub fn id(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Reviewed => "reviewed",
        }
    }
}

impl Protocol {
    /// The measure with a role, where the packs give it to one.
    pub fn with_role(&self, role: Role) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.role == Some(role))
    }

    /// The id of the measure with a role. Without one it is empty, as no
    /// measure's is: no row answers to it, and a section says so.
    pub fn id_with_role(&self, role: Role) -> &str {
        self.with_role(role).map_or("", |measure| &measure.id)
    }

    /// Reads the pipeline at `path` and the packs it names.
    ///
    /// Paths in the pipeline are relative to the pipeline file.
    ///
    /// # Errors
    /// A file that cannot be read, is not TOML, has an unknown or missing key,
    /// or names a pack, horizon or profile that does not exist.
    pub fn read(path: &Path) -> Result<Self, ProtocolError> {
        pipeline::read(path)
    }

    /// Reads a pipeline and its packs from the texts an earlier run kept, the
    /// pipeline first. Paths in it are relative to `folder`.
    ///
    /// # Errors
    /// As [`Protocol::read`], and a pack that was not kept.
    pub fn read_kept(texts: &[(String, String)], folder: &Path) -> Result<Self, ProtocolError> {
        pipeline::read_kept(texts, folder)
    }
}
