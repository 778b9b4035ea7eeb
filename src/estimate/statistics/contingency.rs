//! Pearson's chi-squared on a table of counts, with Cramer's V.

use super::Undefined;
use super::distribution::gamma::chi_squared_upper_tail;
use super::values::real;

/// A rectangular table of counts without empty rows or columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    rows: Vec<Vec<u64>>,
    row_sums: Vec<u64>,
    column_sums: Vec<u64>,
    total: u64,
}

impl Table {
    /// Drops rows and columns that are all zero: they carry nothing, and SciPy raises and
    /// R gives NaN for them.
    ///
    /// Rows of different length are [`Undefined::UnequalLengths`]; fewer than two rows or
    /// columns left is [`Undefined::EmptyTable`].
    ///
    /// ```
    /// use relief::estimate::statistics::contingency::Table;
    /// let table = Table::new(&[vec![3, 0, 1], vec![0, 0, 0], vec![1, 0, 3]])?;
    /// assert_eq!(table.rows(), [vec![3, 1], vec![1, 3]]);
    /// # Ok::<(), relief::estimate::statistics::Undefined>(())
    /// ```
    pub fn new(rows: &[Vec<u64>]) -> Result<Self, Undefined> {
        let width = rows.first().map_or(0, Vec::len);
        if rows.iter().any(|row| row.len() != width) {
            return Err(Undefined::UnequalLengths);
        }
        let total = checked_sum(rows.iter().flatten())?;
        let used: Vec<bool> = (0..width).map(|j| rows.iter().any(|row| row[j] > 0)).collect();
        let rows: Vec<Vec<u64>> = rows
            .iter()
            .filter(|row| row.iter().any(|&count| count > 0))
            .map(|row| row.iter().zip(&used).filter(|(_, used)| **used).map(|(c, _)| *c).collect())
            .collect();
        let width = used.iter().filter(|used| **used).count();
        if rows.len() < 2 || width < 2 {
            return Err(Undefined::EmptyTable);
        }
        let row_sums = rows.iter().map(|row| row.iter().sum()).collect();
        let column_sums = (0..width).map(|j| rows.iter().map(|row| row[j]).sum()).collect();
        Ok(Self { rows, row_sums, column_sums, total })
    }

    /// The rows that are used.
    pub fn rows(&self) -> &[Vec<u64>] {
        &self.rows
    }

    /// The sum of each row.
    pub fn row_sums(&self) -> &[u64] {
        &self.row_sums
    }

    /// The sum of each column.
    pub fn column_sums(&self) -> &[u64] {
        &self.column_sums
    }

    /// The sum of all cells.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Observed and expected count of every cell.
    fn cells(&self) -> impl Iterator<Item = (f64, f64)> {
        let total = real(self.total);
        self.rows.iter().zip(&self.row_sums).flat_map(move |(row, &row_sum)| {
            row.iter()
                .zip(&self.column_sums)
                .map(move |(&observed, &column_sum)| (real(observed), real(row_sum) * (real(column_sum) / total)))
        })
    }
}

fn checked_sum<'a>(counts: impl Iterator<Item = &'a u64>) -> Result<u64, Undefined> {
    let sum = counts.into_iter().try_fold(0_u64, |sum, &count| sum.checked_add(count));
    sum.filter(|&n| n <= 1 << 53).ok_or(Undefined::ValueOutsideRange)
}

/// Pearson's chi-squared test of independence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pearson {
    /// The statistic.
    pub chi_squared: f64,
    /// (rows - 1)(columns - 1).
    pub df: u64,
    /// P(chi-squared >= statistic).
    pub p: f64,
    /// The smallest expected count; below 5 use [`super::fisher`] instead.
    pub smallest_expected: f64,
    /// Cramer's V, sqrt(chi^2 / (n min(r-1, c-1))), from 0 to 1.
    pub cramers_v: f64,
}

/// Pearson's chi-squared with Cramer's V.
///
/// Formula: sum (O - E)^2 / E, df = (r-1)(c-1). Sources: Pearson (1900),
/// doi:10.1080/14786440009463897; Cramer (1946), "Mathematical Methods of Statistics",
/// section 21.9 (no DOI). Empty lines are dropped by [`Table::new`].
///
/// ```
/// use relief::estimate::statistics::contingency::{Table, pearson};
/// // R ?chisq.test, party by gender (Agresti 2007, p. 39): X-squared = 30.07, df = 2.
/// let test = pearson(&Table::new(&[vec![762, 327, 468], vec![484, 239, 477]])?)?;
/// assert!((test.chi_squared - 30.070).abs() < 5e-4 && test.df == 2);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn pearson(table: &Table) -> Result<Pearson, Undefined> {
    with_correction(table, 0.0)
}

/// Pearson's chi-squared with Yates' correction, for 2 x 2 tables only.
///
/// Formula: |O - E| is reduced by min(1/2, |O - E|). Source: Yates (1934),
/// doi:10.2307/2983604. A larger table is [`Undefined::ParameterOutsideRange`].
///
/// ```
/// use relief::estimate::statistics::contingency::{Table, yates};
/// let test = yates(&Table::new(&[vec![10, 20], vec![20, 10]])?)?; // R chisq.test: 5.4
/// assert!((test.chi_squared - 5.4).abs() < 1e-12);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn yates(table: &Table) -> Result<Pearson, Undefined> {
    if table.row_sums.len() != 2 || table.column_sums.len() != 2 {
        return Err(Undefined::ParameterOutsideRange);
    }
    // |O - E| is the same in all four cells; the first stands for it.
    let gap = table.cells().next().map_or(0.0, |(observed, expected)| (observed - expected).abs());
    with_correction(table, gap.min(0.5))
}

fn with_correction(table: &Table, correction: f64) -> Result<Pearson, Undefined> {
    let gap = |observed: f64, expected: f64| (observed - expected).abs() - correction;
    let chi_squared: f64 = table.cells().map(|(o, e)| gap(o, e) * (gap(o, e) / e)).sum();
    let (r, c) = (table.row_sums.len() as u64 - 1, table.column_sums.len() as u64 - 1);
    Ok(Pearson {
        chi_squared,
        df: r * c,
        p: chi_squared_upper_tail(chi_squared, r * c)?,
        smallest_expected: table.cells().map(|(_, e)| e).fold(f64::INFINITY, f64::min),
        cramers_v: (chi_squared / (real(table.total) * real(r.min(c)))).sqrt().min(1.0),
    })
}
