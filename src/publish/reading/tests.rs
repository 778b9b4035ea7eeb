//! Readings of invented rows: what is judged, what is not, and why not.

use super::claim::{self, Verdict};
use super::site::{self, Signal};
use super::trend::{self, Assurance, Variation};
use super::{RESTS_ON_HIDDEN, read};
use crate::estimate::result::{Estimand, Maturity, Population};
use crate::model::calendar::{Day, Period};
use crate::model::horizon::HORIZONS;
use crate::protocol::{Claim, Cohort, Protocol, Rebase, Side, Target};
use crate::publish::disclosure::Released;
use crate::publish::report::fixture::{self, Clinic};
use crate::publish::results::{ResultRow, Suppression};

/// Months of the stable series of `tests/spec/control_chart.md`.
const STABLE: [(u64, u64); 14] = [
    (55, 110),
    (54, 104),
    (53, 105),
    (62, 116),
    (47, 103),
    (53, 117),
    (74, 125),
    (49, 79),
    (56, 105),
    (44, 99),
    (52, 111),
    (49, 96),
    (60, 108),
    (54, 95),
];

fn row(measure: &str, population: Population, period: Period, site: &str, (events, of): (u64, u64)) -> ResultRow {
    let row = fixture::rate(events, of);
    ResultRow {
        result_id: format!("{measure}/{}/{period}/{site}/all/all/12w/NRI/rate", population.id()),
        measure_id: measure.to_owned(),
        population,
        site: site.to_owned(),
        period_start: Some(period.first_day()),
        period_end: Some(period.last_day()),
        value: (of > 0).then(|| events as f64 / of as f64),
        reason: (of == 0).then(|| "there are no observations".to_owned()),
        ..row
    }
}

fn hidden(row: ResultRow) -> ResultRow {
    ResultRow {
        result_id: row.result_id,
        period_start: row.period_start,
        period_end: row.period_end,
        population: row.population,
        site: row.site,
        measure_id: row.measure_id,
        estimand: row.estimand,
        ..fixture::hidden("fewer than 11")
    }
}

fn immature(row: ResultRow) -> ResultRow {
    ResultRow { maturity: Maturity::Immature, ..row }
}

fn months(counts: &[(u64, u64)]) -> Vec<ResultRow> {
    let mut month = Period::Month(2025, 1);
    let each = counts.iter().map(|&count| {
        let row = row("response_30", Population::Month, month, "all", count);
        month = month.next();
        row
    });
    each.collect()
}

fn protocol() -> Protocol {
    Protocol { claims: Vec::new(), targets: Vec::new(), ..Clinic::new(1).protocol() }
}

fn read_rows(rows: Vec<ResultRow>, protocol: &Protocol) -> Released {
    read(Released::fixture(rows, protocol.disclosure.clone()), protocol)
}

/// Rows of a statistic, in order.
fn of<'r>(released: &'r Released, statistic: &str) -> Vec<&'r ResultRow> {
    released.rows().iter().filter(|row| row.statistic == statistic).collect()
}

#[test]
fn a_stable_series_is_common_cause_with_its_limits_beside_every_month() {
    let released = read_rows(months(&STABLE), &protocol());
    assert_eq!(of(&released, trend::CENTRE).len(), 14);
    let variation = of(&released, trend::VARIATION)[0];
    assert_eq!(Variation::of(variation), Some(Variation::CommonCause));
    assert_eq!(variation.result_id, "response_30/month/2026-02/all/all/all/12w/NRI/variation");
    let baseline = of(&released, trend::POINTS)[0];
    assert_eq!((baseline.value, baseline.status, &baseline.message), (Some(12.0), "ok", &None));
    assert!(of(&released, trend::ASSURANCE).is_empty(), "nobody set a target");
}

#[test]
fn a_month_outside_is_named_with_its_rule_and_its_meaning() {
    let mut counts = STABLE.to_vec();
    counts[13] = (30, 95);
    let released = read_rows(months(&counts), &protocol());
    let signal = of(&released, trend::SIGNALS)[13];
    assert_eq!(signal.value, Some(1.0));
    assert_eq!(signal.message.as_deref(), Some("special_cause_concern: outside_limits"));
    assert_eq!(Variation::of(of(&released, trend::VARIATION)[0]), Some(Variation::Concern));
}

