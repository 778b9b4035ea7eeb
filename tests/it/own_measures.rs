//! A user's own pack gets a report: what it begins with is what the pack gives
//! the roles to.

use std::fs;
use std::path::Path;

use crate::workdir::Workdir;

/// The core pack, changed.
fn core(change: impl Fn(String) -> String) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/packs/measures.toml");
    change(fs::read_to_string(path).expect("the core pack is there"))
}

/// A report of the small clinic under a pack; its page and the first screen of it.
fn report(pack: &str) -> (Workdir, String, String) {
    let workdir = Workdir::with_clinic();
    workdir.replace("pipeline.toml", "[ingest]", "[packs]\nmeasures = [\"own.toml\"]\n[ingest]");
    workdir.write("own.toml", pack);
    for (table, head, row) in [
        ("patients", "patient_id,sex,birth_year", "ID,F,1970"),
        ("diagnoses", "patient_id,condition,rank", "ID,crps_1,1"),
        ("infusions", "patient_id,date", "ID,2026-01-05"),
        ("assessments", "patient_id,date,instrument,score", "ID,2026-01-04,pain_nrs,8\nID,2026-03-30,pain_nrs,AFTER"),
    ] {
        let rows = (0..30).map(|patient| {
            let after = if patient % 3 == 0 { "3" } else { "5" };
            row.replace("ID", &format!("qx7k2m{patient:02}")).replace("AFTER", after)
        });
        let lines: Vec<String> = std::iter::once(head.to_owned()).chain(rows).collect();
        workdir.write(&format!("records/{table}.csv"), lines.join("\n") + "\n");
    }
    workdir.relief(&["run", "pipeline.toml"]).exits(0);
    let page = workdir.read("reports/small/report.html").replace('\u{a0}', " ");
    let first = page.split("id=\"conditions\"").next().expect("a page").to_owned();
    for file in ["report.pdf", "report.xlsx", "results.csv"] {
        assert!(workdir.path(&format!("reports/small/{file}")).is_file(), "{file}");
    }
    (workdir, page, first)
}

/// 10 of 30 fell from 8 to 3, by more than half; 20 from 8 to 5, by 37.5 %.
#[test]
fn another_headline_is_what_the_report_begins_with() {
    let pack = core(|text| {
        let text = text.replace("role = \"headline\"\n", "");
        let (before, after) = text.split_once("id = \"response_50\"").expect("response_50 is a measure");
        format!("{before}id = \"response_50\"\nrole = \"headline\"{after}")
    });
    let (_workdir, page, first) = report(&pack);
    assert!(first.contains("had at least 50 % less pain"), "{first}");
    assert!(!first.contains("30 % less pain"), "{first}");
    assert!(first.contains(">33 %<"), "10 of 30 is a third: {first}");
    assert!(page.contains("<th scope=\"col\">Pain response, ≥ 50 % (0 to 100 %)</th>"), "the table by condition");
}

#[test]
fn a_pack_without_headlines_still_gets_a_report_that_says_so() {
    let pack = core(|text| {
        ["headline", "change_headline", "opioid_headline"]
            .iter()
            .fold(text, |text, role| text.replace(&format!("role = \"{role}\"\n"), ""))
    });
    let (_workdir, page, first) = report(&pack);
    assert!(first.contains("Not known"), "{first}");
    assert!(page.contains("No measure is named as the headline"), "the sections say so");
}

#[test]
fn a_role_fits_the_kind_of_its_measure() {
    let workdir = Workdir::with_clinic();
    workdir.replace("pipeline.toml", "[ingest]", "[packs]\nmeasures = [\"own.toml\"]\n[ingest]");
    workdir.write("own.toml", core(|text| text.replace("role = \"headline\"", "role = \"change_headline\"")));
    let answer = workdir.relief(&["check", "pipeline.toml"]).exits(3);
    assert!(answer.err.contains("has a `role` that its `kind` does not fit"), "{}", answer.err);
}

