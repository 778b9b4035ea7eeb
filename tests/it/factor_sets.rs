//! The same patients under other sets of MME factors: the table a clinician can
//! check, and counts from a clinic's files to the results.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use relief::derive::factor_sets::FactorSets;
use relief::derive::opioid_counts::{OpioidCounts, STATUSES};
use relief::derive::opioid_dose::{Dose, WINDOW_DAYS, baseline_window, follow_up_review, follow_up_window};
use relief::model::horizon::HORIZONS;
use relief::protocol::Protocol;

use crate::patient::Patient;
use crate::spec::{protocol, write_dose};
use crate::table::tables;
use crate::workdir::Workdir;

#[test]
fn doses_under_every_set_are_what_the_table_says() {
    let protocol = protocol();
    let sets = FactorSets::of(&protocol);
    for row in tables("factor_sets")[0].rows() {
        let mut patient = Patient::new("0", "").with_prescriptions(row.get("prescriptions"), &protocol);
        patient.reviews = vec![-1, 84];
        let derived = patient.derive(10_000, &protocol).remove(0);
        let after = derived.outcomes[2].opioid.expect("12 weeks has a window");
        let own = (derived.episode.opioid, after);
        assert_eq!(written(own), row.get(&protocol.factors.id), "{}", row.text());
        for (set, pack) in protocol.compare_factors.iter().enumerate() {
            assert_eq!(written(under(&sets, set, &patient)), row.get(&pack.id), "{}: {}", pack.id, row.text());
        }
        let mut counts = OpioidCounts::default();
        let asked = (&HORIZONS[2], &sets);
        counts.count(&patient.history(), &derived.episode, &derived.outcomes[2], asked);
        let counted = counts.cells.into_values().next();
        assert_eq!(counted.is_some(), own.0.known().is_some(), "{}", row.text());
        for (set, pack) in protocol.compare_factors.iter().enumerate() {
            let Some(counts) = &counted else { continue };
            let place = |pair| STATUSES.iter().position(|known| *known == status(pair)).expect("a status");
            let (from, to) = (place(own), place(under(&sets, set, &patient)));
            assert_eq!(counts.sets[set + 1].joint[from][to], 1, "{}: {}", pack.id, row.text());
            assert_eq!(counts.sets[set + 1].half, u64::from(to == 0), "{}: {}", pack.id, row.text());
            // Whoever stopped under one set did under every other that knows both doses.
            let [mine, theirs] = [counts.sets[0], counts.sets[set + 1]];
            if mine.computable + theirs.computable == 2 {
                assert_eq!(mine.stopped, theirs.stopped, "{}: {}", pack.id, row.text());
            }
        }
    }
}

fn under(sets: &FactorSets, set: usize, patient: &Patient) -> (Dose, Dose) {
    let history = patient.history();
    let window = baseline_window(0);
    let after = follow_up_window(0, &HORIZONS[2]).expect("12 weeks has a window");
    let review = follow_up_review(0, &HORIZONS[2]);
    (sets.dose(set, &history, window, window), sets.dose(set, &history, after, review))
}

fn written((before, after): (Dose, Dose)) -> String {
    format!("{} > {}, {}", write_dose(before), write_dose(after), status((before, after)))
}

/// Told from the doses as printed, without the exact reduction.
fn status((before, after): (Dose, Dose)) -> &'static str {
    let printed = |dose: Dose| dose.known().map(|total| total.average_x1000(WINDOW_DAYS));
    match printed(before).zip(printed(after)) {
        None => "not_computable",
        Some((before, after)) if 2 * after <= before => "responder",
        Some(_) => "non_responder",
    }
}

