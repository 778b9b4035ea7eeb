//! Released results of an invented clinic, for tests of charts and report.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "invented numbers"
)]

mod outcomes;

use std::path::Path;

use crate::estimate::result::{Estimand, Maturity, Population};
use crate::model::calendar::{Day, Period};
use crate::model::horizon::HORIZONS;
use crate::protocol::Protocol;
use crate::publish::reading;
use crate::publish::report::Context;
use crate::publish::results::{Released, ResultRow, Suppression};

/// What kind of clinic.
#[derive(Clone, Debug)]
pub(crate) struct Clinic {
    pub(crate) patients: u64,
    pub(crate) conditions: Vec<(String, String)>,
    pub(crate) sites: Vec<String>,
    pub(crate) threshold: u64,
    pub(crate) retention: f64,
    pub(crate) quarter: Option<Period>,
    pub(crate) opioids: bool,
    pub(crate) name: String,
    pub(crate) profile: &'static str,
}

impl Clinic {
    /// `count` conditions, the first of the shipped pack and then invented ones.
    pub(crate) fn new(count: usize) -> Self {
        let names = [
            "CRPS type I",
            "CRPS type II",
            "Fibromyalgia",
            "Migraine",
            "Peripheral neuropathy",
            "Rheumatoid arthritis",
            "Lupus",
            "Chronic Lyme (clinic’s label)",
            "Back pain",
            "Neck pain",
            "Trigeminal neuralgia",
            "Phantom limb pain",
        ];
        let name = |index: usize| {
            names.get(index).map_or_else(|| format!("Condition number {index}"), |name| (*name).to_owned())
        };
        Self {
            patients: 205,
            conditions: (0..count).map(|index| (format!("c{index}"), name(index))).collect(),
            sites: ["north", "south", "west"].map(str::to_owned).to_vec(),
            threshold: 5,
            retention: 0.84,
            quarter: Some(Period::Quarter(2026, 2)),
            opioids: true,
            name: "Sample Pain Clinics".to_owned(),
            profile: "internal-5",
        }
    }

    /// Its protocol, read from files as a user's would be.
    pub(crate) fn protocol(&self) -> Protocol {
        let folder = tempfile::tempdir().expect("tests may write to the temporary folder");
        let conditions: String = self.conditions.iter().map(|(code, label)| condition(code, label)).collect();
        let pack = format!(
            "id = \"test\"\nversion = 1\ntitle = \"Test\"\ncitation = \"none\"\n{conditions}{}",
            condition("other", "Other pain condition")
        );
        std::fs::write(folder.path().join("conditions.toml"), pack).expect("tests may write");
        let path = folder.path().join("quarterly.toml");
        std::fs::write(&path, self.pipeline()).expect("tests may write");
        read(&path)
    }

    /// With the measures of mind and body, as a director's pipeline has them.
    fn pipeline(&self) -> String {
        let quoted = toml::Value::String(self.name.clone()).to_string();
        format!(
            "id = \"sample-quarterly\"\ntitle = \"Ketamine outcomes, quarterly report\"\nclinic = {quoted}\n\
             [privacy]\nbasis = \"limited-data-set\"\nprofile = \"{}\"\n[store]\nfolder = \"s\"\n[reports]\nfolder = \"r\"\n\
             [packs]\ncompare_factors = [\"mme-cdc-2016.toml\", \"mme-anzca-2021.toml\"]\nmeasures = [\"measures.toml\", \"measures-mind-body.toml\"]\n[[source]]\nname = \"north\"\nkind = \"csv\"\npath = \"north\"\n{CLAIMS}",
            self.profile
        )
    }

