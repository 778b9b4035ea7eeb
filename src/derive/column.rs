//! The dictionary of the analysis set: its columns, their types and meanings.

use arrow::datatypes::DataType;

/// A column of the analysis set.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name.
    pub name: &'static str,
    /// Type.
    pub kind: Kind,
    /// Whether a cell may be empty.
    pub optional: bool,
    /// What it holds, with its unit.
    pub meaning: &'static str,
}

/// The types both Arrow implementations read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 32-bit whole number.
    Int32,
    /// 64-bit whole number.
    Int64,
    /// Floating point.
    Float64,
    /// Text.
    Text,
    /// True or false.
    Boolean,
}

impl Kind {
    pub(super) fn arrow(self) -> DataType {
        match self {
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Text => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
        }
    }

    /// The type as a measure author names it.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Int32 => "INTEGER",
            Self::Int64 => "BIGINT",
            Self::Float64 => "DOUBLE",
            Self::Text => "VARCHAR",
            Self::Boolean => "BOOLEAN",
        }
    }
}

const fn column(name: &'static str, kind: Kind, optional: bool, meaning: &'static str) -> Column {
    Column { name, kind, optional, meaning }
}

/// Order is the file's: what is the same at every horizon comes first. `analysis_set`
/// makes the columns in this order, and a wrong type or count fails on the first batch.
pub const COLUMNS: [Column; 70] = [
    column("patient_key", Kind::Int64, false, "keyed hash of the patient; means nothing outside the store"),
    column("site", Kind::Text, false, "site code"),
    column("sex", Kind::Text, false, "F, M, X or U"),
    column("series", Kind::Int32, false, "number of the treatment series, 1 = first"),
    column(
        "first_series",
        Kind::Boolean,
        false,
        "whether it is the patient's first series; headline measures count these only",
    ),
    column("index_day", Kind::Int32, false, "day of the first infusion of the series"),
    column("index_period", Kind::Text, true, "month of day 0 (2026-04), or the period the site gave"),
    column("condition", Kind::Text, false, "condition the patient is counted under"),
    column("conditions", Kind::Text, false, "all conditions of the patient, joined by `;`"),
    column("infusions", Kind::Int32, false, "infusions in the series"),
    column("induction_infusions", Kind::Int32, false, "infusions in the induction course"),
    column("boosters", Kind::Int32, false, "infusions after induction"),
    column("mg_per_kg", Kind::Float64, true, "sum of doses in the series, mg/kg; empty when any is missing"),
    column("baseline_pain_scale", Kind::Text, true, "pain scale of baseline and follow-up"),
    column("baseline_pain_x10", Kind::Int32, true, "pain before treatment, tenths of a point (0–100)"),
    column("baseline_same_day", Kind::Boolean, true, "whether the baseline was taken on the day of the first infusion"),
    column("baseline_phq9_x10", Kind::Int32, true, "PHQ-9 before treatment, tenths"),
    column("baseline_gad7_x10", Kind::Int32, true, "GAD-7 before treatment, tenths"),
    column("baseline_pcl5_x10", Kind::Int32, true, "PCL-5 before treatment, tenths"),
    column("baseline_bpi_severity_x10", Kind::Int32, true, "BPI severity (mean of its items) before treatment, tenths"),
    column("baseline_bpi_interference_x10", Kind::Int32, true, "BPI interference before treatment, tenths"),
    column("baseline_pcs_x10", Kind::Int32, true, "pain catastrophizing (PCS) before treatment, tenths"),
    column("baseline_pseq_x10", Kind::Int32, true, "pain self-efficacy (PSEQ) before treatment, tenths"),
    column("baseline_promis_pi_x10", Kind::Int32, true, "PROMIS pain interference T-score before treatment, tenths"),
    column("depression_diagnosed", Kind::Boolean, false, "a diagnosis of depression is on record; false says nothing"),
    column("anxiety_diagnosed", Kind::Boolean, false, "a diagnosis of an anxiety disorder is on record"),
    column("ptsd_diagnosed", Kind::Boolean, false, "a diagnosis of post-traumatic stress disorder is on record"),
    column(
        "induction_dose_x1000",
        Kind::Int32,
        true,
        "average dose of the induction infusions, thousandths of mg/kg, rounded down; empty when any is missing",
    ),
    column(
        "induction_minutes_x10",
        Kind::Int32,
        true,
        "average length of the induction infusions, tenths of a minute, rounded down; empty when any is missing",
    ),
    column("psychotherapy_by_day_14", Kind::Boolean, false, "a psychotherapy session on days 0..14"),
    column("pain_reprogramming_by_day_14", Kind::Boolean, false, "a pain-reprogramming session on days 0..14"),
    column(
        "relief_begins",
        Kind::Int32,
        true,
        "day of the first score after induction at least 30 % below the baseline",
    ),
    column(
        "relief_days",
        Kind::Int32,
        true,
        "days from then to the first score that is not, or to the last score of the series",
    ),
    column("relief_lost", Kind::Boolean, true, "whether relief_days ends with pain back within 30 % of the baseline"),
    column("relief_least_days", Kind::Int32, true, "days from then to the last score that still showed relief"),
    column("retreated_days", Kind::Int32, true, "days from then to the next infusion, booster or new series"),
    column("opioid_in_scope", Kind::Boolean, false, "no cancer pain and no treatment for opioid use disorder"),
    column(
        "opioid_user",
        Kind::Boolean,
        false,
        "opioids in days −30..−1: dose above zero on at least 14 days, or recorded long-term use",
    ),
    column(
        "opioid_baseline",
        Kind::Text,
        false,
        "known, not_reviewed, unconvertible, buprenorphine, oud_treatment or withheld",
    ),
    column(
        "mme_baseline_x1000",
        Kind::Int64,
        true,
        "average dose in days −30..−1, thousandths of an MME/day, rounded down",
    ),
    column(
        "benzodiazepine_baseline",
        Kind::Boolean,
        false,
        "an opioid and a benzodiazepine on one day before treatment",
    ),
    column("horizon", Kind::Text, false, "2w, 4w, 12w or 24w"),
    column("due", Kind::Boolean, false, "whether the data cut has reached the end of the window"),
    column("follow_up_pain_x10", Kind::Int32, true, "pain at the horizon, tenths, on the scale of the baseline"),
    column(
        "last_pain_x10",
        Kind::Int32,
        true,
        "last pain score after day 0 up to the end of the window, tenths; none of a day with an infusion, in no `last_` column",
    ),
    column("follow_up_phq9_x10", Kind::Int32, true, "PHQ-9 at the horizon, tenths"),
    column("follow_up_gad7_x10", Kind::Int32, true, "GAD-7 at the horizon, tenths"),
    column("follow_up_pcl5_x10", Kind::Int32, true, "PCL-5 at the horizon, tenths"),
    column("follow_up_bpi_severity_x10", Kind::Int32, true, "BPI severity at the horizon, tenths"),
    column("follow_up_bpi_interference_x10", Kind::Int32, true, "BPI interference at the horizon, tenths"),
    column(
        "follow_up_pgic_x10",
        Kind::Int32,
        true,
        "PGIC at the horizon, tenths, 70 = very much improved; empty unless the source says which end that is",
    ),
    column("follow_up_pcs_x10", Kind::Int32, true, "PCS at the horizon, tenths"),
    column("follow_up_pseq_x10", Kind::Int32, true, "PSEQ at the horizon, tenths"),
    column("follow_up_promis_pi_x10", Kind::Int32, true, "PROMIS pain interference T-score at the horizon, tenths"),
    column("last_phq9_x10", Kind::Int32, true, "last PHQ-9 after day 0 up to the end of the window, tenths"),
    column("last_gad7_x10", Kind::Int32, true, "last GAD-7 after day 0 up to the end of the window, tenths"),
    column("last_pcl5_x10", Kind::Int32, true, "last PCL-5 after day 0 up to the end of the window, tenths"),
    column(
        "last_bpi_severity_x10",
        Kind::Int32,
        true,
        "last BPI severity after day 0 up to the end of the window, tenths",
    ),
    column(
        "last_bpi_interference_x10",
        Kind::Int32,
        true,
        "last BPI interference after day 0 up to the end of the window, tenths",
    ),
    column("last_pcs_x10", Kind::Int32, true, "last PCS after day 0 up to the end of the window, tenths"),
    column("last_pseq_x10", Kind::Int32, true, "last PSEQ after day 0 up to the end of the window, tenths"),
    column(
        "last_promis_pi_x10",
        Kind::Int32,
        true,
        "last PROMIS pain interference T-score after day 0 up to the end of the window, tenths",
    ),
    column("boosters_before", Kind::Int32, false, "boosters before the window of the horizon opens"),
    column(
        "opioid_follow_up",
        Kind::Text,
        true,
        "as opioid_baseline; empty at 2w, where the window would reach into the baseline",
    ),
    column(
        "mme_follow_up_x1000",
        Kind::Int64,
        true,
        "average dose in the 30 days that end at the target, thousandths of an MME/day, rounded down",
    ),
    column(
        "mme_reduction_x100",
        Kind::Int64,
        true,
        "reduction in hundredths of a per cent, cut towards zero, so `>= 5000` is exactly at least half",
    ),
    column("buprenorphine_follow_up", Kind::Boolean, false, "buprenorphine active in the follow-up window"),
    column(
        "buprenorphine_since_start",
        Kind::Boolean,
        false,
        "buprenorphine active on any day from day 0 to the target",
    ),
    column("medications_reviewed", Kind::Boolean, false, "the medication list at the horizon is known to be complete"),
    column(
        "benzodiazepine_follow_up",
        Kind::Boolean,
        false,
        "an opioid and a benzodiazepine on one day of the follow-up window",
    ),
];
