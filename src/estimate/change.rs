//! Tally of score pairs → mean, median, Hodges–Lehmann and effect sizes.

use super::LEVEL;
use super::result::{ConfidenceInterval, Estimand, Statistic};
use super::statistics::effect_size::{EffectSizes, effect_sizes};
use super::statistics::{IntervalEstimate, Undefined, Values, Weighted, hodges_lehmann, mean, median};
use super::tally::{Pair, Tally};
use crate::protocol::{Measure, MeasureKind};

/// The statistics of a change under an estimand.
///
/// Observed cases: all of them. Baseline and last observation carried forward:
/// the mean, with no change for those nobody saw again; the others would
/// describe people nobody saw.
pub fn statistics(tally: &Tally, measure: &Measure, estimand: Estimand) -> Vec<Statistic> {
    match samples(tally, measure) {
        Err(why) => vec![undefined("mean", &measure.unit, why)],
        Ok(samples) if estimand == Estimand::Bocf => vec![filled_in(&samples.change, tally, measure)],
        Ok(samples) if estimand == Estimand::Locf => match changes(tally.carried_pairs.iter(), measure) {
            Err(why) => vec![undefined("mean", &measure.unit, why)],
            Ok(carried) => {
                let all = samples.change.distinct().iter().chain(carried.distinct()).copied();
                match Values::from_tally(all) {
                    Err(why) => vec![undefined("mean", &measure.unit, why)],
                    Ok(known) => vec![filled_in(&known, tally, measure)],
                }
            }
        },
        Ok(samples) => observed(&samples, measure),
    }
}

/// One cell's scores, in reported units.
struct Samples {
    change: Values,
    baseline: Values,
    follow_up: Values,
}

fn samples(tally: &Tally, measure: &Measure) -> Result<Samples, Undefined> {
    let scale = u32::try_from(measure.scale).map_err(|_| Undefined::ParameterOutsideRange)?;
    let pairs = || tally.pairs.iter();
    Ok(Samples {
        change: changes(pairs(), measure)?,
        baseline: Values::from_scaled(pairs().map(|pair| (i64::from(pair.baseline), pair.count)), scale)?,
        follow_up: Values::from_scaled(pairs().map(|pair| (i64::from(pair.follow_up), pair.count)), scale)?,
    })
}

/// The change of every pair, in reported units.
///
/// # Errors
/// A scale or score too large to compute with.
pub fn changes<'p>(pairs: impl Iterator<Item = &'p Pair>, measure: &Measure) -> Result<Values, Undefined> {
    let scale = u32::try_from(measure.scale).map_err(|_| Undefined::ParameterOutsideRange)?;
    let scores = pairs.map(|pair| ((i64::from(pair.baseline), i64::from(pair.follow_up)), pair.count));
    match measure.kind {
        MeasureKind::PercentChange => Values::from_tally(scores.map(percent_change)),
        _ => Values::from_scaled(scores.map(|((before, after), count)| (after - before, count)), scale),
    }
}

/// 100 × (follow-up − baseline) ÷ baseline; a baseline of 0 is not eligible.
fn percent_change(((before, after), count): ((i64, i64), u64)) -> Weighted {
    Weighted { value: (100 * (after - before)) as f64 / before as f64, count }
}

fn observed(samples: &Samples, measure: &Measure) -> Vec<Statistic> {
    let unit = measure.unit.as_str();
    let change = &samples.change;
    let t = mean::t_interval(change, LEVEL);
    let walsh = hodges_lehmann::hodges_lehmann(change, LEVEL);
    let mut all = vec![
        with_interval("mean", unit, mean::mean(change), t.ok().map(|t| (t.interval, LEVEL, "t"))),
        plain("sd", unit, mean::standard_deviation(change)),
        plain("median", unit, median::median(change)),
        with_interval(
            "hodges_lehmann",
            unit,
            hodges_lehmann::estimate(change),
            walsh.ok().map(|walsh| (walsh.interval, walsh.achieved_level, "signed_rank_walsh")),
        ),
    ];
    // A ratio of per cents to per cents is no effect size anyone reports.
    if measure.kind == MeasureKind::Change {
        all.extend(sizes(samples));
    }
    all
}

fn sizes(samples: &Samples) -> [Statistic; 2] {
    let sizes = effect_sizes(&samples.change, &samples.baseline, &samples.follow_up);
    let size = |take: fn(&EffectSizes) -> Result<f64, Undefined>| sizes.as_ref().map_err(|why| *why).and_then(take);
    [
        plain("srm", "standard deviations", size(|sizes| sizes.d_z)),
        plain("d_av", "standard deviations", size(EffectSizes::g_av_cumming)),
    ]
}

/// Mean change with no change for everyone whose change is not known.
fn filled_in(change: &Values, tally: &Tally, measure: &Measure) -> Statistic {
    let missing = Weighted { value: 0.0, count: tally.eligible.saturating_sub(change.n()) };
    match Values::from_tally(change.distinct().iter().copied().chain([missing])) {
        Err(why) => undefined("mean", &measure.unit, why),
        Ok(all) => {
            let t = mean::t_interval(&all, LEVEL);
            with_interval("mean", &measure.unit, mean::mean(&all), t.ok().map(|t| (t.interval, LEVEL, "t")))
        }
    }
}

fn undefined(name: &'static str, unit: &str, why: Undefined) -> Statistic {
    plain(name, unit, Err(why))
}

fn plain(name: &'static str, unit: &str, value: Result<f64, Undefined>) -> Statistic {
    with_interval(name, unit, value, None)
}

fn with_interval(
    name: &'static str,
    unit: &str,
    value: Result<f64, Undefined>,
    interval: Option<(IntervalEstimate, f64, &'static str)>,
) -> Statistic {
    let interval =
        interval.map(|(ends, level, method)| ConfidenceInterval { low: ends.low, high: ends.high, level, method });
    Statistic::new(name, unit, value.map_err(|why| why.to_string())).with_interval(interval)
}
