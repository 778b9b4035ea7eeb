//! Laws that the statistics hold for any input, not only for the golden cases.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::Config;
use relief::estimate::statistics::bootstrap::{Plan, Statistic, bca, bca_tally};
use relief::estimate::statistics::contingency::{Table, pearson, yates};
use relief::estimate::statistics::distribution::beta::Beta;
use relief::estimate::statistics::distribution::binomial::Binomial;
use relief::estimate::statistics::distribution::gamma::{Gamma, chi_squared_upper_tail};
use relief::estimate::statistics::distribution::normal;
use relief::estimate::statistics::distribution::student_t::StudentT;
use relief::estimate::statistics::lifetimes::{Lifetimes, TimePoint};
use relief::estimate::statistics::partial_pooling::{maximum_likelihood, moments, partial_pooling};
use relief::estimate::statistics::proportion_difference::{Count, PairedCounts, newcombe, newcombe_paired};
use relief::estimate::statistics::signed_rank::{Continuity, Zeros, approximate, exact, signed_rank};
use relief::estimate::statistics::xmr::{Screening, xmr};
use relief::estimate::statistics::{
    IntervalEstimate, Undefined, Values, Weighted, claim, effect_size, fisher, funnel, hodges_lehmann, kaplan_meier,
    kruskal_wallis, log_rank, mcnemar, mean, median, multiplicity, p_chart, proportion, rate,
};

/// Longer than any call may take, on a busy machine.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Calls, and holds the call to its time.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "the law is that a call does not hang")]
fn timely<T>(what: &str, call: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = call();
    let took = started.elapsed();
    assert!(took < PATIENCE, "{what} took {took:?}");
    result
}

/// Every number in the debug form of a result is finite.
#[track_caller]
fn all_finite(result: &impl std::fmt::Debug) {
    let text = format!("{result:?}");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words {
        assert!(word != "NaN" && word != "inf", "{text}");
    }
}

fn wild() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |x| x.is_finite()),
        -1e3..1e3,
        0.0..1.0,
        Just(0.0),
        Just(1.0),
        Just(f64::MIN_POSITIVE),
        (0.0..20.0).prop_map(|e: f64| 10_f64.powf(e)),
        (0.0..300.0).prop_map(|e: f64| 10_f64.powf(-e)),
    ]
}

fn wild_count() -> impl Strategy<Value = u64> {
    prop_oneof![0..50_u64, any::<u64>(), 0..20_000_000_u64, (0..63_u32).prop_map(|bit| 1 << bit)]
}

fn level() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.8), Just(0.9), Just(0.95), Just(0.99), Just(0.999), 0.01..0.999_999]
}

/// Ratings and decimals, with ties and zeros.
fn sample(most: usize) -> impl Strategy<Value = Vec<f64>> {
    let rating = (-10..=10_i32).prop_map(f64::from);
    let tenths = (-100..=100_i32).prop_map(|t| f64::from(t) / 10.0);
    prop_oneof![vec(rating, 0..most), vec(tenths, 0..most), vec(-5.0..5.0, 0..most)]
}

/// The same sample through the other door: counted, and in another order.
fn counted(values: &[f64]) -> Values {
    let halves = values.iter().rev().map(|&value| Weighted { value, count: 1 });
    Values::from_tally(halves).expect("a small sample of numbers")
}

fn tally(values: &[f64]) -> Values {
    Values::from_slice(values).expect("a small sample of numbers")
}