/// A clinic in which `count` patients have these prescriptions before day 0 and
/// at 12 weeks: `drug,strength,quantity`, nothing where empty.
fn clinic(groups: &[(usize, &str, &str)], packs: &str) -> Workdir {
    let workdir = Workdir::with_clinic();
    let mut patients = "patient_id,sex,birth_year\n".to_owned();
    let mut diagnoses = "patient_id,condition,rank\n".to_owned();
    let mut infusions = "patient_id,date,dose_mg_per_kg\n".to_owned();
    let mut scores = "patient_id,date,instrument,score\n".to_owned();
    let mut reviews = "patient_id,date,complete\n".to_owned();
    let mut drugs = "patient_id,start_date,days_supply,drug,strength,unit,quantity\n".to_owned();
    let everyone = groups.iter().flat_map(|&(count, before, after)| (0..count).map(move |_| (before, after)));
    for (number, (before, after)) in everyone.enumerate() {
        let id = code(number);
        writeln!(patients, "{id},F,1970").expect("text");
        writeln!(diagnoses, "{id},crps_1,1").expect("text");
        writeln!(infusions, "{id},2026-02-02,0.5").expect("text");
        writeln!(scores, "{id},2026-02-01,pain_nrs,8\n{id},2026-04-27,pain_nrs,4").expect("text");
        writeln!(reviews, "{id},2026-02-01,true\n{id},2026-04-28,true").expect("text");
        for (day, given) in
            [("2026-01-03", before), ("2026-03-29", after)].into_iter().filter(|(_, given)| !given.is_empty())
        {
            let [drug, strength, quantity] = given.split(',').collect::<Vec<_>>()[..] else { panic!("{given}") };
            writeln!(drugs, "{id},{day},30,{drug},{strength},mg,{quantity}").expect("text");
        }
    }
    let files = [
        ("patients", patients),
        ("diagnoses", diagnoses),
        ("infusions", infusions),
        ("assessments", scores),
        ("medication_reviews", reviews),
        ("prescriptions", drugs),
    ];
    for (file, text) in files {
        workdir.write(&format!("records/{file}.csv"), text);
    }
    workdir.replace("pipeline.toml", "[ingest]", &format!("[packs]\n{packs}\n[ingest]"));
    workdir
}

/// A code that looks like nobody's.
fn code(number: usize) -> String {
    let letter = |at: usize| char::from(b"bcdfghjkmnpqrstvwxz"[at % 19]);
    format!(
        "q{}{}{}x{}k{}",
        letter(number),
        number % 10,
        letter(number / 19 + 7),
        (number / 3) % 10,
        letter(number / 7 + 3)
    )
}

/// Numerator or suppression of each row of the rolling year, by measure, set and level.
fn results(workdir: &Workdir) -> BTreeMap<String, String> {
    workdir.relief(&["run", "pipeline.toml"]).exits(0);
    let text = workdir.read("reports/small/results.csv");
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let at = |name: &str| columns.iter().position(|column| *column == name).expect("a column");
    let (id, numerator, suppression) = (at("result_id"), at("numerator"), at("suppression"));
    let mut found = BTreeMap::new();
    for line in lines {
        // No cell before the numerator holds a comma.
        let cells: Vec<&str> = line.split(',').collect();
        let path: Vec<&str> = cells[id].split('/').collect();
        if path[1] == "rolling_year" && path[3..5] == ["all", "all"] && path[6..] == ["12w", "NRI", "rate"] {
            let shown = if cells[suppression] == "none" { cells[numerator] } else { "hidden" };
            found.insert(format!("{} {}", path[0], path[5]), shown.to_owned());
        }
    }
    found
}

/// 8 flip under the factors of 2016, 3 more are not computable under them, and 2 become so.
const GROUPS: [(usize, &str, &str); 5] = [
    (20, "morphine,15,60", "morphine,15,30"),
    (25, "morphine,15,60", "morphine,15,60"),
    (8, "tramadol,50,240", "oxycodone,5,120"),
    (3, "hydrocodone,10,120", "hydrocodone,10,30"),
    (2, "morphine,30,60", "levorphanol,2,30"),
];

/// The clinic's own table: the schema of the packs that come with the program.
const OWN: &str = r#"
id = "own"
version = 1
title = "Our own"
citation = "Formulary committee"

[factor]
morphine = { factor = "1", source = "formulary, page 3" }
tramadol = { factor = "0.1", source = "formulary, page 3" }
oxycodone = { factor = "1.5", source = "formulary, page 3" }
levorphanol = { tiers = [{ up_to = "5", factor = "11" }, { factor = "15" }], source = "formulary, page 4" }
"#;

