//! Kruskal-Wallis: do several independent groups share one distribution?

use super::distribution::gamma::chi_squared_upper_tail;
use super::values::real;
use super::{Undefined, Values};

/// The tie-corrected Kruskal-Wallis test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KruskalWallis {
    /// H, corrected for ties.
    pub h: f64,
    /// Non-empty groups less one.
    pub df: u64,
    /// P(chi-squared >= H).
    pub p: f64,
    /// Effect size H / (n - 1), from 0 to 1.
    pub epsilon_squared: f64,
}

/// Kruskal-Wallis test of independent groups.
///
/// Formula: (n-1) sum_g n_g (mean rank_g - mean rank)^2 / sum (rank - mean rank)^2, which is
/// H with its tie correction in one step. Sources: Kruskal and Wallis (1952),
/// doi:10.1080/01621459.1952.10483441; epsilon squared, Tomczak and Tomczak (2014), Trends
/// in Sport Sciences 21:19. Empty groups are dropped (as in R); fewer than two left is
/// [`Undefined::TooFewGroups`]; all values equal is [`Undefined::ZeroVariance`].
///
/// ```
/// use relief::estimate::statistics::{Values, kruskal_wallis::kruskal_wallis};
/// // Hollander and Wolfe (1973), mucociliary efficiency, R ?kruskal.test: H = 0.77143, p = 0.68.
/// let groups = [&[2.9, 3.0, 2.5, 2.6, 3.2][..], &[3.8, 2.7, 4.0, 2.4], &[2.8, 3.4, 3.7, 2.2, 2.0]];
/// let groups: Result<Vec<_>, _> = groups.iter().map(|g| Values::from_slice(g)).collect();
/// let test = kruskal_wallis(&groups?)?;
/// assert!((test.h - 0.771_43).abs() < 5e-6 && (test.p - 0.68).abs() < 5e-5);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn kruskal_wallis(groups: &[Values]) -> Result<KruskalWallis, Undefined> {
    let used: Vec<&Values> = groups.iter().filter(|group| group.n() > 0).collect();
    if used.is_empty() {
        return Err(Undefined::NoObservations);
    }
    if used.len() < 2 {
        return Err(Undefined::TooFewGroups);
    }
    let pooled = Values::from_tally(used.iter().flat_map(|g| g.distinct().iter().copied()))?;
    let ranks = CentredRanks::of(&pooled);
    let within = ranks.sum_of_squares();
    if within <= 0.0 {
        return Err(Undefined::ZeroVariance);
    }
    let between: f64 = used.iter().map(|group| ranks.sum_in(group).powi(2) / real(group.n())).sum();
    let epsilon_squared = (between / within).min(1.0);
    let h = (real(pooled.n()) - 1.0) * epsilon_squared;
    let df = used.len() as u64 - 1;
    Ok(KruskalWallis { h, df, p: chi_squared_upper_tail(h, df)?, epsilon_squared })
}

/// Mid-ranks less their mean, so that sums of squares do not cancel.
struct CentredRanks {
    ascending: Vec<CentredRank>,
}

struct CentredRank {
    value: f64,
    rank: f64,
    count: u64,
}

impl CentredRanks {
    fn of(pooled: &Values) -> Self {
        let mut below = 0;
        let middle = real(pooled.n()) / 2.0;
        let ranked = pooled.distinct().iter().map(|w| {
            let rank = real(below) + real(w.count) / 2.0 - middle;
            below += w.count;
            CentredRank { value: w.value, rank, count: w.count }
        });
        Self { ascending: ranked.collect() }
    }

    fn sum_of_squares(&self) -> f64 {
        self.ascending.iter().map(|r| r.rank * r.rank * real(r.count)).sum()
    }

    fn sum_in(&self, group: &Values) -> f64 {
        let rank = |value: f64| {
            let at = self.ascending.binary_search_by(|r| r.value.total_cmp(&value));
            self.ascending[at.expect("the pooled sample holds every value")].rank
        };
        group.distinct().iter().map(|w| rank(w.value) * real(w.count)).sum()
    }
}
