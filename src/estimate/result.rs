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
    /// Those seen count for those like them who were lost: inverse probability
    /// of follow-up weights.
    Ipw,
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
            Self::Ipw => "IPW",
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

impl CellKey {
    /// One level of a split of everything to date, at no one site, condition or horizon: what the program counts of
    /// rows and steps, not of outcomes.
    pub fn to_date(measure: (usize, &str), (name, order, level): (&str, usize, &str), estimand: Estimand) -> Self {
        let all = || "all".to_owned();
        Self {
            measure_order: measure.0,
            measure_id: measure.1.to_owned(),
            measure_version: 1,
            population: Population::ToDate,
            period_start: None,
            period_end: None,
            site: all(),
            condition_order: 0,
            condition: all(),
            stratum_name: name.to_owned(),
            stratum_order: order,
            stratum_level: level.to_owned(),
            horizon_day: 0,
            horizon: all(),
            estimand,
        }
    }

    /// Whether it is about all sites and conditions, without a further split.
    pub fn is_margin(&self) -> bool {
        [&self.site, &self.condition, &self.stratum_name].iter().all(|axis| *axis == "all")
    }
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
    /// Test, where one is allowed (design: "Results table").
    pub test: Option<Test>,
}

impl Statistic {
    /// A number, or why there is none, without an interval.
    pub fn new(name: &'static str, unit: &str, value: Result<f64, String>) -> Self {
        Self { name, value, unit: unit.to_owned(), interval: None, test: None }
    }

    /// With an interval, where one exists.
    #[must_use]
    pub fn with_interval(self, interval: Option<ConfidenceInterval>) -> Self {
        Self { interval, ..self }
    }

    /// With a test, where one is allowed.
    #[must_use]
    pub fn with_test(self, test: Option<Test>) -> Self {
        Self { test, ..self }
    }
}

/// A p-value and what was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The p-value, two-sided unless the method says otherwise.
    pub p_value: f64,
    /// How it was computed, in words: it becomes the message of the row.
    pub method: String,
    /// The p-value adjusted for being one of many, and how (`holm`, `benjamini_hochberg`).
    pub adjusted: Option<(f64, &'static str)>,
}

/// How the people of a cell hang together with those of other cells, where
/// measure, horizon, site, condition and period do not say it already. Disclosure
/// control adds and subtracts along these lines, as an attacker would.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relations {
    /// The cell is hidden where one of these is: its numbers are computed from
    /// them or come close to giving them away.
    pub rests_on: Vec<CellKey>,
    /// The cell is the sum of these (a pain class of its conditions).
    pub sum_of: Vec<CellKey>,
    /// The cell contains the people of these (anyone with a condition, those
    /// counted under it).
    pub contains: Vec<CellKey>,
    /// The people of the cell are among those of these.
    pub part_of: Vec<CellKey>,
    /// Counts of these cells that are the same people as other counts: outcomes
    /// that exclude each other and leave nobody out, a denominator counted again.
    pub same_people: Vec<SamePeople>,
    /// Measures whose outcome everyone with this one's has, in the same place.
    pub implies: Vec<String>,
    /// Measures whose denominator everyone in this one's is in, in the same place.
    pub among: Vec<String>,
    /// How much more than others the measure is missed when one of two has to be
    /// hidden: 2 the headline, 1 those declared beforehand, 0, and -1 variants.
    pub importance: i8,
    /// A part of the patients, or one period of the trend, at another horizon than
    /// the primary one: its denominator is short of the primary one's by the few
    /// whose later window is still open.
    pub off_primary: bool,
}

/// A count of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// The denominator.
    People,
    /// The numerator.
    With,
    /// What is left of the denominator.
    Without,
}

/// Two lists of counts that add up to the same people. Where there is one count
/// on the left, those on the right may be only some of its people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamePeople {
    /// One list.
    pub left: Vec<(CellKey, Count)>,
    /// The other.
    pub right: Vec<(CellKey, Count)>,
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
    pub(crate) relations: Relations,
}

impl Estimate {
    /// The numbers of one cell, related to other cells by its key alone.
    pub fn new(key: CellKey, n: u64, numerator: Option<u64>, statistics: Vec<Statistic>, maturity: Maturity) -> Self {
        Self { key, n, numerator, statistics, maturity, relations: Relations::default() }
    }

    /// Related to other cells in further ways.
    #[must_use]
    pub fn related(self, relations: Relations) -> Self {
        Self { relations, ..self }
    }

    /// The value of a statistic, where it is defined.
    pub(crate) fn value_of(&self, statistic: &str) -> Option<f64> {
        self.statistics.iter().find(|known| known.name == statistic)?.value.as_ref().ok().copied()
    }

    /// What the estimate is about; says nothing of its value.
    pub fn key(&self) -> &CellKey {
        &self.key
    }
}

/// A result that follows from numbers of several cells: a difference between
/// two quarters, a rate drawn towards those of other conditions.
///
/// `release` computes it after it has decided what may be shown, and hands over
/// shown cells only. So it says nothing a reader could not compute from the rest
/// of the table, and a hidden cell can change it in no way. The one exception
/// brings its numbers along (`analysis::durability`): they come from days, which
/// no row tells, follow the shown cells they stand beside and are made coarse.
pub struct Derivation {
    /// The cells it is computed from.
    pub(crate) inputs: Vec<CellKey>,
    /// The cells it fills.
    pub(crate) outputs: Vec<Output>,
    /// The shown inputs (`None`: hidden, or not in the table) → one entry an output.
    pub(crate) compute: Compute,
}

/// Shown inputs → what is found for each output, in their order.
pub type Compute = Box<dyn Fn(&[Option<&Estimate>]) -> Vec<Finding> + Send + Sync>;

/// One cell a derivation fills.
#[derive(Clone, Debug)]
pub struct Output {
    /// What it is about.
    pub(crate) key: CellKey,
    /// Positions of the inputs without which there is nothing to say: the output
    /// is hidden where one of them is.
    pub(crate) needs: Vec<usize>,
    /// Name and unit of every statistic, so that a hidden one keeps its row.
    pub(crate) statistics: &'static [(&'static str, &'static str)],
    pub(crate) maturity: Maturity,
}

/// What a derivation found for one output.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Patients it rests on.
    pub(crate) n: u64,
    /// Those with the outcome, of a rate of counts.
    pub(crate) numerator: Option<u64>,
    /// In the order of `Output::statistics`.
    pub(crate) statistics: Vec<Statistic>,
}
