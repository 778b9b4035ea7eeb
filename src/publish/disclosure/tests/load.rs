//! temporary: how long and how much.
use super::cohort::*;
use crate::estimate::result::*;
use crate::model::attrition::Attrition;
use crate::publish::disclosure::release;

fn pseudo(seed: &mut u64, bound: u64) -> u64 {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*seed >> 33) % bound
}

fn sized(scale: u64, sites: usize, conditions: usize, quarters: usize, crossed: bool) {
    let mut seed = 42;
    // people[quarter][month][site][condition] for 8 outcomes groups
    let mut all: Vec<Estimate> = Vec::new();
    let families = ["response", "opioid", "phq9", "gad7"];
    for (f, family) in families.iter().enumerate() {
        for (h, horizon) in ["2w", "4w", "12w", "24w"].iter().enumerate() {
            let mut people = vec![vec![vec![People::default(); conditions]; sites]; quarters * 3];
            for m in people.iter_mut() {
                for (s, site) in m.iter_mut().enumerate() {
                    for (c, p) in site.iter_mut().enumerate() {
                        let size = scale / (c as u64 + 1) / (s as u64 + 1) + 1;
                        *p = People {
                            half: pseudo(&mut seed, size),
                            third: pseudo(&mut seed, size),
                            less: pseudo(&mut seed, size * 2),
                            missing: pseudo(&mut seed, size),
                        };
                    }
                }
            }
            let sum = |months: std::ops::Range<usize>, s: Option<usize>, c: Option<usize>| {
                let mut t = People::default();
                for m in months {
                    for si in 0..sites {
                        if s.is_some_and(|s| s != si) {
                            continue;
                        }
                        for ci in 0..conditions {
                            if c.is_some_and(|c| c != ci) {
                                continue;
                            }
                            t = t.plus(people[m][si][ci]);
                        }
                    }
                }
                t
            };
            let mut push = |population,
                            range: std::ops::Range<usize>,
                            first: String,
                            last: String,
                            s: Option<usize>,
                            c: Option<usize>| {
                let base = place(s.map_or(0, |s| s + 1), c.map_or(0, |c| c + 1));
                let base = CellKey { horizon: horizon.to_string(), horizon_day: h as i32, ..base };
                let base = in_period(base, population, &first, &last);
                for mut e in of_people(&base, sum(range, s, c)) {
                    e.key.measure_id = match (f, e.key.measure_id.as_str()) {
                        (0, id) => id.to_owned(),
                        (_, "response_30") => format!("{family}_response"),
                        (_, "response_50") => format!("{family}_remission"),
                        (_, _) => format!("{family}_delta"),
                    };
                    e.key.measure_order += f * 10;
                    all.push(e);
                }
            };
            let quarter = |q: usize| format!("{}Q{}", 2020 + q / 4, q % 4 + 1);
            let month = |m: usize| format!("{}-{:02}", 2020 + m / 12, m % 12 + 1);
            let axes: Vec<(Option<usize>, Option<usize>)> = std::iter::once((None, None))
                .chain((0..sites).map(|s| (Some(s), None)))
                .chain((0..conditions).map(|c| (None, Some(c))))
                .collect();
            let mut full = axes.clone();
            for s in 0..sites {
                for c in 0..conditions {
                    full.push((Some(s), Some(c)));
                }
            }
            for &(s, c) in if crossed { &full } else { &axes } {
                push(
                    Population::RollingYear,
                    quarters * 3 - 12..quarters * 3,
                    quarter(quarters - 4),
                    quarter(quarters - 1),
                    s,
                    c,
                );
                push(Population::ToDate, 0..quarters * 3, quarter(0), quarter(quarters - 1), s, c);
            }
            for s in std::iter::once(None).chain((0..sites).map(Some)) {
                push(
                    Population::Quarter,
                    quarters * 3 - 3..quarters * 3,
                    quarter(quarters - 1),
                    quarter(quarters - 1),
                    s,
                    None,
                );
                for q in 0..quarters {
                    push(Population::QuarterSeries, q * 3..q * 3 + 3, quarter(q), quarter(q), s, None);
                }
            }
            for m in 0..quarters * 3 {
                push(Population::Month, m..m + 1, month(m), month(m), None, None);
            }
        }
    }
    let n = all.len();
    let start = std::time::Instant::now();
    let table = release(all, &Attrition::default(), &strict(11));
    let took = start.elapsed();
    for population in
        [Population::Quarter, Population::RollingYear, Population::ToDate, Population::QuarterSeries, Population::Month]
    {
        for estimand in [Estimand::Nri, Estimand::Oc] {
            for overall in [true, false] {
                let rows: Vec<_> = table
                    .rows()
                    .iter()
                    .filter(|r| {
                        r.population == population
                            && r.estimand == estimand
                            && (r.site == "all" && r.condition == "all") == overall
                    })
                    .collect();
                let small =
                    rows.iter().filter(|r| r.suppression == crate::publish::results::Suppression::Primary).count();
                let hidden = rows.iter().filter(|r| r.suppression.hides()).count();
                eprintln!(
                    "  {:?} {:?} overall {overall}: {} rows, hidden {} of which small {}",
                    population,
                    estimand,
                    rows.len(),
                    hidden,
                    small
                );
            }
        }
    }
    eprintln!("{n} cells, {took:?}");
}

#[test]
fn load() {
    sized(12, 3, 8, 8, false);
    sized(60, 3, 8, 8, false);
    sized(12, 6, 20, 12, true);
    sized(60, 6, 20, 12, true);
    sized(400, 12, 20, 12, true);
}
