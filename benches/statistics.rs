//! What the statistics of a report cost: 32 groups with bootstrap, and p-values at n = 10^7.
//!
//! `cargo bench --bench statistics` prints the milliseconds of each; the goal is 50 ms for
//! the 32 groups on one core.
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::hint::black_box;
use std::time::Instant;

use relief::estimate::statistics::bootstrap::{Plan, Statistic, bca_tally};
use relief::estimate::statistics::contingency::{Table, pearson};
use relief::estimate::statistics::partial_pooling::partial_pooling;
use relief::estimate::statistics::proportion_difference::{Count, newcombe};
use relief::estimate::statistics::random::SplitMix64;
use relief::estimate::statistics::signed_rank::{Zeros, signed_rank};
use relief::estimate::statistics::{
    Values, claim, effect_size, fisher, hodges_lehmann, mcnemar, mean, median, proportion,
};

/// A group as a report has it: changes, and scores before and after.
struct Group {
    change: Values,
    before: Values,
    after: Values,
}

fn main() {
    for n in [60, 300, 1_000, 1_000_000] {
        let groups: Vec<Group> = (0..32).map(|seed| group(n, seed)).collect();
        report(&format!("32 groups of {n}, all but the bootstrap"), || groups.iter().for_each(all_statistics));
        report(&format!("32 groups of {n}, BCa 2000 of the mean"), || groups.iter().for_each(bootstrap));
    }
    let ten_million = 10_000_000;
    report("exact binomial, 7,005,000 of 10^7", || {
        black_box(claim::exact_binomial(7_005_000, ten_million, 0.7)).expect("a claim");
    });
    report("Clopper-Pearson, 7,005,000 of 10^7", || {
        black_box(proportion::clopper_pearson(7_005_000, ten_million, 0.95)).expect("a proportion");
    });
    report("McNemar, 100,000 and 99,000", || {
        black_box(mcnemar::mcnemar(100_000, 99_000)).expect("counts");
    });
    let table = Table::new(&[vec![3_500_000, 1_500_000], vec![3_502_000, 1_498_000]]).expect("a table");
    report("Fisher 2 x 2 and chi-squared, n = 10^7", || {
        black_box((fisher::two_by_two(&table).expect("2 x 2"), pearson(&table).expect("2 x 2")));
    });
    let conditions: Vec<Count> = (1..=20).map(|i| Count { events: 2 * i, of: 3 * i + 4 }).collect();
    report("partial pooling of 20 conditions", || {
        black_box(partial_pooling(&conditions, 0.95)).expect("conditions");
    });
    let distinct: Vec<f64> = (0..1_000_000_u32).map(|i| f64::from(i).sqrt()).collect();
    let continuous = Values::from_slice(&distinct).expect("numbers");
    report("Hodges-Lehmann, 10^6 distinct values", || {
        black_box(hodges_lehmann::hodges_lehmann(&continuous, 0.95)).expect("numbers");
    });
}

/// The fastest of three runs, in milliseconds.
#[expect(clippy::disallowed_methods, reason = "a benchmark is about time")]
fn report(what: &str, run: impl Fn()) {
    let time = |_| {
        let started = Instant::now();
        run();
        started.elapsed().as_secs_f64() * 1e3
    };
    let best = (0..3).map(time).fold(f64::INFINITY, f64::min);
    println!("{best:10.3} ms  {what}");
}

/// Scores of 0 to 10 around 7 before and 4 after.
fn group(n: u32, seed: u64) -> Group {
    let mut random = SplitMix64::new(seed);
    let mut score = |centre: f64| (centre + 6.0 * (random.unit() - random.unit())).clamp(0.0, 10.0).round();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for _ in 0..n {
        before.push(score(7.0));
        after.push(score(4.0));
    }
    Group {
        change: Values::differences(&after, &before).expect("equal lengths"),
        before: Values::from_slice(&before).expect("scores"),
        after: Values::from_slice(&after).expect("scores"),
    }
}

fn all_statistics(group: &Group) {
    let d = &group.change;
    let (n, better) = (d.n(), d.distinct().iter().filter(|w| w.value <= -2.0).map(|w| w.count).sum());
    black_box((
        proportion::wilson(better, n, 0.95).expect("n"),
        proportion::clopper_pearson(better, n, 0.95).expect("n"),
        claim::exact_binomial(better, n, 0.5).expect("n"),
        newcombe(Count { events: better, of: n }, Count { events: n / 2, of: n }, 0.95).expect("n"),
        mean::t_interval(d, 0.95).expect("spread"),
        mean::paired_t(d).expect("spread"),
        median::order_statistic_interval(d, 0.95).expect("n"),
        hodges_lehmann::hodges_lehmann(d, 0.95).expect("n"),
        signed_rank(d, Zeros::Pratt).expect("changes"),
        effect_size::effect_sizes(d, &group.before, &group.after).expect("pairs"),
    ));
}

fn bootstrap(group: &Group) {
    let plan = Plan { statistic: Statistic::Mean, replicates: 2000, seed: 20_240_607, level: 0.95 };
    black_box(bca_tally(&group.change, &plan)).expect("spread");
}
