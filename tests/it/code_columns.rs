//! Columns of codes: a word that no list knows is never stored, whatever it is
//! made of and whichever way it comes.

use std::fmt::Write as _;
use std::fs;

use rust_xlsxwriter::Workbook;

use crate::gate::{clinic, dictionary, parquet_text, plant};
use crate::workdir::{Workdir, files};

/// Code columns by table and place.
const COLUMNS: [(&str, usize); 7] = [
    ("patients", 3),
    ("adverse_events", 2),
    ("prescriptions", 7),
    ("prescriptions", 8),
    ("therapy_sessions", 2),
    ("assessments", 3),
    ("departures", 2),
];

/// Identifiers written as codes, the rule that refuses them, and what of them
/// may be seen nowhere. Without a rule they are taken as `other`, left out, or
/// their row is set aside.
const DISGUISED: [(&str, &str, &str); 13] = [
    ("536_91_2877", "value-ssn", "2877"),
    ("ssn_536_91_2877", "value-ssn", "2877"),
    ("617_555_0143", "value-phone", "0143"),
    ("mrn_0048213", "value-record-number", "0048213"),
    ("MRN0048213", "value-record-number", "0048213"),
    ("q0048213", "code-number", "0048213"),
    ("536912877", "code-number", "536912877"),
    ("zebediah_quagmire", "", "quagmire"),
    ("zquagmire1961", "", "quagmire"),
    ("12_wisteria_lane", "", "wisteria"),
    ("01938_springfield", "", "springfield"),
    ("Quagmire", "", "quagmire"),
    ("snomed_quagmire", "", "quagmire"),
];

/// What is said of a word no list knows, one of them by column.
const SAID: [&str; 6] =
    ["code-unknown", "route-unknown", "text-dropped", "site-undeclared", "site-invalid", "free-text"];

/// The clinic with items and sites, so that every code column is there.
fn with_items() -> Workdir {
    let workdir = clinic();
    workdir.replace("pipeline.toml", "max_reject_share = 0.5", "max_reject_share = 1.0");
    let patients = workdir.read("records/patients.csv");
    let sited = patients.lines().map(|line| {
        let site = if line.starts_with("patient_id") { "site" } else { "main" };
        format!("{line},{site}\n")
    });
    workdir.write("records/patients.csv", sited.collect::<String>());
    let text = workdir.read("records/assessments.csv");
    let mut lines = text.lines().map(|line| {
        let (before, score) = line.rsplit_once(',').expect("a score");
        let item = if score == "score" { "item" } else { "average" };
        format!("{before},{item},{score}\n")
    });
    workdir.write("records/assessments.csv", lines.by_ref().collect::<String>());
    workdir
}

fn assert_kept_nowhere(workdir: &Workdir, trace: &str) {
    let root = workdir.path("");
    let ours = |path: &&std::path::PathBuf| ["store", "reports"].iter().any(|folder| path.starts_with(folder));
    for path in files(&root).iter().filter(ours) {
        let parquet = path.extension().is_some_and(|extension| extension == "parquet");
        let bytes = if parquet { parquet_text(&root.join(path)) } else { fs::read(root.join(path)).expect("readable") };
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        assert!(!text.contains(&format!("_{trace}")) && !text.contains(&format!("{trace}\n")), "{}", path.display());
    }
}

/// Ingests, and asserts what the program makes of the value.
fn assert_not_stored(workdir: &Workdir, rule: &str, trace: &str) {
    let answer = workdir.relief(&["ingest", "pipeline.toml"]);
    assert!(!answer.out.to_lowercase().contains(trace) && !answer.err.to_lowercase().contains(trace), "{}", answer.err);
    if rule.is_empty() {
        let answer = answer.exits(0);
        assert!(
            SAID.iter().any(|said| answer.err.contains(said) || answer.out.contains(said)),
            "{trace}: {}",
            answer.out
        );
        assert!(workdir.path("store/current").exists());
    } else {
        answer.exits(5).says(rule);
        assert!(!workdir.path("store/current").exists());
    }
    assert_kept_nowhere(workdir, trace);
}

#[test]
fn an_identifier_written_as_a_code_is_never_stored() {
    for (table, column) in COLUMNS {
        for (value, rule, trace) in DISGUISED {
            let workdir = with_items();
            plant(&workdir, table, 1, column, value);
            assert_not_stored(&workdir, rule, trace);
        }
    }
}