/// What a pack says of its measures and the records deny stops the run, with a
/// count and nothing of anyone.
#[test]
fn what_a_pack_says_wrongly_stops_the_run() {
    let first = "follow_up_pain_x10 IS NOT NULL\"\noutcome";
    let unknown = core(|text| text.replacen(first, "due\"\noutcome", 1));
    let among = core(|text| {
        text.replacen("label = \"Pain response, ≥ 30 %\"", "label = \"30\"\namong = [\"opioid_reduction_30\"]", 1)
    });
    let implies = core(|text| {
        text.replacen("label = \"Pain response, ≥ 30 %\"", "label = \"30\"\nimplies = [\"response_50\"]", 1)
    });
    let wider = core(|text| {
        text.replacen("eligible = \"first_series AND due AND baseline_pain_x10 > 0\"", "eligible = \"first_series\"", 1)
    });
    for (pack, says) in [
        (wider, "measure `response_30` has a `role` in which the flow of patients ends"),
        (unknown, "`outcome` of measure `response_30` is unknown (NULL) where `observed` says"),
        (among, "measure `response_30` is `among` `opioid_reduction_30`"),
        (implies, "measure `response_30` `implies` `response_50`"),
    ] {
        let workdir = Workdir::with_clinic();
        workdir.replace("pipeline.toml", "[ingest]", "[packs]\nmeasures = [\"own.toml\"]\n[ingest]");
        // The second has no pain score.
        workdir.replace("records/patients.csv", "\nwv", "\nab4c6d8e,M,1981\nk3m9x2tq,F,1975\nwv");
        workdir.replace("records/diagnoses.csv", "\nwv", "\nab4c6d8e,crps_1,1\nk3m9x2tq,crps_1,1\nwv");
        workdir.replace("records/infusions.csv", "\nwv", "\nab4c6d8e,2026-01-05,0.5\nk3m9x2tq,2026-01-05,0.5\nwv");
        workdir.replace(
            "records/assessments.csv",
            "\nwv",
            "\nab4c6d8e,2026-01-04,pain_nrs,10\nab4c6d8e,2026-03-30,pain_nrs,6\nwv",
        );
        workdir.write("own.toml", pack);
        let answer = workdir.relief(&["run", "pipeline.toml"]).exits(3);
        assert!(answer.err.contains(says) && answer.err.contains("rows of the analysis set"), "{}", answer.err);
        assert!(!answer.err.contains("ab4c6d8e"), "{}", answer.err);
    }
}

#[test]
fn a_section_is_one_the_report_has() {
    let workdir = Workdir::with_clinic();
    workdir.replace("pipeline.toml", "[ingest]", "[packs]\nmeasures = [\"own.toml\"]\n[ingest]");
    for (section, says) in [("opiods", "did you mean `opioids`?"), ("sleeping", "sections: pain, opioids")] {
        workdir.write(
            "own.toml",
            core(|text| text.replacen("section = \"pain\"", &format!("section = \"{section}\""), 1)),
        );
        let answer = workdir.relief(&["check", "pipeline.toml"]).exits(3);
        assert!(answer.err.contains(says) && answer.err.contains("unknown section"), "{}", answer.err);
    }
}

/// The clinic's forms put the best answer at 7, its tablets at 1.
#[test]
fn each_source_says_which_end_of_its_pgic_is_better() {
    let workdir = Workdir::with_clinic();
    let pipeline = "[privacy]\nbasis = \"limited-data-set\"\nprofile = \"internal-5\"\nassigned_codes = true\n\
        [study]\ndata_cut = \"2026-09-30\"\n[ingest]\nmax_reject_share = 1.0\n\
        [packs]\nmeasures = [\"measures.toml\", \"measures-mind-body.toml\"]\n\
        [[source]]\nname = \"forms\"\nkind = \"csv\"\npath = \"forms\"\nsite = \"main\"\npgic_best = 7\n\
        [[source]]\nname = \"tablets\"\nkind = \"csv\"\npath = \"tablets\"\nsite = \"main\"\nTABLETS\n";
    let lines = |row: &str| (0..30).map(|n| row.replace("ID", &format!("qx7k2m{n:02}"))).collect::<Vec<_>>().join("\n");
    let patients = format!("patient_id,sex,birth_year\n{}\n", lines("ID,F,1970"));
    let diagnoses = format!("patient_id,condition,rank\n{}\n", lines("ID,crps_1,1"));
    let infusions = "patient_id,date,dose_mg_per_kg\n";
    let scores = "patient_id,date,instrument,score\n";
    workdir.write("forms/patients.csv", &patients);
    workdir.write("forms/diagnoses.csv", &diagnoses);
    workdir.write("forms/infusions.csv", format!("{infusions}{}\n", lines("ID,2026-01-05,0.5")));
    workdir.write("forms/assessments.csv", format!("{scores}{}\n", lines("ID,2026-01-04,pain_nrs,8")));
    workdir.write("tablets/patients.csv", &patients);
    workdir.write("tablets/diagnoses.csv", &diagnoses);
    workdir.write("tablets/infusions.csv", infusions);
    workdir.write("tablets/assessments.csv", format!("{scores}{}\n", lines("ID,2026-03-30,pgic,1")));
    for (tablets, improved) in [("pgic_best = 1", ["30", "30"]), ("pgic_best = 7", ["30", "0"]), ("", ["0", "0"])] {
        let head = "id = \"small\"\ntitle = \"T\"\nclinic = \"C\"\n[store]\nfolder = \"store\"\n[reports]\nfolder = \"reports\"\n";
        workdir.write("pipeline.toml", format!("{head}{}", pipeline.replace("TABLETS", tablets)));
        workdir.relief(&["run", "pipeline.toml"]).exits(0);
        let results = workdir.read("reports/small/results.csv");
        let row =
            results.lines().find(|line| line.starts_with("pgic_much_improved/quarter/2026Q1/all/all/all/12w/OC/rate"));
        let cells: Vec<&str> = row.expect("the measure has its row").split(',').collect();
        assert_eq!(cells[14..16], improved, "n and numerator, {tablets}");
    }
}
