//! Pieces of HTML. Numbers enter the page only through functions that take the
//! row they come from, and carry its id.

use super::words;
use crate::publish::chart::svg::escape;
use crate::publish::disclosure::{COVERS, is_uninterpretable};
use crate::publish::results::{Released, ResultRow};

/// A number with its unit, or why there is none.
pub(super) fn number(row: &ResultRow) -> String {
    marked(row, or_reason(row, words::number(row)))
}

/// A number that lies close to another: a mean has a second decimal.
pub(super) fn fine(row: &ResultRow) -> String {
    marked(row, or_reason(row, words::fine(row)))
}

/// The same with its interval.
pub(super) fn fine_compact(row: &ResultRow) -> String {
    marked(row, or_reason(row, words::fine_compact(row)))
}

/// Stands behind a number that too few of those due gave.
const MARK: char = '†';
/// What the mark means.
const MARKED: &str =
    "<p class=\"note\">† Not interpretable: for fewer than 60\u{A0}% of those due is it on record.</p>\n";

/// A number with the mark, where it needs one.
fn marked(row: &ResultRow, html: String) -> String {
    if is_uninterpretable(row) { format!("{html}{MARK}") } else { html }
}

/// What the mark means, where it stands in a text.
fn mark_note(html: &str) -> &'static str {
    if html.contains(MARK) { MARKED } else { "" }
}

/// A number whose unit the sentence around it says.
pub(super) fn bare(row: &ResultRow) -> String {
    marked(row, or_reason(row, words::bare(row)))
}

/// A number as on the first screen: a share has no decimals there.
pub(super) fn whole(row: &ResultRow) -> String {
    marked(row, or_reason(row, words::whole(row)))
}

/// The interval of such a number: `45 and 56 %`.
pub(super) fn whole_between(row: &ResultRow) -> String {
    or_reason(row, words::whole_between(row))
}

/// What the interval of a difference allows, as a sentence without its full stop.
pub(super) fn span(row: &ResultRow) -> String {
    let text = words::span(row).unwrap_or_else(|| words::reason(row));
    format!("<span data-result=\"{}\">{}</span>", escape(&row.result_id), escape(&text))
}

/// The share without the outcome, as on the first screen.
pub(super) fn whole_complement(row: &ResultRow) -> String {
    or_reason(row, words::whole_complement(row))
}

/// The interval of such a number: `18.0 and 22.3`.
pub(super) fn bare_between(row: &ResultRow) -> String {
    or_reason(row, words::bare_between(row))
}

/// A number with its interval, for a cell of a table.
pub(super) fn compact(row: &ResultRow) -> String {
    marked(row, or_reason(row, words::compact(row)))
}

/// A number with its interval and the patients it rests on: columns of one
/// table have denominators of their own.
pub(super) fn compact_of(row: &ResultRow) -> String {
    let base = row.value.and(words::size(row)).map_or_else(String::new, |size| {
        format!(" <small data-result=\"{}\">of {}</small>", escape(&row.result_id), escape(&size))
    });
    format!("{}{base}", compact(row))
}

/// `119 of 205`, or why not: of nobody there is no number.
pub(super) fn of(row: &ResultRow) -> String {
    or_reason(row, words::of(row).filter(|_| row.denominator != Some(0)))
}

/// `fell by 3.4 percentage points`, or why not.
pub(super) fn moved(row: &ResultRow) -> String {
    or_reason(row, words::moved(row))
}

/// `3 (0.02 %)`: a count of rows and its share of a whole, or why not.
pub(super) fn share_of(part: &ResultRow, whole: &ResultRow) -> String {
    match words::share_of(part, whole) {
        Some(text) => format!(
            "<span class=\"num\" data-result=\"{} {}\">{}</span>",
            escape(&part.result_id),
            escape(&whole.result_id),
            escape(&text)
        ),
        None => or_reason(part, words::number(part)),
    }
}

/// `119 of 142 (84 %)`, or why not.
pub(super) fn counted(row: &ResultRow) -> String {
    let text = match (row.numerator, row.denominator) {
        (_, Some(0)) => Some("nobody due".to_owned()),
        (Some(0), Some(due)) => Some(format!("none of {}", words::count(due))),
        _ => words::of(row).map(|of| format!("{of} ({})", words::number_or_reason(row))),
    };
    or_reason(row, text)
}