fn inside(ci: IntervalEstimate) -> bool {
    (0.0..=ci.estimate).contains(&ci.low) && (ci.estimate..=1.0).contains(&ci.high)
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, max_shrink_iters: 300, ..Config::default() })]

    #[test]
    fn proportions_stay_between_zero_and_one(of in 1..20_000_000_u64, share in 0.0..=1.0, level in level()) {
        let events = share_of(share, of);
        for method in [proportion::wilson, proportion::wilson_continuity, proportion::clopper_pearson] {
            let ci = timely("an interval", || method(events, of, level)).expect("a proportion");
            prop_assert!(inside(ci), "{ci:?}");
        }
        let jeffreys = proportion::jeffreys(events, of, level).expect("a proportion").shown;
        prop_assert!((0.0..=1.0).contains(&jeffreys.low) && jeffreys.low <= jeffreys.high);
        prop_assert!(jeffreys.high <= 1.0);
    }

    #[test]
    fn wilson_is_symmetric(of in 1..100_000_u64, share in 0.0..=1.0, level in level()) {
        let events = share_of(share, of);
        let (yes, no) = (proportion::wilson(events, of, level), proportion::wilson(of - events, of, level));
        let (yes, no) = (yes.expect("a proportion"), no.expect("a proportion"));
        prop_assert!((yes.low - (1.0 - no.high)).abs() < 1e-14);
        prop_assert!((yes.high - (1.0 - no.low)).abs() < 1e-14);
    }

    #[test]
    fn clopper_pearson_holds_wilson_s_estimate_and_inverts_the_claim_test(
        of in 1..5_000_u64, share in 0.0..=1.0,
    ) {
        let events = share_of(share, of);
        let ci = proportion::clopper_pearson(events, of, 0.9).expect("a proportion");
        if events > 0 {
            let p = claim::exact_binomial(events, of, ci.low).expect("a claim").p_greater;
            prop_assert!((p / 0.05 - 1.0).abs() < 1e-9, "{p}");
        }
        if events < of {
            let p = claim::exact_binomial(events, of, ci.high).expect("a claim").p_less;
            prop_assert!((p / 0.05 - 1.0).abs() < 1e-7, "{p}");
        }
    }

    #[test]
    fn newcombe_changes_sign_with_the_groups(
        n1 in 1..500_u64, n2 in 1..500_u64, s1 in 0.0..=1.0, s2 in 0.0..=1.0, level in level(),
    ) {
        let (a, b) = (Count { events: share_of(s1, n1), of: n1 }, Count { events: share_of(s2, n2), of: n2 });
        let (ab, ba) = (newcombe(a, b, level), newcombe(b, a, level));
        let (ab, ba) = (ab.expect("two groups"), ba.expect("two groups"));
        prop_assert!((ab.low + ba.high).abs() < 1e-12 && (ab.high + ba.low).abs() < 1e-12);
        prop_assert!((-1.0..=ab.estimate).contains(&ab.low) && (ab.estimate..=1.0).contains(&ab.high));
    }

    #[test]
    fn a_slice_and_its_tally_agree(values in sample(80), level in level()) {
        let (slice, tally) = (tally(&values), counted(&values));
        prop_assert_eq!(&slice, &tally);
        prop_assert_eq!(mean::t_interval(&slice, level), mean::t_interval(&tally, level));
        prop_assert_eq!(median::order_statistic_interval(&slice, level), median::order_statistic_interval(&tally, level));
        prop_assert_eq!(hodges_lehmann::hodges_lehmann(&slice, level), hodges_lehmann::hodges_lehmann(&tally, level));
        prop_assert_eq!(signed_rank(&slice, Zeros::Pratt), signed_rank(&tally, Zeros::Pratt));
        let mut ascending = values.clone();
        ascending.sort_by(f64::total_cmp);
        for value in &mut ascending {
            *value += 0.0;
        }
        let plan = Plan { statistic: Statistic::Mean, replicates: 50, seed: 7, level };
        prop_assert_eq!(bca(&ascending, &plan), bca_tally(&tally, &plan));
    }

    #[test]
    fn hodges_lehmann_equals_brute_force(values in sample(30)) {
        let mut walsh: Vec<f64> = Vec::new();
        for (i, a) in values.iter().enumerate() {
            walsh.extend(values[i..].iter().map(|b| (a + b) / 2.0));
        }
        walsh.sort_by(f64::total_cmp);
        let found = hodges_lehmann::estimate(&tally(&values));
        if walsh.is_empty() {
            prop_assert_eq!(found, Err(Undefined::NoObservations));
        } else {
            let middle = f64::midpoint(walsh[(walsh.len() - 1) / 2], walsh[walsh.len() / 2]);
            prop_assert!((found.expect("observations") - middle).abs() < 1e-12);
        }
    }

    #[test]
    fn signed_rank_equals_all_sign_patterns(values in vec(-4..=4_i32, 1..11), pratt in any::<bool>()) {
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let zeros = if pratt { Zeros::Pratt } else { Zeros::Wilcoxon };
        if let Ok(test) = exact(&tally(&values), zeros) {
            let p = by_enumeration(&values, zeros);
            prop_assert!((test.p_less - p.0).abs() < 1e-12 && (test.p_greater - p.1).abs() < 1e-12);
        }
        let mirrored: Vec<f64> = values.iter().map(|v| -v).collect();
        let both = [&values, &mirrored].map(|v| approximate(&tally(v), zeros, Continuity::Corrected));
        if let [Ok(one), Ok(other)] = both {
            prop_assert!((one.z + other.z).abs() < 1e-12);
        }
    }

    #[test]
    fn adjusted_p_values_are_larger_and_keep_their_order(p in vec(0.0..=1.0, 0..30)) {
        let given: Vec<Option<f64>> = p.iter().copied().map(Some).collect();
        let holm: Vec<f64> = multiplicity::holm(&given).expect("p-values").into_iter().flatten().collect();
        let bh: Vec<f64> = multiplicity::benjamini_hochberg(&given).expect("p-values").into_iter().flatten().collect();
        for (i, &raw) in p.iter().enumerate() {
            prop_assert!(raw <= bh[i] * (1.0 + 1e-12) && bh[i] <= holm[i] * (1.0 + 1e-12) && holm[i] <= 1.0);
            for (j, &other) in p.iter().enumerate() {
                prop_assert!(raw > other || (holm[i] <= holm[j] && bh[i] <= bh[j]));
            }
        }
    }

    #[test]
    fn survival_never_rises(times in vec((0..40_u32, any::<bool>()), 1..60), level in level()) {
        let (time, event): (Vec<f64>, Vec<bool>) = times.into_iter().map(|(t, e)| (f64::from(t), e)).unzip();
        let sample = Lifetimes::from_slices(&time, &event).expect("pairs");
        let counted = sample.points().iter().rev().copied();
        prop_assert_eq!(&sample, &Lifetimes::from_tally(counted).expect("pairs"));
        let curve = kaplan_meier::kaplan_meier(&sample, level).expect("patients");
        let mut last = 1.0;
        for step in &curve.steps {
            prop_assert!(step.survival <= last);
            last = step.survival;
            if let Ok(limits) = step.limits {
                prop_assert!(limits.low <= step.survival && step.survival <= limits.high && limits.high <= 1.0);
            }
        }
        if let Ok(same) = log_rank::log_rank(&sample, &sample) {
            prop_assert!(same.chi_squared < 1e-12 && same.p > 0.999);
        }
    }

    #[test]
    fn a_flat_series_has_no_flags(value in -1e6..1e6, n in 1..60_usize) {
        for screening in [Screening::DropOutlyingRanges, Screening::KeepAll] {
            let chart = xmr(&vec![value; n], screening).expect("points");
            prop_assert!((0..n).all(|point| chart.signals.rules_at(point).is_empty()));
        }
    }

    #[test]
    fn a_long_run_or_trend_is_flagged(length in 7..20_usize) {
        let rising: Vec<f64> = (0..length).map(|i| f64::from(u8::try_from(i).expect("small"))).collect();
        let chart = xmr(&rising, Screening::DropOutlyingRanges).expect("points");
        prop_assert!(chart.signals.trend.iter().all(|&marked| marked));
    }

    #[test]
    fn fisher_equals_its_table_of_any_size(rows in vec(vec(0..9_u64, 2), 2)) {
        if let Ok(table) = Table::new(&rows) {
            let two = fisher::two_by_two(&table).expect("two by two");
            let any = fisher::r_by_c(&table, 10, 1).expect("small");
            prop_assert!((two.p_two_sided - any.p_two_sided).abs() < 1e-9);
            prop_assert!(two.p_less + two.p_greater > 1.0 - 1e-9);
        }
    }

    #[test]
    fn quantiles_invert_tails(a in 0.05..3e4, b in 0.05..3e4, p in 1e-9..1.0) {
        let beta = Beta::new(a, b).expect("shapes");
        let point = beta.point_below(p).expect("a probability");
        if point.x > 1e-250 && point.complement > 1e-250 {
            let back = beta.tails_at(point);
            prop_assert!((back.lower / p - 1.0).abs() < 1e-9, "{a} {b} {p} {back:?}");
        }
        let gamma = Gamma::new(a).expect("a shape");
        let x = gamma.quantile(p).expect("a probability");
        prop_assert!(x < 1e-250 || (gamma.tails(x).lower / p - 1.0).abs() < 1e-9);
        let t = StudentT::new(b).expect("degrees").quantile(p).expect("a probability");
        prop_assert!(t.abs() > 1e100 || (StudentT::new(b).expect("degrees").upper_tail(-t) / p - 1.0).abs() < 1e-9);
    }

    #[test]
    fn distributions_answer_wild_arguments(x in wild(), a in wild(), b in wild(), k in wild_count(), n in wild_count()) {
        if let Ok(beta) = Beta::new(a, b) {
            all_finite(&timely("beta tails", || beta.tails(x)));
            all_finite(&timely("beta quantile", || beta.quantile(x)));
            all_finite(&timely("beta upper quantile", || beta.upper_quantile(x)));
        }
        if let Ok(gamma) = Gamma::new(a) {
            all_finite(&timely("gamma tails", || gamma.tails(x)));
            all_finite(&timely("gamma quantile", || gamma.quantile(x)));
        }
        if let Ok(t) = StudentT::new(a) {
            all_finite(&timely("t tail", || t.upper_tail(x)));
            all_finite(&timely("t quantile", || t.quantile(x)));
        }
        if let Ok(binomial) = Binomial::new(n, x) {
            let all = || (binomial.at_most(k), binomial.at_least(k), binomial.density(k));
            all_finite(&timely("binomial", all));
            all_finite(&timely("binomial quantile", || binomial.quantile(x)));
        }
        all_finite(&timely("normal", || (normal::upper_tail(x), normal::quantile(x))));
        all_finite(&timely("chi-squared", || chi_squared_upper_tail(x, n)));
    }

    #[test]
    fn counts_answer_wild_arguments(
        x in wild_count(), n in wild_count(), y in wild_count(), m in wild_count(), level in wild(), p in wild(),
    ) {
        all_finite(&timely("wilson", || proportion::wilson(x, n, level)));
        all_finite(&timely("wilson cc", || proportion::wilson_continuity(x, n, level)));
        all_finite(&timely("clopper", || proportion::clopper_pearson(x, n, level)));
        all_finite(&timely("jeffreys", || proportion::jeffreys(x, n, level)));
        let (one, two) = (Count { events: x, of: n }, Count { events: y, of: m });
        all_finite(&timely("newcombe", || newcombe(one, two, level)));
        let cells = PairedCounts { both: x, first_only: n, second_only: y, neither: m };
        all_finite(&timely("paired", || newcombe_paired(cells, level)));
        all_finite(&timely("claim", || claim::exact_binomial(x, n, p)));
        all_finite(&timely("garwood", || rate::garwood(x, p, 100.0, level)));
        all_finite(&timely("mcnemar", || mcnemar::mcnemar(x, n)));
        all_finite(&timely("j", || effect_size::hedges_j(x)));
        all_finite(&timely("funnel", || funnel::exact_limits(p, n, level)));
        all_finite(&timely("p chart", || p_chart::p_chart(&[one, two])));
        all_finite(&timely("moments", || moments(&[one, two])));
        if let Ok(table) = Table::new(&[vec![x, n], vec![y, m]]) {
            all_finite(&timely("chi-squared", || (pearson(&table), yates(&table))));
            all_finite(&timely("fisher", || fisher::two_by_two(&table)));
            all_finite(&timely("fisher any", || fisher::r_by_c(&table, 100, 1)));
        }
    }

    #[test]
    fn samples_answer_wild_arguments(values in vec(wild(), 0..12), counts in vec(wild_count(), 12), level in wild()) {
        let pairs = values.iter().zip(&counts).map(|(&value, &count)| Weighted { value, count });
        for sample in [Values::from_slice(&values), Values::from_tally(pairs)].into_iter().flatten() {
            all_finite(&timely("t", || (mean::t_interval(&sample, level), mean::paired_t(&sample))));
            all_finite(&timely("median", || median::order_statistic_interval(&sample, level)));
            all_finite(&timely("hl", || hodges_lehmann::hodges_lehmann(&sample, level)));
            all_finite(&timely("ranks", || signed_rank(&sample, Zeros::Pratt)));
            all_finite(&timely("effects", || effect_size::effect_sizes(&sample, &sample, &sample)));
            let plan = Plan { statistic: Statistic::Mean, replicates: 60, seed: 1, level: 0.95 };
            all_finite(&timely("bca", || bca_tally(&sample, &plan)));
            let middle = Plan { statistic: Statistic::Median, ..plan };
            all_finite(&timely("bca median", || bca_tally(&sample, &middle)));
            all_finite(&timely("kruskal", || kruskal_wallis::kruskal_wallis(&[sample.clone(), sample.clone()])));
        }
        all_finite(&timely("xmr", || xmr(&values, Screening::DropOutlyingRanges)));
        let points = values.iter().zip(&counts).map(|(&time, &count)| TimePoint { time, events: count / 2, censored: count / 3 });
        if let Ok(lifetimes) = Lifetimes::from_tally(points) {
            all_finite(&timely("km", || kaplan_meier::kaplan_meier(&lifetimes, level)));
            all_finite(&timely("log-rank", || log_rank::log_rank(&lifetimes, &lifetimes)));
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, max_shrink_iters: 300, ..Config::default() })]

    #[test]
    fn shrunken_rates_lie_between_raw_and_common(groups in vec((0.0..=1.0, 1..60_u64), 3..9)) {
        let groups: Vec<Count> = groups.into_iter().map(|(s, of)| Count { events: share_of(s, of), of }).collect();
        let result = timely("pooling", || partial_pooling(&groups, 0.95));
        if let Ok(result) = result {
            for group in &result.groups {
                let ci = group.shrunk;
                prop_assert!(0.0 < ci.low && ci.low < ci.estimate && ci.estimate < ci.high && ci.high < 1.0, "{ci:?}");
            }
        }
        let fit = maximum_likelihood(&groups).expect("observations");
        prop_assert!(fit.negative_ln_likelihood <= fit.negative_ln_likelihood_pooled + 1e-9);
    }

    #[test]
    fn pooling_answers_wild_counts(groups in vec((wild_count(), wild_count()), 0..8), level in wild()) {
        let groups: Vec<Count> = groups
            .into_iter()
            .map(|(a, b)| Count { events: a.min(b), of: a.max(b) })
            .collect();
        all_finite(&timely("pooling", || partial_pooling(&groups, level)));
        all_finite(&timely("likelihood", || maximum_likelihood(&groups)));
        all_finite(&timely("overdispersion", || funnel::overdispersion(&groups, 0.7)));
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a small count"
)]
fn share_of(share: f64, of: u64) -> u64 {
    ((share * of as f64).round() as u64).min(of)
}

