//! Sentences of the clinic against its data: supported, contradicted, or neither.
//!
//! The rate is that of everyone eligible, with missing outcomes counted against
//! the claim, and its Wilson interval decides: a claim of "more than" is
//! supported only when the whole interval is above it. It is contradicted only
//! when the interval falls short with every missing outcome counted in its favour;
//! in between it is not supported. A claim that names no number can be neither.

use super::{RESTS_ON_HIDDEN, beside};
use crate::estimate::LEVEL;
use crate::estimate::analysis::too_few_seen;
use crate::estimate::result::{Estimand, Population};
use crate::estimate::statistics::IntervalEstimate;
use crate::estimate::statistics::claim::exact_binomial;
use crate::estimate::statistics::proportion::wilson;
use crate::protocol::{Claim, Cohort, Direction, Protocol, Side};
use crate::publish::disclosure::Released;
use crate::publish::results::{Query, ResultRow, Suppression};

/// The rate a claim is held against.
pub const RATE: &str = "claim_rate";
/// The share the claim names.
pub const CLAIMED: &str = "claimed_share";
/// Name of the split under which each claim has its rows.
pub const SPLIT: &str = "claim";

/// What the data say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The whole interval is on the claimed side.
    Supports,
    /// The whole interval is on the other side, even if every missing outcome
    /// were as claimed.
    Contradicts,
    /// Not supported, and not contradicted either.
    Neither,
    /// The claim names no share.
    NamesNoNumber,
    /// Too many were lost to follow-up.
    NotInterpretable,
    /// The numbers are hidden, rounded, or do not exist.
    Unknown,
}

impl Verdict {
    const ALL: [Self; 6] =
        [Self::Supports, Self::Contradicts, Self::Neither, Self::NamesNoNumber, Self::NotInterpretable, Self::Unknown];

    /// The word in the `message` column.
    pub fn id(self) -> &'static str {
        match self {
            Self::Supports => "supports",
            Self::Contradicts => "contradicts",
            Self::Neither => "neither",
            Self::NamesNoNumber => "neither_names_no_number",
            Self::NotInterpretable => "not_interpretable",
            Self::Unknown => "unknown",
        }
    }

    /// The verdict a row tells.
    pub fn of(row: &ResultRow) -> Option<Self> {
        let word = row.message.as_deref()?;
        Self::ALL.into_iter().find(|verdict| verdict.id() == word)
    }

    /// The verdict on a claimed share: of the interval with missing outcomes
    /// counted against the claim, and of the one with them in its favour.
    ///
    /// ```
    /// use relief::protocol::Side;
    /// use relief::publish::reading::claim::Verdict;
    /// // Nobody missing. Wilson interval of 25 of 30: 0.664 to 0.927, which contains 0.70.
    /// let judge = |interval, side| Verdict::judge([interval, interval], 0.70, side);
    /// assert_eq!(judge((0.664, 0.927), Side::MoreThan), Verdict::Neither);
    /// assert_eq!(judge((0.71, 0.93), Side::MoreThan), Verdict::Supports);
    /// assert_eq!(judge((0.71, 0.93), Side::LessThan), Verdict::Contradicts);
    /// // 60 of 100, and 20 more if everyone missing had responded: 0.711 to 0.867.
    /// let lost = [(0.502, 0.691), (0.711, 0.867)];
    /// assert_eq!(Verdict::judge(lost, 0.70, Side::MoreThan), Verdict::Neither);
    /// ```
    pub fn judge([against, favour]: [(f64, f64); 2], claimed: f64, side: Side) -> Self {
        let beyond = |(low, high): (f64, f64), side| match side {
            Side::MoreThan => low > claimed,
            Side::LessThan => high < claimed,
        };
        let other = if side == Side::MoreThan { Side::LessThan } else { Side::MoreThan };
        if beyond(against, side) {
            Self::Supports
        } else if beyond(favour, other) {
            Self::Contradicts
        } else {
            Self::Neither
        }
    }
}

/// The population of a cohort as results name it.
pub fn population(cohort: Cohort) -> Population {
    match cohort {
        Cohort::Quarter => Population::Quarter,
        Cohort::RollingYear => Population::RollingYear,
        Cohort::ToDate => Population::ToDate,
    }
}

/// The number a claim is about.
pub fn query(claim: &Claim) -> Query<'_> {
    Query::everyone(&claim.measure, population(claim.population), claim.horizon.id, Estimand::Nri, "rate")
}

/// The rows of one claim in a release that has been read.
pub fn found<'r>(claim: &Claim, statistic: &str, released: &'r Released) -> Option<&'r ResultRow> {
    let mine = |row: &&ResultRow| row.stratum_name == SPLIT && row.stratum_level == claim.id;
    released.rows().iter().filter(mine).find(|row| row.statistic == statistic)
}