/// How many patients the number rests on, or why that is not said.
pub(super) fn size(row: &ResultRow) -> String {
    or_reason(row, words::size(row))
}

/// `51 and 65 %`, or why not.
pub(super) fn between(row: &ResultRow) -> String {
    or_reason(row, words::between(row))
}

/// The p-value of a test, where one was made.
pub(super) fn p_value(row: &ResultRow) -> String {
    let text = row.p_value.map(|p| if p < 0.001 { "below 0.001".to_owned() } else { format!("{p:.3}") });
    match text {
        Some(text) => or_reason(row, Some(text)),
        None => "<span class=\"unknown\">no test</span>".to_owned(),
    }
}

/// The p-value allowing for the other tests, where a heading says how.
pub(super) fn adjusted(row: &ResultRow) -> String {
    or_reason(row, row.p_adjusted.map(|p| if p < 0.001 { "below 0.001".to_owned() } else { format!("{p:.3}") }))
}

/// The share without the outcome, or why that is not said.
pub(super) fn complement(row: &ResultRow) -> String {
    or_reason(row, words::complement(row))
}

/// The p-value, or why there is none.
pub(super) fn test(row: &ResultRow) -> String {
    or_reason(row, words::test(row))
}

/// How far two numbers are apart, or why that is not said.
pub(super) fn distance(now: &ResultRow, before: &ResultRow) -> String {
    match words::distance(now, before) {
        Some(text) => format!(
            "<span class=\"num\" data-result=\"{} {}\">{}</span>",
            escape(&now.result_id),
            escape(&before.result_id),
            escape(&text)
        ),
        None => or_reason(if now.value.is_none() { now } else { before }, None),
    }
}

/// How many of those due were lost.
pub(super) fn lost(all: &ResultRow, seen: &ResultRow) -> String {
    bound(&[all, seen], lost_of(all, seen).map(words::count))
}

/// How many of the lost a share of them is.
pub(super) fn part_of_lost(share: &ResultRow, all: &ResultRow, seen: &ResultRow) -> String {
    bound(&[share, all, seen], part_of(share, all, seen).map(words::count))
}

/// How many of those due were lost: all less those seen.
fn lost_of(all: &ResultRow, seen: &ResultRow) -> Option<u64> {
    all.n?.checked_sub(seen.n?)
}

/// How many of the lost a share of them is; a share that is no whole number of them
/// is not one of these lost.
fn part_of(share: &ResultRow, all: &ResultRow, seen: &ResultRow) -> Option<u64> {
    let lost = lost_of(all, seen)?;
    let many = share.value? * lost as f64;
    (0..=lost).find(|&one| (one as f64 - many).abs() < 1e-6)
}

/// A number that follows from several rows, or why the first that is not shown is not.
pub(super) fn bound(rows: &[&ResultRow], text: Option<String>) -> String {
    let Some(text) = text else {
        return or_reason(rows.iter().find(|row| row.n.is_none()).unwrap_or(&rows[0]), None);
    };
    let ids: Vec<&str> = rows.iter().map(|row| row.result_id.as_str()).collect();
    format!("<span class=\"num\" data-result=\"{}\">{}</span>", escape(&ids.join(" ")), escape(&text))
}

fn or_reason(row: &ResultRow, text: Option<String>) -> String {
    let (class, text) = match text {
        Some(text) => ("num", text),
        None => ("unknown", words::reason(row)),
    };
    format!("<span class=\"{class}\" data-result=\"{}\">{}</span>", escape(&row.result_id), escape(&text))
}

/// The number, or a dash with words where the run has no such row.
pub(super) fn cell(row: Option<&ResultRow>, show: fn(&ResultRow) -> String) -> String {
    row.map_or_else(|| "<span class=\"unknown\">not counted</span>".to_owned(), show)
}

/// A section: its question, the answer as its first sentence, and the rest.
pub(super) fn section(id: &str, question: &str, answer: &str, rest: &str) -> String {
    // Tables explain the mark below themselves.
    let note = if rest.contains(MARKED) { "" } else { mark_note(answer) };
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-h\">\n<h2 id=\"{id}-h\">{}</h2>\n<p class=\"answer\">{answer}</p>\n{note}{rest}</section>\n",
        escape(question)
    )
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column<'a> {
    /// Heading.
    pub(super) heading: &'a str,
    /// Whether it holds numbers.
    pub(super) numeric: bool,
}

