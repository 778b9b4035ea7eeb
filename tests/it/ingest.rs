//! Ingest: every rule by a fixture that triggers exactly it, conservation on
//! arbitrary bytes, formats, the privacy gate, and snapshots that survive.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use arrow::array::{Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::{Strategy, any, prop, proptest};
use relief::derive;
use relief::ingest::{self, IngestError, Ingested, Mode};
use relief::model::reject::{Counts, Outcome, RULES};
use relief::model::table::{INPUT_TABLES, TableId};
use relief::protocol::Protocol;
use relief::store::{Store, StoreError};

/// A clinic in a temporary folder: files of one source, and a pipeline.
struct Clinic {
    folder: tempfile::TempDir,
    basis: &'static str,
    options: String,
    medications: &'static str,
    sources: Vec<&'static str>,
}

/// Two patients whose every row is good.
const CLEAN: [(&str, &str); 8] = [
    ("patients", "patient_id,sex,birth_year\nP1,F,1970\nP2,M,1980\n"),
    ("diagnoses", "patient_id,condition,rank\nP1,crps_1,1\nP2,M79.7,1\n"),
    (
        "infusions",
        "patient_id,date,dose_mg_per_kg,duration_min,ae_asked\nP1,2026-01-05,0.5,60,yes\nP2,2026-01-06,0.75,90,no\n",
    ),
    (
        "assessments",
        "patient_id,date,instrument,item,score\nP1,2026-01-04,pain_nrs,average,7\nP1,2026-03-30,pain_nrs,average,4.5\nP2,2026-01-06,phq9,,12\n",
    ),
    (
        "prescriptions",
        "patient_id,start_date,days_supply,drug,strength,unit,quantity,route,indication,row_id\n\
         P1,2026-01-01,30,oxycodone,10,mg,60,oral,pain,a\nP2,2026-01-02,30,gabapentin,300,mg,90,oral,,b\n",
    ),
    ("medication_reviews", "patient_id,date,complete\nP1,2026-01-01,yes\n"),
    ("adverse_events", "patient_id,date,term,grade,serious\nP1,2026-01-05,nausea,1,no\n"),
    ("therapy_sessions", "patient_id,date,kind\nP2,2026-01-07,psychotherapy\n"),
];

impl Clinic {
    fn clean() -> Self {
        let clinic = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            basis: "limited-data-set",
            options: "max_reject_share = 1.0\n".to_owned(),
            medications: "reviewed",
            sources: vec!["north"],
        };
        for (table, text) in CLEAN {
            clinic.write(&format!("{table}.csv"), text);
        }
        clinic
    }

    /// Its sites are declared.
    fn with_sites(mut self) -> Self {
        self.options += "[codes]\nsite = [\"east\", \"west\"]\n";
        self
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("north").join(file)
    }

    fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is ours");
        fs::write(path, content).expect("the folder is ours");
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).expect("written before")
    }

    /// Adds lines to a table.
    fn append(&self, table: &str, lines: &str) {
        let file = format!("{table}.csv");
        let text = if self.path(&file).exists() { self.read(&file) } else { String::new() };
        self.write(&file, text + lines);
    }

    fn protocol(&self) -> Protocol {
        let mut text = format!(
            "id = \"t\"\ntitle = \"t\"\nclinic = \"t\"\n[privacy]\nbasis = \"{}\"\n[store]\nfolder = \"store\"\n\
             [reports]\nfolder = \"reports\"\n[study]\ndata_cut = \"2026-09-30\"\n[ingest]\n{}",
            self.basis, self.options
        );
        for source in &self.sources {
            let medications = self.medications;
            write!(text, "[[source]]\nname = \"{source}\"\nkind = \"csv\"\npath = \"{source}\"\n")
                .expect("into memory");
            writeln!(text, "medications = \"{medications}\"").expect("into memory");
        }
        let path = self.folder.path().join("pipeline.toml");
        fs::write(&path, text).expect("the folder is ours");
        Protocol::read(&path).expect("the pipeline is valid")
    }

    fn run(&self, mode: Mode) -> Result<Ingested, IngestError> {
        ingest::run(&self.protocol(), mode, &mut |_| ())
    }

    fn ingest(&self) -> Ingested {
        self.run(Mode::Write).expect("the clinic can be ingested")
    }

    fn store(&self) -> Store {
        Store::open(&self.folder.path().join("store"))
    }
}

fn error(result: Result<Ingested, IngestError>) -> (u8, String) {
    let error = result.expect_err("this must not be ingested");
    (error.exit_code(), error.to_string())
}

/// The rules that fired, with their columns and counts.
fn findings(ingested: &Ingested) -> Vec<(String, String, u64)> {
    ingested.findings.iter().map(|finding| (finding.rule.clone(), finding.column.clone(), finding.count)).collect()
}

fn rows(path: &Path) -> Vec<RecordBatch> {
    let file = fs::File::open(path).expect("the table is there");
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(file).expect("it is Parquet").build().expect("it can be read");
    reader.map(|batch| batch.expect("rows can be read")).collect()
}

/// A table as text, without the columns named.
pub(crate) fn text_of(path: &Path, without: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for batch in rows(path) {
        let schema = batch.schema();
        let columns: Vec<usize> =
            (0..batch.num_columns()).filter(|&at| !without.contains(&schema.field(at).name().as_str())).collect();
        for row in 0..batch.num_rows() {
            // Row ids are keyed by the store's secret: that there is one is all two stores share.
            let shown = |at: usize| match schema.field(at).name().as_str() {
                "source_row_id" if batch.column(at).is_valid(row) => "#".to_owned(),
                _ => array_value_to_string(batch.column(at), row).expect("a printable type"),
            };
            let cells = columns.iter().map(|&at| shown(at));
            lines.push(cells.collect::<Vec<_>>().join(","));
        }
    }
    lines
}

