//! A reader's own site is named; the others are coded, everywhere but in the list of inputs.

use relief::store::{Store, StoreError};

use crate::workdir::{Workdir, copy};

const SECOND: &str = "[[source]]\nname = \"riverside\"\nkind = \"csv\"\npath = \"more\"\n";

fn two_sites(own: &str) -> Workdir {
    let workdir = Workdir::with_clinic();
    copy(&workdir.path("records"), &workdir.path("more"));
    let pipeline =
        workdir.read("pipeline.toml").replace("\"reports\"\n", &format!("\"reports\"\nown_site = \"{own}\"\n"));
    workdir.write("pipeline.toml", pipeline + SECOND);
    workdir
}

#[test]
fn only_the_own_site_is_named() {
    let workdir = two_sites("main");
    workdir.relief(&["run", "pipeline.toml"]).exits(0);
    for file in ["results.csv", "report.html"] {
        let text = workdir.read(&format!("reports/small/{file}"));
        assert!(text.contains("main") && !text.contains("riverside"), "{file}");
        assert!(text.contains("site-"), "{file}");
    }
    let first = workdir.read("reports/small/results.csv");
    workdir.relief(&["run", "pipeline.toml"]).exits(0);
    assert_eq!(workdir.read("reports/small/results.csv"), first, "a store gives a site one code");
}

#[test]
fn an_own_site_without_records_is_refused() {
    two_sites("elsewhere").relief(&["run", "pipeline.toml"]).exits(3).says("which has no records");
}

/// Codes of different sites meet once in a million; one site twice always does.
#[test]
fn two_sites_with_one_code_are_an_error() {
    let workdir = Workdir::with_clinic();
    workdir.relief(&["ingest", "pipeline.toml"]).exits(0);
    let store = Store::open(&workdir.path("store"));
    let codes = |sites: [&str; 2]| store.site_codes(&sites.map(str::to_owned));
    assert_eq!(codes(["main", "riverside"]).expect("two codes").len(), 2);
    let error = codes(["main", "main"]).expect_err("one code");
    assert!(matches!(error, StoreError::SameCode { .. }));
    assert!(error.to_string().contains("get the same code") && !error.to_string().contains("main"), "{error}");
}
