//! Every number of the report's prose and tables is bound to a row of
//! results.csv, and is that row's number as a person would round it.

use std::collections::BTreeSet;

use relief::publish::formula;
use relief::publish::written::Table;

use crate::workdir::Workdir;

/// A piece of the page that names rows: their ids and the text printed.
struct Bound<'a> {
    ids: Vec<String>,
    text: &'a str,
}

/// The innermost elements with `data-result`: they hold text only.
fn bound(page: &str) -> Vec<Bound<'_>> {
    let pieces = page.split("data-result=\"").skip(1);
    pieces
        .filter_map(|rest| {
            let (ids, rest) = rest.split_once('"')?;
            let (_, rest) = rest.split_once('>')?;
            let ids = ids.split(' ').map(|id| id.replace("&#39;", "'").replace("&amp;", "&")).collect();
            Some(Bound { ids, text: rest.split('<').next().unwrap_or_default() })
        })
        .collect()
}

/// Numbers in a text, without the commas of thousands.
fn numbers(text: &str) -> BTreeSet<String> {
    let text = text.replace(',', "");
    let parts = text.split(|c: char| !c.is_ascii_digit() && c != '.');
    parts.map(|part| part.trim_matches('.').to_owned()).filter(|part| !part.is_empty()).collect()
}

/// Everything that may be printed of a row.
fn printable(table: &Table, row: &[String]) -> BTreeSet<String> {
    let mut known = numbers(table.cell(row, "reason"));
    for column in ["n", "numerator", "denominator"] {
        known.extend(numbers(table.cell(row, column)));
    }
    // What was still better at a week says that half had not lost it by then.
    if table.cell(row, "stratum_name") == "weeks_since_relief" {
        known.extend(numbers(table.cell(row, "stratum_level")));
    }
    // A signal is printed as the limits of the chart the number lies in or out of.
    if table.cell(row, "statistic").ends_with("_signal") {
        known.extend(["95", "99.8"].map(str::to_owned));
    }
    let share = table.cell(row, "unit") == "share";
    for column in ["value", "ci_low", "ci_high", "ci_level", "p_value", "p_adjusted"] {
        if let Ok(value) = table.cell(row, column).parse::<f64>() {
            known.extend(rounded(value));
            // Smaller ones are printed as "< 0.001".
            if column.starts_with("p_") && value < 0.001 {
                known.insert("0.001".to_owned());
            }
            if share || column == "ci_level" {
                known.extend(rounded(100.0 * value));
                known.extend(rounded(100.0 * (1.0 - value)));
            }
        }
    }
    known
}

/// A size with no, one, two and three decimals, halves up.
fn rounded(value: f64) -> [String; 4] {
    let size = value.abs();
    // What a half loses in binary is far less than this.
    let half_up = |scale: f64| (size * scale + 1e-9).round() / scale;
    let [none, one, two, three] = [1.0, 10.0, 100.0, 1000.0].map(half_up);
    [format!("{none:.0}"), format!("{one:.1}"), format!("{two:.2}"), format!("{three:.3}")]
}

/// Of all and those seen follow the lost; of a share of the lost, how many it is.
fn of_the_lost(table: &Table, rows: &[&[String]]) -> BTreeSet<String> {
    let number = |row: &[String], column: &str| table.cell(row, column).parse::<f64>().ok();
    let of = |rows: &[&[String]]| {
        let [all, seen] = rows else { return None };
        Some(number(all, "n")? - number(seen, "n")?)
    };
    let found = match rows {
        [share, rest @ ..] if rest.len() == 2 => number(share, "value").zip(of(rest)).map(|(share, lost)| share * lost),
        _ => of(rows),
    };
    found.map(|lost| format!("{lost:.0}")).into_iter().collect()
}

/// Two rows printed as one number are how far they are apart, or the share one is of the other.
fn apart(table: &Table, rows: &[&[String]]) -> BTreeSet<String> {
    let [one, other] = rows else { return BTreeSet::new() };
    let values = [one, other].map(|row| table.cell(row, "value").parse::<f64>());
    let [Ok(one), Ok(other)] = values else { return BTreeSet::new() };
    let share = 100.0 * one / other;
    // A share that is neither nothing nor all is not printed as either.
    let share = if share > 0.0 && share < 100.0 { share.clamp(0.01, 99.99) } else { share };
    let apart = rounded(one - other).into_iter().chain(rounded(100.0 * (one - other)));
    apart.chain(rounded(share)).collect()
}

