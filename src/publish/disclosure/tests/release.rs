//! What single releases look like.

use super::cohort::{People, by_site_and_condition, in_period, key, mean, of_people, place, rate, strict};
use crate::estimate::result::{CellKey, Estimand, Estimate, Population};
use crate::model::attrition::Attrition;
use crate::protocol::{DisclosureProfile, Rounding};
use crate::publish::disclosure::{COVERS, Released, release};
use crate::publish::results::{ResultRow, Suppression};

fn released(estimates: Vec<Estimate>, profile: &DisclosureProfile) -> Released {
    release(estimates, &[], &Attrition::default(), profile)
}

fn only(estimate: Estimate, profile: &DisclosureProfile) -> ResultRow {
    released(vec![estimate], profile).rows()[0].clone()
}

fn numbers(row: &ResultRow) -> [Option<f64>; 6] {
    let count = |count: Option<u64>| count.map(|count| count as f64);
    [row.value, row.ci_low, row.ci_high, row.ci_level, count(row.n), count(row.numerator)]
}

#[test]
fn a_large_cell_is_shown_whole() {
    let row = only(rate(key("response_30"), 20, 50), &strict(11));
    assert_eq!(numbers(&row), [Some(0.4), Some(0.1), Some(0.9), Some(0.95), Some(50.0), Some(20.0)]);
    assert_eq!((row.denominator, row.suppression, row.status), (Some(50), Suppression::None, "ok"));
}

#[test]
fn a_small_numerator_or_complement_hides_all_but_the_denominator() {
    for with in [3, 47] {
        let row = only(rate(key("response_30"), with, 50), &strict(11));
        assert_eq!(numbers(&row), [None, None, None, None, Some(50.0), None]);
        assert_eq!((row.suppression, row.reason.as_deref()), (Suppression::Complementary, Some(COVERS)));
        let alone = DisclosureProfile { complementary: false, ..strict(11) };
        let row = only(rate(key("response_30"), with, 50), &alone);
        assert_eq!(row.suppression, Suppression::Primary);
        assert_eq!(row.reason.as_deref(), Some("fewer than 11 with or without the outcome"));
    }
}

#[test]
fn a_small_group_is_hidden_whole_and_the_reason_says_nothing_of_its_size() {
    for n in 1..11 {
        for row in released(vec![mean(key("pain_delta"), n)], &strict(11)).rows() {
            assert_eq!(numbers(row), [None; 6]);
            assert_eq!((row.suppression, row.reason.as_deref()), (Suppression::Complementary, Some(COVERS)));
        }
    }
}

#[test]
fn nobody_is_shown_as_zero_with_the_reason_of_the_statistic() {
    let row = only(rate(key("response_30"), 0, 0), &strict(11));
    assert_eq!((row.n, row.value, row.suppression), (Some(0), None, Suppression::None));
    assert_eq!(row.reason.as_deref(), Some("no denominator"));
}

#[test]
fn everyone_or_no_one_is_shown_with_a_warning() {
    for with in [0, 40] {
        let row = only(rate(key("response_30"), with, 40), &strict(11));
        assert_eq!((row.value, row.status), (Some(with as f64 / 40.0), "warning"));
    }
}

#[test]
fn an_internal_profile_hides_small_denominators_alone() {
    let internal = DisclosureProfile { protect_numerator: false, complementary: false, ..strict(5) };
    let cells = [
        rate(CellKey { site: "a".to_owned(), ..key("response_30") }, 1, 6),
        rate(CellKey { site: "b".to_owned(), ..key("response_30") }, 1, 4),
        rate(key("response_30"), 2, 10),
    ];
    let shown = released(cells.to_vec(), &internal);
    let values: Vec<Option<u64>> = shown.rows().iter().map(|row| row.n).collect();
    assert_eq!(values, [Some(6), Some(10), None].map(|n| n).into_iter().collect::<Vec<_>>());
}