    /// The context of its run.
    pub(crate) fn context<'a>(&self, protocol: &'a Protocol) -> Context<'a> {
        Context {
            protocol,
            snapshot: "3f2a9c1b77d04e5fa6b1c2d3e4f5061728394a5b6c7d8e9f00112233445566ff".to_owned(),
            data_cut: Day::parse_iso(b"2026-09-30"),
            quarter: self.quarter,
            sites: self.sites.clone(),
        }
    }

    /// Its released rows.
    pub(crate) fn released(&self, protocol: &Protocol) -> Released {
        let mut rows = Vec::new();
        for (order, measure) in protocol.measures.iter().enumerate() {
            let opioid = measure.section == "opioids";
            if !opioid || self.opioids {
                self.measure(&mut rows, &measure.id, order as u64, opioid, &measure.unit);
            }
        }
        self.curve(&mut rows);
        self.flow(&mut rows);
        outcomes::add(self, protocol, &mut rows);
        reading::read(Released::fixture(rows, protocol.disclosure.clone()), protocol)
    }

    fn measure(&self, rows: &mut Vec<ResultRow>, id: &str, order: u64, opioid: bool, unit: &str) {
        let divisor = if opioid { 3 } else { 1 };
        let base =
            Cell { measure: id, unit, order, population: Population::Quarter, period: self.quarter, ..Cell::default() };
        for horizon in HORIZONS {
            let base = Cell { horizon: horizon.id, ..base.clone() };
            if self.quarter.is_some() {
                self.cell(rows, &base, self.patients / divisor);
                for (index, site) in self.sites.iter().enumerate() {
                    self.cell(rows, &Cell { site, ..base.clone() }, self.patients / divisor / (index as u64 + 2));
                }
            }
            let year = Cell { population: Population::RollingYear, ..base.clone() };
            self.cell(rows, &year, self.patients * 4 / divisor);
            for (index, site) in self.sites.iter().enumerate() {
                self.cell(rows, &Cell { site, ..year.clone() }, self.patients * 4 / divisor / (index as u64 + 2));
            }
            for (index, (code, _)) in self.conditions.iter().enumerate() {
                let n = self.patients * 4 / divisor / (index as u64 * 3 + 3);
                let cell = Cell { condition: code, jitter: index as u64 + 1, ..year.clone() };
                self.cell(rows, &cell, n);
                if cell.unit == "share" {
                    rows.push(self.protect(cell.statistic("rate_pooled", 0.55, Some(0.1), n, Estimand::Nri)));
                }
            }
            self.trend(rows, &base, divisor);
            self.months(rows, &base, divisor);
        }
    }

    /// Thirty months, the newest immature, one without patients and one that
    /// stands out.
    fn months(&self, rows: &mut Vec<ResultRow>, base: &Cell<'_>, divisor: u64) {
        let Some(newest) = self.quarter else { return };
        let last = Period::month_of(newest.last_day()).next();
        let mut period = (0..29).fold(last, |period, _| period.previous());
        for back in (0..30_u64).rev() {
            let maturity = if back == 0 { Maturity::Immature } else { Maturity::Mature };
            let n = if back == 9 { 0 } else { self.patients / divisor / 3 };
            let jitter = if back == 4 { 11 } else { back % 3 };
            let cell = Cell { population: Population::Month, period: Some(period), maturity, jitter, ..base.clone() };
            self.cell(rows, &cell, n);
            period = period.next();
        }
    }

    fn trend(&self, rows: &mut Vec<ResultRow>, base: &Cell<'_>, divisor: u64) {
        let Some(newest) = self.quarter else { return };
        let mut period = (0..12).fold(newest.next(), |period, _| period.previous());
        for back in (0..13_u64).rev() {
            let maturity = if back == 0 { Maturity::Immature } else { Maturity::Mature };
            let n = (self.patients / divisor) * (100 - (back * 37) % 40) / 100;
            let n = if back == 7 { 3 } else { n };
            let n = if back == 1 { self.patients / divisor } else { n };
            let jitter = if back == 1 { 0 } else { back * 3 };
            self.cell(
                rows,
                &Cell { population: Population::QuarterSeries, period: Some(period), maturity, jitter, ..base.clone() },
                n,
            );
            period = period.next();
        }
    }

    /// Both estimands of one cell, with a rate or a mean that depends only on the key.
    fn cell(&self, rows: &mut Vec<ResultRow>, cell: &Cell<'_>, n: u64) {
        let late = match cell.horizon {
            "24w" => 0.75,
            "2w" | "4w" => 1.05,
            _ => 1.0,
        };
        let observed = (n as f64 * (self.retention * late).min(1.0)) as u64;
        let jitter = ((cell.jitter * 7) % 11) as f64 / 11.0 - if cell.jitter == 0 { 0.0 } else { 0.45 };
        if cell.unit == "share" {
            let share = [0.58, 0.39, 0.6, 0.05, 0.34, 0.45, 0.2][cell.order as usize % 7];
            let numerator = (observed as f64 * share * late * (1.0 + 0.4 * jitter) / 0.84) as u64;
            rows.push(self.protect(cell.proportion(numerator.min(observed), n, Estimand::Nri)));
            rows.push(self.protect(cell.proportion(numerator.min(observed), observed, Estimand::Oc)));
            if cell.measure == "response_30" {
                rows.push(self.protect(Cell { measure: "retention", ..cell.clone() }.proportion(
                    observed,
                    n,
                    Estimand::Oc,
                )));
            }
        } else {
            let scale = if cell.unit == "points" { 1.0 } else { 14.0 };
            let mean = -2.3 * scale * late * (1.0 + 0.4 * jitter);
            let half = 2.2 * scale / (observed.max(1) as f64).sqrt() * 1.96;
            for (name, value, half) in [
                ("mean", mean, Some(half)),
                ("sd", 2.2 * scale, None),
                ("median", mean + 0.2, None),
                ("hodges_lehmann", mean + 0.1, Some(half)),
                ("quantile_10", mean - 3.1, None),
                ("quantile_25", mean - 1.6, None),
                ("quantile_75", mean + 1.4, None),
                ("quantile_90", mean + 2.6, None),
                ("expected_regression_least", -0.3 * scale, None),
                ("expected_regression_most", -1.2 * scale, None),
                ("srm", -0.98, None),
                ("d_av", -0.91, None),
            ] {
                rows.push(self.protect(cell.statistic(name, value, half, observed, Estimand::Oc)));
            }
            rows.push(self.protect(cell.statistic("mean", mean * self.retention, Some(half), n, Estimand::Bocf)));
        }
    }

    fn protect(&self, row: ResultRow) -> ResultRow {
        match row.n {
            Some(0) => {
                ResultRow { value: None, ci_low: None, ci_high: None, reason: Some("no patients".to_owned()), ..row }
            }
            Some(n) if n < self.threshold => {
                ResultRow { reason: Some(format!("fewer than {}", self.threshold.min(11))), ..hide(row) }
            }
            _ => row,
        }
    }

    fn curve(&self, rows: &mut Vec<ResultRow>) {
        let population = if self.quarter.is_some() { Population::Quarter } else { Population::RollingYear };
        let cell = Cell {
            measure: "responder_curve",
            unit: "share",
            population,
            horizon: "12w",
            period: self.quarter,
            ..Cell::default()
        };
        for (level, share) in [0.78, 0.74, 0.67, 0.58, 0.49, 0.39, 0.29, 0.2, 0.12, 0.05, 0.02].into_iter().enumerate()
        {
            let mut row = cell.proportion((self.patients as f64 * share) as u64, self.patients, Estimand::Nri);
            row.stratum_name = "reduction_at_least_pct".to_owned();
            row.stratum_level = (level * 10).to_string();
            row.result_id = format!("{}/{}", row.result_id, row.stratum_level);
            rows.push(self.protect(row));
        }
    }

    fn flow(&self, rows: &mut Vec<ResultRow>) {
        let patients = self.patients;
        let steps = [
            ("rows_read", "Rows read", "rows", patients * 612, 0),
            ("rows_accepted", "Rows accepted", "rows", patients * 600, patients * 12),
            ("patients", "Patients", "patients", patients * 11, 0),
            ("patients_with_infusion", "Patients with an infusion", "patients", patients * 10, patients),
            ("first_series", "First treatment series", "series", patients * 10, 0),
            ("with_condition", "With a mapped condition", "series", patients * 9, patients),
            ("with_baseline", "With a pain score in the 30 days before", "series", patients * 8, patients),
            ("due_12w", "Due at 12 weeks by the data cut", "series", patients * 7, patients),
            ("observed_12w", "With a pain score at 12 weeks", "series", patients * 6, patients),
            ("opioid_users", "On opioids before treatment", "series", patients * 2, patients * 4),
        ];
        for (id, label, unit, remaining, removed) in steps {
            let cell =
                Cell { measure: "attrition", unit, population: Population::ToDate, horizon: "all", ..Cell::default() };
            for (name, value) in [("count", remaining), ("removed", removed)] {
                let mut row = cell.statistic(name, value as f64, None, remaining, Estimand::Oc);
                row.stratum_name = "step".to_owned();
                row.stratum_level = id.to_owned();
                row.result_id = format!("{}/{id}/{name}", row.result_id);
                row.message = Some(label.to_owned());
                rows.push(self.protect(row));
            }
        }
    }
}

