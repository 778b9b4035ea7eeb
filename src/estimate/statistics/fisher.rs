//! Fisher's exact test for 2 x 2 tables, and for larger ones exactly or by simulation.

use super::Undefined;
use super::contingency::Table;
use super::distribution::ln_binomial_density;
use super::random::SplitMix64;
use super::values::real;

/// Probabilities within this factor of the observed one count as equal (R's rule), so
/// that rounding does not decide which tables are as extreme.
const TIE: f64 = 1e-7;

/// Exact enumeration gives up after this many partial tables (tens of milliseconds).
const MOST_TABLES: u64 = 2_000_000;

/// Beyond this standard deviation of the first cell, summing its tails takes seconds; the
/// total is then above 10^13, and chi-squared agrees to more digits than are printed.
const WIDEST_CELL: f64 = 1e6;

/// Simulation refuses larger totals, for which chi-squared is accurate and fast.
const LARGEST_SIMULATED: u64 = 100_000;

/// Exact p-values of a 2 x 2 table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FisherTwoByTwo {
    /// Sum of the probabilities of tables no more likely than the observed one.
    pub p_two_sided: f64,
    /// P(first cell <= observed).
    pub p_less: f64,
    /// P(first cell >= observed).
    pub p_greater: f64,
}

/// The hypergeometric distribution of the first cell of a 2 x 2 table.
struct FirstCell {
    row: u64,
    column: u64,
    total: u64,
}

impl FirstCell {
    fn lowest(&self) -> u64 {
        (self.row + self.column).saturating_sub(self.total)
    }

    fn highest(&self) -> u64 {
        self.row.min(self.column)
    }

    /// ln of C(row, k) C(total - row, column - k) / C(total, column), as Loader's ratio
    /// of three binomials of the same probability.
    fn ln_density(&self, k: u64) -> f64 {
        let p = real(self.column) / real(self.total);
        let q = real(self.total - self.column) / real(self.total);
        let binomial = |x: u64, n: u64| ln_binomial_density(real(x), real(n), p, q);
        binomial(k, self.row) + binomial(self.column - k, self.total - self.row) - binomial(self.column, self.total)
    }

    /// The same from a table of ln n!, for one of many draws.
    fn ln_density_from(&self, ln_factorial: &[f64], k: u64) -> f64 {
        let ln_choose = |n: u64, k: u64| ln_factorial[index(n)] - ln_factorial[index(k)] - ln_factorial[index(n - k)];
        ln_choose(self.column, k) + ln_choose(self.total - self.column, self.row - k) - ln_choose(self.total, self.row)
    }

    /// Density at k + 1 over density at k.
    fn ratio(&self, k: u64) -> f64 {
        let stay = real(self.total + k + 1 - self.row - self.column);
        real(self.row - k) / real(k + 1) * (real(self.column - k) / stay)
    }

    /// Sum of the density from `k` away from the mode, stopping once terms stop counting.
    fn sum_up_from(&self, k: u64) -> f64 {
        let mut term = self.ln_density(k).exp();
        let mut sum = term;
        for at in k..self.highest() {
            term *= self.ratio(at);
            sum += term;
            if term <= sum * 1e-18 {
                break;
            }
        }
        sum
    }

    fn sum_down_from(&self, k: u64) -> f64 {
        let mut term = self.ln_density(k).exp();
        let mut sum = term;
        for at in (self.lowest()..k).rev() {
            term /= self.ratio(at);
            sum += term;
            if term <= sum * 1e-18 {
                break;
            }
        }
        sum
    }

    fn standard_deviation(&self) -> f64 {
        let [row, column, total] = [self.row, self.column, self.total].map(real);
        (row * (column / total) * (1.0 - column / total) * (1.0 - row / total)).max(0.0).sqrt()
    }

    fn mode(&self) -> u64 {
        let peak = u128::from(self.row + 1) * u128::from(self.column + 1) / (u128::from(self.total) + 2);
        u64::try_from(peak).unwrap_or(u64::MAX).clamp(self.lowest(), self.highest())
    }

