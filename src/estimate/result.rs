//! `Estimate`: a number that exists and may not yet be shown.

use crate::model::calendar::Day;

/// Which patients a cell is about (README, "Populations").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Population {
    /// Series begun in the newest quarter mature at the primary horizon.
    Quarter,
    /// Series begun in the four newest mature quarters.
    RollingYear,
    /// Every mature series.
    ToDate,
    /// One quarter of the trend, mature or not.
    QuarterSeries,
    /// One month of the trend, mature or not.
    Month,
}

impl Population {
    /// The id in `results.csv`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Quarter => "quarter",
            Self::RollingYear => "rolling_year",
            Self::ToDate => "to_date",
            Self::QuarterSeries => "quarter_series",
            Self::Month => "month",
        }
    }
}

/// How patients without an outcome are counted (definitions, measures.md §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Estimand {
    /// Missing counts as non-response: the headline.
    Nri,
    /// Observed cases only.
    Oc,
    /// Missing counts as no change.
    Bocf,
    /// The last score after baseline stands in.
    Locf,
    /// Missing counts as success.
    Best,
    /// Missing counts as failure.
    Worst,
}

impl Estimand {
    /// The id in `results.csv`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Nri => "NRI",
            Self::Oc => "OC",
            Self::Bocf => "BOCF",
            Self::Locf => "LOCF",
            Self::Best => "best",
            Self::Worst => "worst",
        }
    }
}

/// Whether every window of a cell's period had closed at the data cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maturity {
    /// It had.
    Mature,
    /// It had not: shown, marked, never judged.
    Immature,
}

impl Maturity {
    /// The id in `results.csv`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Mature => "mature",
            Self::Immature => "immature",
        }
    }
}

/// What a number is about. Order is the order of `results.csv`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellKey {
    /// Position of the measure in the report.
    pub measure_order: usize,
    /// Measure id.
    pub measure_id: String,
    /// Measure version.
    pub measure_version: u32,
    /// Population.
    pub population: Population,
    /// First day of the cohort's period; `None` for study-day input without periods.
    pub period_start: Option<Day>,
    /// Last day of the cohort's period.
    pub period_end: Option<Day>,
    /// Site code, or `all`.
    pub site: String,
    /// Position of the condition in its pack; `all` comes first.
    pub condition_order: usize,
    /// Condition code, or `all`.
    pub condition: String,
    /// Name of a further split, or `all`.
    pub stratum_name: String,
    /// Position of the level within the split.
    pub stratum_order: usize,
    /// Level of the split, or `all`.
    pub stratum_level: String,
    /// Target day of the horizon, for order.
    pub horizon_day: i32,
    /// Horizon id, or `all`.
    pub horizon: String,
    /// Estimand.
    pub estimand: Estimand,
}

/// A confidence interval.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfidenceInterval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Nominal level, for example 0.95.
    pub level: f64,
    /// How it was computed, for example `wilson`.
    pub method: &'static str,
}

/// One statistic of a cell. Undefined is `None` with a reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistic {
    /// Name, for example `rate`, `mean`, `hodges_lehmann`.
    pub name: &'static str,
    /// The value, or why there is none.
    pub value: Result<f64, String>,
    /// Unit of value and interval.
    pub unit: String,
    /// Interval, where one exists.
    pub interval: Option<ConfidenceInterval>,
}

/// Everything computed for one cell. The fields are closed: the only way to a
/// number that can be printed is `publish::disclosure::release`.
#[derive(Clone, Debug)]
pub struct Estimate {
    pub(crate) key: CellKey,
    /// Patients the statistics rest on: the denominator.
    pub(crate) n: u64,
    /// Patients with the outcome, for proportions and counts.
    pub(crate) numerator: Option<u64>,
    pub(crate) statistics: Vec<Statistic>,
    pub(crate) maturity: Maturity,
}

impl Estimate {
    /// What the estimate is about; says nothing of its value.
    pub fn key(&self) -> &CellKey {
        &self.key
    }
}