#[test]
fn a_table_of_ones_own_is_compared_and_flips_are_counted() {
    let workdir = clinic(&GROUPS, "compare_factors = [\"own.toml\"]");
    workdir.write("own.toml", OWN);
    let found = results(&workdir);
    let expect =
        |row: &str, count: &str| assert_eq!(found.get(row).map(String::as_str), Some(count), "{row}: {found:#?}");
    expect("opioid_reduction_50 all", "31");
    expect("mme_reduction_50 factor_set=cdc-2022", "31");
    expect("mme_reduction_50 factor_set=own", "22");
    expect("mme_computable factor_set=cdc-2022", "56");
    expect("mme_computable factor_set=own", "55");
    expect("mme_flip flip_own=responder_to_responder", "20");
    expect("mme_flip flip_own=responder_to_non_responder", "8");
    expect("mme_flip flip_own=non_responder_to_responder", "0");
    expect("mme_flip flip_own=responder_to_not_computable", "3");
    expect("mme_flip flip_own=computable_to_not_computable", "3");
    expect("mme_flip flip_own=not_computable_to_computable", "2");
    expect("opioid_dose_before mme_band=none", "0");
    expect("opioid_dose_before mme_band=below_50", "48");
    expect("opioid_dose_before mme_band=50_to_90", "10");
    expect("opioid_dose_after mme_band=below_50", "56");
    expect("opioid_dose_after mme_band=unknown", "2");
}

#[test]
fn few_flips_are_hidden_and_so_is_every_number_that_would_tell_them() {
    let groups = [GROUPS[0], GROUPS[1], (8, "tramadol,50,120", "oxycodone,5,60")];
    let workdir = clinic(&groups, "compare_factors = [\"mme-cdc-2016.toml\"]");
    workdir.replace("pipeline.toml", "internal-5", "us-cms-11");
    let found = results(&workdir);
    let value = |row: &str| found.get(row).map_or("missing", String::as_str);
    for hidden in [
        "mme_flip flip_cdc-2016=responder_to_non_responder",
        "mme_flip flip_cdc-2016=responder_to_responder",
        "mme_reduction_50 factor_set=cdc-2016",
    ] {
        assert_eq!(value(hidden), "hidden", "{hidden}: {found:#?}");
    }
    for (shown, count) in [
        ("opioid_reduction_50 all", "28"),
        ("mme_reduction_50 factor_set=cdc-2022", "28"),
        ("mme_computable factor_set=cdc-2016", "53"),
        ("mme_flip flip_cdc-2016=non_responder_to_responder", "0"),
        ("mme_flip flip_cdc-2016=non_responder_to_non_responder", "25"),
        ("opioid_dose_after mme_band=below_50", "53"),
    ] {
        assert_eq!(value(shown), count, "{shown}: {found:#?}");
    }
}

#[test]
fn nothing_is_compared_unless_the_pipeline_asks() {
    let found = results(&clinic(&GROUPS, ""));
    assert!(found.contains_key("opioid_dose_after mme_band=below_50"));
    assert!(!found.keys().any(|row| row.starts_with("mme_flip") || row.starts_with("mme_reduction")), "{found:#?}");
}

#[test]
fn a_set_that_cannot_be_used_is_refused_with_the_reason() {
    let refused = |packs: &str, table: &str, reason: &str| {
        let workdir = Workdir::with_clinic();
        workdir.replace("pipeline.toml", "[ingest]", &format!("[packs]\n{packs}\n[ingest]"));
        workdir.write("own.toml", table);
        let error = Protocol::read(&workdir.path("pipeline.toml")).expect_err("it is refused").to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    };
    let own = "compare_factors = [\"own.toml\"]";
    refused("factors = \"own.toml\"", OWN, "depends on the dose");
    refused("compare_factors = [\"mme-cdc-2022.toml\"]", "", "twice, or the one of `factors`");
    refused("compare_factors = [\"own.toml\", \"own.toml\"]", OWN, "twice, or the one of `factors`");
    refused(own, &format!("{OWN}buprenorphine_patch = {{ factor = \"2\", source = \"x\" }}"), "no factor is ever used");
    refused(own, &format!("{OWN}codeine = {{ factor = \"0.15\", source = \" \" }}"), "no `source`");
    refused(own, &format!("{OWN}codeine = {{ source = \"x\" }}"), "either a `factor` or `tiers`");
    refused(own, &format!("{OWN}aspirin = {{ factor = \"1\", source = \"x\" }}"), "not a drug of the pack");
    refused(own, &format!("{OWN}codeine = {{ factor = \"0\", source = \"x\" }}"), "not a decimal above 0");
}
