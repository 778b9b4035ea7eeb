//! One phase of a control chart: limits from its first points, all points held against them.
//!
//! A phase begins with the series or with a rebase somebody dated and gave a reason for;
//! nothing here rebases by itself, because a limit that follows the data forgives every
//! change (`NHSRplotthedots` issue 142).

use super::Undefined;
use super::p_chart::{OVERDISPERSED_ABOVE, p_chart};
use super::proportion_difference::Count;
use super::signals::{Band, Signals, signals};
use super::values::real;
use super::xmr::{Screening, xmr};

/// Limits rest on the first so many points of a phase and stay there.
///
/// Source: NHS England, Making Data Count; `NHSRplotthedots` `fix_after_n_points`, and its
/// caption that limits of fewer than 12 points are trial limits.
pub const BASELINE: usize = 12;

/// With fewer points there are no limits at all.
///
/// Five moving ranges are the fewest whose mean is worth a line: a decision of this program,
/// as `NHSRplotthedots` draws limits from two points on.
pub const FEWEST: usize = 6;

/// Which formula the limits come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Individuals and moving range.
    Xmr,
    /// Binomial proportions.
    P,
    /// Proportions that vary by more than chance from one subgroup to the next.
    LaneyP,
}

impl Family {
    /// The id in `results.csv`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Xmr => "xmr",
            Self::P => "p",
            Self::LaneyP => "laney_p",
        }
    }
}

/// A phase with its limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// Which formula the limits come from.
    pub family: Family,
    /// Points the limits rest on.
    pub baseline: usize,
    /// The lines of each point; none where the limits depend on a size that is not known.
    pub bands: Vec<Option<Band>>,
    /// Which points break which rule.
    pub signals: Signals,
}

impl Phase {
    /// Whether the limits are provisional.
    pub fn is_trial(&self) -> bool {
        self.baseline < BASELINE
    }
}

/// XmR chart of a phase; `None` is a gap.
///
/// Formula: [`xmr`] of the first [`BASELINE`] points; all points against these limits.
/// Fewer than [`FEWEST`] points are [`Undefined::TooFewObservations`]; a flat baseline is
/// [`Undefined::ZeroVariance`].
pub fn individuals(series: &[Option<f64>]) -> Result<Phase, Undefined> {
    let first: Vec<f64> = series.iter().copied().flatten().take(BASELINE).collect();
    check_length(first.len())?;
    let chart = xmr(&first, Screening::DropOutlyingRanges)?;
    let limits = chart.limits?;
    if limits.mean_range <= 0.0 {
        return Err(Undefined::ZeroVariance);
    }
    let bands = vec![Some(limits.band(chart.mean)); series.len()];
    Ok(Phase { family: Family::Xmr, baseline: first.len(), signals: signals(series, &bands), bands })
}

/// p-chart of a phase, or Laney's p' where the baseline varies by more than chance; `None`
/// and an empty subgroup are gaps.
///
/// Formula: pbar and sigma_z of the first [`BASELINE`] subgroups; pbar +- 3 sqrt(pbar q/n_i)
/// sigma_z, sigma_z taken as 1 unless above [`OVERDISPERSED_ABOVE`]; near-limits at 2. Source:
/// Laney (2002), doi:10.1081/QEN-120006555. Fewer than [`FEWEST`] subgroups are
/// [`Undefined::TooFewObservations`]; a baseline of one outcome is
/// [`Undefined::OneOutcomeOnly`].
///
/// ```
/// use relief::estimate::statistics::{control_chart::proportions, proportion_difference::Count};
/// let months = [5, 6, 4, 5, 6, 4, 5].map(|events| Some(Count { events, of: 10 }));
/// let chart = proportions(&months)?; // 35 of 70; 3 sqrt(.5 .5 / 10) = .474342
/// assert!((chart.bands[0].unwrap().high - 0.974_342).abs() < 1e-6);
/// assert!((chart.bands[0].unwrap().low - 0.025_658).abs() < 1e-6);
/// assert!(chart.is_trial());
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn proportions(series: &[Option<Count>]) -> Result<Phase, Undefined> {
    let seen: Vec<Option<Count>> = series.iter().map(|group| group.filter(|group| group.of > 0)).collect();
    let first: Vec<Count> = seen.iter().copied().flatten().take(BASELINE).collect();
    check_length(first.len())?;
    let chart = p_chart(&first)?;
    let sigma_z = chart.laney?.sigma_z;
    let (family, sigma_z) = if sigma_z > OVERDISPERSED_ABOVE { (Family::LaneyP, sigma_z) } else { (Family::P, 1.0) };
    let bands: Vec<Option<Band>> =
        seen.iter().map(|group| group.map(|group| band(chart.pbar, group.of, sigma_z))).collect();
    let rates: Vec<Option<f64>> =
        seen.iter().map(|group| group.map(|group| real(group.events) / real(group.of))).collect();
    Ok(Phase { family, baseline: first.len(), signals: signals(&rates, &bands), bands })
}