/// The clinic whose table has `rows` rows with `word(row)` in one column.
fn filled(table: &str, column: usize, rows: usize, word: impl Fn(usize) -> String) -> Workdir {
    let workdir = with_items();
    workdir.replace("pipeline.toml", "[privacy]\n", "[privacy]\nassigned_codes = true\n");
    let text = workdir.read(&format!("records/{table}.csv"));
    let mut lines = text.lines();
    let (header, row) = (lines.next().expect("a header"), lines.next().expect("a row"));
    let cells: Vec<&str> = row.split(',').collect();
    let rows = (0..rows).map(|at| {
        let mut cells: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
        cells[column] = word(at);
        match table {
            "prescriptions" => cells[9] = format!("r{at}"),
            "patients" => cells[0] = format!("qx{at}k2m9p"),
            _ => (),
        }
        cells.join(",")
    });
    let rows: Vec<String> = rows.collect();
    workdir.write(&format!("records/{table}.csv"), format!("{header}\n{}\n", rows.join("\n")));
    workdir
}

#[test]
fn a_column_of_identifiers_is_refused_by_their_number() {
    for (table, column) in COLUMNS {
        filled(table, column, 60, |at| format!("536_91_{:04}", at + 1)).relief(&["check", "pipeline.toml"]).exits(5);
        let names = filled(table, column, 51, |at| format!("name_quagmire{at}"));
        let answer = names.relief(&["ingest", "pipeline.toml"]).exits(5).says("codes-too-many").says("51 times");
        assert!(!answer.err.contains("quagmire") && !names.path("store/current").exists(), "{}", answer.err);
        filled(table, column, 50, |at| format!("code_{at}")).relief(&["check", "pipeline.toml"]).exits(0);
    }
}

#[test]
fn words_of_the_lists_are_stored_as_they_are() {
    for (table, column, word) in [
        ("adverse_events", 2, "dissociation"),
        ("adverse_events", 2, "other"),
        ("prescriptions", 7, "transdermal"),
        ("prescriptions", 7, "iv_im"),
        ("prescriptions", 8, "opioid_use_disorder"),
        ("prescriptions", 8, "F11.20"),
        ("prescriptions", 8, "fibromyalgia"),
        ("prescriptions", 8, "G90.511"),
        ("therapy_sessions", 2, "pain_reprogramming"),
        ("assessments", 3, "worst"),
        ("departures", 2, "died"),
    ] {
        let workdir = with_items();
        plant(&workdir, table, 1, column, word);
        let said = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0);
        assert!(!said.out.contains("code-unknown") && !said.out.contains("text-dropped"), "{word}: {}", said.out);
        let store = files(&workdir.path("store"));
        let path = store.iter().find(|path| path.ends_with(format!("{table}.parquet"))).expect("a table");
        let text = String::from_utf8_lossy(&parquet_text(&workdir.path("store").join(path))).into_owned();
        assert!(text.lines().any(|cell| cell == word), "{table} {word}: {text}");
    }
}

#[test]
fn a_workbook_is_no_way_round() {
    for (value, rule, trace) in DISGUISED {
        let workdir = clinic();
        workdir.replace(
            "pipeline.toml",
            "kind = \"csv\"\npath = \"records\"",
            "kind = \"xlsx\"\npath = \"clinic.xlsx\"",
        );
        let mut book = Workbook::new();
        for table in ["patients", "diagnoses", "infusions", "assessments", "adverse_events", "therapy_sessions"] {
            let sheet = book.add_worksheet();
            sheet.set_name(table).expect("a short name");
            for (row, line) in workdir.read(&format!("records/{table}.csv")).lines().enumerate() {
                for (column, cell) in line.split(',').enumerate() {
                    let planted = row > 0 && column == 2 && matches!(table, "adverse_events" | "therapy_sessions");
                    let cell = if planted { value } else { cell };
                    let (row, column) = (u32::try_from(row).expect("few"), u16::try_from(column).expect("few"));
                    sheet.write_string(row, column, cell).expect("a cell");
                }
            }
        }
        book.save(workdir.path("clinic.xlsx")).expect("a workbook");
        assert_not_stored(&workdir, rule, trace);
    }
}