/// Two rows a claim: what it says, and what the data say.
pub(super) fn rows(released: &Released, protocol: &Protocol) -> Vec<ResultRow> {
    let each = protocol.claims.iter().filter_map(|claim| {
        let base = released.find(query(claim))?;
        let observed = released.find(Query { estimand: Estimand::Oc, ..query(claim) });
        let measure = protocol.measures.iter().find(|measure| measure.id == claim.measure);
        let better = measure.map_or(Direction::Neutral, |measure| measure.better);
        Some([claimed(claim, base), rate(claim, base, observed, better)])
    });
    each.flatten().collect()
}

fn claimed(claim: &Claim, base: &ResultRow) -> ResultRow {
    let none = claim.share.is_none().then(|| "the sentence names no number".to_owned());
    ResultRow {
        value: claim.share,
        n: None,
        reason: none,
        suppression: Suppression::None,
        message: Some(format!("{} ({}, {})", claim.text, claim.source, claim.date)),
        ..under(claim, base, CLAIMED)
    }
}

/// A row of this claim in the cell of `base`.
fn under(claim: &Claim, base: &ResultRow, statistic: &str) -> ResultRow {
    let row = beside(base, statistic);
    ResultRow {
        result_id: with_part(&row.result_id, SPLIT_PART, &format!("{SPLIT}={}", claim.id)),
        stratum_name: SPLIT.to_owned(),
        stratum_level: claim.id.clone(),
        ..row
    }
}

/// What a claim is held against: who has the outcome, of whom.
struct Tested {
    events: u64,
    /// The same with missing outcomes counted in favour of the claim.
    favoured: u64,
    of: u64,
    observed: u64,
    estimand: Estimand,
}

/// Missing outcomes count against the claim: as none for "more than", as one
/// for "less than". `None` where a count is hidden, rounded or absent.
fn tested(claim: &Claim, base: &ResultRow, observed: Option<&ResultRow>, better: Direction) -> Option<Tested> {
    let exact = |row: &&ResultRow| row.suppression == Suppression::None;
    let (events, of) = Some(base).filter(exact).and_then(|row| row.numerator.zip(row.denominator))?;
    let observed = observed.filter(exact).and_then(|row| row.denominator)?;
    let missing = of.checked_sub(observed)?;
    Some(match claim.direction {
        Side::MoreThan => Tested { events, favoured: events + missing, of, observed, estimand: Estimand::Nri },
        Side::LessThan => {
            let estimand = if better == Direction::Lower { Estimand::Worst } else { Estimand::Best };
            Tested { events: events + missing, favoured: events, of, observed, estimand }
        }
    })
}

fn rate(claim: &Claim, base: &ResultRow, observed: Option<&ResultRow>, better: Direction) -> ResultRow {
    let row = under(claim, base, RATE);
    let Some(tested) = tested(claim, base, observed, better) else {
        let hides = [Some(base), observed].into_iter().flatten().any(|row| row.suppression.hides());
        return ResultRow {
            suppression: if hides { Suppression::Complementary } else { row.suppression },
            reason: Some(if hides { RESTS_ON_HIDDEN } else { "the exact counts are not shown" }.to_owned()),
            message: Some(Verdict::Unknown.id().to_owned()),
            ..row
        };
    };
    let Tested { events, of, estimand, .. } = tested;
    let row = ResultRow {
        result_id: with_part(&row.result_id, ESTIMAND_PART, estimand.id()),
        estimand,
        numerator: Some(events),
        denominator: Some(of),
        ..row
    };
    match wilson(events, of, LEVEL) {
        Err(why) => ResultRow { reason: Some(why.to_string()), message: Some(Verdict::Unknown.id().to_owned()), ..row },
        Ok(interval) => judged(claim, &tested, interval, row),
    }
}

fn judged(claim: &Claim, tested: &Tested, interval: IntervalEstimate, row: ResultRow) -> ResultRow {
    let ends = |interval: &IntervalEstimate| (interval.low, interval.high);
    let favour = wilson(tested.favoured, tested.of, LEVEL).map_or((0.0, 1.0), |favour| ends(&favour));
    let verdict = match claim.share {
        None => Verdict::NamesNoNumber,
        Some(_) if too_few_seen(tested.observed, tested.of) => Verdict::NotInterpretable,
        Some(share) => Verdict::judge([ends(&interval), favour], share, claim.direction),
    };
    let tested_share = claim.share.filter(|_| verdict != Verdict::NotInterpretable);
    let test = tested_share.and_then(|share| exact_binomial(tested.events, tested.of, share).ok());
    ResultRow {
        value: Some(interval.estimate),
        ci_low: Some(interval.low),
        ci_high: Some(interval.high),
        ci_level: Some(LEVEL),
        ci_method: Some("wilson".to_owned()),
        p_value: test.map(|test| match claim.direction {
            Side::MoreThan => test.p_greater,
            Side::LessThan => test.p_less,
        }),
        message: Some(verdict.id().to_owned()),
        ..row
    }
}

/// Positions of the split and the estimand in an id, see `results::result_id`.
const SPLIT_PART: usize = 5;
const ESTIMAND_PART: usize = 7;

fn with_part(result_id: &str, at: usize, part: &str) -> String {
    let mut parts: Vec<&str> = result_id.split('/').collect();
    if let Some(old) = parts.get_mut(at) {
        *old = part;
    }
    parts.join("/")
}
