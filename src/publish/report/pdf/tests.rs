//! The document of clinics that are large, small, hidden, young or hostile.

use super::{pdf, source};
use crate::protocol::Paper;
use crate::publish::chart::charts;
use crate::publish::report::fixture::Clinic;

fn document(clinic: &Clinic) -> Vec<u8> {
    let protocol = clinic.protocol();
    let context = clinic.context(&protocol);
    let released = clinic.released(&protocol);
    pdf(&released, &context, &charts(&released, &context))
}

#[test]
fn every_clinic_gets_a_document() {
    let base = Clinic::new(12);
    for (name, clinic) in [
        ("usual", base.clone()),
        ("25 conditions", Clinic::new(25)),
        ("all hidden", Clinic { threshold: u64::MAX, ..base.clone() }),
        ("no mature quarter", Clinic { quarter: None, ..base.clone() }),
        ("no conditions", Clinic { patients: 0, ..Clinic::new(0) }),
    ] {
        let bytes = document(&clinic);
        assert!(bytes.starts_with(b"%PDF-1.7"), "{name}");
        assert!(bytes.len() < 2_000_000, "{name}: {} bytes", bytes.len());
    }
}

#[test]
fn nothing_in_the_data_breaks_the_document() {
    let evil = "#eval(\"1\") \\ [ ] $x$ *_`@a <script> \u{1F600} 日本 \u{202E}\"".to_owned();
    let clinic = Clinic {
        name: evil.clone(),
        conditions: vec![("x".to_owned(), evil.clone())],
        sites: vec![evil, "b".to_owned()],
        ..Clinic::new(1)
    };
    assert!(document(&clinic).starts_with(b"%PDF"));
}

#[test]
fn the_paper_is_the_pipeline_s() {
    let clinic = Clinic::new(1);
    for (paper, size) in [(Paper::A4, "/MediaBox[0 0 595.2756 841.8898]"), (Paper::Letter, "/MediaBox[0 0 612 792]")] {
        let mut protocol = clinic.protocol();
        protocol.paper = paper;
        let context = clinic.context(&protocol);
        let released = clinic.released(&protocol);
        let bytes = pdf(&released, &context, &charts(&released, &context));
        let pages = String::from_utf8_lossy(&bytes).replace(['\n', '\r'], " ");
        assert!(pages.contains(size), "{paper:?}");
    }
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let clinic = Clinic::new(3);
    let first = document(&clinic);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert!(first == document(&clinic));
}

#[test]
fn what_only_a_screen_needs_is_left_out() {
    let clinic = Clinic::new(3);
    let protocol = clinic.protocol();
    let context = clinic.context(&protocol);
    let released = clinic.released(&protocol);
    let charts = charts(&released, &context);
    let source = source(&released, &context, &charts);
    assert!(!source.contains("Skip to the answers") && !source.contains("result_id in results.csv"));
    let small = source.matches("wide: 100%);").count();
    assert_eq!(source.matches("#drawing(").count(), charts.len() + small, "each chart once");
    assert!(small > 0, "the charts of the first page");
}