#[test]
fn an_immature_month_is_never_judged_however_far_out() {
    let mut rows = months(&STABLE);
    let extreme = row("response_30", Population::Month, Period::Month(2026, 3), "all", (1, 90));
    rows.push(immature(extreme));
    let released = read_rows(rows, &protocol());
    let signal = of(&released, trend::SIGNALS)[14];
    assert_eq!((signal.value, signal.maturity), (None, Maturity::Immature));
    assert!(signal.reason.as_deref().is_some_and(|reason| reason.contains("still open")));
    let variation = of(&released, trend::VARIATION)[0];
    assert_eq!(variation.period_start, Some(Period::Month(2026, 2).first_day()));
    assert_eq!(Variation::of(variation), Some(Variation::CommonCause));
}

#[test]
fn a_hidden_month_in_the_baseline_leaves_no_limits_and_a_later_one_a_gap() {
    let mut rows = months(&STABLE);
    rows[4] = hidden(rows[4].clone());
    let released = read_rows(rows, &protocol());
    assert!(of(&released, trend::CENTRE).is_empty() && of(&released, trend::SIGNALS).is_empty());
    let variation = of(&released, trend::VARIATION)[0];
    assert_eq!((variation.value, variation.suppression), (None, Suppression::Complementary));
    assert_eq!(variation.reason.as_deref(), Some(RESTS_ON_HIDDEN));

    let mut rows = months(&STABLE);
    rows[12] = hidden(rows[12].clone());
    let released = read_rows(rows, &protocol());
    assert_eq!(of(&released, trend::CENTRE).len(), 13);
    assert!(of(&released, trend::SIGNALS)[12].suppression.hides());
    assert_eq!(Variation::of(of(&released, trend::VARIATION)[0]), Some(Variation::CommonCause));
}

#[test]
fn nothing_one_month_and_empty_months_have_no_state() {
    assert!(read_rows(Vec::new(), &protocol()).rows().is_empty());
    for counts in [&[(3, 4)][..], &[(0, 0)][..], &STABLE[..5]] {
        let released = read_rows(months(counts), &protocol());
        assert!(of(&released, trend::CENTRE).is_empty());
        assert!(of(&released, trend::POINTS)[0].reason.is_some());
        assert!(of(&released, trend::VARIATION).iter().all(|row| row.value.is_none() && row.reason.is_some()));
    }
    let mut counts = STABLE.to_vec();
    counts[12] = (0, 0);
    let released = read_rows(months(&counts), &protocol());
    assert_eq!(of(&released, trend::SIGNALS)[12].value, None, "an empty month stays on the axis and is not judged");
    let all_hidden = months(&STABLE).into_iter().map(hidden).collect();
    let released = read_rows(all_hidden, &protocol());
    assert!(of(&released, trend::VARIATION)[0].suppression.hides());
}

#[test]
fn fewer_than_twelve_months_have_trial_limits_and_say_so() {
    let released = read_rows(months(&STABLE[..8]), &protocol());
    let baseline = of(&released, trend::POINTS)[0];
    assert_eq!((baseline.value, baseline.status), (Some(8.0), "warning"));
    assert!(baseline.message.as_deref().is_some_and(|message| message.starts_with("trial limits")));
}

#[test]
fn limits_start_anew_only_where_somebody_said_so_and_why() {
    let from = Period::Month(2025, 8).first_day();
    let rebase = |measure: Option<&str>| Rebase {
        from,
        measure: measure.map(str::to_owned),
        reason: "boosters moved to four weeks".to_owned(),
    };
    let other = Protocol { rebases: vec![rebase(Some("pain_delta"))], ..protocol() };
    assert_eq!(of(&read_rows(months(&STABLE), &other), trend::POINTS).len(), 1);
    let mine = Protocol { rebases: vec![rebase(None)], ..protocol() };
    let released = read_rows(months(&STABLE), &mine);
    let phases = of(&released, trend::POINTS);
    assert_eq!(phases.iter().map(|row| row.value).collect::<Vec<_>>(), [Some(7.0), Some(7.0)]);
    assert!(phases[1].message.as_deref().is_some_and(|message| message.contains("boosters moved")));
    let centre = of(&released, trend::CENTRE);
    assert_ne!(centre[6].value, centre[7].value);
    assert_eq!(of(&released, trend::VARIATION).len(), 1, "the state is that of the newest phase");
}