/// P(W <= w) and P(W >= w) over all sign patterns of the non-zero differences.
fn by_enumeration(values: &[f64], zeros: Zeros) -> (f64, f64) {
    let kept: Vec<f64> = values.iter().copied().filter(|v| zeros == Zeros::Pratt || v.abs() > 0.0).collect();
    let rank = |v: f64| {
        let below = kept.iter().filter(|o| o.abs() < v.abs() - 1e-9).count();
        let tied = kept.iter().filter(|o| (o.abs() - v.abs()).abs() < 1e-9).count();
        2 * below + tied + 1
    };
    let signed: Vec<(usize, bool)> = kept.iter().filter(|v| v.abs() > 0.0).map(|&v| (rank(v), v > 0.0)).collect();
    let observed: usize = signed.iter().filter(|(_, up)| *up).map(|(rank, _)| rank).sum();
    let patterns = 1_u32 << signed.len();
    let sums = (0..patterns).map(|bits| {
        signed.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, (rank, _))| rank).sum::<usize>()
    });
    let sums: Vec<usize> = sums.collect();
    let share = |count: usize| f64::from(u32::try_from(count).expect("2^10")) / f64::from(patterns);
    (
        share(sums.iter().filter(|&&sum| sum <= observed).count()),
        share(sums.iter().filter(|&&sum| sum >= observed).count()),
    )
}