/// A claim with a number and one without.
const CLAIMS: &str = "[[claim]]\nid = \"relief\"\ntext = \"Over 70 % of patients have meaningful relief\"\nsource = \"web page\"\n\
    date = \"2026-07-01\"\nmeasure = \"response_30\"\nshare = 0.7\n\
    [[claim]]\nid = \"opioids\"\ntext = \"Ketamine can lower opioid use\"\nsource = \"web page\"\ndate = \"2026-07-01\"\n\
    measure = \"opioid_reduction_50\"\n[[target]]\nmeasure = \"response_30\"\nvalue = 0.6\nsource = \"board, 2026-01\"\n";

fn condition(code: &str, label: &str) -> String {
    let label = toml::Value::String(label.to_owned()).to_string();
    format!(
        "[[condition]]\ncode = \"{code}\"\nlabel = {label}\nname = {label}\npain_class = \"mixed\"\ngroup = \"test\"\nicd10cm = []\naliases = []\n"
    )
}

fn read(path: &Path) -> Protocol {
    Protocol::read(path).expect("the fixture's pipeline is valid")
}

#[derive(Clone, Debug)]
struct Cell<'c> {
    measure: &'c str,
    unit: &'c str,
    order: u64,
    jitter: u64,
    population: Population,
    period: Option<Period>,
    site: &'c str,
    condition: &'c str,
    horizon: &'c str,
    maturity: Maturity,
}