#[test]
fn few_missing_hide_the_observed_cases_and_leave_the_headline() {
    let people = People { half: 20, third: 20, less: 20, missing: 4 };
    let table = released(of_people(&key(""), people), &strict(11));
    for row in table.rows() {
        let hidden = row.estimand == Estimand::Oc;
        assert_eq!(row.value.is_none(), hidden, "{}", row.result_id);
        assert_eq!(row.n.is_none(), hidden, "{}", row.result_id);
    }
}

#[test]
fn few_missing_hide_the_best_case_that_counts_them_as_successes() {
    let cell = |estimand, with, of| rate(CellKey { estimand, ..key("response_30") }, with, of);
    let shown = |missing: u64| {
        let cells = [
            cell(Estimand::Nri, 40, 60 + missing),
            cell(Estimand::Oc, 40, 60),
            cell(Estimand::Best, 40 + missing, 60 + missing),
            cell(Estimand::Worst, 40, 60 + missing),
        ];
        released(cells.to_vec(), &strict(11)).rows().iter().map(|row| row.value.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(shown(4), [true, false, false, true]);
    assert_eq!(shown(12), [true; 4]);
}

#[test]
fn retention_shows_the_observed_only_where_they_are_shown_elsewhere() {
    let cells = [
        rate(key("response_30"), 30, 64),
        rate(CellKey { estimand: Estimand::Oc, ..key("response_30") }, 30, 60),
        rate(CellKey { measure_order: 1, ..key("retention") }, 60, 64),
    ];
    let table = released(cells.to_vec(), &strict(11));
    let shown: Vec<bool> = table.rows().iter().map(|row| row.value.is_some()).collect();
    assert_eq!(shown, [true, false, false], "four are missing");
}

#[test]
fn few_between_two_thresholds_hide_the_higher_one() {
    let people = People { half: 20, third: 4, less: 20, missing: 15 };
    let table = released(of_people(&key(""), people), &strict(11));
    for row in table.rows() {
        assert_eq!(row.value.is_none(), row.measure_id == "response_50", "{}", row.result_id);
        assert!(row.n.is_some());
    }
}

#[test]
fn a_hidden_site_takes_another_with_it_and_leaves_the_total() {
    let people = |n: u64| People { half: n, third: n, less: n, missing: n };
    let table = released(by_site_and_condition(&[vec![people(2)], vec![people(15)], vec![people(40)]]), &strict(11));
    let hidden: Vec<&str> = ["all", "site1", "site2", "site3"]
        .into_iter()
        .filter(|site| table.rows().iter().any(|row| row.site == *site && row.suppression.hides()))
        .collect();
    assert_eq!(hidden, ["site1", "site2"]);
}

#[test]
fn one_small_quarter_does_not_blank_a_series() {
    let sizes = [60, 4, 70, 80, 90, 100, 30, 65];
    let quarters = (1..=8).map(|at| format!("{}Q{}", 2024 + (at - 1) / 4, (at - 1) % 4 + 1));
    let mut cells: Vec<Estimate> = quarters
        .zip(sizes)
        .map(|(quarter, n)| mean(in_period(key("pain_delta"), Population::QuarterSeries, &quarter, &quarter), n))
        .collect();
    let newest: u64 = sizes[4..].iter().sum();
    cells.push(mean(in_period(key("pain_delta"), Population::RollingYear, "2025Q1", "2025Q4"), newest));
    cells.push(mean(in_period(key("pain_delta"), Population::ToDate, "2024Q1", "2025Q4"), sizes.iter().sum()));
    cells.push(mean(in_period(key("pain_delta"), Population::Quarter, "2025Q4", "2025Q4"), 65));
    let table = released(cells, &strict(11));
    let shown = |population| -> Vec<Option<u64>> {
        let rows = table.rows().iter().filter(|row| row.population == population && row.statistic == "mean");
        rows.map(|row| row.n).collect()
    };
    assert_eq!(
        shown(Population::QuarterSeries),
        [None, None, Some(70), Some(80), Some(90), Some(100), Some(30), Some(65)],
        "the small quarter needs another among the older ones, not among the newest four"
    );
    assert_eq!(shown(Population::RollingYear), [Some(285)]);
    assert_eq!(shown(Population::ToDate), [Some(499)]);
    assert_eq!(shown(Population::Quarter), [Some(65)]);
}

#[test]
fn the_headline_quarter_is_hidden_with_its_place_in_the_trend() {
    let newest = |population| mean(in_period(key("pain_delta"), population, "2025Q2", "2025Q2"), 30);
    let months = [(4, 12), (5, 13), (6, 5)];
    let mut cells = vec![newest(Population::Quarter), newest(Population::QuarterSeries)];
    cells.extend(months.map(|(month, n)| {
        let month = format!("2025-{month:02}");
        mean(in_period(key("pain_delta"), Population::Month, &month, &month), n)
    }));
    cells.push(mean(in_period(key("pain_delta"), Population::QuarterSeries, "2025Q1", "2025Q1"), 6));
    cells.push(mean(in_period(key("pain_delta"), Population::ToDate, "2025Q1", "2025Q2"), 36));
    let table = released(cells, &strict(11));
    let newest: Vec<&ResultRow> = table.rows().iter().filter(|row| row.result_id.contains("/2025Q2/")).collect();
    assert_eq!(newest.len(), 4);
    assert!(newest.iter().all(|row| row.suppression == Suppression::Complementary && row.n.is_none()));
}

#[test]
fn thresholds_of_a_curve_with_few_between_them_are_not_both_shown() {
    let at = [100, 95, 70, 69, 40, 0];
    let mut cells: Vec<Estimate> = at
        .iter()
        .enumerate()
        .map(|(position, &with)| {
            let level = (position * 10).to_string();
            let split = "at_least_percent".to_owned();
            rate(
                CellKey { stratum_name: split, stratum_order: position, stratum_level: level, ..key("curve") },
                with,
                120,
            )
        })
        .collect();
    cells.push(rate(key("response_30"), 69, 120));
    let table = released(cells, &strict(11));
    let shown: Vec<Option<u64>> =
        table.rows().iter().filter(|row| row.measure_id == "curve").map(|row| row.numerator).collect();
    assert_eq!(shown, [Some(100), None, None, Some(69), Some(40), Some(0)]);
    assert!(table.rows().iter().any(|row| row.measure_id == "response_30" && row.value.is_some()));
}

#[test]
fn a_split_is_divided_and_its_unnamed_rest_counts() {
    let level = |position: usize, level: &str, n| {
        let at = CellKey { stratum_order: position, stratum_level: level.to_owned(), ..key("pain_delta") };
        mean(CellKey { stratum_name: "sex".to_owned(), ..at }, n)
    };
    let table = |rest: u64| {
        let cells = vec![level(1, "female", 60), level(2, "male", 40), mean(key("pain_delta"), 100 + rest)];
        let table = released(cells, &strict(11));
        table.rows().iter().map(|row| row.n).step_by(2).collect::<Vec<_>>()
    };
    assert_eq!(table(0), [Some(100), Some(60), Some(40)]);
    assert_eq!(table(20), [Some(120), Some(60), Some(40)]);
    assert_eq!(table(3), [Some(103), Some(60), None], "three of unknown sex would follow");
}

#[test]
fn overlapping_conditions_are_not_taken_for_a_division() {
    let n = [100, 60, 55, 97];
    let cells = n.iter().enumerate().map(|(at, &n)| mean(CellKey { measure_order: 1, ..place(0, at) }, n)).collect();
    let table = released(cells, &strict(11));
    let shown: Vec<Option<u64>> = table.rows().iter().map(|row| row.n).step_by(2).collect();
    assert_eq!(shown, [Some(100), Some(60), Some(55), None], "three people without condition 3 would follow");
}

#[test]
fn rounding_comes_after_hiding_and_rates_follow_the_rounded_counts() {
    let public = DisclosureProfile { rounding: Rounding::Midpoint6, ..strict(11) };
    let row = only(rate(key("response_30"), 20, 50), &public);
    assert_eq!((row.numerator, row.n, row.value), (Some(21), Some(51), Some(21.0 / 51.0)));
    assert_eq!((row.suppression, row.ci_low, row.ci_method), (Suppression::Rounded, None, None));
    assert_eq!(only(mean(key("pain_delta"), 50), &public).value, Some(-2.3));
    let none = only(rate(key("response_30"), 0, 0), &public);
    assert_eq!((none.n, none.suppression), (Some(0), Suppression::Rounded));
    assert_eq!(only(rate(key("response_30"), 5, 50), &public).value, None);
}

#[test]
fn a_small_count_and_its_cover_are_called_alike() {
    let site = |site: &str, n| mean(CellKey { site: site.to_owned(), ..key("pain_delta") }, n);
    for (one, other) in [(10, 10), (5, 6), (5, 60)] {
        let table =
            released(vec![site("site1", one), site("site2", other), mean(key("pain_delta"), one + other)], &strict(11));
        let said: Vec<_> = table.rows().iter().map(|row| (row.suppression, row.reason.clone())).skip(2).collect();
        assert!(said.iter().all(|said| *said == (Suppression::Complementary, Some(COVERS.to_owned()))), "{said:?}");
    }
}

#[test]
fn a_step_that_removes_few_hides_a_neighbour_and_never_the_headline() {
    let mut flow = Attrition::default();
    flow.start("rows_read", "Rows read", "rows", 5_000);
    flow.keep("rows_accepted", "Rows accepted", 4_997);
    flow.start("patients", "Patients", "patients", 200);
    flow.keep("with_condition", "With a condition", 150);
    flow.keep("with_baseline", "With a baseline", 145);
    let estimate = mean(CellKey { population: Population::ToDate, ..key("pain_delta") }, 145);
    let table = release(vec![estimate], &[], &flow, &strict(11));
    let steps: Vec<(&str, &str, Option<f64>)> = table
        .rows()
        .iter()
        .filter(|row| row.measure_id == "attrition")
        .map(|row| (row.stratum_level.as_str(), row.statistic.as_str(), row.value))
        .collect();
    assert_eq!(
        steps,
        [
            ("rows_read", "count", Some(5_000.0)),
            ("rows_accepted", "count", None),
            ("rows_accepted", "removed", None),
            ("patients", "count", Some(200.0)),
            ("with_condition", "count", None),
            ("with_condition", "removed", None),
            ("with_baseline", "count", Some(145.0)),
            ("with_baseline", "removed", None),
        ]
    );
    assert!(table.rows().iter().any(|row| row.message.as_deref() == Some("With a baseline")));
    assert!(table.rows().iter().all(|row| row.measure_id != "pain_delta" || row.n == Some(145)));
}

#[test]
fn a_number_told_twice_by_the_flow_is_hidden_twice() {
    let mut flow = Attrition::default();
    flow.start("patients", "Patients", "patients", 200);
    flow.keep("treated", "Patients with an infusion", 196);
    flow.start("series", "Treatment series", "series", 250);
    flow.keep("first_series", "First series of a patient", 196);
    let table = release(Vec::new(), &[], &flow, &strict(11));
    let shown: Vec<Option<f64>> = table.rows().iter().map(|row| row.value).collect();
    assert_eq!(shown, [Some(200.0), None, None, Some(250.0), None, None]);
}

#[test]
fn undated_series_are_a_rest_of_everything_to_date() {
    let year = |population, n| mean(in_period(key("pain_delta"), population, "2025Q1", "2025Q4"), n);
    let shown = |undated: u64| {
        let cells = vec![year(Population::RollingYear, 80), year(Population::ToDate, 80 + undated)];
        released(cells, &strict(11)).rows().iter().map(|row| row.n).step_by(2).collect::<Vec<_>>()
    };
    assert_eq!(shown(0), [Some(80), Some(80)]);
    assert_eq!(shown(5), [None, Some(85)]);
    assert_eq!(shown(15), [Some(80), Some(95)]);
}

#[test]
#[should_panic(expected = "two results have one id")]
fn one_cell_twice_is_refused() {
    released(vec![rate(key("response_30"), 20, 50), rate(key("response_30"), 20, 50)], &strict(11));
}