    /// P(X <= k), from whichever side is the tail.
    fn at_most(&self, k: u64) -> f64 {
        if k >= self.highest() {
            return 1.0;
        }
        if k <= self.mode() { self.sum_down_from(k) } else { 1.0 - self.sum_up_from(k + 1) }
    }

    fn at_least(&self, k: u64) -> f64 {
        if k <= self.lowest() {
            return 1.0;
        }
        if k >= self.mode() { self.sum_up_from(k) } else { 1.0 - self.sum_down_from(k - 1) }
    }

    /// Both tails of tables no more likely than the one with first cell `k`.
    fn two_sided(&self, k: u64) -> f64 {
        let limit = self.ln_density(k) + TIE.ln_1p();
        let mode = self.mode();
        let low = last_such(self.lowest(), mode, |at| self.ln_density(at) <= limit);
        let high = last_such(0, self.highest() - mode, |back| self.ln_density(self.highest() - back) <= limit);
        match (low, high) {
            (Some(low), Some(back)) if low >= self.highest() - back => 1.0,
            (low, back) => {
                low.map_or(0.0, |low| self.sum_down_from(low))
                    + back.map_or(0.0, |back| self.sum_up_from(self.highest() - back))
            }
        }
    }
}

/// The last position from `first` to `last` where a condition that is true at first holds.
fn last_such(first: u64, last: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    if !holds(first) {
        return None;
    }
    let (mut yes, mut no) = (first, last + 1);
    while no - yes > 1 {
        let middle = yes + (no - yes) / 2;
        if holds(middle) {
            yes = middle;
        } else {
            no = middle;
        }
    }
    Some(yes)
}

/// Fisher's exact test of a 2 x 2 table, two-sided by R's rule.
///
/// Formula: hypergeometric given both margins; two-sided p sums the tables with
/// probability at most (1 + 1e-7) times the observed one. Source: Fisher (1922),
/// doi:10.2307/2340521. Work grows with the standard deviation of the cell, not with the
/// counts; beyond totals of 10^13 it is [`Undefined::TooLargeForExact`]. Another shape is
/// [`Undefined::ParameterOutsideRange`].
///
/// ```
/// use relief::estimate::statistics::{contingency::Table, fisher::two_by_two};
/// // Fisher's tea taster, R ?fisher.test: one-sided p = 0.2429, two-sided 0.4857.
/// let test = two_by_two(&Table::new(&[vec![3, 1], vec![1, 3]])?)?;
/// assert!((test.p_greater - 0.2429).abs() < 5e-5 && (test.p_two_sided - 0.4857).abs() < 5e-5);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn two_by_two(table: &Table) -> Result<FisherTwoByTwo, Undefined> {
    let ([row, _], [column, _]) = (table.row_sums(), table.column_sums()) else {
        return Err(Undefined::ParameterOutsideRange);
    };
    let cell = FirstCell { row: *row, column: *column, total: table.total() };
    if cell.standard_deviation() > WIDEST_CELL {
        return Err(Undefined::TooLargeForExact);
    }
    let k = table.rows()[0][0];
    Ok(FisherTwoByTwo {
        p_two_sided: cell.two_sided(k).clamp(0.0, 1.0),
        p_less: cell.at_most(k).clamp(0.0, 1.0),
        p_greater: cell.at_least(k).clamp(0.0, 1.0),
    })
}

/// How the p-value of a larger table was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FisherMethod {
    /// Every table with the same margins was visited.
    Exact,
    /// Tables were drawn at random: print the number of replicates beside the p-value.
    MonteCarlo {
        /// How many tables were drawn.
        replicates: u32,
    },
}

/// A p-value for a table of any size, labelled with its method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FisherTest {
    /// The two-sided p-value.
    pub p_two_sided: f64,
    /// How it was obtained.
    pub method: FisherMethod,
}