/// A column of words.
pub(super) fn words_column(heading: &str) -> Column<'_> {
    Column { heading, numeric: false }
}

/// A column of numbers.
pub(super) fn number_column(heading: &str) -> Column<'_> {
    Column { heading, numeric: true }
}

/// A table that scrolls in its own box. The first cell of each row is its
/// heading; all cells are HTML.
pub(super) fn table(caption: &str, columns: &[Column<'_>], rows: &[Vec<String>]) -> String {
    let class = |column: &Column<'_>| if column.numeric { " class=\"n\"" } else { "" };
    let head: String = columns
        .iter()
        .map(|column| format!("<th scope=\"col\"{}>{}</th>", class(column), escape(column.heading)))
        .collect();
    let body: String = alike(rows).iter().map(|row| format!("<tr>{}</tr>\n", cells(columns, row))).collect();
    let (body, note) = shortened(&body);
    let note = format!("{note}{}", mark_note(&body));
    format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\n<table>\n<caption><span>{caption}</span></caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n{note}",
        caption = escape(caption)
    )
}

/// A table for who wants every number, folded away below what it details: the
/// page stays short, and paper names it instead.
pub(super) fn folded(caption: &str, columns: &[Column<'_>], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let table = table(caption, columns, rows);
    format!("<details class=\"more\">\n<summary>{}</summary>\n{table}</details>\n", escape(caption))
}

/// From this many neighbors on, rows that show nothing share one line.
const ALIKE: usize = 3;

/// Neighboring rows that show nothing become one that names them all: who exists
/// stays said, and why nothing is shown of them.
fn alike(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    let mut rest = rows;
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|row| shows_nothing(row)).count();
        if run < ALIKE {
            out.push(first.clone());
            rest = &rest[1..];
        } else {
            out.push(shared(&rest[..run]));
            rest = &rest[run..];
        }
    }
    out
}

/// Whether every cell but the first is a reason and nothing else.
fn shows_nothing(row: &[String]) -> bool {
    let is_reason = |cell: &String| {
        let others = ["class=\"num\"", "<svg", "<code", "<time"];
        cell.contains("class=\"unknown\"") && !others.iter().any(|other| cell.contains(other))
    };
    row.len() > 1 && row[1..].iter().all(is_reason)
}

fn shared(rows: &[Vec<String>]) -> Vec<String> {
    let names: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    let heading = format!("{} <small>({} rows)</small>", names.join(" · "), rows.len());
    let column = |at: usize| {
        let ids: Vec<&str> = rows.iter().flat_map(|row| named(&row[at])).collect();
        let mut reasons: Vec<String> = Vec::new();
        for reason in rows.iter().map(|row| without_tags(&row[at])) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        let bound = if ids.is_empty() { String::new() } else { format!(" data-result=\"{}\"", ids.join(" ")) };
        format!("<span class=\"unknown\"{bound}>{}</span>", reasons.join(" or "))
    };
    std::iter::once(heading).chain((1..rows[0].len()).map(column)).collect()
}

/// The rows a cell names.
fn named(cell: &str) -> impl Iterator<Item = &str> {
    cell.split("data-result=\"").skip(1).filter_map(|rest| rest.split('"').next())
}

/// What a reader sees of a cell.
fn without_tags(cell: &str) -> String {
    let pieces = cell.split('<').enumerate();
    pieces.map(|(at, piece)| if at == 0 { piece } else { piece.split_once('>').map_or("", |(_, text)| text) }).collect()
}

/// The long reason, said once below a table instead of in every cell.
fn shortened(body: &str) -> (String, String) {
    if !body.contains(COVERS) {
        return (body.to_owned(), String::new());
    }
    (
        body.replace(COVERS, "hidden\u{A0}‡"),
        format!("<p class=\"note\">‡ {}{}.</p>\n", COVERS[..1].to_uppercase(), &COVERS[1..]),
    )
}

