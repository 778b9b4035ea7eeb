//! Small made-up cohorts and the estimates they give.

use crate::estimate::result::{
    CellKey, ConfidenceInterval, Estimand, Estimate, Maturity, Population, Relations, Statistic,
};
use crate::model::calendar::{Day, Period};
use crate::protocol::{DisclosureProfile, Rounding};

/// People of one cell: who had at least 50 %, from 30 to 50 %, and less than
/// 30 % less pain, and whose outcome is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct People {
    pub(super) half: u64,
    pub(super) third: u64,
    pub(super) less: u64,
    pub(super) missing: u64,
}

impl People {
    pub(super) fn all(self) -> u64 {
        self.observed() + self.missing
    }

    pub(super) fn observed(self) -> u64 {
        self.half + self.third + self.less
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            half: self.half + other.half,
            third: self.third + other.third,
            less: self.less + other.less,
            missing: self.missing + other.missing,
        }
    }
}

/// Everyone of the newest quarter, to be changed with `..`.
pub(super) fn key(measure: &str) -> CellKey {
    CellKey {
        measure_order: 0,
        measure_id: measure.to_owned(),
        measure_version: 1,
        population: Population::Quarter,
        period_start: None,
        period_end: None,
        site: "all".to_owned(),
        condition_order: 0,
        condition: "all".to_owned(),
        stratum_name: "all".to_owned(),
        stratum_order: 0,
        stratum_level: "all".to_owned(),
        horizon_day: 84,
        horizon: "12w".to_owned(),
        estimand: Estimand::Nri,
    }
}

/// A key of one period: first and last day follow from its name.
pub(super) fn in_period(key: CellKey, population: Population, first: &str, last: &str) -> CellKey {
    let period = |text: &str| Period::parse(text).expect("tests name periods");
    let (start, end): (Day, Day) = (period(first).first_day(), period(last).last_day());
    CellKey { population, period_start: Some(start), period_end: Some(end), ..key }
}

/// A rate with the interval a statistics module would give it.
pub(super) fn rate(key: CellKey, with: u64, of: u64) -> Estimate {
    let value = if of == 0 { Err("no denominator".to_owned()) } else { Ok(with as f64 / of as f64) };
    let interval = (of > 0).then_some(ConfidenceInterval { low: 0.1, high: 0.9, level: 0.95, method: "wilson" });
    let statistics = vec![Statistic::new("rate", "share", value).with_interval(interval)];
    Estimate::new(key, of, Some(with), statistics, Maturity::Mature)
}

/// A mean and a spread.
pub(super) fn mean(key: CellKey, of: u64) -> Estimate {
    let number = |name, value| Statistic::new(name, "points", Ok(value));
    let statistics = vec![number("mean", -2.345_678), number("sd", 1.25)];
    Estimate::new(key, of, None, statistics, Maturity::Mature)
}

/// As the pack states it of a measure.
pub(super) fn implying(measure: &str, estimate: Estimate) -> Estimate {
    estimate.related(Relations { implies: vec![measure.to_owned()], ..Relations::default() })
}

/// What a report computes of one cell: two nested measures under two estimands.
pub(super) fn of_people(at: &CellKey, people: People) -> Vec<Estimate> {
    let cell = |order: usize, measure: &str, estimand| CellKey {
        measure_order: order,
        measure_id: measure.to_owned(),
        estimand,
        ..at.clone()
    };
    let third = people.half + people.third;
    vec![
        rate(cell(0, "response_30", Estimand::Nri), third, people.all()),
        rate(cell(0, "response_30", Estimand::Oc), third, people.observed()),
        implying("response_30", rate(cell(1, "response_50", Estimand::Nri), people.half, people.all())),
        implying("response_30", rate(cell(1, "response_50", Estimand::Oc), people.half, people.observed())),
        mean(cell(2, "pain_delta", Estimand::Oc), people.observed()),
    ]
}

/// All sites by all conditions with every margin.
pub(super) fn by_site_and_condition(cells: &[Vec<People>]) -> Vec<Estimate> {
    let columns = cells.first().map_or(0, Vec::len);
    let sum = |people: &mut dyn Iterator<Item = People>| people.fold(People::default(), People::plus);
    let mut all = Vec::new();
    for site in 0..=cells.len() {
        for condition in 0..=columns {
            let rows = if site == 0 { 0..cells.len() } else { site - 1..site };
            let range = if condition == 0 { 0..columns } else { condition - 1..condition };
            let people = sum(&mut cells[rows].iter().flat_map(|row| row[range.clone()].iter().copied()));
            all.extend(of_people(&place(site, condition), people));
        }
    }
    all
}

/// The key of a site and a condition; number 0 is the margin.
pub(super) fn place(site: usize, condition: usize) -> CellKey {
    let name = |prefix: &str, number: usize| if number == 0 { "all".to_owned() } else { format!("{prefix}{number}") };
    CellKey { site: name("site", site), condition: name("condition", condition), condition_order: condition, ..key("") }
}

/// `us-cms-11` with another threshold.
pub(super) fn strict(threshold: u64) -> DisclosureProfile {
    DisclosureProfile {
        id: "strict".to_owned(),
        version: 1,
        title: String::new(),
        citation: String::new(),
        threshold,
        protect_numerator: true,
        complementary: true,
        rounding: Rounding::None,
        banner: String::new(),
    }
}