/// Fisher-Freeman-Halton test for a table of any size.
///
/// Exact by visiting tables with the same margins row by row (at most two million partial
/// tables), else by `replicates` seeded draws, p = (1 + extreme) / (1 + replicates).
/// Sources: Freeman and Halton (1951), doi:10.1093/biomet/38.1-2.141; Patefield (1981),
/// doi:10.2307/2346669. Beyond 100,000 observations it is
/// [`Undefined::TooLargeForExact`] unless enumerable; no replicates is
/// [`Undefined::TooFewReplicates`].
///
/// ```
/// use relief::estimate::statistics::{contingency::Table, fisher::{FisherMethod, r_by_c}};
/// // R ?fisher.test, job satisfaction by income (Agresti 2002, p. 57): p = 0.7827.
/// let job = [vec![1, 2, 1, 0], vec![3, 3, 6, 1], vec![10, 10, 14, 9], vec![6, 7, 12, 11]];
/// let test = r_by_c(&Table::new(&job)?, 20_000, 1)?;
/// assert!((test.p_two_sided - 0.7827).abs() < 0.01);
/// # Ok::<(), relief::estimate::statistics::Undefined>(())
/// ```
pub fn r_by_c(table: &Table, replicates: u32, seed: u64) -> Result<FisherTest, Undefined> {
    if let Some(p_two_sided) = Enumeration::p_two_sided(table) {
        return Ok(FisherTest { p_two_sided, method: FisherMethod::Exact });
    }
    if table.total() > LARGEST_SIMULATED {
        return Err(Undefined::TooLargeForExact);
    }
    if replicates == 0 {
        return Err(Undefined::TooFewReplicates);
    }
    let p_two_sided = simulate(table, replicates, &mut SplitMix64::new(seed));
    Ok(FisherTest { p_two_sided, method: FisherMethod::MonteCarlo { replicates } })
}

/// Sum of ln(count!) over the cells, minus which, up to a constant, is ln probability.
fn ln_weight(rows: &[Vec<u64>], ln_factorial: &[f64]) -> f64 {
    rows.iter().flatten().map(|&count| -ln_factorial[index(count)]).sum()
}

/// ln(k!) for k up to n, summed exactly enough for the tie rule at any simulated size.
fn ln_factorials(n: u64) -> Vec<f64> {
    let mut sum = 0.0;
    let logs = (1..=n).map(|k| {
        sum += real(k).ln();
        sum
    });
    std::iter::once(0.0).chain(logs).collect()
}

fn index(count: u64) -> usize {
    usize::try_from(count).expect("tables that are visited or drawn are small")
}

/// Visits all tables with given margins, cell by cell, adding up those that are extreme.
struct Enumeration<'a> {
    row_sums: &'a [u64],
    ln_factorial: Vec<f64>,
    limit: f64,
    left: u64,
    extreme: f64,
    all: f64,
    /// Subtracted before exponentiating, so that the observed table has weight one.
    reference: f64,
}

impl Enumeration<'_> {
    fn p_two_sided(table: &Table) -> Option<f64> {
        if table.total() > LARGEST_SIMULATED {
            return None;
        }
        let ln_factorial = ln_factorials(table.total());
        let observed = ln_weight(table.rows(), &ln_factorial);
        let mut search = Enumeration {
            row_sums: table.row_sums(),
            ln_factorial,
            limit: observed + TIE.ln_1p(),
            left: MOST_TABLES,
            extreme: 0.0,
            all: 0.0,
            reference: observed,
        };
        let mut columns = table.column_sums().to_vec();
        let row_left = table.row_sums()[0];
        search.place(0, 0, row_left, &mut columns, 0.0)?;
        Some((search.extreme / search.all).clamp(0.0, 1.0))
    }

    /// Fills the cell at (row, column) with every count that leaves a valid table.
    fn place(&mut self, row: usize, column: usize, row_left: u64, columns: &mut Vec<u64>, weight: f64) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        if row + 1 == self.row_sums.len() {
            self.close(columns, weight);
            return Some(());
        }
        if column + 1 == columns.len() {
            if row_left > columns[column] {
                return Some(());
            }
            let weight = weight - self.ln_factorial[index(row_left)];
            columns[column] -= row_left;
            let next = self.row_sums[row + 1];
            let outcome = self.place(row + 1, 0, next, columns, weight);
            columns[column] += row_left;
            return outcome;
        }
        for count in 0..=row_left.min(columns[column]) {
            columns[column] -= count;
            let weight = weight - self.ln_factorial[index(count)];
            let outcome = self.place(row, column + 1, row_left - count, columns, weight);
            columns[column] += count;
            outcome?;
        }
        Some(())
    }

    /// The last row is what the columns have left.
    fn close(&mut self, columns: &[u64], weight: f64) {
        let last: f64 = columns.iter().map(|&count| self.ln_factorial[index(count)]).sum();
        let weight = weight - last;
        let probability = (weight - self.reference).exp();
        self.all += probability;
        if weight <= self.limit {
            self.extreme += probability;
        }
    }
}

