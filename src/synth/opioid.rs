//! Opioid habits: what a patient takes before treatment and what becomes of it.

use super::chart::Chart;
use super::draw::Stream;
use super::person::Person;
use super::rotation::Rotation;
use super::truth::{FATES, Fate, FateOdds, OPIOID_USER, ROTATED};

/// Fills from this day on are at the new dose. A thirty-day fill begun the day before ends on
/// day 54, so the window of days 55 to 84 sees the new dose alone and the planted fate is the
/// measured one.
const NEW_DOSE_FROM: i32 = 26;

/// One opioid prescription as it is refilled.
#[derive(Debug)]
struct Regimen {
    drug: &'static str,
    strength: &'static str,
    unit: &'static str,
    route: &'static str,
    /// Units a day, or for a patch ten patches a month.
    per_day: i32,
    weight: u32,
}

const fn tablets(drug: &'static str, strength: &'static str, per_day: i32, weight: u32) -> Regimen {
    Regimen { drug, strength, unit: "mg", route: "oral", per_day, weight }
}

const fn patch(strength: &'static str, weight: u32) -> Regimen {
    Regimen { drug: "fentanyl_td", strength, unit: "mcg/h", route: "transdermal", per_day: 0, weight }
}

/// Weights are roughly how often each is seen among patients with chronic pain.
const REGIMENS: &[Regimen] = &[
    tablets("oxycodone", "5", 4, 120),
    tablets("oxycodone", "5", 6, 60),
    tablets("oxycodone", "10", 4, 80),
    tablets("oxycodone", "20", 3, 40),
    tablets("hydrocodone", "5", 4, 120),
    tablets("hydrocodone", "7.5", 4, 40),
    tablets("hydrocodone", "10", 4, 90),
    tablets("hydrocodone", "10", 3, 50),
    tablets("morphine", "15", 2, 70),
    tablets("morphine", "30", 2, 50),
    tablets("morphine", "30", 3, 25),
    tablets("tramadol", "50", 4, 110),
    tablets("tapentadol", "50", 3, 30),
    tablets("hydromorphone", "2", 4, 25),
    tablets("hydromorphone", "4", 4, 20),
    tablets("methadone", "10", 2, 20),
    tablets("oxymorphone", "10", 2, 10),
    tablets("codeine", "30", 4, 20),
    tablets("levorphanol", "2", 2, 4),
    patch("25", 25),
    patch("50", 20),
    patch("75", 10),
    patch("100", 5),
];

/// A baseline opioid user's habit.
#[derive(Debug)]
pub(super) struct Habit {
    regimen: &'static Regimen,
    /// Days a fill lasts.
    period: i32,
    /// What becomes of the dose.
    pub(super) fate: Fate,
    /// New dose in percent of the old.
    percent: i32,
    /// Why this user belongs in no MME denominator: treatment of opioid use disorder, or an
    /// opioid without a conversion factor beside the regimen.
    pub(super) uncounted: Option<Uncounted>,
    /// Fills written as two equal scripts a day: exact duplicates that are not errors.
    split: bool,
    /// Fills collected up to three days late, which leaves gaps.
    late: bool,
    /// The drug the new dose is of, where it is another.
    rotation: Option<&'static Rotation>,
}

/// A reason why MME says nothing about a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Uncounted {
    UseDisorder,
    NoFactor,
}

impl Habit {
    /// The habit of a patient, if there is one.
    pub(super) fn draw(responder: bool, stream: &mut Stream) -> Option<Self> {
        stream.chance(OPIOID_USER).then(|| {
            let weight: fn(&FateOdds) -> u32 = if responder { |odds| odds.responder } else { |odds| odds.other };
            let fate = stream.weighted(FATES, weight).fate;
            Self::with_fate(fate, stream)
        })
    }

    fn with_fate(fate: Fate, stream: &mut Stream) -> Self {
        let regimen = stream.weighted(REGIMENS, |r| r.weight);
        let is_patch = regimen.per_day == 0;
        let period = stream.weighted(&[(30, 700), (28, 170), (14, 90), (7, 40)], |p| p.1).0;
        Self {
            regimen,
            period: if is_patch { 30 } else { period },
            fate,
            percent: new_percent(fate, stream),
            uncounted: uncounted(regimen, stream),
            split: stream.chance(30) && regimen.per_day % 2 == 0 && !is_patch,
            late: stream.chance(150) && fate == Fate::Stable,
            rotation: None,
        }
    }

    /// Whether the new dose is of another drug, from a stream of its own.
    pub(super) fn rotate(&mut self, stream: &mut Stream) {
        let drawn = stream.chance(ROTATED);
        self.rotation = Rotation::of(self.regimen.drug, self.regimen.strength, self.fate).filter(|_| drawn);
    }

