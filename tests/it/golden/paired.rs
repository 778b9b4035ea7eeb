//! Paired changes: t, ranks, Hodges-Lehmann, effect sizes, bootstrap.

use relief::estimate::statistics::bootstrap::{self, Plan, Statistic};
use relief::estimate::statistics::reliability::{self, Repeated};
use relief::estimate::statistics::signed_rank::{Continuity, Zeros};
use relief::estimate::statistics::{
    Undefined, Values, effect_size, hodges_lehmann as walsh, mean, median, signed_rank as ranks,
};
use serde_json::{Value, json};

use super::case::{Case, Golden, numbers};
use super::compare::or_null;

/// Baseline and follow-up of a case; a case of differences alone has a baseline of zero.
struct Pairs {
    baseline: Vec<f64>,
    follow_up: Vec<f64>,
}

impl Pairs {
    /// By the data set's name, or written out among the arguments.
    fn of(case: &Case, golden: &Golden) -> Self {
        let named = case.args.get("dataset");
        let set = match named {
            Some(Value::String(name)) => golden.data_set(name).unwrap_or(&case.args),
            Some(inline @ (Value::Object(_) | Value::Array(_))) => inline,
            _ => &case.args,
        };
        Self::written_out(set)
    }

    fn written_out(set: &Value) -> Self {
        let either = |names: &[&str]| names.iter().find_map(|name| numbers(set.get(name)?));
        let after = either(&["followup", "follow_up"]);
        if let Some((baseline, follow_up)) = either(&["baseline"]).zip(after) {
            return Self { baseline, follow_up };
        }
        let changes = numbers(set).or_else(|| either(&["d", "diff", "differences", "values", "x"]));
        let follow_up = changes.unwrap_or_default();
        Self { baseline: vec![0.0; follow_up.len()], follow_up }
    }

    fn changes(&self) -> Result<Values, Undefined> {
        Values::differences(&self.follow_up, &self.baseline)
    }

    /// Differences in the order of the data, rounded as the golden README says.
    fn in_order(&self) -> Vec<f64> {
        let nine = |d: f64| if d.abs() > 4e6 { d } else { (d * 1e9).round() / 1e9 };
        self.follow_up.iter().zip(&self.baseline).map(|(after, before)| nine(after - before)).collect()
    }
}

