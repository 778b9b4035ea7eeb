//! Tally of score pairs → mean, median, Hodges–Lehmann and effect sizes.

use super::LEVEL;
use super::result::{ConfidenceInterval, Estimand, Statistic};
use super::statistics::effect_size::{EffectSizes, effect_sizes};
use super::statistics::{IntervalEstimate, Undefined, Values, Weighted, hodges_lehmann, mean, median, quantile};
use super::tally::{Pair, Tally};
use crate::protocol::{Direction, Measure, MeasureKind};

/// The statistics of a change under an estimand.
///
/// Observed cases: all of them. Baseline and last observation carried forward:
/// the mean, with no change for those nobody saw again. Best and worst case: the
/// mean, with the end of the scale for everyone missing. The others would describe
/// people nobody saw.
pub fn statistics(tally: &Tally, measure: &Measure, estimand: Estimand) -> Vec<Statistic> {
    match samples(tally, measure) {
        Err(why) => vec![undefined("mean", &measure.unit, why)],
        Ok(samples) if estimand == Estimand::Bocf => vec![filled_in(&samples.change, tally, measure)],
        Ok(samples) if matches!(estimand, Estimand::Best | Estimand::Worst) => {
            vec![bound(&samples.change, tally, measure, estimand)]
        }
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
pub fn changes(pairs: impl Iterator<Item = Pair>, measure: &Measure) -> Result<Values, Undefined> {
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
    if let Some(assumed) = &measure.regression {
        let before = mean::mean(&samples.baseline);
        all.push(plain("mean_before", unit, before));
        let names = ["expected_regression_least", "expected_regression_most"];
        let band = before.map(|before| regression(before, assumed.reliability, assumed.usual));
        all.extend(names.into_iter().zip(0..).map(|(name, end)| plain(name, unit, band.map(|band| band[end]))));
    }
    // A ratio of per cents to per cents is no effect size anyone reports.
    if measure.kind == MeasureKind::Change {
        all.extend(sizes(samples));
    }
    all
}

/// Quantiles of a change: name, per cent, and the fewest patients they are made
/// of. At or beyond each lie 11 patients or more, so that none stands for a few.
/// Both limits are where rounding to 5 and to the middle of 6 begin a new step:
/// under those profiles, whether there is a quantile says no more of the number
/// of patients than the rounded number does.
const QUANTILES: [(&str, u32, u64); 4] =
    [("quantile_10", 10, 103), ("quantile_25", 25, 43), ("quantile_75", 75, 43), ("quantile_90", 90, 103)];

/// How the changes of the patients seen are spread.
pub fn quantiles(tally: &Tally, measure: &Measure) -> Vec<Statistic> {
    let sample = samples(tally, measure);
    let of = |percent: u32, fewest: u64| {
        let change = &sample.as_ref().map_err(|why| *why)?.change;
        if change.n() < fewest { Err(Undefined::TooFewObservations) } else { quantile::quantile(change, percent) }
    };
    QUANTILES.iter().map(|&(name, percent, fewest)| plain(name, &measure.unit, of(percent, fewest))).collect()
}

/// What scores chosen for being high are expected to change by themselves,
/// -(1 - reliability)(mean before - usual), at the ends of both ranges that make it
/// least and most (Barnett 2005, doi:10.1093/ije/dyh299; the usual level is varied
/// over a plausible range: Ostermann 2008, doi:10.1186/1471-2288-8-52).
pub fn regression(before: f64, [unreliable, reliable]: [f64; 2], [low, high]: [f64; 2]) -> [f64; 2] {
    let change = |reliability: f64, usual: f64| -(1.0 - reliability) * (before - usual);
    [change(reliable, high), change(unreliable, low)]
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

/// Mean change with the end of the scale for everyone missing: what they had
/// before is known, what they have now lies on the scale.
fn bound(change: &Values, tally: &Tally, measure: &Measure, estimand: Estimand) -> Statistic {
    let lower = (estimand == Estimand::Best) == (measure.better == Direction::Lower);
    let Some(end) = measure.range.map(|[least, most]| if lower { least } else { most }) else {
        return undefined("mean", &measure.unit, Undefined::ParameterOutsideRange);
    };
    let at_end = i32::try_from(end).map_err(|_| Undefined::ParameterOutsideRange);
    let filled = at_end.and_then(|follow_up| {
        let missing: Vec<Pair> = tally.carried_pairs.iter().map(|pair| Pair { follow_up, ..pair }).collect();
        let missing = changes(missing.into_iter(), measure)?;
        if change.n() + missing.n() != tally.eligible {
            return Err(Undefined::ValueOutsideRange);
        }
        Values::from_tally(change.distinct().iter().chain(missing.distinct()).copied())
    });
    let interval = |all: &Values| mean::t_interval(all, LEVEL).ok().map(|t| (t.interval, LEVEL, "t"));
    match filled {
        Err(why) => undefined("mean", &measure.unit, why),
        Ok(all) => with_interval("mean", &measure.unit, mean::mean(&all), interval(&all)),
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

#[cfg(test)]
mod tests {
    use super::regression;

    /// Limits of the quantiles against what the comment says of them.
    #[test]
    fn a_quantile_stands_for_eleven_patients_and_its_limit_for_a_rounding_step() {
        for (name, percent, fewest) in super::QUANTILES {
            let beyond = u64::from(percent.min(100 - percent));
            let first_rank = (fewest - 1) * beyond / 100;
            assert!(first_rank + 1 >= 11, "{name}: {first_rank}");
            let (to_five, middle_of_six) = (|n: u64| (n + 2) / 5, |n: u64| n.div_ceil(6));
            assert_ne!(to_five(fewest - 1), to_five(fewest), "{name}");
            assert_ne!(middle_of_six(fewest - 1), middle_of_six(fewest), "{name}");
        }
    }

    /// By hand: mean before 7; 0.2 × (7 − 6.4) = 0.12 and 0.5 × (7 − 5) = 1.
    #[test]
    fn scores_chosen_for_being_high_fall_by_themselves() {
        let found = regression(7.0, [0.5, 0.8], [5.0, 6.4]);
        assert!((found[0] + 0.12).abs() < 1e-12 && (found[1] + 1.0).abs() < 1e-12, "{found:?}");
    }
}
