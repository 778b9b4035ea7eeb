//! Charts of a proportion over time: the p-chart, and Laney's p' for large denominators.

use super::Undefined;
use super::proportion::check;
use super::proportion_difference::Count;
use super::values::real;

/// Fewer points than this are better shown as a run chart.
pub const FEWEST_POINTS: usize = 12;

/// Above this much variation between subgroups the p-chart misleads; show p'.
pub const OVERDISPERSED_ABOVE: f64 = 1.2;

/// Control limits of one subgroup, clamped to [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ControlLimits {
    /// Lower control limit.
    pub low: f64,
    /// Upper control limit.
    pub high: f64,
}

/// Laney's adjustment.
#[derive(Debug, Clone, PartialEq)]
pub struct Laney {
    /// (p_i - pbar) / s_i.
    pub z: Vec<f64>,
    /// Mean |z_i - z_(i-1)| / 1.128: 1 when only sampling varies.
    pub sigma_z: f64,
    /// pbar +- 3 s_i sigma_z, clamped to [0, 1].
    pub limits: Vec<ControlLimits>,
}

/// A p-chart with Laney's p' beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct PChart {
    /// Events over observations of all subgroups: the centre line.
    pub pbar: f64,
    /// pbar +- 3 sqrt(pbar q / n_i); of no width when every outcome is the same.
    pub limits: Vec<ControlLimits>,
    /// Laney's p'; undefined for one subgroup or when every outcome is the same.
    pub laney: Result<Laney, Undefined>,
}

/// p-chart and Laney p' of subgroups in time order.
///
/// Formula: s_i = sqrt(pbar (1-pbar) / n_i); d2 is taken as 1.128. Show p' when sigma_z is
/// above [`OVERDISPERSED_ABOVE`], and neither below [`FEWEST_POINTS`] points. Source: Laney
/// (2002), doi:10.1081/QEN-120006555. No subgroups, an empty one or more events than
/// observations is undefined.
///
/// ```
/// use relief::estimate::statistics::{p_chart::p_chart, proportion_difference::Count};
/// let chart = p_chart(&[Count { events: 7, of: 10 }])?; // 0.7 - 3 sqrt(0.21 / 10)
/// assert!((chart.limits[0].low - 0.265_258_698).abs() < 5e-10);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn p_chart(subgroups: &[Count]) -> Result<PChart, Undefined> {
    if subgroups.is_empty() {
        return Err(Undefined::NoObservations);
    }
    subgroups.iter().try_for_each(|group| check(group.events, group.of))?;
    let events: f64 = subgroups.iter().map(|group| real(group.events)).sum();
    let of: f64 = subgroups.iter().map(|group| real(group.of)).sum();
    let pbar = events / of;
    let spread = |group: &Count| (pbar * (of - events) / of / real(group.of)).sqrt();
    let limits = subgroups.iter().map(|group| about(pbar, 3.0 * spread(group))).collect();
    Ok(PChart { pbar, limits, laney: laney(subgroups, pbar, spread) })
}

fn laney(subgroups: &[Count], pbar: f64, spread: impl Fn(&Count) -> f64) -> Result<Laney, Undefined> {
    if subgroups.iter().any(|group| spread(group) <= 0.0) {
        return Err(Undefined::OneOutcomeOnly);
    }
    let deviation = |group: &Count| (real(group.events) / real(group.of) - pbar) / spread(group);
    let z: Vec<f64> = subgroups.iter().map(deviation).collect();
    let steps: f64 = z.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
    if z.len() < 2 {
        return Err(Undefined::OneObservation);
    }
    let sigma_z = steps / real(z.len() as u64 - 1) / 1.128;
    let limits = subgroups.iter().map(|group| about(pbar, 3.0 * spread(group) * sigma_z)).collect();
    Ok(Laney { z, sigma_z, limits })
}

fn about(centre: f64, reach: f64) -> ControlLimits {
    ControlLimits { low: (centre - reach).max(0.0), high: (centre + reach).min(1.0) }
}