    /// The rotation because of which other factors say another status.
    pub(super) fn flip(&self) -> Option<&'static Rotation> {
        self.rotation.filter(|rotation| rotation.flips(self.percent))
    }

    /// Writes the fills from two to three months before treatment until contact is lost.
    pub(super) fn write(&self, person: &Person, stream: &mut Stream, chart: &mut Chart) {
        let mut day = -stream.between(60, 89);
        let end = last_contact(person);
        while day < end {
            let delay = if self.late { stream.between(0, 3) } else { 0 };
            self.fill(person.day_zero + day + delay, day, chart);
            day += self.period;
        }
        if self.fate == Fate::Switched {
            write_buprenorphine(person, end, stream, chart);
        }
        if self.uncounted == Some(Uncounted::NoFactor) {
            write_parenteral(person, stream, chart);
        }
    }

    fn fill(&self, date: i32, day: i32, chart: &mut Chart) {
        let percent = match day {
            ..0 => 100,
            0..NEW_DOSE_FROM => i32::midpoint(100, self.percent),
            _ => self.percent,
        };
        if self.regimen.per_day == 0 {
            self.fill_patches(date, percent, day >= NEW_DOSE_FROM, chart);
        } else {
            self.fill_tablets(date, percent, day >= NEW_DOSE_FROM, chart);
        }
    }

    fn fill_tablets(&self, date: i32, percent: i32, settled: bool, chart: &mut Chart) {
        let old = self.regimen.per_day * self.period;
        let (drug, strength, quantity) = match self.rotation.filter(|_| settled) {
            Some(rotation) => (rotation.to.drug, rotation.to.strength, rotation.tablets(old, percent)),
            // Rounding down keeps a reduction of exactly 50 or 30 % at or above its threshold.
            None => (self.regimen.drug, self.regimen.strength, old * percent / 100),
        };
        let scripts = if self.split && quantity % 2 == 0 { 2 } else { 1 };
        for _ in 0..scripts {
            self.script(date, (drug, strength), quantity / scripts, chart);
        }
    }

    /// A patch dose changes by strength, since a patient cannot wear 70 % of a patch.
    fn fill_patches(&self, date: i32, percent: i32, settled: bool, chart: &mut Chart) {
        if settled && percent == 0 {
            return;
        }
        let strength = if settled { self.new_patch() } else { self.old_patch() };
        self.script(date, (self.regimen.drug, strength), 10, chart);
    }

    fn old_patch(&self) -> &'static str {
        match self.fate {
            // Only from 75 to 50 mcg/h is there a step of a third.
            Fate::Reduced => "75",
            // There is no stronger patch than 100 to go up to.
            Fate::Raised => "50",
            _ => self.regimen.strength,
        }
    }

    fn new_patch(&self) -> &'static str {
        match (self.fate, self.regimen.strength) {
            (Fate::Reduced, _) | (Fate::Halved, "100") => "50",
            (Fate::Halved, "25") => "12",
            (Fate::Halved, _) => "25",
            (Fate::Raised, _) => "75",
            (_, strength) => strength,
        }
    }

    fn script(&self, date: i32, (drug, strength): (&str, &str), quantity: i32, chart: &mut Chart) {
        if quantity == 0 {
            return;
        }
        let Regimen { unit, route, .. } = self.regimen;
        let indication = match self.uncounted {
            Some(Uncounted::UseDisorder) => "oud",
            _ => "pain",
        };
        let period = self.period;
        let fields = format_args!("{period},{drug},{strength},{unit},{quantity},{route},{indication}");
        chart.prescribe(date, fields);
    }
}

fn new_percent(fate: Fate, stream: &mut Stream) -> i32 {
    match fate {
        Fate::Stopped | Fate::Switched => 0,
        Fate::Halved => stream.pick(&[50, 50, 50, 40, 25]),
        Fate::Reduced => stream.pick(&[70, 66, 60]),
        Fate::Stable => 100,
        Fate::Raised => stream.pick(&[125, 150]),
    }
}

fn uncounted(regimen: &Regimen, stream: &mut Stream) -> Option<Uncounted> {
    let use_disorder = stream.chance(150);
    let no_factor = stream.chance(15);
    match (regimen.drug, no_factor) {
        ("methadone", _) if use_disorder => Some(Uncounted::UseDisorder),
        (_, true) => Some(Uncounted::NoFactor),
        _ => None,
    }
}

/// Fills are known for as long as the clinic sees the patient, and long enough to fill the
/// thirty-day window before the last visit.
fn last_contact(person: &Person) -> i32 {
    match person.visits {
        [.., Some(_)] => 215,
        [_, _, Some(_), None] => 130,
        _ => 65,
    }
}

/// Buprenorphine has no MME; counted as 0 it would look like a complete success.
fn write_buprenorphine(person: &Person, end: i32, stream: &mut Stream, chart: &mut Chart) {
    let script = stream.pick(&[
        "28,buprenorphine_patch,10,mcg/h,4,transdermal,pain",
        "28,buprenorphine_buccal,150,mcg,56,buccal,pain",
        "28,buprenorphine_sl,2,mg,56,sublingual,pain",
    ]);
    for day in (NEW_DOSE_FROM..end).step_by(28) {
        chart.prescribe(person.day_zero + day, format_args!("{script}"));
    }
}

/// Injected opioids in the baseline window have no oral conversion factor.
fn write_parenteral(person: &Person, stream: &mut Stream, chart: &mut Chart) {
    let script = stream.pick(&["7,nalbuphine,10,mg,7,iv,pain", "7,morphine,10,mg,7,iv,pain"]);
    let day = person.day_zero - stream.between(10, 25);
    chart.prescribe(day, format_args!("{script}"));
}
