//! Control charts, funnels, claims and maturity, as the tables of `tests/spec` say.

use relief::derive::episode::DataCut;
use relief::estimate::LEVEL;
use relief::estimate::statistics::claim::exact_binomial;
use relief::estimate::statistics::control_chart::{Phase, individuals, proportions};
use relief::estimate::statistics::proportion::wilson;
use relief::estimate::statistics::proportion_difference::Count;
use relief::estimate::statistics::signals::{Band, Rule};
use relief::model::calendar::{Day, Period};
use relief::model::horizon::Horizon;
use relief::protocol::{Direction, Side};
use relief::publish::reading::claim::Verdict;
use relief::publish::reading::site::{Signal, TAIL_95, TAIL_998, limits};
use relief::publish::reading::trend::Assurance;

use crate::table::{Row, tables};

/// To the last digit of the tables.
#[track_caller]
fn check(row: &Row<'_>, column: &str, found: f64) {
    let expected: f64 = row.get(column).parse().expect("a number");
    assert!((found - expected).abs() <= 0.500_1e-4, "{column} is {found} in {}", row.text());
}

fn gaps<T>(series: &str, read: impl Fn(&str) -> T) -> Vec<Option<T>> {
    series.split_whitespace().map(|text| (text != "-").then(|| read(text))).collect()
}

fn count(text: &str) -> Count {
    let (events, of) = text.split_once('/').expect("events/of");
    Count { events: events.parse().expect("a count"), of: of.parse().expect("a count") }
}

fn written(chart: &Phase) -> String {
    let at = |point: usize| {
        let rules: Vec<&str> = chart.signals.rules_at(point).into_iter().map(Rule::id).collect();
        (!rules.is_empty()).then(|| format!("{}: {}", point + 1, rules.join(", ")))
    };
    let marked: Vec<String> = (0..chart.bands.len()).filter_map(at).collect();
    if marked.is_empty() { "none".to_owned() } else { marked.join("; ") }
}

#[track_caller]
fn check_chart(row: &Row<'_>, chart: &Phase) {
    let band = chart.bands.iter().rev().copied().flatten().next().expect("a chart has a band");
    assert_eq!(row.get("rests on"), chart.baseline.to_string(), "{}", row.text());
    check(row, "centre", band.centre);
    check(row, "lower", band.low);
    check(row, "upper", band.high);
    assert_eq!(row.get("signals"), written(chart), "{}", row.text());
}

#[test]
fn control_charts_are_what_the_tables_say() {
    let [means, shares, none, targets] = &tables("control_chart")[..] else { panic!("four tables") };
    for row in means.rows() {
        let series = gaps(row.get("series"), |text| text.parse().expect("a number"));
        check_chart(&row, &individuals(&series).expect("a chart"));
    }
    for row in shares.rows() {
        let chart = proportions(&gaps(row.get("series"), count)).expect("a chart");
        assert_eq!(row.get("chart"), chart.family.id(), "{}", row.text());
        check_chart(&row, &chart);
    }
    for row in none.rows() {
        let why = proportions(&gaps(row.get("series"), count)).expect_err("no limits");
        assert_eq!(row.get("why"), why.to_string(), "{}", row.text());
    }
    for row in targets.rows() {
        let number = |column| row.get(column).parse::<f64>().expect("a number");
        let (low, high) = (number("lower"), number("upper"));
        let band = Band { centre: f64::midpoint(low, high), low, high, near_low: low, near_high: high };
        let better = match row.get("better") {
            "higher" => Direction::Higher,
            "lower" => Direction::Lower,
            _ => Direction::Neutral,
        };
        let found = Assurance::judge(number("target"), &band, better).map_or("none", Assurance::id);
        assert_eq!(row.get("state"), found, "{}", row.text());
    }
}

#[test]
fn claims_are_judged_as_the_table_says() {
    let [judged, lost] = &tables("claim")[..] else { panic!("two tables") };
    for row in lost.rows() {
        let Count { events, of } = count(row.get("x of n"));
        let missing: u64 = row.get("missing").parse().expect("a count");
        let claimed: f64 = row.get("claimed").parse().expect("a share");
        let side = if row.get("side") == "more than" { Side::MoreThan } else { Side::LessThan };
        let ends = |events| wilson(events, of, LEVEL).map(|ends| (ends.low, ends.high)).expect("patients");
        let [few, many] = [events, events + missing].map(ends);
        let [against, favour] = if side == Side::MoreThan { [few, many] } else { [many, few] };
        assert_eq!(row.get("verdict"), Verdict::judge([against, favour], claimed, side).id(), "{}", row.text());
    }
    for row in judged.rows() {
        let Count { events, of } = count(row.get("x of n"));
        let claimed: f64 = row.get("claimed").parse().expect("a share");
        let side = if row.get("side") == "more than" { Side::MoreThan } else { Side::LessThan };
        let interval = wilson(events, of, LEVEL).expect("patients");
        let test = exact_binomial(events, of, claimed).expect("a claim");
        let p = if side == Side::MoreThan { test.p_greater } else { test.p_less };
        check(&row, "rate", interval.estimate);
        check(&row, "low", interval.low);
        check(&row, "high", interval.high);
        let expected: f64 = row.get("p").parse().expect("a p-value");
        assert!((p / expected - 1.0).abs() < 1e-3, "p is {p} in {}", row.text());
        assert_eq!(row.get("verdict"), Verdict::judge([(interval.low, interval.high); 2], claimed, side).id());
    }
}

#[test]
fn sites_are_judged_as_the_table_says() {
    for row in tables("funnel").iter().flat_map(|table| table.rows().collect::<Vec<_>>()) {
        let site = count(row.get("site"));
        let target: f64 = row.get("overall").parse().expect("a share");
        let [inner, outer] = [TAIL_95, TAIL_998].map(|tail| limits(target, site.of, tail, 0.0).expect("a target"));
        check(&row, "low 95", inner.low);
        check(&row, "high 95", inner.high);
        check(&row, "low 99.8", outer.low);
        check(&row, "high 99.8", outer.high);
        let test = exact_binomial(site.events, site.of, target).expect("a target");
        check(&row, "tail", test.p_less.min(test.p_greater));
        let expected = match row.get("signal") {
            "inside" => Signal::Inside,
            "outside 95 %" => Signal::Outside95,
            _ => Signal::Outside998,
        };
        assert_eq!(expected, Signal::judge(site, target, 0.0), "{}", row.text());
    }
}

#[test]
fn periods_are_mature_when_the_table_says() {
    for row in tables("maturity").iter().flat_map(|table| table.rows().collect::<Vec<_>>()) {
        let period = Period::parse(row.get("period")).expect("a period");
        let horizon = Horizon::find(row.get("horizon")).expect("a horizon");
        let cut = Day::parse_iso(row.get("data cut").as_bytes()).expect("a day");
        let closed = DataCut::Dated(cut.0).closes(period, horizon.last);
        assert_eq!(row.get("maturity"), if closed { "mature" } else { "immature" }, "{}", row.text());
    }
}
