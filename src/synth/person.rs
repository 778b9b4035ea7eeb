//! What is true of one synthetic patient before anything is written down.

use super::calendar::{FIRST_START, LAST_START, working_day};
use super::clinic::Clinic;
use super::draw::Stream;
use super::opioid::Habit;
use super::scale::{Relief, Scale};
use super::truth::{
    BASELINE_LOW, BASELINE_ZERO, CONDITIONS, Condition, DEEP, HORIZONS, Horizon, MISSED_VISIT, NO_BASELINE, PRIMARY,
    REVIEW_COMPLETE, WITHDRAWN, WORSE,
};

/// The facts a patient's chart is written from.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) condition: &'static Condition,
    /// Day of the first infusion.
    pub(super) day_zero: i32,
    pub(super) scale: Scale,
    /// Pain before treatment, in tenths.
    pub(super) baseline: i32,
    /// Whether that score was taken in the thirty days before day 0.
    pub(super) has_baseline: bool,
    /// Pain at each horizon, in tenths, seen or not.
    pub(super) after: [i32; HORIZONS.len()],
    /// Whether pain is down by at least 30 % at the primary horizon.
    pub(super) responder: bool,
    /// Day of the visit at each horizon, counted from day 0; none when it did not take place.
    pub(super) visits: [Option<i32>; HORIZONS.len()],
    /// Whether the medication list of that visit was reviewed completely.
    pub(super) reviewed: [bool; HORIZONS.len()],
    /// The opioid habit, if any.
    pub(super) opioid: Option<Habit>,
    /// A later withdrawal of consent.
    pub(super) withdrawal: Option<Withdrawal>,
}

/// Consent taken back: what for, and from which day.
#[derive(Debug)]
pub(super) struct Withdrawal {
    pub(super) scope: &'static str,
    pub(super) day: i32,
}

impl Person {
    /// Draws a person of `clinic`.
    pub(super) fn draw(clinic: &Clinic, stream: &mut Stream) -> Self {
        let condition = stream.weighted(CONDITIONS, |c| c.share);
        let day_zero = working_day(stream.between(FIRST_START, LAST_START));
        let scale = scale(clinic, stream);
        let baseline = scale.rounded(baseline(stream));
        let luck = stream.below(1000);
        let responder = responds(condition, &HORIZONS[PRIMARY], luck);
        Self {
            condition,
            day_zero,
            scale,
            baseline,
            has_baseline: !stream.chance(NO_BASELINE),
            after: after(condition, scale, baseline, luck, stream),
            responder,
            visits: visits(clinic, responder, stream),
            reviewed: HORIZONS.each_ref().map(|_| stream.chance(REVIEW_COMPLETE)),
            opioid: Habit::draw(responder, stream),
            withdrawal: withdrawal(day_zero, stream),
        }
    }
}

fn scale(clinic: &Clinic, stream: &mut Stream) -> Scale {
    match (stream.chance(clinic.vas), stream.chance(70)) {
        (true, _) => Scale::Millimetres,
        (false, true) => Scale::Decimal,
        (false, false) => Scale::Whole,
    }
}

fn baseline(stream: &mut Stream) -> i32 {
    let low = BASELINE_ZERO + BASELINE_LOW;
    match stream.below(1000) {
        draw if draw < BASELINE_ZERO => 0,
        draw if draw < low => stream.between(10, 34),
        // Two draws added: a hump between 5 and 9 with its top at 7.
        _ => 45 + stream.between(0, 25) + stream.between(0, 27),
    }
}

/// Pain at every horizon. One draw of luck serves all four, so relief that lasts to a late
/// horizon was there at the earlier ones, and relief that fades stays gone.
fn after(condition: &Condition, scale: Scale, baseline: i32, luck: u32, stream: &mut Stream) -> [i32; HORIZONS.len()] {
    let if_better = if stream.chance(DEEP) { Relief::Deep } else { Relief::Moderate };
    let if_not = if stream.chance(WORSE) { Relief::Worse } else { Relief::Little };
    HORIZONS.each_ref().map(|horizon| {
        let relief = if responds(condition, horizon, luck) { if_better } else { if_not };
        scale.after(baseline, relief, stream)
    })
}

fn responds(condition: &Condition, horizon: &Horizon, luck: u32) -> bool {
    luck < condition.response * horizon.relief / 1000
}

/// Who is seen when. Leaving care is for good; missing a visit is not.
fn visits(clinic: &Clinic, responder: bool, stream: &mut Stream) -> [Option<i32>; HORIZONS.len()] {
    let staying = stream.below(1000);
    HORIZONS.each_ref().map(|horizon| {
        let kept = if responder { horizon.kept_responder } else { horizon.kept_other };
        let day = stream.between(horizon.visit[0], horizon.visit[1]);
        let missed = stream.chance(MISSED_VISIT);
        (staying < kept * clinic.follow_up / 1000 && !missed).then_some(day)
    })
}

fn withdrawal(day_zero: i32, stream: &mut Stream) -> Option<Withdrawal> {
    stream.chance(WITHDRAWN).then(|| Withdrawal {
        scope: stream.pick(&["all", "research_only", "research_only"]),
        day: day_zero + stream.between(20, 90),
    })
}
