//! The page of clinics that are large, small, hidden, young or hostile.

use std::collections::BTreeSet;

use super::html;
use crate::publish::chart::text::has_glyph;
use crate::publish::chart::{CHARTS, charts};
use crate::publish::report::fixture::Clinic;

fn page(clinic: &Clinic) -> String {
    let protocol = clinic.protocol();
    let context = clinic.context(&protocol);
    let released = clinic.released(&protocol);
    html(&released, &context, &charts(&released, &context))
}

/// Text of the page without its tags, scripts and style.
fn text(page: &str) -> String {
    let body = page.split_once("<body>").map_or(page, |(_, body)| body);
    // The script comes last and is nothing a reader reads.
    let body = body.split_once("<script>").map_or(body, |(read, _)| read);
    let mut text = String::new();
    let mut inside = false;
    for letter in body.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            letter if !inside => text.push(letter),
            _ => {}
        }
    }
    text.replace('\u{A0}', " ")
}

fn gallery() -> Vec<(&'static str, Clinic)> {
    let base = Clinic::new(12);
    let long =
        "Complex regional pain syndrome of the upper and lower limb after injury, with a very long name".to_owned();
    vec![
        ("usual", base.clone()),
        ("one condition, one site", Clinic { sites: vec!["only".to_owned()], ..Clinic::new(1) }),
        ("three conditions", Clinic::new(3)),
        ("25 conditions", Clinic::new(25)),
        ("long names", Clinic { conditions: vec![("a".to_owned(), long)], ..base.clone() }),
        ("all hidden", Clinic { threshold: u64::MAX, ..base.clone() }),
        ("no mature quarter", Clinic { quarter: None, ..base.clone() }),
        ("no opioid users", Clinic { opioids: false, ..base.clone() }),
        ("mostly lost", Clinic { retention: 0.4, ..base.clone() }),
        ("tiny", Clinic { patients: 9, ..Clinic::new(3) }),
        ("public", Clinic { profile: "us-cms-11", threshold: 11, ..base }),
    ]
}

#[test]
fn every_clinic_gets_a_page_that_is_whole() {
    for (name, clinic) in gallery() {
        let page = page(&clinic);
        assert_eq!(page.matches("<h1").count(), 1, "{name}");
        assert_eq!(page.matches("<section").count(), page.matches("</section>").count(), "{name}");
        assert!(text(&page).contains("no control group"), "{name}");
        assert!(page.len() < 2_000_000, "{name}: {} bytes", page.len());
        assert_eq!(page, super::tests::page(&clinic), "{name}: the same page twice");
    }
}

/// A letter without a glyph is an empty box in a chart and a question mark on paper.
#[test]
fn every_letter_of_a_page_can_be_set() {
    for (name, clinic) in gallery() {
        let text = text(&page(&clinic));
        let missing: BTreeSet<char> = text.chars().filter(|letter| *letter != '\n' && !has_glyph(*letter)).collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
    }
    for letter in "†‡▲▼●○◆≥≤−′".chars() {
        assert!(has_glyph(letter), "{letter}");
    }
}

#[test]
fn no_page_claims_more_than_it_knows() {
    for (name, clinic) in gallery() {
        let text = text(&page(&clinic)).to_lowercase();
        for word in ["significant", "effective", "caused", "proves", " nan", "none()", "some("] {
            assert!(!text.contains(word), "{name} says {word}");
        }
    }
}

#[test]
fn nothing_is_fetched() {
    let page = page(&Clinic::new(3));
    for reference in ["src=\"", "<link", "@import", "url(http", "<script ", "<iframe", " style=\"", "https:"] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert_eq!(page.matches("http:").count(), page.matches("http://www.w3.org/2000/svg").count());
    assert_eq!(page.matches("<script>").count(), 1, "its own, and no other");
}

#[test]
fn markup_in_labels_stays_text() {
    let evil = "<script>alert(\"1\")</script>&'".to_owned();
    let clinic = Clinic {
        name: evil.clone(),
        conditions: vec![("x".to_owned(), evil.clone())],
        sites: vec![evil.clone(), "b".to_owned()],
        ..Clinic::new(1)
    };
    let page = page(&clinic);
    assert_eq!(page.matches("<script>").count(), 1, "only the page's own");
    assert!(page.contains("&lt;script&gt;alert"));
}

#[test]
fn a_hidden_headline_shows_no_digit_of_itself() {
    let clinic = Clinic { threshold: u64::MAX, ..Clinic::new(3) };
    let page = page(&clinic);
    let answers = page
        .split("id=\"answers\"")
        .nth(1)
        .and_then(|rest| rest.split("</section>").next())
        .expect("the page has answers");
    assert!(answers.contains("Not shown"));
    assert!(!answers.contains("class=\"num\"") && !answers.contains("<circle"), "{answers}");
}

#[test]
fn what_is_missing_is_said() {
    let check = |clinic: Clinic, sentence: &str| {
        let text = text(&page(&clinic));
        assert!(text.contains(sentence), "{sentence} in {text}");
    };
    check(Clinic { quarter: None, ..Clinic::new(3) }, "No calendar.");
    check(Clinic { opioids: false, ..Clinic::new(3) }, "No patient of this quarter was on opioids");
    check(Clinic { retention: 0.4, ..Clinic::new(3) }, "Not interpretable.");
    check(Clinic { retention: 0.7, ..Clinic::new(3) }, "We lost sight of 30 %.");
    check(Clinic { sites: vec!["only".to_owned()], ..Clinic::new(3) }, "There is one site");
    check(Clinic { patients: 20, ..Clinic::new(3) }, "Small quarter.");
    check(Clinic::new(3), "Internal: for the clinic’s own quality improvement".replace('’', "&#39;").as_str());
}

#[test]
fn every_number_names_a_row() {
    let clinic = Clinic::new(12);
    let protocol = clinic.protocol();
    let released = clinic.released(&protocol);
    let page = page(&clinic);
    let ids = page.split("data-result=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut seen = 0;
    for id in ids.flat_map(|ids| ids.split(' ')) {
        assert!(released.rows().iter().any(|row| row.result_id == id), "{id}");
        seen += 1;
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn every_chart_has_its_place_on_the_page() {
    let page = page(&Clinic::new(3));
    for kind in CHARTS {
        let figure = format!("id=\"figure-{}\"", kind.id);
        assert!(page.contains(&figure), "no section shows the chart `{}`: name it in a call of `figures`", kind.id);
    }
}