#[test]
fn a_target_is_met_missed_or_neither() {
    let found = |value: f64| {
        let target = Target { measure: "response_30".to_owned(), value, source: "board, 2026-01".to_owned() };
        let protocol = Protocol { targets: vec![target], ..protocol() };
        let released = read_rows(months(&STABLE), &protocol);
        Assurance::of(of(&released, trend::ASSURANCE)[0])
    };
    assert_eq!(found(0.30), Some(Assurance::Passing));
    assert_eq!(found(0.55), Some(Assurance::Inconsistent));
    assert_eq!(found(0.80), Some(Assurance::Failing));
}

fn sites(counts: &[(u64, u64)]) -> Vec<ResultRow> {
    let quarter = Period::Quarter(2026, 1);
    let place = |site: &str, count| row("response_30", Population::RollingYear, quarter, site, count);
    let total = counts.iter().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    let each = counts.iter().enumerate().map(|(at, &count)| place(&format!("s{at:02}"), count));
    std::iter::once(place("all", total)).chain(each).collect()
}

#[test]
fn one_site_has_no_funnel_and_a_hidden_one_no_limits() {
    assert!(of(&read_rows(sites(&[(60, 100)]), &protocol()), site::SIGNAL).is_empty());
    let mut rows = sites(&[(60, 100), (140, 200), (3, 5)]);
    rows[3] = hidden(rows[3].clone());
    let released = read_rows(rows, &protocol());
    let signals = of(&released, site::SIGNAL);
    assert_eq!(signals.iter().map(|row| Signal::of(row)).collect::<Vec<_>>()[..2], [Some(Signal::Inside); 2]);
    assert!(signals[2].suppression.hides() && signals[2].value.is_none());
    assert_eq!(of(&released, "funnel_low_95").len(), 2);
    let mut rows = sites(&[(60, 100), (140, 200)]);
    rows[0] = hidden(rows[0].clone());
    let released = read_rows(rows, &protocol());
    assert!(of(&released, site::SIGNAL).iter().all(|row| row.suppression.hides()), "no target, no limits");
}

#[test]
fn a_site_that_lost_too_many_is_not_judged() {
    let mut rows = sites(&[(60, 100), (20, 200)]);
    rows[2].message = Some("not interpretable: fewer than 60 % of those due have an outcome".to_owned());
    let released = read_rows(rows, &protocol());
    let signals: Vec<Option<Signal>> = of(&released, site::SIGNAL).iter().map(|row| Signal::of(row)).collect();
    assert_eq!(signals, [Some(Signal::Outside998), None]);
}

#[test]
fn a_site_without_patients_is_not_judged() {
    let released = read_rows(sites(&[(60, 100), (0, 0)]), &protocol());
    let signals = of(&released, site::SIGNAL);
    assert_eq!((signals[1].value, signals[1].suppression), (None, Suppression::None));
}

#[test]
fn differences_between_sites_are_allowed_for_from_ten_sites_on() {
    // The sites of `funnel::tests::overdispersion_equals_numpy`.
    let counts = [
        (70, 100),
        (55, 90),
        (90, 110),
        (40, 80),
        (66, 95),
        (81, 100),
        (72, 120),
        (60, 85),
        (95, 115),
        (50, 90),
        (77, 100),
        (64, 105),
    ];
    let nine = read_rows(sites(&counts[..9]), &protocol());
    assert_eq!(of(&nine, site::TAU_SQUARED)[0].value, Some(0.0));
    let twelve = read_rows(sites(&counts), &protocol());
    assert!(of(&twelve, site::TAU_SQUARED)[0].value.is_some_and(|tau| tau > 0.001));
    let method = |released: &Released| of(released, "funnel_low_95")[0].ci_method.clone();
    assert_eq!(method(&nine).as_deref(), Some("funnel_exact_interpolated"));
    assert_eq!(method(&twelve).as_deref(), Some("funnel_overdispersed"));
}