#[test]
fn a_redcap_export_is_no_way_round() {
    for (value, rule, trace) in DISGUISED {
        let workdir = Workdir::with_clinic();
        for table in ["patients", "diagnoses", "infusions", "assessments"] {
            workdir.remove(&format!("records/{table}.csv"));
        }
        workdir.replace("pipeline.toml", "kind = \"csv\"", "kind = \"redcap\"");
        workdir.replace("pipeline.toml", "path = \"records\"", "path = \"records\"\nmapping = \"own.toml\"");
        workdir.write("records/dictionary.csv", dictionary(&["record_id", "sex", "seen", "felt"]));
        workdir.write(
            "own.toml",
            "id = \"own\"\nversion = 1\ntitle = \"Own\"\n[[table]]\ntable = \"patients\"\nform = \"visit\"\n\
             columns = { sex = \"sex\" }\n[[table]]\ntable = \"adverse_events\"\nform = \"visit\"\n\
             columns = { date = \"seen\", term = \"felt\" }\n",
        );
        let export = format!(
            "record_id,sex,seen,felt,visit_complete\nqx7k2m9p,F,2026-01-05,{value},2\nwv3n8r5t,M,2026-01-06,nausea,2\n"
        );
        workdir.write("records/export.csv", export);
        assert_not_stored(&workdir, rule, trace);
    }
}

#[test]
fn an_omop_database_is_no_way_round() {
    for (site, rule) in [("536912877", "code-number"), ("2877", "")] {
        let workdir = crate::omop::database();
        workdir.write(
            "omop/PERSON.csv",
            format!(
                "person_id,gender_concept_id,year_of_birth,care_site_id\n101,8532,1970,{site}\n202,0,1980,{site}\n"
            ),
        );
        let pack = fs::read_to_string(crate::workdir::repository().join("pipelines/packs/source-omop.toml"));
        workdir.write("own.toml", format!("{}\n[person]\nsite = \"care_site_id\"\n", pack.expect("the pack")));
        workdir.replace("pipeline.toml", "path = \"omop\"", "path = \"omop\"\nmapping = \"own.toml\"");
        assert_not_stored(&workdir, rule, site);
        if rule.is_empty() {
            let listed = format!("[codes]\nsite = [\"{site}\"]\n[[source]]");
            workdir.replace("pipeline.toml", "[[source]]", &listed);
            assert!(!workdir.relief(&["check", "pipeline.toml"]).exits(0).out.contains("site-undeclared"));
        }
    }
}

#[test]
fn a_fhir_server_is_no_way_round() {
    let cases = [
        ("http://snomed.info/sct", "zebediah_quagmire", "", "quagmire"),
        ("http://snomed.info/sct", "536912877", "code-number", "536912877"),
        ("http://snomed.info/sct", "536_91_2877", "value-ssn", "2877"),
        ("https://www.meddra.org", "0048213", "code-number", "0048213"),
        ("https://www.meddra.org", "10048213", "", "10048213"),
        ("http://snomed.info/sct", "304386008", "", "304386008"),
    ];
    for (system, code, rule, trace) in cases {
        let workdir = Workdir::with_clinic();
        workdir.replace("pipeline.toml", "kind = \"csv\"\npath = \"records\"", "kind = \"fhir\"\npath = \"fhir\"");
        workdir.write("fhir/p.ndjson", "{\"resourceType\":\"Patient\",\"id\":\"qx7k2m9p\",\"gender\":\"female\"}\n");
        let event = serde_json::json!({"resourceType": "AdverseEvent", "id": "wv3n8r5t", "actuality": "actual",
            "event": {"coding": [{"system": system, "code": code}]}, "date": "2026-01-05",
            "subject": {"reference": "Patient/qx7k2m9p"}});
        workdir.write("fhir/e.ndjson", format!("{event}\n"));
        assert_not_stored(&workdir, rule, trace);
    }
}

