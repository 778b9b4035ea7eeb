//! A reader's own site is named; the others are coded, everywhere but in the list of inputs.

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