fn column<'a, T: Array + 'static>(batch: &'a RecordBatch, name: &str) -> &'a T {
    batch.column_by_name(name).expect("the column is there").as_any().downcast_ref().expect("of this type")
}

/// Lines that trigger a rule, in the table they are added to. One per rule
/// about rows; rules about files have tests of their own below.
const FIXTURES: &[(&str, &str, &str, &str)] = &[
    ("field-count", "assessments", "P1,2026-02-01,pain_nrs,average\n", ""),
    ("missing-value", "assessments", "P1,2026-02-01,pain_nrs,average,\n", "score"),
    ("not-a-number", "assessments", "P1,2026-02-01,pain_nrs,average,seven\n", "score"),
    ("not-yes-or-no", "medication_reviews", "P1,2026-02-01,partly\n", "complete"),
    ("free-text", "adverse_events", "P1,2026-02-01,felt quite sick,1,no\n", "term"),
    ("patient-code-invalid", "infusions", "P1\u{0},2026-02-01,0.5,60,yes\n", "patient_id"),
    ("patient-code-invalid", "patients", "P\u{200b}3,F,1970\n", "patient_id"),
    ("patient-code-invalid", "infusions", "LONG,2026-02-01,0.5,60,yes\n", "patient_id"),
    ("unknown-patient", "infusions", "P9,2026-02-01,0.5,60,yes\n", "patient_id"),
    ("patient-conflict", "patients", "P1,M,1970\n", "patient_id"),
    ("sex-unknown", "patients", "P3,Q,1970\n", "sex"),
    ("birth-year-implausible", "patients", "P3,F,1870\n", "birth_year"),
    ("date-invalid", "infusions", "P1,2026-02-30,0.5,60,yes\n", "date"),
    ("date-too-early", "infusions", "P1,1900-01-01,0.5,60,yes\n", "date"),
    ("date-too-late", "infusions", "P1,2026-10-01,0.5,60,yes\n", "date"),
    ("unknown-instrument", "assessments", "P1,2026-02-01,smiley,,3\n", "instrument"),
    ("score-out-of-range", "assessments", "P1,2026-02-01,pain_nrs,average,11\n", "score"),
    ("score-too-fine", "assessments", "P1,2026-02-01,pain_nrs,average,6.25\n", "score"),
    ("rank-invalid", "diagnoses", "P1,fibromyalgia,0\n", "rank"),
    ("ketamine-dose-invalid", "infusions", "P1,2026-02-01,0,60,yes\n", "dose_mg_per_kg"),
    ("ketamine-dose-implausible", "infusions", "P1,2026-02-01,2.1,60,yes\n", "dose_mg_per_kg"),
    ("grade-invalid", "adverse_events", "P1,2026-02-01,nausea,6,no\n", "grade"),
    ("unknown-drug", "prescriptions", "P1,2026-02-01,30,painaway,5,mg,60,,,c\n", "drug"),
    ("days-supply-invalid", "prescriptions", "P1,2026-02-01,,oxycodone,5,mg,60,,,c\n", "days_supply"),
    ("strength-invalid", "prescriptions", "P1,2026-02-01,30,oxycodone,0,mg,60,,,c\n", "strength"),
    ("quantity-invalid", "prescriptions", "P1,2026-02-01,30,oxycodone,5,mg,-60,,,c\n", "quantity"),
    ("too-many-decimals", "prescriptions", "P1,2026-02-01,30,oxycodone,5.0005,mg,60,,,c\n", "strength"),
    ("unit-mismatch", "prescriptions", "P1,2026-02-01,30,oxycodone,5,mg/ml,60,,,c\n", "unit"),
    ("opioid-dose-implausible", "prescriptions", "P1,2026-02-01,30,morphine,15000,mg,60,,,c\n", "strength"),
    ("row-id-repeated", "prescriptions", "P1,2026-01-01,30,oxycodone,10,mg,60,oral,pain,a\n", "row_id"),
    ("item-not-measured", "assessments", "P1,2026-02-01,pain_nrs,past_week,3\n", "item"),
    ("rows-identical", "assessments", "P1,2026-01-04,pain_nrs,average,7\n", "row_id"),
    ("patient-repeated", "patients", "P1,female,1970\n", "patient_id"),
    ("condition-unmapped", "diagnoses", "P1,sore elbow,2\n", "condition"),
    ("text-dropped", "prescriptions", "P1,2026-02-01,30,oxycodone,5,mg,60,,since the fall (winter),c\n", "indication"),
    ("route-unknown", "prescriptions", "P1,2026-02-01,30,oxycodone,5,mg,60,by drone,,c\n", "route"),
    ("code-unknown", "adverse_events", "P1,2026-02-01,zebediah_quagmire,1,no\n", "term"),
    ("score-rounded", "assessments", "P1,2026-02-01,bpi_severity,,6.25\n", "score"),
    ("age-top-coded", "patients", "P3,F,1930\n", "birth_year"),
];

/// Rules that need more than a line; each has a test of this name below.
const ELSEWHERE: [&str; 36] = [
    "age-year-assumed",
    "last-day-alone",
    "day-zero-missing",
    "row-id-conflict",
    "ambiguous-patient",
    "index-period-missing",
    "consent-withdrawn",
    "site-invalid",
    "site-undeclared",
    "period-invalid",
    "study-day-invalid",
    "source-code-dropped",
    "unmapped-column",
    "unread-file",
    "correction-unmatched",
    "correction-incomplete",
    "correction-not-needed",
    "record-not-mapped",
    "missing-table",
    "quantity-not-recorded",
    "form-not-mapped",
    "form-incomplete",
    "empty-record",
    "no-value",
    "declared-missing",
    "checkbox-unasked",
    "reference-record",
    "no-dictionary",
    "concept-not-mapped",
    "concept-zero",
    "opioid-by-injection",
    "ketamine-not-infused",
    "drug-not-computable",
    "observation-period",
    "withdrawal-unknown-patient",
    "withdrawal-scope-unknown",
];

#[test]
fn every_rule_has_a_fixture() {
    let tested: BTreeSet<&str> = FIXTURES
        .iter()
        .map(|(rule, ..)| *rule)
        .chain(ELSEWHERE)
        .chain(crate::fhir::FIXTURES.iter().map(|(rule, ..)| *rule))
        .collect();
    let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(tested, rules);
}

#[test]
fn a_clean_clinic_has_no_findings() {
    let ingested = Clinic::clean().ingest();
    assert_eq!(findings(&ingested), []);
    assert!(ingested.tables.values().all(|counts| counts.read == counts.accepted && counts.read > 0));
    assert_eq!((ingested.patients, ingested.tables.len()), (2, 8));
}

#[test]
fn each_rule_fires_on_its_fixture_and_nothing_else_does() {
    let clean = Clinic::clean().ingest().tables;
    for (rule, table, lines, at) in FIXTURES {
        let clinic = Clinic::clean();
        clinic.append(table, &lines.replace("LONG", &"X".repeat(65)));
        let ingested = clinic.ingest();
        assert_eq!(findings(&ingested), [((*rule).to_owned(), (*at).to_owned(), 1)], "{rule}");
        let outcome = RULES.iter().find(|known| known.id == *rule).expect("listed").outcome;
        let (counts, before) = (ingested.tables[*table], clean[*table]);
        let more =
            [counts.read - before.read, counts.accepted - before.accepted, counts.quarantined, counts.duplicates];
        let expected = match outcome {
            Outcome::Quarantined => [1, 0, 1, 0],
            Outcome::Dropped => [1, 0, 0, 1],
            Outcome::Remarked => [1, 1, 0, 0],
        };
        assert_eq!(more, expected, "{rule}");
    }
}

/// Neither the first nor the smaller of two contradicting rows is the true one.
#[test]
fn rows_that_contradict_each_other_are_all_set_aside() {
    let more = "P1,2026-02-01,30,oxycodone,20,mg,60,oral,pain,a\nP1,2026-01-01,30,oxycodone,10,mg,60,oral,pain,a\n";
    let clinic = Clinic::clean();
    clinic.append("prescriptions", more);
    let ingested = clinic.ingest();
    assert_eq!(findings(&ingested), [("row-id-conflict".to_owned(), "row_id".to_owned(), 3)]);
    let expected = Counts { read: 4, accepted: 1, quarantined: 3, duplicates: 0 };
    assert_eq!(ingested.tables["prescriptions"], expected);
    let snapshot = ingested.snapshot.expect("written");
    // The dose of the patient is unknown on all of those days.
    let withheld = text_of(&snapshot.table_path(TableId::PrescriptionsWithheld), &["patient_key", "source_id"]);
    assert_eq!(withheld.len(), 3, "{withheld:?}");
    // Of copies that agree one is kept, as before.
    let clinic = Clinic::clean();
    clinic.append("prescriptions", more.lines().last().expect("two lines"));
    assert_eq!(clinic.ingest().tables["prescriptions"].duplicates, 1);
}

/// What the program keeps although it may be a copy is said.
#[test]
fn what_the_rows_of_a_patient_do_not_agree_on_is_unknown() {
    for (lines, sex, birth_year) in [
        ("P1,F,1970\nP1,M,1970\n", "U", Some(1970)),
        ("P1,F,1970\nP1,F,1980\n", "F", None),
        ("P1,F,1970\nP1,M,1980\nP1,F,1970\n", "U", None),
        ("P1,M,1970\nP1,F,1970\nP1,M,1970\n", "U", Some(1970)),
        // Who says nothing contradicts nobody.
        ("P1,F,\nP1,,1970\n", "F", Some(1970)),
        ("P1,f,1970\nP1,F,1970\n", "F", Some(1970)),
    ] {
        let turned = lines.lines().rev().collect::<Vec<_>>().join("\n") + "\n";
        for lines in [lines, &turned] {
            let clinic = Clinic::clean();
            clinic.write("patients.csv", format!("patient_id,sex,birth_year\nP2,M,1980\n{lines}"));
            let ingested = clinic.ingest();
            let counts = ingested.tables["patients"];
            assert_eq!((counts.accepted, counts.read), (2, 1 + lines.lines().count() as u64), "{lines}");
            let snapshot = ingested.snapshot.expect("written");
            let batch = &rows(&snapshot.table_path(TableId::Patients))[0];
            let years = column::<Int32Array>(batch, "birth_year");
            let sexes = column::<StringArray>(batch, "sex");
            let facts = |row: usize| (sexes.value(row), years.is_valid(row).then(|| years.value(row)));
            let found = [facts(0), facts(1)];
            assert!(found.contains(&(sex, birth_year)) && found.contains(&("M", Some(1980))), "{lines}: {found:?}");
        }
    }
}

#[test]
fn identical_rows_are_counted_where_they_count_twice() {
    let clinic = Clinic::clean();
    let twice = "P1,2026-02-01,0.5,60,yes\nP1,2026-02-01,0.5,60,yes\nP1,2026-02-01,0.5,60,yes\n";
    clinic.append("infusions", twice);
    clinic.append("infusions", "P1,2026-02-01,0.75,60,yes\nP1,2026-02-02,0.5,60,yes\nP2,2026-02-01,0.5,60,yes\n");
    clinic.append("diagnoses", "P1,crps_1,1\n");
    // A row id tells two equal prescriptions apart.
    clinic.append("prescriptions", "P1,2026-01-01,30,oxycodone,10,mg,60,oral,pain,c\n");
    let ingested = clinic.ingest();
    assert_eq!(findings(&ingested), [("rows-identical".to_owned(), "row_id".to_owned(), 2)]);
    assert!(ingested.tables.values().all(|counts| counts.read == counts.accepted));
}

#[test]
fn rules_about_sites_need_a_site_column() {
    let clinic = Clinic::clean();
    clinic
        .write("patients.csv", "patient_id,site\nP1,east\nP2,east\nP2,west\nP3,12 Main Street\nP4,zebediah_quagmire\n");
    let clinic = clinic.with_sites();
    let ingested = clinic.ingest();
    // P2's rows in files without a site could be either's.
    let ambiguous: u64 = ingested
        .findings
        .iter()
        .filter(|finding| finding.rule == "ambiguous-patient")
        .map(|finding| finding.count)
        .sum();
    assert_eq!(ambiguous, 5);
    assert!(findings(&ingested).contains(&("site-invalid".to_owned(), "site".to_owned(), 1)));
    assert!(findings(&ingested).contains(&("site-undeclared".to_owned(), "site".to_owned(), 1)));
    let sites: Vec<String> =
        ingested.snapshot.expect("written").manifest.sites.into_iter().map(|site| site.site).collect();
    assert_eq!(sites, ["east", "undeclared-1", "west"]);
}

#[test]
fn the_same_code_at_two_sites_is_two_patients() {
    let clinic = Clinic::clean();
    for (table, _) in CLEAN {
        let text = clinic.read(&format!("{table}.csv"));
        let with_site = |(index, line): (usize, &str)| {
            if index == 0 { format!("{line},site\n") } else { format!("{line},east\n{line},west\n") }
        };
        clinic.write(&format!("{table}.csv"), text.lines().enumerate().map(with_site).collect::<String>());
    }
    let clinic = clinic.with_sites();
    let ingested = clinic.ingest();
    assert_eq!((findings(&ingested), ingested.patients), (vec![], 4));
    let snapshot = ingested.snapshot.expect("written");
    let batch = &rows(&snapshot.table_path(TableId::Infusions))[0];
    let keys: BTreeSet<i64> = column::<Int64Array>(batch, "patient_key").values().iter().copied().collect();
    assert_eq!(keys.len(), 4);
}

#[test]
fn index_periods_and_study_days_are_checked() {
    let clinic = Clinic::clean();
    clinic.write("patients.csv", "patient_id,index_period\nP1,2026Q1\nP2,2026-13\n");
    assert!(findings(&clinic.ingest()).contains(&("period-invalid".to_owned(), "index_period".to_owned(), 1)));

    let clinic = study_day_clinic();
    clinic.append("infusions", "P1,4000,0.5,60,yes\nP1,1.5,0.5,60,yes\n");
    assert_eq!(findings(&clinic.ingest()), [("study-day-invalid".to_owned(), "day".to_owned(), 2)]);
}

/// The clean clinic on study days, which safe harbor allows.
fn study_day_clinic() -> Clinic {
    let clinic = Clinic { basis: "safe-harbor", ..Clinic::clean() };
    for (table, text) in CLEAN {
        let mut text = text.replace(",date", ",day").replace(",start_date", ",start_day");
        for (date, day) in [("2026-01-05", "0"), ("2026-01-06", "0"), ("2026-01-0", "-"), ("2026-03-30", "84")] {
            text = text.replace(date, day);
        }
        clinic.write(&format!("{table}.csv"), text);
    }
    clinic.write("patients.csv", "patient_id,sex,birth_year,index_period\nP1,F,1970,2026\nP2,M,1980,2026\n");
    clinic
}

#[test]
fn a_study_day_patient_without_index_period_is_remarked_on() {
    let clinic = study_day_clinic();
    clinic.write("patients.csv", "patient_id,index_period\nP1,2026\nP2,\n");
    assert_eq!(findings(&clinic.ingest()), [("index-period-missing".to_owned(), "index_period".to_owned(), 1)]);
}

#[test]
fn only_icd_shaped_source_codes_are_stored() {
    let clinic = Clinic::clean();
    clinic.write(
        "diagnoses.csv",
        "patient_id,condition,source_code\nP1,crps,g90.511\nP2,M79.7,\nP2,migraine,bad headaches\n",
    );
    let ingested = clinic.ingest();
    assert_eq!(findings(&ingested), [("source-code-dropped".to_owned(), "source_code".to_owned(), 1)]);
    let codes = text_of(
        &ingested.snapshot.expect("written").table_path(TableId::Diagnoses),
        &["patient_key", "source_id", "source_row", "rank"],
    );
    let expected = ["crps_unspecified,G90.511", "fibromyalgia,M79.7", "migraine,"].map(str::to_owned);
    assert_eq!(BTreeSet::from_iter(codes), BTreeSet::from(expected));
}

#[test]
fn columns_and_files_that_are_not_read_are_remarked_on() {
    let clinic = Clinic::clean();
    clinic.write("medication_reviews.csv", "patient_id,date,complete,mood,site\nP1,2026-01-01,yes,good,x\n");
    clinic.write("perscriptions.csv", "patient_id\n");
    let expected = [("unmapped-column", "mood"), ("unmapped-column", "site"), ("unread-file", "")];
    assert_eq!(findings(&clinic.ingest()), expected.map(|(rule, column)| (rule.to_owned(), column.to_owned(), 1)));
}

#[test]
fn withdrawn_patients_leave_no_row() {
    let clinic = Clinic::clean();
    clinic.write(
        "withdrawals.csv",
        "patient_id,effective_date,scope\nP1,2026-05-01,all\nP2,2026-05-01,research_only\nP9,2026-05-01,all\n",
    );
    let ingested = clinic.ingest();
    assert_eq!(ingested.patients, 1);
    let withdrawn: u64 = ingested
        .findings
        .iter()
        .filter(|finding| finding.rule == "consent-withdrawn")
        .map(|finding| finding.count)
        .sum();
    assert_eq!(withdrawn, 8);
    assert!(findings(&ingested).contains(&("withdrawal-unknown-patient".to_owned(), "patient_id".to_owned(), 1)));
    // Their lines would be a list of who they are.
    let quarantine = fs::read_to_string(ingested.quarantine.expect("written").join("north.csv")).expect("there");
    assert!(
        quarantine.lines().skip(1).all(|line| line.contains(",,patient_id,consent-withdrawn,") && !line.contains("P1")),
        "{quarantine}"
    );

    clinic.write("withdrawals.csv", "patient_id,scope\nP1,please forget me\n");
    let ingested = clinic.ingest();
    assert_eq!(ingested.patients, 1);
    assert!(findings(&ingested).contains(&("withdrawal-scope-unknown".to_owned(), "scope".to_owned(), 1)));
}

#[test]
fn a_withdrawal_without_a_site_or_with_a_misspelt_one_applies() {
    for (site, left) in [("", 1), ("West", 1), ("west", 2), ("east", 2)] {
        let clinic = Clinic::clean().with_sites();
        clinic.write("patients.csv", "patient_id,site\nP1,east\nP2,east\nP2,west\n");
        clinic.write("withdrawals.csv", format!("patient_id,scope,site\nP2,all,{site}\n"));
        let ingested = clinic.ingest();
        assert_eq!(ingested.patients, left, "`{site}`");
        assert!(findings(&ingested).iter().all(|(rule, ..)| rule != "withdrawal-unknown-patient"), "`{site}`");
    }
}

#[test]
fn research_only_withdrawals_apply_to_research() {
    let clinic = Clinic::clean();
    clinic.write("withdrawals.csv", "patient_id,scope\nP2,research_only\n");
    assert_eq!(clinic.ingest().patients, 2);
    let mut protocol = clinic.protocol();
    protocol.study.research = true;
    assert_eq!(ingest::run(&protocol, Mode::Check, &mut |_| ()).expect("fine").patients, 1);
}

#[test]
fn quarantined_prescriptions_of_known_patients_are_withheld() {
    let clinic = Clinic::clean();
    clinic.append("prescriptions", "P1,2026-02-01,0,oxycodone,5,mg,60,,,c\nP1,someday,30,oxycodone,5,mg,60,,,d\nP9,2026-02-01,0,oxycodone,5,mg,60,,,e\nP2,2026-02-03\n");
    clinic.append("prescriptions", "P1,2026-02-02,30,oxycodone,20,mg,60,oral,pain,a\n");
    let snapshot = clinic.ingest().snapshot.expect("written");
    let withheld = text_of(&snapshot.table_path(TableId::PrescriptionsWithheld), &["patient_key", "source_id"]);
    // 2026-02-01, -02 and -03 are days 20485 to 20487; the second has no readable day. The
    // last contradicts line 2, whose day is 20454, and neither is known to be true.
    let expected = ["2,20454,", "4,20485,", "5,,30", "7,20487,", "8,20486,"].map(str::to_owned);
    assert_eq!(BTreeSet::from_iter(withheld), BTreeSet::from(expected));
}

/// The first infusion has an impossible dose: the second must not pass for day 0,
/// nor a score between the two for one before treatment. A dose of 0 may be an
/// infusion that was not given; a copy on the day of a sound row adds nothing.
#[test]
fn a_quarantined_infusion_still_took_place() {
    let clinic = Clinic::clean();
    clinic.append(
        "infusions",
        "P1,2026-01-02,50,60,yes\nP1,2025-12-30,0,60,yes\nP1,someday,0.5,60,yes\nP9,2026-01-02,50,60,yes\nP2,2026-01-06,50,90,no\n",
    );
    let ingested = clinic.ingest();
    assert_eq!(ingested.tables["infusions"].quarantined, 5);
    let snapshot = ingested.snapshot.expect("written");
    let withheld = text_of(&snapshot.table_path(TableId::InfusionsWithheld), &["patient_key", "source_id"]);
    // 2026-01-02 and -06 are days 20455 and 20459.
    assert_eq!(BTreeSet::from_iter(withheld), BTreeSet::from(["4,20455", "8,20459"].map(str::to_owned)));
    let path = clinic.folder.path().join("analysis_set.parquet");
    derive::run(&snapshot, &clinic.protocol(), &path, 2).expect("derivation");
    let kept = ["index_day", "infusions", "mg_per_kg", "baseline_pain_x10"];
    let cell = |batch: &RecordBatch, row: usize, name: &str| {
        array_value_to_string(batch.column_by_name(name).expect("a column"), row).expect("a printable type")
    };
    let of_row = |batch: &RecordBatch, row: usize| kept.map(|name| cell(batch, row, name)).join(",");
    let all = |batch: &RecordBatch| (0..batch.num_rows()).map(|row| of_row(batch, row)).collect::<Vec<_>>();
    let series: BTreeSet<String> = rows(&path).iter().flat_map(all).collect();
    // The score of 2026-01-04 lies after the infusion of 2026-01-02.
    assert_eq!(series, BTreeSet::from(["20455,2,,", "20459,1,0.75,"].map(str::to_owned)));
}

#[test]
fn a_quarantined_prescription_of_no_opioid_leaves_the_dose_alone() {
    let clinic = Clinic::clean();
    clinic.append("prescriptions", "P1,2026-02-01,0,lorazepam,1,mg,30,,,c\nP1,2026-02-01,30,gabapentin,0,mg,30,,,d\n");
    let ingested = clinic.ingest();
    assert_eq!(ingested.tables["prescriptions"].quarantined, 2);
    let snapshot = ingested.snapshot.expect("written");
    let withheld = text_of(&snapshot.table_path(TableId::PrescriptionsWithheld), &["patient_key", "source_id"]);
    assert_eq!(withheld, Vec::<String>::new());
}

#[test]
fn the_quarantine_says_where_and_why_and_never_what() {
    let clinic = Clinic::clean();
    clinic.append("assessments", "P1,2026-02-01,pain_nrs,average,4711\n");
    let quarantine = fs::read_to_string(clinic.ingest().quarantine.expect("written").join("north.csv")).expect("there");
    let expected = "file,line,column,rule,problem,fix,correction\n\
                    assessments.csv,5,score,score-out-of-range,the score is outside the instrument's range,check the instrument and the score on the form,\n";
    assert_eq!(quarantine, expected);
}

#[test]
fn values_are_stored_as_the_design_says() {
    let clinic = Clinic::clean();
    clinic.append("assessments", "P1,2026-02-01,pain_vas_mm,average,70\n");
    clinic.append("prescriptions", "P1,2026-02-01,30,fentanyl_td,0.025,MG/HR,10,transdermal,Chronic pain,x\n");
    clinic.append("prescriptions", "P2,2026-02-01,30,fentanyl_td,0.0125,mg/h,10,,,y\n");
    let snapshot = clinic.ingest().snapshot.expect("written");
    let origin = ["patient_key", "source_id", "source_row", "start_day", "day"];
    let scores = text_of(&snapshot.table_path(TableId::Assessments), &origin);
    assert!(scores.contains(&"pain_vas_mm,average,70".to_owned()), "{scores:?}");
    let patches = text_of(&snapshot.table_path(TableId::Prescriptions), &origin);
    assert!(patches.contains(&"30,fentanyl_td,25.0,mcg/h,10.0,transdermal,chronic_pain,#".to_owned()), "{patches:?}");
    assert!(patches.contains(&"30,fentanyl_td,12.5,mcg/h,10.0,,,#".to_owned()), "{patches:?}");
}

#[test]
fn a_pill_and_a_patch_at_the_limit_are_kept() {
    for (line, kept) in [
        ("1,morphine,1000,mg,1", true),
        ("1,morphine,1000.001,mg,1", false),
        // 400 mcg/h × 2.4 is 960 MME, however often the patch is changed.
        ("30,fentanyl_td,400,mcg/h,15", true),
        ("30,fentanyl_td,450,mcg/h,10", false),
        ("1,ibuprofen,99999,mg,99999", true),
        ("1,oxycodone,100000,mg,100000", false),
    ] {
        let clinic = Clinic::clean();
        clinic.append("prescriptions", &format!("P1,2026-02-01,{line},,,z\n"));
        assert_eq!(findings(&clinic.ingest()).is_empty(), kept, "{line}");
    }
}

/// One way of writing the same file.
type Shape = fn(&str) -> Vec<u8>;

#[test]
fn every_shape_of_csv_gives_the_same_snapshot() {
    let plain = tables_of(&Clinic::clean());
    let shapes: [(&str, Shape); 5] = [
        ("csv", |text| [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
        ("csv", |text| text.replace('\n', "\r\n").into_bytes()),
        ("csv", |text| text.trim_end().to_owned().into_bytes()),
        ("csv.gz", |text| gzip(text.as_bytes())),
        ("csv.zst", |text| zstd::encode_all(text.as_bytes(), 3).expect("into memory")),
    ];
    for (extension, shape) in shapes {
        let clinic = Clinic::clean();
        for (table, text) in CLEAN {
            fs::remove_file(clinic.path(&format!("{table}.csv"))).expect("written before");
            clinic.write(&format!("{table}.{extension}"), shape(text));
        }
        assert_eq!(tables_of(&clinic), plain, "{extension}");
    }
}

#[test]
fn quoted_fields_are_read_as_rfc_4180_says() {
    let quoted = Clinic::clean();
    for (table, text) in CLEAN {
        let line =
            |line: &str| line.split(',').map(|field| format!("\"{field}\"")).collect::<Vec<_>>().join(",") + "\r\n";
        quoted.write(&format!("{table}.csv"), text.lines().map(line).collect::<String>());
    }
    assert_eq!(tables_of(&quoted), tables_of(&Clinic::clean()));

    let clinic = Clinic::clean();
    clinic.append(
        "adverse_events",
        "P1,2026-01-06,\"felt \"\"odd\"\",\nthen slept\",1,no\nP1,2026-01-07,headache,9,no\n",
    );
    let quarantine = fs::read_to_string(clinic.ingest().quarantine.expect("written").join("north.csv")).expect("there");
    let lines: Vec<&str> = quarantine.lines().skip(1).map(|line| line.split(',').nth(1).expect("a line")).collect();
    assert_eq!(lines, ["3", "5"], "{quarantine}");
}

#[test]
fn a_record_that_spans_two_blocks_is_one_record() {
    // Blocks are a mebibyte; this is three, and every record has a line end inside quotes.
    let clinic = Clinic::clean();
    let lines: Vec<String> =
        (0..60_000).map(|index| format!("P1,2026-01-06,\"felt odd,\n{index:.>30}\",1,no\n")).collect();
    let lines = lines.concat();
    clinic.append("adverse_events", &lines);
    let ingested = clinic.ingest();
    assert_eq!(
        ingested.tables["adverse_events"],
        Counts { read: 60_001, accepted: 1, quarantined: 60_000, duplicates: 0 }
    );
    let quarantine = fs::read_to_string(ingested.quarantine.expect("written").join("north.csv")).expect("there");
    assert!(quarantine.lines().last().expect("a row").starts_with("adverse_events.csv,120001,term,free-text,"));
}

/// Every table without keys and line numbers, as sets: keys differ from store
/// to store and lines from order to order.
fn tables_of(clinic: &Clinic) -> BTreeMap<&'static str, Vec<String>> {
    let snapshot = clinic.ingest().snapshot.expect("written");
    let table = |table: TableId| {
        let mut lines = text_of(&snapshot.table_path(table), &["patient_key", "source_row"]);
        lines.sort();
        (table.name(), lines)
    };
    TableId::ALL.into_iter().map(table).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("into memory");
    encoder.finish().expect("into memory")
}

#[test]
fn the_order_of_lines_changes_nothing() {
    let mut clinic = large_clinic(300);
    clinic.append("patients", "P5,U,1971\nP5,X,1972\n");
    clinic.append(
        "prescriptions",
        "P5,2026-02-01,30,oxycodone,20,mg,60,,,same\nP5,2026-02-01,30,oxycodone,30,mg,60,,,same\n",
    );
    let before = tables_of(&clinic);
    let counts = clinic.ingest().tables;
    for (table, _) in CLEAN {
        let text = clinic.read(&format!("{table}.csv"));
        let (header, body) = text.split_once('\n').expect("a header");
        let reversed: Vec<&str> = body.lines().rev().collect();
        clinic.write(&format!("{table}.csv"), format!("{header}\n{}\n", reversed.join("\n")));
    }
    clinic.options += "memory_budget_mib = 1\n";
    assert_eq!((tables_of(&clinic), clinic.ingest().tables), (before, counts));
}

/// `patients` patients with some rows each, with ties and repeats.
fn large_clinic(patients: usize) -> Clinic {
    let clinic = Clinic::clean();
    let mut lines: BTreeMap<&str, String> =
        CLEAN.iter().map(|(table, text)| (*table, text.lines().next().expect("a header").to_owned() + "\n")).collect();
    let mut add = |table: &'static str, line: String| *lines.get_mut(table).expect("a table") += &line;
    for patient in 0..patients {
        add("patients", format!("P{patient},F,{}\n", 1950 + patient % 50));
        add("diagnoses", format!("P{patient},M79.7,1\n"));
    }
    // Rounds over all patients, so that a patient's rows are far apart.
    for round in 0..6 {
        for patient in 0..patients {
            let day = format!("2026-0{}-{:02}", 1 + (round * 5 + patient) % 8, 1 + (round * 11 + patient * 7) % 28);
            add("infusions", format!("P{patient},{day},0.{},60,yes\n", 1 + round));
            add("assessments", format!("P{patient},{day},pain_nrs,average,{}\n", (patient + round) % 11));
            add("assessments", format!("P{patient},{day},pain_nrs,average,{}\n", (patient + round) % 10));
            add("prescriptions", format!("P{patient},{day},30,oxycodone,10,mg,60,oral,,{}\n", round % 5));
        }
    }
    for (table, text) in lines {
        clinic.write(&format!("{table}.csv"), text);
    }
    clinic
}

/// The bytes of every file of a snapshot.
fn files_of(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("there").map(|entry| entry.expect("readable").path());
    let files = entries.filter(|path| path.is_file());
    files
        .map(|path| {
            (path.file_name().expect("a name").to_string_lossy().into_owned(), fs::read(&path).expect("readable"))
        })
        .collect()
}

#[test]
fn threads_and_memory_change_no_byte() {
    let clinic = large_clinic(20_000);
    let mut protocol = clinic.protocol();
    let store = protocol.store.clone();
    protocol.store = clinic.folder.path().join("a");
    fs::create_dir_all(&protocol.store).expect("ours");
    fs::create_dir_all(&store).expect("ours");
    fs::write(protocol.store.join("secret"), [7; 16]).expect("ours");
    let run = |protocol: &Protocol, threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let ingested = pool.install(|| ingest::run(protocol, Mode::Write, &mut |_| ())).expect("fine");
        files_of(&ingested.snapshot.expect("written").folder)
    };
    let one = run(&protocol, 1);
    assert_eq!(one.len(), TableId::ALL.len() + 1);
    for (folder, threads, budget) in [("b", 2, 512 << 20), ("c", 2, 100_000), ("d", 3, 0)] {
        protocol.store = clinic.folder.path().join(folder);
        protocol.ingest.memory_budget = budget;
        fs::create_dir_all(&protocol.store).expect("ours");
        fs::write(protocol.store.join("secret"), [7; 16]).expect("ours");
        assert!(run(&protocol, threads) == one, "{threads} threads, {budget} bytes");
    }
}

#[test]
fn tables_are_sorted_by_patient_day_and_line() {
    let clinic = large_clinic(2_000);
    let snapshot = clinic.ingest().snapshot.expect("written");
    for table in [TableId::Infusions, TableId::Assessments, TableId::Prescriptions] {
        let day = if table == TableId::Prescriptions { "start_day" } else { "day" };
        let mut order = Vec::new();
        for batch in rows(&snapshot.table_path(table)) {
            let (keys, lines): (&Int64Array, &Int64Array) =
                (column(&batch, "patient_key"), column(&batch, "source_row"));
            let days: &Int32Array = column(&batch, day);
            order.extend((0..batch.num_rows()).map(|row| (keys.value(row), days.value(row), lines.value(row))));
        }
        assert!(order.len() >= 8_000 && order.is_sorted(), "{}", table.name());
    }
}

#[test]
fn text_that_is_not_utf8_is_refused_by_line() {
    let clinic = Clinic::clean();
    clinic.write("adverse_events.csv", b"patient_id,date,term\nP1,2026-01-05,nausea\nP1,2026-01-05,naus\xE9e\n");
    let (code, message) = error(clinic.run(Mode::Write));
    assert_eq!(code, 7);
    assert!(
        message.contains("adverse_events.csv` line 3: the text is not UTF-8") && message.contains("CSV UTF-8"),
        "{message}"
    );
}

#[test]
fn a_damaged_file_is_an_error() {
    let clinic = Clinic::clean();
    fs::remove_file(clinic.path("assessments.csv")).expect("written before");
    let whole = gzip(CLEAN[3].1.as_bytes());
    clinic.write("assessments.csv.gz", &whole[..whole.len() / 2]);
    let (code, message) = error(clinic.run(Mode::Write));
    assert_eq!(code, 7);
    assert!(message.contains("cut short or damaged"), "{message}");

    let clinic = Clinic::clean();
    clinic.append("adverse_events", "P1,2026-01-05,\"nausea,1,no\n");
    let (code, message) = error(clinic.run(Mode::Write));
    assert_eq!(code, 7);
    assert!(message.contains("line 3") && message.contains("never closed"), "{message}");
}

#[test]
fn what_is_missing_is_named() {
    let clinic = Clinic::clean();
    fs::rename(clinic.path("assessments.csv"), clinic.path("assesments.csv")).expect("ours");
    let (code, message) = error(clinic.run(Mode::Write));
    assert_eq!(code, 7);
    assert!(message.contains("no `assessments.csv`") && message.contains("rename `assesments.csv`"), "{message}");

    let clinic = Clinic::clean();
    clinic.write("assessments.csv", "patient_id,date,instrument,scores\n");
    let (code, message) = error(clinic.run(Mode::Write));
    assert_eq!(code, 7);
    assert!(
        message.contains("no column `score`") && message.contains("rename the column `scores` to `score`"),
        "{message}"
    );

    let clinic = Clinic { medications: "complete", ..Clinic::clean() };
    fs::remove_file(clinic.path("prescriptions.csv")).expect("ours");
    let (code, message) = error(clinic.run(Mode::Write));
    assert_eq!(code, 7);
    assert!(message.contains("`prescriptions.csv`") && message.contains("complete"), "{message}");
}

#[test]
fn a_file_without_even_a_header_is_an_export_that_failed() {
    for nothing in ["", "\n\r\n", "\u{feff}"] {
        let clinic = Clinic::clean();
        clinic.write("infusions.csv", nothing);
        let (code, message) = error(clinic.run(Mode::Check));
        assert!(code == 7 && message.contains("infusions.csv") && message.contains("not even a header"), "{message}");
    }
}

#[test]
fn empty_tables_are_tables() {
    let clinic = Clinic::clean();
    for (table, text) in CLEAN {
        clinic.write(&format!("{table}.csv"), text.lines().next().expect("a header"));
    }
    let ingested = clinic.ingest();
    assert_eq!((ingested.patients, findings(&ingested)), (0, vec![]));
    assert!(
        TableId::ALL
            .iter()
            .all(|&table| rows(&ingested.snapshot.as_ref().expect("written").table_path(table)).is_empty())
    );
}

#[test]
fn dates_and_study_days_do_not_mix() {
    let clinic = Clinic::clean();
    clinic.write("infusions.csv", "patient_id,day\n");
    let (code, message) = error(clinic.run(Mode::Write));
    assert_eq!(code, 7);
    assert!(message.contains("infusions.csv` has study days"), "{message}");

    let dated = Clinic::clean();
    dated.ingest();
    let study_day = Clinic { folder: dated.folder, ..study_day_clinic() };
    for (table, text) in CLEAN {
        study_day.write(&format!("{table}.csv"), text.lines().next().expect("a header").replace("date", "day"));
    }
    let (code, message) = error(study_day.run(Mode::Write));
    assert_eq!(code, 8);
    assert!(message.contains("holds dated records"), "{message}");
}

#[test]
fn safe_harbor_takes_study_days_and_refuses_dates() {
    assert_eq!(findings(&study_day_clinic().ingest()), []);

    let clinic = Clinic { basis: "safe-harbor", ..Clinic::clean() };
    let (code, message) = error(clinic.run(Mode::Check));
    assert_eq!(code, 5);
    assert!(message.contains("a date in column `date` of `infusions.csv`"), "{message}");

    let clinic = study_day_clinic();
    clinic.write("patients.csv", "patient_id,index_period\nP1,2026\nP2,2026Q1\n");
    let (code, message) = error(clinic.run(Mode::Check));
    assert_eq!(code, 5);
    assert!(message.contains("period-finer-than-year") && !message.contains("2026Q1"), "{message}");
}

#[test]
fn what_identifies_a_person_stops_the_source() {
    for (file, content, rule, column) in [
        ("patients.csv", "patient_id,last_name\nP1,Smith\n", "column-name", "last_name"),
        ("patients.csv", "patient_id,DateOfBirth\nP1,1970\n", "column-birth", "dateofbirth"),
        ("patients.csv", "patient_id\n123-45-6789\n", "value-ssn", "patient_id"),
        ("diagnoses.csv", "patient_id,condition\nP1,ask jo@example.org\n", "value-email", "condition"),
        ("adverse_events.csv", "patient_id,date,term\nP1,2026-01-01,call (212) 555-0123\n", "value-phone", "term"),
        ("infusions.csv", "patient_id,date\n212-555-0123,2026-01-01\n", "value-phone", "patient_id"),
        ("infusions.csv", "patient_id,date,row_id\nP1,2026-01-01,www.example.org\n", "value-url", "row_id"),
    ] {
        let clinic = Clinic::clean();
        clinic.write(file, content);
        let (code, message) = error(clinic.run(Mode::Write));
        assert_eq!(code, 5, "{message}");
        let named = [file, rule, column, "north"].iter().all(|part| message.contains(part));
        assert!(
            named && !["Smith", "1970", "6789", "jo@", "0123", "www."].iter().any(|value| message.contains(value)),
            "{message}"
        );
        assert!(clinic.store().current().expect("readable").is_none());
    }
}

#[test]
fn too_many_bad_rows_leave_the_store_as_it_was() {
    let mut clinic = Clinic::clean();
    clinic.options = "max_reject_share = 0.05\n".to_owned();
    let before = clinic.ingest().snapshot.expect("written");
    clinic.append("assessments", "P1,2026-02-01,pain_nrs,average,99\n");
    let (code, message) = error(clinic.run(Mode::Write));
    assert_eq!(code, 6);
    assert!(message.contains("1 of 15 rows") && message.contains("rejected"), "{message}");
    let rejected =
        fs::read_to_string(clinic.folder.path().join("store/rejected/north.csv")).expect("kept for the staff");
    assert!(rejected.contains("score-out-of-range") && !rejected.contains("99"));
    let current = clinic.store().current().expect("readable").expect("there");
    assert_eq!((current.number, current.digest), (before.number, before.digest));
    assert_eq!(clinic.store().snapshots().expect("readable").0.len(), 1);
}

#[test]
fn the_same_input_makes_no_second_snapshot() {
    let clinic = Clinic::clean();
    let first = clinic.ingest();
    let second = clinic.ingest();
    assert!(!first.unchanged && second.unchanged);
    assert_eq!(second.snapshot.expect("the first").number, 1);
    clinic.append("infusions", "P1,2026-01-08,0.5,60,yes\n");
    let third = clinic.ingest().snapshot.expect("written");
    assert_eq!(third.number, 2);
    assert_eq!(clinic.store().current().expect("readable").expect("there").digest, third.digest);
    // The digest says what went in, whatever the store's secret.
    assert_eq!(Clinic::clean().ingest().snapshot.expect("written").digest, first.snapshot.expect("written").digest);
}

#[test]
fn a_check_writes_nothing() {
    let clinic = Clinic::clean();
    clinic.append("prescriptions", "P1,2026-01-01,30,oxycodone,10,mg,60,oral,pain,a\n");
    let checked = clinic.run(Mode::Check).expect("fine");
    assert!(checked.snapshot.is_none() && checked.quarantine.is_none());
    assert!(!clinic.folder.path().join("store").exists());
    let ingested = clinic.ingest();
    assert_eq!((checked.tables, checked.findings), (ingested.tables, ingested.findings));
}

#[test]
fn two_writers_exclude_each_other() {
    let clinic = Clinic::clean();
    let held = clinic.store().lock().expect("nobody else");
    let (code, message) = error(clinic.run(Mode::Write));
    assert_eq!(code, 8);
    assert!(message.contains("another process is writing"), "{message}");
    drop(held);
    clinic.ingest();
}

#[test]
fn what_a_killed_writer_left_is_cleaned_up() {
    let clinic = Clinic::clean();
    let first = clinic.ingest().snapshot.expect("written");
    let store = clinic.folder.path().join("store");
    fs::create_dir_all(store.join("snapshots/.draft/quarantine")).expect("ours");
    fs::write(store.join("snapshots/.draft/patients.parquet.tmp"), "half").expect("ours");
    fs::write(store.join(".part-x"), "half").expect("ours");
    assert_eq!(clinic.store().current().expect("readable").expect("there").number, 1);
    clinic.append("infusions", "P1,2026-01-08,0.5,60,yes\n");
    assert_eq!(clinic.ingest().snapshot.expect("written").number, 2);
    assert!(!store.join("snapshots/.draft").exists() && !store.join(".part-x").exists());

    // Killed between giving a snapshot its number and pointing at it.
    fs::write(store.join("current"), "000001\n").expect("ours");
    assert_eq!(clinic.store().current().expect("readable").expect("there").digest, first.digest);
    assert!(clinic.ingest().unchanged);
    assert_eq!(clinic.store().current().expect("readable").expect("there").number, 2);
}

#[test]
fn a_damaged_store_is_an_error() {
    let clinic = Clinic::clean();
    clinic.ingest();
    let store = clinic.folder.path().join("store");
    fs::write(store.join("current"), "one\n").expect("ours");
    assert!(matches!(clinic.store().current(), Err(StoreError::Damaged { .. })));
    fs::write(store.join("current"), "000009\n").expect("ours");
    assert!(matches!(clinic.store().current(), Err(StoreError::NoSnapshot { number: 9, .. })));
    fs::write(store.join("current"), "000001\n").expect("ours");
    fs::remove_file(store.join("secret")).expect("ours");
    clinic.append("infusions", "P1,2026-01-08,0.5,60,yes\n");
    assert_eq!(error(clinic.run(Mode::Write)).0, 8);
}

#[test]
fn pruning_keeps_the_newest_and_the_current() {
    let clinic = Clinic::clean();
    for day in 10..14 {
        clinic.append("infusions", &format!("P1,2026-01-{day},0.5,60,yes\n"));
        clinic.ingest();
    }
    let derived = |number| clinic.store().derived(number, "quarterly").expect("free").path().to_owned();
    let (old, new) = (derived(2), derived(3));
    let removed = clinic.store().lock().expect("free").prune(2).expect("ours");
    assert_eq!(removed, [1, 2]);
    assert!(!old.exists() && new.is_dir(), "what was derived goes with its snapshot");
    let left: Vec<u32> =
        clinic.store().snapshots().expect("readable").0.iter().map(|snapshot| snapshot.number).collect();
    assert_eq!(left, [3, 4]);
}

#[test]
fn a_key_is_the_same_patient_in_every_table() {
    let clinic = large_clinic(50);
    let snapshot = clinic.ingest().snapshot.expect("written");
    let patients = &rows(&snapshot.table_path(TableId::Patients))[0];
    let keys: BTreeSet<i64> = column::<Int64Array>(patients, "patient_key").values().iter().copied().collect();
    assert_eq!((keys.len(), column::<StringArray>(patients, "site").value(0)), (50, "north"));
    for table in [TableId::Diagnoses, TableId::Infusions, TableId::Assessments, TableId::Prescriptions] {
        let in_table = rows(&snapshot.table_path(table));
        let found: BTreeSet<i64> =
            in_table.iter().flat_map(|batch| column::<Int64Array>(batch, "patient_key").values().to_vec()).collect();
        assert_eq!(found, keys, "{}", table.name());
    }
}

/// Bytes that look enough like the table to get far, and bytes that do not.
fn table_bytes() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        ",",
        ",",
        ",",
        "\n",
        "\n",
        "\r\n",
        "\"",
        "\"\"",
        "P1",
        "P2",
        "2026-01-05",
        "pain_nrs",
        "7",
        "-1",
        "0.5",
        "oxycodone",
        "mg",
        "yes",
        " ",
        "é",
        "crps",
        "all",
    ]);
    let like = prop::collection::vec(words, 0..60).prop_map(|words| words.concat().into_bytes());
    let unlike = prop::collection::vec(any::<u8>(), 0..80);
    proptest::prop_oneof![4 => like, 1 => unlike]
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn whatever_the_bytes_rows_are_conserved_or_the_file_is_named(table in 0..INPUT_TABLES.len(), body in table_bytes(), with_header in any::<bool>()) {
        let clinic = Clinic::clean();
        let table = &INPUT_TABLES[table];
        let header = CLEAN.iter().find(|(name, _)| *name == table.name).map_or("patient_id,scope", |(_, text)| text.lines().next().expect("a header"));
        let start = if with_header { format!("{header}\n") } else { String::new() };
        clinic.write(&format!("{}.csv", table.name), [start.as_bytes(), &body].concat());
        match clinic.run(Mode::Check) {
            Ok(ingested) => assert!(ingested.tables.values().all(Counts::conserved)),
            Err(error) => assert!(error.to_string().contains(table.name) || error.exit_code() == 7, "{error}"),
        }
    }
}