/// One list of scores a patient.
pub(super) fn icc(case: &Case, _: &Golden) -> Value {
    let lists = case.args.get("scores").and_then(Value::as_array);
    let scores = lists.into_iter().flatten().map(|list| numbers(list).expect("scores"));
    let groups: Vec<Repeated> = scores.map(|scores| repeated(&scores)).collect();
    reliability::icc(&groups, case.level()).map_or(Value::Null, |found| {
        json!({
            "n": found.subjects,
            "msb": found.between,
            "msw": found.within,
            "k0": found.scores,
            "icc": found.icc,
            "lo": or_null(found.interval.map(|ends| ends.low)),
            "hi": or_null(found.interval.map(|ends| ends.high)),
        })
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "scores are whole and small")]
fn repeated(scores: &[f64]) -> Repeated {
    let whole: Vec<u64> = scores.iter().map(|&score| score as u64).collect();
    let total = whole.iter().sum::<u64>();
    Repeated {
        scores: whole.len() as u64,
        subjects: 1,
        total,
        squares_of_totals: total * total,
        squares: whole.iter().map(|score| score * score).sum(),
    }
}

pub(super) fn t(case: &Case, golden: &Golden) -> Value {
    let Ok(d) = Pairs::of(case, golden).changes() else { return Value::Null };
    let ci = mean::t_interval(&d, case.level());
    let test = mean::paired_t(&d);
    if d.n() == 0 {
        return Value::Null;
    }
    json!({
        "n": d.n(),
        "mean": or_null(mean::mean(&d)),
        "sd": or_null(mean::standard_deviation(&d)),
        "median": or_null(median::median(&d)),
        "se": or_null(ci.map(|ci| ci.se)),
        "lo": or_null(ci.map(|ci| ci.interval.low)),
        "hi": or_null(ci.map(|ci| ci.interval.high)),
        "t": or_null(test.map(|test| test.t)),
        "df": test.map_or(Value::Null, |test| json!(test.df)),
        "p_two": or_null(test.map(|test| test.p_two_sided)),
    })
}

pub(super) fn signed_rank(case: &Case, golden: &Golden) -> Value {
    let Ok(d) = Pairs::of(case, golden).changes() else { return Value::Null };
    let zeros = match case.args.get("zero").and_then(Value::as_str) {
        Some("wilcox" | "wilcoxon") => Zeros::Wilcoxon,
        _ => Zeros::Pratt,
    };
    let approximate = |continuity| {
        ranks::approximate(&d, zeros, continuity)
            .map_or(Value::Null, |test| json!({ "w_plus": test.w_plus, "z": test.z, "p_two": test.p_two_sided }))
    };
    let exact = ranks::exact(&d, zeros).map_or(Value::Null, |test| {
        json!({
            "w_plus": test.w_plus, "n_used": test.n_nonzero,
            "p_less": test.p_less, "p_greater": test.p_greater, "p_two": test.p_two_sided,
        })
    });
    json!({
        "exact": exact,
        "approx": approximate(Continuity::None),
        "approx_cc": approximate(Continuity::Corrected),
    })
}

pub(super) fn hodges_lehmann(case: &Case, golden: &Golden) -> Value {
    let Ok(d) = Pairs::of(case, golden).changes() else { return Value::Null };
    let count = u64::try_from(walsh::walsh_count(d.n())).ok();
    match walsh::estimate(&d) {
        Ok(estimate) => json!({ "est": estimate, "n_walsh": count }),
        Err(_) => Value::Null,
    }
}

pub(super) fn hodges_lehmann_exact(case: &Case, golden: &Golden) -> Value {
    let Ok(d) = Pairs::of(case, golden).changes() else { return Value::Null };
    walsh::exact_interval(&d, case.level()).map_or(Value::Null, |ci| {
        json!({
            "est": ci.interval.estimate, "lo": ci.interval.low, "hi": ci.interval.high,
            "k": u64::try_from(ci.k).ok(), "achieved_conf": ci.achieved_level,
        })
    })
}

pub(super) fn effect_size(case: &Case, golden: &Golden) -> Value {
    let pairs = Pairs::of(case, golden);
    let tally = |values: &[f64]| Values::from_slice(values);
    let sizes = pairs
        .changes()
        .and_then(|d| effect_size::effect_sizes(&d, &tally(&pairs.baseline)?, &tally(&pairs.follow_up)?));
    let Ok(sizes) = sizes else { return Value::Null };
    let m = pairs.baseline.len() as u64 - 1;
    json!({
        "d_z": or_null(sizes.d_z),
        "srm": or_null(sizes.d_z),
        "d_av_cumming": or_null(sizes.d_av_cumming),
        "d_av_lakens": or_null(sizes.d_av_lakens),
        "glass_baseline": or_null(sizes.glass_baseline),
        "hedges_j": or_null(sizes.hedges_j),
        "hedges_j_approx": or_null(effect_size::hedges_j_approximate(m)),
        "g_z": or_null(sizes.g_z()),
        "g_av_cumming": or_null(sizes.g_av_cumming()),
    })
}

pub(super) fn bca(case: &Case, golden: &Golden) -> Value {
    let d = Pairs::of(case, golden).in_order();
    let statistic = match case.args.get("stat").and_then(Value::as_str) {
        Some("median") => Statistic::Median,
        _ => Statistic::Mean,
    };
    let replicates = case.count("B").and_then(|b| usize::try_from(b).ok()).unwrap_or(1999);
    let seed = case.count("seed").unwrap_or(0);
    let plan = Plan { statistic, replicates, seed, level: case.level() };
    let Ok(tally) = Values::from_slice(&d) else { return Value::Null };
    let theta = match statistic {
        Statistic::Mean => mean::mean(&tally),
        Statistic::Median => median::median(&tally),
    };
    let first = bootstrap::first_replicates(&d, &plan, 5).ok();
    let head = json!({ "theta": or_null(theta), "first5": first });
    match bootstrap::bca(&d, &plan) {
        Err(_) if d.is_empty() => Value::Null,
        Err(_) => json!({ "theta": head["theta"], "first5": head["first5"], "undefined": true }),
        Ok(bca) => json!({
            "theta": head["theta"], "first5": head["first5"],
            "z0": bca.z0, "a": bca.acceleration,
            "alpha1": bca.lower_share, "alpha2": bca.upper_share,
            "lo": bca.interval.low, "hi": bca.interval.high,
        }),
    }
}