#[test]
fn every_printed_number_is_its_row_s_number() {
    let workdir = Workdir::with_sample();
    for pipeline in ["quarterly", "research"] {
        workdir.relief(&["run", &format!("pipelines/{pipeline}.toml")]).exits(0);
        let folder = format!("reports/sample-{pipeline}");
        let table = Table::parse(&workdir.read(&format!("{folder}/results.csv")));
        let known = table.by_id();
        for row in &table.rows {
            let statistic = table.cell(row, "statistic");
            assert!(formula::is_known(statistic), "`relief explain` cannot say what `{statistic}` is");
        }
        let page = workdir.read(&format!("{folder}/report.html"));
        let mut printed = 0;
        for Bound { ids, text } in bound(&page) {
            let rows: Vec<&[String]> =
                ids.iter().map(|id| *known.get(id.as_str()).unwrap_or_else(|| panic!("no row {id}"))).collect();
            let mut allowed = apart(&table, &rows);
            allowed.extend(of_the_lost(&table, &rows));
            allowed.extend(rows.iter().flat_map(|row| printable(&table, row)));
            let found = numbers(text);
            assert!(found.is_subset(&allowed), "{pipeline}: `{text}` is not of {ids:?}: {allowed:?}");
            printed += found.len();
        }
        assert!(printed > 300, "{pipeline}: {printed} numbers");
        unbound(&page, pipeline);
    }
}

/// Digits that are part of a definition, a time or a name, and not a result.
fn is_no_result(word: &str) -> bool {
    let fixed = [
        "20 %",
        "30 %",
        "50 %",
        "95 %",
        "60 %",
        "0–10",
        "PHQ-9",
        "GAD-7",
        "MME",
        "CDC",
        "us-cms-11",
        "internal-5",
        "100 infusions",
        "below 5",
        "than 5 patients",
        "than 11 patients",
        "below 11",
    ];
    fixed.iter().any(|known| word.contains(known))
}

/// The first sentence of every section and the cautions: what is printed
/// outside of bound pieces has no number but definitions, times, names, and
/// counts of rows of the report itself.
fn unbound(page: &str, pipeline: &str) {
    let starts = ["<p class=\"answer\">", "<ul>\n<li><strong>"];
    for start in starts {
        for part in page.split(start).skip(1) {
            let end = if start.starts_with("<p") { "</p>" } else { "</ul>" };
            let html = part.split(end).next().unwrap_or_default();
            let text = without_bound(html).replace('\u{a0}', " ");
            let words: Vec<&str> = text.split_whitespace().collect();
            for (index, word) in
                words.iter().enumerate().filter(|(_, word)| word.contains(|c: char| c.is_ascii_digit()))
            {
                let before = index.checked_sub(1).and_then(|index| words.get(index)).copied().unwrap_or_default();
                let after = words.get(index + 1).copied().unwrap_or_default();
                let near = format!("{before} {word} {after}");
                assert!(
                    is_no_result(&near) || is_time(before, word, after) || is_count_of_rows(after),
                    "{pipeline}: `{near}` is bound to no row in: {text}"
                );
            }
        }
    }
}

/// Text outside of elements that name a row, and outside of code.
fn without_bound(html: &str) -> String {
    let mut text = String::new();
    let mut skip: Option<&str> = None;
    for piece in html.split('<') {
        let (tag, rest) = piece.split_once('>').unwrap_or(("", piece));
        if let Some(close) = skip {
            if tag != close {
                continue;
            }
            skip = None;
        } else if tag.contains("data-result") {
            skip = Some(if tag.starts_with("small") { "/small" } else { "/span" });
            continue;
        } else if tag.starts_with("code") {
            skip = Some("/code");
            continue;
        }
        text.push_str(rest);
    }
    text
}

fn is_time(before: &str, word: &str, after: &str) -> bool {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let trim = |word: &str| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    let quarter = |word: &str| matches!(trim(word).as_str(), "Q1" | "Q2" | "Q3" | "Q4");
    let month = trim(before).rsplit('–').next().is_some_and(|name| name.len() == 3 && MONTHS.contains(name));
    quarter(word)
        || quarter(after)
        || month
        || ["weeks", "days", "months", "quarters"].iter().any(|unit| trim(after) == *unit)
}

/// How many groups, measures or numbers the report has: counted on the page,
/// not in the records.
fn is_count_of_rows(after: &str) -> bool {
    let things = [
        "condition",
        "sentence",
        "definition",
        "site",
        "measure",
        "window",
        "earlier",
        "numbers",
        "number",
        "of",
        "can",
        "shown",
        "stand",
        "stands",
        "interval",
        "quarter",
        "kind",
    ];
    let word = after.trim_matches(|c: char| !c.is_ascii_alphabetic());
    things.iter().any(|thing| word == *thing || word == format!("{thing}s"))
}