fn claimed(share: Option<f64>, direction: Side) -> Protocol {
    let claim = Claim {
        id: "relief".to_owned(),
        text: "Over 70 % of patients have meaningful relief".to_owned(),
        source: "web page".to_owned(),
        date: Day::parse_iso(b"2026-07-01").expect("a date"),
        measure: "response_30".to_owned(),
        horizon: HORIZONS[2],
        population: Cohort::RollingYear,
        direction,
        share,
    };
    Protocol { claims: vec![claim], ..protocol() }
}

/// The claim's row when `events` of `of` are known to respond and `seen` were seen.
fn checked(protocol: &Protocol, (events, of): (u64, u64), seen: u64) -> ResultRow {
    let base = row("response_30", Population::RollingYear, Period::Quarter(2026, 1), "all", (events, of));
    let observed = ResultRow {
        result_id: base.result_id.replace("NRI", "OC"),
        estimand: Estimand::Oc,
        ..row("response_30", Population::RollingYear, Period::Quarter(2026, 1), "all", (events, seen))
    };
    let released = read_rows(vec![base, observed], protocol);
    claim::found(&protocol.claims[0], claim::RATE, &released).expect("a claim has its row").clone()
}

#[test]
fn a_claim_is_supported_only_when_the_whole_interval_is_above_it() {
    let protocol = claimed(Some(0.7), Side::MoreThan);
    let verdict = |counts, seen| Verdict::of(&checked(&protocol, counts, seen));
    assert_eq!(verdict((81, 100), 95), Some(Verdict::Supports));
    assert_eq!(verdict((78, 100), 95), Some(Verdict::Neither));
    assert_eq!(verdict((60, 100), 100), Some(Verdict::Contradicts));
    // 60 of 100 fall short, and 80 of 100 would not.
    assert_eq!(verdict((60, 100), 80), Some(Verdict::Neither));
    assert_eq!(verdict((55, 100), 59), Some(Verdict::NotInterpretable));
    assert_eq!(checked(&protocol, (55, 100), 59).p_value, None, "what is not compared has no test");
    assert_eq!(verdict((55, 100), 60), Some(Verdict::Neither), "three of five are enough");
    let row = checked(&protocol, (81, 100), 95);
    assert!((row.p_value.expect("a test") / 8.887e-3 - 1.0).abs() < 1e-3, "scipy 1.17.1 binomtest");
    assert_eq!(row.result_id, "response_30/rolling_year/2026Q1/all/all/claim=relief/12w/NRI/claim_rate");
}

#[test]
fn missing_outcomes_count_against_a_claim_of_less_as_well() {
    let protocol = claimed(Some(0.1), Side::LessThan);
    let row = checked(&protocol, (1, 100), 97);
    assert_eq!((row.numerator, row.estimand), (Some(4), Estimand::Best), "one known and three missing");
    assert_eq!(Verdict::of(&row), Some(Verdict::Supports));
    assert_eq!(Verdict::of(&checked(&protocol, (1, 100), 90)), Some(Verdict::Neither));
}

#[test]
fn a_claim_without_a_number_is_neither_and_one_on_hidden_numbers_unknown() {
    let vague = claimed(None, Side::MoreThan);
    let row = checked(&vague, (81, 100), 95);
    assert_eq!((Verdict::of(&row), row.p_value), (Some(Verdict::NamesNoNumber), None));
    let protocol = claimed(Some(0.7), Side::MoreThan);
    assert_eq!(Verdict::of(&checked(&protocol, (0, 0), 0)), Some(Verdict::Unknown));
    let base = row_of_year();
    let released = read_rows(vec![hidden(base)], &protocol);
    let row = claim::found(&protocol.claims[0], claim::RATE, &released).expect("a row that says so");
    assert_eq!((Verdict::of(row), row.value), (Some(Verdict::Unknown), None));
    assert!(row.suppression.hides());
    assert!(claim::found(&protocol.claims[0], claim::RATE, &read_rows(Vec::new(), &protocol)).is_none());
}

fn row_of_year() -> ResultRow {
    row("response_30", Population::RollingYear, Period::Quarter(2026, 1), "all", (60, 100))
}