fn cells(columns: &[Column<'_>], row: &[String]) -> String {
    let cell = |(index, (column, cell)): (usize, (&Column<'_>, &String))| {
        let class = if column.numeric { " class=\"n\"" } else { "" };
        if index == 0 { format!("<th scope=\"row\">{cell}</th>") } else { format!("<td{class}>{cell}</td>") }
    };
    columns.iter().zip(row).enumerate().map(cell).collect()
}

/// How many numbers of the release are hidden, and of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HiddenShare {
    pub(super) hidden: usize,
    pub(super) all: usize,
}

/// Counts the hidden among the rows that `belongs` picks.
pub(super) fn hidden_share(released: &Released, belongs: impl Fn(&ResultRow) -> bool) -> HiddenShare {
    let rows = released.rows().iter().filter(|row| belongs(row));
    rows.fold(HiddenShare { hidden: 0, all: 0 }, |share, row| HiddenShare {
        hidden: share.hidden + usize::from(row.suppression.hides()),
        all: share.all + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::{number, of, table, words_column};
    use crate::publish::report::fixture::{hidden, rate};
    use crate::publish::results::ResultRow;

    #[test]
    fn a_number_carries_the_id_of_its_row_and_a_hidden_one_its_reason() {
        let row = ResultRow { result_id: "a/\"b\"".to_owned(), ..rate(119, 205) };
        assert_eq!(number(&row), "<span class=\"num\" data-result=\"a/&quot;b&quot;\">58.0\u{A0}%</span>");
        assert!(of(&hidden("fewer than 11")).contains("class=\"unknown\""));
        assert!(of(&hidden("fewer than <11")).contains("fewer than &lt;11"));
    }

    #[test]
    fn a_long_reason_is_said_once_below_the_table() {
        let row = element_cell(&hidden(super::COVERS));
        let html = table(
            "A",
            &[words_column("x"), words_column("y")],
            &[vec!["1".to_owned(), row.clone()], vec!["2".to_owned(), row]],
        );
        assert_eq!((html.matches(super::COVERS).count(), html.matches("hidden\u{A0}‡").count()), (0, 2));
        assert_eq!(html.matches("‡ Hidden, as it is small").count(), 1);
    }

    #[test]
    fn rows_hidden_alike_share_a_line_that_names_them() {
        let row = |name: &str, number: &ResultRow| vec![name.to_owned(), element_cell(number)];
        let few = ResultRow { result_id: "few".to_owned(), ..hidden("fewer than 11") };
        let columns = [words_column("Condition"), words_column("Rate")];
        let rows = [row("a", &few), row("b", &few), row("c", &few), row("d", &rate(30, 60)), row("e", &few)];
        let html = table("A", &columns, &rows);
        assert_eq!(html.matches("<tr>").count(), 4, "the heading, three alike, d and e: {html}");
        assert!(html.contains("<th scope=\"row\">a · b · c <small>(3 rows)</small></th>"), "{html}");
        assert!(html.contains("data-result=\"few few few\">fewer than 11</span>"), "{html}");
        let other = row("b", &hidden("another reason"));
        let mixed = table("A", &columns, &[row("a", &few), other, row("c", &few)]);
        assert!(mixed.contains(">fewer than 11 or another reason</span>"), "every reason is said: {mixed}");
        let apart = table("A", &columns, &[row("a", &few), row("b", &rate(30, 60)), row("c", &few)]);
        assert_eq!(apart.matches("<tr>").count(), 4, "no neighbors: {apart}");
    }

    fn element_cell(row: &ResultRow) -> String {
        super::compact(row)
    }

    #[test]
    fn the_first_cell_of_a_row_is_its_heading() {
        let html = table("A <b>", &[words_column("x"), words_column("y")], &[vec!["1".to_owned(), "2".to_owned()]]);
        assert!(html.contains("<th scope=\"row\">1</th><td>2</td>"), "{html}");
        assert!(html.contains("<caption><span>A &lt;b&gt;</span></caption>"));
    }

    /// By hand: 301 due, 223 seen, 15 of the 78 lost are 19.2 %.
    #[test]
    fn a_share_of_the_lost_is_so_many_of_them() {
        let (all, seen) = (rate(153, 301), rate(153, 223));
        let share = |value: f64| ResultRow { value: Some(value), ..rate(1, 2) };
        assert_eq!(super::lost_of(&all, &seen), Some(78));
        assert_eq!(super::part_of(&share(15.0 / 78.0), &all, &seen), Some(15));
        assert_eq!(super::part_of(&share(0.2), &all, &seen), None, "15.6 patients are none of these");
        assert_eq!(super::lost_of(&all, &hidden("fewer than 11")), None);
    }
}