fn check_length(points: usize) -> Result<(), Undefined> {
    match points {
        0 => Err(Undefined::NoObservations),
        few if few < FEWEST => Err(Undefined::TooFewObservations),
        _ => Ok(()),
    }
}

fn band(pbar: f64, of: u64, sigma_z: f64) -> Band {
    let spread = (pbar * (1.0 - pbar) / real(of)).sqrt() * sigma_z;
    let (below, above) = (|reach: f64| (pbar - reach * spread).max(0.0), |reach: f64| (pbar + reach * spread).min(1.0));
    Band { centre: pbar, low: below(3.0), high: above(3.0), near_low: below(2.0), near_high: above(2.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_rest_on_the_first_twelve_points_and_stay() {
        let mut series: Vec<Option<f64>> =
            [5.0, 6.0, 4.0, 5.5, 4.5, 5.0, 6.0, 4.0, 5.5, 4.5, 5.0, 5.0].map(Some).to_vec();
        let before = individuals(&series).expect("twelve points");
        series.extend([None, Some(20.0), Some(20.0)]);
        let after = individuals(&series).expect("fourteen points");
        assert_eq!(before.bands[0], after.bands[0], "later points do not move the limits");
        assert_eq!(after.signals.outside[13..], [true, true]);
        assert!(!after.is_trial() && after.baseline == 12);
    }

    #[test]
    fn too_few_points_have_no_limits_and_eleven_have_trial_limits() {
        let alternating = |n: usize| (0..n).map(|at| Some(if at % 2 == 0 { 4.0 } else { 5.0 })).collect::<Vec<_>>();
        assert_eq!(individuals(&[]), Err(Undefined::NoObservations));
        assert_eq!(individuals(&alternating(1)), Err(Undefined::TooFewObservations));
        assert_eq!(individuals(&alternating(5)), Err(Undefined::TooFewObservations));
        assert!(individuals(&alternating(6)).expect("six").is_trial());
        assert!(individuals(&alternating(11)).expect("eleven").is_trial());
        assert_eq!(individuals(&[Some(3.0); 12]), Err(Undefined::ZeroVariance));
    }

    #[test]
    fn a_month_without_patients_is_a_gap_and_a_certain_outcome_has_no_limits() {
        let group = |events, of| Some(Count { events, of });
        let chart = proportions(&[
            group(5, 10),
            group(0, 0),
            group(6, 12),
            None,
            group(4, 9),
            group(5, 10),
            group(3, 8),
            group(7, 11),
        ]);
        let chart = chart.expect("six months with patients");
        assert_eq!((chart.bands[1], chart.bands[3], chart.baseline), (None, None, 6));
        assert_eq!(proportions(&[group(8, 8); 12]), Err(Undefined::OneOutcomeOnly));
        assert_eq!(proportions(&[group(0, 8); 12]), Err(Undefined::OneOutcomeOnly));
    }
}
