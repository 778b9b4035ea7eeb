//! p-values adjusted for being one of many.
//!
//! Default: Holm for up to ten contrasts declared beforehand, Benjamini-Hochberg for
//! screens over conditions. A p-value that does not exist (`None`) is not counted among
//! the many, as in R, and stays `None`. Descriptive intervals are never adjusted.

use super::Undefined;

/// Holm's step-down adjustment: cumulative maximum of (m - k) p over ascending p, at most 1.
///
/// Source: Holm (1979), Scandinavian Journal of Statistics 6:65 (JSTOR 4615733; no DOI).
/// p outside [0, 1] is [`Undefined::ProbabilityOutsideRange`]; no p-values gives none.
///
/// ```
/// use relief::estimate::statistics::multiplicity::holm;
/// let adjusted = holm(&[Some(0.01), Some(0.04), None, Some(0.03)])?; // R p.adjust
/// let expected = [Some(0.03), Some(0.06), None, Some(0.06)];
/// for (a, e) in adjusted.iter().zip(&expected) {
///     assert!(a.zip(*e).is_none_or(|(a, e)| (a - e).abs() < 1e-15));
/// }
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn holm(p_values: &[Option<f64>]) -> Result<Vec<Option<f64>>, Undefined> {
    let order = ascending(p_values)?;
    let mut adjusted = vec![None; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, &(at, p)) in order.iter().enumerate() {
        largest = largest.max(factor(order.len() - rank) * p);
        adjusted[at] = Some(largest.min(1.0));
    }
    Ok(adjusted)
}

/// Benjamini-Hochberg step-up adjustment: cumulative minimum of m p / rank from the largest p.
///
/// Source: Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x.
/// Undefined as for [`holm`].
///
/// ```
/// use relief::estimate::statistics::multiplicity::benjamini_hochberg;
/// let adjusted = benjamini_hochberg(&[Some(0.01), Some(0.04), Some(0.03)])?; // R p.adjust
/// assert!(adjusted.iter().flatten().zip([0.03, 0.04, 0.04]).all(|(a, e)| (a - e).abs() < 1e-15));
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn benjamini_hochberg(p_values: &[Option<f64>]) -> Result<Vec<Option<f64>>, Undefined> {
    let order = ascending(p_values)?;
    let mut adjusted = vec![None; p_values.len()];
    let mut smallest = 1.0_f64;
    for (rank, &(at, p)) in order.iter().enumerate().rev() {
        smallest = smallest.min(factor(order.len()) / factor(rank + 1) * p);
        adjusted[at] = Some(smallest);
    }
    Ok(adjusted)
}

/// Where each existing p-value came from, smallest first.
fn ascending(p_values: &[Option<f64>]) -> Result<Vec<(usize, f64)>, Undefined> {
    let present = p_values.iter().enumerate().filter_map(|(at, p)| p.map(|p| (at, p)));
    let mut order: Vec<(usize, f64)> = present.collect();
    if order.iter().any(|(_, p)| !(0.0..=1.0).contains(p)) {
        return Err(Undefined::ProbabilityOutsideRange);
    }
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    Ok(order)
}

fn factor(count: usize) -> f64 {
    super::values::real(count as u64)
}