fn simulate(table: &Table, replicates: u32, random: &mut SplitMix64) -> f64 {
    let ln_factorial = ln_factorials(table.total());
    let limit = ln_weight(table.rows(), &ln_factorial) + TIE.ln_1p();
    let mut drawn = table.rows().to_vec();
    let mut is_extreme = |_: &u32| {
        random_table(table, &ln_factorial, random, &mut drawn);
        ln_weight(&drawn, &ln_factorial) <= limit
    };
    let extreme = (0..replicates).filter(&mut is_extreme).count();
    (real(extreme as u64) + 1.0) / (f64::from(replicates) + 1.0)
}

/// A table with the same margins, cell by cell from conditional hypergeometrics.
fn random_table(table: &Table, ln_factorial: &[f64], random: &mut SplitMix64, drawn: &mut [Vec<u64>]) {
    let mut columns = table.column_sums().to_vec();
    let mut total = table.total();
    for (&row_sum, row) in table.row_sums().iter().zip(drawn) {
        let (mut row_left, mut others) = (row_sum, total);
        for (column, count) in columns.iter_mut().zip(row) {
            let cell = FirstCell { row: row_left, column: *column, total: others };
            *count = draw(&cell, ln_factorial, random.unit());
            row_left -= *count;
            others -= *column;
            *column -= *count;
        }
        total -= row_sum;
    }
}

/// Inverts the distribution outwards from its mode, which takes about one standard
/// deviation of steps.
fn draw(cell: &FirstCell, ln_factorial: &[f64], uniform: f64) -> u64 {
    let (lowest, highest) = (cell.lowest(), cell.highest());
    if lowest == highest {
        return lowest;
    }
    let mode = cell.mode();
    let peak = cell.ln_density_from(ln_factorial, mode).exp();
    let mut left = uniform - peak;
    let (mut low, mut high) = (mode, mode);
    let (mut p_low, mut p_high) = (peak, peak);
    let mut drawn = mode;
    while left > 0.0 && (low > lowest || high < highest) {
        if high < highest {
            p_high *= cell.ratio(high);
            high += 1;
            left -= p_high;
            drawn = high;
        }
        if left > 0.0 && low > lowest {
            low -= 1;
            p_low /= cell.ratio(low);
            left -= p_low;
            drawn = low;
        }
        if p_low + p_high < 1e-300 {
            return mode;
        }
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rows: &[Vec<u64>], expected: f64) {
        let table = Table::new(rows).expect("a table");
        let test = r_by_c(&table, 10, 1).expect("small");
        assert_eq!(test.method, FisherMethod::Exact);
        assert!((test.p_two_sided / expected - 1.0).abs() < 1e-9, "{test:?}");
    }

    #[test]
    fn larger_tables_equal_r() {
        // R 4.2.2 fisher.test(), kept in golden_cases.json as `r.fisher_p_two`.
        check(&[vec![12, 3], vec![7, 8], vec![20, 4]], 0.042_515_065_869_537);
        check(&[vec![3, 0], vec![0, 3], vec![2, 2]], 0.095_238_095_238_095_2);
        let five = [vec![2, 3], vec![0, 4], vec![6, 1], vec![3, 3], vec![1, 5]];
        check(&five, 0.039_552_287_499_521_2);
    }

    #[test]
    fn simulation_comes_close_to_the_exact_value() {
        let rows = [vec![2, 3], vec![0, 4], vec![6, 1], vec![3, 3], vec![1, 5]];
        let table = Table::new(&rows).expect("a table");
        let p = simulate(&table, 20_000, &mut SplitMix64::new(1));
        assert!((p - 0.039_552_287).abs() < 0.006, "{p}");
    }
}