impl Default for Cell<'_> {
    fn default() -> Self {
        Self {
            measure: "response_30",
            unit: "share",
            order: 0,
            jitter: 0,
            population: Population::Quarter,
            period: None,
            site: "all",
            condition: "all",
            horizon: "12w",
            maturity: Maturity::Mature,
        }
    }
}

impl Cell<'_> {
    fn first(&self, period: Period) -> Period {
        let back = if self.population == Population::RollingYear { 3 } else { 0 };
        (0..back).fold(period, |period, _| period.previous())
    }

    fn proportion(&self, numerator: u64, denominator: u64, estimand: Estimand) -> ResultRow {
        let (low, high) = wilson(numerator as f64, denominator.max(1) as f64);
        let value = numerator as f64 / denominator.max(1) as f64;
        let row = self.statistic("rate", value, None, denominator, estimand);
        ResultRow {
            numerator: Some(numerator),
            denominator: Some(denominator),
            ci_low: Some(low),
            ci_high: Some(high),
            ci_level: Some(0.95),
            ci_method: Some("wilson".to_owned()),
            ..row
        }
    }

    fn statistic(&self, name: &str, value: f64, half: Option<f64>, n: u64, estimand: Estimand) -> ResultRow {
        let period = self.period.map_or_else(|| "all".to_owned(), |period| period.to_string());
        ResultRow {
            result_id: format!(
                "{}/{}/{period}/{}/{}/all/{}/{}/{name}",
                self.measure,
                self.population.id(),
                self.site,
                self.condition,
                self.horizon,
                estimand.id()
            ),
            measure_id: self.measure.to_owned(),
            measure_version: 1,
            population: self.population,
            site: self.site.to_owned(),
            condition: self.condition.to_owned(),
            stratum_name: "all".to_owned(),
            stratum_level: "all".to_owned(),
            period_start: self.period.map(|period| self.first(period).first_day()),
            period_end: self.period.map(Period::last_day),
            horizon: self.horizon.to_owned(),
            statistic: name.to_owned(),
            value: Some(value),
            unit: self.unit.to_owned(),
            n: Some(n),
            numerator: None,
            denominator: None,
            ci_low: half.map(|half| value - half),
            ci_high: half.map(|half| value + half),
            ci_level: half.map(|_| 0.95),
            ci_method: half.map(|_| "t".to_owned()),
            p_value: None,
            p_adjusted: None,
            adjust_method: None,
            estimand,
            suppression: Suppression::None,
            reason: None,
            status: "ok",
            message: None,
            maturity: self.maturity,
        }
    }
}

/// Wilson (1927), two-sided 95 %.
fn wilson(events: f64, of: f64) -> (f64, f64) {
    let z = 1.959_963_984_540_054_f64;
    let (p, zz) = (events / of, z * z);
    let center = (p + zz / (2.0 * of)) / (1.0 + zz / of);
    let half = z / (1.0 + zz / of) * (p * (1.0 - p) / of + zz / (4.0 * of * of)).sqrt();
    ((center - half).max(0.0), (center + half).min(1.0))
}

fn hide(row: ResultRow) -> ResultRow {
    ResultRow {
        value: None,
        n: None,
        numerator: None,
        denominator: None,
        ci_low: None,
        ci_high: None,
        suppression: Suppression::Primary,
        ..row
    }
}

/// A proportion of the newest quarter.
pub(crate) fn rate(numerator: u64, denominator: u64) -> ResultRow {
    Cell::default().proportion(numerator, denominator, Estimand::Nri)
}

/// A mean change with its interval.
pub(crate) fn change(value: f64, low: f64, high: f64) -> ResultRow {
    let cell = Cell { measure: "pain_delta", unit: "points", ..Cell::default() };
    ResultRow { ci_low: Some(low), ci_high: Some(high), ..cell.statistic("mean", value, Some(0.0), 100, Estimand::Oc) }
}

/// A hidden proportion.
pub(crate) fn hidden(reason: &str) -> ResultRow {
    ResultRow { reason: Some(reason.to_owned()), ..hide(rate(3, 4)) }
}