/// The pipeline may declare words of its own, column by column.
#[test]
fn declared_words_are_stored_and_only_in_their_column() {
    let declared = "[codes]\nsite = [\"east-2\"]\nitem = [\"stairs\"]\nkind = [\"yoga\"]\nterm = [\"meddra_10028813\"]\n\
        route = [\"implant\"]\nindication = [\"long_covid\"]\n[[source]]";
    let words = ["east-2", "stairs", "yoga", "meddra_10028813", "implant", "long_covid"];
    let columns = [
        ("patients", 3),
        ("assessments", 3),
        ("therapy_sessions", 2),
        ("adverse_events", 2),
        ("prescriptions", 7),
        ("prescriptions", 8),
    ];
    for (at, (table, column)) in columns.into_iter().enumerate() {
        for (of, word) in words.into_iter().enumerate() {
            let workdir = with_items();
            workdir.replace("pipeline.toml", "[[source]]", declared);
            plant(&workdir, table, 1, column, word);
            let answer = workdir.relief(&["check", "pipeline.toml", "--json"]).exits(0);
            let said = SAID.iter().any(|said| answer.out.contains(said));
            assert_eq!(said, at != of, "{table} {word}: {}", answer.out);
        }
    }
}

/// Sixty reasons in a clinic's own words, each written once: refused with what to
/// do, and accepted once the mapping says what they mean.
#[test]
fn free_text_is_refused_until_the_mapping_says_what_it_means() {
    let reason = |at: usize| format!("Since accident no {at} (winter)");
    let meant = ["chronic_pain", "acute_pain", "our_own_word"];
    for (table, column, meant) in
        [("prescriptions", "indication", &meant[..]), ("diagnoses", "condition", &["crps_1", "fibromyalgia"])]
    {
        let workdir = with_items();
        workdir.replace("pipeline.toml", "path = \"records\"", "path = \"records\"\nmapping = \"own.toml\"");
        let lines: Vec<String> = match table {
            "prescriptions" => {
                (0..60).map(|at| format!("qx7k2m9p,2026-01-01,30,oxycodone,5,mg,60,r{at},{}", reason(at))).collect()
            }
            _ => (0..60).map(|at| format!("qx7k2m9p,{}", reason(at))).collect(),
        };
        let header = match table {
            "prescriptions" => "patient_id,start_date,days_supply,drug,strength,unit,quantity,row_id,why",
            _ => "patient_id,why",
        };
        workdir.write(&format!("records/{table}.csv"), format!("{header}\n{}\n", lines.join("\n")));
        let same = |columns: &str| {
            columns.split(',').map(|name| format!("{name} = \"{name}\"")).collect::<Vec<_>>().join(", ")
        };
        let own = header.replace("why", column);
        let columns = same(&own).replace(&format!("{column} = \"{column}\""), &format!("{column} = \"why\""));
        let tables = [
            ("patients", same("patient_id")),
            ("infusions", same("patient_id,date,dose_mg_per_kg")),
            ("assessments", same("patient_id,date,instrument,score")),
            (table, columns),
        ];
        let mut mapping = "id = \"own\"\nversion = 1\n".to_owned();
        for (name, columns) in &tables {
            let from = format!("from = \"{name}.csv\"\ncolumns = {{ {columns} }}");
            writeln!(mapping, "[[table]]\ntable = \"{name}\"\n{from}").expect("into memory");
        }
        workdir.write("own.toml", &mapping);
        let undeclared = workdir.relief(&["check", "pipeline.toml", "--json"]);
        if table == "prescriptions" {
            let undeclared = undeclared.exits(5).says("codes-too-many").says("under `values` of the source's mapping");
            assert!(!undeclared.err.contains("accident"), "{}", undeclared.err);
        } else {
            // The text of a diagnosis is never stored; it counts as `other`, and that is said.
            assert!(undeclared.exits(0).out.contains("condition-unmapped"));
        }
        writeln!(mapping, "[table.values.{column}]").expect("into memory");
        for at in 0..60 {
            writeln!(mapping, "\"{}\" = \"{}\"", reason(at), meant[at % meant.len()]).expect("into memory");
        }
        workdir.write("own.toml", &mapping);
        let answer = workdir.relief(&["ingest", "pipeline.toml", "--json"]).exits(0);
        let said =
            ["text-dropped", "condition-unmapped", "codes-too-many"].iter().any(|rule| answer.out.contains(rule));
        assert!(!said, "{}", answer.out);
        let stored = parquet_text(&workdir.path(&format!("store/snapshots/000001/{table}.parquet")));
        assert!(meant.iter().all(|word| stored.windows(word.len()).any(|part| part == word.as_bytes())));
    }
}
